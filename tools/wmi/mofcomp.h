// SPDX-License-Identifier: MIT
// mofcomp: the program under another name.
#ifndef WMI_MOFCOMP_H
#define WMI_MOFCOMP_H

#include <stdbool.h>

// Was it called by that name (argv[0])?
bool mofcomp_is(const char *program);
// Its main. Returns mofcomp's exit code.
int mofcomp_main(int argc, char **argv);

#endif
