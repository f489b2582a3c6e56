// SPDX-License-Identifier: MIT
// From declarations to classes.
//
// WMI's compiler stores the declarations of a file one after the other. We are more liberal: a superclass or the class of
// an embedded object may come later in the same file; classes are built in the order in which they need each other,
// without recursion. A class that is declared twice is what its last declaration says.
#include "base/utf.h"
#include "mof/build-impl.h"

// --- finding classes -----------------------------------------------------------------------------

// The declaration of that name in this document, as the item that is built means it; NULL: none.
static BuildClass *declared(const Builder *b, Str namespace, Str name)
{
        const size_t *i = build_index_find(&b->class_index, namespace, name);
        BuildClass *c = i ? &b->classes[*i] : NULL, *found = c;
        for (; c; c = c->later)
                if (c->from <= b->at)
                        found = c;
        return found;
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The class of that name which exists already. System classes are in every namespace, and so in one that is new.
static const CimClass *existing(const Builder *b, Str namespace, Str name)
{
        const CimSchema *s = b->options->schema;
        if (!s)
                return NULL;
        const CimClass *c = cim_schema_find(s, namespace, name);
        if (!c && build_is_system(name) && !cim_schema_has_namespace(s, namespace))
                c = cim_schema_find(s, STR("root"), name);
        return c;
}

const CimClass *build_find_class(Builder *b, Str namespace, Str name, bool *ret_broken)
{
        const BuildClass *d = declared(b, namespace, name);
        *ret_broken = d && !d->klass;
        return d ? d->klass : existing(b, namespace, name);
}

static const CimClass *resolve(void *context, Str name)
{
        Builder *b = context;
        bool broken;
        return build_find_class(b, b->resolving, name, &broken);
}

static int offer_class(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        str_nearest_offer(context, c->name);
        return 0;
}

// The nearest class name of the namespace; empty: nothing near.
static Str nearest_class(const Builder *b, Str namespace, Str wanted)
{
        StrNearest nearest = {.wanted = wanted};
        // Beyond this many candidates a suggestion is not worth its time.
        for (size_t i = 0; i < b->class_count && i < 4096; i++)
                if (str_ieq(b->classes[i].namespace, namespace) && !str_ieq(b->classes[i].object->name, wanted))
                        str_nearest_offer(&nearest, b->classes[i].object->name);
        if (b->options->schema && !b->stop)
                cim_schema_each_class(b->options->schema, namespace, offer_class, &nearest);
        return nearest.best;
}

int build_hint_class(Builder *b, Str namespace, Str wanted, const char *otherwise)
{
        if (!b->hintable)
                return E_DIAG;
        Str best = nearest_class(b, namespace, wanted);
        if (best.n)
                return build_hint(b, "did you mean %.*s?", STR_ARG(best));
        return otherwise ? build_hint(b, "%s", otherwise) : E_DIAG;
}

// --- checks of one declaration -------------------------------------------------------------------

static void unknown_super(Builder *b, const BuildClass *c)
{
        build_error(b, c->object->super_place, CIM_E_INVALID_SUPERCLASS, "there is no class %.*s in %.*s",
                    STR_ARG(c->object->super), STR_ARG(c->namespace));
        build_hint_class(b, c->namespace, c->object->super,
                         "declare it in this text, or compile the text that declares it first");
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

static void unknown_type(Builder *b, const BuildClass *c, const BuildUse *use)
{
        static const char *const types[] = {"sint8",   "uint8",  "sint16",   "uint16", "sint32",
                                            "uint32",  "sint64", "uint64",   "real32", "real64",
                                            "boolean", "string", "datetime", "char16"};
        if (use->instance) {
                build_error(b, use->place, CIM_E_INVALID_CLASS, "there is no class %.*s in %.*s",
                            STR_ARG(use->name), STR_ARG(c->namespace));
                build_hint_class(b, c->namespace, use->name, NULL);
                return;
        }
        build_error(b, use->place, CIM_MOF_UNRECOGNIZED_TYPE, "'%.*s' is neither a type nor a class of %.*s",
                    STR_ARG(use->name), STR_ARG(c->namespace));
        StrNearest nearest = {.wanted = use->name};
        const char *meant = type_meant(use->name);
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                str_nearest_offer(&nearest, str_of(types[i]));
        if (meant || nearest.best.n)
                build_hint(b, "did you mean %.*s?", STR_ARG(meant ? str_of(meant) : nearest.best));
        else
                build_hint_class(b, c->namespace, use->name, NULL);
}

static void check_uses(Builder *b, BuildClass *c)
{
        for (size_t i = 0; i < c->use_count && !b->document->lost; i++) {
                const BuildUse *use = &c->uses[i];
                if (str_ieq(use->name, c->object->name) || declared(b, c->namespace, use->name) ||
                    existing(b, c->namespace, use->name))
                        continue;
                unknown_type(b, c, use);
                c->failed = true;
        }
}

static int check_guid(Builder *b, BuildClass *c)
{
        const MofQualifier *q = mof_qualifier(&c->object->qualifiers, "guid");
        Guid guid;
        if (!q || q->value.kind == MOF_VALUE_NULL)
                return 0;
        if (c->item == SIZE_MAX && q->value.kind != MOF_VALUE_STRING)
                return 0; // broken, and that is perhaps why
        Str text = q->value.kind == MOF_VALUE_STRING ? utf_to8(&b->scratch, q->value.string) : STR("");
        if (!text.p)
                return -ENOMEM;
        if (guid_parse(text, &guid))
                return 0;
        c->failed = true;
        build_error(b, q->value.kind == MOF_VALUE_NONE ? c->object->place : q->value.place, CIM_E_INVALID_QUALIFIER,
                    "the guid of class %.*s is not a GUID", STR_ARG(c->object->name));
        build_hint(b, "8, 4, 4, 4 and 12 hexadecimal digits: {01cdaff1-c901-45b4-b359-b5542725e29c}");
        return 0;
}

// classflags against what exists, and the system classes against everybody. What the document deletes first, only the
// store can judge.
static void check_update(Builder *b, BuildClass *c)
{
        if (c->item == SIZE_MAX)
                return; // broken
        const CimSchema *s = b->options->schema;
        Str name = c->object->name;
        const CimClass *was = s ? cim_schema_find(s, c->namespace, name) : NULL;
        bool closed = s && cim_schema_find(s, c->namespace, STR("__SystemClass"));
        uint32_t flags = b->deletions ? 0 : c->flags;
        size_t reports = b->reports;
        if (build_is_system(name) && closed && !b->options->system)
                build_error(b, c->object->place, CIM_E_INVALID_OPERATION,
                            "%.*s: names with '__' belong to the system", STR_ARG(name));
        else if ((flags & MOF_CREATE_ONLY) && was)
                build_error(b, c->object->place, CIM_E_ALREADY_EXISTS,
                            "class %.*s exists, and classflags say createonly", STR_ARG(name));
        else if ((flags & MOF_UPDATE_ONLY) && !was)
                build_error(b, c->object->place, CIM_E_NOT_FOUND,
                            "class %.*s does not exist, and classflags say updateonly", STR_ARG(name));
        c->failed |= b->reports != reports;
}

// --- building ------------------------------------------------------------------------------------

// Where cim_class_new found fault.
static MofPlace place_at(const BuildClass *c, size_t offset)
{
        for (size_t i = 0; i < c->object->property_count; i++)
                if (c->object->properties[i].place.at == offset)
                        return c->object->properties[i].place;
        return c->object->place;
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
static MofPlace faulty_item(const BuildClass *c, const char *says)
{
        MofPlace found = c->object->place;
        for (size_t i = 0; i < c->object->property_count; i++) {
                const MofProperty *p = &c->object->properties[i];
                if (mof_qualifier(&p->qualifiers, "WmiDataId") && mentions(says, p->name))
                        found = p->place;
        }
        return found;
}

static void check_event(Builder *b, const BuildClass *c)
{
        const CimClass *k = c->klass;
        if (!k->has_guid || !k->layout_error[0] || !cim_class_isa(k, STR("WMIEvent")))
                return;
        build_error(b, faulty_item(c, k->layout_error), CIM_MOF_INVALID_CLASS,
                    "the events of %.*s cannot be read: %s", STR_ARG(c->object->name), k->layout_error);
        if (strstr(k->layout_error, "WmiDataId"))
                build_hint(b,
                           "the items have WmiDataId(1), WmiDataId(2)... without gaps; InstanceName and Active "
                           "have none");
}

// Every class holds what it inherits: few bytes of text can ask for a lot of memory.
static bool too_heavy(Builder *b, const BuildClass *c, const CimClass *super)
{
        size_t weight = c->object->property_count + c->object->method_count;
        if (super) {
                weight += super->property_count + super->method_count;
                for (size_t i = 0; i < super->property_count; i++)
                        weight += super->properties[i].qualifier_count;
                for (size_t i = 0; i < super->method_count; i++)
                        weight += super->methods[i].qualifier_count;
        }
        return build_weigh(b, c->object->place, weight) != 0;
}

static int build_with(Builder *b, BuildClass *c, const CimClass *super)
{
        CimClassSpec spec;
        Diag d = {0};
        int r = build_spec(b, c, &spec);
        if (r)
                return r;
        r = cim_class_new(&spec, super, resolve, b, &c->klass, &d);
        if (r == E_DIAG)
                return build_error_diag(b, place_at(c, d.offset), &d);
        if (r)
                return r;
        c->state = BUILD_DONE;
        c->order = b->built++;
        check_event(b, c);
        return 0;
}

static int build_one(Builder *b, BuildClass *c)
{
        c->state = BUILD_BROKEN;
        b->at = c->item;
        int r = check_guid(b, c);
        if (r < 0)
                return r;
        check_update(b, c);
        check_uses(b, c);
        const CimClass *super = NULL;
        b->resolving = c->namespace;
        if (c->object->super.n) {
                bool broken;
                super = build_find_class(b, c->namespace, c->object->super, &broken);
                if (!super && !broken && !b->document->lost)
                        unknown_super(b, c);
                c->failed |= !super; // of one that is broken its own error was reported
        }
        if (!c->failed && !too_heavy(b, c, super))
                r = build_with(b, c, super);
        arena_reset(&b->scratch);
        build_progress(b);
        return r < 0 ? r : 0;
}

// --- what needs what -----------------------------------------------------------------------------

typedef struct Uses {
        BuildUse *list;
        size_t count, capacity;
} Uses;

static int use_add(Builder *b, Uses *u, BuildUse use)
{
        if (u->count == u->capacity) {
                size_t more = u->capacity ? u->capacity * 2 : 4;
                BuildUse *p = arena_array(b->arena, BuildUse, more);
                if (!p)
                        return -ENOMEM;
                if (u->count)
                        memcpy(p, u->list, u->count * sizeof(*p));
                u->list = p;
                u->capacity = more;
        }
        u->list[u->count++] = use;
        return 0;
}

static int use_type(Builder *b, Uses *u, const MofType *t, bool hard, bool item)
{
        if (cim_type(t->type) != CIM_OBJECT || !t->class_name.n)
                return 0;
        return use_add(b, u, (BuildUse){.name = t->class_name, .place = t->place, .hard = hard, .item = item});
}

// The classes of instances in a default.
static int use_value(Builder *b, Uses *u, const MofValue *v, unsigned depth)
{
        int r = 0;
        if (depth > LIMIT_DEPTH)
                return 0; // build_value refuses it
        for (uint32_t i = 0; v->kind == MOF_VALUE_ARRAY && i < v->array.count && r == 0; i++)
                r = use_value(b, u, &v->array.items[i], depth + 1);
        if (v->kind != MOF_VALUE_OBJECT)
                return r;
        r = use_add(b, u,
                    (BuildUse){.name = v->object->name, .place = v->object->place, .hard = true, .instance = true});
        for (uint32_t i = 0; i < v->object->property_count && r == 0; i++)
                r = use_value(b, u, &v->object->properties[i].value, depth + 1);
        return r;
}

static int list_uses(Builder *b, BuildClass *c)
{
        Uses u = {0};
        int r = 0;
        for (uint32_t i = 0; i < c->object->property_count && r == 0; i++) {
                const MofProperty *p = &c->object->properties[i];
                r = use_type(b, &u, &p->type, true, mof_qualifier(&p->qualifiers, "WmiDataId") != NULL);
                if (r == 0)
                        r = use_value(b, &u, &p->value, 0);
        }
        for (uint32_t i = 0; i < c->object->method_count && r == 0; i++) {
                const MofMethod *m = &c->object->methods[i];
                r = use_type(b, &u, &m->returns, false, false);
                for (uint32_t k = 0; k < m->parameter_count && r == 0; k++) {
                        r = use_type(b, &u, &m->parameters[k].type, false, false);
                        if (r == 0)
                                r = use_value(b, &u, &m->parameters[k].value, 0);
                }
        }
        c->uses = u.list;
        c->use_count = u.count;
        return r;
}

// What a declaration needs before it can be built, one after the other: its superclass, then the classes it embeds.
typedef struct Frame {
        BuildClass *klass;
        size_t next;
} Frame;

// It needs a class that is waiting for it.
static void circle(Builder *b, BuildClass *c, const BuildUse *use)
{
        if (!use)
                build_error(b, c->object->super_place, CIM_E_CIRCULAR_REFERENCE,
                            "class %.*s would derive from itself", STR_ARG(c->object->name));
        else if (use->instance)
                build_error(b, use->place, CIM_E_CIRCULAR_REFERENCE,
                            "a default of %.*s would have to hold an instance of a class that needs %.*s",
                            STR_ARG(c->object->name), STR_ARG(c->object->name));
        else if (use->item)
                build_error(b, use->place, CIM_E_CIRCULAR_REFERENCE,
                            "a data block of %.*s would have to hold itself", STR_ARG(c->object->name));
        else
                return;
        c->failed = true;
}

// The next declaration that must be built before the one in the frame; NULL: it is ready.
static BuildClass *next_need(Builder *b, Frame *f)
{
        BuildClass *c = f->klass;
        b->at = c->item;
        while (f->next <= c->use_count) {
                size_t i = f->next++;
                if (i == 0 && !c->object->super.n)
                        continue;
                const BuildUse *use = i ? &c->uses[i - 1] : NULL;
                BuildClass *need = declared(b, c->namespace, use ? use->name : c->object->super);
                if (!need || need->state == BUILD_DONE || need->state == BUILD_BROKEN)
                        continue;
                if (need->state == BUILD_NEW)
                        return need;
                circle(b, c, use);
        }
        return NULL;
}

static int build_open(Builder *b, BuildClass *c, Frame *ret)
{
        c->state = BUILD_OPEN;
        *ret = (Frame){.klass = c};
        return list_uses(b, c);
}

static int build_with_needs(Builder *b, BuildClass *first, Frame *stack)
{
        size_t depth = 1;
        int r = build_open(b, first, &stack[0]);
        while (depth && r == 0) {
                BuildClass *need = next_need(b, &stack[depth - 1]);
                if (need)
                        r = build_open(b, need, &stack[depth++]);
                else
                        r = build_one(b, stack[--depth].klass);
        }
        return r;
}

// --- all of them ---------------------------------------------------------------------------------

// What two declarations ask for of the one that is left: the first finds the class there or not, the second finds the
// first; either may force.
static uint32_t flags_of_both(uint32_t first, uint32_t second)
{
        uint32_t mode = (first | second) & (MOF_SAFE_UPDATE | MOF_FORCE_UPDATE);
        return (first & (MOF_UPDATE_ONLY | MOF_CREATE_ONLY)) |
               (mode & MOF_FORCE_UPDATE ? (uint32_t)MOF_FORCE_UPDATE : mode);
}

// A class that is declared again; *there is the first of its name.
static void declared_again(Builder *b, size_t *there, BuildClass *c)
{
        BuildClass *first = &b->classes[*there], *before = first->last;
        if (before->to && first->count < LIMIT_MOF_ROUNDS) { // a deletion stands between
                c->earlier = before;
                before->later = first->last = c;
                c->from = before->to;
                first->count++;
                return;
        }
        if ((c->flags & MOF_CREATE_ONLY) && !b->deletions) {
                Diag at = {0};
                mof_document_place(b->document, before->object->place, &at);
                build_error(b, c->object->place, CIM_E_ALREADY_EXISTS,
                            "class %.*s is declared in line %u, and classflags say createonly",
                            STR_ARG(c->object->name), at.line);
                c->failed = true;
        }
        before->superseded = true;
        c->flags = flags_of_both(before->flags, c->flags);
        c->from = before->from;
        c->earlier = before->earlier;
        if (before == first)
                *there = (size_t)(c - b->classes);
        else
                before->earlier->later = first->last = c;
}

static int index_class(Builder *b, size_t i)
{
        BuildClass *c = &b->classes[i];
        size_t *there;
        c->flags = c->object->class_flags ? c->object->class_flags : b->options->class_flags;
        int r = build_index_add(b, &b->class_index, c->namespace, c->object->name, i, &there);
        c->last = c;
        c->count = 1;
        if (r == 1)
                declared_again(b, there, c);
        return r < 0 ? r : 0;
}

// What is declared behind a deletion of its name is another class.
static int index_deletion(Builder *b, const MofItem *item, size_t at)
{
        Str namespace;
        int r = build_namespace(b, item->deleted.namespace, &namespace);
        const size_t *i = r ? NULL : build_index_find(&b->class_index, namespace, item->deleted.what);
        if (i)
                b->classes[*i].last->to = at + 1;
        return r;
}

static int index_classes(Builder *b)
{
        const MofDocument *d = b->document;
        size_t c = 0;
        int r = 0;
        for (size_t i = 0; i < d->item_count && r == 0; i++) {
                if (d->items[i].kind == MOF_ITEM_OBJECT && !d->items[i].object->is_instance)
                        r = index_class(b, c++);
                else if (d->items[i].kind == MOF_ITEM_DELETE_CLASS)
                        r = index_deletion(b, &d->items[i], i);
        }
        for (; c < b->class_count && r == 0; c++) // broken ones
                r = index_class(b, c);
        return r;
}

int build_classes(Builder *b)
{
        int r = index_classes(b);
        Frame *stack = arena_array(b->arena, Frame, b->class_count + 1);
        if (!stack)
                return -ENOMEM;
        for (size_t i = 0; i < b->class_count && !b->stop && r == 0; i++)
                if (b->classes[i].state == BUILD_NEW && !b->classes[i].superseded)
                        r = build_with_needs(b, &b->classes[i], stack);
        return r;
}
