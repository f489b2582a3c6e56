// SPDX-License-Identifier: MIT
// wmi mof encode and decode: the bytes of a data block from JSON, and back.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "block-json.h"
#include "cim/layout.h"
#include "mof-class.h"
#include "mof-verbs.h"
#include "output.h"
#include "print-value.h"
#include "say.h"
#include "write-file.h"

// --- what both share -----------------------------------------------------------------------------

// The class, or the buffer of its method, that the first argument names. *ret NULL with WMI_DONE: "-", no
// class.
static int block_class(MofClasses *m, const Options *o, const char *verb, CimClass **ret)
{
        const CimClass *c;
        *ret = NULL;
        if (!strcmp(o->arguments.p[0], "-") && o->acpi)
                return WMI_DONE;
        int code = mof_classes_open(o, verb, m);
        if (!code)
                code = mof_classes_find(m, o->arguments.p[0], &c);
        if (!code)
                code = mof_classes_buffer(m, c, ret);
        if (!code && !*ret) {
                say("%s: the %s buffer of %s is empty", verb, o->buffer_out ? "output" : "input", o->method);
                code = WMI_INPUT;
        }
        return code;
}

static int block_values(const CimClass *c, CimValue **ret, Arena *a)
{
        *ret = arena_array(a, CimValue, c->property_count);
        for (size_t i = 0; *ret && i < c->property_count; i++)
                (*ret)[i] = cim_null(c->properties[i].type);
        return *ret ? WMI_DONE : request_no_memory();
}

static int block_failed(int r, const Diag *d, Str source)
{
        if (r != E_DIAG)
                return r == -ENOMEM ? request_no_memory() : (say("%s", strerror(-r)), WMI_FAILED);
        say_diag(d, source);
        return WMI_INPUT;
}

static int block_refused(const CimBlockError *e)
{
        say("%s", e->says);
        return WMI_INPUT;
}

// --- encode --------------------------------------------------------------------------------------

static void hex_text(const Buf *bytes, Buf *out)
{
        for (size_t i = 0; i < bytes->n; i++)
                buf_printf(out, "%02x%s", bytes->p[i], i % 16 == 15 || i + 1 == bytes->n ? "\n" : " ");
}

static void hex_json(const Buf *bytes, Buf *out)
{
        buf_printf(out, "{\"bytes\":%zu,\"hex\":\"", bytes->n);
        for (size_t i = 0; i < bytes->n; i++)
                buf_printf(out, "%02x", bytes->p[i]);
        buf_text(out, "\"}\n");
}

// Digits on a terminal, bytes anywhere else.
static int encode_write(const Options *o, const Buf *bytes)
{
        Buf text = {0};
        bool hex = o->json || o->hex || (!o->raw && !o->output && isatty(STDOUT_FILENO) == 1);
        if (o->json)
                hex_json(bytes, &text);
        else if (hex)
                hex_text(bytes, &text);
        const Buf *b = hex ? &text : bytes;
        int code = text.failed ? request_no_memory() : WMI_DONE;
        if (!code && o->output) {
                code = write_file(o->output, (Str){(const char *)b->p, b->n});
        } else if (!code) {
                Output out;
                output_init(&out, STDOUT_FILENO);
                buf_put(&out.pending, b->p, b->n);
                output_finish(&out);
                if (out.error)
                        say("standard output: %s", strerror(out.error));
                code = out.error ? WMI_FAILED : WMI_DONE;
                output_deinit(&out);
        }
        buf_deinit(&text);
        return code;
}

static int encode_acpi(json_object *o, Str source, Arena *a, Buf *out)
{
        AcpiObject object;
        Diag d = {0};
        int r = block_json_acpi(o, a, &object, &d);
        if (!r)
                r = cim_acpi_block(&object, out, &d);
        (void)source;
        return r ? block_failed(r, &d, (Str){0}) : WMI_DONE;
}

// What stands behind the last item, unless it is the padding to the next multiple of 8.
static void block_rest(const CimClass *c, const Buf *block, bool padded)
{
        uint32_t size = c->layout ? c->layout->size : 0;
        if (size == UINT32_MAX || block->n <= size)
                return;
        size_t rest = block->n - size;
        for (size_t i = size; padded && i < block->n && rest < 8; i++)
                padded = !block->p[i];
        if (!padded || rest >= 8)
                say("%zu byte%s behind the last item, at %u, %s not read", rest, rest == 1 ? "" : "s", size,
                    rest == 1 ? "is" : "are");
}

// Does the block that firmware would give fit the class?
static int encode_check(const CimClass *c, const Buf *block, Arena *a)
{
        CimValue *values;
        CimBlockError e = {0};
        int code = block_values(c, &values, a);
        if (code)
                return code;
        int r = cim_block_decode(c, block->p, block->n, NULL, a, values, &e);
        if (r == 1) {
                say("%.*s does not read this block: %s", STR_ARG(c->name), e.says);
                return WMI_INPUT;
        }
        if (!r)
                block_rest(c, block, false);
        return r ? request_no_memory() : WMI_DONE;
}

static int encode_items(const Options *o, const CimClass *c, json_object *json, Arena *a, Buf *out)
{
        CimValue *values;
        Diag d = {0};
        CimBlockError e = {0};
        int code = block_values(c, &values, a);
        if (code)
                return code;
        int r = block_json_values(c, json, a, values, &d);
        if (!r && o->fixed)
                r = block_json_pad(c, a, values);
        if (r)
                return block_failed(r, &d, (Str){0});
        r = cim_block_encode(c, values, out, &e);
        return r == 1 ? block_refused(&e) : r ? request_no_memory() : WMI_DONE;
}

// The JSON: the second argument, or standard input.
static int encode_input(const Options *o, Buf *text)
{
        if (o->arguments.n > 1) {
                buf_text(text, o->arguments.p[1]);
                return text->failed ? request_no_memory() : WMI_DONE;
        }
        int r = mof_read_file("-", text);
        if (r)
                say("standard input: %s", strerror(-r));
        return r ? WMI_FAILED : WMI_DONE;
}

static int encode_run(const Options *o)
{
        MofClasses m = {0};
        CimClass *c = NULL;
        Buf text = {0}, bytes = {0};
        Arena a = {0};
        Diag d = {0};
        json_object *json = NULL;
        int code = block_class(&m, o, "wmi mof encode", &c);
        if (!code)
                code = encode_input(o, &text);
        Str source = {(const char *)text.p, text.n};
        if (!code) {
                int r = block_json_parse(source, &json, &d);
                code = r ? block_failed(r, &d, source) : WMI_DONE;
        }
        if (!code)
                code = o->acpi ? encode_acpi(json, source, &a, &bytes) : encode_items(o, c, json, &a, &bytes);
        if (!code && o->acpi && c)
                code = encode_check(c, &bytes, &a);
        if (!code)
                code = encode_write(o, &bytes);
        json_object_put(json);
        arena_deinit(&a);
        buf_deinit(&text);
        buf_deinit(&bytes);
        cim_class_unref(c);
        mof_classes_deinit(&m);
        return code;
}

// --- decode --------------------------------------------------------------------------------------

// Text of digits as the bytes that it stands for, unless --raw says that it is the block itself.
static int decode_input(const Options *o, Buf *bytes)
{
        const char *file = o->arguments.n > 1 ? o->arguments.p[1] : "-";
        Buf hex = {0};
        int r = mof_read_file(file, bytes);
        if (r) {
                say("%s: %s", strcmp(file, "-") ? file : "standard input", strerror(-r));
                return WMI_FAILED;
        }
        bool is_hex = !o->raw && block_hex((Str){(const char *)bytes->p, bytes->n}, &hex);
        bool failed = hex.failed;
        if (is_hex && !failed) {
                Buf swap = *bytes;
                *bytes = hex;
                hex = swap;
        }
        buf_deinit(&hex);
        if (failed)
                return request_no_memory();
        if (o->hex && !is_hex) {
                say("this is no text of pairs of hexadecimal digits");
                return WMI_INPUT;
        }
        return WMI_DONE;
}

static int decode_print(json_object *json)
{
        Output out;
        output_init(&out, STDOUT_FILENO);
        int r = value_json_text(json, &out.pending);
        buf_u8(&out.pending, '\n');
        if (!r)
                output_finish(&out);
        if (out.error)
                say("standard output: %s", strerror(out.error));
        int code = r ? request_no_memory() : out.error ? WMI_FAILED : WMI_DONE;
        output_deinit(&out);
        return code;
}

static int decode_acpi(const Buf *bytes, json_object **ret)
{
        Buf text = {0};
        Diag d = {0};
        int r = cim_acpi_string(bytes->p, bytes->n, &text, &d);
        if (!r) {
                *ret = json_object_new_string_len(text.n ? (const char *)text.p : "", (int)text.n);
                r = *ret ? 0 : -ENOMEM;
        }
        buf_deinit(&text);
        return r ? block_failed(r, &d, (Str){0}) : WMI_DONE;
}

// Is all of it text that a person may have meant as digits?
static bool is_text(const Buf *bytes)
{
        for (size_t i = 0; i < bytes->n; i++)
                if ((bytes->p[i] < ' ' && !strchr("\t\r\n", bytes->p[i])) || !bytes->p[i] ||
                    bytes->p[i] >= 0x7f)
                        return false;
        return bytes->n != 0;
}

static int decode_items(const Options *o, const CimClass *c, const Buf *bytes, Arena *a, json_object **ret)
{
        CimValue *values;
        CimBlockError e = {0};
        int code = block_values(c, &values, a);
        if (code)
                return code;
        int r = cim_block_decode(c, bytes->p, bytes->n, NULL, a, values, &e);
        if (r == 1 && !o->raw && is_text(bytes))
                say("the input is text, but no pairs of hexadecimal digits: it was read as the bytes of a "
                    "block");
        if (r == 1)
                return block_refused(&e);
        if (!r)
                block_rest(c, bytes, true);
        if (!r)
                r = block_json_of(c, values, a, ret);
        return r ? block_failed(r, NULL, (Str){0}) : WMI_DONE;
}

static int decode_run(const Options *o)
{
        MofClasses m = {0};
        CimClass *c = NULL;
        Buf bytes = {0};
        Arena a = {0};
        json_object *json = NULL;
        int code = block_class(&m, o, "wmi mof decode", &c);
        if (!code)
                code = decode_input(o, &bytes);
        if (!code)
                code = c ? decode_items(o, c, &bytes, &a, &json) : decode_acpi(&bytes, &json);
        if (!code)
                code = decode_print(json);
        json_object_put(json);
        arena_deinit(&a);
        buf_deinit(&bytes);
        cim_class_unref(c);
        mof_classes_deinit(&m);
        return code;
}

// --- the verbs -----------------------------------------------------------------------------------

#define OPTION_CLASS_NAMESPACE                                                                               \
        {                                                                                                    \
                "namespace", 'n', OPTION_TEXT, offsetof(Options, namespace), OPTION_NO_FLAG, 0, 0, "NS",     \
                        "where the service has the class; default: root\\wmi"                                \
        }

static const Option encode_options[] = {
        OPTION_MOF_CLASSES,
        OPTIONS_METHOD,
        {"fixed", 0, OPTION_FLAG, offsetof(Options, fixed), OPTION_NO_FLAG, 0, 0, NULL,
         "fill strings up to their MaxLen, as a driver's structure has them"},
        {"acpi", 0, OPTION_FLAG, offsetof(Options, acpi), OPTION_NO_FLAG, 0, 0, NULL,
         "the JSON is what a control method gives: 12, \"text\", {\"buffer\": \"0a0b\"}, [...]"},
        OPTION_OUTPUT("write the bytes there"),
        {"hex", 0, OPTION_FLAG, offsetof(Options, hex), OPTION_NO_FLAG, 0, 0, NULL,
         "digits, also when it is no terminal"},
        {"raw", 0, OPTION_FLAG, offsetof(Options, raw), OPTION_NO_FLAG, 0, 0, NULL,
         "bytes, also on a terminal"},
        OPTIONS_MOF_INPUT,
        OPTION_CLASS_NAMESPACE,
        {"json", 0, OPTION_FLAG, offsetof(Options, json), OPTION_NO_FLAG, 0, 0, NULL,
         "one JSON object: how many bytes, and their digits"},
        OPTION_SOCKET,
        OPTION_END};

const Verb verb_mof_encode = {
        .name = "encode",
        .summary = "Make the bytes of a data block from JSON",
        .usage = "CLASS [JSON] [--mof FILE]... [OPTION]...",
        .text = "  wmi mof encode Vendor_Thing '{\"Level\": 3, \"Name\": \"x\"}' --mof thing.mof\n"
                "  wmi mof encode Vendor_Thing --method Set '{\"Level\": 3}' --mof thing.bmf -o set.bin\n"
                "  wmi mof encode Vendor_Thing --acpi '[3, \"x\"]' --mof thing.bmf      what firmware "
                "returns, and does it fit?\n"
                "  wmi mof encode - --acpi '[3, {\"buffer\": \"0a\"}]'                    without a class\n\n"
                "Without JSON it comes from standard input. What is missing is zero or empty. On a terminal "
                "digits, "
                "elsewhere bytes.",
        .options = encode_options,
        .least = 1,
        .most = 2,
        .run = encode_run,
};

static const Option decode_options[] = {OPTION_MOF_CLASSES,
                                        OPTIONS_METHOD,
                                        {"hex", 0, OPTION_FLAG, offsetof(Options, hex), OPTION_NO_FLAG, 0, 0,
                                         NULL, "the input is digits; default: when it looks like it"},
                                        {"raw", 0, OPTION_FLAG, offsetof(Options, raw), OPTION_NO_FLAG, 0, 0,
                                         NULL, "the input is bytes, whatever it looks like"},
                                        {"acpi", 0, OPTION_FLAG, offsetof(Options, acpi), OPTION_NO_FLAG, 0,
                                         0, NULL,
                                         "with - for CLASS: the block of one string as ACPI's string"},
                                        OPTIONS_MOF_INPUT,
                                        OPTION_CLASS_NAMESPACE,
                                        OPTION_SOCKET,
                                        OPTION_END};

const Verb verb_mof_decode = {
        .name = "decode",
        .summary = "Read the bytes of a data block as JSON",
        .usage = "CLASS [FILE] [--mof FILE]... [OPTION]...",
        .text = "  wmi mof decode Vendor_Thing block.bin --mof thing.mof\n"
                "  echo '03 00 00 00 02 00 78 00' | wmi mof decode Vendor_Thing --mof thing.bmf\n"
                "  wmi mof decode Vendor_Thing out.bin --method Get --out --mof thing.bmf\n"
                "  wmi mof decode - --acpi string.bin\n\n"
                "Without FILE the bytes come from standard input; text of hexadecimal digits stands for "
                "bytes.",
        .options = decode_options,
        .least = 1,
        .most = 2,
        .run = decode_run,
};
