// SPDX-License-Identifier: MIT
// Classes that hold themselves: the circles among classes whose objects stand in one another's data blocks.
//
// An object holds what its class and its superclasses declare, so a class leads to its superclass and to the
// class of each of its properties. Two classes are in one circle when each leads to the other (a strongly
// connected component; Tarjan's walk, with a stack of its own because a file may nest a million classes).
#include <string.h>

#include "mofck/internal.h"

typedef struct Step {
        const MofObject *class;
        uint32_t next; // property to look at; property_count: the superclass
} Step;

typedef struct Walk {
        Classes *k;
        uint32_t *seen; // by slot: when the class was met, from 1; 0: not yet
        uint32_t *low;  // the earliest class on the stack that it leads to
        uint32_t *open; // slots of classes whose circle is not complete
        uint32_t open_count, clock;
        Step *steps;
        uint32_t depth;
} Walk;

static uint32_t slot_of(const Classes *k, const MofObject *c)
{
        return (uint32_t)(classes_slot(k, c->name) - k->slots);
}

static void walk_enter(Walk *w, const MofObject *c)
{
        uint32_t slot = slot_of(w->k, c);
        w->seen[slot] = w->low[slot] = ++w->clock;
        w->open[w->open_count++] = slot;
        w->steps[w->depth++] = (Step){c, 0};
}

// All that is reached from the top step and leads back to it is one circle; then it is left.
static void walk_leave(Walk *w)
{
        uint32_t slot = slot_of(w->k, w->steps[--w->depth].class);
        if (w->low[slot] == w->seen[slot]) {
                uint32_t member;
                do {
                        member = w->open[--w->open_count];
                        w->k->circles[member] = slot + 1;
                } while (member != slot);
        }
        if (w->depth) {
                uint32_t above = slot_of(w->k, w->steps[w->depth - 1].class);
                if (w->low[slot] < w->low[above])
                        w->low[above] = w->low[slot];
        }
}

static const MofObject *walk_next(const Walk *w, Step *s)
{
        const MofObject *c = s->class;
        for (; s->next < c->property_count;) {
                const MofType *t = &c->properties[s->next++].type;
                const MofObject *o = cim_type(t->type) == CIM_OBJECT && t->class_name.n
                                             ? classes_find(w->k, t->class_name)
                                             : NULL;
                if (o)
                        return o;
        }
        return s->next++ == c->property_count && c->super.n ? classes_find(w->k, c->super) : NULL;
}

static void walk_from(Walk *w, const MofObject *c)
{
        walk_enter(w, c);
        while (w->depth) {
                Step *s = &w->steps[w->depth - 1];
                const MofObject *o = walk_next(w, s);
                if (!o) {
                        if (s->next > s->class->property_count)
                                walk_leave(w);
                        continue;
                }
                uint32_t slot = slot_of(w->k, o), from = slot_of(w->k, s->class);
                if (!w->seen[slot])
                        walk_enter(w, o);
                else if (!w->k->circles[slot] && w->seen[slot] < w->low[from])
                        w->low[from] = w->seen[slot];
        }
}

int classes_find_circles(Classes *k)
{
        size_t n = k->mask + 1;
        Walk w = {.k = k,
                  .seen = arena_array(&k->arena, uint32_t, n),
                  .low = arena_array(&k->arena, uint32_t, n),
                  .open = arena_array(&k->arena, uint32_t, n),
                  .steps = arena_array(&k->arena, Step, n)};
        k->circles = arena_array(&k->arena, uint32_t, n);
        if (!w.seen || !w.low || !w.open || !w.steps || !k->circles)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                if (k->slots[i] && !w.seen[i])
                        walk_from(&w, k->slots[i]);
        return 0;
}

bool classes_in_circle(const Classes *k, const MofObject *a, const MofObject *b)
{
        return k->circles[slot_of(k, a)] == k->circles[slot_of(k, b)];
}
