// SPDX-License-Identifier: MIT
// Events: what is accepted, what is refused and why, who owns the memory, and what a full ring does.
#include "driver/wmi/test-host.h"

#include <stddef.h>
#include <sys/resource.h>
#include <wmilib.h>

enum { QUEUE = 64, QUEUE_BYTES = 64 << 10 };

static TestDevice *device; // with the blocks below
enum { STATIC, DYNAMIC, LISTED, DATA_BLOCK, BLOCKS };

static const GUID *guid_of(int block)
{
        return &device->blocks[block].guid;
}

static void setup(void)
{
        device = test_device();
        device->count = BLOCKS;
        device->blocks[STATIC] = (TestBlock){test_guid(),
                                             WMIREG_FLAG_INSTANCE_BASENAME | WMIREG_FLAG_EVENT_ONLY_GUID,
                                             2,
                                             {L"Device"},
                                             NULL};
        device->blocks[DYNAMIC] = (TestBlock){test_guid(), 0, 0, {NULL}, NULL};
        device->blocks[LISTED] = (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_LIST, 2, {L"a", L"b"}, NULL};
        device->blocks[DATA_BLOCK] =
                (TestBlock){test_guid(), WMIREG_FLAG_INSTANCE_BASENAME, 1, {L"Data"}, NULL};
        test_register(device);
}

static void want_all(void)
{
        GUID all[BLOCKS];
        for (int i = 0; i < BLOCKS; i++)
                all[i] = *guid_of(i);
        test_want_done(all, BLOCKS);
}

static bool is_pool(const void *p)
{
        size_t size;
        ULONG tag;
        return nt_pool_query(p, &size, &tag);
}

static void one_event(void **state)
{
        (void)state;
        char name[256];
        want_all();
        uint64_t before = nt_clock_system();
        assert_int_equal(test_fire(device, guid_of(STATIC), 1, "0123456789", 10), STATUS_SUCCESS);
        const TestMessage *m = test_next_of(WIRE_FIRE);
        assert_string_equal(test_name(m, name), "Device1");
        assert_int_equal(m->event.host, 42);
        uint64_t sequence = m->event.sequence;
        assert_true(m->event.time >= before && m->event.time <= nt_clock_system()); // TimeStamp was 0
        assert_int_equal(m->event.payload_size, 74);
        assert_memory_equal(m->event.payload + 64, "0123456789", 10);

        WNODE_SINGLE_INSTANCE *w = test_wnode(device, guid_of(STATIC), NULL, 0);
        w->WnodeHeader.TimeStamp.QuadPart = 12345;
        assert_int_equal(IoWMIWriteEvent(w), STATUS_SUCCESS);
        m = test_next_of(WIRE_FIRE);
        assert_int_equal(m->event.time, 12345);
        assert_int_equal(m->event.sequence, sequence + 1); // no gap
        assert_int_equal(m->event.payload_size, 64);
}

static void consumed_on_success_only(void **state)
{
        (void)state;
        WNODE_SINGLE_INSTANCE *w = test_wnode(device, guid_of(STATIC), NULL, 8);
        assert_int_equal(IoWMIWriteEvent(w), STATUS_SUCCESS);
        assert_false(is_pool(w));
        w = test_wnode(device, guid_of(STATIC), NULL, 8);
        w->InstanceIndex = 2;
        assert_int_equal(IoWMIWriteEvent(w), STATUS_WMI_INSTANCE_NOT_FOUND);
        assert_true(is_pool(w));
        ExFreePool(w);
        test_next_of(WIRE_FIRE);
}

static void dynamic_names(void **state)
{
        (void)state;
        char name[256];
        TestDevice *stranger = test_device(); // never registered
        WNODE_SINGLE_INSTANCE *w = test_wnode(stranger, guid_of(DYNAMIC), "Own name", 5);
        assert_int_equal(IoWMIWriteEvent(w), STATUS_SUCCESS);
        assert_string_equal(test_name(test_next_of(WIRE_FIRE), name), "Own name");
        w = test_wnode(device, guid_of(STATIC), "Own too", 5); // a static registration, a dynamic event
        assert_int_equal(IoWMIWriteEvent(w), STATUS_SUCCESS);
        assert_string_equal(test_name(test_next_of(WIRE_FIRE), name), "Own too");
        // Behind the data, at an odd offset, with a NUL that is counted.
        w = test_wnode(device, guid_of(DYNAMIC), NULL, 32);
        w->WnodeHeader.Flags &= ~(ULONG)WNODE_FLAG_STATIC_INSTANCE_NAMES;
        w->SizeDataBlock = 3;
        w->OffsetInstanceName = 67;
        memcpy((uint8_t *)w + 67, "\6\0Z\0z\0\0", 8);
        assert_int_equal(IoWMIWriteEvent(w), STATUS_SUCCESS);
        assert_string_equal(test_name(test_next_of(WIRE_FIRE), name), "Zz");
        w = test_wnode(device, guid_of(DYNAMIC), NULL, 32);
        w->WnodeHeader.Flags &= ~(ULONG)WNODE_FLAG_STATIC_INSTANCE_NAMES;
        w->WnodeHeader.Flags |= WNODE_FLAG_ANSI_INSTANCENAMES;
        w->OffsetInstanceName = 66;
        memcpy((uint8_t *)w + 66, "\3\0abc", 5);
        assert_int_equal(IoWMIWriteEvent(w), STATUS_SUCCESS);
        assert_string_equal(test_name(test_next_of(WIRE_FIRE), name), "abc");
}

// One field of a good event is spoilt; the event is refused and stays the caller's.
static void hostile(void **state)
{
        (void)state;
        static const struct {
                size_t at;
                ULONG value;
                bool dynamic;
                NTSTATUS status;
        } cases[] = {
                {0, 0, false, STATUS_INVALID_PARAMETER}, // BufferSize
                {0, 47, false, STATUS_INVALID_PARAMETER},
                {0, 63, false, STATUS_INVALID_PARAMETER},
                {0, 64 + 16 + 1, false, STATUS_INVALID_PARAMETER}, // more than the memory
                {0, 0xffffffff, false, STATUS_INVALID_PARAMETER},
                {56, 63, false, STATUS_INVALID_PARAMETER}, // DataBlockOffset
                {56, 65, false, STATUS_INVALID_PARAMETER},
                {56, 0xfffffff0, false, STATUS_INVALID_PARAMETER},
                {60, 17, false, STATUS_INVALID_PARAMETER}, // SizeDataBlock
                {60, 0xffffffff, false, STATUS_INVALID_PARAMETER},
                {48, 0, true, STATUS_INVALID_PARAMETER}, // OffsetInstanceName
                {48, 62, true, STATUS_INVALID_PARAMETER},
                {48, 64 + 8 + 16 - 1, true, STATUS_INVALID_PARAMETER},
                {48, 0xffffffff, true, STATUS_INVALID_PARAMETER},
                {64, 3, true, STATUS_INVALID_PARAMETER}, // its length: odd, too long
                {64, 0xfffe, true, STATUS_INVALID_PARAMETER},
                {44, 0, false, STATUS_INVALID_PARAMETER}, // Flags
                {44, WNODE_FLAG_EVENT_ITEM, false, STATUS_INVALID_PARAMETER},
                {44, WNODE_FLAG_SINGLE_INSTANCE, false, STATUS_INVALID_PARAMETER},
                {44, WNODE_FLAG_EVENT_ITEM | WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_ALL_DATA, false,
                 STATUS_INVALID_PARAMETER},
                {44, WNODE_FLAG_EVENT_ITEM | WNODE_FLAG_METHOD_ITEM, false, STATUS_INVALID_PARAMETER},
                {44, WNODE_FLAG_EVENT_ITEM | WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_TOO_SMALL, false,
                 STATUS_INVALID_PARAMETER},
                {44, WNODE_FLAG_EVENT_ITEM | WNODE_FLAG_ALL_DATA, false, STATUS_UNSUCCESSFUL},
                {44, WNODE_FLAG_EVENT_ITEM | WNODE_FLAG_SINGLE_ITEM, false, STATUS_UNSUCCESSFUL},
                {44, WNODE_FLAG_EVENT_REFERENCE, false, STATUS_UNSUCCESSFUL},
                {44, WNODE_FLAG_TRACED_GUID, false, STATUS_UNSUCCESSFUL},
                {4, 0x7777, false, STATUS_WMI_INSTANCE_NOT_FOUND},  // ProviderId
                {24, 0x7777, false, STATUS_WMI_INSTANCE_NOT_FOUND}, // Guid
                {52, 2, false, STATUS_WMI_INSTANCE_NOT_FOUND},      // InstanceIndex
                {52, 0xffffffff, false, STATUS_WMI_INSTANCE_NOT_FOUND},
        };
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                WNODE_SINGLE_INSTANCE *w =
                        test_wnode(device, guid_of(STATIC), cases[i].dynamic ? "abc" : NULL, 16);
                ULONG size = w->WnodeHeader.BufferSize;
                memcpy((uint8_t *)w + cases[i].at, &cases[i].value, cases[i].at == 64 ? 2 : 4);
                assert_int_equal((ULONG)IoWMIWriteEvent(w), (ULONG)cases[i].status);
                assert_true(is_pool(w));
                assert_true(size > 64);
                ExFreePool(w);
        }
        assert_int_equal(IoWMIWriteEvent(NULL), STATUS_INVALID_PARAMETER);
        void *tiny = ExAllocatePoolWithTag(NonPagedPool, 8, 'tseT');
        assert_int_equal(IoWMIWriteEvent(tiny), STATUS_INVALID_PARAMETER);
        ExFreePool(tiny);
        assert_true(test_silent());
}

static void static_event_of_a_dynamic_block(void **state)
{
        (void)state;
        assert_int_equal(test_fire(device, guid_of(DYNAMIC), 0, "x", 1), STATUS_WMI_INSTANCE_NOT_FOUND);
        assert_int_equal(test_fire(device, guid_of(LISTED), 1, "x", 1),
                         STATUS_SUCCESS); // listed names are static
        char name[256];
        assert_string_equal(test_name(test_next_of(WIRE_FIRE), name), "b");
        assert_int_equal(test_fire(device, guid_of(DATA_BLOCK), 0, "x", 1),
                         STATUS_SUCCESS); // without EVENT_ONLY
        test_next_of(WIRE_FIRE);
}

static NTSTATUS fire_size(ULONG whole)
{
        static uint8_t data[LIMIT_EVENT_BYTES];
        return test_fire(device, guid_of(STATIC), 0, data, whole - 64);
}

static const char control[] = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\WMI";

static void size_limit(void **state)
{
        (void)state;
        test_log_clear();
        assert_int_equal(fire_size(1023), STATUS_SUCCESS);
        assert_int_equal(fire_size(1024), STATUS_SUCCESS);
        assert_int_equal((ULONG)fire_size(1025), (ULONG)STATUS_BUFFER_OVERFLOW);
        assert_int_equal((ULONG)fire_size(1025), (ULONG)STATUS_BUFFER_OVERFLOW);
        assert_false(NT_SUCCESS(STATUS_BUFFER_OVERFLOW)); // so that `if (!NT_SUCCESS)` frees
        assert_int_equal(test_next_of(WIRE_FIRE)->event.payload_size, 1023);
        assert_int_equal(test_next_of(WIRE_FIRE)->event.payload_size, 1024);
        test_log_wait("MaxEventSize is 1024", 1);
        assert_int_equal(test_log_count("MaxEventSize is 1024"), 1);

        assert_int_equal(nt_registry_set_dword(control, "MaxEventSize", 4096), 0); // seen at once
        assert_int_equal(fire_size(4095), STATUS_SUCCESS);
        assert_int_equal(fire_size(4096), STATUS_SUCCESS);
        assert_int_equal((ULONG)fire_size(4097), (ULONG)STATUS_BUFFER_OVERFLOW);
        test_next_of(WIRE_FIRE);
        assert_int_equal(test_next_of(WIRE_FIRE)->event.payload_size, 4096);
        assert_int_equal(nt_registry_set_dword(control, "MaxEventSize", 64), 0);
        assert_int_equal(fire_size(64), STATUS_SUCCESS);
        assert_int_equal((ULONG)fire_size(65), (ULONG)STATUS_BUFFER_OVERFLOW);
        test_next_of(WIRE_FIRE);
        assert_int_equal(nt_registry_set_dword(control, "MaxEventSize", 0xffffffff),
                         0); // our own bound remains
        assert_int_equal((ULONG)fire_size(LIMIT_EVENT_BYTES + 1), (ULONG)STATUS_BUFFER_OVERFLOW);
        assert_int_equal(nt_registry_set_dword(control, "MaxEventSize", 1024), 0);
        assert_true(test_silent());
}

static void *pool_data(ULONG size)
{
        return ExAllocatePoolWithTag(NonPagedPool, size, 'tseT');
}

static void wmi_fire_event(void **state)
{
        (void)state;
        char name[256];
        uint8_t *data = pool_data(4);
        memcpy(data, "four", 4);
        assert_int_equal(WmiFireEvent(device->device, (LPCGUID)guid_of(STATIC), 1, 4, data), STATUS_SUCCESS);
        assert_false(is_pool(data));
        const TestMessage *m = test_next_of(WIRE_FIRE);
        assert_string_equal(test_name(m, name), "Device1");
        WNODE_SINGLE_INSTANCE w;
        assert_int_equal(m->event.payload_size, 68);
        memcpy(&w, m->event.payload, 64);
        assert_int_equal(w.WnodeHeader.BufferSize, 68);
        assert_int_equal(w.WnodeHeader.Flags, 0x8a);
        assert_int_equal(w.WnodeHeader.ProviderId, IoWMIDeviceObjectToProviderId(device->device));
        assert_int_equal(w.InstanceIndex, 1);
        assert_int_equal(w.DataBlockOffset, 64);
        assert_int_equal(w.SizeDataBlock, 4);
        assert_int_equal(w.WnodeHeader.TimeStamp.QuadPart, m->event.time);
        assert_memory_equal(m->event.payload + 64, "four", 4);
        assert_int_equal(WmiFireEvent(device->device, (LPCGUID)guid_of(STATIC), 0, 0, NULL), STATUS_SUCCESS);
        assert_int_equal(test_next_of(WIRE_FIRE)->event.payload_size, 64);
        // The largest payload under the limit.
        assert_int_equal(WmiFireEvent(device->device, (LPCGUID)guid_of(STATIC), 0, 960, pool_data(960)),
                         STATUS_SUCCESS);
        test_next_of(WIRE_FIRE);
        assert_int_equal(
                (ULONG)WmiFireEvent(device->device, (LPCGUID)guid_of(STATIC), 0, 961, pool_data(961)),
                (ULONG)STATUS_BUFFER_OVERFLOW);
}

static void wmi_fire_event_errors(void **state)
{
        (void)state;
        TestDevice *stranger = test_device(), *other = test_device();
        GUID unknown = test_guid();
        int nobody = 0;
        PDEVICE_OBJECT own = device->device;
        const struct {
                PDEVICE_OBJECT device;
                const GUID *guid;
                ULONG index, size;
                NTSTATUS status;
                const char *log;
        } cases[] = {
                {own, guid_of(DYNAMIC), 0, 4, STATUS_INVALID_DEVICE_REQUEST, "dynamic or listed"},
                {own, guid_of(LISTED), 0, 4, STATUS_INVALID_DEVICE_REQUEST, "dynamic or listed"},
                {own, guid_of(DATA_BLOCK), 1, 4, STATUS_WMI_INSTANCE_NOT_FOUND,
                 "of instance 1, the block has 1"},
                {own, &unknown, 0, 4, STATUS_WMI_INSTANCE_NOT_FOUND, "the GUID is not registered"},
                {stranger->device, guid_of(STATIC), 0, 4, STATUS_WMI_INSTANCE_NOT_FOUND,
                 "the device is not registered"},
                {other->device, guid_of(STATIC), 0, 4, STATUS_WMI_INSTANCE_NOT_FOUND,
                 "the GUID is not registered"},
                {(PDEVICE_OBJECT)&nobody, guid_of(STATIC), 0, 4, STATUS_INVALID_PARAMETER,
                 "without a device object"},
                {NULL, guid_of(STATIC), 0, 4, STATUS_INVALID_PARAMETER, "without a device object"},
                {own, NULL, 0, 4, STATUS_INVALID_PARAMETER, "without a device object"},
                {own, guid_of(STATIC), 0, 5, STATUS_INVALID_PARAMETER, "EventDataSize 5, EventData has 4"},
                {own, guid_of(STATIC), 0, 0xffffffff, STATUS_INVALID_PARAMETER, "EventDataSize 4294967295"},
        };
        test_register(other);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                test_log_clear();
                for (int twice = 0; twice < 2; twice++) {
                        void *data = pool_data(4);
                        assert_int_equal((ULONG)WmiFireEvent(cases[i].device, (LPCGUID)cases[i].guid,
                                                             cases[i].index, cases[i].size, data),
                                         (ULONG)cases[i].status);
                        assert_false(is_pool(data)); // consumed all the same
                }
                assert_true(test_silent()); // nothing went out, and the I/O thread has been round
                if (i != 1 && i != 7 && i != 8 &&
                    i != 10) // the note of the case before, which is logged once
                        test_log_wait(cases[i].log, 1);
                assert_true(test_log_count(cases[i].log) <= 1);
        }
        test_log_clear();
        for (int twice = 0; twice < 2;
             twice++) { // a size with NULL data: without data, as documented samples do
                assert_int_equal(WmiFireEvent(own, (LPCGUID)guid_of(STATIC), 0, 7, NULL), STATUS_SUCCESS);
                assert_int_equal(test_next_of(WIRE_FIRE)->event.payload_size, 64);
        }
        test_log_wait("fired without data", 1);
        assert_int_equal(test_log_count("fired without data"), 1);
        test_deregister(other);
}

static void unwanted(void **state)
{
        (void)state;
        test_want_done(guid_of(DYNAMIC), 1);
        assert_int_equal(test_fire(device, guid_of(STATIC), 0, "x", 1), STATUS_SUCCESS);
        void *data = pool_data(4);
        assert_int_equal(WmiFireEvent(device->device, (LPCGUID)guid_of(STATIC), 0, 4, data), STATUS_SUCCESS);
        assert_false(is_pool(data));
        assert_true(test_silent());
        assert_int_equal(test_fire(device, guid_of(STATIC), 9, "x", 1),
                         STATUS_WMI_INSTANCE_NOT_FOUND); // still checked
        want_all();
}

// Runs first: no table has come yet, so anybody may want it.
static void before_the_first_table(void **state)
{
        (void)state;
        GUID nobody_asked = test_guid();
        assert_int_equal(IoWMIWriteEvent(test_wnode(NULL, &nobody_asked, "early", 1)), STATUS_SUCCESS);
        assert_memory_equal(&test_next_of(WIRE_FIRE)->event.guid, &nobody_asked, 16);
        setup();
}

static atomic_int fired_ok, fired_full;

// Fires `count` events at DISPATCH_LEVEL and says how often the thread gave up the processor by itself.
static long fire_at_dispatch(int count, ULONG size)
{
        struct rusage before, after;
        KIRQL irql;
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        getrusage(RUSAGE_THREAD, &before);
        for (int i = 0; i < count; i++) {
                NTSTATUS status = WmiFireEvent(device->device, (LPCGUID)guid_of(STATIC), 0, size,
                                               pool_data(size ? size : 1));
                if (NT_SUCCESS(status))
                        fired_ok++;
                else if (status == STATUS_INSUFFICIENT_RESOURCES)
                        fired_full++;
        }
        getrusage(RUSAGE_THREAD, &after);
        KeLowerIrql(irql);
        return after.ru_nvcsw - before.ru_nvcsw;
}

// The service reads nothing: the ring fills up, the fires fail, nobody blocks; then all is told.
static void full_ring(void **state)
{
        (void)state;
        assert_true(test_silent());
        fired_ok = fired_full = 0;
        long switches = fire_at_dispatch(100000, 900);
        assert_true(fired_full > 0);
        assert_int_equal(fired_ok + fired_full, 100000);
        assert_true(switches <= 2); // a lock of the allocator now and then; not one a fire
        uint64_t delivered = 0, lost = 0, last = 0;
        while (delivered + lost < 100000) {
                const TestMessage *m = test_next();
                if (m->operation == WIRE_HOST_LOST) {
                        assert_memory_equal(&m->lost.guid, guid_of(STATIC), 16);
                        lost += m->lost.count;
                }
                if (m->operation != WIRE_FIRE)
                        continue;
                assert_true(last == 0 || m->event.sequence == last + 1);
                last = m->event.sequence;
                delivered++;
        }
        assert_int_equal(delivered, fired_ok);
        assert_int_equal(lost, fired_full);
        assert_int_equal(test_fire(device, guid_of(STATIC), 0, "x", 1), STATUS_SUCCESS); // and it goes on
        assert_int_equal(test_next_of(WIRE_FIRE)->event.sequence, last + 1);
}

static void *fire_thread(void *unused)
{
        (void)unused;
        fire_at_dispatch(20000, 16);
        return NULL;
}

static void many_threads(void **state)
{
        (void)state;
        fired_ok = fired_full = 0;
        pthread_t threads[4];
        for (int i = 0; i < 4; i++)
                pthread_create(&threads[i], NULL, fire_thread, NULL);
        int delivered = 0, lost = 0;
        while (delivered + lost < 80000) {
                const TestMessage *m = test_next();
                delivered += m->operation == WIRE_FIRE;
                lost += m->operation == WIRE_HOST_LOST ? (int)m->lost.count : 0;
        }
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        assert_int_equal(delivered, fired_ok);
        assert_int_equal(lost, fired_full);
}

static void provider_ids(void **state)
{
        (void)state;
        TestDevice *d = test_device();
        ULONG id = IoWMIDeviceObjectToProviderId(d->device);
        assert_true(id != 0 && id != IoWMIDeviceObjectToProviderId(device->device));
        assert_int_equal(id, IoWMIDeviceObjectToProviderId(d->device));
        assert_true(IoWMIDeviceObjectToProviderId(nt_driver_pdo()) != 0);
        assert_int_equal(IoWMIDeviceObjectToProviderId(NULL), 0);
}

static void names_and_ids(void **state)
{
        (void)state;
        GUID g = test_guid(), h = test_guid();
        ULONG first;
        assert_int_equal(IoWMIAllocateInstanceIds(&g, 3, &first), STATUS_SUCCESS);
        assert_int_equal(first, 0);
        assert_int_equal(IoWMIAllocateInstanceIds(&h, 1, &first), STATUS_SUCCESS);
        assert_int_equal(first, 0);
        assert_int_equal(IoWMIAllocateInstanceIds(&g, 1, &first), STATUS_SUCCESS);
        assert_int_equal(first, 3);
        assert_int_equal(IoWMIAllocateInstanceIds(&g, 0xffffffff, &first), STATUS_INSUFFICIENT_RESOURCES);

        UNICODE_STRING link, name, none = {0};
        RtlInitUnicodeString(&link, L"\\??\\Link");
        static const struct {
                bool pdo, link, combine;
                const WCHAR *name;
        } cases[] = {{true, false, false, L"ROOT\\TEST\\0000"},
                     {false, true, false, L"\\??\\Link"},
                     {true, true, true, L"ROOT\\TEST\\0000_\\??\\Link"},
                     {true, true, false, NULL},
                     {false, false, false, NULL},
                     {true, false, true, NULL}};
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                name = none;
                NTSTATUS status =
                        IoWMISuggestInstanceName(cases[i].pdo ? nt_driver_pdo() : NULL,
                                                 cases[i].link ? &link : NULL, cases[i].combine, &name);
                assert_int_equal(NT_SUCCESS(status), cases[i].name != NULL);
                if (!cases[i].name)
                        continue;
                UNICODE_STRING wanted;
                RtlInitUnicodeString(&wanted, cases[i].name);
                assert_true(RtlEqualUnicodeString(&name, &wanted, FALSE));
                RtlFreeUnicodeString(&name);
        }
}

static void not_there_yet(void **state)
{
        (void)state;
        PVOID block = &block;
        ULONG size = 5;
        assert_int_equal(
                (ULONG)IoWMIOpenBlock((GUID *)(ULONG_PTR)guid_of(STATIC), WMIGUID_NOTIFICATION, &block),
                (ULONG)STATUS_NOT_SUPPORTED);
        assert_null(block);
        assert_int_equal(IoWMIQueryAllDataMultiple(NULL, 0, &size, NULL),
                         STATUS_SUCCESS); // of nothing: nothing
        assert_int_equal(size, 0);
        for (const NtExport *e = wmi_exports; e->name; e++)
                assert_ptr_equal(nt_export_find(e->name), e->address);
}

int main(void)
{
        test_start(&(WmiOptions){.queue = QUEUE, .queue_bytes = QUEUE_BYTES});
        return testkit_run((TestCase[]){
                TEST(before_the_first_table), TEST(one_event), TEST(consumed_on_success_only),
                TEST(dynamic_names), TEST(hostile), TEST(static_event_of_a_dynamic_block), TEST(size_limit),
                TEST(wmi_fire_event), TEST(wmi_fire_event_errors), TEST(unwanted), TEST(full_ring),
                TEST(many_threads), TEST(provider_ids), TEST(names_and_ids), TEST(not_there_yet), TEST_END});
}
