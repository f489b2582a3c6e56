// SPDX-License-Identifier: MIT
// Keys: the paths of instances, and identity as bytes.
//
// Identity is the values of the keys in the order of the keys' names, each in a form that has one spelling
// and shows its own end. The class is not in it: an instance of a subclass is the same thing under its
// superclass's name.
//
//   integer, char16      8 bytes, two's complement
//   boolean              1 byte
//   string, datetime     u32 count of code units, then these in upper case
//   reference            1, then the path (below); 0 and the text as a string when it is no path
//   singleton            one byte, '@'
//
// A path inside a reference speaks of a class that nobody looks up here. So its keys are compared as they are
// written: text is text and a number a number; the name of an only key is left out, since `Thing="a"` and
// `Thing.Name="a"` can mean nothing else.
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/class-impl.h"
#include "cim/path.h"
#include "cim/status.h"

size_t cim_class_keys(const CimClass *c, uint32_t *ret, size_t most)
{
        const ClassImpl *k = class_impl(c);
        for (size_t i = 0; i < k->key_count && i < most; i++)
                ret[i] = k->keys[i];
        return k->key_count;
}

bool cim_class_singleton(const CimClass *c)
{
        return class_impl(c)->singleton;
}

// --- what may be a key
// ----------------------------------------------------------------------------------------

// UTF-16 without lone surrogates and characters below U+0020?
static bool key_text_sound(Str16 s)
{
        for (size_t i = 0; i < s.n; i++) {
                char16_t c = s.p[i];
                bool high = c >= 0xD800 && c < 0xDC00, low = c >= 0xDC00 && c < 0xE000;
                if (c < 0x20 || low || (high && (i + 1 == s.n || s.p[i + 1] < 0xDC00 || s.p[i + 1] > 0xDFFF)))
                        return false;
                i += high;
        }
        return true;
}

static bool key_is_text(CimType t)
{
        return t == CIM_STRING || t == CIM_DATETIME || t == CIM_REFERENCE;
}

static int key_check(const CimInstance *i, const CimProperty *p, const CimValue *v, Diag *reterr)
{
        if (v->null) {
                diag_set(reterr, CIM_E_ILLEGAL_NULL, "the key %.*s of the %.*s is NULL", STR_ARG(p->name),
                         STR_ARG(i->class->name));
                return diag_hint(reterr, "every key needs a value");
        }
        if (!key_is_text(cim_type(p->type)) || key_text_sound(v->string))
                return 0;
        diag_set(reterr, CIM_E_INVALID_OBJECT,
                 "the key %.*s of the %.*s holds characters that no path can hold", STR_ARG(p->name),
                 STR_ARG(i->class->name));
        return diag_hint(reterr, "a key has no characters below U+0020 and no half of a surrogate pair");
}

// Has the object an identity, and are its keys such that a path can say them?
static int key_check_all(const CimInstance *i, Diag *reterr)
{
        const ClassImpl *k = class_impl(i->class);
        int r = 0;
        if (!k->key_count && !k->singleton) {
                diag_set(reterr, CIM_E_NO_KEY, "the class %.*s has no key", STR_ARG(i->class->name));
                return diag_hint(reterr, "qualify a property with [key], or the class with [singleton]");
        }
        for (size_t n = 0; n < k->key_count && r == 0; n++)
                r = key_check(i, &i->class->properties[k->keys[n]], &i->values[k->keys[n]], reterr);
        return r;
}

// --- paths of instances
// ---------------------------------------------------------------------------------------

static int key_path(const CimInstance *i, Str server, Str namespace, Buf *out, Diag *reterr)
{
        const ClassImpl *k = class_impl(i->class);
        int r = i->is_class ? 0 : key_check_all(i, reterr);
        if (r)
                return r;
        CimPathKey keys[LIMIT_KEYS];
        CimPath path = {.server = server, .namespace = namespace, .class_name = i->class->name, .keys = keys};
        path.singleton = !i->is_class && k->singleton;
        for (; !i->is_class && path.key_count < k->key_count; path.key_count++)
                keys[path.key_count] =
                        (CimPathKey){.name = i->class->properties[k->keys[path.key_count]].name,
                                     .value = i->values[k->keys[path.key_count]]};
        size_t begin = out->n;
        cim_path_print(&path, out);
        if (out->failed)
                return -ENOMEM;
        size_t units = cim_path_units((Str){(const char *)out->p + begin, out->n - begin});
        if (units <= LIMIT_PATH_CHARS)
                return 0;
        out->n = begin;
        return diag_set(reterr, CIM_E_INVALID_OBJECT,
                        "the path of the %.*s would have %zu characters, at most %u can be",
                        STR_ARG(i->class->name), units, LIMIT_PATH_CHARS);
}

int cim_instance_relpath(const CimInstance *i, Buf *out, Diag *reterr)
{
        return key_path(i, (Str){"", 0}, (Str){"", 0}, out, reterr);
}

int cim_instance_path(const CimInstance *i, Str server, Buf *out, Diag *reterr)
{
        if (!i->namespace.n)
                return diag_set(reterr, CIM_E_INVALID_OBJECT,
                                "the %.*s lives in no namespace, so it has no path", STR_ARG(i->class->name));
        return key_path(i, server, i->namespace, out, reterr);
}

// --- identity
// -------------------------------------------------------------------------------------------------

static void fold_name(Str s, Buf *out)
{
        size_t at = out->n;
        uint32_t n = 0;
        buf_u32(out, 0);
        for (size_t i = 0; i < s.n; n++) {
                uint32_t c;
                i += utf8_decode(s.p + i, s.n - i, &c);
                buf_u32(out, c < 0x10000 ? utf_upcase16((char16_t)c) : c);
        }
        if (!out->failed)
                buf_patch_u32(out, at, n);
}

static void fold_text(Str16 s, Buf *out)
{
        buf_u32(out, (uint32_t)s.n);
        uint8_t *to = buf_reserve(out, s.n * 2);
        for (size_t i = 0; to && i < s.n; i++) {
                char16_t c = utf_upcase16(s.p[i]);
                to[i * 2] = (uint8_t)c;
                to[i * 2 + 1] = (uint8_t)(c >> 8);
        }
        out->n += to ? s.n * 2 : 0;
}

static int fold_order(const void *a, const void *b)
{
        return str_icmp(((const CimPathKey *)a)->name, ((const CimPathKey *)b)->name);
}

// A path that was written as the value of a reference; `namespace` is where it stands.
static int fold_path(const CimPath *p, Str namespace, Buf *out)
{
        CimPathKey keys[LIMIT_KEYS];
        bool here = str_eq(p->server, STR(".")) || str_ieq(p->server, STR("localhost"));
        fold_name(here ? (Str){"", 0} : p->server, out);
        fold_name(p->namespace.n ? p->namespace : namespace, out);
        fold_name(p->class_name, out);
        buf_u8(out, p->singleton);
        buf_u32(out, (uint32_t)p->key_count);
        if (p->key_count)
                memcpy(keys, p->keys, p->key_count * sizeof(*keys));
        qsort(keys, p->key_count, sizeof(*keys), fold_order);
        for (size_t i = 0; i < p->key_count; i++) {
                const CimValue *v = &keys[i].value;
                if (p->key_count > 1)
                        fold_name(keys[i].name, out);
                buf_u8(out, v->type == CIM_STRING    ? 's'
                            : v->type == CIM_BOOLEAN ? 'b'
                            : v->type == CIM_UINT64  ? 'u'
                                                     : 'i');
                if (v->type == CIM_STRING)
                        fold_text(v->string, out);
                else
                        buf_u64(out, v->type == CIM_BOOLEAN ? v->boolean : v->uint);
        }
        return out->failed ? -ENOMEM : 0;
}

static int fold_reference(Str16 s, Str namespace, Buf *out)
{
        Arena a = {0};
        CimPath path;
        Str text = utf_to8(&a, s);
        int r = text.p ? cim_path_parse(text, &a, &path, NULL) : -ENOMEM;
        if (r == 0) {
                buf_u8(out, 1);
                r = fold_path(&path, namespace, out);
        } else if (r == E_DIAG) {
                buf_u8(out, 0);
                fold_text(s, out);
                r = 0;
        }
        arena_deinit(&a);
        return r;
}

// One value that fits its key of type t.
static int fold_value(const CimValue *v, CimType t, Str namespace, Buf *out)
{
        int r = 0;
        if (t == CIM_REFERENCE)
                r = fold_reference(v->string, namespace, out);
        else if (key_is_text(t))
                fold_text(v->string, out);
        else if (t == CIM_BOOLEAN)
                buf_u8(out, v->boolean);
        else
                buf_u64(out, v->uint);
        return r ? r : out->failed ? -ENOMEM : 0;
}

int cim_instance_key(const CimInstance *i, Str namespace, Buf *out, Diag *reterr)
{
        const ClassImpl *k = class_impl(i->class);
        if (i->is_class)
                return diag_set(reterr, CIM_E_INVALID_OBJECT, "the definition of %.*s is not an instance",
                                STR_ARG(i->class->name));
        int r = key_check_all(i, reterr);
        if (r == 0 && k->singleton)
                buf_u8(out, '@');
        for (size_t n = 0; n < k->key_count && r == 0; n++)
                r = fold_value(&i->values[k->keys[n]], cim_type(i->class->properties[k->keys[n]].type),
                               namespace, out);
        return r == 0 && out->failed ? -ENOMEM : r;
}

// --- from a path
// ----------------------------------------------------------------------------------------------

static int path_refused(Diag *reterr, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int path_refused(Diag *reterr, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        diag_setv(reterr, CIM_E_INVALID_OBJECT_PATH, format, args);
        va_end(args);
        return E_DIAG;
}

// "Thing.Name=...,Part=..." as a hint.
static int path_hint_keys(Diag *reterr, const CimClass *c)
{
        const ClassImpl *k = class_impl(c);
        char text[200];
        size_t n = 0;
        if (!k->key_count)
                return diag_hint(reterr, "%.*s=@ is its path", STR_ARG(c->name));
        for (size_t i = 0; i < k->key_count && n < sizeof(text); i++) {
                Str name = c->properties[k->keys[i]].name;
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%c%.*s=...", i ? ',' : '.', STR_ARG(name));
        }
        return diag_hint(reterr, "its paths are %.*s%s", STR_ARG(c->name),
                         n < sizeof(text) ? text : ".KEY=...,...");
}

static bool path_integer_fits(const CimValue *v, CimType t)
{
        int64_t least = 0;
        uint64_t most = UINT16_MAX;
        if (v->type != CIM_SINT64 && v->type != CIM_UINT64)
                return false;
        if (t != CIM_CHAR16)
                cim_type_range(t, &least, &most);
        bool negative = v->type == CIM_SINT64 && v->sint < 0;
        return negative ? v->sint >= least : v->uint <= most;
}

// The value that a path gives, as one of the key's type. False: it is none.
static bool path_value_fits(const CimValue *v, CimType t, CimValue *ret)
{
        *ret = *v;
        if (t == CIM_BOOLEAN)
                return v->type == CIM_BOOLEAN;
        if (key_is_text(t))
                return v->type == CIM_STRING && key_text_sound(v->string) &&
                       (t != CIM_DATETIME || cim_datetime_valid(v->string));
        if (t == CIM_CHAR16 && v->type == CIM_STRING && v->string.n == 1) {
                *ret = (CimValue){.type = CIM_CHAR16, .uint = v->string.p[0]};
                return true;
        }
        return path_integer_fits(v, t);
}

// The key of a path that stands for a property; NULL: none.
static const CimPathKey *path_find(const CimPath *p, Str name)
{
        if (p->key_count == 1 && !p->keys[0].name.n)
                return &p->keys[0];
        for (size_t i = 0; i < p->key_count; i++)
                if (str_ieq(p->keys[i].name, name))
                        return &p->keys[i];
        return NULL;
}

static int path_key_value(const CimPath *p, const CimClass *c, const CimProperty *key, Str namespace,
                          Buf *out, Diag *reterr)
{
        const CimPathKey *given = path_find(p, key->name);
        CimType t = cim_type(key->type);
        CimValue v;
        if (!given) {
                path_refused(reterr, "the path does not say the key %.*s of %.*s", STR_ARG(key->name),
                             STR_ARG(c->name));
                return path_hint_keys(reterr, c);
        }
        if (path_value_fits(&given->value, t, &v))
                return fold_value(&v, t, namespace, out);
        path_refused(reterr, "the value of the key %.*s is not a %s", STR_ARG(key->name),
                     cim_type_name(key->type));
        if (key_is_text(t) && given->value.type != CIM_STRING)
                return diag_hint(reterr, "text stands in quotes: %.*s=\"...\"", STR_ARG(key->name));
        if (!key_is_text(t) && given->value.type == CIM_STRING)
                return diag_hint(reterr, "a %s stands without quotes", cim_type_name(key->type));
        return E_DIAG;
}

// Does the path speak of an instance of such a class at all, and name nothing that is no key?
static int path_check_shape(const CimPath *p, const CimClass *c, Diag *reterr)
{
        const ClassImpl *k = class_impl(c);
        if (!p->key_count && !p->singleton) {
                path_refused(reterr, "the path names a class, not an instance of it");
                return k->key_count || k->singleton ? path_hint_keys(reterr, c) : E_DIAG;
        }
        if (!k->key_count && !k->singleton)
                return path_refused(reterr,
                                    "the class %.*s has no key, so no path leads to an instance of it",
                                    STR_ARG(c->name));
        if (p->singleton != k->singleton) {
                path_refused(reterr,
                             k->singleton ? "%.*s is a singleton, it has no keys" : "%.*s is not a singleton",
                             STR_ARG(c->name));
                return path_hint_keys(reterr, c);
        }
        bool unnamed = p->key_count == 1 && !p->keys[0].name.n;
        if (unnamed && k->key_count > 1) {
                path_refused(reterr, "%.*s has %zu keys, the path must name them", STR_ARG(c->name),
                             k->key_count);
                return path_hint_keys(reterr, c);
        }
        for (size_t i = 0; i < p->key_count && !unnamed; i++) {
                int at = cim_class_property(c, p->keys[i].name);
                bool key = false;
                for (size_t n = 0; n < k->key_count && at >= 0; n++)
                        key |= k->keys[n] == (unsigned)at;
                if (key)
                        continue;
                path_refused(reterr, at < 0 ? "%.*s has no key %.*s" : "of %.*s, the property %.*s is no key",
                             STR_ARG(c->name), STR_ARG(p->keys[i].name));
                return path_hint_keys(reterr, c);
        }
        return 0;
}

int cim_path_key(const CimPath *p, const CimClass *c, Str namespace, Buf *out, Diag *reterr)
{
        const ClassImpl *k = class_impl(c);
        size_t begin = out->n;
        int r = path_check_shape(p, c, reterr);
        if (r == 0 && k->singleton)
                buf_u8(out, '@');
        for (size_t n = 0; n < k->key_count && r == 0; n++)
                r = path_key_value(p, c, &c->properties[k->keys[n]], namespace, out, reterr);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        if (r)
                out->n = begin;
        return r;
}
