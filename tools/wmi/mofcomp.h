// SPDX-License-Identifier: MIT
// mofcomp: the program under another name.
#ifndef WMI_MOFCOMP_H
#define WMI_MOFCOMP_H

// Its main. Returns mofcomp's exit code.
int mofcomp_main(int argc, char **argv);

#endif
