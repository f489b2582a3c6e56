// SPDX-License-Identifier: MIT
// The rig of the service's tests.
#include <sys/types.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/test-rig.h"

#include "base/filetime.h"
#include "cim/instance.h"

const char rig_mof[] =
        "[WMI, guid(\"{00000000-0000-0000-0000-0000000000a1}\")]\n"
        "class Alpha : WMIEvent {\n"
        "  [key, read] string InstanceName; [read] boolean Active;\n"
        "  [WmiDataId(1), read] uint32 Number; [WmiDataId(2), read] uint32 Group; [WmiDataId(3)] string "
        "Text;\n"
        "};\n"
        "[WMI, guid(\"{00000000-0000-0000-0000-0000000000b1}\")] class Beta : Alpha {};\n"
        "[WMI, guid(\"{00000000-0000-0000-0000-0000000000c1}\")]\n"
        "class Gamma : WMIEvent { [key] string InstanceName; boolean Active; [WmiDataId(1)] uint32 Number;\n"
        "  [WmiDataId(2)] uint32 Group; [WmiDataId(3)] string Text; };\n";

const Guid rig_alpha = {{[15] = 0xA1}}, rig_beta = {{[15] = 0xB1}}, rig_gamma = {{[15] = 0xC1}},
           rig_nobody = {{[15] = 0xF1}};

// --- the service ---------------------------------------------------------------------------------

static void rig_line(void *context, LogLevel level, const char *line)
{
        (void)level;
        buf_text(context, line);
        buf_text(context, "\n");
}

static int rig_pump(void *context)
{
        Rig *rig = context;
        int r = service_dispatch(rig->s);
        for (size_t i = 0; i < sizeof(rig->fakes) / sizeof(rig->fakes[0]); i++)
                if (rig->fakes[i])
                        fake_read(rig->fakes[i]);
        return r;
}

void rig_start(Rig *rig, const ServiceConfig *config)
{
        *rig = (Rig){.small_sockets = rig->small_sockets};
        ServiceConfig c = config ? *config : (ServiceConfig){0};
        c.log = (LogSink){rig_line, &rig->log};
        Diag d = {0};
        int r = service_new(&c, &rig->s, &d);
        if (r)
                print_error("service_new: %d %s line %u of %s\n", r, d.message, d.line, d.file);
        assert_int_equal(r, 0);
        Client *client = rig_client(rig);
        rig_import(rig, client, rig_mof);
        client_free(client);
        rig_quiet(rig);
}

void rig_stop(Rig *rig)
{
        service_free(rig->s);
        buf_deinit(&rig->log);
}

int rig_connect(Rig *rig, const Identity *who)
{
        int fd[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
        if (rig->small_sockets) // so that little is on its way in the kernel
                assert_int_equal(setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)), 0);
        assert_int_equal(who ? service_adopt_as(rig->s, fd[1], who) : service_adopt(rig->s, fd[1]), 0);
        assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
        return fd[0];
}

Client *rig_client(Rig *rig)
{
        Client *c = NULL;
        Diag d = {0};
        int r = client_adopt(rig_connect(rig, NULL), "test", rig_pump, rig, service_fd(rig->s), &c, &d);
        if (r)
                print_error("client_adopt: %d %s\n", r, d.message);
        assert_int_equal(r, 0);
        return c;
}

static void rig_wait(Rig *rig, int ms)
{
        struct pollfd p = {service_fd(rig->s), POLLIN, 0};
        poll(&p, 1, ms);
        assert_true(rig_pump(rig) >= 0);
}

void rig_until(Rig *rig, bool (*done)(void *), void *context)
{
        uint64_t until = monotonic_ms() + RIG_PATIENCE_MS;
        while (!done(context)) {
                assert_true(monotonic_ms() < until);
                rig_wait(rig, 20);
        }
}

void rig_quiet(Rig *rig)
{
        int n;
        do {
                n = rig_pump(rig);
                assert_true(n >= 0);
        } while (n);
}

bool rig_logged(Rig *rig, const char *text)
{
        const char *all = buf_z(&rig->log);
        return all && strstr(all, text);
}

ServiceStats rig_stats(Rig *rig)
{
        ServiceStats st;
        service_stats(rig->s, &st);
        return st;
}

static bool rig_has_settled(void *context)
{
        Rig *rig = context;
        return rig_stats(rig).events_in >= rig->accepted;
}

void rig_settled(Rig *rig)
{
        rig_until(rig, rig_has_settled, rig);
        assert_true(rig_stats(rig).events_in == rig->accepted);
}

// --- clients -------------------------------------------------------------------------------------

void rig_import(Rig *rig, Client *c, const char *mof)
{
        (void)rig;
        Diag errors[4];
        size_t n = 0;
        int r = client_import_mof(c, STR("test.mof"), STR("root\\wmi"), str_of(mof), RIG_PATIENCE_MS, NULL,
                                  NULL, errors, 4, &n);
        if (r)
                print_error("import: %d, %zu errors: %s:%u: %s\n", r, n, errors[0].file, errors[0].line,
                            errors[0].message);
        assert_int_equal(r, 0);
}

uint32_t rig_subscribe(Client *c, const char *query)
{
        uint32_t id = 0;
        Diag d = {0};
        int r = client_subscribe(c, STR("root\\wmi"), str_of(query), 0, RIG_PATIENCE_MS, &id, NULL, &d);
        if (r)
                print_error("subscribe: %d %s\n", r, d.message);
        assert_int_equal(r, 0);
        return id;
}

uint32_t rig_refused(Client *c, const char *namespace, const char *query)
{
        uint32_t id = 0;
        Diag d = {0};
        assert_int_equal(
                client_subscribe(c, str_of(namespace), str_of(query), 0, RIG_PATIENCE_MS, &id, NULL, &d),
                E_DIAG);
        assert_true(d.message[0] != 0);
        return d.code;
}

ClientItem rig_next(Client *c, ClientItemKind kind)
{
        ClientItem i;
        int r = client_next(c, RIG_PATIENCE_MS, &i);
        assert_int_equal(r, 0);
        if (i.kind != kind)
                print_error("item of kind %d, expected %d\n", (int)i.kind, (int)kind);
        assert_int_equal(i.kind, kind);
        return i;
}

void rig_none(Client *c)
{
        ClientItem i;
        int r = client_next(c, 0, &i);
        if (!r)
                print_error("an item of kind %d\n", (int)i.kind);
        assert_int_equal(r, -EAGAIN);
}

uint32_t rig_number(const ClientItem *i)
{
        CimInstance *instance;
        CimBlockError e;
        assert_int_equal(client_item_instance(i, &instance, &e), 0);
        const CimValue *v = cim_instance_get(instance, STR("Number"));
        assert_non_null(v);
        assert_false(v->null);
        uint32_t n = (uint32_t)v->uint;
        cim_instance_unref(instance);
        return n;
}

// --- a driver host -------------------------------------------------------------------------------

void fake_hello(Fake *f, const char *name)
{
        wire_put_HELLO(&f->out, 1,
                       &(Wire_HELLO){.version = WIRE_VERSION,
                                     .role = WIRE_ROLE_HOST,
                                     .program = STR("fake"),
                                     .name = str_of(name),
                                     .device = STR("ROOT\\FAKE\\0000"),
                                     .path = STR("/fake.so"),
                                     .pid = 4242});
        fake_flush(f);
}

static bool fake_is_greeted(void *context)
{
        Fake *f = context;
        fake_read(f);
        return f->wanted_frames > 0;
}

void fake_start(Fake *f, Rig *rig, const char *name)
{
        *f = (Fake){.rig = rig, .fd = rig_connect(rig, NULL)};
        size_t i = 0;
        while (rig->fakes[i])
                assert_true(++i < sizeof(rig->fakes) / sizeof(rig->fakes[0]));
        rig->fakes[i] = f;
        fake_hello(f, name);
        rig_until(rig, fake_is_greeted, f);
}

void fake_stop(Fake *f)
{
        for (size_t i = 0; i < sizeof(f->rig->fakes) / sizeof(f->rig->fakes[0]); i++)
                if (f->rig->fakes[i] == f)
                        f->rig->fakes[i] = NULL;
        if (f->fd >= 0)
                close(f->fd);
        f->fd = -1;
        buf_deinit(&f->in);
        buf_deinit(&f->out);
}

static void fake_frame(Fake *f, const WireFrame *frame)
{
        Wire_WANTED w;
        Wire_HELLO_Reply hello;
        if (frame->operation == WIRE_HELLO && wire_get_HELLO_reply(frame->payload, frame->size, &hello))
                f->id = hello.id;
        if (frame->operation == WIRE_UNLOAD)
                f->unloads++;
        if (frame->operation != WIRE_WANTED)
                return;
        assert_true(wire_get_WANTED(frame->payload, frame->size, &w));
        assert_true(w.guids.n % 16 == 0 && w.guids.n <= sizeof(f->wanted));
        assert_true(w.generation > f->generation || !f->wanted_frames);
        f->generation = w.generation;
        f->wanted_count = w.guids.n / 16;
        if (w.guids.n)
                memcpy(f->wanted, w.guids.p, w.guids.n);
        f->wanted_frames++;
        if (!f->mute)
                wire_put_WANTED_DONE(&f->out, 0, &(Wire_WANTED_DONE){.generation = w.generation});
}

bool fake_read(Fake *f)
{
        bool any = false;
        while (f->fd >= 0 && !f->closed) {
                WireFrame frame;
                ssize_t n = f->in.n ? wire_frame(f->in.p, f->in.n, LIMIT_FRAME_BYTES, &frame) : 0;
                assert_true(n >= 0);
                if (n > 0) {
                        fake_frame(f, &frame);
                        memmove(f->in.p, f->in.p + n, f->in.n - (size_t)n);
                        f->in.n -= (size_t)n;
                        any = true;
                        continue;
                }
                uint8_t *p = buf_reserve(&f->in, 4096);
                assert_non_null(p);
                ssize_t got = recv(f->fd, p, 4096, MSG_DONTWAIT);
                if (got > 0) {
                        f->in.n += (size_t)got;
                        continue;
                }
                f->closed |= got == 0 || (got < 0 && errno != EAGAIN);
                break;
        }
        if (f->out.n && !f->closed)
                fake_flush(f);
        return any;
}

void fake_flush(Fake *f)
{
        size_t sent = 0;
        uint64_t until = monotonic_ms() + RIG_PATIENCE_MS;
        while (sent < f->out.n) {
                ssize_t n = send(f->fd, f->out.p + sent, f->out.n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n > 0) {
                        sent += (size_t)n;
                        continue;
                }
                if (errno != EAGAIN) {
                        f->closed = true;
                        break;
                }
                assert_true(monotonic_ms() < until);
                struct pollfd p = {service_fd(f->rig->s), POLLIN, 0};
                poll(&p, 1, 20);
                assert_true(service_dispatch(f->rig->s) >= 0);
        }
        f->out.n = 0;
}

void fake_register(Fake *f, uint64_t registration, const Guid *guids, uint32_t n)
{
        Buf list = {0};
        for (uint32_t i = 0; i < n; i++) {
                buf_guid(&list, &guids[i]);
                buf_u32(&list, 0);
                buf_u32(&list, 1);
        }
        wire_put_REGISTER(&f->out, 0,
                          &(Wire_REGISTER){.registration = registration,
                                           .provider_id = 1,
                                           .count = n,
                                           .guids = {(char *)list.p, list.n}});
        buf_deinit(&list);
        fake_flush(f);
}

void fake_state(Fake *f, uint32_t state, const char *text)
{
        wire_put_HOST_STATE(&f->out, 0, &(Wire_HOST_STATE){.state = state, .text = str_of(text)});
        fake_flush(f);
}

static void put32(uint8_t *p, size_t at, uint32_t v)
{
        memcpy(p + at, &v, 4);
}

size_t rig_wnode(const Guid *guid, uint32_t number, uint32_t group, const char *text, uint8_t out[256])
{
        memset(out, 0, 256);
        size_t chars = strlen(text), n = 64 + 4 + 4 + 2 + 2 * chars;
        assert_true(n <= 256);
        put32(out, 0, (uint32_t)n);
        put32(out, 4, 1);
        memcpy(out + 24, guid, 16);
        put32(out, 44, 0x2 | 0x8 | 0x200); // single instance, event, static names
        put32(out, 56, 64);
        put32(out, 60, (uint32_t)(n - 64));
        put32(out, 64, number);
        put32(out, 68, group);
        const uint16_t bytes = (uint16_t)(2 * chars);
        memcpy(out + 72, &bytes, 2);
        for (size_t i = 0; i < chars; i++)
                out[74 + 2 * i] = (uint8_t)text[i];
        return n;
}

void fake_fire_raw(Fake *f, const Guid *guid, const void *wnode, size_t n)
{
        Buf b = {0};
        wire_envelope_write(&(CimEnvelope){.sequence = ++f->sequence,
                                           .host = f->id,
                                           .time = FILETIME_UNIX + f->sequence,
                                           .guid = *guid,
                                           .instance = {u"FAKE_0", 6},
                                           .kind = CIM_PAYLOAD_WNODE,
                                           .payload = wnode,
                                           .payload_size = n},
                            &b);
        wire_put_FIRE(&f->out, 0, &(Wire_FIRE){.envelope = {(char *)b.p, b.n}});
        buf_deinit(&b);
        fake_flush(f);
        f->rig->accepted++;
}

void fake_fire(Fake *f, const Guid *guid, uint32_t number, uint32_t group)
{
        uint8_t wnode[256];
        fake_fire_raw(f, guid, wnode, rig_wnode(guid, number, group, "text", wnode));
}

bool fake_wants(const Fake *f, const Guid *guid)
{
        for (size_t i = 0; i < f->wanted_count; i++)
                if (guid_eq(&f->wanted[i], guid))
                        return true;
        return false;
}

typedef struct UntilWanted {
        Fake *f;
        const Guid *guid;
        bool wanted;
} UntilWanted;

static bool fake_has_table(void *context)
{
        UntilWanted *u = context;
        fake_read(u->f);
        return fake_wants(u->f, u->guid) == u->wanted;
}

void fake_until_wanted(Fake *f, const Guid *guid, bool wanted)
{
        UntilWanted u = {f, guid, wanted};
        rig_until(f->rig, fake_has_table, &u);
}
