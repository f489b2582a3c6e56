// SPDX-License-Identifier: MIT
// The service inside a program, behind freewmi/service.h.
#include <freewmi/service.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "service/service.h"

// What the service and its clients in this thread share: either may go first.
typedef struct Embed {
        freewmi_service *service; // NULL: it has gone
        unsigned refs;
} Embed;

struct freewmi_service {
        Service *service;
        Embed *embed;
        void (*log)(void *context, int level, const char *line);
        void *log_context;
};

static void embed_log(void *context, LogLevel level, const char *line)
{
        const freewmi_service *s = context;
        s->log(s->log_context, (int)level, line);
}

// What starting returned.
static int embed_result(int r, const Diag *d, freewmi_error *e)
{
        return r == 0 ? FREEWMI_OK : r == E_DIAG ? api_diag(d, e) : api_errno(r, e);
}

int freewmi_service_new(const freewmi_service_config *config, freewmi_service **ret, freewmi_error *error)
{
        static const freewmi_service_config none;
        if (!ret)
                return api_argument(error, "freewmi_service_new: ret is NULL");
        if (!config)
                config = &none;
        freewmi_service *s = calloc(1, sizeof(*s));
        if (!s)
                return api_errno(-ENOMEM, error);
        s->embed = calloc(1, sizeof(*s->embed));
        if (!s->embed) {
                free(s);
                return api_errno(-ENOMEM, error);
        }
        *s->embed = (Embed){s, 1};
        s->log = config->log;
        s->log_context = config->log_context;
        ServiceConfig c = {.log = {config->log ? embed_log : NULL, s},
                           .queue = config->queue,
                           .session_bytes = config->session_bytes,
                           .irp_timeout_ms = config->driver_timeout_ms,
                           .unload_timeout_ms = config->unload_timeout_ms,
                           .repository = config->repository,
                           .storage_thread = config->storage_thread};
        Diag d = {0};
        int r = service_new(&c, &s->service, &d);
        if (!r && config->socket)
                r = service_listen(s->service, config->socket, &d);
        if (r) {
                freewmi_service_free(s);
                return embed_result(r, &d, error);
        }
        *ret = s;
        return FREEWMI_OK;
}

static void embed_done(void *context)
{
        Embed *m = context;
        if (--m->refs == 0)
                free(m);
}

void freewmi_service_free(freewmi_service *service)
{
        if (!service)
                return;
        service->embed->service = NULL;
        embed_done(service->embed);
        service_free(service->service);
        free(service);
}

int freewmi_service_fd(const freewmi_service *service)
{
        return service ? service_fd(service->service) : -1;
}

int freewmi_service_dispatch(freewmi_service *service)
{
        if (!service)
                return FREEWMI_BAD_ARGUMENT;
        int n = service_dispatch(service->service);
        return n < 0 ? FREEWMI_SYSTEM : n;
}

int freewmi_service_adopt(freewmi_service *service, int take_fd, freewmi_error *error)
{
        if (!service) {
                if (take_fd >= 0)
                        close(take_fd);
                return api_argument(error, "freewmi_service_adopt: the service is NULL");
        }
        int r = service_adopt(service->service, take_fd);
        return r < 0 ? api_errno(r, error) : FREEWMI_OK;
}

static int embed_run(void *context)
{
        const Embed *m = context;
        return m->service ? freewmi_service_dispatch(m->service) : 0;
}

int freewmi_service_connect(freewmi_service *service, const char *program, freewmi **ret, freewmi_error *error)
{
        int fd[2];
        if (!service || !ret)
                return api_argument(error, "freewmi_service_connect: the service or ret is NULL");
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
                return api_errno(-errno, error);
        int r = freewmi_service_adopt(service, fd[0], error);
        if (r) {
                close(fd[1]);
                return r;
        }
        const freewmi_pump pump = {embed_run, embed_done, service->embed, freewmi_service_fd(service)};
        service->embed->refs++;
        return freewmi_connect_fd(fd[1], program, &pump, ret, error);
}

void freewmi_service_get_figures(const freewmi_service *service, freewmi_service_figures *ret)
{
        ServiceStats s;
        if (!ret)
                return;
        *ret = (freewmi_service_figures){0};
        if (!service)
                return;
        service_stats(service->service, &s);
        ret->events = s.events_in;
        ret->malformed = s.events_malformed;
        ret->unmatched = s.events_unmatched;
        ret->deliveries = s.deliveries;
        ret->lost = s.dropped;
        ret->lost_at_source = s.source_dropped;
        ret->clients = s.sessions;
        ret->drivers = s.hosts;
        ret->subscriptions = s.subscriptions;
}

typedef struct Unheard {
        void (*tell)(void *context, const char *class_name, const char *guid);
        void *context;
} Unheard;

static void embed_unheard(void *context, const CimClass *c)
{
        const Unheard *u = context;
        char guid[GUID_TEXT] = "";
        if (c->has_guid)
                guid_text(&c->guid, guid);
        u->tell(u->context, c->name.p, guid);
}

bool freewmi_service_unheard(const freewmi_service *service,
                             void (*tell)(void *context, const char *class_name, const char *guid), void *context)
{
        Unheard u = {tell, context};
        return service && tell && service_unheard(service->service, embed_unheard, &u);
}
