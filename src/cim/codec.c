// SPDX-License-Identifier: MIT
// Codec: declarations of classes.
#include "cim/codec.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cim/codec-impl.h"
#include "cim/status.h"

// The least bytes that one of each takes, to bound counts by what is left.
enum { LEAST_QUALIFIER = 8, LEAST_PROPERTY = 19, LEAST_METHOD = 18 };

static int write_qualifiers(const CimQualifier *q, size_t n, Buf *out)
{
        buf_u32(out, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
                buf_str(out, q[i].name);
                buf_u8(out, q[i].flavor);
                codec_write_value(&q[i].value, NULL, 0, out); // never an object
        }
        return 0;
}

static int write_properties(const CimPropertySpec *p, size_t n, const CimClassTable *table, Buf *out)
{
        int r = 0;
        buf_u32(out, (uint32_t)n);
        for (size_t i = 0; i < n && r == 0; i++) {
                buf_str(out, p[i].name);
                buf_u16(out, p[i].type);
                buf_str(out, p[i].class_name);
                buf_u32(out, p[i].max);
                write_qualifiers(p[i].qualifiers, p[i].qualifier_count, out);
                buf_u8(out, p[i].has_default);
                if (p[i].has_default)
                        r = codec_write_value(&p[i].value, table, 0, out);
        }
        return r;
}

static int write_methods(const CimMethodSpec *m, size_t n, const CimClassTable *table, Buf *out)
{
        int r = 0;
        buf_u32(out, (uint32_t)n);
        for (size_t i = 0; i < n && r == 0; i++) {
                buf_str(out, m[i].name);
                buf_u16(out, m[i].return_type);
                buf_str(out, m[i].return_class);
                r = write_properties(m[i].parameters, m[i].parameter_count, table, out);
                write_qualifiers(m[i].qualifiers, m[i].qualifier_count, out);
        }
        return r;
}

int cim_codec_write_declared(const CimClass *c, const CimClassTable *table, Buf *out)
{
        const CimClassSpec *s = c->declared;
        size_t start = out->n;
        buf_str(out, c->super ? c->super->name : (Str){"", 0});
        buf_str(out, s->name);
        write_qualifiers(s->qualifiers, s->qualifier_count, out);
        int r = write_properties(s->properties, s->property_count, table, out);
        if (r == 0)
                r = write_methods(s->methods, s->method_count, table, out);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        if (r < 0 && !out->failed)
                out->n = start;
        return r;
}

// --- reading
// A list's count and memory for it. False: there cannot be so many.
static bool read_list(CodecReader *r, size_t least, size_t size, size_t *ret_count, void **ret)
{
        size_t n = read_u32(&r->in);
        if (n > r->in.n / least)
                return codec_fail(r, "a list is longer than what is left");
        *ret = arena_calloc(r->arena, n, size);
        *ret_count = n;
        return *ret ? !r->in.failed : codec_fail(r, codec_no_memory);
}

static bool read_qualifiers(CodecReader *r, const CimQualifier **ret, size_t *ret_count)
{
        void *list;
        if (!read_list(r, LEAST_QUALIFIER, sizeof(CimQualifier), ret_count, &list))
                return false;
        CimQualifier *q = list;
        for (size_t i = 0; i < *ret_count; i++) {
                q[i].name = read_str(&r->in);
                q[i].flavor = read_u8(&r->in);
                if (!codec_read_value(r, (Str){"", 0}, 0, &q[i].value))
                        return false;
                if (q[i].flavor & CIM_FLAVOR_PROPAGATED)
                        return codec_fail(r, "a declared qualifier is marked as propagated");
        }
        *ret = q;
        return true;
}

static bool read_properties(CodecReader *r, const CimPropertySpec **ret, size_t *ret_count)
{
        void *list;
        if (!read_list(r, LEAST_PROPERTY, sizeof(CimPropertySpec), ret_count, &list))
                return false;
        CimPropertySpec *p = list;
        for (size_t i = 0; i < *ret_count; i++) {
                p[i].name = read_str(&r->in);
                p[i].type = read_u16(&r->in);
                p[i].class_name = read_str(&r->in);
                p[i].max = read_u32(&r->in);
                if (!read_qualifiers(r, &p[i].qualifiers, &p[i].qualifier_count))
                        return false;
                uint8_t has = read_u8(&r->in);
                if (has > 1)
                        return codec_fail(r, "a flag is neither 0 nor 1");
                p[i].has_default = has;
                if (has && !codec_read_value(r, p[i].class_name, 0, &p[i].value))
                        return false;
                if (has && p[i].value.type != p[i].type)
                        return codec_fail(r, "a value has another type than its property");
        }
        *ret = p;
        return !r->in.failed;
}

static bool read_methods(CodecReader *r, const CimMethodSpec **ret, size_t *ret_count)
{
        void *list;
        if (!read_list(r, LEAST_METHOD, sizeof(CimMethodSpec), ret_count, &list))
                return false;
        CimMethodSpec *m = list;
        for (size_t i = 0; i < *ret_count; i++) {
                m[i].name = read_str(&r->in);
                m[i].return_type = read_u16(&r->in);
                m[i].return_class = read_str(&r->in);
                if (!read_properties(r, &m[i].parameters, &m[i].parameter_count) ||
                    !read_qualifiers(r, &m[i].qualifiers, &m[i].qualifier_count))
                        return false;
        }
        *ret = m;
        return !r->in.failed;
}

int cim_codec_read_declared(const uint8_t *p, size_t n, const CimClassTable *table, Arena *a, CimClassSpec *ret,
                            Str *ret_superclass, Diag *reterr)
{
        const uint8_t *own = arena_copy(a, p, n);
        if (!own)
                return -ENOMEM;
        CodecReader r = {.in = {own, n, false}, .arena = a, .table = table};
        CimClassSpec s = {0};
        *ret_superclass = read_str(&r.in);
        s.name = read_str(&r.in);
        bool fine = read_qualifiers(&r, &s.qualifiers, &s.qualifier_count) &&
                    read_properties(&r, &s.properties, &s.property_count) &&
                    read_methods(&r, &s.methods, &s.method_count) && !r.in.failed;
        if (fine && r.in.n)
                fine = codec_fail(&r, "there are bytes behind it");
        if (!fine && r.wrong == codec_no_memory)
                return -ENOMEM;
        if (!fine) {
                diag_set(reterr, CIM_E_INVALID_OBJECT, "the class cannot be read: %s",
                         r.wrong ? r.wrong : "it is cut off");
                if (reterr)
                        reterr->offset = n - r.in.n;
                return E_DIAG;
        }
        *ret = s;
        return 0;
}
