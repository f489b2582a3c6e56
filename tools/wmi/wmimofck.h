// SPDX-License-Identifier: MIT
// wmimofck: the program under a third name.
#ifndef WMI_WMIMOFCK_H
#define WMI_WMIMOFCK_H

// Its main. Returns wmimofck's exit code.
int wmimofck_main(int argc, char **argv);

#endif
