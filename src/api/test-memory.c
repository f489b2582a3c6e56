// SPDX-License-Identifier: MIT
// api: every allocation fails in turn, once or from there on. Each call then says FREEWMI_NO_MEMORY or succeeds (or the
// connection has gone, when the service's half of the program was hit), nothing is left behind (the sanitized run sees
// leaks), and afterwards the program works as before.
//
// The linker sends malloc, calloc, realloc and strndup of our libraries through the functions below (--wrap).
#include <sys/types.h>

#include <freewmi/service.h>

#include "base/testkit.h"

static size_t until_failure = SIZE_MAX; // allocations that still succeed
static bool fail_once;
static bool failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strndup(const char *s, size_t n);

static bool fails(void)
{
        if (until_failure == SIZE_MAX || until_failure--)
                return false;
        until_failure = fail_once ? SIZE_MAX : 0;
        failed = true;
        return true;
}

void *__wrap_malloc(size_t n)
{
        return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
        return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
        return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return fails() ? NULL : __real_strndup(s, n);
}

static const char mof[] = "class Disk { [key] string Name; uint64 Size; string Labels[]; object Inside; uint8 Bytes[]; };\n"
                          "class Tick : __ExtrinsicEvent { uint32 Number; object Inside; };\n";
static const char ns[] = "root/default";

typedef struct Program {
        freewmi_service *service;
        freewmi *wmi;
} Program;

static bool started(Program *p)
{
        freewmi_error e;
        *p = (Program){0};
        return freewmi_service_new(NULL, &p->service, &e) == 0 &&
               freewmi_service_connect(p->service, "test", &p->wmi, &e) == 0 &&
               freewmi_compile_mof(p->wmi, ns, "test.mof", mof, strlen(mof), &e) == 0;
}

static void stop(Program *p)
{
        freewmi_close(p->wmi);
        freewmi_service_free(p->service);
}

static bool plausible(int r)
{
        return r >= 0 || (failed && (r == FREEWMI_NO_MEMORY || r == FREEWMI_GONE || r == FREEWMI_REFUSED ||
                                     r == FREEWMI_TIMED_OUT || r == FREEWMI_SYSTEM));
}

#define PLAUSIBLE(call)                                                                                      \
        do {                                                                                                 \
                int r_ = (call);                                                                             \
                size_t left_ = until_failure;                                                                \
                until_failure = SIZE_MAX;                                                                    \
                if (!plausible(r_))                                                                          \
                        fail_msg("%s: %s", #call, freewmi_result_name(r_));                                  \
                until_failure = left_;                                                                       \
        } while (0)

// --- objects -------------------------------------------------------------------------------------

static void read_all(const freewmi_object *o)
{
        const char *s;
        const uint8_t *p;
        const freewmi_object *inside;
        size_t n;
        PLAUSIBLE(freewmi_get_string(o, "Name", &s, &n));
        PLAUSIBLE(freewmi_get_string_at(o, "Labels", 1, &s, &n));
        PLAUSIBLE(freewmi_get_text(o, "Labels[1]", &s));
        PLAUSIBLE(freewmi_get_text(o, "Size", &s));
        PLAUSIBLE(freewmi_get_bytes(o, "Bytes", &p, &n));
        PLAUSIBLE(freewmi_get_string(o, "Inside.Name", &s, &n));
        PLAUSIBLE(freewmi_get_object(o, "Inside", &inside));
        PLAUSIBLE(freewmi_get_string(o, "__CLASS", &s, &n));
        freewmi_object_path(o);
        freewmi_object_mof(o);
}

static void write_all(freewmi_object *o, const freewmi_object *inside)
{
        const char *const labels[] = {"a", "b"};
        const freewmi_object *held;
        freewmi_object *copy = NULL;
        PLAUSIBLE(freewmi_set_string(o, "Name", "x"));
        PLAUSIBLE(freewmi_set_uint64(o, "Size", 5));
        PLAUSIBLE(freewmi_set_strings(o, "Labels", labels, 2));
        PLAUSIBLE(freewmi_set_bytes(o, "Bytes", "ab", 2));
        PLAUSIBLE(freewmi_set_object(o, "Inside", inside));
        if (freewmi_get_object(o, "Inside", &held) == FREEWMI_OK) {
                freewmi_object_ref(held);
                PLAUSIBLE(freewmi_set_object(o, "Inside", inside));
                freewmi_object_unref(held);
        }
        PLAUSIBLE(freewmi_object_copy(o, &copy));
        freewmi_object_unref(copy);
}

static void objects_without_memory(void **state)
{
        (void)state;
        Program p;
        freewmi_error e;
        freewmi_object *class, *inside, *o;
        assert_true(started(&p));
        assert_int_equal(freewmi_get(p.wmi, ns, "Disk", &class, &e), 0);
        assert_int_equal(freewmi_object_spawn(class, &inside), 0);
        assert_int_equal(freewmi_set_string(inside, "Name", "inner"), 0);
        for (int once = 0; once < 2; once++)
                for (size_t n = 0;; n++) {
                        failed = false;
                        fail_once = once;
                        until_failure = n;
                        int r = freewmi_object_spawn(class, &o);
                        PLAUSIBLE(r);
                        if (r == FREEWMI_OK) {
                                write_all(o, inside);
                                until_failure = SIZE_MAX;
                                // What failed left the values whole: all of it can be set again.
                                const char *s;
                                assert_int_equal(freewmi_set_string(o, "Name", "x"), 0);
                                assert_int_equal(freewmi_set_strings(o, "Labels", (const char *[]){"a", "b"}, 2), 0);
                                assert_int_equal(freewmi_set_bytes(o, "Bytes", "ab", 2), 0);
                                assert_int_equal(freewmi_set_object(o, "Inside", inside), 0);
                                until_failure = failed ? SIZE_MAX : n;
                                read_all(o);
                                until_failure = SIZE_MAX;
                                assert_int_equal(freewmi_get_string(o, "Inside.Name", &s, NULL), 0);
                                assert_string_equal(s, "inner");
                                assert_non_null(freewmi_object_mof(o));
                                freewmi_object_unref(o);
                        }
                        until_failure = SIZE_MAX;
                        if (!failed)
                                break;
                }
        freewmi_object_unref(inside);
        freewmi_object_unref(class);
        stop(&p);
}

// --- a whole program -----------------------------------------------------------------------------

static void use(freewmi *w)
{
        freewmi_error e;
        freewmi_object *o, *got;
        freewmi_results *x;
        const freewmi_event *event;
        freewmi_set_timeout(w, 50);
        PLAUSIBLE(freewmi_subscribe(w, ns, "SELECT * FROM Tick", 0, NULL, &e));
        if (freewmi_new(w, ns, "Disk", &o, &e) == 0) {
                freewmi_set_string(o, "Name", "a");
                PLAUSIBLE(freewmi_put(w, ns, o, 0, NULL, &e));
                freewmi_object_unref(o);
        }
        if (freewmi_query(w, ns, "SELECT * FROM Disk", &x, &e) == 0) {
                int r;
                while ((r = freewmi_results_next(x, &got, &e)) > 0)
                        freewmi_object_unref(got);
                PLAUSIBLE(r);
                freewmi_results_free(x);
        }
        if (freewmi_new(w, ns, "Tick", &o, &e) == 0) {
                PLAUSIBLE(freewmi_publish(w, ns, o, &e));
                freewmi_object_unref(o);
        }
        PLAUSIBLE(freewmi_list_subscriptions(w, &e));
        PLAUSIBLE(freewmi_compile_mof(w, ns, "bad.mof", "x", 1, &e) == FREEWMI_REFUSED ? 0 : FREEWMI_NO_MEMORY);
        int r, again = 0;
        while ((r = freewmi_next(w, 0, &event, &e)) > 0 || (r == FREEWMI_NO_MEMORY && again++ < 3))
                if (r == FREEWMI_NO_MEMORY)
                        until_failure = SIZE_MAX; // asked for again, it comes
        PLAUSIBLE(r);
}

static void a_program_without_memory(void **state)
{
        (void)state;
        for (int once = 0; once < 2; once++)
                for (size_t n = 0;; n += once ? 3 : 7) {
                        Program p;
                        assert_true(started(&p));
                        failed = false;
                        fail_once = once;
                        until_failure = n;
                        use(p.wmi);
                        until_failure = SIZE_MAX;
                        bool over = !failed;
                        // The service is whole for the next client.
                        freewmi *other;
                        freewmi_error e;
                        freewmi_object *o;
                        assert_int_equal(freewmi_service_connect(p.service, "other", &other, &e), 0);
                        assert_int_equal(freewmi_get(other, ns, "Disk", &o, &e), 0);
                        freewmi_object_unref(o);
                        freewmi_close(other);
                        stop(&p);
                        if (!over)
                                continue;
                        assert_true(n > 100); // the calls do allocate
                        printf("# %s: about %zu allocations\n", once ? "one" : "all from one on", n);
                        break;
                }
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(objects_without_memory), TEST(a_program_without_memory), TEST_END});
}
