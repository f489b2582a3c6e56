// SPDX-License-Identifier: MIT
// Encoding units of MS-WMIO for test-wmio.py: written from a MOF text, or read, with what is in them as a
// line of JSON.
//
//   wmio-units write DIR FILE.mof      DIR/NAME.class and DIR/NAME.instance for each class of the text
//   wmio-units read FILE...            units as other encoders write them (tolerant)
//
// What a line says comes from the classes and values themselves, never from the bytes.
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/test-fill.h"
#include "cim/wmio.h"
#include "mof/test-support.h"

static struct json_object *text_of(Str s)
{
        return json_object_new_string_len(s.p, (int)s.n);
}

static struct json_object *object_of(const CimInstance *i);

static struct json_object *value_of(const CimValue *v)
{
        if (v->null)
                return NULL;
        if (cim_is_array(v->type)) {
                struct json_object *list = json_object_new_array();
                for (uint32_t i = 0; i < v->array.count; i++)
                        json_object_array_add(list, value_of(&v->array.items[i]));
                return list;
        }
        CimType t = cim_type(v->type);
        Arena a = {0};
        struct json_object *o;
        if (t == CIM_BOOLEAN)
                return json_object_new_boolean(v->boolean);
        if (t == CIM_REAL32 || t == CIM_REAL64)
                return json_object_new_double(v->real);
        if (t == CIM_OBJECT)
                return object_of(v->object);
        if (cim_type_is_signed(t))
                return json_object_new_int64(v->sint);
        if (cim_type_is_unsigned(t) || t == CIM_CHAR16)
                return json_object_new_uint64(v->uint);
        o = text_of(utf_to8(&a, v->string));
        arena_deinit(&a);
        return o;
}

static struct json_object *qualifiers_of(const CimQualifier *q, size_t n)
{
        struct json_object *o = json_object_new_object();
        for (size_t i = 0; i < n; i++)
                json_object_object_add(o, q[i].name.p, value_of(&q[i].value));
        return o;
}

static struct json_object *property_of(const CimProperty *p, const CimValue *v)
{
        struct json_object *o = json_object_new_object();
        json_object_object_add(o, "name", text_of(p->name));
        json_object_object_add(o, "type", json_object_new_int(p->type));
        json_object_object_add(o, "type_name", json_object_new_string(cim_type_name(p->type)));
        json_object_object_add(o, "class", text_of(p->class_name));
        json_object_object_add(o, "max", json_object_new_int64(p->max));
        json_object_object_add(o, "inherited", json_object_new_boolean(!p->local));
        json_object_object_add(o, "value", value_of(v));
        json_object_object_add(o, "qualifiers", qualifiers_of(p->qualifiers, p->qualifier_count));
        return o;
}

static struct json_object *method_of(const CimMethod *m)
{
        struct json_object *o = json_object_new_object(), *in = json_object_new_array(),
                           *out = json_object_new_array();
        json_object_object_add(o, "name", text_of(m->name));
        json_object_object_add(o, "origin", json_object_new_int((int)m->origin->depth));
        json_object_object_add(o, "returns", json_object_new_int(m->return_type));
        json_object_object_add(o, "qualifiers", qualifiers_of(m->qualifiers, m->qualifier_count));
        for (size_t i = 0; i < m->parameter_count; i++) {
                const CimProperty *p = &m->parameters[i];
                if (cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("in")))
                        json_object_array_add(in, property_of(p, &p->value));
                if (cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("out")))
                        json_object_array_add(out, property_of(p, &p->value));
        }
        json_object_object_add(o, "in", in);
        json_object_object_add(o, "out", out);
        return o;
}

static struct json_object *object_of(const CimInstance *i)
{
        const CimClass *c = i->class;
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();
        json_object_object_add(o, "class", text_of(c->name));
        for (const CimClass *s = c->super; s; s = s->super)
                json_object_array_add(list, text_of(s->name));
        json_object_object_add(o, "derivation", list);
        json_object_object_add(o, "namespace",
                               i->namespace.n ? text_of(i->namespace) : json_object_new_string(""));
        json_object_object_add(o, "is_class", json_object_new_boolean(i->is_class));
        json_object_object_add(o, "qualifiers", qualifiers_of(c->qualifiers, c->qualifier_count));
        list = json_object_new_array();
        for (size_t k = 0; k < c->property_count; k++)
                json_object_array_add(list, property_of(&c->properties[k], &i->values[k]));
        json_object_object_add(o, "properties", list);
        list = json_object_new_array();
        for (size_t k = 0; k < c->method_count; k++)
                json_object_array_add(list, method_of(&c->methods[k]));
        json_object_object_add(o, "methods", list);
        return o;
}

static void print(const char *path, const CimInstance *i)
{
        struct json_object *line = json_object_new_object();
        json_object_object_add(line, "unit", json_object_new_string(path));
        json_object_object_add(line, "object", object_of(i));
        puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(line);
}

static int write_unit(const char *folder, const char *kind, const CimInstance *i)
{
        char path[4096];
        Buf b = {0};
        snprintf(path, sizeof(path), "%s/%.*s.%s", folder, STR_ARG(i->class->name), kind);
        int r = cim_wmio_write(i, STR("MACHINE"), &b);
        FILE *f = r == 0 ? fopen(path, "wb") : NULL;
        bool written = f && fwrite(b.p, 1, b.n, f) == b.n;
        if (f && fclose(f) != 0)
                written = false;
        buf_deinit(&b);
        if (!written)
                fprintf(stderr, "wmio-units: %s cannot be written (%d)\n", path, r);
        else
                print(path, i);
        return written ? 0 : 1;
}

// The definition of a class and an instance with all values.
static int write_class(const char *folder, const CimClass *c)
{
        CimInstance *definition, *i;
        if (cim_instance_of_class(c, STR("root\\test"), &definition) < 0 || cim_instance_new(c, &i) < 0 ||
            cim_instance_place(i, STR("root\\test")) < 0 || test_fill(i, i->owner, 0) < 0)
                return 1;
        int r = write_unit(folder, "class", definition) | write_unit(folder, "instance", i);
        cim_instance_unref(definition);
        cim_instance_unref(i);
        return r;
}

static int write_all(const char *folder, const char *file)
{
        Diag errors[LIMIT_MOF_ERRORS];
        size_t size, count = 0;
        MofPlan *result;
        CimSchema *schema = support_schema();
        char *text = support_read(file, &size);
        MofSource source = {
                .text = {text, size}, .name = file, .namespace = STR("root\\wmi")};
        if (!text || mof_compile(&source, &(MofBuild){.schema = schema}, &result, errors, LIMIT_MOF_ERRORS, &count) != 0) {
                fprintf(stderr, "wmio-units: %s: %s\n", file, text ? errors[0].message : "cannot be read");
                return 1;
        }
        int r = 0;
        for (size_t i = 0; i < result->count; i++)
                if (result->steps[i].kind == MOF_PUT_CLASS)
                        r |= write_class(folder, result->steps[i].klass);
        mof_plan_free(result);
        cim_schema_unref(schema);
        free(text);
        return r;
}

static int read_one(const char *path)
{
        CimWmioOptions tolerant = {.tolerant = true};
        CimInstance *i;
        Diag d = {0};
        size_t size = 0;
        char *bytes = support_read(path, &size);
        int r = bytes ? cim_wmio_read((const uint8_t *)bytes, size, &tolerant, &i, &d) : 1;
        free(bytes);
        if (r) {
                fprintf(stderr, "wmio-units: %s: %s\n", path, bytes ? d.message : "cannot be read");
                return 1;
        }
        print(path, i);
        cim_instance_unref(i);
        return 0;
}

int main(int argc, char **argv)
{
        int r = 0;
        if (argc == 4 && strcmp(argv[1], "write") == 0)
                return write_all(argv[2], argv[3]);
        if (argc < 3 || strcmp(argv[1], "read") != 0) {
                fputs("usage: wmio-units write DIR FILE.mof | wmio-units read FILE...\n", stderr);
                return 2;
        }
        for (int i = 2; i < argc; i++)
                r |= read_one(argv[i]);
        return r;
}
