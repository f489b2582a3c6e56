// SPDX-License-Identifier: MIT
// The service that runs, or one of this program's own.
#include "service-here.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <freewmi/service.h>

#include "say.h"

static void here_log(void *context, int level, const char *line)
{
        (void)context;
        if (level <= FREEWMI_LOG_WARNING)
                say("%s", line);
}

static int here_pump(void *context)
{
        return freewmi_service_dispatch(context) < 0 ? -EIO : 0;
}

static int here_refused(const freewmi_error *error)
{
        char text[1024];
        say("%s", freewmi_error_text(error, text, sizeof(text)));
        return WMI_FAILED;
}

int service_here_open(const Options *o, const char *program, ServiceHere *ret)
{
        *ret = (ServiceHere){0};
        if (!o->repository)
                return request_connect(o, program, &ret->client);
        const freewmi_service_config config = {.repository = o->repository, .log = here_log};
        freewmi_error error;
        int pair[2];
        if (freewmi_service_new(&config, &ret->service, &error) < 0)
                return here_refused(&error);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
                return request_failed(-errno, NULL);
        if (freewmi_service_adopt(ret->service, pair[0], &error) < 0) {
                close(pair[1]);
                return here_refused(&error);
        }
        Diag d = {0};
        int r = client_adopt(pair[1], program, here_pump, ret->service, freewmi_service_fd(ret->service),
                             &ret->client, &d);
        return r ? request_failed(r, &d) : 0;
}

void service_here_close(ServiceHere *s)
{
        client_free(s->client);
        freewmi_service_free(s->service);
        *s = (ServiceHere){0};
}
