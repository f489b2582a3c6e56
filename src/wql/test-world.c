// SPDX-License-Identifier: MIT
// Classes and objects for the tests of this room.
#include "wql/test-world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"

typedef struct Text {
        World *world;
        Arena *arena;
        const char *p, *end;
} Text;

static void skip(Text *t)
{
        for (; t->p < t->end; t->p++) {
                if (*t->p == '#' || (*t->p == '/' && t->p + 1 < t->end && t->p[1] == '/'))
                        while (t->p + 1 < t->end && *t->p != '\n')
                                t->p++;
                else if (!strchr(" \t\r\n", *t->p))
                        break;
        }
}

static bool fail(Text *t, const char *what)
{
        int n = t->end - t->p < 30 ? (int)(t->end - t->p) : 30;
        if (!t->world->error[0])
                snprintf(t->world->error, sizeof(t->world->error), "expected %s at '%.*s'", what, n, t->p);
        return false;
}

static bool take(Text *t, char c)
{
        skip(t);
        if (t->p == t->end || *t->p != c)
                return false;
        t->p++;
        return true;
}

static bool need(Text *t, char c)
{
        return take(t, c) || fail(t, (char[]){c, '\0'});
}

static Str word(Text *t)
{
        skip(t);
        const char *start = t->p;
        while (t->p < t->end &&
               (*t->p == '_' || (unsigned char)*t->p >= 0x80 || (*t->p >= '0' && *t->p <= '9') ||
                (*t->p >= 'a' && *t->p <= 'z') || (*t->p >= 'A' && *t->p <= 'Z')))
                t->p++;
        return (Str){start, (size_t)(t->p - start)};
}

static bool take_word(Text *t, const char *what)
{
        const char *start = t->p;
        if (str_ieq(word(t), str_of(what)))
                return true;
        t->p = start;
        return false;
}

// ---- values
// ------------------------------------------------------------------------------------------------------

static bool value(Text *t, uint16_t type, CimValue *ret);

static bool value_string(Text *t, char quote, Str16 *ret)
{
        char *plain = arena_alloc(t->arena, (size_t)(t->end - t->p) + 1);
        size_t n = 0;
        for (; t->p < t->end && *t->p != quote; t->p++) {
                if (*t->p == '\\' && t->p + 1 < t->end)
                        t->p++;
                plain[n++] = *t->p;
        }
        *ret = utf_to16(t->arena, (Str){plain, n});
        return need(t, quote);
}

static bool value_array(Text *t, uint16_t type, CimValue *ret)
{
        CimValue *items = arena_array(t->arena, CimValue, 64);
        *ret = (CimValue){.type = type};
        while (!take(t, '}')) {
                if (ret->array.count == 64 || (ret->array.count && !need(t, ',')) ||
                    !value(t, type & (uint16_t)~CIM_ARRAY, &items[ret->array.count++]))
                        return fail(t, "an array item");
        }
        ret->array.items = items;
        return true;
}

// "@root\\name" or nothing.
static Str place(Text *t)
{
        if (!take(t, '@'))
                return (Str){0};
        const char *start = t->p;
        while (t->p < t->end && !strchr(" \t\r\n{};", *t->p))
                t->p++;
        return (Str){start, (size_t)(t->p - start)};
}

static const CimInstance *object(Text *t)
{
        bool is_class = take_word(t, "class");
        Str name = word(t);
        const CimClass *c = cim_schema_find(t->world->schema, t->world->namespace, name);
        if (!c)
                return fail(t, "a class"), NULL;
        CimInstance *i = cim_instance_in(t->arena, cim_class_ref(c));
        t->world->kept = realloc(t->world->kept, (t->world->kept_count + 1) * sizeof(*t->world->kept));
        t->world->kept[t->world->kept_count++] = i->class;
        i->is_class = is_class;
        i->namespace = place(t);
        if (is_class)
                return i;
        if (!need(t, '{'))
                return NULL;
        while (!take(t, '}')) {
                int k = cim_class_property(c, word(t));
                if (k < 0)
                        return fail(t, "a property"), NULL;
                if (!need(t, '=') || !value(t, c->properties[k].type, &i->values[k]) || !need(t, ';'))
                        return NULL;
        }
        return i;
}

static bool value_number(Text *t, CimType type, CimValue *ret)
{
        char *end;
        skip(t);
        if (type == CIM_REAL32 || type == CIM_REAL64)
                ret->real = strtod(t->p, &end);
        else if (cim_type_is_signed(type))
                ret->sint = strtoll(t->p, &end, 10);
        else
                ret->uint = strtoull(t->p, &end, 10);
        if (type == CIM_REAL32)
                ret->real = (double)(float)ret->real;
        bool some = end != t->p;
        t->p = end;
        return some || fail(t, "a number");
}

static bool value(Text *t, uint16_t type, CimValue *ret)
{
        *ret = cim_null(type);
        if (take_word(t, "NULL"))
                return true;
        ret->null = false;
        if (cim_is_array(type))
                return need(t, '{') && value_array(t, type, ret);
        CimType k = cim_type(type);
        if (k == CIM_BOOLEAN) {
                ret->boolean = take_word(t, "TRUE");
                return ret->boolean || take_word(t, "FALSE") || fail(t, "TRUE or FALSE");
        }
        if (k == CIM_OBJECT)
                return (ret->object = object(t)) != NULL;
        if (k == CIM_STRING || k == CIM_DATETIME || k == CIM_REFERENCE)
                return need(t, '"') && value_string(t, '"', &ret->string);
        if (k != CIM_CHAR16)
                return value_number(t, k, ret);
        Str16 s;
        if (!need(t, '\'') || !value_string(t, '\'', &s) || s.n != 1)
                return fail(t, "one character");
        ret->uint = s.p[0];
        return true;
}

// ---- classes
// -----------------------------------------------------------------------------------------------------

static const CimClass *resolve(void *context, Str name)
{
        World *w = context;
        return cim_schema_find(w->schema, w->namespace, name);
}

// [name, name("text")]
static bool qualifiers(Text *t, const CimQualifier **ret, size_t *ret_n)
{
        CimQualifier *q = arena_array(t->arena, CimQualifier, 8);
        *ret = q;
        *ret_n = 0;
        if (!take(t, '['))
                return true;
        do {
                if (*ret_n == 8)
                        return fail(t, "]");
                CimQualifier *one = &q[(*ret_n)++];
                one->name = word(t);
                one->value = (CimValue){.type = CIM_BOOLEAN, .boolean = true};
                if (take(t, '(') && (!value(t, CIM_STRING, &one->value) || !need(t, ')')))
                        return false;
        } while (take(t, ','));
        return need(t, ']');
}

static bool property(Text *t, CimPropertySpec *p)
{
        *p = (CimPropertySpec){0};
        if (!qualifiers(t, &p->qualifiers, &p->qualifier_count))
                return false;
        Str type = word(t);
        p->type = (uint16_t)cim_type_of_name(type);
        if (p->type == CIM_NONE) {
                p->type = CIM_OBJECT;
                if (!str_ieq(type, STR("object")))
                        p->class_name = type;
        }
        if (p->type == CIM_OBJECT && take_word(t, "REF"))
                p->type = CIM_REFERENCE;
        p->name = word(t);
        if (take(t, '[')) {
                p->type |= CIM_ARRAY;
                if (!need(t, ']'))
                        return false;
        }
        if (take(t, '=')) {
                p->has_default = true;
                if (!value(t, p->type, &p->value))
                        return false;
        }
        return (type.n && p->name.n && take(t, ';')) || fail(t, "a property");
}

static bool add_class(Text *t, const CimClassSpec *spec, const CimClass *super)
{
        World *w = t->world;
        Diag d = {0};
        CimClass *c;
        CimSchema *next;
        int r = cim_class_new(spec, super, resolve, w, &c, &d);
        if (r == 0) {
                CimChange change = {.namespace = w->namespace, .klass = c};
                r = cim_schema_change(w->schema, &change, 1, &next, &d);
                cim_class_unref(c);
        }
        if (r) {
                snprintf(w->error, sizeof(w->error), "class %.*s: %.200s", STR_ARG(spec->name), d.message);
                return false;
        }
        cim_schema_unref(w->schema);
        w->schema = next;
        return true;
}

static bool class_text(Text *t)
{
        CimPropertySpec p[64];
        CimClassSpec s = {.properties = p};
        if (!qualifiers(t, &s.qualifiers, &s.qualifier_count))
                return false;
        if (!take_word(t, "class"))
                return fail(t, "class");
        s.name = word(t);
        const CimClass *super = NULL;
        if (take(t, ':') && !(super = resolve(t->world, word(t))))
                return fail(t, "a superclass");
        if (!need(t, '{'))
                return false;
        while (!take(t, '}'))
                if (s.property_count == 64 || !property(t, &p[s.property_count++]))
                        return fail(t, "a property");
        return need(t, ';') && add_class(t, &s, super);
}

// ---- the world
// ---------------------------------------------------------------------------------------------------

void world_init(World *w, Str namespace)
{
        *w = (World){.schema = cim_schema_new(), .namespace = namespace};
        CimChange change = {.namespace = namespace};
        CimSchema *next;
        if (cim_schema_change(w->schema, &change, 1, &next, NULL) == 0) {
                cim_schema_unref(w->schema);
                w->schema = next;
        }
}

void world_deinit(World *w)
{
        cim_schema_unref(w->schema);
        arena_deinit(&w->objects);
        for (size_t i = 0; i < w->kept_count; i++)
                cim_class_unref((CimClass *)(uintptr_t)w->kept[i]);
        free(w->kept);
}

bool world_classes(World *w, Str text)
{
        Arena scratch = {0};
        Text t = {w, &scratch, text.p, text.p + text.n};
        w->error[0] = '\0';
        bool fine = true;
        for (skip(&t); fine && t.p < t.end; skip(&t))
                fine = class_text(&t);
        arena_deinit(&scratch);
        return fine;
}

const CimInstance *world_object(World *w, Str text)
{
        char *z = arena_strndup(&w->objects, text.p, text.n);
        Text t = {w, &w->objects, z, z + text.n};
        w->error[0] = '\0';
        const CimInstance *i = object(&t);
        if (i) {
                take(&t, ';');
                skip(&t);
        }
        if (i && t.p != t.end)
                return fail(&t, "the end"), NULL;
        return i;
}

char *world_file(const char *path, size_t *ret_size)
{
        const char *root = getenv("FREEWMI_SOURCE");
        char full[4096];
        snprintf(full, sizeof(full), "%s/%s", root ? root : ".", path);
        FILE *f = fopen(full, "rb");
        if (!f)
                return NULL;
        char *text = NULL;
        size_t n = 0;
        for (size_t got = 1; got;) {
                char *more = realloc(text, n + 65536);
                if (!more)
                        break;
                text = more;
                got = fread(text + n, 1, 65535, f);
                n += got;
        }
        fclose(f);
        if (text)
                text[n] = '\0';
        *ret_size = n;
        return text;
}
