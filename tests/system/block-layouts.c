// SPDX-License-Identifier: MIT
// The layouts of the standard blocks as lines, for test-wmidata.py, which compares them with a C compiler's.
//
//   C CLASS HEADER-NAME GUID GUID-MACRO KIND    each class; "-": none
//   S STRUCTURE SIZEOF BYTES CLASS              its block, or one side of a method; BYTES: without padding at
//   the end, -1: it varies F STRUCTURE NAME OFFSET BYTES ID            an item; BYTES -1: its length is in
//   the block
//
// SIZEOF is what C makes of the structure that wmimofck writes for it: up to its first item of variable
// length, which counts once (a string without MaxLen as one byte).
#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"
#include "cim/layout.h"
#include "mof/test-support.h"

typedef struct Shape {
        uint32_t size, align; // as C has them
        bool varies;
} Shape;

enum { SIDE_MOST = 64 }; // parameters of a method

static Arena arena;
static CimSchema *schema;

static uint32_t up(uint32_t at, uint32_t align)
{
        return (at + align - 1) / align * align;
}

static Shape shape_of(const CimLayout *l)
{
        Shape s = {.align = 1};
        uint32_t end = 0;
        for (size_t n = 0; n < l->item_count && !s.varies; n++) {
                const CimItem *i = &l->items[n];
                Shape one = {i->size, i->align, !i->size};
                if (i->object_class)
                        one = shape_of(i->object_class->layout);
                else if (!i->size) // WCHAR x[1] of an array of strings, CHAR VariableData[1] of a string
                        one.size = one.align = cim_is_array(i->type) ? 2 : 1;
                if (one.align > s.align)
                        s.align = one.align;
                end = i->offset + one.size * (i->count ? i->count : 1);
                s.varies = !i->count || (one.varies && !i->object_class);
        }
        s.size = up(end, s.align);
        return s;
}

static void print_layout(Str name, const CimLayout *l, const CimClass *c, const uint32_t *ids, const char *of)
{
        Shape s = shape_of(l);
        uint32_t bytes = 0;
        bool varies = false;
        for (size_t n = 0; n < l->item_count; n++) {
                const CimItem *i = &l->items[n];
                uint32_t one = i->object_class ? shape_of(i->object_class->layout).size : i->size;
                bool fixed = one && i->count;
                varies |= !fixed;
                bytes = varies ? 0 : i->offset + one * i->count;
                printf("F %.*s %s %d %d %u\n", STR_ARG(name), c->properties[i->property].name.p,
                       (int)i->offset, fixed ? (int)(one * i->count) : -1,
                       ids ? ids[i->data_id - 1] : i->data_id);
        }
        printf("S %.*s %u %d %s\n", STR_ARG(name), s.size, varies ? -1 : (int)bytes, of);
}

static const CimClass *resolve(void *context, Str name)
{
        (void)context;
        return cim_schema_find(schema, STR("root\\wmi"), name);
}

static Str text_of(const CimQualifier *q, size_t n, Str name)
{
        const CimQualifier *found = cim_qualifier_find(q, n, name);
        return found && found->value.type == CIM_STRING ? utf_to8(&arena, found->value.string) : (Str){"", 0};
}

// One side of a method as a class: what goes that way, in the order of ID.
static void print_side(const CimClass *c, const CimMethod *m, Str name, Str way)
{
        CimPropertySpec items[SIDE_MOST];
        CimQualifier ids[SIDE_MOST][2];
        uint32_t numbers[SIDE_MOST];
        size_t n = 0;
        for (size_t at = 0; at < m->parameter_count && n < SIDE_MOST; at++) {
                const CimProperty *p = &m->parameters[at];
                const CimQualifier *size =
                        cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("WmiSizeIs"));
                const CimQualifier *id = cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("ID"));
                if (!cim_qualifier_true(p->qualifiers, p->qualifier_count, way) || !id)
                        continue;
                ids[n][0] = (CimQualifier){.name = STR("WmiDataId"),
                                           .value = {.type = CIM_SINT32, .sint = (int64_t)n + 1}};
                if (size)
                        ids[n][1] = *size;
                numbers[n] = (uint32_t)id->value.sint + 1;
                items[n] = (CimPropertySpec){.name = p->name,
                                             .type = p->type,
                                             .class_name = p->class_name,
                                             .max = p->max,
                                             .qualifiers = ids[n],
                                             .qualifier_count = size ? 2 : 1};
                n++;
        }
        if (!n)
                return;
        char full[300];
        snprintf(full, sizeof(full), "%.*s_%s", STR_ARG(name), str_ieq(way, STR("in")) ? "IN" : "OUT");
        CimClass *side;
        Diag d = {0};
        int r = cim_class_new(&(CimClassSpec){.name = STR("Side"), .properties = items, .property_count = n},
                              NULL, resolve, NULL, &side, &d);
        if (r || !side->layout) {
                fprintf(stderr, "%s: %s\n", full, r ? d.message : side->layout_error);
                exit(1);
        }
        print_layout(str_of(full), side->layout, side, numbers, c->name.p);
        cim_class_unref(side);
}

static int print_class(void *context, Str namespace, const CimClass *c)
{
        (void)context;
        (void)namespace;
        Str header = text_of(c->declared->qualifiers, c->declared->qualifier_count, STR("HeaderName"));
        Str macro = text_of(c->declared->qualifiers, c->declared->qualifier_count, STR("GuidName1"));
        char guid[GUID_TEXT] = "-";
        if (c->has_guid)
                guid_text(&c->guid, guid);
        printf("C %s %s %s %s %s\n", c->name.p, header.n ? header.p : "-", guid, macro.n ? macro.p : "-",
               cim_class_isa(c, STR("WMIEvent")) ? "event" : "data");
        if (c->layout_error[0]) {
                fprintf(stderr, "%s: %s\n", c->name.p, c->layout_error);
                exit(1);
        }
        if (c->layout)
                print_layout(header.n ? header : c->name, c->layout, c, NULL, c->name.p);
        for (size_t i = 0; c->has_guid && i < c->method_count; i++) {
                const CimMethod *m = &c->methods[i];
                header = text_of(m->qualifiers, m->qualifier_count, STR("HeaderName"));
                print_side(c, m, header.n ? header : m->name, STR("in"));
                print_side(c, m, header.n ? header : m->name, STR("out"));
        }
        return 0;
}

int main(void)
{
        schema = support_schema();
        cim_schema_each_class(schema, STR("root\\wmi"), print_class, NULL);
        cim_schema_unref(schema);
        arena_deinit(&arena);
        return 0;
}
