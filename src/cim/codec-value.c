// SPDX-License-Identifier: MIT
// Codec: the values of instances: payloads of events that carry an instance, rows.
#include <stdio.h>

#include "base/limits.h"
#include "cim/codec-impl.h"

enum { OBJECT_IS_CLASS = 1 }; // flags of an object in a value

// An object inside a value: its class by number, and its values unless it is the class's definition.
static int write_object(WmioWriter *w, const CimInstance *i, unsigned depth, Buf *out)
{
        uint32_t number;
        if (!w->table)
                return -EINVAL;
        int r = w->table->number(w->table->context, i->class, i->namespace, &number);
        if (r < 0)
                return r;
        w->objects += codec_inner_bytes(i->class, i->namespace, i->is_class);
        if (w->objects > CODEC_BYTES)
                return -E2BIG;
        buf_u32(out, number);
        buf_u8(out, i->is_class ? OBJECT_IS_CLASS : 0);
        return i->is_class ? 0 : wmio_put_instance(w, i, depth, out);
}

void codec_writer(WmioWriter *w, const CimClassTable *table, size_t limit, const Buf *out)
{
        *w = (WmioWriter){.object = write_object, .table = table, .start = out->n, .limit = limit};
}

int codec_written(WmioWriter *w, int r, Buf *out)
{
        arena_deinit(&w->scratch);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        if (r < 0 && out->n >= w->start)
                out->n = w->start;
        return r;
}

int cim_codec_write_values(const CimInstance *i, const CimClassTable *table, Buf *out)
{
        WmioWriter w;
        codec_writer(&w, table, LIMIT_OBJECT_BYTES, out);
        return codec_written(&w, wmio_put_instance(&w, i, 0, out), out);
}

// --- reading -----------------------------------------------------------------------------------------------

static bool all_zero(const uint8_t *p, size_t n)
{
        while (n && !p[n - 1])
                n--;
        return !n;
}

// The instance that is all of `in`. values NULL: only check it.
static bool read_instance(WmioIn *in, const CimClass *c, const CimWant *want, unsigned depth,
                          CimValue *values)
{
        WmioReader *r = in->r;
        size_t n = c->property_count, width = 0;
        const uint8_t *nd, *slot;
        WmioHeap h;
        for (size_t k = 0; k < n; k++)
                width += wmio_width(c->properties[k].type);
        if (!wmio_in_bytes(in, (n + 3) / 4, &nd) || !wmio_in_bytes(in, width, &slot) ||
            !wmio_in_heap_part(in, &h) || !wmio_in_end(in))
                return false;
        if (n % 4 && nd[n / 4] >> (n % 4 * 2))
                return wmio_fail(r, nd, "there are more values than properties");
        for (size_t k = 0; k < n; k++) {
                const CimProperty *p = &c->properties[k];
                CimValue *ret = values && cim_wants(want, k) ? &values[k] : NULL;
                unsigned state = nd[k / 4] >> (k % 4 * 2) & 3;
                width = wmio_width(p->type);
                if (!state && !wmio_get_value(r, &h, p->type, p->class_name, slot, depth, ret))
                        return false;
                if (state && (state != WMIO_NULL || !all_zero(slot, width)))
                        return wmio_fail(r, slot, "a property that is NULL has a value");
                if (state && ret)
                        *ret = cim_null(p->type);
                slot += width;
        }
        return wmio_heap_end(r, &h);
}

static bool read_object(WmioReader *r, const uint8_t *p, size_t n, Str class_name, unsigned depth,
                        const CimInstance **ret)
{
        WmioIn in = {r, p, p + n};
        uint32_t number;
        uint8_t flags;
        Str namespace = {"", 0};
        if (!wmio_in_u32(&in, &number) || !wmio_in_u8(&in, &flags))
                return false;
        const CimClass *c = r->table ? r->table->find(r->table->context, number, &namespace) : NULL;
        if (!c)
                return wmio_fail(r, p, "an object is of a class that is not known here");
        if (class_name.n && !cim_class_isa(c, class_name))
                return wmio_fail(r, p, "an object is not of the class that its property declares");
        if (flags > OBJECT_IS_CLASS)
                return wmio_fail(r, p, "an object has flags that there are not");
        r->objects += codec_inner_bytes(c, namespace, flags);
        if (r->objects > CODEC_BYTES)
                return wmio_fail(r, p, "its objects need too much memory");
        CimInstance *i = ret ? cim_instance_in(r->arena, c) : NULL;
        if (ret && !i)
                return wmio_fail(r, p, wmio_no_memory);
        if (ret) {
                i->is_class = flags;
                i->namespace = (Str){arena_strndup(r->arena, namespace.p, namespace.n), namespace.n};
                if (!i->namespace.p)
                        return wmio_fail(r, p, wmio_no_memory);
                *ret = i;
        }
        return flags ? wmio_in_end(&in) : read_instance(&in, c, NULL, depth, i ? i->values : NULL);
}

void codec_reader(WmioReader *r, const uint8_t *p, const CimClassTable *table, Arena *a)
{
        *r = (WmioReader){.object = read_object, .arena = a, .table = table, .start = p, .budget = SIZE_MAX};
}

int cim_codec_read_values(const uint8_t *p, size_t n, const CimClass *c, const CimWant *want,
                          const CimClassTable *table, Arena *a, CimValue *values, CimBlockError *reterr)
{
        WmioReader r;
        codec_reader(&r, p, table, a);
        WmioIn in = {&r, p, p + n};
        if (n > LIMIT_OBJECT_BYTES)
                wmio_fail(&r, p, "it is too long");
        else if (read_instance(&in, c, want, 0, values))
                return 0;
        if (r.wrong == wmio_no_memory)
                return -ENOMEM;
        if (reterr) {
                *reterr = (CimBlockError){.offset = r.offset};
                snprintf(reterr->says, sizeof(reterr->says),
                         "the instance of %.80s cannot be read at %zu: %s", c->name.p, r.offset, r.wrong);
        }
        return 1;
}
