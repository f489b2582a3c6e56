// SPDX-License-Identifier: MIT
// wmi acpi: what firmware says of its WMI blocks, joined with the classes of its binary MOF.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "binary.h"
#include "jsontext.h"
#include "output.h"
#include "say.h"
#include "table.h"

typedef struct AcpiMethod {
        int64_t id;
        Str name;
} AcpiMethod;

// A class with a GUID.
typedef struct AcpiClass {
        Guid guid;
        const BmfBlob *blob;
        size_t number; // in the order of their finding
        Str name;
        const AcpiMethod *methods;
        size_t method_count;
} AcpiClass;

typedef struct Acpi {
        BinarySource s;
        AcpiClass *classes; // ordered by GUID, scope, number
        size_t class_count, class_room;
        AcpiName *names; // ordered
        Arena arena;
        int code;
} Acpi;

static const char verb[] = "wmi acpi list";

// --- classes -----------------------------------------------------------------------------------------

static int compare_classes(const void *a, const void *b)
{
        const AcpiClass *x = a, *y = b;
        int r = memcmp(&x->guid, &y->guid, sizeof(x->guid));
        if (!r)
                r = strcmp(x->blob->scope, y->blob->scope);
        return r ? r : x->number < y->number ? -1 : x->number > y->number;
}

// The class of a block: of the MOF of the same device, else of any.
static const AcpiClass *find_class(const Acpi *x, const Guid *guid, const char *scope)
{
        BmfBlob blob = {.scope = scope};
        const AcpiClass *any = NULL;
        for (int pass = 0; pass < 2; pass++) { // the exact scope, then the first of the GUID
                if (pass)
                        blob.scope = "";
                AcpiClass key = {.guid = *guid, .blob = &blob};
                size_t low = 0, high = x->class_count;
                while (low < high) {
                        size_t middle = (low + high) / 2;
                        if (compare_classes(&x->classes[middle], &key) < 0)
                                low = middle + 1;
                        else
                                high = middle;
                }
                if (low == x->class_count || !guid_eq(&x->classes[low].guid, guid))
                        continue;
                if (!strcmp(x->classes[low].blob->scope, blob.scope) || pass)
                        any = &x->classes[low];
                if (any)
                        return any;
        }
        return NULL;
}

static Str copy(Acpi *x, Str s)
{
        const char *p = arena_strndup(&x->arena, s.p ? s.p : "", s.n);
        return (Str){p ? p : "", p ? s.n : 0};
}

static bool add_class(Acpi *x, const BmfBlob *blob, const MofObject *o)
{
        AcpiClass c = {.blob = blob, .number = x->class_count, .name = copy(x, o->name)};
        Arena a = {0};
        bool found = guid_parse(mof_qualifier_text(&o->qualifiers, "guid", &a), &c.guid);
        arena_deinit(&a);
        if (!found)
                return true;
        AcpiMethod *methods = arena_array(&x->arena, AcpiMethod, o->method_count);
        if (!methods)
                return false;
        for (uint32_t i = 0; i < o->method_count; i++) {
                AcpiMethod m = {.name = copy(x, o->methods[i].name)};
                if (mof_qualifier_number(&o->methods[i].qualifiers, "WmiMethodId", &m.id))
                        methods[c.method_count++] = m;
        }
        c.methods = methods;
        if (x->class_count == x->class_room) {
                size_t room = x->class_room ? x->class_room * 2 : 64;
                AcpiClass *more = reallocarray(x->classes, room, sizeof(*more));
                if (!more)
                        return false;
                x->classes = more;
                x->class_room = room;
        }
        x->classes[x->class_count++] = c;
        return true;
}

// The classes of one binary MOF. What cannot be read is told, and what can be is taken. False: out of memory.
static bool add_blob(Acpi *x, const BmfBlob *blob)
{
        Binary *b = calloc(1, sizeof(*b));
        bool fine = b && binary_decode(blob, b) == 0;
        if (fine && !b->complete) {
                say("%s: %s%s%s: %s", verb, x->s.name, *x->s.name ? ": " : "", blob->where, b->fault.message);
                x->code = WMI_INPUT;
        }
        for (uint32_t i = 0; fine && b->document && i < b->document->item_count; i++) {
                const MofItem *item = &b->document->items[i];
                if (item->kind == MOF_ITEM_OBJECT && !item->object->is_instance)
                        fine = add_class(x, blob, item->object);
        }
        if (b)
                binary_deinit(b);
        free(b);
        return fine;
}

static bool add_blobs(Acpi *x)
{
        size_t expanded = 0;
        for (size_t i = 0; i < x->s.found.blob_count; i++) {
                expanded += binary_announced(&x->s.found.blobs[i]);
                if (i && expanded > LIMIT_DECOMPILE_BYTES) {
                        say("%s: the binary MOFs expand to more than %u MiB: from the %zuth on no class is "
                            "looked up",
                            verb, LIMIT_DECOMPILE_BYTES >> 20, i + 1);
                        x->code = WMI_INPUT;
                        break;
                }
                if (!add_blob(x, &x->s.found.blobs[i]))
                        return false;
        }
        if (x->class_count)
                qsort(x->classes, x->class_count, sizeof(*x->classes), compare_classes);
        return true;
}

// --- control methods ---------------------------------------------------------------------------------

static int compare_names(const void *a, const void *b)
{
        const AcpiName *x = a, *y = b;
        int r = strcmp(x->scope, y->scope);
        return r ? r : strcmp(x->name, y->name);
}

static bool sort_names(Acpi *x)
{
        size_t n = x->s.found.name_count;
        x->names = arena_array(&x->arena, AcpiName, n);
        if (!x->names)
                return false;
        if (n) {
                memcpy(x->names, x->s.found.names, n * sizeof(*x->names));
                qsort(x->names, n, sizeof(*x->names), compare_names);
        }
        return true;
}

static bool is_there(const Acpi *x, const char *scope, const char name[5])
{
        AcpiName key = {.scope = scope};
        memcpy(key.name, name, sizeof(key.name));
        return x->s.found.name_count &&
               bsearch(&key, x->names, x->s.found.name_count, sizeof(key), compare_names) != NULL;
}

typedef struct Controls {
        char there[4][5], missing[2][5];
        size_t there_count, missing_count;
} Controls;

static void control(const Acpi *x, const char *scope, const char *letters, const char *id, bool needed,
                    Controls *c)
{
        char name[5];
        snprintf(name, sizeof(name), "%s%.2s", letters, id);
        if (is_there(x, scope, name))
                memcpy(c->there[c->there_count++], name, 5);
        else if (needed)
                memcpy(c->missing[c->missing_count++], name, 5);
}

// Which names serve a block, by the rules of the WMI and ACPI paper; all but WSxx have to be there.
static Controls controls(const Acpi *x, const WdgTable *t, const WdgEntry *e)
{
        Controls c = {0};
        char notify[3];
        snprintf(notify, sizeof(notify), "%02X", e->notify);
        if (e->flags & WDG_EVENT) {
                control(x, t->scope, "_WED", "", true, &c);
                control(x, t->scope, "WE", notify, e->flags & WDG_EXPENSIVE, &c);
        } else if (e->flags & WDG_METHOD) {
                control(x, t->scope, "WM", e->id, true, &c);
        } else {
                control(x, t->scope, "WQ", e->id, true, &c);
                control(x, t->scope, "WS", e->id, false, &c);
                control(x, t->scope, "WC", e->id, e->flags & WDG_EXPENSIVE, &c);
        }
        return c;
}

// --- rows --------------------------------------------------------------------------------------------

static const char *kind(const WdgEntry *e)
{
        return e->flags & WDG_EVENT    ? "event"
               : e->flags & WDG_METHOD ? "method"
               : wdg_is_mof(e)         ? "mof"
                                       : "data";
}

static const struct {
        uint8_t bit;
        const char *word;
} flags[] = {
        {WDG_EXPENSIVE, "expensive"}, {WDG_METHOD, "method"}, {WDG_STRING, "string"}, {WDG_EVENT, "event"}};

// As Linux drivers write it.
static void guid_capitals(const Guid *g, char out[GUID_TEXT])
{
        guid_text(g, out);
        for (char *p = out; *p; p++)
                *p = *p >= 'a' && *p <= 'f' ? (char)(*p - 'a' + 'A') : *p;
        memmove(out, out + 1, 36);
        out[36] = '\0';
}

static void json_row(const Acpi *x, const WdgTable *t, const WdgEntry *e, JsonText *j)
{
        char guid[GUID_TEXT];
        const AcpiClass *class = find_class(x, &e->guid, t->scope);
        Controls c = controls(x, t, e);
        guid_capitals(&e->guid, guid);
        j->more = false;
        jsontext_open(j, NULL, '{');
        jsontext_z(j, "table", t->where);
        jsontext_z(j, "scope", t->scope);
        jsontext_z(j, "guid", guid);
        jsontext_z(j, "kind", kind(e));
        if (e->flags & WDG_EVENT)
                jsontext_number(j, "notify", e->notify, false);
        else
                jsontext_z(j, "id", e->id);
        jsontext_number(j, "instances", e->instances, false);
        jsontext_open(j, "flags", '[');
        for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
                if (e->flags & flags[i].bit)
                        jsontext_z(j, NULL, flags[i].word);
        jsontext_close(j, ']');
        if (class)
                jsontext_str(j, "class", class->name);
        else
                jsontext_null(j, "class");
        if (class)
                jsontext_z(j, "mof", class->blob->where);
        jsontext_open(j, "control", '[');
        for (size_t i = 0; i < c.there_count; i++)
                jsontext_z(j, NULL, c.there[i]);
        jsontext_close(j, ']');
        jsontext_open(j, "missing", '[');
        for (size_t i = 0; i < c.missing_count; i++)
                jsontext_z(j, NULL, c.missing[i]);
        jsontext_close(j, ']');
        jsontext_open(j, "methods", '[');
        for (size_t i = 0; class && i < class->method_count; i++) {
                jsontext_open(j, NULL, '{');
                jsontext_number(j, "id",
                                class->methods[i].id < 0 ? -(uint64_t) class->methods[i].id
                                                         : (uint64_t) class->methods[i].id,
                                class->methods[i].id < 0);
                jsontext_str(j, "name", class->methods[i].name);
                jsontext_close(j, '}');
        }
        jsontext_close(j, ']');
        jsontext_close(j, '}');
        buf_u8(j->out, '\n');
}

static const TableColumn columns[] = {
        {"scope", "DEVICE", false}, {"guid", "GUID", false},       {"kind", "KIND", false},
        {"id", "ID", false},        {"n", "INSTANCES", true},      {"flags", "FLAGS", false},
        {"class", "CLASS", false},  {"control", "CONTROL", false}, {NULL, NULL, false},
};

static void table_text_cell(Table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void table_text_cell(Table *t, const char *format, ...)
{
        char text[512];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        table_str(t, str_of(text));
}

static void words_cell(Table *t, const Controls *c)
{
        char text[96] = "";
        size_t n = 0;
        for (size_t i = 0; i < c->there_count; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", c->there[i]);
        for (size_t i = 0; i < c->missing_count; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%sno %s", n ? ", " : "", c->missing[i]);
        table_str(t, str_of(text));
}

static void flags_cell(Table *t, const WdgEntry *e)
{
        char text[64] = "";
        size_t n = 0;
        for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
                if (e->flags & flags[i].bit)
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? "," : "",
                                              flags[i].word);
        table_str(t, str_of(text));
}

static void method_row(const WdgTable *t, const char *guid, const AcpiClass *class, const AcpiMethod *m,
                       Table *out)
{
        table_row(out, false);
        table_str(out, str_of(t->scope));
        table_str(out, str_of(guid));
        table_str(out, STR("call"));
        table_text_cell(out, "%lld", (long long)m->id);
        table_none(out);
        table_none(out);
        table_text_cell(out, "%.*s.%.*s", (int)(class->name.n > 200 ? 200 : class->name.n), class->name.p,
                        (int)(m->name.n > 200 ? 200 : m->name.n), m->name.p);
        table_none(out);
}

static void rows(const Acpi *x, const WdgTable *t, const WdgEntry *e, Table *out)
{
        char guid[GUID_TEXT];
        const AcpiClass *class = find_class(x, &e->guid, t->scope);
        Controls c = controls(x, t, e);
        guid_capitals(&e->guid, guid);
        table_row(out, e->flags & WDG_EVENT);
        table_str(out, str_of(t->scope));
        table_str(out, str_of(guid));
        table_str(out, str_of(kind(e)));
        if (e->flags & WDG_EVENT)
                table_text_cell(out, "0x%02X", e->notify);
        else
                table_str(out, str_of(e->id));
        table_number(out, e->instances);
        flags_cell(out, e);
        if (class)
                table_str(out, class->name);
        else
                table_none(out);
        words_cell(out, &c);
        for (size_t i = 0; class && e->flags & WDG_METHOD && i < class->method_count; i++)
                method_row(t, guid, class, &class->methods[i], out);
}

static int print_json(const Acpi *x)
{
        Output out;
        output_init(&out, STDOUT_FILENO);
        JsonText j = {&out.pending, false};
        for (size_t i = 0; i < x->s.found.table_count; i++)
                for (size_t k = 0; k < x->s.found.tables[i].count && !out.closed; k++) {
                        json_row(x, &x->s.found.tables[i], &x->s.found.tables[i].entries[k], &j);
                        if (out.pending.n > OUTPUT_ENOUGH)
                                output_finish(&out);
                }
        bool failed = out.pending.failed;
        output_finish(&out);
        if (out.error || failed)
                say("standard output: %s", strerror(out.error ? out.error : ENOMEM));
        int code = out.error || failed ? WMI_FAILED : WMI_DONE;
        output_deinit(&out);
        return code;
}

static int print_table(const Acpi *x)
{
        Table *t = table_new(columns);
        for (size_t i = 0; t && i < x->s.found.table_count; i++)
                for (size_t k = 0; k < x->s.found.tables[i].count; k++)
                        rows(x, &x->s.found.tables[i], &x->s.found.tables[i].entries[k], t);
        if (!t)
                say("%s: %s", verb, strerror(ENOMEM));
        int code = t ? table_print(t, false) : WMI_FAILED;
        table_free(t);
        return code;
}

static int acpi_list_run(const Options *o)
{
        Acpi *x = calloc(1, sizeof(*x));
        if (!x) {
                say("%s: %s", verb, strerror(ENOMEM));
                return WMI_FAILED;
        }
        const char *path = o->arguments.p[0];
        bool live = !strcmp(path, "live");
        x->code = binary_open(verb, live ? NULL : path, o->sysfs, &x->s);
        size_t n = x->s.found.table_count;
        if (!n && !x->code) {
                if (live)
                        say("%s: this machine shows no _WDG table: its ACPI tables have none, or are not "
                            "there",
                            verb);
                else
                        say("%s: %s: there is no _WDG table in it", verb, x->s.name);
                x->code = WMI_FAILED;
        }
        if (n) {
                bool fine = add_blobs(x) && sort_names(x);
                if (!fine)
                        say("%s: %s", verb, strerror(ENOMEM));
                int code = !fine ? WMI_FAILED : o->json ? print_json(x) : print_table(x);
                if (code)
                        x->code = code;
        }
        int code = x->code;
        binary_close(&x->s);
        arena_deinit(&x->arena);
        free(x->classes);
        free(x);
        return code;
}

static const Option options[] = {OPTION_JSON, OPTION_SYSFS, OPTION_END};

static const Verb verb_acpi_list = {
        .name = "list",
        .summary = "The WMI blocks of firmware, with the classes of its binary MOF",
        .usage = "FILE | live [OPTION]...",
        .text = "  sudo wmi acpi list live          this machine's\n"
                "  wmi acpi list acpidump.txt       what acpidump wrote\n"
                "  wmi acpi list dsdt.dsl --json\n\n"
                "One line for each entry of a _WDG table: the device, the GUID, its kind (data, method, "
                "event, "
                "mof), the object id\nor the notification's value, how many instances, flags, the class that "
                "the "
                "binary MOF has for it, and the control\nmethods that serve it. The methods of a class "
                "follow "
                "(call), with their numbers.",
        .options = options,
        .least = 1,
        .most = 1,
        .run = acpi_list_run,
};

static const Verb *const verbs[] = {&verb_acpi_list, NULL};

const Verb verb_acpi = {
        .name = "acpi",
        .summary = "What firmware says of its WMI blocks",
        .group = "Firmware:",
        .usage = "list FILE | live",
        .verbs = verbs,
};
