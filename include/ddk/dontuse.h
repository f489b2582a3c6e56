// SPDX-License-Identifier: MIT
// dontuse.h: marks unsafe functions for Microsoft's analyser; nothing to do here.
#ifndef FREEWMI_DONTUSE_H
#define FREEWMI_DONTUSE_H
#endif
