// SPDX-License-Identifier: MIT
// wmi mof decompile: binary MOF, wherever it is found, as text that compiles to the same bytes.
#include "mof-verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf.h"
#include "binary.h"
#include "mof-json.h"
#include "mof/print.h"
#include "output.h"
#include "say.h"
#include "write-file.h"

typedef struct Decompile {
        const Options *o;
        Buf out;                              // what is to be written
        size_t texts;                         // in it, or written before
        size_t expanded;                      // bytes of all blobs so far
        uint32_t class_flags, instance_flags; // that the text before leaves in force
        int code;
} Decompile;

static const char verb[] = "wmi mof decompile";

// Where a blob is from, for messages and comments: "dsdt.dat: DSDT \_SB.WMID.WQBA".
static void put_origin(const BinarySource *s, const BmfBlob *b, Buf *out)
{
        say_clean_line(str_of(s->name), out);
        if (s->found.source == BMF_FILE)
                return;
        buf_text(out, *s->name ? ": " : "");
        say_clean_line(str_of(b->where), out);
        if (s->found.source == BMF_SYSFS && b->name[0] && b->where[0] == '/')
                buf_printf(out, " (%s%s%s)", b->scope, b->scope[0] && b->scope[1] ? "." : "", b->name);
}

static void tell(const BinarySource *s, const BmfBlob *b, const char *level, const Diag *d)
{
        char place[64] = "";
        Buf origin = {0};
        put_origin(s, b, &origin);
        if (d->offset)
                snprintf(place, sizeof(place), "offset %zu: ", d->offset);
        say("%s: %s: %s%s%s%s%s", verb, buf_z(&origin) ? (const char *)origin.p : "", level, place,
            d->message, d->hint[0] ? "; " : "", d->hint);
        buf_deinit(&origin);
}

// --- does the text give the same bytes? --------------------------------------------------------------

// The records of one kind of member, in the expanded bytes that they were read from.
typedef struct Records {
        const Buf *bytes;
        const Bmf *bmf;
} Records;

// Does the record at `x` of the one differ from that at `y` of the other? Then *ret_at is where, behind its
// length.
static bool differs(const Records *one, uint32_t x, const Records *other, uint32_t y, size_t *ret_at)
{
        Reader r = {one->bytes->p + x, one->bytes->n - x, false};
        uint32_t length = read_u32(&r);
        if (length > one->bytes->n - x)
                length = (uint32_t)(one->bytes->n - x);
        size_t i = 4;
        while (i < length && y + i < other->bytes->n && one->bytes->p[x + i] == other->bytes->p[y + i])
                i++;
        *ret_at = x + i;
        Reader again = {other->bytes->p + y, other->bytes->n - y, false};
        return i < length || read_u32(&again) != length;
}

// The first property or method that differs, or is only in the one. NULL: none.
static const BmfProperty *differing(const Records *one, const BmfProperty *p, uint32_t n,
                                    const Records *other, const BmfProperty *q, uint32_t m, size_t *ret_at)
{
        for (uint32_t i = 0; i < n; i++) {
                *ret_at = p[i].at;
                if (i >= m || differs(one, p[i].at, other, q[i].at, ret_at))
                        return &p[i];
        }
        return NULL;
}

// "in Fan.Speed, from offset 0x123 on": the first object and its first member that the two do not have alike.
static void say_where(const Binary *b, const Buf *again, const Bmf *bmf, Diag *d)
{
        Records one = {&b->expanded, b->bmf}, other = {again, bmf};
        Arena a = {0};
        size_t at = 0;
        uint32_t i = 0;
        while (i < one.bmf->object_count && i < bmf->object_count &&
               !differs(&one, one.bmf->objects[i]->at, &other, bmf->objects[i]->at, &at))
                i++;
        if (i == one.bmf->object_count || i >= bmf->object_count) {
                bool whole = i == bmf->object_count;
                diag_set(d, 0, "its text compiles to other bytes: %s",
                         whole ? "the flavors, or what stands behind the objects" : "objects are missing");
                return;
        }
        const BmfObject *x = one.bmf->objects[i], *y = bmf->objects[i];
        size_t inside = at;
        const BmfProperty *p = differing(&one, x->properties, x->property_count, &other, y->properties,
                                         y->property_count, &inside);
        if (!p)
                p = differing(&one, x->methods, x->method_count, &other, y->methods, y->method_count,
                              &inside);
        Str member = p ? utf_to8(&a, p->name) : (Str){0};
        const MofItem *item = i < b->document->item_count ? &b->document->items[i] : NULL;
        Str name = item && item->kind == MOF_ITEM_OBJECT ? item->object->name : STR("an object");
        diag_set(
                d, 0,
                "its text compiles to other bytes: in %.*s%s%.*s, from offset 0x%zx of %zu expanded bytes on",
                (int)(name.n > 150 ? 150 : name.n), name.p, member.n ? "." : "",
                (int)(member.n > 150 ? 150 : member.n), member.n ? member.p : "", p ? inside : at,
                b->expanded.n);
        arena_deinit(&a);
}

static int say_difference(const Binary *b, const Buf *again, Diag *d)
{
        if (str_eq((Str){(const char *)again->p, again->n},
                   (Str){(const char *)b->expanded.p, b->expanded.n})) {
                diag_set(d, 0,
                         "its text compiles to the same records, and other bytes: it was compressed in "
                         "another way");
                return E_DIAG;
        }
        Bmf *bmf = NULL;
        Diag wrong;
        int r = bmf_read((Str){(const char *)again->p, again->n}, &bmf, &wrong);
        if (r >= 0 && bmf)
                say_where(b, again, bmf, d);
        bmf_free(bmf);
        return r < 0 ? r : E_DIAG;
}

// Compiles the text again, as `wmi mof compile -B` does. 0: the same bytes; E_DIAG: *ret says what differs;
// -ENOMEM.
static int recompile(const BmfBlob *blob, const Binary *b, Str text, Diag *ret)
{
        MofSource source = {.text = text, .name = "the text"};
        BmfOptions options = {.w2k = b->bmf->unpadded};
        MofDocument *document = NULL;
        Bmf *bmf = NULL;
        Buf records = {0}, packed = {0};
        Diag errors[1] = {0}, warnings[1];
        size_t n = 0;
        int r = mof_parse(&source, &document, errors, 1, &n);
        if (!r)
                r = bmf_of_document(document, &options, &bmf, warnings, 1, &n);
        if (r == E_DIAG)
                diag_set(ret, 0, "its text does not compile: line %u: %.300s", errors[0].line,
                         errors[0].message[0] ? errors[0].message : warnings[0].message);
        if (!r)
                r = bmf_write(bmf, &records);
        if (!r)
                r = bmf_pack((Str){(const char *)records.p, records.n}, &packed);
        if (!r && !str_eq(blob->bytes, (Str){(const char *)packed.p, packed.n})) {
                r = say_difference(b, &records, ret);
        }
        buf_deinit(&records);
        buf_deinit(&packed);
        bmf_free(bmf);
        mof_document_free(document);
        return r;
}

// --- GUIDs -------------------------------------------------------------------------------------------

static Str lower_case_guid(const MofItem *item, Arena *a)
{
        if (item->kind != MOF_ITEM_OBJECT || item->object->is_instance)
                return (Str){0};
        Str guid = mof_qualifier_text(&item->object->qualifiers, "guid", a);
        for (size_t i = 0; i < guid.n; i++)
                if (guid.p[i] >= 'a' && guid.p[i] <= 'f')
                        return guid;
        return (Str){0};
}

static void tell_guids(const BinarySource *s, const BmfBlob *blob, const MofDocument *d)
{
        Arena a = {0};
        const MofObject *first = NULL;
        Str shown = {0};
        size_t n = 0;
        for (uint32_t i = 0; i < d->item_count; i++) {
                Str guid = lower_case_guid(&d->items[i], &a);
                if (guid.n && !n++) {
                        first = d->items[i].object;
                        shown = guid;
                }
        }
        Diag told = {0};
        if (n) {
                diag_set(&told, 0, "%zu GUID%s lower-case letters (%.*s of %.*s%s)", n,
                         n == 1 ? " has" : "s have", STR_ARG(shown), STR_ARG(first->name),
                         n > 1 ? ", ..." : "");
                diag_hint(&told, "they are kept as they are; a Linux driver's table of GUIDs wants capitals");
                tell(s, blob, "note: ", &told);
        }
        arena_deinit(&a);
}

// --- text --------------------------------------------------------------------------------------------

static void put_count(Buf *out, size_t n, const char *one, const char *many)
{
        if (n)
                buf_printf(out, ", %zu %s", n, n == 1 ? one : many);
}

static void put_head(const BinarySource *s, const BmfBlob *blob, const Binary *b, Buf *out)
{
        size_t classes = 0, instances = 0;
        for (uint32_t i = 0; b->document && i < b->document->item_count; i++) {
                const MofItem *item = &b->document->items[i];
                *(item->kind == MOF_ITEM_OBJECT && item->object->is_instance ? &instances : &classes) += 1;
        }
        buf_text(out, "// Binary MOF of ");
        put_origin(s, blob, out);
        buf_printf(out, "\n// %zu bytes, %zu expanded", blob->bytes.n, b->expanded.n);
        put_count(out, classes, "class", "classes");
        put_count(out, instances, "instance", "instances");
        buf_text(out, ".\n");
        if (b->bmf && b->bmf->unpadded)
                buf_text(out, "// As in the days of Windows 2000: compile it with --compat=w2k.\n");
        if (!b->complete)
                buf_text(out, "// Damaged: a part could not be read.\n");
        buf_text(out, "\n");
}

// The text of one blob behind those of others: what they left in force ends.
static void put_between(Decompile *d)
{
        if (d->texts)
                buf_text(&d->out, "\n#pragma namespace (\"root\\\\default\")\n");
        if (d->class_flags)
                buf_text(&d->out, "#pragma classflags(0)\n");
        if (d->instance_flags)
                buf_text(&d->out, "#pragma instanceflags(0)\n");
        d->class_flags = d->instance_flags = 0;
}

static void keep_flags(Decompile *d, const MofDocument *document)
{
        for (uint32_t i = 0; document && i < document->item_count; i++)
                if (document->items[i].kind == MOF_ITEM_OBJECT) {
                        d->class_flags = document->items[i].object->class_flags;
                        d->instance_flags = document->items[i].object->instance_flags;
                }
}

static int put_text(Decompile *d, const BinarySource *s, const BmfBlob *blob, const Binary *b)
{
        Diag different = {0};
        put_between(d);
        size_t from = d->out.n; // the comment is compiled too
        put_head(s, blob, b, &d->out);
        int r = b->document ? mof_print(b->document, &d->out) : 0;
        keep_flags(d, b->document);
        if (r || d->out.failed)
                return -ENOMEM;
        if (!b->complete)
                return 0;
        tell_guids(s, blob, b->document);
        r = recompile(blob, b, (Str){(const char *)d->out.p + from, d->out.n - from}, &different);
        if (r == E_DIAG)
                tell(s, blob, "warning: ", &different);
        return r < 0 ? r : 0;
}

// --- JSON --------------------------------------------------------------------------------------------

static void json_message(JsonText *j, const char *level, const Diag *d)
{
        jsontext_open(j, NULL, '{');
        jsontext_z(j, "level", level);
        jsontext_z(j, "message", d->message);
        if (d->hint[0])
                jsontext_z(j, "hint", d->hint);
        if (d->offset)
                jsontext_number(j, "offset", d->offset, false);
        jsontext_close(j, '}');
}

static void json_guids(JsonText *j, const MofDocument *d)
{
        Arena a = {0};
        jsontext_open(j, "lowerCaseGuids", '[');
        for (uint32_t i = 0; d && i < d->item_count; i++) {
                Str guid = lower_case_guid(&d->items[i], &a);
                if (!guid.n)
                        continue;
                jsontext_open(j, NULL, '{');
                jsontext_str(j, "class", d->items[i].object->name);
                jsontext_str(j, "guid", guid);
                jsontext_close(j, '}');
        }
        jsontext_close(j, ']');
        arena_deinit(&a);
}

static int put_json(Decompile *d, const BinarySource *s, const BmfBlob *blob, const Binary *b, size_t number)
{
        JsonText j = {&d->out, false};
        Diag different = {0};
        Buf text = {0};
        int r = b->document ? mof_print(b->document, &text) : 0;
        if (!r && b->complete)
                r = recompile(blob, b, (Str){(const char *)text.p, text.n}, &different);
        buf_deinit(&text);
        if (r < 0)
                return r;
        jsontext_open(&j, NULL, '{');
        jsontext_z(&j, "file", s->name);
        jsontext_number(&j, "number", number, false);
        jsontext_z(&j, "where", blob->where);
        if (blob->name[0]) {
                jsontext_z(&j, "scope", blob->scope);
                jsontext_z(&j, "name", blob->name);
        }
        jsontext_number(&j, "bytes", blob->bytes.n, false);
        jsontext_number(&j, "expanded", b->expanded.n, false);
        jsontext_bool(&j, "w2k", b->bmf && b->bmf->unpadded);
        jsontext_bool(&j, "complete", b->complete);
        jsontext_bool(&j, "same", b->complete && !r);
        json_guids(&j, b->document);
        jsontext_open(&j, "messages", '[');
        if (!b->complete)
                json_message(&j, "error", &b->fault);
        if (r)
                json_message(&j, "warning", &different);
        for (size_t i = 0; i < b->warning_count; i++)
                json_message(&j, "warning", &b->warnings[i]);
        jsontext_close(&j, ']');
        jsontext_open(&j, "items", '[');
        for (uint32_t i = 0; b->document && i < b->document->item_count; i++)
                mof_json_item(&j, NULL, &b->document->items[i]);
        jsontext_close(&j, ']');
        jsontext_close(&j, '}');
        buf_u8(&d->out, '\n');
        return 0;
}

// --- the verb ----------------------------------------------------------------------------------------

// What is made so far goes to standard output. False: nobody reads any more, or it cannot be written.
static bool flush(Decompile *d)
{
        Output out;
        if (d->o->output)
                return true;
        output_init(&out, STDOUT_FILENO);
        if (isatty(STDOUT_FILENO) == 1)
                say_clean((Str){(const char *)d->out.p, d->out.n}, &out.pending);
        else
                buf_put(&out.pending, d->out.p, d->out.n);
        output_finish(&out);
        if (out.error) {
                say("standard output: %s", strerror(out.error));
                d->code = WMI_FAILED;
        }
        bool open = !out.closed && !out.error;
        output_deinit(&out);
        d->out.n = 0;
        return open;
}

static int no_memory(Decompile *d)
{
        say("%s: %s", verb, strerror(ENOMEM));
        return d->code = WMI_FAILED;
}

// One blob. False: the end.
static bool decompile_blob(Decompile *d, const BinarySource *s, size_t i)
{
        const BmfBlob *blob = &s->found.blobs[i];
        if (d->o->raw) {
                buf_put(&d->out, blob->bytes.p, blob->bytes.n);
                return !d->out.failed || (no_memory(d), false);
        }
        d->expanded += binary_announced(blob);
        if (d->texts && d->expanded > LIMIT_DECOMPILE_BYTES) {
                say("%s: %s: together they expand to more than %u MiB; ask for one: %s#%zu", verb, s->name,
                    LIMIT_DECOMPILE_BYTES >> 20, s->name, i + 1);
                d->code = WMI_INPUT;
                return false;
        }
        Binary *b = calloc(1, sizeof(*b));
        int r = b ? binary_decode(blob, b) : -ENOMEM;
        if (!r && !d->o->json) {
                if (!b->complete)
                        tell(s, blob, "error: ", &b->fault);
                for (size_t k = 0; k < b->warning_count; k++)
                        tell(s, blob, "warning: ", &b->warnings[k]);
        }
        if (!r && !b->complete)
                d->code = WMI_INPUT;
        if (!r)
                r = d->o->json ? put_json(d, s, blob, b, i + 1) : put_text(d, s, blob, b);
        if (b)
                binary_deinit(b);
        free(b);
        if (r || d->out.failed) {
                no_memory(d);
                return false;
        }
        d->texts++;
        return flush(d);
}

// All that is asked for in a file, or this machine. False: the end.
static bool decompile_source(Decompile *d, const char *path)
{
        BinarySource *s = calloc(1, sizeof(*s));
        if (!s) {
                no_memory(d);
                return false;
        }
        int code = binary_open(verb, path, d->o->sysfs, s);
        bool goes_on = true;
        size_t n = s->found.blob_count;
        if (code)
                d->code = code;
        if (!n && !code) {
                if (path)
                        say("%s: %s: there is no binary MOF in it", verb, s->name);
                else
                        say("%s: this machine shows no binary MOF: neither wmi-bmof nor an ACPI table has "
                            "any",
                            verb);
                d->code = WMI_FAILED;
        }
        if (d->o->raw && n > 1 && !s->only) {
                say("%s: %s holds %zu binary MOFs; ask for one: %s#1", verb, path ? s->name : "this machine",
                    n, path ? s->name : "FILE");
                d->code = WMI_USAGE;
                goes_on = false;
        }
        for (size_t i = 0; i < n && goes_on; i++)
                if (binary_wanted(s, i))
                        goes_on = decompile_blob(d, s, i);
        binary_close(s);
        free(s);
        return goes_on;
}

static int decompile_run(const Options *o)
{
        Decompile d = {.o = o};
        if (o->raw && o->arguments.n > 1) {
                say("%s: --raw takes one file", verb);
                return WMI_USAGE;
        }
        if (o->raw && !o->output && isatty(STDOUT_FILENO) == 1) {
                say("%s: binary MOF is nothing for a terminal: -o FILE", verb);
                return WMI_USAGE;
        }
        bool goes_on = true;
        if (!o->arguments.n)
                decompile_source(&d, NULL);
        for (size_t i = 0; i < o->arguments.n && goes_on; i++)
                goes_on = decompile_source(&d, o->arguments.p[i]);
        if (d.out.n && o->output) {
                int code = write_file(o->output, (Str){(const char *)d.out.p, d.out.n});
                if (code)
                        d.code = code;
        } else if (d.out.n) {
                flush(&d);
        }
        buf_deinit(&d.out);
        return d.code;
}

static const Option options[] = {
        OPTION_OUTPUT("write to FILE, whole or not at all; default: standard output"),
        OPTION_JSON,
        {"raw", 0, OPTION_FLAG, offsetof(Options, raw), OPTION_NO_FLAG, 0, 0, NULL,
         "write the binary MOF itself, as it was found"},
        OPTION_SYSFS,
        OPTION_END,
};

const Verb verb_mof_decompile = {
        .name = "decompile",
        .summary = "Binary MOF of files, drivers and firmware as MOF text",
        .usage = "[FILE]... [OPTION]...",
        .text = "  sudo wmi mof decompile                   this machine's own\n"
                "  wmi mof decompile driver.sys -o x.mof    what a driver carries\n"
                "  wmi mof decompile acpidump.txt           of all tables in acpidump's output\n"
                "  wmi mof decompile dsdt.dsl#2             the second one in it\n"
                "  wmi mof decompile dsdt.dat --raw -o x.bmf\n\n"
                "FILE is .bmf, a raw WQxx buffer, a PE file with MOFDATA resources, ACPI tables (raw, one or "
                "many; acpidump's\ntext; .dsl), or - for standard input. The text compiles to the same bytes "
                "(wmi mof compile -B); when it would\nnot, a warning says where. Of a damaged file it is "
                "what "
                "could be read, and the exit code is 3.",
        .options = options,
        .most = SIZE_MAX,
        .run = decompile_run,
};
