// SPDX-License-Identifier: MIT
// Does a value fit a type?
#include "mof/value.h"

#include <math.h>
#include <stdio.h>

#include "cim/status.h"

const char *mof_value_kind_name(const MofValue *v)
{
        switch ((MofValueKind)v->kind) {
        case MOF_VALUE_NULL:
                return "NULL";
        case MOF_VALUE_BOOLEAN:
                return "a boolean";
        case MOF_VALUE_INTEGER:
                return "a number";
        case MOF_VALUE_REAL:
                return "a real number";
        case MOF_VALUE_STRING:
                return "a string";
        case MOF_VALUE_CHAR:
                return "a character";
        case MOF_VALUE_ARRAY:
                return "a list";
        case MOF_VALUE_ALIAS:
                return "an alias";
        case MOF_VALUE_OBJECT:
                return "an instance";
        case MOF_VALUE_NONE:
                break;
        }
        return "nothing";
}

bool mof_value_whole(const MofValue *v, bool *ret_negative, uint64_t *ret_magnitude)
{
        *ret_negative = v->negative;
        *ret_magnitude = v->magnitude;
        if (v->kind == MOF_VALUE_INTEGER)
                return true;
        // A real given to an integer is rounded, as WMI's compiler does.
        double r = round(v->real);
        if (!(fabs(r) < 18446744073709551616.0))
                return false;
        *ret_negative = r < 0;
        *ret_magnitude = (uint64_t)fabs(r);
        return true;
}

bool mof_value_decimal(Str16 s, MofValue *ret)
{
        size_t i = s.n && s.p[0] == '-';
        uint64_t n = 0;
        if (i == s.n || s.n > 20)
                return false;
        bool negative = i == 1;
        for (; i < s.n; i++)
                if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
                    __builtin_add_overflow(n, (uint64_t)(s.p[i] - '0'), &n))
                        return false;
        ret->negative = negative;
        ret->magnitude = n;
        return true;
}

static bool is_integer(CimType t)
{
        return cim_type_is_signed(t) || cim_type_is_unsigned(t);
}

static const char *name_of(CimType t)
{
        return t == CIM_OBJECT ? "object" : t == CIM_REFERENCE ? "reference" : cim_type_name((uint16_t)t);
}

#define DATETIMES "yyyymmddhhmmss.mmmmmm+mmm, or ddddddddhhmmss.mmmmmm:000 for an interval"

static int mismatch(const MofValue *v, CimType type, Str what, Diag *d)
{
        diag_set(d, CIM_MOF_TYPE_MISMATCH, "%.*s is %s, and this is %s", STR_ARG(what), name_of(type),
                 mof_value_kind_name(v));
        if (v->kind == MOF_VALUE_STRING && type == CIM_CHAR16)
                return diag_hint(d, "a character stands in ''");
        if (v->kind == MOF_VALUE_STRING &&
            (is_integer(type) || type == CIM_REAL32 || type == CIM_REAL64 || type == CIM_BOOLEAN))
                return diag_hint(d, "leave the quotes out");
        if (v->kind == MOF_VALUE_INTEGER && type == CIM_BOOLEAN)
                return diag_hint(d, "write TRUE or FALSE");
        if (type == CIM_DATETIME && (v->kind == MOF_VALUE_INTEGER || v->kind == MOF_VALUE_REAL))
                return diag_hint(d, "in quotes, " DATETIMES);
        if (type == CIM_STRING && v->kind != MOF_VALUE_ARRAY)
                return diag_hint(d, "strings stand in \"\"");
        return E_DIAG;
}

static void show(Str text, const MofValue *v, char *out, size_t size)
{
        size_t n = v->place.n < 40 ? v->place.n : 40;
        if (v->place.n && v->place.at <= text.n && n <= text.n - v->place.at)
                snprintf(out, size, "'%.*s%s'", (int)n, text.p + v->place.at, n < v->place.n ? "..." : "");
        else if (v->kind == MOF_VALUE_REAL)
                snprintf(out, size, "'%g'", v->real);
        else
                snprintf(out, size, "'%s%llu'", v->negative ? "-" : "", (unsigned long long)v->magnitude);
}

static int out_of_range(Str text, const MofValue *v, CimType type, Str what, Diag *d)
{
        char shown[80];
        int64_t least = 0;
        uint64_t most = 0;
        show(text, v, shown, sizeof(shown));
        diag_set(d, CIM_MOF_OUT_OF_RANGE, "%s does not fit %.*s, which is %s", shown, STR_ARG(what), name_of(type));
        if (cim_type_range(type, &least, &most))
                return diag_hint(d, "%lld to %llu", (long long)least, (unsigned long long)most);
        return E_DIAG;
}

static int integer_fits(Str text, const MofValue *v, CimType type, Str what, Diag *d)
{
        bool negative;
        uint64_t magnitude, most = 0;
        int64_t least = 0;
        if (v->kind != MOF_VALUE_INTEGER && v->kind != MOF_VALUE_REAL)
                return mismatch(v, type, what, d);
        cim_type_range(type, &least, &most);
        uint64_t below = (uint64_t)0 - (uint64_t)least; // how far down it goes
        if (!mof_value_whole(v, &negative, &magnitude) || (negative ? magnitude > below : magnitude > most))
                return out_of_range(text, v, type, what, d);
        return 0;
}

static int scalar_fits(Str text, const MofValue *v, CimType type, Str what, Diag *d)
{
        if (v->kind == MOF_VALUE_ALIAS && type != CIM_REFERENCE)
                return diag_set(d, CIM_MOF_UNEXPECTED_ALIAS, "%.*s is %s; an alias stands for a reference",
                                STR_ARG(what), name_of(type));
        if (is_integer(type))
                return integer_fits(text, v, type, what, d);
        switch ((int)type) {
        case CIM_REAL32:
        case CIM_REAL64:
                if (v->kind == MOF_VALUE_REAL && type == CIM_REAL32 && isinf((float)v->real))
                        return out_of_range(text, v, type, what, d);
                return v->kind == MOF_VALUE_REAL || v->kind == MOF_VALUE_INTEGER ? 0 : mismatch(v, type, what, d);
        case CIM_STRING:
                return v->kind == MOF_VALUE_STRING ? 0 : mismatch(v, type, what, d);
        case CIM_REFERENCE:
                return v->kind == MOF_VALUE_STRING || v->kind == MOF_VALUE_ALIAS ? 0 : mismatch(v, type, what, d);
        case CIM_DATETIME:
                if (v->kind != MOF_VALUE_STRING)
                        return mismatch(v, type, what, d);
                if (cim_datetime_valid(v->string))
                        return 0;
                diag_set(d, CIM_MOF_TYPE_MISMATCH, "%.*s is a datetime, and this string is none", STR_ARG(what));
                return diag_hint(d, DATETIMES);
        case CIM_BOOLEAN:
                return v->kind == MOF_VALUE_BOOLEAN ? 0 : mismatch(v, type, what, d);
        case CIM_CHAR16:
                if (v->kind == MOF_VALUE_INTEGER && (v->negative || v->magnitude > 0xFFFF))
                        return out_of_range(text, v, type, what, d);
                return v->kind == MOF_VALUE_CHAR || v->kind == MOF_VALUE_INTEGER ? 0 : mismatch(v, type, what, d);
        case CIM_OBJECT:
                return v->kind == MOF_VALUE_OBJECT ? 0 : mismatch(v, type, what, d);
        default:
                return mismatch(v, type, what, d);
        }
}

int mof_value_fits(Str text, const MofValue *v, uint16_t type, Str what, Diag *d)
{
        if (v->kind == MOF_VALUE_NONE || v->kind == MOF_VALUE_NULL)
                return 0;
        if (!cim_is_array(type) && v->kind == MOF_VALUE_ARRAY) {
                diag_set(d, CIM_MOF_UNEXPECTED_ARRAY_INIT, "%.*s is not an array, and this is a list", STR_ARG(what));
                return diag_hint(d, "leave the braces out, or declare it as %.*s[]", STR_ARG(what));
        }
        if (!cim_is_array(type))
                return scalar_fits(text, v, cim_type(type), what, d);
        if (v->kind == MOF_VALUE_ARRAY)
                return 0;
        diag_set(d, CIM_MOF_TYPE_MISMATCH, "%.*s is an array, and this is %s", STR_ARG(what), mof_value_kind_name(v));
        return diag_hint(d, "put the value in braces");
}
