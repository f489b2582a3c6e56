#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules of the house that a program can check: include directions, man pages, READMEs, words. TAP."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Which rooms a room may include: docs/ARCHITECTURE.md, section 2. A room may always include itself.
MAY = {
    "src/base": [],
    "src/crt": ["src/base"],
    "src/cim": ["src/base"],
    "src/mof": ["src/base", "src/cim"],
    "src/bmf": ["src/base", "src/cim", "src/mof"],
    "src/mofck": ["src/base", "src/cim", "src/mof", "src/bmf"],
    "src/wql": ["src/base", "src/cim"],
    "src/repository": ["src/base", "src/cim"],
    "src/wire": ["src/base", "src/cim"],
    "src/driver/nt": ["src/base", "src/crt", "src/wire"],
    "src/driver/wmilib": ["src/base", "src/crt", "src/wire", "src/driver/nt", "src/driver/wmi"],
    "src/driver/wmi": ["src/base", "src/crt", "src/wire", "src/driver/nt"],
    "src/service": ["src/base", "src/cim", "src/mof", "src/bmf", "src/wql", "src/repository", "src/wire"],
    "src/client": ["src/base", "src/cim", "src/wire"],
    "src/api": ["src/base", "src/cim", "src/client", "src/service"],
    "src/com": ["src/base", "src/crt", "src/cim", "src/client"],
    "src/providers": [],
}
EXEMPT = re.compile(r"(^|/)(test|fuzz|bench)-[^/]*$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# Words that belong to no project: the tools and places of a workplace. Built from parts so that this file passes.
WORDS = re.compile("|".join([r"/wo" + r"rk/", r"/fa" + r"rm\b", r"\bhel" + r"per session", r"\bClau" + r"de\b",
                             r"\bAnthro" + r"pic\b", r"\bAI assist" + r"ant"]))


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [f for f in out.stdout.splitlines() if os.path.isfile(os.path.join(ROOT, f))]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def room_of(path):
    best = ""
    for room in MAY:
        if path.startswith(room + "/") and len(room) > len(best):
            best = room
    return best


def includes():
    bad = []
    for name in tracked("src/*.c", "src/*.h"):
        room = room_of(name)
        if not room or EXEMPT.search(name):
            continue
        for inc in INCLUDE.findall(read(name)):
            here = os.path.normpath(os.path.join(os.path.dirname(name), inc))
            target = room_of("src/" + inc) or (room_of(here) if os.path.exists(os.path.join(ROOT, here)) else "")
            if target and target != room and target not in MAY[room]:
                bad.append(f"{name}: includes {inc}, but {room} may not include {target}")
    return bad


def tool_includes():
    """Programs use each room's own <room>/<room>.h or a header that it documents; never a room's .c file."""
    return [f"{n}: includes {i}" for n in tracked("tools/*.c", "tools/**/*.c", "src/*.c") for i in INCLUDE.findall(read(n)) if i.endswith(".c") and not EXEMPT.search(n)]


def readmes():
    rooms = sorted({os.path.dirname(n) for n in tracked("src/*.c")})
    return [f"{r}: no README.md" for r in rooms if not os.path.exists(os.path.join(ROOT, r, "README.md"))]


def spdx():
    return [n for n in tracked("*.c", "*.h", "*.def") if "SPDX-License-Identifier: MIT" not in read(n)[:400] and not n.startswith("tests/fuzz/corpus/")]


def words():
    bad = []
    for n in tracked():
        if n.startswith("tests/fuzz/corpus/"):
            continue
        for i, line in enumerate(read(n).splitlines(), 1):
            if WORDS.search(line):
                bad.append(f"{n}:{i}: {line.strip()[:80]}")
    return bad


def man_pages():
    pages = tracked("man/*.1", "man/*.8", "man/*.3")
    if not pages:
        return ["no man pages"]
    r = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages], cwd=ROOT, capture_output=True, text=True)
    return r.stdout.splitlines()


def operations():
    """Every operation has a number of its own."""
    numbers = re.findall(r"^OPERATION\((\w+), (\d+)", read("src/wire/operations.def"), re.M)
    seen, bad = {}, []
    for name, number in numbers:
        if number in seen:
            bad.append(f"{name} and {seen[number]} are both {number}")
        seen[number] = name
    return bad if numbers else ["no operations found"]


def main():
    checks = [("rooms include only what the table allows", includes), ("no source file includes another", tool_includes),
              ("each room has a README", readmes), ("each source names its licence", spdx),
              ("the project speaks of itself only", words), ("operations have numbers of their own", operations),
              ("man pages pass mandoc", man_pages)]
    print(f"1..{len(checks)}")
    failed = 0
    for i, (what, check) in enumerate(checks, 1):
        try:
            bad = check()
        except FileNotFoundError as e:
            print(f"ok {i} - {what} # SKIP {e.filename} is not installed")
            continue
        print(f"{'not ok' if bad else 'ok'} {i} - {what}")
        failed += bool(bad)
        for line in bad:
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
