#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A library shows exactly the symbols of a committed list. TAP.

usage: exports.py LIBRARY LIST      compare
       exports.py --write LIBRARY LIST
"""
import subprocess
import sys


def exported(library):
    r = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    return sorted({line.split()[-1].split("@")[0] for line in r.stdout.splitlines()})


def main():
    arguments = [a for a in sys.argv[1:] if a != "--write"]
    library, path = arguments
    have = exported(library)
    if "--write" in sys.argv:
        with open(path, "w", encoding="ascii") as f:
            f.write("\n".join(have) + "\n")
        return 0
    with open(path, encoding="ascii") as f:
        listed = f.read().split()
    more, less = sorted(set(have) - set(listed)), sorted(set(listed) - set(have))
    print("1..1")
    print(f"{'not ok' if more or less or not have else 'ok'} 1 - {len(have)} symbols are those of {path.rsplit('/', 1)[-1]}")
    for name in more:
        print(f"# not in the list: {name}")
    for name in less:
        print(f"# missing: {name}")
    return 1 if more or less or not have else 0


sys.exit(main())
