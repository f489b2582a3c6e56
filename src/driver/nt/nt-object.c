// SPDX-License-Identifier: MIT
// Objects with reference counts, handles, and the object namespace.
//
// An object is one pool block: a header, then the body that drivers see. Any file of the stand-in, and
// src/driver/wmi, makes types of its own. Handles are small numbers in one table, as all of a kernel's are.
#include "driver/nt/nt-internal.h"

#include <stdlib.h>
#include <string.h>

#define OBJECT_MAGIC 0x6a626f746e776601ull

typedef struct DECLSPEC_ALIGN(16) Object {
        _Atomic(uint64_t) magic;
        POBJECT_TYPE type;
        _Atomic(LONG) references;
        LONG unused;
        size_t size;
} Object;

static Object *header(const void *body)
{
        return (Object *)(ULONG_PTR)body - 1;
}

static bool is_object(const void *body)
{
        // Read unsanitized: `body` may be anything a driver hands in, and pool tells what it is first.
        size_t size;
        ULONG tag;
        return body && nt_pool_query(header(body), &size, &tag) && size >= sizeof(Object) &&
               atomic_load_explicit(&header(body)->magic, memory_order_relaxed) == OBJECT_MAGIC;
}

void *nt_object_create(POBJECT_TYPE type, size_t size, bool system)
{
        return nt_object_create_for(type, size, system, NT_CALLER);
}

void *nt_object_create_for(POBJECT_TYPE type, size_t size, bool system, const void *caller)
{
        Object *o = nt_pool_alloc_for(NT_POOL_ZERO | (system ? NT_POOL_SYSTEM : 0u), sizeof *o + size,
                                      type->tag, caller);
        if (!o)
                return NULL;
        o->type = type;
        o->size = size;
        atomic_store_explicit(&o->references, 1, memory_order_relaxed);
        atomic_store_explicit(&o->magic, OBJECT_MAGIC, memory_order_release);
        return o + 1;
}

POBJECT_TYPE nt_object_type(const void *body)
{
        return is_object(body) ? header(body)->type : NULL;
}

bool nt_object_is(const void *body, POBJECT_TYPE type)
{
        return nt_object_type(body) == type;
}

LONG nt_object_references(const void *body)
{
        return is_object(body) ? atomic_load(&header(body)->references) : 0;
}

static LONG_PTR reference(PVOID body, const void *caller)
{
        if (!is_object(body))
                nt_bug_check(NT_BUG_REFERENCE_BY_POINTER, 0, (ULONG_PTR)body, 0, 0, caller,
                             "%p, which is no object, was referenced", body);
        LONG n = atomic_fetch_add(&header(body)->references, 1) + 1;
        NT_OBSERVE(object_reference, body, n);
        if (n <= 1)
                nt_bug_check(NT_BUG_REFERENCE_BY_POINTER, (ULONG_PTR)header(body)->type, (ULONG_PTR)body, 2,
                             (ULONG_PTR)n, caller, "%s %p was referenced after its last dereference",
                             header(body)->type->name, body);
        return n;
}

static LONG_PTR dereference(PVOID body, const void *caller)
{
        if (!is_object(body))
                nt_bug_check(NT_BUG_REFERENCE_BY_POINTER, 0, (ULONG_PTR)body, 0, 0, caller,
                             "%p, which is no object (any more), was dereferenced", body);
        Object *o = header(body);
        LONG n = atomic_fetch_sub(&o->references, 1) - 1;
        NT_OBSERVE(object_reference, body, n);
        if (n < 0)
                nt_bug_check(NT_BUG_REFERENCE_BY_POINTER, (ULONG_PTR)o->type, (ULONG_PTR)body, 2,
                             (ULONG_PTR)(LONG_PTR)n, caller, "%s %p was dereferenced once too often",
                             o->type->name, body);
        if (n == 0) {
                if (o->type->destroy)
                        o->type->destroy(body);
                atomic_store(&o->magic, 0);
                ExFreePool(o);
        }
        return n;
}

NTEXPORT LONG_PTR FASTCALL ObfReferenceObject(PVOID body)
{
        return reference(body, NT_CALLER);
}

NTEXPORT LONG_PTR FASTCALL ObfDereferenceObject(PVOID body)
{
        return dereference(body, NT_CALLER);
}

NTEXPORT LONG_PTR FASTCALL ObfReferenceObjectWithTag(PVOID body, ULONG tag)
{
        (void)tag;
        return reference(body, NT_CALLER);
}

NTEXPORT LONG_PTR FASTCALL ObfDereferenceObjectWithTag(PVOID body, ULONG tag)
{
        (void)tag;
        return dereference(body, NT_CALLER);
}

// References what may be going: false when its last reference is gone already.
static bool reference_living(void *body)
{
        LONG n = atomic_load(&header(body)->references);
        while (n > 0)
                if (atomic_compare_exchange_weak(&header(body)->references, &n, n + 1))
                        return true;
        return false;
}

static void dereference_later(void *body)
{
        dereference(body, NULL);
}

// Deferred, because the caller may hold a lock that the type's destroy routine takes.
NTEXPORT VOID NTAPI ObDereferenceObjectDeferDelete(PVOID body)
{
        if (nt_worker_post("object deletion", dereference_later, body, NULL) < 0)
                dereference(body, NT_CALLER);
}

NTEXPORT VOID NTAPI ObDereferenceObjectDeferDeleteWithTag(PVOID body, ULONG tag)
{
        (void)tag;
        ObDereferenceObjectDeferDelete(body);
}

NTEXPORT NTSTATUS NTAPI ObReferenceObjectByPointer(PVOID body, ACCESS_MASK access, POBJECT_TYPE type,
                                                   KPROCESSOR_MODE mode)
{
        (void)access;
        if (!is_object(body))
                return STATUS_INVALID_PARAMETER;
        if (type ? header(body)->type != type : mode != KernelMode)
                return STATUS_OBJECT_TYPE_MISMATCH;
        reference(body, NT_CALLER);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI ObReferenceObjectByPointerWithTag(PVOID body, ACCESS_MASK access, POBJECT_TYPE type,
                                                          KPROCESSOR_MODE mode, ULONG tag)
{
        (void)tag;
        return ObReferenceObjectByPointer(body, access, type, mode);
}

// --- handles -------------------------------------------------------------------------------------

static pthread_mutex_t handles_mutex = PTHREAD_MUTEX_INITIALIZER;
static void **handles; // index i is handle (i + 1) * 4
static size_t handle_room, handle_hint;

NTSTATUS nt_handle_create(void *body, HANDLE *ret)
{
        pthread_mutex_lock(&handles_mutex);
        size_t i = handle_hint;
        while (i < handle_room && handles[i])
                i++;
        if (i == handle_room) {
                size_t more = handle_room ? handle_room * 2 : 64;
                void **grown = more <= 1u << 20 ? realloc(handles, more * sizeof *handles) : NULL;
                if (!grown) {
                        pthread_mutex_unlock(&handles_mutex);
                        return STATUS_INSUFFICIENT_RESOURCES;
                }
                memset(grown + handle_room, 0, (more - handle_room) * sizeof *handles);
                handles = grown;
                handle_room = more;
        }
        reference(body, NULL);
        handles[i] = body;
        handle_hint = i + 1;
        pthread_mutex_unlock(&handles_mutex);
        *ret = (HANDLE)(ULONG_PTR)((i + 1) * 4);
        return STATUS_SUCCESS;
}

static size_t handle_index(HANDLE handle)
{
        ULONG_PTR h = (ULONG_PTR)handle & ~(ULONG_PTR)3;
        return h ? h / 4 - 1 : SIZE_MAX;
}

NTEXPORT NTSTATUS NTAPI ObReferenceObjectByHandle(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type,
                                                  KPROCESSOR_MODE mode, PVOID *ret,
                                                  POBJECT_HANDLE_INFORMATION information)
{
        (void)mode;
        if (information) {
                information->HandleAttributes = 0;
                information->GrantedAccess = access;
        }
        *ret = NULL;
        if (handle == NtCurrentThread()) {
                if (type && type != &nt_type_thread)
                        return STATUS_OBJECT_TYPE_MISMATCH;
                *ret = nt_thread_self();
                reference(*ret, NT_CALLER);
                return STATUS_SUCCESS;
        }
        NTSTATUS status = STATUS_INVALID_HANDLE;
        size_t i = handle_index(handle);
        pthread_mutex_lock(&handles_mutex);
        if (i < handle_room && handles[i]) {
                status = STATUS_OBJECT_TYPE_MISMATCH;
                if (!type || header(handles[i])->type == type) {
                        *ret = handles[i];
                        reference(*ret, NT_CALLER);
                        status = STATUS_SUCCESS;
                }
        }
        pthread_mutex_unlock(&handles_mutex);
        return status;
}

NTEXPORT NTSTATUS NTAPI ObReferenceObjectByHandleWithTag(HANDLE handle, ACCESS_MASK access, POBJECT_TYPE type,
                                                         KPROCESSOR_MODE mode, ULONG tag, PVOID *ret,
                                                         POBJECT_HANDLE_INFORMATION information)
{
        (void)tag;
        return ObReferenceObjectByHandle(handle, access, type, mode, ret, information);
}

NTEXPORT NTSTATUS NTAPI ObOpenObjectByPointer(PVOID body, ULONG attributes, PACCESS_STATE state,
                                              ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE mode,
                                              PHANDLE ret)
{
        (void)attributes, (void)state, (void)access, (void)mode;
        if (!is_object(body))
                return STATUS_INVALID_PARAMETER;
        if (type && header(body)->type != type)
                return STATUS_OBJECT_TYPE_MISMATCH;
        return nt_handle_create(body, ret);
}

NTEXPORT NTSTATUS NTAPI ZwClose(HANDLE handle)
{
        size_t i = handle_index(handle);
        void *body = NULL;
        pthread_mutex_lock(&handles_mutex);
        if (i < handle_room) {
                body = handles[i];
                handles[i] = NULL;
                if (body && i < handle_hint)
                        handle_hint = i;
        }
        pthread_mutex_unlock(&handles_mutex);
        if (!body)
                return STATUS_INVALID_HANDLE;
        dereference(body, NT_CALLER);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI ObCloseHandle(HANDLE handle, KPROCESSOR_MODE mode)
{
        (void)mode;
        return ZwClose(handle);
}

// --- names ---------------------------------------------------------------------------------------

typedef struct Name {
        LIST_ENTRY link;
        UNICODE_STRING name;
        UNICODE_STRING target; // of a symbolic link
        void *object;          // borrowed: it takes its name away when it goes
} Name;

static pthread_mutex_t names_mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_ENTRY names = {&names, &names};

// \DosDevices\X, \??\X and \GLOBAL??\X are one directory. Returns what follows it, or the whole name.
static UNICODE_STRING skip_dos(const UNICODE_STRING *s, bool *ret_dos)
{
        static const WCHAR *const forms[] = {L"\\DosDevices\\", L"\\??\\", L"\\GLOBAL??\\"};
        for (size_t i = 0; i < RTL_NUMBER_OF(forms); i++) {
                UNICODE_STRING form = {(USHORT)(nt_wcslen(forms[i]) * 2), 0, (PWCH)(ULONG_PTR)forms[i]};
                UNICODE_STRING head = {form.Length, 0, s->Buffer};
                if (s->Length > form.Length && nt_unicode_equal(&head, &form)) {
                        *ret_dos = true;
                        return (UNICODE_STRING){(USHORT)(s->Length - form.Length), 0,
                                                s->Buffer + form.Length / 2};
                }
        }
        *ret_dos = false;
        return (UNICODE_STRING){s->Length, 0, s->Buffer};
}

static bool same_name(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
        bool dos_a, dos_b;
        UNICODE_STRING x = skip_dos(a, &dos_a), y = skip_dos(b, &dos_b);
        return dos_a == dos_b && nt_unicode_equal(&x, &y);
}

static Name *name_find(const UNICODE_STRING *name)
{
        for (LIST_ENTRY *e = names.Flink; e != &names; e = e->Flink) {
                Name *n = CONTAINING_RECORD(e, Name, link);
                if (same_name(&n->name, name))
                        return n;
        }
        return NULL;
}

static bool copy_string(UNICODE_STRING *to, const UNICODE_STRING *from)
{
        to->Buffer = nt_pool_alloc(NT_POOL_SYSTEM, from->Length + sizeof(WCHAR), NT_TAG('O', 'b', 'N', 'm'));
        if (!to->Buffer)
                return false;
        memcpy(to->Buffer, from->Buffer, from->Length);
        to->Buffer[from->Length / 2] = 0;
        to->Length = from->Length;
        to->MaximumLength = (USHORT)(from->Length + sizeof(WCHAR));
        return true;
}

static void name_free(Name *n)
{
        nt_unicode_free(&n->name);
        nt_unicode_free(&n->target);
        ExFreePool(n);
}

NTSTATUS nt_name_insert(const UNICODE_STRING *name, void *object, const UNICODE_STRING *target)
{
        if (!name->Buffer || name->Length < 2 || name->Length > 0xfff0 || name->Buffer[0] != L'\\')
                return STATUS_OBJECT_NAME_INVALID;
        Name *n = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *n, NT_TAG('O', 'b', 'N', 'm'));
        if (!n || !copy_string(&n->name, name) || (target && !copy_string(&n->target, target))) {
                if (n)
                        name_free(n);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        n->object = object;
        pthread_mutex_lock(&names_mutex);
        bool taken = name_find(name) != NULL;
        if (!taken)
                InsertTailList(&names, &n->link);
        pthread_mutex_unlock(&names_mutex);
        if (taken)
                name_free(n);
        return taken ? STATUS_OBJECT_NAME_COLLISION : STATUS_SUCCESS;
}

bool nt_name_remove(const UNICODE_STRING *name, bool link)
{
        pthread_mutex_lock(&names_mutex);
        Name *n = name_find(name);
        if (n && link != (n->target.Buffer != NULL))
                n = NULL;
        if (n)
                RemoveEntryList(&n->link);
        pthread_mutex_unlock(&names_mutex);
        if (n)
                name_free(n);
        return n != NULL;
}

void nt_name_remove_object(const void *object)
{
        for (;;) {
                Name *found = NULL;
                pthread_mutex_lock(&names_mutex);
                for (LIST_ENTRY *e = names.Flink; e != &names && !found; e = e->Flink) {
                        Name *n = CONTAINING_RECORD(e, Name, link);
                        if (n->object == object)
                                found = n;
                }
                if (found)
                        RemoveEntryList(&found->link);
                pthread_mutex_unlock(&names_mutex);
                if (!found)
                        return;
                name_free(found);
        }
}

void *nt_name_find_reference(const UNICODE_STRING *name, POBJECT_TYPE type)
{
        void *object = NULL;
        pthread_mutex_lock(&names_mutex);
        Name *n = name_find(name);
        for (int depth = 0; n && n->target.Buffer; depth++)
                n = depth < 32 ? name_find(&n->target) : NULL;
        // Under the lock: an object takes its name away here before its memory goes.
        if (n && n->object && nt_object_is(n->object, type) && reference_living(n->object))
                object = n->object;
        pthread_mutex_unlock(&names_mutex);
        return object;
}

NTSTATUS nt_name_of(const void *object, UNICODE_STRING *ret)
{
        NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;
        *ret = (UNICODE_STRING){0};
        pthread_mutex_lock(&names_mutex);
        for (LIST_ENTRY *e = names.Flink; e != &names && status == STATUS_OBJECT_NAME_NOT_FOUND;
             e = e->Flink) {
                Name *n = CONTAINING_RECORD(e, Name, link);
                bool dos;
                skip_dos(&n->name, &dos);
                if (n->object == object && !dos) // an interface's link is not its name
                        status = copy_string(ret, &n->name) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
        }
        pthread_mutex_unlock(&names_mutex);
        return status;
}

int nt_names_report(void)
{
        int count = 0;
        char a[256], b[256];
        pthread_mutex_lock(&names_mutex);
        for (LIST_ENTRY *e = names.Flink; e != &names; e = e->Flink) {
                Name *n = CONTAINING_RECORD(e, Name, link);
                if (!n->target.Buffer)
                        continue;
                nt_log(NT_LOG_WARNING, "symbolic link not deleted: %s -> %s", nt_utf8(a, sizeof a, &n->name),
                       nt_utf8(b, sizeof b, &n->target));
                count++;
        }
        pthread_mutex_unlock(&names_mutex);
        return count;
}

NTEXPORT NTSTATUS NTAPI IoCreateSymbolicLink(PUNICODE_STRING link, PUNICODE_STRING device)
{
        if (!link || !device || !device->Buffer || !device->Length)
                return STATUS_INVALID_PARAMETER;
        return nt_name_insert(link, NULL, device);
}

NTEXPORT NTSTATUS NTAPI IoCreateUnprotectedSymbolicLink(PUNICODE_STRING link, PUNICODE_STRING device)
{
        return IoCreateSymbolicLink(link, device);
}

NTEXPORT NTSTATUS NTAPI IoDeleteSymbolicLink(PUNICODE_STRING link)
{
        return nt_name_remove(link, true) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

// --- named events, callback objects --------------------------------------------------------------

struct _OBJECT_TYPE nt_type_event = {.name = "Event", .tag = NT_TAG('E', 'v', 'e', 'n')};

static void named_destroy(void *body)
{
        nt_name_remove_object(body);
}

static PKEVENT named_event(PUNICODE_STRING name, PHANDLE handle, EVENT_TYPE type)
{
        nt_type_event.destroy = named_destroy;
        *handle = NULL;
        PKEVENT event = nt_name_find_reference(name, &nt_type_event);
        if (!event) {
                event = nt_object_create(&nt_type_event, sizeof *event, false);
                if (!event)
                        return NULL;
                KeInitializeEvent(event, type, TRUE);
                if (!NT_SUCCESS(nt_name_insert(name, event, NULL))) {
                        ObfDereferenceObject(event);
                        return NULL;
                }
        }
        NTSTATUS status = nt_handle_create(event, handle);
        ObfDereferenceObject(event); // the handle keeps it
        return NT_SUCCESS(status) ? event : NULL;
}

NTEXPORT PKEVENT NTAPI IoCreateNotificationEvent(PUNICODE_STRING name, PHANDLE handle)
{
        return named_event(name, handle, NotificationEvent);
}

NTEXPORT PKEVENT NTAPI IoCreateSynchronizationEvent(PUNICODE_STRING name, PHANDLE handle)
{
        return named_event(name, handle, SynchronizationEvent);
}

// The object types that drivers name. Each is a variable that points to one that holds the type.
#undef IoFileObjectType
#undef ExEventObjectType
#undef PsThreadType
static POBJECT_TYPE file_type = &nt_type_file, event_type = &nt_type_event, thread_type = &nt_type_thread;
static POBJECT_TYPE device_type = &nt_type_device, driver_type = &nt_type_driver;
extern POBJECT_TYPE *IoDeviceObjectType, *IoDriverObjectType;
NTEXPORT POBJECT_TYPE *IoFileObjectType = &file_type;
NTEXPORT POBJECT_TYPE *ExEventObjectType = &event_type;
NTEXPORT POBJECT_TYPE *PsThreadType = &thread_type;
NTEXPORT POBJECT_TYPE *IoDeviceObjectType = &device_type;
NTEXPORT POBJECT_TYPE *IoDriverObjectType = &driver_type;
