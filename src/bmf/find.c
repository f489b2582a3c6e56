// SPDX-License-Identifier: MIT
// Finding binary MOF: which kind of file it is; what all kinds share.
#include "bmf/find.h"

#include <stdio.h>

#include "bmf/find-impl.h"
#include "cim/status.h"

int find_fault(Find *f, size_t offset, const char *format, ...)
{
        if (f->fault)
                return E_DIAG;
        f->fault = true;
        va_list args;
        va_start(args, format);
        diag_setv(f->err, CIM_MOF_INVALID_FILE, format, args);
        va_end(args);
        if (f->err) {
                f->err->line = f->err->column = 0;
                f->err->offset = offset;
                f->err->length = 0;
        }
        return E_DIAG;
}

bool find_is_mof(const uint8_t *p, size_t n)
{
        return n >= 8 && memcmp(p, "FOMB\1\0\0\0", 8) == 0;
}

// Room for one more element of `size` bytes. False: out of memory, told in f->failed.
static bool find_room(Find *f, void **items, size_t count, size_t *room, size_t size)
{
        if (count < *room)
                return true;
        size_t more = *room ? *room * 2 : 8;
        void *p = arena_calloc(f->a, more, size);
        if (!p) {
                f->failed = -ENOMEM;
                return false;
        }
        if (count)
                memcpy(p, *items, count * size);
        *items = p;
        *room = more;
        return true;
}

static const char *find_text(Find *f, const char *p, size_t n)
{
        const char *z = arena_strndup(f->a, p, n);
        if (!z)
                f->failed = -ENOMEM;
        return z ? z : "";
}

static const char *find_textv(Find *f, const char *format, va_list args)
{
        char line[LIMIT_ACPI_PATH + 1200];
        int n = vsnprintf(line, sizeof(line), format, args);
        return find_text(f, line, n < 0 ? 0 : (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

// From its header to the end of its stream; what stands behind is not part of it.
static size_t find_blob_length(const uint8_t *p, size_t n)
{
        enum { HEADER = 16 };
        if (n < HEADER)
                return n;
        Reader r = {p + 8, 4, false};
        uint32_t stream = read_u32(&r);
        return n - HEADER < stream ? n : HEADER + (size_t)stream;
}

static bool find_is_full(Find *f)
{
        if (f->blob_count < LIMIT_FIND_BLOBS)
                return false;
        find_fault(f, 0, "there are more than %u binary MOFs in it; the others are left out",
                   LIMIT_FIND_BLOBS);
        return true;
}

void find_take_blob(Find *f, const BmfBlob *b)
{
        void *items = f->blobs;
        if (f->failed || find_is_full(f) ||
            !find_room(f, &items, f->blob_count, &f->blob_room, sizeof(BmfBlob)))
                return;
        f->blobs = items;
        f->blobs[f->blob_count++] = *b;
}

void find_add_blob(Find *f, const void *p, size_t n, const AcpiPath *scope, const char *name,
                   const char *format, ...)
{
        va_list args;
        if (f->failed || find_is_full(f))
                return;
        va_start(args, format);
        BmfBlob b = {
                .bytes = {p, find_blob_length(p, n)},
                .where = find_textv(f, format, args),
                .scope = scope ? find_text(f, scope->text, scope->n) : "",
        };
        va_end(args);
        snprintf(b.name, sizeof(b.name), "%s", name ? name : "");
        find_take_blob(f, &b);
}

static char wdg_letter(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'
                       ? (char)c
                       : '?';
}

static WdgEntry wdg_entry(const uint8_t *p)
{
        Reader r = {p, WDG_ENTRY_BYTES, false};
        WdgEntry e = {.guid = read_guid(&r)};
        uint8_t first = read_u8(&r), second = read_u8(&r);
        e.instances = read_u8(&r);
        e.flags = read_u8(&r);
        if (e.flags & WDG_EVENT) {
                e.notify = first;
        } else {
                e.id[0] = wdg_letter(first);
                e.id[1] = wdg_letter(second);
        }
        return e;
}

void find_add_wdg(Find *f, const uint8_t *p, size_t n, size_t offset, const AcpiPath *scope,
                  const char *label)
{
        size_t count = n / WDG_ENTRY_BYTES;
        if (f->failed)
                return;
        if (n % WDG_ENTRY_BYTES)
                find_fault(f, offset, "%s %s._WDG has %zu bytes, which is no multiple of %u", label,
                           scope->text, n, WDG_ENTRY_BYTES);
        if (count > LIMIT_WDG_ENTRIES) {
                find_fault(f, offset, "%s %s._WDG has more than %u entries; the others are left out", label,
                           scope->text, LIMIT_WDG_ENTRIES);
                count = LIMIT_WDG_ENTRIES;
        }
        WdgEntry *entries = arena_array(f->a, WdgEntry, count);
        if (!entries) {
                f->failed = -ENOMEM;
                return;
        }
        for (size_t i = 0; i < count; i++)
                entries[i] = wdg_entry(p + i * WDG_ENTRY_BYTES);
        find_take_wdg(f, &(WdgTable){
                                 .where = find_text(f, label, strlen(label)),
                                 .scope = find_text(f, scope->text, scope->n),
                                 .entries = entries,
                                 .count = count,
                         });
}

void find_take_wdg(Find *f, const WdgTable *t)
{
        void *items = f->tables;
        if (f->table_count == LIMIT_FIND_BLOBS) {
                find_fault(f, 0, "there are more than %u _WDG tables in it; the others are left out",
                           LIMIT_FIND_BLOBS);
                return;
        }
        if (f->failed || !find_room(f, &items, f->table_count, &f->table_room, sizeof(WdgTable)))
                return;
        f->tables = items;
        f->tables[f->table_count++] = *t;
}

static bool name_serves(const char *name)
{
        return !strcmp(name, "_WED") ||
               (name[0] == 'W' && name[1] && strchr("QSMCE", name[1]) && strlen(name) == 4);
}

void find_add_name(Find *f, const AcpiPath *scope, const char *name)
{
        if (f->failed || !name_serves(name))
                return;
        if (f->name_count == LIMIT_ACPI_NAMES) {
                find_fault(f, 0, "there are more than %u control methods in it; the others are left out",
                           LIMIT_ACPI_NAMES);
                return;
        }
        void *items = f->names;
        if (!find_room(f, &items, f->name_count, &f->name_room, sizeof(AcpiName)))
                return;
        f->names = items;
        AcpiName *n = &f->names[f->name_count];
        *n = (AcpiName){.scope = find_text(f, scope->text, scope->n)};
        snprintf(n->name, sizeof(n->name), "%s", name);
        f->name_count += !f->failed;
}

void find_add_buffer(Find *f, const void *p, size_t n, size_t offset, const AcpiPath *scope, const char *name,
                     const char *label)
{
        if (!strcmp(name, "_WDG"))
                find_add_wdg(f, p, n, offset, scope, label);
        else if (find_is_mof(p, n))
                find_add_blob(f, p, n, scope, name, "%s %s%s%s", label, scope->text,
                              scope->n && scope->text[scope->n - 1] == '\\' ? "" : ".", name);
}

bool wdg_is_mof(const WdgEntry *e)
{
        static const Guid mof = {{0x21, 0x12, 0x90, 0x05, 0x66, 0xD5, 0xD1, 0x11, 0xB2, 0xF0, 0x00, 0xA0,
                                  0xC9, 0x06, 0x29, 0x10}};
        return guid_eq(&e->guid, &mof);
}

const char *find_label(Find *f, Str signature, unsigned counts[2])
{
        char label[32];
        bool single = str_eq(signature, STR("DSDT"));
        unsigned number = single ? 0 : ++counts[str_eq(signature, STR("SSDT")) ? 0 : 1];
        snprintf(label, sizeof(label), number ? "%.4s%u" : "%.4s", signature.p, number);
        return find_text(f, label, strlen(label));
}

static int find_file(Find *f, Str input)
{
        find_add_blob(f, input.p, input.n, NULL, NULL, "the file");
        return 0;
}

static bool find_is_file(Str input)
{
        return find_is_mof((const uint8_t *)input.p, input.n);
}

static bool find_is_pe(Str input)
{
        return input.n >= 2 && memcmp(input.p, "MZ", 2) == 0;
}

static bool find_is_acpi(Str input)
{
        size_t length = find_table_length(input);
        return length && (length <= input.n || find_is_aml_table(input));
}

// UTF-16, as a Windows shell writes what acpidump or iasl prints.
static bool find_is_wide(Str input)
{
        return input.n >= 2 && !memcmp(input.p, "\xFF\xFE", 2);
}

// What counts of such a text is ASCII. False: out of memory.
static bool find_narrow(Arena *a, Str *input)
{
        size_t n = (input->n - 2) / 2;
        char *p = arena_alloc(a, n);
        for (size_t i = 0; p && i < n; i++) {
                const uint8_t *unit = (const uint8_t *)input->p + 2 + 2 * i;
                p[i] = unit[1] || unit[0] > 0x7E ? '?' : (char)unit[0];
        }
        *input = (Str){p, n};
        return p != NULL;
}

int bmf_find(Str input, Arena *a, BmfFound *ret, Diag *reterr)
{
        static const struct {
                bool (*is)(Str input);
                int (*find)(Find *f, Str input);
                BmfSource source;
        } kinds[] = {
                {find_is_file, find_file, BMF_FILE},         {find_is_pe, find_pe, BMF_PE},
                {find_is_acpidump, find_acpidump, BMF_ACPI}, // it may begin with a table's signature
                {find_is_acpi, find_acpi, BMF_ACPI},         {find_is_dsl, find_dsl, BMF_ACPI},
        };
        Find f = {.a = a, .err = reterr};
        *ret = (BmfFound){0};
        bool wide = find_is_wide(input);
        if (wide && !find_narrow(a, &input))
                return -ENOMEM;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
                if (!kinds[i].is(input))
                        continue;
                int r = kinds[i].find(&f, input);
                if (f.failed || r < 0)
                        return f.failed ? f.failed : r;
                *ret = (BmfFound){kinds[i].source, f.blobs, f.blob_count, f.tables,
                                  f.table_count,   f.names, f.name_count};
                if (f.fault && reterr && wide)
                        reterr->offset = 2 + 2 * reterr->offset;
                return f.fault ? E_DIAG : 0;
        }
        find_fault(&f, 0, "it is neither binary MOF nor a file in which that is looked for");
        return diag_hint(
                reterr, "binary MOF comes as .bmf, in PE files, in ACPI tables (raw, acpidump's text, .dsl)");
}
