// SPDX-License-Identifier: MIT
// wire: frames at every split, every message of the table there and back, envelopes, limits.
#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/testkit.h"
#include "wire/envelope.h"
#include "wire/message.h"

// --- every message of the table ---------------------------------------------------------------------------

static uint64_t filler;

#define FILL_none(field)  field = 0;
#define FILL_u32(field)   field = (uint32_t)(0xA0000000u + ++filler);
#define FILL_u64(field)   field = UINT64_C(0xB000000000000000) + ++filler;
#define FILL_str(field)   field = (Str){"text with \0 in it", 17 - ++filler % 17};
#define FILL_bytes(field) FILL_str(field)
#define FILL_guid(field)  memset(&(field), (int)++filler, sizeof(field));
#define SAME_none(a, b)
#define SAME_u32(a, b)         assert_int_equal(a, b);
#define SAME_u64(a, b)         assert_true((a) == (b));
#define SAME_str(a, b)         assert_true(str_eq(a, b));
#define SAME_bytes(a, b)       SAME_str(a, b)
#define SAME_guid(a, b)        assert_true(guid_eq(&(a), &(b)));
#define FILL(type, name)       FILL_##type(m.name)
#define SAME(type, name)       SAME_##type(m.name, got.name)
#define FILL_REPLY(type, name) FILL_##type(r.name)
#define SAME_REPLY(type, name) SAME_##type(r.name, back.name)

// A get function must accept exactly the bytes, none fewer, none more.
#define EXACTLY(get, NAME, frame, out)                                                                       \
        do {                                                                                                 \
                uint8_t copy[4096];                                                                          \
                for (size_t k = 0; k < (frame).size; k++)                                                    \
                        assert_false(get((frame).payload, k, out));                                          \
                memcpy(copy, (frame).payload, (frame).size);                                                 \
                copy[(frame).size] = 0;                                                                      \
                assert_false(get(copy, (frame).size + 1, out));                                              \
                assert_true(get((frame).payload, (frame).size, out));                                        \
        } while (0)

#define OPERATION(NAME, number, from, right, help, fields, reply)                                            \
        static void round_trip_##NAME(void)                                                                  \
        {                                                                                                    \
                Buf b = {0};                                                                                 \
                WireFrame f;                                                                                 \
                Wire_##NAME m = {0}, got;                                                                    \
                fields(FILL) wire_put_##NAME(&b, 77, &m);                                                    \
                assert_int_equal(wire_frame(b.p, b.n, LIMIT_FRAME_BYTES, &f), b.n);                          \
                assert_int_equal(f.operation, number);                                                       \
                assert_int_equal(f.request, 77);                                                             \
                assert_int_equal(f.flags, 0);                                                                \
                EXACTLY(wire_get_##NAME, NAME, f, &got);                                                     \
                fields(SAME) b.n = 0;                                                                        \
                Wire_##NAME##_Reply r = {0}, back;                                                           \
                reply(FILL_REPLY) wire_put_##NAME##_reply(&b, 78, &r);                                       \
                assert_int_equal(wire_frame(b.p, b.n, LIMIT_FRAME_BYTES, &f), b.n);                          \
                assert_int_equal(f.flags, WIRE_REPLY);                                                       \
                EXACTLY(wire_get_##NAME##_reply, NAME, f, &back);                                            \
                reply(SAME_REPLY) buf_deinit(&b);                                                            \
        }
#include "wire/operations.def"
#undef OPERATION

static void every_message_there_and_back(void **state)
{
        (void)state;
#define OPERATION(NAME, number, from, right, help, fields, reply) round_trip_##NAME();
#include "wire/operations.def"
#undef OPERATION
}

static bool has_help(const WireInfo *i)
{
        return i->help[0] != 0;
}

static void the_table_is_consistent(void **state)
{
        (void)state;
        bool seen[65536] = {false};
#define OPERATION(NAME, number, from, right, help, fields, reply)                                            \
        assert_false(seen[number]);                                                                          \
        seen[number] = true;                                                                                 \
        assert_string_equal(wire_info(number)->name, #NAME);                                                 \
        assert_true(has_help(wire_info(number)));
#include "wire/operations.def"
#undef OPERATION
        assert_null(wire_info(0));
        assert_null(wire_info(65535));
        assert_true(wire_info(WIRE_HELLO)->has_reply);
        assert_true(wire_info(WIRE_CANCEL_ASYNC_CALL)->has_reply);
        assert_false(wire_info(WIRE_FIRE)->has_reply);
        assert_false(wire_info(WIRE_EVENT)->has_reply);
}

// --- frames
// -------------------------------------------------------------------------------------------------

static void frames_at_every_split(void **state)
{
        (void)state;
        Buf b = {0};
        wire_put_CANCEL_ASYNC_CALL(&b, 1, &(Wire_CANCEL_ASYNC_CALL){.subscription = 5});
        size_t first = b.n;
        wire_put_OPEN_NAMESPACE(&b, 2, &(Wire_OPEN_NAMESPACE){.namespace = STR("root\\wmi")});
        for (size_t n = 0; n <= b.n; n++) {
                // An exact copy, so that a sanitizer sees a read beyond it.
                uint8_t *p = malloc(n ? n : 1);
                assert_non_null(p);
                if (n)
                        memcpy(p, b.p, n);
                WireFrame f;
                ssize_t r = wire_frame(p, n, LIMIT_FRAME_BYTES, &f);
                assert_int_equal(r, n < first ? 0 : (ssize_t)first);
                if (r) {
                        assert_int_equal(f.operation, WIRE_CANCEL_ASYNC_CALL);
                        r = wire_frame(p + first, n - first, LIMIT_FRAME_BYTES, &f);
                        assert_int_equal(r, n < b.n ? 0 : (ssize_t)(b.n - first));
                }
                free(p);
        }
        buf_deinit(&b);
}

static void frame_limits(void **state)
{
        (void)state;
        WireFrame f;
        const uint32_t most = 100;
        for (uint32_t total = most - 1; total <= most + 1; total++) {
                uint8_t p[128] = {0};
                uint32_t size = total - 4;
                memcpy(p, &size, 4);
                assert_int_equal(wire_frame(p, total, most, &f), total <= most ? (ssize_t)total : -EPROTO);
                // Too large is known from the first four bytes.
                assert_int_equal(wire_frame(p, 4, most, &f), total <= most ? 0 : -EPROTO);
        }
        for (uint32_t size = 0; size <= WIRE_HEADER - 4; size++) {
                uint8_t p[16] = {0};
                memcpy(p, &size, 4);
                assert_int_equal(wire_frame(p, sizeof(p), most, &f),
                                 size < WIRE_HEADER - 4 ? -EPROTO : WIRE_HEADER);
        }
        const uint8_t huge[4] = {0xFF, 0xFF, 0xFF, 0xFF};
        assert_int_equal(wire_frame(huge, 4, LIMIT_FRAME_BYTES, &f), -EPROTO);
}

static void errors_there_and_back(void **state)
{
        (void)state;
        Diag d = {.code = CIM_E_INVALID_QUERY, .line = 3, .column = 4, .offset = 55, .length = 6};
        snprintf(d.file, sizeof(d.file), "x.mof");
        memset(d.message, 'm', sizeof(d.message) - 1);
        memset(d.hint, 'h', sizeof(d.hint) - 1);
        Buf b = {0}, list = {0};
        wire_put_diag(&list, &d);
        wire_put_diag(&list, &d);
        wire_put_error(&b, WIRE_IMPORT_MOF, 9, CIM_E_INVALID_QUERY, &d, STR("a.mof"),
                       (Str){(char *)list.p, list.n});
        WireFrame f;
        assert_int_equal(wire_frame(b.p, b.n, LIMIT_FRAME_BYTES, &f), b.n);
        uint32_t status;
        Diag got;
        Str all, about;
        assert_true(wire_get_status(f.payload, f.size, &status, &got, &about, &all));
        assert_true(str_eq(about, STR("a.mof")));
        assert_int_equal(status, (uint32_t)CIM_E_INVALID_QUERY);
        assert_memory_equal(&got, &d, sizeof(d));
        assert_true(str_eq(all, (Str){(char *)list.p, list.n}));
        Reader r = {(const uint8_t *)all.p, all.n, false};
        assert_true(wire_get_diag(&r, &got));
        assert_true(wire_get_diag(&r, &got));
        assert_false(wire_get_diag(&r, &got));
        for (size_t n = 0; n < f.size; n++)
                assert_false(wire_get_status(f.payload, n, &status, &got, &about, &all));
        Wire_IMPORT_MOF_Reply reply;
        assert_false(wire_get_IMPORT_MOF_reply(f.payload, f.size, &reply));
        // A success cannot be sent as an error, and an error without words gets those of its number.
        b.n = 0;
        wire_put_error(&b, WIRE_CANCEL_ASYNC_CALL, 9, CIM_S_NO_ERROR, NULL, (Str){"", 0}, (Str){"", 0});
        wire_frame(b.p, b.n, LIMIT_FRAME_BYTES, &f);
        assert_true(wire_get_status(f.payload, f.size, &status, &got, NULL, NULL));
        assert_int_equal(status, (uint32_t)CIM_E_FAILED);
        assert_int_equal(got.code, (uint32_t)CIM_E_FAILED);
        assert_string_equal(got.message, "failed");
        buf_deinit(&b);
        buf_deinit(&list);
}

// "aaa...a\u00e4": cut in front of the last character when that does not fit.
static void parameters_have_a_bound(void **state)
{
        (void)state;
        char *text = malloc(LIMIT_PARAMETER_BYTES + 2);
        assert_non_null(text);
        memset(text, 'a', LIMIT_PARAMETER_BYTES + 2);
        for (size_t n = LIMIT_PARAMETER_BYTES - 1; n <= LIMIT_PARAMETER_BYTES + 1; n++)
                for (int wide = 0; wide < 2; wide++) {
                        size_t told = n <= LIMIT_PARAMETER_BYTES ? n : LIMIT_PARAMETER_BYTES - (size_t)wide;
                        text[n - 2] = wide ? '\xC3' : 'a';
                        text[n - 1] = wide ? '\xA4' : 'a';
                        Buf b = {0};
                        WireFrame f;
                        uint32_t status;
                        Str about, list;
                        wire_put_error(&b, WIRE_GET_OBJECT, 9, CIM_E_NOT_FOUND, NULL, (Str){text, n},
                                       STR("list"));
                        assert_int_equal(wire_frame(b.p, b.n, LIMIT_FRAME_BYTES, &f), b.n);
                        assert_true(wire_get_status(f.payload, f.size, &status, NULL, &about, &list));
                        assert_true(str_eq(about, (Str){text, told}));
                        assert_true(str_eq(list, STR("list")));
                        buf_deinit(&b);
                        text[n - 2] = 'a';
                }
        free(text);
}

static Str parameter_of(Buf *b)
{
        WireFrame f;
        assert_int_equal(wire_frame(b->p, b->n, LIMIT_FRAME_BYTES, &f), b->n);
        b->n = 0;
        return wire_parameter(&f);
}

static void what_an_extended_status_says(void **state)
{
        (void)state;
        char name[WIRE_NAME];
        assert_string_equal(wire_operation_name(WIRE_EXEC_QUERY, name), "ExecQuery");
        assert_string_equal(wire_operation_name(WIRE_GET_OBJECT, name), "GetObject");
        assert_string_equal(wire_operation_name(7, name), "GetObjectAsync");
        assert_string_equal(wire_operation_name(WIRE_CREATE_CLASS_ENUM, name), "CreateClassEnum");
        assert_string_equal(wire_operation_name(WIRE_EXEC_NOTIFICATION_QUERY, name), "ExecNotificationQuery");
        assert_string_equal(wire_operation_name(23, name), "ExecNotificationQueryAsync");
        assert_string_equal(wire_operation_name(0, name), "");
        assert_string_equal(wire_operation_name(65535, name), "");
#define OPERATION(NAME, number, from, right, help, fields, reply)                                            \
        assert_true(strlen(wire_operation_name(number, name)) > 0 && strlen(name) < WIRE_NAME - 1);
#include "wire/operations.def"
#undef OPERATION
        Buf b = {0};
        wire_put_EXEC_QUERY(
                &b, 1,
                &(Wire_EXEC_QUERY){.namespace = STR("root"), .language = STR("WQL"), .query = STR("SELECT")});
        assert_true(str_eq(parameter_of(&b), STR("SELECT")));
        wire_put_EXEC_METHOD(
                &b, 1,
                &(Wire_EXEC_METHOD){.namespace = STR("root"), .path = STR("Thing=1"), .method = STR("Do")});
        assert_true(str_eq(parameter_of(&b), STR("Thing=1")));
        wire_put_CREATE_CLASS_ENUM(&b, 1, &(Wire_CREATE_CLASS_ENUM){.namespace = STR("root")});
        assert_true(str_eq(parameter_of(&b), STR("root")));
        wire_put_CREATE_CLASS_ENUM(
                &b, 1, &(Wire_CREATE_CLASS_ENUM){.namespace = STR("root"), .superclass = STR("Thing")});
        assert_true(str_eq(parameter_of(&b), STR("Thing")));
        wire_put_LIST_DRIVERS(&b, 1, &(Wire_LIST_DRIVERS){0});
        assert_int_equal(parameter_of(&b).n, 0);
        wire_put_GET_OBJECT(&b, 1, &(Wire_GET_OBJECT){.path = STR("Thing")});
        buf_patch_u32(&b, WIRE_HEADER, 4096); // a malformed one is about nothing
        assert_int_equal(parameter_of(&b).n, 0);
        buf_deinit(&b);
}

static void texts_of_peers_are_cut(void **state)
{
        (void)state;
        Buf b = {0};
        char big[1000];
        memset(big, 'x', sizeof(big));
        Diag d = {.code = CIM_E_FAILED}, got;
        wire_put_diag(&b, &d);
        b.n -= 12; // its three empty texts
        for (int i = 0; i < 3; i++)
                buf_str(&b, (Str){big, sizeof(big)});
        Reader r = {b.p, b.n, false};
        assert_true(wire_get_diag(&r, &got));
        assert_int_equal(strlen(got.file), sizeof(got.file) - 1);
        assert_int_equal(strlen(got.message), sizeof(got.message) - 1);
        assert_int_equal(strlen(got.hint), sizeof(got.hint) - 1);
        buf_deinit(&b);
}

// --- envelopes
// ------------------------------------------------------------------------------------------------

static CimEnvelope sample(void)
{
        static const uint8_t payload[] = "payload";
        return (CimEnvelope){.sequence = 7,
                             .host = 8,
                             .time = 9,
                             .guid = {{1, 2, 3}},
                             .instance = {u"ROOT\\TOASTER\\0000_0", 19},
                             .kind = CIM_PAYLOAD_WNODE,
                             .payload = payload,
                             .payload_size = sizeof(payload)};
}

static void envelopes_at_every_alignment(void **state)
{
        (void)state;
        CimEnvelope e = sample(), got;
        Buf b = {0};
        wire_envelope_write(&e, &b);
        assert_int_equal(b.n, wire_envelope_size(&e));
        for (size_t shift = 0; shift < 8; shift++) {
                uint8_t *p = malloc(b.n + shift);
                assert_non_null(p);
                memcpy(p + shift, b.p, b.n);
                Arena a = {0};
                assert_int_equal(wire_envelope_read(p + shift, b.n, &a, &got), 0);
                assert_true(got.sequence == 7 && got.host == 8 && got.time == 9 &&
                            guid_eq(&got.guid, &e.guid));
                assert_int_equal(str16_cmp(got.instance, e.instance), 0);
                assert_int_equal(got.payload_size, e.payload_size);
                assert_memory_equal(got.payload, e.payload, e.payload_size);
                for (size_t n = 0; n < b.n; n++)
                        assert_int_equal(wire_envelope_read(p + shift, n, &a, &got), 1);
                arena_deinit(&a);
                free(p);
        }
        buf_u8(&b, 0);
        Arena a = {0};
        assert_int_equal(wire_envelope_read(b.p, b.n, &a, &got), 1);
        arena_deinit(&a);
        buf_deinit(&b);
}

static int read_with(CimEnvelope e, CimEnvelope *got, Arena *a, Buf *b)
{
        b->n = 0;
        wire_envelope_write(&e, b);
        return wire_envelope_read(b->p, b->n, a, got);
}

static void envelope_limits(void **state)
{
        (void)state;
        Arena a = {0};
        Buf b = {0};
        CimEnvelope e = sample(), got;
        char16_t *name = calloc(LIMIT_INSTANCE_NAME, sizeof(*name));
        uint8_t *payload = calloc(LIMIT_EVENT_BYTES + 1, 1);
        assert_non_null(name);
        assert_non_null(payload);
        for (size_t k = LIMIT_INSTANCE_NAME / 2 - 1; k <= LIMIT_INSTANCE_NAME / 2 + 1; k++) {
                e.instance = (Str16){name, k};
                assert_int_equal(read_with(e, &got, &a, &b), k > LIMIT_INSTANCE_NAME / 2);
        }
        e = sample();
        e.payload = payload;
        for (size_t k = LIMIT_EVENT_BYTES - 1; k <= LIMIT_EVENT_BYTES + 1; k++) {
                e.payload_size = k;
                assert_int_equal(read_with(e, &got, &a, &b), k > LIMIT_EVENT_BYTES);
        }
        free(payload);
        payload = calloc(LIMIT_INSTANCE_EVENT + 1, 1);
        assert_non_null(payload);
        e.kind = CIM_PAYLOAD_INSTANCE;
        e.payload = payload;
        for (size_t k = LIMIT_INSTANCE_EVENT - 1; k <= LIMIT_INSTANCE_EVENT + 1; k++) {
                e.payload_size = k;
                assert_int_equal(read_with(e, &got, &a, &b), k > LIMIT_INSTANCE_EVENT);
        }
        e = sample();
        e.instance.n = 0;
        e.payload_size = 0;
        assert_int_equal(read_with(e, &got, &a, &b), 0);
        assert_int_equal(got.instance.n, 0);
        for (int kind = 0; kind < 4; kind++) {
                e.kind = (CimPayload)kind;
                assert_int_equal(read_with(e, &got, &a, &b),
                                 kind == CIM_PAYLOAD_WNODE || kind == CIM_PAYLOAD_INSTANCE ? 0 : 1);
        }
        // A name of an odd number of bytes is no name.
        e = sample();
        b.n = 0;
        wire_envelope_write(&e, &b);
        b.p[40] = (uint8_t)(b.p[40] - 1);
        assert_int_equal(wire_envelope_read(b.p, b.n, &a, &got), 1);
        free(name);
        free(payload);
        arena_deinit(&a);
        buf_deinit(&b);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(every_message_there_and_back),
                TEST(the_table_is_consistent),
                TEST(frames_at_every_split),
                TEST(frame_limits),
                TEST(errors_there_and_back),
                TEST(parameters_have_a_bound),
                TEST(what_an_extended_status_says),
                TEST(texts_of_peers_are_cut),
                TEST(envelopes_at_every_alignment),
                TEST(envelope_limits),
                TEST_END,
        });
}
