// SPDX-License-Identifier: MIT
// Values -> data block.
#include "cim/event.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/limits.h"
#include "cim/block-impl.h"
#include "cim/instance.h"

enum { WRITE_DATETIME_BYTES = 50, WRITE_STRING_CHARS = UINT16_MAX / 2 };

typedef struct Writer {
        Buf *out;
        size_t start; // of the block in *out
        CimBlockError *reterr;
} Writer;

static size_t write_at(const Writer *w)
{
        return w->out->n - w->start;
}

static void write_zeros(Writer *w, size_t n)
{
        uint8_t *p = buf_reserve(w->out, n);
        if (!p)
                return;
        memset(p, 0, n);
        w->out->n += n;
}

static void write_align(Writer *w, size_t align)
{
        write_zeros(w, block_align(write_at(w), align) - write_at(w));
}

static bool write_in_range(const CimValue *v, CimType t)
{
        int64_t least;
        uint64_t most;
        if (cim_type_is_signed(t))
                return cim_type_range(t, &least, &most) && v->sint >= least && v->sint <= (int64_t)most;
        if (cim_type_is_unsigned(t))
                return cim_type_range(t, &least, &most) && v->uint <= most;
        if (t == CIM_REAL32)
                return !isfinite(v->real) || fabs(v->real) <= (double)FLT_MAX;
        return t != CIM_CHAR16 || v->uint <= UINT16_MAX;
}

static int write_number(Writer *w, const BlockPath *path, const CimValue *v)
{
        CimType t = cim_type(path->item->type);
        if (!write_in_range(v, t))
                return block_error(w->reterr, path, write_at(w), "has a value out of range");
        if (t == CIM_REAL32) {
                float f = (float)v->real;
                buf_put(w->out, &f, sizeof(f));
        } else if (t == CIM_BOOLEAN) {
                buf_u8(w->out, v->boolean);
        } else {
                buf_put(w->out, &v->uint, path->item->size); // little endian, as the block is
        }
        return 0;
}

static int write_string(Writer *w, const BlockPath *path, const CimValue *v)
{
        size_t n = v->string.n, most = path->item->max_chars;
        if (n > WRITE_STRING_CHARS)
                return block_error(w->reterr, path, write_at(w), "has %zu characters, a block holds %d", n,
                                   WRITE_STRING_CHARS);
        if (most && n > most)
                return block_error(w->reterr, path, write_at(w), "has %zu characters, its MaxLen is %zu", n,
                                   most);
        buf_u16(w->out, (uint16_t)(n * 2));
        buf_put(w->out, v->string.p, n * 2);
        return 0;
}

static int write_items(Writer *w, const CimClass *c, const CimValue *values, const BlockPath *up);

static int write_element(Writer *w, const BlockPath *path, const CimValue *v)
{
        const CimItem *i = path->item;
        CimType t = cim_type(i->type);
        bool null = !v || v->null;
        if (!null && v->type != t)
                return block_error(w->reterr, path, write_at(w), "has a value of type %s",
                                   cim_type_name(v->type));
        if (t == CIM_OBJECT) {
                write_align(w, i->align);
                if (!null && (!cim_class_isa(v->object->class, i->object_class->name) ||
                              v->object->class->property_count < i->object_class->property_count))
                        return block_error(w->reterr, path, write_at(w), "has an object of another class");
                return write_items(w, i->object_class, null ? NULL : v->object->values, path);
        }
        if (null) {
                write_zeros(w, i->size ? i->size : 2);
                return 0;
        }
        if (t == CIM_STRING)
                return write_string(w, path, v);
        if (t != CIM_DATETIME)
                return write_number(w, path, v);
        if (v->string.n * 2 != WRITE_DATETIME_BYTES)
                return block_error(w->reterr, path, write_at(w), "has %zu characters, a datetime has 25",
                                   v->string.n);
        buf_put(w->out, v->string.p, WRITE_DATETIME_BYTES);
        return 0;
}

static int write_array(Writer *w, const BlockPath *path, const CimValue *v, uint64_t count)
{
        bool null = !v || v->null;
        uint32_t has = null ? 0 : v->array.count;
        if (!null && v->type != path->item->type)
                return block_error(w->reterr, path, write_at(w), "has a value of type %s%s",
                                   cim_type_name(v->type), cim_is_array(v->type) ? "[]" : "");
        // T[n] is filled up with zeros; T[] must be what its count says.
        if (path->item->count ? has > count : has != count)
                return block_error(w->reterr, path, write_at(w), "has %u elements, %llu belong there", has,
                                   (unsigned long long)count);
        int r = 0;
        for (uint64_t k = 0; k < count && r == 0; k++)
                r = write_element(w, path, k < has ? &v->array.items[k] : NULL);
        return r;
}

// How many elements the array has that takes its count from item `i`.
static uint32_t write_length(const CimClass *c, const CimValue *values, const CimItem *i)
{
        for (size_t k = 0; k < c->layout->item_count; k++) {
                const CimItem *array = &c->layout->items[k];
                if (!array->count && array->count_slot == i->count_slot && !values[array->property].null)
                        return values[array->property].array.count;
        }
        return 0;
}

static int write_item(Writer *w, const BlockPath *path, const CimValue *values)
{
        const CimItem *i = path->item;
        const CimValue *v = values ? &values[i->property] : NULL;
        write_align(w, i->align);
        if (cim_is_array(i->type)) {
                uint64_t count = i->count;
                if (!count && values) {
                        const CimValue *number = &values[i->count_property];
                        count = number->null ? write_length(path->c, values, i) : number->uint;
                }
                return write_array(w, path, v, count);
        }
        CimValue counted;
        if (i->count_slot && v && v->null) { // a count that nobody gave: take the array's
                counted = (CimValue){.type = i->type, .uint = write_length(path->c, values, i)};
                v = &counted;
        }
        return write_element(w, path, v);
}

// values NULL: all are NULL.
static int write_items(Writer *w, const CimClass *c, const CimValue *values, const BlockPath *up)
{
        int r = 0;
        for (size_t k = 0; k < c->layout->item_count && r == 0; k++) {
                const CimItem *i = &c->layout->items[k];
                BlockPath path = {.up = up, .c = c, .item = i};
                r = write_item(w, &path, values);
                if (r == 0 && i->object_class && k + 1 < c->layout->item_count)
                        write_align(w, i->align);
        }
        return r;
}

int cim_block_encode(const CimClass *c, const CimValue *values, Buf *out, CimBlockError *reterr)
{
        if (!c->layout && !c->layout_error[0])
                return 0;
        if (!c->layout) {
                if (reterr) {
                        *reterr = (CimBlockError){0};
                        snprintf(reterr->says, sizeof(reterr->says), "%s", c->layout_error);
                }
                return 1;
        }
        Writer w = {.out = out, .start = out->n, .reterr = reterr};
        int r = write_items(&w, c, values, NULL);
        if (out->failed)
                return -ENOMEM;
        if (r)
                out->n = w.start;
        return r;
}
