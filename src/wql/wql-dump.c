// SPDX-License-Identifier: MIT
// Shows a plan, for `wmi explain` and for tests.
#include "wql/wql-plan.h"

#include "base/buf.h"
#include "base/filetime.h"

static void dump_target(uint32_t target, Buf *out)
{
        if (target == WQL_ACCEPT)
                buf_text(out, "accept");
        else if (target == WQL_REJECT)
                buf_text(out, "reject");
        else
                buf_printf(out, "%u", target);
}

static const char *dump_relation(unsigned holds)
{
        switch (holds & (WQL_LESS | WQL_SAME | WQL_MORE)) {
        case WQL_SAME:
                return "=";
        case WQL_LESS:
                return "<";
        case WQL_MORE:
                return ">";
        case WQL_LESS | WQL_SAME:
                return "<=";
        case WQL_MORE | WQL_SAME:
                return ">=";
        default:
                return "<>";
        }
}

static void dump_string(Str16 s, Buf *out)
{
        Arena a = {0};
        Str text = utf_to8(&a, s);
        if (text.p)
                buf_printf(out, "\"%.*s\"", STR_ARG(text));
        arena_deinit(&a);
}

static void dump_constant(const WqlTest *t, Buf *out)
{
        char text[FILETIME_TEXT];
        switch ((WqlTestKind)t->kind) {
        case WQL_TEST_PRESENT:
        case WQL_TEST_LIKE:
        case WQL_TEST_ISA:
        case WQL_TEST_BY_TYPE:
                break;
        case WQL_TEST_BOOLEAN:
                buf_text(out, t->boolean ? "TRUE" : "FALSE");
                break;
        case WQL_TEST_SINT:
                buf_printf(out, "%lld", (long long)t->sint);
                break;
        case WQL_TEST_UINT:
                buf_printf(out, "%llu", (unsigned long long)t->uint);
                break;
        case WQL_TEST_REAL:
                buf_printf(out, "%.17g", t->real);
                break;
        case WQL_TEST_STRING:
                dump_string(t->string, out);
                break;
        case WQL_TEST_CHAR:
                dump_string((Str16){(char16_t[]){(char16_t)t->uint}, 1}, out);
                break;
        case WQL_TEST_INSTANT:
                buf_text(out, filetime_iso(t->uint, text));
                break;
        case WQL_TEST_INTERVAL:
                buf_printf(out, "%llu.%07llu s", (unsigned long long)(t->uint / FILETIME_SECOND),
                           (unsigned long long)(t->uint % FILETIME_SECOND));
                break;
        }
}

static void dump_way(const WqlPlan *p, const WqlTest *t, Buf *out)
{
        const WqlWay *w = t->way;
        if (t->property != WQL_SUBJECT)
                buf_printf(out, "%.*s", STR_ARG(p->class->properties[t->property].name));
        for (size_t i = 0; w && i < w->count; i++) {
                if (i)
                        buf_printf(out, ".%.*s", STR_ARG(w->steps[i].name));
                if (w->steps[i].indexed)
                        buf_printf(out, "[%llu]", (unsigned long long)w->steps[i].index);
        }
        if (w && w->system != CIM_SYSTEM_COUNT)
                buf_printf(out, "%s%s", w->count ? "." : "", cim_system_name(w->system));
        else if (w && !w->count)
                buf_text(out, "__this");
}

static void dump_comparison(const WqlTest *t, Buf *out)
{
        if (t->kind == WQL_TEST_BY_TYPE && t->readings->relation) {
                buf_printf(out, " %s %.*s", t->readings->relation, STR_ARG(t->readings->text));
        } else if (t->kind == WQL_TEST_PRESENT) {
                buf_text(out, " IS NOT NULL");
        } else if (t->kind == WQL_TEST_LIKE || t->kind == WQL_TEST_BY_TYPE) {
                buf_text(out, " LIKE ");
                wql_like_print(t->kind == WQL_TEST_LIKE ? t->like : t->readings->tests[0].like, out);
        } else if (t->kind == WQL_TEST_ISA) {
                buf_printf(out, " ISA \"%.*s\"", STR_ARG(t->name));
        } else {
                buf_printf(out, " %s ", dump_relation(t->holds));
                dump_constant(t, out);
        }
}

static void dump_test(const WqlPlan *p, uint32_t i, Buf *out)
{
        const WqlTest *t = &p->tests[i];
        buf_printf(out, "%u: ", i);
        dump_way(p, t, out);
        dump_comparison(t, out);
        buf_text(out, " ? ");
        dump_target(t->yes, out);
        buf_text(out, " : ");
        dump_target(t->no, out);
        buf_text(out, "\n");
}

void wql_dump(const WqlPlan *p, Buf *out)
{
        for (uint32_t i = 0; i < p->count; i++)
                dump_test(p, i, out);
        if (p->entry >= p->count) {
                dump_target(p->entry, out);
                buf_text(out, "\n");
        }
}
