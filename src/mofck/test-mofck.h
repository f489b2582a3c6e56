// SPDX-License-Identifier: MIT
// Texts as documents, for the tests of this room.
#ifndef MOFCK_TEST_MOFCK_H
#define MOFCK_TEST_MOFCK_H

#include "base/limits.h"
#include "base/testkit.h"
#include "mof/document.h"

// The document of a text that is right.
static inline MofDocument *document_of(const char *text)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n = 0;
        MofSource s = {.text = str_of(text), .name = "test.mof"};
        MofDocument *d = NULL;
        int r = mof_parse(&s, &d, errors, LIMIT_MOF_ERRORS, &n);
        if (r) {
                char line[1200];
                fail_msg("%s\n%s", r == E_DIAG ? diag_text(&errors[0], line, sizeof(line)) : "no memory",
                         text);
        }
        return d;
}

#define GUID_A           "15D851F1-6539-11D1-A529-00A0C9062910"
#define GUID_B           "15D851F2-6539-11D1-A529-00A0C9062910"
#define WMI_A            "WMI, guid(\"{" GUID_A "}\")"
#define WMI_B            "WMI, guid(\"" GUID_B "\")"
#define BLOCK_QUALIFIERS "WMI, Dynamic, Provider(\"WMIProv\"), guid(\"{" GUID_A "}\")"
#define REQUIRED         "[key, read] string InstanceName;\n[read] boolean Active;\n"
// A block with more qualifiers, and items: these begin on line 5.
#define BLOCK(qualifiers, items) "[" BLOCK_QUALIFIERS qualifiers "]\nclass Thing {\n" REQUIRED items "\n};\n"
#define INNER                    "[" WMI_B "] class Inner { [WmiDataId(1)] uint32 A; };\n"

#endif
