// SPDX-License-Identifier: MIT
// What the tests of this room share.
#include "mof/test-support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/path.h"
#include "cim/text.h"
#include "mof/system.h"

int support_add(CimSchema **schema, Str namespace, Str text, Diag *reterr)
{
        Diag errors[LIMIT_MOF_ERRORS];
        size_t n;
        MofPlan *result;
        MofSource source = {.text = text, .name = "test", .namespace = namespace};
        MofBuild how = {.schema = *schema, .system = true};
        int r = mof_compile(&source, &how, &result, errors, LIMIT_MOF_ERRORS, &n);
        if (r == E_DIAG && reterr)
                *reterr = errors[0];
        if (r != 0)
                return r;
        CimChange *changes = calloc(result->count + 1, sizeof(*changes));
        CimSchema *next = NULL;
        r = changes ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < result->count; i++) // these texts have nothing but classes
                changes[i] = (CimChange){.namespace = result->steps[i].namespace, .klass = result->steps[i].klass};
        if (r == 0)
                r = cim_schema_change(*schema, changes, result->count, &next, reterr);
        if (r == 0) {
                cim_schema_unref(*schema);
                *schema = next;
        }
        free(changes);
        mof_plan_free(result);
        return r;
}

static void must(int r, const Diag *d, const char *what)
{
        char text[1400];
        if (r == 0)
                return;
        printf("Bail out! %s: %s\n", what, r == E_DIAG ? diag_text(d, text, sizeof(text)) : strerror(-r));
        exit(1);
}

CimSchema *support_schema(void)
{
        CimSchema *s = cim_schema_new();
        Diag d = {0};
        must(s ? 0 : -ENOMEM, NULL, "schema");
        must(support_add(&s, STR("root"), mof_system_text, &d), &d, "system.mof in root");
        must(support_add(&s, STR("root"), mof_root_text, &d), &d, "root.mof");
        must(support_add(&s, STR("root\\wmi"), mof_system_text, &d), &d, "system.mof in root\\wmi");
        must(support_add(&s, STR("root\\wmi"), mof_wmi_text, &d), &d, "wmi.mof");
        must(support_add(&s, STR("root\\wmi"), mof_wmicore_text, &d), &d, "wmicore.mof");
        return s;
}

static void dump_string(Str16 s, Buf *out)
{
        buf_text(out, "\"");
        for (size_t i = 0; i < s.n; i++) {
                char16_t c = s.p[i];
                if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\')
                        buf_u8(out, (uint8_t)c);
                else
                        buf_printf(out, "\\x%04X", c);
        }
        buf_text(out, "\"");
}

static void dump_value(const CimValue *v, Buf *out);

static void dump_object(const CimInstance *i, Buf *out)
{
        buf_printf(out, "%.*s {", STR_ARG(i->class->name));
        bool first = true;
        for (size_t k = 0; k < i->class->property_count; k++) {
                if (i->values[k].null)
                        continue;
                buf_printf(out, "%s%.*s = ", first ? "" : ", ", STR_ARG(i->class->properties[k].name));
                dump_value(&i->values[k], out);
                first = false;
        }
        buf_text(out, "}");
}

static void dump_value(const CimValue *v, Buf *out)
{
        if (v->null) {
                buf_text(out, "NULL");
        } else if (cim_is_array(v->type)) {
                buf_text(out, "{");
                for (uint32_t i = 0; i < v->array.count; i++) {
                        buf_text(out, i ? ", " : "");
                        dump_value(&v->array.items[i], out);
                }
                buf_text(out, "}");
        } else if (cim_type_is_signed(cim_type(v->type))) {
                buf_printf(out, "%lld", (long long)v->sint);
        } else if (cim_type_is_unsigned(cim_type(v->type))) {
                buf_printf(out, "%llu", (unsigned long long)v->uint);
        } else if (v->type == CIM_CHAR16) {
                buf_printf(out, "'%04llX'", (unsigned long long)v->uint);
        } else if (v->type == CIM_BOOLEAN) {
                buf_text(out, v->boolean ? "TRUE" : "FALSE");
        } else if (v->type == CIM_REAL32 || v->type == CIM_REAL64) {
                buf_printf(out, "%.17g", v->real);
        } else if (v->type == CIM_OBJECT) {
                dump_object(v->object, out);
        } else {
                dump_string(v->string, out);
        }
}

static void dump_qualifiers(const CimQualifier *q, size_t n, Buf *out)
{
        static const struct {
                uint8_t bit;
                const char *name;
        } flavors[] = {{CIM_FLAVOR_TO_INSTANCE, "ToInstance"},
                       {CIM_FLAVOR_TO_SUBCLASS, "ToSubClass"},
                       {CIM_FLAVOR_NOT_OVERRIDABLE, "DisableOverride"},
                       {CIM_FLAVOR_AMENDED, "Amended"}};
        if (!n)
                return;
        buf_text(out, " [");
        for (size_t i = 0; i < n; i++) {
                bool yes = q[i].value.type == CIM_BOOLEAN && !q[i].value.null && q[i].value.boolean;
                buf_printf(out, "%s%.*s", i ? ", " : "", STR_ARG(q[i].name));
                if (!yes) {
                        buf_text(out, cim_type(q[i].value.type) == CIM_STRING ||
                                                      cim_type(q[i].value.type) == CIM_SINT32 ||
                                                      cim_type(q[i].value.type) == CIM_BOOLEAN
                                              ? "("
                                              : "<");
                        if (cim_type(q[i].value.type) != CIM_STRING &&
                            cim_type(q[i].value.type) != CIM_SINT32 &&
                            cim_type(q[i].value.type) != CIM_BOOLEAN)
                                buf_printf(out, "%s>(", cim_type_name(q[i].value.type));
                        dump_value(&q[i].value, out);
                        buf_text(out, ")");
                }
                bool first = true;
                for (size_t k = 0; k < 4; k++)
                        if (q[i].flavor & flavors[k].bit) {
                                buf_printf(out, "%s%s", first ? " : " : " ", flavors[k].name);
                                first = false;
                        }
        }
        buf_text(out, "]");
}

static void dump_variable(const CimPropertySpec *p, Buf *out)
{
        CimType t = cim_type(p->type);
        if (t == CIM_OBJECT || t == CIM_REFERENCE)
                buf_printf(out, "%.*s%s", STR_ARG(p->class_name.n ? p->class_name : STR("object")),
                           t == CIM_REFERENCE ? " ref" : "");
        else
                buf_text(out, cim_type_name(p->type));
        buf_printf(out, " %.*s", STR_ARG(p->name));
        if (cim_is_array(p->type) && p->max)
                buf_printf(out, "[%u]", p->max);
        else if (cim_is_array(p->type))
                buf_text(out, "[]");
        if (p->has_default) {
                buf_text(out, " = ");
                dump_value(&p->value, out);
        }
        dump_qualifiers(p->qualifiers, p->qualifier_count, out);
}

void support_dump(const CimClass *c, Str namespace, Buf *out)
{
        const CimClassSpec *d = c->declared;
        buf_printf(out, "%.*s:%.*s", STR_ARG(namespace), STR_ARG(c->name));
        if (c->super)
                buf_printf(out, " : %.*s", STR_ARG(c->super->name));
        dump_qualifiers(d->qualifiers, d->qualifier_count, out);
        buf_text(out, "\n");
        for (size_t i = 0; i < d->property_count; i++) {
                buf_text(out, "  ");
                dump_variable(&d->properties[i], out);
                buf_text(out, "\n");
        }
        for (size_t i = 0; i < d->method_count; i++) {
                const CimMethodSpec *m = &d->methods[i];
                CimPropertySpec returned = {
                        .type = m->return_type, .class_name = m->return_class, .name = m->name};
                buf_text(out, "  ");
                if (m->return_type == CIM_NONE)
                        buf_printf(out, "void %.*s", STR_ARG(m->name));
                else
                        dump_variable(&returned, out);
                buf_text(out, "(");
                for (size_t k = 0; k < m->parameter_count; k++) {
                        buf_text(out, k ? ", " : "");
                        dump_variable(&m->parameters[k], out);
                }
                buf_text(out, ")");
                dump_qualifiers(m->qualifiers, m->qualifier_count, out);
                buf_text(out, "\n");
        }
}

// Would the text alone give a qualifier this type?
static bool plain_qualifier(const CimQualifier *q)
{
        if (q->value.null)
                return false;
        switch ((int)q->value.type) {
        case CIM_BOOLEAN:
        case CIM_STRING:
        case CIM_SINT32:
        case CIM_REAL64:
        case CIM_CHAR16:
                return true;
        case CIM_SINT64:
                return q->value.sint < INT32_MIN || q->value.sint > INT32_MAX;
        case CIM_UINT64:
                return q->value.uint > INT64_MAX;
        default:
                return false;
        }
}

static void look_at(const CimQualifier *q, size_t n, bool *plain)
{
        for (size_t i = 0; i < n; i++) {
                *plain &=
                        plain_qualifier(&q[i]) || (cim_is_array(q[i].value.type) && q[i].value.array.count &&
                                                   (cim_type(q[i].value.type) == CIM_STRING ||
                                                    cim_type(q[i].value.type) == CIM_SINT32));
        }
}

// Would the text alone give all qualifiers of the class their types?
static void look_at_class(const CimClassSpec *d, bool *plain)
{
        look_at(d->qualifiers, d->qualifier_count, plain);
        for (size_t i = 0; i < d->property_count; i++)
                look_at(d->properties[i].qualifiers, d->properties[i].qualifier_count, plain);
        for (size_t i = 0; i < d->method_count; i++) {
                const CimMethodSpec *m = &d->methods[i];
                look_at(m->qualifiers, m->qualifier_count, plain);
                for (size_t k = 0; k < m->parameter_count; k++)
                        look_at(m->parameters[k].qualifiers, m->parameters[k].qualifier_count, plain);
        }
}

void support_dump_step(const MofStep *s, Buf *out)
{
        Diag d;
        Buf path = {0};
        switch (s->kind) {
        case MOF_PUT_CLASS:
                support_dump(s->klass, s->namespace, out);
                return;
        case MOF_PUT_INSTANCE:
                cim_instance_relpath(s->instance, &path, &d);
                buf_printf(out, "%.*s:%s = ", STR_ARG(s->namespace), buf_z(&path));
                dump_object(s->instance, out);
                buf_printf(out, "%s\n", s->flags & MOF_CREATE_ONLY ? " createonly" : s->flags & MOF_UPDATE_ONLY ? " updateonly" : "");
                buf_deinit(&path);
                return;
        case MOF_DELETE_CLASS:
        case MOF_DELETE_INSTANCE:
                buf_printf(out, "delete %s %.*s:%.*s%s\n", s->kind == MOF_DELETE_CLASS ? "class" : "instance",
                           STR_ARG(s->namespace), STR_ARG(s->path), s->fail ? " or fail" : "");
                return;
        case MOF_MAKE_NAMESPACE:
                buf_printf(out, "namespace %.*s\n", STR_ARG(s->namespace));
                return;
        }
}

static void print_result(const MofPlan *result, Buf *text, Buf *dump)
{
        for (size_t i = 0; i < result->count; i++) {
                const MofStep *c = &result->steps[i];
                if (c->kind != MOF_PUT_CLASS)
                        continue;
                buf_text(text, "#pragma namespace(\"");
                for (size_t k = 0; k < c->namespace.n; k++)
                        buf_printf(text, c->namespace.p[k] == '\\' ? "\\\\" : "%c", c->namespace.p[k]);
                buf_text(text, "\")\n");
                cim_text_class(c->klass, text);
                support_dump(c->klass, c->namespace, dump);
        }
}

bool support_round_trip(const MofPlan *result, const CimSchema *schema, Buf *why)
{
        bool plain = true, same = true;
        for (size_t i = 0; i < result->count; i++)
                if (result->steps[i].kind == MOF_PUT_CLASS)
                        look_at_class(result->steps[i].klass->declared, &plain);
        Buf text = {0}, dump = {0}, text2 = {0}, dump2 = {0};
        print_result(result, &text, &dump);
        Diag errors[1];
        size_t n;
        MofPlan *again = NULL;
        MofSource source = {.text = {(char *)text.p, text.n},
                            .name = "printed",
                            .namespace = STR("root")};
        int r = mof_compile(&source, &(MofBuild){.schema = schema}, &again, errors, 1, &n);
        if (r == 0)
                print_result(again, &text2, &dump2);
        mof_plan_free(again);
        if (r != 0) {
                char says[1400];
                buf_printf(why, "what was printed does not compile: %s\n%s",
                           r == E_DIAG ? diag_text(&errors[0], says, sizeof(says)) : strerror(-r),
                           buf_z(&text));
                same = false;
        } else if (!str_eq((Str){(char *)text.p, text.n}, (Str){(char *)text2.p, text2.n})) {
                buf_printf(why, "printed:\n%s\nprinted again:\n%s", buf_z(&text), buf_z(&text2));
                same = false;
        } else if (plain && !str_eq((Str){(char *)dump.p, dump.n}, (Str){(char *)dump2.p, dump2.n})) {
                buf_printf(why, "was:\n%s\nis:\n%s", buf_z(&dump), buf_z(&dump2));
                same = false;
        }
        buf_deinit(&text);
        buf_deinit(&dump);
        buf_deinit(&text2);
        buf_deinit(&dump2);
        return same;
}

char *support_read(const char *path, size_t *ret_n)
{
        FILE *f = fopen(path, "rb");
        if (!f)
                return NULL;
        char *p = NULL;
        size_t n = 0, capacity = 0;
        for (;;) {
                if (n == capacity) {
                        capacity = capacity ? capacity * 2 : 65536;
                        char *more = realloc(p, capacity);
                        if (!more)
                                break;
                        p = more;
                }
                size_t got = fread(p + n, 1, capacity - n, f);
                if (got == 0)
                        break;
                n += got;
        }
        fclose(f);
        *ret_n = n;
        return p;
}
