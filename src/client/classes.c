// SPDX-License-Identifier: MIT
// The classes of a stream, under the handles by which its events name them.
#include "client/internal.h"

#include <pthread.h>
#include <stdlib.h>

struct ClassTable {
        unsigned refs; // atomic
        pthread_mutex_t lock;
        ClassEntry **entries; // by handle, ascending
        size_t count, capacity;
};

ClassTable *classes_new(void)
{
        ClassTable *t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->refs = 1;
        pthread_mutex_init(&t->lock, NULL);
        return t;
}

ClassTable *classes_ref(ClassTable *t)
{
        __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
        return t;
}

static void entry_unref(ClassEntry *e)
{
        if (__atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) == 0) {
                cim_class_unref(e->klass);
                free(e);
        }
}

ClassTable *classes_unref(ClassTable *t)
{
        if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) != 0)
                return NULL;
        for (size_t i = 0; i < t->count; i++)
                entry_unref(t->entries[i]);
        free(t->entries);
        pthread_mutex_destroy(&t->lock);
        free(t);
        return NULL;
}

static size_t classes_place(const ClassTable *t, uint32_t handle)
{
        size_t lo = 0, hi = t->count;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (t->entries[mid]->handle < handle)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

const ClassEntry *classes_by_handle(ClassTable *t, uint32_t handle)
{
        pthread_mutex_lock(&t->lock);
        size_t i = classes_place(t, handle);
        const ClassEntry *e = i < t->count && t->entries[i]->handle == handle ? t->entries[i] : NULL;
        pthread_mutex_unlock(&t->lock);
        return e;
}

static int classes_insert(ClassTable *t, ClassEntry *e)
{
        if (t->count == t->capacity) {
                size_t capacity = t->capacity ? t->capacity * 2 : 16;
                ClassEntry **p = realloc(t->entries, capacity * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                t->entries = p;
                t->capacity = capacity;
        }
        size_t i = classes_place(t, e->handle);
        memmove(t->entries + i + 1, t->entries + i, (t->count - i) * sizeof(*t->entries));
        t->entries[i] = e;
        t->count++;
        return 0;
}

int classes_add(ClassTable *t, const WireFrame *f)
{
        Wire_CLASS m;
        // Only the client's own thread adds, so its count can be read without the lock.
        if (!wire_get_CLASS(f->payload, f->size, &m) || m.namespace.n > LIMIT_NAMESPACE_CHARS * 3 ||
            classes_by_handle(t, m.handle) || t->count >= LIMIT_STREAM_CLASSES)
                return -EPROTO;
        ClassEntry *e = malloc(sizeof(*e) + m.namespace.n + 1);
        if (!e)
                return -ENOMEM;
        *e = (ClassEntry){.refs = 1, .handle = m.handle, .namespace = {e->text, m.namespace.n}};
        memcpy(e->text, m.namespace.p, m.namespace.n);
        e->text[m.namespace.n] = '\0';
        Diag d;
        int r = cim_codec_read_class((const uint8_t *)m.bundle.p, m.bundle.n, &e->klass, &d);
        if (!r) {
                pthread_mutex_lock(&t->lock);
                r = classes_insert(t, e);
                pthread_mutex_unlock(&t->lock);
                if (r)
                        cim_class_unref(e->klass);
        }
        if (r)
                free(e);
        return r > 0 ? -EPROTO : r;
}

int classes_forget(ClassTable **t, const WireFrame *f)
{
        ClassTable *old = *t;
        Wire_FORGET_CLASSES m;
        if (!wire_get_FORGET_CLASSES(f->payload, f->size, &m) || m.handles.n % 4)
                return -EPROTO;
        ClassTable *fresh = classes_new();
        if (!fresh)
                return -ENOMEM;
        fresh->capacity = old->count;
        fresh->entries = calloc(old->count + 1, sizeof(ClassEntry *));
        if (!fresh->entries) {
                classes_unref(fresh);
                return -ENOMEM;
        }
        Reader in = {(const uint8_t *)m.handles.p, m.handles.n, false};
        uint32_t gone = in.n ? read_u32(&in) : 0;
        bool more = m.handles.n != 0;
        for (size_t i = 0; i < old->count; i++) {
                ClassEntry *e = old->entries[i];
                if (more && e->handle == gone) {
                        more = in.n != 0;
                        gone = more ? read_u32(&in) : 0;
                        continue;
                }
                __atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
                fresh->entries[fresh->count++] = e;
        }
        if (more) { // one that the stream does not have, or not in order
                classes_unref(fresh);
                return -EPROTO;
        }
        *t = fresh;
        classes_unref(old);
        return 0;
}
