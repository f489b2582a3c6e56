// SPDX-License-Identifier: MIT
// Data-block layout: compiled once from the WmiDataId qualifiers of a class.
//
//   {1 uint32 A; 2 uint8 B; 3 string C; 4 uint8 D}    A at 0, B at 4, C at 6, D behind C's characters
//
// A class whose items make no block is still a class; layout_error says why its events cannot be read.
#include "cim/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cim/class-impl.h"

enum { LAYOUT_DATETIME_BYTES = 50 };

typedef struct Compiler {
        CimClass *c;
        CimItem *items;
        size_t n;
        uint16_t slots;
} Compiler;

// Notes why the class has no layout. Returns false.
static bool layout_fail(CimClass *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool layout_fail(CimClass *c, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        vsnprintf(c->layout_error, sizeof(c->layout_error), format, args);
        va_end(args);
        return false;
}

// Size and alignment of a scalar; size 0: a string. False: no item can have that type.
static bool layout_scalar(CimType t, uint32_t *ret_size, uint8_t *ret_align)
{
        switch ((int)t) {
        case CIM_BOOLEAN:
        case CIM_SINT8:
        case CIM_UINT8:
                return *ret_size = 1, *ret_align = 1, true;
        case CIM_SINT16:
        case CIM_UINT16:
        case CIM_CHAR16:
                return *ret_size = 2, *ret_align = 2, true;
        case CIM_SINT32:
        case CIM_UINT32:
        case CIM_REAL32:
                return *ret_size = 4, *ret_align = 4, true;
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_REAL64:
                return *ret_size = 8, *ret_align = 8, true;
        case CIM_STRING:
                return *ret_size = 0, *ret_align = 2, true;
        case CIM_DATETIME:
                return *ret_size = LAYOUT_DATETIME_BYTES, *ret_align = 2, true;
        default:
                return false;
        }
}

static bool layout_object(Compiler *k, const CimProperty *p, CimItem *i)
{
        const CimClass *o = p->object_class;
        if (!p->class_name.n)
                return layout_fail(k->c, "%.*s is an object of no particular class", STR_ARG(p->name));
        if (!o)
                return layout_fail(k->c, "the class %.64s of %.64s is not known", p->class_name.p, p->name.p);
        if (!o->layout)
                return layout_fail(k->c, "the class %.40s of %.40s has no items%s%.60s", p->class_name.p,
                                   p->name.p, o->layout_error[0] ? ": " : "", o->layout_error);
        i->object_class = o;
        i->align = (uint8_t)o->layout->align;
        i->size = o->layout->size == UINT32_MAX ? 0 : o->layout->size;
        return true;
}

static CimItem *layout_find(const Compiler *k, uint32_t property)
{
        for (size_t i = 0; i < k->n; i++)
                if (k->items[i].property == property)
                        return &k->items[i];
        return NULL;
}

// T[]: finds the item that WmiSizeIs names among those with lower ids.
static bool layout_counted(Compiler *k, const CimProperty *p, CimItem *i)
{
        const CimQualifier *q = cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("WmiSizeIs"));
        if (!q || q->value.type != CIM_STRING || q->value.null)
                return layout_fail(k->c, "%.*s[] has neither a size nor WmiSizeIs", STR_ARG(p->name));
        char name[LIMIT_NAME_CHARS + 1];
        size_t n = 0;
        for (; n < q->value.string.n && n < LIMIT_NAME_CHARS && q->value.string.p[n] < 0x80; n++)
                name[n] = (char)q->value.string.p[n];
        name[n] = '\0';
        int at = n == q->value.string.n ? cim_class_property(k->c, (Str){name, n}) : -1;
        CimItem *count = at < 0 ? NULL : layout_find(k, (uint32_t)at);
        if (!count)
                return layout_fail(k->c, "WmiSizeIs(\"%.40s\") of %.60s names no item of the class", name,
                                   p->name.p);
        if (count->data_id >= i->data_id)
                return layout_fail(k->c, "WmiSizeIs(\"%.40s\") of %.60s: the count stands behind the array",
                                   name, p->name.p);
        bool integer = cim_type_is_signed((CimType)count->type) || cim_type_is_unsigned((CimType)count->type);
        if (!integer)
                return layout_fail(k->c,
                                   "WmiSizeIs(\"%.40s\") of %.60s names something that is not an integer",
                                   name, p->name.p);
        if (!count->count_slot)
                count->count_slot = ++k->slots;
        i->count_slot = count->count_slot;
        i->count_property = count->property;
        i->count = 0;
        return true;
}

static bool layout_item(Compiler *k, CimItem *i)
{
        const CimProperty *p = &k->c->properties[i->property];
        i->type = p->type;
        i->count = 1;
        i->offset = UINT32_MAX;
        CimType t = cim_type(p->type);
        if (t == CIM_OBJECT) {
                if (!layout_object(k, p, i))
                        return false;
        } else if (!layout_scalar(t, &i->size, &i->align)) {
                return layout_fail(k->c, "%.*s is a %s, which no data block holds", STR_ARG(p->name),
                                   cim_type_name((uint16_t)t));
        }
        if (t == CIM_STRING) {
                const CimQualifier *q = cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("MaxLen"));
                if (q && !q->value.null && q->value.uint <= UINT16_MAX &&
                    (cim_type_is_signed(q->value.type) || cim_type_is_unsigned(q->value.type)))
                        i->max_chars = (uint32_t)q->value.uint;
        }
        if (!cim_is_array(p->type))
                return true;
        if (!p->max)
                return layout_counted(k, p, i);
        i->count = p->max;
        return true;
}

static int layout_by_id(const void *a, const void *b)
{
        const CimItem *x = a, *y = b;
        return x->data_id < y->data_id ? -1 : x->data_id > y->data_id;
}

// Collects the items, sorts them, checks that their ids are 1, 2, 3...
static bool layout_collect(Compiler *k)
{
        CimClass *c = k->c;
        for (size_t i = 0; i < c->property_count; i++)
                if (c->properties[i].data_id)
                        k->items[k->n++] =
                                (CimItem){.property = (uint32_t)i, .data_id = c->properties[i].data_id};
        qsort(k->items, k->n, sizeof(*k->items), layout_by_id);
        for (size_t i = 0; i < k->n; i++) {
                const char *name = c->properties[k->items[i].property].name.p;
                uint32_t id = k->items[i].data_id;
                if (i && id == k->items[i - 1].data_id)
                        return layout_fail(c, "%.60s and %.60s both have WmiDataId(%u)",
                                           c->properties[k->items[i - 1].property].name.p, name, id);
                if (id != i + 1)
                        return layout_fail(c, "no item has WmiDataId(%zu), %.80s has %u", i + 1, name, id);
        }
        return true;
}

static uint64_t layout_align(uint64_t at, uint32_t align)
{
        return (at + align - 1) & ~(uint64_t)(align - 1);
}

// Gives every item that has one its fixed offset, and the layout its size.
static bool layout_place(Compiler *k, CimLayout *l)
{
        uint64_t at = 0, least = 0;
        uint32_t tail = 1;
        bool fixed = true;
        l->align = 1;
        for (size_t n = 0; n < k->n; n++) {
                CimItem *i = &k->items[n];
                if (i->align > l->align)
                        l->align = i->align;
                at = layout_align(layout_align(at, tail), i->align);
                i->offset = fixed ? (uint32_t)at : UINT32_MAX;
                fixed = fixed && i->size && i->count;
                uint64_t one = i->object_class ? i->object_class->layout->least : i->size ? i->size : 2;
                if (i->count)
                        at += layout_align(i->size, i->align) * (i->count - 1) + i->size;
                least += one * i->count;
                tail = i->object_class ? i->align : 1;
                if (at > LIMIT_EVENT_BYTES || least > LIMIT_EVENT_BYTES)
                        return layout_fail(k->c, "with %.80s a block would exceed %u bytes",
                                           k->c->properties[i->property].name.p, LIMIT_EVENT_BYTES);
        }
        l->size = fixed ? (uint32_t)at : UINT32_MAX;
        l->least = (uint32_t)(fixed ? at : least);
        return true;
}

static bool layout_items(Compiler *k, CimLayout *l)
{
        if (!layout_collect(k))
                return false;
        for (size_t i = 0; i < k->n; i++)
                if (!layout_item(k, &k->items[i]))
                        return false;
        if (!layout_place(k, l))
                return false;
        l->items = k->items;
        l->item_count = k->n;
        l->count_slots = k->slots;
        return true;
}

// How many items are there, and has this class changed any? -1: a WmiDataId makes no sense.
static int layout_count(CimClass *c, bool *ret_local)
{
        int n = 0;
        *ret_local = false;
        for (size_t i = 0; i < c->property_count; i++) {
                const CimProperty *p = &c->properties[i];
                n += p->data_id != 0;
                *ret_local |= p->local && p->data_id;
                if (!p->data_id && cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("WmiDataId"))) {
                        layout_fail(c, "the WmiDataId of %.80s is not a positive number", p->name.p);
                        return -1;
                }
        }
        return n;
}

int cim_layout_compile(CimClass *c)
{
        bool local;
        int n = layout_count(c, &local);
        if (n <= 0)
                return 0;
        if (!local && c->super) { // nothing new since the superclass
                c->layout = c->super->layout;
                memcpy(c->layout_error, c->super->layout_error, sizeof(c->layout_error));
                return 0;
        }
        CimLayout *l = arena_new(c->arena, CimLayout);
        Compiler k = {.c = c, .items = arena_array(c->arena, CimItem, (size_t)n)};
        if (!l || !k.items)
                return -ENOMEM;
        if (layout_items(&k, l))
                c->layout = l;
        return 0;
}
