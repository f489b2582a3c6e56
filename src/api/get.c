// SPDX-License-Identifier: MIT
// Getters of the C API.
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/filetime.h"
#include "base/utf.h"
#include "cim/text.h"

// --- where the value is --------------------------------------------------------------------------

// A scalar that is there; item: one of an array, `i`.
static int get_scalar(const freewmi_object *o, const char *name, const size_t *i, bool wrap, Arena *scratch, Place *ret)
{
        int r = i ? api_find_at(o, name, *i, wrap, scratch, ret) : api_find(o, name, wrap, scratch, ret);
        if (r)
                return r;
        if (cim_is_array(ret->value.type))
                return FREEWMI_WRONG_TYPE;
        return ret->value.null ? FREEWMI_IS_NULL : FREEWMI_OK;
}

// The same by value, for what needs no memory that stays.
static int get_value(const freewmi_object *o, const char *name, const size_t *i, CimValue *ret)
{
        Arena scratch = {0};
        Place p;
        int r = get_scalar(o, name, i, false, &scratch, &p);
        arena_deinit(&scratch); // what points there are strings, which are not read this way
        *ret = p.value;
        return r;
}

// --- numbers -------------------------------------------------------------------------------------

static bool is_unsigned(CimType t)
{
        return cim_type_is_unsigned(t) || t == CIM_CHAR16;
}

static int get_int64(const freewmi_object *o, const char *name, const size_t *i, int64_t *ret)
{
        CimValue v;
        int r = ret ? get_value(o, name, i, &v) : FREEWMI_BAD_ARGUMENT;
        if (r)
                return r;
        if (cim_type_is_signed(cim_type(v.type)))
                *ret = v.sint;
        else if (!is_unsigned(cim_type(v.type)))
                return FREEWMI_WRONG_TYPE;
        else if (v.uint > INT64_MAX)
                return FREEWMI_OUT_OF_RANGE;
        else
                *ret = (int64_t)v.uint;
        return FREEWMI_OK;
}

static int get_uint64(const freewmi_object *o, const char *name, const size_t *i, uint64_t *ret)
{
        CimValue v;
        int r = ret ? get_value(o, name, i, &v) : FREEWMI_BAD_ARGUMENT;
        if (r)
                return r;
        if (is_unsigned(cim_type(v.type)))
                *ret = v.uint;
        else if (!cim_type_is_signed(cim_type(v.type)))
                return FREEWMI_WRONG_TYPE;
        else if (v.sint < 0)
                return FREEWMI_OUT_OF_RANGE;
        else
                *ret = (uint64_t)v.sint;
        return FREEWMI_OK;
}

// 2^53 and less every double knows; beyond, those with zeros at the end.
static bool is_exact(uint64_t n)
{
        while (n && !(n & 1))
                n >>= 1;
        return n <= (UINT64_C(1) << 53);
}

static int get_double(const freewmi_object *o, const char *name, const size_t *i, double *ret)
{
        CimValue v;
        int r = ret ? get_value(o, name, i, &v) : FREEWMI_BAD_ARGUMENT;
        if (r)
                return r;
        CimType t = cim_type(v.type);
        bool minus = cim_type_is_signed(t) && v.sint < 0;
        uint64_t n = minus ? -(uint64_t)v.sint : v.uint;
        if (t == CIM_REAL32 || t == CIM_REAL64)
                *ret = v.real;
        else if (!cim_type_is_signed(t) && !is_unsigned(t))
                return FREEWMI_WRONG_TYPE;
        else if (!is_exact(n))
                return FREEWMI_OUT_OF_RANGE;
        else
                *ret = minus ? -(double)n : (double)n;
        return FREEWMI_OK;
}

static int get_bool(const freewmi_object *o, const char *name, const size_t *i, bool *ret)
{
        CimValue v;
        int r = ret ? get_value(o, name, i, &v) : FREEWMI_BAD_ARGUMENT;
        if (!r && cim_type(v.type) != CIM_BOOLEAN)
                r = FREEWMI_WRONG_TYPE;
        if (!r)
                *ret = v.boolean;
        return r;
}

// --- text ----------------------------------------------------------------------------------------

size_t api_utf8(Str16 s, char *out)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++) {
                uint32_t c = s.p[i];
                if (c >= 0xD800 && c < 0xDC00 && i + 1 < s.n && s.p[i + 1] >= 0xDC00 && s.p[i + 1] < 0xE000)
                        c = 0x10000 + ((c - 0xD800) << 10) + (s.p[++i] - 0xDC00u);
                char four[4];
                n += utf8_encode(c, out ? out + n : four);
        }
        if (out)
                out[n] = '\0';
        return n;
}

static bool is_text(uint16_t type)
{
        CimType t = cim_type(type);
        return t == CIM_STRING || t == CIM_DATETIME || t == CIM_REFERENCE;
}

static int text_one(const Place *p, const char **ret, size_t *ret_length)
{
        Slot *s = p->slot;
        if (!s->text) {
                size_t n = api_utf8(p->value.string, NULL);
                s->text = malloc(n + 1);
                if (!s->text)
                        return FREEWMI_NO_MEMORY;
                s->size = api_utf8(p->value.string, s->text);
        }
        *ret = s->text;
        if (ret_length)
                *ret_length = s->size;
        return FREEWMI_OK;
}

// All items of an array of texts at once, in one block. `items` is the array.
static int text_items(Slot *s, const CimValue *items, size_t count)
{
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++)
                bytes += items[i].null ? 0 : api_utf8(items[i].string, NULL) + 1;
        char **texts = malloc(count * sizeof(*texts) + bytes);
        size_t *sizes = calloc(count, sizeof(*sizes));
        if (!texts || !sizes) {
                free(texts);
                free(sizes);
                return FREEWMI_NO_MEMORY;
        }
        char *to = (char *)(texts + count);
        for (size_t i = 0; i < count; i++) {
                texts[i] = NULL;
                if (items[i].null)
                        continue;
                sizes[i] = api_utf8(items[i].string, to);
                texts[i] = to;
                to += sizes[i] + 1;
        }
        s->texts = texts;
        s->sizes = sizes;
        return FREEWMI_OK;
}

static int get_string(const freewmi_object *o, const char *name, const size_t *i, const char **ret, size_t *ret_length)
{
        Place p;
        int r = ret ? get_scalar(o, name, i, true, NULL, &p) : FREEWMI_BAD_ARGUMENT;
        if (!r && !is_text(p.value.type))
                r = FREEWMI_WRONG_TYPE;
        if (r || !p.item)
                return r ? r : text_one(&p, ret, ret_length);
        if (!p.slot->texts)
                r = text_items(p.slot, p.items, p.count);
        if (r)
                return r;
        *ret = p.slot->texts[p.index];
        if (ret_length)
                *ret_length = p.slot->sizes[p.index];
        return FREEWMI_OK;
}

int freewmi_get_text(const freewmi_object *o, const char *name, const char **ret)
{
        Place p;
        int r = ret ? api_find(o, name, true, NULL, &p) : FREEWMI_BAD_ARGUMENT;
        if (r)
                return r;
        Slot *s = p.slot;
        size_t count = p.item ? p.count + 1 : 1, at = p.item ? p.index + 1 : 0;
        if (s->mof_count < count) {
                char **more = realloc(s->mofs, count * sizeof(*more));
                if (!more)
                        return FREEWMI_NO_MEMORY;
                memset(more + s->mof_count, 0, (count - s->mof_count) * sizeof(*more));
                s->mofs = more;
                s->mof_count = count;
        }
        if (!s->mofs[at]) {
                Buf b = {0};
                cim_text_value(&p.value, &b);
                if (!buf_z(&b)) {
                        buf_deinit(&b);
                        return FREEWMI_NO_MEMORY;
                }
                s->mofs[at] = (char *)b.p;
        }
        *ret = s->mofs[at];
        return FREEWMI_OK;
}

// --- time, objects, arrays -----------------------------------------------------------------------

int freewmi_get_time(const freewmi_object *o, const char *name, int64_t *ret)
{
        CimValue v;
        uint64_t t;
        int r = ret ? get_value(o, name, NULL, &v) : FREEWMI_BAD_ARGUMENT;
        if (r)
                return r;
        if (cim_type(v.type) != CIM_DATETIME || !cim_datetime_instant(v.string, &t))
                return FREEWMI_WRONG_TYPE;
        // File time counts 100 ns from 1601.
        if (t > FILETIME_UNIX + INT64_MAX / 100 || (t < FILETIME_UNIX && FILETIME_UNIX - t > INT64_MAX / 100))
                return FREEWMI_OUT_OF_RANGE;
        *ret = ((int64_t)t - (int64_t)FILETIME_UNIX) * 100;
        return FREEWMI_OK;
}

static int get_object(const freewmi_object *o, const char *name, const size_t *i, const freewmi_object **ret)
{
        Place p;
        int r = ret ? get_scalar(o, name, i, true, NULL, &p) : FREEWMI_BAD_ARGUMENT;
        if (!r && cim_type(p.value.type) != CIM_OBJECT)
                r = FREEWMI_WRONG_TYPE;
        if (r)
                return r;
        const freewmi_object *child = api_child(p.object, p.slot, p.index, p.item ? p.count : 1, p.value.object);
        if (!child)
                return FREEWMI_NO_MEMORY;
        *ret = child;
        return FREEWMI_OK;
}

static int get_array(const freewmi_object *o, const char *name, bool wrap, Arena *scratch, Place *ret)
{
        int r = api_find(o, name, wrap, scratch, ret);
        if (!r && !cim_is_array(ret->value.type))
                r = FREEWMI_WRONG_TYPE;
        if (!r && ret->value.null)
                r = FREEWMI_IS_NULL;
        return r;
}

int freewmi_get_count(const freewmi_object *o, const char *name, size_t *ret)
{
        Arena scratch = {0};
        Place p;
        int r = ret ? get_array(o, name, false, &scratch, &p) : FREEWMI_BAD_ARGUMENT;
        if (!r)
                *ret = p.value.array.count;
        arena_deinit(&scratch);
        return r;
}

int freewmi_get_bytes(const freewmi_object *o, const char *name, const uint8_t **ret, size_t *ret_size)
{
        Place p;
        int r = ret && ret_size ? get_array(o, name, true, NULL, &p) : FREEWMI_BAD_ARGUMENT;
        if (!r && cim_type(p.value.type) != CIM_UINT8)
                r = FREEWMI_WRONG_TYPE;
        for (size_t i = 0; !r && i < p.value.array.count; i++)
                if (p.value.array.items[i].null)
                        r = FREEWMI_IS_NULL;
        if (r)
                return r;
        if (!p.slot->bytes) {
                p.slot->bytes = malloc(p.value.array.count ? p.value.array.count : 1);
                if (!p.slot->bytes)
                        return FREEWMI_NO_MEMORY;
                for (size_t i = 0; i < p.value.array.count; i++)
                        p.slot->bytes[i] = (uint8_t)p.value.array.items[i].uint;
        }
        *ret = p.slot->bytes;
        *ret_size = p.value.array.count;
        return FREEWMI_OK;
}

int freewmi_get_type(const freewmi_object *o, const char *name)
{
        Arena scratch = {0};
        Place p;
        int r = api_find(o, name, false, &scratch, &p);
        arena_deinit(&scratch);
        return r ? r : p.value.type;
}

// --- the public forms ----------------------------------------------------------------------------

int freewmi_get_int64(const freewmi_object *o, const char *name, int64_t *ret)
{
        return get_int64(o, name, NULL, ret);
}

int freewmi_get_int64_at(const freewmi_object *o, const char *name, size_t i, int64_t *ret)
{
        return get_int64(o, name, &i, ret);
}

int freewmi_get_uint64(const freewmi_object *o, const char *name, uint64_t *ret)
{
        return get_uint64(o, name, NULL, ret);
}

int freewmi_get_uint64_at(const freewmi_object *o, const char *name, size_t i, uint64_t *ret)
{
        return get_uint64(o, name, &i, ret);
}

int freewmi_get_double(const freewmi_object *o, const char *name, double *ret)
{
        return get_double(o, name, NULL, ret);
}

int freewmi_get_double_at(const freewmi_object *o, const char *name, size_t i, double *ret)
{
        return get_double(o, name, &i, ret);
}

int freewmi_get_bool(const freewmi_object *o, const char *name, bool *ret)
{
        return get_bool(o, name, NULL, ret);
}

int freewmi_get_bool_at(const freewmi_object *o, const char *name, size_t i, bool *ret)
{
        return get_bool(o, name, &i, ret);
}

int freewmi_get_string(const freewmi_object *o, const char *name, const char **ret, size_t *ret_length)
{
        return get_string(o, name, NULL, ret, ret_length);
}

int freewmi_get_string_at(const freewmi_object *o, const char *name, size_t i, const char **ret, size_t *ret_length)
{
        return get_string(o, name, &i, ret, ret_length);
}

int freewmi_get_object(const freewmi_object *o, const char *name, const freewmi_object **ret)
{
        return get_object(o, name, NULL, ret);
}

int freewmi_get_object_at(const freewmi_object *o, const char *name, size_t i, const freewmi_object **ret)
{
        return get_object(o, name, &i, ret);
}
