// SPDX-License-Identifier: MIT
// wmi-cc: a word about what only Microsoft's compiler accepts.
#include "wmi-cc.h"

#include <stdio.h>
#include <string.h>

typedef struct {
        const char *first;  // both words in one of the compiler's errors
        const char *second; // or NULL
        const char *hint;
} Hint;

static const Hint hints[] = {
        {"error: expected", "__FUNCTION__",
         "Microsoft's compiler joins \"...\" __FUNCTION__ \"...\" into one string; here __FUNCTION__ is a "
         "variable: print it with %s"},
        {"error: pasting \"->\"", NULL, "Microsoft's preprocessor accepts -> ## name; write -> name"},
        {"pasting formed '->", NULL, "Microsoft's preprocessor accepts -> ## name; write -> name"},
        {"error: pasting \".\"", NULL, "Microsoft's preprocessor accepts . ## name; write . name"},
        {"pasting formed '.", NULL, "Microsoft's preprocessor accepts . ## name; write . name"},
        {"invalid suffix \"I64\"", NULL, "Microsoft's suffixes i64 and ui64 are LL and ULL in C"},
        {"invalid suffix \"i64\"", NULL, "Microsoft's suffixes i64 and ui64 are LL and ULL in C"},
        {"invalid suffix \"ui64\"", NULL, "Microsoft's suffixes i64 and ui64 are LL and ULL in C"},
        {"invalid suffix \"UI64\"", NULL, "Microsoft's suffixes i64 and ui64 are LL and ULL in C"},
        {"error: ‘try’ undeclared", NULL,
         "structured exception handling (try, except, finally) is not supported"},
        {"error: 'try' undeclared", NULL,
         "structured exception handling (try, except, finally) is not supported"},
        {"undeclared identifier 'try'", NULL,
         "structured exception handling (try, except, finally) is not supported"},
        {"__try", NULL, "structured exception handling (__try, __except, __finally) is not supported"},
        {"__except", NULL, "structured exception handling (__try, __except, __finally) is not supported"},
        {"__finally", NULL, "structured exception handling (__try, __except, __finally) is not supported"},
        {"FWMI_DECLSPEC_", NULL,
         "a __declspec word that include/ddk/prefix.h does not know: the text after FWMI_DECLSPEC_"},
        {"lvalue required", NULL, "Microsoft's compiler lets a cast be assigned to; gcc and clang do not"},
        {"assignment to cast is illegal", NULL,
         "Microsoft's compiler lets a cast be assigned to; gcc and clang do not"},
        {"error: conflicting types for", NULL,
         "Microsoft's compiler lets a definition's parameter types differ from the declaration's; gcc and "
         "clang do not"},
        {"wdf.h", "No such file", "KMDF headers are not part of the installation"},
        {"wdf.h", "file not found", "KMDF headers are not part of the installation"},
};

// What compiles with a warning and goes wrong when it runs.
static const Hint warnings[] = {
        {"‘LONG *’", "‘long int *’",
         "LONG has 32 bits as on Windows, long has 64: declare the variable as LONG"},
        {"‘ULONG *’", "‘long unsigned int *’",
         "ULONG has 32 bits as on Windows, unsigned long has 64: declare the variable as ULONG"},
        {"passing 'long *'", "'LONG *'",
         "LONG has 32 bits as on Windows, long has 64: declare the variable as LONG"},
        {"passing 'unsigned long *'", "'ULONG *'",
         "ULONG has 32 bits as on Windows, unsigned long has 64: declare the variable as ULONG"},
};

/* Does an error have both words: in its line, or in the two that show the source? */
static bool error_has(const char *text, const char *first, const char *second)
{
        for (const char *at = strstr(text, first); at; at = strstr(at + 1, first)) {
                const char *line = at, *end = at, *other;

                if (!second)
                        return true;
                while (line > text && line[-1] != '\n')
                        line--;
                for (int lines = 0; *end && lines < 2; lines++)
                        end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
                other = strstr(line, second);
                if (other && other < end)
                        return true;
        }
        return false;
}

static void print_some(const Hint *some, size_t n, const char *errors)
{
        const char *last = NULL;

        for (size_t i = 0; i < n; i++) {
                if (!error_has(errors, some[i].first, some[i].second) ||
                    (last && !strcmp(last, some[i].hint)))
                        continue;
                last = some[i].hint;
                fprintf(stderr, "wmi-cc: hint: %s\n", last);
        }
}

void print_hints(const char *errors, bool failed)
{
        if (failed)
                print_some(hints, sizeof(hints) / sizeof(*hints), errors);
        print_some(warnings, sizeof(warnings) / sizeof(*warnings), errors);
}
