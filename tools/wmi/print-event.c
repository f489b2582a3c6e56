// SPDX-License-Identifier: MIT
// Events as text.
//
// A class and a selection make a Shape (which properties, in which order, with JSON-ready names); the few
// shapes in use are kept, so that an event costs its values alone.
#include "print-event.h"

#include <float.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/utf.h"
#include "say.h"
#include "wql/wql.h"

enum { SHAPES = 32 };

struct Selection {
        Selection *next;
        WqlQuery *query;
};

typedef struct Column {
        uint32_t property; // index in the class; beyond COLUMN_SYSTEM: a system property, shown because it
                           // was named
        const char *name;
        CimValue system; // its value: the same for every event of the class
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

const Selection *printer_select(Printer *p, Str query)
{
        WqlQuery *q;
        if (wql_parse(query, &q, NULL))
                return NULL;
        Selection *s = wql_select_count(q) ? calloc(1, sizeof(*s)) : NULL;
        if (!s) {
                wql_query_free(q);
                return NULL;
        }
        *s = (Selection){.next = p->selections, .query = q};
        return p->selections = s;
}

// --- shapes ------------------------------------------------------------------------------------------

static bool name_is_system(Str name)
{
        return name.n >= 2 && name.p[0] == '_' && name.p[1] == '_';
}

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

static CimValue shape_text(Shape *s, Str name)
{
        Str16 text = utf_to16(&s->arena, name);
        return text.p ? (CimValue){.type = CIM_STRING, .string = text} : cim_null(CIM_STRING);
}

static CimValue shape_derivation(Shape *s)
{
        CimValue *names = arena_array(&s->arena, CimValue, s->klass->depth);
        uint32_t n = 0;
        for (const CimClass *c = s->klass->super; names && c && n < s->klass->depth; c = c->super)
                names[n++] = shape_text(s, c->name);
        return (CimValue){.type = CIM_STRING | CIM_ARRAY, .array = {names, n}};
}

// System properties of an event that a SELECT list names. An event has no path and no server.
static int shape_add_system(Shape *s, Str name)
{
        static const char *const names[] = {"__CLASS",   "__SUPERCLASS",     "__DYNASTY",   "__DERIVATION",
                                            "__GENUS",   "__PROPERTY_COUNT", "__NAMESPACE", "__PATH",
                                            "__RELPATH", "__SERVER"};
        const CimClass *root = s->klass;
        uint32_t i = 0;
        while (i < sizeof(names) / sizeof(names[0]) && !str_ieq(name, str_of(names[i])))
                i++;
        if (i == sizeof(names) / sizeof(names[0]))
                return 0;
        while (root->super)
                root = root->super;
        CimValue v = i == 0                      ? shape_text(s, s->klass->name)
                     : i == 1 && s->klass->super ? shape_text(s, s->klass->super->name)
                     : i == 2                    ? shape_text(s, root->name)
                     : i == 3                    ? shape_derivation(s)
                     : i == 4                    ? (CimValue){.type = CIM_SINT32, .sint = 2}
                     : i == 5 ? (CimValue){.type = CIM_SINT32, .sint = (int64_t)s->klass->property_count}
                              : cim_null(CIM_STRING);
        size_t before = s->count;
        int r = shape_add(s, COLUMN_SYSTEM + i, str_of(names[i]));
        if (!r && s->count > before)
                s->columns[before].system = v;
        return r;
}

static int shape_init(Shape *s, const CimClass *c, const Selection *selection)
{
        size_t names = selection ? wql_select_count(selection->query) : c->property_count;
        *s = (Shape){.klass = cim_class_ref(c), .selection = selection};
        s->columns = arena_array(&s->arena, Column, names);
        if (!s->columns)
                return -ENOMEM;
        for (size_t i = 0; i < names; i++) {
                int r = 0;
                if (!selection) {
                        if (!name_is_system(c->properties[i].name))
                                r = shape_add(s, (uint32_t)i, c->properties[i].name);
                } else {
                        Str name = wql_select_name(selection->query, i);
                        int property = cim_class_property(c, name);
                        if (property >= 0)
                                r = shape_add(s, (uint32_t)property, c->properties[property].name);
                        else
                                r = shape_add_system(s, name);
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

static const CimValue *column_value(const Column *c, const CimValue *values)
{
        return c->property >= COLUMN_SYSTEM ? &c->system : &values[c->property];
}

// --- reals -------------------------------------------------------------------------------------------

char *print_real(double v, bool single, char out[PRINT_REAL])
{
        // Up to 6 or 15 digits every decimal comes back from a normal number; the others have fewer to give.
        bool small = fabs(v) < (single ? (double)FLT_MIN : DBL_MIN);
        for (int digits = small ? 1 : single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
                snprintf(out, PRINT_REAL - 2, "%.*g", digits, v);
                if (single ? strtof(out, NULL) == (float)v : strtod(out, NULL) == v)
                        break;
        }
        if (!strpbrk(out, ".e"))
                strcat(out, ".0"); // the room was left for it
        return out;
}

// --- JSON --------------------------------------------------------------------------------------------

static int json_value(Arena *a, const CimValue *v, unsigned depth, json_object **ret);

// Takes the member even on failure; NULL is JSON's null.
static int json_add(json_object *o, const char *key, json_object *take_value)
{
        if (json_object_object_add_ex(o, key, take_value, JSON_C_OBJECT_ADD_CONSTANT_KEY) == 0)
                return 0;
        json_object_put(take_value);
        return -ENOMEM;
}

static json_object *json_str(Str s)
{
        return json_object_new_string_len(s.p ? s.p : "", (int)s.n);
}

// Keys are kept as pointers: `key` lives longer than the object.
static int json_add_str(json_object *o, const char *key, Str s)
{
        json_object *v = json_str(s);
        return v ? json_add(o, key, v) : -ENOMEM;
}

static int json_string16(Arena *a, Str16 s, json_object **ret)
{
        Str utf8 = utf_to8(a, s);
        *ret = utf8.p ? json_str(utf8) : NULL;
        return *ret ? 0 : -ENOMEM;
}

static int json_array(Arena *a, const CimValue *v, unsigned depth, json_object **ret)
{
        json_object *list = json_object_new_array();
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->array.count; i++) {
                json_object *item;
                int r = json_value(a, &v->array.items[i], depth + 1, &item);
                if (!r && json_object_array_add(list, item) < 0) {
                        json_object_put(item);
                        r = -ENOMEM;
                }
                if (r) {
                        json_object_put(list);
                        return r;
                }
        }
        *ret = list;
        return 0;
}

static int json_instance(Arena *a, const CimInstance *i, unsigned depth, json_object **ret)
{
        json_object *o = json_object_new_object(), *properties = json_object_new_object();
        int r = o && properties ? json_add_str(o, "class", i->class->name) : -ENOMEM;
        for (size_t k = 0; !r && k < i->class->property_count; k++) {
                Str name = i->class->properties[k].name;
                if (name_is_system(name))
                        continue;
                json_object *value;
                const char *key = arena_strndup(a, name.p, name.n);
                r = key ? json_value(a, &i->values[k], depth + 1, &value) : -ENOMEM;
                if (!r)
                        r = json_add(properties, key, value);
        }
        if (!r) {
                r = json_add(o, "properties", properties);
                properties = NULL;
        }
        json_object_put(properties);
        if (r) {
                json_object_put(o);
                return r;
        }
        *ret = o;
        return 0;
}

static int json_real(const CimValue *v, json_object **ret)
{
        char text[PRINT_REAL];
        *ret = NULL;
        if (!isfinite(v->real))
                return 0;
        *ret = json_object_new_double_s(v->real, print_real(v->real, v->type == CIM_REAL32, text));
        return *ret ? 0 : -ENOMEM;
}

static int json_value(Arena *a, const CimValue *v, unsigned depth, json_object **ret)
{
        *ret = NULL;
        if (v->null)
                return 0;
        if (depth > LIMIT_DEPTH)
                return -ELOOP;
        if (cim_is_array(v->type))
                return json_array(a, v, depth, ret);
        switch (cim_type(v->type)) {
        case CIM_NONE:
                return 0;
        case CIM_BOOLEAN:
                *ret = json_object_new_boolean(v->boolean);
                break;
        case CIM_SINT8:
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_SINT64:
                *ret = json_object_new_int64(v->sint);
                break;
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_UINT64:
        case CIM_CHAR16:
                *ret = json_object_new_uint64(v->uint);
                break;
        case CIM_REAL32:
        case CIM_REAL64:
                return json_real(v, ret);
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                return json_string16(a, v->string, ret);
        case CIM_OBJECT:
                return json_instance(a, v->object, depth, ret);
        }
        return *ret ? 0 : -ENOMEM;
}

static int json_text(json_object *o, Buf *out)
{
        size_t n;
        const char *text = json_object_to_json_string_length(
                o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
        if (!text)
                return -ENOMEM;
        say_clean_line((Str){text, n}, out); // a terminal may be what reads it
        return out->failed ? -ENOMEM : 0;
}

int print_json_value(const CimValue *v, Buf *out)
{
        Arena a = {0};
        json_object *o;
        int r = json_value(&a, v, 0, &o);
        if (!r)
                r = json_text(o, out);
        json_object_put(o);
        arena_deinit(&a);
        return r;
}

static int print_json(Printer *p, const Shape *s, Str namespace, const CimEnvelope *e, const CimValue *values,
                      Buf *out)
{
        char time[FILETIME_TEXT];
        json_object *o = json_object_new_object(), *properties = json_object_new_object(), *v = NULL;
        int r = o && properties ? json_add_str(o, "class", s->klass->name) : -ENOMEM;
        if (!r)
                r = json_add_str(o, "namespace", namespace);
        if (!r)
                r = json_add_str(o, "time", str_of(filetime_iso(e->time, time)));
        if (!r && e->instance.n)
                r = json_string16(&p->scratch, e->instance, &v);
        if (!r)
                r = json_add(o, "instance", v);
        for (size_t i = 0; !r && i < s->count; i++) {
                const Column *c = &s->columns[i];
                r = json_value(&p->scratch, column_value(c, values), 0, &v);
                if (!r)
                        r = json_add(properties, c->name, v);
        }
        if (!r) {
                r = json_add(o, "properties", properties);
                properties = NULL;
        }
        if (!r)
                r = json_text(o, out);
        if (!r)
                buf_u8(out, '\n');
        json_object_put(properties);
        json_object_put(o);
        return r;
}

// --- text --------------------------------------------------------------------------------------------

static int text_value(Arena *a, const CimValue *v, unsigned depth, Buf *out);

static const char *text_escape(char c)
{
        return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\t' ? "\\t" : NULL;
}

// In quotes, with the escapes of MOF; what could harm a terminal is written as \uXXXX.
static int text_string(Arena *a, Str16 s, Buf *out)
{
        Str utf8 = utf_to8(a, s);
        if (!utf8.p)
                return -ENOMEM;
        buf_u8(out, '"');
        size_t from = 0;
        for (size_t i = 0; i <= utf8.n; i++) {
                const char *escape = NULL;
                if (i < utf8.n)
                        escape = text_escape(utf8.p[i]);
                if (i == utf8.n || escape) {
                        say_clean((Str){utf8.p + from, i - from}, out);
                        if (escape)
                                buf_text(out, escape);
                        from = i + 1;
                }
        }
        buf_u8(out, '"');
        return 0;
}

static int text_array(Arena *a, const CimValue *v, unsigned depth, Buf *out)
{
        buf_u8(out, '{');
        for (uint32_t i = 0; i < v->array.count; i++) {
                if (i)
                        buf_text(out, ", ");
                int r = text_value(a, &v->array.items[i], depth + 1, out);
                if (r)
                        return r;
        }
        buf_u8(out, '}');
        return 0;
}

static int text_instance(Arena *a, const CimInstance *i, unsigned depth, Buf *out)
{
        bool first = true;
        buf_printf(out, "%.*s {", STR_ARG(i->class->name));
        for (size_t k = 0; k < i->class->property_count; k++) {
                Str name = i->class->properties[k].name;
                if (name_is_system(name))
                        continue;
                buf_printf(out, "%s%.*s = ", first ? "" : ", ", STR_ARG(name));
                first = false;
                int r = text_value(a, &i->values[k], depth + 1, out);
                if (r)
                        return r;
        }
        buf_u8(out, '}');
        return 0;
}

static int text_value(Arena *a, const CimValue *v, unsigned depth, Buf *out)
{
        char real[PRINT_REAL];
        if (v->null) {
                buf_text(out, "NULL");
                return 0;
        }
        if (depth > LIMIT_DEPTH)
                return -ELOOP;
        if (cim_is_array(v->type))
                return text_array(a, v, depth, out);
        switch (cim_type(v->type)) {
        case CIM_NONE:
                buf_text(out, "NULL");
                break;
        case CIM_BOOLEAN:
                buf_text(out, v->boolean ? "TRUE" : "FALSE");
                break;
        case CIM_SINT8:
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_SINT64:
                buf_printf(out, "%lld", (long long)v->sint);
                break;
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_UINT64:
        case CIM_CHAR16:
                buf_printf(out, "%llu", (unsigned long long)v->uint);
                break;
        case CIM_REAL32:
        case CIM_REAL64:
                buf_text(out, isfinite(v->real) ? print_real(v->real, v->type == CIM_REAL32, real)
                              : isnan(v->real)  ? "NaN"
                              : v->real > 0     ? "infinity"
                                                : "-infinity");
                break;
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                return text_string(a, v->string, out);
        case CIM_OBJECT:
                return text_instance(a, v->object, depth, out);
        }
        return 0;
}

static int text_column(Printer *p, const Column *c, const CimValue *values, Buf *out)
{
        return text_value(&p->scratch, column_value(c, values), 0, out);
}

// Properties that WMI gives every event are there but step back.
static bool column_is_common(const Shape *s, const Column *c)
{
        if (c->property >= COLUMN_SYSTEM)
                return true;
        Str origin = s->klass->properties[c->property].origin->name;
        return name_is_system(origin) || str_ieq(origin, STR("WMIEvent"));
}

static int print_head(Printer *p, const Shape *s, const CimEnvelope *e, const char *between, bool colour,
                      Buf *out)
{
        char time[FILETIME_TEXT];
        Str instance = utf_to8(&p->scratch, e->instance);
        if (!instance.p)
                return -ENOMEM;
        buf_text(out, filetime_iso(e->time, time));
        buf_printf(out, "%s%s%.*s%s%s", between, colour ? "\033[1;32m" : "", STR_ARG(s->klass->name),
                   colour ? "\033[m" : "", between);
        say_clean_line(instance, out);
        return 0;
}

static int print_line(Printer *p, const Shape *s, const CimEnvelope *e, const CimValue *values, Buf *out)
{
        int r = print_head(p, s, e, "\t", false, out);
        for (size_t i = 0; !r && i < s->count; i++) {
                buf_printf(out, "%c%s=", i ? ' ' : '\t', s->columns[i].name);
                r = text_column(p, &s->columns[i], values, out);
        }
        buf_u8(out, '\n');
        return r;
}

static int print_block(Printer *p, const Shape *s, const CimEnvelope *e, const CimValue *values, Buf *out)
{
        int r = print_head(p, s, e, "  ", p->colour, out);
        buf_u8(out, '\n');
        for (size_t i = 0; !r && i < s->count; i++) {
                const Column *c = &s->columns[i];
                bool dim = p->colour && column_is_common(s, c);
                buf_printf(out, "    %s%-*s = ", dim ? "\033[2m" : "", (int)s->width, c->name);
                r = text_column(p, c, values, out);
                buf_text(out, dim ? "\033[m\n" : "\n");
        }
        return r;
}

// --- one event ---------------------------------------------------------------------------------------

int printer_values(Printer *p, const CimClass *c, Str namespace, const CimEnvelope *e, const CimValue *values,
                   const Selection *selection, Buf *out)
{
        const Shape *s;
        size_t before = out->n;
        int r = printer_shape(p, c, selection, &s);
        if (!r && p->style == PRINT_JSON)
                r = print_json(p, s, namespace, e, values, out);
        else if (!r && p->style == PRINT_LINE)
                r = print_line(p, s, e, values, out);
        else if (!r)
                r = print_block(p, s, e, values, out);
        if (!r && out->failed)
                r = -ENOMEM;
        if (r)
                out->n = before;
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
        int r = o && lost ? json_add(o, "lost", lost) : -ENOMEM;
        if (!o)
                json_object_put(lost);
        if (!r && at_source) {
                json_object *yes = json_object_new_boolean(1);
                r = yes ? json_add(o, "upTo", yes) : -ENOMEM;
        }
        if (!r)
                r = json_add_str(o, "query", query);
        if (!r)
                r = json_text(o, out);
        if (!r)
                buf_u8(out, '\n');
        json_object_put(o);
        return r;
}
