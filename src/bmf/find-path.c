// SPDX-License-Identifier: MIT
// Paths of ACPI objects: "\_SB.PCI0" and "^WMID" make "\_SB.WMID".
#include <stdio.h>

#include "bmf/find-impl.h"

// Without the last segment. False: it is the root.
static bool path_up(AcpiPath *path)
{
        if (path->n <= 1)
                return false;
        while (path->n > 1 && path->text[path->n - 1] != '.')
                path->n--;
        if (path->n > 1)
                path->n--; // the dot
        path->text[path->n] = '\0';
        return true;
}

static bool segment_is(Str s)
{
        if (!s.n || s.n > 4)
                return false;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
                      (i && c >= '0' && c <= '9')))
                        return false;
        }
        return true;
}

static bool path_add(AcpiPath *path, Str segment)
{
        while (segment.n > 1 && segment.p[segment.n - 1] == '_')
                segment.n--;
        bool dot = path->n > 1;
        if (path->n + dot + segment.n > LIMIT_ACPI_PATH)
                return false;
        if (dot)
                path->text[path->n++] = '.';
        memcpy(path->text + path->n, segment.p, segment.n);
        path->n += segment.n;
        path->text[path->n] = '\0';
        return true;
}

static void leaf_set(char leaf[5], Str segment)
{
        memset(leaf, '_', 4);
        leaf[4] = '\0';
        for (size_t i = 0; i < segment.n; i++) // ASL takes either case
                leaf[i] = segment.p[i] >= 'a' && segment.p[i] <= 'z' ? (char)(segment.p[i] - 'a' + 'A')
                                                                     : segment.p[i];
}

bool acpi_path_go(AcpiPath *path, Str name, char leaf[5])
{
        AcpiPath to = *path;
        bool prefixed = name.n && (*name.p == '\\' || *name.p == '^');
        if (name.n && *name.p == '\\') {
                to = (AcpiPath){"\\", 1};
                name = (Str){name.p + 1, name.n - 1};
        }
        for (; name.n && *name.p == '^'; name = (Str){name.p + 1, name.n - 1})
                if (!path_up(&to))
                        return false;
        if (!name.n && (leaf || !prefixed))
                return false;
        while (name.n) {
                const char *dot = memchr(name.p, '.', name.n);
                Str segment = {name.p, dot ? (size_t)(dot - name.p) : name.n};
                size_t used = segment.n + (dot ? 1 : 0);
                name = (Str){name.p + used, name.n - used};
                if (!segment_is(segment) || (dot && !name.n))
                        return false;
                if (leaf && !name.n)
                        leaf_set(leaf, segment);
                else if (!path_add(&to, segment))
                        return false;
        }
        *path = to;
        return true;
}
