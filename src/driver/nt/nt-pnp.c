// SPDX-License-Identifier: MIT
// The root enumerator: the pnp thread, the PDO, and a driver's way from DriverEntry to DriverUnload.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define PNP_TAG      NT_TAG('P', 'n', 'p', ' ')
#define SERVICES     "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"
#define ENUM         "\\Registry\\Machine\\System\\CurrentControlSet\\Enum\\"
#define CLASS        "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\"
#define SYSTEM_CLASS "{4d36e97d-e325-11ce-bfc1-08002be10318}"

// --- the pnp thread ------------------------------------------------------------------------------

typedef struct Job {
        struct Job *next;
        void (*fn)(void *);
        void *arg;
} Job;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, idle;
static Job *jobs, **jobs_end = &jobs;
static bool busy;

static void *pnp_thread(void *arg)
{
        (void)arg;
        nt_thread_self();
        pthread_mutex_lock(&mutex);
        for (;;) {
                while (!jobs)
                        pthread_cond_wait(&changed, &mutex);
                Job *job = jobs;
                jobs = job->next;
                if (!jobs)
                        jobs_end = &jobs;
                busy = true;
                pthread_mutex_unlock(&mutex);
                job->fn(job->arg);
                free(job);
                pthread_mutex_lock(&mutex);
                busy = false;
                if (!jobs)
                        pthread_cond_broadcast(&idle);
        }
        return NULL;
}

int nt_pnp_start(void)
{
        nt_cond_init(&idle);
        return nt_thread_start("pnp", pnp_thread, NULL);
}

int nt_pnp_post(void (*fn)(void *arg), void *arg)
{
        Job *job = calloc(1, sizeof *job);
        if (!job)
                return -ENOMEM;
        job->fn = fn;
        job->arg = arg;
        pthread_mutex_lock(&mutex);
        *jobs_end = job;
        jobs_end = &job->next;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
        return 0;
}

bool nt_pnp_idle(double seconds)
{
        struct timespec end = nt_deadline(seconds);
        bool ok = true;
        pthread_mutex_lock(&mutex);
        while (ok && (busy || jobs))
                ok = pthread_cond_timedwait(&idle, &mutex, &end) != ETIMEDOUT || (!busy && !jobs);
        pthread_mutex_unlock(&mutex);
        return ok;
}

// --- the bus driver's half: what a root-enumerated PDO answers -----------------------------------

static NTSTATUS complete(PIRP irp, NTSTATUS status)
{
        irp->IoStatus.Status = status;
        IofCompleteRequest(irp, IO_NO_INCREMENT);
        return status;
}

// A copy of `s` in paged pool with `zeros` zero characters behind it, for whoever sent the query.
static PWCHAR id_copy(const UNICODE_STRING *s, size_t zeros)
{
        PWCHAR p = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, s->Length + zeros * sizeof(WCHAR), PNP_TAG);
        if (p)
                memcpy(p, s->Buffer, s->Length);
        return p;
}

// ROOT\TOASTER\0000 is the device ID ROOT\TOASTER and the instance ID 0000.
static void split_path(const UNICODE_STRING *path, UNICODE_STRING *device_id, UNICODE_STRING *instance_id)
{
        size_t n = path->Length / sizeof(WCHAR), at = n;
        while (at > 0 && path->Buffer[at - 1] != L'\\')
                at--;
        *device_id = (UNICODE_STRING){(USHORT)((at ? at - 1 : 0) * 2), 0, path->Buffer};
        *instance_id = (UNICODE_STRING){(USHORT)((n - at) * 2), 0, path->Buffer + at};
}

static NTSTATUS pdo_query_id(NtDevNode *node, PIRP irp, BUS_QUERY_ID_TYPE type)
{
        UNICODE_STRING device_id, instance_id;
        split_path(&node->instance_path, &device_id, &instance_id);
        PWCHAR p;
        if (type == BusQueryDeviceID)
                p = id_copy(&device_id, 1);
        else if (type == BusQueryHardwareIDs)
                p = id_copy(&device_id, 2);
        else if (type == BusQueryInstanceID)
                p = id_copy(&instance_id, 1);
        else
                return complete(irp, irp->IoStatus.Status);
        irp->IoStatus.Information = (ULONG_PTR)p;
        return complete(irp, p ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES);
}

static NTSTATUS pdo_query_text(NtDevNode *node, PIRP irp, DEVICE_TEXT_TYPE type)
{
        static const UNICODE_STRING description = RTL_CONSTANT_STRING(L"DeviceDesc");
        if (type != DeviceTextDescription || irp->IoStatus.Information)
                return complete(irp, irp->IoStatus.Status);
        ULONG reg_type, size;
        NTSTATUS status = nt_registry_get(&node->enum_key, &description, &reg_type, NULL, 0, &size);
        if (!NT_SUCCESS(status))
                return complete(irp, irp->IoStatus.Status);
        PWCHAR p = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, size + sizeof(WCHAR), PNP_TAG);
        if (p)
                nt_registry_get(&node->enum_key, &description, &reg_type, p, size, &size);
        irp->IoStatus.Information = (ULONG_PTR)p;
        return complete(irp, p ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES);
}

static NTSTATUS pdo_query_relations(PDEVICE_OBJECT pdo, PIRP irp, DEVICE_RELATION_TYPE type)
{
        if (type != TargetDeviceRelation)
                return complete(irp, irp->IoStatus.Status);
        PDEVICE_RELATIONS r = nt_pool_alloc(NT_POOL_SYSTEM, sizeof *r, PNP_TAG);
        if (!r)
                return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
        ObfReferenceObject(pdo);
        r->Count = 1;
        r->Objects[0] = pdo;
        irp->IoStatus.Information = (ULONG_PTR)r;
        return complete(irp, STATUS_SUCCESS);
}

static NTSTATUS pdo_query_capabilities(PIRP irp, PDEVICE_CAPABILITIES c)
{
        if (!c || c->Version != 1 || c->Size < sizeof *c)
                return complete(irp, STATUS_UNSUCCESSFUL);
        c->UniqueID = 1;
        c->DeviceState[PowerSystemUnspecified] = PowerDeviceUnspecified;
        c->DeviceState[PowerSystemWorking] = PowerDeviceD0;
        for (int i = PowerSystemSleeping1; i < PowerSystemMaximum; i++)
                c->DeviceState[i] = PowerDeviceD3;
        c->SystemWake = PowerSystemUnspecified;
        c->DeviceWake = PowerDeviceUnspecified;
        return complete(irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI pdo_pnp(PDEVICE_OBJECT pdo, PIRP irp)
{
        NtDevNode *node = nt_device_extension(pdo)->node;
        PIO_STACK_LOCATION sp = IoGetCurrentIrpStackLocation(irp);
        if (!node)
                return complete(irp, STATUS_NO_SUCH_DEVICE);
        switch (sp->MinorFunction) {
        case IRP_MN_START_DEVICE:
        case IRP_MN_QUERY_STOP_DEVICE:
        case IRP_MN_CANCEL_STOP_DEVICE:
        case IRP_MN_STOP_DEVICE:
        case IRP_MN_QUERY_REMOVE_DEVICE:
        case IRP_MN_CANCEL_REMOVE_DEVICE:
        case IRP_MN_SURPRISE_REMOVAL:
        case IRP_MN_REMOVE_DEVICE:
        case IRP_MN_QUERY_PNP_DEVICE_STATE:
                return complete(irp, STATUS_SUCCESS);
        case IRP_MN_QUERY_CAPABILITIES:
                return pdo_query_capabilities(irp, sp->Parameters.DeviceCapabilities.Capabilities);
        case IRP_MN_QUERY_ID:
                return pdo_query_id(node, irp, sp->Parameters.QueryId.IdType);
        case IRP_MN_QUERY_DEVICE_TEXT:
                return pdo_query_text(node, irp, sp->Parameters.QueryDeviceText.DeviceTextType);
        case IRP_MN_QUERY_DEVICE_RELATIONS:
                return pdo_query_relations(pdo, irp, sp->Parameters.QueryDeviceRelations.Type);
        default: // a bus driver leaves the status of what it does not handle
                return complete(irp, irp->IoStatus.Status);
        }
}

static NTSTATUS NTAPI pdo_power(PDEVICE_OBJECT pdo, PIRP irp)
{
        PIO_STACK_LOCATION sp = IoGetCurrentIrpStackLocation(irp);
        if (sp->MinorFunction == IRP_MN_SET_POWER)
                PoSetPowerState(pdo, sp->Parameters.Power.Type, sp->Parameters.Power.State);
        if (sp->MinorFunction == IRP_MN_SET_POWER || sp->MinorFunction == IRP_MN_QUERY_POWER)
                return complete(irp, STATUS_SUCCESS);
        return complete(irp, irp->IoStatus.Status);
}

static NTSTATUS NTAPI pdo_system_control(PDEVICE_OBJECT pdo, PIRP irp)
{
        (void)pdo;
        return complete(irp, irp->IoStatus.Status);
}

static NTSTATUS NTAPI pdo_open_close(PDEVICE_OBJECT pdo, PIRP irp)
{
        (void)pdo;
        return complete(irp, STATUS_SUCCESS);
}

static PDRIVER_OBJECT bus_driver(void)
{
        static PDRIVER_OBJECT bus; // pnp thread only
        if (bus)
                return bus;
        static const UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Driver\\PnpManager");
        bus = nt_driver_object_create(&name, NULL, true);
        if (!bus)
                return NULL;
        bus->Flags |= DRVO_BUILTIN_DRIVER;
        bus->MajorFunction[IRP_MJ_PNP] = pdo_pnp;
        bus->MajorFunction[IRP_MJ_POWER] = pdo_power;
        bus->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = pdo_system_control;
        bus->MajorFunction[IRP_MJ_CREATE] = pdo_open_close;
        bus->MajorFunction[IRP_MJ_CLEANUP] = pdo_open_close;
        bus->MajorFunction[IRP_MJ_CLOSE] = pdo_open_close;
        return bus;
}

// --- device nodes --------------------------------------------------------------------------------

void nt_node_free(NtDevNode *node)
{
        if (!node)
                return;
        nt_unicode_free(&node->instance_path);
        nt_unicode_free(&node->enum_key);
        nt_unicode_free(&node->class_key);
        ExFreePool(node);
}

static NTSTATUS set_text(const UNICODE_STRING *key, const WCHAR *value, ULONG type, const char *text)
{
        UNICODE_STRING data, name;
        RtlInitUnicodeString(&name, value);
        if (!nt_unicode_from_utf8(&data, text))
                return STATUS_INSUFFICIENT_RESOURCES;
        // REG_MULTI_SZ: one string, and the zero that ends the list
        ULONG size = data.Length + (type == REG_MULTI_SZ ? 2u : 1u) * (ULONG)sizeof(WCHAR);
        WCHAR *copy = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, size, PNP_TAG);
        NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
        if (copy) {
                memcpy(copy, data.Buffer, data.Length);
                status = nt_registry_set(key, &name, type, copy, size);
                ExFreePool(copy);
        }
        nt_unicode_free(&data);
        return status;
}

static NTSTATUS set_dword(const UNICODE_STRING *key, const WCHAR *value, ULONG n)
{
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, value);
        return nt_registry_set(key, &name, REG_DWORD, &n, sizeof n);
}

// What an INF leaves in the registry for a device of this kind. Values that --reg gave before stay.
static NTSTATUS node_registry(NtDevNode *node, const char *service, const char *description)
{
        char path[512], device_id[512];
        nt_utf8(path, sizeof path, &node->instance_path);
        snprintf(device_id, sizeof device_id, "%s", path);
        *strrchr(device_id, '\\') = 0;
        NTSTATUS status = nt_unicode_format(&node->enum_key, ENUM "%s", path);
        if (NT_SUCCESS(status))
                status = nt_unicode_format(&node->class_key, CLASS SYSTEM_CLASS "\\0000");
        const struct {
                const WCHAR *name;
                ULONG type;
                const char *text;
        } values[] = {
                {L"DeviceDesc", REG_SZ, description},
                {L"HardwareID", REG_MULTI_SZ, device_id},
                {L"Service", REG_SZ, service},
                {L"ClassGUID", REG_SZ, SYSTEM_CLASS},
                {L"Class", REG_SZ, "System"},
                {L"Driver", REG_SZ, SYSTEM_CLASS "\\0000"},
                {L"Mfg", REG_SZ, "(Standard system devices)"},
        };
        for (size_t i = 0; NT_SUCCESS(status) && i < RTL_NUMBER_OF(values); i++)
                status = set_text(&node->enum_key, values[i].name, values[i].type, values[i].text);
        if (NT_SUCCESS(status))
                status = set_dword(&node->enum_key, L"ConfigFlags", 0);
        if (NT_SUCCESS(status))
                status = set_text(&node->class_key, L"DriverDesc", REG_SZ, description);
        return status;
}

static NTSTATUS pdo_create(const char *instance_path, const char *service, const char *description,
                           PDEVICE_OBJECT *ret)
{
        PDRIVER_OBJECT bus = bus_driver();
        NtDevNode *node = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *node, PNP_TAG);
        if (!bus || !node || !nt_unicode_from_utf8(&node->instance_path, instance_path)) {
                if (node)
                        ExFreePool(node);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        NTSTATUS status = node_registry(node, service, description);
        PDEVICE_OBJECT pdo = NULL;
        if (NT_SUCCESS(status))
                status = IoCreateDevice(bus, 0, NULL, FILE_DEVICE_CONTROLLER, FILE_AUTOGENERATED_DEVICE_NAME,
                                        FALSE, &pdo);
        if (!NT_SUCCESS(status)) {
                nt_node_free(node);
                return status;
        }
        nt_device_extension(pdo)->node = nt_device_extension(pdo)->node_kept = node;
        ObfReferenceObject(pdo); // ours until pdo_drop, should the driver delete what is not its own
        pdo->Flags |= DO_BUS_ENUMERATED_DEVICE;
        pdo->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        *ret = pdo;
        return STATUS_SUCCESS;
}

bool nt_device_instance_path(PDEVICE_OBJECT pdo, UNICODE_STRING *ret)
{
        NtDevNode *node = nt_device_extension(pdo)->node;
        if (!node)
                return false;
        *ret = node->instance_path;
        return true;
}

// --- IRPs of the PnP manager ---------------------------------------------------------------------

static NTSTATUS pnp_irp(PDEVICE_OBJECT pdo, UCHAR minor, void (*fill)(PIO_STACK_LOCATION, void *), void *arg,
                        ULONG_PTR *information)
{
        PDEVICE_OBJECT top = IoGetAttachedDeviceReference(pdo);
        NTSTATUS status = nt_irp_call(top, IRP_MJ_PNP, minor, STATUS_NOT_SUPPORTED, fill, arg, information);
        ObfDereferenceObject(top);
        return status;
}

static void fill_capabilities(PIO_STACK_LOCATION sp, void *arg)
{
        sp->Parameters.DeviceCapabilities.Capabilities = arg;
}

static void fill_bus_relations(PIO_STACK_LOCATION sp, void *arg)
{
        (void)arg;
        sp->Parameters.QueryDeviceRelations.Type = BusRelations;
}

static void query_capabilities(PDEVICE_OBJECT pdo)
{
        NtDevNode *node = nt_device_extension(pdo)->node;
        node->capabilities = (DEVICE_CAPABILITIES){
                .Size = sizeof node->capabilities, .Version = 1, .Address = (ULONG)-1, .UINumber = (ULONG)-1};
        pnp_irp(pdo, IRP_MN_QUERY_CAPABILITIES, fill_capabilities, &node->capabilities, NULL);
}

static void query_bus_relations(PDEVICE_OBJECT pdo)
{
        ULONG_PTR information = 0;
        NTSTATUS status = pnp_irp(pdo, IRP_MN_QUERY_DEVICE_RELATIONS, fill_bus_relations, NULL, &information);
        PDEVICE_RELATIONS r = (PDEVICE_RELATIONS)information;
        if (!NT_SUCCESS(status) || !r)
                return;
        if (r->Count)
                nt_log(NT_LOG_NOTE,
                       "the driver reports %u child device(s): a driver host starts one device only",
                       r->Count);
        for (ULONG i = 0; i < r->Count; i++)
                ObfDereferenceObject(r->Objects[i]);
        ExFreePool(r);
}

static ULONG query_state(PDEVICE_OBJECT pdo)
{
        ULONG_PTR information = 0;
        NTSTATUS status = pnp_irp(pdo, IRP_MN_QUERY_PNP_DEVICE_STATE, NULL, NULL, &information);
        ULONG state = NT_SUCCESS(status) ? (ULONG)information : 0;
        nt_device_extension(pdo)->node->state = state;
        return state;
}

static NTSTATUS start_device(PDEVICE_OBJECT pdo)
{
        ULONG_PTR list = 0;
        if (NT_SUCCESS(pnp_irp(pdo, IRP_MN_FILTER_RESOURCE_REQUIREMENTS, NULL, NULL, &list)) && list)
                ExFreePool((PVOID)list); // a root-enumerated device has no resources to give
        NTSTATUS status = pnp_irp(pdo, IRP_MN_START_DEVICE, NULL, NULL, NULL);
        if (!NT_SUCCESS(status))
                return status;
        nt_device_extension(pdo)->node->started = true;
        query_capabilities(pdo);
        query_state(pdo);
        query_bus_relations(pdo);
        return STATUS_SUCCESS;
}

static void remove_device(PDEVICE_OBJECT pdo, bool surprise)
{
        NtDevNode *node = nt_device_extension(pdo)->node;
        if (surprise && node->started)
                pnp_irp(pdo, IRP_MN_SURPRISE_REMOVAL, NULL, NULL, NULL);
        nt_interfaces_removed(pdo);
        NTSTATUS status = pnp_irp(pdo, IRP_MN_REMOVE_DEVICE, NULL, NULL, NULL);
        if (!NT_SUCCESS(status))
                nt_log(NT_LOG_WARNING, "IRP_MN_REMOVE_DEVICE was completed with 0x%x: it must succeed",
                       (ULONG)status);
        if (pdo->AttachedDevice)
                nt_log(NT_LOG_WARNING, "after IRP_MN_REMOVE_DEVICE device object %p is still attached",
                       (void *)pdo->AttachedDevice);
        node->started = false;
}

// --- a driver's life -----------------------------------------------------------------------------

typedef struct Life {
        DRIVER_INITIALIZE *entry;
        char *service, *instance_path, *description;
        const void *image;
        size_t image_size;
        NtDone *done;
        void *arg;
} Life;

static pthread_mutex_t life_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool occupied;
static _Atomic(PDRIVER_OBJECT) the_driver;
static _Atomic(PDEVICE_OBJECT) the_pdo;
static bool removed; // the device went before nt_driver_stop; pnp thread only

PDRIVER_OBJECT nt_driver(void)
{
        return atomic_load(&the_driver);
}

PDEVICE_OBJECT nt_driver_pdo(void)
{
        return atomic_load(&the_pdo);
}

const WCHAR *nt_instance_path(void)
{
        PDEVICE_OBJECT pdo = nt_driver_pdo();
        return pdo ? nt_device_extension(pdo)->node->instance_path.Buffer : L"";
}

static void life_free(Life *l)
{
        free(l->service);
        free(l->instance_path);
        free(l->description);
        free(l);
}

static void unload(PDRIVER_OBJECT driver, bool entered)
{
        if (entered && driver->DriverUnload) {
                driver->Flags |= DRVO_UNLOAD_INVOKED;
                nt_enter("DriverUnload", (const void *)driver->DriverUnload);
                driver->DriverUnload(driver);
                nt_leave();
        } else if (entered) {
                nt_log(NT_LOG_NOTE, "the driver has no DriverUnload: Windows would never unload it");
        }
        for (PDEVICE_OBJECT d = driver->DeviceObject; d; d = d->NextDevice)
                nt_log(NT_LOG_WARNING, "device object %p was not deleted", (void *)d);
        atomic_store(&the_driver, NULL);
        ObfDereferenceObject(driver);
}

static void pdo_drop(void)
{
        PDEVICE_OBJECT pdo = atomic_exchange(&the_pdo, NULL);
        if (!pdo)
                return;
        // Who still holds the PDO sees a device without a node.
        nt_device_extension(pdo)->node = NULL;
        if (pdo->AttachedDevice) // its IRPs, and IoDetachDevice at last, still come here
                ObfReferenceObject(pdo);
        IoDeleteDevice(pdo);
        ObfDereferenceObject(pdo);
}

static NTSTATUS service_key(const char *service, UNICODE_STRING *ret)
{
        NTSTATUS status = nt_unicode_format(ret, SERVICES "%s", service);
        if (NT_SUCCESS(status))
                status = set_dword(ret, L"Type", 1); // SERVICE_KERNEL_DRIVER
        if (NT_SUCCESS(status))
                status = set_dword(ret, L"Start", 3); // on demand
        if (NT_SUCCESS(status))
                status = set_dword(ret, L"ErrorControl", 1);
        return status;
}

static NTSTATUS driver_enter(Life *l)
{
        UNICODE_STRING name, key, service;
        NTSTATUS status = service_key(l->service, &key);
        if (!NT_SUCCESS(status))
                return status;
        PDRIVER_OBJECT driver = NULL;
        status = nt_unicode_format(&name, "\\Driver\\%s", l->service);
        if (NT_SUCCESS(status) && nt_unicode_from_utf8(&service, l->service)) {
                driver = nt_driver_object_create(&name, &service, false);
                nt_unicode_free(&service);
        }
        nt_unicode_free(&name);
        if (!driver) {
                nt_unicode_free(&key);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        driver->DriverStart = (PVOID)(ULONG_PTR)l->image;
        driver->DriverSize = (ULONG)l->image_size;
        driver->DriverInit = l->entry;
        atomic_store(&the_driver, driver);
        nt_enter("DriverEntry", (const void *)l->entry);
        status = l->entry(driver, &key);
        nt_leave();
        nt_unicode_free(&key);
        if (!NT_SUCCESS(status)) {
                unload(driver, false);
                return status;
        }
        for (PDEVICE_OBJECT d = driver->DeviceObject; d; d = d->NextDevice)
                d->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        if (!driver->DriverExtension->AddDevice)
                driver->Flags |= DRVO_LEGACY_DRIVER;
        for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                if (!driver->MajorFunction[i])
                        driver->MajorFunction[i] = nt_invalid_device_request;
        nt_reinitialize_run(driver);
        return STATUS_SUCCESS;
}

static NTSTATUS device_start(Life *l, const char **ret_step)
{
        PDRIVER_OBJECT driver = nt_driver();
        PDEVICE_OBJECT pdo;
        *ret_step = "creating the device";
        NTSTATUS status = pdo_create(l->instance_path, l->service, l->description, &pdo);
        if (!NT_SUCCESS(status))
                return status;
        atomic_store(&the_pdo, pdo);
        *ret_step = "AddDevice";
        nt_enter("AddDevice", (const void *)driver->DriverExtension->AddDevice);
        status = driver->DriverExtension->AddDevice(driver, pdo);
        nt_leave();
        if (!NT_SUCCESS(status)) {
                if (pdo->AttachedDevice)
                        nt_log(NT_LOG_WARNING, "AddDevice failed and left device object %p attached",
                               (void *)pdo->AttachedDevice);
                return status;
        }
        *ret_step = "IRP_MN_START_DEVICE";
        status = start_device(pdo);
        if (!NT_SUCCESS(status))
                remove_device(pdo, false);
        return status;
}

static void life_start(void *arg)
{
        Life *l = arg;
        const char *step = "DriverEntry";
        removed = false;
        NTSTATUS status = driver_enter(l);
        if (NT_SUCCESS(status) && nt_driver()->DriverExtension->AddDevice) {
                status = device_start(l, &step);
                if (!NT_SUCCESS(status)) {
                        pdo_drop();
                        unload(nt_driver(), true);
                }
        }
        if (!NT_SUCCESS(status)) {
                pthread_mutex_lock(&life_mutex);
                occupied = false;
                pthread_mutex_unlock(&life_mutex);
        }
        if (l->done)
                l->done(l->arg, status, NT_SUCCESS(status) ? "" : step);
        life_free(l);
}

static void life_stop(void *arg)
{
        Life *l = arg;
        PDRIVER_OBJECT driver = nt_driver();
        PDEVICE_OBJECT pdo = nt_driver_pdo();
        NTSTATUS status = STATUS_SUCCESS;
        const char *step = "";
        if (!driver) { // the start before this failed
                status = STATUS_NO_SUCH_DEVICE;
                step = "DriverUnload";
        }
        if (pdo && !removed) {
                NTSTATUS query = pnp_irp(pdo, IRP_MN_QUERY_REMOVE_DEVICE, NULL, NULL, NULL);
                bool vetoed = !NT_SUCCESS(query);
                if (vetoed) {
                        status = query;
                        step = "IRP_MN_QUERY_REMOVE_DEVICE";
                        nt_log(NT_LOG_WARNING,
                               "the driver refused IRP_MN_QUERY_REMOVE_DEVICE with 0x%x: removed "
                               "by surprise",
                               (ULONG)query);
                        pnp_irp(pdo, IRP_MN_CANCEL_REMOVE_DEVICE, NULL, NULL, NULL);
                }
                remove_device(pdo, vetoed);
        }
        pdo_drop();
        if (driver)
                unload(driver, true);
        pthread_mutex_lock(&life_mutex);
        occupied = false;
        pthread_mutex_unlock(&life_mutex);
        if (l->done)
                l->done(l->arg, status, step);
        life_free(l);
}

// Three parts or more, none empty, of the characters that a device instance path may have.
static bool path_valid(const char *path)
{
        size_t parts = 1, length = 0;
        for (const char *p = path; *p; p++) {
                if (*p == '\\') {
                        if (!length)
                                return false;
                        parts++;
                        length = 0;
                        continue;
                }
                if ((unsigned char)*p <= 0x20 || (unsigned char)*p > 0x7e || *p == ',')
                        return false;
                length++;
        }
        return parts == 3 && length && strlen(path) < 200; // MAX_DEVICE_ID_LEN
}

static char *upper_path(const char *service)
{
        char *path = malloc(strlen(service) + sizeof "ROOT\\\\0000");
        if (!path)
                return NULL;
        sprintf(path, "ROOT\\%s\\0000", service);
        for (char *p = path; *p; p++)
                if (*p >= 'a' && *p <= 'z')
                        *p = (char)(*p - 32);
        return path;
}

int nt_driver_start(const NtDriverConfig *config, NtDone *done, void *arg)
{
        if (!config->entry || !config->service || !*config->service || strchr(config->service, '\\'))
                return -EINVAL;
        Life *l = calloc(1, sizeof *l);
        if (!l)
                return -ENOMEM;
        *l = (Life){.entry = config->entry,
                    .image = config->image,
                    .image_size = config->image_size,
                    .done = done,
                    .arg = arg};
        l->service = strdup(config->service);
        l->instance_path =
                config->instance_path ? strdup(config->instance_path) : upper_path(config->service);
        l->description = strdup(config->description ? config->description : config->service);
        int r = 0;
        if (!l->service || !l->instance_path || !l->description)
                r = -ENOMEM;
        else if (!path_valid(l->instance_path))
                r = -EINVAL;
        pthread_mutex_lock(&life_mutex);
        if (r == 0 && occupied)
                r = -EBUSY;
        if (r == 0)
                r = nt_pnp_post(life_start, l);
        if (r == 0)
                occupied = true;
        pthread_mutex_unlock(&life_mutex);
        if (r < 0)
                life_free(l);
        return r;
}

int nt_driver_stop(NtDone *done, void *arg)
{
        Life *l = calloc(1, sizeof *l);
        if (!l)
                return -ENOMEM;
        l->done = done;
        l->arg = arg;
        pthread_mutex_lock(&life_mutex);
        int r = occupied ? nt_pnp_post(life_stop, l) : -ENOENT;
        pthread_mutex_unlock(&life_mutex);
        if (r < 0)
                life_free(l);
        return r;
}

typedef struct Wait {
        KEVENT event;
        NTSTATUS status;
        const char *step;
} Wait;

static void wait_done(void *arg, NTSTATUS status, const char *step)
{
        Wait *w = arg;
        w->status = status;
        w->step = step;
        KeSetEvent(&w->event, 0, FALSE);
}

static NTSTATUS wait_end(Wait *w, int r, const char **ret_step)
{
        if (r == 0)
                nt_event_wait(&w->event, -1);
        if (ret_step)
                *ret_step = r == 0 ? w->step : "";
        if (r == 0)
                return w->status;
        return r == -EINVAL   ? STATUS_INVALID_PARAMETER
               : r == -EBUSY  ? STATUS_DEVICE_BUSY
               : r == -ENOENT ? STATUS_NO_SUCH_DEVICE
                              : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS nt_driver_start_wait(const NtDriverConfig *config, const char **ret_step)
{
        Wait w = {.step = ""};
        KeInitializeEvent(&w.event, NotificationEvent, FALSE);
        return wait_end(&w, nt_driver_start(config, wait_done, &w), ret_step);
}

NTSTATUS nt_driver_stop_wait(const char **ret_step)
{
        Wait w = {.step = ""};
        KeInitializeEvent(&w.event, NotificationEvent, FALSE);
        return wait_end(&w, nt_driver_stop(wait_done, &w), ret_step);
}

// --- what a driver asks of the PnP manager -------------------------------------------------------

enum { STATE_GONE = PNP_DEVICE_DISABLED | PNP_DEVICE_FAILED | PNP_DEVICE_REMOVED };

static void state_job(void *arg)
{
        PDEVICE_OBJECT pdo = arg;
        if (pdo == nt_driver_pdo() && !removed) {
                ULONG state = query_state(pdo);
                if (state & STATE_GONE) {
                        nt_log(NT_LOG_NOTE, "the driver reports device state 0x%x: the device is removed",
                               state);
                        remove_device(pdo, true);
                        removed = true;
                }
        }
        ObfDereferenceObject(pdo);
}

static void relations_job(void *arg)
{
        PDEVICE_OBJECT pdo = arg;
        if (pdo == nt_driver_pdo() && !removed)
                query_bus_relations(pdo);
        ObfDereferenceObject(pdo);
}

static void eject_job(void *arg)
{
        PDEVICE_OBJECT pdo = arg;
        if (pdo == nt_driver_pdo() && !removed) {
                if (NT_SUCCESS(pnp_irp(pdo, IRP_MN_QUERY_REMOVE_DEVICE, NULL, NULL, NULL))) {
                        remove_device(pdo, false);
                        removed = true;
                } else {
                        pnp_irp(pdo, IRP_MN_CANCEL_REMOVE_DEVICE, NULL, NULL, NULL);
                }
        }
        ObfDereferenceObject(pdo);
}

static void post_for(PDEVICE_OBJECT pdo, void (*job)(void *))
{
        ObfReferenceObject(pdo);
        if (nt_pnp_post(job, pdo) < 0)
                ObfDereferenceObject(pdo);
}

NTEXPORT VOID NTAPI IoInvalidateDeviceState(PDEVICE_OBJECT pdo)
{
        post_for(pdo, state_job);
}

NTEXPORT VOID NTAPI IoInvalidateDeviceRelations(PDEVICE_OBJECT pdo, DEVICE_RELATION_TYPE type)
{
        if (type == BusRelations)
                post_for(pdo, relations_job);
}

NTEXPORT VOID NTAPI IoRequestDeviceEject(PDEVICE_OBJECT pdo)
{
        post_for(pdo, eject_job);
}
