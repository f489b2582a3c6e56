// SPDX-License-Identifier: MIT
// WMIREGINFO: a good one is understood, and whatever is spoilt in it is found, with its place.
#include "driver/wmi/wmi-reginfo.h"

#include <errno.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/testkit.h"

static DEVICE_OBJECT a_pdo;

static bool pdo_known(const void *pdo)
{
        return pdo == &a_pdo;
}

typedef struct Reply {
        _Alignas(8) uint8_t p[4096];
        size_t n;
} Reply;

static size_t put_text(Reply *r, size_t at, const char *text)
{
        uint16_t n = (uint16_t)(strlen(text) * 2);
        memcpy(r->p + at, &n, 2);
        for (size_t i = 0; i < n / 2u; i++)
                r->p[at + 2 + 2 * i] = (uint8_t)text[i];
        return at + 2 + n;
}

static void put(Reply *r, size_t at, ULONG n)
{
        memcpy(r->p + at, &n, sizeof n);
}

enum { GUID_0 = 24, GUID_1 = 56, GUID_2 = 88, GUID_3 = 120, NAMES = 152 };

// Four GUIDs, one of each kind of names, and both texts.
static void good(Reply *r)
{
        *r = (Reply){0};
        size_t base = NAMES, list = put_text(r, base, "Base"), mof, path;
        mof = put_text(r, put_text(r, list, "one"), "two");
        path = put_text(r, mof, "Mof");
        r->n = put_text(r, path, "Path");
        put(r, 0, (ULONG)r->n);
        put(r, 8, (ULONG)path);
        put(r, 12, (ULONG)mof);
        put(r, 16, 4);
        for (ULONG i = 0; i < 4; i++) {
                put(r, GUID_0 + 32 * i, i + 1);
                put(r, GUID_0 + 32 * i + 20, 2);
        }
        put(r, GUID_0 + 16, WMIREG_FLAG_INSTANCE_BASENAME);
        put(r, GUID_0 + 24, (ULONG)base);
        put(r, GUID_1 + 16, WMIREG_FLAG_INSTANCE_LIST);
        put(r, GUID_1 + 24, (ULONG)list);
        put(r, GUID_2 + 16, WMIREG_FLAG_INSTANCE_PDO | WMIREG_FLAG_EVENT_ONLY_GUID);
        ULONG_PTR pdo = (ULONG_PTR)&a_pdo;
        memcpy(r->p + GUID_2 + 24, &pdo, sizeof pdo);
}

static int parse(const Reply *r, Arena *a, WmiRegReply *ret, WmiRegError *error)
{
        // In memory of exactly that size: the sanitizer sees what reads beyond it.
        void *p = aligned_alloc(16, r->n ? (r->n + 15) & ~(size_t)15 : 16);
        memcpy(p, r->p, r->n);
        int e = wmi_reginfo_parse(p, r->n, pdo_known, a, ret, error);
        free(p);
        return e;
}

static void understood(void **state)
{
        (void)state;
        Reply r;
        Arena a = {0};
        WmiRegReply reply;
        WmiRegError error;
        good(&r);
        assert_int_equal(wmi_reginfo_parse(r.p, r.n, pdo_known, &a, &reply, &error), 0);
        assert_int_equal(reply.count, 4);
        assert_int_equal(reply.blocks[0].names, WMI_NAMES_BASE);
        assert_int_equal(reply.blocks[0].base.Length, 8);
        assert_int_equal(reply.blocks[1].names, WMI_NAMES_LIST);
        assert_int_equal(reply.blocks[1].list[1].Buffer[0], 't');
        assert_int_equal(reply.blocks[2].names, WMI_NAMES_PDO);
        assert_ptr_equal(reply.blocks[2].pdo, &a_pdo);
        assert_int_equal(reply.blocks[3].names, WMI_NAMES_DYNAMIC);
        assert_int_equal(reply.mof_resource.Length, 6);
        assert_int_equal(reply.registry_path.Length, 8);
        arena_deinit(&a);
}

static void malformed(void **state)
{
        (void)state;
        static const struct {
                size_t at;
                ULONG value;
                size_t offset; // that is reported
                const char *says;
        } cases[] = {
                {0, 0, 0, "BufferSize"},
                {0, 23, 0, "BufferSize"},
                {0, 0xffffffff, 0, "BufferSize"},
                {4, 1, 4, "NextWmiRegInfo"},
                {4, 24, 4, "NextWmiRegInfo"},
                {4, 0xfffffffe, 4, "NextWmiRegInfo"},
                {8, 23, 23, "RegistryPath"},
                {8, 25, 25, "RegistryPath: the offset 25 is odd"},
                {8, 0xfffffffe, 0xfffffffe, "RegistryPath"},
                {12, 4, 4, "MofResourceName"},
                {16, 6, 16, "6 GUIDs"},
                {16, 0x08000000, 16, "GUIDs"},
                {16, 0xffffffff, 16, "GUIDs"},
                {GUID_0 + 16, WMIREG_FLAG_INSTANCE_BASENAME | WMIREG_FLAG_INSTANCE_PDO, GUID_0 + 16,
                 "more than one kind"},
                {GUID_0 + 20, 0, GUID_0 + 20, "InstanceCount 0"},
                {GUID_0 + 24, 0, 0, "the base name"},
                {GUID_0 + 24, 153, 153, "odd"},
                {GUID_0 + 24, 100000, 100000, "the base name"},
                {NAMES, 0, NAMES, "the base name is empty"},
                {NAMES, 7, NAMES, "the length 7 is odd"},
                {NAMES, 0xfffe, NAMES, "end beyond"},
                {GUID_1 + 20, 0, GUID_1 + 20, "InstanceCount 0"},
                {GUID_1 + 20, 5, 0, "instance name"},
                {GUID_1 + 20, 4097, 162, "4097 listed instance names"},
                {GUID_1 + 20, 0xffffffff, 162, "4294967295 listed instance names"},
                {GUID_2 + 24, 0x1234, GUID_2 + 24, "Pdo is not"},
                {GUID_1, 1, 0, "twice"},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                Reply r;
                Arena a = {0};
                WmiRegReply reply;
                WmiRegError error = {0};
                good(&r);
                if (cases[i].at == NAMES)
                        memcpy(r.p + NAMES, &cases[i].value, 2);
                else
                        put(&r, cases[i].at, cases[i].value);
                if (parse(&r, &a, &reply, &error) != 1 || !strstr(error.says, cases[i].says))
                        fail_msg("case %zu (%zu = 0x%x): '%s' at %zu", i, cases[i].at, cases[i].value,
                                 error.says, error.offset);
                if (cases[i].offset)
                        assert_int_equal(error.offset, cases[i].offset);
                arena_deinit(&a);
        }
}

static void cut_anywhere(void **state)
{
        (void)state;
        Reply r;
        good(&r);
        for (size_t whole = r.n; r.n > 0;) {
                Arena a = {0};
                WmiRegReply reply;
                WmiRegError error;
                r.n--;
                assert_int_equal(parse(&r, &a, &reply, &error), 1); // BufferSize says more
                put(&r, 0, (ULONG)r.n);
                assert_int_equal(parse(&r, &a, &reply, &error), r.n < 24 || r.n < whole ? 1 : 0);
                arena_deinit(&a);
        }
}

static void chain(void **state)
{
        (void)state;
        Reply one, two;
        Arena a = {0};
        WmiRegReply reply;
        WmiRegError error;
        good(&one);
        good(&two);
        size_t next = (one.n + 7) & ~(size_t)7;
        for (ULONG i = 0; i < 4; i++)
                put(&two, GUID_0 + 32 * i, 100 + i);
        memcpy(one.p + next, two.p, two.n);
        put(&one, 4, (ULONG)next);
        one.n = next + two.n;
        assert_int_equal(wmi_reginfo_parse(one.p, one.n, pdo_known, &a, &reply, &error), 0);
        assert_int_equal(reply.count, 8);
        assert_int_equal(reply.blocks[7].guid.Data1, 103);
        assert_int_equal(reply.blocks[4].base.Buffer[0], 'B'); // by offsets of its own start
        put(&one, next + GUID_0, 2);                           // the same GUID in both parts
        assert_int_equal(wmi_reginfo_parse(one.p, one.n, pdo_known, &a, &reply, &error), 1);
        put(&one, next + GUID_0, 100);
        put(&one, next + GUID_0 + 24, 5000);
        assert_int_equal(wmi_reginfo_parse(one.p, one.n, pdo_known, &a, &reply, &error), 1);
        assert_int_equal(error.offset, next + 5000);
        put(&one, next + 4, (ULONG)(two.n - 20)); // no room for a third
        assert_int_equal(wmi_reginfo_parse(one.p, one.n, pdo_known, &a, &reply, &error), 1);
        arena_deinit(&a);
}

static void limits(void **state)
{
        (void)state;
        static const ULONG counts[] = {LIMIT_GUIDS - 1, LIMIT_GUIDS, LIMIT_GUIDS + 1};
        for (int i = 0; i < 3; i++) {
                size_t n = 24 + 32 * (size_t)counts[i];
                uint8_t *p = calloc(1, n + 16);
                Arena a = {0};
                WmiRegReply reply;
                WmiRegError error;
                ULONG size = (ULONG)n;
                memcpy(p, &size, 4);
                memcpy(p + 16, &counts[i], 4);
                for (ULONG k = 0; k < counts[i]; k++)
                        memcpy(p + 24 + 32 * (size_t)k, &k, 4);
                assert_int_equal(wmi_reginfo_parse(p, n, pdo_known, &a, &reply, &error), i == 2);
                arena_deinit(&a);
                free(p);
        }
        for (ULONG k = 0; k < 3; k++) { // the longest base name: with its counter it is an instance name
                enum { LONGEST = LIMIT_INSTANCE_NAME - 2 * (WMI_SEPARATOR + 20) };
                size_t name = LONGEST - 2 + 2 * k, n = 24 + 32 + 2 + name;
                uint8_t *p = calloc(1, n + 16);
                Arena a = {0};
                WmiRegReply reply;
                WmiRegError error;
                memset(p + 58, 'x', name);
                memcpy(p, &(ULONG){(ULONG)n}, 4);
                p[16] = 1;
                p[24 + 16] = WMIREG_FLAG_INSTANCE_BASENAME;
                p[24 + 20] = 1;
                p[24 + 24] = 56;
                memcpy(p + 56, &(uint16_t){(uint16_t)name}, 2);
                assert_int_equal(wmi_reginfo_parse(p, n, pdo_known, &a, &reply, &error), k == 2);
                arena_deinit(&a);
                free(p);
        }
}

static void no_memory(void **state)
{
        (void)state;
        Reply r;
        good(&r);
        for (size_t limit = 1; limit < 600; limit += 8) {
                Arena a = {.limit = limit};
                WmiRegReply reply;
                WmiRegError error;
                int e = wmi_reginfo_parse(r.p, r.n, pdo_known, &a, &reply, &error);
                assert_true(e == -ENOMEM || e == 0);
                arena_deinit(&a);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(understood), TEST(malformed), TEST(cut_anywhere), TEST(chain),
                                        TEST(limits), TEST(no_memory), TEST_END});
}
