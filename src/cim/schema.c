// SPDX-License-Identifier: MIT
// Schema: snapshots of namespaces.
//
// A snapshot holds an array of namespaces, a namespace an array of classes in order of creation and hash
// tables of their names and GUIDs. Namespaces that a change does not touch are shared with the old snapshot.
// A change copies the touched namespaces as lists of pointers, puts its classes in and takes others out
// (which leaves holes until all is done), and has schema-build.c rebuild what this made stale.
#include "cim/schema.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf.h"
#include "cim/schema-impl.h"
#include "cim/status.h"

static uint64_t schema_generations, schema_versions; // last used; atomic

// --- tables of indices
// --------------------------------------------------------------------------------------

// Open addressing over uint32_t: index + 1, 0 free. `count` entries need a table of more than as many slots.
static uint32_t table_size(size_t count)
{
        uint32_t n = 16;
        while (n < count * 2)
                n *= 2;
        return n;
}

static void table_put(uint32_t *slots, uint32_t size, uint64_t hash, size_t index)
{
        uint32_t at = (uint32_t)hash & (size - 1);
        while (slots[at])
                at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)index + 1;
}

// --- namespaces
// -------------------------------------------------------------------------------------------------

SchemaSpace *schema_space_unref(SchemaSpace *s)
{
        if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) != 0)
                return NULL;
        for (size_t i = 0; i < s->class_count; i++)
                cim_class_unref(s->classes[i]);
        free(s->classes);
        free(s->above);
        free(s->slots);
        free(s->guids);
        free(s->guid_slots);
        free(s);
        return NULL;
}

static SchemaSpace *space_new(Str name)
{
        SchemaSpace *s = calloc(1, sizeof(*s) + name.n + 1);
        if (!s)
                return NULL;
        s->refs = 1;
        memcpy(s->text, name.p, name.n);
        s->name = (Str){s->text, name.n};
        return s;
}

// Room for one more class, in the array and in the table.
static int space_grow(SchemaSpace *s)
{
        if (s->class_count == s->class_capacity) {
                size_t more = s->class_capacity ? s->class_capacity * 2 : 16;
                const CimClass **p = reallocarray(s->classes, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                s->classes = p;
                s->class_capacity = more;
        }
        uint32_t size = table_size(s->class_count + 1);
        if (size == s->slot_count)
                return 0;
        uint32_t *slots = calloc(size, sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < s->class_count; i++)
                if (s->classes[i])
                        table_put(slots, size, str_ihash(s->classes[i]->name), i);
        free(s->slots);
        s->slots = slots;
        s->slot_count = size;
        return 0;
}

size_t schema_space_find(const SchemaSpace *s, Str name)
{
        if (!s->slot_count)
                return SIZE_MAX;
        uint32_t mask = s->slot_count - 1;
        for (uint32_t at = (uint32_t)str_ihash(name) & mask; s->slots[at]; at = (at + 1) & mask) {
                const CimClass *c = s->classes[s->slots[at] - 1];
                if (c && str_ieq(c->name, name))
                        return s->slots[at] - 1;
        }
        return SIZE_MAX;
}

static SchemaSpace *space_copy(const SchemaSpace *from)
{
        SchemaSpace *s = space_new(from->name);
        if (!s)
                return NULL;
        s->classes = from->class_count ? calloc(from->class_count, sizeof(*s->classes)) : NULL;
        s->slots = from->slot_count ? calloc(from->slot_count, sizeof(*s->slots)) : NULL;
        if ((from->class_count && !s->classes) || (from->slot_count && !s->slots))
                return schema_space_unref(s);
        s->class_capacity = from->class_count;
        s->slot_count = from->slot_count;
        if (s->slot_count)
                memcpy(s->slots, from->slots, s->slot_count * sizeof(*s->slots));
        for (; s->class_count < from->class_count; s->class_count++)
                s->classes[s->class_count] = cim_class_ref(from->classes[s->class_count]);
        return s;
}

static int space_put(SchemaSpace *s, CimClass *c)
{
        size_t at = schema_space_find(s, c->name);
        if (at != SIZE_MAX) {
                const CimClass *was = s->classes[at];
                s->classes[at] = cim_class_ref(c);
                cim_class_unref(was);
                return 0;
        }
        int r = space_grow(s);
        if (r < 0)
                return r;
        table_put(s->slots, s->slot_count, str_ihash(c->name), s->class_count);
        s->classes[s->class_count++] = cim_class_ref(c);
        return 0;
}

static int space_remove(SchemaSpace *s, Str name, Diag *reterr)
{
        size_t at = schema_space_find(s, name);
        if (at == SIZE_MAX)
                return diag_set(reterr, CIM_E_NOT_FOUND, "there is no class %.*s in %.*s to remove",
                                STR_ARG(name), STR_ARG(s->name));
        s->classes[at] = cim_class_unref(s->classes[at]);
        s->holes = true;
        return 0;
}

// Closes the holes that removed classes have left.
static void space_close(SchemaSpace *s)
{
        if (!s->holes)
                return;
        size_t n = 0;
        memset(s->slots, 0, s->slot_count * sizeof(*s->slots));
        for (size_t i = 0; i < s->class_count; i++) {
                if (!s->classes[i])
                        continue;
                table_put(s->slots, s->slot_count, str_ihash(s->classes[i]->name), n);
                s->classes[n++] = s->classes[i];
        }
        s->class_count = n;
        s->holes = false;
}

static uint32_t space_guid(const SchemaSpace *s, const Guid *guid)
{
        uint32_t mask = s->guid_slot_count - 1;
        for (uint32_t at = (uint32_t)hash_bytes(guid, sizeof(*guid)) & mask;
             s->guid_slot_count && s->guid_slots[at]; at = (at + 1) & mask)
                if (guid_eq(&s->guids[s->guid_slots[at] - 1].klass->guid, guid))
                        return s->guid_slots[at] - 1;
        return UINT32_MAX;
}

// Counts the members of a namespace's classes and makes its table of GUIDs.
static int space_index(SchemaSpace *s)
{
        size_t guids = 0;
        s->members = 0;
        for (size_t i = 0; i < s->class_count; i++) {
                s->members += s->classes[i]->property_count + s->classes[i]->method_count;
                guids += s->classes[i]->has_guid;
        }
        if (!guids)
                return 0;
        s->guids = calloc(guids, sizeof(*s->guids));
        s->guid_slots = calloc(table_size(guids), sizeof(*s->guid_slots));
        if (!s->guids || !s->guid_slots)
                return -ENOMEM;
        s->guid_slot_count = table_size(guids);
        for (size_t i = 0; i < s->class_count; i++) {
                const CimClass *c = s->classes[i];
                if (!c->has_guid)
                        continue;
                uint32_t first = space_guid(s, &c->guid), at = s->guid_count++;
                s->guids[at] = (SchemaGuid){.klass = c, .next = UINT32_MAX, .last = at};
                if (first == UINT32_MAX) {
                        table_put(s->guid_slots, s->guid_slot_count, hash_bytes(&c->guid, sizeof(c->guid)),
                                  at);
                } else {
                        s->guids[s->guids[first].last].next = at;
                        s->guids[first].last = at;
                }
        }
        return 0;
}

// --- snapshots
// -------------------------------------------------------------------------------------------------

static CimSchema *schema_make(size_t capacity)
{
        CimSchema *s = calloc(1, sizeof(*s));
        if (!s)
                return NULL;
        s->refs = 1;
        s->spaces = calloc(capacity ? capacity : 1, sizeof(*s->spaces));
        if (!s->spaces) {
                free(s);
                return NULL;
        }
        s->space_capacity = capacity;
        return s;
}

CimSchema *cim_schema_new(void)
{
        CimSchema *s = schema_make(0);
        if (s)
                s->generation = __atomic_add_fetch(&schema_generations, 1, __ATOMIC_RELAXED);
        return s;
}

CimSchema *cim_schema_ref(const CimSchema *s)
{
        CimSchema *k = (CimSchema *)(uintptr_t)s; // the count is no part of what is immutable
        if (k)
                __atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
        return k;
}

CimSchema *cim_schema_unref(const CimSchema *s)
{
        CimSchema *k = (CimSchema *)(uintptr_t)s;
        if (!k || __atomic_sub_fetch(&k->refs, 1, __ATOMIC_ACQ_REL) != 0)
                return NULL;
        for (size_t i = 0; i < k->space_count; i++)
                schema_space_unref(k->spaces[i]);
        free(k->spaces);
        free(k->slots);
        free(k);
        return NULL;
}

uint64_t cim_schema_generation(const CimSchema *s)
{
        return s->generation;
}

static size_t schema_space_at(const CimSchema *s, Str name)
{
        if (!s->slot_count)
                return SIZE_MAX;
        uint32_t mask = s->slot_count - 1;
        for (uint32_t at = (uint32_t)str_ihash(name) & mask; s->slots[at]; at = (at + 1) & mask) {
                const SchemaSpace *space = s->spaces[s->slots[at] - 1];
                if (space && str_ieq(space->name, name))
                        return s->slots[at] - 1;
        }
        return SIZE_MAX;
}

// --- changes
// -----------------------------------------------------------------------------------------------------

// Appends a namespace whose reference is given, growing array and table.
static int schema_append(CimSchema *s, SchemaSpace *space)
{
        if (s->space_count == s->space_capacity) {
                size_t more = s->space_capacity ? s->space_capacity * 2 : 8;
                SchemaSpace **p = reallocarray(s->spaces, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                s->spaces = p;
                s->space_capacity = more;
        }
        uint32_t size = table_size(s->space_count + 1);
        if (size != s->slot_count) {
                uint32_t *slots = calloc(size, sizeof(*slots));
                if (!slots)
                        return -ENOMEM;
                for (size_t i = 0; i < s->space_count; i++)
                        if (s->spaces[i])
                                table_put(slots, size, str_ihash(s->spaces[i]->name), i);
                free(s->slots);
                s->slots = slots;
                s->slot_count = size;
        }
        table_put(s->slots, s->slot_count, str_ihash(space->name), s->space_count);
        s->spaces[s->space_count++] = space;
        return 0;
}

static int schema_create(CimSchema *s, Str name)
{
        SchemaSpace *space = space_new(name);
        int r = space ? schema_append(s, space) : -ENOMEM;
        if (r < 0)
                schema_space_unref(space);
        else
                space->changed = true;
        return r;
}

// The namespace at an index as this snapshot's own copy.
static int schema_own(CimSchema *s, size_t at, SchemaSpace **ret)
{
        if (!s->spaces[at]->changed) {
                SchemaSpace *own = space_copy(s->spaces[at]);
                if (!own)
                        return -ENOMEM;
                own->changed = true;
                schema_space_unref(s->spaces[at]);
                s->spaces[at] = own;
        }
        *ret = s->spaces[at];
        return 0;
}

// The same by name; it is made with its parents where missing.
static int schema_touch(CimSchema *s, Str name, SchemaSpace **ret)
{
        for (size_t n = 0; n <= name.n; n++) {
                if (n < name.n && name.p[n] != '\\')
                        continue;
                if (schema_space_at(s, (Str){name.p, n}) != SIZE_MAX)
                        continue;
                int r = schema_create(s, (Str){name.p, n});
                if (r < 0)
                        return r;
        }
        return schema_own(s, schema_space_at(s, name), ret);
}

// Takes a class out of a namespace, or a namespace with all its classes out of the snapshot.
static int schema_remove(CimSchema *s, const CimChange *change, Diag *reterr)
{
        size_t at = schema_space_at(s, change->namespace);
        if (at == SIZE_MAX)
                return diag_set(reterr, CIM_E_INVALID_NAMESPACE, "there is no namespace %.*s",
                                STR_ARG(change->namespace));
        if (!change->klass) {
                s->spaces[at] = schema_space_unref(s->spaces[at]);
                s->holes = true;
                return 0;
        }
        SchemaSpace *space;
        int r = schema_own(s, at, &space);
        return r == 0 ? space_remove(space, change->klass->name, reterr) : r;
}

// Closes the holes that removed namespaces have left, when no namespace was left without the one above it.
static int schema_close(CimSchema *s, Diag *reterr)
{
        for (size_t i = 0; i < s->space_count; i++)
                if (s->spaces[i])
                        space_close(s->spaces[i]);
        if (!s->holes)
                return 0;
        for (size_t i = 0; i < s->space_count; i++) {
                Str name = s->spaces[i] ? s->spaces[i]->name : (Str){0}, up = name;
                while (up.n && up.p[up.n - 1] != '\\')
                        up.n--;
                if (up.n && schema_space_at(s, (Str){up.p, up.n - 1}) == SIZE_MAX)
                        return diag_set(reterr, CIM_E_INVALID_OPERATION,
                                        "%.*s cannot be removed: %.*s is below it", (int)up.n - 1, up.p,
                                        STR_ARG(name));
        }
        size_t n = 0;
        memset(s->slots, 0, s->slot_count * sizeof(*s->slots));
        for (size_t i = 0; i < s->space_count; i++) {
                if (!s->spaces[i])
                        continue;
                table_put(s->slots, s->slot_count, str_ihash(s->spaces[i]->name), n);
                s->spaces[n++] = s->spaces[i];
        }
        s->space_count = n;
        s->holes = false;
        return 0;
}

static int schema_apply(CimSchema *s, const CimChange *changes, size_t n, Diag *reterr)
{
        for (size_t i = 0; i < n; i++) {
                SchemaSpace *space;
                int r = changes[i].remove ? schema_remove(s, &changes[i], reterr)
                                          : schema_touch(s, changes[i].namespace, &space);
                if (r == 0 && !changes[i].remove && changes[i].klass)
                        r = space_put(space, changes[i].klass);
                if (r)
                        return r;
        }
        return schema_close(s, reterr);
}

static int schema_copy(const CimSchema *old, CimSchema **ret)
{
        CimSchema *s = schema_make(old->space_count + 1);
        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < old->space_count; i++) {
                SchemaSpace *space = old->spaces[i];
                __atomic_add_fetch(&space->refs, 1, __ATOMIC_RELAXED);
                int r = schema_append(s, space);
                if (r < 0) {
                        schema_space_unref(space);
                        cim_schema_unref(s);
                        return r;
                }
        }
        *ret = s;
        return 0;
}

// Versions begin at a place of this process's own, so that a class from another service, or from the service
// before it was started again, is not taken for one of ours when it comes back by version.
static uint64_t schema_version(void)
{
        uint64_t n = __atomic_add_fetch(&schema_versions, 1, __ATOMIC_RELAXED);
        return (hash_bytes("version", 7) & ~UINT64_C(0xFFFFFFFF)) + n;
}

static void schema_stamp(SchemaSpace *space)
{
        for (size_t i = 0; i < space->class_count; i++) {
                CimClass *c = (CimClass *)(uintptr_t)space->classes[i];
                if (!c->version)
                        c->version = schema_version();
        }
        space->changed = false;
}

// A text of some megabytes can name a million classes or namespaces; each costs the memory of many lines.
static int schema_bounds(const CimSchema *s, Diag *reterr)
{
        size_t classes = 0, members = 0;
        for (size_t i = 0; i < s->space_count; i++) {
                const SchemaSpace *space = s->spaces[i];
                classes += space->class_count;
                members += space->members;
        }
        if (s->space_count > LIMIT_NAMESPACES)
                return diag_set(reterr, CIM_E_QUOTA_VIOLATION,
                                "there would be %zu namespaces, at most %u can be", s->space_count,
                                LIMIT_NAMESPACES);
        if (classes > LIMIT_CLASSES)
                return diag_set(reterr, CIM_E_QUOTA_VIOLATION,
                                "there would be %zu classes in all namespaces, at most %u can be", classes,
                                LIMIT_CLASSES);
        if (members > LIMIT_MEMBERS)
                return diag_set(reterr, CIM_E_QUOTA_VIOLATION,
                                "all classes would have %zu properties and methods, at most %u can be",
                                members, LIMIT_MEMBERS);
        return 0;
}

int cim_schema_change(const CimSchema *old, const CimChange *changes, size_t n, CimSchema **ret, Diag *reterr)
{
        CimSchema *s;
        int r = schema_copy(old, &s);
        if (r < 0)
                return r;
        r = schema_apply(s, changes, n, reterr);
        for (size_t i = 0; i < s->space_count && r == 0; i++) {
                if (!s->spaces[i]->changed)
                        continue;
                r = schema_rebuild(s->spaces[i], changes, n, reterr);
                if (r == 0)
                        r = space_index(s->spaces[i]);
        }
        if (r == 0)
                r = schema_bounds(s, reterr);
        if (r) {
                cim_schema_unref(s);
                return r;
        }
        for (size_t i = 0; i < s->space_count; i++)
                if (s->spaces[i]->changed)
                        schema_stamp(s->spaces[i]);
        s->generation = __atomic_add_fetch(&schema_generations, 1, __ATOMIC_RELAXED);
        *ret = s;
        return 0;
}

// --- reading
// -----------------------------------------------------------------------------------------------------

bool cim_schema_has_namespace(const CimSchema *s, Str namespace)
{
        return schema_space_at(s, namespace) != SIZE_MAX;
}

const CimClass *cim_schema_find(const CimSchema *s, Str namespace, Str name)
{
        size_t at = schema_space_at(s, namespace);
        if (at == SIZE_MAX)
                return NULL;
        size_t k = schema_space_find(s->spaces[at], name);
        return k == SIZE_MAX ? NULL : s->spaces[at]->classes[k];
}

int cim_schema_each_namespace(const CimSchema *s, CimNamespaceVisit visit, void *context)
{
        int r = 0;
        for (size_t i = 0; i < s->space_count && r == 0; i++)
                r = visit(context, s->spaces[i]->name);
        return r;
}

int cim_schema_each_class(const CimSchema *s, Str namespace, CimClassVisit visit, void *context)
{
        size_t at = schema_space_at(s, namespace);
        const SchemaSpace *space = at == SIZE_MAX ? NULL : s->spaces[at];
        int r = 0;
        for (size_t i = 0; space && i < space->class_count && r == 0; i++)
                r = visit(context, space->name, space->classes[i]);
        return r;
}

int cim_schema_each_guid(const CimSchema *s, const Guid *guid, CimClassVisit visit, void *context)
{
        int r = 0;
        for (size_t i = 0; i < s->space_count && r == 0; i++) {
                const SchemaSpace *space = s->spaces[i];
                for (uint32_t k = space_guid(space, guid); k != UINT32_MAX && r == 0;
                     k = space->guids[k].next)
                        r = visit(context, space->name, space->guids[k].klass);
        }
        return r;
}

int cim_schema_each_derived(const CimSchema *s, Str namespace, const CimClass *base, CimClassVisit visit,
                            void *context)
{
        size_t at = schema_space_at(s, namespace);
        size_t index = at == SIZE_MAX ? SIZE_MAX : schema_space_find(s->spaces[at], base->name);
        const CimClass *now = index == SIZE_MAX ? NULL : s->spaces[at]->classes[index];
        int r = 0;
        if (now && !s->spaces[at]->above[index])
                return visit(context, s->spaces[at]->name, now);
        for (size_t i = 0; now && i < s->spaces[at]->class_count && r == 0; i++) {
                const CimClass *c = s->spaces[at]->classes[i], *up = c;
                while (up->depth > now->depth)
                        up = up->super;
                if (up == now)
                        r = visit(context, s->spaces[at]->name, c);
        }
        return r;
}

// --- names of namespaces
// ---------------------------------------------------------------------------------------------

static bool namespace_char(char c)
{
        unsigned char u = (unsigned char)c;
        return u > ' ' && u != 0x7F && c != '"' && c != ':' && c != '*' && c != '?' && c != '<' && c != '>' &&
               c != '|';
}

// Takes "\\.\" or "//localhost/" off the front. E_DIAG: a machine that is not this one.
static int namespace_machine(Str *name, Diag *reterr)
{
        const char *p = name->p;
        if (name->n < 2 || (p[0] != '\\' && p[0] != '/') || (p[1] != '\\' && p[1] != '/')) {
                if (name->n && (p[0] == '\\' || p[0] == '/'))
                        name->p++, name->n--;
                return 0;
        }
        size_t n = 2;
        while (n < name->n && p[n] != '\\' && p[n] != '/')
                n++;
        Str machine = {p + 2, n - 2};
        if (!str_eq(machine, STR(".")) && !str_ieq(machine, STR("localhost")))
                return diag_set(reterr, CIM_E_INVALID_NAMESPACE,
                                "the namespace is on another machine, \"%.*s\"",
                                (int)(machine.n < 80 ? machine.n : 80), machine.p);
        n += n < name->n;
        *name = (Str){p + n, name->n - n};
        return 0;
}

int cim_namespace_normal(Str name, char *out, Diag *reterr)
{
        int r = namespace_machine(&name, reterr);
        if (r)
                return r;
        if (name.n > LIMIT_NAMESPACE_CHARS)
                return diag_set(reterr, CIM_E_INVALID_NAMESPACE,
                                "the name of a namespace may have %u characters", LIMIT_NAMESPACE_CHARS);
        if (!utf8_valid(name.p, name.n, NULL))
                return diag_set(reterr, CIM_E_INVALID_NAMESPACE, "the name of the namespace is not UTF-8");
        size_t start = 0;
        for (size_t i = 0; i <= name.n; i++) {
                bool separator = i == name.n || name.p[i] == '\\' || name.p[i] == '/';
                if (!separator && !namespace_char(name.p[i]))
                        return diag_set(reterr, CIM_E_INVALID_NAMESPACE,
                                        "\"%.*s\" has a character that no namespace has", STR_ARG(name));
                out[i] = separator ? '\\' : name.p[i];
                if (!separator)
                        continue;
                if (i == start)
                        return diag_set(reterr, CIM_E_INVALID_NAMESPACE, "\"%.*s\" has an empty part",
                                        STR_ARG(name));
                if (start == 0 && !str_ieq((Str){name.p, i}, STR("root")))
                        return diag_set(reterr, CIM_E_INVALID_NAMESPACE, "\"%.*s\" is not below root",
                                        STR_ARG(name));
                start = i + 1;
        }
        out[name.n] = '\0';
        return 0;
}
