// SPDX-License-Identifier: MIT
// Data block -> values.
//
// The block is walked item by item. Every read is preceded by a comparison with what is left, counts and
// lengths are taken for lies until they were compared, and nothing is allocated for more elements than the
// bytes can hold. Recursion goes into embedded classes only, and a class bounds how deep those are.
#include "cim/event.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/block-impl.h"
#include "cim/instance.h"

enum { BLOCK_DATETIME_CHARS = 25, BLOCK_FEW_COUNTS = 8 };

typedef struct Walk {
        const uint8_t *p;
        size_t n, at;
        Arena *arena;
        size_t budget; // values that may still be made: bytes can stand for many more bytes of values
        CimBlockError *reterr;
} Walk;

// Appends "Outer.Inner" to text.
static void block_name(const BlockPath *path, char *text, size_t size)
{
        if (path->up) {
                block_name(path->up, text, size);
                strncat(text, ".", size - strlen(text) - 1);
        }
        Str name = path->c->properties[path->item->property].name;
        size_t left = size - strlen(text) - 1;
        strncat(text, name.p, name.n < left ? name.n : left);
}

int block_error(CimBlockError *reterr, const BlockPath *path, size_t offset, const char *format, ...)
{
        if (!reterr)
                return 1;
        char name[96] = "";
        block_name(path, name, sizeof(name));
        const CimProperty *p = &path->c->properties[path->item->property];
        Str type = cim_type(p->type) == CIM_OBJECT ? p->class_name : str_of(cim_type_name(p->type));
        int n = snprintf(reterr->says, sizeof(reterr->says), "%.*s %s%s ", (int)(type.n < 32 ? type.n : 32),
                         type.p, name, cim_is_array(p->type) ? "[]" : "");
        va_list args;
        va_start(args, format);
        vsnprintf(reterr->says + n, sizeof(reterr->says) - (size_t)n, format, args);
        va_end(args);
        reterr->data_id = path->item->data_id;
        reterr->offset = offset;
        return 1;
}

// Are n more bytes there? 0, 1 with the error filled.
static int walk_need(Walk *w, const BlockPath *path, size_t n)
{
        if (w->at <= w->n && n <= w->n - w->at)
                return 0;
        return block_error(w->reterr, path, w->at, "needs %zu byte%s at %zu, the block has %zu", n,
                           n == 1 ? "" : "s", w->at, w->n);
}

static int walk_spend(Walk *w, const BlockPath *path, size_t values)
{
        if (values <= w->budget) {
                w->budget -= values;
                return 0;
        }
        return block_error(w->reterr, path, w->at, "at %zu makes more than %u values", w->at,
                           LIMIT_ARRAY_ITEMS);
}

#define WALK_AS(T, p)                                                                                        \
        ({                                                                                                   \
                T walk_v;                                                                                    \
                memcpy(&walk_v, (p), sizeof(walk_v));                                                        \
                walk_v;                                                                                      \
        })

// A scalar of fixed size other than a datetime.
static CimValue walk_number(CimType t, const uint8_t *p)
{
        CimValue v = {.type = (uint16_t)t};
        switch ((int)t) {
        case CIM_BOOLEAN:
                v.boolean = *p != 0;
                break;
        case CIM_SINT8:
                v.sint = (int8_t)*p;
                break;
        case CIM_SINT16:
                v.sint = WALK_AS(int16_t, p);
                break;
        case CIM_SINT32:
                v.sint = WALK_AS(int32_t, p);
                break;
        case CIM_SINT64:
                v.sint = WALK_AS(int64_t, p);
                break;
        case CIM_UINT8:
                v.uint = *p;
                break;
        case CIM_UINT16:
        case CIM_CHAR16:
                v.uint = WALK_AS(uint16_t, p);
                break;
        case CIM_UINT32:
                v.uint = WALK_AS(uint32_t, p);
                break;
        case CIM_UINT64:
                v.uint = WALK_AS(uint64_t, p);
                break;
        case CIM_REAL32:
                v.real = (double)WALK_AS(float, p);
                break;
        case CIM_REAL64:
                v.real = WALK_AS(double, p);
                break;
        default:
                break;
        }
        return v;
}

// n code units at p as a value of type t. 0, -ENOMEM.
static int walk_text(Walk *w, CimType t, const uint8_t *p, size_t n, CimValue *ret)
{
        *ret = (CimValue){.type = (uint16_t)t, .string = {u"", 0}};
        if (!n)
                return 0;
        if ((uintptr_t)p % 2 == 0)
                ret->string = (Str16){(const char16_t *)(const void *)p, n};
        else
                ret->string = utf16_copy(w->arena, p, n);
        return ret->string.p ? 0 : -ENOMEM;
}

// u16 length in bytes, UTF-16, NULs at its end dropped.
static int walk_string(Walk *w, const BlockPath *path, CimValue *ret)
{
        int r = walk_need(w, path, 2);
        if (r)
                return r;
        size_t start = w->at, n = WALK_AS(uint16_t, w->p + start);
        if (n % 2)
                return block_error(w->reterr, path, start, "at %zu has the odd length %zu", start, n);
        r = walk_need(w, path, 2 + n);
        if (r)
                return r;
        w->at += 2 + n;
        if (!ret)
                return 0;
        const uint8_t *text = w->p + start + 2;
        while (n && !text[n - 1] && !text[n - 2])
                n -= 2;
        return walk_text(w, CIM_STRING, text, n / 2, ret);
}

// 25 code units; all NUL stands for no value.
static int walk_datetime(Walk *w, const uint8_t *p, CimValue *ret)
{
        static const uint8_t nothing[BLOCK_DATETIME_CHARS * 2];
        if (memcmp(p, nothing, sizeof(nothing)) == 0) {
                *ret = cim_null(CIM_DATETIME);
                return 0;
        }
        return walk_text(w, CIM_DATETIME, p, BLOCK_DATETIME_CHARS, ret);
}

static int walk_items(Walk *w, const CimClass *c, const CimWant *want, CimValue *values, const BlockPath *up);

static int walk_object(Walk *w, const BlockPath *path, CimValue *ret)
{
        const CimClass *c = path->item->object_class;
        if (!ret)
                return walk_items(w, c, NULL, NULL, path);
        int r = walk_spend(w, path, c->property_count);
        if (r)
                return r;
        CimInstance *i = cim_instance_in(w->arena, c);
        if (!i)
                return -ENOMEM;
        *ret = (CimValue){.type = CIM_OBJECT, .object = i};
        return walk_items(w, c, NULL, i->values, path);
}

// One element at w->at, which is aligned. ret NULL: only check it.
static int walk_element(Walk *w, const BlockPath *path, CimValue *ret)
{
        const CimItem *i = path->item;
        CimType t = cim_type(i->type);
        if (t == CIM_OBJECT)
                return walk_object(w, path, ret);
        if (t == CIM_STRING)
                return walk_string(w, path, ret);
        int r = walk_need(w, path, i->size);
        if (r)
                return r;
        const uint8_t *p = w->p + w->at;
        w->at += i->size;
        if (!ret)
                return 0;
        if (t == CIM_DATETIME)
                return walk_datetime(w, p, ret);
        *ret = walk_number(t, p);
        return 0;
}

// Can the rest of the block hold that many elements?
static int walk_room(Walk *w, const BlockPath *path, uint64_t count)
{
        const CimItem *i = path->item;
        size_t least = i->object_class ? i->object_class->layout->least : i->size ? i->size : 2;
        size_t left = w->at <= w->n ? w->n - w->at : 0;
        if (count <= left / least && count <= LIMIT_ARRAY_ITEMS)
                return 0;
        return block_error(w->reterr, path, w->at,
                           "has %llu elements of at least %zu byte%s at %zu, the block has %zu",
                           (unsigned long long)count, least, least == 1 ? "" : "s", w->at, w->n);
}

static int walk_array(Walk *w, const BlockPath *path, uint64_t count, CimValue *ret)
{
        int r = walk_room(w, path, count);
        if (r)
                return r;
        const CimItem *i = path->item;
        CimValue *items = NULL;
        if (ret) {
                r = walk_spend(w, path, count);
                if (r)
                        return r;
                items = arena_array(w->arena, CimValue, count);
                if (!items)
                        return -ENOMEM;
                *ret = (CimValue){.type = i->type, .array = {items, (uint32_t)count}};
        } else if (i->size && !i->object_class) { // numbers need no look
                w->at += (size_t)count * i->size;
                return 0;
        }
        for (uint64_t k = 0; k < count && r == 0; k++) {
                if (i->object_class)
                        w->at = block_align(w->at, i->align);
                r = walk_element(w, path, items ? &items[k] : NULL);
        }
        return r;
}

// An item that says how many elements an array further on has.
static int walk_count(Walk *w, const BlockPath *path, uint64_t *ret)
{
        const CimItem *i = path->item;
        int r = walk_need(w, path, i->size);
        if (r)
                return r;
        CimValue v = walk_number((CimType)i->type, w->p + w->at);
        bool negative = cim_type_is_signed((CimType)i->type) && v.sint < 0;
        if (negative)
                return block_error(w->reterr, path, w->at, "at %zu is a count and negative", w->at);
        *ret = v.uint;
        return 0;
}

static int walk_item(Walk *w, const BlockPath *path, uint64_t *counts, CimValue *ret)
{
        const CimItem *i = path->item;
        int r = 0;
        w->at = block_align(w->at, i->align);
        if (i->count_slot && i->count) {
                r = walk_count(w, path, &counts[i->count_slot - 1]);
                if (r)
                        return r;
        }
        if (!cim_is_array(i->type))
                return walk_element(w, path, ret);
        return walk_array(w, path, i->count ? i->count : counts[i->count_slot - 1], ret);
}

// All items of a class from w->at on. values NULL: only check them.
static int walk_items(Walk *w, const CimClass *c, const CimWant *want, CimValue *values, const BlockPath *up)
{
        const CimLayout *l = c->layout;
        uint64_t few[BLOCK_FEW_COUNTS] = {0}, *counts = few;
        if (l->count_slots > BLOCK_FEW_COUNTS) {
                counts = arena_array(w->arena, uint64_t, l->count_slots);
                if (!counts)
                        return -ENOMEM;
        }
        for (size_t k = 0; k < l->item_count; k++) {
                const CimItem *i = &l->items[k];
                BlockPath path = {.up = up, .c = c, .item = i};
                bool wanted = values && cim_wants(want, i->property);
                int r = walk_item(w, &path, counts, wanted ? &values[i->property] : NULL);
                if (r)
                        return r;
                if (i->object_class) // as behind a structure in C
                        w->at = block_align(w->at, i->align);
        }
        return 0;
}

// Every offset is fixed and the block is long enough: only what is wanted needs a look.
static int walk_fixed(Walk *w, const CimClass *c, const CimWant *want, CimValue *values)
{
        const CimLayout *l = c->layout;
        int r = 0;
        for (size_t k = 0; k < l->item_count && r == 0; k++) {
                const CimItem *i = &l->items[k];
                if (!cim_wants(want, i->property))
                        continue;
                BlockPath path = {.c = c, .item = i};
                w->at = i->offset;
                r = walk_item(w, &path, NULL, &values[i->property]);
        }
        return r;
}

int cim_block_decode(const CimClass *c, const uint8_t *block, size_t n, const CimWant *want, Arena *a,
                     CimValue *values, CimBlockError *reterr)
{
        if (!c->layout) {
                if (!c->layout_error[0])
                        return 0; // no items, nothing to read
                if (reterr) {
                        *reterr = (CimBlockError){0};
                        snprintf(reterr->says, sizeof(reterr->says), "%s", c->layout_error);
                }
                return 1;
        }
        Walk w = {.p = block, .n = n, .arena = a, .budget = LIMIT_ARRAY_ITEMS, .reterr = reterr};
        if (c->layout->size != UINT32_MAX && c->layout->size <= n)
                return walk_fixed(&w, c, want, values);
        return walk_items(&w, c, want, values, NULL);
}
