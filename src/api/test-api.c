// SPDX-License-Identifier: MIT
// api: a program with the service in it, and a service made of bytes.
#include <sys/types.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <freewmi/service.h>

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/codec.h"
#include "cim/value.h"
#include "wire/envelope.h"
#include "wire/message.h"

static const char mof[] = "class Disk { [key] string Name; uint64 Size; boolean Healthy = TRUE; string Labels[]; };\n"
                          "class Ssd : Disk { uint32 Wear; };\n"
                          "class Plain { uint32 Number; };\n"
                          "class Tick : __ExtrinsicEvent { uint32 Number; string Text; object Inside; };\n"
                          "class Tock : Tick { };\n";
static const char ns[] = "root/default";

// --- a program -----------------------------------------------------------------------------------

typedef struct Program {
        freewmi_service *service;
        freewmi *wmi;
        unsigned lines;
} Program;

static void program_log(void *context, int level, const char *line)
{
        Program *p = context;
        assert_true(level >= FREEWMI_LOG_ERROR && level <= FREEWMI_LOG_DEBUG && *line);
        p->lines++;
}

#define OK(call)                                                                                             \
        do {                                                                                                 \
                freewmi_error error = {0};                                                                   \
                int ok_ = (call);                                                                            \
                if (ok_ < 0)                                                                                 \
                        fail_msg("%s: %s: %s", #call, freewmi_result_name(ok_), error.message);              \
        } while (0)
// The call is refused with that status.
#define REFUSED(call, wanted)                                                                                \
        do {                                                                                                 \
                freewmi_error error = {0};                                                                   \
                int r_ = (call);                                                                             \
                if (r_ != FREEWMI_REFUSED || error.status != (wanted) || error.result != r_ || !error.message[0]) \
                        fail_msg("%s: %s %s: %s", #call, freewmi_result_name(r_),                            \
                                 freewmi_status_name(error.status), error.message);                          \
        } while (0)

static void start(Program *p)
{
        *p = (Program){0};
        const freewmi_service_config config = {.log = program_log, .log_context = p};
        OK(freewmi_service_new(&config, &p->service, &error));
        OK(freewmi_service_connect(p->service, "test", &p->wmi, &error));
        OK(freewmi_compile_mof(p->wmi, ns, "test.mof", mof, strlen(mof), &error));
        assert_true(p->lines);
}

static void stop(Program *p)
{
        freewmi_close(p->wmi);
        freewmi_service_free(p->service);
}

static freewmi_object *made(freewmi *wmi, const char *class_name)
{
        freewmi_object *o = NULL;
        OK(freewmi_new(wmi, ns, class_name, &o, &error));
        return o;
}

static int put_disk(freewmi *wmi, const char *class_name, const char *name, uint64_t size, uint32_t flags, freewmi_error *e)
{
        freewmi_object *o = made(wmi, class_name);
        assert_int_equal(freewmi_set_string(o, "Name", name), FREEWMI_OK);
        assert_int_equal(freewmi_set_uint64(o, "Size", size), FREEWMI_OK);
        int r = freewmi_put(wmi, NULL, o, flags, NULL, e);
        freewmi_object_unref(o);
        return r;
}

// How many objects come; *ret_sum is the sum of their sizes.
static int drain(freewmi_results *take, uint64_t *ret_sum)
{
        freewmi_object *o;
        freewmi_error e;
        int n = 0, r;
        uint64_t size = 0;
        *ret_sum = 0;
        while ((r = freewmi_results_next(take, &o, &e)) > 0) {
                if (!freewmi_object_is_class(o) && freewmi_get_uint64(o, "Size", &size) == FREEWMI_OK)
                        *ret_sum += size;
                freewmi_object_unref(o);
                n++;
        }
        assert_int_equal(r, 0);
        assert_int_equal(freewmi_results_next(take, &o, &e), 0);
        freewmi_results_free(take);
        return n;
}

// --- the store -----------------------------------------------------------------------------------

static void objects_of_the_store(void **state)
{
        (void)state;
        Program p;
        start(&p);
        freewmi *w = p.wmi;
        freewmi_object *o;
        const char *path = NULL, *s;
        uint64_t n;
        OK(put_disk(w, "Disk", "a", 10, FREEWMI_CREATE_ONLY, &error));
        REFUSED(put_disk(w, "Disk", "a", 11, FREEWMI_CREATE_ONLY, &error), FREEWMI_E_ALREADY_EXISTS);
        REFUSED(put_disk(w, "Disk", "b", 11, FREEWMI_UPDATE_ONLY, &error), FREEWMI_E_NOT_FOUND);
        OK(put_disk(w, "Ssd", "c", 30, 0, &error));
        OK(freewmi_get(w, ns, "Disk=\"a\"", &o, &error));
        assert_string_equal(freewmi_object_namespace(o), "root\\default");
        assert_string_equal(freewmi_object_path(o), "Disk.Name=\"a\"");
        assert_int_equal(freewmi_get_uint64(o, "Size", &n), FREEWMI_OK);
        assert_true(n == 10);
        assert_int_equal(freewmi_get_string(o, "__NAMESPACE", &s, NULL), FREEWMI_OK);
        assert_int_equal(freewmi_set_uint64(o, "Size", 12), FREEWMI_OK);
        OK(freewmi_put(w, NULL, o, FREEWMI_UPDATE_ONLY, &path, &error));
        assert_string_equal(path, "Disk.Name=\"a\"");
        freewmi_object_unref(o);
        // A class definition, by itself and put under its own name.
        OK(freewmi_get(w, ns, "disk", &o, &error));
        assert_true(freewmi_object_is_class(o));
        OK(freewmi_put(w, NULL, o, 0, &path, &error));
        assert_string_equal(path, "Disk");
        OK(freewmi_put(w, "root/cimv2", o, FREEWMI_CREATE_ONLY, NULL, &error));
        freewmi_object_unref(o);
        uint64_t sum;
        freewmi_results *x;
        OK(freewmi_query(w, ns, "SELECT * FROM Disk WHERE Size > 5", &x, &error));
        assert_int_equal(drain(x, &sum), 2);
        assert_true(sum == 42);
        OK(freewmi_instances(w, ns, "Disk", FREEWMI_SHALLOW, &x, &error));
        assert_int_equal(drain(x, &sum), 1);
        OK(freewmi_classes(w, ns, "Disk", 0, &x, &error));
        assert_int_equal(drain(x, &sum), 1);
        OK(freewmi_delete(w, ns, "Disk.Name=\"a\"", &error));
        REFUSED(freewmi_delete(w, ns, "Disk.Name=\"a\"", &error), FREEWMI_E_NOT_FOUND);
        OK(freewmi_delete(w, "root", "\\\\.\\root\\cimv2:Disk", &error));
        OK(freewmi_delete(w, ns, "Disk", &error));
        REFUSED(freewmi_get(w, ns, "Ssd", &o, &error), FREEWMI_E_NOT_FOUND);
        stop(&p);
}

static void large_enumerations_come_in_batches(void **state)
{
        (void)state;
        Program p;
        start(&p);
        static char text[5000];
        memset(text, 'x', sizeof(text) - 1);
        freewmi_object *o = made(p.wmi, "Disk");
        uint64_t sum;
        assert_int_equal(freewmi_set_strings(o, "Labels", (const char *[]){text, text}, 2), FREEWMI_OK);
        for (uint64_t i = 1; i <= 200; i++) { // 4 MB in all, many times LIMIT_BATCH_BYTES
                char name[16];
                snprintf(name, sizeof(name), "d%d", (int)i);
                assert_int_equal(freewmi_set_string(o, "Name", name), FREEWMI_OK);
                assert_int_equal(freewmi_set_uint64(o, "Size", i), FREEWMI_OK);
                OK(freewmi_put(p.wmi, ns, o, 0, NULL, &error));
        }
        freewmi_object_unref(o);
        freewmi_results *x, *left;
        OK(freewmi_instances(p.wmi, ns, "Disk", 0, &x, &error));
        OK(freewmi_query(p.wmi, ns, "SELECT * FROM Disk", &left, &error));
        OK(freewmi_results_next(left, &o, &error));
        freewmi_object_unref(o);
        assert_int_equal(drain(x, &sum), 200);
        assert_true(sum == 200 * 201 / 2);
        freewmi_close(p.wmi);
        // Results outlive the connection, and say so.
        freewmi_error e;
        assert_int_equal(freewmi_results_next(left, &o, &e), FREEWMI_GONE);
        freewmi_results_free(left);
        freewmi_service_free(p.service);
}

static void what_a_refusal_says(void **state)
{
        (void)state;
        Program p;
        start(&p);
        freewmi_error e;
        freewmi_object *o;
        freewmi_results *x;
        assert_int_equal(freewmi_query(p.wmi, ns, "SELECT * FORM Disk", &x, &e), FREEWMI_REFUSED);
        assert_int_equal(e.status, FREEWMI_E_INVALID_QUERY);
        assert_string_equal(e.operation, "ExecQuery");
        assert_string_equal(e.parameter, "SELECT * FORM Disk");
        assert_string_equal(e.provider, "WinMgmt");
        assert_true(e.offset == 9 && e.length == 4);
        assert_int_equal(freewmi_subscribe(p.wmi, ns, "SELECT * FROM Disk", 0, NULL, &e), FREEWMI_REFUSED);
        assert_int_equal(e.status, FREEWMI_E_NOT_EVENT_CLASS);
        assert_string_equal(e.operation, "ExecNotificationQuery");
        REFUSED(freewmi_get(p.wmi, "root/nowhere", "Disk", &o, &error), FREEWMI_E_INVALID_NAMESPACE);
        REFUSED(freewmi_get(p.wmi, ns, "Disk.Name=", &o, &error), FREEWMI_E_INVALID_OBJECT_PATH);
        REFUSED(freewmi_delete(p.wmi, ns, "Disk.Name", &error), FREEWMI_E_INVALID_OBJECT_PATH);
        REFUSED(freewmi_new(p.wmi, ns, "Dsk", &o, &error), FREEWMI_E_NOT_FOUND);
        stop(&p);
}

static void MOF_says_all_its_errors(void **state)
{
        (void)state;
        Program p;
        start(&p);
        freewmi_error e, all;
        const char *bad = "class A : Nothing { };\nclass B { uint99 X; };\n";
        assert_int_equal(freewmi_compile_mof(p.wmi, ns, "bad.mof", bad, strlen(bad), &e), FREEWMI_REFUSED);
        assert_string_equal(e.file, "bad.mof");
        assert_true(e.line >= 1 && e.column >= 1);
        assert_string_equal(e.operation, "ImportMof");
        int n = 0;
        for (; freewmi_mof_error(p.wmi, (size_t)n, &all) == FREEWMI_OK; n++)
                assert_true(all.status && all.message[0] && all.line);
        assert_int_equal(n, 2);
        OK(freewmi_compile_mof(p.wmi, ns, NULL, "", 0, &error));
        assert_int_equal(freewmi_mof_error(p.wmi, 0, &all), FREEWMI_NO_PROPERTY);
        assert_int_equal(freewmi_compile_mof(p.wmi, ns, NULL, NULL, 1, &e), FREEWMI_BAD_ARGUMENT);
        stop(&p);
}

// --- events --------------------------------------------------------------------------------------

static const freewmi_event *next(freewmi *w, int kind)
{
        const freewmi_event *event = NULL;
        freewmi_error e = {0};
        int r = freewmi_next(w, 10000, &event, &e);
        if (r != kind)
                fail_msg("%d instead of %d: %s", r, kind, e.message);
        assert_int_equal(event->kind, kind);
        return event;
}

static void none(freewmi *w)
{
        const freewmi_event *event;
        freewmi_error e;
        assert_int_equal(freewmi_next(w, 0, &event, &e), FREEWMI_NOTHING);
}

static void events_of_our_own(void **state)
{
        (void)state;
        Program p;
        start(&p);
        freewmi *other;
        uint32_t three, all;
        OK(freewmi_service_connect(p.service, "subscriber", &other, &error));
        OK(freewmi_subscribe(other, ns, "SELECT * FROM Tick WHERE Number = 3", 0, &three, &error));
        OK(freewmi_subscribe(other, ns, "SELECT * FROM Tick", 0, &all, &error));
        freewmi_object *tick = made(p.wmi, "Tick"), *tock = made(p.wmi, "Tock"), *disk = made(p.wmi, "Ssd");
        freewmi_error e;
        assert_int_equal(freewmi_set_string(disk, "Name", "sda"), FREEWMI_OK);
        assert_int_equal(freewmi_set_string(tick, "Text", "Gr\xC3\xBC\xC3\x9F" "e"), FREEWMI_OK);
        assert_int_equal(freewmi_set_object(tick, "Inside", disk), FREEWMI_OK);
        assert_int_equal(freewmi_set_int64(tick, "Number", 3), FREEWMI_OK);
        assert_int_equal(freewmi_publish(p.wmi, NULL, tick, &e), 2);
        assert_int_equal(freewmi_set_int64(tick, "Number", 4), FREEWMI_OK);
        uint64_t matched = 0, number;
        const freewmi_object *both[] = {tick, tock};
        OK(freewmi_publish_many(p.wmi, NULL, both, 2, &matched, &error));
        assert_true(matched == 2);
        REFUSED(freewmi_publish(p.wmi, NULL, disk, &error), FREEWMI_E_NOT_EVENT_CLASS);
        freewmi_object_unref(tick);
        freewmi_object_unref(tock);
        freewmi_object_unref(disk);
        const freewmi_event *event = next(other, FREEWMI_EVENT);
        assert_int_equal(event->subscription_count, 2);
        assert_true(event->subscriptions[0] == three && event->subscriptions[1] == all && event->subscription == three);
        assert_true(event->time > INT64_C(1000000000) * 1000000000);
        const char *s;
        const freewmi_object *inner, *kept = freewmi_object_ref(event->object);
        assert_int_equal(freewmi_get_string(kept, "Inside.Name", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "sda");
        assert_int_equal(freewmi_get_object(kept, "Inside", &inner), FREEWMI_OK);
        assert_true(freewmi_object_isa(inner, "Disk"));
        freewmi_object_ref(inner);
        event = next(other, FREEWMI_EVENT);
        assert_true(event->subscription_count == 1 && event->subscription == all);
        assert_int_equal(freewmi_get_uint64(event->object, "Number", &number), FREEWMI_OK);
        assert_true(number == 4);
        event = next(other, FREEWMI_EVENT);
        assert_string_equal(freewmi_object_class(event->object), "Tock");
        assert_int_equal(freewmi_get_uint64(event->object, "Number", &number), FREEWMI_IS_NULL);
        none(other);
        // An event is not to be changed, a copy is.
        freewmi_object *copy;
        assert_int_equal(freewmi_set_null((freewmi_object *)(uintptr_t)kept, "Number"), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_object_copy(kept, &copy), FREEWMI_OK);
        assert_int_equal(freewmi_set_int64(copy, "Number", 9), FREEWMI_OK);
        assert_int_equal(freewmi_publish(other, NULL, copy, &e), 1); // where it came from
        freewmi_object_unref(copy);
        OK(freewmi_unsubscribe(other, all, &error)); // what waits for it goes
        none(other);
        REFUSED(freewmi_unsubscribe(other, all, &error), FREEWMI_E_NOT_FOUND);
        freewmi_close(other);
        assert_int_equal(freewmi_get_string(kept, "Text", &s, NULL), FREEWMI_OK); // outlives its connection
        assert_string_equal(s, "Gr\xC3\xBC\xC3\x9F" "e");
        freewmi_object_unref(kept);
        assert_int_equal(freewmi_get_string(inner, "Name", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "sda");
        freewmi_object_unref(inner);
        freewmi_service_figures figures;
        freewmi_service_get_figures(p.service, &figures);
        assert_true(figures.clients >= 1 && figures.deliveries >= 4 && figures.drivers == 0);
        stop(&p);
}

static void changes_of_the_store_are_events(void **state)
{
        (void)state;
        Program p;
        start(&p);
        uint64_t size;
        OK(freewmi_subscribe(p.wmi, ns,
                             "SELECT * FROM __InstanceModificationEvent WHERE TargetInstance ISA \"Disk\" AND "
                             "TargetInstance.Size > 5",
                             0, NULL, &error));
        OK(put_disk(p.wmi, "Disk", "a", 1, 0, &error));
        OK(put_disk(p.wmi, "Disk", "a", 2, 0, &error));
        OK(put_disk(p.wmi, "Disk", "a", 7, 0, &error));
        const freewmi_event *event = next(p.wmi, FREEWMI_EVENT);
        assert_int_equal(freewmi_get_uint64(event->object, "TargetInstance.Size", &size), FREEWMI_OK);
        assert_true(size == 7);
        assert_int_equal(freewmi_get_uint64(event->object, "PreviousInstance.Size", &size), FREEWMI_OK);
        assert_true(size == 2);
        const freewmi_object *target;
        assert_int_equal(freewmi_get_object(event->object, "TargetInstance", &target), FREEWMI_OK);
        assert_string_equal(freewmi_object_path(target), "Disk.Name=\"a\"");
        assert_string_equal(freewmi_object_namespace(target), "root\\default");
        none(p.wmi);
        stop(&p);
}

// A queue of two, five events: the gap stands in the stream where it is, and is told by error too.
static void losses_cannot_be_overlooked(void **state)
{
        (void)state;
        Program p;
        start(&p);
        freewmi *other;
        freewmi_error e;
        const freewmi_event *event;
        OK(freewmi_service_connect(p.service, "subscriber", &other, &error));
        OK(freewmi_subscribe(other, ns, "SELECT * FROM Tick", 2, NULL, &error));
        freewmi_object *tick = made(p.wmi, "Tick");
        for (int64_t n = 0; n < 4000; n++) {
                assert_int_equal(freewmi_set_int64(tick, "Number", n), FREEWMI_OK);
                OK(freewmi_publish(p.wmi, NULL, tick, &error));
        }
        freewmi_object_unref(tick);
        uint64_t events = 0, lost = 0;
        int r;
        while ((r = freewmi_next(other, 0, &event, &e)) > 0) {
                if (r == FREEWMI_EVENT) {
                        events++;
                        continue;
                }
                assert_int_equal(r, FREEWMI_LOST);
                assert_null(event->object);
                assert_int_equal(e.status, FREEWMI_E_QUEUE_OVERFLOW);
                assert_int_equal(e.result, FREEWMI_LOST);
                assert_non_null(strstr(e.message, "events were lost"));
                int64_t v;
                assert_int_equal(freewmi_get_int64(event->object, "Number", &v), FREEWMI_BAD_ARGUMENT);
                assert_false(event->lost_at_source);
                lost += event->lost;
        }
        assert_true(lost > 0 && events + lost == 4000);
        freewmi_close(other);
        stop(&p);
}

static void ends_of_subscriptions_and_of_the_service(void **state)
{
        (void)state;
        Program p;
        start(&p);
        freewmi *other;
        freewmi_error e;
        const freewmi_event *event;
        OK(freewmi_service_connect(p.service, "subscriber", &other, &error));
        uint32_t id;
        OK(freewmi_subscribe(other, ns, "SELECT * FROM Tick", 7, &id, &error));
        assert_int_equal(freewmi_list_subscriptions(p.wmi, &e), 1);
        const freewmi_subscription *s = freewmi_subscription_at(p.wmi, 0);
        assert_string_equal(s->program, "subscriber");
        assert_string_equal(s->query, "SELECT * FROM Tick");
        assert_string_equal(s->ns, "root\\default");
        assert_true(s->subscription == id && s->pid == (uint32_t)getpid() && s->uid == geteuid() && s->queue == 7);
        assert_null(freewmi_subscription_at(p.wmi, 1));
        OK(freewmi_end_subscription(p.wmi, s->session, s->subscription, &error));
        REFUSED(freewmi_end_subscription(p.wmi, s->session, s->subscription, &error), FREEWMI_E_NOT_FOUND);
        assert_int_equal(freewmi_next(other, 10000, &event, &e), FREEWMI_ENDED);
        assert_true(event->status == FREEWMI_E_CALL_CANCELLED && event->subscription == id);
        assert_int_equal(e.status, FREEWMI_E_CALL_CANCELLED);
        assert_int_equal(freewmi_list_subscriptions(p.wmi, &e), 0);
        assert_null(freewmi_subscription_at(p.wmi, 0));
        // The service goes: what it sent first, then its end, for good.
        OK(freewmi_subscribe(other, ns, "SELECT * FROM Tick", 0, &id, &error));
        freewmi_object *tick = made(p.wmi, "Tick");
        OK(freewmi_publish(p.wmi, NULL, tick, &error));
        freewmi_object_unref(tick);
        freewmi_close(p.wmi);
        freewmi_service_free(p.service);
        assert_int_equal(freewmi_next(other, -1, &event, &e), FREEWMI_EVENT); // it does not run the service any more
        assert_int_equal(freewmi_next(other, -1, &event, &e), FREEWMI_ENDED);
        assert_int_equal(freewmi_next(other, -1, &event, &e), FREEWMI_GONE);
        freewmi_close(other);
}

static void a_service_that_goes_is_told(void **state)
{
        (void)state;
        freewmi_service *service;
        freewmi *w;
        freewmi_error e;
        const freewmi_event *event;
        int fd[2];
        OK(freewmi_service_new(NULL, &service, &error));
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        OK(freewmi_service_adopt(service, fd[0], &error));
        close(fd[1]); // a client that leaves without a word
        OK(freewmi_service_connect(service, "test", &w, &error));
        OK(freewmi_compile_mof(w, ns, "test.mof", mof, strlen(mof), &error));
        OK(freewmi_subscribe(w, ns, "SELECT * FROM Tick", 0, NULL, &error));
        freewmi_object *tick = made(w, "Tick");
        OK(freewmi_publish(w, NULL, tick, &error));
        freewmi_service_free(service);
        struct pollfd ready = {freewmi_fd(w), POLLIN, 0};
        assert_int_equal(poll(&ready, 1, 10000), 1);
        assert_int_equal(freewmi_next(w, 0, &event, &e), FREEWMI_EVENT);
        assert_int_equal(freewmi_next(w, 0, &event, &e), FREEWMI_ENDED);
        assert_int_equal(event->status, FREEWMI_E_SHUTTING_DOWN);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(freewmi_next(w, 0, &event, &e), FREEWMI_GONE);
                assert_int_equal(e.status, FREEWMI_E_TRANSPORT_FAILURE);
        }
        assert_int_equal(freewmi_publish(w, NULL, tick, &e), FREEWMI_GONE);
        freewmi_object_unref(tick);
        freewmi_close(w);
}

// --- embedding -----------------------------------------------------------------------------------

static unsigned count_in(const char *directory)
{
        DIR *d = opendir(directory);
        unsigned n = 0;
        assert_non_null(d);
        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

// A thread that was joined may be seen for a moment yet.
static void until_threads(unsigned n)
{
        for (int i = 0; i < 10000 && count_in("/proc/self/task") != n; i++)
                poll(NULL, 0, 1);
        assert_int_equal(count_in("/proc/self/task"), n);
}

// No thread that was not asked for, and nothing is left open.
static void nothing_that_was_not_asked_for(void **state)
{
        (void)state;
        unsigned fds = count_in("/proc/self/fd"), threads = count_in("/proc/self/task");
        Program p;
        start(&p);
        OK(put_disk(p.wmi, "Disk", "a", 1, 0, &error));
        assert_int_equal(count_in("/proc/self/task"), threads);
        stop(&p);
        assert_int_equal(count_in("/proc/self/fd"), fds);
}

static void a_file_a_socket_a_thread(void **state)
{
        (void)state;
        char directory[] = "/tmp/freewmi-api-XXXXXX", file[64], socket_path[64];
        assert_non_null(mkdtemp(directory));
        snprintf(file, sizeof(file), "%s/store.db", directory);
        snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
        unsigned threads = count_in("/proc/self/task");
        freewmi_service_config config = {.repository = file, .storage_thread = true, .socket = socket_path};
        freewmi_service *service, *second;
        freewmi *w;
        OK(freewmi_service_new(&config, &service, &error));
        assert_int_equal(access(file, F_OK), 0);
        assert_int_equal(access(socket_path, F_OK), 0);
        unsigned with = count_in("/proc/self/task");
        assert_true(with > threads);
        REFUSED(freewmi_service_new(&config, &second, &error), FREEWMI_E_ALREADY_EXISTS);
        OK(freewmi_service_connect(service, "test", &w, &error));
        OK(freewmi_compile_mof(w, ns, "test.mof", mof, strlen(mof), &error));
        OK(put_disk(w, "Disk", "kept", 5, 0, &error));
        freewmi_close(w);
        freewmi_service_free(service);
        assert_int_not_equal(access(socket_path, F_OK), 0);
        until_threads(with - 1);
        // It is there when the service comes back, without a thread this time.
        config.storage_thread = false;
        config.socket = NULL;
        OK(freewmi_service_new(&config, &service, &error));
        OK(freewmi_service_connect(service, "test", &w, &error));
        freewmi_object *o;
        OK(freewmi_get(w, ns, "Disk=\"kept\"", &o, &error));
        freewmi_object_unref(o);
        freewmi_close(w);
        freewmi_service_free(service);
        const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "store.db-lock", "store.db.lock"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                char path[96];
                snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
                unlink(path);
        }
        rmdir(directory);
        config.repository = "/nowhere/at/all.db";
        freewmi_error e;
        assert_int_equal(freewmi_service_new(&config, &service, &e), FREEWMI_REFUSED);
        assert_non_null(strstr(e.message, "/nowhere/at/all.db"));
}

// --- a service made of bytes ---------------------------------------------------------------------

typedef struct Peer {
        int fd;
        int stop; // what the pump returns
        unsigned done;
} Peer;

static int peer_pump(void *context)
{
        const Peer *p = context;
        return p->stop;
}

static void peer_done(void *context)
{
        Peer *p = context;
        p->done++;
}

static freewmi *peer_start(Peer *p)
{
        int fd[2];
        Buf hello = {0};
        freewmi *w = NULL;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        wire_put_HELLO_reply(&hello, 1, &(Wire_HELLO_Reply){.version = WIRE_VERSION, .id = 1});
        assert_int_equal(send(fd[1], hello.p, hello.n, 0), hello.n);
        buf_deinit(&hello);
        *p = (Peer){.fd = fd[1]};
        const freewmi_pump pump = {peer_pump, peer_done, p, -1};
        OK(freewmi_connect_fd(fd[0], "test", &pump, &w, &error));
        return w;
}

static void peer_say(Peer *p, Buf *take)
{
        assert_int_equal(send(p->fd, take->p, take->n, 0), take->n);
        buf_deinit(take);
        *take = (Buf){0};
}

static void hostile_services(void **state)
{
        (void)state;
        Peer p;
        freewmi *w = peer_start(&p);
        freewmi_error e;
        const freewmi_event *event;
        Buf b = {0}, bundle = {0}, envelope = {0};
        // A driver's coming is told to those who want to know.
        for (int i = 0; i < 2; i++)
                wire_put_HOST_NOTICE(&b, 0, &(Wire_HOST_NOTICE){.name = STR("toaster"), .text = STR("gone"), .pid = 7, .gone = 1});
        peer_say(&p, &b);
        freewmi_tell_drivers(w, true);
        assert_int_equal(freewmi_next(w, 1000, &event, &e), FREEWMI_DRIVER);
        assert_string_equal(event->driver, "toaster");
        assert_string_equal(event->text, "gone");
        assert_true(event->driver_gone && event->driver_pid == 7);
        freewmi_tell_drivers(w, false);
        none(w);
        wire_put_LOST(&b, 0, &(Wire_LOST){.subscription = 9, .source = 1, .count = 5});
        peer_say(&p, &b);
        event = next(w, FREEWMI_LOST);
        assert_true(event->lost == 5 && event->lost_at_source && event->subscription == 9);
        // Nobody answers, then the pump has had enough.
        freewmi_set_timeout(w, 10);
        freewmi_object *o;
        assert_int_equal(freewmi_get(w, ns, "X", &o, &e), FREEWMI_TIMED_OUT);
        assert_int_equal(e.status, FREEWMI_E_TIMED_OUT);
        p.stop = -5;
        assert_int_equal(freewmi_get(w, ns, "X", &o, &e), FREEWMI_STOPPED);
        assert_int_equal(freewmi_next(w, -1, &event, &e), FREEWMI_STOPPED);
        p.stop = 0;
        none(w);
        // An event whose values are not those of its class: the end, for good.
        CimPropertySpec spec = {.name = STR("Number"), .type = CIM_UINT32};
        CimClassSpec class_spec = {.name = STR("Tick"), .properties = &spec, .property_count = 1};
        CimClass *c;
        Diag d;
        const uint32_t id = 1;
        assert_int_equal(cim_class_new(&class_spec, NULL, NULL, NULL, &c, &d), 0);
        assert_int_equal(cim_codec_write_class(c, &bundle), 0);
        wire_put_CLASS(&b, 0, &(Wire_CLASS){.handle = 3, .namespace = STR("root"), .bundle = {(char *)bundle.p, bundle.n}});
        wire_envelope_write(&(CimEnvelope){.kind = CIM_PAYLOAD_INSTANCE, .payload = (const uint8_t *)"zz", .payload_size = 2},
                            &envelope);
        wire_put_EVENT(&b, 0,
                       &(Wire_EVENT){.subscriptions = {(const char *)&id, 4},
                                     .handle = 3,
                                     .envelope = {(char *)envelope.p, envelope.n}});
        wire_put_LOST(&b, 0, &(Wire_LOST){.subscription = 9, .count = 5});
        peer_say(&p, &b);
        assert_int_equal(freewmi_next(w, 1000, &event, &e), FREEWMI_GONE);
        assert_non_null(strstr(e.message, "cannot be read"));
        assert_int_equal(freewmi_next(w, 1000, &event, &e), FREEWMI_GONE);
        assert_int_equal(freewmi_get(w, ns, "X", &o, &e), FREEWMI_GONE);
        assert_int_equal(freewmi_subscribe(w, ns, "X", 0, NULL, NULL), FREEWMI_GONE);
        buf_deinit(&bundle);
        buf_deinit(&envelope);
        cim_class_unref(c);
        assert_int_equal(p.done, 0);
        freewmi_close(w);
        assert_int_equal(p.done, 1);
        close(p.fd);
        // Rubbish.
        w = peer_start(&p);
        assert_int_equal(send(p.fd, "SSH-2.0-OpenSSH\r\n", 17, 0), 17);
        assert_int_equal(freewmi_next(w, 1000, &event, &e), FREEWMI_GONE);
        assert_non_null(strstr(e.message, "not in the protocol"));
        freewmi_close(w);
        close(p.fd);
}

static void arguments(void **state)
{
        (void)state;
        freewmi_error e;
        freewmi *w = NULL;
        freewmi_object *o;
        freewmi_results *x;
        const freewmi_event *event;
        char *huge = calloc(1, LIMIT_REQUEST_BYTES + 1);
        assert_non_null(huge);
        memset(huge, 'a', LIMIT_REQUEST_BYTES);
        assert_int_equal(freewmi_connect("/nowhere", NULL, &w, &e), FREEWMI_REFUSED);
        assert_int_equal(e.status, FREEWMI_E_TRANSPORT_FAILURE);
        assert_int_equal(freewmi_connect("/nowhere", NULL, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_connect_fd(-1, NULL, NULL, &w, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_connect_fd(dup(0), NULL, NULL, NULL, &e), FREEWMI_BAD_ARGUMENT);
        Peer peer = {0};
        freewmi_pump pump = {NULL, peer_done, &peer, -1};
        assert_int_equal(freewmi_connect_fd(dup(0), NULL, &pump, &w, &e), FREEWMI_BAD_ARGUMENT);
        pump.run = peer_pump;
        assert_int_equal(freewmi_connect_fd(open("/dev/null", O_RDONLY), NULL, &pump, &w, &e), FREEWMI_SYSTEM);
        assert_int_equal(peer.done, 2);
        assert_int_equal(freewmi_subscribe(NULL, ns, "x", 0, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_next(NULL, 0, &event, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_fd(NULL), -1);
        assert_int_equal(freewmi_service_new(NULL, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_service_dispatch(NULL), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_service_connect(NULL, "x", &w, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_service_adopt(NULL, dup(0), &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_service_fd(NULL), -1);
        freewmi_service_free(NULL);
        freewmi_close(NULL);
        freewmi_results_free(NULL);
        Program p;
        start(&p);
        w = p.wmi;
        assert_int_equal(freewmi_subscribe(w, NULL, "x", 0, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_next(w, 0, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_get(w, ns, NULL, &o, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_get(w, ns, "Disk", NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_get(w, ns, huge, &o, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_new(w, ns, "Disk", NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_put(w, ns, NULL, 0, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_delete(w, ns, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_query(w, ns, NULL, &x, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_instances(w, ns, "Disk", 0, NULL, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_results_next(NULL, &o, &e), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_publish(w, ns, NULL, &e), FREEWMI_BAD_ARGUMENT);
        OK(freewmi_publish_many(w, ns, NULL, 0, NULL, &error));
        // An object too large for one request is refused, and the connection stays.
        o = made(w, "Disk");
        assert_int_equal(freewmi_set_string(o, "Name", huge), FREEWMI_OK);
        assert_true(freewmi_put(w, ns, o, 0, NULL, &e) == FREEWMI_REFUSED);
        freewmi_object_unref(o);
        OK(freewmi_get(w, ns, "Disk", &o, &error));
        freewmi_object_unref(o);
        stop(&p);
        free(huge);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(objects_of_the_store),
                TEST(large_enumerations_come_in_batches),
                TEST(what_a_refusal_says),
                TEST(MOF_says_all_its_errors),
                TEST(events_of_our_own),
                TEST(changes_of_the_store_are_events),
                TEST(losses_cannot_be_overlooked),
                TEST(ends_of_subscriptions_and_of_the_service),
                TEST(a_service_that_goes_is_told),
                TEST(nothing_that_was_not_asked_for),
                TEST(a_file_a_socket_a_thread),
                TEST(hostile_services),
                TEST(arguments),
                TEST_END,
        });
}
