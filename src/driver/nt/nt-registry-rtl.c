// SPDX-License-Identifier: MIT
// Rtl routines over the registry: RtlQueryRegistryValues and the simple ones.
#include "driver/nt/nt-internal.h"

#include <stdlib.h>
#include <string.h>

#define QUERY_TAG NT_TAG('R', 'q', 'r', 'v')

// The key that RelativeTo and Path name.
static NTSTATUS key_path(ULONG relative_to, PCWSTR path, UNICODE_STRING *ret)
{
        static const char *const roots[] = {
                [RTL_REGISTRY_ABSOLUTE] = "",
                [RTL_REGISTRY_SERVICES] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services",
                [RTL_REGISTRY_CONTROL] = "\\Registry\\Machine\\System\\CurrentControlSet\\Control",
                [RTL_REGISTRY_WINDOWS_NT] =
                        "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion",
                [RTL_REGISTRY_DEVICEMAP] = "\\Registry\\Machine\\Hardware\\DeviceMap",
                [RTL_REGISTRY_USER] = "\\Registry\\User\\.Default",
        };
        char text[1800] = "";
        *ret = (UNICODE_STRING){0};
        ULONG root = relative_to & ~(RTL_REGISTRY_OPTIONAL | RTL_REGISTRY_HANDLE);
        if (root >= RTL_REGISTRY_MAXIMUM)
                return STATUS_INVALID_PARAMETER;
        if (path) {
                UNICODE_STRING s;
                RtlInitUnicodeString(&s, path);
                if (s.Length / sizeof(WCHAR) * 3 >= sizeof text) // cut, it would be another key
                        return STATUS_NAME_TOO_LONG;
                nt_utf8(text, sizeof text, &s);
        }
        bool slash = *roots[root] && *text && *text != '\\';
        return nt_unicode_format(ret, "%s%s%s", roots[root], slash ? "\\" : "", text);
}

static NTSTATUS key_open(ULONG relative_to, PCWSTR path, bool create, HANDLE *ret)
{
        if (relative_to & RTL_REGISTRY_HANDLE) { // Path is a handle: one more reference to it
                PVOID key;
                NTSTATUS status = ObReferenceObjectByHandle((HANDLE)(ULONG_PTR)path, 0, &nt_type_key,
                                                            KernelMode, &key, NULL);
                if (!NT_SUCCESS(status))
                        return status;
                status = nt_handle_create(key, ret);
                ObfDereferenceObject(key);
                return status;
        }
        UNICODE_STRING full;
        NTSTATUS status = key_path(relative_to, path, &full);
        if (NT_SUCCESS(status))
                status = nt_registry_open_handle(&full, create, ret);
        nt_unicode_free(&full);
        return status;
}

NTEXPORT NTSTATUS NTAPI RtlCheckRegistryKey(ULONG relative_to, PWSTR path)
{
        HANDLE key;
        NTSTATUS status = key_open(relative_to, path, false, &key);
        if (NT_SUCCESS(status))
                ZwClose(key);
        return status;
}

NTEXPORT NTSTATUS NTAPI RtlCreateRegistryKey(ULONG relative_to, PWSTR path)
{
        HANDLE key;
        NTSTATUS status = key_open(relative_to, path, true, &key);
        if (NT_SUCCESS(status))
                ZwClose(key);
        return status;
}

NTEXPORT NTSTATUS NTAPI RtlWriteRegistryValue(ULONG relative_to, PCWSTR path, PCWSTR name, ULONG type,
                                              PVOID data, ULONG size)
{
        HANDLE key;
        NTSTATUS status = key_open(relative_to, path, true, &key);
        if (!NT_SUCCESS(status))
                return status;
        UNICODE_STRING value;
        RtlInitUnicodeString(&value, name);
        status = ZwSetValueKey(key, &value, 0, type, data, size);
        ZwClose(key);
        return status;
}

NTEXPORT NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG relative_to, PCWSTR path, PCWSTR name)
{
        HANDLE key;
        NTSTATUS status = key_open(relative_to, path, false, &key);
        if (!NT_SUCCESS(status))
                return status;
        UNICODE_STRING value;
        RtlInitUnicodeString(&value, name);
        status = ZwDeleteValueKey(key, &value);
        ZwClose(key);
        return status;
}

// --- RtlQueryRegistryValues ----------------------------------------------------------------------

static bool is_string(ULONG type)
{
        return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
}

// RTL_QUERY_REGISTRY_DIRECT for strings: into the caller's UNICODE_STRING, which may want its buffer made.
static NTSTATUS direct_string(PUNICODE_STRING to, const WCHAR *text, size_t chars)
{
        size_t bytes = chars * sizeof(WCHAR);
        if (bytes > 0xfffc)
                bytes = 0xfffc;
        if (!to->Buffer) {
                to->Buffer = nt_pool_alloc(NT_POOL_PAGED, bytes + sizeof(WCHAR), QUERY_TAG);
                if (!to->Buffer)
                        return STATUS_NO_MEMORY;
                to->MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
        } else if (to->MaximumLength < bytes + sizeof(WCHAR)) {
                return STATUS_BUFFER_TOO_SMALL;
        }
        memcpy(to->Buffer, text, bytes);
        to->Buffer[bytes / sizeof(WCHAR)] = 0;
        to->Length = (USHORT)bytes;
        return STATUS_SUCCESS;
}

static NTSTATUS direct(const RTL_QUERY_REGISTRY_TABLE *t, ULONG type, const void *data, ULONG size)
{
        if (is_string(type)) {
                size_t chars = size / sizeof(WCHAR);
                const WCHAR *text = data;
                if (type != REG_MULTI_SZ && chars && text[chars - 1] == 0)
                        chars--;
                return direct_string(t->EntryContext, text, chars);
        }
        if (size <= sizeof(ULONG)) {
                memcpy(t->EntryContext, data, size);
                return STATUS_SUCCESS;
        }
        // Bigger ones: the buffer begins with its own size, negative for "data only", positive for size, type
        // and data.
        LONG room = *(LONG *)t->EntryContext;
        if (room < 0) {
                if (0u - (ULONG)room < size)
                        return STATUS_BUFFER_TOO_SMALL;
                memcpy(t->EntryContext, data, size);
                return STATUS_SUCCESS;
        }
        if ((ULONG)room < size + 2 * sizeof(ULONG))
                return STATUS_BUFFER_TOO_SMALL;
        ULONG *p = t->EntryContext;
        p[0] = size;
        p[1] = type;
        memcpy(p + 2, data, size);
        return STATUS_SUCCESS;
}

static NTSTATUS call_routine(const RTL_QUERY_REGISTRY_TABLE *t, PWSTR name, ULONG type, PVOID data,
                             ULONG size, PVOID context)
{
        return t->QueryRoutine(name, type, data, size, context, t->EntryContext);
}

// One value to its receiver. REG_MULTI_SZ goes string by string unless the caller wants it whole.
static NTSTATUS give(const RTL_QUERY_REGISTRY_TABLE *t, PWSTR name, ULONG type, PVOID data, ULONG size,
                     PVOID context)
{
        if (t->Flags & RTL_QUERY_REGISTRY_DIRECT)
                return direct(t, type, data, size);
        if (type != REG_MULTI_SZ || (t->Flags & RTL_QUERY_REGISTRY_NOEXPAND))
                return call_routine(t, name, type, data, size, context);
        WCHAR *text = data;
        size_t n = size / sizeof(WCHAR);
        NTSTATUS status = STATUS_SUCCESS;
        for (size_t i = 0; NT_SUCCESS(status) && i < n && text[i];) {
                size_t end = i;
                while (end < n && text[end])
                        end++;
                if (end == n)
                        break; // not terminated: no string
                status = call_routine(t, name, REG_SZ, text + i, (ULONG)((end - i + 1) * sizeof(WCHAR)),
                                      context);
                i = end + 1;
        }
        return status;
}

typedef struct Fetched {
        KEY_VALUE_FULL_INFORMATION *full;
        PWSTR name; // zero-terminated
} Fetched;

static void fetched_free(Fetched *f)
{
        free(f->full);
        free(f->name);
        *f = (Fetched){0};
}

static NTSTATUS fetch(HANDLE key, const UNICODE_STRING *name, ULONG index, Fetched *ret)
{
        ULONG size = 256;
        *ret = (Fetched){0};
        for (;;) {
                KEY_VALUE_FULL_INFORMATION *more = realloc(ret->full, size);
                if (!more) {
                        fetched_free(ret);
                        return STATUS_INSUFFICIENT_RESOURCES;
                }
                ret->full = more;
                ULONG need = 0;
                NTSTATUS status = name ? ZwQueryValueKey(key, (PUNICODE_STRING)(ULONG_PTR)name,
                                                         KeyValueFullInformation, ret->full, size, &need)
                                       : ZwEnumerateValueKey(key, index, KeyValueFullInformation, ret->full,
                                                             size, &need);
                if (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL) {
                        size = need;
                        continue;
                }
                if (!NT_SUCCESS(status)) {
                        fetched_free(ret);
                        return status;
                }
                break;
        }
        ret->name = malloc(ret->full->NameLength + sizeof(WCHAR));
        if (!ret->name) {
                fetched_free(ret);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        memcpy(ret->name, ret->full->Name, ret->full->NameLength);
        ret->name[ret->full->NameLength / sizeof(WCHAR)] = 0;
        return STATUS_SUCCESS;
}

static NTSTATUS give_fetched(const RTL_QUERY_REGISTRY_TABLE *t, Fetched *f, PVOID context)
{
        return give(t, f->name, f->full->Type, (char *)f->full + f->full->DataOffset, f->full->DataLength,
                    context);
}

static NTSTATUS give_default(const RTL_QUERY_REGISTRY_TABLE *t, PVOID context)
{
        ULONG type = t->DefaultType & 0xff; // the upper byte is RTL_QUERY_REGISTRY_TYPECHECK's
        ULONG size = t->DefaultLength;
        if (type == REG_NONE)
                return t->Flags & RTL_QUERY_REGISTRY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
        if (!size && is_string(type) && t->DefaultData) {
                const WCHAR *text = t->DefaultData;
                size_t n = nt_wcslen(text) + 1;
                while (type == REG_MULTI_SZ && text[n])
                        n += nt_wcslen(text + n) + 1;
                size = (ULONG)((n + (type == REG_MULTI_SZ)) * sizeof(WCHAR));
        }
        return give(t, (PWSTR)(ULONG_PTR)t->Name, type, t->DefaultData, size, context);
}

enum { TYPECHECK = 0x100 }; // RTL_QUERY_REGISTRY_TYPECHECK

static NTSTATUS query_named(HANDLE key, const RTL_QUERY_REGISTRY_TABLE *t, PVOID context)
{
        UNICODE_STRING name;
        Fetched f;
        RtlInitUnicodeString(&name, t->Name);
        NTSTATUS status = fetch(key, &name, 0, &f);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND)
                return t->Flags & RTL_QUERY_REGISTRY_REQUIRED ? status : give_default(t, context);
        if (!NT_SUCCESS(status))
                return status;
        ULONG want = t->DefaultType >> 24;
        if ((t->Flags & TYPECHECK) && (t->Flags & RTL_QUERY_REGISTRY_DIRECT) && want != f.full->Type)
                status = STATUS_OBJECT_TYPE_MISMATCH;
        else
                status = give_fetched(t, &f, context);
        fetched_free(&f);
        if (status == STATUS_BUFFER_TOO_SMALL && !(t->Flags & RTL_QUERY_REGISTRY_DIRECT))
                status = STATUS_SUCCESS;
        if (NT_SUCCESS(status) && (t->Flags & RTL_QUERY_REGISTRY_DELETE))
                ZwDeleteValueKey(key, &name);
        return status;
}

static NTSTATUS query_all(HANDLE key, const RTL_QUERY_REGISTRY_TABLE *t, PVOID context)
{
        ULONG index = 0;
        for (;; index++) {
                Fetched f;
                NTSTATUS status = fetch(key, NULL, index, &f);
                if (status == STATUS_NO_MORE_ENTRIES)
                        break;
                if (NT_SUCCESS(status)) {
                        status = give_fetched(t, &f, context);
                        fetched_free(&f);
                }
                if (!NT_SUCCESS(status))
                        return status;
        }
        return index == 0 && (t->Flags & RTL_QUERY_REGISTRY_REQUIRED) ? STATUS_OBJECT_NAME_NOT_FOUND
                                                                      : STATUS_SUCCESS;
}

static NTSTATUS subkey_open(HANDLE top, PCWSTR name, HANDLE *ret)
{
        UNICODE_STRING s;
        OBJECT_ATTRIBUTES attributes;
        RtlInitUnicodeString(&s, name);
        InitializeObjectAttributes(&attributes, &s, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, top, NULL);
        return ZwOpenKey(ret, KEY_READ, &attributes);
}

NTEXPORT NTSTATUS NTAPI RtlQueryRegistryValues(ULONG relative_to, PCWSTR path,
                                               PRTL_QUERY_REGISTRY_TABLE table, PVOID context,
                                               PVOID environment)
{
        (void)environment; // REG_EXPAND_SZ is given as it stands: a kernel has no environment
        HANDLE top, key;
        NTSTATUS status = key_open(relative_to, path, false, &top);
        if (!NT_SUCCESS(status))
                return (relative_to & RTL_REGISTRY_OPTIONAL) ? STATUS_SUCCESS : status;
        key = top;
        for (const RTL_QUERY_REGISTRY_TABLE *t = table;
             NT_SUCCESS(status) &&
             (t->QueryRoutine || (t->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT)));
             t++) {
                if ((t->Flags & RTL_QUERY_REGISTRY_DIRECT) &&
                    (!t->Name || (t->Flags & RTL_QUERY_REGISTRY_SUBKEY) || t->QueryRoutine)) {
                        status = STATUS_INVALID_PARAMETER;
                        break;
                }
                if (t->Flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY) && key != top) {
                        ZwClose(key);
                        key = top;
                }
                if (t->Flags & RTL_QUERY_REGISTRY_SUBKEY) {
                        if (!t->Name)
                                status = STATUS_INVALID_PARAMETER;
                        else
                                status = subkey_open(top, t->Name, &key);
                        if (!NT_SUCCESS(status)) {
                                key = top;
                                if (status == STATUS_OBJECT_NAME_NOT_FOUND &&
                                    !(t->Flags & RTL_QUERY_REGISTRY_REQUIRED))
                                        status = STATUS_SUCCESS;
                        } else if (t->QueryRoutine) {
                                status = query_all(key, t, context);
                        }
                } else if (t->Flags & RTL_QUERY_REGISTRY_NOVALUE) {
                        status = t->QueryRoutine ? call_routine(t, NULL, REG_NONE, NULL, 0, context)
                                                 : STATUS_SUCCESS;
                } else if (t->Name) {
                        status = query_named(key, t, context);
                } else {
                        status = query_all(key, t, context);
                }
        }
        if (key != top)
                ZwClose(key);
        ZwClose(top);
        return status;
}
