// SPDX-License-Identifier: MIT
// Every frame passes here: is it one of the table's, may this peer send it now, has it the right? Then HELLO,
// which makes a connection a session or a driver host.
#include <sys/types.h>

#include "service/internal.h"

size_t operation_limit(const Connection *c, const uint8_t *p, size_t n)
{
        if (!c->greeted)
                return LIMIT_HELLO_BYTES;
        if (c->host)
                return LIMIT_HOST_FRAME_BYTES;
        uint16_t operation = 0;
        if (n >= 6)
                memcpy(&operation, p + 4, sizeof(operation));
        return n < 6 ? LIMIT_FRAME_BYTES : wire_request_limit(operation);
}

static void hello_refuse(Connection *c, const WireFrame *f, uint32_t status, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static void hello_refuse(Connection *c, const WireFrame *f, uint32_t status, const char *format, ...)
{
        Diag d = {0};
        char label[192];
        va_list args;
        va_start(args, format);
        diag_setv(&d, status, format, args);
        va_end(args);
        log_line(&c->service->config.log, LOG_WARNING, "%s refused: %s", connection_label(c, label),
                 d.message);
        connection_error(c, asked(f), status, &d);
        c->closing = true;
}

static void hello_host(Connection *c, const WireFrame *f, const Wire_HELLO *m)
{
        char name[256];
        text_clean(m->name, name, sizeof(name));
        if (!m->name.n || m->name.n > LIMIT_NAME_CHARS || !str_eq(m->name, str_of(name))) {
                hello_refuse(c, f, CIM_E_INVALID_PARAMETER, "\"%s\" cannot be the name of a driver", name);
                return;
        }
        const Host *other = host_find(c->service, m->name);
        if (other) {
                hello_refuse(c, f, CIM_E_ALREADY_EXISTS,
                             "a driver called %s is hosted already, by process %u", name, other->pid);
                return;
        }
        if (host_new(c, m) < 0) {
                connection_end(c, "needs more memory than there is");
                return;
        }
        c->greeted = true;
        connection_reply(c, f->request, HELLO, .version = WIRE_VERSION, .id = c->id,
                         .server = STR("FreeWMI"));
        host_send_wanted(c->host);
        char device[128];
        log_line(&c->service->config.log, LOG_NOTICE, "driver host %s (process %u) for %s is here", name,
                 c->host->pid, text_clean(m->device, device, sizeof(device)));
        drivers_changed(c->service, c->host, false);
}

static void hello(Connection *c, const WireFrame *f)
{
        Wire_HELLO m;
        if (c->greeted || !wire_get_HELLO(f->payload, f->size, &m)) {
                connection_protocol(c, f, c->greeted ? "a second HELLO" : "a malformed frame");
                return;
        }
        if (m.version != WIRE_VERSION) {
                hello_refuse(c, f, CIM_E_NOT_SUPPORTED,
                             "the peer speaks version %u of the protocol, this service version %u", m.version,
                             WIRE_VERSION);
                return;
        }
        if (m.role != WIRE_ROLE_CLIENT && m.role != WIRE_ROLE_HOST) {
                hello_refuse(c, f, CIM_E_INVALID_PARAMETER, "%u is not a role", m.role);
                return;
        }
        if (!access_may(c->service, &c->identity, m.role == WIRE_ROLE_HOST ? RIGHT_HOST : RIGHT_ENABLE)) {
                hello_refuse(c, f, CIM_E_ACCESS_DENIED, "user %ld may not use the service of user %ld",
                             c->identity.known ? (long)c->identity.uid : -1L, (long)c->service->uid);
                return;
        }
        timer_clear(&c->deadline);
        if (m.role == WIRE_ROLE_HOST) {
                hello_host(c, f, &m);
                return;
        }
        if (session_new(c, &m) < 0) {
                connection_end(c, "needs more memory than there is");
                return;
        }
        c->greeted = true;
        connection_reply(c, f->request, HELLO, .version = WIRE_VERSION, .id = c->id,
                         .server = STR("FreeWMI"));
}

// A message without a reply has no way to say no but the end.
static void operation_deny(Connection *c, const WireFrame *f)
{
        const WireInfo *info = wire_info(f->operation);
        if (info->has_reply)
                connection_fail(c, asked(f), CIM_E_ACCESS_DENIED, "%s needs the right %s", info->name,
                                info->right);
        else
                connection_protocol(c, f, "what it has no right to send");
}

void operation_handle(Connection *c, const WireFrame *f)
{
        Right right;
        From from = access_from(f->operation, &right);
        bool may_come =
                from == FROM_ANY || (from == FROM_CLIENT && c->session) || (from == FROM_HOST && c->host);
        if (f->flags || !may_come) {
                connection_protocol(c, f,
                                    !c->greeted ? "something else than HELLO first" : "what it never sends");
                return;
        }
        if (f->operation == WIRE_HELLO)
                hello(c, f);
        else if (!access_may(c->service, &c->identity, right))
                operation_deny(c, f);
        else if (c->session)
                session_handle(c->session, f);
        else
                host_handle(c->host, f);
}
