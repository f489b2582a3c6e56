// SPDX-License-Identifier: MIT
// Checking WMIREGINFO: every offset and length against the bytes at hand, before it is used.
#include "driver/wmi/wmi-reginfo.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum {
        HEADER = FIELD_OFFSET(WMIREGINFOW, WmiRegGuid),
        NAME_KINDS = WMIREG_FLAG_INSTANCE_LIST | WMIREG_FLAG_INSTANCE_BASENAME | WMIREG_FLAG_INSTANCE_PDO,
        LISTED_NAMES = 4096,
        COUNTER_BYTES =
                2 * (WMI_SEPARATOR + 20), // what is appended to a name: a separator, the longest counter
};

// One WMIREGINFO: offsets count from `start`, nothing lies beyond `size`.
typedef struct RegInfo {
        const uint8_t *reply;
        size_t start, size;
        WmiRegError *error;
} RegInfo;

__attribute__((format(printf, 3, 4))) static int malformed(const RegInfo *r, size_t at, const char *format,
                                                           ...)
{
        va_list args;
        va_start(args, format);
        r->error->offset = r->start + at;
        vsnprintf(r->error->says, sizeof r->error->says, format, args);
        va_end(args);
        return 1;
}

// A counted string at `at`; *ret_end (may be NULL) is the offset behind it.
static int reg_string(const RegInfo *r, size_t at, const char *what, UNICODE_STRING *ret, size_t *ret_end)
{
        if (at % 2)
                return malformed(r, at, "%s: the offset %zu is odd", what, at);
        if (at < HEADER || at > r->size || r->size - at < 2)
                return malformed(r, at, "%s: the offset %zu lies outside the %zu bytes", what, at, r->size);
        uint16_t length;
        memcpy(&length, r->reply + r->start + at, sizeof length);
        if (length % 2)
                return malformed(r, at, "%s: the length %u is odd", what, length);
        if (r->size - at - 2 < length)
                return malformed(r, at, "%s: %u bytes at %zu end beyond the %zu bytes", what, length, at,
                                 r->size);
        if (ret_end)
                *ret_end = at + 2 + length;
        // The driver's buffer is ours to read; UNICODE_STRING has no const.
        PWSTR p = (PWSTR)(ULONG_PTR)(r->reply + r->start + at + 2);
        while (length && p[length / 2 - 1] == 0)
                length = (uint16_t)(length - 2);
        *ret = (UNICODE_STRING){length, length, p};
        return 0;
}

static int reg_optional(const RegInfo *r, ULONG at, const char *what, UNICODE_STRING *ret)
{
        UNICODE_STRING s;
        if (at == 0)
                return 0;
        int e = reg_string(r, at, what, &s, NULL);
        if (e == 0 && s.Length)
                *ret = s;
        return e;
}

static int name_fits(const RegInfo *r, size_t at, const char *what, const UNICODE_STRING *name)
{
        if (name->Length == 0)
                return malformed(r, at, "%s is empty", what);
        if (name->Length > LIMIT_INSTANCE_NAME - COUNTER_BYTES)
                return malformed(r, at, "%s has %u bytes, the limit is %u", what, name->Length,
                                 LIMIT_INSTANCE_NAME - COUNTER_BYTES);
        return 0;
}

static int reg_list(const RegInfo *r, size_t at, Arena *a, WmiRegBlock *b)
{
        // Each name takes at least 4 bytes: the count cannot make us ask for more memory than the reply has.
        if (b->instances > r->size / 4)
                return malformed(r, at, "%u listed instance names cannot lie in %zu bytes", b->instances,
                                 r->size);
        if (b->instances > LISTED_NAMES)
                return malformed(r, at, "%u listed instance names, the limit is %u", b->instances,
                                 LISTED_NAMES);
        b->list = arena_array(a, UNICODE_STRING, b->instances);
        if (!b->list)
                return -ENOMEM;
        for (ULONG i = 0; i < b->instances; i++) {
                size_t here = at;
                int e = reg_string(r, here, "an instance name of a list", &b->list[i], &at);
                if (e == 0)
                        e = name_fits(r, here, "an instance name of a list", &b->list[i]);
                if (e)
                        return e;
        }
        return 0;
}

static int reg_block(const RegInfo *r, size_t at, WmiPdoCheck *pdo_check, Arena *a, WmiRegBlock *b)
{
        WMIREGGUIDW in;
        memcpy(&in, r->reply + r->start + at, sizeof in);
        *b = (WmiRegBlock){.guid = in.Guid, .flags = in.Flags};
        if (in.Flags & WMIREG_FLAG_REMOVE_GUID)
                return 0;
        b->instances = in.InstanceCount;
        ULONG kind = in.Flags & NAME_KINDS;
        if (kind == 0)
                return 0;
        if (kind & (kind - 1))
                return malformed(r, at + 16, "the flags 0x%x name more than one kind of instance names",
                                 in.Flags);
        if (in.InstanceCount == 0)
                return malformed(r, at + 20, "static instance names but InstanceCount 0");
        switch (kind) {
        case WMIREG_FLAG_INSTANCE_PDO:
                b->names = WMI_NAMES_PDO;
                if (!pdo_check((const void *)in.Pdo))
                        return malformed(r, at + 24, "Pdo is not a physical device object");
                b->pdo = (PDEVICE_OBJECT)in.Pdo;
                return 0;
        case WMIREG_FLAG_INSTANCE_BASENAME: {
                b->names = WMI_NAMES_BASE;
                int e = reg_string(r, in.BaseNameOffset, "the base name", &b->base, NULL);
                return e ? e : name_fits(r, in.BaseNameOffset, "the base name", &b->base);
        }
        default:
                b->names = WMI_NAMES_LIST;
                return reg_list(r, in.InstanceNameList, a, b);
        }
}

static int guid_order(const void *a, const void *b)
{
        return memcmp(*(const GUID *const *)a, *(const GUID *const *)b, sizeof(GUID));
}

static int reg_duplicates(const RegInfo *r, const WmiRegReply *reply, Arena *a)
{
        const GUID **sorted = arena_array(a, const GUID *, reply->count);
        if (!sorted)
                return -ENOMEM;
        for (ULONG i = 0; i < reply->count; i++)
                sorted[i] = &reply->blocks[i].guid;
        qsort(sorted, reply->count, sizeof *sorted, guid_order);
        for (ULONG i = 1; i < reply->count; i++)
                if (guid_order(&sorted[i - 1], &sorted[i]) == 0)
                        return malformed(r, 0, "a GUID is there twice: {%08x-...}",
                                         (unsigned)sorted[i]->Data1);
        return 0;
}

// Finds how many blocks the whole chain has, and that its parts lie where they say.
static int reg_count(const void *reply, size_t size, WmiRegError *error, ULONG *ret)
{
        ULONG total = 0;
        RegInfo r = {reply, 0, size, error};
        for (;;) {
                WMIREGINFOW head;
                if (size - r.start < HEADER)
                        return malformed(&r, 0, "%zu bytes are no WMIREGINFO", size - r.start);
                memcpy(&head, r.reply + r.start, HEADER);
                if (head.BufferSize < HEADER || head.BufferSize > size - r.start)
                        return malformed(&r, 0, "BufferSize is %u, %zu bytes were returned", head.BufferSize,
                                         size - r.start);
                if (head.GuidCount > (head.BufferSize - HEADER) / sizeof(WMIREGGUIDW))
                        return malformed(&r, 16, "%u GUIDs cannot lie in %u bytes", head.GuidCount,
                                         head.BufferSize);
                if (head.GuidCount > LIMIT_GUIDS - total)
                        return malformed(&r, 16, "more than %u GUIDs", LIMIT_GUIDS);
                total += head.GuidCount;
                if (head.NextWmiRegInfo == 0)
                        break;
                // Forward only: the chain ends. Room for its own blocks is what a part needs at least.
                size_t least = HEADER + head.GuidCount * sizeof(WMIREGGUIDW);
                if (head.NextWmiRegInfo % 2 || head.NextWmiRegInfo < least ||
                    head.NextWmiRegInfo > size - r.start)
                        return malformed(&r, 4, "NextWmiRegInfo %u leads nowhere", head.NextWmiRegInfo);
                r.start += head.NextWmiRegInfo;
        }
        *ret = total;
        return 0;
}

int wmi_reginfo_parse(const void *reply, size_t size, WmiPdoCheck *pdo_check, Arena *a, WmiRegReply *ret,
                      WmiRegError *reterr)
{
        *ret = (WmiRegReply){0};
        *reterr = (WmiRegError){0};
        ULONG total = 0;
        int e = reg_count(reply, size, reterr, &total);
        if (e)
                return e;
        ret->blocks = arena_array(a, WmiRegBlock, total);
        if (!ret->blocks)
                return -ENOMEM;
        RegInfo r = {reply, 0, 0, reterr};
        for (;;) {
                WMIREGINFOW head;
                memcpy(&head, r.reply + r.start, HEADER);
                r.size = head.BufferSize;
                e = reg_optional(&r, head.RegistryPath, "RegistryPath", &ret->registry_path);
                if (e == 0)
                        e = reg_optional(&r, head.MofResourceName, "MofResourceName", &ret->mof_resource);
                for (ULONG i = 0; e == 0 && i < head.GuidCount; i++)
                        e = reg_block(&r, HEADER + i * sizeof(WMIREGGUIDW), pdo_check, a,
                                      &ret->blocks[ret->count++]);
                if (e)
                        return e;
                if (head.NextWmiRegInfo == 0)
                        break;
                r.start += head.NextWmiRegInfo;
        }
        return reg_duplicates(&r, ret, a);
}
