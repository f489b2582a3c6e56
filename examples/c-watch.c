// SPDX-License-Identifier: MIT
// c-watch: subscribes to events and prints them, one a line.
//   cc c-watch.c $(pkg-config --cflags --libs freewmi) -o c-watch && ./c-watch [NAMESPACE [QUERY [COUNT]]]
#include <freewmi/freewmi.h>
#include <stdio.h>
#include <stdlib.h>

static int complain(const freewmi_error *error)
{
        char text[1024];
        fprintf(stderr, "c-watch: %s\n", freewmi_error_text(error, text, sizeof(text)));
        return 1;
}

int main(int argc, char **argv)
{
        const char *ns = argc > 1 ? argv[1] : "root/wmi";
        const char *query = argc > 2 ? argv[2] : "SELECT * FROM WMIEvent";
        long left = argc > 3 ? atol(argv[3]) : 1;
        freewmi *wmi;
        freewmi_error error;
        const freewmi_event *event;

        if (freewmi_connect(NULL, "c-watch", &wmi, &error) < 0 ||
            freewmi_subscribe(wmi, ns, query, 0, NULL, &error) < 0)
                return complain(&error);
        for (; left; left--) {
                const char *name, *value;
                if (freewmi_next(wmi, -1, &event, &error) != FREEWMI_EVENT)
                        return complain(&error); // events were lost, the subscription ended, or the service
                printf("%s", freewmi_object_class(event->object));
                for (size_t i = 0; (name = freewmi_object_property(event->object, i)) != NULL; i++)
                        if (freewmi_get_text(event->object, name, &value) == FREEWMI_OK)
                                printf(" %s=%s", name, value);
                puts("");
        }
        freewmi_close(wmi);
        return 0;
}
