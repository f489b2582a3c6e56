#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The README's recipes, run as they stand, one after the other in a copy of the tree they name."""
import re
import shutil

from kit import *


def recipes():
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
        return re.findall(r"^```sh\n(.*?)\n```$", f.read(), re.M | re.S)


@test
def the_recipes_run(t):
    lines = recipes()
    t.equal(len(lines), 13, "recipes in the README")
    shutil.copytree(os.path.join(SOURCE, "examples"), os.path.join(t.dir, "examples"))
    os.symlink(PREFIX, os.path.join(t.dir, "build"))
    env = {**t.env, "PATH": os.path.join(PREFIX, "bin") + ":" + os.environ["PATH"]}
    for line in lines:
        if SANITIZED:  # a program that is not sanitized cannot load libraries that are
            line = line.replace("cc -o c-embed", "cc -fsanitize=address,undefined -o c-embed")
        t.true("\n" not in line, f"more than one line: {line}")
        p = t.start("/bin/sh", "-ec", line, env=env, cwd=t.dir)
        status = p.wait()
        t.equal(status, 0, f"{line}: {p.err[-5:]}")
        t.note(f"{line[:60]}...: {len(p.out)} lines")


main()
