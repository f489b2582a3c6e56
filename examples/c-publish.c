// SPDX-License-Identifier: MIT
// c-publish: an event class of an application's own, and events of it.
//
//   cc c-publish.c $(pkg-config --cflags --libs freewmi) -o c-publish && ./c-publish 3
//
// Watch them from elsewhere: wmi watch --namespace root/default 'SELECT * FROM Example_Backup'
#include <freewmi/freewmi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char mof[] = "class Example_Backup : __ExtrinsicEvent\n"
                          "{\n"
                          "        string Volume;\n"
                          "        uint64 Bytes;\n"
                          "        uint32 Failed;\n"
                          "        datetime Finished;\n"
                          "        string Skipped[];\n"
                          "};\n";

static int complain(const freewmi_error *error)
{
        char text[1024];
        fprintf(stderr, "c-publish: %s\n", freewmi_error_text(error, text, sizeof(text)));
        return 1;
}

// Setters fail only for names and types that the class does not have, and out of memory.
static int fill(freewmi_object *event, unsigned n)
{
        static const char *const skipped[] = {"/var/tmp", "/var/cache"};
        return freewmi_set_string(event, "Volume", "/home") ||
               freewmi_set_uint64(event, "Bytes", UINT64_C(1) << (30 + n % 8)) ||
               freewmi_set_int64(event, "Failed", n) ||
               freewmi_set_time(event, "Finished", (int64_t)time(NULL) * 1000000000) ||
               freewmi_set_strings(event, "Skipped", skipped, 2);
}

int main(int argc, char **argv)
{
        unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
        freewmi *wmi;
        freewmi_object *event;
        freewmi_error error;

        if (freewmi_connect(NULL, "c-publish", &wmi, &error) < 0 ||
            freewmi_compile_mof(wmi, "root/default", "c-publish.mof", mof, strlen(mof), &error) < 0 ||
            freewmi_new(wmi, "root/default", "Example_Backup", &event, &error) < 0)
                return complain(&error);
        for (unsigned n = 0; n < count; n++) {
                int queued;
                if (fill(event, n))
                        return 1;
                queued = freewmi_publish(wmi, NULL, event, &error); // NULL: where its class lives
                if (queued < 0)
                        return complain(&error);
                printf("event %u: queued for %d subscriptions\n", n, queued);
        }
        freewmi_object_unref(event);
        freewmi_close(wmi);
        return 0;
}
