// SPDX-License-Identifier: MIT
// main for programs that define wmain: the arguments as UTF-16. Taken from its archive only where main is
// missing.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int wmain(int argc, wchar_t **argv, wchar_t **envp);

int main(int argc, char **argv)
{
        static wchar_t **wide; // as long-lived as argv
        wchar_t *none = NULL;

        wide = calloc((size_t)argc + 1, sizeof(*wide));
        if (!wide)
                return 127;
        for (int i = 0; i < argc; i++) {
                size_t n = strlen(argv[i]);

                wide[i] = calloc(n + 1, sizeof(**wide));
                if (!wide[i])
                        return 127;
                if (mbstowcs(wide[i], argv[i], n + 1) == (size_t)-1) {
                        fprintf(stderr, "%s: argument %d is not UTF-8\n", argv[0], i);
                        return 127;
                }
        }
        return wmain(argc, wide, &none);
}
