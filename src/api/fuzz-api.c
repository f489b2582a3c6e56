// SPDX-License-Identifier: MIT
// Fuzz target: the same hostile service as fuzz-client's, seen through the C API. Whatever comes, every kind of getter
// answers, text is UTF-8 that ends, and errors have words.
#include <sys/types.h>
#include <sys/socket.h>
#include <unistd.h>

#include <freewmi/freewmi.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fuzzkit.h"
#include "base/utf.h"
#include "wire/message.h"

typedef struct Peer {
        int fd;
        const uint8_t *data;
        size_t size;
} Peer;

static int peer_pump(void *context)
{
        Peer *p = context;
        char sink[4096];
        while (recv(p->fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
                ;
        ssize_t n = p->size ? send(p->fd, p->data, p->size, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
        if (n > 0) {
                p->data += n;
                p->size -= (size_t)n;
        }
        if (!p->size)
                shutdown(p->fd, SHUT_WR);
        return 0;
}

static void check_text(const char *s, size_t n)
{
        REQUIRE(s[n] == '\0' && utf8_valid(s, n, NULL));
}

static void check_error(int r, const freewmi_error *e)
{
        char text[2048];
        if (r >= 0)
                return;
        REQUIRE(e->result == r && e->status && e->message[0] && *freewmi_result_name(r));
        REQUIRE(memchr(e->message, 0, sizeof(e->message)) && memchr(e->parameter, 0, sizeof(e->parameter)));
        freewmi_error_text(e, text, sizeof(text));
        REQUIRE(text[0]);
}

static void check_object(const freewmi_object *o, unsigned depth);

// Exactly one family of getters reads a scalar that is there.
static void check_property(const freewmi_object *o, const char *name, unsigned depth)
{
        int64_t i;
        uint64_t u;
        double d;
        bool b;
        const char *s;
        const uint8_t *p;
        const freewmi_object *inside;
        size_t n = 0;
        int type = freewmi_get_type(o, name);
        REQUIRE(type > 0);
        freewmi_get_int64(o, name, &i);
        freewmi_get_uint64(o, name, &u);
        freewmi_get_double(o, name, &d);
        freewmi_get_bool(o, name, &b);
        freewmi_get_time(o, name, &i);
        if (freewmi_get_string(o, name, &s, &n) == FREEWMI_OK)
                check_text(s, n);
        if (freewmi_get_bytes(o, name, &p, &n) == FREEWMI_OK && n)
                (void)*(const volatile uint8_t *)&p[n - 1];
        if (freewmi_get_object(o, name, &inside) == FREEWMI_OK)
                check_object(inside, depth + 1);
        if (freewmi_get_count(o, name, &n) == FREEWMI_OK) {
                REQUIRE(type & FREEWMI_ARRAY);
                for (size_t k = 0; k < n && k < 8; k++) {
                        size_t length;
                        if (freewmi_get_string_at(o, name, k, &s, &length) == FREEWMI_OK)
                                check_text(s, length);
                        if (freewmi_get_object_at(o, name, k, &inside) == FREEWMI_OK)
                                check_object(inside, depth + 1);
                        freewmi_get_int64_at(o, name, k, &i);
                }
                REQUIRE(freewmi_get_int64_at(o, name, n, &i) == FREEWMI_NO_PROPERTY);
        }
        if (!depth)
                REQUIRE(freewmi_get_text(o, name, &s) == FREEWMI_OK);
}

static void check_object(const freewmi_object *o, unsigned depth)
{
        static const char *const system[] = {"__GENUS",          "__CLASS",      "__SUPERCLASS", "__DYNASTY",   "__RELPATH",
                                             "__PROPERTY_COUNT", "__DERIVATION", "__SERVER",     "__NAMESPACE", "__PATH"};
        const char *name;
        REQUIRE(freewmi_object_class(o) && freewmi_object_namespace(o));
        for (size_t i = 0; (name = freewmi_object_property(o, i)) != NULL && i < 64; i++)
                check_property(o, name, depth);
        for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
                check_property(o, system[i], depth);
        freewmi_object_path(o);
        if (!depth)
                REQUIRE(freewmi_object_mof(o));
}

static void check_results(freewmi_results *take, freewmi_error *e)
{
        freewmi_object *o, *fresh;
        int r = 0;
        for (int n = 0; n < 64 && (r = freewmi_results_next(take, &o, e)) > 0; n++) {
                check_object(o, 0);
                REQUIRE(freewmi_object_spawn(o, &fresh) == FREEWMI_OK);
                freewmi_object_unref(fresh);
                freewmi_object_unref(o);
        }
        check_error(r, e);
        freewmi_results_free(take);
}

static void check_calls(freewmi *w)
{
        freewmi_error e;
        freewmi_object *o;
        freewmi_results *x;
        int r = freewmi_get(w, "root", "Thing", &o, &e);
        check_error(r, &e);
        if (r == FREEWMI_OK) {
                check_object(o, 0);
                check_error(freewmi_put(w, "root", o, 0, NULL, &e), &e);
                freewmi_object_unref(o);
        }
        r = freewmi_query(w, "root", "q", &x, &e);
        check_error(r, &e);
        if (r == FREEWMI_OK)
                check_results(x, &e);
        r = freewmi_list_subscriptions(w, &e);
        check_error(r, &e);
        for (int i = 0; i < r; i++)
                REQUIRE(freewmi_subscription_at(w, (size_t)i)->query);
        r = freewmi_compile_mof(w, "root", "x.mof", "x", 1, &e);
        check_error(r, &e);
        if (r == FREEWMI_REFUSED)
                REQUIRE(freewmi_mof_error(w, 0, &e) == FREEWMI_OK || freewmi_mof_error(w, 0, &e) == FREEWMI_NO_PROPERTY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        int fd[2];
        freewmi *w;
        freewmi_error e;
        Buf hello = {0};
        wire_put_HELLO_reply(&hello, 1, &(Wire_HELLO_Reply){.version = WIRE_VERSION, .id = 1});
        buf_put(&hello, data, size);
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
        Peer p = {fd[1], hello.p, hello.n};
        const freewmi_pump pump = {peer_pump, NULL, &p, -1};
        int r = freewmi_connect_fd(fd[0], "fuzz", &pump, &w, &e);
        check_error(r, &e);
        if (r == FREEWMI_OK) {
                freewmi_set_timeout(w, -1);
                freewmi_tell_drivers(w, true);
                check_error(freewmi_subscribe(w, "root", "q", 0, NULL, &e), &e);
                check_calls(w);
                const freewmi_event *event;
                while ((r = freewmi_next(w, -1, &event, &e)) > 0) {
                        REQUIRE((event->object != NULL) == (r == FREEWMI_EVENT));
                        if (event->object)
                                check_object(event->object, 0);
                }
                REQUIRE(r == FREEWMI_GONE);
                check_error(r, &e);
                freewmi_close(w);
        }
        close(fd[1]);
        buf_deinit(&hello);
        return 0;
}
