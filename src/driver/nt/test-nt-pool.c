// SPDX-License-Identifier: MIT
// Pool: tags and leaks, alignment, wrong frees as bug checks, lookaside lists, MDLs, handles.
#include "driver/nt/nt.h"

#include "base/testkit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Leak {
        ULONG tag;
        size_t blocks, bytes;
} Leak;

static Leak leaks[8];
static size_t leak_count;

static void keep_leak(void *arg, ULONG tag, size_t blocks, size_t bytes)
{
        (void)arg;
        if (leak_count < RTL_NUMBER_OF(leaks))
                leaks[leak_count++] = (Leak){tag, blocks, bytes};
}

static size_t count_leaks(void)
{
        leak_count = 0;
        return nt_pool_leaks(keep_leak, NULL);
}

static char log_text[2048];

static void keep_log(void *arg, NtLogLevel level, const char *line)
{
        (void)arg, (void)level;
        strncat(log_text, line, sizeof log_text - strlen(log_text) - 1);
}

static void leaks_by_tag(void **state)
{
        (void)state;
        assert_int_equal(count_leaks(), 0);
        PVOID a = ExAllocatePoolWithTag(NonPagedPool, 100, 'Aaaa');
        PVOID b = ExAllocatePoolWithTag(PagedPool, 200, 'Aaaa');
        PVOID c = ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, 'Bbbb');
        PVOID ours = nt_pool_alloc(NT_POOL_SYSTEM, 50, 'Ssss');
        assert_int_equal(count_leaks(), 3);
        assert_int_equal(leak_count, 2);
        assert_int_equal(leaks[0].tag, 'Aaaa');
        assert_int_equal(leaks[0].blocks, 2);
        assert_int_equal(leaks[0].bytes, 300);
        assert_int_equal(leaks[1].bytes, 8);
        log_text[0] = 0;
        assert_int_equal(nt_pool_report(), 2);
        assert_non_null(strstr(log_text, "tag 'aaaA', 2 block(s), 300 byte(s)")); // as it reads in memory
        ExFreePool(a);
        ExFreePoolWithTag(b, 'Aaaa');
        ExFreePoolWithTag(c, 0);
        ExFreePool(ours);
        assert_int_equal(count_leaks(), 0);
}

static void many_blocks(void **state)
{
        (void)state;
        enum { N = 20000 };
        static PVOID p[N];
        size_t size;
        ULONG tag;
        for (size_t i = 0; i < N; i++) {
                p[i] = ExAllocatePoolWithTag(NonPagedPool, i % 100, 'ynaM');
                assert_non_null(p[i]);
        }
        for (size_t i = 0; i < N; i += 97) {
                assert_true(nt_pool_query(p[i], &size, &tag));
                assert_int_equal(size, i % 100);
        }
        for (size_t i = 0; i < N; i++)
                ExFreePool(p[i]);
        assert_false(nt_pool_query(p[0], &size, &tag));
        assert_int_equal(count_leaks(), 0);
}

static void contents_and_alignment(void **state)
{
        (void)state;
        static const unsigned char zeros[64];
        unsigned char *p = ExAllocatePool2(POOL_FLAG_PAGED, 64, 'Zero');
        assert_memory_equal(p, zeros, 64);
        assert_int_equal((ULONG_PTR)p % 16, 0);
        ExFreePool(p);
        p = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'egaP');
        assert_int_equal((ULONG_PTR)p % PAGE_SIZE, 0);
        ExFreePool(p);
        assert_null(ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_NON_PAGED, 8, 'Both'));
        assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED, 8, 0));
        assert_null(ExAllocatePool2(0, 8, 'None'));
        assert_null(ExAllocatePoolWithTag(NonPagedPool, (SIZE_T)-1, 'Huge'));
        p = ExAllocatePoolWithTag(NonPagedPool, 8, 'Free');
        log_text[0] = 0;
        ExFreePoolWithTag(p, 'Othr');
        assert_non_null(strstr(log_text, "is freed with tag 'rhtO'"));
}

static void lookaside_lists(void **state)
{
        (void)state;
        NPAGED_LOOKASIDE_LIST list;
        LOOKASIDE_LIST_EX ex;
        ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 24, 'kooL', 0);
        PVOID a = ExAllocateFromNPagedLookasideList(&list), b = ExAllocateFromNPagedLookasideList(&list);
        assert_int_equal(count_leaks(), 2); // each entry is pool of the driver's
        ExFreeToNPagedLookasideList(&list, a);
        ExFreeToNPagedLookasideList(&list, b);
        ExDeleteNPagedLookasideList(&list);
        assert_int_equal(ExInitializeLookasideListEx(&ex, NULL, NULL, PagedPool, 0, 32, 'xooL', 0),
                         STATUS_SUCCESS);
        a = ExAllocateFromLookasideListEx(&ex);
        assert_non_null(a);
        ExFreeToLookasideListEx(&ex, a);
        ExDeleteLookasideListEx(&ex);
        assert_int_equal(count_leaks(), 0);
        SLIST_HEADER head;
        SLIST_ENTRY entries[3];
        ExInitializeSListHead(&head);
        for (int i = 0; i < 3; i++)
                ExInterlockedPushEntrySList(&head, &entries[i], NULL);
        assert_int_equal(ExQueryDepthSList(&head), 3);
        assert_ptr_equal(ExInterlockedPopEntrySList(&head, NULL), &entries[2]);
        assert_ptr_equal(ExInterlockedFlushSList(&head), &entries[1]);
        assert_ptr_equal(entries[1].Next, &entries[0]);
        assert_null(ExInterlockedPopEntrySList(&head, NULL));
}

static void mdls(void **state)
{
        (void)state;
        static char buffer[10000];
        PMDL mdl = IoAllocateMdl(buffer + 5, 6000, FALSE, FALSE, NULL);
        assert_int_equal(MmGetMdlByteCount(mdl), 6000);
        assert_ptr_equal(MmGetMdlVirtualAddress(mdl), buffer + 5);
        MmBuildMdlForNonPagedPool(mdl);
        assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), buffer + 5);
        PMDL part = IoAllocateMdl(buffer + 5, 6000, FALSE, FALSE, NULL);
        IoBuildPartialMdl(mdl, part, buffer + 105, 50);
        assert_ptr_equal(MmGetSystemAddressForMdlSafe(part, NormalPagePriority), buffer + 105);
        assert_int_equal(MmGetMdlByteCount(part), 50);
        IoFreeMdl(part);
        IoFreeMdl(mdl);
        assert_int_equal(count_leaks(), 0);
}

static int destroyed;

static void destroy(void *body)
{
        (void)body;
        destroyed++;
}

static struct _OBJECT_TYPE type = {"Test", destroy, 'tset'};

static void objects_and_handles(void **state)
{
        (void)state;
        HANDLE handles[100];
        PVOID found;
        void *body = nt_object_create(&type, 40, false);
        assert_ptr_equal(nt_object_type(body), &type);
        assert_null(nt_object_type(handles));
        for (size_t i = 0; i < 100; i++)
                assert_int_equal(nt_handle_create(body, &handles[i]), STATUS_SUCCESS);
        assert_int_equal(nt_object_references(body), 101);
        assert_int_equal(ObReferenceObjectByHandle(handles[50], 0, &type, KernelMode, &found, NULL),
                         STATUS_SUCCESS);
        assert_ptr_equal(found, body);
        assert_int_equal(
                ObReferenceObjectByHandle(handles[50], 0, *IoFileObjectType, KernelMode, &found, NULL),
                STATUS_OBJECT_TYPE_MISMATCH);
        assert_int_equal(ObReferenceObjectByHandle((HANDLE)0x123456, 0, NULL, KernelMode, &found, NULL),
                         STATUS_INVALID_HANDLE);
        for (size_t i = 0; i < 100; i++)
                assert_int_equal(ZwClose(handles[i]), STATUS_SUCCESS);
        assert_int_equal(ZwClose(handles[0]), STATUS_INVALID_HANDLE);
        assert_int_equal(ObDereferenceObject(body), 1);
        assert_int_equal(destroyed, 0);
        assert_int_equal(ObDereferenceObject(body), 0);
        assert_int_equal(destroyed, 1);
        assert_int_equal(count_leaks(), 0);
}

static void routines_by_name(void **state)
{
        (void)state;
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, L"ExAllocatePoolWithTag");
        assert_ptr_equal(MmGetSystemRoutineAddress(&name), (PVOID)(ULONG_PTR)ExAllocatePoolWithTag);
        RtlInitUnicodeString(&name, L"NoSuchRoutine");
        assert_null(MmGetSystemRoutineAddress(&name));
        static NtExport more[] = {{"NoSuchRoutine", leaks}, {NULL, NULL}};
        nt_exports_add(more);
        assert_ptr_equal(MmGetSystemRoutineAddress(&name), leaks);
}

// --- bug checks, each in a child -----------------------------------------------------------------

static void tell(void *arg, const NtBugCheck *bug)
{
        (void)arg;
        _exit(bug->code == 0xc2 && bug->parameters[0] < 0x80 ? (int)bug->parameters[0] | 0x80 : 1);
}

static void free_twice(void)
{
        PVOID p = ExAllocatePoolWithTag(NonPagedPool, 8, 'Free');
        ExFreePool(p);
        ExFreePool(p);
}

static void free_foreign(void)
{
        int x;
        ExFreePool(&x);
}

static void free_inside(void)
{
        char *p = ExAllocatePoolWithTag(NonPagedPool, 8, 'Free');
        ExFreePool(p + 4);
}

static void free_protected(void)
{
        ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPool, 8, 'Prot' | PROTECTED_POOL),
                          'Othr' | PROTECTED_POOL);
}

static void wrong_frees(void **state)
{
        (void)state;
        static const struct {
                void (*act)(void);
                int code;
        } cases[] = {{free_twice, 0x07}, {free_foreign, 0x46}, {free_inside, 0x46}, {free_protected, 0x0a}};
        for (size_t i = 0; i < RTL_NUMBER_OF(cases); i++) {
                pid_t child = fork();
                if (child == 0) {
                        close(STDERR_FILENO);
                        alarm(10);
                        cases[i].act();
                        _exit(0);
                }
                int status;
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), cases[i].code | 0x80);
        }
}

int main(void)
{
        NtOptions options = {.log = keep_log, .bug_check = tell};
        if (nt_init(&options) < 0)
                return 1;
        return testkit_run((TestCase[]){TEST(leaks_by_tag), TEST(many_blocks), TEST(contents_and_alignment),
                                        TEST(lookaside_lists), TEST(mdls), TEST(objects_and_handles),
                                        TEST(routines_by_name), TEST(wrong_frees), TEST_END});
}
