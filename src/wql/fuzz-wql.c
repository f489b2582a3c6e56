// SPDX-License-Identifier: MIT
// Any bytes as a query.
//
// Invariant: it is refused with a place inside the text, or what it prints as prints the same again and makes
// a plan that says the same; and a plan looks at no property but those that it names.
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf.h"
#include "wql/test-world.h"

static const char classes[] =
        "class __Event { uint64 TIME_CREATED; }; class __ExtrinsicEvent : __Event {};"
        "class __InstanceCreationEvent : __Event { object TargetInstance; }; class Plain { uint32 x; };"
        "class E : __ExtrinsicEvent { boolean b; sint8 i8; uint8 u8; sint64 i; uint64 u; real32 f; real64 r; "
        "string s;"
        " char16 c; datetime t; Plain REF l; object o; Plain p; uint32 a[]; };";

static World world;
static const CimClass *event;
enum { ROWS = 3, PROPERTIES = 16 };
static CimValue rows[ROWS][PROPERTIES];

static void set_up(void)
{
        static const char *const objects[ROWS] = {
                "E { }",
                "E { b = TRUE; i8 = -1; u8 = 255; i = -9223372036854775808; u = 18446744073709551615; f = "
                "0.1; r = nan;"
                " s = \"aB[x]%\"; c = 'a'; t = \"20260131120000.000000+000\"; l = \"x\"; o = Plain { }; p = "
                "Plain { }; }",
                "E { b = FALSE; i8 = 0; u8 = 0; i = 0; u = 0; f = 1.5; r = -0.5; s = \"\"; c = '5';"
                " t = \"00000001000000.000000:000\"; l = \"\"; }",
        };
        world_init(&world, STR("root\\wmi"));
        if (!world_classes(&world, str_of(classes)))
                abort();
        event = cim_schema_find(world.schema, world.namespace, STR("E"));
        if (event->property_count > PROPERTIES)
                abort();
        for (size_t i = 0; i < ROWS; i++) {
                const CimInstance *o = world_object(&world, str_of(objects[i]));
                if (!o)
                        abort();
                memcpy(rows[i], o->values, event->property_count * sizeof(CimValue));
        }
}

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s\n", what);
        abort();
}

static void must_be_inside(const Diag *d, size_t n)
{
        must(d->offset <= n && d->length <= n - d->offset, "the place is inside the text");
        must(d->line >= 1 && d->column >= 1, "line and column are told");
        must(d->code != 0 && d->message[0], "code and message are told");
        size_t at;
        must(utf8_valid(d->message, strlen(d->message), &at) && utf8_valid(d->hint, strlen(d->hint), &at),
             "the message is text");
}

static bool match(const WqlPlan *p, const CimValue *values)
{
        return wql_match(p, &(WqlSubject){.klass = wql_class(p), .values = values});
}

static void must_agree(const WqlPlan *a, const WqlPlan *b)
{
        must(wql_class(a) == wql_class(b), "the same class");
        if (wql_class(a) != event)
                return;
        for (size_t i = 0; i < ROWS; i++) {
                CimValue seen[PROPERTIES];
                for (size_t k = 0; k < event->property_count; k++) {
                        memset(&seen[k], 0x5A, sizeof(seen[k]));
                        seen[k].type = event->properties[k].type;
                        seen[k].null = false;
                        if (cim_wants(wql_used(a), k))
                                seen[k] = rows[i][k];
                }
                must(match(a, seen) == match(b, seen), "the printed query says the same");
        }
}

static void must_compile_alike(const WqlQuery *q, const WqlQuery *again, size_t n)
{
        WqlPlan *a, *b;
        Diag d = {0}, d2 = {0};
        int r = wql_check(q, world.schema, world.namespace, &a, &d);
        int r2 = wql_check(again, world.schema, world.namespace, &b, &d2);
        must(r == r2, "both compile or none");
        if (r) {
                must_be_inside(&d, n);
                must(d.code == d2.code, "both fail alike");
                return;
        }
        Buf dump = {0};
        wql_dump(a, &dump);
        must(dump.n > 0, "a plan shows");
        buf_deinit(&dump);
        must_agree(a, b);
        wql_plan_unref(a);
        wql_plan_unref(b);
}

static void must_round_trip(const WqlQuery *q, size_t n)
{
        Buf text = {0}, twice = {0};
        WqlQuery *again;
        wql_print(q, &text);
        if (text.n <= LIMIT_QUERY_CHARS) {
                must(wql_parse((Str){(char *)text.p, text.n}, &again, NULL) == 0, "what is printed parses");
                wql_print(again, &twice);
                must(text.n == twice.n && memcmp(text.p, twice.p, text.n) == 0,
                     "what is printed prints the same");
                must_compile_alike(q, again, n);
                wql_query_free(again);
        }
        buf_deinit(&text);
        buf_deinit(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!event)
                set_up();
        Diag d = {0};
        WqlQuery *q;
        int r = wql_parse((Str){(const char *)data, size}, &q, &d);
        if (r == E_DIAG) {
                must_be_inside(&d, size);
        } else {
                must(r == 0, "no other result");
                must_round_trip(q, size);
                wql_query_free(q);
        }
        return 0;
}
