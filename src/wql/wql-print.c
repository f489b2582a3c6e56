// SPDX-License-Identifier: MIT
// Writes a query back as text: one canonical form, which parses to the same query and prints the same again.
//
// Keywords in capitals, names as written, strings in double quotes, parentheses only where the meaning needs
// them. The result may be longer than the original and so, in theory, longer than LIMIT_QUERY_CHARS.
#include "wql/wql-ast.h"

#include "base/buf.h"
#include "base/utf.h"

const char *wql_relation_text(WqlRelation r)
{
        static const char *const text[] = {"=", "<>", "<", ">", "<=", ">="};
        return text[r];
}

static void put(Buf *out, Str s)
{
        buf_put(out, s.p, s.n);
}

static void print_path(const WqlPath *path, Buf *out)
{
        for (size_t i = 0; i < path->count; i++) {
                const WqlStep *s = &path->steps[i];
                if (i)
                        buf_text(out, ".");
                put(out, s->name);
                if (s->indexed)
                        buf_printf(out, "[%llu]", (unsigned long long)s->index);
        }
}

static void print_paths(const WqlPath *paths, size_t n, Buf *out)
{
        for (size_t i = 0; i < n; i++) {
                if (i)
                        buf_text(out, ", ");
                print_path(&paths[i], out);
        }
}

static void print_string(Str16 s, Buf *out)
{
        buf_text(out, "\"");
        for (size_t i = 0; i < s.n; i++) {
                uint32_t c = s.p[i];
                if (c == '"' || c == '\\')
                        buf_text(out, "\\");
                if (c >= 0xD800 && c < 0xDC00 && i + 1 < s.n && (s.p[i + 1] & 0xFC00) == 0xDC00)
                        c = 0x10000 + ((c & 0x3FF) << 10) + (s.p[++i] & 0x3FFu);
                char utf8[4];
                size_t n = utf8_encode(c, utf8);
                buf_put(out, utf8, n);
        }
        buf_text(out, "\"");
}

static void print_constant(const WqlConstant *c, Buf *out)
{
        switch (c->kind) {
        case WQL_C_INTEGER:
                buf_printf(out, "%s%llu", c->negative ? "-" : "", (unsigned long long)c->magnitude);
                break;
        case WQL_C_REAL:
                put(out, c->text);
                break;
        case WQL_C_STRING:
                print_string(c->string, out);
                break;
        case WQL_C_BOOLEAN:
                buf_text(out, c->boolean ? "TRUE" : "FALSE");
                break;
        }
}

static void print_node(const WqlNode *n, Buf *out);

// An operand of AND or NOT: OR inside AND, and either inside NOT, need parentheses.
static void print_operand(const WqlNode *n, WqlNodeKind parent, Buf *out)
{
        bool inside = n->kind == WQL_N_OR || (n->kind == WQL_N_AND && parent == WQL_N_NOT);
        if (inside)
                buf_text(out, "(");
        print_node(n, out);
        if (inside)
                buf_text(out, ")");
}

static void print_chain(const WqlNode *n, const char *between, Buf *out)
{
        for (size_t i = 0; i < n->count; i++) {
                if (i)
                        buf_text(out, between);
                print_operand(n->children[i], n->kind, out);
        }
}

// Depth: that of the tree, bounded by the parser.
static void print_node(const WqlNode *n, Buf *out)
{
        switch (n->kind) {
        case WQL_N_AND:
                print_chain(n, " AND ", out);
                return;
        case WQL_N_OR:
                print_chain(n, " OR ", out);
                return;
        case WQL_N_NOT:
                buf_text(out, "NOT ");
                print_operand(n->children[0], WQL_N_NOT, out);
                return;
        case WQL_N_NULL:
                print_path(&n->path, out);
                buf_text(out, n->negated ? " IS NOT NULL" : " IS NULL");
                return;
        case WQL_N_COMPARE:
                print_path(&n->path, out);
                buf_printf(out, " %s ", wql_relation_text(n->relation));
                break;
        case WQL_N_LIKE:
                print_path(&n->path, out);
                buf_text(out, " LIKE ");
                break;
        case WQL_N_ISA:
                print_path(&n->path, out);
                buf_text(out, " ISA ");
                break;
        }
        print_constant(&n->constant, out);
}

void wql_print(const WqlQuery *q, Buf *out)
{
        buf_text(out, "SELECT ");
        if (q->select_count)
                print_paths(q->select, q->select_count, out);
        else
                buf_text(out, "*");
        buf_text(out, " FROM ");
        put(out, q->from.name);
        if (q->within.given) {
                buf_text(out, " WITHIN ");
                put(out, q->within.text);
        }
        if (q->where) {
                buf_text(out, " WHERE ");
                print_node(q->where, out);
        }
        if (!q->group.given)
                return;
        buf_text(out, " GROUP WITHIN ");
        put(out, q->group.text);
        if (q->by_count) {
                buf_text(out, " BY ");
                print_paths(q->by, q->by_count, out);
        }
        if (q->having) {
                buf_text(out, " HAVING ");
                print_node(q->having, out);
        }
}
