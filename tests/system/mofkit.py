# SPDX-License-Identifier: MIT
"""What the tests of `wmi mof` and mofcomp share: kit.py, files in the test's directory, the corpus, SARIF's structure."""
import re

import kit
from kit import *  # pylint: disable=wildcard-import,unused-wildcard-import

CORPUS = os.environ.get("FREEWMI_CORPUS", os.path.join(SOURCE, "..", "shared", "corpus"))


def pairs():
    """(text, binary) that Windows' mofcomp made of it, of the corpus; [] where it is not there."""
    found = []
    for folder, _, names in os.walk(os.path.join(CORPUS, "pairs")):
        for name in names:
            mof, bmf = os.path.join(folder, name), os.path.join(folder, name[:-4] + ".bmf")
            if name.endswith(".mof") and os.path.exists(bmf):
                found.append((mof, bmf))
    return sorted(found)


def example(name):
    return os.path.join(SOURCE, "examples", name)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def read_text(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def rows(process):
    return [line.split("\t") for line in process.out]


class MofTest(kit.Test):
    """Programs run in the test's directory, so that files are named as there."""

    def __init__(self, name):
        super().__init__(name)
        self.env.update(LC_ALL="C.UTF-8", TERM="dumb")
        self.env.pop("FREEWMI_CPP", None)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        return self.write_bytes(name, text.encode())

    def write_bytes(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def mof(self, *arguments, **more):
        return self.run("wmi", "mof", *arguments, **more)

    def ok(self, *arguments):
        p = self.mof(*arguments)
        self.equal(p.err, [], f"what wmi mof {' '.join(map(str, arguments))} complains about")
        return p

    def refused(self, status, arguments, *says):
        """It ends so, says each of these, and lists nothing."""
        p = self.mof(*arguments, status=status)
        text = "\n".join(p.err)
        for words in says:
            self.true(words in text, f"{words!r} is not in {text!r}")
        return p

    def json_lines(self, *arguments):
        return self.ok(*arguments).json()


LEVELS = ("none", "note", "warning", "error")


def sarif(t, log):
    """The log has what SARIF 2.1.0's schema requires, and each kind of thing where it may be."""
    def keys(o, required, optional=()):
        t.true(isinstance(o, dict), f"{o!r} is no object")
        t.true(set(required) <= set(o), f"{required} in {o}")
        t.true(set(o) <= {*required, *optional}, f"unknown members in {o}")

    def text(o):
        keys(o, ("text",))
        t.true(isinstance(o["text"], str) and o["text"], f"{o} has a text")

    def number(o, name, least):
        t.true(isinstance(o[name], int) and o[name] >= least, f"{name} in {o}")

    keys(log, ("$schema", "version", "runs"))
    t.equal(log["version"], "2.1.0")
    t.true(isinstance(log["runs"], list) and len(log["runs"]) == 1, "one run")
    run = log["runs"][0]
    keys(run, ("tool", "results", "columnKind"))
    t.equal(run["columnKind"], "unicodeCodePoints")
    keys(run["tool"], ("driver",))
    driver = run["tool"]["driver"]
    keys(driver, ("name", "version", "rules"))
    for rule in driver["rules"]:
        keys(rule, ("id", "shortDescription"))
        text(rule["shortDescription"])
    ids = [rule["id"] for rule in driver["rules"]]
    t.equal(len(set(ids)), len(ids), "rules are different")
    for result in run["results"]:
        keys(result, ("ruleId", "ruleIndex", "level", "message"), ("locations",))
        t.equal(ids[result["ruleIndex"]], result["ruleId"])
        t.true(result["level"] in LEVELS, result["level"])
        text(result["message"])
        for location in result.get("locations", []):
            keys(location, ("physicalLocation",))
            place = location["physicalLocation"]
            keys(place, ("artifactLocation",), ("region",))
            keys(place["artifactLocation"], ("uri",))
            t.true(re.fullmatch(r"([A-Za-z0-9._~/:-]|%[0-9A-F]{2})+", place["artifactLocation"]["uri"]), f"{place}")
            region = place.get("region")
            if region and "startLine" in region:
                keys(region, ("startLine",), ("startColumn", "endColumn", "snippet"))
                number(region, "startLine", 1)
                if "endColumn" in region:
                    number(region, "endColumn", region["startColumn"])
                if "snippet" in region:
                    text(region["snippet"])
            elif region:
                keys(region, ("byteOffset", "byteLength"))
                number(region, "byteOffset", 0)
                number(region, "byteLength", 0)


def main():
    kit.main(MofTest)
