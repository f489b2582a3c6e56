// SPDX-License-Identifier: MIT
// storswtr.h: trace and analyser words of the storage class drivers; nothing to do here.
#ifndef FREEWMI_STORSWTR_H
#define FREEWMI_STORSWTR_H
#endif
