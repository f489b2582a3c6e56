// SPDX-License-Identifier: MIT
// Events: the WNODE around a data block, and what an envelope adds to its properties.
#include "cim/event.h"

#include <stdio.h>

#include "base/limits.h"
#include "cim/class-impl.h"
#include "cim/codec.h"
#include "cim/instance-impl.h"

// Offsets in WNODE_HEADER and WNODE_SINGLE_INSTANCE, and WNODE_FLAG_ALL_DATA and its kin (public header
// wmistr.h).
enum {
        WNODE_BUFFER_SIZE = 0,
        WNODE_PROVIDER_ID = 4,
        WNODE_TIMESTAMP = 16,
        WNODE_GUID = 24,
        WNODE_FLAGS = 44,
        WNODE_INSTANCE_INDEX = 52,
        WNODE_DATA_OFFSET = 56,
        WNODE_DATA_SIZE = 60,
        WNODE_FIXED = 64,
};
enum { WNODE_ALL_DATA = 1, WNODE_SINGLE_INSTANCE = 2, WNODE_SINGLE_ITEM = 4, WNODE_EVENT_ITEM = 8 };

static int wnode_error(CimBlockError *reterr, size_t offset, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int wnode_error(CimBlockError *reterr, size_t offset, const char *format, ...)
{
        if (!reterr)
                return 1;
        *reterr = (CimBlockError){.offset = offset};
        va_list args;
        va_start(args, format);
        vsnprintf(reterr->says, sizeof(reterr->says), format, args);
        va_end(args);
        return 1;
}

static uint32_t wnode_u32(const uint8_t *p, size_t at)
{
        uint32_t v;
        memcpy(&v, p + at, sizeof(v));
        return v;
}

// The data block must lie behind the fixed part and inside the WNODE.
static int wnode_block(const uint8_t *p, size_t n, CimWnode *ret, CimBlockError *reterr)
{
        uint32_t offset = wnode_u32(p, WNODE_DATA_OFFSET), size = wnode_u32(p, WNODE_DATA_SIZE);
        ret->block = p + WNODE_FIXED;
        ret->block_size = 0;
        if (!size)
                return 0;
        if (offset < WNODE_FIXED)
                return wnode_error(reterr, WNODE_DATA_OFFSET,
                                   "DataBlockOffset is %u, inside the fixed %d bytes", offset, WNODE_FIXED);
        if (offset > n)
                return wnode_error(reterr, WNODE_DATA_OFFSET,
                                   "DataBlockOffset is %u, the WNODE has %zu bytes", offset, n);
        if (size > n - offset)
                return wnode_error(reterr, WNODE_DATA_SIZE,
                                   "SizeDataBlock is %u at DataBlockOffset %u, the WNODE has %zu bytes", size,
                                   offset, n);
        ret->block = p + offset;
        ret->block_size = size;
        return 0;
}

int cim_wnode_parse(const void *bytes, size_t n, CimWnode *ret, CimBlockError *reterr)
{
        const uint8_t *p = bytes;
        if (n < WNODE_FIXED)
                return wnode_error(reterr, 0, "a WNODE_SINGLE_INSTANCE has at least %d bytes, this one %zu",
                                   WNODE_FIXED, n);
        uint32_t size = wnode_u32(p, WNODE_BUFFER_SIZE);
        if (size < WNODE_FIXED || size > n)
                return wnode_error(reterr, WNODE_BUFFER_SIZE, "BufferSize is %u, the WNODE has %zu bytes",
                                   size, n);
        if (size > LIMIT_EVENT_BYTES)
                return wnode_error(reterr, WNODE_BUFFER_SIZE, "BufferSize is %u, an event may have %u bytes",
                                   size, LIMIT_EVENT_BYTES);
        uint32_t flags = wnode_u32(p, WNODE_FLAGS);
        uint32_t kind = flags & (WNODE_ALL_DATA | WNODE_SINGLE_INSTANCE | WNODE_SINGLE_ITEM);
        if (kind != WNODE_SINGLE_INSTANCE || !(flags & WNODE_EVENT_ITEM))
                return wnode_error(reterr, WNODE_FLAGS,
                                   "Flags are 0x%x, not those of an event with a single instance", flags);
        ret->flags = flags;
        ret->provider_id = wnode_u32(p, WNODE_PROVIDER_ID);
        ret->instance_index = wnode_u32(p, WNODE_INSTANCE_INDEX);
        memcpy(&ret->timestamp, p + WNODE_TIMESTAMP, sizeof(ret->timestamp));
        memcpy(&ret->guid, p + WNODE_GUID, sizeof(ret->guid));
        return wnode_block(p, size, ret, reterr);
}

// What does not come from the block: defaults, and the three properties that the envelope fills.
static void event_frame(const CimEnvelope *e, const CimClass *c, const CimWant *want, CimValue *values)
{
        for (size_t i = 0; i < c->property_count; i++)
                if (!c->properties[i].data_id && cim_wants(want, i))
                        values[i] = c->properties[i].value;
        const ClassImpl *k = class_impl(c);
        if (k->instance_name >= 0 && cim_wants(want, (size_t)k->instance_name))
                values[k->instance_name] = (CimValue){.type = CIM_STRING, .string = e->instance};
        if (k->active >= 0 && cim_wants(want, (size_t)k->active))
                values[k->active] = (CimValue){.type = CIM_BOOLEAN, .boolean = true};
        if (k->time_created >= 0 && cim_wants(want, (size_t)k->time_created))
                values[k->time_created] = (CimValue){.type = CIM_UINT64, .uint = e->time};
}

int cim_event_extract(const CimEnvelope *e, const CimClass *c, const CimWant *want,
                      const CimClassTable *table, Arena *a, CimValue *values, CimBlockError *reterr)
{
        if (e->kind == CIM_PAYLOAD_INSTANCE)
                return cim_codec_read_values(e->payload, e->payload_size, c, want, table, a, values, reterr);
        if (e->kind != CIM_PAYLOAD_WNODE)
                return wnode_error(reterr, 0, "%d is no kind of payload", (int)e->kind);
        CimWnode w;
        int r = cim_wnode_parse(e->payload, e->payload_size, &w, reterr);
        if (r)
                return r;
        event_frame(e, c, want, values);
        return cim_block_decode(c, w.block, w.block_size, want, a, values, reterr);
}

int cim_event_instance(const CimEnvelope *e, const CimClass *c, const CimClassTable *table, CimInstance **ret,
                       CimBlockError *reterr)
{
        CimInstance *i;
        int r = cim_instance_new(c, &i);
        if (r < 0)
                return r;
        CimEnvelope own = *e;
        uint8_t *payload = arena_copy(i->owner, e->payload, e->payload_size);
        char16_t *name = arena_copy(i->owner, e->instance.p, e->instance.n * sizeof(char16_t));
        own.payload = payload;
        own.instance.p = name;
        r = payload && name ? cim_event_extract(&own, c, NULL, table, i->owner, i->values, reterr) : -ENOMEM;
        if (r == 0)
                r = cim_instance_keep_classes(i);
        if (r) {
                cim_instance_unref(i);
                return r;
        }
        *ret = i;
        return 0;
}
