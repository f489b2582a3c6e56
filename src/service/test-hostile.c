// SPDX-License-Identifier: MIT
// service: peers without rights, peers that break the protocol, events that are none. Each costs nobody else
// an event.
#include <sys/types.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "service/test-rig.h"

// A bystander: a client and a driver host that must not notice anything.
typedef struct Bystander {
        Rig rig;
        Client *c;
        Fake f;
        uint32_t number;
} Bystander;

static void bystander_start(Bystander *b, const ServiceConfig *config)
{
        *b = (Bystander){0};
        rig_start(&b->rig, config);
        b->c = rig_client(&b->rig);
        fake_start(&b->f, &b->rig, "bystander");
        rig_subscribe(b->c, "SELECT * FROM Alpha");
}

static void bystander_check(Bystander *b)
{
        fake_fire(&b->f, &rig_alpha, ++b->number, 0);
        ClientItem i = rig_next(b->c, CLIENT_EVENT);
        assert_int_equal(rig_number(&i), b->number);
        client_item_deinit(&i);
        assert_int_equal(rig_stats(&b->rig).dropped, 0);
}

static void bystander_stop(Bystander *b)
{
        bystander_check(b);
        fake_stop(&b->f);
        client_free(b->c);
        rig_stop(&b->rig);
}

// --- a peer made of bytes ------------------------------------------------------------------------

typedef struct Peer {
        Rig *rig;
        int fd;
        Buf in;
        bool closed;
} Peer;

static void peer_send(Peer *p, const void *bytes, size_t n)
{
        while (n) {
                ssize_t sent = send(p->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (sent < 0 && errno != EAGAIN)
                        return; // it closed on us: what we test for
                if (sent > 0) {
                        bytes = (const char *)bytes + sent;
                        n -= (size_t)sent;
                }
                rig_quiet(p->rig);
        }
        rig_quiet(p->rig);
}

static void peer_send_buf(Peer *p, Buf *b)
{
        peer_send(p, b->p, b->n);
        buf_deinit(b);
}

static void peer_receive(Peer *p)
{
        for (;;) {
                uint8_t *to = buf_reserve(&p->in, 65536);
                assert_non_null(to);
                ssize_t n = recv(p->fd, to, 65536, MSG_DONTWAIT);
                if (n <= 0) {
                        p->closed |= n == 0 || errno != EAGAIN;
                        return;
                }
                p->in.n += (size_t)n;
                rig_quiet(p->rig);
        }
}

// The status of the last reply in what came; 1: there was none.
static uint32_t peer_status(Peer *p)
{
        peer_receive(p);
        uint32_t status = 1;
        WireFrame f;
        size_t at = 0;
        for (ssize_t n;
             at < p->in.n && (n = wire_frame(p->in.p + at, p->in.n - at, LIMIT_FRAME_BYTES, &f)) > 0;
             at += (size_t)n)
                if (f.flags == WIRE_REPLY)
                        assert_true(wire_get_status(f.payload, f.size, &status, NULL, NULL, NULL));
        p->in.n = 0;
        return status;
}

static void peer_stop(Peer *p)
{
        close(p->fd);
        buf_deinit(&p->in);
        rig_quiet(p->rig);
}

static Peer peer_new(Rig *rig, const Identity *who)
{
        return (Peer){.rig = rig, .fd = rig_connect(rig, who)};
}

static void peer_hello(Peer *p, uint32_t role)
{
        Buf b = {0};
        wire_put_HELLO(
                &b, 1,
                &(Wire_HELLO){
                        .version = WIRE_VERSION, .role = role, .program = STR("peer"), .name = STR("peer")});
        peer_send_buf(p, &b);
}

static Peer peer_greeted(Rig *rig, uint32_t role)
{
        Peer p = peer_new(rig, NULL);
        peer_hello(&p, role);
        assert_int_equal(peer_status(&p), 0);
        return p;
}

static bool peer_gone(Peer *p)
{
        peer_receive(p);
        return p->closed;
}

// Each message of the table with empty fields.
typedef struct Sample {
        From from;
        Buf frame;
        bool has_reply;
} Sample;

static size_t samples(Sample *out)
{
        size_t n = 0;
#define OPERATION(NAME, number, from_, right, help, fields, reply)                                           \
        out[n] = (Sample){.from = FROM_##from_, .has_reply = wire_info(number)->has_reply};                  \
        wire_put_##NAME(&out[n++].frame, 5, &(Wire_##NAME){0});
#include "wire/operations.def"
#undef OPERATION
        return n;
}

enum { SAMPLES = 64 };

static void samples_free(Sample *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                buf_deinit(&s[i].frame);
}

// --- rights --------------------------------------------------------------------------------------

static void the_judge_says_no_by_default(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        const Identity nobody = {0}, root = {.known = true}, owner = {.known = true, .uid = rig.s->uid};
        const Identity other = {.known = true, .uid = rig.s->uid + 1000, .gid = getegid(), .pid = getpid()};
        for (Right r = RIGHT_NONE; r <= RIGHT_HOST; r++) {
                assert_false(access_may(rig.s, &nobody, r));
                assert_false(access_may(rig.s, &other, r));
                assert_true(access_may(rig.s, &root, r));
                assert_true(access_may(rig.s, &owner, r));
        }
        assert_false(access_may(rig.s, &owner, (Right)99));
        rig_stop(&rig);
}

static void strangers_get_no_session(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        const Identity others[] = {{0}, {.known = true, .uid = b.rig.s->uid + 1000}};
        Sample s[SAMPLES];
        size_t n = samples(s);
        for (size_t k = 0; k < 2; k++) {
                for (uint32_t role = WIRE_ROLE_CLIENT; role <= WIRE_ROLE_HOST; role++) {
                        Peer p = peer_new(&b.rig, &others[k]);
                        peer_hello(&p, role);
                        assert_int_equal(peer_status(&p), (uint32_t)CIM_E_ACCESS_DENIED);
                        assert_true(peer_gone(&p));
                        peer_stop(&p);
                }
                for (size_t i = 0; i < n; i++) {
                        Peer p = peer_new(&b.rig, &others[k]);
                        peer_send(&p, s[i].frame.p, s[i].frame.n);
                        assert_true(peer_gone(&p));
                        assert_int_equal(p.in.n && s[i].from != FROM_ANY, 0); // and no answer
                        peer_stop(&p);
                }
        }
        assert_int_equal(rig_stats(&b.rig).sessions, 1);
        assert_int_equal(rig_stats(&b.rig).hosts, 1);
        samples_free(s, n);
        bystander_stop(&b);
}

// The right is asked for with every message, not only at the door: a session whose identity has lost it gets
// nothing.
static void every_message_needs_its_right(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        Sample s[SAMPLES];
        size_t n = samples(s), tried = 0;
        for (size_t i = 0; i < n; i++) {
                if (s[i].from != FROM_CLIENT && s[i].from != FROM_HOST)
                        continue;
                Peer p = peer_greeted(&b.rig, s[i].from == FROM_HOST ? WIRE_ROLE_HOST : WIRE_ROLE_CLIENT);
                Connection *c = list_entry(b.rig.s->connections.prev, Connection, link);
                c->identity = (Identity){0};
                ServiceStats before = rig_stats(&b.rig);
                uint64_t generation = cim_schema_generation(service_schema(b.rig.s));
                peer_send(&p, s[i].frame.p, s[i].frame.n);
                if (s[i].has_reply)
                        assert_int_equal(peer_status(&p), (uint32_t)CIM_E_ACCESS_DENIED);
                else
                        assert_true(peer_gone(&p));
                ServiceStats after = rig_stats(&b.rig);
                after.hosts = before.hosts;
                assert_memory_equal(&before, &after, sizeof(after));
                assert_int_equal(cim_schema_generation(service_schema(b.rig.s)), generation);
                peer_stop(&p);
                tried++;
        }
        assert_int_equal(tried, 29);
        samples_free(s, n);
        bystander_stop(&b);
}

static void another_user_is_told_apart_by_the_kernel(void **state)
{
        (void)state;
        if (geteuid() != 0)
                testkit_skip("needs root to become somebody else");
        char dir[] = "/tmp/freewmi-test-XXXXXX", path[64];
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/socket", dir);
        Bystander b;
        bystander_start(&b, NULL);
        Diag d;
        assert_int_equal(service_listen(b.rig.s, path, &d), 0);
        assert_int_equal(chmod(dir, 0755), 0);
        for (int open = 0; open < 2; open++) {
                if (open) // as if somebody had opened the file to all: the kernel's word still counts
                        assert_int_equal(chmod(path, 0666), 0);
                int ready[2];
                assert_int_equal(pipe(ready), 0);
                pid_t child = fork();
                if (child == 0) {
                        struct sockaddr_un a = {.sun_family = AF_UNIX};
                        memcpy(a.sun_path, path, strlen(path) + 1);
                        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
                        if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
                                _exit(10);
                        if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
                                _exit(open ? 11 : errno == EACCES ? 0 : 12);
                        Buf hello = {0};
                        wire_put_HELLO(&hello, 1,
                                       &(Wire_HELLO){.version = WIRE_VERSION, .role = WIRE_ROLE_CLIENT});
                        if (send(fd, hello.p, hello.n, MSG_NOSIGNAL) < 0)
                                _exit(13);
                        uint8_t in[4096];
                        WireFrame f;
                        uint32_t status = 1;
                        ssize_t n = recv(fd, in, sizeof(in), 0); // one small frame arrives whole
                        if (n <= 0 || wire_frame(in, (size_t)n, sizeof(in), &f) != n)
                                _exit(14);
                        wire_get_status(f.payload, f.size, &status, NULL, NULL, NULL);
                        _exit(status == (uint32_t)CIM_E_ACCESS_DENIED && recv(fd, in, sizeof(in), 0) == 0
                                      ? 0
                                      : 15);
                }
                int how;
                close(ready[0]);
                close(ready[1]);
                while (waitpid(child, &how, WNOHANG) == 0) {
                        service_dispatch(b.rig.s);
                        usleep(1000);
                }
                assert_true(WIFEXITED(how));
                assert_int_equal(WEXITSTATUS(how), 0);
        }
        bystander_stop(&b);
        rmdir(dir);
}

// --- the protocol --------------------------------------------------------------------------------

static void malformed_messages_end_only_their_sender(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        Sample s[SAMPLES];
        size_t n = samples(s);
        for (size_t i = 0; i < n; i++) {
                if (s[i].from != FROM_CLIENT && s[i].from != FROM_HOST && s[i].from != FROM_ANY)
                        continue;
                for (size_t size = WIRE_HEADER; size <= s[i].frame.n + 1; size++) {
                        if (size == s[i].frame.n)
                                continue;
                        Peer p = s[i].from == FROM_ANY
                                         ? peer_new(&b.rig, NULL)
                                         : peer_greeted(&b.rig, s[i].from == FROM_HOST ? WIRE_ROLE_HOST
                                                                                       : WIRE_ROLE_CLIENT);
                        uint8_t bytes[512] = {0};
                        assert_true(s[i].frame.n < sizeof(bytes));
                        memcpy(bytes, s[i].frame.p, s[i].frame.n);
                        const uint32_t length = (uint32_t)(size - 4);
                        memcpy(bytes, &length, 4);
                        b.rig.log.n = 0;
                        peer_send(&p, bytes, size);
                        assert_true(peer_gone(&p));
                        assert_true(rig_logged(&b.rig, "malformed"));
                        peer_stop(&p);
                }
        }
        samples_free(s, n);
        bystander_stop(&b);
}

static void what_may_not_come_now_ends_its_sender(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        Sample s[SAMPLES];
        size_t n = samples(s);
        for (size_t i = 0; i < n; i++) {
                // role 0: before HELLO
                for (uint32_t role = 0; role <= WIRE_ROLE_HOST; role++) {
                        if ((s[i].from == FROM_ANY && role == 0) ||
                            (s[i].from == FROM_CLIENT && role == WIRE_ROLE_CLIENT) ||
                            (s[i].from == FROM_HOST && role == WIRE_ROLE_HOST))
                                continue;
                        Peer p = role ? peer_greeted(&b.rig, role) : peer_new(&b.rig, NULL);
                        peer_send(&p, s[i].frame.p, s[i].frame.n);
                        assert_true(peer_gone(&p));
                        peer_stop(&p);
                }
                // A reply that nobody asked for.
                Peer p = peer_greeted(&b.rig, WIRE_ROLE_CLIENT);
                s[i].frame.p[6] = WIRE_REPLY;
                peer_send(&p, s[i].frame.p, s[i].frame.n);
                assert_true(peer_gone(&p));
                peer_stop(&p);
        }
        const uint8_t unknown[] = {8, 0, 0, 0, 0xFF, 0x7F, 0, 0, 1, 0, 0, 0};
        for (uint32_t role = WIRE_ROLE_CLIENT; role <= WIRE_ROLE_HOST; role++) {
                Peer p = peer_greeted(&b.rig, role);
                peer_send(&p, unknown, sizeof(unknown));
                assert_true(peer_gone(&p));
                peer_stop(&p);
        }
        assert_true(rig_logged(&b.rig, "operation 32767"));
        samples_free(s, n);
        bystander_stop(&b);
}

static uint32_t hello_status(Rig *rig, uint32_t version, uint32_t role, size_t frame_size, bool *ret_gone)
{
        Peer p = peer_new(rig, NULL);
        Buf b = {0};
        Wire_HELLO m = {.version = version, .role = role, .name = STR("n")};
        wire_put_HELLO(&b, 1, &m);
        char *filler = NULL;
        if (frame_size) {
                m.program.n = frame_size - b.n;
                m.program.p = filler = malloc(m.program.n);
                assert_non_null(filler);
                memset(filler, 'p', m.program.n);
                b.n = 0;
                wire_put_HELLO(&b, 1, &m);
                assert_int_equal(b.n, frame_size);
        }
        peer_send_buf(&p, &b);
        uint32_t status = peer_status(&p);
        *ret_gone = peer_gone(&p);
        peer_stop(&p);
        free(filler);
        return status;
}

static void hello_is_small_and_of_this_version(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        bool gone;
        assert_int_equal(hello_status(&b.rig, WIRE_VERSION, 1, LIMIT_HELLO_BYTES - 1, &gone), 0);
        assert_false(gone);
        assert_int_equal(hello_status(&b.rig, WIRE_VERSION, 1, LIMIT_HELLO_BYTES, &gone), 0);
        assert_int_equal(hello_status(&b.rig, WIRE_VERSION, 1, LIMIT_HELLO_BYTES + 1, &gone),
                         1); // no answer at all
        assert_true(gone);
        assert_int_equal(hello_status(&b.rig, WIRE_VERSION + 1, 1, 0, &gone), (uint32_t)CIM_E_NOT_SUPPORTED);
        assert_true(gone);
        assert_int_equal(hello_status(&b.rig, WIRE_VERSION, 3, 0, &gone), (uint32_t)CIM_E_INVALID_PARAMETER);
        assert_true(gone);
        bystander_stop(&b);
}

static bool peer_closed(void *context)
{
        return peer_gone(context);
}

static void who_says_nothing_is_dropped(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        b.rig.s->hello_ms = 10;
        Peer p = peer_new(&b.rig, NULL), half = peer_new(&b.rig, NULL);
        peer_send(&half, "\x40\0\0\0\x40", 5); // the beginning of a HELLO
        rig_until(&b.rig, peer_closed, &p);
        rig_until(&b.rig, peer_closed, &half);
        assert_true(rig_logged(&b.rig, "said nothing for 10 ms"));
        peer_stop(&p);
        peer_stop(&half);
        bystander_stop(&b);
}

static void names_of_hosts_are_names(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        char name[LIMIT_NAME_CHARS + 2];
        memset(name, 'n', sizeof(name));
        const Str bad[] = {{"", 0},      {name, LIMIT_NAME_CHARS + 1},
                           STR("a\nb"),  STR("\xff"),
                           {"a\0b", 3},  STR("a\u202Eb"),
                           STR("\u2066")};
        for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
                Peer p = peer_new(&b.rig, NULL);
                Buf frame = {0};
                Str is = i < sizeof(bad) / sizeof(bad[0]) ? bad[i] : (Str){name, LIMIT_NAME_CHARS};
                wire_put_HELLO(&frame, 1,
                               &(Wire_HELLO){.version = WIRE_VERSION, .role = WIRE_ROLE_HOST, .name = is});
                peer_send_buf(&p, &frame);
                assert_int_equal(peer_status(&p),
                                 is.n == LIMIT_NAME_CHARS ? 0u : (uint32_t)CIM_E_INVALID_PARAMETER);
                peer_stop(&p);
        }
        assert_false(rig_logged(&b.rig, "\nb"));
        bystander_stop(&b);
}

static void frames_have_bounds(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        struct {
                uint32_t role, size;
                uint16_t operation;
                bool fits;
        } cases[] = {
                {WIRE_ROLE_CLIENT, LIMIT_REQUEST_BYTES, WIRE_GET_OBJECT, true},
                {WIRE_ROLE_CLIENT, LIMIT_REQUEST_BYTES + 1, WIRE_GET_OBJECT, false},
                {WIRE_ROLE_CLIENT, LIMIT_FRAME_BYTES, WIRE_IMPORT_MOF, true},
                {WIRE_ROLE_CLIENT, LIMIT_FRAME_BYTES + 1, WIRE_IMPORT_MOF, false},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES, WIRE_PUT_CLASS, true},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES + 1, WIRE_PUT_CLASS, false},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES, WIRE_PUT_INSTANCE, true},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES + 1, WIRE_PUT_INSTANCE, false},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES, WIRE_INDICATE, true},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES + 1, WIRE_INDICATE, false},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES, WIRE_EXEC_METHOD, true},
                {WIRE_ROLE_CLIENT, LIMIT_OBJECTS_BYTES + 1, WIRE_EXEC_METHOD, false},
                {WIRE_ROLE_HOST, LIMIT_HOST_FRAME_BYTES, WIRE_FIRE, true},
                {WIRE_ROLE_HOST, LIMIT_HOST_FRAME_BYTES + 1, WIRE_FIRE, false},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                Peer p = peer_greeted(&b.rig, cases[i].role);
                uint8_t head[WIRE_HEADER] = {0};
                const uint32_t length = cases[i].size - 4;
                memcpy(head, &length, 4);
                memcpy(head + 4, &cases[i].operation, 2);
                peer_send(&p, head, sizeof(head)); // the head alone says it
                assert_int_equal(peer_gone(&p), !cases[i].fits);
                peer_stop(&p);
        }
        bystander_stop(&b);
}

static void registrations_have_bounds(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        Guid *guids = calloc(LIMIT_GUIDS + 1, sizeof(*guids));
        assert_non_null(guids);
        for (uint32_t n = LIMIT_GUIDS - 1; n <= LIMIT_GUIDS + 1; n++) {
                Fake f;
                fake_start(&f, &b.rig, "f");
                for (uint32_t i = 0; i < n; i++)
                        memcpy(guids[i].b, &i, 4);
                fake_register(&f, 1, guids, n);
                rig_quiet(&b.rig);
                fake_read(&f);
                assert_int_equal(f.closed, n > LIMIT_GUIDS);
                fake_stop(&f);
                rig_quiet(&b.rig);
        }
        for (uint64_t most = LIMIT_REGISTRATIONS - 1; most <= LIMIT_REGISTRATIONS + 1; most++) {
                Fake f;
                fake_start(&f, &b.rig, "f");
                for (uint64_t i = 0; i < most; i++)
                        fake_register(&f, i, guids, 1);
                rig_quiet(&b.rig);
                fake_read(&f);
                assert_int_equal(f.closed, most > LIMIT_REGISTRATIONS);
                fake_stop(&f);
                rig_quiet(&b.rig);
        }
        // All registrations together.
        for (uint32_t last = LIMIT_GUIDS - 1; last <= LIMIT_GUIDS + 1; last++) {
                Fake f;
                fake_start(&f, &b.rig, "f");
                for (uint32_t left = LIMIT_HOST_GUIDS - LIMIT_GUIDS; left; left -= LIMIT_GUIDS / 2)
                        fake_register(&f, left, guids, LIMIT_GUIDS / 2);
                fake_register(&f, 1, guids, last / 2);
                fake_register(&f, 3, guids, last - last / 2);
                rig_quiet(&b.rig);
                fake_read(&f);
                assert_int_equal(f.closed, last > LIMIT_GUIDS);
                fake_stop(&f);
                rig_quiet(&b.rig);
        }
        free(guids);
        bystander_stop(&b);
}

static void a_queue_may_be_so_large(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        for (uint32_t queue = LIMIT_QUEUE_ASKED - 1; queue <= LIMIT_QUEUE_ASKED + 1; queue++) {
                uint32_t id;
                Diag d = {0};
                int r = client_subscribe(b.c, STR("root\\wmi"), STR("SELECT * FROM Gamma"), queue, -1, &id,
                                         NULL, &d);
                assert_int_equal(r, queue > LIMIT_QUEUE_ASKED ? E_DIAG : 0);
                assert_int_equal(d.code, r ? (uint32_t)CIM_E_INVALID_PARAMETER : 0);
        }
        bystander_stop(&b);
}

// Words about hosts wait for a client that does not read them, up to a bound.
static void notices_have_a_bound(void **state)
{
        (void)state;
        for (unsigned most = LIMIT_NOTICES - 1; most <= LIMIT_NOTICES + 1; most++) {
                Bystander b;
                bystander_start(&b, NULL);
                Connection *c = list_entry(list_first(&b.rig.s->sessions), Session, link)->c;
                fake_register(&b.f, 1, &rig_alpha, 1);
                rig_quiet(&b.rig);
                const Host *h = host_find(b.rig.s, STR("bystander"));
                for (unsigned n = 0; n < most; n++) // nothing is sent meanwhile
                        session_notice(c->session, h, false);
                assert_int_equal(c->out.notices, most > LIMIT_NOTICES ? LIMIT_NOTICES : most);
                rig_quiet(&b.rig);
                for (unsigned n = 0; n < most && n < LIMIT_NOTICES; n++) {
                        ClientItem i = rig_next(b.c, CLIENT_HOST);
                        client_item_deinit(&i);
                }
                rig_none(b.c);
                assert_int_equal(c->out.notices, 0);
                bystander_stop(&b);
        }
}

// A driver host that does not read its orders has only the newest table waiting for it.
static void a_host_that_does_not_read_costs_little(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, &(ServiceConfig){.irp_timeout_ms = 1});
        Peer p = peer_greeted(&b.rig, WIRE_ROLE_HOST);
        const Connection *c = list_entry(b.rig.s->connections.prev, Connection, link);
        for (int n = 0; n < 3000; n++) {
                uint32_t id = rig_subscribe(b.c, n % 2 ? "SELECT * FROM Gamma" : "SELECT * FROM WMIEvent");
                assert_int_equal(client_cancel(b.c, id, -1, NULL), 0);
        }
        assert_true(c->blocked);
        assert_true(c->out.control_bytes < 64 << 10);
        peer_receive(&p);
        peer_receive(&p);
        assert_int_equal(c->out.control_bytes, 0);
        Wire_WANTED m = {0};
        WireFrame f;
        size_t at = 0;
        for (ssize_t k; at < p.in.n && (k = wire_frame(p.in.p + at, p.in.n - at, LIMIT_FRAME_BYTES, &f)) > 0;
             at += (size_t)k)
                assert_true(wire_get_WANTED(f.payload, f.size, &m));
        assert_true(m.generation == b.rig.s->wanted_generation); // the last is the one of now
        peer_stop(&p);
        bystander_stop(&b);
}

// The largest event, all of it in what a query reads: a byte of the block can stand for a whole value.
static void the_largest_event_is_matched(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        rig_import(&b.rig, b.c,
                   "class Inner { [WmiDataId(1)] uint32 Count; [WmiDataId(2), WmiSizeIs(\"Count\")] uint8 "
                   "Data[]; };\n"
                   "[WMI, guid(\"{00000000-0000-0000-0000-0000000000d1}\")] class Wide : WMIEvent {\n"
                   "  [key] string InstanceName; boolean Active; [WmiDataId(1)] Inner Part; };");
        const Guid wide = {{[15] = 0xD1}};
        Client *c = rig_client(&b.rig);
        rig_subscribe(c, "SELECT * FROM Wide WHERE Part IS NOT NULL");
        Fake f;
        fake_start(&f, &b.rig, "wide");
        fake_register(&f, 1, &wide, 1);
        uint8_t *wnode = calloc(1, LIMIT_EVENT_BYTES);
        assert_non_null(wnode);
        rig_wnode(&wide, 0, 0, "", wnode);
        const uint32_t all = LIMIT_EVENT_BYTES, block = all - 64, count = block - 4;
        memcpy(wnode, &all, 4);
        memcpy(wnode + 60, &block, 4);
        memcpy(wnode + 64, &count, 4);
        fake_fire_raw(&f, &wide, wnode, all);
        ClientItem i = rig_next(c, CLIENT_EVENT);
        CimInstance *o;
        assert_int_equal(client_item_instance(&i, &o, NULL), 0);
        cim_instance_unref(o);
        client_item_deinit(&i);
        rig_none(c);
        free(wnode);
        client_free(c);
        fake_stop(&f);
        bystander_stop(&b);
}

static void connections_have_a_bound(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        size_t open = b.rig.s->connection_count;
        b.rig.s->connection_count = LIMIT_CONNECTIONS - 1;
        int fd = rig_connect(&b.rig, NULL), pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_true(service_adopt(b.rig.s, pair[0]) < 0);
        char byte;
        assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
        assert_true(rig_logged(&b.rig, "no more are taken"));
        close(pair[1]);
        close(fd);
        b.rig.s->connection_count = open + 1;
        rig_quiet(&b.rig);
        bystander_stop(&b);
}

// Large frames that many peers begin and never end.
static void begun_frames_have_a_bound(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        static uint8_t half[256 << 10];
        const uint32_t length = 1 << 20;
        const uint16_t operation = WIRE_IMPORT_MOF;
        memcpy(half, &length, 4);
        memcpy(half + 4, &operation, 2);
        Service *s = b.rig.s;
        const size_t before = s->in_bytes;
        Peer p = peer_greeted(&b.rig, WIRE_ROLE_CLIENT);
        peer_send(&p, half, sizeof(half));
        rig_quiet(&b.rig);
        const size_t cost = s->in_bytes - before;
        assert_true(cost >= sizeof(half) - (64 << 10) && cost < length);
        peer_stop(&p);
        rig_quiet(&b.rig);
        assert_int_equal(s->in_bytes, before);
        for (int over = -1; over <= 1; over++) {
                s->in_bytes = LIMIT_IN_BYTES - cost + (size_t)over;
                p = peer_greeted(&b.rig, WIRE_ROLE_CLIENT);
                peer_send(&p, half, sizeof(half));
                assert_int_equal(peer_gone(&p), over > 0);
                peer_stop(&p);
                rig_quiet(&b.rig);
                assert_int_equal(s->in_bytes, LIMIT_IN_BYTES - cost + (size_t)over);
        }
        s->in_bytes = before;
        bystander_stop(&b);
}

static void subscriptions_have_a_bound_in_all(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        uint32_t *all = &b.rig.s->stats.subscriptions, before = *all;
        *all = LIMIT_ALL_SUBSCRIPTIONS - 1;
        rig_subscribe(b.c, "SELECT * FROM Gamma");
        assert_int_equal(*all, LIMIT_ALL_SUBSCRIPTIONS);
        assert_int_equal(rig_refused(b.c, "root\\wmi", "SELECT * FROM Gamma"),
                         (uint32_t)CIM_E_QUOTA_VIOLATION);
        *all = before + 1;
        bystander_stop(&b);
}

static void waiting_requests_have_a_bound(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        for (unsigned n = 0; n <= LIMIT_LATE_REPLIES; n++)
                assert_true(client_send(b.c, AWAIT_DRIVER,
                                        (&(Wire_AWAIT_DRIVER){.name = STR("x"), .timeout_ms = 1000000})) > 0);
        ClientItem i = rig_next(b.c, CLIENT_REPLY); // of the last alone
        assert_int_equal(i.status, (uint32_t)CIM_E_SERVER_TOO_BUSY);
        client_item_deinit(&i);
        // All sessions together have one too.
        Service *s = b.rig.s;
        const size_t before = s->waiter_count;
        s->waiter_count = LIMIT_ALL_LATE_REPLIES - 1;
        Client *other = rig_client(&b.rig);
        for (int n = 0; n < 2; n++)
                assert_true(client_send(other, AWAIT_DRIVER,
                                        (&(Wire_AWAIT_DRIVER){.name = STR("x"), .timeout_ms = 1000000})) > 0);
        i = rig_next(other, CLIENT_REPLY);
        assert_int_equal(i.status, (uint32_t)CIM_E_SERVER_TOO_BUSY);
        client_item_deinit(&i);
        rig_none(other);
        assert_int_equal(s->waiter_count, LIMIT_ALL_LATE_REPLIES);
        client_free(other);
        rig_quiet(&b.rig);
        s->waiter_count -= LIMIT_ALL_LATE_REPLIES - 1 - before;
        bystander_stop(&b);
}

// Who sends requests and does not read the replies is not heard until it does; its memory here is bounded.
static void replies_unread_hold_requests_back(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        Peer p = peer_greeted(&b.rig, WIRE_ROLE_CLIENT);
        Connection *c = list_entry(b.rig.s->connections.prev, Connection, link);
        Buf all = {0}, one = {0};
        const unsigned requests = 3000;
        for (unsigned i = 0; i < requests; i++)
                wire_put_LIST_CLASSES(&all, i, &(Wire_LIST_CLASSES){.namespace = STR("root")});
        size_t sent = 0, most = 0;
        unsigned replies = 0;
        bool held_back = false;
        while (replies < requests) {
                ssize_t n = sent < all.n ? send(p.fd, all.p + sent, all.n - sent, MSG_NOSIGNAL | MSG_DONTWAIT)
                                         : 0;
                sent += n > 0 ? (size_t)n : 0;
                rig_quiet(&b.rig);
                most = c->out.control_bytes > most ? c->out.control_bytes : most;
                if (c->out.control_bytes <= LIMIT_REPLY_BYTES && n > 0)
                        continue;
                held_back |= c->out.control_bytes > LIMIT_REPLY_BYTES;
                bystander_check(&b); // meanwhile
                WireFrame f;
                peer_receive(&p);
                size_t at = 0;
                for (ssize_t k;
                     at < p.in.n && (k = wire_frame(p.in.p + at, p.in.n - at, LIMIT_FRAME_BYTES, &f)) > 0;
                     at += (size_t)k)
                        assert_int_equal(f.request, replies++);
                memmove(p.in.p, p.in.p + at, p.in.n - at);
                p.in.n -= at;
        }
        assert_true(held_back);
        assert_true(most < 2 * LIMIT_REPLY_BYTES);
        // One that is killed in that state goes like any other.
        wire_put_LIST_CLASSES(&one, 1, &(Wire_LIST_CLASSES){.namespace = STR("root")});
        while (c->out.control_bytes <= LIMIT_REPLY_BYTES)
                peer_send(&p, one.p, one.n);
        uint32_t before = rig_stats(&b.rig).sessions;
        peer_stop(&p);
        assert_int_equal(rig_stats(&b.rig).sessions, before - 1);
        buf_deinit(&all);
        buf_deinit(&one);
        bystander_stop(&b);
}

// --- events that are none ------------------------------------------------------------------------

static unsigned count_lines(const Rig *rig, const char *text)
{
        unsigned n = 0;
        Buf log = rig->log;
        for (const char *p = buf_z(&log); (p = strstr(p, text)) != NULL; p++)
                n++;
        return n;
}

static void malformed_events_are_said_and_not_delivered(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        Fake f;
        uint8_t wnode[256];
        size_t n = rig_wnode(&rig_alpha, 1, 1, "text", wnode);
        struct {
                size_t at; // what is broken: four bytes there
                uint32_t value;
                const char *says;
        } cases[] = {
                {60, 3, "class Alpha {00000000-0000-0000-0000-0000000000a1}, byte 0"}, // a block of 3 bytes
                {60, 5, "byte 4"},
                {60, 10000, "byte 60 of its WNODE"},
                {56, 10, "byte 56 of its WNODE"},
                {44, 1, "of its WNODE"},
                {0, 10, "byte 0 of its WNODE"},
                {36, 77, "its WNODE says {00000000-0000-0000-0000"},
                {72, 0xFFFF, "byte 8"}, // a string longer than the block
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint8_t bad[256];
                memcpy(bad, wnode, sizeof(bad));
                memcpy(bad + cases[i].at, &cases[i].value, 4);
                fake_start(&f, &b.rig, "f"); // a new one each time: the log of one host falls quiet
                b.rig.log.n = 0;
                fake_fire_raw(&f, &rig_alpha, bad, n);
                rig_settled(&b.rig);
                if (!rig_logged(&b.rig, cases[i].says))
                        print_error("case %zu: %s", i, buf_z(&b.rig.log));
                assert_true(rig_logged(&b.rig, cases[i].says));
                assert_int_equal(rig_stats(&b.rig).events_malformed, i + 1);
                fake_fire(&f, &rig_alpha, 77, 1); // it is still heard
                ClientItem item = rig_next(b.c, CLIENT_EVENT);
                assert_int_equal(rig_number(&item), 77);
                client_item_deinit(&item);
                fake_stop(&f);
        }
        rig_none(b.c);
        // A flood of them is one line and a count.
        fake_start(&f, &b.rig, "g");
        b.rig.log.n = 0;
        for (int i = 0; i < 500; i++)
                fake_fire_raw(&f, &rig_alpha, wnode, 20);
        rig_settled(&b.rig);
        fake_stop(&f);
        rig_quiet(&b.rig);
        assert_true(count_lines(&b.rig, "malformed, not delivered:") <=
                    3); // a slow machine may take more than a second
        assert_true(rig_logged(&b.rig, "more malformed events"));
        rig_none(b.c);
        bystander_stop(&b);
}

static void unknown_events_are_said_once(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        uint64_t before = rig_stats(&b.rig).events_unmatched;
        for (int i = 0; i < 10; i++)
                fake_fire(&b.f, &rig_nobody, 1, 1);
        rig_settled(&b.rig);
        assert_int_equal(count_lines(&b.rig, "which no class has"), 1);
        assert_int_equal(rig_stats(&b.rig).events_unmatched, before + 10);
        // However many there are: bounded memory, bounded log.
        for (uint32_t i = 1; i < LIMIT_ROUTES + 100; i++) {
                Guid g = {{0xFF}};
                memcpy(g.b + 4, &i, 4);
                fake_fire(&b.f, &g, 1, 1);
        }
        rig_settled(&b.rig);
        assert_int_equal(count_lines(&b.rig, "which no class has"), LIMIT_STRANGERS);
        assert_true(b.rig.s->router.route_count <= LIMIT_ROUTES);
        bystander_stop(&b);
}

static void an_envelope_cannot_lie_about_its_host(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        uint64_t id = b.f.id;
        b.f.id = 0x1234;
        fake_fire(&b.f, &rig_alpha, ++b.number, 0);
        ClientItem i = rig_next(b.c, CLIENT_EVENT);
        assert_true(i.envelope.host == id);
        client_item_deinit(&i);
        bystander_stop(&b);
}

// Random bytes behind a HELLO, many times.
static void noise_hurts_nobody(void **state)
{
        (void)state;
        Bystander b;
        bystander_start(&b, NULL);
        uint32_t x = 12345;
        for (int round = 0; round < 300; round++) {
                Peer p = peer_greeted(&b.rig, round % 2 ? WIRE_ROLE_HOST : WIRE_ROLE_CLIENT);
                uint8_t noise[512];
                for (size_t i = 0; i < sizeof(noise); i++) {
                        x = x * 1664525 + 1013904223;
                        noise[i] = (uint8_t)(x >> 24);
                }
                // Often a plausible head, so that the fields are what is noise.
                const uint32_t length = 8 + x % 200;
                const uint16_t operation = (uint16_t)(round % 3 ? 3 + x % 110 : x);
                memcpy(noise, &length, 4);
                memcpy(noise + 4, &operation, 2);
                memset(noise + 6, 0, 2);
                peer_send(&p, noise, sizeof(noise));
                peer_stop(&p);
        }
        bystander_stop(&b);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(the_judge_says_no_by_default),
                TEST(strangers_get_no_session),
                TEST(every_message_needs_its_right),
                TEST(another_user_is_told_apart_by_the_kernel),
                TEST(malformed_messages_end_only_their_sender),
                TEST(what_may_not_come_now_ends_its_sender),
                TEST(hello_is_small_and_of_this_version),
                TEST(who_says_nothing_is_dropped),
                TEST(names_of_hosts_are_names),
                TEST(frames_have_bounds),
                TEST(registrations_have_bounds),
                TEST(a_queue_may_be_so_large),
                TEST(notices_have_a_bound),
                TEST(a_host_that_does_not_read_costs_little),
                TEST(the_largest_event_is_matched),
                TEST(connections_have_a_bound),
                TEST(begun_frames_have_a_bound),
                TEST(subscriptions_have_a_bound_in_all),
                TEST(waiting_requests_have_a_bound),
                TEST(replies_unread_hold_requests_back),
                TEST(malformed_events_are_said_and_not_delivered),
                TEST(unknown_events_are_said_once),
                TEST(an_envelope_cannot_lie_about_its_host),
                TEST(noise_hurts_nobody),
                TEST_END,
        });
}
