// SPDX-License-Identifier: MIT
// What permanent subscriptions a (perhaps hostile) text would install: filters, consumers, bindings, with the aliases and
// paths of the bindings resolved to the objects they name. Classes need not be known.
#ifndef MOF_SUBSCRIPTIONS_H
#define MOF_SUBSCRIPTIONS_H

#include "mof/document.h"

typedef enum MofSubscriptionKind { MOF_FILTER, MOF_CONSUMER, MOF_BINDING, MOF_TIMER } MofSubscriptionKind;

typedef struct MofSubscription {
        MofSubscriptionKind kind;
        const MofObject *object;
        // Of a binding: what it binds; NULL: not in this text, then the texts say what is named. Of several objects of that
        // path the last, which is the one that stays.
        const MofObject *filter, *consumer;
        Str filter_text, consumer_text; // of a binding: the path, or "$alias", as written; empty: neither
        bool bound; // of a filter and a consumer: a binding of this text names it
} MofSubscription;

// In the order of the text; in the document's manner owned by `a`. Known by the names of their classes, or of a class
// above them as far as the document declares these: __EventFilter, __FilterToConsumerBinding, __TimerInstruction and the two
// of WMI, __EventConsumer. A consumer is also an instance of a class that ends in "Consumer", and of one that a binding
// names as its consumer. Embedded objects are values, not subscriptions.
// 0, -ENOMEM.
int mof_subscriptions(const MofDocument *d, Arena *a, MofSubscription **ret, size_t *ret_count);

// The value of a property without regard to case (the last, if the text assigns it twice); NULL: it is not assigned.
const MofValue *mof_assigned(const MofObject *o, const char *name);
// The text of a string that is assigned, in UTF-8, in `a`; empty: there is none. p NULL: out of memory.
Str mof_assigned_text(const MofObject *o, const char *name, Arena *a);

#endif
