// SPDX-License-Identifier: MIT
// Generated queries and objects: the plan must say what a naive evaluator says that walks the tree it
// generated, and so must the plan of the printed query.
//
// The evaluator shares nothing with the plan but the upper-case mapping: numbers compare as long double (64
// bits of mantissa hold every uint64, int64 and double exactly), LIKE backtracks, dates come from a table,
// paths are walked by a search through the names, system properties are cim_system_value's. Another run:
// WQL_ORACLE_SEED=n, a longer one: WQL_ORACLE_COUNT=n.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "base/buf.h"
#include "base/testkit.h"
#include "base/utf.h"
#include "cim/path.h"
#include "cim/status.h"
#include "wql/test-world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { QUERIES = 20000, ROWS = 4, NODES = 64, STEPS = 4 };

// The names of Types, with other types and in another order: what a plain object may hold instead of it.
static const char more_classes[] =
        "class Shuffled { string U8; uint8 Name; boolean S32; real64 Flag; datetime Other; char16 U64; "
        "sint64 Letter;"
        " uint32 Numbers; object Thing; string S8[]; Embedded REF When; real32 R64; uint64 R32; };"
        "class ShuffledMore : Shuffled { sint16 U16; object Part; object Things[]; };";

// ---- chance
// ------------------------------------------------------------------------------------------------------

static uint64_t chance;

static uint32_t pick(uint32_t n)
{
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        return (uint32_t)((chance * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % n;
}

#define PICK(array) ((array)[pick(COUNT(array))])

// ---- what values and constants are drawn from
// --------------------------------------------------------------------

// clang-format off
static const char *const integers[] = {
        "0", "1", "-1", "2", "3", "4", "7", "127", "128", "-128", "-129", "255", "256", "32767", "32768",
        "-32768", "-32769", "65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649",
        "4294967295", "4294967296", "16777217", "9007199254740992", "9007199254740993", "-9007199254740993",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551614",
        "18446744073709551615"
};
static const char *const reals[] = {
        "0.0", "-0.0", "0.1", "0.5", "-0.5", "1.0", "1.5", "3.5", "-1.5", "2.9999999999999996", "127.5",
        "255.5", "-128.5", "65535.0", "4294967295.5", "9007199254740992.0", "9007199254740994.0",
        "9223372036854775807.0", "9223372036854774784.0", "18446744073709551615.0",
        "18446744073709549568.0", "1e30", "-1e30", "1e300", "-1E+300", "3.5e38", "5e-324", "1.17549435e-38",
        "16777217.0"
};
static const char *const strings[] = {
        "", "a", "A", "b", "ab", "AB", "aB", "abc", "abab", "ba", "ä", "Ä", "ÄB", "ß", "ſ", "a b", "'",
        "\"", "\\", "a\\b", "%", "_", "[", "]", "^", "-", "1", "-1", "1.5", "0", "18446744073709551615",
        "\xF0\x9F\x8D\x9E", "aaaaab"
};
static const char *const patterns[] = {
        "a", "b", "A", "ä", "%", "%", "_", "[ab]", "[^a]", "[a-c]", "[^A-B]", "[%]", "[_]", "[[]", "[-a]",
        "\\", "]"
};
// clang-format on
// instants and intervals in microseconds from some origin
static const struct {
        const char *text;
        char kind;
        int64_t at;
} dates[] = {
        {"20260131120000.000000+000", 't', 0},
        {"20260131130000.000000+060", 't', 0},
        {"20260131110000.000000-060", 't', 0},
        {"20260131115959.999999+000", 't', -1},
        {"20260131120000.000001+000", 't', 1},
        {"20260201000000.000000+720", 't', 0},
        {"20260201120000.000000+000", 't', INT64_C(86400000000)},
        {"20250131120000.000000+000", 't', INT64_C(-365) * 86400000000},
        {"00000000000000.000000:000", 'i', 0},
        {"00000000000001.000000:000", 'i', 1000000},
        {"00000001000000.000000:000", 'i', INT64_C(86400000000)},
        {"00000000235959.999999:000", 'i', INT64_C(86399999999)},
        {"20260131******.******+000", '*', 0}, // values only
        {"not a date at all.......", '*', 0},
};

// ---- trees
// -------------------------------------------------------------------------------------------------------

typedef enum Kind { AND, OR, NOT, COMPARE, IS_NULL, LIKE, ISA } Kind;

// TargetInstance.Names[1].__CLASS
typedef struct Way {
        Str names[STEPS];
        int index[STEPS]; // -1: none
        unsigned count;   // 0: the subject
        int system;       // -1: none
} Way;

typedef struct Node {
        Kind kind;
        const struct Node *left, *right;
        uint32_t property;
        unsigned relation; // index of relation_text
        bool negated, number, quoted, boolean;
        const char *text; // of a number or string
        unsigned date;
        Str16 wide; // text
        bool far;   // has a way instead of a property
        Way way;
} Node;

static const char *const relation_text[] = {"=", "<>", "!=", "<", ">", "<=", ">="};

typedef struct Oracle {
        World world;
        const CimClass *class;
        uint32_t usable[64]; // properties that WHERE may read
        uint32_t usable_count;
        const CimClass *kinds[6]; // what objects may be
        bool data;                // the query is
        Node nodes[NODES];
        size_t used;
        bool far; // some node of this query
        size_t plans, rows, matches;
        Arena arena; // strings of this query
} Oracle;

static bool is_number(CimType t)
{
        return cim_type_is_signed(t) || cim_type_is_unsigned(t) || t == CIM_REAL32 || t == CIM_REAL64;
}

static const char *pattern(Oracle *o)
{
        Buf b = {0};
        for (uint32_t n = pick(7); n > 0; n--)
                buf_text(&b, PICK(patterns));
        const char *z = arena_strndup(&o->arena, b.n ? (char *)b.p : "", b.n);
        buf_deinit(&b);
        return z;
}

static void draw_constant(Node *n, CimType t)
{
        if (is_number(t)) {
                n->number = true;
                n->quoted = pick(8) == 0;
                n->text = pick(3) ? PICK(integers) : PICK(reals);
        } else if (t == CIM_BOOLEAN) {
                n->relation = pick(3);
                n->boolean = pick(2);
                static const char *const yes[] = {"TRUE", "1", "-1", "'true'", "\"1\""}, *const no[] = {
                                                                                                 "FALSE", "0",
                                                                                                 "'False'"};
                n->text = n->boolean ? PICK(yes) : PICK(no);
        } else if (t == CIM_DATETIME) {
                n->date = pick(12);
                n->text = dates[n->date].text;
                n->quoted = true;
        } else if (t == CIM_CHAR16) {
                static const char *const letters[] = {"a", "A", "b", "Ä", "ä", "5"};
                n->number = pick(3) == 0;
                n->quoted = !n->number;
                n->text = n->number ? PICK(integers) : PICK(letters);
        } else if (pick(6) == 0) {
                n->relation = pick(3);
                n->text = pick(2) ? "1" : "-1.5";
        } else {
                n->quoted = true;
                n->text = PICK(strings);
        }
}

// ---- paths
// -----------------------------------------------------------------------------------------------

static const char *const class_names[] = {"Types",    "TypesMore",    "Shuffled", "shuffledmore",
                                          "EMBEDDED", "EmbeddedMore", "WMIEvent", "__Event"};

static void draw_system(Node *n)
{
        // all that have one value
        static const CimSystemProperty some[] = {
                CIM_SYSTEM_CLASS,          CIM_SYSTEM_CLASS,  CIM_SYSTEM_SUPERCLASS, CIM_SYSTEM_DYNASTY,
                CIM_SYSTEM_PROPERTY_COUNT, CIM_SYSTEM_GENUS,  CIM_SYSTEM_SERVER,     CIM_SYSTEM_NAMESPACE,
                CIM_SYSTEM_PATH,           CIM_SYSTEM_RELPATH};
        static const char *const numbers[] = {"0", "1", "2", "26", "27", "14", "3.5"};
        static const char *const texts[] = {"root\\wmi", "HOST",       "Types",
                                            "%more",     "Shuffled.%", "\\\\host\\%"};
        n->way.system = (int)PICK(some);
        bool number = cim_system_type((CimSystemProperty)n->way.system) == CIM_SINT32;
        n->kind = (Kind)(COMPARE + pick(number ? 2 : 3));
        n->quoted = !number;
        n->text = number ? PICK(numbers) : pick(3) ? PICK(class_names) : PICK(texts);
}

// A constant of any kind: what it meets is known when there is an object.
static void draw_any(Oracle *o, Node *n)
{
        n->kind = (Kind)(COMPARE + (pick(6) ? 0 : pick(3)));
        n->date = COUNT(dates);
        n->quoted = n->kind == LIKE || pick(2);
        if (n->kind == LIKE)
                n->text = pattern(o);
        else if (n->quoted && pick(4) == 0)
                n->text = dates[n->date = pick(12)].text;
        else if (n->quoted)
                n->text = pick(4) ? PICK(strings) : pick(2) ? "true" : "False";
        else
                n->text = pick(8) == 0 ? (pick(2) ? "TRUE" : "FALSE")
                          : pick(3)    ? PICK(integers)
                                       : PICK(reals);
        if (strchr("TF", n->text[0]) && !n->quoted)
                n->relation = pick(3);
}

static void draw_way(Oracle *o, Node *n)
{
        static const char *const firsts[] = {"Thing", "Thing", "Thing", "Thing", "Part", "Numbers", "Names"};
        static const char *const others[] = {"Thing", "Thing", "U8",     "Name",    "S32",    "Flag",
                                             "Other", "U64",   "Letter", "Numbers", "S8",     "When",
                                             "R64",   "R32",   "U16",    "Part",    "Things", "Nope",
                                             "More",  "Prop1", "Extra",  "Link"};
        Way *w = &n->way;
        n->far = true;
        w->system = -1;
        if (pick(6) == 0) { // of the subject
                draw_system(n);
                if (o->data && pick(3) == 0)
                        n->kind = ISA, w->system = -1;
        } else {
                w->names[0] = str_of(PICK(firsts));
                w->index[0] = w->names[0].p[0] == 'N' ? (int)pick(3) : -1;
                w->count = 1;
                while (w->index[0] < 0 && w->count < STEPS && pick(3)) {
                        Str name = str_of(PICK(others));
                        w->names[w->count] = name;
                        w->index[w->count++] =
                                pick(8) == 0 || str_eq(name, STR("Things")) ? (int)pick(2) : -1;
                }
                draw_any(o, n);
                uint32_t what = w->index[0] < 0 ? pick(6) : 2;
                if (what == 0)
                        draw_system(n);
                else if (what == 1 || (w->count == 1 && w->index[0] < 0))
                        n->kind = pick(3) ? ISA : IS_NULL;
        }
        if (n->kind == ISA)
                n->quoted = true, n->text = PICK(class_names);
        n->negated = n->kind == IS_NULL && pick(2);
}

static const Node *draw(Oracle *o, unsigned depth)
{
        Node *n = &o->nodes[o->used++];
        *n = (Node){.kind = depth && o->used + 8 < NODES && pick(3)
                                    ? (Kind)pick(3)
                                    : (Kind)(COMPARE + (pick(8) < 6 ? 0 : 1 + pick(2)))};
        if (n->kind <= NOT) {
                n->left = draw(o, depth - 1);
                n->right = n->kind == NOT ? NULL : draw(o, depth - 1);
                return n;
        }
        n->relation = pick(COUNT(relation_text));
        if (pick(3) == 0) {
                draw_way(o, n);
                n->wide = utf_to16(&o->arena, str_of(n->text));
                return n;
        }
        n->property = o->usable[pick(o->usable_count)];
        CimType t = cim_type(o->class->properties[n->property].type);
        if (n->kind == LIKE && t != CIM_STRING && t != CIM_REFERENCE)
                n->kind = COMPARE;
        if (n->kind == IS_NULL)
                n->negated = pick(2);
        else if (n->kind == LIKE)
                n->text = pattern(o);
        else
                draw_constant(n, t);
        if (n->text)
                n->wide = utf_to16(&o->arena, str_of(n->text));
        return n;
}

// ---- trees as text
// -----------------------------------------------------------------------------------------------

static void blank(Buf *b, bool needed)
{
        static const char *const blanks[] = {" ", " ", "  ", "\t", "\n"};
        if (needed || pick(2))
                buf_text(b, PICK(blanks));
}

static void word(Buf *b, Str s)
{
        bool change = pick(3) == 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
                buf_u8(b, (uint8_t)(letter && change && pick(2) ? c ^ 32 : c));
        }
}

static void quoted(Buf *b, const char *s)
{
        char quote = pick(2) ? '"' : '\'';
        buf_u8(b, (uint8_t)quote);
        for (; *s; s++) {
                if (*s == quote || *s == '\\' || ((*s == '"' || *s == '\'') && pick(2)))
                        buf_text(b, "\\");
                buf_u8(b, (uint8_t)*s);
        }
        buf_u8(b, (uint8_t)quote);
}

static const char *flipped(const char *relation)
{
        return !strcmp(relation, "<")    ? ">"
               : !strcmp(relation, ">")  ? "<"
               : !strcmp(relation, "<=") ? ">="
               : !strcmp(relation, ">=") ? "<="
                                         : relation;
}

static void write_constant(Buf *b, const Node *n)
{
        if (n->quoted)
                quoted(b, n->text);
        else
                buf_text(b, n->text);
}

static Str way_text(Oracle *o, const Way *w)
{
        Buf b = {0};
        for (unsigned i = 0; i < w->count; i++) {
                buf_printf(&b, "%s%.*s", i ? "." : "", STR_ARG(w->names[i]));
                if (w->index[i] >= 0)
                        buf_printf(&b, "[%d]", w->index[i]);
        }
        if (w->system >= 0)
                buf_printf(&b, "%s%s", w->count ? "." : "", cim_system_name((CimSystemProperty)w->system));
        else if (!w->count)
                buf_text(&b, "__this");
        Str s = {arena_strndup(&o->arena, (char *)b.p, b.n), b.n};
        buf_deinit(&b);
        return s;
}

static void write_predicate(Buf *b, Oracle *o, const Node *n)
{
        Str name = n->far ? way_text(o, &n->way) : o->class->properties[n->property].name;
        if (n->kind == COMPARE && pick(4) == 0) {
                write_constant(b, n);
                blank(b, false);
                buf_text(b, flipped(relation_text[n->relation]));
                blank(b, false);
                word(b, name);
                return;
        }
        word(b, name);
        blank(b, n->kind != COMPARE);
        if (n->kind == COMPARE) {
                buf_text(b, relation_text[n->relation]);
                blank(b, false);
                write_constant(b, n);
        } else if (n->kind == LIKE) {
                word(b, STR("LIKE"));
                blank(b, false);
                quoted(b, n->text);
        } else if (n->kind == ISA) {
                word(b, STR("ISA"));
                blank(b, true);
                if (pick(2))
                        quoted(b, n->text);
                else
                        buf_text(b, n->text);
        } else if (pick(2)) {
                word(b, n->negated ? STR("IS NOT NULL") : STR("IS NULL"));
        } else {
                buf_text(b, n->negated ? "<>" : "=");
                word(b, STR("NULL"));
        }
}

// level: 0 inside OR or alone, 1 inside AND, 2 inside NOT
static void write_node(Buf *b, Oracle *o, const Node *n, unsigned level)
{
        bool parentheses = (n->kind == OR && level > 0) || (n->kind == AND && level > 1) || pick(8) == 0;
        if (parentheses) {
                buf_text(b, "(");
                level = 0;
        }
        if (n->kind == NOT) {
                word(b, STR("NOT"));
                blank(b, true);
                write_node(b, o, n->left, 2);
        } else if (n->kind <= OR) {
                write_node(b, o, n->left, n->kind == AND);
                blank(b, true);
                word(b, n->kind == AND ? STR("AND") : STR("OR"));
                blank(b, true);
                write_node(b, o, n->right, n->kind == AND);
        } else {
                write_predicate(b, o, n);
        }
        if (parentheses)
                buf_text(b, ")");
}

// ---- the naive evaluator
// -----------------------------------------------------------------------------------------

static bool holds(unsigned relation, int order)
{
        switch (relation) {
        case 0:
                return order == 0;
        case 1:
        case 2:
                return order != 0;
        case 3:
                return order < 0;
        case 4:
                return order > 0;
        case 5:
                return order <= 0;
        default:
                return order >= 0;
        }
}

static long double constant_number(const Node *n, CimType t)
{
        bool real = strpbrk(n->text, ".eE") != NULL;
        if (!real)
                return strtold(n->text, NULL);
        double d = strtod(n->text, NULL);
        if (t == CIM_REAL32 && fabs(d) <= (double)FLT_MAX)
                return (long double)(float)d;
        return d;
}

static long double value_number(const CimValue *v)
{
        CimType t = cim_type(v->type);
        if (t == CIM_REAL32 || t == CIM_REAL64)
                return v->real;
        return cim_type_is_signed(t) ? (long double)v->sint : (long double)v->uint;
}

static bool compare_numbers(const Node *n, const CimValue *v)
{
        long double a = value_number(v), b = constant_number(n, cim_type(v->type));
        if (isnan((double)a))
                return n->relation == 1 || n->relation == 2;
        return holds(n->relation, a < b ? -1 : a > b);
}

static bool compare_dates(const Node *n, const CimValue *v)
{
        for (size_t i = 0; i < COUNT(dates); i++) {
                Arena a = {0};
                bool it = str16_cmp(utf_to16(&a, str_of(dates[i].text)), v->string) == 0;
                arena_deinit(&a);
                if (it)
                        return dates[i].kind == dates[n->date].kind &&
                               holds(n->relation,
                                     dates[i].at < dates[n->date].at ? -1 : dates[i].at > dates[n->date].at);
        }
        return false;
}

static bool same_letter(char16_t a, char16_t b)
{
        return utf_upcase16(a) == utf_upcase16(b);
}

// p stands at '['; *end behind the ']'.
static bool in_set(Str16 p, char16_t c, size_t *end)
{
        size_t i = 1;
        bool not = p.p[i] == '^', in = false;
        i += not ;
        for (size_t start = i; p.p[i] != ']'; i++) {
                char16_t high = p.p[i];
                size_t low_at = i;
                if (p.p[i + 1] == '-' && p.p[i + 2] != ']' && !(i == start && p.p[i] == '-'))
                        high = p.p[i += 2];
                for (uint32_t u = p.p[low_at]; u <= high; u++)
                        in |= same_letter((char16_t)u, c);
        }
        *end = i + 1;
        return in != not ;
}

static bool like(Str16 p, Str16 s)
{
        if (!p.n)
                return !s.n;
        Str16 p1 = {p.p + 1, p.n - 1}, s1 = {s.p + 1, s.n ? s.n - 1 : 0};
        if (p.p[0] == '%')
                return like(p1, s) || (s.n && like(p, s1));
        if (!s.n)
                return false;
        if (p.p[0] == '[') {
                size_t end;
                bool in = in_set(p, s.p[0], &end);
                return in && like((Str16){p.p + end, p.n - end}, s1);
        }
        return (p.p[0] == '_' || same_letter(p.p[0], s.p[0])) && like(p1, s1);
}

// Text that is a number from end to end.
static bool is_numeric(const char *s)
{
        char *end;
        if (!*s || strspn(s, "0123456789+-.eE") != strlen(s))
                return false;
        strtold(s, &end);
        return !*end;
}

static bool compare_truth(const Node *n, bool v)
{
        bool number = is_numeric(n->text) && !strpbrk(n->text, ".eE");
        long double x = number ? strtold(n->text, NULL) : 2;
        bool yes = !strcasecmp(n->text, "TRUE"), no = !strcasecmp(n->text, "FALSE");
        if (n->relation > 2 || (!yes && !no && (x < -1 || x > 1)))
                return false;
        return holds(n->relation, v != (yes || (!no && x != 0)));
}

// Any constant against any value.
static bool compare_any(const Node *n, const CimValue *v)
{
        CimType t = cim_type(v->type);
        bool word = !n->quoted && !is_numeric(n->text); // TRUE, FALSE
        if (cim_is_array(v->type) || t == CIM_OBJECT)
                return false;
        if (t == CIM_BOOLEAN)
                return compare_truth(n, v->boolean);
        if (is_number(t))
                return !word && is_numeric(n->text) && compare_numbers(n, v);
        if (t == CIM_DATETIME)
                return n->quoted && n->date < COUNT(dates) && compare_dates(n, v);
        if (t == CIM_CHAR16 && !n->quoted)
                return !word && compare_numbers(n, v);
        if (t == CIM_CHAR16)
                return n->wide.n == 1 &&
                       holds(n->relation, str16_icmp((Str16){(char16_t[]){(char16_t)v->uint}, 1}, n->wide));
        if (word || (!n->quoted && n->relation > 2))
                return false;
        return holds(n->relation, str16_icmp(v->string, n->wide));
}

// What the way leads to; false: nothing.
static bool follow(const Way *w, const WqlSubject *s, Arena *a, CimValue *ret)
{
        CimInstance *self = arena_new(a, CimInstance);
        *self = (CimInstance){
                .class = s->klass, .values = (CimValue *)(uintptr_t)s->values, .namespace = s->namespace};
        *ret = (CimValue){.type = CIM_OBJECT, .object = self};
        for (unsigned i = 0; i < w->count; i++) {
                if (ret->null || ret->type != CIM_OBJECT)
                        return false;
                const CimInstance *o = ret->object;
                size_t k = 0;
                while (k < o->class->property_count && !str_ieq(o->class->properties[k].name, w->names[i]))
                        k++;
                if (k == o->class->property_count)
                        return false;
                *ret = o->values[k];
                if (w->index[i] < 0)
                        continue;
                if (ret->null || !cim_is_array(ret->type) || (uint32_t)w->index[i] >= ret->array.count)
                        return false;
                *ret = ret->array.items[w->index[i]];
        }
        if (w->system < 0)
                return true;
        if (ret->null || ret->type != CIM_OBJECT)
                return false;
        bool needs_server = w->system == CIM_SYSTEM_SERVER || w->system == CIM_SYSTEM_PATH;
        const CimInstance *o = ret->object;
        if (needs_server && !s->server.n)
                return false;
        assert_int_equal(cim_system_value(o, (CimSystemProperty)w->system, s->server, a, ret), 0);
        return true;
}

static bool is_a(const CimClass *c, const char *name)
{
        for (; c; c = c->super)
                if (str_ieq(c->name, str_of(name)))
                        return true;
        return false;
}

static bool says_far(const Node *n, const WqlSubject *s)
{
        Arena a = {0};
        CimValue v;
        bool there = follow(&n->way, s, &a, &v) && !v.null, is = false;
        CimType t = there ? cim_type(v.type) : CIM_NONE;
        if (n->kind == IS_NULL)
                is = there == n->negated;
        else if (there && n->kind == ISA)
                is = v.type == CIM_OBJECT && is_a(v.object->class, n->text);
        else if (there && n->kind == LIKE)
                is = !cim_is_array(v.type) && (t == CIM_STRING || t == CIM_REFERENCE || t == CIM_DATETIME) &&
                     like(n->wide, v.string);
        else if (there)
                is = compare_any(n, &v);
        arena_deinit(&a);
        return is;
}

static bool says(const Node *n, const WqlSubject *s)
{
        if (n->kind == AND)
                return says(n->left, s) && says(n->right, s);
        if (n->kind == OR)
                return says(n->left, s) || says(n->right, s);
        if (n->kind == NOT)
                return !says(n->left, s);
        if (n->far)
                return says_far(n, s);
        const CimValue *v = &s->values[n->property];
        CimType t = cim_type(v->type);
        if (n->kind == IS_NULL)
                return v->null != n->negated;
        if (v->null)
                return false;
        if (n->kind == LIKE)
                return like(n->wide, v->string);
        if (t == CIM_BOOLEAN)
                return holds(n->relation, v->boolean != n->boolean);
        if (t == CIM_DATETIME)
                return compare_dates(n, v);
        if (t == CIM_CHAR16 && !n->number) {
                Str16 letter = {(char16_t[]){(char16_t)v->uint}, 1};
                return holds(n->relation, str16_icmp(letter, n->wide));
        }
        if (is_number(t) || t == CIM_CHAR16)
                return compare_numbers(n, v);
        return holds(n->relation, str16_icmp(v->string, n->wide));
}

// ---- objects
// -----------------------------------------------------------------------------------------------------

static void draw_integer(CimValue *v, CimType t)
{
        int64_t least;
        uint64_t most;
        assert_true(cim_type_range(t, &least, &most));
        for (;;) {
                long double x = strtold(PICK(integers), NULL);
                if (x < (long double)least || x > (long double)most)
                        continue;
                if (cim_type_is_signed(t))
                        v->sint = (int64_t)x;
                else
                        v->uint = (uint64_t)x;
                return;
        }
}

static void draw_value(Oracle *o, Arena *a, CimValue *v, uint16_t type, unsigned depth);

static const CimInstance *draw_object(Oracle *o, Arena *a, unsigned depth)
{
        CimInstance *i = cim_instance_in(a, PICK(o->kinds));
        if (pick(2))
                i->namespace = pick(3) ? STR("root\\WMI") : STR("root\\other");
        for (size_t k = 0; k < i->class->property_count; k++)
                draw_value(o, a, &i->values[k], i->class->properties[k].type, depth);
        return i;
}

static void draw_array(Oracle *o, Arena *a, CimValue *v, uint16_t type, unsigned depth)
{
        CimValue *items = arena_array(a, CimValue, 3);
        *v = (CimValue){.type = type};
        v->array.items = items;
        v->array.count = pick(3);
        for (uint32_t i = 0; i < v->array.count; i++)
                draw_value(o, a, &items[i], (uint16_t)cim_type(type), depth);
}

static void draw_value(Oracle *o, Arena *a, CimValue *v, uint16_t type, unsigned depth)
{
        static const char *const odd[] = {"nan", "inf", "-inf"};
        static const char16_t letters[] = {'a', 'A', 'b', 'B', 0xE4, 0xC4, '5', 0, 0xFFFF, 127, 128};
        CimType t = cim_type(type);
        *v = cim_null(type);
        if (pick(7) == 0)
                return;
        v->null = false;
        if (cim_is_array(type)) {
                draw_array(o, a, v, type, depth);
                return;
        }
        if (t == CIM_OBJECT && !depth)
                v->null = true;
        else if (t == CIM_OBJECT)
                v->object = draw_object(o, a, depth - 1);
        else if (t == CIM_BOOLEAN)
                v->boolean = pick(2);
        else if (t == CIM_REAL32 || t == CIM_REAL64)
                v->real = strtod(pick(8) == 0 ? PICK(odd) : pick(2) ? PICK(reals) : PICK(integers), NULL);
        else if (is_number(t))
                draw_integer(v, t);
        else if (t == CIM_CHAR16)
                v->uint = PICK(letters);
        else
                v->string = utf_to16(a, str_of(t == CIM_DATETIME ? PICK(dates).text : PICK(strings)));
        if (t == CIM_REAL32)
                v->real = (double)(float)v->real;
}

// Whoever reads a property that the plan does not name falls over this.
static void poison(CimValue *v, uint16_t type)
{
        memset(v, 0x5A, sizeof(*v));
        v->type = type;
        v->null = false;
        v->string = (Str16){(const char16_t *)(uintptr_t)16, 1000};
}

static void compare_row(Oracle *o, const Node *root, const WqlPlan *plan, const WqlPlan *again,
                        const char *query)
{
        CimValue values[64], seen[64];
        Arena a = {0}, scratch = {0};
        const CimClass *c = o->kinds[pick(2)];
        for (uint32_t i = 0; i < c->property_count; i++) {
                draw_value(o, &a, &values[i], c->properties[i].type, 3);
                poison(&seen[i], c->properties[i].type);
                if (cim_wants(wql_used(plan), i))
                        seen[i] = values[i];
        }
        WqlSubject whole = {.klass = c, .values = values, .scratch = &scratch};
        whole.namespace = o->data && pick(2) ? STR("root\\wmi") : (Str){0};
        whole.server = pick(2) ? STR("HOST") : (Str){0};
        WqlSubject used = whole;
        used.values = seen;
        bool wanted = says(root, &whole);
        if (wql_match(plan, &used) != wanted || wql_match(again, &used) != wanted) {
                Buf b = {0};
                wql_dump(plan, &b);
                print_error("%s\nshould %smatch here; the plan:\n%s", query, wanted ? "" : "not ", buf_z(&b));
                fail();
        }
        o->matches += wanted;
        o->rows++;
        arena_deinit(&a);
        arena_deinit(&scratch);
}

// ---- runs
// --------------------------------------------------------------------------------------------------------

// NULL: a class that the query demands does not go with what it asks.
static WqlPlan *plan_of(Oracle *o, Str text, Buf *printed)
{
        Diag d = {0};
        char says_diag[1024];
        WqlQuery *q;
        WqlPlan *p;
        int r = (o->data ? wql_parse_data : wql_parse)(text, &q, &d);
        if (r == 0) {
                wql_print(q, printed);
                r = (o->data ? wql_check_data : wql_check)(q, o->world.schema, o->world.namespace, &p, &d);
                wql_query_free(q);
        }
        bool refused =
                r == E_DIAG && o->far &&
                (d.code == (uint32_t)CIM_E_TYPE_MISMATCH || d.code == (uint32_t)CIM_E_INVALID_PROPERTY ||
                 d.code == (uint32_t)CIM_E_INVALID_OPERATOR ||
                 d.code == (uint32_t)CIM_E_PROPERTY_NOT_AN_OBJECT);
        if (refused)
                return NULL;
        if (r) {
                print_error("%.*s\n%s\n", STR_ARG(text), diag_text(&d, says_diag, sizeof(says_diag)));
                fail();
        }
        return p;
}

static void run_query(Oracle *o)
{
        Buf text = {0}, printed = {0}, again = {0};
        o->used = 0;
        o->data = pick(2);
        const Node *root = draw(o, pick(5));
        o->far = false;
        for (size_t i = 0; i < o->used; i++)
                o->far |= o->nodes[i].far;
        word(&text, STR("SELECT * FROM Types WHERE "));
        write_node(&text, o, root, 0);
        WqlPlan *p = plan_of(o, (Str){(char *)text.p, text.n}, &printed);
        WqlPlan *p2 = plan_of(o, (Str){(char *)printed.p, printed.n}, &again);
        assert_true(!p == !p2);
        o->plans += p != NULL;
        if (printed.n != again.n || memcmp(printed.p, again.p, printed.n) != 0) {
                print_error("%s\nprints as\n%s\nand that as\n%s\n", buf_z(&text), buf_z(&printed),
                            buf_z(&again));
                fail();
        }
        for (unsigned i = 0; p && i < ROWS; i++)
                compare_row(o, root, p, p2, buf_z(&text));
        wql_plan_unref(p);
        wql_plan_unref(p2);
        buf_deinit(&text);
        buf_deinit(&printed);
        buf_deinit(&again);
        arena_reset(&o->arena);
}

static void plans_agree_with_the_naive_evaluator(void **state)
{
        (void)state;
        if (LDBL_MANT_DIG < 64)
                testkit_skip("long double is too short to be exact");
        static Oracle o;
        size_t n;
        char *text = world_file("tests/conformance/wql/classes.mof", &n);
        assert_non_null(text);
        world_init(&o.world, STR("root\\wmi"));
        if (!world_classes(&o.world, (Str){text, n}))
                fail_msg("%s", o.world.error);
        free(text);
        assert_true(world_classes(&o.world, str_of(more_classes)));
        for (size_t i = 0; i < COUNT(o.kinds); i++)
                o.kinds[i] = cim_schema_find(o.world.schema, o.world.namespace, str_of(class_names[i]));
        o.class = cim_schema_find(o.world.schema, o.world.namespace, STR("Types"));
        assert_in_range(o.class->property_count, 1, 64);
        for (uint32_t i = 0; i < o.class->property_count; i++)
                if (!cim_is_array(o.class->properties[i].type) &&
                    cim_type(o.class->properties[i].type) != CIM_OBJECT)
                        o.usable[o.usable_count++] = i;
        const char *seed = getenv("WQL_ORACLE_SEED"), *count = getenv("WQL_ORACLE_COUNT");
        chance = seed ? strtoull(seed, NULL, 10) * 2 + 1 : UINT64_C(0x9E3779B97F4A7C15);
        unsigned long runs = count ? strtoul(count, NULL, 10) : QUERIES;
        for (unsigned long i = 0; i < runs; i++)
                run_query(&o);
        // most queries fit the classes, and rows fall on both sides
        assert_true(o.plans > runs / 2);
        assert_in_range(o.matches, o.rows / 5, o.rows * 4 / 5);
        arena_deinit(&o.arena);
        world_deinit(&o.world);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(plans_agree_with_the_naive_evaluator), TEST_END});
}
