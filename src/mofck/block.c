// SPDX-License-Identifier: MIT
// Classes of documents as CimClass, made when they are asked for.
//
// Superclasses are made first, embedded classes on the way (cim_class_new asks for them). Both chains end at
// LIMIT_DEPTH, and a class that holds itself stays unknown to itself, so nothing recurses without bound.
#include "mofck/block.h"

#include <stdlib.h>

#include "base/limits.h"
#include "mofck/internal.h"

struct MofckBlocks {
        Classes *documents;
        size_t count;
        CimClass ***made; // of each document by slot
        bool **failed;    // likewise: it cannot be made, and is not tried again for each that embeds it
        const MofObject *making; // the class whose embedded ones are looked for
        unsigned depth;
        int error; // of a class made on the way: -ENOMEM
};

// --- declarations --------------------------------------------------------------------------------

// What blocks look at are booleans, numbers and strings.
static bool convert_qualifier(const MofQualifier *q, CimQualifier *ret)
{
        *ret = (CimQualifier){.name = q->name, .flavor = q->flavor};
        switch ((MofValueKind)q->value.kind) {
        case MOF_VALUE_NONE:
                ret->value = (CimValue){.type = CIM_BOOLEAN, .boolean = true};
                return true;
        case MOF_VALUE_BOOLEAN:
                ret->value = (CimValue){.type = CIM_BOOLEAN, .boolean = q->value.boolean};
                return true;
        case MOF_VALUE_INTEGER:
                if (q->value.magnitude > INT64_MAX)
                        return false;
                ret->value = (CimValue){.type = CIM_SINT64,
                                        .sint = q->value.negative ? -(int64_t)q->value.magnitude
                                                                  : (int64_t)q->value.magnitude};
                return true;
        case MOF_VALUE_STRING:
                ret->value = (CimValue){.type = CIM_STRING, .string = q->value.string};
                return true;
        case MOF_VALUE_NULL:
        case MOF_VALUE_REAL:
        case MOF_VALUE_CHAR:
        case MOF_VALUE_ARRAY:
        case MOF_VALUE_ALIAS:
        case MOF_VALUE_OBJECT:
                return false;
        }
        return false;
}

static int convert_qualifiers(const MofQualifierList *from, Arena *a, const CimQualifier **ret, size_t *ret_n)
{
        static const char *const wanted[] = {"WmiDataId", "WmiSizeIs", "WmiMethodId", "MaxLen",
                                             "ID",        "in",        "out",         "key",
                                             "read",      "guid",      "WMI",         "abstract"};
        CimQualifier *to = arena_array(a, CimQualifier, sizeof(wanted) / sizeof(wanted[0]));
        if (!to)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
                const MofQualifier *q = mof_qualifier(from, wanted[i]);
                if (q && convert_qualifier(q, &to[n]))
                        n++;
        }
        *ret = to;
        *ret_n = n;
        return 0;
}

static int convert_properties(const MofProperty *from, uint32_t n, Arena *a, const CimPropertySpec **ret)
{
        CimPropertySpec *to = arena_array(a, CimPropertySpec, n);
        if (!to)
                return -ENOMEM;
        *ret = to;
        for (uint32_t i = 0; i < n; i++) {
                const MofProperty *p = &from[i];
                Member m = {.property = p};
                to[i] = (CimPropertySpec){.name = p->name,
                                          .type = p->type.type,
                                          .class_name = p->type.class_name,
                                          .max = cim_is_array(p->type.type) ? member_array_size(&m) : 0,
                                          .offset = p->place.at};
                int r = convert_qualifiers(&p->qualifiers, a, &to[i].qualifiers, &to[i].qualifier_count);
                if (r)
                        return r;
        }
        return 0;
}

static int convert_methods(const MofObject *c, Arena *a, const CimMethodSpec **ret)
{
        CimMethodSpec *to = arena_array(a, CimMethodSpec, c->method_count);
        if (!to)
                return -ENOMEM;
        *ret = to;
        for (uint32_t i = 0; i < c->method_count; i++) {
                const MofMethod *m = &c->methods[i];
                to[i] = (CimMethodSpec){.name = m->name,
                                        .return_type = m->returns.type,
                                        .return_class = m->returns.class_name,
                                        .parameter_count = m->parameter_count};
                int r = convert_properties(m->parameters, m->parameter_count, a, &to[i].parameters);
                if (!r)
                        r = convert_qualifiers(&m->qualifiers, a, &to[i].qualifiers, &to[i].qualifier_count);
                if (r)
                        return r;
        }
        return 0;
}

static int convert_class(const MofObject *c, Arena *a, CimClassSpec *ret)
{
        *ret = (CimClassSpec){.name = c->name,
                              .property_count = c->property_count,
                              .method_count = c->method_count,
                              .offset = c->place.at};
        int r = convert_properties(c->properties, c->property_count, a, &ret->properties);
        if (!r)
                r = convert_methods(c, a, &ret->methods);
        return r ? r : convert_qualifiers(&c->qualifiers, a, &ret->qualifiers, &ret->qualifier_count);
}

// --- making them ---------------------------------------------------------------------------------

// Where a class of that name is; -1: nowhere.
static int blocks_document(const MofckBlocks *b, Str name)
{
        for (size_t i = 0; i < b->count; i++)
                if (classes_find(&b->documents[i], name))
                        return (int)i;
        return -1;
}

static int blocks_make(MofckBlocks *b, Str name, CimClass **ret, Diag *reterr);

// For cim_class_new: an embedded class. What cannot be made is not known.
static const CimClass *blocks_resolve(void *context, Str name)
{
        MofckBlocks *b = context;
        int at = blocks_document(b, name);
        const MofObject *o = at < 0 ? NULL : classes_find(&b->documents[at], name);
        if (!o || b->error)
                return NULL;
        const MofObject *by = classes_find(&b->documents[at], b->making->name);
        if (by && classes_in_circle(&b->documents[at], by, o))
                return NULL;
        CimClass *c;
        int r = blocks_make(b, name, &c, NULL);
        if (r == -ENOMEM)
                b->error = r;
        return r ? NULL : c;
}

// A class that is not made yet, on its superclass.
static int blocks_build(MofckBlocks *b, int document, const MofObject *o, CimClass **ret, Diag *reterr)
{
        const Classes *k = &b->documents[document];
        CimClass *super = NULL;
        const MofObject *before = b->making;
        Arena a = {0};
        CimClassSpec spec;
        int r = 0;
        if (o->super.n && !classes_in_line(k, o, o->name))
                r = blocks_make(b, o->super, &super, reterr);
        if (!r)
                r = convert_class(o, &a, &spec);
        if (!r) {
                b->making = o;
                r = cim_class_new(&spec, super, blocks_resolve, b, ret, reterr);
                b->making = before;
        }
        if (!r && b->error) {
                cim_class_unref(*ret);
                r = b->error;
        }
        if (r == E_DIAG && reterr && !reterr->line)
                mof_document_place(k->document, (MofPlace){(uint32_t)reterr->offset, 1}, reterr);
        arena_deinit(&a);
        return r;
}

// *ret NULL: there is none of that name.
static int blocks_make(MofckBlocks *b, Str name, CimClass **ret, Diag *reterr)
{
        *ret = NULL;
        int at = blocks_document(b, name);
        if (at < 0)
                return 0;
        const MofObject **slot = classes_slot(&b->documents[at], name);
        CimClass **made = &b->made[at][slot - b->documents[at].slots];
        if (!*made) {
                bool *failed = &b->failed[at][slot - b->documents[at].slots];
                if (b->depth == LIMIT_DEPTH || (*failed && b->depth))
                        return diag_set(reterr, 0, "%.*s %s", (int)(name.n < 64 ? name.n : 64), name.p,
                                        *failed ? "makes no class" : "is nested too deep");
                b->depth++;
                CimClass *c;
                int r = blocks_build(b, at, *slot, &c, reterr);
                b->depth--;
                *failed = r == E_DIAG;
                if (r)
                        return r;
                *made = c;
        }
        *ret = *made;
        return 0;
}

int mofck_blocks_class(MofckBlocks *b, Str name, const CimClass **ret, Diag *reterr)
{
        CimClass *c = NULL;
        b->error = 0;
        int r = blocks_make(b, name, &c, reterr);
        *ret = c;
        return r;
}

// --- the set -------------------------------------------------------------------------------------

int mofck_blocks_new(const MofDocument *const *documents, size_t n, MofckBlocks **ret)
{
        MofckBlocks *b = *ret = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->documents = calloc(n + 1, sizeof(*b->documents));
        b->made = calloc(n + 1, sizeof(*b->made));
        b->failed = calloc(n + 1, sizeof(*b->failed));
        int r = b->documents && b->made && b->failed ? 0 : -ENOMEM;
        for (size_t i = 0; i < n && !r; i++) {
                r = classes_init(&b->documents[i], documents[i]);
                if (r)
                        break;
                b->count++;
                b->made[i] = calloc(b->documents[i].mask + 1, sizeof(**b->made));
                b->failed[i] = calloc(b->documents[i].mask + 1, sizeof(**b->failed));
                r = b->made[i] && b->failed[i] ? 0 : -ENOMEM;
        }
        if (r)
                b = mofck_blocks_free(b);
        *ret = b;
        return r;
}

MofckBlocks *mofck_blocks_free(MofckBlocks *b)
{
        if (!b)
                return NULL;
        for (size_t i = 0; i < b->count; i++) {
                for (size_t k = 0; b->made[i] && k <= b->documents[i].mask; k++)
                        cim_class_unref(b->made[i][k]);
                free(b->made[i]);
                free(b->failed[i]);
                classes_deinit(&b->documents[i]);
        }
        free(b->made);
        free(b->failed);
        free(b->documents);
        free(b);
        return NULL;
}

Str mofck_blocks_unknown_base(const MofckBlocks *b, Str name)
{
        for (unsigned depth = 0; depth < LIMIT_DEPTH; depth++) {
                int at = blocks_document(b, name);
                if (at < 0) {
                        bool bare = (name.n >= 2 && name.p[0] == '_' && name.p[1] == '_') ||
                                    str_ieq(name, STR("WMIEvent"));
                        return bare ? (Str){0} : name;
                }
                name = classes_find(&b->documents[at], name)->super;
                if (!name.n)
                        break;
        }
        return (Str){0};
}

int mofck_blocks_each(const MofckBlocks *b, int (*visit)(void *context, Str name), void *context)
{
        int r = 0;
        for (size_t i = 0; i < b->count; i++) {
                const MofDocument *d = b->documents[i].document;
                for (uint32_t k = 0; k < d->item_count && !r; k++) {
                        const MofObject *o = d->items[k].kind == MOF_ITEM_OBJECT ? d->items[k].object : NULL;
                        if (o && !o->is_instance && blocks_document(b, o->name) == (int)i &&
                            classes_find(&b->documents[i], o->name) == o)
                                r = visit(context, o->name);
                }
        }
        return r;
}
