// SPDX-License-Identifier: MIT
// Options: a small parser driven by the verb's table, so that help and parsing cannot differ.
#include "options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "say.h"

enum { OPTIONS_DEVICE = 200 }; // MAX_DEVICE_ID_LEN, the NUL included

bool options_number(const char *text, uint64_t *ret)
{
        uint64_t v = 0;
        if (!*text)
                return false;
        for (; *text; text++) {
                if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(v, 10u, &v) ||
                    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
                        return false;
        }
        *ret = v;
        return true;
}

// Digits are read one by one instead of through a double: 0.1 is then exactly 100 ms.
bool options_seconds(const char *text, uint64_t *ret_ms)
{
        uint64_t ms = 0;
        bool digits = false, rest = false;
        for (; isdigit((unsigned char)*text); text++) {
                ms = ms * 10 + (uint64_t)(*text - '0') * 1000;
                digits = true;
                if (ms > UINT64_C(1000000000000))
                        return false;
        }
        if (*text == '.') {
                uint64_t unit = 100;
                for (text++; isdigit((unsigned char)*text); text++, unit /= 10) {
                        ms += (uint64_t)(*text - '0') * unit;
                        rest |= !unit && *text != '0';
                        digits = true;
                }
        }
        *ret_ms = ms + rest;
        return digits && !*text;
}

bool options_registry(const char *text)
{
        const char *equals = strrchr(text, '=');
        if (strncasecmp(text, "HKLM\\", 5) != 0 || !equals)
                return false;
        // A key and a value name, neither empty.
        const char *value = NULL;
        for (const char *p = text + 5; p < equals; p++)
                if (*p == '\\')
                        value = p + 1;
        if (!value || value == equals || value == text + 6)
                return false;
        const char *number = equals + 1;
        uint64_t v;
        if (number[0] == '0' && (number[1] == 'x' || number[1] == 'X')) {
                size_t n = strspn(number + 2, "0123456789abcdefABCDEF");
                return n >= 1 && n <= 8 && !number[2 + n];
        }
        return options_number(number, &v) && v <= UINT32_MAX;
}

bool options_device(const char *text)
{
        size_t n = strlen(text), parts = 1, length = 0;
        for (size_t i = 0; i < n; i++, length++) {
                if (text[i] == '\\') {
                        if (!length)
                                return false;
                        parts++;
                        length = (size_t)-1;
                } else if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] > '~' || text[i] == ',') {
                        return false;
                }
        }
        return parts == 3 && length && n < OPTIONS_DEVICE;
}

static int options_add(Texts *t, const char *text)
{
        const char **p = realloc(t->p, (t->n + 1) * sizeof(*p));
        if (!p)
                return WMI_FAILED;
        t->p = p;
        p[t->n++] = text;
        return 0;
}

void options_deinit(Options *o)
{
        free(o->arguments.p);
        free(o->queries.p);
        free(o->mofs.p);
        free(o->registry.p);
        free(o->includes.p);
        free(o->defines.p);
        *o = (Options){0};
}

static const Option *options_find(const Option *table, Str name, char letter)
{
        for (const Option *o = table; o && o->name; o++)
                if (letter ? o->letter == letter : str_eq(name, str_of(o->name)))
                        return o;
        return NULL;
}

static int options_unknown(const Verb *v, const char *name, const char *given, Str wanted)
{
        StrNearest nearest = {.wanted = wanted};
        for (const Option *o = v->options; o && o->name; o++)
                str_nearest_offer(&nearest, str_of(o->name));
        if (nearest.best.n)
                say("%s has no option %s; did you mean --%.*s?", name, given, STR_ARG(nearest.best));
        else
                say("%s has no option %s; %s --help lists them", name, given, name);
        return WMI_USAGE;
}

static int options_set(const Option *o, const char *name, const char *value, Options *ret)
{
        char *at = (char *)ret + o->at;
        if (o->given_at != OPTION_NO_FLAG)
                *(bool *)((char *)ret + o->given_at) = true;
        uint64_t number;
        switch (o->kind) {
        case OPTION_FLAG:
                *(bool *)at = true;
                return 0;
        case OPTION_TEXT:
        case OPTION_MAYBE:
                *(const char **)at = value;
                return 0;
        case OPTION_LIST:
                return options_add((Texts *)at, value);
        case OPTION_NUMBER:
                if (options_number(value, &number) && number >= o->least && number <= o->most) {
                        *(uint64_t *)at = number;
                        return 0;
                }
                say("%s: --%s wants a whole number from %llu, not '%s'", name, o->name,
                    (unsigned long long)o->least, value);
                return WMI_USAGE;
        case OPTION_SECONDS:
                if (options_seconds(value, &number) && number >= o->least && number <= o->most) {
                        *(uint64_t *)at = number;
                        return 0;
                }
                say("%s: --%s wants seconds such as 2 or 0.5, not '%s'", name, o->name, value);
                return WMI_USAGE;
        }
        return WMI_USAGE;
}

// One option at argv[*i]; advances *i over its value.
static int options_one(const Verb *v, const char *name, int argc, char **argv, int *i, Options *ret)
{
        const char *given = argv[*i], *value = NULL;
        const Option *o;
        Str wanted;
        if (given[1] == '-') {
                const char *equals = strchr(given, '=');
                wanted = (Str){given + 2, equals ? (size_t)(equals - given - 2) : strlen(given + 2)};
                value = equals ? equals + 1 : NULL;
                o = options_find(v->options, wanted, 0);
        } else {
                wanted = (Str){given + 1, strlen(given + 1)};
                value = given[2] ? given + 2 : NULL;
                o = options_find(v->options, (Str){0}, given[1]);
                if (o && o->kind == OPTION_FLAG && value)
                        o = NULL; // letters are not bundled
        }
        if (!o)
                return options_unknown(v, name, given, wanted);
        if (o->kind == OPTION_FLAG && value) {
                say("%s: --%s takes no value", name, o->name);
                return WMI_USAGE;
        }
        if (o->kind == OPTION_MAYBE && !value)
                value = "";
        if (o->kind != OPTION_FLAG && !value) {
                if (*i + 1 >= argc) {
                        say("%s: --%s wants %s", name, o->name, o->argument);
                        return WMI_USAGE;
                }
                value = argv[++*i];
        }
        return options_set(o, name, value, ret);
}

int options_parse(const Verb *v, const char *name, int argc, char **argv, Options *ret)
{
        *ret = (Options){0};
        bool ended = false;
        int r = 0;
        for (int i = 0; i < argc && !r; i++) {
                if (ended || argv[i][0] != '-' || !argv[i][1]) {
                        r = options_add(&ret->arguments, argv[i]);
                } else if (!strcmp(argv[i], "--")) {
                        ended = true;
                } else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
                        ret->help = true;
                        return 0;
                } else {
                        r = options_one(v, name, argc, argv, &i, ret);
                }
        }
        if (r)
                return r;
        if (ret->arguments.n < v->least || ret->arguments.n > v->most) {
                say("usage: %s %s", name, v->usage);
                return WMI_USAGE;
        }
        for (size_t i = 0; i < ret->registry.n; i++) {
                if (!options_registry(ret->registry.p[i])) {
                        say("%s: --reg wants HKLM\\KEY\\VALUE=N, not '%s'", name, ret->registry.p[i]);
                        return WMI_USAGE;
                }
        }
        if (ret->dialect && strcasecmp(ret->dialect, "microsoft") && strcasecmp(ret->dialect, "dmtf")) {
                say("%s: --dialect wants microsoft or dmtf, not '%s'", name, ret->dialect);
                return WMI_USAGE;
        }
        if (ret->compat && strcasecmp(ret->compat, "w2k")) {
                say("%s: --compat wants w2k, not '%s'", name, ret->compat);
                return WMI_USAGE;
        }
        if (ret->device && !options_device(ret->device)) {
                say("%s: --device wants a path like ROOT\\NAME\\0000: three parts of printable ASCII without "
                    "blanks and "
                    "commas, not '%s'",
                    name, ret->device);
                return WMI_USAGE;
        }
        return 0;
}
