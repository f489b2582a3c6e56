// SPDX-License-Identifier: MIT
// The hosted registry: a tree of keys and values in memory, and the Zw routines over it.
//
// Names are compared without case and keep their first spelling. One mutex guards the tree. A deleted key
// stays until its last handle is closed.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <string.h>

enum {
        KEY_NAME_MAX = 255 * 2, // bytes, as documented
        VALUE_NAME_MAX = 16383 * 2,
        VALUE_DATA_MAX = 1024 * 1024,
        KEY_DEPTH_MAX = 512,
        REGISTRY_TAG = 'R' | 'e' << 8 | 'g' << 16 | 'y' << 24,
};

typedef struct Value {
        LIST_ENTRY link;
        UNICODE_STRING name;
        ULONG type, size;
        UCHAR data[];
} Value;

struct NtKey {
        LIST_ENTRY link; // in the parent
        NtKey *parent;
        UNICODE_STRING name;
        LIST_ENTRY keys, values;
        LARGE_INTEGER written;
        ULONG opens;
        bool deleted;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static NtKey *root;

// --- the tree ------------------------------------------------------------------------------------

static void *reg_alloc(size_t size)
{
        return nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, size, REGISTRY_TAG);
}

static bool name_copy(UNICODE_STRING *to, const UNICODE_STRING *from)
{
        to->Buffer = reg_alloc(from->Length + sizeof(WCHAR));
        if (!to->Buffer)
                return false;
        if (from->Length)
                memcpy(to->Buffer, from->Buffer, from->Length);
        to->Length = from->Length;
        to->MaximumLength = (USHORT)(from->Length + sizeof(WCHAR));
        return true;
}

static NtKey *key_child(const NtKey *key, const UNICODE_STRING *name)
{
        for (LIST_ENTRY *e = key->keys.Flink; e != &key->keys; e = e->Flink) {
                NtKey *k = CONTAINING_RECORD(e, NtKey, link);
                if (nt_unicode_equal(&k->name, name))
                        return k;
        }
        return NULL;
}

static NtKey *key_add(NtKey *parent, const UNICODE_STRING *name)
{
        NtKey *k = reg_alloc(sizeof *k);
        if (!k || !name_copy(&k->name, name)) {
                if (k)
                        ExFreePool(k);
                return NULL;
        }
        InitializeListHead(&k->keys);
        InitializeListHead(&k->values);
        KeQuerySystemTime(&k->written);
        k->parent = parent;
        if (parent) {
                InsertTailList(&parent->keys, &k->link);
                parent->written = k->written;
        }
        return k;
}

static void key_free(NtKey *k)
{
        while (!IsListEmpty(&k->values)) {
                Value *v = CONTAINING_RECORD(RemoveHeadList(&k->values), Value, link);
                ExFreePool(v->name.Buffer);
                ExFreePool(v);
        }
        ExFreePool(k->name.Buffer);
        ExFreePool(k);
}

static bool root_make(void)
{
        if (root)
                return true;
        static const UNICODE_STRING names[] = {RTL_CONSTANT_STRING(L"Registry"),
                                               RTL_CONSTANT_STRING(L"Machine"), RTL_CONSTANT_STRING(L"User")};
        root = key_add(NULL, &(UNICODE_STRING){0});
        NtKey *registry = root ? key_add(root, &names[0]) : NULL;
        return registry && key_add(registry, &names[1]) && key_add(registry, &names[2]);
}

enum Walk { WALK_OPEN, WALK_CREATE_LAST, WALK_CREATE_ALL };

// Goes down from `from` along path (with or without a leading backslash). Lock held.
static NTSTATUS key_walk(NtKey *from, const UNICODE_STRING *path, enum Walk walk, NtKey **ret,
                         bool *ret_created)
{
        NtKey *k = from;
        size_t n = path->Length / sizeof(WCHAR), i = 0;
        int above = 0; // levels over `from`: a handle must not lead deeper than a path
        *ret_created = false;
        if (from->deleted) // nothing may hang on what goes with its last handle
                return STATUS_KEY_DELETED;
        for (const NtKey *p = from; p->parent; p = p->parent)
                above++;
        for (int depth = 0; i < n; depth++) {
                if (path->Buffer[i] == L'\\') {
                        i++;
                        if (depth > 0 && i < n && path->Buffer[i] == L'\\')
                                return STATUS_OBJECT_NAME_INVALID;
                        if (i >= n)
                                break;
                }
                size_t start = i;
                while (i < n && path->Buffer[i] != L'\\')
                        i++;
                UNICODE_STRING name = {(USHORT)((i - start) * 2), 0, path->Buffer + start};
                if (!name.Length || name.Length > KEY_NAME_MAX || above + depth >= KEY_DEPTH_MAX)
                        return STATUS_OBJECT_NAME_INVALID;
                bool last = i >= n || (i + 1 == n && path->Buffer[i] == L'\\');
                NtKey *child = key_child(k, &name);
                if (!child) {
                        if (walk == WALK_OPEN || (walk == WALK_CREATE_LAST && !last))
                                return STATUS_OBJECT_NAME_NOT_FOUND;
                        if (k == root || k->parent == root) // \Registry and its hives are the system's
                                return STATUS_ACCESS_DENIED;
                        child = key_add(k, &name);
                        if (!child)
                                return STATUS_INSUFFICIENT_RESOURCES;
                        *ret_created = true;
                }
                k = child;
        }
        *ret = k; // what is deleted hangs on nothing and cannot have been found
        return STATUS_SUCCESS;
}

static Value *value_find(const NtKey *key, const UNICODE_STRING *name)
{
        for (LIST_ENTRY *e = key->values.Flink; e != &key->values; e = e->Flink) {
                Value *v = CONTAINING_RECORD(e, Value, link);
                if (nt_unicode_equal(&v->name, name))
                        return v;
        }
        return NULL;
}

static NTSTATUS value_set(NtKey *key, const UNICODE_STRING *name, ULONG type, const void *data, ULONG size)
{
        if (name->Length > VALUE_NAME_MAX || (name->Length & 1))
                return STATUS_INVALID_PARAMETER;
        if (size > VALUE_DATA_MAX)
                return STATUS_INSUFFICIENT_RESOURCES;
        Value *v = reg_alloc(sizeof *v + size);
        if (!v)
                return STATUS_INSUFFICIENT_RESOURCES;
        v->type = type;
        v->size = size;
        if (size)
                memcpy(v->data, data, size);
        Value *old = value_find(key, name);
        if (old) { // keeps its spelling and its place
                v->name = old->name;
                InsertHeadList(&old->link, &v->link);
                RemoveEntryList(&old->link);
                ExFreePool(old);
        } else {
                if (!name_copy(&v->name, name)) {
                        ExFreePool(v);
                        return STATUS_INSUFFICIENT_RESOURCES;
                }
                InsertTailList(&key->values, &v->link);
        }
        KeQuerySystemTime(&key->written);
        return STATUS_SUCCESS;
}

// --- what the room and the host use --------------------------------------------------------------

static NTSTATUS lookup(const UNICODE_STRING *path, enum Walk walk, NtKey **ret)
{
        bool created;
        if (!root_make())
                return STATUS_INSUFFICIENT_RESOURCES;
        return key_walk(root, path, walk, ret, &created);
}

NTSTATUS nt_registry_create_key(const UNICODE_STRING *path)
{
        NtKey *key;
        pthread_mutex_lock(&mutex);
        NTSTATUS status = lookup(path, WALK_CREATE_ALL, &key);
        pthread_mutex_unlock(&mutex);
        return status;
}

void (*nt_registry_changed)(void);

static void registry_changed(NTSTATUS status)
{
        if (NT_SUCCESS(status) && nt_registry_changed)
                nt_registry_changed();
}

NTSTATUS nt_registry_set(const UNICODE_STRING *path, const UNICODE_STRING *name, ULONG type, const void *data,
                         ULONG size)
{
        NtKey *key;
        pthread_mutex_lock(&mutex);
        NTSTATUS status = lookup(path, WALK_CREATE_ALL, &key);
        if (NT_SUCCESS(status))
                status = value_set(key, name, type, data, size);
        pthread_mutex_unlock(&mutex);
        registry_changed(status);
        return status;
}

NTSTATUS nt_registry_get(const UNICODE_STRING *path, const UNICODE_STRING *name, ULONG *ret_type, void *data,
                         ULONG size, ULONG *ret_size)
{
        NtKey *key;
        pthread_mutex_lock(&mutex);
        NTSTATUS status = lookup(path, WALK_OPEN, &key);
        if (NT_SUCCESS(status)) {
                Value *v = value_find(key, name);
                if (v) {
                        *ret_type = v->type;
                        *ret_size = v->size;
                        if (size)
                                memcpy(data, v->data, v->size < size ? v->size : size);
                } else {
                        status = STATUS_OBJECT_NAME_NOT_FOUND;
                }
        }
        pthread_mutex_unlock(&mutex);
        return status;
}

// A path of the command line as one of the registry. 0, -EINVAL, -ENOMEM.
static int path_from_utf8(const char *path, UNICODE_STRING *ret)
{
        static const char *const hives[][2] = {
                {"HKLM\\", "\\Registry\\Machine\\"},
                {"HKEY_LOCAL_MACHINE\\", "\\Registry\\Machine\\"},
                {"HKU\\", "\\Registry\\User\\"},
                {"HKEY_USERS\\", "\\Registry\\User\\"},
                {"\\Registry\\Machine\\", "\\Registry\\Machine\\"},
                {"\\Registry\\User\\", "\\Registry\\User\\"},
        };
        for (size_t i = 0; i < RTL_NUMBER_OF(hives); i++) {
                size_t n = strlen(hives[i][0]);
                if (strncasecmp(path, hives[i][0], n) != 0)
                        continue;
                NTSTATUS status = nt_unicode_format(ret, "%s%s", hives[i][1], path + n);
                return NT_SUCCESS(status) ? 0 : status == STATUS_NAME_TOO_LONG ? -EINVAL : -ENOMEM;
        }
        return -EINVAL;
}

static int set_utf8(const char *path, const char *value, ULONG type, const void *data, ULONG size)
{
        UNICODE_STRING key, name;
        int r = path_from_utf8(path, &key);
        if (r < 0)
                return r;
        if (!nt_unicode_from_utf8(&name, value)) {
                nt_unicode_free(&key);
                return -EINVAL;
        }
        NTSTATUS status = nt_registry_set(&key, &name, type, data, size);
        nt_unicode_free(&key);
        nt_unicode_free(&name);
        return NT_SUCCESS(status) ? 0 : status == STATUS_INSUFFICIENT_RESOURCES ? -ENOMEM : -EINVAL;
}

int nt_registry_set_dword(const char *path, const char *value, ULONG n)
{
        return set_utf8(path, value, REG_DWORD, &n, sizeof n);
}

int nt_registry_set_string(const char *path, const char *value, const char *text)
{
        UNICODE_STRING data;
        if (!nt_unicode_from_utf8(&data, text))
                return -EINVAL;
        int r = set_utf8(path, value, REG_SZ, data.Buffer, data.Length + sizeof(WCHAR));
        nt_unicode_free(&data);
        return r;
}

int nt_registry_get_dword(const char *path, const char *value, ULONG *ret)
{
        UNICODE_STRING key, name;
        int r = path_from_utf8(path, &key);
        if (r < 0)
                return r;
        if (!nt_unicode_from_utf8(&name, value)) {
                nt_unicode_free(&key);
                return -EINVAL;
        }
        ULONG type, size;
        NTSTATUS status = nt_registry_get(&key, &name, &type, ret, sizeof *ret, &size);
        nt_unicode_free(&key);
        nt_unicode_free(&name);
        return NT_SUCCESS(status) && type == REG_DWORD && size == sizeof *ret ? 0 : 1;
}

// --- handles -------------------------------------------------------------------------------------

typedef struct KeyObject {
        NtKey *key;
} KeyObject;

static void key_object_destroy(void *body)
{
        KeyObject *o = body;
        pthread_mutex_lock(&mutex);
        if (o->key && --o->key->opens == 0 && o->key->deleted)
                key_free(o->key);
        pthread_mutex_unlock(&mutex);
}

struct _OBJECT_TYPE nt_type_key = {"Key", key_object_destroy, NT_TAG('K', 'e', 'y', ' ')};

static NTSTATUS open_object(NtKey *from, const UNICODE_STRING *path, enum Walk walk, HANDLE *ret,
                            bool *ret_created)
{
        KeyObject *o = nt_object_create(&nt_type_key, sizeof *o, false);
        if (!o)
                return STATUS_INSUFFICIENT_RESOURCES;
        pthread_mutex_lock(&mutex);
        NTSTATUS status = root_make() ? key_walk(from ? from : root, path, walk, &o->key, ret_created)
                                      : STATUS_INSUFFICIENT_RESOURCES;
        if (NT_SUCCESS(status))
                o->key->opens++;
        else
                o->key = NULL;
        pthread_mutex_unlock(&mutex);
        if (NT_SUCCESS(status))
                status = nt_handle_create(o, ret);
        ObfDereferenceObject(o);
        return status;
}

NTSTATUS nt_registry_open_handle(const UNICODE_STRING *path, bool create, HANDLE *ret)
{
        bool created;
        return open_object(NULL, path, create ? WALK_CREATE_ALL : WALK_OPEN, ret, &created);
}

static NTSTATUS open_attributes(POBJECT_ATTRIBUTES attributes, enum Walk walk, HANDLE *ret, bool *ret_created)
{
        *ret = NULL;
        if (!attributes || attributes->Length != sizeof *attributes || !attributes->ObjectName)
                return STATUS_INVALID_PARAMETER;
        const UNICODE_STRING *name = attributes->ObjectName;
        if (name->Length & 1)
                return STATUS_OBJECT_NAME_INVALID;
        if (!attributes->RootDirectory) {
                if (!name->Length || name->Buffer[0] != L'\\')
                        return STATUS_OBJECT_PATH_SYNTAX_BAD;
                return open_object(NULL, name, walk, ret, ret_created);
        }
        if (name->Length && name->Buffer[0] == L'\\')
                return STATUS_OBJECT_PATH_SYNTAX_BAD;
        KeyObject *o;
        NTSTATUS status = ObReferenceObjectByHandle(attributes->RootDirectory, 0, &nt_type_key, KernelMode,
                                                    (PVOID *)&o, NULL);
        if (!NT_SUCCESS(status))
                return status;
        status = open_object(o->key, name, walk, ret, ret_created);
        ObfDereferenceObject(o);
        return status;
}

NTEXPORT NTSTATUS NTAPI ZwOpenKey(PHANDLE ret, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes)
{
        (void)access;
        bool created;
        return open_attributes(attributes, WALK_OPEN, ret, &created);
}

NTEXPORT NTSTATUS NTAPI ZwOpenKeyEx(PHANDLE ret, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                                    ULONG options)
{
        (void)options;
        return ZwOpenKey(ret, access, attributes);
}

NTEXPORT NTSTATUS NTAPI ZwCreateKey(PHANDLE ret, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                                    ULONG title, PUNICODE_STRING class, ULONG options, PULONG disposition)
{
        (void)access, (void)title, (void)class, (void)options;
        bool created;
        NTSTATUS status = open_attributes(attributes, WALK_CREATE_LAST, ret, &created);
        if (NT_SUCCESS(status) && disposition)
                *disposition = created ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
        return status;
}

// Looks a handle up and takes the lock; key_unlock ends both.
static NTSTATUS key_lock(HANDLE handle, KeyObject **ret)
{
        NTSTATUS status = ObReferenceObjectByHandle(handle, 0, &nt_type_key, KernelMode, (PVOID *)ret, NULL);
        if (!NT_SUCCESS(status))
                return status;
        pthread_mutex_lock(&mutex);
        if ((*ret)->key->deleted) {
                pthread_mutex_unlock(&mutex);
                ObfDereferenceObject(*ret);
                return STATUS_KEY_DELETED;
        }
        return STATUS_SUCCESS;
}

static void key_unlock(KeyObject *o)
{
        pthread_mutex_unlock(&mutex);
        ObfDereferenceObject(o);
}

NTEXPORT NTSTATUS NTAPI ZwDeleteKey(HANDLE handle)
{
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (!NT_SUCCESS(status))
                return status;
        if (!IsListEmpty(&o->key->keys) || !o->key->parent || o->key->parent == root ||
            o->key->parent->parent == root) {
                status = STATUS_CANNOT_DELETE;
        } else {
                RemoveEntryList(&o->key->link);
                o->key->deleted = true;
        }
        key_unlock(o);
        registry_changed(status);
        return status;
}

NTEXPORT NTSTATUS NTAPI ZwFlushKey(HANDLE handle)
{
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (NT_SUCCESS(status))
                key_unlock(o);
        return status;
}

NTEXPORT NTSTATUS NTAPI ZwSetValueKey(HANDLE handle, PUNICODE_STRING name, ULONG title, ULONG type,
                                      PVOID data, ULONG size)
{
        (void)title;
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (!NT_SUCCESS(status))
                return status;
        status = value_set(o->key, name, type, data, size);
        key_unlock(o);
        registry_changed(status);
        return status;
}

NTEXPORT NTSTATUS NTAPI ZwDeleteValueKey(HANDLE handle, PUNICODE_STRING name)
{
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (!NT_SUCCESS(status))
                return status;
        Value *v = value_find(o->key, name);
        if (v) {
                RemoveEntryList(&v->link);
                ExFreePool(v->name.Buffer);
                ExFreePool(v);
        }
        key_unlock(o);
        status = v ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
        registry_changed(status);
        return status;
}

// --- answers of variable length ------------------------------------------------------------------

// The documented protocol: not even the fixed part fits = TOO_SMALL, not all fits = OVERFLOW and what fits is
// there.
typedef struct Answer {
        UCHAR *buffer;
        ULONG room, need, fixed;
} Answer;

static void answer_put(Answer *a, ULONG at, const void *data, ULONG size)
{
        if (at + size > a->need)
                a->need = at + size;
        if (!size || at >= a->room)
                return;
        memcpy(a->buffer + at, data, size < a->room - at ? size : a->room - at);
}

static NTSTATUS answer_status(const Answer *a, PULONG result)
{
        *result = a->need;
        return a->room < a->fixed  ? STATUS_BUFFER_TOO_SMALL
               : a->room < a->need ? STATUS_BUFFER_OVERFLOW
                                   : STATUS_SUCCESS;
}

#define PUT_FIELD(a, type, field, v)                                                                         \
        do {                                                                                                 \
                __typeof__(((type *)0)->field) put_ = (v);                                                   \
                if ((a)->room >= (a)->fixed)                                                                 \
                        answer_put((a), offsetof(type, field), &put_, sizeof put_);                          \
        } while (0)

static NTSTATUS value_answer(const Value *v, KEY_VALUE_INFORMATION_CLASS class, PVOID buffer, ULONG room,
                             PULONG result)
{
        Answer a = {.buffer = buffer, .room = room};
        switch (class) {
        case KeyValueBasicInformation:
                a.need = a.fixed = offsetof(KEY_VALUE_BASIC_INFORMATION, Name);
                PUT_FIELD(&a, KEY_VALUE_BASIC_INFORMATION, TitleIndex, 0);
                PUT_FIELD(&a, KEY_VALUE_BASIC_INFORMATION, Type, v->type);
                PUT_FIELD(&a, KEY_VALUE_BASIC_INFORMATION, NameLength, v->name.Length);
                answer_put(&a, a.fixed, v->name.Buffer, v->name.Length);
                return answer_status(&a, result);
        case KeyValueFullInformation:
        case KeyValueFullInformationAlign64: {
                a.need = a.fixed = offsetof(KEY_VALUE_FULL_INFORMATION, Name);
                ULONG align = class == KeyValueFullInformation ? 4 : 8;
                ULONG at = (a.fixed + v->name.Length + align - 1) & ~(align - 1);
                PUT_FIELD(&a, KEY_VALUE_FULL_INFORMATION, TitleIndex, 0);
                PUT_FIELD(&a, KEY_VALUE_FULL_INFORMATION, Type, v->type);
                PUT_FIELD(&a, KEY_VALUE_FULL_INFORMATION, DataOffset, at);
                PUT_FIELD(&a, KEY_VALUE_FULL_INFORMATION, DataLength, v->size);
                PUT_FIELD(&a, KEY_VALUE_FULL_INFORMATION, NameLength, v->name.Length);
                answer_put(&a, a.fixed, v->name.Buffer, v->name.Length);
                answer_put(&a, at, v->data, v->size);
                return answer_status(&a, result);
        }
        case KeyValuePartialInformation:
                a.need = a.fixed = offsetof(KEY_VALUE_PARTIAL_INFORMATION, Data);
                PUT_FIELD(&a, KEY_VALUE_PARTIAL_INFORMATION, TitleIndex, 0);
                PUT_FIELD(&a, KEY_VALUE_PARTIAL_INFORMATION, Type, v->type);
                PUT_FIELD(&a, KEY_VALUE_PARTIAL_INFORMATION, DataLength, v->size);
                answer_put(&a, a.fixed, v->data, v->size);
                return answer_status(&a, result);
        case KeyValuePartialInformationAlign64:
                a.need = a.fixed = offsetof(KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Data);
                PUT_FIELD(&a, KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, Type, v->type);
                PUT_FIELD(&a, KEY_VALUE_PARTIAL_INFORMATION_ALIGN64, DataLength, v->size);
                answer_put(&a, a.fixed, v->data, v->size);
                return answer_status(&a, result);
        case KeyValueLayerInformation:
        case MaxKeyValueInfoClass:
        default:
                return STATUS_INVALID_PARAMETER;
        }
}

NTEXPORT NTSTATUS NTAPI ZwQueryValueKey(HANDLE handle, PUNICODE_STRING name,
                                        KEY_VALUE_INFORMATION_CLASS class, PVOID buffer, ULONG room,
                                        PULONG result)
{
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (!NT_SUCCESS(status))
                return status;
        Value *v = value_find(o->key, name);
        status = v ? value_answer(v, class, buffer, room, result) : STATUS_OBJECT_NAME_NOT_FOUND;
        key_unlock(o);
        return status;
}

NTEXPORT NTSTATUS NTAPI ZwEnumerateValueKey(HANDLE handle, ULONG index, KEY_VALUE_INFORMATION_CLASS class,
                                            PVOID buffer, ULONG room, PULONG result)
{
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (!NT_SUCCESS(status))
                return status;
        LIST_ENTRY *e = o->key->values.Flink;
        while (index-- && e != &o->key->values)
                e = e->Flink;
        status = e == &o->key->values
                         ? STATUS_NO_MORE_ENTRIES
                         : value_answer(CONTAINING_RECORD(e, Value, link), class, buffer, room, result);
        key_unlock(o);
        return status;
}

static void counts(const NtKey *k, ULONG *keys, ULONG *name_max, ULONG *values, ULONG *value_name_max,
                   ULONG *data_max)
{
        *keys = *name_max = *values = *value_name_max = *data_max = 0;
        for (LIST_ENTRY *e = k->keys.Flink; e != &k->keys; e = e->Flink, ++*keys)
                if (CONTAINING_RECORD(e, NtKey, link)->name.Length > *name_max)
                        *name_max = CONTAINING_RECORD(e, NtKey, link)->name.Length;
        for (LIST_ENTRY *e = k->values.Flink; e != &k->values; e = e->Flink, ++*values) {
                Value *v = CONTAINING_RECORD(e, Value, link);
                if (v->name.Length > *value_name_max)
                        *value_name_max = v->name.Length;
                if (v->size > *data_max)
                        *data_max = v->size;
        }
}

// KeyName, which <wdm.h> leaves out.
typedef struct KeyName {
        ULONG NameLength;
        WCHAR Name[1];
} KeyName;

static ULONG full_name(const NtKey *k, Answer *a, ULONG at)
{
        if (!k->parent) // the nameless root
                return at;
        at = full_name(k->parent, a, at); // no deeper than KEY_DEPTH_MAX
        answer_put(a, at, L"\\", sizeof(WCHAR));
        answer_put(a, at + sizeof(WCHAR), k->name.Buffer, k->name.Length);
        return at + 2u + k->name.Length;
}

static NTSTATUS key_answer(const NtKey *k, KEY_INFORMATION_CLASS class, PVOID buffer, ULONG room,
                           PULONG result)
{
        Answer a = {.buffer = buffer, .room = room};
        if (class == KeyBasicInformation) {
                a.need = a.fixed = offsetof(KEY_BASIC_INFORMATION, Name);
                PUT_FIELD(&a, KEY_BASIC_INFORMATION, LastWriteTime, k->written);
                PUT_FIELD(&a, KEY_BASIC_INFORMATION, TitleIndex, 0);
                PUT_FIELD(&a, KEY_BASIC_INFORMATION, NameLength, k->name.Length);
                answer_put(&a, a.fixed, k->name.Buffer, k->name.Length);
        } else if (class == KeyNodeInformation) {
                a.need = a.fixed = offsetof(KEY_NODE_INFORMATION, Name);
                PUT_FIELD(&a, KEY_NODE_INFORMATION, LastWriteTime, k->written);
                PUT_FIELD(&a, KEY_NODE_INFORMATION, TitleIndex, 0);
                PUT_FIELD(&a, KEY_NODE_INFORMATION, ClassOffset, (ULONG)-1);
                PUT_FIELD(&a, KEY_NODE_INFORMATION, ClassLength, 0);
                PUT_FIELD(&a, KEY_NODE_INFORMATION, NameLength, k->name.Length);
                answer_put(&a, a.fixed, k->name.Buffer, k->name.Length);
        } else if (class == KeyFullInformation) {
                ULONG keys, name_max, values, value_name_max, data_max;
                counts(k, &keys, &name_max, &values, &value_name_max, &data_max);
                a.need = a.fixed = offsetof(KEY_FULL_INFORMATION, Class);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, LastWriteTime, k->written);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, TitleIndex, 0);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, ClassOffset, (ULONG)-1);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, ClassLength, 0);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, SubKeys, keys);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, MaxNameLen, name_max);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, MaxClassLen, 0);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, Values, values);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, MaxValueNameLen, value_name_max);
                PUT_FIELD(&a, KEY_FULL_INFORMATION, MaxValueDataLen, data_max);
        } else if (class == KeyNameInformation) {
                a.need = a.fixed = offsetof(KeyName, Name);
                ULONG end = full_name(k, &a, a.fixed);
                PUT_FIELD(&a, KeyName, NameLength, end - a.fixed);
        } else {
                return STATUS_INVALID_PARAMETER;
        }
        return answer_status(&a, result);
}

NTEXPORT NTSTATUS NTAPI ZwQueryKey(HANDLE handle, KEY_INFORMATION_CLASS class, PVOID buffer, ULONG room,
                                   PULONG result)
{
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (!NT_SUCCESS(status))
                return status;
        status = key_answer(o->key, class, buffer, room, result);
        key_unlock(o);
        return status;
}

NTEXPORT NTSTATUS NTAPI ZwEnumerateKey(HANDLE handle, ULONG index, KEY_INFORMATION_CLASS class, PVOID buffer,
                                       ULONG room, PULONG result)
{
        KeyObject *o;
        NTSTATUS status = key_lock(handle, &o);
        if (!NT_SUCCESS(status))
                return status;
        LIST_ENTRY *e = o->key->keys.Flink;
        while (index-- && e != &o->key->keys)
                e = e->Flink;
        status = e == &o->key->keys
                         ? STATUS_NO_MORE_ENTRIES
                         : key_answer(CONTAINING_RECORD(e, NtKey, link), class, buffer, room, result);
        key_unlock(o);
        return status;
}
