// SPDX-License-Identifier: MIT
// Store: what a job has changed so far, and forgetting it when the job is undone.
#include <stdlib.h>

#include "repository/internal.h"

const CimSchema *store_schema(const Store *st)
{
        return st->schema;
}

size_t store_changes(const Store *st, const StoreChange **ret)
{
        *ret = st->changes;
        return st->change_count;
}

void store_on_work(Store *st, void (*tell)(void *context, uint64_t done, uint64_t all), void *context)
{
        st->work_tell = tell;
        st->work_context = context;
}

void store_worked(Store *st)
{
        enum { EACH = 64 };
        if (++st->work_done % EACH == 0 && st->work_tell)
                st->work_tell(st->work_context, st->work_done, st->work_all);
}

void store_take_schema(Store *st, CimSchema *after)
{
        cim_schema_unref(st->schema);
        st->schema = after;
        st->schema_changed = true;
}

void store_undo(Store *st, CimSchema *before, bool written)
{
        // A job that only found nothing must not cost the next one all that is known.
        if (written || st->schema != before)
                versions_clear(&st->versions);
        cim_schema_unref(st->schema);
        st->schema = before;
        st->schema_changed = false;
        st->stale.count = 0;
        st->space_row = 0;
        store_changes_free(st->changes, st->change_count);
        st->changes = NULL;
        st->change_count = st->change_capacity = st->change_bytes = 0;
}

void store_changes_free(StoreChange *changes, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                cim_instance_unref(changes[i].before);
                cim_instance_unref(changes[i].after);
        }
        free(changes);
}

static int changes_grow(Store *st, size_t bytes, Diag *reterr)
{
        st->change_bytes += bytes;
        if (st->change_count && st->change_bytes > st->change_bytes_limit) {
                diag_set(reterr, CIM_E_QUOTA_VIOLATION,
                         "one operation may change %zu bytes of objects, this one changes more",
                         st->change_bytes_limit);
                return diag_hint(reterr, "delete or put them in several operations");
        }
        if (st->change_count == st->change_limit) {
                diag_set(reterr, CIM_E_QUOTA_VIOLATION,
                         "one operation may change %zu classes and instances, this one changes more",
                         st->change_limit);
                return diag_hint(reterr, "delete or put them in several operations");
        }
        if (st->change_count < st->change_capacity)
                return 0;
        size_t more = st->change_capacity ? st->change_capacity * 2 : 4;
        StoreChange *p = reallocarray(st->changes, more, sizeof(*p));
        if (!p)
                return -ENOMEM;
        st->changes = p;
        st->change_capacity = more;
        return 0;
}

int store_changed(Store *st, StoreChangeKind kind, StoreObjectKind what, CimInstance *take_before,
                  CimInstance *take_after, Diag *reterr)
{
        size_t bytes =
                (take_before ? take_before->owner->used : 0) + (take_after ? take_after->owner->used : 0);
        int r = changes_grow(st, bytes, reterr);
        if (r) {
                cim_instance_unref(take_before);
                cim_instance_unref(take_after);
                return r;
        }
        Str namespace = (take_after ? take_after : take_before)->namespace;
        st->changes[st->change_count++] = (StoreChange){kind, what, namespace, take_before, take_after};
        return 0;
}

typedef struct NamespaceFind {
        Str wanted, found;
        StrNearest nearest;
} NamespaceFind;

static int store_is_namespace(void *context, Str namespace)
{
        NamespaceFind *f = context;
        if (!str_ieq(namespace, f->wanted))
                return 0;
        f->found = namespace;
        return 1;
}

static int store_nearest_namespace(void *context, Str namespace)
{
        str_nearest_offer(context, namespace);
        return 0;
}

int store_namespace(const Store *st, Str namespace, Str *ret, Diag *reterr)
{
        NamespaceFind f = {.wanted = namespace, .nearest = {.wanted = namespace}};
        if (cim_schema_each_namespace(st->schema, store_is_namespace, &f)) {
                *ret = f.found;
                return 0;
        }
        cim_schema_each_namespace(st->schema, store_nearest_namespace, &f.nearest);
        diag_set(reterr, CIM_E_INVALID_NAMESPACE, "there is no namespace %.*s", CLIP(namespace));
        if (f.nearest.best.n)
                diag_hint(reterr, "did you mean %.*s?", CLIP(f.nearest.best));
        return E_DIAG;
}

int store_check_flags(uint32_t flags, uint32_t allowed, bool exists, const char *what, Str name, Diag *reterr)
{
        uint32_t type = flags & (STORE_UPDATE_ONLY | STORE_CREATE_ONLY),
                 mode = flags & (STORE_UPDATE_SAFE | STORE_UPDATE_FORCE);
        if ((flags & ~allowed) || type == (STORE_UPDATE_ONLY | STORE_CREATE_ONLY) ||
            mode == (STORE_UPDATE_SAFE | STORE_UPDATE_FORCE)) {
                diag_set(reterr, CIM_E_INVALID_PARAMETER, "flags 0x%X do not go together here", flags);
                return diag_hint(reterr, "0 create or update, 1 update only, 2 create only%s",
                                 allowed & STORE_UPDATE_SAFE ? "; one of 0x20 safe and 0x40 force" : "");
        }
        if (type == STORE_CREATE_ONLY && exists)
                return diag_set(reterr, CIM_E_ALREADY_EXISTS,
                                "there is the %s %.*s already, and it was to be created", what, CLIP(name));
        if (type == STORE_UPDATE_ONLY && !exists)
                return diag_set(reterr, CIM_E_NOT_FOUND, "there is no %s %.*s, and one was to be updated",
                                what, CLIP(name));
        return 0;
}
