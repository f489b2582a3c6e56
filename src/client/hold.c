// SPDX-License-Identifier: MIT
// Items put aside while a call waits for its reply, bounded for each subscription; what does not fit is told
// as lost where the gap is, as the service does it.
#include "client/internal.h"

#include <stdlib.h>

typedef struct Held {
        List link;
        ClientItem item;
} Held;

void hold_init(Hold *h)
{
        *h = (Hold){0};
        list_init(&h->items);
}

void hold_deinit(Hold *h)
{
        for (List *i; (i = list_pop(&h->items)) != NULL;) {
                Held *e = list_entry(i, Held, link);
                client_item_deinit(&e->item);
                free(e);
        }
        free(h->counts);
}

// What LIMIT_HELD_ITEMS bounds. Events have a bound for each subscription, and so have gaps between them.
static bool hold_is_other(const ClientItem *i)
{
        return i->kind != CLIENT_EVENT && i->kind != CLIENT_LOST;
}

static size_t hold_place(const Hold *h, uint32_t subscription)
{
        size_t lo = 0, hi = h->count;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (h->counts[mid].subscription < subscription)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

static HoldCount *hold_find(const Hold *h, uint32_t subscription)
{
        size_t i = hold_place(h, subscription);
        return i < h->count && h->counts[i].subscription == subscription ? &h->counts[i] : NULL;
}

static HoldCount *hold_count(Hold *h, uint32_t subscription)
{
        HoldCount *k = hold_find(h, subscription);
        if (k)
                return k;
        if (h->count == h->capacity) {
                size_t capacity = h->capacity ? h->capacity * 2 : 8;
                HoldCount *p = realloc(h->counts, capacity * sizeof(*p));
                if (!p)
                        return NULL;
                h->counts = p;
                h->capacity = capacity;
        }
        size_t i = hold_place(h, subscription);
        memmove(h->counts + i + 1, h->counts + i, (h->count - i) * sizeof(*h->counts));
        h->counts[i] = (HoldCount){.subscription = subscription};
        h->count++;
        return &h->counts[i];
}

static int hold_append(Hold *h, ClientItem *take, Held **ret)
{
        Held *e = malloc(sizeof(*e));
        if (!e) {
                client_item_deinit(take);
                return -ENOMEM;
        }
        e->item = client_item_steal(take);
        h->bytes += item_bytes(&e->item);
        h->others += hold_is_other(&e->item);
        list_push(&h->items, &e->link);
        if (ret)
                *ret = e;
        return 0;
}

static int hold_lost(Hold *h, uint32_t subscription, bool at_source, uint64_t count)
{
        HoldCount *k = hold_count(h, subscription);
        if (!k)
                return -ENOMEM;
        Held *e = k->lost[at_source];
        if (e) {
                e->item.count = e->item.count > UINT64_MAX - count ? UINT64_MAX : e->item.count + count;
                return 0;
        }
        ClientItem lost = {
                .kind = CLIENT_LOST, .subscription = subscription, .count = count, .at_source = at_source};
        int r = hold_append(h, &lost, &e);
        if (!r)
                k->lost[at_source] = e;
        return r;
}

static void hold_drop_id(ClientItem *i, size_t at)
{
        uint32_t *ids = item_subscriptions(i);
        i->subscription_count--;
        memmove(ids + at, ids + at + 1, (i->subscription_count - at) * sizeof(*ids));
}

static int hold_event(Hold *h, ClientItem *take)
{
        bool full = h->bytes + item_bytes(take) > LIMIT_HELD_BYTES;
        int r = 0;
        for (size_t i = 0; i < take->subscription_count && !r;) {
                HoldCount *k = hold_count(h, take->subscriptions[i]);
                if (!k) {
                        r = -ENOMEM;
                } else if (full || k->events >= LIMIT_SUBSCRIPTION_QUEUE) {
                        r = hold_lost(h, take->subscriptions[i], false, 1);
                        hold_drop_id(take, i);
                } else {
                        i++;
                }
        }
        if (r || !take->subscription_count) {
                client_item_deinit(take);
                return r;
        }
        Held *e;
        r = hold_append(h, take, &e);
        for (size_t i = 0; !r && i < e->item.subscription_count; i++) {
                HoldCount *k = hold_find(h, e->item.subscriptions[i]);
                k->events++;
                k->lost[0] = k->lost[1] = NULL;
        }
        return r;
}

// Forgets subscriptions of which nothing is held, when there are many: some have ended long ago.
static void hold_tidy(Hold *h)
{
        size_t n = 0;
        for (size_t i = 0; i < h->count; i++) {
                const HoldCount *k = &h->counts[i];
                if (k->events || k->lost[0] || k->lost[1] || k->ignored)
                        h->counts[n++] = *k;
        }
        h->count = n;
}

int hold_push(Hold *h, ClientItem *take)
{
        if (h->count >= LIMIT_ALL_SUBSCRIPTIONS)
                hold_tidy(h);
        if (h->count >= LIMIT_ALL_SUBSCRIPTIONS && take->kind != CLIENT_CLOSED) {
                client_item_deinit(take); // no service has as many
                return -EPROTO;
        }
        if (take->kind == CLIENT_EVENT)
                return hold_event(h, take);
        if (take->kind == CLIENT_LOST)
                return hold_lost(h, take->subscription, take->at_source, take->count);
        if (take->kind != CLIENT_CLOSED &&
            (h->others >= LIMIT_HELD_ITEMS || h->bytes + item_bytes(take) > 2 * LIMIT_HELD_BYTES)) {
                client_item_deinit(take);
                return -EPROTO;
        }
        return hold_append(h, take, NULL);
}

// The held item is about to leave the list.
static void hold_leave(Hold *h, Held *e)
{
        h->bytes -= item_bytes(&e->item);
        h->others -= hold_is_other(&e->item);
        HoldCount *k;
        if (e->item.kind == CLIENT_LOST && (k = hold_find(h, e->item.subscription)) != NULL &&
            k->lost[e->item.at_source] == e)
                k->lost[e->item.at_source] = NULL;
        for (size_t i = 0; e->item.kind == CLIENT_EVENT && i < e->item.subscription_count; i++)
                if ((k = hold_find(h, e->item.subscriptions[i])) != NULL)
                        k->events--;
        list_remove(&e->link);
}

bool hold_pop(Hold *h, ClientItem *ret)
{
        List *i = list_first(&h->items);
        if (!i)
                return false;
        Held *e = list_entry(i, Held, link);
        hold_leave(h, e);
        *ret = e->item;
        free(e);
        return true;
}

// Takes one subscription out of an item. True: nothing is left of it.
static bool hold_strip(ClientItem *i, uint32_t subscription)
{
        if (i->kind == CLIENT_LOST || i->kind == CLIENT_ENDED)
                return i->subscription == subscription;
        for (size_t k = 0; i->kind == CLIENT_EVENT && k < i->subscription_count;)
                if (i->subscriptions[k] == subscription)
                        hold_drop_id(i, k);
                else
                        k++;
        return i->kind == CLIENT_EVENT && !i->subscription_count;
}

void hold_forget(Hold *h, uint32_t subscription)
{
        HoldCount *count = hold_find(h, subscription);
        LIST_EACH_SAFE(i, &h->items)
        {
                Held *e = list_entry(i, Held, link);
                size_t before = item_bytes(&e->item);
                if (!hold_strip(&e->item, subscription))
                        continue;
                h->bytes -= before;
                h->others -= hold_is_other(&e->item);
                list_remove(i);
                client_item_deinit(&e->item);
                free(e);
        }
        if (!count)
                return;
        h->ignored -= count->ignored;
        memmove(count, count + 1, (size_t)(h->counts + h->count - (count + 1)) * sizeof(*count));
        h->count--;
}

int hold_ignore(Hold *h, uint32_t subscription)
{
        HoldCount *k = hold_count(h, subscription);
        if (!k)
                return -ENOMEM;
        h->ignored += !k->ignored;
        k->ignored = true;
        return 0;
}

int hold_wanted(Hold *h, ClientItem *i)
{
        for (size_t k = 0; h->ignored && k < h->count; k++)
                if (h->counts[k].ignored && hold_strip(i, h->counts[k].subscription)) {
                        client_item_deinit(i);
                        return 0;
                }
        return 1;
}
