// SPDX-License-Identifier: MIT
// Instances: their values by their classes, aliases as the paths of what they name.
//
// A reference to an alias needs the path of the other instance, so that one is built first, wherever in the text it
// stands; in a circle the keys must do. (In Microsoft's dialect mof_parse allows no circles.) The order is found without
// recursion.
#include <stdlib.h>

#include "base/utf.h"
#include "mof/build-impl.h"

// --- aliases -------------------------------------------------------------------------------------

static int add_alias(Builder *b, const MofObject *o, Str namespace, BuildInstance *i)
{
        if (!o->alias.n)
                return 0;
        int r = build_index_add(b, &b->alias_index, (Str){"", 0}, o->alias, b->alias_count, NULL);
        if (r == 1 && !b->document->binary)
                return 0; // mof_parse has said so
        if (r == 1) {
                build_error(b, o->alias_place, CIM_MOF_MULTIPLE_ALIASES, "the alias $%.*s is given twice",
                            STR_ARG(o->alias));
                return 0;
        }
        if (r == 0)
                b->aliases[b->alias_count++] = (BuildAlias){i, o, namespace};
        return r;
}

int build_aliases(Builder *b)
{
        int r = 0;
        for (size_t i = 0; i < b->class_count && r == 0; i++)
                r = add_alias(b, b->classes[i].object, b->classes[i].namespace, NULL);
        for (size_t i = 0; i < b->instance_count && r == 0; i++)
                r = add_alias(b, b->instances[i].object, b->instances[i].namespace, &b->instances[i]);
        return r;
}

// An alias is written as a string in the document, in the index as the name it is.
static const BuildAlias *alias_of(Builder *b, const MofValue *v, int *ret)
{
        Str name = utf_to8(b->arena, v->string);
        const size_t *at = name.p ? build_index_find(&b->alias_index, (Str){"", 0}, name) : NULL;
        *ret = name.p ? 0 : -ENOMEM;
        if (at)
                return &b->aliases[*at];
        if (name.p && !b->document->lost)
                *ret = build_error(b, v->place, CIM_MOF_EXPECTED_ALIAS_NAME,
                                   "no instance or class is called $%.*s", STR_ARG(name));
        else if (name.p)
                *ret = E_DIAG;
        return NULL;
}

// The keys alone of an instance that waits for the one that is built: enough for its path, unless they lead back.
static int build_keys(Builder *b, const BuildInstance *i, const MofValue *from, CimInstance **ret)
{
        const MofObject *o = i->object;
        uint32_t keys[LIMIT_KEYS];
        bool broken;
        const CimClass *c = build_find_class(b, i->namespace, o->name, &broken);
        if (!c)
                return E_DIAG; // said when it is built
        size_t n = cim_class_keys(c, keys, LIMIT_KEYS);
        int r = cim_instance_new(c, ret);
        if (r)
                return r;
        BuildInto into = {.arena = (*ret)->owner, .own = true, .namespace = i->namespace};
        for (uint32_t k = 0; k < o->property_count && r == 0; k++) {
                const MofProperty *p = &o->properties[k];
                int at = cim_class_property(c, p->name);
                bool is_key = false;
                for (size_t m = 0; m < n && m < LIMIT_KEYS; m++)
                        is_key |= at >= 0 && keys[m] == (uint32_t)at;
                if (is_key && p->value.kind == MOF_VALUE_ALIAS)
                        r = build_error(b, from->place, CIM_E_CIRCULAR_REFERENCE,
                                        "the keys of $%.*s lead in a circle of aliases back to it", STR_ARG(o->alias));
                else if (is_key)
                        r = build_value(b, &into, &p->value, c->properties[at].type, c->properties[at].class_name,
                                        p->name, &(*ret)->values[at]);
        }
        if (r)
                *ret = cim_instance_unref(*ret);
        return r;
}

// The path of an instance, as it is or by its keys alone.
static int instance_path(Builder *b, const BuildInstance *i, const MofValue *from, Buf *out)
{
        Diag d = {0};
        CimInstance *keys = NULL;
        int r = 0;
        if (!i->instance && i->state != BUILD_OPEN)
                return E_DIAG; // its own error was reported
        if (!i->instance)
                r = build_keys(b, i, from, &keys);
        if (r == 0)
                r = cim_instance_relpath(keys ? keys : i->instance, out, &d);
        cim_instance_unref(keys);
        return r; // E_DIAG: the instance is refused for the same reason
}

int build_alias_path(Builder *b, const BuildInto *into, const MofValue *v, Str16 *ret)
{
        Buf path = {0};
        int r;
        const BuildAlias *a = alias_of(b, v, &r);
        if (!a)
                return r;
        if (a->instance && into->defaults) {
                build_error(b, v->place, CIM_E_NOT_SUPPORTED,
                            "the alias of an instance cannot be the default of a property");
                return build_hint(b, "give the path of the instance as a string");
        }
        if (a->instance && a->instance->made.n) {
                build_error(b, v->place, CIM_E_NOT_SUPPORTED, "an alias cannot stand for a namespace");
                return build_hint(b, "give its path as a string");
        }
        if (!str_ieq(a->namespace, into->namespace))
                buf_printf(&path, "\\\\.\\%.*s:", STR_ARG(a->namespace));
        if (a->instance)
                r = instance_path(b, a->instance, v, &path);
        else
                buf_put(&path, a->object->name.p, a->object->name.n);
        if (r == 0 && path.failed)
                r = -ENOMEM;
        if (r == 0)
                *ret = utf_to16(into->arena, (Str){(char *)path.p, path.n});
        if (r == 0 && !ret->p)
                r = -ENOMEM;
        buf_deinit(&path);
        return r;
}

// --- what needs what -----------------------------------------------------------------------------

typedef struct Frame {
        BuildInstance *instance;
        BuildInstance **needs;
        size_t count, capacity, next;
} Frame;

static int need_add(Builder *b, Frame *f, BuildInstance *need)
{
        if (f->count == f->capacity) {
                size_t more = f->capacity ? f->capacity * 2 : 4;
                BuildInstance **p = arena_array(b->arena, BuildInstance *, more);
                if (!p)
                        return -ENOMEM;
                if (f->count)
                        memcpy(p, f->needs, f->count * sizeof(*p));
                f->needs = p;
                f->capacity = more;
        }
        f->needs[f->count++] = need;
        return 0;
}

static int list_needs(Builder *b, Frame *f, const MofValue *v, unsigned depth)
{
        int r = 0;
        if (depth > 2 * LIMIT_DEPTH)
                return 0; // build_value refuses it
        if (v->kind == MOF_VALUE_ALIAS) {
                const BuildAlias *a = alias_of(b, v, &r);
                if (a && a->instance)
                        return need_add(b, f, a->instance);
                return r < 0 ? r : 0;
        }
        for (uint32_t i = 0; v->kind == MOF_VALUE_ARRAY && i < v->array.count && r == 0; i++)
                r = list_needs(b, f, &v->array.items[i], depth + 1);
        for (uint32_t i = 0; v->kind == MOF_VALUE_OBJECT && i < v->object->property_count && r == 0; i++)
                r = list_needs(b, f, &v->object->properties[i].value, depth + 1);
        return r;
}

static int open_frame(Builder *b, BuildInstance *i, Frame *f)
{
        int r = 0;
        *f = (Frame){.instance = i};
        i->state = BUILD_OPEN;
        for (uint32_t k = 0; k < i->object->property_count && r == 0 && b->alias_count; k++)
                r = list_needs(b, f, &i->object->properties[k].value, 0);
        return r;
}

// --- one instance --------------------------------------------------------------------------------

static int no_class(Builder *b, const BuildInstance *i)
{
        const CimSchema *s = b->options->schema;
        Str namespace = i->namespace;
        bool there = (s && cim_schema_has_namespace(s, namespace)) ||
                     build_index_find(&b->made, namespace, (Str){"", 0});
        if (b->document->lost)
                return E_DIAG;
        if (!there && s) {
                build_error(b, i->object->place, CIM_E_INVALID_NAMESPACE, "there is no namespace %.*s",
                            STR_ARG(namespace));
                return build_hint(b, "make it with an instance of __Namespace in the one above it");
        }
        build_error(b, i->object->place, CIM_E_INVALID_CLASS, "there is no class %.*s in %.*s",
                    STR_ARG(i->object->name), STR_ARG(namespace));
        return build_hint_class(b, namespace, i->object->name,
                                "declare it in this text, or compile the text that declares it first");
}

static bool assigns(const MofObject *o, Str name)
{
        for (uint32_t i = 0; i < o->property_count; i++)
                if (str_ieq(o->properties[i].name, name))
                        return true;
        return false;
}

static int check_keys(Builder *b, const MofObject *o, const CimInstance *i)
{
        uint32_t keys[LIMIT_KEYS];
        const CimClass *c = i->class;
        size_t n = cim_class_keys(c, keys, LIMIT_KEYS);
        if (!n && !cim_class_singleton(c)) {
                build_error(b, o->place, CIM_E_NO_KEY, "instances of %.*s cannot be stored: the class has no key",
                            STR_ARG(c->name));
                return build_hint(b, "give one of its properties the qualifier [key]");
        }
        for (size_t k = 0; k < n && k < LIMIT_KEYS; k++) {
                const CimProperty *p = &c->properties[keys[k]];
                if (!i->values[keys[k]].null)
                        continue;
                build_error(b, o->place, CIM_E_ILLEGAL_NULL, "the key %.*s of this instance of %.*s %s",
                            STR_ARG(p->name), STR_ARG(c->name), assigns(o, p->name) ? "is NULL" : "has no value");
                return build_hint(b, "add %.*s = ...;", STR_ARG(p->name));
        }
        return 0;
}

static int check_relpath(Builder *b, const MofObject *o, const CimInstance *i)
{
        Buf path = {0};
        Diag d = {0};
        int r = cim_instance_relpath(i, &path, &d);
        if (r == 0 && path.failed)
                r = -ENOMEM;
        buf_deinit(&path);
        return r == E_DIAG ? build_error_diag(b, o->place, &d) : r;
}

static int build_one(Builder *b, BuildInstance *i)
{
        const MofObject *o = i->object;
        bool broken;
        i->state = BUILD_BROKEN;
        b->at = i->item;
        const CimClass *c = build_find_class(b, i->namespace, o->name, &broken);
        if (!c)
                return broken ? E_DIAG : no_class(b, i);
        if (c->abstract) {
                build_error(b, o->place, CIM_E_INVALID_OPERATION, "%.*s is abstract: it has no instances",
                            STR_ARG(c->name));
                return build_hint(b, "put an instance of a class derived from it");
        }
        int r = build_weigh(b, o->place, c->property_count);
        CimInstance *made;
        if (r == 0)
                r = cim_instance_new(c, &made);
        if (r)
                return r;
        BuildInto into = {.arena = made->owner, .own = true, .namespace = i->namespace};
        r = build_assign(b, &into, o, made);
        if (r == 0)
                r = check_keys(b, o, made);
        if (r == 0)
                r = check_relpath(b, o, made);
        if (r == 0)
                r = cim_instance_keep_classes(made);
        if (r == 0)
                r = cim_instance_place(made, i->namespace);
        if (r) {
                cim_instance_unref(made);
                return r;
        }
        i->instance = made;
        i->state = BUILD_DONE;
        return 0;
}

// --- namespaces ----------------------------------------------------------------------------------

// With those above it, as the store makes them for a class.
static int add_made(Builder *b, Str namespace)
{
        for (size_t n = 0; n <= namespace.n; n++)
                if (n == namespace.n || namespace.p[n] == '\\') {
                        int r = build_index_add(b, &b->made, (Str){namespace.p, n}, (Str){"", 0}, 0, NULL);
                        if (r < 0)
                                return r;
                }
        return 0;
}

// `instance of __Namespace { Name = "x"; };`
static int make_namespace(Builder *b, BuildInstance *i)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        const MofObject *o = i->object;
        const MofProperty *name = NULL;
        Diag d = {0};
        i->state = BUILD_BROKEN;
        for (uint32_t k = 0; k < o->property_count; k++) {
                if (!str_ieq(o->properties[k].name, STR("Name"))) {
                        build_error(b, o->properties[k].place, CIM_E_NOT_FOUND,
                                    "the class __NAMESPACE has no property %.*s", STR_ARG(o->properties[k].name));
                        return build_hint(b, "a namespace has a Name");
                }
                name = &o->properties[k];
        }
        if (!name || name->value.kind == MOF_VALUE_NULL || name->value.kind == MOF_VALUE_NONE) {
                build_error(b, o->place, CIM_E_ILLEGAL_NULL, "a namespace needs a name");
                return build_hint(b, "add Name = \"...\";");
        }
        if (mof_value_fits(b->document->text, &name->value, CIM_STRING, name->name, &d))
                return build_error_diag(b, name->value.place, &d);
        Str leaf = utf_to8(b->arena, name->value.string);
        Buf full = {0};
        if (!leaf.p)
                return -ENOMEM;
        if (memchr(leaf.p, '\\', leaf.n) || memchr(leaf.p, '/', leaf.n)) {
                build_error(b, name->value.place, CIM_E_INVALID_NAMESPACE,
                            "\"%.*s\" is not the name of one namespace", (int)(leaf.n < 100 ? leaf.n : 100), leaf.p);
                return build_hint(b, "make the namespaces one below the other");
        }
        buf_printf(&full, "%.*s\\", STR_ARG(i->namespace));
        buf_put(&full, leaf.p, leaf.n);
        int r = full.failed ? -ENOMEM : cim_namespace_normal((Str){(char *)full.p, full.n}, normal, &d);
        buf_deinit(&full);
        if (r == E_DIAG)
                return build_error_diag(b, name->value.place, &d);
        if (r == 0)
                i->made = (Str){arena_strndup(b->plan->arena, normal, strlen(normal)), strlen(normal)};
        if (r < 0 || !i->made.p)
                return -ENOMEM;
        i->state = BUILD_DONE;
        r = build_index_add(b, &b->made, i->made, (Str){"", 0}, 0, NULL);
        return r < 0 ? r : 0;
}

// The namespaces that the document brings into being are known: is each below one that is there then?
static void check_made(Builder *b)
{
        const CimSchema *s = b->options->schema;
        for (size_t i = 0; s && i < b->instance_count; i++) {
                const BuildInstance *k = &b->instances[i];
                if (!k->made.n || cim_schema_has_namespace(s, k->namespace) ||
                    build_index_find(&b->made, k->namespace, (Str){"", 0}))
                        continue;
                build_error(b, k->object->place, CIM_E_INVALID_NAMESPACE, "there is no namespace %.*s to make %.*s in",
                            STR_ARG(k->namespace), (int)(k->made.n - k->namespace.n - 1),
                            k->made.p + k->namespace.n + 1);
                build_hint(b, "make %.*s first, with an instance of __Namespace in the one above it",
                           STR_ARG(k->namespace));
        }
}

static int list_made(Builder *b)
{
        int r = 0;
        Str last = {0};
        for (size_t i = 0; i < b->class_count && r >= 0; i++)
                if (b->classes[i].namespace.p != last.p) {
                        last = b->classes[i].namespace;
                        r = add_made(b, last);
                }
        for (size_t i = 0; i < b->instance_count && r >= 0; i++)
                if (str_ieq(b->instances[i].object->name, STR("__NAMESPACE")))
                        r = make_namespace(b, &b->instances[i]);
        if (r >= 0)
                check_made(b);
        return r < 0 ? r : 0;
}

// --- all of them ---------------------------------------------------------------------------------

static int build_with_needs(Builder *b, BuildInstance *first, Frame *stack)
{
        size_t depth = 1;
        int r = open_frame(b, first, &stack[0]);
        while (depth && r >= 0) {
                Frame *f = &stack[depth - 1];
                if (f->next < f->count) {
                        BuildInstance *need = f->needs[f->next++];
                        if (need->state == BUILD_NEW)
                                r = open_frame(b, need, &stack[depth++]);
                        continue; // one that is open waits for this one: its keys will do, or it is a circle
                }
                r = build_one(b, f->instance);
                arena_reset(&b->scratch);
                build_progress(b);
                depth--;
        }
        return r < 0 ? r : 0;
}

int build_instances(Builder *b)
{
        int r = list_made(b);
        Frame *stack = arena_array(b->arena, Frame, b->instance_count + 1);
        if (!stack)
                return -ENOMEM;
        for (size_t i = 0; i < b->instance_count && !b->stop && r == 0; i++)
                if (b->instances[i].state == BUILD_NEW)
                        r = build_with_needs(b, &b->instances[i], stack);
        return r;
}
