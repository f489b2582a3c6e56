// SPDX-License-Identifier: MIT
// Envelopes as bytes.
#include "wire/envelope.h"

#include "base/limits.h"
#include "base/utf.h"

size_t wire_envelope_size(const CimEnvelope *e)
{
        return WIRE_ENVELOPE_FIXED + e->instance.n * 2 + e->payload_size;
}

#define STORE(v)                                                                                                       \
        do {                                                                                                           \
                memcpy(p, &(v), sizeof(v));                                                                            \
                p += sizeof(v);                                                                                        \
        } while (0)

uint8_t *wire_envelope_store_head(const CimEnvelope *e, uint8_t *p)
{
        uint16_t name = (uint16_t)(e->instance.n * 2);
        uint8_t kind = (uint8_t)e->kind;
        uint32_t size = (uint32_t)e->payload_size;
        STORE(e->sequence);
        STORE(e->host);
        STORE(e->time);
        STORE(e->guid);
        STORE(name);
        if (name)
                memcpy(p, e->instance.p, name);
        p += name;
        STORE(kind);
        STORE(size);
        return p;
}

void wire_envelope_store(const CimEnvelope *e, uint8_t *p)
{
        p = wire_envelope_store_head(e, p);
        if (e->payload_size)
                memcpy(p, e->payload, (uint32_t)e->payload_size);
}

void wire_envelope_write(const CimEnvelope *e, Buf *out)
{
        size_t n = wire_envelope_size(e);
        uint8_t *p = buf_reserve(out, n);
        if (!p)
                return;
        wire_envelope_store(e, p);
        out->n += n;
}

int wire_envelope_read(const uint8_t *p, size_t n, Arena *a, CimEnvelope *ret)
{
        Reader r = {p, n, false};
        *ret = (CimEnvelope){0};
        ret->sequence = read_u64(&r);
        ret->host = read_u64(&r);
        ret->time = read_u64(&r);
        ret->guid = read_guid(&r);
        uint16_t bytes = read_u16(&r);
        const uint8_t *name = read_bytes(&r, bytes);
        uint8_t kind = read_u8(&r);
        uint32_t size = read_u32(&r);
        const uint8_t *payload = read_bytes(&r, size);
        if (r.failed || r.n || bytes % 2 || bytes > LIMIT_INSTANCE_NAME ||
            !((kind == CIM_PAYLOAD_WNODE && size <= LIMIT_EVENT_BYTES) ||
              (kind == CIM_PAYLOAD_INSTANCE && size <= LIMIT_INSTANCE_EVENT)))
                return 1;
        ret->kind = (CimPayload)kind;
        ret->payload = payload;
        ret->payload_size = size;
        if ((uintptr_t)name % _Alignof(char16_t) == 0) {
                ret->instance = (Str16){(const char16_t *)(const void *)name, bytes / 2u};
                return 0;
        }
        ret->instance = utf16_copy(a, name, bytes / 2u);
        return ret->instance.p ? 0 : -ENOMEM;
}
