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
        ClientImport import = {
                .file = STR("test.mof"), .namespace = STR("root\\wmi"), .text = str_of(mof)};
        int r = client_import_mof(c, &import, RIG_PATIENCE_MS, NULL, errors, 4, &n);
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

// --- objects -------------------------------------------------------------------------------------

const char rig_things[] = "class Thing { [key] string Name; uint32 Size; string Note; };\n"
                          "class SubThing : Thing { uint32 Extra = 7; };\n"
                          "class Holder { [key] string Name; Thing Inside; };\n"
                          "class AppEvent : __ExtrinsicEvent { uint32 Number; string Text; Thing What; };\n"
                          "class SubAppEvent : AppEvent { };\n"
                          "[abstract] class NoEvent : __ExtrinsicEvent { };\n"
                          "[dynamic, provider(\"nobody\")] class Provided { [key] string Name;\n"
                          "  [implemented] uint32 Turn([in] uint32 Angle); };\n";

CimInstance *rig_new(Rig *rig, const char *class_name)
{
        const CimClass *c = cim_schema_find(service_schema(rig->s), RIG_NS, str_of(class_name));
        CimInstance *i;
        assert_non_null(c);
        assert_int_equal(cim_instance_new(c, &i), 0);
        assert_int_equal(cim_instance_place(i, RIG_NS), 0);
        return i;
}

static CimValue *rig_slot(CimInstance *i, const char *property)
{
        int at = cim_class_property(i->class, str_of(property));
        assert_true(at >= 0);
        return &i->values[at];
}

void rig_set_text(CimInstance *i, const char *property, const char *text)
{
        size_t n = strlen(text);
        char16_t *p = arena_array(i->owner, char16_t, n + 1);
        assert_non_null(p);
        for (size_t k = 0; k < n; k++)
                p[k] = (unsigned char)text[k];
        *rig_slot(i, property) = (CimValue){.type = CIM_STRING, .string = {p, n}};
}

void rig_set_number(CimInstance *i, const char *property, uint32_t v)
{
        CimValue *to = rig_slot(i, property);
        *to = (CimValue){.type = to->type, .uint = v};
}

void rig_set_object(CimInstance *i, const char *property, const CimInstance *take)
{
        CimValue v = {.type = CIM_OBJECT, .object = take};
        assert_int_equal(cim_value_copy(i->owner, &v, rig_slot(i, property)), 0);
        cim_instance_unref((CimInstance *)(uintptr_t)take);
}

CimInstance *rig_thing(Rig *rig, const char *class_name, const char *name, uint32_t size)
{
        CimInstance *i = rig_new(rig, class_name);
        rig_set_text(i, "Name", name);
        rig_set_number(i, "Size", size);
        return i;
}

const CimValue *rig_value(const CimInstance *i, const char *property)
{
        const CimValue *v = cim_instance_get(i, str_of(property));
        assert_non_null(v);
        return v;
}

const char *rig_text(const CimInstance *i, const char *property)
{
        static char out[256];
        const CimValue *v = rig_value(i, property);
        size_t n = v->null ? 0 : v->string.n;
        assert_true(n < sizeof(out));
        for (size_t k = 0; k < n; k++)
                out[k] = (char)v->string.p[k];
        out[n] = '\0';
        return out;
}

bool rig_is(const CimInstance *i, const char *class_name)
{
        return str_ieq(i->class->name, str_of(class_name));
}

Buf rig_set(CimInstance *const *objects, size_t n)
{
        Buf b = {0};
        CimSetWriter *w = cim_set_writer_new(false);
        assert_non_null(w);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(cim_set_add(w, objects[i]), 0);
        cim_set_finish(w, &b);
        assert_false(b.failed);
        cim_set_writer_free(w);
        return b;
}

// The status of a call; *ret is the reply when it is 0.
static uint32_t rig_status(int r, const Diag *d)
{
        assert_true(r == 0 || r == E_DIAG);
        assert_true(!r || (cim_failed(d->code) && d->message[0]));
        return r ? d->code : 0;
}

uint32_t rig_put(Client *c, const CimInstance *i, uint32_t flags)
{
        Diag d = {0};
        ClientItem reply;
        Buf set = rig_set((CimInstance *const[]){(CimInstance *)(uintptr_t)i}, 1);
        Wire_PUT_INSTANCE m = {.namespace = RIG_NS, .flags = flags, .objects = {(char *)set.p, set.n}};
        uint32_t status = rig_status(client_call(c, PUT_INSTANCE, &m, RIG_PATIENCE_MS, &reply, &d), &d);
        if (!status)
                client_item_deinit(&reply);
        buf_deinit(&set);
        return status;
}

uint32_t rig_put_thing(Rig *rig, Client *c, const char *class_name, const char *name, uint32_t size)
{
        CimInstance *i = rig_thing(rig, class_name, name, size);
        uint32_t status = rig_put(c, i, 0);
        cim_instance_unref(i);
        return status;
}

uint32_t rig_put_class(Client *c, const CimInstance *i, uint32_t flags)
{
        Diag d = {0};
        ClientItem reply;
        Buf set = rig_set((CimInstance *const[]){(CimInstance *)(uintptr_t)i}, 1);
        Wire_PUT_CLASS m = {.namespace = RIG_NS, .flags = flags, .objects = {(char *)set.p, set.n}};
        uint32_t status = rig_status(client_call(c, PUT_CLASS, &m, RIG_PATIENCE_MS, &reply, &d), &d);
        if (!status)
                client_item_deinit(&reply);
        buf_deinit(&set);
        return status;
}

static void rig_take(Str objects, CimSet *ret)
{
        Diag d = {0};
        int r = cim_set_read((const uint8_t *)objects.p, objects.n, NULL, NULL, ret, NULL, &d);
        if (r)
                print_error("cim_set_read: %d %s\n", r, d.message);
        assert_int_equal(r, 0);
}

uint32_t rig_get(Client *c, const char *path, CimInstance **ret)
{
        Diag d = {0};
        ClientItem reply;
        Wire_GET_OBJECT m = {.namespace = RIG_NS, .path = str_of(path)};
        uint32_t status = rig_status(client_call(c, GET_OBJECT, &m, RIG_PATIENCE_MS, &reply, &d), &d);
        if (status)
                return status;
        Wire_GET_OBJECT_Reply r;
        CimSet set;
        assert_true(wire_get_GET_OBJECT_reply(reply.frame.payload, reply.frame.size, &r));
        rig_take(r.objects, &set);
        assert_int_equal(set.count, 1);
        if (ret)
                *ret = cim_instance_ref(set.objects[0]);
        cim_set_deinit(&set);
        client_item_deinit(&reply);
        return 0;
}

uint32_t rig_delete(Client *c, const char *path)
{
        Diag d = {0};
        ClientItem reply;
        Wire_DELETE_INSTANCE m = {.namespace = RIG_NS, .path = str_of(path)};
        uint32_t status = rig_status(client_call(c, DELETE_INSTANCE, &m, RIG_PATIENCE_MS, &reply, &d), &d);
        if (!status)
                client_item_deinit(&reply);
        return status;
}

uint32_t rig_delete_class(Client *c, const char *name)
{
        Diag d = {0};
        ClientItem reply;
        Wire_DELETE_CLASS m = {.namespace = RIG_NS, .name = str_of(name)};
        uint32_t status = rig_status(client_call(c, DELETE_CLASS, &m, RIG_PATIENCE_MS, &reply, &d), &d);
        if (!status)
                client_item_deinit(&reply);
        return status;
}

// One batch of whatever it is.
static void rig_batch(Str objects, RigObjects *ret)
{
        CimSet set;
        rig_take(objects, &set);
        for (size_t i = 0; i < set.count; i++) {
                assert_true(ret->n < sizeof(ret->p) / sizeof(ret->p[0]));
                ret->p[ret->n++] = cim_instance_ref(set.objects[i]);
        }
        ret->batches++;
        cim_set_deinit(&set);
}

static uint32_t rig_rest(Client *c, uint32_t id, uint32_t most, RigObjects *ret)
{
        for (bool more = id != 0; more;) {
                Diag d = {0};
                ClientItem reply;
                Wire_NEXT_Reply r;
                uint32_t status =
                        rig_status(client_call(c, NEXT, (&(Wire_NEXT){.enumeration = id, .most = most}),
                                               RIG_PATIENCE_MS, &reply, &d),
                                   &d);
                if (status)
                        return status;
                assert_true(wire_get_NEXT_reply(reply.frame.payload, reply.frame.size, &r));
                size_t before = ret->n;
                rig_batch(r.objects, ret);
                assert_true(!most || ret->n - before <= most);
                more = r.more != 0;
                client_item_deinit(&reply);
        }
        return 0;
}

#define RIG_ENUMERATE(X, m)                                                                                  \
        ClientItem reply;                                                                                    \
        Diag d = {0};                                                                                        \
        Wire_##X##_Reply r;                                                                                  \
        *ret = (RigObjects){0};                                                                              \
        uint32_t status = rig_status(client_call(c, X, m, RIG_PATIENCE_MS, &reply, &d), &d);                 \
        if (status)                                                                                          \
                return status;                                                                               \
        assert_true(wire_get_##X##_reply(reply.frame.payload, reply.frame.size, &r));                        \
        rig_batch(r.objects, ret);                                                                           \
        client_item_deinit(&reply);                                                                          \
        return rig_rest(c, r.enumeration, most, ret)

uint32_t rig_query(Client *c, const char *text, uint32_t flags, uint32_t most, RigObjects *ret)
{
        Wire_EXEC_QUERY m = {.namespace = RIG_NS,
                             .language = STR("WQL"),
                             .query = str_of(text),
                             .flags = flags,
                             .most = most};
        RIG_ENUMERATE(EXEC_QUERY, &m);
}

uint32_t rig_instances(Client *c, const char *name, uint32_t flags, uint32_t most, RigObjects *ret)
{
        Wire_CREATE_INSTANCE_ENUM m = {
                .namespace = RIG_NS, .name = str_of(name), .flags = flags, .most = most};
        RIG_ENUMERATE(CREATE_INSTANCE_ENUM, &m);
}

uint32_t rig_classes(Client *c, const char *below, uint32_t flags, uint32_t most, RigObjects *ret)
{
        Wire_CREATE_CLASS_ENUM m = {
                .namespace = RIG_NS, .superclass = str_of(below), .flags = flags, .most = most};
        RIG_ENUMERATE(CREATE_CLASS_ENUM, &m);
}

void rig_free(RigObjects *o)
{
        while (o->n)
                cim_instance_unref(o->p[--o->n]);
}

uint32_t rig_sink(Client *c)
{
        ClientItem reply;
        Diag d = {0};
        Wire_QUERY_OBJECT_SINK_Reply r;
        Wire_QUERY_OBJECT_SINK m = {.namespace = RIG_NS};
        assert_int_equal(rig_status(client_call(c, QUERY_OBJECT_SINK, &m, RIG_PATIENCE_MS, &reply, &d), &d),
                         0);
        assert_true(wire_get_QUERY_OBJECT_SINK_reply(reply.frame.payload, reply.frame.size, &r));
        client_item_deinit(&reply);
        return r.sink;
}

uint32_t rig_indicate(Client *c, uint32_t sink, CimInstance *const *events, size_t n, uint32_t *ret_matched)
{
        ClientItem reply;
        Diag d = {0};
        Wire_INDICATE_Reply r;
        Buf set = rig_set(events, n);
        Wire_INDICATE m = {.sink = sink, .objects = {(char *)set.p, set.n}};
        uint32_t status = rig_status(client_call(c, INDICATE, &m, RIG_PATIENCE_MS, &reply, &d), &d);
        buf_deinit(&set);
        if (status)
                return status;
        assert_true(wire_get_INDICATE_reply(reply.frame.payload, reply.frame.size, &r));
        if (ret_matched)
                *ret_matched = r.matched;
        client_item_deinit(&reply);
        return 0;
}

CimInstance *rig_event(Client *c, const char *class_name)
{
        ClientItem i = rig_next(c, CLIENT_EVENT);
        CimInstance *event;
        CimBlockError e = {0};
        int r = client_item_instance(&i, &event, &e);
        if (r)
                print_error("client_item_instance: %d %s\n", r, e.says);
        assert_int_equal(r, 0);
        if (!rig_is(event, class_name))
                print_error("an event of class %.*s, expected %s\n", STR_ARG(event->class->name), class_name);
        assert_true(rig_is(event, class_name));
        client_item_deinit(&i);
        return event;
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

// --- a service with rig_things -------------------------------------------------------------------

ServiceConfig rig_config;

Client *rig_begin(Rig *rig)
{
        *rig = (Rig){0};
        rig_start(rig, &rig_config);
        Client *c = rig_client(rig);
        rig_import(rig, c, rig_things);
        return c;
}

void rig_end(Rig *rig, Client *c)
{
        client_free(c);
        rig_stop(rig);
}

CimInstance *rig_class_of(Rig *rig, const char *name, const char *super, const char *more)
{
        CimPropertySpec p = {.name = str_of(more), .type = CIM_UINT32};
        CimClassSpec spec = {.name = str_of(name), .properties = &p, .property_count = *more ? 1 : 0};
        const CimClass *s = *super ? cim_schema_find(service_schema(rig->s), RIG_NS, str_of(super)) : NULL;
        CimClass *c;
        CimInstance *i;
        Diag d = {0};
        assert_true(!*super || s);
        assert_int_equal(cim_class_new(&spec, s, NULL, NULL, &c, &d), 0);
        assert_int_equal(cim_instance_of_class(c, RIG_NS, &i), 0);
        cim_class_unref(c);
        return i;
}

void rig_put_things(Rig *rig, Client *c, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char name[32];
                snprintf(name, sizeof(name), "t%04zu", i);
                assert_status(rig_put_thing(rig, c, i % 2 ? "SubThing" : "Thing", name, (uint32_t)i), 0);
        }
}

size_t rig_count(Client *c, const char *query)
{
        RigObjects o;
        assert_status(rig_query(c, query, 0, 0, &o), 0);
        size_t n = o.n;
        rig_free(&o);
        return n;
}

uint32_t rig_enumerate(Client *c, uint32_t most)
{
        ClientItem reply;
        Diag d = {0};
        Wire_CREATE_INSTANCE_ENUM m = {.namespace = RIG_NS, .name = STR("Thing"), .most = most};
        Wire_CREATE_INSTANCE_ENUM_Reply r;
        int e = client_call(c, CREATE_INSTANCE_ENUM, &m, RIG_PATIENCE_MS, &reply, &d);
        if (e)
                return 0;
        assert_true(wire_get_CREATE_INSTANCE_ENUM_reply(reply.frame.payload, reply.frame.size, &r));
        client_item_deinit(&reply);
        return r.enumeration;
}

uint32_t rig_more(Client *c, uint32_t id, bool *ret_more)
{
        ClientItem reply;
        Diag d = {0};
        Wire_NEXT_Reply r;
        if (client_call(c, NEXT, (&(Wire_NEXT){.enumeration = id, .most = 1}), RIG_PATIENCE_MS, &reply, &d))
                return d.code;
        assert_true(wire_get_NEXT_reply(reply.frame.payload, reply.frame.size, &r));
        if (ret_more)
                *ret_more = r.more != 0;
        client_item_deinit(&reply);
        return 0;
}
