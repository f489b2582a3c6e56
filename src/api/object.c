// SPDX-License-Identifier: MIT
// Objects of the C API: one kind of wrapper for events, instances, classes and what is inside them.
//
// A root holds a reference of its instance. What readers were given (UTF-8, wrappers of inner objects, MOF) is kept in
// slots, one a property, and freed when the property is set or the root goes.
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/utf.h"
#include "cim/text.h"

// --- life ----------------------------------------------------------------------------------------

int api_object_new(CimInstance *take, bool writable, Str home, freewmi_object **ret)
{
        freewmi_object *o = calloc(1, sizeof(*o));
        char *where = home.n ? strndup(home.p, home.n) : NULL;
        if (!o || (home.n && !where)) {
                free(o);
                free(where);
                cim_instance_unref(take);
                return FREEWMI_NO_MEMORY;
        }
        o->root = o;
        o->refs = 1;
        o->instance = take;
        o->writable = writable;
        o->home = where;
        *ret = o;
        return FREEWMI_OK;
}

static void object_free(freewmi_object *o);

static void own_free(Own *own)
{
        if (!own)
                return;
        for (size_t i = 0; i < own->object_count; i++)
                cim_instance_unref(own->objects[i]);
        free(own->objects);
        free(own);
}

// Everything but `own`.
static void slot_clear(Slot *s)
{
        free(s->text);
        free(s->texts);
        free(s->sizes);
        // Objects lie in objects at most LIMIT_DEPTH deep, and so do their wrappers.
        for (size_t i = 0; i < s->child_count; i++)
                if (s->children[i])
                        object_free(s->children[i]);
        free(s->children);
        free(s->bytes);
        for (size_t i = 0; i < s->mof_count; i++)
                free(s->mofs[i]);
        free(s->mofs);
}

static void slot_deinit(Slot *s)
{
        slot_clear(s);
        own_free(s->own);
        *s = (Slot){0};
}

static void object_free(freewmi_object *o)
{
        if (o->slots)
                for (size_t i = 0; i < o->instance->class->property_count + CIM_SYSTEM_COUNT; i++)
                        slot_deinit(&o->slots[i]);
        free(o->slots);
        while (o->parked) {
                Slot *s = o->parked;
                o->parked = s->parked;
                slot_deinit(s);
                free(s);
        }
        arena_deinit(&o->arena);
        free(o->path);
        free(o->mof);
        free(o->home);
        if (o->root == o)
                cim_instance_unref(o->instance);
        free(o);
}

const freewmi_object *freewmi_object_ref(const freewmi_object *o)
{
        if (!o)
                return NULL;
        o->root->refs++;
        o->root->held += o->root != o;
        return o;
}

void freewmi_object_unref(const freewmi_object *o)
{
        if (!o)
                return;
        freewmi_object *root = o->root;
        root->held -= root != o;
        if (--root->refs == 0)
                object_free(root);
}

int freewmi_object_spawn(const freewmi_object *o, freewmi_object **ret)
{
        if (!o || !ret)
                return FREEWMI_BAD_ARGUMENT;
        CimInstance *i;
        if (cim_instance_new(o->instance->class, &i) < 0)
                return FREEWMI_NO_MEMORY;
        Str home = o->instance->namespace;
        if (!home.n && o->root->home)
                home = str_of(o->root->home);
        // As SpawnInstance does it: the new object lives in the namespace of its class.
        if (home.n && cim_instance_place(i, home) < 0) {
                cim_instance_unref(i);
                return FREEWMI_NO_MEMORY;
        }
        return api_object_new(i, true, home, ret);
}

int freewmi_object_copy(const freewmi_object *o, freewmi_object **ret)
{
        if (!o || !ret)
                return FREEWMI_BAD_ARGUMENT;
        CimInstance *i;
        int r = cim_instance_copy(o->instance, &i);
        if (r < 0)
                return r == -ENOMEM ? FREEWMI_NO_MEMORY : FREEWMI_OUT_OF_RANGE;
        return api_object_new(i, true, str_of(o->root->home ? o->root->home : ""), ret);
}

// --- slots ---------------------------------------------------------------------------------------

Slot *api_slot(const freewmi_object *o, size_t i)
{
        freewmi_object *x = (freewmi_object *)(uintptr_t)o; // a cache behind a const face
        if (!x->slots)
                x->slots = calloc(o->instance->class->property_count + CIM_SYSTEM_COUNT, sizeof(*x->slots));
        return x->slots ? &x->slots[i] : NULL;
}

int api_object_change(freewmi_object *o, size_t property)
{
        Slot *s = api_slot(o, property);
        if (!s)
                return FREEWMI_NO_MEMORY;
        if (o->root->held && (s->child_count || s->own)) {
                Slot *parked = malloc(sizeof(*parked));
                if (!parked)
                        return FREEWMI_NO_MEMORY;
                *parked = *s;
                parked->parked = o->root->parked;
                o->root->parked = parked;
                *s = (Slot){0};
        } else {
                slot_deinit(s);
        }
        for (size_t i = 0; i < CIM_SYSTEM_COUNT; i++) {
                slot_deinit(&o->slots[o->instance->class->property_count + i]);
                o->system_known[i] = false;
        }
        arena_deinit(&o->arena);
        free(o->path);
        free(o->mof);
        o->path = o->mof = NULL;
        return FREEWMI_OK;
}

freewmi_object *api_child(const freewmi_object *o, Slot *slot, size_t i, size_t n, const CimInstance *inside)
{
        if (!slot->children) {
                slot->children = calloc(n, sizeof(*slot->children));
                if (!slot->children)
                        return NULL;
                slot->child_count = n;
        }
        if (!slot->children[i]) {
                freewmi_object *child = calloc(1, sizeof(*child));
                if (!child)
                        return NULL;
                child->root = o->root;
                child->instance = (CimInstance *)(uintptr_t)inside; // read only: not writable
                slot->children[i] = child;
        }
        return slot->children[i];
}

// --- names ---------------------------------------------------------------------------------------

// A system property's value. Wrapped ones are kept.
static int find_system(const freewmi_object *o, const CimInstance *i, CimSystemProperty p, Arena *scratch, Place *ret)
{
        freewmi_object *x = ret->object ? (freewmi_object *)(uintptr_t)o : NULL;
        if (x && x->system_known[p]) {
                ret->value = x->system[p];
                return FREEWMI_OK;
        }
        char server[256] = "";
        if (gethostname(server, sizeof(server) - 1) < 0 || !server[0])
                snprintf(server, sizeof(server), "localhost"); // as the service has it
        if (cim_system_value(i, p, str_of(server), x ? &x->arena : scratch, &ret->value) < 0)
                return FREEWMI_NO_MEMORY;
        if (x) {
                x->system[p] = ret->value;
                x->system_known[p] = true;
        }
        return FREEWMI_OK;
}

static int find_name(const freewmi_object *o, const CimInstance *i, Str name, bool wrap, Arena *scratch, Place *ret)
{
        *ret = (Place){.object = wrap ? o : NULL};
        int k = name.n ? cim_class_property(i->class, name) : -1;
        CimSystemProperty p;
        if (k >= 0) {
                ret->value = i->values[k];
                ret->slot = wrap ? api_slot(o, (size_t)k) : NULL;
        } else if (name.n && cim_system_of_name(name, &p)) {
                int r = find_system(o, i, p, scratch, ret);
                if (r)
                        return r;
                ret->slot = wrap ? api_slot(o, i->class->property_count + p) : NULL;
        } else {
                return name.n ? FREEWMI_NO_PROPERTY : FREEWMI_BAD_ARGUMENT;
        }
        return wrap && !ret->slot ? FREEWMI_NO_MEMORY : FREEWMI_OK;
}

static int find_item(Place *p, size_t i)
{
        if (!cim_is_array(p->value.type) || p->item)
                return FREEWMI_WRONG_TYPE;
        if (p->value.null)
                return FREEWMI_IS_NULL;
        if (i >= p->value.array.count)
                return FREEWMI_NO_PROPERTY;
        p->item = true;
        p->index = i;
        p->count = p->value.array.count;
        p->items = p->value.array.items;
        p->value = p->value.array.items[i];
        return FREEWMI_OK;
}

// "12]" -> 12. False: no such thing.
static bool find_index(const char **name, size_t *ret)
{
        const char *z = *name;
        size_t n = 0;
        for (; *z >= '0' && *z <= '9'; z++) {
                if (n > UINT32_MAX)
                        return false;
                n = n * 10 + (size_t)(*z - '0');
        }
        if (z == *name || *z != ']')
                return false;
        *name = z + 1;
        *ret = n;
        return true;
}

int api_find(const freewmi_object *o, const char *name, bool wrap, Arena *scratch, Place *ret)
{
        if (!o || !name)
                return FREEWMI_BAD_ARGUMENT;
        const CimInstance *i = o->instance;
        for (;;) {
                size_t n = strcspn(name, ".[");
                int r = find_name(o, i, (Str){name, n}, wrap, scratch, ret);
                if (r)
                        return r;
                name += n;
                size_t index;
                if (*name == '[') {
                        name++;
                        if (!find_index(&name, &index))
                                return FREEWMI_BAD_ARGUMENT;
                        r = find_item(ret, index);
                        if (r)
                                return r;
                }
                if (!*name)
                        return FREEWMI_OK;
                if (*name++ != '.')
                        return FREEWMI_BAD_ARGUMENT;
                if (cim_type(ret->value.type) != CIM_OBJECT || cim_is_array(ret->value.type))
                        return FREEWMI_WRONG_TYPE;
                if (ret->value.null)
                        return FREEWMI_IS_NULL;
                i = ret->value.object;
                if (wrap && !(o = api_child(o, ret->slot, ret->index, ret->item ? ret->count : 1, i)))
                        return FREEWMI_NO_MEMORY;
        }
}

int api_find_at(const freewmi_object *o, const char *name, size_t i, bool wrap, Arena *scratch, Place *ret)
{
        int r = api_find(o, name, wrap, scratch, ret);
        return r ? r : find_item(ret, i);
}

// --- what an object is ---------------------------------------------------------------------------

const char *freewmi_object_property(const freewmi_object *o, size_t i)
{
        return o && i < o->instance->class->property_count ? o->instance->class->properties[i].name.p : NULL;
}

const char *freewmi_object_class(const freewmi_object *o)
{
        return o ? o->instance->class->name.p : NULL;
}

const char *freewmi_object_namespace(const freewmi_object *o)
{
        return !o ? NULL : o->instance->namespace.n ? o->instance->namespace.p : "";
}

const char *freewmi_object_path(const freewmi_object *o)
{
        if (!o)
                return NULL;
        freewmi_object *x = (freewmi_object *)(uintptr_t)o;
        if (!x->path) {
                Buf b = {0};
                if (cim_instance_relpath(o->instance, &b, NULL) == 0 && buf_z(&b)) {
                        x->path = (char *)b.p;
                        return x->path;
                }
                buf_deinit(&b);
        }
        return x->path;
}

const char *freewmi_object_mof(const freewmi_object *o)
{
        if (!o)
                return NULL;
        freewmi_object *x = (freewmi_object *)(uintptr_t)o;
        if (!x->mof) {
                Buf b = {0};
                if (o->instance->is_class)
                        cim_text_class(o->instance->class, &b);
                else
                        cim_text_instance(o->instance, &b);
                if (buf_z(&b))
                        x->mof = (char *)b.p;
                else
                        buf_deinit(&b);
        }
        return x->mof;
}

bool freewmi_object_is_class(const freewmi_object *o)
{
        return o && o->instance->is_class;
}

bool freewmi_object_isa(const freewmi_object *o, const char *class_name)
{
        return o && class_name && cim_class_isa(o->instance->class, str_of(class_name));
}
