#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Objects that are compiled with a 16-bit wchar_t must not call libc's wide functions. TAP.

usage: wide-symbols.py BUILD-DIRECTORY
"""
import os
import re
import subprocess
import sys
import tempfile

WIDE = re.compile(r"^(__isoc99_)?(wcs\w*|wmem\w*|wcp\w*|wcrtomb|mbrtowc|mbs\w*towcs|mbstowcs|mbsrtowcs|mbtowc|wctomb|wcrtomb|btowc"
                  r"|v?[fs]?wprintf|v?[fs]?wscanf|f?putw[cs]|putwchar|f?getw[cs]|getwchar|ungetwc)$")
CHECKED = re.compile(r"^__(\w+?)_chk$")


def undefined(path):
    r = subprocess.run(["nm", "-u", path], capture_output=True, text=True)
    for line in r.stdout.splitlines():
        words = line.split()
        if len(words) >= 2 and words[-2] in "Uwv":
            yield words[-1].split("@")[0]


def is_wide(symbol):
    m = CHECKED.match(symbol)
    return bool(WIDE.match(m.group(1) if m else symbol))


def objects(build):
    """Objects of the rooms that see Windows headers, and the drivers and programs that wmi-cc made here."""
    for room in ("src/crt", "src/driver", "src/com", "src/providers", "tests/abi", "examples"):
        for where, _, names in os.walk(os.path.join(build, room)):
            for name in names:
                if re.search(r"\.(o|a|so)$", name):
                    yield os.path.join(where, name)


def main():
    build = sys.argv[1]
    print("1..2")
    found = list(objects(build))
    bad = [f"{os.path.relpath(o, build)}: {s}" for o in found for s in sorted(set(undefined(o))) if is_wide(s)]
    print(("not ok" if bad or not found else "ok") + f" 1 - {len(found)} objects call no wide function of libc")
    for line in bad:
        print("#", line)
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, "x.c"), "w", encoding="ascii") as f:
            f.write("#include <wchar.h>\nint f(const wchar_t *p) { return wprintf(p) + (int)wcslen(p); }\n")
        subprocess.run(["cc", "-fshort-wchar", "-c", os.path.join(d, "x.c"), "-o", os.path.join(d, "x.o")], check=True)
        seen = {s for s in undefined(os.path.join(d, "x.o")) if is_wide(s)}
    print(("ok" if seen == {"wprintf", "wcslen"} else "not ok") + " 2 - such calls would be seen")
    sys.exit(bool(bad))


main()
