// SPDX-License-Identifier: MIT
// PE files: the resources of type MOFDATA.
//
// The tree of resources has three levels: type, name, language. Nothing is followed deeper, so circles end;
// entries are counted, so directories that share their children end too.
#include <stdio.h>

#include "base/utf.h"
#include "bmf/find-impl.h"

typedef struct Pe {
        Find *f;
        Str file;
        const uint8_t *sections; // of 40 bytes each
        size_t section_count;
        uint32_t tree;    // the place of the resources in the address space,
        const uint8_t *p; // and what of them is in the file
        size_t n;
        size_t at;        // offset of p in the file
        unsigned entries; // looked at
} Pe;

enum { SECTION_BYTES = 40, DIRECTORY_BYTES = 16, ENTRY_BYTES = 8, LEAF_BYTES = 16 };
enum { LEVEL_TYPE, LEVEL_NAME, LEVEL_LANGUAGE };

static uint32_t pe_u32(const uint8_t *p)
{
        return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint16_t pe_u16(const uint8_t *p)
{
        return (uint16_t)(p[0] | p[1] << 8);
}

// Where the file has what is loaded at `address`: *ret_left bytes of its section are there. False: nowhere.
static bool pe_place(const Pe *e, uint32_t address, size_t *ret_at, size_t *ret_left)
{
        for (size_t i = 0; i < e->section_count; i++) {
                const uint8_t *s = e->sections + i * SECTION_BYTES;
                uint32_t loaded = pe_u32(s + 12), size = pe_u32(s + 16), at = pe_u32(s + 20);
                if (address < loaded || address - loaded >= size || at > e->file.n)
                        continue;
                uint64_t place = (uint64_t)at + (address - loaded);
                uint64_t end = (uint64_t)at + size;
                if (end > e->file.n)
                        end = e->file.n;
                if (place >= end)
                        continue;
                *ret_at = (size_t)place;
                *ret_left = (size_t)(end - place);
                return true;
        }
        return false;
}

// The name of an entry: the id as text, or the string. False: it lies outside.
static bool pe_entry_name(const Pe *e, uint32_t id, int level, char out[256])
{
        if (!(id & 0x80000000u)) {
                snprintf(out, 256, level == LEVEL_LANGUAGE ? "0x%x" : "%u", id);
                return true;
        }
        size_t at = id & 0x7FFFFFFFu;
        if (at > e->n || e->n - at < 2)
                return false;
        size_t units = pe_u16(e->p + at);
        if ((e->n - at - 2) / 2 < units)
                return false;
        size_t n = 0;
        for (size_t i = 0; i < units; i++) {
                char utf8[4];
                size_t k = utf8_encode(pe_u16(e->p + at + 2 + 2 * i), utf8);
                if (n + k > 255)
                        break;
                memcpy(out + n, utf8, k);
                n += k;
        }
        out[n] = '\0';
        return true;
}

static void pe_leaf(Pe *e, size_t at, const char *name, const char *language)
{
        if (at > e->n || e->n - at < LEAF_BYTES) {
                find_fault(e->f, e->at,
                           "resource %s, language %s: its description lies outside of the resources", name,
                           language);
                return;
        }
        uint32_t address = pe_u32(e->p + at), size = pe_u32(e->p + at + 4);
        size_t place, left;
        if (!pe_place(e, address, &place, &left)) {
                find_fault(e->f, e->at + at, "resource %s, language %s: its bytes lie in no section", name,
                           language);
                return;
        }
        const uint8_t *p = (const uint8_t *)e->file.p + place;
        if (!find_is_mof(p, left < size ? left : size)) {
                find_fault(e->f, place, "resource %s, language %s, is of type MOFDATA and not binary MOF",
                           name, language);
                return;
        }
        if (left < size)
                find_fault(e->f, place, "resource %s, language %s: the file ends %zu bytes too early", name,
                           language, size - left);
        find_add_blob(e->f, p, left < size ? left : size, NULL, NULL, "resource %s, language %s", name,
                      language);
}

// One directory of level `level`; `names` are those of the entries that led here.
static void pe_directory(Pe *e, size_t at, int level, char names[3][256])
{
        if (at > e->n || e->n - at < DIRECTORY_BYTES) {
                find_fault(e->f, e->at, "a directory of resources lies outside of them");
                return;
        }
        const uint8_t *d = e->p + at;
        size_t count = (size_t)pe_u16(d + 12) + pe_u16(d + 14);
        if ((e->n - at - DIRECTORY_BYTES) / ENTRY_BYTES < count) {
                find_fault(e->f, e->at + at,
                           "a directory of resources has %zu entries, more than there is room for", count);
                count = (e->n - at - DIRECTORY_BYTES) / ENTRY_BYTES;
        }
        for (size_t i = 0; i < count; i++) {
                const uint8_t *entry = d + DIRECTORY_BYTES + i * ENTRY_BYTES;
                uint32_t id = pe_u32(entry), to = pe_u32(entry + 4);
                if (++e->entries > LIMIT_PE_ENTRIES) {
                        find_fault(e->f, e->at + at, "its directories of resources have more than %u entries",
                                   LIMIT_PE_ENTRIES);
                        return;
                }
                if (!pe_entry_name(e, id, level, names[level])) {
                        find_fault(e->f, e->at + at, "a resource's name lies outside of the resources");
                        continue;
                }
                if (level == LEVEL_TYPE &&
                    !((id & 0x80000000u) && str_ieq(str_of(names[level]), STR("MOFDATA"))))
                        continue;
                bool directory = to & 0x80000000u;
                if (directory != (level != LEVEL_LANGUAGE)) {
                        find_fault(e->f, e->at + at,
                                   "the resources of type MOFDATA are not ordered by name and language");
                        continue;
                }
                if (directory)
                        pe_directory(e, to & 0x7FFFFFFFu, level + 1, names);
                else
                        pe_leaf(e, to, names[LEVEL_NAME], names[LEVEL_LANGUAGE]);
        }
}

// The headers: where the sections are listed and where the resources are loaded. *ret_tree 0: there are none.
static int pe_headers(Pe *e, uint32_t *ret_tree)
{
        enum { DOS = 64, COFF = 24, RESOURCES = 2 };
        const uint8_t *p = (const uint8_t *)e->file.p;
        size_t n = e->file.n;
        *ret_tree = 0;
        if (n < DOS)
                return find_fault(e->f, 0, "the file ends in its DOS header");
        size_t at = pe_u32(p + 60);
        if (at > n || n - at < COFF || memcmp(p + at, "PE\0\0", 4) != 0)
                return find_fault(e->f, 60, "it is a DOS program without a PE header");
        size_t sections = pe_u16(p + at + 6), optional = pe_u16(p + at + 20);
        const uint8_t *o = p + at + COFF;
        size_t left = n - at - COFF;
        if (left < optional || optional < 2)
                return find_fault(e->f, at, "the file ends in its PE header");
        uint16_t magic = pe_u16(o);
        if (magic != 0x10B && magic != 0x20B)
                return find_fault(e->f, at + COFF, "its PE header has the unknown magic number 0x%x", magic);
        size_t fixed = magic == 0x10B ? 96 : 112;
        if ((left - optional) / SECTION_BYTES < sections)
                return find_fault(e->f, at, "the file ends in its table of %zu sections", sections);
        e->sections = o + optional;
        e->section_count = sections;
        if (optional < fixed + 8 * (RESOURCES + 1) || pe_u32(o + fixed - 4) <= RESOURCES)
                return 0; // its header has no word about resources
        *ret_tree = pe_u32(o + fixed + 8 * RESOURCES);
        return 0;
}

int find_pe(Find *f, Str input)
{
        Pe e = {.f = f, .file = input};
        int r = pe_headers(&e, &e.tree);
        if (r || !e.tree)
                return r;
        if (!pe_place(&e, e.tree, &e.at, &e.n))
                return find_fault(f, 0, "its resources lie in no section");
        e.p = (const uint8_t *)input.p + e.at;
        char names[3][256];
        pe_directory(&e, 0, LEVEL_TYPE, names);
        return 0;
}
