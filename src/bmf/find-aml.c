// SPDX-License-Identifier: MIT
// AML: the named buffers of a table, and the scopes that they stand in.
//
// AML is read term by term. How many arguments the call of a method takes only its declaration says, which
// may be in another table: a name alone is taken as a term, and its arguments as terms behind it. As terms
// say themselves how long they are nothing is lost by that, except where an operator wants something else
// than a term; then the rest of the package that it stands in is searched for what begins a scope, a method
// or a named buffer. Packages bound all of it: a fault in one does not reach the next. Each byte is read a
// few times at most, whatever the table says, and levels are counted.
#include <stdio.h>

#include "bmf/find-impl.h"

typedef struct Aml {
        Find *f;
        const uint8_t *p;
        size_t n;
        const char *label;
        size_t offset; // of the table, or of where it is told
        bool raw;
        bool vague; // maybe it is no AML at all: nothing in it is a fault
        AcpiPath path;
} Aml;

enum {
        AML_NAME = 0x08,
        AML_SCOPE = 0x10,
        AML_BUFFER = 0x11,
        AML_METHOD = 0x14,
        AML_DUAL_NAME = 0x2E,
        AML_MULTI_NAME = 0x2F,
        AML_EXTENDED = 0x5B,
        AML_IF = 0xA0,
        AML_ELSE = 0xA1,
        AML_WHILE = 0xA2,
        AML_DEVICE = 0x5B82,
        AML_PROCESSOR = 0x5B83,
        AML_POWER = 0x5B84,
        AML_THERMAL = 0x5B85,
        AML_HEADER = 36,
};

// What follows an operator: T a term, N a name, b w d q 1, 2, 4, 8 bytes, s a string, P a package that is
// skipped. NULL: not an operator. Scopes, methods, buffers and the like are not in it.
static const char *aml_arguments(unsigned op)
{
        static const struct {
                uint16_t first, last;
                const char *arguments;
        } table[] = {
                {0x00, 0x01, ""},           {0x06, 0x06, "NN"},      {0x0A, 0x0A, "b"},
                {0x0B, 0x0B, "w"},          {0x0C, 0x0C, "d"},       {0x0D, 0x0D, "s"},
                {0x0E, 0x0E, "q"},          {0x12, 0x13, "P"},       {0x15, 0x15, "Nbb"},
                {0x60, 0x67, ""},           {0x68, 0x6E, ""},        {0x70, 0x70, "TT"},
                {0x71, 0x71, "T"},          {0x72, 0x74, "TTT"},     {0x75, 0x76, "T"},
                {0x77, 0x77, "TTT"},        {0x78, 0x78, "TTTT"},    {0x79, 0x7F, "TTT"},
                {0x80, 0x82, "TT"},         {0x83, 0x83, "T"},       {0x84, 0x85, "TTT"},
                {0x86, 0x86, "TT"},         {0x87, 0x87, "T"},       {0x88, 0x88, "TTT"},
                {0x89, 0x89, "TbTbTT"},     {0x8A, 0x8D, "TTN"},     {0x8E, 0x8E, "T"},
                {0x8F, 0x8F, "TTN"},        {0x90, 0x91, "TT"},      {0x92, 0x92, "T"},
                {0x93, 0x95, "TT"},         {0x96, 0x99, "TT"},      {0x9C, 0x9C, "TTT"},
                {0x9D, 0x9D, "TT"},         {0x9E, 0x9E, "TTTT"},    {0x9F, 0x9F, ""},
                {0xA3, 0xA3, ""},           {0xA4, 0xA4, "T"},       {0xA5, 0xA5, ""},
                {0xCC, 0xCC, ""},           {0xFF, 0xFF, ""},        {0x5B01, 0x5B01, "Nb"},
                {0x5B02, 0x5B02, "N"},      {0x5B12, 0x5B12, "TT"},  {0x5B13, 0x5B13, "TTTN"},
                {0x5B1F, 0x5B1F, "TTTTTT"}, {0x5B20, 0x5B20, "NT"},  {0x5B21, 0x5B22, "T"},
                {0x5B23, 0x5B23, "Tw"},     {0x5B24, 0x5B24, "T"},   {0x5B25, 0x5B25, "TT"},
                {0x5B26, 0x5B27, "T"},      {0x5B28, 0x5B29, "TT"},  {0x5B2A, 0x5B2A, "T"},
                {0x5B30, 0x5B31, ""},       {0x5B32, 0x5B32, "bdT"}, {0x5B33, 0x5B33, ""},
                {0x5B80, 0x5B80, "NbTT"},   {0x5B81, 0x5B81, "P"},   {0x5B86, 0x5B87, "P"},
                {0x5B88, 0x5B88, "NTTT"},
        };
        size_t low = 0, high = sizeof(table) / sizeof(*table);
        while (low < high) {
                size_t middle = (low + high) / 2;
                if (op > table[middle].last)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < sizeof(table) / sizeof(*table) && op >= table[low].first ? table[low].arguments : NULL;
}

static size_t aml_place(const Aml *m, size_t at)
{
        return m->raw ? m->offset + at : m->offset;
}

// The length of a package, whose first byte is at *at: *at becomes the place behind it, *ret_end the
// package's end. False: it does not fit in front of `end`.
static bool aml_package(const Aml *m, size_t *at, size_t end, size_t *ret_end)
{
        size_t start = *at;
        if (start >= end)
                return false;
        unsigned more = m->p[start] >> 6;
        if (end - start <= more || (more && m->p[start] & 0x30))
                return false;
        size_t length = m->p[start] & (more ? 0x0F : 0x3F);
        for (unsigned i = 1; i <= more; i++)
                length |= (size_t)m->p[start + i] << (8 * i - 4);
        if (length <= more || length > end - start)
                return false;
        *at = start + 1 + more;
        *ret_end = start + length;
        return true;
}

static bool aml_segment(const uint8_t *p)
{
        for (int i = 0; i < 4; i++)
                if (!((p[i] >= 'A' && p[i] <= 'Z') || p[i] == '_' || (i && p[i] >= '0' && p[i] <= '9')))
                        return false;
        return true;
}

// A name at *at, as text with all underscores in `out` (may be NULL). named: the null name is none. False:
// not a name.
static bool aml_name(const Aml *m, size_t *at, size_t end, bool named, AcpiPath *out)
{
        size_t i = *at, prefix = i, count = 1;
        if (i < end && m->p[i] == '\\')
                i++;
        else
                while (i < end && m->p[i] == '^')
                        i++;
        prefix = i - prefix;
        if (i >= end)
                return false;
        if (m->p[i] == 0) {
                count = 0;
                i++;
        } else if (m->p[i] == AML_DUAL_NAME) {
                count = 2;
                i++;
        } else if (m->p[i] == AML_MULTI_NAME) {
                if (end - i < 2)
                        return false;
                count = m->p[i + 1];
                i += 2;
        }
        if ((end - i) / 4 < count || (named && !count && !prefix))
                return false;
        for (size_t k = 0; k < count; k++)
                if (!aml_segment(m->p + i + 4 * k))
                        return false;
        if (out) {
                if (prefix + 5 * count > LIMIT_ACPI_PATH)
                        return false;
                memcpy(out->text, m->p + *at, prefix);
                out->n = prefix;
                for (size_t k = 0; k < count; k++) {
                        if (k)
                                out->text[out->n++] = '.';
                        memcpy(out->text + out->n, m->p + i + 4 * k, 4);
                        out->n += 4;
                }
                out->text[out->n] = '\0';
        }
        *at = i + 4 * count;
        return true;
}

static unsigned aml_operator(const Aml *m, size_t at, size_t end)
{
        if (m->p[at] != AML_EXTENDED)
                return m->p[at];
        return end - at < 2 ? AML_EXTENDED : (unsigned)AML_EXTENDED << 8 | m->p[at + 1];
}

static bool aml_begins_name(uint8_t c)
{
        return c == '\\' || c == '^' || c == AML_DUAL_NAME || c == AML_MULTI_NAME || (c >= 'A' && c <= 'Z') ||
               c == '_';
}

static bool aml_term(const Aml *m, size_t *at, size_t end, unsigned depth);

static bool aml_skip(size_t *at, size_t end, size_t n)
{
        if (end - *at < n)
                return false;
        *at += n;
        return true;
}

static bool aml_argument(const Aml *m, char kind, size_t *at, size_t end, unsigned depth)
{
        size_t package;
        const uint8_t *zero;
        switch (kind) {
        case 'T':
                return aml_term(m, at, end, depth + 1);
        case 'N':
                return aml_name(m, at, end, false, NULL);
        case 'b':
                return aml_skip(at, end, 1);
        case 'w':
                return aml_skip(at, end, 2);
        case 'd':
                return aml_skip(at, end, 4);
        case 'q':
                return aml_skip(at, end, 8);
        case 's':
                zero = *at < end ? memchr(m->p + *at, 0, end - *at) : NULL;
                if (zero)
                        *at = (size_t)(zero - m->p) + 1;
                return zero != NULL;
        default:
                if (!aml_package(m, at, end, &package))
                        return false;
                *at = package;
                return true;
        }
}

// Reads over one term that is no scope. False: it is unknown, does not fit, or nests too deep; *at is
// anywhere.
static bool aml_term(const Aml *m, size_t *at, size_t end, unsigned depth)
{
        if (*at >= end || depth > LIMIT_DEPTH)
                return false;
        if (aml_begins_name(m->p[*at]))
                return aml_name(m, at, end, false, NULL);
        unsigned op = aml_operator(m, *at, end);
        const char *arguments = op == AML_BUFFER ? "P" : aml_arguments(op);
        if (!arguments)
                return false;
        *at += op > 0xFF ? 2 : 1;
        for (; *arguments; arguments++)
                if (!aml_argument(m, *arguments, at, end, depth))
                        return false;
        return true;
}

static bool aml_integer(const Aml *m, size_t *at, size_t end)
{
        static const char one[] = {0x00, 0x01, (char)0xFF};
        if (*at >= end)
                return false;
        uint8_t op = m->p[*at];
        if (memchr(one, (char)op, sizeof(one)))
                return aml_skip(at, end, 1);
        return (op == 0x0A && aml_skip(at, end, 2)) || (op == 0x0B && aml_skip(at, end, 3)) ||
               (op == 0x0C && aml_skip(at, end, 5)) || (op == 0x0E && aml_skip(at, end, 9));
}

// The bytes of the buffer whose operator is at *at; *at moves behind it. Its length, which may be larger than
// what is given, is a constant or, where `any` says so, any term. False: there is none that fits.
static bool aml_buffer(const Aml *m, size_t *at, size_t end, bool any, size_t *ret_from)
{
        size_t i = *at + 1, package;
        if (*at >= end || m->p[*at] != AML_BUFFER || !aml_package(m, &i, end, &package))
                return false;
        if (!aml_integer(m, &i, package) && !(any && aml_term(m, &i, package, 0)))
                return false;
        *ret_from = i;
        *at = package;
        return true;
}

// Buffers with binary MOF among bytes that are not understood or not followed: of a method, a package.
static void aml_search_buffers(Aml *m, size_t at, size_t end, const AcpiPath *scope, const char *name)
{
        while (at < end && !m->f->failed) {
                const uint8_t *p = memchr(m->p + at, AML_BUFFER, end - at);
                if (!p)
                        return;
                size_t i = (size_t)(p - m->p), from, next = i;
                at = i + 1;
                if (!aml_buffer(m, &next, end, false, &from) || !find_is_mof(m->p + from, next - from))
                        continue;
                find_add_buffer(m->f, m->p + from, next - from, aml_place(m, from), scope, name, m->label);
                at = next;
        }
}

// Name (xxxx, value): its operator is at *at. Only what it names is read when that is a buffer.
static bool aml_named(Aml *m, size_t *at, size_t end)
{
        AcpiPath name, scope = m->path;
        char leaf[5];
        size_t i = *at + 1, from;
        if (!aml_name(m, &i, end, true, &name))
                return false;
        *at = i;
        if (!acpi_path_go(&scope, (Str){name.text, name.n}, leaf))
                return false;
        find_add_name(m->f, &scope, leaf);
        if (i < end && m->p[i] == AML_BUFFER) {
                if (!aml_buffer(m, at, end, true, &from))
                        return false;
                find_add_buffer(m->f, m->p + from, *at - from, aml_place(m, from), &scope, leaf, m->label);
                return true;
        }
        return aml_term(m, at, end, 0);
}

static void aml_method(Aml *m, size_t at, size_t end)
{
        AcpiPath name, scope = m->path;
        char leaf[5];
        if (!aml_name(m, &at, end, true, &name) || !acpi_path_go(&scope, (Str){name.text, name.n}, leaf))
                return;
        find_add_name(m->f, &scope, leaf);
        aml_search_buffers(m, at, end, &scope, leaf);
}

static void aml_terms(Aml *m, size_t at, size_t end, unsigned depth);

static bool aml_is_scope(unsigned op)
{
        return op == AML_SCOPE || op == AML_METHOD || (op >= AML_DEVICE && op <= AML_THERMAL);
}

static bool aml_is_condition(unsigned op)
{
        return op == AML_IF || op == AML_ELSE || op == AML_WHILE;
}

// A scope, a device, a method and so on, or a condition with such inside. searched: anything may stand here,
// so the name is looked at closely. False: it is not that; a length that does not fit is told when it is not
// only searched.
static bool aml_scope(Aml *m, size_t *at, size_t end, unsigned depth, bool searched)
{
        unsigned op = aml_operator(m, *at, end);
        size_t i = *at + (op > 0xFF ? 2 : 1), package;
        if (!aml_package(m, &i, end, &package)) {
                if (!searched && !m->vague)
                        find_fault(m->f, aml_place(m, *at),
                                   "%s: the package at offset 0x%zx reaches beyond what it stands in",
                                   m->label, *at);
                return false;
        }
        AcpiPath name = {0};
        size_t body = i;
        if (aml_is_condition(op)) {
                if (searched)
                        return false; // what is in it is searched anyway
                if (op != AML_ELSE && !aml_term(m, &body, package, 0))
                        body = i;
        } else {
                size_t fixed = op == AML_PROCESSOR ? 6 : op == AML_POWER ? 3 : 0;
                if (!aml_name(m, &body, package, searched, &name) || !aml_skip(&body, package, fixed))
                        return false;
        }
        *at = package;
        if (op == AML_METHOD) {
                aml_method(m, i, package);
                return true;
        }
        AcpiPath saved = m->path;
        if (name.n && !acpi_path_go(&m->path, (Str){name.text, name.n}, NULL))
                m->path = saved;
        aml_terms(m, body, package, depth + 1);
        m->path = saved;
        return true;
}

// From `at` on terms cannot be told apart: what begins a scope or a named buffer is searched for.
static void aml_search(Aml *m, size_t at, size_t end, unsigned depth)
{
        while (at < end && !m->f->failed) {
                unsigned op = aml_operator(m, at, end);
                size_t next = at, from, value = at + 1;
                if (depth < LIMIT_DEPTH && aml_is_scope(op) && aml_scope(m, &next, end, depth, true)) {
                        at = next;
                } else if (op == AML_NAME && aml_name(m, &value, end, true, NULL) &&
                           aml_buffer(m, &value, end, false, &from) && aml_named(m, &next, end)) {
                        at = next;
                } else if (op == AML_BUFFER && aml_buffer(m, &next, end, false, &from) &&
                           find_is_mof(m->p + from, next - from)) {
                        find_add_buffer(m->f, m->p + from, next - from, aml_place(m, from), &m->path, "",
                                        m->label);
                        at = next;
                } else {
                        at++;
                }
        }
}

static void aml_terms(Aml *m, size_t at, size_t end, unsigned depth)
{
        while (at < end && !m->f->failed) {
                unsigned op = aml_operator(m, at, end);
                size_t start = at;
                bool fine;
                if (aml_is_scope(op) || aml_is_condition(op))
                        fine = depth < LIMIT_DEPTH && aml_scope(m, &at, end, depth, false);
                else if (op == AML_NAME)
                        fine = aml_named(m, &at, end);
                else
                        fine = aml_term(m, &at, end, 0);
                if (!fine) {
                        aml_search(m, start, end, depth);
                        return;
                }
                if (op != AML_NAME && !aml_is_scope(op) && !aml_is_condition(op))
                        aml_search_buffers(m, start, at, &m->path, "");
        }
}

// What the walk missed, if anything: a buffer of binary MOF is known by its first bytes wherever it stands.
// `known`: the first blob that the walk found in this table; they are in the order of the table.
static void aml_sweep(Aml *m, size_t at, size_t known)
{
        size_t from, end = m->f->blob_count;
        while (at < m->n && !m->f->failed) {
                const uint8_t *p = memchr(m->p + at, AML_BUFFER, m->n - at);
                if (!p)
                        return;
                size_t i = (size_t)(p - m->p), next = i;
                at = i + 1;
                if (!aml_buffer(m, &next, m->n, false, &from) || !find_is_mof(m->p + from, next - from))
                        continue;
                while (known < end && (const uint8_t *)m->f->blobs[known].bytes.p < m->p + from)
                        known++;
                if (known == end || (const uint8_t *)m->f->blobs[known].bytes.p != m->p + from)
                        find_add_blob(m->f, m->p + from, next - from, NULL, NULL, "%s, offset 0x%zx",
                                      m->label, from);
                at = next;
        }
}

// --- tables --------------------------------------------------------------------------------------

size_t find_table_length(Str bytes)
{
        if (bytes.n < AML_HEADER)
                return 0;
        for (int i = 0; i < 4; i++) {
                char c = bytes.p[i];
                if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
                        return 0;
        }
        Reader r = {(const uint8_t *)bytes.p + 4, 4, false};
        uint32_t length = read_u32(&r);
        return length >= AML_HEADER ? length : 0;
}

bool find_is_aml_table(Str bytes)
{
        return bytes.n >= AML_HEADER && (!memcmp(bytes.p, "DSDT", 4) || !memcmp(bytes.p, "SSDT", 4) ||
                                         !memcmp(bytes.p, "PSDT", 4) || !memcmp(bytes.p, "OEM", 3));
}

void find_aml(Find *f, Str bytes, const char *label, size_t offset, bool raw)
{
        size_t length = find_table_length(bytes);
        if (length > bytes.n) {
                find_fault(f, offset, "%s: the table has %zu bytes, of which %zu are there", label, length,
                           bytes.n);
                length = bytes.n;
        }
        Aml m = {.f = f,
                 .p = (const uint8_t *)bytes.p,
                 .n = length,
                 .label = label,
                 .offset = offset,
                 .raw = raw,
                 .vague = !memcmp(bytes.p, "OEM", 3),
                 .path = {"\\", 1}};
        if (!length)
                return;
        size_t known = f->blob_count;
        aml_terms(&m, AML_HEADER, length, 0);
        aml_sweep(&m, AML_HEADER, known);
}

int find_acpi(Find *f, Str input)
{
        unsigned counts[2] = {0};
        for (size_t at = 0; at < input.n && !f->failed;) {
                Str rest = {input.p + at, input.n - at};
                size_t length = find_table_length(rest);
                if (!length)
                        return find_fault(f, at, "no ACPI table begins at offset %zu, behind the one before",
                                          at);
                Str table = {rest.p, length < rest.n ? length : rest.n};
                if (find_is_aml_table(table))
                        find_aml(f, (Str){rest.p, rest.n}, find_label(f, (Str){rest.p, 4}, counts), at, true);
                else if (length > rest.n)
                        find_fault(f, at, "%.4s: the table has %zu bytes, of which %zu are there", rest.p,
                                   length, rest.n);
                at += table.n;
        }
        return 0;
}
