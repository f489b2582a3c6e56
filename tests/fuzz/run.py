#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run libFuzzer programs of a build directory made with -Dfuzz=true.

usage: tests/fuzz/run.py BUILD [TARGET [SECONDS]]      without TARGET: all of them; 60 seconds each

New inputs stay in BUILD/corpus/TARGET; an input that breaks the target is written to tests/fuzz/corpus/TARGET, where
the ordinary test run finds it from then on.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))

import wire  # noqa: E402: found by the path above


# Values that lead somewhere, by the name of the field; others are empty.
FIELDS = {
    "namespace": "root\\wmi", "path": "Alpha", "name": "Alpha", "superclass": "__Event", "language": "WQL", "method": "Go",
    "query": "SELECT * FROM Alpha WHERE Number > 1", "text": b"class Beta : Alpha { };", "version": 1, "role": 1,
    "enumeration": 1, "subscription": 1, "sink": 2, "most": 1,
}
EMPTY = {"u32": 0, "u64": 0, "guid": "0" * 32, "str": "", "bytes": b""}


def frames():
    """A frame of each operation of the table."""
    for name, (_, kinds, _) in wire.TABLE.items():
        kinds = [(kind, field) for kind, field in kinds if kind != "none"]
        yield name, wire.frame(name, 1, **{field: FIELDS.get(field, EMPTY[kind]) for kind, field in kinds})


def generated(build, target):
    """For those who read frames: the table of operations as dictionary and as seeds."""
    if target not in ("wire", "service", "client"):
        return []
    seeds = os.path.join(build, "corpus", target + "-table")
    os.makedirs(seeds, exist_ok=True)
    path = os.path.join(build, "corpus", target + ".dict")
    with open(path, "w", encoding="ascii") as out:
        for name, frame in frames():
            out.write("%s=\"%s\"\n" % (name, "".join("\\x%02x" % b for b in frame)))
            for role in (b"\1", b"\2") if target == "service" else (b"",):
                with open(os.path.join(seeds, "%s-%s" % (name, role.hex())), "wb") as seed:
                    seed.write(role + frame)
    return ["-dict=" + path], [seeds]


def dictionary(target):
    for where, _, files in os.walk(os.path.join(SOURCE, "src")):
        if f"fuzz-{target}.dict" in files:
            return ["-dict=" + os.path.join(where, f"fuzz-{target}.dict")]
    return []


def run(build, target, seconds):
    program = os.path.join(build, "obj", "tests", "fuzz", "fuzz-" + target)
    if not os.path.exists(program):
        sys.exit(f"{program} is not there: is {target} a target of tests/fuzz/meson.build?")
    fresh = os.path.join(build, "corpus", target)
    kept = os.path.join(HERE, "corpus", target)
    os.makedirs(fresh, exist_ok=True)
    os.makedirs(kept, exist_ok=True)
    table = generated(build, target)
    cmd = [program, f"-max_total_time={seconds}", "-timeout=10", "-print_final_stats=1",
           f"-artifact_prefix={kept}/", *(table[0] if table else dictionary(target)), fresh, kept, *(table[1] if table else [])]
    return subprocess.run(cmd).returncode


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = sys.argv[1]
    targets = sys.argv[2:3] or sorted(os.listdir(os.path.join(HERE, "corpus")))
    seconds = sys.argv[3] if len(sys.argv) > 3 else "60"
    failed = [t for t in targets if run(build, t, seconds) != 0]
    for t in failed:
        print(f"{t}: broken; the input is in tests/fuzz/corpus/{t}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
