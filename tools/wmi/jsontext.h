// SPDX-License-Identifier: MIT
// JSON written as it is made, for what is large and nested. One line; control characters and what is not
// UTF-8 are safe.
#ifndef WMI_JSONTEXT_H
#define WMI_JSONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// Failures are the buffer's: look at out->failed once.
typedef struct JsonText {
        Buf *out;
        bool more; // something stands in front: a comma is needed
} JsonText;

// `key` is NULL in arrays and for the outermost value.
void jsontext_open(JsonText *j, const char *key, char bracket); // '{' or '['
void jsontext_close(JsonText *j, char bracket);                 // '}' or ']'
void jsontext_str(JsonText *j, const char *key, Str s);
void jsontext_str16(JsonText *j, const char *key, Str16 s);
void jsontext_z(JsonText *j, const char *key, const char *z);
void jsontext_number(JsonText *j, const char *key, uint64_t magnitude, bool negative);
void jsontext_real(JsonText *j, const char *key, double v); // null when it is not finite
void jsontext_bool(JsonText *j, const char *key, bool v);
void jsontext_null(JsonText *j, const char *key);

#endif
