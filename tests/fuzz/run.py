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
    cmd = [program, f"-max_total_time={seconds}", "-timeout=10", "-print_final_stats=1",
           f"-artifact_prefix={kept}/", *dictionary(target), fresh, kept]
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
