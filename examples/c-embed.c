// SPDX-License-Identifier: MIT
// c-embed: the service, a publisher and a subscriber in one thread of one program; no file, no socket.
//
//   cc c-embed.c $(pkg-config --cflags --libs freewmi-service) -o c-embed && ./c-embed
#include <freewmi/freewmi.h>
#include <freewmi/service.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

static const char mof[] = "class Example_Tick : __ExtrinsicEvent { uint32 Number; };";

static int complain(const freewmi_error *error)
{
        char text[1024];
        fprintf(stderr, "c-embed: %s\n", freewmi_error_text(error, text, sizeof(text)));
        return 1;
}

static void log_line(void *context, int level, const char *line)
{
        (void)context;
        fprintf(stderr, "service[%d]: %s\n", level, line);
}

// The program's own loop: it polls two descriptors and gives each its turn.
static int turn(freewmi_service *service, freewmi *wmi, unsigned *seen, freewmi_error *error)
{
        struct pollfd fds[2] = {{freewmi_service_fd(service), POLLIN, 0}, {freewmi_fd(wmi), POLLIN, 0}};
        const freewmi_event *event;
        int r;
        if (poll(fds, 2, 1000) < 0 || freewmi_service_dispatch(service) < 0)
                return -1;
        while ((r = freewmi_next(wmi, 0, &event, error)) == FREEWMI_EVENT) {
                uint64_t number;
                if (freewmi_get_uint64(event->object, "Number", &number) == FREEWMI_OK)
                        printf("tick %" PRIu64 "\n", number);
                ++*seen;
        }
        return r;
}

int main(void)
{
        const freewmi_service_config config = {.log = log_line};
        freewmi_service *service;
        freewmi *publisher, *subscriber;
        freewmi_object *tick;
        freewmi_error error;
        unsigned seen = 0;

        if (freewmi_service_new(&config, &service, &error) < 0 ||
            freewmi_service_connect(service, "publisher", &publisher, &error) < 0 ||
            freewmi_service_connect(service, "subscriber", &subscriber, &error) < 0 ||
            freewmi_compile_mof(publisher, "root/default", "tick.mof", mof, strlen(mof), &error) < 0 ||
            freewmi_subscribe(subscriber, "root/default", "SELECT * FROM Example_Tick WHERE Number < 3", 0, NULL,
                              &error) < 0 ||
            freewmi_new(publisher, "root/default", "Example_Tick", &tick, &error) < 0)
                return complain(&error);
        for (int64_t n = 0; n < 5; n++) {
                if (freewmi_set_int64(tick, "Number", n))
                        return 1;
                if (freewmi_publish(publisher, NULL, tick, &error) < 0)
                        return complain(&error);
        }
        while (seen < 3)
                if (turn(service, subscriber, &seen, &error) != FREEWMI_NOTHING)
                        return complain(&error);
        freewmi_object_unref(tick);
        freewmi_close(subscriber);
        freewmi_close(publisher);
        freewmi_service_free(service);
        return 0;
}
