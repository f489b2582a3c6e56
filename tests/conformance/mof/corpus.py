#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real MOF texts: which are accepted, which are refused, and whether that is as it should be.

    tests/conformance/mof/corpus.py            the table
    tests/conformance/mof/corpus.py --tap      the same as a test: it fails where the outcome is another than corpus.txt says
    tests/conformance/mof/corpus.py WORD       only files whose names hold it

The texts are read in place from the corpus folder beside the source tree, or FREEWMI_CORPUS; corpus.txt has names and verdicts.
Each text is tried in up to three ways: `text` (wmi mof compile --check-syntax), `binary` (-B) and `store` (--repository, into a
new one).
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("FREEWMI_SOURCE", os.path.dirname(os.path.dirname(os.path.dirname(HERE))))
PREFIX = os.environ.get("FREEWMI_PREFIX", os.path.join(SOURCE, "build"))
CORPUS = os.environ.get("FREEWMI_CORPUS", os.path.join(SOURCE, "../shared/corpus"))
WMI = os.path.join(PREFIX, "bin/wmi")
SCHEMA = "mof/cim-schema-2.49.0/cim_schema_2.49.0.mof"
STAGES = ("text", "binary", "store")


def read_expected():
    """[(file, options, {stage: verdict}, why)] from corpus.txt."""
    prefixes, rows = {}, []
    with open(os.path.join(HERE, "corpus.txt"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            fields = [x.strip() for x in line.split("|")]
            if len(fields) == 2:
                prefixes[fields[0]] = fields[1]
                continue
            if len(fields) != 6:
                raise SystemExit(f"corpus.txt:{number}: six fields, or two for a prefix")
            prefix, _, rest = fields[0].partition(":")
            rows.append((prefixes[prefix] + rest, fields[1].split(), dict(zip(STAGES, fields[2:5])), fields[5]))
    return rows


class Runner:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="freewmi-corpus-")
        self.prepared = {}
        self.include = os.path.join(self.dir, "include")
        os.mkdir(self.include)
        # What texts include and is not beside them: the schema of the DMTF in the version that is there.
        schema = os.path.join(os.path.realpath(CORPUS), SCHEMA)
        with open(os.path.join(self.include, "cim_schema_2.26.0.mof"), "w") as f:
            f.write(f'#pragma include ("{schema}")\n')
        for name in ("qualifiers.mof", "QuaLIFIErs.mof"):
            os.symlink(os.path.join(os.path.dirname(schema), "qualifiers.mof"), os.path.join(self.include, name))

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def options(self, words):
        out = []
        for w in words:
            if w == "dmtf":
                out.append("--dialect=dmtf")
            elif w == "cpp":
                out += ["--cpp", "-I", os.path.join(HERE, "wdk")]
            elif w == "include":
                out += ["-I", self.include]
            elif w.startswith("-"):
                out.append(w)
            elif not w.startswith(("after=", "in=")):
                raise SystemExit(f"corpus.txt: what is {w}?")
        return out

    def wmi(self, *args):
        """(exit code, [numbers of errors], [what was said])"""
        p = subprocess.run([WMI, "mof", "compile", "--json", *args], capture_output=True, text=True, errors="replace", timeout=600,
                           env={**os.environ, "NO_COLOR": "1"})
        errors = []
        for line in p.stdout.splitlines():
            try:
                o = json.loads(line)
            except ValueError:
                continue
            if isinstance(o, dict) and o.get("level") == "error":
                errors.append(o)
        said = [f"{os.path.basename(e.get('file', ''))}:{e.get('line', '?')}: {e.get('message')}" for e in errors]
        return p.returncode, [e.get("code", "0x00000000")[2:] for e in errors], said or p.stderr.strip().splitlines()

    def repository(self, words):
        """A new repository, with what has to be in it before."""
        before = [w[6:] for w in words if w.startswith("after=")]
        place = [x for w in words if w.startswith("in=") for x in ("-n", w[3:])]
        key = (*before, *place)
        path = os.path.join(self.dir, "try.db")
        for suffix in ("", "-wal", "-shm", "-lock"):
            if os.path.exists(path + suffix):
                os.unlink(path + suffix)
        if not before:
            return path
        if key not in self.prepared:
            made = os.path.join(self.dir, f"before-{len(self.prepared)}.db")
            for name in before:
                file = os.path.join(CORPUS, SCHEMA if name == "schema" else name)
                code, _, said = self.wmi(file, "--repository", made, "-I", self.include, *place)
                if code:
                    raise SystemExit(f"{name} does not compile: {said[:3]}")
            self.prepared[key] = made
        shutil.copy(self.prepared[key], path)
        return path

    def run(self, file, words, stage):
        """("accept", "") or ("refuse CODE", what was said), or ("failed", ...)."""
        path = os.path.join(os.path.realpath(CORPUS), file)
        if stage == "text":
            where = ["--check-syntax"]
        elif stage == "binary":
            where = ["-B", os.path.join(self.dir, "out.bmf")]
        else:
            where = ["--repository", self.repository(words)]
            where += [x for w in words if w.startswith("in=") for x in ("-n", w[3:])]
        code, numbers, said = self.wmi(path, *where, *self.options(words))
        if code == 0:
            return "accept", ""
        return (f"refuse {numbers[0]}" if code == 3 and numbers else f"failed {code}"), "; ".join(said[:2])


def rows(only):
    runner = Runner()
    try:
        for file, words, expected, why in read_expected():
            if only and only.lower() not in file.lower():
                continue
            for stage in STAGES:
                if expected[stage] != "-":
                    got, said = runner.run(file, words, stage)
                    yield file, words, stage, expected[stage], got, said, why
    finally:
        runner.close()


def short(file):
    return re.sub(r"^(mof/)?([^/]+)/.*?([^/]+/[^/]+)$", r"\2/.../\3", file) if file.count("/") > 3 else file


def unlisted():
    """Texts of these folders that corpus.txt does not know."""
    listed = {os.path.normpath(r[0]) for r in read_expected()}
    out = []
    for folder in ("windows-driver-samples", "windows-classic-samples", "pegasus-compiler-tests", "pywbem-tests", "omi-tests"):
        for base, _, files in os.walk(os.path.join(CORPUS, "mof", folder)):
            out += [os.path.relpath(os.path.join(base, f), CORPUS) for f in files if f.lower().endswith(".mof")]
    return sorted(f for f in out if f not in listed)


def matches(expected, got):
    """"refuse" matches any number."""
    return got == expected or (expected == "refuse" and got.startswith("refuse "))


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("-")]
    tap = "--tap" in sys.argv
    if not os.path.isdir(CORPUS):
        print("1..0 # SKIP the corpus folder is not there" if tap else f"{CORPUS} is not there")
        return 0
    count = wrong = 0
    seen = {"accept": 0, "refuse": 0}
    for file, words, stage, expected, got, said, why in rows(args[0] if args else ""):
        count += 1
        fine = matches(expected, got)
        wrong += not fine
        seen[got.split()[0]] = seen.get(got.split()[0], 0) + 1
        line = f"{short(file):58} {' '.join(words):12.12} {stage:6} {expected:15} {got:15} {why if fine else said}"
        if tap:
            print(f"{'ok' if fine else 'not ok'} {count} - {line.replace('#', ' ')}")
        else:
            print(f"{'  ' if fine else '! '}{line}")
        sys.stdout.flush()
    missing = [] if args else unlisted()
    for f in missing:
        print(f"# corpus.txt does not list {f}")
    count += 1
    if tap:
        print(f"{'not ok' if missing else 'ok'} {count} - every text is listed\n1..{count}")
    print(f"# {count - 1} outcomes: {', '.join(f'{n} {k}' for k, n in seen.items())}; {wrong} other than expected")
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
