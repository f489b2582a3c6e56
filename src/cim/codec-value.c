// SPDX-License-Identifier: MIT
// Codec: values, and the payload of events that carry an instance.
#include "cim/codec-impl.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/utf.h"

const char codec_no_memory[] = "out of memory";

bool codec_fail(CodecReader *r, const char *why)
{
        if (!r->wrong)
                r->wrong = why;
        r->in.failed = true;
        return false;
}

// Bytes of a number of type t; 0: not a number.
static uint32_t value_width(CimType t)
{
        switch ((int)t) {
        case CIM_BOOLEAN:
        case CIM_SINT8:
        case CIM_UINT8:
                return 1;
        case CIM_SINT16:
        case CIM_UINT16:
        case CIM_CHAR16:
                return 2;
        case CIM_SINT32:
        case CIM_UINT32:
                return 4;
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_REAL32: // widened, and its NaNs kept
        case CIM_REAL64:
                return 8;
        default:
                return 0;
        }
}

static int write_object(const CimInstance *i, const CimClassTable *table, unsigned depth, Buf *out)
{
        if (depth >= LIMIT_DEPTH)
                return -ELOOP;
        if (!table)
                return -EINVAL;
        uint32_t number;
        int r = table->number(table->context, i->class, i->namespace, &number);
        if (r < 0)
                return r;
        buf_u32(out, number);
        buf_u8(out, i->is_class);
        if (i->is_class)
                return 0;
        for (size_t k = 0; k < i->class->property_count && r == 0; k++)
                r = codec_write_value(&i->values[k], table, depth + 1, out);
        return r;
}

static int write_scalar(const CimValue *v, const CimClassTable *table, unsigned depth, Buf *out)
{
        CimType t = cim_type(v->type);
        buf_u8(out, v->null);
        if (v->null)
                return 0;
        if (t == CIM_OBJECT)
                return write_object(v->object, table, depth, out);
        uint32_t width = value_width(t);
        if (t == CIM_BOOLEAN)
                buf_u8(out, v->boolean);
        else if (width)
                buf_put(out, &v->uint, width);
        else
                buf_str16(out, v->string);
        return 0;
}

int codec_write_value(const CimValue *v, const CimClassTable *table, unsigned depth, Buf *out)
{
        buf_u16(out, v->type);
        if (!cim_is_array(v->type))
                return write_scalar(v, table, depth, out);
        buf_u8(out, v->null);
        if (v->null)
                return 0;
        buf_u32(out, v->array.count);
        int r = 0;
        for (uint32_t i = 0; i < v->array.count && r == 0; i++)
                r = write_scalar(&v->array.items[i], table, depth, out);
        return r;
}

static bool read_object(CodecReader *r, Str expected, unsigned depth, CimValue *ret)
{
        if (depth >= LIMIT_DEPTH)
                return codec_fail(r, "objects are nested too deep");
        uint32_t number = read_u32(&r->in);
        uint8_t flags = read_u8(&r->in);
        Str namespace = {0};
        const CimClass *c = r->table && r->table->find ? r->table->find(r->table->context, number, &namespace) : NULL;
        if (!c || r->in.failed)
                return codec_fail(r, "an object is of a class that is not known here");
        if (expected.n && !flags && !cim_class_isa(c, expected))
                return codec_fail(r, "an object is not of the class that its property declares");
        if (flags > 1)
                return codec_fail(r, "a flag is neither 0 nor 1");
        CimInstance *i = cim_instance_in(r->arena, c);
        if (!i)
                return codec_fail(r, codec_no_memory);
        i->is_class = flags;
        i->namespace = (Str){arena_strndup(r->arena, namespace.p, namespace.n), namespace.n};
        if (!i->namespace.p)
                return codec_fail(r, codec_no_memory);
        ret->object = i;
        if (flags)
                return true;
        if (c->property_count > r->in.n / 3) // three bytes are the least for a value
                return codec_fail(r, "an object is cut off");
        for (size_t k = 0; k < c->property_count; k++) {
                if (!codec_read_value(r, c->properties[k].class_name, depth + 1, &i->values[k]))
                        return false;
                if (i->values[k].type != c->properties[k].type)
                        return codec_fail(r, "a value has another type than its property");
        }
        return true;
}

static void sign_extend(CimValue *v, uint32_t width)
{
        unsigned shift = 64 - width * 8;
        if (cim_type_is_signed(cim_type(v->type)))
                v->sint = (int64_t)(v->uint << shift) >> shift;
}

static bool read_scalar(CodecReader *r, Str expected, unsigned depth, uint16_t type,
                        CimValue *ret)
{
        *ret = cim_null(type);
        uint8_t null = read_u8(&r->in);
        if (null > 1)
                return codec_fail(r, "a flag is neither 0 nor 1");
        if (null || r->in.failed)
                return !r->in.failed;
        ret->null = false;
        CimType t = cim_type(type);
        if (t == CIM_OBJECT)
                return read_object(r, expected, depth, ret);
        uint32_t width = value_width(t);
        if (width) {
                const uint8_t *p = read_bytes(&r->in, width);
                if (!p)
                        return false;
                if (t == CIM_BOOLEAN && *p > 1)
                        return codec_fail(r, "a flag is neither 0 nor 1");
                if (t == CIM_BOOLEAN)
                        ret->boolean = *p;
                else
                        memcpy(&ret->uint, p, width);
                sign_extend(ret, width);
                return true;
        }
        if (t != CIM_STRING && t != CIM_DATETIME && t != CIM_REFERENCE)
                return codec_fail(r, "a value has a type that there is not");
        size_t n = read_u32(&r->in);
        const uint8_t *p = read_bytes(&r->in, n * 2);
        if (!p)
                return false;
        ret->string = utf16_copy(r->arena, p, n);
        return ret->string.p ? true : codec_fail(r, codec_no_memory);
}

bool codec_read_value(CodecReader *r, Str expected, unsigned depth, CimValue *ret)
{
        uint16_t type = read_u16(&r->in);
        if (!cim_is_array(type))
                return read_scalar(r, expected, depth, type, ret);
        *ret = cim_null(type);
        uint8_t null = read_u8(&r->in);
        if (null > 1)
                return codec_fail(r, "a flag is neither 0 nor 1");
        if (null || r->in.failed)
                return !r->in.failed;
        uint32_t count = read_u32(&r->in);
        if (count > r->in.n || count > LIMIT_ARRAY_ITEMS) // one byte is the least for an element
                return codec_fail(r, "an array has more elements than bytes");
        CimValue *items = arena_array(r->arena, CimValue, count);
        if (!items)
                return codec_fail(r, codec_no_memory);
        for (uint32_t i = 0; i < count; i++)
                if (!read_scalar(r, expected, depth, (uint16_t)cim_type(type), &items[i]))
                        return false;
        ret->null = false;
        ret->array.items = items;
        ret->array.count = count;
        return true;
}

// --- payloads ---------------------------------------------------------------------------------------------

int cim_codec_write_values(const CimInstance *i, const CimClassTable *table, Buf *out)
{
        int r = 0;
        for (size_t k = 0; k < i->class->property_count && r == 0; k++)
                r = codec_write_value(&i->values[k], table, 0, out);
        return r < 0 ? r : out->failed ? -ENOMEM : 0;
}

int cim_codec_read_values(const uint8_t *p, size_t n, const CimClass *c, const CimWant *want,
                          const CimClassTable *table, Arena *a,
                          CimValue *values, CimBlockError *reterr)
{
        CodecReader r = {.in = {p, n, false}, .arena = a, .table = table};
        for (size_t k = 0; k < c->property_count && !r.in.failed; k++) {
                const CimProperty *property = &c->properties[k];
                CimValue v;
                if (!codec_read_value(&r, property->class_name, 0, &v))
                        break;
                if (v.type != property->type)
                        codec_fail(&r, "a value has another type than its property");
                else if (cim_wants(want, k))
                        values[k] = v;
        }
        if (!r.in.failed && r.in.n)
                codec_fail(&r, "there are bytes behind the last value");
        if (!r.in.failed)
                return 0;
        if (r.wrong == codec_no_memory)
                return -ENOMEM;
        if (reterr) {
                *reterr = (CimBlockError){.offset = n - r.in.n};
                snprintf(reterr->says, sizeof(reterr->says),
                         "the instance of %.80s cannot be read at %zu: %s", c->name.p, n - r.in.n,
                         r.wrong ? r.wrong : "it is cut off");
        }
        return 1;
}
