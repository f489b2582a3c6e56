// SPDX-License-Identifier: MIT
// suppress.h: silences Microsoft's analyser around its own headers; nothing to do here.
#ifndef FREEWMI_SUPPRESS_H
#define FREEWMI_SUPPRESS_H
#endif
