// SPDX-License-Identifier: MIT
// Fuzz target: sets of classes and objects, as they come from another process. What reads must be what is
// written: the declarations and values byte for byte, the set from then on. Classes have a text and decode
// any block without harm.
#include "base/fuzzkit.h"
#include "cim/codec.h"

#include <stdio.h>
#include <stdlib.h>

#include "cim/text.h"

// Numbers of classes for what the fuzzer's bytes hold directly.
typedef struct Known {
        const CimClass *list[64];
        uint32_t count;
} Known;

static int known_number(void *context, const CimClass *c, Str namespace, uint32_t *ret)
{
        (void)namespace;
        const Known *k = context;
        for (*ret = 0; *ret < k->count; ++*ret)
                if (k->list[*ret] == c)
                        return 0;
        return -ENOENT;
}

static const CimClass *known_find(void *context, uint32_t number, Str *ret_namespace)
{
        const Known *k = context;
        *ret_namespace = STR("root\\fuzz");
        return number < k->count ? k->list[number] : NULL;
}

static void same_bytes(const Buf *b, const uint8_t *p, size_t n)
{
        REQUIRE(b->n == n && (!n || memcmp(b->p, p, n) == 0));
}

// Any bytes as the values of a class: refused, or written to the same bytes; also when nothing is wanted.
static void fuzz_values(const CimClass *c, Known *known, const uint8_t *data, size_t size)
{
        CimClassTable table = {known_number, known_find, known};
        CimInstance *i;
        CimBlockError e = {0};
        uint64_t none = 0;
        CimWant nothing = {&none, 1};
        REQUIRE(cim_instance_new(c, &i) == 0);
        int r = cim_codec_read_values(data, size, c, NULL, &table, i->owner, i->values, &e);
        REQUIRE(r == 0 || (r == 1 && e.says[0] && e.offset <= size));
        int again = cim_codec_read_values(data, size, c, c->property_count > 64 ? NULL : &nothing, &table,
                                          i->owner, i->values, NULL);
        REQUIRE(again == r);
        if (r == 0) {
                Buf b = {0};
                REQUIRE(cim_codec_write_values(i, &table, &b) == 0);
                same_bytes(&b, data, size);
                buf_deinit(&b);
        }
        cim_instance_unref(i);
}

// Any bytes as a declaration.
static void fuzz_declared(Known *known, const uint8_t *data, size_t size)
{
        CimClassTable table = {known_number, known_find, known};
        Arena a = {0};
        CimClassSpec spec;
        Str super;
        Diag d = {0};
        CimClass *c;
        int r = cim_codec_read_declared(data, size, &table, &a, &spec, &super, &d);
        REQUIRE(r == 0 || (r == E_DIAG && d.message[0] && d.offset <= size));
        if (r == 0 && !super.n && cim_class_new(&spec, NULL, NULL, NULL, &c, &d) == 0) {
                Buf b = {0};
                REQUIRE(cim_codec_write_declared(c, &table, &b) == 0);
                same_bytes(&b, data, size);
                buf_deinit(&b);
                cim_class_unref(c);
        }
        arena_deinit(&a);
}

static void fuzz_class(const CimClass *c, const uint8_t *data, size_t size)
{
        Buf text = {0};
        cim_text_class(c, &text);
        REQUIRE(text.n && !text.failed);
        buf_deinit(&text);
        CimInstance *i;
        REQUIRE(cim_instance_new(c, &i) == 0);
        CimBlockError e = {0};
        int r = cim_block_decode(c, data, size, NULL, i->owner, i->values, &e);
        REQUIRE(r == 0 || (r == 1 && e.says[0]));
        cim_instance_unref(i);
}

// A set that was read: written, read and written again.
static void write_set(const CimSet *s, Buf *out)
{
        CimSetWriter *w = cim_set_writer_new(false);
        REQUIRE(w);
        for (size_t i = 0; i < s->count; i++)
                REQUIRE(cim_set_add(w, s->objects[i]) == 0);
        cim_set_finish(w, out);
        REQUIRE(!out->failed);
        cim_set_writer_free(w);
}

static void fuzz_set(const CimSet *s, const uint8_t *data, size_t size)
{
        Buf one = {0}, two = {0};
        CimSet again;
        Diag d = {0};
        write_set(s, &one);
        REQUIRE(cim_set_read(one.p, one.n, NULL, NULL, &again, NULL, &d) == 0);
        REQUIRE(again.count == s->count);
        for (size_t i = 0; i < s->count; i++)
                REQUIRE(cim_instance_same(s->objects[i], again.objects[i]));
        write_set(&again, &two);
        same_bytes(&two, one.p, one.n);
        Known known = {0};
        for (size_t i = 0; i < s->count && i < 8; i++) {
                known.list[known.count++] = s->objects[i]->class;
                fuzz_class(s->objects[i]->class, data, size);
        }
        for (size_t at = 0; at <= size && at < 256;
             at += 1 + at / 4) { // the bytes hold values and classes somewhere
                if (known.count)
                        fuzz_values(known.list[at % known.count], &known, data + at, size - at);
                fuzz_declared(&known, data + at, size - at);
        }
        cim_set_deinit(&again);
        buf_deinit(&one);
        buf_deinit(&two);
}

static void fuzz_bundle(const uint8_t *data, size_t size)
{
        CimClass *c, *d;
        Diag diag = {0};
        int r = cim_codec_read_class(data, size, &c, &diag);
        if (r) {
                REQUIRE(r == E_DIAG && diag.message[0] && diag.code && diag.offset <= size);
                return;
        }
        Buf one = {0}, two = {0};
        REQUIRE(cim_codec_write_class(c, &one) == 0);
        REQUIRE(cim_codec_read_class(one.p, one.n, &d, &diag) == 0);
        REQUIRE(cim_codec_write_class(d, &two) == 0);
        same_bytes(&two, one.p, one.n);
        fuzz_class(c, data, size);
        cim_class_unref(c);
        cim_class_unref(d);
        buf_deinit(&one);
        buf_deinit(&two);
}

static void fuzz_values_of_bundle(const uint8_t *data, size_t size)
{
        Reader in = {data, size, false};
        Str bundle = read_str(&in);
        CimClass *c;
        if (in.failed || cim_codec_read_class((const uint8_t *)bundle.p, bundle.n, &c, NULL) != 0)
                return;
        Known known = {.list = {c}, .count = 1};
        for (const CimClass *s = c; s && known.count < 64; s = s->super)
                for (size_t i = 0; i < s->kept_count && known.count < 64; i++)
                        known.list[known.count++] = s->kept[i];
        fuzz_values(c, &known, in.p, in.n);
        cim_class_unref(c);
}

// The first byte says what the rest is: 'C' a bundle, 'D' a declaration, 'V' a bundle behind its length and
// the values of its class, else a set.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        Known none = {0};
        CimSet s;
        Diag d = {0};
        int r = -1;
        uint8_t what = *data++;
        size--;
        if (what == 'C')
                fuzz_bundle(data, size);
        else if (what == 'D')
                fuzz_declared(&none, data, size);
        else if (what == 'V')
                fuzz_values_of_bundle(data, size);
        else
                r = cim_set_read(data, size, NULL, NULL, &s, NULL, &d);
        REQUIRE(r <= 0 || (r == E_DIAG && d.message[0] && d.code && d.offset <= size));
        if (r == 0) {
                fuzz_set(&s, data, size);
                cim_set_deinit(&s);
        }
        return 0;
}
