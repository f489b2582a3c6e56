// SPDX-License-Identifier: MIT
// Fuzzing WMIREGINFO: whatever a driver answers is read within its bounds, and what passes is consistent.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fuzzkit.h"
#include "base/limits.h"
#include "driver/wmi/wmi-reginfo.h"

static bool pdo_known(const void *pdo)
{
        return ((ULONG_PTR)pdo & 0xff) == 0x10; // some are
}

static void check(bool holds)
{
        if (!holds)
                abort();
}

static void inside(const uint8_t *reply, size_t size, const UNICODE_STRING *s)
{
        const uint8_t *p = (const uint8_t *)s->Buffer;
        check(s->Length == 0 ||
              (p >= reply && (size_t)(p - reply) <= size && s->Length <= size - (size_t)(p - reply)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > LIMIT_REGINFO_BYTES)
                return 0;
        uint8_t *reply = malloc(size ? size : 1); // of its own size: an overrun is seen
        if (!reply)
                return 0;
        memcpy(reply, data, size);
        Arena a = {0};
        WmiRegReply r;
        WmiRegError error;
        int e = wmi_reginfo_parse(reply, size, pdo_known, &a, &r, &error);
        check(e == 0 || e == 1 || e == -ENOMEM);
        check(e != 1 || error.says[0]);
        for (ULONG i = 0; e == 0 && i < r.count; i++) {
                const WmiRegBlock *b = &r.blocks[i];
                check(b->names != WMI_NAMES_PDO || pdo_known(b->pdo));
                inside(reply, size, &b->base);
                for (ULONG k = 0; b->names == WMI_NAMES_LIST && k < b->instances; k++)
                        inside(reply, size, &b->list[k]);
        }
        if (e == 0) {
                inside(reply, size, &r.registry_path);
                inside(reply, size, &r.mof_resource);
        }
        arena_deinit(&a);
        free(reply);
        return 0;
}
