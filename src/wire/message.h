// SPDX-License-Identifier: MIT
// Messages: a frame is a header and the fields that operations.def lists for its operation, in order.
//
//   u32 size (of all that follows) | u16 operation | u16 flags (1: reply) | u32 request | fields
//
// All little endian, no padding. str and bytes are u32 byte count and bytes; guid is 16 bytes. For each operation X
// there are a struct Wire_X for its fields, wire_put_X to append a whole frame to a Buf and wire_get_X to read the
// fields out of a payload; for operations with a reply also struct Wire_X_Reply, wire_put_X_reply, wire_get_X_reply.
// What is read borrows from the frame.
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "cim/status.h"

#define WIRE_VERSION 1u
enum { WIRE_HEADER = 12, WIRE_REPLY = 1, WIRE_ROLE_CLIENT = 1, WIRE_ROLE_HOST = 2 };

enum { // HOST_STATE
        WIRE_HOST_LOADING = 1,
        WIRE_HOST_STARTED = 2,
        WIRE_HOST_REGISTERED = 3,
        WIRE_HOST_UNLOADING = 4,
        WIRE_HOST_UNLOADED = 5,
        WIRE_HOST_FAILED = 6,
};

typedef enum WireOperation {
#define OPERATION(NAME, number, from, right, help, fields, reply) WIRE_##NAME = number,
#include "wire/operations.def"
#undef OPERATION
} WireOperation;

typedef uint8_t WireNone;
typedef uint32_t WireU32;
typedef uint64_t WireU64;
typedef Str WireStr, WireBytes;
typedef Guid WireGuid;

#define WIRE_TYPE_none WireNone
#define WIRE_TYPE_u32 WireU32
#define WIRE_TYPE_u64 WireU64
#define WIRE_TYPE_str WireStr
#define WIRE_TYPE_bytes WireBytes
#define WIRE_TYPE_guid WireGuid
#define WIRE_FIELD(type, name) WIRE_TYPE_##type name;

#define OPERATION(NAME, number, from, right, help, fields, reply)                                                     \
        typedef struct Wire_##NAME {                                                                                   \
                uint8_t unused_;                                                                                       \
                fields(WIRE_FIELD)                                                                                     \
        } Wire_##NAME;                                                                                                 \
        typedef struct Wire_##NAME##_Reply {                                                                           \
                uint8_t unused_;                                                                                       \
                reply(WIRE_FIELD)                                                                                      \
        } Wire_##NAME##_Reply;                                                                                         \
        void wire_put_##NAME(Buf *out, uint32_t request, const Wire_##NAME *m);                                        \
        bool wire_get_##NAME(const uint8_t *p, size_t n, Wire_##NAME *ret);                                            \
        void wire_put_##NAME##_reply(Buf *out, uint32_t request, const Wire_##NAME##_Reply *m);                        \
        bool wire_get_##NAME##_reply(const uint8_t *p, size_t n, Wire_##NAME##_Reply *ret);
#include "wire/operations.def"
#undef OPERATION

// What a frame is, before its fields are read.
typedef struct WireFrame {
        uint16_t operation;
        uint16_t flags;
        uint32_t request;
        const uint8_t *payload; // borrowed
        size_t size;
} WireFrame;

// Looks for a whole frame at the start of p[0..n). Returns its length in bytes (header included) and fills *ret;
// 0: more bytes are needed; -EPROTO: not a frame, or larger than `most` bytes.
ssize_t wire_frame(const uint8_t *p, size_t n, size_t most, WireFrame *ret);

// Reply to any operation. wire_put_error: status must be a failure; `parameter` is what the request was about
// (wire_parameter; cut at LIMIT_PARAMETER_BYTES), `list` (may be empty) are all diags of a MOF.
void wire_put_error(Buf *out, uint16_t operation, uint32_t request, uint32_t status, const Diag *d, Str parameter,
                    Str list);
// The status that a reply begins with; on failure fills *reterr, *ret_parameter and *ret_list (each may be NULL; the
// texts are borrowed from p). False: malformed.
bool wire_get_status(const uint8_t *p, size_t n, uint32_t *ret_status, Diag *reterr, Str *ret_parameter,
                     Str *ret_list);

// What an __ExtendedStatus says besides the number and the Diag's message: Operation is the name of the method, as
// Windows spells it ("ExecQuery" of EXEC_QUERY; "ExecQueryAsync" of its ASYNC number), "" of what is not in the table;
// ParameterInfo is the request's query, else its path, class or namespace (borrowed; empty when it has none);
// ProviderName is whoever raised it.
enum { WIRE_NAME = 48 };
#define WIRE_PROVIDER "WinMgmt"
const char *wire_operation_name(uint16_t number, char out[WIRE_NAME]);
Str wire_parameter(const WireFrame *f);

// One Diag as bytes, for lists.
void wire_put_diag(Buf *out, const Diag *d);
bool wire_get_diag(Reader *r, Diag *ret);

// What the table says of an operation; NULL: not in the table.
typedef struct WireInfo {
        uint16_t number;
        const char *name, *from, *right, *help;
        bool has_reply;
} WireInfo;
const WireInfo *wire_info(uint16_t operation);
// Bytes that a client's request may have, its header included: of its kind, whatever is in it.
size_t wire_request_limit(uint16_t operation);

#endif
