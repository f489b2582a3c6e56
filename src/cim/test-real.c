// SPDX-License-Identifier: MIT
// Real classes through both codecs: those of data/mof, and of every text of the corpus folder that compiles.
// Without the folder beside the source tree (or FREEWMI_CORPUS) the latter are skipped.
#include "base/testkit.h"

#include <ftw.h>
#include <malloc.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cim/codec.h"
#include "cim/test-fill.h"
#include "cim/test-same.h"
#include "cim/wmio.h"
#include "mof/test-support.h"

static CimSchema *schema;
static size_t seen;

static void same_bytes(const CimClass *c, const Buf *a, const Buf *b)
{
        if (a->n != b->n || memcmp(a->p, b->p, a->n) != 0)
                fail_msg("%.*s is other bytes the second time", STR_ARG(c->name));
}

static void dumps_the_same(const CimClass *a, const CimClass *b)
{
        Buf one = {0}, two = {0};
        support_dump(a, STR("root"), &one);
        support_dump(b, STR("root"), &two);
        same_bytes(a, &one, &two);
        buf_deinit(&one);
        buf_deinit(&two);
}

static void class_through_sets(const CimClass *c)
{
        Buf one = {0}, two = {0};
        CimClass *back;
        Diag d = {0};
        assert_int_equal(cim_codec_write_class(c, &one), 0);
        if (cim_codec_read_class(one.p, one.n, &back, &d) != 0)
                fail_msg("%.*s: %s", STR_ARG(c->name), d.message);
        dumps_the_same(c, back);
        assert_int_equal(cim_codec_write_class(back, &two), 0);
        same_bytes(c, &one, &two);
        cim_class_unref(back);
        buf_deinit(&one);
        buf_deinit(&two);
}

static void through_wmio(const CimInstance *i)
{
        Buf b = {0};
        CimInstance *back;
        Diag d = {0};
        CimWmioOptions strict = {0};
        assert_int_equal(cim_wmio_write(i, STR("SERVER"), &b), 0);
        if (cim_wmio_read(b.p, b.n, &strict, &back, &d) != 0) // which writes it again and compares
                fail_msg("%.*s: %s", STR_ARG(i->class->name), d.message);
        assert_true(test_same_object(i, back, 0));
        assert_true(str_eq(i->namespace, back->namespace));
        if (i->is_class && !test_same_class(i->class, back->class))
                fail_msg("%.*s comes back another", STR_ARG(i->class->name));
        cim_instance_unref(back);
        buf_deinit(&b);
}

static void instance_through_a_set(const CimInstance *i)
{
        CimSetWriter *w = cim_set_writer_new(false);
        Buf b = {0};
        CimSet set;
        Diag d = {0};
        assert_int_equal(cim_set_add(w, i), 0);
        cim_set_finish(w, &b);
        if (cim_set_read(b.p, b.n, NULL, NULL, &set, NULL, &d) != 0)
                fail_msg("%.*s: %s", STR_ARG(i->class->name), d.message);
        assert_true(cim_instance_same(i, set.objects[0]));
        cim_set_deinit(&set);
        cim_set_writer_free(w);
        buf_deinit(&b);
}

static void one_class(const CimClass *c)
{
        CimInstance *i, *definition;
        seen++;
        class_through_sets(c);
        assert_int_equal(cim_instance_new(c, &i), 0);
        assert_int_equal(cim_instance_place(i, STR("root\\cimv2")), 0);
        through_wmio(i); // the defaults
        assert_int_equal(test_fill(i, i->owner, 0), 0);
        through_wmio(i);
        instance_through_a_set(i);
        assert_int_equal(cim_instance_of_class(c, STR("root\\cimv2"), &definition), 0);
        through_wmio(definition);
        cim_instance_unref(i);
        cim_instance_unref(definition);
}

static int each_class(void *context, Str namespace, const CimClass *c)
{
        (void)context;
        (void)namespace;
        one_class(c);
        return 0;
}

static void the_system_classes(void **state)
{
        (void)state;
        seen = 0;
        cim_schema_each_class(schema, STR("root"), each_class, NULL);
        cim_schema_each_class(schema, STR("root\\wmi"), each_class, NULL);
        assert_true(seen > 50);
}

// --- the corpus --------------------------------------------------------------------------------------------

static bool folder_of(const char *below, char *out, size_t size)
{
        const char *corpus = getenv("FREEWMI_CORPUS"), *source = getenv("FREEWMI_SOURCE");
        struct stat s;
        if (corpus)
                snprintf(out, size, "%s/%s", corpus, below);
        else
                snprintf(out, size, "%s/../shared/corpus/%s", source ? source : ".", below);
        return stat(out, &s) == 0;
}

// The classes of a text that compiles.
static void one_text(Str text)
{
        Diag errors[LIMIT_MOF_ERRORS];
        size_t count = 0;
        MofPlan *result;
        MofSource source = {.text = text, .name = "corpus", .namespace = STR("root\\wmi")};
        if (mof_compile(&source, &(MofBuild){.schema = schema}, &result, errors, LIMIT_MOF_ERRORS, &count) != 0)
                return;
        for (size_t i = 0; i < result->count; i++)
                if (result->steps[i].kind == MOF_PUT_CLASS)
                        one_class(result->steps[i].klass);
        mof_plan_free(result);
}

static int one_file(const char *path, const struct stat *s, int kind, struct FTW *where)
{
        (void)where;
        size_t n = strlen(path);
        if (kind != FTW_F || s->st_size > 1 << 20 || n < 4 || strcasecmp(path + n - 4, ".mof") != 0 ||
            strstr(path, "/cim-schema-"))
                return 0;
        size_t size;
        char *bytes = support_read(path, &size);
        if (bytes)
                one_text((Str){bytes, size});
        free(bytes);
        return 0;
}

static void the_texts_of_the_corpus(void **state)
{
        (void)state;
        char folder[4096];
        if (!folder_of("mof", folder, sizeof(folder)))
                testkit_skip("the corpus folder is not there");
        seen = 0;
        assert_int_equal(nftw(folder, one_file, 16, FTW_PHYS), 0);
        print_message("%zu classes\n", seen);
        assert_true(seen > 100);
}

static void append_file(Buf *text, const char *folder, const char *name, size_t n)
{
        char path[8192];
        size_t size;
        snprintf(path, sizeof(path), "%s/%.*s", folder, (int)n, name);
        char *bytes = support_read(path, &size);
        if (bytes)
                buf_put(text, bytes, size);
        buf_u8(text, '\n');
        free(bytes);
}

// The DMTF schema as one text: its qualifiers, then what its main file includes.
static void the_whole_schema(void **state)
{
        (void)state;
        char folder[4096], path[4200];
        size_t size = 0;
        if (!folder_of("mof/cim-schema-2.49.0", folder, sizeof(folder)))
                testkit_skip("the corpus folder is not there");
        snprintf(path, sizeof(path), "%s/cim_schema_2.49.0.mof", folder);
        char *main_file = support_read(path, &size);
        if (!main_file)
                testkit_skip("the file is not there");
        Buf text = {0};
        append_file(&text, folder, "qualifiers.mof", 14);
        append_file(&text, folder, "qualifiers_optional.mof", 23);
        const char *end = main_file + size, *at = main_file;
        while ((at = memmem(at, (size_t)(end - at), "#pragma include (\"", 18))) {
                const char *quote = memchr(at + 18, '"', (size_t)(end - at - 18));
                assert_non_null(quote);
                append_file(&text, folder, at + 18, (size_t)(quote - at - 18));
                at = quote;
        }
        seen = 0;
        one_text((Str){(char *)text.p, text.n});
        free(main_file);
        buf_deinit(&text);
        assert_true(seen > 1600);
}

int main(void)
{
        // Filling what is free would fill tens of megabytes with every realloc beside them.
        mallopt(M_PERTURB, 0);
        schema = support_schema();
        int r = testkit_run((TestCase[]){
                TEST(the_system_classes),
                TEST(the_texts_of_the_corpus),
                TEST(the_whole_schema),
                TEST_END,
        });
        cim_schema_unref(schema);
        return r;
}
