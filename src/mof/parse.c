// SPDX-License-Identifier: MIT
// mof_parse: the whole text, and how the parser finds its footing again after an error.
//
// A declaration with an error in it is read to its end, so that one run reports what there is to report.
#include "mof/internal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"
#include "cim/schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Bytes of the arena of one document: so much for any text, so much for each byte of it, and never more than that.
#define PARSE_LEAST  ((size_t)16 << 20)
#define PARSE_TOLD   (64u << 10) // bytes between two words about progress
#define PARSE_FACTOR 96u
#define PARSE_MOST   ((size_t)1 << 30)

// --- small steps ---------------------------------------------------------------------------------

// "a "quoted" word": what stands right behind the quote was meant to be in the string.
static bool quote_inside(const Mof *m)
{
        return m->past.kind == MOF_STRING && m->past.at + m->past.n == m->now.at && m->now.kind == MOF_WORD;
}

#define QUOTE_HINT "a '\"' inside of a string is written \\\""

int mof_expect(Mof *m, char punctuation, uint32_t code, const char *after)
{
        if (m->now.kind == (uint8_t)punctuation)
                return mof_next(m);
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, code, "expected '%c' behind %s, found %s", punctuation, after,
                  mof_shown(m, &m->now, shown));
        if (punctuation == '(' && m->now.kind == MOF_STRING)
                return mof_hint(m, "put parentheses around it: (%s)", mof_shown(m, &m->now, shown));
        return quote_inside(m) ? mof_hint(m, QUOTE_HINT) : E_DIAG;
}

// Characters, not bytes.
static size_t length_of(Str s)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++)
                n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
        return n;
}

void mof_name_fits(Mof *m, Str name, MofPlace place, uint32_t too_wide)
{
        if (name.n <= LIMIT_NAME_CHARS || length_of(name) <= LIMIT_NAME_CHARS)
                return;
        mof_error_at(m, place, too_wide, "a name of %zu characters", length_of(name));
        mof_hint(m, "a name has at most %u", LIMIT_NAME_CHARS);
}

int mof_name(Mof *m, uint32_t code, uint32_t too_wide, const char *what, Str *ret, MofPlace *ret_place)
{
        char shown[MOF_SHOWN];
        if (m->now.kind != MOF_WORD)
                return mof_error(m, &m->now, code, "expected %s, found %s", what, mof_shown(m, &m->now, shown));
        *ret = mof_str(m, &m->now);
        *ret_place = mof_place(&m->now);
        mof_name_fits(m, *ret, *ret_place, too_wide);
        return mof_next(m);
}

int mof_missing_semicolon(Mof *m, const char *after, size_t n)
{
        char shown[MOF_SHOWN], line[MOF_LINE_SHOWN];
        MofToken past = m->past;
        mof_error(m, &m->now, CIM_MOF_EXPECTED_SEMI, "expected ';' behind %.*s, found %s", (int)n, after,
                  mof_shown(m, &m->now, shown));
        if (quote_inside(m))
                return mof_hint(m, QUOTE_HINT);
        if (past.kind == MOF_WORD && m->now.kind == MOF_WORD && mof_same_line(m, past.at, m->now.at))
                return mof_hint(m, "a property is one word for its type and one for its name; is a ';' missing?");
        if (m->now.kind == ',')
                return mof_hint(m, "each ends with ';', and each has its own type");
        if (m->now.kind != MOF_WORD && m->now.kind != MOF_END && !strchr("[#}", m->now.kind))
                return E_DIAG;
        mof_hint(m, "put ';' behind %s in %s", mof_shown(m, &past, shown), mof_line_shown(m, past.at, line));
        return 0;
}

int mof_end_of_body(Mof *m, const char *what)
{
        int r = mof_next(m); // '}'
        if (r == 0 && m->now.kind == ';')
                return mof_next(m);
        if (r == 0)
                mof_missing_semicolon(m, what, strlen(what));
        return r;
}

int mof_unclosed(Mof *m, uint32_t open, const char *what, Str name)
{
        char shown[MOF_SHOWN], line[MOF_LINE_SHOWN];
        if (m->stop)
                return 0;
        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE, "expected '}' at the end of %s %.*s, found %s", what,
                  STR_ARG(name), mof_shown(m, &m->now, shown));
        mof_hint(m, "its '{' stands in %s", mof_line_shown(m, open, line));
        return 0;
}

// The aliases used by the object that was read last are part of no item.
static void disown_aliases(Mof *m)
{
        uint32_t index = (uint32_t)(m->items.n / sizeof(MofItem));
        MofAliasUse *uses = (MofAliasUse *)(void *)m->alias_uses.p;
        for (size_t i = m->alias_uses.n / sizeof(*uses); i-- > 0 && uses[i].item == index;)
                uses[i].item = UINT32_MAX;
}

int mof_item(Mof *m, const MofItem *item, size_t reports)
{
        if (m->reports != reports) {
                disown_aliases(m);
                return item->kind == MOF_ITEM_OBJECT ? MOF_PUSH(&m->broken, const MofObject *, item->object) : 0;
        }
        if (m->items.n / sizeof(*item) == LIMIT_MOF_ITEMS) {
                mof_error_at(m, item->place, CIM_MOF_INVALID_FILE, "more than %u declarations in one text",
                             LIMIT_MOF_ITEMS);
                mof_hint(m, "compile it in parts");
                m->stop = true;
                return 0;
        }
        return MOF_PUSH(&m->items, MofItem, *item);
}

// --- finding the way again -----------------------------------------------------------------------

// Up to the ';' of a broken member, or to the '}' of the body. A ';' ends it whatever is still open: what is left open is
// what is wrong with it.
int mof_skip_member(Mof *m, unsigned base)
{
        int r = 0;
        while (r == 0 && m->now.kind != MOF_END) {
                if (m->braces <= base &&
                    (m->now.kind == '}' || m->now.kind == '#' || mof_now(m, MOF_KEY("class"))))
                        break;
                bool last = m->now.kind == ';';
                m->leaving = !last;
                r = mof_next(m);
                if (last)
                        break;
        }
        m->leaving = false;
        m->braces = base;
        return r;
}

// Behind a directive that was refused: the next line.
int mof_skip_directive(Mof *m, const MofToken *hash)
{
        uint32_t from = hash->at;
        int r = 0;
        while (r == 0 && m->now.kind != MOF_END && mof_same_line(m, from, m->now.at)) {
                from = m->now.at;
                m->leaving = mof_same_line(m, m->at, mof_after_blanks(m, m->at));
                r = mof_next(m);
        }
        m->leaving = false;
        return r;
}

// Leaves what belongs to a broken declaration, which began at `first`: up to what looks like the beginning of the next.
static int skip_declaration(Mof *m, const MofToken *first)
{
        int r = m->now.at == first->at ? mof_next(m) : 0;
        bool last = false;
        while (r == 0 && !last && m->now.kind != MOF_END) {
                if (m->braces == 0 &&
                    (m->now.kind == '[' || mof_next_declaration(m) || mof_word(m, "qualifier")))
                        break;
                last = (m->now.kind == ';' && m->braces == 0) || (m->now.kind == '}' && m->braces <= 1);
                m->leaving = !last;
                r = mof_next(m);
        }
        m->leaving = false;
        // What else was closed there.
        while (r == 0 && (m->now.kind == ';' || m->now.kind == ')' || m->now.kind == '}'))
                r = mof_next(m);
        return r;
}

uint32_t mof_after_blanks(const Mof *m, uint32_t i)
{
        while (m->p[i] == ' ' || m->p[i] == '\t' || m->p[i] == '\r' || m->p[i] == '\n')
                i++;
        return i;
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool mof_next_declaration(const Mof *m)
{
        if (m->now.kind == MOF_END || m->now.kind == '#')
                return true;
        if (!mof_now(m, MOF_KEY("class")) && !mof_now(m, MOF_KEY("instance")))
                return false;
        // A property may have such a name, and such a type: `class = 1;`, `Class c;`.
        uint32_t i = mof_after_blanks(m, m->at);
        if (m->p[i] == '=' || m->p[i] == '{')
                return false;
        while (is_name_char(m->p[i]))
                i++;
        i = mof_after_blanks(m, i);
        return i == m->n || !m->p[i] || !strchr(";=[(", m->p[i]);
}

// --- the whole text ------------------------------------------------------------------------------

static int not_a_declaration(Mof *m)
{
        static const char *const refused[] = {"typedef", "enum", "enumeration", "structure", "struct"};
        static const char *const words[] = {"class", "instance", "qualifier"};
        char shown[MOF_SHOWN];
        for (size_t i = 0; i < COUNT(refused); i++)
                if (mof_word(m, refused[i])) {
                        mof_error(m, &m->now, CIM_MOF_TYPEDEF_NOT_SUPPORTED, "%s is not supported in MOF", refused[i]);
                        return mof_hint(m, refused[i][0] == 's' ? "declare a class; the name of one is a type"
                                           : refused[i][0] == 't' ? "write the type itself"
                                                                  : "a property has them as ValueMap and Values");
                }
        mof_error(m, &m->now, CIM_MOF_UNRECOGNIZED_TOKEN,
                  "expected a class, an instance, a qualifier or a pragma, found %s", mof_shown(m, &m->now, shown));
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        for (size_t i = 0; m->now.kind == MOF_WORD && i < COUNT(words); i++)
                str_nearest_offer(&nearest, str_of(words[i]));
        if (mof_word(m, "association") || mof_word(m, "indication"))
                mof_hint(m, "it is a class with that qualifier: [%.*s] class", STR_ARG(nearest.wanted));
        else if (nearest.best.n)
                mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        else if (m->now.kind == '}' || m->now.kind == ')')
                mof_hint(m, "there is one more of them than of what it closes");
        else if (m->now.kind == MOF_WORD && m->p[mof_after_blanks(m, m->at)] == '{')
                mof_hint(m, "is it 'class %.*s' or 'instance of %.*s'?", STR_ARG(nearest.wanted), STR_ARG(nearest.wanted));
        return E_DIAG;
}

static int declaration(Mof *m)
{
        MofQualifierList q = {0};
        size_t reports = m->reports;
        int r = m->now.kind == '[' ? mof_qualifiers(m, &q) : 0;
        if (r == E_DIAG && (mof_now(m, MOF_KEY("class")) || mof_now(m, MOF_KEY("instance"))))
                r = 0; // the list was left behind
        if (r != 0)
                return r;
        if (mof_now(m, MOF_KEY("class")))
                return mof_class(m, &q, reports);
        if (mof_now(m, MOF_KEY("instance")))
                return mof_instance(m, &q, reports, NULL);
        if (q.count) {
                char shown[MOF_SHOWN];
                return mof_error(m, &m->now, CIM_MOF_INVALID_CLASS,
                                 "expected class or instance behind its qualifiers, found %s",
                                 mof_shown(m, &m->now, shown));
        }
        return mof_word(m, "qualifier") ? mof_qualifier_declaration(m) : not_a_declaration(m);
}

static void forget_lists(Mof *m)
{
        m->values.n = m->qualifiers.n = m->properties.n = m->methods.n = 0;
}

static int one_item(Mof *m)
{
        MofToken first = m->now;
        m->braces = 0;
        if (m->now.kind == ';')
                return mof_next(m); // a ';' too many harms nobody
        if (m->now.kind == '#') {
                int r = mof_pragma(m);
                return r == E_DIAG ? mof_skip_directive(m, &first) : r;
        }
        size_t broken = m->broken.n;
        int r = declaration(m);
        if (r != E_DIAG)
                return r;
        forget_lists(m);
        m->document->lost |= m->broken.n == broken;
        return skip_declaration(m, &first);
}

static int text(Mof *m)
{
        int r = mof_next(m);
        while (r == 0 && m->now.kind != MOF_END && !m->stop) {
                r = one_item(m);
                if (m->source->progress && m->at - m->told >= PARSE_TOLD)
                        m->source->progress(m->source->context, m->told = m->at, m->n);
        }
        return r == 0 && !m->stop ? mof_aliases_check(m) : r;
}

// --- the document --------------------------------------------------------------------------------

static int begin(Mof *m, const MofSource *source)
{
        const char *name = source->name ? source->name : "";
        Diag d = {0};
        int r = mof_lines_init(m->lines, m->arena, name);
        if (r == 0)
                r = mof_text_read(source->text, m->arena, &m->lines->text, &d);
        if (r == E_DIAG) {
                m->failed = true;
                m->document->lost = true;
                m->lines->text = (MofText){.p = arena_alloc(m->arena, MOF_TEXT_PAD)};
                snprintf(d.file, sizeof(d.file), "%s", name);
                if (m->error_capacity)
                        m->errors[m->error_count++] = d;
        }
        if (r < 0 || !m->lines->text.p)
                return -ENOMEM;
        m->p = m->lines->text.p;
        m->n = (uint32_t)m->lines->text.n;
        m->document->text = (Str){m->p, m->n};
        m->document->name = m->lines->files[0];
        return r;
}

// Where declarations go that no directive places elsewhere.
static int begin_namespace(Mof *m, Str wanted)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        Diag d = {0};
        if (!wanted.n)
                wanted = STR("root\\default");
        char *as_given = arena_strndup(m->arena, wanted.p, wanted.n);
        int r = cim_namespace_normal(wanted, normal, &d);
        if (r < 0 || !as_given)
                return -ENOMEM;
        m->namespace_text = (Str){as_given, wanted.n};
        if (r == E_DIAG) {
                MofPlace nowhere = {0};
                mof_error_at(m, nowhere, CIM_MOF_INVALID_NAMESPACE, "%s", d.message);
                return 0;
        }
        char *copy = arena_strndup(m->arena, normal, strlen(normal));
        m->namespace = (Str){copy, strlen(normal)};
        return copy ? 0 : -ENOMEM;
}

// What has grown goes to the document.
static int finish(Mof *m)
{
        MofDocument *d = m->document;
        MofItem *items = (MofItem *)(void *)m->items.p;
        size_t count = m->items.n / sizeof(*items), kept = 0;
        for (size_t i = 0; i < count; i++) {
                if (items[i].kind != MOF_ITEM_OBJECT || !items[i].fail)
                        items[kept++] = items[i];
                else if (MOF_PUSH(&m->broken, const MofObject *, items[i].object) < 0)
                        return -ENOMEM;
        }
        m->items.n = kept * sizeof(*items);
        d->items = mof_take(m, &m->items, 0, sizeof(MofItem), &d->item_count);
        d->broken = mof_take(m, &m->broken, 0, sizeof(const MofObject *), &d->broken_count);
        return d->items && d->broken ? 0 : -ENOMEM;
}

static int by_place(const void *a, const void *b)
{
        const Diag *x = a, *y = b;
        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void forget_stacks(Mof *m)
{
        MofStack *const stacks[] = {&m->alias_uses, &m->units,   &m->values, &m->qualifiers, &m->properties,
                                    &m->methods,    &m->items,   &m->broken, &m->slots};
        for (size_t i = 0; i < COUNT(stacks); i++)
                free(stacks[i]->p);
        if (m->c_locale)
                freelocale((locale_t)m->c_locale);
}

static MofDocument *new_document(size_t text_bytes)
{
        size_t limit = PARSE_LEAST + text_bytes * PARSE_FACTOR;
        Arena *arena = calloc(1, sizeof(*arena));
        if (!arena)
                return NULL;
        arena->limit = limit < PARSE_MOST ? limit : PARSE_MOST;
        MofDocument *d = arena_new(arena, MofDocument);
        MofLines *lines = arena_new(arena, MofLines);
        if (!d || !lines) {
                arena_deinit(arena);
                free(arena);
                return NULL;
        }
        d->arena = arena;
        d->lines = lines;
        return d;
}

int mof_parse(const MofSource *source, MofDocument **ret, Diag *errors, size_t capacity, size_t *ret_errors)
{
        *ret = NULL;
        *ret_errors = 0;
        if (source->text.n > LIMIT_MOF_BYTES)
                return -EFBIG;
        MofDocument *d = new_document(source->text.n);
        if (!d)
                return -ENOMEM;
        Mof m = {
                .arena = d->arena,
                .document = d,
                .lines = (MofLines *)(uintptr_t)d->lines,
                .dialect = source->dialect,
                .source = source,
                .alias_owner = UINT32_MAX,
                .class_flags = source->class_flags,
                .instance_flags = source->instance_flags,
                .errors = errors,
                .error_capacity = capacity < LIMIT_MOF_ERRORS ? capacity : LIMIT_MOF_ERRORS,
        };
        int r = begin(&m, source);
        if (r == 0)
                r = begin_namespace(&m, source->namespace);
        if (r == 0)
                r = text(&m);
        if (r >= 0 && finish(&m) < 0)
                r = -ENOMEM;
        forget_stacks(&m);
        if (r < 0) {
                mof_document_free(d);
                return r;
        }
        *ret = d;
        if (!m.failed)
                return 0;
        qsort(errors, m.error_count, sizeof(*errors), by_place);
        *ret_errors = m.error_count;
        return E_DIAG;
}
