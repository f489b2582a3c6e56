// SPDX-License-Identifier: MIT
// Real files, where they are there: text to binary MOF as Windows' own compiler made it; binary MOF to
// records, to a document, to text, and back, each to the same bytes. The counts are printed apart.
#include "base/testkit.h"

#include <ftw.h>
#include <sys/stat.h>

#include "bmf/bmf-impl.h"
#include "mof/print.h"

enum { MOST_FILES = 4096 };

static char *files[MOST_FILES]; // paths of the .bmf
static size_t file_count;
static const char *corpus;
static Buf counts; // shown at the end, as comments

static int gather(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
        (void)st, (void)ftw;
        size_t n = strlen(path);
        if (kind == FTW_F && n > 4 && !strcmp(path + n - 4, ".bmf") && file_count < MOST_FILES)
                files[file_count++] = strdup(path);
        return 0;
}

static void find_files(void)
{
        static char folder[4096];
        const char *named = getenv("FREEWMI_CORPUS"), *source = getenv("FREEWMI_SOURCE");
        if (named)
                snprintf(folder, sizeof(folder), "%s", named);
        else
                snprintf(folder, sizeof(folder), "%s/../shared/corpus", source ? source : ".");
        struct stat st;
        if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && nftw(folder, gather, 16, FTW_PHYS) == 0)
                corpus = folder;
}

// The bytes of a file; out.p NULL: it is not there.
static Buf slurp(const char *path)
{
        Buf out = {0};
        FILE *f = fopen(path, "rb");
        if (!f)
                return out;
        for (size_t n = 1; n;) {
                uint8_t *to = buf_reserve(&out, 1 << 16);
                assert_non_null(to);
                n = fread(to, 1, 1 << 16, f);
                out.n += n;
        }
        fclose(f);
        return out;
}

static Str of(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

static bool same(const Buf *a, const Buf *b)
{
        return a->n == b->n && (a->n == 0 || !memcmp(a->p, b->p, a->n));
}

// Is what `b` packs to the file? Says so when not.
static bool packs_to(const Bmf *b, const Buf *file, const char *path, const char *how)
{
        Buf expanded = {0}, packed = {0};
        int r = b ? bmf_write(b, &expanded) : -EINVAL;
        if (r == 0)
                r = bmf_pack(of(&expanded), &packed);
        bool good = r == 0 && same(&packed, file);
        if (!good)
                print_message("# %s, %s: %d, %zu bytes expanded\n", path, how, r, expanded.n);
        buf_deinit(&expanded);
        buf_deinit(&packed);
        return good;
}

static void say_diag(const char *path, const Diag *d)
{
        char out[1400];
        print_message("# %s: %s\n", path, diag_text(d, out, sizeof(out)));
}

static Bmf *records_of(const Buf *file, const char *path)
{
        Buf expanded = {0};
        Bmf *b = NULL;
        Diag d = {0};
        int r = bmf_unpack(of(file), &expanded, NULL, &d);
        if (r == 0)
                r = bmf_read(of(&expanded), &b, &d);
        if (r != 0)
                say_diag(path, &d);
        buf_deinit(&expanded);
        assert_int_equal(r, 0);
        return b;
}

static MofDocument *parsed(Str text, const char *name)
{
        Diag errors[8];
        size_t n = 0;
        MofDocument *d = NULL;
        MofSource source = {.text = text, .name = name};
        int r = mof_parse(&source, &d, errors, 8, &n);
        for (size_t i = 0; i < n; i++)
                say_diag(name, &errors[i]);
        assert_true(r == 0 || r == E_DIAG);
        if (r == 0)
                return d;
        mof_document_free(d);
        return NULL;
}

static Bmf *lowered(const MofDocument *d, bool w2k, const char *name)
{
        Diag warnings[8];
        size_t n = 0;
        Bmf *b = NULL;
        BmfOptions o = {.w2k = w2k};
        if (!d)
                return NULL;
        int r = bmf_of_document(d, &o, &b, warnings, 8, &n);
        for (size_t i = 0; i < n; i++)
                say_diag(name, &warnings[i]);
        assert_true(r == 0 || r == E_DIAG);
        return b;
}

static MofDocument *raised(const Bmf *b, const char *name)
{
        Diag warnings[8];
        size_t n = 0;
        MofDocument *d = NULL;
        assert_int_equal(bmf_to_document(b, name, &d, warnings, 8, &n), 0);
        for (size_t i = 0; i < n; i++)
                say_diag(name, &warnings[i]);
        assert_int_equal(n, 0);
        return d;
}

// --- texts that Windows compiled -----------------------------------------------------------------

static void texts(void **state)
{
        (void)state;
        if (!corpus)
                testkit_skip("the corpus folder is not there");
        size_t good = 0, all = 0;
        for (size_t i = 0; i < file_count; i++) {
                char path[4200];
                snprintf(path, sizeof(path), "%.*s.mof", (int)strlen(files[i]) - 4, files[i]);
                Buf text = slurp(path), file = slurp(files[i]);
                if (text.p) {
                        MofDocument *d = parsed(of(&text), path);
                        Bmf *b = lowered(d, false, path);
                        good += packs_to(b, &file, files[i], "compiled");
                        all++;
                        bmf_free(b);
                        mof_document_free(d);
                }
                buf_deinit(&text);
                buf_deinit(&file);
        }
        buf_printf(&counts, "# text -> binary MOF as Windows made it: %zu of %zu\n", good, all);
        assert_int_equal(good, all);
        assert_true(all > 0);
}

// --- binary MOF ----------------------------------------------------------------------------------

typedef enum Way { RECORDS, DOCUMENT, TEXT } Way;

static bool through_text(const MofDocument *d, bool w2k, const Buf *file, const char *path)
{
        Buf text = {0};
        assert_int_equal(mof_print(d, &text), 0);
        MofDocument *again = parsed(of(&text), path);
        Bmf *b = lowered(again, w2k, path);
        bool good = packs_to(b, file, path, "through text");
        bmf_free(b);
        mof_document_free(again);
        buf_deinit(&text);
        return good;
}

static bool and_back(const char *path, Way way, bool *ret_w2k)
{
        Buf file = slurp(path);
        Bmf *b = records_of(&file, path), *again = NULL;
        MofDocument *d = way == RECORDS ? NULL : raised(b, path);
        bool good;
        *ret_w2k = b->unpadded;
        if (way == RECORDS) {
                good = packs_to(b, &file, path, "records");
        } else if (way == DOCUMENT) {
                again = lowered(d, b->unpadded, path);
                good = packs_to(again, &file, path, "through a document");
        } else {
                good = through_text(d, b->unpadded, &file, path);
        }
        bmf_free(again);
        mof_document_free(d);
        bmf_free(b);
        buf_deinit(&file);
        return good;
}

static void all_and_back(Way way, const char *what)
{
        size_t good = 0, w2k = 0;
        for (size_t i = 0; i < file_count; i++) {
                bool old;
                good += and_back(files[i], way, &old);
                w2k += old;
        }
        buf_printf(&counts, "# %s: %zu of %zu, %zu of them without padding\n", what, good, file_count, w2k);
        assert_int_equal(good, file_count);
        assert_true(file_count > 0);
}

static void records(void **state)
{
        (void)state;
        if (!corpus)
                testkit_skip("the corpus folder is not there");
        all_and_back(RECORDS, "bytes -> records -> bytes");
}

static void documents(void **state)
{
        (void)state;
        if (!corpus)
                testkit_skip("the corpus folder is not there");
        all_and_back(DOCUMENT, "bytes -> document -> bytes");
}

static void through_texts(void **state)
{
        (void)state;
        if (!corpus)
                testkit_skip("the corpus folder is not there");
        all_and_back(TEXT, "bytes -> text -> bytes");
}

int main(void)
{
        find_files();
        int r = testkit_run(
                (TestCase[]){TEST(texts), TEST(records), TEST(documents), TEST(through_texts), TEST_END});
        if (counts.n)
                fputs(buf_z(&counts), stdout);
        buf_deinit(&counts);
        for (size_t i = 0; i < file_count; i++)
                free(files[i]);
        return r;
}
