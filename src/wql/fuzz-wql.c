// SPDX-License-Identifier: MIT
// Any bytes as a query, of events and of data.
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
        "class __InstanceOperationEvent : __Event { object TargetInstance; };"
        "class __InstanceModificationEvent : __InstanceOperationEvent { object PreviousInstance; };"
        "class __TimerEvent : __Event {}; class __ClassCreationEvent : __Event { object TargetClass; };"
        "class Plain { [key] uint32 x; }; class More : Plain { string s; uint64 y; object o; object "
        "objects[]; };"
        "class Same { string x; sint16 s; boolean y; }; [dynamic] class Far { uint32 x; };"
        "class E : __ExtrinsicEvent { boolean b; sint8 i8; uint8 u8; sint64 i; uint64 u; real32 f; real64 r; "
        "string s;"
        " char16 c; datetime t; Plain REF l; object o; Plain p; uint32 a[]; More m[]; };";

static World world;
enum { PROPERTIES = 17 };
static const char *const objects[] = {
        "E { }",
        "E { b = TRUE; i8 = -1; u8 = 255; i = -9223372036854775808; u = 18446744073709551615; f = 0.1; r = "
        "nan;"
        " s = \"aB[x]%\"; c = 'a'; t = \"20260131120000.000000+000\"; l = \"x\";"
        " o = More @root\\wmi { x = 7; s = \"aB\"; y = 5; o = Same { x = \"5\"; }; }; p = More { x = 5; };"
        " a = {1, 2}; m = { More { x = 5; objects = { Plain { x = 1; }, class Plain }; } }; }",
        "E { b = FALSE; i8 = 0; u8 = 0; i = 0; u = 0; f = 1.5; r = -0.5; s = \"\"; c = '5';"
        " t = \"00000001000000.000000:000\"; l = \"\"; o = Same { x = \"5\"; s = 5; y = TRUE; }; }",
        "__InstanceModificationEvent { TargetInstance = More @root\\wmi { x = 5; }; PreviousInstance = Plain "
        "{ }; }",
        "__ClassCreationEvent { TargetClass = class More @root\\wmi; }",
        "More @root\\wmi { x = 5; s = \"5\"; o = Plain { x = 5; }; }",
        "Same @root\\wmi { x = \"aB\"; s = -5; }",
        "class More @root\\wmi",
        "class __Event",
};
enum { ROWS = sizeof(objects) / sizeof(objects[0]) };
static const CimInstance *rows[ROWS];

static void set_up(void)
{
        world_init(&world, STR("root\\wmi"));
        if (!world_classes(&world, str_of(classes))) {
                fprintf(stderr, "%s\n", world.error);
                abort();
        }
        for (size_t i = 0; i < ROWS; i++) {
                rows[i] = world_object(&world, str_of(objects[i]));
                if (!rows[i] || rows[i]->class->property_count > PROPERTIES) {
                        fprintf(stderr, "%s: %s\n", objects[i], world.error);
                        abort();
                }
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

static void must_agree(const WqlPlan *a, const WqlPlan *b)
{
        must(wql_class(a) == wql_class(b) && wql_is_schema(a) == wql_is_schema(b), "the same class");
        for (size_t i = 0; i < ROWS; i++) {
                const CimInstance *o = rows[i];
                if (wql_is_schema(a) ? !o->is_class
                                     : o->is_class || !cim_class_isa(o->class, wql_class(a)->name))
                        continue;
                CimValue seen[PROPERTIES];
                for (size_t k = 0; k < o->class->property_count; k++) {
                        memset(&seen[k], 0x5A, sizeof(seen[k]));
                        seen[k].type = o->class->properties[k].type;
                        seen[k].null = false;
                        if (cim_wants(wql_used(a), k))
                                seen[k] = o->values[k];
                }
                Arena scratch = {0};
                WqlSubject s = {o->class, seen, o->namespace, o->is_class, i % 2 ? STR("HOST") : (Str){0},
                                &scratch};
                must(wql_match(a, &s) == wql_match(b, &s), "the printed query says the same");
                arena_deinit(&scratch);
        }
}

static void must_compile_alike(const WqlQuery *q, const WqlQuery *again, bool data, size_t n)
{
        int (*check)(const WqlQuery *, const CimSchema *, Str, WqlPlan **, Diag *) =
                data ? wql_check_data : wql_check;
        WqlPlan *a, *b;
        Diag d = {0}, d2 = {0};
        int r = check(q, world.schema, world.namespace, &a, &d);
        int r2 = check(again, world.schema, world.namespace, &b, &d2);
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

static void must_round_trip(const WqlQuery *q, bool data, size_t n)
{
        Buf text = {0}, twice = {0};
        WqlQuery *again;
        wql_print(q, &text);
        if (text.n <= LIMIT_QUERY_CHARS) {
                must((data ? wql_parse_data : wql_parse)((Str){(char *)text.p, text.n}, &again, NULL) == 0,
                     "what is printed parses");
                wql_print(again, &twice);
                must(text.n == twice.n && memcmp(text.p, twice.p, text.n) == 0,
                     "what is printed prints the same");
                must_compile_alike(q, again, data, n);
                wql_query_free(again);
        }
        buf_deinit(&text);
        buf_deinit(&twice);
}

static void ask(const uint8_t *bytes, size_t size, bool data)
{
        Diag d = {0};
        WqlQuery *q;
        int r = (data ? wql_parse_data : wql_parse)((Str){(const char *)bytes, size}, &q, &d);
        if (r == E_DIAG) {
                must_be_inside(&d, size);
        } else {
                must(r == 0, "no other result");
                must_round_trip(q, data, size);
                wql_query_free(q);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!rows[0])
                set_up();
        ask(data, size, false);
        ask(data, size, true);
        return 0;
}
