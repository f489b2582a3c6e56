// SPDX-License-Identifier: MIT
// What goes out on a connection: items, their order, their memory.
//
//   sending:  [half written][next]...        frozen, at most OUT_BATCH items
//   control:  [reply][WANTED]...             goes first
//   stream:   [CLASS][EVENT 1,2][LOST 1]...  in order
//
// An event is in memory once (a Blob); the items of several sessions share it.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

enum { OUT_BATCH = 128 };

Blob *blob_new(const void *bytes, size_t n)
{
        Blob *b = malloc(sizeof(*b) + n);
        if (!b)
                return NULL;
        b->refs = 1;
        b->size = n;
        if (bytes && n)
                memcpy(b->bytes, bytes, n);
        return b;
}

Blob *blob_ref(Blob *b)
{
        b->refs++;
        return b;
}

Blob *blob_unref(Blob *b)
{
        if (b && --b->refs == 0)
                free(b);
        return NULL;
}

void out_init(OutQueue *q)
{
        *q = (OutQueue){0};
        list_init(&q->sending);
        list_init(&q->control);
        list_init(&q->stream);
}

Out *out_new(OutKind kind, size_t head_size, size_t sub_count)
{
        size_t n = sizeof(Out) + sub_count * sizeof(Subscription *) + head_size;
        Out *o = malloc(n);
        if (!o)
                return NULL;
        *o = (Out){.kind = kind, .sub_count = (uint32_t)sub_count, .head_size = head_size, .charge = n};
        list_init(&o->link);
        o->subs = (Subscription **)(void *)(o + 1);
        o->head = (uint8_t *)(o->subs + sub_count);
        return o;
}

// The item is no more in the list where its charge was counted.
static void out_uncharge(OutQueue *q, const Out *o)
{
        if (o->kind == OUT_CONTROL || o->kind == OUT_WANTED)
                q->control_bytes -= o->charge;
        else
                q->stream_bytes -= o->charge;
        if (o->kind == OUT_NOTICE)
                q->notices--;
}

// Nothing may change the item any more.
static void out_freeze(Out *o)
{
        if (o->kind == OUT_LOST && o->subs[0] && o->subs[0]->open_lost[o->source] == o)
                o->subs[0]->open_lost[o->source] = NULL;
        if (o->host && o->host->wanted == o)
                o->host->wanted = NULL;
}

void out_free(OutQueue *q, Out *o)
{
        out_freeze(o);
        out_uncharge(q, o);
        if (o->kind == OUT_EVENT)
                for (uint32_t i = 0; i < o->sub_count; i++)
                        if (o->subs[i])
                                o->subs[i]->queued--;
        blob_unref(o->tail);
        free(o->owned);
        free(o);
}

void out_free_all(OutQueue *q, List *list)
{
        for (List *i; (i = list_pop(list)) != NULL;)
                out_free(q, list_entry(i, Out, link));
}

void out_deinit(OutQueue *q)
{
        out_free_all(q, &q->sending);
        out_free_all(q, &q->control);
        out_free_all(q, &q->stream);
}

void out_push_control(OutQueue *q, Out *o)
{
        q->control_bytes += o->charge;
        list_push(&q->control, &o->link);
}

void out_charge(OutQueue *q, Out *o)
{
        q->stream_bytes += o->charge;
        if (o->kind == OUT_NOTICE)
                q->notices++;
}

bool out_next_batch(OutQueue *q)
{
        if (!list_empty(&q->sending))
                return true;
        for (int n = 0; n < OUT_BATCH; n++) {
                List *i = list_pop(&q->control);
                if (!i)
                        i = list_pop(&q->stream);
                if (!i)
                        break;
                out_freeze(list_entry(i, Out, link));
                list_push(&q->sending, i);
        }
        return !list_empty(&q->sending);
}

void out_written(OutQueue *q, size_t n)
{
        q->sent += n;
        for (List *i; (i = list_first(&q->sending)) != NULL;) {
                Out *o = list_entry(i, Out, link);
                size_t size = o->head_size + (o->tail ? o->tail->size : 0);
                if (q->sent < size)
                        return;
                q->sent -= size;
                list_remove(i);
                out_free(q, o);
        }
}

// Writes the frame of an event again for the subscriptions that are left in subs.
static void out_shrink_event(Out *o, uint32_t gone)
{
        uint32_t left = o->sub_count - 1, n;
        memmove(o->subs + gone, o->subs + gone + 1, (left - gone) * sizeof(*o->subs));
        uint8_t *ids = o->head + WIRE_HEADER + 4;
        memmove(ids + gone * 4, ids + (gone + 1) * 4, o->head_size - WIRE_HEADER - 4 - (gone + 1) * 4);
        o->sub_count = left;
        o->head_size -= 4;
        n = left * 4;
        memcpy(o->head + WIRE_HEADER, &n, 4);
        n = (uint32_t)(o->head_size + o->tail->size - 4);
        memcpy(o->head, &n, 4);
}

void out_forget(OutQueue *q, List *list, Subscription *sub, bool purge)
{
        LIST_EACH_SAFE(i, list)
        {
                Out *o = list_entry(i, Out, link);
                if (o->kind != OUT_EVENT && o->kind != OUT_LOST)
                        continue;
                uint32_t at = 0;
                while (at < o->sub_count && o->subs[at] != sub)
                        at++;
                if (at == o->sub_count)
                        continue;
                out_freeze(o);
                if (o->kind == OUT_EVENT)
                        sub->queued--;
                o->subs[at] = NULL;
                if (!purge)
                        continue;
                if (o->sub_count == 1) {
                        list_remove(i);
                        out_free(q, o);
                } else {
                        out_shrink_event(o, at);
                }
        }
}
