#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run the tests of a build directory and close with one line: N passed, N failed, N skipped.

usage: tests/run.py BUILD [TEST...]      BUILD/obj is meson's directory, BUILD the prefix it is installed in

Every line of TAP counts as one test; a program that printed none, died or timed out counts as one failure.
"""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET


def main():
    build = sys.argv[1]
    obj = os.path.join(build, "obj")
    logs = os.path.join(obj, "meson-logs")
    junit = os.path.join(logs, "testlog.junit.xml")
    if os.path.exists(junit):
        os.unlink(junit)
    cmd = ["meson", "test", "-C", obj, "--no-rebuild", "--print-errorlogs", "--num-processes", "2"]
    if os.environ.get("CI") != "true" and sys.stdout.isatty():
        cmd.append("--verbose") if "-v" in sys.argv else None
    cmd += [a for a in sys.argv[2:] if a != "-v"]
    r = subprocess.run(cmd, stdin=subprocess.DEVNULL)
    if not os.path.exists(junit):
        print("no test was run", file=sys.stderr)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    passed = failed = skipped = 0
    bad, why = [], {}
    for suite in ET.parse(junit).getroot().iter("testsuite"):
        cases = list(suite.iter("testcase"))
        broken = int(suite.get("errors", 0) or 0)
        here = 0
        for case in cases:
            name = f'{suite.get("name")}: {case.get("name")}'
            if case.find("failure") is not None or case.find("error") is not None:
                failed, here = failed + 1, here + 1
                bad.append(name)
            elif case.find("skipped") is not None:
                skipped += 1
                text = (case.find("skipped").get("message") or case.findtext("skipped") or "").strip()
                why.setdefault(suite.get("name"), []).append(f"{case.get('name')}{': ' + text if text else ''}")
            else:
                passed += 1
        if (broken and not here) or not cases:
            failed += 1
            bad.append(f'{suite.get("name")}: did not run to its end')
    if r.returncode != 0 and failed == 0:
        failed += 1
        bad.append(f"meson test ended with {r.returncode}")
    for name, skips in why.items():
        print(f"skipped: {name}: {'; '.join(skips) if len(skips) <= 3 else f'{len(skips)} tests, the first is {skips[0]}'}")
    for name in bad:
        print(f"FAILED: {name}")
    if bad:
        print(f"the full output is in {os.path.join(logs, 'testlog.txt')}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
