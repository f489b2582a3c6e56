// SPDX-License-Identifier: MIT
// Directives: #pragma in any case, #include, and those of the C preprocessor, which is not ours.
#include "mof/internal.h"

#include "base/utf.h"
#include "cim/schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// ("text"): the string in UTF-8, and its token.
static int one_string(Mof *m, uint32_t code, const char *what, Str *ret, MofToken *ret_token)
{
        char shown[MOF_SHOWN];
        Str16 s;
        *ret_token = m->now;
        if (m->now.kind != MOF_STRING) {
                mof_error(m, &m->now, code, "expected the %s in quotes, found %s", what, mof_shown(m, &m->now, shown));
                return m->now.kind == MOF_CHAR || m->now.kind == MOF_WORD ? mof_hint(m, "strings stand in \"\"") : E_DIAG;
        }
        int r = mof_string(m, &s);
        if (r != 0)
                return r;
        *ret = utf_to8(m->arena, s);
        return ret->p ? 0 : -ENOMEM;
}

// ("text")
static int one_argument(Mof *m, uint32_t code, const char *what, Str *ret, MofToken *ret_token)
{
        bool own = code == (uint32_t)CIM_MOF_INVALID_AMENDMENT; // has a number of its own for all of its syntax
        int r = mof_expect(m, '(', own ? code : (uint32_t)CIM_MOF_EXPECTED_OPEN_PAREN, "the name of the pragma");
        if (r == 0)
                r = one_string(m, code, what, ret, ret_token);
        if (r != 0)
                return r;
        return mof_expect(m, ')', own ? code : (uint32_t)CIM_MOF_EXPECTED_CLOSE_PAREN, "the text in quotes");
}

// --- namespace -----------------------------------------------------------------------------------

static bool is_slash(char c)
{
        return c == '\\' || c == '/';
}

// The normal form of a namespace's name, in the arena; an error at the token.
static int normal_namespace(Mof *m, Str name, const MofToken *at, Str *ret)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        Diag d = {0};
        bool machine = name.n > 2 && is_slash(name.p[0]) && is_slash(name.p[1]);
        if (machine && !(name.p[2] == '.' && (name.n == 3 || is_slash(name.p[3])))) {
                mof_error(m, at, CIM_MOF_INVALID_NAMESPACE_SPEC, "the namespace is on another machine");
                return mof_hint(m, "write \\\\\\\\.\\\\root\\\\wmi for the machine itself");
        }
        int r = cim_namespace_normal(name, normal, &d);
        if (r == E_DIAG) {
                mof_error(m, at, CIM_MOF_INVALID_NAMESPACE, "%s", d.message);
                if (memchr(name.p, '\r', name.n) || memchr(name.p, '\t', name.n) || memchr(name.p, '\n', name.n))
                        mof_hint(m, "in a string every backslash is written twice");
                return E_DIAG;
        }
        if (r < 0)
                return r;
        ret->n = strlen(normal);
        ret->p = arena_strndup(m->arena, normal, ret->n);
        return ret->p ? 0 : -ENOMEM;
}

static int pragma_namespace(Mof *m)
{
        Str name, normal = {0};
        MofToken at;
        int r = mof_expect(m, '(', CIM_MOF_EXPECTED_OPEN_PAREN, "#pragma namespace");
        if (r == 0)
                r = one_string(m, CIM_MOF_INVALID_NAMESPACE, "namespace", &name, &at);
        if (r == 0) {
                m->namespace_text = name;
                r = normal_namespace(m, name, &at, &normal);
        }
        if (r >= 0)
                m->namespace = normal; // what follows a broken one is in none
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the namespace") : r;
}

// --- flags ---------------------------------------------------------------------------------------

static int flag_word(Mof *m, bool classes, unsigned *flags)
{
        static const struct {
                const char *name;
                unsigned flag;
                bool instances;
        } words[] = {
                {"updateonly", MOF_UPDATE_ONLY, true},
                {"createonly", MOF_CREATE_ONLY, true},
                {"safeupdate", MOF_SAFE_UPDATE, false},
                {"forceupdate", MOF_FORCE_UPDATE, false},
        };
        Str word;
        MofToken at;
        int r = one_string(m, CIM_MOF_INVALID_FLAGS, "flag", &word, &at);
        if (r != 0)
                return r;
        for (size_t i = 0; i < COUNT(words); i++)
                if (str_ieq(word, str_of(words[i].name)) && (classes || words[i].instances)) {
                        *flags |= words[i].flag;
                        return 0;
                }
        mof_error(m, &at, CIM_MOF_INVALID_FLAGS, "'%.*s' is no flag for %s", (int)(word.n < 64 ? word.n : 64), word.p,
                  classes ? "classes" : "instances");
        return mof_hint(m, classes ? "updateonly, createonly, safeupdate or forceupdate" : "updateonly or createonly");
}

// (number)
static int flag_number(Mof *m, bool classes, unsigned *flags)
{
        MofValue v;
        MofToken first = m->now;
        unsigned all = MOF_UPDATE_ONLY | MOF_CREATE_ONLY;
        all |= classes ? MOF_SAFE_UPDATE | MOF_FORCE_UPDATE : 0;
        int r = mof_value(m, &v);
        if (r == 0 && v.kind == MOF_VALUE_INTEGER && (v.negative || v.magnitude & ~(uint64_t)all))
                return mof_error(m, &first, CIM_MOF_INVALID_FLAGS, "no such flags");
        if (r == 0 && v.kind == MOF_VALUE_INTEGER)
                *flags = (unsigned)v.magnitude;
        return r;
}

// ("word", "word") or (number).
static int pragma_flags(Mof *m, bool classes)
{
        unsigned flags = 0;
        int r = mof_expect(m, '(', CIM_MOF_EXPECTED_OPEN_PAREN, "the name of the pragma");
        if (r != 0)
                return r;
        MofToken first = m->now;
        if (m->now.kind == MOF_INTEGER && !m->now.bad) {
                r = flag_number(m, classes, &flags);
        } else {
                for (r = flag_word(m, classes, &flags); r == 0 && m->now.kind == ',';) {
                        r = mof_next(m);
                        if (r == 0)
                                r = flag_word(m, classes, &flags);
                }
        }
        if (r == 0 && (flags & MOF_UPDATE_ONLY) && (flags & MOF_CREATE_ONLY))
                r = mof_error(m, &first, CIM_MOF_INVALID_FLAGS, "updateonly and createonly exclude each other");
        if (r == 0)
                *(classes ? &m->class_flags : &m->instance_flags) = flags;
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the flags") : r;
}

// --- the others ----------------------------------------------------------------------------------

// ("name", fail|nofail), of classes and instances.
static int pragma_delete(Mof *m, bool classes)
{
        uint32_t code = classes ? CIM_MOF_INVALID_DELETECLASS : CIM_MOF_INVALID_DELETEINSTANCE;
        MofItem item = {.kind = classes ? MOF_ITEM_DELETE_CLASS : MOF_ITEM_DELETE_INSTANCE};
        MofToken at;
        int r = mof_expect(m, '(', code, "the name of the pragma");
        if (r == 0)
                r = one_string(m, code, classes ? "name of a class" : "path of an instance", &item.deleted.what, &at);
        if (r == 0)
                r = mof_expect(m, ',', code, "the name");
        if (r != 0)
                return r;
        item.fail = mof_now(m, MOF_KEY("fail"));
        if (!item.fail && !mof_now(m, MOF_KEY("nofail"))) {
                char shown[MOF_SHOWN];
                return mof_error(m, &m->now, code, "expected fail or nofail, found %s",
                                 mof_shown(m, &m->now, shown));
        }
        r = mof_next(m);
        if (r == 0)
                r = mof_expect(m, ')', code, "fail or nofail");
        if (r != 0)
                return r;
        item.place = mof_place(&at);
        item.deleted.namespace_text = m->namespace_text;
        item.deleted.namespace = m->namespace;
        return mof_item(m, &item, m->reports);
}

static int pragma_autorecover(Mof *m)
{
        m->document->autorecover = true;
        if (m->now.kind != '(')
                return 0;
        mof_error(m, &m->now, CIM_MOF_INVALID_PRAGMA, "#pragma autorecover takes no argument");
        return E_DIAG;
}

// A text in parentheses that changes nothing here: locale, instancelocale.
static int pragma_ignored(Mof *m)
{
        Str text;
        MofToken at;
        return one_argument(m, CIM_MOF_INVALID_PRAGMA, "locale", &text, &at);
}

static int pragma_amendment(Mof *m)
{
        char line[MOF_LINE_SHOWN];
        Str text;
        MofToken at;
        int r = one_argument(m, CIM_MOF_INVALID_AMENDMENT, "locale (\"MS_409\")", &text, &at);
        if (r != 0)
                return r;
        if (m->document->amendment_place.n) {
                mof_error(m, &at, CIM_MOF_DUPLICATE_AMENDMENT, "a second #pragma amendment");
                return mof_hint(m, "the first stands in %s", mof_line_shown(m, m->document->amendment_place.at, line));
        }
        if (!text.n)
                return mof_error(m, &at, CIM_MOF_INVALID_AMENDMENT, "an amendment is called by a locale: \"MS_409\"");
        m->document->amendment = text;
        m->document->amendment_place = mof_place(&at);
        return 0;
}

// What is only for the C preprocessor. Macros would follow: whatever else is said about this text would be about its
// unexpanded form.
static int for_cpp(Mof *m, const MofToken *word, uint32_t code, const char *what)
{
        mof_error(m, word, code, "this #%s is for the C preprocessor", what);
        mof_hint(m, "'wmi mof compile --cpp' runs it first; so does 'cc -E -undef -x c FILE >OUT.mof'");
        m->stop = true;
        return E_DIAG;
}

// include("file"), of Microsoft's #include as of DMTF's #pragma include; m->now is the word.
static int include(Mof *m)
{
        MofToken word = m->now;
        uint32_t i = m->at;
        while (m->p[i] == ' ' || m->p[i] == '\t')
                i++;
        if (m->p[i] == '"' || m->p[i] == '<')
                return for_cpp(m, &word, CIM_MOF_INVALID_INCLUDE, "include");
        int r = mof_next(m);
        if (r != 0)
                return r;
        Str name;
        MofToken at;
        r = mof_expect(m, '(', CIM_MOF_EXPECTED_OPEN_PAREN, "include");
        if (r == 0)
                r = one_string(m, CIM_MOF_INVALID_INCLUDE, "name of the file", &name, &at);
        if (r == 0)
                r = mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the name of the file");
        if (r == 0) {
                mof_error(m, &at, CIM_MOF_INVALID_INCLUDE, "an included file cannot be read from here");
                mof_hint(m, "put the text of the file in its place, or compile it first");
                m->document->lost = true;
        }
        return r;
}

// --- which one -----------------------------------------------------------------------------------

enum { NAMESPACE, CLASSFLAGS, INSTANCEFLAGS, AUTORECOVER, DELETECLASS, DELETEINSTANCE, AMENDMENT, INCLUDE };

static const char *const pragma_names[] = {
        [NAMESPACE] = "namespace",
        [CLASSFLAGS] = "classflags",
        [INSTANCEFLAGS] = "instanceflags",
        [AUTORECOVER] = "autorecover",
        [DELETECLASS] = "deleteclass",
        [DELETEINSTANCE] = "deleteinstance",
        [AMENDMENT] = "amendment",
        [INCLUDE] = "include",
        "locale",
        "instancelocale",
};

static int unknown_pragma(Mof *m)
{
        char shown[MOF_SHOWN];
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        mof_error(m, &m->now, CIM_MOF_INVALID_PRAGMA, "%s is no pragma", mof_shown(m, &m->now, shown));
        for (size_t i = 0; m->now.kind == MOF_WORD && i < COUNT(pragma_names); i++)
                str_nearest_offer(&nearest, str_of(pragma_names[i]));
        if (nearest.best.n)
                return mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        return mof_hint(m, "namespace, classflags, instanceflags, autorecover, deleteclass, deleteinstance, amendment "
                           "or locale; --dialect=dmtf ignores others");
}

// The DMTF says that a pragma nobody knows is ignored: its word, and what stands in parentheses behind it.
static int ignored_pragma(Mof *m)
{
        int r = mof_next(m);
        if (r != 0 || m->now.kind != '(')
                return r;
        while (r == 0 && m->now.kind != ')' && m->now.kind != MOF_END && m->now.kind != ';' && m->now.kind != '}')
                r = mof_next(m);
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the parameter of the pragma") : r;
}

static int pragma_word(Mof *m)
{
        size_t i = 0;
        while (i < COUNT(pragma_names) && !mof_word(m, pragma_names[i]))
                i++;
        if (i == COUNT(pragma_names))
                return m->dialect == MOF_DMTF && m->now.kind == MOF_WORD ? ignored_pragma(m) : unknown_pragma(m);
        if (i == INCLUDE)
                return include(m);
        int r = mof_next(m);
        if (r != 0)
                return r;
        switch (i) {
        case NAMESPACE:
                return pragma_namespace(m);
        case CLASSFLAGS:
        case INSTANCEFLAGS:
                return pragma_flags(m, i == CLASSFLAGS);
        case AUTORECOVER:
                return pragma_autorecover(m);
        case DELETECLASS:
        case DELETEINSTANCE:
                return pragma_delete(m, i == DELETECLASS);
        case AMENDMENT:
                return pragma_amendment(m);
        default:
                return pragma_ignored(m);
        }
}

static const char *preprocessor_word(const Mof *m)
{
        static const char *const words[] = {"define", "undef", "if",    "ifdef", "ifndef",  "else",
                                            "elif",   "endif", "error", "line",  "warning", "ident"};
        for (size_t i = 0; i < COUNT(words); i++)
                if (mof_word(m, words[i]))
                        return words[i];
        return NULL;
}

int mof_pragma(Mof *m)
{
        int r = mof_next(m); // '#'
        if (r != 0)
                return r;
        MofToken word = m->now;
        if (mof_now(m, MOF_KEY("pragma"))) {
                r = mof_next(m);
                return r == 0 ? pragma_word(m) : r;
        }
        if (mof_now(m, MOF_KEY("include")))
                return include(m);
        const char *cpp = preprocessor_word(m);
        if (cpp)
                return for_cpp(m, &word, CIM_MOF_INVALID_PRAGMA, cpp);
        char shown[MOF_SHOWN];
        mof_error(m, &word, CIM_MOF_INVALID_PRAGMA, "expected pragma or include behind '#', found %s",
                  mof_shown(m, &word, shown));
        return mof_hint(m, "a comment begins with //");
}
