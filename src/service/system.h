// SPDX-License-Identifier: MIT
// The system classes as MOF text, put into the program at build time from data/mof/ (meson.build says in which order).
#ifndef SERVICE_SYSTEM_H
#define SERVICE_SYSTEM_H

#include <stddef.h>

typedef struct SystemText {
        const char *name; // of the file; NULL ends the list
        const unsigned char *bytes;
        size_t size;
} SystemText;

extern const SystemText system_texts[];

#endif
