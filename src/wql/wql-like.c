// SPDX-License-Identifier: MIT
// LIKE: compiling and matching patterns.
//
//   %        any run of characters, also none        [abc] [a-f]   one of these
//   _        any one character                       [^abc]        one that is none of these
//   other    itself, without regard to case          [%] [_] [[]   the character itself
//
// A '-' first or last in a set is itself. Characters are UTF-16 units. There is no escape character: the
// backslash is one in the string around the pattern only. (Public pages "LIKE Operator" of the WMI SDK.)
#include "wql/wql-plan.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "cim/status.h"

// ---- sets
// --------------------------------------------------------------------------------------------------------

// A set is collected as one bit for each upper-case unit.
typedef struct SetBits {
        uint64_t words[0x10000 / 64];
} SetBits;

typedef struct Compiler {
        Arena *arena;
        Str16 pattern;
        size_t at;
        uint32_t *effort;
        Diag *diag;
        SetBits *bits; // allocated with the first set
        WqlLikeItem *items;
        uint32_t count;
        WqlLikeRange *ranges; // grows
        uint32_t range_count, range_room;
} Compiler;

static int fail(const Compiler *c, const char *says)
{
        return diag_set(c->diag, CIM_E_UNPARSABLE_QUERY, "character %zu of the pattern: %s", c->at + 1, says);
}

// Every unit from low to high, folded: [Z-a] has other folded members than its folded ends suggest.
static int set_add(Compiler *c, char16_t low, char16_t high)
{
        if (low > high) {
                fail(c, "a range that goes backwards");
                return diag_hint(c->diag, "write [a-f], not [f-a]");
        }
        uint32_t n = (uint32_t)(high - low) + 1;
        if (*c->effort < n)
                return diag_set(c->diag, CIM_E_QUOTA_VIOLATION, "the sets of this query are too large");
        *c->effort -= n;
        for (uint32_t u = low; u <= high; u++) {
                char16_t up = wql_up((char16_t)u);
                c->bits->words[up / 64] |= UINT64_C(1) << (up % 64);
        }
        return 0;
}

static int set_range(Compiler *c, uint32_t low, uint32_t high)
{
        if (c->range_count == c->range_room) {
                uint32_t room = c->range_room ? c->range_room * 2 : 16;
                WqlLikeRange *more = realloc(c->ranges, room * sizeof(*more));
                if (!more)
                        return -ENOMEM;
                c->ranges = more;
                c->range_room = room;
        }
        c->ranges[c->range_count++] = (WqlLikeRange){(char16_t)low, (char16_t)high};
        return 0;
}

static bool set_has(const SetBits *b, uint32_t u)
{
        return b->words[u / 64] >> (u % 64) & 1;
}

// The bits as ranges; words without a bit are passed over.
static int set_finish(Compiler *c, WqlLikeItem *item)
{
        item->first = c->range_count;
        for (uint32_t u = 0; u < 0x10000;) {
                if (!c->bits->words[u / 64] && u % 64 == 0) {
                        u += 64;
                } else if (!set_has(c->bits, u)) {
                        u++;
                } else {
                        uint32_t low = u;
                        while (u < 0x10000 && set_has(c->bits, u))
                                u++;
                        int r = set_range(c, low, u - 1);
                        if (r)
                                return r;
                }
        }
        item->count = c->range_count - item->first;
        return 0;
}

// The members of [...] up to the ']', which is taken too.
static int set_members(Compiler *c)
{
        Str16 p = c->pattern;
        size_t open = c->at, start = c->at += c->at < p.n && p.p[c->at] == '^';
        for (; c->at < p.n && p.p[c->at] != ']'; c->at++) {
                char16_t low = p.p[c->at];
                bool range = c->at + 2 < p.n && p.p[c->at + 1] == '-' && p.p[c->at + 2] != ']';
                if (range && (low != '-' || c->at != start))
                        c->at += 2;
                int r = set_add(c, low, p.p[c->at]);
                if (r)
                        return r;
        }
        bool open_ended = c->at == p.n, empty = c->at == start;
        if (open_ended || empty)
                c->at = open - 1;
        if (open_ended) {
                fail(c, "a set without its ']'");
                return diag_hint(c->diag, "'[' itself is written [[]");
        }
        if (empty)
                return fail(c, "a set without members");
        c->at++;
        return 0;
}

// c->at stands behind the '['.
static int set(Compiler *c)
{
        if (!c->bits)
                c->bits = malloc(sizeof(*c->bits));
        if (!c->bits)
                return -ENOMEM;
        memset(c->bits, 0, sizeof(*c->bits));
        WqlLikeItem *item = &c->items[c->count++];
        bool negated = c->at < c->pattern.n && c->pattern.p[c->at] == '^';
        item->kind = negated ? WQL_LIKE_NOT_SET : WQL_LIKE_SET;
        int r = set_members(c);
        return r ? r : set_finish(c, item);
}

// ---- patterns
// ----------------------------------------------------------------------------------------------------

static int compile(Compiler *c)
{
        while (c->at < c->pattern.n) {
                char16_t u = c->pattern.p[c->at++];
                if (u == '[') {
                        int r = set(c);
                        if (r)
                                return r;
                        continue;
                }
                if (u == '%' && c->count && c->items[c->count - 1].kind == WQL_LIKE_RUN)
                        continue;
                WqlLikeItem *item = &c->items[c->count++];
                item->kind = u == '%' ? WQL_LIKE_RUN : u == '_' ? WQL_LIKE_ANY : WQL_LIKE_UNIT;
                item->unit = wql_up(u);
        }
        return 0;
}

int wql_like_compile(Arena *a, Str16 pattern, uint32_t *effort, const WqlLike **ret, Diag *reterr)
{
        WqlLike *l = arena_new(a, WqlLike);
        Compiler c = {.arena = a, .pattern = pattern, .effort = effort, .diag = reterr};
        c.items = arena_array(a, WqlLikeItem, pattern.n + 1);
        int r = l && c.items ? compile(&c) : -ENOMEM;
        if (!r) {
                l->items = c.items;
                l->count = c.count;
                l->ranges = arena_copy(a, c.range_count ? (const void *)c.ranges : "",
                                       c.range_count * sizeof(*c.ranges));
                *ret = l;
                r = l->ranges ? 0 : -ENOMEM;
        }
        free(c.bits);
        free(c.ranges);
        return r;
}

// ---- matching
// ----------------------------------------------------------------------------------------------------

static bool in_ranges(const WqlLikeRange *r, uint32_t n, char16_t u)
{
        while (n) {
                uint32_t half = n / 2;
                if (u > r[half].high) {
                        r += half + 1;
                        n -= half + 1;
                } else if (u < r[half].low) {
                        n = half;
                } else {
                        return true;
                }
        }
        return false;
}

static bool item_takes(const WqlLike *l, const WqlLikeItem *i, char16_t c)
{
        switch ((WqlLikeKind)i->kind) {
        case WQL_LIKE_UNIT:
                return c == i->unit || wql_up(c) == i->unit;
        case WQL_LIKE_SET:
                return in_ranges(l->ranges + i->first, i->count, wql_up(c));
        case WQL_LIKE_NOT_SET:
                return !in_ranges(l->ranges + i->first, i->count, wql_up(c));
        case WQL_LIKE_ANY:
        case WQL_LIKE_RUN:
                break;
        }
        return true;
}

// A later % can take over whatever an earlier one could still give: on a mismatch only the last one grows.
bool wql_like_match(const WqlLike *l, Str16 text)
{
        uint32_t i = 0, run = UINT32_MAX;
        size_t at = 0, resume = 0;
        while (at < text.n) {
                if (i < l->count && l->items[i].kind == WQL_LIKE_RUN) {
                        run = i++;
                        resume = at;
                        if (i == l->count)
                                return true;
                } else if (i < l->count && item_takes(l, &l->items[i], text.p[at])) {
                        i++;
                        at++;
                } else if (run != UINT32_MAX) {
                        i = run + 1;
                        at = ++resume;
                } else {
                        return false;
                }
        }
        if (i < l->count && l->items[i].kind == WQL_LIKE_RUN)
                i++;
        return i == l->count;
}

// ---- printing
// ----------------------------------------------------------------------------------------------------

static void print_unit(char16_t u, Buf *out)
{
        char utf8[4];
        if (u == '"' || u == '\\')
                buf_text(out, "\\");
        if (u >= 0x20 && u != 0x7F && (u & 0xF800) != 0xD800)
                buf_put(out, utf8, utf8_encode(u, utf8));
        else
                buf_printf(out, "<%04X>", u);
}

static void print_set(const WqlLike *l, const WqlLikeItem *i, Buf *out)
{
        buf_text(out, i->kind == WQL_LIKE_SET ? "[" : "[^");
        for (uint32_t k = 0; k < i->count; k++) {
                const WqlLikeRange *r = &l->ranges[i->first + k];
                print_unit(r->low, out);
                if (r->high == r->low)
                        continue;
                if (r->high > r->low + 1)
                        buf_text(out, "-");
                print_unit(r->high, out);
        }
        buf_text(out, "]");
}

void wql_like_print(const WqlLike *l, Buf *out)
{
        buf_text(out, "\"");
        for (uint32_t k = 0; k < l->count; k++) {
                const WqlLikeItem *i = &l->items[k];
                bool special =
                        i->kind == WQL_LIKE_UNIT && (i->unit == '%' || i->unit == '_' || i->unit == '[');
                if (i->kind == WQL_LIKE_SET || i->kind == WQL_LIKE_NOT_SET) {
                        print_set(l, i, out);
                        continue;
                }
                buf_text(out, special                   ? "["
                              : i->kind == WQL_LIKE_RUN ? "%"
                              : i->kind == WQL_LIKE_ANY ? "_"
                                                        : "");
                if (i->kind == WQL_LIKE_UNIT)
                        print_unit(i->unit, out);
                buf_text(out, special ? "]" : "");
        }
        buf_text(out, "\"");
}
