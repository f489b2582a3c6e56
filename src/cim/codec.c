// SPDX-License-Identifier: MIT
// Codec: declarations of classes, as a class part and a method part.
//
// What a declaration says and MS-WMIO has no room for stands in qualifiers with the flavor 40h, which no
// declaration holds, in front of the others: CIMTYPE names the class of an object or reference, MAX the n of
// T[n] unless a qualifier of the declaration says it. A method's parameters are all in its first signature,
// in their order; the second one holds ReturnValue.
#include "cim/codec.h"

#include "base/limits.h"
#include "cim/codec-impl.h"
#include "cim/status.h"

#define RETURN_VALUE STR("ReturnValue")
#define PARAMETERS   STR("__PARAMETERS")

// --- writing -----------------------------------------------------------------------------------------------

// The qualifiers of a property, with what goes in front of them.
static int qualifiers_of(Arena *a, uint16_t type, Str class_name, uint32_t max, const CimQualifier *q,
                         size_t n, WmioProperty *ret)
{
        bool say_max = max && wmio_max(type, q, n, NULL) != max;
        ret->qualifiers = q;
        ret->qualifier_count = n;
        if (!class_name.n && !say_max)
                return 0;
        CimQualifier *all = arena_array(a, CimQualifier, n + 2);
        size_t k = 0;
        if (!all)
                return -ENOMEM;
        if (class_name.n) {
                Str16 text = wmio_cimtype(a, type, class_name);
                if (!text.p)
                        return -ENOMEM;
                all[k++] = (CimQualifier){
                        STR("CIMTYPE"), {.type = CIM_STRING, .string = text}, WMIO_FLAVOR_SYSTEM};
        }
        if (say_max)
                all[k++] = (CimQualifier){STR("MAX"), {.type = CIM_UINT32, .uint = max}, WMIO_FLAVOR_SYSTEM};
        if (n)
                memcpy(all + k, q, n * sizeof(*q));
        ret->qualifiers = all;
        ret->qualifier_count = n + k;
        return 0;
}

static int properties_of(Arena *a, const CimPropertySpec *s, size_t n, WmioPart *ret)
{
        ret->properties = arena_array(a, WmioProperty, n);
        ret->property_count = n;
        if (!ret->properties)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i++) {
                WmioProperty *p = &ret->properties[i];
                p->name = s[i].name;
                p->type = s[i].type;
                p->value = s[i].value;
                p->nd = !s[i].has_default ? WMIO_DEFAULT : s[i].value.null ? WMIO_NULL : 0;
                r = qualifiers_of(a, s[i].type, s[i].class_name, s[i].max, s[i].qualifiers,
                                  s[i].qualifier_count, p);
        }
        return r;
}

static int signature_of(Arena *a, const CimPropertySpec *s, size_t n, const WmioPart **ret)
{
        if (!n)
                return 0;
        WmioPart *p = arena_new(a, WmioPart);
        if (!p)
                return -ENOMEM;
        p->name = PARAMETERS;
        *ret = p;
        return properties_of(a, s, n, p);
}

static int method_of(Arena *a, const CimMethodSpec *s, WmioMethod *ret)
{
        ret->name = s->name;
        ret->qualifiers = s->qualifiers;
        ret->qualifier_count = s->qualifier_count;
        int r = signature_of(a, s->parameters, s->parameter_count, &ret->in);
        if (r < 0 || s->return_type == CIM_NONE)
                return r;
        CimPropertySpec value = {.name = RETURN_VALUE, .type = s->return_type, .class_name = s->return_class};
        return signature_of(a, &value, 1, &ret->out);
}

static int part_of(Arena *a, const CimClass *c, WmioPart *ret)
{
        const CimClassSpec *s = c->declared;
        *ret = (WmioPart){.name = s->name,
                          .derivation = c->super ? &c->super->name : NULL,
                          .derivation_count = c->super ? 1 : 0,
                          .qualifiers = s->qualifiers,
                          .qualifier_count = s->qualifier_count,
                          .methods = arena_array(a, WmioMethod, s->method_count),
                          .method_count = s->method_count};
        int r = ret->methods ? properties_of(a, s->properties, s->property_count, ret) : -ENOMEM;
        for (size_t i = 0; i < s->method_count && r == 0; i++)
                r = method_of(a, &s->methods[i], &ret->methods[i]);
        return r;
}

int cim_codec_write_declared(const CimClass *c, const CimClassTable *table, Buf *out)
{
        WmioWriter w;
        WmioPart part;
        codec_writer(&w, table, CODEC_BYTES, out);
        int r = part_of(&w.scratch, c, &part);
        if (r == 0)
                r = wmio_put_class_part(&w, &part, out);
        if (r == 0)
                r = wmio_put_method_part(&w, &part, out);
        return codec_written(&w, r, out);
}

// --- reading -----------------------------------------------------------------------------------------------

// A qualifier in front of the declared ones, when it is the one of that name.
static const CimQualifier *system_qualifier(const WmioProperty *p, size_t i, Str name)
{
        const CimQualifier *q = i < p->qualifier_count ? &p->qualifiers[i] : NULL;
        return q && q->flavor == WMIO_FLAVOR_SYSTEM && str_eq(q->name, name) ? q : NULL;
}

static bool declared_qualifiers(WmioReader *r, const CimQualifier *q, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (q[i].flavor & ~CIM_FLAVOR_DECLARED)
                        return wmio_fail(r, r->start, "a qualifier has flavors that no declaration gives");
        return true;
}

// CIMTYPE must be said as it would be written.
static bool spec_class_name(WmioReader *r, const CimQualifier *q, CimPropertySpec *s)
{
        s->class_name = wmio_cimtype_class(r->arena, &q->value);
        Str16 again = s->class_name.p ? wmio_cimtype(r->arena, s->type, s->class_name) : (Str16){0};
        if (!again.p)
                return wmio_fail(r, r->start, wmio_no_memory);
        if (!s->class_name.n || q->value.null || str16_cmp(again, q->value.string) != 0)
                return wmio_fail(r, r->start, "CIMTYPE names no class");
        return true;
}

static bool spec_qualifiers(WmioReader *r, const WmioProperty *p, CimPropertySpec *s)
{
        size_t k = 0;
        s->class_name = (Str){"", 0};
        const CimQualifier *type = system_qualifier(p, k, STR("CIMTYPE"));
        if (type && !spec_class_name(r, type, s))
                return false;
        k += type != NULL;
        const CimQualifier *max = system_qualifier(p, k, STR("MAX"));
        k += max != NULL;
        s->qualifiers = k ? p->qualifiers + k : p->qualifiers;
        s->qualifier_count = p->qualifier_count - k;
        uint32_t said = wmio_max(s->type, s->qualifiers, s->qualifier_count, NULL);
        s->max = said;
        if (max) {
                if (max->value.type != CIM_UINT32 || max->value.null || !max->value.uint ||
                    max->value.uint == said)
                        return wmio_fail(r, r->start, "MAX says nothing");
                s->max = (uint32_t)max->value.uint;
        }
        return declared_qualifiers(r, s->qualifiers, s->qualifier_count);
}

static bool spec_properties(WmioReader *r, const WmioPart *part, const CimPropertySpec **ret,
                            size_t *ret_count)
{
        CimPropertySpec *s = wmio_alloc(r, part->property_count, sizeof(*s));
        if (!s)
                return false;
        for (size_t i = 0; i < part->property_count; i++) {
                const WmioProperty *p = &part->properties[i];
                if (p->inherited || p->origin)
                        return wmio_fail(r, r->start, "a declared property is inherited");
                if (p->nd == (WMIO_NULL | WMIO_DEFAULT))
                        return wmio_fail(r, r->start, "a default is NULL and not given");
                s[i].name = p->name;
                s[i].type = p->type;
                s[i].has_default = p->nd != WMIO_DEFAULT;
                s[i].value = p->value;
                if (!spec_qualifiers(r, p, &s[i]))
                        return false;
        }
        *ret = s;
        *ret_count = part->property_count;
        return true;
}

static bool spec_signature(WmioReader *r, const WmioPart *part, const CimPropertySpec **ret,
                           size_t *ret_count)
{
        if (!part)
                return true;
        if (!str_eq(part->name, PARAMETERS) || part->derivation_count || part->qualifier_count ||
            part->method_count || !part->property_count)
                return wmio_fail(r, r->start, "a signature is not as it would be written");
        return spec_properties(r, part, ret, ret_count);
}

static bool spec_method(WmioReader *r, const WmioMethod *m, CimMethodSpec *ret)
{
        const CimPropertySpec *value = NULL;
        size_t values = 0;
        ret->name = m->name;
        ret->return_class = (Str){"", 0};
        ret->qualifiers = m->qualifiers;
        ret->qualifier_count = m->qualifier_count;
        if (!declared_qualifiers(r, m->qualifiers, m->qualifier_count) ||
            !spec_signature(r, m->in, &ret->parameters, &ret->parameter_count) ||
            !spec_signature(r, m->out, &value, &values))
                return false;
        if (!values)
                return true;
        if (values > 1 || !str_eq(value->name, RETURN_VALUE) || value->has_default || value->max ||
            value->qualifier_count)
                return wmio_fail(r, r->start, "what a method returns is not as it would be written");
        ret->return_type = value->type;
        ret->return_class = value->class_name;
        return true;
}

static bool spec_of(WmioReader *r, const WmioPart *part, CimClassSpec *ret, Str *ret_superclass)
{
        if (!part->name.p || part->derivation_count > 1)
                return wmio_fail(r, r->start, "it is not the declaration of one class");
        *ret = (CimClassSpec){.name = part->name,
                              .qualifiers = part->qualifiers,
                              .qualifier_count = part->qualifier_count,
                              .method_count = part->method_count};
        *ret_superclass = part->derivation_count ? part->derivation[0] : (Str){"", 0};
        if (part->derivation_count && !ret_superclass->n)
                return wmio_fail(r, r->start, "a superclass has no name");
        CimMethodSpec *m = wmio_alloc(r, part->method_count, sizeof(*m));
        if (!m || !declared_qualifiers(r, part->qualifiers, part->qualifier_count) ||
            !spec_properties(r, part, &ret->properties, &ret->property_count))
                return false;
        ret->methods = m;
        for (size_t i = 0; i < part->method_count; i++)
                if (!spec_method(r, &part->methods[i], &m[i]))
                        return false;
        return true;
}

int cim_codec_read_declared(const uint8_t *p, size_t n, const CimClassTable *table, Arena *a,
                            CimClassSpec *ret, Str *ret_superclass, Diag *reterr)
{
        const uint8_t *own = arena_copy(a, p, n); // long strings stay where they are
        if (!own)
                return -ENOMEM;
        WmioReader r;
        WmioPart part;
        codec_reader(&r, own, table, a);
        WmioIn in = {&r, own, own + n};
        if (n > CODEC_BYTES)
                wmio_fail(&r, own, "it is too long");
        else if (wmio_get_class_part(&in, &part) && wmio_get_method_part(&in, &part) && wmio_in_end(&in) &&
                 spec_of(&r, &part, ret, ret_superclass))
                return 0;
        if (r.wrong == wmio_no_memory)
                return -ENOMEM;
        diag_set(reterr, CIM_E_INVALID_OBJECT, "the class cannot be read at %zu: %s", r.offset, r.wrong);
        if (reterr)
                reterr->offset = r.offset;
        return E_DIAG;
}
