# SPDX-License-Identifier: MIT
"""embed.py OUT.c NAME=FILE... NAMES:FILE...: writes C with a `const Str NAME` for the bytes of each file; for NAMES:FILE with
`const Str NAMES_names[]` and `size_t NAMES_count`, the classes that the MOF text declares."""
import re
import sys


def literal(line):
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b for b in line) + '"'


with open(sys.argv[1], "w", encoding="ascii") as out:
    out.write('#include "mof/system.h"\n')
    out.write('#include "mof/standard.h"\n')
    for item in sys.argv[2:]:
        if ":" in item.split("=")[0]:
            prefix, file = item.split(":", 1)
            with open(file, encoding="utf-8") as f:
                found = re.findall(r"^(?:\[.*\] *)?class +(\w+)", f.read(), re.M)
            out.write("\nconst Str %s_names[] = {\n%s};\nconst size_t %s_count = %d;\n"
                      % (prefix, "".join('        STR("%s"),\n' % n for n in found), prefix, len(found)))
            continue
        name, file = item.split("=", 1)
        with open(file, "rb") as f:
            lines = f.read().splitlines(keepends=True)
        text = "\n".join("        " + literal(line) for line in lines) or '        ""'
        out.write("\nconst Str %s = STR(\n%s);\n" % (name, text))
