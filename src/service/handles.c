// SPDX-License-Identifier: MIT
// Class handles: versions of classes under the numbers by which streams name them. Numbers are never used
// again.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

#include "base/hash.h"

enum { HANDLE_BUCKETS = 1024 };

static size_t handle_bucket(const CimClass *c)
{
        return hash_bytes(&c, sizeof(c)) % HANDLE_BUCKETS;
}

int handles_init(Handles *t)
{
        *t = (Handles){.next = 1};
        list_init(&t->all);
        t->buckets = calloc(HANDLE_BUCKETS, sizeof(*t->buckets));
        return t->buckets ? 0 : -ENOMEM;
}

static void handle_free(Handles *t, ClassHandle *h)
{
        for (ClassHandle **p = &t->buckets[handle_bucket(h->klass)]; *p; p = &(*p)->next)
                if (*p == h) {
                        *p = h->next;
                        break;
                }
        list_remove(&h->link);
        cim_class_unref(h->klass);
        blob_unref(h->frame);
        free(h->namespace);
        free(h);
}

void handles_deinit(Handles *t)
{
        if (!t->buckets)
                return;
        for (List *i; (i = list_first(&t->all)) != NULL;)
                handle_free(t, list_entry(i, ClassHandle, link));
        free(t->buckets);
}

static Blob *handle_frame(uint32_t handle, Str namespace, const CimClass *c)
{
        Buf bundle = {0}, frame = {0};
        Blob *b = NULL;
        if (cim_codec_write_class(c, &bundle) == 0 && !bundle.failed) {
                wire_put_CLASS(&frame, 0,
                               &(Wire_CLASS){.handle = handle,
                                             .namespace = namespace,
                                             .bundle = {(char *)bundle.p, bundle.n}});
                if (!frame.failed)
                        b = blob_new(frame.p, frame.n);
        }
        buf_deinit(&bundle);
        buf_deinit(&frame);
        return b;
}

ClassHandle *handle_get(Handles *t, Str namespace, const CimClass *c)
{
        size_t at = handle_bucket(c);
        for (ClassHandle *h = t->buckets[at]; h; h = h->next)
                if (h->klass == c && str_ieq(str_of(h->namespace), namespace))
                        return h;
        ClassHandle *h = calloc(1, sizeof(*h));
        if (!h)
                return NULL;
        list_init(&h->link);
        h->klass = cim_class_ref(c);
        h->namespace = text_copy(namespace);
        h->handle = t->next;
        h->frame = h->namespace ? handle_frame(h->handle, namespace, c) : NULL;
        if (!h->frame) {
                handle_free(t, h);
                return NULL;
        }
        t->next++;
        h->next = t->buckets[at];
        t->buckets[at] = h;
        list_push(&t->all, &h->link);
        return h;
}

void handles_sweep(Service *s)
{
        Handles *t = &s->handles;
        LIST_EACH_SAFE(i, &t->all)
        {
                ClassHandle *h = list_entry(i, ClassHandle, link);
                if (cim_schema_find(s->schema, str_of(h->namespace), h->klass->name) != h->klass)
                        handle_free(t, h);
        }
        size_t n = 0, all = 1;
        LIST_EACH(i, &t->all)
        all++;
        uint32_t *live = calloc(all, sizeof(*live));
        if (!live)
                return; // then sessions remember some numbers that never come again
        LIST_EACH(i, &t->all)
        live[n++] = list_entry(i, ClassHandle, link)->handle; // ascending: the newest is last
        LIST_EACH(i, &s->sessions)
        session_forget_classes(list_entry(i, Session, link), live, n);
        free(live);
}

// --- the classes of the objects in one event -----------------------------------------------------

int handle_list_number(void *context, const CimClass *c, Str namespace, uint32_t *ret)
{
        HandleList *l = context;
        ClassHandle *h = handle_get(l->handles, namespace, c);
        if (!h)
                return -ENOMEM;
        *ret = h->handle;
        for (size_t i = 0; i < l->count; i++)
                if (l->p[i] == h)
                        return 0;
        if (l->count == l->capacity) {
                size_t capacity = l->capacity ? l->capacity * 2 : 4;
                ClassHandle **p = realloc(l->p, capacity * sizeof(ClassHandle *));
                if (!p)
                        return -ENOMEM;
                l->p = p;
                l->capacity = capacity;
        }
        l->p[l->count++] = h;
        return 0;
}
