// SPDX-License-Identifier: MIT
// Directives: #pragma in any case, #include, and those of the C preprocessor, which is not ours.
#include "mof/old/internal.h"

#include "base/utf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// ("text"): the string in UTF-8, and its token.
static int one_string(Mof *m, uint32_t code, const char *what, Str *ret, MofToken *ret_token)
{
        char shown[MOF_SHOWN];
        Str16 s;
        if (m->now.kind != MOF_STRING) {
                mof_error(m, &m->now, code, "expected the %s in quotes, found %s", what,
                          mof_shown(m, &m->now, shown));
                return E_DIAG;
        }
        *ret_token = m->now;
        int r = mof_string(m, &s);
        if (r != 0)
                return r;
        *ret = utf_to8(m->arena, s);
        return ret->p ? 0 : -ENOMEM;
}

static int take_spelling(void *context, Str namespace, const CimClass *c)
{
        (void)c;
        *(Str *)context = namespace;
        return 1; // the first says it
}

int mof_namespace(Mof *m, Str name, const MofToken *at, Str *ret)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        Diag d = {0};
        bool slashes = name.n > 2 && (name.p[0] == '\\' || name.p[0] == '/') &&
                       (name.p[1] == '\\' || name.p[1] == '/');
        bool here = slashes && name.p[2] == '.' && (name.n == 3 || name.p[3] == '\\' || name.p[3] == '/');
        if (slashes && !here) {
                mof_error(m, at, CIM_MOF_INVALID_NAMESPACE_SPEC, "the namespace is on another machine");
                return mof_hint(m, "write \\\\\\\\.\\\\root\\\\wmi for the machine itself");
        }
        int r = cim_namespace_normal(name, normal, &d);
        if (r == E_DIAG) {
                mof_error(m, at, CIM_MOF_INVALID_NAMESPACE, "%s", d.message);
                if (memchr(name.p, '\r', name.n) || memchr(name.p, '\t', name.n) ||
                    memchr(name.p, '\n', name.n))
                        mof_hint(m, "in a string every backslash is written twice");
                return E_DIAG;
        }
        if (r < 0)
                return r;
        // One that exists is called as it was called first, whatever the case here.
        Str spelled = str_of(normal);
        if (m->source->schema)
                cim_schema_each_class(m->source->schema, str_of(normal), take_spelling, &spelled);
        ret->p = arena_strndup(m->arena, spelled.p, spelled.n);
        ret->n = spelled.n;
        return ret->p ? 0 : -ENOMEM;
}

static int pragma_namespace(Mof *m)
{
        Str name;
        MofToken at;
        int r = mof_expect(m, '(', CIM_MOF_EXPECTED_OPEN_PAREN, "#pragma namespace");
        if (r == 0)
                r = one_string(m, CIM_MOF_INVALID_NAMESPACE, "namespace", &name, &at);
        if (r == 0)
                r = mof_namespace(m, name, &at, &m->namespace);
        if (r == E_DIAG)
                m->lost = true; // what follows would be looked up in the wrong place
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the namespace") : r;
}

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
        mof_error(m, &at, CIM_MOF_INVALID_FLAGS, "'%.*s' is no flag for %s", (int)(word.n < 64 ? word.n : 64),
                  word.p, classes ? "classes" : "instances");
        return mof_hint(m, classes ? "updateonly, createonly, safeupdate or forceupdate"
                                   : "updateonly or createonly");
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
                MofValue v;
                CimValue number;
                r = mof_value(m, &v);
                if (r == 0)
                        r = mof_value_as(m, &v, CIM_UINT32, STR("the set of flags"), &number);
                if (r == 0 && v.kind == MOF_V_INTEGER) {
                        flags = (unsigned)number.uint;
                        unsigned all = MOF_UPDATE_ONLY | MOF_CREATE_ONLY;
                        all |= classes ? MOF_SAFE_UPDATE | MOF_FORCE_UPDATE : 0;
                        if (flags & ~all)
                                r = mof_error(m, &first, CIM_MOF_INVALID_FLAGS, "no such flags");
                }
        } else {
                for (r = flag_word(m, classes, &flags); r == 0 && m->now.kind == ',';) {
                        r = mof_next(m);
                        if (r == 0)
                                r = flag_word(m, classes, &flags);
                }
        }
        if (r == 0 && (flags & MOF_UPDATE_ONLY) && (flags & MOF_CREATE_ONLY))
                r = mof_error(m, &first, CIM_MOF_INVALID_FLAGS,
                              "updateonly and createonly exclude each other");
        if (r == 0 && classes)
                m->class_flags = flags;
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the flags") : r;
}

// ("name", fail|nofail), of classes and instances.
static int pragma_delete(Mof *m, bool classes)
{
        uint32_t code = classes ? CIM_MOF_INVALID_DELETECLASS : CIM_MOF_INVALID_DELETEINSTANCE;
        MofDelete d = {.namespace = m->namespace};
        int r = mof_expect(m, '(', code, "the name of the pragma");
        if (r == 0)
                r = one_string(m, code, classes ? "name of a class" : "path of an instance", &d.name,
                               &d.token);
        if (r == 0)
                r = mof_expect(m, ',', code, "the name");
        if (r != 0)
                return r;
        d.fail = mof_word(m, "fail");
        if (!d.fail && !mof_word(m, "nofail")) {
                char shown[MOF_SHOWN];
                return mof_error(m, &m->now, code, "expected fail or nofail, found %s",
                                 mof_shown(m, &m->now, shown));
        }
        r = mof_next(m);
        if (r == 0)
                r = mof_expect(m, ')', code, "fail or nofail");
        if (r != 0)
                return r;
        if (classes)
                return MOF_PUSH(m, m->deletes, m->delete_count, m->delete_capacity, d);
        if (d.fail) {
                mof_error(m, &d.token, CIM_E_NOT_FOUND,
                          "there is no such instance: instances are not stored yet");
                mof_hint(m, "write nofail when it does not matter");
        }
        return 0;
}

static int pragma_autorecover(Mof *m)
{
        if (m->now.kind != '(')
                return 0;
        mof_error(m, &m->now, CIM_MOF_INVALID_PRAGMA, "#pragma autorecover takes no argument");
        return E_DIAG;
}

// A word in parentheses that changes nothing here: locale, instancelocale.
static int pragma_ignored(Mof *m)
{
        Str text;
        MofToken at;
        int r = mof_expect(m, '(', CIM_MOF_EXPECTED_OPEN_PAREN, "the name of the pragma");
        if (r == 0)
                r = one_string(m, CIM_MOF_INVALID_PRAGMA, "locale", &text, &at);
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the locale") : r;
}

static int pragma_amendment(Mof *m, const MofToken *word)
{
        Str text;
        MofToken at;
        int r = mof_expect(m, '(', CIM_MOF_INVALID_AMENDMENT, "the name of the pragma");
        if (r == 0)
                r = one_string(m, CIM_MOF_INVALID_AMENDMENT, "locale (\"MS_409\")", &text, &at);
        if (r == 0)
                r = mof_expect(m, ')', CIM_MOF_INVALID_AMENDMENT, "the locale");
        if (r == 0) {
                mof_error(m, word, CIM_E_NOT_SUPPORTED,
                          "splitting a text into a neutral and a localised one is not supported");
                mof_hint(m, "without this pragma the texts stay in the class, in their language");
        }
        return r;
}

// What is only for the C preprocessor. Macros would follow: whatever else is said about this text would be
// about its unexpanded form.
static int for_cpp(Mof *m, const MofToken *word, uint32_t code, const char *what)
{
        mof_error(m, word, code, "this #%s is for the C preprocessor", what);
        mof_hint(m, "run the file through 'cc -E -x c FILE' first and compile the result");
        m->stop = true;
        return E_DIAG;
}

// include("file"), of Microsoft's #include as of DMTF's #pragma include; m->now is the word.
static int include(Mof *m)
{
        MofToken word = m->now;
        size_t i = m->at;
        while (i < m->text.n && (m->text.p[i] == ' ' || m->text.p[i] == '\t'))
                i++;
        if (i < m->text.n && (m->text.p[i] == '"' || m->text.p[i] == '<'))
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
                mof_error(m, &at, CIM_MOF_INVALID_INCLUDE, "files cannot be included yet");
                mof_hint(m, "put the text of the file in its place, or compile it first");
                m->incomplete = true;
        }
        return r;
}

static const char *const pragma_names[] = {"namespace",   "classflags",     "instanceflags", "autorecover",
                                           "deleteclass", "deleteinstance", "amendment",     "include",
                                           "locale",      "instancelocale"};

static int unknown_pragma(Mof *m)
{
        char shown[MOF_SHOWN];
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        mof_error(m, &m->now, CIM_MOF_INVALID_PRAGMA, "%s is no pragma", mof_shown(m, &m->now, shown));
        for (size_t i = 0; m->now.kind == MOF_WORD && i < COUNT(pragma_names); i++)
                str_nearest_offer(&nearest, str_of(pragma_names[i]));
        if (nearest.best.n)
                return mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        return mof_hint(
                m,
                "namespace, classflags, instanceflags, autorecover, deleteclass, deleteinstance or locale");
}

static int pragma_word(Mof *m)
{
        MofToken word = m->now;
        size_t i = 0;
        while (i < COUNT(pragma_names) && !mof_word(m, pragma_names[i]))
                i++;
        if (i == COUNT(pragma_names))
                return unknown_pragma(m);
        if (i == 7)
                return include(m);
        int r = mof_next(m);
        if (r != 0)
                return r;
        switch (i) {
        case 0:
                return pragma_namespace(m);
        case 1:
        case 2:
                return pragma_flags(m, i == 1);
        case 3:
                return pragma_autorecover(m);
        case 4:
        case 5:
                return pragma_delete(m, i == 4);
        case 6:
                return pragma_amendment(m, &word);
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
        if (mof_word(m, "pragma")) {
                r = mof_next(m);
                return r == 0 ? pragma_word(m) : r;
        }
        if (mof_word(m, "include"))
                return include(m);
        const char *cpp = preprocessor_word(m);
        if (cpp)
                return for_cpp(m, &word, CIM_MOF_INVALID_PRAGMA, cpp);
        char shown[MOF_SHOWN];
        mof_error(m, &word, CIM_MOF_INVALID_PRAGMA, "expected pragma or include behind '#', found %s",
                  mof_shown(m, &word, shown));
        return E_DIAG;
}
