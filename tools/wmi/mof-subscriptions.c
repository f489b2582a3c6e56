// SPDX-License-Identifier: MIT
// wmi mof subscriptions: what a file that nobody trusts would make run, and when. Nothing is run, sent or stored.
#include "mof-verbs.h"

#include <errno.h>

#include "mof-load.h"
#include "mof/print.h"
#include "mof/subscriptions.h"
#include "request.h"
#include "say.h"
#include "table.h"
#include "wql/wql.h"

static const char verb[] = "wmi mof subscriptions";

static const TableColumn columns[] = {
        {"kind", "KIND", false},
        {"place", "PLACE", false},
        {"namespace", "NAMESPACE", false},
        {"name", "NAME", false},
        {"when", "WHEN", false},
        {"does", "DOES", false},
        {"note", "NOTE", false},
        {"filter", NULL, false},
        {"query", NULL, false},
        {"queryLanguage", NULL, false},
        {"eventNamespace", NULL, false},
        {"consumer", NULL, false},
        {"consumerClass", NULL, false},
        {"bound", NULL, false},
        {"mof", NULL, false},
        {NULL, NULL, false},
};

typedef struct List {
        Arena *a;
        const MofDocument *d;
        Table *t;
        bool failed; // out of memory
} List;

static Str of_buf(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

static Str text_of(List *l, const MofObject *o, const char *property)
{
        Str s = mof_assigned_text(o, property, l->a);
        l->failed |= !s.p;
        return s.p ? s : (Str){"", 0};
}

// "behind it", and the text, when there is one.
static void put_after(Buf *out, const char *before, Str text)
{
        if (!text.n)
                return;
        buf_text(out, before);
        buf_put(out, text.p, text.n);
}

// --- when --------------------------------------------------------------------------------------------

static Str event_namespace(List *l, const MofObject *filter)
{
        Str s = text_of(l, filter, "EventNamespace");
        return s.n ? s : filter->namespace;
}

static void put_when(List *l, const MofObject *filter, Buf *out)
{
        Str query = text_of(l, filter, "Query");
        put_after(out, "", query);
        if (query.n)
                put_after(out, " in ", event_namespace(l, filter));
}

// What is wrong with a filter.
static void put_filter_note(List *l, const MofObject *filter, Buf *out)
{
        Str query = text_of(l, filter, "Query"), language = text_of(l, filter, "QueryLanguage");
        WqlQuery *q = NULL;
        Diag d = {0};
        if (!query.n) {
                put_after(out, out->n ? "; " : "", STR("the filter has no query"));
                return;
        }
        if (language.n && !str_ieq(language, STR("WQL"))) {
                put_after(out, out->n ? "; " : "", STR("the query is not WQL but "));
                put_after(out, "", language);
                return;
        }
        int r = wql_parse(query, &q, &d);
        l->failed |= r < 0;
        if (r == E_DIAG) {
                put_after(out, out->n ? "; " : "", STR("the query is no WQL"));
                buf_printf(out, ", column %u: %s", d.column, d.message);
        }
        wql_query_free(q);
}

static void put_timer(List *l, const MofObject *o, Buf *out)
{
        const MofValue *every = mof_assigned(o, "IntervalBetweenEvents");
        Str at = text_of(l, o, "EventDateTime");
        if (every && every->kind == MOF_VALUE_INTEGER)
                buf_printf(out, "every %s%llu ms", every->negative ? "-" : "", (unsigned long long)every->magnitude);
        put_after(out, out->n ? ", at " : "at ", at);
}

// --- does --------------------------------------------------------------------------------------------

static bool says_true(const MofObject *o, const char *property)
{
        const MofValue *v = mof_assigned(o, property);
        return v && v->kind == MOF_VALUE_BOOLEAN && v->boolean;
}

static void does_command(List *l, const MofObject *o, Buf *out)
{
        Str line = text_of(l, o, "CommandLineTemplate"), program = text_of(l, o, "ExecutablePath");
        if (!line.n && !program.n) {
                buf_text(out, "runs a program that it does not name");
                return;
        }
        put_after(out, "runs ", line.n ? line : program);
        if (line.n)
                put_after(out, " with the program ", program);
        put_after(out, " in the directory ", text_of(l, o, "WorkingDirectory"));
        if (says_true(o, "RunInteractively"))
                buf_text(out, ", on the desktop");
}

static void does_script(List *l, const MofObject *o, Buf *out)
{
        Str engine = text_of(l, o, "ScriptingEngine"), text = text_of(l, o, "ScriptText");
        put_after(out, "runs the ", engine.n ? engine : STR("script"));
        put_after(out, " of the file ", text_of(l, o, "ScriptFileName"));
        put_after(out, ": ", text);
}

static void does_log(List *l, const MofObject *o, Buf *out)
{
        put_after(out, "appends to the file ", text_of(l, o, "Filename"));
        put_after(out, ": ", text_of(l, o, "Text"));
}

static void does_event_log(List *l, const MofObject *o, Buf *out)
{
        const MofValue *id = mof_assigned(o, "EventID");
        buf_text(out, "writes event");
        if (id && id->kind == MOF_VALUE_INTEGER)
                buf_printf(out, " %llu", (unsigned long long)id->magnitude);
        put_after(out, " of ", text_of(l, o, "SourceName"));
        buf_text(out, " to the event log");
}

static void does_mail(List *l, const MofObject *o, Buf *out)
{
        put_after(out, "mails ", text_of(l, o, "ToLine"));
        put_after(out, " through ", text_of(l, o, "SMTPServer"));
        put_after(out, ": ", text_of(l, o, "Subject"));
}

// A class of somebody else's: what it is told.
static void does_other(List *l, const MofObject *o, Buf *out)
{
        (void)l;
        buf_text(out, "gives it to the provider of ");
        buf_put(out, o->name.p, o->name.n);
        const char *before = ": ";
        for (uint32_t i = 0; i < o->property_count; i++) {
                const MofProperty *p = &o->properties[i];
                if (str_ieq(p->name, STR("Name")))
                        continue;
                buf_printf(out, "%s%.*s = ", before, STR_ARG(p->name));
                mof_print_value(&p->value, out);
                before = ", ";
        }
}

static void put_does(List *l, const MofObject *consumer, Buf *out)
{
        static const struct {
                const char *name;
                void (*does)(List *l, const MofObject *o, Buf *out);
        } known[] = {{"CommandLineEventConsumer", does_command}, {"ActiveScriptEventConsumer", does_script},
                     {"LogFileEventConsumer", does_log},         {"NTEventLogEventConsumer", does_event_log},
                     {"SMTPEventConsumer", does_mail}};
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                if (str_ieq(consumer->name, str_of(known[i].name))) {
                        known[i].does(l, consumer, out);
                        return;
                }
        does_other(l, consumer, out);
}

// --- rows --------------------------------------------------------------------------------------------

static void cell(List *l, Str s)
{
        if (s.n)
                table_str(l->t, s);
        else
                table_none(l->t);
}

static void put_place(List *l, const MofObject *o, Buf *out)
{
        Diag d = {0};
        mof_document_place(l->d, o->place, &d);
        if (d.line)
                buf_printf(out, "%s:%u", d.file, d.line);
        else
                buf_printf(out, "%s, offset %zu", d.file, d.offset);
}

// "Updater", or the class with the keys that it has.
static void put_name(List *l, const MofObject *o, Buf *out)
{
        Str name = text_of(l, o, "Name");
        if (!name.n)
                name = text_of(l, o, "TimerId");
        put_after(out, "", name.n ? name : o->name);
}

static const MofObject *filter_of(const MofSubscription *s)
{
        return s->kind == MOF_FILTER ? s->object : s->filter;
}

static const MofObject *consumer_of(const MofSubscription *s)
{
        return s->kind == MOF_CONSUMER ? s->object : s->consumer;
}

static void put_bound_name(List *l, const MofObject *o, Str text, Buf *out)
{
        if (o)
                put_name(l, o, out);
        else
                put_after(out, "", text.n ? text : STR("nothing"));
}

static void put_own_name(List *l, const MofSubscription *s, Buf *out)
{
        if (s->kind != MOF_BINDING) {
                put_name(l, s->object, out);
                return;
        }
        put_bound_name(l, s->filter, s->filter_text, out);
        buf_text(out, " -> ");
        put_bound_name(l, s->consumer, s->consumer_text, out);
}

static void put_missing(Buf *out, const char *what, const MofObject *o, Str text)
{
        if (o)
                return;
        if (text.n)
                buf_printf(out, "%sthe %s is not in this file", out->n ? "; " : "", what);
        else
                buf_printf(out, "%sit names no %s", out->n ? "; " : "", what);
}

static void put_note(List *l, const MofSubscription *s, Buf *out)
{
        if (s->kind == MOF_BINDING) {
                put_missing(out, "filter", s->filter, s->filter_text);
                put_missing(out, "consumer", s->consumer, s->consumer_text);
        } else if (s->kind != MOF_TIMER && !s->bound) {
                buf_text(out, "nothing in this file binds it");
        }
        if (filter_of(s))
                put_filter_note(l, filter_of(s), out);
}

static void put_column(List *l, void (*write)(List *l, const MofSubscription *s, Buf *out), const MofSubscription *s)
{
        Buf b = {0};
        write(l, s, &b);
        l->failed |= b.failed;
        cell(l, of_buf(&b));
        buf_deinit(&b);
}

static void column_place(List *l, const MofSubscription *s, Buf *out)
{
        put_place(l, s->object, out);
}

static void column_when(List *l, const MofSubscription *s, Buf *out)
{
        if (s->kind == MOF_TIMER)
                put_timer(l, s->object, out);
        else if (filter_of(s))
                put_when(l, filter_of(s), out);
}

static void column_does(List *l, const MofSubscription *s, Buf *out)
{
        if (s->kind == MOF_TIMER)
                put_after(out, "fires __TimerEvent with the TimerId ", text_of(l, s->object, "TimerId"));
        else if (consumer_of(s))
                put_does(l, consumer_of(s), out);
}

static void column_mof(List *l, const MofSubscription *s, Buf *out)
{
        (void)l;
        mof_print_object(s->object, out);
}

static void column_filter(List *l, const MofSubscription *s, Buf *out)
{
        if (filter_of(s) || s->filter_text.n)
                put_bound_name(l, filter_of(s), s->filter_text, out);
}

static void column_consumer(List *l, const MofSubscription *s, Buf *out)
{
        if (consumer_of(s) || s->consumer_text.n)
                put_bound_name(l, consumer_of(s), s->consumer_text, out);
}

static void add_row(List *l, const MofSubscription *s)
{
        static const char *const kinds[] = {"filter", "consumer", "binding", "timer"};
        const MofObject *filter = filter_of(s), *consumer = consumer_of(s);
        table_row(l->t, s->kind == MOF_BINDING);
        table_str(l->t, str_of(kinds[s->kind]));
        put_column(l, column_place, s);
        cell(l, s->object->namespace);
        put_column(l, put_own_name, s);
        put_column(l, column_when, s);
        put_column(l, column_does, s);
        put_column(l, put_note, s);
        put_column(l, column_filter, s);
        cell(l, filter ? text_of(l, filter, "Query") : (Str){0});
        cell(l, filter ? text_of(l, filter, "QueryLanguage") : (Str){0});
        cell(l, filter ? event_namespace(l, filter) : (Str){0});
        put_column(l, column_consumer, s);
        cell(l, consumer ? consumer->name : (Str){0});
        table_flag(l->t, s->kind == MOF_BINDING ? filter && consumer : s->bound, "", "");
        put_column(l, column_mof, s);
}

// In a table what is bound stands in the row of its binding.
static int list_all(const Options *o, List *l)
{
        MofSubscription *all;
        size_t n;
        if (mof_subscriptions(l->d, l->a, &all, &n) < 0)
                return request_no_memory();
        for (size_t i = 0; i < n; i++)
                if (o->json || !all[i].bound)
                        add_row(l, &all[i]);
        return l->failed ? request_no_memory() : WMI_DONE;
}

// --- the verb ----------------------------------------------------------------------------------------

static int one_file(const Options *o, const char *file, Diagnose *g, Table *t, Arena *a, MofInput *in)
{
        int code = mof_load(o, file, g, in);
        List l = {.a = a, .d = in->document, .t = t};
        int listed = in->document ? list_all(o, &l) : WMI_DONE;
        return listed ? listed : code;
}

static int run(const Options *o)
{
        Arena a = {0};
        Diagnose *g = mof_diagnose(o, verb);
        Table *t = table_new(columns);
        int code = g && t ? WMI_DONE : request_no_memory();
        for (size_t i = 0; g && t && i < o->arguments.n; i++) {
                MofInput in = {0};
                int one = one_file(o, o->arguments.p[i], g, t, &a, &in);
                mof_input_deinit(&in);
                code = one == WMI_FAILED || code == WMI_DONE ? one : code;
        }
        int printed = t ? table_print_blocks(t, o->json) : WMI_DONE;
        table_free(t);
        int ended = g ? diagnose_end(g) : WMI_DONE;
        arena_deinit(&a);
        return code ? code : printed ? printed : ended;
}

static const Option options[] = {OPTIONS_MOF_INPUT, OPTION_STORE_NAMESPACE, OPTION_JSON, OPTION_END};

const Verb verb_mof_subscriptions = {
        .name = "subscriptions",
        .summary = "List what a file would make run, and when",
        .usage = "FILE... [OPTION]...",
        .text = "  wmi mof subscriptions suspicious.mof\n"
                "  wmi mof subscriptions --json dropped.bmf | jq -r 'select(.kind == \"binding\").does'\n\n"
                "Permanent subscriptions: the filters, consumers, bindings and timers that compiling the file would install. "
                "A\n"
                "binding's row says when its filter is met (the query, and the namespace it is asked in) and what its consumer\n"
                "then does; what a binding names by alias or path is looked up in the file. With --json every object has a\n"
                "line, its MOF text with it. FILE is MOF text, binary MOF, or what binary MOF is found in. Nothing is installed.\n\n"
                "Of a file with errors what could be read is listed. Exit code: 0 all was read, whatever was found; 3 there are\n"
                "errors in it; 1 it cannot be read.",
        .options = options,
        .least = 1,
        .most = SIZE_MAX,
        .run = run,
};
