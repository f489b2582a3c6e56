// SPDX-License-Identifier: MIT
// Any bytes as a MOF text, in both dialects, to a document.
//
// Invariant: each error has a number that has a name and a place inside of the input, in the order of the text, and there
// are errors exactly when it says so; every place of the document is inside of the text, the members of a thing stand behind
// each other, counts keep to their bounds, and all that it points to can be read.
#include <stdio.h>
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "base/limits.h"
#include "cim/status.h"
#include "mof/document.h"

static const MofDocument *doc;
static volatile unsigned char sink;

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s\n", what);
        abort();
}

static void read_all(const void *p, size_t n)
{
        const unsigned char *bytes = p;
        for (size_t i = 0; i < n; i++)
                sink ^= bytes[i];
}

static void check_place(MofPlace p)
{
        must(p.at <= doc->text.n && p.n <= doc->text.n - p.at, "a place is inside of the text");
}

static void check_name(Str name, MofPlace p)
{
        check_place(p);
        read_all(name.p, name.n);
        must(name.n > 0, "there is a name");
}

static void check_object(const MofObject *o, unsigned depth);

static void check_value(const MofValue *v, unsigned depth)
{
        switch ((int)v->kind) {
        case MOF_VALUE_STRING:
        case MOF_VALUE_ALIAS:
                read_all(v->string.p, v->string.n * 2);
                break;
        case MOF_VALUE_CHAR:
                must(v->magnitude <= 0xFFFF, "a character is a code unit");
                break;
        case MOF_VALUE_ARRAY:
                must(v->array.count <= LIMIT_ARRAY_ITEMS, "an array keeps to its bound");
                for (uint32_t i = 0; i < v->array.count; i++) {
                        const MofValue *item = &v->array.items[i];
                        must(item->kind != MOF_VALUE_NONE && item->kind != MOF_VALUE_ARRAY, "items are values");
                        must(i == 0 || v->array.items[i - 1].place.at < item->place.at, "items are in order");
                        check_value(item, depth);
                }
                break;
        case MOF_VALUE_OBJECT:
                check_object(v->object, depth + 1);
                break;
        default:
                must(v->kind <= MOF_VALUE_OBJECT, "a value has a kind");
        }
        check_place(v->place);
}

static void check_qualifiers(const MofQualifierList *q)
{
        must(q->count <= LIMIT_QUALIFIERS, "qualifiers keep to their bound");
        for (uint32_t i = 0; i < q->count; i++) {
                check_name(q->items[i].name, q->items[i].place);
                check_value(&q->items[i].value, 0);
                must(!(q->items[i].flavor & ~CIM_FLAVOR_DECLARED), "flavors are those of declarations");
                must(i == 0 || q->items[i - 1].place.at < q->items[i].place.at, "qualifiers are in order");
                if (q->items[i].declared)
                        must(str_ieq(q->items[i].declared->name, q->items[i].name), "its own declaration");
        }
}

static void check_properties(const MofProperty *p, uint32_t n, unsigned depth)
{
        must(n <= LIMIT_CLASS_PROPERTIES, "properties keep to their bound");
        for (uint32_t i = 0; i < n; i++) {
                check_name(p[i].name, p[i].place);
                check_place(p[i].type.place);
                read_all(p[i].type.word.p, p[i].type.word.n);
                check_qualifiers(&p[i].qualifiers);
                check_value(&p[i].value, depth);
                must(i == 0 || p[i - 1].place.at < p[i].place.at, "properties are in order");
        }
}

static void check_object(const MofObject *o, unsigned depth)
{
        must(depth < LIMIT_DEPTH, "objects nest no deeper than they may");
        check_name(o->name, o->place);
        check_place(o->super_place);
        check_place(o->alias_place);
        check_qualifiers(&o->qualifiers);
        check_properties(o->properties, o->property_count, depth);
        must(o->method_count <= LIMIT_CLASS_PROPERTIES, "methods keep to their bound");
        for (uint32_t i = 0; i < o->method_count; i++) {
                const MofMethod *m = &o->methods[i];
                check_name(m->name, m->place);
                check_qualifiers(&m->qualifiers);
                check_properties(m->parameters, m->parameter_count, depth);
                must(i == 0 || o->methods[i - 1].place.at < m->place.at, "methods are in order");
        }
        read_all(o->namespace_text.p, o->namespace_text.n);
        read_all(o->namespace.p, o->namespace.n);
}

static void check_items(void)
{
        must(doc->item_count <= LIMIT_MOF_ITEMS, "declarations keep to their bound");
        for (uint32_t i = 0; i < doc->item_count; i++) {
                const MofItem *item = &doc->items[i];
                check_place(item->place);
                must(i == 0 || doc->items[i - 1].place.at < item->place.at, "declarations are in order");
                if (item->kind == MOF_ITEM_OBJECT) {
                        check_object(item->object, 0);
                } else if (item->kind == MOF_ITEM_QUALIFIER) {
                        check_name(item->qualifier->name, item->qualifier->place);
                        check_value(&item->qualifier->value, 0);
                } else {
                        read_all(item->deleted.what.p, item->deleted.what.n);
                }
        }
        for (uint32_t i = 0; i < doc->broken_count; i++)
                check_object(doc->broken[i], 0);
}

static void check_errors(const Diag *errors, size_t n, size_t size)
{
        for (size_t i = 0; i < n; i++) {
                const Diag *d = &errors[i];
                must(d->offset <= size && d->length <= size - d->offset, "the place is inside of the input");
                must(d->line >= 1 || doc->text.n == 0 || memchr(doc->text.p, '#', doc->text.n), "there is a line");
                must(d->column >= 1, "there is a column");
                must(d->message[0] && !strpbrk(d->message, "\r\n\t"), "the message is one line");
                must(cim_status_name(d->code) != NULL, "the number has a name");
                must(i == 0 || errors[i - 1].offset <= d->offset, "errors come in the order of the text");
        }
}

static void parse(const uint8_t *data, size_t size, MofDialect dialect)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n = 0;
        MofDocument *d = NULL;
        MofSource source = {.text = {(const char *)data, size}, .name = "fuzz", .dialect = dialect};
        int r = mof_parse(&source, &d, errors, LIMIT_MOF_ERRORS, &n);
        must(r == 0 || r == E_DIAG || r == -ENOMEM, "the return value is documented");
        must((r >= 0) == (d != NULL), "a document, or none");
        must((r == E_DIAG) == (n > 0) && n <= LIMIT_MOF_ERRORS, "errors when it says so, no more than fit");
        doc = d;
        if (d) {
                check_errors(errors, n, size);
                check_items();
        }
        mof_document_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        parse(data, size, MOF_MICROSOFT);
        parse(data, size, MOF_DMTF);
        return 0;
}
