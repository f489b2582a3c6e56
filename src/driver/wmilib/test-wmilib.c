// SPDX-License-Identifier: MIT
// WMILIB: what a driver's dispatch routine and its callbacks see, and what the sender of the IRP gets back.
#include "driver/wmi/test-host.h"

#include <stddef.h>
#include <wmilib.h>

static GUID first, second;
static WMIGUIDREGINFO guids[2];
static WMILIB_CONTEXT lib;
static TestDevice *device;

// What a callback was given, and what it shall do.
static struct {
        atomic_int calls; // counted last
        ULONG guid, instance, instances, size, out_size, id;
        PUCHAR buffer;
        PULONG lengths;
        WMIENABLEDISABLECONTROL function;
        BOOLEAN enable;
        NTSTATUS status;
        ULONG used;
        ULONG set_lengths[4];
        const void *fill;
        bool pend;
        PIRP irp;
} cb;

static SYSCTL_IRP_DISPOSITION disposition;
static NTSTATUS returned;

static NTSTATUS complete(PDEVICE_OBJECT d, PIRP irp)
{
        cb.calls++;
        if (cb.pend) {
                IoMarkIrpPending(irp);
                cb.irp = irp;
                return STATUS_PENDING;
        }
        return WmiCompleteRequest(d, irp, cb.status, cb.used, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI query_block(PDEVICE_OBJECT d, PIRP irp, ULONG guid, ULONG instance, ULONG count,
                                  PULONG lengths, ULONG avail, PUCHAR buffer)
{
        cb.guid = guid, cb.instance = instance, cb.instances = count, cb.lengths = lengths, cb.size = avail,
        cb.buffer = buffer;
        for (ULONG i = 0; lengths && i < count && i < 4; i++)
                lengths[i] = cb.set_lengths[i];
        if (cb.fill && buffer && cb.used <= avail)
                memcpy(buffer, cb.fill, cb.used);
        return complete(d, irp);
}

static NTSTATUS NTAPI set_block(PDEVICE_OBJECT d, PIRP irp, ULONG guid, ULONG instance, ULONG size,
                                PUCHAR buffer)
{
        cb.guid = guid, cb.instance = instance, cb.size = size, cb.buffer = buffer;
        return complete(d, irp);
}

static NTSTATUS NTAPI set_item(PDEVICE_OBJECT d, PIRP irp, ULONG guid, ULONG instance, ULONG item, ULONG size,
                               PUCHAR buffer)
{
        cb.id = item;
        return set_block(d, irp, guid, instance, size, buffer);
}

static NTSTATUS NTAPI method(PDEVICE_OBJECT d, PIRP irp, ULONG guid, ULONG instance, ULONG id, ULONG in,
                             ULONG out, PUCHAR buffer)
{
        cb.id = id, cb.out_size = out;
        cb.guid = guid, cb.instance = instance, cb.size = in, cb.buffer = buffer;
        if (cb.fill && cb.used <= out)
                memcpy(buffer, cb.fill, cb.used);
        return complete(d, irp);
}

static NTSTATUS NTAPI control(PDEVICE_OBJECT d, PIRP irp, ULONG guid, WMIENABLEDISABLECONTROL function,
                              BOOLEAN enable)
{
        cb.guid = guid, cb.function = function, cb.enable = enable;
        return complete(d, irp);
}

static struct {
        ULONG flags;
        const WCHAR *name;
        UNICODE_STRING *path;
        const WCHAR *mof;
        PDEVICE_OBJECT pdo;
        NTSTATUS status;
        bool fill_list; // lazily
        bool clean;     // the outputs were initialised
        void *name_buffer;
} reg;

static NTSTATUS NTAPI query_reginfo(PDEVICE_OBJECT d, PULONG flags, PUNICODE_STRING name,
                                    PUNICODE_STRING *path, PUNICODE_STRING mof, PDEVICE_OBJECT *pdo)
{
        (void)d;
        reg.clean = *flags == 0 && !name->Buffer && !name->Length && !*path && !mof->Buffer && !*pdo;
        *flags = reg.flags;
        reg.name_buffer = NULL;
        if (reg.name) {
                UNICODE_STRING s;
                RtlInitUnicodeString(&s, reg.name);
                name->Buffer = reg.name_buffer = ExAllocatePoolWithTag(PagedPool, s.Length, 'tseT');
                name->Length = name->MaximumLength = s.Length;
                memcpy(name->Buffer, s.Buffer, s.Length);
        }
        if (reg.path)
                *path = reg.path;
        if (reg.mof)
                RtlInitUnicodeString(mof, reg.mof);
        if (reg.pdo)
                *pdo = reg.pdo;
        if (reg.fill_list)
                lib.GuidList = guids, lib.GuidCount = 2;
        return reg.status;
}

static NTSTATUS dispatch(TestDevice *d, PIRP irp)
{
        disposition = (SYSCTL_IRP_DISPOSITION)99;
        returned = WmiSystemControl(&lib, d->device, irp, &disposition);
        if (disposition != IrpProcessed)
                IoCompleteRequest(irp, IO_NO_INCREMENT); // lowest driver: with the status that is there
        return returned;
}

static void reset(void)
{
        if (!device) {
                device = test_device();
                device->dispatch = dispatch;
                first = test_guid();
                second = test_guid();
        }
        memset(&cb, 0, sizeof cb);
        memset(&reg, 0, sizeof reg);
        guids[0] = (WMIGUIDREGINFO){(LPCGUID)&first, 1, 0};
        guids[1] = (WMIGUIDREGINFO){(LPCGUID)&second, 3, WMIREG_FLAG_EVENT_ONLY_GUID};
        lib = (WMILIB_CONTEXT){2, guids, query_reginfo, query_block, set_block, set_item, method, control};
}

static NTSTATUS NTAPI keep(PDEVICE_OBJECT d, PIRP irp, PVOID event)
{
        (void)d, (void)irp;
        KeSetEvent(event, 0, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

// Sends one IRP and waits. Preset: STATUS_NOT_SUPPORTED, Information 7777 (what an untouched IRP comes back
// with).
static NTSTATUS ask(UCHAR minor, PVOID path, PVOID buffer, ULONG size, ULONG_PTR provider,
                    ULONG_PTR *information)
{
        KEVENT done;
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        PIRP irp = IoAllocateIrp(device->device->StackSize, FALSE);
        irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
        irp->IoStatus.Information = 7777;
        PIO_STACK_LOCATION sp = IoGetNextIrpStackLocation(irp);
        sp->MajorFunction = IRP_MJ_SYSTEM_CONTROL;
        sp->MinorFunction = minor;
        sp->Parameters.WMI.ProviderId = provider;
        sp->Parameters.WMI.DataPath = path;
        sp->Parameters.WMI.BufferSize = size;
        sp->Parameters.WMI.Buffer = buffer;
        IoSetCompletionRoutine(irp, keep, &done, TRUE, TRUE, TRUE);
        IoCallDriver(device->device, irp);
        if (cb.pend && cb.irp) {
                KIRQL irql;
                KeRaiseIrql(DISPATCH_LEVEL, &irql);
                WmiCompleteRequest(device->device, cb.irp, cb.status, cb.used, IO_NO_INCREMENT);
                KeLowerIrql(irql);
        }
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        NTSTATUS status = irp->IoStatus.Status;
        *information = irp->IoStatus.Information;
        IoFreeIrp(irp);
        return status;
}

static NTSTATUS ask_own(UCHAR minor, const GUID *guid, PVOID buffer, ULONG size, ULONG_PTR *information)
{
        return ask(minor, (PVOID)(ULONG_PTR)guid, buffer, size, (ULONG_PTR)device->device, information);
}

#define EXPECT(status, wanted) assert_int_equal((ULONG)(status), (ULONG)(wanted))

static void dispositions(void **state)
{
        (void)state;
        reset();
        ULONG_PTR info;
        static const UCHAR foreign[] = {0x0a, 0x0c, 0x42, 0xff};
        for (size_t i = 0; i < sizeof foreign; i++) {
                EXPECT(ask_own(foreign[i], &first, NULL, 0, &info), STATUS_NOT_SUPPORTED);
                assert_int_equal(disposition, IrpNotWmi);
                assert_int_equal(info, 7777); // untouched
        }
        EXPECT(ask(IRP_MN_ENABLE_EVENTS, &first, NULL, 0, 0x1234, &info), STATUS_NOT_SUPPORTED);
        assert_int_equal(disposition, IrpForward);
        assert_int_equal(info, 7777);
        GUID unknown = test_guid();
        EXPECT(ask_own(IRP_MN_ENABLE_EVENTS, &unknown, NULL, 0, &info), STATUS_WMI_GUID_NOT_FOUND);
        assert_int_equal(disposition, IrpNotCompleted);
        EXPECT(returned, STATUS_WMI_GUID_NOT_FOUND);
        assert_int_equal(info, 0);
        EXPECT(ask_own(IRP_MN_ENABLE_EVENTS, NULL, NULL, 0, &info), STATUS_WMI_GUID_NOT_FOUND);
        assert_int_equal(cb.calls, 0);
        lib.GuidCount = 1; // read anew each time
        EXPECT(ask_own(IRP_MN_ENABLE_EVENTS, &second, NULL, 0, &info), STATUS_WMI_GUID_NOT_FOUND);
        lib.GuidCount = 2;
        EXPECT(ask_own(IRP_MN_ENABLE_EVENTS, &second, NULL, 0, &info), STATUS_SUCCESS);
        assert_int_equal(disposition, IrpProcessed);
        lib.GuidList = NULL;
        EXPECT(ask_own(IRP_MN_ENABLE_EVENTS, &second, NULL, 0, &info), STATUS_WMI_GUID_NOT_FOUND);
}

static void controls(void **state)
{
        (void)state;
        static const struct {
                UCHAR minor;
                WMIENABLEDISABLECONTROL function;
                BOOLEAN enable;
        } cases[] = {{IRP_MN_ENABLE_EVENTS, WmiEventControl, TRUE},
                     {IRP_MN_DISABLE_EVENTS, WmiEventControl, FALSE},
                     {IRP_MN_ENABLE_COLLECTION, WmiDataBlockControl, TRUE},
                     {IRP_MN_DISABLE_COLLECTION, WmiDataBlockControl, FALSE}};
        ULONG_PTR info;
        for (size_t i = 0; i < 4; i++) {
                reset();
                cb.status = i % 2 ? STATUS_WMI_GUID_NOT_FOUND : STATUS_SUCCESS;
                cb.used = 99; // has no meaning here
                EXPECT(ask_own(cases[i].minor, &second, NULL, 0, &info), cb.status);
                assert_int_equal(disposition, IrpProcessed);
                assert_int_equal(info, 0);
                assert_int_equal(cb.guid, 1);
                assert_int_equal(cb.function, cases[i].function);
                assert_int_equal(cb.enable, cases[i].enable);
                lib.WmiFunctionControl = NULL;
                EXPECT(ask_own(cases[i].minor, &second, NULL, 0, &info), STATUS_SUCCESS);
                assert_int_equal(disposition, IrpNotCompleted);
                assert_int_equal(cb.calls, 1);
        }
}

static void missing_callbacks(void **state)
{
        (void)state;
        reset();
        lib.SetWmiDataBlock = NULL;
        lib.SetWmiDataItem = NULL;
        lib.ExecuteWmiMethod = NULL;
        static const struct {
                UCHAR minor;
                NTSTATUS status;
        } cases[] = {{IRP_MN_CHANGE_SINGLE_INSTANCE, STATUS_WMI_READ_ONLY},
                     {IRP_MN_CHANGE_SINGLE_ITEM, STATUS_WMI_READ_ONLY},
                     {IRP_MN_EXECUTE_METHOD, STATUS_INVALID_DEVICE_REQUEST}};
        for (size_t i = 0; i < 3; i++) {
                uint8_t buffer[128] = {0};
                ULONG_PTR info;
                ((WNODE_HEADER *)buffer)->Flags = WNODE_FLAG_STATIC_INSTANCE_NAMES;
                ((WNODE_SINGLE_INSTANCE *)buffer)->DataBlockOffset = 64; // SINGLE_INSTANCE
                if (i)
                        ((WNODE_SINGLE_ITEM *)buffer)->DataBlockOffset = 72;
                EXPECT(ask_own(cases[i].minor, &first, buffer, sizeof buffer, &info), cases[i].status);
                assert_int_equal(disposition, IrpNotCompleted);
                assert_int_equal(info, 0);
        }
}

static WNODE_SINGLE_INSTANCE *single(uint8_t *buffer, ULONG index, ULONG offset, ULONG size)
{
        WNODE_SINGLE_INSTANCE *w = (WNODE_SINGLE_INSTANCE *)(void *)buffer;
        w->WnodeHeader.Flags = WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_STATIC_INSTANCE_NAMES;
        w->InstanceIndex = index;
        w->DataBlockOffset = offset;
        w->SizeDataBlock = size;
        return w;
}

static void query_single(void **state)
{
        (void)state;
        for (int pend = 0; pend < 2; pend++) {
                _Alignas(8) uint8_t buffer[128] = {0};
                ULONG_PTR info;
                reset();
                WNODE_SINGLE_INSTANCE *w = single(buffer, 2, 72, 0);
                cb.used = 20;
                cb.fill = "the data of an insta";
                cb.pend = pend;
                EXPECT(ask_own(IRP_MN_QUERY_SINGLE_INSTANCE, &second, buffer, sizeof buffer, &info),
                       STATUS_SUCCESS);
                EXPECT(returned, pend ? STATUS_PENDING : STATUS_SUCCESS);
                assert_int_equal(disposition, IrpProcessed);
                assert_int_equal(cb.guid, 1);
                assert_int_equal(cb.instance, 2);
                assert_int_equal(cb.instances, 1);
                assert_int_equal(cb.size, 128 - 72);
                assert_ptr_equal(cb.buffer, buffer + 72);
                assert_non_null(cb.lengths);
                assert_int_equal(w->SizeDataBlock, 20);
                assert_int_equal(w->DataBlockOffset, 72);
                assert_int_equal(w->WnodeHeader.BufferSize, 92);
                assert_int_equal(info, 92);
                assert_true(w->WnodeHeader.TimeStamp.QuadPart != 0);
        }
}

static void too_small(void **state)
{
        (void)state;
        _Alignas(8) uint8_t buffer[128] = {0};
        ULONG_PTR info;
        reset();
        single(buffer, 0, 72, 0);
        cb.status = STATUS_BUFFER_TOO_SMALL;
        cb.used = 1000;
        EXPECT(ask_own(IRP_MN_QUERY_SINGLE_INSTANCE, &first, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        EXPECT(returned, STATUS_SUCCESS);
        WNODE_TOO_SMALL *t = (WNODE_TOO_SMALL *)(void *)buffer;
        assert_int_equal(info, 56);
        assert_int_equal(t->WnodeHeader.BufferSize, 56);
        assert_int_equal(t->WnodeHeader.Flags, WNODE_FLAG_TOO_SMALL); // the others are gone
        assert_int_equal(t->SizeNeeded, 1072);
        // Setting is not converted.
        memset(buffer, 0, sizeof buffer);
        single(buffer, 0, 64, 4);
        EXPECT(ask_own(IRP_MN_CHANGE_SINGLE_INSTANCE, &first, buffer, sizeof buffer, &info),
               STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(info, 0);
        // No room for the data at all: the callback gets none, and says what it needs.
        memset(buffer, 0, sizeof buffer);
        single(buffer, 0, 4096, 0);
        EXPECT(ask_own(IRP_MN_QUERY_SINGLE_INSTANCE, &first, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_null(cb.buffer);
        assert_int_equal(cb.size, 0);
        assert_int_equal(t->SizeNeeded, 5096);
        // Not even a WNODE_TOO_SMALL.
        EXPECT(ask_own(IRP_MN_QUERY_SINGLE_INSTANCE, &first, buffer, 55, &info), STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(info, 0);
}

static void instances_checked(void **state)
{
        (void)state;
        static const UCHAR minors[] = {IRP_MN_QUERY_SINGLE_INSTANCE, IRP_MN_CHANGE_SINGLE_INSTANCE,
                                       IRP_MN_CHANGE_SINGLE_ITEM, IRP_MN_EXECUTE_METHOD};
        ULONG_PTR info;
        for (size_t i = 0; i < 4; i++) {
                _Alignas(8) uint8_t buffer[128] = {0};
                reset();
                WNODE_SINGLE_INSTANCE *w = single(buffer, 3, 72, 0);
                if (i >= 2)
                        ((WNODE_SINGLE_ITEM *)w)->DataBlockOffset = 72;
                EXPECT(ask_own(minors[i], &second, buffer, sizeof buffer, &info),
                       STATUS_WMI_INSTANCE_NOT_FOUND);
                assert_int_equal(disposition, IrpNotCompleted);
                w->InstanceIndex = 2;
                w->WnodeHeader.Flags = WNODE_FLAG_SINGLE_INSTANCE;
                EXPECT(ask_own(minors[i], &second, buffer, sizeof buffer, &info),
                       STATUS_WMI_INSTANCE_NOT_FOUND);
                w->WnodeHeader.Flags |= WNODE_FLAG_STATIC_INSTANCE_NAMES;
                EXPECT(ask_own(minors[i], &second, buffer, 40, &info), STATUS_BUFFER_TOO_SMALL);
                assert_int_equal(cb.calls, 0);
                EXPECT(ask_own(minors[i], &second, buffer, sizeof buffer, &info), STATUS_SUCCESS);
                assert_int_equal(cb.calls, 1);
        }
}

static void set_and_execute(void **state)
{
        (void)state;
        _Alignas(8) uint8_t buffer[128] = {0};
        ULONG_PTR info;
        reset();
        single(buffer, 1, 80, 40);
        EXPECT(ask_own(IRP_MN_CHANGE_SINGLE_INSTANCE, &second, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_int_equal(cb.size, 40);
        assert_ptr_equal(cb.buffer, buffer + 80);
        assert_int_equal(info, 0);
        ((WNODE_SINGLE_INSTANCE *)(void *)buffer)->SizeDataBlock = 49; // beyond the end
        EXPECT(ask_own(IRP_MN_CHANGE_SINGLE_INSTANCE, &second, buffer, sizeof buffer, &info),
               STATUS_INVALID_DEVICE_REQUEST);
        assert_int_equal(disposition, IrpNotCompleted);

        reset();
        WNODE_SINGLE_ITEM *item = (WNODE_SINGLE_ITEM *)(void *)buffer;
        item->ItemId = 9;
        item->DataBlockOffset = 72;
        item->SizeDataItem = 4;
        EXPECT(ask_own(IRP_MN_CHANGE_SINGLE_ITEM, &second, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_int_equal(cb.id, 9);
        assert_int_equal(cb.size, 4);
        assert_ptr_equal(cb.buffer, buffer + 72);
        item->DataBlockOffset = 0xfffffffc;
        EXPECT(ask_own(IRP_MN_CHANGE_SINGLE_ITEM, &second, buffer, sizeof buffer, &info),
               STATUS_INVALID_DEVICE_REQUEST);

        reset();
        WNODE_METHOD_ITEM *m = (WNODE_METHOD_ITEM *)(void *)buffer;
        m->MethodId = 5;
        m->DataBlockOffset = 72;
        m->SizeDataBlock = 8;
        cb.fill = "result";
        cb.used = 6;
        EXPECT(ask_own(IRP_MN_EXECUTE_METHOD, &second, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_int_equal(cb.id, 5);
        assert_int_equal(cb.size, 8);
        assert_int_equal(cb.out_size, 56);
        assert_int_equal(info, 78);
        assert_int_equal(m->SizeDataBlock, 6);
        assert_int_equal(m->WnodeHeader.BufferSize, 78);
        assert_memory_equal(buffer + 72, "result", 6);
        cb.used = 57; // says that it wrote more than there is
        cb.fill = NULL;
        EXPECT(ask_own(IRP_MN_EXECUTE_METHOD, &second, buffer, sizeof buffer, &info), STATUS_UNSUCCESSFUL);
        assert_int_equal(info, 0);
}

static void query_all(void **state)
{
        (void)state;
        _Alignas(8) uint8_t buffer[256] = {0};
        WNODE_ALL_DATA *w = (WNODE_ALL_DATA *)(void *)buffer;
        ULONG_PTR info;
        reset(); // lengths that differ: pairs
        cb.set_lengths[0] = 4, cb.set_lengths[1] = 10, cb.set_lengths[2] = 3;
        cb.used = 8 + 16 + 3;
        w->WnodeHeader.Flags = WNODE_FLAG_ALL_DATA;
        EXPECT(ask_own(IRP_MN_QUERY_ALL_DATA, &second, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_int_equal(cb.instances, 3);
        assert_int_equal((uintptr_t)cb.buffer % 8, 0);
        assert_ptr_equal(cb.buffer, buffer + 88); // 60 + 3 * 8, up to the next 8
        assert_int_equal(cb.size, 256 - 88);
        assert_int_equal(w->DataBlockOffset, 88);
        assert_int_equal(w->InstanceCount, 3);
        assert_int_equal(w->WnodeHeader.Flags & WNODE_FLAG_FIXED_INSTANCE_SIZE, 0);
        static const ULONG pairs[] = {88, 4, 96, 10, 112, 3};
        assert_memory_equal(buffer + 60, pairs, sizeof pairs);
        assert_int_equal(info, 88 + 27);
        assert_int_equal(w->WnodeHeader.BufferSize, 88 + 27);

        reset(); // all the same
        cb.set_lengths[0] = cb.set_lengths[1] = cb.set_lengths[2] = 6;
        cb.used = 22;
        EXPECT(ask_own(IRP_MN_QUERY_ALL_DATA, &second, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_true(w->WnodeHeader.Flags & WNODE_FLAG_FIXED_INSTANCE_SIZE);
        assert_int_equal(w->FixedInstanceSize, 6);

        // No room for the array: the callback learns it by NULL, and what it needs is added up.
        reset();
        memset(buffer, 0, sizeof buffer);
        cb.status = STATUS_BUFFER_TOO_SMALL;
        cb.used = 48;
        EXPECT(ask_own(IRP_MN_QUERY_ALL_DATA, &second, buffer, 80, &info), STATUS_SUCCESS);
        assert_null(cb.lengths);
        assert_null(cb.buffer);
        assert_int_equal(cb.size, 0);
        assert_int_equal(((WNODE_TOO_SMALL *)(void *)buffer)->SizeNeeded, 88 + 48);
        assert_int_equal(info, 56);
        guids[1].InstanceCount = 0xffffffff; // a count that no buffer holds
        EXPECT(ask_own(IRP_MN_QUERY_ALL_DATA, &second, buffer, sizeof buffer, &info),
               STATUS_INTEGER_OVERFLOW);
        assert_int_equal(disposition, IrpNotCompleted);
}

static NTSTATUS ask_reginfo(UCHAR minor, void *buffer, ULONG size, ULONG_PTR *info)
{
        return ask(minor, (PVOID)WMIREGISTER, buffer, size, (ULONG_PTR)device->device, info);
}

static bool is_pool(const void *p)
{
        size_t size;
        ULONG tag;
        return nt_pool_query(p, &size, &tag);
}

static bool pdo_known(const void *pdo)
{
        return pdo == nt_driver_pdo();
}

static void parse(const void *reply, size_t size, Arena *a, WmiRegReply *ret)
{
        WmiRegError error;
        if (wmi_reginfo_parse(reply, size, pdo_known, a, ret, &error) != 0)
                fail_msg("offset %zu: %s", error.offset, error.says);
}

static void is_text(const UNICODE_STRING *s, const WCHAR *text)
{
        UNICODE_STRING wanted;
        RtlInitUnicodeString(&wanted, text);
        assert_true(RtlEqualUnicodeString(s, &wanted, FALSE));
}

static void reginfo(void **state)
{
        (void)state;
        _Alignas(8) uint8_t buffer[512];
        ULONG_PTR info;
        Arena a = {0};
        WmiRegReply reply;
        UNICODE_STRING path;
        RtlInitUnicodeString(&path, L"\\Registry\\Machine\\System");
        PDEVICE_OBJECT pdo = nt_driver_pdo();
        LONG references = nt_object_references(pdo);

        reset(); // by PDO; a name that is not used is freed all the same; the list is filled in by the
                 // callback
        lib.GuidCount = 0, lib.GuidList = NULL;
        reg.fill_list = true;
        reg.flags = WMIREG_FLAG_INSTANCE_PDO | WMIREG_FLAG_EXPENSIVE;
        reg.pdo = pdo, reg.name = L"unused", reg.path = &path, reg.mof = L"Mof";
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_int_equal(disposition, IrpNotCompleted);
        assert_true(reg.clean);
        assert_false(is_pool(reg.name_buffer));
        parse(buffer, info, &a, &reply);
        assert_int_equal(reply.count, 2);
        assert_int_equal(reply.blocks[0].flags, WMIREG_FLAG_INSTANCE_PDO | WMIREG_FLAG_EXPENSIVE);
        assert_int_equal(reply.blocks[1].flags,
                         WMIREG_FLAG_INSTANCE_PDO | WMIREG_FLAG_EXPENSIVE | WMIREG_FLAG_EVENT_ONLY_GUID);
        assert_int_equal(reply.blocks[1].instances, 3);
        is_text(&reply.registry_path, L"\\Registry\\Machine\\System");
        is_text(&reply.mof_resource, L"Mof");
        assert_int_equal(nt_object_references(pdo), references + 2); // one for each GUID
        ObDereferenceObject(pdo);
        ObDereferenceObject(pdo);
        EXPECT(ask_reginfo(IRP_MN_REGINFO, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_int_equal(nt_object_references(pdo), references); // none for the older one

        reset(); // by base name
        reg.name = L"Base";
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, sizeof buffer, &info), STATUS_SUCCESS);
        assert_false(is_pool(reg.name_buffer));
        parse(buffer, info, &a, &reply);
        assert_int_equal(reply.blocks[0].names, WMI_NAMES_BASE);
        is_text(&reply.blocks[1].base, L"Base");
        ULONG whole = (ULONG)info;
        assert_int_equal(whole, 24 + 2 * 32 + 2 + 8 + 2);

        ULONG needed = 0; // too small: the size, and four bytes
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, whole - 1, &info), STATUS_BUFFER_TOO_SMALL);
        memcpy(&needed, buffer, 4);
        assert_int_equal(needed, whole);
        assert_int_equal(info, 4);
        assert_false(is_pool(reg.name_buffer));
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, whole, &info), STATUS_SUCCESS);
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, 3, &info), STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(info, 0);

        reset(); // neither
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, sizeof buffer, &info), STATUS_INVALID_DEVICE_REQUEST);
        reg.flags = WMIREG_FLAG_INSTANCE_PDO; // without a PDO
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, sizeof buffer, &info), STATUS_INVALID_DEVICE_REQUEST);
        reset();
        reg.name = L"Base";
        reg.status = STATUS_DEVICE_NOT_READY;
        EXPECT(ask_reginfo(IRP_MN_REGINFO_EX, buffer, sizeof buffer, &info), STATUS_DEVICE_NOT_READY);
        assert_false(is_pool(reg.name_buffer));
        assert_int_equal(info, 0);
        arena_deinit(&a);
}

// The whole way: a driver that uses the library registers, is enabled, fires.
static void end_to_end(void **state)
{
        (void)state;
        char name[256];
        reset();
        reg.flags = WMIREG_FLAG_INSTANCE_PDO;
        reg.pdo = nt_driver_pdo();
        test_want_done(&second, 1);
        LONG references = nt_object_references(reg.pdo);
        test_register(device);
        while (cb.calls != 1)
                KeStallExecutionProcessor(100);
        assert_true(cb.enable);
        assert_int_equal(cb.guid, 1);
        assert_int_equal(nt_object_references(reg.pdo), references);
        uint8_t *data = ExAllocatePoolWithTag(NonPagedPool, 8, 'tseT');
        memcpy(data, "8 bytes.", 8);
        EXPECT(WmiFireEvent(device->device, (LPCGUID)&second, 2, 8, data), STATUS_SUCCESS);
        const TestMessage *m = test_next_of(WIRE_FIRE);
        assert_string_equal(test_name(m, name), "ROOT\\TEST\\0000_2");
        assert_memory_equal(m->event.payload + 64, "8 bytes.", 8);
        test_deregister(device);
}

int main(void)
{
        test_start(NULL);
        return testkit_run((TestCase[]){TEST(dispositions), TEST(controls), TEST(missing_callbacks),
                                        TEST(query_single), TEST(too_small), TEST(instances_checked),
                                        TEST(set_and_execute), TEST(query_all), TEST(reginfo),
                                        TEST(end_to_end), TEST_END});
}
