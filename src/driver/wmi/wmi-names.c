// SPDX-License-Identifier: MIT
// Blocks and their static instance names: built from a checked reply, kept apart where two would be the same.
//
// A name that is counted is `prefix` and a number: "ROOT\TOASTER\0000_" 0, 1, ... or the base name and 0, 1,
// ... Where another registration of the same GUID has such names already, counting goes on behind its last
// number; a listed name that is taken gets "_1", "_2", ... appended.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- blocks ---------------------------------------------------------------------------------------

static void block_unref(WmiBlock *b)
{
        if (!b || InterlockedDecrement(&b->refs) > 0)
                return;
        free(b->base.Buffer);
        free(b->prefix.Buffer);
        for (ULONG i = 0; b->given && b->list && i < b->instances; i++) {
                if (b->list[i].Buffer != b->given[i].Buffer)
                        free(b->list[i].Buffer);
                free(b->given[i].Buffer);
        }
        free(b->given);
        free(b->list);
        free(b);
}

void wmi_table_free(WmiTable *table)
{
        if (!table)
                return;
        for (ULONG i = 0; i < table->count; i++)
                block_unref(table->blocks[i]);
        free(table);
}

WmiBlock *wmi_table_find(const WmiTable *table, const GUID *guid)
{
        ULONG low = 0, high = table ? table->count : 0;
        while (low < high) {
                ULONG middle = low + (high - low) / 2;
                int order = wmi_guid_order(guid, &table->blocks[middle]->guid);
                if (order == 0)
                        return table->blocks[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

// The text of head and tail, one behind the other, in memory of its own.
static bool join(UNICODE_STRING *ret, const UNICODE_STRING *head, const UNICODE_STRING *tail)
{
        size_t n = (size_t)head->Length + tail->Length;
        PWSTR p = malloc(n + sizeof(WCHAR));
        if (!p || n > UNICODE_STRING_MAX_BYTES) {
                free(p);
                return false;
        }
        if (head->Length)
                memcpy(p, head->Buffer, head->Length);
        if (tail->Length)
                memcpy((uint8_t *)p + head->Length, tail->Buffer, tail->Length);
        p[n / sizeof(WCHAR)] = 0;
        *ret = (UNICODE_STRING){(USHORT)n, (USHORT)n, p};
        return true;
}

static bool same(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
        return a->Length == b->Length && (a->Length == 0 || memcmp(a->Buffer, b->Buffer, a->Length) == 0);
}

static bool same_icase(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
        return a->Length == b->Length && RtlEqualUnicodeString(a, b, TRUE);
}

size_t wmi_block_name(const WmiBlock *block, ULONG index, WCHAR *out)
{
        if (index >= block->instances)
                return 0;
        if (block->names == WMI_NAMES_LIST) {
                memcpy(out, block->list[index].Buffer, block->list[index].Length);
                return block->list[index].Length;
        }
        if (block->names == WMI_NAMES_DYNAMIC)
                return 0;
        WCHAR digits[20];
        size_t n = 0;
        ULONG64 number = block->first + index;
        do
                digits[n++] = (WCHAR)('0' + number % 10);
        while ((number /= 10) != 0);
        size_t bytes = block->prefix.Length;
        memcpy(out, block->prefix.Buffer, bytes);
        while (n) {
                memcpy((uint8_t *)out + bytes, &digits[--n], sizeof(WCHAR));
                bytes += sizeof(WCHAR);
        }
        return bytes;
}

// --- keeping names apart --------------------------------------------------------------------------

// Is `name` prefix and a number without leading zeros? Then *ret is the number.
static bool counted(const UNICODE_STRING *name, const UNICODE_STRING *prefix, ULONG64 *ret)
{
        if (name->Length <= prefix->Length || name->Length - prefix->Length > 2 * 18)
                return false;
        UNICODE_STRING head = {prefix->Length, prefix->Length, name->Buffer};
        if (!same_icase(&head, prefix))
                return false;
        const WCHAR *p = name->Buffer + prefix->Length / 2, *end = name->Buffer + name->Length / 2;
        if (*p == '0' && end - p > 1)
                return false;
        for (*ret = 0; p < end; p++) {
                if (*p < '0' || *p > '9')
                        return false;
                *ret = *ret * 10 + (ULONG64)(*p - '0');
        }
        return true;
}

// Calls fn for every block of that GUID in a registration other than `self`. wmi.apply held.
static void others(const WmiRegistration *self, const GUID *guid,
                   void (*fn)(WmiBlock *mine, const WmiBlock *other), WmiBlock *mine)
{
        KIRQL irql = wmi_lock(); // the list; tables cannot change while wmi.apply is held
        LIST_ENTRY *e = wmi.registrations.Flink;
        wmi_unlock(irql);
        for (; e != &wmi.registrations; e = e->Flink) {
                const WmiRegistration *reg = CONTAINING_RECORD(e, WmiRegistration, link);
                const WmiBlock *b = reg == self ? NULL : wmi_table_find(reg->table, guid);
                if (b)
                        fn(mine, b);
        }
}

static void count_on(WmiBlock *mine, const WmiBlock *other)
{
        if (other->names == WMI_NAMES_LIST) {
                for (ULONG i = 0; i < other->instances; i++) {
                        ULONG64 n;
                        if (counted(&other->list[i], &mine->prefix, &n) && n >= mine->first)
                                mine->first = n + 1;
                }
        } else if (other->names != WMI_NAMES_DYNAMIC && same_icase(&other->prefix, &mine->prefix) &&
                   other->first + other->instances > mine->first) {
                mine->first = other->first + other->instances;
        }
}

static bool has_name(const WmiBlock *b, const UNICODE_STRING *name)
{
        ULONG64 n;
        if (b->names == WMI_NAMES_LIST) {
                for (ULONG i = 0; i < b->instances; i++)
                        if (same_icase(&b->list[i], name))
                                return true;
                return false;
        }
        return b->names != WMI_NAMES_DYNAMIC && counted(name, &b->prefix, &n) && n >= b->first &&
               n - b->first < b->instances;
}

// Appends "_<n>" to a listed name that is taken.
static bool rename_listed(UNICODE_STRING *name, const UNICODE_STRING *given, ULONG n)
{
        char digits[16];
        WCHAR wide[16];
        int length = snprintf(digits, sizeof digits, "_%u", n);
        for (int i = 0; i < length; i++)
                wide[i] = (WCHAR)digits[i];
        UNICODE_STRING tail = {(USHORT)(length * 2), (USHORT)(length * 2), wide}, fresh;
        if (!join(&fresh, given, &tail))
                return false;
        if (name->Buffer != given->Buffer)
                free(name->Buffer);
        *name = fresh;
        return true;
}

static const UNICODE_STRING *taken_name;
static bool taken_found; // under wmi.apply

static void look_for_name(WmiBlock *mine, const WmiBlock *other)
{
        (void)mine;
        taken_found = taken_found || has_name(other, taken_name);
}

// Renames what is in the list before, or in another registration's names.
static int list_apart(const WmiRegistration *reg, WmiBlock *b)
{
        for (ULONG i = 0; i < b->instances; i++) {
                // The same name k times before has taken its first k forms: those need not be tried.
                ULONG before = 0;
                for (ULONG j = 0; j < i; j++)
                        before += same_icase(&b->given[j], &b->given[i]);
                if (before > 1 && !rename_listed(&b->list[i], &b->given[i], before - 1))
                        return -ENOMEM;
                for (ULONG n = before > 1 ? before : 1;; n++) {
                        taken_name = &b->list[i];
                        taken_found = false;
                        for (ULONG j = 0; j < i && !taken_found; j++)
                                taken_found = same_icase(&b->list[j], &b->list[i]);
                        if (!taken_found)
                                others(reg, &b->guid, look_for_name, b);
                        if (!taken_found)
                                break;
                        if (!rename_listed(&b->list[i], &b->given[i], n))
                                return -ENOMEM;
                }
        }
        return 0;
}

// --- from a reply ---------------------------------------------------------------------------------

static int block_names(const WmiRegistration *reg, const WmiRegBlock *in, WmiBlock *b)
{
        static WCHAR underscore[] = {'_', 0};
        static const UNICODE_STRING none, pdo_separator = {2, 2, underscore};
        UNICODE_STRING path;
        ULONG64 before;
        switch (in->names) {
        case WMI_NAMES_DYNAMIC:
                return 0;
        case WMI_NAMES_PDO:
        case WMI_NAMES_BASE:
                if (in->names == WMI_NAMES_BASE)
                        path = in->base;
                else if (!nt_device_instance_path(in->pdo, &path))
                        return -ENODEV; // the parser asked already
                if (!join(&b->base, &path, &none) ||
                    !join(&b->prefix, &path, in->names == WMI_NAMES_PDO ? &pdo_separator : &wmi.separator))
                        return -ENOMEM;
                do { // until a whole pass moves it no further
                        before = b->first;
                        others(reg, &b->guid, count_on, b);
                } while (b->first != before);
                return 0;
        case WMI_NAMES_LIST:
                b->given = calloc(in->instances, sizeof *b->given);
                b->list = calloc(in->instances, sizeof *b->list);
                if (!b->given || !b->list)
                        return -ENOMEM;
                for (ULONG i = 0; i < in->instances; i++) {
                        if (!join(&b->given[i], &in->list[i], &none))
                                return -ENOMEM;
                        b->list[i] = b->given[i];
                }
                return list_apart(reg, b);
        }
        return -EINVAL;
}

// Is the stored block what the driver says now? Then it stays, names and all.
static bool unchanged(const WmiBlock *b, const WmiRegBlock *in)
{
        UNICODE_STRING path;
        if (b->flags != in->flags || b->instances != in->instances || b->names != in->names)
                return false;
        switch (in->names) {
        case WMI_NAMES_PDO:
                return nt_device_instance_path(in->pdo, &path) && same(&b->base, &path);
        case WMI_NAMES_BASE:
                return same(&b->base, &in->base);
        case WMI_NAMES_LIST:
                for (ULONG i = 0; i < b->instances; i++)
                        if (!same(&b->given[i], &in->list[i]))
                                return false;
                return true;
        case WMI_NAMES_DYNAMIC:
                break;
        }
        return true;
}

// A GUID whose IRP is still under way keeps its control, so that there is never a second one. Found ones stay
// where they are until the table is put in force.
static WmiControl *control_for(const WmiRegistration *reg, const GUID *guid)
{
        const WmiBlock *old = wmi_table_find(reg->table, guid);
        if (old)
                return old->control;
        for (LIST_ENTRY *e = reg->orphans.Flink; e != &reg->orphans;
             e = e->Flink) { // changed under wmi.apply only
                WmiControl *c = CONTAINING_RECORD(e, WmiControl, orphan);
                if (wmi_guid_order(&c->guid, guid) == 0)
                        return c;
        }
        WmiControl *c = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *c, 'cimW');
        if (c)
                wmi_control_init(c, guid);
        return c;
}

static void controls_drop_fresh(WmiTable *t)
{
        for (ULONG i = 0; t && i < t->count; i++) {
                WmiControl *c = t->blocks[i]->control;
                if (!c->present && IsListEmpty(&c->orphan))
                        ExFreePool(c);
        }
}

static int block_new(const WmiRegistration *reg, const WmiRegBlock *in, WmiBlock **ret)
{
        WmiBlock *b = calloc(1, sizeof *b);
        if (!b)
                return -ENOMEM;
        *b = (WmiBlock){.refs = 1,
                        .guid = in->guid,
                        .flags = in->flags,
                        .instances = in->instances,
                        .names = in->names};
        int r = block_names(reg, in, b);
        if (r == 0 && !(b->control = control_for(reg, &b->guid)))
                r = -ENOMEM;
        if (r < 0) {
                block_unref(b);
                return r;
        }
        *ret = b;
        return 0;
}

static int block_order(const void *a, const void *b)
{
        return wmi_guid_order(&(*(WmiBlock *const *)a)->guid, &(*(WmiBlock *const *)b)->guid);
}

static const WmiRegBlock *reply_find(const WmiRegReply *reply, const WmiRegBlock **sorted, const GUID *guid)
{
        ULONG low = 0, high = reply->count;
        while (low < high) {
                ULONG middle = low + (high - low) / 2;
                int order = wmi_guid_order(guid, &sorted[middle]->guid);
                if (order == 0)
                        return sorted[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

static int reply_order(const void *a, const void *b)
{
        return wmi_guid_order(&(*(const WmiRegBlock *const *)a)->guid,
                              &(*(const WmiRegBlock *const *)b)->guid);
}

int wmi_table_build(const WmiRegistration *reg, const WmiRegReply *reply, bool replace, WmiTable **ret)
{
        const WmiTable *old = reg->table;
        ULONG kept = replace || !old ? 0 : old->count;
        WmiTable *t = calloc(1, sizeof *t + (size_t)(kept + reply->count) * sizeof t->blocks[0]);
        const WmiRegBlock **sorted = calloc(reply->count ? reply->count : 1, sizeof *sorted);
        int r = t && sorted ? 0 : -ENOMEM;
        for (ULONG i = 0; r == 0 && i < reply->count; i++)
                sorted[i] = &reply->blocks[i];
        if (r == 0)
                qsort(sorted, reply->count, sizeof *sorted, reply_order);
        for (ULONG i = 0; r == 0 && i < kept; i++) // what the reply does not speak of stays
                if (!reply_find(reply, sorted, &old->blocks[i]->guid)) {
                        InterlockedIncrement(&old->blocks[i]->refs);
                        t->blocks[t->count++] = old->blocks[i];
                }
        for (ULONG i = 0; r == 0 && i < reply->count; i++) {
                const WmiRegBlock *in = &reply->blocks[i];
                if (in->flags & WMIREG_FLAG_REMOVE_GUID)
                        continue;
                WmiBlock *b = wmi_table_find(old, &in->guid);
                if (b && unchanged(b, in))
                        InterlockedIncrement(&b->refs);
                else
                        r = block_new(reg, in, &b);
                if (r == 0)
                        t->blocks[t->count++] = b;
        }
        free(sorted);
        if (r == 0 && t->count > LIMIT_GUIDS)
                r = 1;
        if (r) {
                controls_drop_fresh(t);
                wmi_table_free(t);
                return r;
        }
        qsort(t->blocks, t->count, sizeof t->blocks[0], block_order);
        *ret = t;
        return 0;
}
