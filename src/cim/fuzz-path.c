// SPDX-License-Identifier: MIT
// Any bytes as an object path.
//
// Invariants: it is refused with a place inside the text, or what it prints as parses to the same parts and
// prints the same again; in any class it has the same key, or is refused alike, as what it prints as; an
// instance made from its keys has that key too, and so has the instance's own path.
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf.h"
#include "cim/path.h"
#include "cim/test-cim.h"

#define KEY(n, t) P(n, t, QUALIFIERS(QB("key")))
#define NS        STR("root\\x")

enum { CLASSES = 5 };
static CimClass *classes[CLASSES];

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s\n", what);
        abort();
}

static void set_up(void)
{
        const CimClassSpec specs[CLASSES] = {
                CLASS("A", PROPERTIES(KEY("s", CIM_STRING))),
                CLASS("A", PROPERTIES(KEY("r", CIM_REFERENCE))),
                CLASS("A", PROPERTIES(KEY("i", CIM_SINT16), KEY("u", CIM_UINT64), P("x", CIM_UINT8))),
                CLASS("A", PROPERTIES(KEY("c", CIM_CHAR16), KEY("b", CIM_BOOLEAN), KEY("t", CIM_DATETIME))),
                CLASS("A", QUALIFIERS(QB("singleton"))),
        };
        for (size_t i = 0; i < CLASSES; i++)
                must(cim_class_new(&specs[i], NULL, NULL, NULL, &classes[i], NULL) == 0, "the classes stand");
}

static void must_be_inside(const Diag *d, size_t n)
{
        size_t at;
        must(d->offset <= n && d->length <= n - d->offset, "the place is inside the text");
        must(d->line >= 1 && d->column >= 1, "line and column are told");
        must(d->code != 0 && d->message[0], "code and message are told");
        must(utf8_valid(d->message, strlen(d->message), &at) && utf8_valid(d->hint, strlen(d->hint), &at),
             "the message is text");
}

static bool same_parts(const CimPath *a, const CimPath *b)
{
        bool same = str_eq(a->server, b->server) && str_eq(a->namespace, b->namespace) &&
                    str_eq(a->class_name, b->class_name) && a->singleton == b->singleton &&
                    a->key_count == b->key_count;
        for (size_t i = 0; i < a->key_count && same; i++)
                same = str_eq(a->keys[i].name, b->keys[i].name) &&
                       cim_value_same(&a->keys[i].value, &b->keys[i].value);
        return same;
}

static bool same_bytes(const Buf *a, const Buf *b)
{
        return a->n == b->n && (!a->n || memcmp(a->p, b->p, a->n) == 0);
}

// The instance that a path with a key means; its own path has the same key, unless it is too long to be said.
static void must_be_an_instance(const CimPath *p, const CimClass *c, const Buf *key)
{
        Arena a = {0};
        CimInstance *i;
        Buf again = {0}, path = {0};
        CimPath own;
        must(cim_instance_new(c, &i) == 0, "memory");
        for (size_t k = 0; k < p->key_count; k++) {
                int at = p->keys[k].name.n ? cim_class_property(c, p->keys[k].name) : 0;
                must(at >= 0, "a key is a property");
                i->values[at] = p->keys[k].value;
                if (c->properties[at].type == CIM_CHAR16 && p->keys[k].value.type == CIM_STRING)
                        i->values[at] = VU(CIM_CHAR16, p->keys[k].value.string.p[0]);
                i->values[at].type = c->properties[at].type;
        }
        must(cim_instance_key(i, NS, &again, NULL) == 0 && same_bytes(key, &again),
             "the instance has the path's key");
        if (cim_instance_relpath(i, &path, NULL) == 0) {
                again.n = 0;
                must(cim_path_parse((Str){(char *)path.p, path.n}, &a, &own, NULL) == 0,
                     "an instance's path parses");
                must(cim_path_key(&own, c, NS, &again, NULL) == 0 && same_bytes(key, &again),
                     "an instance's path leads to it");
        }
        buf_deinit(&again);
        buf_deinit(&path);
        cim_instance_unref(i);
        arena_deinit(&a);
}

static void must_have_one_key(const CimPath *p, const CimPath *printed)
{
        for (size_t i = 0; i < CLASSES; i++) {
                Buf one = {0}, two = {0};
                Diag d = {0}, d2 = {0};
                int r = cim_path_key(p, classes[i], NS, &one, &d),
                    r2 = cim_path_key(printed, classes[i], NS, &two, &d2);
                must(r == r2 && d.code == d2.code && same_bytes(&one, &two),
                     "what is printed has the same key");
                must(r == 0 ? one.n > 0 : one.n == 0 && d.message[0], "a key or a reason");
                if (r == 0)
                        must_be_an_instance(p, classes[i], &one);
                buf_deinit(&one);
                buf_deinit(&two);
        }
}

static void must_round_trip(const CimPath *p, Arena *a)
{
        Buf text = {0}, twice = {0};
        CimPath again;
        Diag d = {0};
        cim_path_print(p, &text);
        // Quotes of the other kind and hexadecimal numbers can make it longer than it came.
        if (cim_path_units((Str){(char *)text.p, text.n}) <= LIMIT_PATH_CHARS) {
                must(cim_path_parse((Str){(char *)text.p, text.n}, a, &again, &d) == 0,
                     "what is printed parses");
                must(same_parts(p, &again), "what is printed parses to the same");
                cim_path_print(&again, &twice);
                must(same_bytes(&text, &twice), "what is printed prints the same");
                must_have_one_key(p, &again);
        }
        buf_deinit(&text);
        buf_deinit(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!classes[0])
                set_up();
        Arena a = {0};
        Diag d = {0};
        CimPath p;
        int r = cim_path_parse((Str){(const char *)data, size}, &a, &p, &d);
        if (r == E_DIAG) {
                must_be_inside(&d, size);
        } else {
                must(r == 0, "no other result");
                must_round_trip(&p, &a);
        }
        arena_deinit(&a);
        return 0;
}
