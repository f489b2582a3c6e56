// SPDX-License-Identifier: MIT
// Messages: code made from operations.def.
#include <sys/types.h>

#include "wire/message.h"

#include <stdio.h>

#include "base/limits.h"

static size_t wire_begin(Buf *out, uint16_t operation, uint16_t flags, uint32_t request)
{
        size_t at = out->n;
        buf_u32(out, 0);
        buf_u16(out, operation);
        buf_u16(out, flags);
        buf_u32(out, request);
        return at;
}

static void wire_end(Buf *out, size_t at)
{
        if (!out->failed)
                buf_patch_u32(out, at, (uint32_t)(out->n - at - 4));
}

#define PUT_none(out, v) (void)(v)
#define PUT_u32 buf_u32
#define PUT_u64 buf_u64
#define PUT_str buf_str
#define PUT_bytes buf_str
#define PUT_guid(out, v) buf_guid(out, &(v))
#define GET_none(r) 0
#define GET_u32 read_u32
#define GET_u64 read_u64
#define GET_str read_str
#define GET_bytes read_str
#define GET_guid read_guid
#define PUT_FIELD(type, name) PUT_##type(out, m->name);
#define GET_FIELD(type, name) ret->name = GET_##type(&r);

#define OPERATION(NAME, number, from, right, help, fields, reply)                                                     \
        void wire_put_##NAME(Buf *out, uint32_t request, const Wire_##NAME *m)                                         \
        {                                                                                                              \
                (void)m;                                                                                               \
                size_t at = wire_begin(out, number, 0, request);                                                       \
                fields(PUT_FIELD) wire_end(out, at);                                                                   \
        }                                                                                                              \
        bool wire_get_##NAME(const uint8_t *p, size_t n, Wire_##NAME *ret)                                             \
        {                                                                                                              \
                Reader r = {p, n, false};                                                                              \
                *ret = (Wire_##NAME){0};                                                                               \
                fields(GET_FIELD) return !r.failed && r.n == 0;                                                        \
        }                                                                                                              \
        void wire_put_##NAME##_reply(Buf *out, uint32_t request, const Wire_##NAME##_Reply *m)                         \
        {                                                                                                              \
                (void)m;                                                                                               \
                size_t at = wire_begin(out, number, WIRE_REPLY, request);                                              \
                buf_u32(out, 0);                                                                                       \
                reply(PUT_FIELD) wire_end(out, at);                                                                    \
        }                                                                                                              \
        bool wire_get_##NAME##_reply(const uint8_t *p, size_t n, Wire_##NAME##_Reply *ret)                             \
        {                                                                                                              \
                Reader r = {p, n, false};                                                                              \
                *ret = (Wire_##NAME##_Reply){0};                                                                       \
                uint32_t status = read_u32(&r);                                                                        \
                reply(GET_FIELD) return !r.failed && r.n == 0 && !cim_failed(status);                                  \
        }
#include "wire/operations.def"
#undef OPERATION

ssize_t wire_frame(const uint8_t *p, size_t n, size_t most, WireFrame *ret)
{
        if (n < 4)
                return 0;
        Reader r = {p, n, false};
        uint32_t size = read_u32(&r);
        if (size < WIRE_HEADER - 4 || size > most - 4)
                return -EPROTO;
        if (r.n < size)
                return 0;
        ret->operation = read_u16(&r);
        ret->flags = read_u16(&r);
        ret->request = read_u32(&r);
        ret->payload = r.p;
        ret->size = size - (WIRE_HEADER - 4);
        return (ssize_t)size + 4;
}

void wire_put_diag(Buf *out, const Diag *d)
{
        buf_u32(out, d->code);
        buf_u32(out, d->line);
        buf_u32(out, d->column);
        buf_u64(out, d->offset);
        buf_u64(out, d->length);
        buf_str(out, str_of(d->file));
        buf_str(out, str_of(d->message));
        buf_str(out, str_of(d->hint));
}

static void wire_get_text(Reader *r, char *out, size_t size)
{
        Str s = read_str(r);
        size_t n = s.n < size - 1 ? s.n : size - 1;
        memcpy(out, s.p, n);
        out[n] = '\0';
}

bool wire_get_diag(Reader *r, Diag *ret)
{
        *ret = (Diag){0};
        ret->code = read_u32(r);
        ret->line = read_u32(r);
        ret->column = read_u32(r);
        ret->offset = (size_t)read_u64(r);
        ret->length = (size_t)read_u64(r);
        wire_get_text(r, ret->file, sizeof(ret->file));
        wire_get_text(r, ret->message, sizeof(ret->message));
        wire_get_text(r, ret->hint, sizeof(ret->hint));
        return !r->failed;
}

// Cuts between characters.
static Str wire_cut(Str s, size_t most)
{
        if (s.n <= most)
                return s;
        while (most && ((unsigned char)s.p[most] & 0xC0) == 0x80)
                most--;
        return (Str){s.p, most};
}

void wire_put_error(Buf *out, uint16_t operation, uint32_t request, uint32_t status, const Diag *d, Str parameter,
                    Str list)
{
        size_t at = wire_begin(out, operation, WIRE_REPLY, request);
        buf_u32(out, cim_failed(status) ? status : (uint32_t)CIM_E_FAILED);
        Diag none = {0};
        wire_put_diag(out, d ? d : &none);
        buf_str(out, wire_cut(parameter, LIMIT_PARAMETER_BYTES));
        buf_str(out, list);
        wire_end(out, at);
}

bool wire_get_status(const uint8_t *p, size_t n, uint32_t *ret_status, Diag *reterr, Str *ret_parameter, Str *ret_list)
{
        Reader r = {p, n, false};
        *ret_status = read_u32(&r);
        if (ret_parameter)
                *ret_parameter = (Str){"", 0};
        if (ret_list)
                *ret_list = (Str){"", 0};
        if (r.failed || !cim_failed(*ret_status))
                return !r.failed;
        Diag d;
        if (!wire_get_diag(&r, &d))
                return false;
        Str parameter = read_str(&r), list = read_str(&r);
        if (ret_parameter)
                *ret_parameter = parameter;
        if (ret_list)
                *ret_list = list;
        if (reterr) {
                *reterr = d;
                if (!reterr->code)
                        reterr->code = *ret_status;
                if (!reterr->message[0])
                        snprintf(reterr->message, sizeof(reterr->message), "%s", cim_status_says(*ret_status));
        }
        return !r.failed;
}

#define OPERATION(NAME, number, from, right, help, fields, reply)                                                     \
        {number, #NAME, #from, #right, help, sizeof(#reply) != sizeof("NO_REPLY") || #reply[3] != 'R'},
static const WireInfo wire_table[] = {
#include "wire/operations.def"
};
#undef OPERATION

const WireInfo *wire_info(uint16_t operation)
{
        for (size_t i = 0; i < sizeof(wire_table) / sizeof(wire_table[0]); i++)
                if (wire_table[i].number == operation)
                        return &wire_table[i];
        return NULL;
}

size_t wire_request_limit(uint16_t operation)
{
        switch (operation) {
        case WIRE_IMPORT_MOF:
                return LIMIT_FRAME_BYTES;
        case WIRE_PUT_CLASS:
        case WIRE_PUT_INSTANCE:
        case WIRE_EXEC_METHOD:
        case WIRE_INDICATE:
                return LIMIT_OBJECTS_BYTES;
        default:
                return LIMIT_REQUEST_BYTES;
        }
}

// --- for __ExtendedStatus ------------------------------------------------------------------------

// GET_OBJECT -> GetObject.
static void wire_windows_name(const char *name, const char *suffix, char out[WIRE_NAME])
{
        size_t n = 0;
        bool first = true;
        for (; *name && n < WIRE_NAME - 1; name++) {
                if (*name != '_')
                        out[n++] = first || *name < 'A' || *name > 'Z' ? *name : (char)(*name - 'A' + 'a');
                first = *name == '_';
        }
        snprintf(out + n, WIRE_NAME - n, "%s", suffix);
}

const char *wire_operation_name(uint16_t number, char out[WIRE_NAME])
{
        out[0] = '\0';
        switch (number) {
#define OPERATION(NAME, n, from, right, help, fields, reply)                                                           \
        case n:                                                                                                        \
                wire_windows_name(#NAME, "", out);                                                                     \
                break;
#define ASYNC(NAME, n)                                                                                                 \
        case n:                                                                                                        \
                wire_windows_name(#NAME, "Async", out);                                                                \
                break;
#include "wire/operations.def"
#undef OPERATION
        }
        return out;
}

// The fields that say what a request is about, the most telling first.
static const char *const wire_telling[] = {"query", "path", "name", "superclass", "file", "namespace"};

static void wire_parameter_offer(const char *field, Str value, size_t *rank, Str *ret)
{
        for (size_t i = 0; i < *rank; i++)
                if (strcmp(field, wire_telling[i]) == 0 && value.n) {
                        *rank = i;
                        *ret = value;
                }
}

#define OFFER_none(field, v) (void)(v)
#define OFFER_u32(field, v) (void)(v)
#define OFFER_u64(field, v) (void)(v)
#define OFFER_str(field, v) wire_parameter_offer(field, v, &rank, &ret)
#define OFFER_bytes(field, v) (void)(v)
#define OFFER_guid(field, v) (void)(v)
#define OFFER_FIELD(type, name) OFFER_##type(#name, m.name);

Str wire_parameter(const WireFrame *f)
{
        size_t rank = sizeof(wire_telling) / sizeof(wire_telling[0]);
        Str ret = {"", 0};
        switch ((WireOperation)f->operation) {
#define OPERATION(NAME, number, from, right, help, fields, reply)                                                     \
        case number: {                                                                                                 \
                Wire_##NAME m;                                                                                         \
                if (!wire_get_##NAME(f->payload, f->size, &m))                                                         \
                        return ret;                                                                                    \
                fields(OFFER_FIELD) break;                                                                             \
        }
#include "wire/operations.def"
#undef OPERATION
        }
        (void)rank;
        return ret;
}
