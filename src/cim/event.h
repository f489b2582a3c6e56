// SPDX-License-Identifier: MIT
// Events on their way: the envelope, the WNODE in it, and how both become properties.
//
//   WNODE_HEADER 48 | OffsetInstanceName u32 | InstanceIndex u32 | DataBlockOffset u32 | SizeDataBlock u32 | ... data
//
// Bytes stay bytes until somebody asks: the router extracts the few properties that queries use, a client decodes
// the rest. Every offset and length is checked against the copy at hand; nothing relies on alignment.
#ifndef CIM_EVENT_H
#define CIM_EVENT_H

#include "cim/class.h"
#include "base/buf.h"
#include "cim/instance.h"

typedef struct CimClassTable CimClassTable; // cim/codec.h

typedef enum CimPayload { CIM_PAYLOAD_WNODE = 1, CIM_PAYLOAD_INSTANCE = 2 } CimPayload;

// What a driver host says about one event, once. Borrows everything.
typedef struct CimEnvelope {
        uint64_t sequence; // of its host, from 1, without gaps among the events that were accepted
        uint64_t host;     // the host's id, unique while the service lives
        uint64_t time;     // file time: the WNODE's TimeStamp, or the moment of intake when that is 0
        Guid guid;
        Str16 instance;    // resolved against the registration of that moment; may be empty
        CimPayload kind;
        const uint8_t *payload;
        size_t payload_size;
} CimEnvelope;

// The parts of a WNODE_SINGLE_INSTANCE event, checked.
typedef struct CimWnode {
        uint32_t flags, provider_id, instance_index;
        uint64_t timestamp;
        Guid guid;
        const uint8_t *block; // the data block
        size_t block_size;
} CimWnode;

// What is wrong with bytes: "uint32 Capacity needs 4 bytes at 6, the block has 8".
typedef struct CimBlockError {
        size_t offset;    // in the block, or in the WNODE for cim_wnode_parse
        uint32_t data_id; // WmiDataId of the item; 0: none
        char says[192];
} CimBlockError;

// Checks and splits a WNODE_SINGLE_INSTANCE. 0; 1: malformed, *reterr (may be NULL) says where.
int cim_wnode_parse(const void *bytes, size_t n, CimWnode *ret, CimBlockError *reterr);

// A set of property indices. Words of 64; words NULL: all properties.
typedef struct CimWant {
        uint64_t *words;
        size_t count; // words
} CimWant;

static inline bool cim_wants(const CimWant *w, size_t i)
{
        return !w || !w->words || (i / 64 < w->count && (w->words[i / 64] >> (i % 64) & 1));
}

// Reads a data block of class c into values[c->property_count]; items that are not wanted are checked but left alone.
// Strings lose trailing NULs, a datetime of NULs is NULL; what is aligned stays where it is, the rest is copied into `a`. Properties that are not
// items are left alone. Bytes behind the last item are allowed. 0; 1: short or malformed (*reterr says where);
// -ENOMEM.
int cim_block_decode(const CimClass *c, const uint8_t *block, size_t n, const CimWant *want, Arena *a, CimValue *values,
                     CimBlockError *reterr);
// The reverse: appends the block to *out. NULL values are zero or empty; a count that is NULL is that of its array.
// 0, -ENOMEM, 1: a value does not fit (*out is as before).
int cim_block_encode(const CimClass *c, const CimValue *values, Buf *out, CimBlockError *reterr);

// All of an event: InstanceName from the envelope, Active TRUE, TIME_CREATED its time, items from the block, other
// properties their defaults. The whole block is checked whatever is wanted. Returns as cim_block_decode.
// table: of the classes of objects inside an INSTANCE payload (cim/codec.h); NULL: it has none.
int cim_event_extract(const CimEnvelope *e, const CimClass *c, const CimWant *want, const CimClassTable *table,
                      Arena *a, CimValue *values, CimBlockError *reterr);
// The same as an instance of its own.
int cim_event_instance(const CimEnvelope *e, const CimClass *c, const CimClassTable *table, CimInstance **ret,
                       CimBlockError *reterr);

#endif
