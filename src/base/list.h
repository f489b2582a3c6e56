// SPDX-License-Identifier: MIT
// Intrusive doubly linked lists.
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct List {
        struct List *next, *prev;
} List;

#define LIST_INIT(head) ((List){&(head), &(head)})
#define list_entry(p, T, member) ((T *)((char *)(p) - offsetof(T, member)))
#define LIST_EACH(i, head) for (List *i = (head)->next; i != (head); i = i->next)
#define LIST_EACH_SAFE(i, head) for (List *i = (head)->next, *i##_next = i->next; i != (head); i = i##_next, i##_next = i->next)

static inline void list_init(List *head)
{
        head->next = head->prev = head;
}

static inline bool list_empty(const List *head)
{
        return head->next == head;
}

// Adds an entry that is in no list at the end.
static inline void list_push(List *head, List *e)
{
        e->prev = head->prev;
        e->next = head;
        head->prev->next = e;
        head->prev = e;
}

// Removes e; afterwards e is an empty list of its own, so removing twice is harmless.
static inline void list_remove(List *e)
{
        e->prev->next = e->next;
        e->next->prev = e->prev;
        list_init(e);
}

static inline List *list_first(const List *head)
{
        return list_empty(head) ? NULL : head->next;
}

static inline List *list_pop(List *head)
{
        List *e = list_first(head);
        if (e)
                list_remove(e);
        return e;
}

#endif
