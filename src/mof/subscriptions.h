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
        // Of a binding: what it binds; NULL: not in this text, then the texts say what is named. Also of each other object
        // that nothing binds.
        const MofObject *filter, *consumer;
        Str filter_text, consumer_text; // the path or alias as written
} MofSubscription;

// In the order of the text; in the document's manner owned by `a`. A consumer is an instance of a class that ends in
// "Consumer", of one that a binding names as its consumer, or of a class that this document derives from __EventConsumer.
// 0, -ENOMEM.
int mof_subscriptions(const MofDocument *d, Arena *a, MofSubscription **ret, size_t *ret_count);

#endif
