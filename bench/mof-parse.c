// SPDX-License-Identifier: MIT
// How long mof_parse takes for 10,000 classes, against a flex lexer that only finds the tokens of the same bytes.
//
//   mof-parse [FILE...]     the generated classes; then each file
//
// Both work on the same text in turns; the best of their rounds counts, which is the round that was disturbed least.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "generate.h"
#include "mof/document.h"

enum { CLASSES = 10000, ROUNDS = 15 };

unsigned mof_flex_count(char *text, unsigned long n);
extern unsigned mof_flex_unknown;

static double now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
        fprintf(stderr, "mof-parse: %s\n", what);
        exit(1);
}

// One parse to the finished document, and what it takes to throw it away.
static double parse_once(Str text, const char *name, unsigned *ret_items)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n;
        char says[1400];
        MofDocument *d;
        double begin = now();
        int r = mof_parse(&(MofSource){.text = text, .name = name}, &d, errors, LIMIT_MOF_ERRORS, &n);
        double took = now() - begin;
        if (r != 0)
                die(r == E_DIAG ? diag_text(&errors[0], says, sizeof(says)) : "out of memory");
        *ret_items = d->item_count;
        begin = now();
        mof_document_free(d);
        return took + (now() - begin);
}

static double lex_once(char *text, size_t n, unsigned *ret_tokens)
{
        mof_flex_unknown = 0;
        double begin = now();
        *ret_tokens = mof_flex_count(text, n);
        double took = now() - begin;
        if (mof_flex_unknown)
                die("the flex lexer met characters that it does not know");
        return took;
}

static double measure(const char *name, Str text)
{
        unsigned items = 0, tokens = 0;
        double parsed = 1e9, lexed = 1e9;
        char *copy = malloc(text.n + 2);
        if (!copy)
                die("out of memory");
        for (int i = 0; i < ROUNDS; i++) {
                memcpy(copy, text.p, text.n);
                copy[text.n] = copy[text.n + 1] = '\0';
                double l = lex_once(copy, text.n, &tokens), p = parse_once(text, name, &items);
                lexed = l < lexed ? l : lexed;
                parsed = p < parsed ? p : parsed;
        }
        free(copy);
        printf("%s: %.2f MB, %u tokens, %u declarations\n", name, (double)text.n / 1e6, tokens, items);
        printf("  flex lexer alone %8.2f ms  %6.0f MB/s\n", lexed * 1e3, (double)text.n / lexed / 1e6);
        printf("  mof_parse        %8.2f ms  %6.0f MB/s\n", parsed * 1e3, (double)text.n / parsed / 1e6);
        printf("  ratio            %8.2f\n", parsed / lexed);
        return parsed / lexed;
}

static void measure_file(const char *path)
{
        Buf b = {0};
        FILE *f = fopen(path, "rb");
        if (!f)
                die("a file cannot be read");
        for (size_t got = 1; got;) {
                uint8_t *room = buf_reserve(&b, 1 << 16);
                if (!room)
                        die("out of memory");
                got = fread(room, 1, 1 << 16, f);
                b.n += got;
        }
        fclose(f);
        measure(path, (Str){(char *)b.p, b.n});
        buf_deinit(&b);
}

int main(int argc, char **argv)
{
        Buf b = {0};
        generate_classes(CLASSES, &b);
        if (b.failed)
                die("out of memory");
        double ratio = measure("10,000 generated classes", (Str){(char *)b.p, b.n});
        printf("goal: a ratio of at most 1: %s\n", ratio <= 1 ? "reached" : "missed");
        buf_deinit(&b);
        for (int i = 1; i < argc; i++)
                measure_file(argv[i]);
        return 0;
}
