// SPDX-License-Identifier: MIT
// What is in files of binary MOF, for tests that compare: a line for each file on standard input.
//
//   bytes expanded, objects, instances, methods, qualifiers, flavors, then the expanded bytes in hexadecimal,
//   then the names of the classes, all with a blank in between
#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"
#include "bmf/bmf.h"

typedef struct Facts {
        unsigned instances, methods, qualifiers, flavors;
} Facts;

static void count_object(Facts *f, const BmfObject *o);

static void count_value(Facts *f, const BmfValue *v)
{
        if (cim_type(v->type) != CIM_OBJECT)
                return;
        if (!cim_is_array(v->type)) {
                count_object(f, v->object);
                return;
        }
        for (uint32_t i = 0; i < v->array.count; i++)
                count_object(f, v->array.items[i].object);
}

static void count_qualifiers(Facts *f, const BmfQualifiers *list)
{
        for (uint32_t i = 0; i < list->count; i++) {
                f->qualifiers++;
                f->flavors += list->items[i].has_flavor;
        }
}

static void count_members(Facts *f, const BmfProperty *p, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                count_qualifiers(f, &p[i].qualifiers);
                if (p[i].has_value)
                        count_value(f, &p[i].value);
        }
}

static void count_object(Facts *f, const BmfObject *o)
{
        count_qualifiers(f, &o->qualifiers);
        count_members(f, o->properties, o->property_count);
        count_members(f, o->methods, o->method_count);
}

static void print_class(const BmfObject *o)
{
        Arena a = {0};
        for (uint32_t i = 0; i < o->property_count; i++) {
                Str name = utf_to8(&a, o->properties[i].name);
                if (name.p && str_eq(name, STR("__CLASS")) && o->properties[i].has_value)
                        printf(" %s", utf_to8(&a, o->properties[i].value.string).p);
        }
        arena_deinit(&a);
}

static int print_facts(const Buf *expanded, const Bmf *b)
{
        Facts f = {0};
        for (uint32_t i = 0; i < b->object_count; i++) {
                f.instances += b->objects[i]->kind == 1;
                f.methods += b->objects[i]->method_count;
                count_object(&f, b->objects[i]);
        }
        printf("%zu %u %u %u %u %u ", expanded->n, b->object_count, f.instances, f.methods, f.qualifiers,
               f.flavors);
        for (size_t i = 0; i < expanded->n; i++)
                printf("%02x", expanded->p[i]);
        for (uint32_t i = 0; i < b->object_count; i++)
                print_class(b->objects[i]);
        putchar('\n');
        return 0;
}

static int file_facts(const char *path)
{
        Buf file = {0}, expanded = {0};
        Bmf *b = NULL;
        Diag d = {0};
        FILE *in = fopen(path, "rb");
        if (!in)
                return 1;
        for (size_t n = 1; n;) {
                uint8_t *to = buf_reserve(&file, 1 << 16);
                n = to ? fread(to, 1, 1 << 16, in) : 0;
                file.n += n;
        }
        fclose(in);
        int r = bmf_unpack((Str){(char *)file.p, file.n}, &expanded, NULL, &d);
        if (r == 0)
                r = bmf_read((Str){(char *)expanded.p, expanded.n}, &b, &d);
        r = r == 0 ? print_facts(&expanded, b) : fprintf(stderr, "%s: %s\n", path, d.message);
        bmf_free(b);
        buf_deinit(&file);
        buf_deinit(&expanded);
        return r;
}

int main(void)
{
        char path[4096];
        int r = 0;
        while (r == 0 && fgets(path, sizeof(path), stdin)) {
                path[strcspn(path, "\n")] = '\0';
                r = file_facts(path);
        }
        return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
