// SPDX-License-Identifier: MIT
// Schema: rebuilding the classes that a change made stale.
//
// A class depends on its superclass and on the classes of its embedded objects, all by name. A walk in
// depth-first order brings each class behind what it depends on; a class is built again when one of these is
// not the object it holds. The walk keeps its own stack, since chains by name can be longer than any that one
// class may have.
//
// Classes can embed each other in a circle by name. The walk meets the circle at the class that was created
// first; what leads back to it stands for "not known", always at the same place, so a second change rebuilds
// nothing.
#include "cim/schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cim/schema-impl.h"
#include "cim/status.h"

enum { FRESH, OPEN, DONE };

typedef struct Frame {
        uint32_t klass;
        bool super_seen, stale;
        size_t property, method, parameter; // what comes next
} Frame;

typedef struct Rebuild {
        SchemaSpace *space;
        uint8_t *state; // of each class
        Frame *stack;   // a class is on it at most once
        size_t depth;
        const CimChange *changes;
        size_t change_count;
        Diag *diag;
} Rebuild;

// What `name` means to a class that is being looked at: a class further down the stack is not there yet.
static const CimClass *rebuild_meaning(void *context, Str name)
{
        const Rebuild *b = context;
        size_t at = schema_space_find(b->space, name);
        return at == SIZE_MAX || b->state[at] != DONE ? NULL : b->space->classes[at];
}

// The class that the property, the parameter or the return value at the cursor is of, which is moved on over
// what the class has not declared itself. *name empty: it is of none. False: the class has no more.
static bool rebuild_next(const CimClass *c, Frame *f, Str *name, const CimClass **held)
{
        while (f->property < c->property_count && !c->properties[f->property].local)
                f->property++;
        while (f->method < c->method_count && !c->methods[f->method].local)
                f->method++;
        const CimMethod *m = f->method < c->method_count ? &c->methods[f->method] : NULL;
        const CimProperty *p = f->property < c->property_count          ? &c->properties[f->property]
                               : m && f->parameter < m->parameter_count ? &m->parameters[f->parameter]
                                                                        : NULL;
        if (!p && !m)
                return false;
        bool object = cim_type(p ? p->type : m->return_type) == CIM_OBJECT;
        *name = !object ? (Str){0} : p ? p->class_name : m->return_class;
        *held = p ? p->object_class : m->return_object;
        return true;
}

static void rebuild_advance(const CimClass *c, Frame *f)
{
        if (f->property < c->property_count) {
                f->property++;
        } else if (f->parameter < c->methods[f->method].parameter_count) {
                f->parameter++;
        } else {
                f->method++;
                f->parameter = 0;
        }
}

static void rebuild_push(Rebuild *b, size_t klass)
{
        b->state[klass] = OPEN;
        b->stack[b->depth++] = (Frame){.klass = (uint32_t)klass};
}

// The superclass of a class is not in the namespace: it never was, or it is being taken out.
static int rebuild_orphan(const Rebuild *b, Str name, Str super)
{
        for (size_t i = 0; i < b->change_count; i++) {
                const CimChange *c = &b->changes[i];
                if (c->remove && c->klass && str_ieq(c->klass->name, super) &&
                    str_ieq(c->namespace, b->space->name))
                        return diag_set(b->diag, CIM_E_CLASS_HAS_CHILDREN,
                                        "%.*s cannot be removed: %.*s derives from it", STR_ARG(super),
                                        STR_ARG(name));
        }
        return diag_set(b->diag, CIM_E_INVALID_SUPERCLASS, "%.*s: its superclass %.*s is not in %.*s",
                        STR_ARG(name), STR_ARG(super), STR_ARG(b->space->name));
}

// Does the class derive from one that is being looked at? Then that one cannot wait for it: a class may embed
// what derives from it, and what the name stands for is not known there.
static bool rebuild_is_above(const Rebuild *b, size_t klass)
{
        for (unsigned n = 0; n <= LIMIT_DEPTH; n++) {
                const CimClass *super = b->space->classes[klass]->super;
                klass = super ? schema_space_find(b->space, super->name) : SIZE_MAX;
                if (klass == SIZE_MAX)
                        return false;
                if (b->state[klass] == OPEN)
                        return true;
        }
        return false;
}

// Looks at one dependency. 0: done; E_DIAG; -EAGAIN: another class must be looked at first and is on the
// stack now.
static int rebuild_depends(Rebuild *b, Frame *f, Str name, const CimClass *held, bool super)
{
        size_t at = schema_space_find(b->space, name);
        if (super && at == SIZE_MAX)
                return rebuild_orphan(b, b->space->classes[f->klass]->name, name);
        if (at != SIZE_MAX && b->state[at] == FRESH && (super || !rebuild_is_above(b, at))) {
                rebuild_push(b, at);
                return -EAGAIN;
        }
        if (super)
                b->space->above[at] = true;
        if (super && b->state[at] == OPEN)
                return diag_set(b->diag, CIM_E_INVALID_SUPERCLASS, "%.*s would derive from itself",
                                STR_ARG(name));
        f->stale |= rebuild_meaning(b, name) != held;
        return 0;
}

static int rebuild_class(Rebuild *b, uint32_t klass)
{
        const CimClass *was = b->space->classes[klass];
        const CimClass *super = was->super ? rebuild_meaning(b, was->super->name) : NULL;
        CimClass *c;
        int r = cim_class_new(was->declared, super, rebuild_meaning, b, &c, b->diag);
        if (r == E_DIAG && b->diag) {
                char says[sizeof(b->diag->message)];
                snprintf(says, sizeof(says), "%s", b->diag->message);
                diag_set(b->diag, b->diag->code, "%.*s no longer fits: %.380s",
                         (int)(was->name.n < 100 ? was->name.n : 100), was->name.p, says);
        }
        if (r)
                return r;
        b->space->classes[klass] = c;
        cim_class_unref(was);
        return 0;
}

// Goes on with the class on top of the stack, until it is done or waits for another.
static int rebuild_step(Rebuild *b)
{
        Frame *f = &b->stack[b->depth - 1];
        const CimClass *c = b->space->classes[f->klass];
        int r = 0;
        if (c->super && !f->super_seen)
                r = rebuild_depends(b, f, c->super->name, c->super, true);
        f->super_seen |= r == 0;
        Str name;
        const CimClass *held;
        while (r == 0 && rebuild_next(c, f, &name, &held)) {
                if (name.n && !str_ieq(name, c->name))
                        r = rebuild_depends(b, f, name, held, false);
                if (r == 0)
                        rebuild_advance(c, f);
        }
        if (r == 0 && f->stale)
                r = rebuild_class(b, f->klass);
        if (r == 0) {
                b->state[f->klass] = DONE;
                b->depth--;
        }
        return r == -EAGAIN ? 0 : r;
}

int schema_rebuild(SchemaSpace *s, const CimChange *changes, size_t n, Diag *reterr)
{
        Rebuild b = {.space = s, .changes = changes, .change_count = n, .diag = reterr};
        b.state = calloc(s->class_count + 1, sizeof(*b.state));
        b.stack = calloc(s->class_count + 1, sizeof(*b.stack));
        free(s->above);
        s->above = calloc(s->class_count + 1, sizeof(*s->above));
        int r = b.state && b.stack && s->above ? 0 : -ENOMEM;
        for (size_t i = 0; i < s->class_count && r == 0; i++) {
                if (b.state[i] != FRESH)
                        continue;
                rebuild_push(&b, i);
                while (b.depth && r == 0)
                        r = rebuild_step(&b);
        }
        free(b.state);
        free(b.stack);
        return r;
}
