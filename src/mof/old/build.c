// SPDX-License-Identifier: MIT
// From declarations to classes.
//
// WMI's compiler stores the declarations of a file one after the other. We are more liberal: a superclass or
// the class of an embedded object may come later in the same file; classes are built in the order in which
// they need each other, without recursion. A class that is declared twice is what its last declaration says.
#include "mof/old/internal.h"

#include "base/utf.h"

typedef struct Builder {
        Mof *m;
        MofNames index; // "namespace:class" -> its last declaration
        Str namespace;  // of the class that is being built, for the resolver
} Builder;

// --- finding classes -----------------------------------------------------------------------------

static int full_name(Mof *m, Str namespace, Str name, Str *ret)
{
        char *p = arena_alloc(m->arena, namespace.n + name.n + 1);
        if (!p)
                return -ENOMEM;
        memcpy(p, namespace.p, namespace.n);
        p[namespace.n] = ':';
        memcpy(p + namespace.n + 1, name.p, name.n);
        *ret = (Str){p, namespace.n + 1 + name.n};
        return 0;
}

// The declaration of that name in this text; NULL: none.
static MofDecl *declared(const Builder *b, Str namespace, Str name)
{
        char key[LIMIT_NAMESPACE_CHARS * 4 + LIMIT_NAME_CHARS + 2];
        if (namespace.n + name.n + 1 > sizeof(key))
                return NULL;
        memcpy(key, namespace.p, namespace.n);
        key[namespace.n] = ':';
        memcpy(key + namespace.n + 1, name.p, name.n);
        const size_t *i = mof_names_find(&b->index, (Str){key, namespace.n + 1 + name.n});
        return i ? &b->m->decls[*i] : NULL;
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_system(Str name)
{
        return name.n > 2 && name.p[0] == '_' && name.p[1] == '_';
}

// The class of that name which exists already. System classes are in every namespace, and so in one that is
// new.
static const CimClass *existing(const Mof *m, Str namespace, Str name)
{
        if (!m->source->schema)
                return NULL;
        const CimClass *c = cim_schema_find(m->source->schema, namespace, name);
        if (!c && is_system(name) && !cim_schema_has_namespace(m->source->schema, namespace))
                c = cim_schema_find(m->source->schema, STR("root"), name);
        return c;
}

static const CimClass *resolve(void *context, Str name)
{
        const Builder *b = context;
        const MofDecl *d = declared(b, b->namespace, name);
        return d ? d->klass : existing(b->m, b->namespace, name);
}

static int offer_class(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        str_nearest_offer(context, c->name);
        return 0;
}

// The nearest class name of the namespace; empty: nothing near.
static Str nearest_class(const Builder *b, const MofDecl *d, Str wanted)
{
        StrNearest nearest = {.wanted = wanted};
        // Beyond this many candidates a suggestion is not worth its time.
        for (size_t i = 0; i < b->m->decl_count && i < 4096; i++)
                if (str_ieq(b->m->decls[i].namespace, d->namespace) && &b->m->decls[i] != d)
                        str_nearest_offer(&nearest, b->m->decls[i].spec.name);
        if (b->m->source->schema)
                cim_schema_each_class(b->m->source->schema, d->namespace, offer_class, &nearest);
        return nearest.best;
}

// --- checks of one declaration -------------------------------------------------------------------

static int unknown_super(const Builder *b, const MofDecl *d)
{
        Mof *m = b->m;
        mof_error(m, &d->super_token, CIM_E_INVALID_SUPERCLASS, "there is no class %.*s in %.*s",
                  STR_ARG(d->super), STR_ARG(d->namespace));
        Str best = nearest_class(b, d, d->super);
        if (best.n)
                return mof_hint(m, "did you mean %.*s?", STR_ARG(best));
        return mof_hint(m, "declare it in this text, or compile the text that declares it first");
}

// What people write who think of C.
static const char *type_meant(Str word)
{
        static const struct {
                const char *word, *type;
        } words[] = {
                {"int", "sint32"},      {"int8", "sint8"},       {"int16", "sint16"},    {"int32", "sint32"},
                {"int64", "sint64"},    {"long", "sint32"},      {"longlong", "sint64"}, {"short", "sint16"},
                {"char", "sint8"},      {"byte", "uint8"},       {"uchar", "uint8"},     {"ushort", "uint16"},
                {"word", "uint16"},     {"uint", "uint32"},      {"ulong", "uint32"},    {"dword", "uint32"},
                {"unsigned", "uint32"}, {"ulonglong", "uint64"}, {"qword", "uint64"},    {"bool", "boolean"},
                {"float", "real32"},    {"double", "real64"},    {"real", "real64"},     {"wchar", "char16"},
                {"char8", "char16"},    {"str", "string"},       {"wstring", "string"},  {"date", "datetime"},
                {"time", "datetime"},   {"guid", "string"},
        };
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (str_ieq(word, str_of(words[i].word)))
                        return words[i].type;
        return NULL;
}

static int unknown_type(const Builder *b, const MofDecl *d, const MofUse *use)
{
        static const char *const types[] = {"sint8",   "uint8",  "sint16",   "uint16", "sint32",
                                            "uint32",  "sint64", "uint64",   "real32", "real64",
                                            "boolean", "string", "datetime", "char16"};
        Mof *m = b->m;
        mof_error(m, &use->token, CIM_MOF_UNRECOGNIZED_TYPE, "'%.*s' is neither a type nor a class of %.*s",
                  STR_ARG(use->name), STR_ARG(d->namespace));
        StrNearest nearest = {.wanted = use->name};
        const char *meant = type_meant(use->name);
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                str_nearest_offer(&nearest, str_of(types[i]));
        Str best = meant ? str_of(meant) : nearest.best.n ? nearest.best : nearest_class(b, d, use->name);
        return best.n ? mof_hint(m, "did you mean %.*s?", STR_ARG(best)) : E_DIAG;
}

static int check_uses(const Builder *b, MofDecl *d)
{
        Mof *m = b->m;
        for (size_t i = 0; i < d->use_count && !m->lost && !m->incomplete; i++) {
                const MofUse *use = &d->uses[i];
                if (str_ieq(use->name, d->spec.name) || declared(b, d->namespace, use->name) ||
                    existing(m, d->namespace, use->name))
                        continue;
                unknown_type(b, d, use);
                d->failed = true;
        }
        return 0;
}

static int check_guid(const Builder *b, MofDecl *d)
{
        Mof *m = b->m;
        const CimQualifier *q = cim_qualifier_find(d->spec.qualifiers, d->spec.qualifier_count, STR("guid"));
        if (!q || q->value.null)
                return 0;
        Guid guid;
        Str text = q->value.type == CIM_STRING ? utf_to8(m->arena, q->value.string) : STR("");
        if (!text.p)
                return -ENOMEM;
        if (guid_parse(text, &guid))
                return 0;
        d->failed = true;
        mof_error(m, d->guid.kind == MOF_END ? &d->name : &d->guid, CIM_E_INVALID_QUALIFIER,
                  "the guid of class %.*s is not a GUID", STR_ARG(d->spec.name));
        return mof_hint(m, "8, 4, 4, 4 and 12 hexadecimal digits: {01cdaff1-c901-45b4-b359-b5542725e29c}");
}

// classflags against what exists, and the system classes against everybody.
static void check_update(const Builder *b, MofDecl *d)
{
        Mof *m = b->m;
        const CimClass *was =
                m->source->schema ? cim_schema_find(m->source->schema, d->namespace, d->spec.name) : NULL;
        bool closed =
                m->source->schema && cim_schema_find(m->source->schema, d->namespace, STR("__SystemClass"));
        if (is_system(d->spec.name) && closed && !m->source->system) {
                mof_error(m, &d->name, CIM_E_INVALID_OPERATION, "%.*s: names with '__' belong to the system",
                          STR_ARG(d->spec.name));
                d->failed = true;
        } else if ((d->flags & MOF_CREATE_ONLY) && was) {
                mof_error(m, &d->name, CIM_E_ALREADY_EXISTS,
                          "class %.*s exists, and classflags say createonly", STR_ARG(d->spec.name));
                d->failed = true;
        } else if ((d->flags & MOF_UPDATE_ONLY) && !was) {
                mof_error(m, &d->name, CIM_E_NOT_FOUND,
                          "class %.*s does not exist, and classflags say updateonly", STR_ARG(d->spec.name));
                d->failed = true;
        }
}

// --- building ------------------------------------------------------------------------------------

// Where cim_class_new found fault.
static const MofToken *token_at(const MofDecl *d, size_t offset)
{
        for (size_t i = 0; i < d->spec.property_count; i++)
                if (d->property_names[i].at == offset)
                        return &d->property_names[i];
        return &d->name;
}

// Is `name` a word of the text?
static bool mentions(const char *text, Str name)
{
        for (const char *p = text; *p; p++) {
                if ((p != text && is_name_char(p[-1])) || strncmp(p, name.p, name.n) != 0)
                        continue;
                if (!is_name_char(p[name.n]))
                        return true;
        }
        return false;
}

// The class's own item that the message is about, the last one it names; else the class.
static const MofToken *faulty_item(const MofDecl *d, const char *says)
{
        const MofToken *found = &d->name;
        for (size_t i = 0; i < d->spec.property_count; i++) {
                const CimPropertySpec *p = &d->spec.properties[i];
                if (cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("WmiDataId")) &&
                    mentions(says, p->name))
                        found = &d->property_names[i];
        }
        return found;
}

static void check_event(const Builder *b, MofDecl *d)
{
        const CimClass *c = d->klass;
        if (!c->has_guid || !c->layout_error[0] || !cim_class_isa(c, STR("WMIEvent")))
                return;
        mof_error(b->m, faulty_item(d, c->layout_error), CIM_MOF_INVALID_CLASS,
                  "the events of %.*s cannot be read: %s", STR_ARG(d->spec.name), c->layout_error);
        if (strstr(c->layout_error, "WmiDataId"))
                mof_hint(b->m,
                         "the items have WmiDataId(1), WmiDataId(2)... without gaps; InstanceName and Active "
                         "have none");
}

// Every class holds what it inherits: few bytes of text can ask for a lot of memory.
enum { WEIGHT_MOST = 4u << 20 };

static bool too_heavy(const Builder *b, const MofDecl *d, const CimClass *super)
{
        Mof *m = b->m;
        size_t weight = d->spec.property_count + d->spec.method_count;
        if (super) {
                weight += super->property_count + super->method_count;
                for (size_t i = 0; i < super->property_count; i++)
                        weight += super->properties[i].qualifier_count;
                for (size_t i = 0; i < super->method_count; i++)
                        weight += super->methods[i].qualifier_count;
        }
        m->weight += weight;
        if (m->weight <= WEIGHT_MOST)
                return false;
        mof_error(m, &d->name, CIM_MOF_INVALID_FILE,
                  "the classes of this text have more than %u members in all", (unsigned)WEIGHT_MOST);
        mof_hint(m, "compile it in parts");
        m->stop = true;
        return true;
}

static int build_one(Builder *b, MofDecl *d)
{
        Mof *m = b->m;
        d->state = MOF_BROKEN;
        int r = check_guid(b, d);
        if (r < 0)
                return r;
        check_update(b, d);
        check_uses(b, d);
        const CimClass *super = NULL;
        b->namespace = d->namespace;
        if (d->super.n) {
                const MofDecl *s = declared(b, d->namespace, d->super);
                super = s ? s->klass : existing(m, d->namespace, d->super);
                if (s && !s->klass)
                        d->failed = true; // its own error was reported
                else if (!super && !m->lost && !m->incomplete)
                        unknown_super(b, d);
                d->failed |= !super;
        }
        if (d->failed || too_heavy(b, d, super))
                return 0;
        Diag diag = {0};
        r = cim_class_new(&d->spec, super, resolve, b, &d->klass, &diag);
        if (r == E_DIAG) {
                mof_error(m, token_at(d, diag.offset), diag.code, "%s", diag.message);
                if (diag.hint[0])
                        mof_hint(m, "%s", diag.hint);
                return 0;
        }
        if (r == 0) {
                d->state = MOF_BUILT;
                check_event(b, d);
        }
        return r;
}

// What a declaration needs before it can be built, one after the other: its superclass, then the classes it
// embeds.
typedef struct Frame {
        MofDecl *decl;
        size_t next;
} Frame;

static bool is_item(const MofDecl *d, const MofUse *use)
{
        for (size_t i = 0; i < d->spec.property_count; i++) {
                const CimPropertySpec *p = &d->spec.properties[i];
                if (p->class_name.p == use->name.p)
                        return cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("WmiDataId")) !=
                               NULL;
        }
        return false;
}

// The next declaration that must be built before the one in the frame; NULL: it is ready.
static MofDecl *next_need(const Builder *b, Frame *f)
{
        MofDecl *d = f->decl;
        Mof *m = b->m;
        while (f->next <= d->use_count) {
                size_t i = f->next++;
                if (i == 0 && !d->super.n)
                        continue;
                const MofUse *use = i ? &d->uses[i - 1] : NULL;
                MofDecl *need = declared(b, d->namespace, use ? use->name : d->super);
                if (!need || need->state == MOF_BUILT || need->state == MOF_BROKEN)
                        continue;
                if (need->state == MOF_NEW)
                        return need;
                // It is waiting for this one.
                if (!use) {
                        mof_error(m, &d->super_token, CIM_E_CIRCULAR_REFERENCE,
                                  "class %.*s would derive from itself", STR_ARG(d->spec.name));
                        d->failed = true;
                } else if (use->hard && is_item(d, use)) {
                        mof_error(m, &use->token, CIM_E_CIRCULAR_REFERENCE,
                                  "a data block of %.*s would have to hold itself", STR_ARG(d->spec.name));
                        d->failed = true;
                }
        }
        return NULL;
}

static int build_with_needs(Builder *b, MofDecl *first, Frame *stack)
{
        size_t depth = 0;
        stack[depth++] = (Frame){.decl = first};
        first->state = MOF_OPEN;
        while (depth) {
                MofDecl *need = next_need(b, &stack[depth - 1]);
                if (need) {
                        need->state = MOF_OPEN;
                        stack[depth++] = (Frame){.decl = need};
                        continue;
                }
                int r = build_one(b, stack[--depth].decl);
                if (r < 0)
                        return r;
        }
        return 0;
}

// --- what the whole text says --------------------------------------------------------------------

static int index_declarations(Builder *b)
{
        Mof *m = b->m;
        for (size_t i = 0; i < m->decl_count; i++) {
                MofDecl *d = &m->decls[i];
                Str key;
                size_t *there;
                int r = full_name(m, d->namespace, d->spec.name, &key);
                if (r == 0)
                        r = mof_names_add(m->arena, &b->index, key, i, &there);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (d->flags & MOF_CREATE_ONLY) {
                        mof_error(m, &d->name, CIM_E_ALREADY_EXISTS,
                                  "class %.*s is declared in line %u, and classflags say createonly",
                                  STR_ARG(d->spec.name), m->decls[*there].name.line);
                        d->failed = true;
                }
                m->decls[*there].superseded = true;
                *there = i;
        }
        return 0;
}

// A class that is deleted and declared again is replaced; one that does not exist need not be deleted; else
// we cannot.
static void check_deletes(const Builder *b)
{
        Mof *m = b->m;
        for (size_t i = 0; i < m->delete_count; i++) {
                const MofDelete *d = &m->deletes[i];
                const MofDecl *again = declared(b, d->namespace, d->name);
                bool before = again && again->name.at < d->token.at;
                bool exists = before || (m->source->schema &&
                                         cim_schema_find(m->source->schema, d->namespace, d->name));
                if (!exists && d->fail) {
                        mof_error(m, &d->token, CIM_E_NOT_FOUND, "there is no class %.*s in %.*s",
                                  STR_ARG(d->name), STR_ARG(d->namespace));
                        mof_hint(m, "write nofail when it does not matter");
                } else if (exists && (!again || before)) {
                        mof_error(m, &d->token, CIM_E_NOT_SUPPORTED, "class %.*s cannot be deleted yet",
                                  STR_ARG(d->name));
                        mof_hint(m, "a class that is declared again behind the pragma is replaced");
                }
        }
}

// A namespace is made by the first class in it, so an instance of __Namespace that no class follows is an
// instance like any other.
static bool namespace_follows(const Mof *m, Str name)
{
        if (m->source->schema && cim_schema_has_namespace(m->source->schema, name))
                return true;
        for (size_t i = 0; i < m->decl_count; i++) {
                Str in = m->decls[i].namespace;
                if (in.n >= name.n && str_ieq((Str){in.p, name.n}, name) &&
                    (in.n == name.n || in.p[name.n] == '\\'))
                        return true;
        }
        return false;
}

static void check_instances(Mof *m)
{
        // Many namespaces in a hostile text: enough of them are looked at to report one.
        for (size_t i = 0; i < m->made_count && i < 256 && !m->lost; i++) {
                if (namespace_follows(m, m->made_namespaces[i]))
                        continue;
                mof_error(m, &m->made_tokens[i], CIM_E_NOT_SUPPORTED,
                          "the namespace %.*s is made here, and no class is put into it",
                          STR_ARG(m->made_namespaces[i]));
                mof_hint(m, "a namespace comes into being with its first class");
        }
        if (!m->instance_count)
                return;
        mof_error(m, &m->first_instance, CIM_E_NOT_SUPPORTED,
                  "instances in MOF are not compiled yet; this text has %zu, the first of class %.*s",
                  m->instance_count, STR_ARG(m->first_instance_class));
        mof_hint(m, "compile the classes without them; wmi put writes instances");
}

int mof_build(Mof *m)
{
        Builder b = {.m = m};
        int r = index_declarations(&b);
        if (r < 0)
                return r;
        Frame *stack = arena_array(m->arena, Frame, m->decl_count + 1);
        if (!stack)
                return -ENOMEM;
        for (size_t i = 0; i < m->decl_count && !m->stop; i++) {
                if (m->decls[i].state != MOF_NEW || m->decls[i].superseded)
                        continue;
                r = build_with_needs(&b, &m->decls[i], stack);
                if (r < 0)
                        return r;
        }
        check_deletes(&b);
        check_instances(m);
        return 0;
}
