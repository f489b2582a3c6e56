// SPDX-License-Identifier: MIT
// cim: identity. Two paths have the same bytes exactly when they mean the same instance: tables of spellings,
// and a comparison with a model that never looks at bytes.
#include "base/limits.h"
#include "base/testkit.h"
#include "base/utf.h"
#include "cim/path.h"
#include "cim/status.h"
#include "cim/test-cim.h"

#define KEY(n, t) P(n, t, QUALIFIERS(QB("key")))
#define NS        STR("root\\x")

static CimClass *made(const CimClassSpec *s, const CimClass *super)
{
        CimClass *c = NULL;
        Diag d = {0};
        if (cim_class_new(s, super, NULL, NULL, &c, &d))
                fail_msg("%.*s: %s", STR_ARG(s->name), d.message);
        return c;
}

// The bytes of a path in a class; the code when it is refused.
static uint32_t key_of(const CimClass *c, Str text, Buf *out)
{
        Arena a = {0};
        CimPath p;
        Diag d = {0};
        out->n = 0;
        if (cim_path_parse(text, &a, &p, &d))
                fail_msg("%.*s: %s", STR_ARG(text), d.message);
        int r = cim_path_key(&p, c, NS, out, &d);
        Buf again = {0};
        assert_int_equal(cim_path_key(&p, c, NS, &again, NULL), r);
        assert_true(again.n == out->n && (!again.n || memcmp(again.p, out->p, again.n) == 0));
        buf_deinit(&again);
        arena_deinit(&a);
        assert_true(r == 0 || r == E_DIAG);
        assert_true(r == 0 || (out->n == 0 && d.message[0]));
        return r ? d.code : 0;
}

static bool bytes_same(const Buf *a, const Buf *b)
{
        return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

// Each group is one instance, groups differ. Groups end with NULL, the list with two.
static void groups(const CimClass *c, const char *const *list)
{
        const char *texts[64];
        Buf keys[64] = {0};
        int of[64], n = 0, group = 0;
        for (; *list; list++, group++)
                for (; *list; list++, n++) {
                        texts[n] = *list;
                        of[n] = group;
                        if (key_of(c, str_of(*list), &keys[n]))
                                fail_msg("%s is refused", *list);
                }
        for (int i = 0; i < n; i++)
                for (int k = 0; k < n; k++)
                        if (bytes_same(&keys[i], &keys[k]) != (of[i] == of[k]))
                                fail_msg("%s and %s are %s", texts[i], texts[k],
                                         of[i] == of[k] ? "different" : "the same");
        for (int i = 0; i < n; i++)
                buf_deinit(&keys[i]);
}

static void spellings_of_text_and_numbers(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("T", PROPERTIES(KEY("Name", CIM_STRING))), NULL);
        groups(c, (const char *const[]){"T=\"a\"",
                                        "T.Name=\"A\"",
                                        "t.NAME='a'",
                                        "\\\\.\\root\\y:T=\"a\"",
                                        "Other=\"a\"",
                                        NULL,
                                        "T=\"a \"",
                                        NULL,
                                        "T=\"\"",
                                        NULL,
                                        "T=\"b\"",
                                        NULL,
                                        "T=\"\xC3\xA4\"",
                                        "T=\"\xC3\x84\"",
                                        NULL,
                                        "T=\"1\"",
                                        NULL,
                                        "T=\"01\"",
                                        NULL,
                                        "T=\"\xF0\x90\x90\x80\"",
                                        NULL,
                                        "T=\"\xF0\x90\x90\xA8\"",
                                        NULL,
                                        NULL});
        cim_class_unref(c);
        c = made(&CLASS("T", PROPERTIES(KEY("I", CIM_SINT16), KEY("B", CIM_BOOLEAN))), NULL);
        groups(c, (const char *const[]){"T.I=16,B=TRUE", "T.b=true,i=0x10", "T.B=True,I=016", NULL,
                                        "T.I=16,B=FALSE", NULL, "T.I=-16,B=TRUE", "T.I=-0x10,B=TRUE", NULL,
                                        "T.I=0,B=TRUE", "T.I=-0,B=TRUE", NULL, NULL});
        cim_class_unref(c);
        c = made(&CLASS("T", PROPERTIES(KEY("C", CIM_CHAR16))), NULL);
        groups(c, (const char *const[]){"T=65", "T=\"A\"", "T.C='A'", "T=0x41", NULL, "T=\"a\"", "T=97", NULL,
                                        "T=0", NULL, "T=65535", NULL, NULL});
        cim_class_unref(c);
        c = made(&CLASS("T", QUALIFIERS(QB("singleton"))), NULL);
        groups(c, (const char *const[]){"T=@", "root\\x:t=@", NULL, NULL});
        cim_class_unref(c);
        // Two texts cannot trade characters.
        c = made(&CLASS("T", PROPERTIES(KEY("A", CIM_STRING), KEY("B", CIM_STRING))), NULL);
        groups(c,
               (const char *const[]){"T.A=\"x\",B=\"yz\"", "T.B=\"YZ\",A=\"X\"", NULL, "T.A=\"xy\",B=\"z\"",
                                     NULL, "T.A=\"\",B=\"xyz\"", NULL, "T.A=\"xyz\",B=\"\"", NULL, NULL});
        cim_class_unref(c);
}

static void spellings_of_references(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("T", PROPERTIES(KEY("R", CIM_REFERENCE))), NULL);
        groups(c, (const char *const[]){"T='O=\"a\"'",
                                        "T='O.Name=\"A\"'",
                                        "T='o.name=\\'a\\''",
                                        "T='root\\\\x:O=\"a\"'",
                                        "T='\\\\\\\\.\\\\root\\\\x:O=\"a\"'",
                                        "T='//LocalHost/ROOT/x:O=\"a\"'",
                                        "T='/root/x:O=\"a\"'",
                                        NULL,
                                        "T='root\\\\y:O=\"a\"'",
                                        NULL,
                                        "T='\\\\\\\\far\\\\root\\\\x:O=\"a\"'",
                                        "T='//FAR/root/x:O=\"a\"'",
                                        NULL,
                                        "T='O=\"b\"'",
                                        NULL,
                                        "T='P=\"a\"'",
                                        NULL,
                                        "T='O=@'",
                                        NULL,
                                        "T='O'",
                                        "T='root/x:o'",
                                        NULL,
                                        "T='root\\\\x'",
                                        NULL,
                                        "T='\\\\\\\\.\\\\root\\\\o'",
                                        NULL,
                                        "T='O=7'",
                                        "T='O.N=0x7'",
                                        NULL,
                                        "T='O=\"7\"'",
                                        NULL,
                                        "T='O=TRUE'",
                                        NULL,
                                        "T='O=1'",
                                        NULL,
                                        "T='O=-1'",
                                        NULL,
                                        "T='O=18446744073709551615'",
                                        NULL,
                                        "T='O.a=1,b=2'",
                                        "T='O.B=2,A=1'",
                                        NULL,
                                        "T='O.a=1,c=2'",
                                        NULL,
                                        "T='not a path'",
                                        "T='NOT a path'",
                                        NULL,
                                        "T='not  a path'",
                                        NULL,
                                        "T=''",
                                        NULL,
                                        NULL});
        cim_class_unref(c);
}

static void refused(const CimClass *c, const char *text, const char *words)
{
        Arena a = {0};
        CimPath p;
        Diag d = {0};
        Buf out = {0};
        char all[800];
        assert_int_equal(cim_path_parse(str_of(text), &a, &p, &d), 0);
        assert_int_equal(cim_path_key(&p, c, NS, &out, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_OBJECT_PATH);
        snprintf(all, sizeof(all), "%s; %s", d.message, d.hint);
        if (!strstr(all, words))
                fail_msg("%s: %s", text, all);
        buf_deinit(&out);
        arena_deinit(&a);
}

static void paths_that_name_no_instance(void **state)
{
        (void)state;
        CimClass *c = made(
                &CLASS("T", PROPERTIES(KEY("Name", CIM_STRING), KEY("Part", CIM_UINT8), P("X", CIM_UINT8))),
                NULL);
        refused(c, "T", "names a class");
        refused(c, "T", "T.Name=...,Part=...");
        refused(c, "root\\x", "names a class");
        refused(c, "T=@", "not a singleton");
        refused(c, "T=\"a\"", "2 keys");
        refused(c, "T.Name=\"a\"", "does not say the key Part");
        refused(c, "T.Name=\"a\",Par=1", "has no key Par");
        refused(c, "T.Name=\"a\",Part=1,X=2", "X is no key");
        refused(c, "T.Name=\"a\",Part=1,Y=2", "has no key Y");
        refused(c, "T.Name=1,Part=1", "text stands in quotes: Name=");
        refused(c, "T.Name=TRUE,Part=1", "text stands in quotes");
        refused(c, "T.Name=\"a\",Part=\"1\"", "without quotes");
        refused(c, "T.Name=\"a\",Part=TRUE", "not a uint8");
        refused(c, "T.Name=\"a\",Part=256", "not a uint8");
        refused(c, "T.Name=\"a\",Part=-1", "not a uint8");
        cim_class_unref(c);
        c = made(&CLASS("T", PROPERTIES(KEY("I", CIM_SINT64), KEY("U", CIM_UINT64), KEY("B", CIM_BOOLEAN),
                                        KEY("C", CIM_CHAR16), KEY("D", CIM_DATETIME))),
                 NULL);
#define REST ",D=\"20260131120000.000000+000\""
        Buf out = {0};
        assert_int_equal(
                key_of(c, STR("T.I=-9223372036854775808,U=18446744073709551615,B=TRUE,C=65535" REST), &out),
                0);
        refused(c, "T.I=9223372036854775808,U=1,B=TRUE,C=1" REST, "I is not a sint64");
        refused(c, "T.I=1,U=-1,B=TRUE,C=1" REST, "U is not a uint64");
        refused(c, "T.I=1,U=1,B=1,C=1" REST, "B is not a boolean");
        refused(c, "T.I=1,U=1,B=TRUE,C=65536" REST, "C is not a char16");
        refused(c, "T.I=1,U=1,B=TRUE,C=-1" REST, "C is not a char16");
        refused(c, "T.I=1,U=1,B=TRUE,C=\"ab\"" REST, "C is not a char16");
        refused(c, "T.I=1,U=1,B=TRUE,C=1,D=\"yesterday\"", "D is not a datetime");
        buf_deinit(&out);
        cim_class_unref(c);
        c = made(&CLASS("T", QUALIFIERS(QB("singleton"))), NULL);
        refused(c, "T", "names a class");
        refused(c, "T.A=1", "is a singleton");
        refused(c, "T=1", "T=@ is its path");
        cim_class_unref(c);
        c = made(&CLASS("T"), NULL);
        refused(c, "T=@", "has no key");
        refused(c, "T", "names a class");
        cim_class_unref(c);
}

static void the_most_keys(void **state)
{
        (void)state;
        static char names[LIMIT_KEYS + 1][8], text[LIMIT_PATH_CHARS];
        CimPropertySpec p[LIMIT_KEYS + 1];
        CimQualifier key = QB("key");
        Buf a = {0}, b = {0};
        for (size_t i = 0; i <= LIMIT_KEYS; i++) {
                snprintf(names[i], sizeof(names[i]), "k%zu", i);
                p[i] = (CimPropertySpec){.name = str_of(names[i]),
                                         .type = CIM_UINT16,
                                         .qualifiers = &key,
                                         .qualifier_count = 1};
        }
        for (size_t n = LIMIT_KEYS - 1; n <= LIMIT_KEYS + 1; n++) {
                CimClassSpec s = {.name = STR("T"), .properties = p, .property_count = n};
                CimClass *c = NULL;
                CimInstance *i = NULL;
                Diag d = {0};
                assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &c, &d), n > LIMIT_KEYS ? E_DIAG : 0);
                if (n > LIMIT_KEYS) {
                        assert_int_equal(d.code, (uint32_t)CIM_E_CANNOT_BE_KEY);
                        continue;
                }
                assert_int_equal(cim_instance_new(c, &i), 0);
                size_t at = 1;
                text[0] = 'T';
                for (size_t k = 0; k < n; k++) { // the other way round
                        i->values[k] = VU(CIM_UINT16, k);
                        at += (size_t)snprintf(text + at, sizeof(text) - at, "%ck%zu=%zu", k ? ',' : '.',
                                               n - 1 - k, n - 1 - k);
                }
                b.n = 0;
                assert_int_equal(cim_instance_key(i, NS, &b, &d), 0);
                assert_int_equal(key_of(c, (Str){text, at}, &a), 0);
                assert_true(bytes_same(&a, &b));
                b.n = 0;
                assert_int_equal(cim_instance_relpath(i, &b, &d), 0);
                assert_int_equal(b.n, at);
                cim_instance_unref(i);
                cim_class_unref(c);
        }
        buf_deinit(&a);
        buf_deinit(&b);
}

// What may be a key, and who may have one ("Key Qualifier").
static void rules_for_classes(void **state)
{
        (void)state;
        CimClass *keyed = made(&CLASS("K", PROPERTIES(KEY("Name", CIM_STRING))), NULL),
                 *plain = made(&CLASS("P"), NULL);
        CimClass *abstract = made(&CLASS("A", QUALIFIERS(QB("abstract"))), NULL);
        CimClass *single = made(&CLASS("S", QUALIFIERS(QB("singleton"))), NULL);
        CimQualifier no = QB("key");
        no.value.boolean = false;
        const struct {
                CimClassSpec spec;
                const CimClass *super;
                int code;
        } cases[] = {
                {CLASS("T", PROPERTIES(KEY("X", CIM_UINT8 | CIM_ARRAY))), NULL, CIM_E_CANNOT_BE_KEY},
                {CLASS("T", PROPERTIES(KEY("X", CIM_REAL32))), NULL, CIM_E_CANNOT_BE_KEY},
                {CLASS("T", PROPERTIES(KEY("X", CIM_REAL64))), NULL, CIM_E_CANNOT_BE_KEY},
                {CLASS("T", PROPERTIES(KEY("X", CIM_OBJECT))), NULL, CIM_E_CANNOT_BE_KEY},
                {CLASS("T", PROPERTIES(KEY("X", CIM_DATETIME))), NULL, 0},
                {CLASS("T", PROPERTIES(KEY("X", CIM_UINT8))), keyed, CIM_E_CANNOT_BE_KEY},
                {CLASS("T", PROPERTIES(KEY("X", CIM_UINT8))), plain, 0},
                {CLASS("T", PROPERTIES(KEY("X", CIM_UINT8))), abstract, 0},
                {CLASS("T", PROPERTIES(KEY("Name", CIM_STRING))), keyed, 0},
                {CLASS("T", PROPERTIES(P("Name", CIM_STRING))), keyed, 0},
                {CLASS("T", PROPERTIES(P("Name", CIM_STRING, .qualifiers = &no, .qualifier_count = 1))),
                 keyed, CIM_E_OVERRIDE_NOT_ALLOWED},
                {CLASS("T", QUALIFIERS(QB("singleton")), PROPERTIES(KEY("X", CIM_UINT8))), NULL,
                 CIM_E_CANNOT_BE_SINGLETON},
                {CLASS("T", PROPERTIES(KEY("X", CIM_UINT8))), single, CIM_E_CANNOT_BE_SINGLETON},
                {CLASS("T", QUALIFIERS(QB("singleton"))), keyed, CIM_E_CANNOT_BE_SINGLETON},
                {CLASS("T", QUALIFIERS(QB("singleton"))), plain, CIM_E_CANNOT_BE_SINGLETON},
                {CLASS("T", QUALIFIERS(QB("singleton"))), abstract, 0},
                {CLASS("T", QUALIFIERS(QB("singleton"))), single, 0},
        };
        for (size_t i = 0; i < COUNT(cases); i++) {
                CimClass *c = NULL;
                Diag d = {0};
                assert_int_equal(cim_class_new(&cases[i].spec, cases[i].super, NULL, NULL, &c, &d),
                                 cases[i].code ? E_DIAG : 0);
                assert_int_equal(d.code, (uint32_t)cases[i].code);
                cim_class_unref(c);
        }
        CimClass *sub = made(&CLASS("T", PROPERTIES(P("Name", CIM_STRING))), keyed);
        assert_int_equal(cim_class_keys(sub, NULL, 0), 1);
        cim_class_unref(sub);
        cim_class_unref(single);
        cim_class_unref(abstract);
        cim_class_unref(plain);
        cim_class_unref(keyed);
}

// --- the model
// ------------------------------------------------------------------------------------------------
// An instance of T { [key] string S; [key] sint8 I; [key] boolean B; [key] object ref R; }, said in random
// ways.

typedef struct Model {
        unsigned s, i, b;
        unsigned server, space, klass, shape, a,
                c; // of the reference; shape: class, singleton, unnamed, one key, two keys
} Model;

static uint32_t dice_state = 20260131;

static unsigned dice(unsigned n)
{
        dice_state ^= dice_state << 13;
        dice_state ^= dice_state >> 17;
        dice_state ^= dice_state << 5;
        return dice_state % n;
}

static Model model_random(void)
{
        return (Model){dice(3), dice(3), dice(2), dice(4), dice(3), dice(2), dice(5), dice(3), dice(2)};
}

// Changes one thing, or nothing.
static Model model_neighbour(Model m)
{
        unsigned *const parts[] = {&m.s, &m.i, &m.b, &m.server, &m.space, &m.klass, &m.shape, &m.a, &m.c};
        Model other = model_random();
        const unsigned from[] = {other.s,     other.i,     other.b, other.server, other.space,
                                 other.klass, other.shape, other.a, other.c};
        unsigned which = dice(COUNT(parts) + 1);
        if (which < COUNT(parts))
                *parts[which] = from[which];
        return m;
}

static bool model_same(const Model *x, const Model *y)
{
        // Servers 0, 1, 2 are none, "." and "localhost": this one. Namespaces 0 and 1: none, and the one it
        // is in.
        bool place = (x->server == 3) == (y->server == 3) && (x->space == 2) == (y->space == 2);
        bool one_x = x->shape == 2 || x->shape == 3, one_y = y->shape == 2 || y->shape == 3;
        bool keys = x->shape == y->shape || (one_x && one_y);
        if (keys && (one_x || x->shape == 4))
                keys = x->a == y->a;
        if (keys && x->shape == 4)
                keys = x->c == y->c;
        return x->s == y->s && x->i == y->i && x->b == y->b && place && x->klass == y->klass && keys;
}

static void word(Buf *out, const char *w)
{
        for (; *w; w++) {
                bool letter = (*w | 0x20) >= 'a' && (*w | 0x20) <= 'z';
                buf_u8(out, (uint8_t)(letter && dice(2) ? *w ^ 0x20 : *w));
        }
}

// One namespace separator, or the same escaped as it stands in quotes.
static void separator(Buf *out)
{
        buf_u8(out, dice(2) ? '/' : '\\');
}

static void say_reference(const Model *m, Buf *out)
{
        static const char *const a[] = {"x", "y\"z", "\\"};
        // A server has a namespace behind it.
        if (m->server) {
                separator(out);
                separator(out);
                word(out, (const char *[]){"", ".", "localhost", "far"}[m->server]);
                separator(out);
        }
        if (m->space || m->server) {
                word(out, "root");
                separator(out);
                word(out, m->space == 2 ? "y" : "x");
                buf_u8(out, ':');
        }
        word(out, m->klass ? "Other" : "Thing");
        if (m->shape == 1)
                buf_text(out, "=@");
        bool swap = m->shape == 4 && dice(2);
        for (unsigned k = 0; k < 2 && m->shape >= 2; k++) {
                bool second = swap ? k == 0 : k == 1;
                if (second && m->shape != 4)
                        continue;
                buf_u8(out, k ? ',' : '.');
                if (m->shape == 2)
                        out->n--;
                else
                        word(out, second ? "num" : "name");
                buf_u8(out, '=');
                if (second) {
                        buf_text(out, m->c ? dice(2) ? "17" : "0x11" : dice(2) ? "0" : "0x00");
                        continue;
                }
                buf_u8(out, '"');
                for (const char *p = a[m->a]; *p; p++) {
                        if (*p == '"' || *p == '\\')
                                buf_u8(out, '\\');
                        buf_u8(out, (uint8_t)(*p >= 'a' && dice(2) ? *p ^ 0x20 : *p));
                }
                buf_u8(out, '"');
        }
}

// Text in quotes of either kind.
static void quoted(const uint8_t *p, size_t n, Buf *out)
{
        char quote = dice(2) ? '"' : '\'';
        buf_u8(out, (uint8_t)quote);
        for (size_t i = 0; i < n; i++) {
                if (p[i] == quote || p[i] == '\\' || (p[i] == '"' && dice(2)))
                        buf_u8(out, '\\');
                buf_u8(out, p[i]);
        }
        buf_u8(out, (uint8_t)quote);
}

static const char *const model_texts[] = {"", "abc", "a,b=\"c\""};
static const char *const model_numbers[][3] = {
        {"0", "-0", "0x0"}, {"-128", "-0x80", "-0128"}, {"127", "0x7f", "0127"}};

static void say(const Model *m, Buf *out)
{
        unsigned order[] = {0, 1, 2, 3};
        for (unsigned k = 3; k; k--) {
                unsigned with = dice(k + 1), t = order[k];
                order[k] = order[with];
                order[with] = t;
        }
        if (dice(2))
                buf_text(out, "\\\\.\\root\\x:");
        word(out, "T");
        for (unsigned k = 0; k < 4; k++) {
                Buf b = {0};
                buf_u8(out, k ? ',' : '.');
                word(out, (const char *[]){"S", "I", "B", "R"}[order[k]]);
                buf_u8(out, '=');
                if (order[k] == 0)
                        word(&b, model_texts[m->s]);
                else if (order[k] == 1)
                        buf_text(out, model_numbers[m->i][dice(3)]);
                else if (order[k] == 2)
                        word(out, m->b ? "TRUE" : "FALSE");
                else
                        say_reference(m, &b);
                if (order[k] == 0 || order[k] == 3)
                        quoted(b.p, b.n, out);
                buf_deinit(&b);
        }
}

static CimInstance *model_instance(const Model *m, const CimClass *c)
{
        Buf b = {0};
        CimInstance *i;
        assert_int_equal(cim_instance_new(c, &i), 0);
        i->values[0] =
                (CimValue){.type = CIM_STRING, .string = utf_to16(i->owner, str_of(model_texts[m->s]))};
        i->values[1] = VI(CIM_SINT8, m->i == 1 ? -128 : m->i == 2 ? 127 : 0);
        i->values[2] = VB(m->b);
        say_reference(m, &b);
        i->values[3] =
                (CimValue){.type = CIM_REFERENCE, .string = utf_to16(i->owner, (Str){(char *)b.p, b.n})};
        buf_deinit(&b);
        return i;
}

static void identity_is_meaning(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("T", PROPERTIES(KEY("S", CIM_STRING), KEY("I", CIM_SINT8),
                                                  KEY("B", CIM_BOOLEAN), KEY("R", CIM_REFERENCE))),
                           NULL);
        Buf x = {0}, y = {0}, kx = {0}, ky = {0};
        unsigned same = 0;
        for (int round = 0; round < 20000; round++) {
                Model a = model_random(), b = model_neighbour(a);
                x.n = y.n = 0;
                say(&a, &x);
                say(&b, &y);
                assert_int_equal(key_of(c, (Str){(char *)x.p, x.n}, &kx), 0);
                assert_int_equal(key_of(c, (Str){(char *)y.p, y.n}, &ky), 0);
                if (bytes_same(&kx, &ky) != model_same(&a, &b))
                        fail_msg("%.*s and %.*s", (int)x.n, (char *)x.p, (int)y.n, (char *)y.p);
                same += model_same(&a, &b);
                // The instance, and its own path, are the same again.
                CimInstance *i = model_instance(&a, c);
                ky.n = y.n = 0;
                assert_int_equal(cim_instance_key(i, NS, &ky, NULL), 0);
                assert_true(bytes_same(&kx, &ky));
                assert_int_equal(cim_instance_relpath(i, &y, NULL), 0);
                assert_int_equal(key_of(c, (Str){(char *)y.p, y.n}, &ky), 0);
                assert_true(bytes_same(&kx, &ky));
                cim_instance_unref(i);
        }
        assert_true(same > 3000 && same < 17000); // both answers were asked for
        buf_deinit(&x);
        buf_deinit(&y);
        buf_deinit(&kx);
        buf_deinit(&ky);
        cim_class_unref(c);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(spellings_of_text_and_numbers),
                TEST(spellings_of_references),
                TEST(paths_that_name_no_instance),
                TEST(the_most_keys),
                TEST(rules_for_classes),
                TEST(identity_is_meaning),
                TEST_END,
        });
}
