#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real binary MOF: what it expands to, and what is in it, as other tools saw it (the corpus's expected.json).

FREEWMI_BMF_FACTS is the program bmf-facts (bmf-facts.c). Without the corpus nothing is tested."""
import hashlib

from kit import *

FACTS = os.environ.get("FREEWMI_BMF_FACTS", os.path.join(PREFIX, "obj", "tests", "bmf-facts"))
CORPUS = os.environ.get("FREEWMI_CORPUS", os.path.join(SOURCE, "..", "shared", "corpus"))


@test
def expected(t):
    """Size and SHA-256 of what each file expands to; objects, instances, methods, qualifiers, flavors, names."""
    path = os.path.join(CORPUS, "expected.json")
    if not os.path.exists(path):
        raise Skipped("the corpus folder is not there")
    with open(path, encoding="utf-8") as f:
        files = json.load(f)
    lines = "".join(os.path.join(CORPUS, name) + "\n" for name in files)
    p = subprocess.run([FACTS], input=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    t.equal(p.returncode, 0, p.stderr)
    got = p.stdout.splitlines()
    t.equal(len(got), len(files))
    for (name, wanted), line in zip(files.items(), got):
        words = line.split(" ")
        seen = dict(zip(("decompressed", "objects", "instances", "methods", "qualifiers", "flavors"), map(int, words)))
        seen["decompressed_sha256"] = hashlib.sha256(bytes.fromhex(words[6])).hexdigest()
        seen["names"] = words[7:]
        t.equal(seen, {k: wanted[k] for k in seen}, name)


main()
