# SPDX-License-Identifier: MIT
"""embed.py OUT.c NAME=FILE...: writes C with a `const Str NAME` for the bytes of each file."""
import sys


def literal(line):
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b for b in line) + '"'


with open(sys.argv[1], "w", encoding="ascii") as out:
    out.write('#include "mof/system.h"\n')
    for item in sys.argv[2:]:
        name, file = item.split("=", 1)
        with open(file, "rb") as f:
            lines = f.read().splitlines(keepends=True)
        text = "\n".join("        " + literal(line) for line in lines) or '        ""'
        out.write("\nconst Str %s = STR(\n%s);\n" % (name, text))
