// SPDX-License-Identifier: MIT
// Events and objects as text.
//
// A class and a selection make a Shape (which properties, in which order, with JSON-ready names); the few
// shapes in use are kept, so that an event costs its values alone.
#include "print-event.h"

#include <errno.h>
#include <stdlib.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/utf.h"
#include "cim/path.h"
#include "say.h"
#include "table.h"
#include "wql/wql.h"

enum {
        SHAPES = 32,
        TABLE_COLUMNS = 8, // more are a block
        TABLE_ROWS = 1000, // then a new table begins, so that nothing is held back for ever
};

struct Selection {
        Selection *next;
        WqlQuery *query;
};

typedef struct Column {
        uint32_t property; // index in the class; from COLUMN_SYSTEM on: a CimSystemProperty, shown because it
                           // was named
        const char *name;
} Column;

#define COLUMN_SYSTEM 0x80000000u

typedef struct Shape {
        CimClass *klass; // a reference: the address cannot come back as another class
        const Selection *selection;
        Arena arena;
        Column *columns;
        size_t count;
        size_t width; // of the longest name
} Shape;

struct Printer {
        PrintStyle style;
        bool colour;
        Selection *selections;
        Shape shapes[SHAPES];
        unsigned next_shape;
        Table *table; // rows of objects of table_class, not printed yet
        CimClass *table_class;
        const Selection *table_selection;
        size_t table_rows;
        Arena table_heads; // what the table borrows
        Arena scratch;
};

Printer *printer_new(PrintStyle style, bool colour)
{
        Printer *p = calloc(1, sizeof(*p));
        if (p) {
                p->style = style;
                p->colour = colour;
        }
        return p;
}

static void shape_deinit(Shape *s)
{
        cim_class_unref(s->klass);
        arena_deinit(&s->arena);
        *s = (Shape){0};
}

Printer *printer_free(Printer *p)
{
        if (!p)
                return NULL;
        table_free(p->table);
        cim_class_unref(p->table_class);
        arena_deinit(&p->table_heads);
        for (size_t i = 0; i < SHAPES; i++)
                shape_deinit(&p->shapes[i]);
        for (Selection *s = p->selections, *next; s; s = next) {
                next = s->next;
                wql_query_free(s->query);
                free(s);
        }
        arena_deinit(&p->scratch);
        free(p);
        return NULL;
}

static const Selection *printer_keep(Printer *p, WqlQuery *q)
{
        Selection *s = wql_select_count(q) ? calloc(1, sizeof(*s)) : NULL;
        if (!s) {
                wql_query_free(q);
                return NULL;
        }
        *s = (Selection){.next = p->selections, .query = q};
        return p->selections = s;
}

const Selection *printer_select(Printer *p, Str query)
{
        WqlQuery *q;
        return wql_parse(query, &q, NULL) ? NULL : printer_keep(p, q);
}

const Selection *printer_select_data(Printer *p, Str query)
{
        WqlQuery *q;
        return wql_parse_data(query, &q, NULL) ? NULL : printer_keep(p, q);
}

// --- shapes ------------------------------------------------------------------------------------------

static int shape_add(Shape *s, uint32_t property, Str name)
{
        for (size_t i = 0; i < s->count; i++)
                if (s->columns[i].property == property)
                        return 0; // named twice: a JSON object holds it once
        const char *z = arena_strndup(&s->arena, name.p, name.n);
        if (!z)
                return -ENOMEM;
        s->columns[s->count++] = (Column){.property = property, .name = z};
        if (name.n > s->width)
                s->width = name.n;
        return 0;
}

static uint16_t shape_type(const Shape *s, const Column *c)
{
        return c->property < COLUMN_SYSTEM
                       ? s->klass->properties[c->property].type
                       : cim_system_type((CimSystemProperty)(c->property - COLUMN_SYSTEM));
}

static bool shape_is_number(const Shape *s, const Column *c)
{
        uint16_t type = shape_type(s, c);
        CimType t = (CimType)type;
        return !cim_is_array(type) &&
               (cim_type_is_signed(t) || cim_type_is_unsigned(t) || t == CIM_REAL32 || t == CIM_REAL64);
}

// Few properties, and none that takes lines of its own.
static bool shape_is_table(const Shape *s)
{
        if (!s->count || s->count > TABLE_COLUMNS)
                return false;
        for (size_t i = 0; i < s->count; i++)
                if (cim_type(shape_type(s, &s->columns[i])) == CIM_OBJECT)
                        return false;
        return true;
}

static int shape_init(Shape *s, const CimClass *c, const Selection *selection)
{
        size_t names = selection ? wql_select_count(selection->query) : c->property_count;
        *s = (Shape){.klass = cim_class_ref(c), .selection = selection};
        s->columns = arena_array(&s->arena, Column, names);
        if (!s->columns)
                return -ENOMEM;
        for (size_t i = 0; i < names; i++) {
                CimSystemProperty system;
                int r = 0;
                if (!selection) {
                        if (!value_is_system(c->properties[i].name))
                                r = shape_add(s, (uint32_t)i, c->properties[i].name);
                } else {
                        Str name = wql_select_name(selection->query, i);
                        int property = cim_class_property(c, name);
                        if (property >= 0)
                                r = shape_add(s, (uint32_t)property, c->properties[property].name);
                        else if (cim_system_of_name(name, &system))
                                r = shape_add(s, COLUMN_SYSTEM + system, str_of(cim_system_name(system)));
                }
                if (r)
                        return r;
        }
        return 0;
}

static int printer_shape(Printer *p, const CimClass *c, const Selection *selection, const Shape **ret)
{
        for (size_t i = 0; i < SHAPES; i++) {
                if (p->shapes[i].klass == c && p->shapes[i].selection == selection) {
                        *ret = &p->shapes[i];
                        return 0;
                }
        }
        Shape *s = &p->shapes[p->next_shape++ % SHAPES];
        shape_deinit(s);
        int r = shape_init(s, c, selection);
        if (r) {
                shape_deinit(s);
                return r;
        }
        *ret = s;
        return 0;
}

// --- what is printed -----------------------------------------------------------------------------------

// An event (envelope) or an object that lives somewhere or nowhere.
typedef struct Subject {
        const Shape *shape;
        Str namespace;
        const CimEnvelope *envelope; // NULL: an object
        const CimInstance *object;   // its class, values, place; of an event too
} Subject;

static int subject_value(Printer *p, const Subject *s, const Column *c, CimValue *ret)
{
        if (c->property >= COLUMN_SYSTEM)
                return cim_system_value(s->object, (CimSystemProperty)(c->property - COLUMN_SYSTEM), STR("."),
                                        &p->scratch, ret);
        *ret = s->object->values[c->property];
        return 0;
}

// --- JSON ------------------------------------------------------------------------------------------------

static int json_event_head(Printer *p, const CimEnvelope *e, json_object *o)
{
        char time[FILETIME_TEXT];
        json_object *v = NULL;
        int r = value_json_add_str(o, "time", str_of(filetime_iso(e->time, time)));
        if (!r && e->instance.n)
                r = value_json_str16(&p->scratch, e->instance, &v);
        return r ? r : value_json_add(o, "instance", v);
}

static int json_object_head(const CimInstance *i, json_object *o)
{
        Buf path = {0};
        int r = 0;
        if (value_path(i, &path))
                r = value_json_add_str(o, "path", (Str){(const char *)path.p, path.n});
        if (!r && i->is_class) {
                json_object *yes = json_object_new_boolean(1);
                r = yes ? value_json_add(o, "definition", yes) : -ENOMEM;
        }
        buf_deinit(&path);
        return r;
}

static int json_properties(Printer *p, const Subject *s, json_object *o)
{
        json_object *properties = json_object_new_object(), *v;
        int r = properties ? 0 : -ENOMEM;
        for (size_t i = 0; !r && i < s->shape->count; i++) {
                CimValue value;
                r = subject_value(p, s, &s->shape->columns[i], &value);
                if (!r)
                        r = value_json(&p->scratch, &value, 0, &v);
                if (!r)
                        r = value_json_add(properties, s->shape->columns[i].name, v);
        }
        if (!r)
                return value_json_add(o, "properties", properties);
        json_object_put(properties);
        return r;
}

static int print_json(Printer *p, const Subject *s, Buf *out)
{
        json_object *o = json_object_new_object();
        int r = o ? value_json_add_str(o, "class", s->shape->klass->name) : -ENOMEM;
        if (!r && (s->envelope || s->namespace.n))
                r = value_json_add_str(o, "namespace", s->namespace);
        if (!r)
                r = s->envelope ? json_event_head(p, s->envelope, o) : json_object_head(s->object, o);
        if (!r)
                r = json_properties(p, s, o);
        if (!r)
                r = value_json_text(o, out);
        if (!r)
                buf_u8(out, '\n');
        json_object_put(o);
        return r;
}

// --- text ------------------------------------------------------------------------------------------------

// Properties that WMI gives every event are there but step back.
static bool column_is_common(const Shape *s, const Column *c)
{
        if (c->property >= COLUMN_SYSTEM)
                return true;
        Str origin = s->klass->properties[c->property].origin->name;
        return value_is_system(origin) || str_ieq(origin, STR("WMIEvent"));
}

// What follows the class: the instance of an event, the path of an object.
static int print_name(Printer *p, const Subject *s, Buf *out)
{
        if (s->envelope) {
                Str instance = utf_to8(&p->scratch, s->envelope->instance);
                say_clean_line(instance, out);
                return instance.p ? 0 : -ENOMEM;
        }
        Buf path = {0};
        if (value_path(s->object, &path))
                say_clean_line((Str){(const char *)path.p, path.n}, out);
        buf_deinit(&path);
        return 0;
}

static int print_head(Printer *p, const Subject *s, const char *between, bool colour, Buf *out)
{
        char time[FILETIME_TEXT];
        if (s->envelope)
                buf_printf(out, "%s%s", filetime_iso(s->envelope->time, time), between);
        buf_printf(out, "%s%s%.*s%s%s", s->object->is_class ? "class " : "", colour ? "\033[1;32m" : "",
                   STR_ARG(s->shape->klass->name), colour ? "\033[m" : "", between);
        return print_name(p, s, out);
}

static int print_line(Printer *p, const Subject *s, Buf *out)
{
        CimValue v;
        int r = print_head(p, s, "\t", false, out);
        for (size_t i = 0; !r && i < s->shape->count; i++) {
                buf_printf(out, "%c%s=", i ? ' ' : '\t', s->shape->columns[i].name);
                r = subject_value(p, s, &s->shape->columns[i], &v);
                if (!r)
                        r = value_text(&p->scratch, &v, 0, out);
        }
        buf_u8(out, '\n');
        return r;
}

static int print_block(Printer *p, const Subject *s, Buf *out)
{
        CimValue v;
        int r = print_head(p, s, "  ", p->colour, out);
        buf_u8(out, '\n');
        for (size_t i = 0; !r && i < s->shape->count; i++) {
                const Column *c = &s->shape->columns[i];
                bool dim = p->colour && column_is_common(s->shape, c);
                buf_printf(out, "    %s%-*s = ", dim ? "\033[2m" : "", (int)s->shape->width, c->name);
                r = subject_value(p, s, c, &v);
                if (!r)
                        r = value_block(&p->scratch, &v, 8, 0, out);
                buf_text(out, dim ? "\033[m" : "");
        }
        return r;
}

int printer_flush(Printer *p, Buf *out)
{
        int r = p->table ? table_text(p->table, out) : 0;
        p->table = table_free(p->table);
        p->table_class = cim_class_unref(p->table_class);
        p->table_rows = 0;
        arena_reset(&p->table_heads);
        return r;
}

// The class of each batch of an enumeration may be another copy of one class.
static bool printer_goes_on(const Printer *p, const CimClass *c, const Selection *selection)
{
        return p->table && p->table_selection == selection &&
               (p->table_class == c || (p->table_class->version == c->version && c->version &&
                                        str_ieq(p->table_class->name, c->name)));
}

static int printer_begin(Printer *p, const Shape *s)
{
        TableColumn *heads = arena_array(&p->table_heads, TableColumn, s->count + 1);
        if (!heads)
                return -ENOMEM;
        for (size_t i = 0; i < s->count; i++) {
                const char *name =
                        arena_strndup(&p->table_heads, s->columns[i].name, strlen(s->columns[i].name));
                if (!name)
                        return -ENOMEM;
                heads[i] = (TableColumn){name, name, shape_is_number(s, &s->columns[i])};
        }
        p->table = table_new(heads);
        p->table_class = cim_class_ref(s->klass);
        p->table_selection = s->selection;
        return p->table ? 0 : -ENOMEM;
}

static int print_row(Printer *p, const Subject *s, Buf *out)
{
        int r = 0;
        if (p->table_rows >= TABLE_ROWS)
                r = printer_flush(p, out);
        if (!r && !p->table)
                r = printer_begin(p, s->shape);
        if (r)
                return r;
        p->table_rows++;
        table_row(p->table, false);
        for (size_t i = 0; !r && i < s->shape->count; i++) {
                CimValue v;
                Buf cell = {0};
                r = subject_value(p, s, &s->shape->columns[i], &v);
                if (!r)
                        r = value_cell(&p->scratch, &v, &cell);
                table_str(p->table, (Str){(const char *)cell.p, cell.n});
                r = r || !cell.failed ? r : -ENOMEM;
                buf_deinit(&cell);
        }
        return r;
}

// --- one event, one object -------------------------------------------------------------------------------

static int printer_subject(Printer *p, const CimInstance *i, Str namespace, const CimEnvelope *e,
                           const Selection *selection, Buf *out)
{
        Subject s = {.namespace = namespace, .envelope = e, .object = i};
        size_t before = out->n;
        int r = p->table && !printer_goes_on(p, i->class, selection) ? printer_flush(p, out) : 0;
        if (!r)
                r = printer_shape(p, i->class, selection, &s.shape);
        if (!r && p->style == PRINT_JSON)
                r = print_json(p, &s, out);
        else if (!r && p->style == PRINT_LINE)
                r = print_line(p, &s, out);
        else if (!r && p->style == PRINT_TABLE && !i->is_class && shape_is_table(s.shape))
                r = print_row(p, &s, out);
        else if (!r)
                r = print_block(p, &s, out);
        if (!r && out->failed)
                r = -ENOMEM;
        if (r)
                out->n = before;
        return r;
}

int printer_values(Printer *p, const CimClass *c, Str namespace, const CimEnvelope *e, const CimValue *values,
                   const Selection *selection, Buf *out)
{
        // The values are only read; an event lives nowhere.
        CimInstance event = {.class = c, .values = (CimValue *)(uintptr_t)values};
        int r = printer_subject(p, &event, namespace, e, selection, out);
        arena_reset(&p->scratch);
        return r;
}

int printer_object(Printer *p, const CimInstance *i, const Selection *selection, Buf *out)
{
        int r = printer_subject(p, i, i->namespace, NULL, selection, out);
        arena_reset(&p->scratch);
        return r;
}

int printer_event(Printer *p, const CimClass *c, Str namespace, const CimEnvelope *e,
                  const Selection *selection, Buf *out, CimBlockError *reterr)
{
        CimValue *values = arena_array(&p->scratch, CimValue, c->property_count);
        int r = values ? cim_event_extract(e, c, NULL, NULL, &p->scratch, values, reterr) : -ENOMEM;
        if (!r)
                r = printer_values(p, c, namespace, e, values, selection, out);
        arena_reset(&p->scratch);
        return r;
}

int printer_lost(Printer *p, uint64_t count, bool at_source, Str query, Buf *out)
{
        if (p->style != PRINT_JSON) {
                buf_text(out, p->colour ? "\033[1;33m" : "");
                buf_printf(out, "lost\t%s%llu\t", at_source ? "up to " : "", (unsigned long long)count);
                say_clean_line(query, out);
                buf_text(out, p->colour ? "\033[m\n" : "\n");
                return out->failed ? -ENOMEM : 0;
        }
        json_object *o = json_object_new_object(), *lost = json_object_new_uint64(count);
        int r = o && lost ? value_json_add(o, "lost", lost) : -ENOMEM;
        if (!o)
                json_object_put(lost);
        if (!r && at_source) {
                json_object *yes = json_object_new_boolean(1);
                r = yes ? value_json_add(o, "upTo", yes) : -ENOMEM;
        }
        if (!r)
                r = value_json_add_str(o, "query", query);
        if (!r)
                r = value_json_text(o, out);
        if (!r)
                buf_u8(out, '\n');
        json_object_put(o);
        return r;
}
