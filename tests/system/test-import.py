#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Imports of MOF: recognised again, all or nothing also when the service is killed, and how far they are."""
import os
import pty
import select
import signal
import subprocess

import cli
import kit
import wire
from cli import check, equal, test, until

TEXT = r'''
#pragma namespace("\\\\.\\root")
instance of __Namespace { Name = "shop"; };
#pragma namespace("\\\\.\\root\\shop")
class Thing { [key] string Name; uint32 Size; };
class Order { [key] uint32 Number; Thing ref What; };
instance of Order { Number = 1; What = $T; };
instance of Thing as $T { Name = "t"; Size = 5; };
'''


def many(t, n, name="many.mof"):
    """A text of so many classes."""
    t.write(name, "".join(f"class Many{i} {{ [key] string Name; uint32 Size; string Text; boolean On; }};\n" for i in range(n)))
    return t.path(name)


def compile_lines(t, *argv):
    out, _ = t.run(["wmi", "mof", "compile", *argv])
    return [line.split("\t") for line in out]


def classes(t):
    out, _ = t.run(["wmi", "ls", "root/wmi"])
    return sum("Many" in line for line in out)


@test
def what_was_imported_is_recognised(t):
    p = t.wmid()
    t.write("shop.mof", TEXT)
    first = compile_lines(t, t.path("shop.mof"))
    equal([line[3] for line in first], ["created"] * 5)
    again = compile_lines(t, t.path("shop.mof"))
    equal([line[:3] for line in again], [line[:3] for line in first])
    equal([line[3] for line in again], ["unchanged"] * 5)
    p.says("shop.mof, unchanged")
    # Under another name it is the same.
    t.write("copy.mof", TEXT)
    compile_lines(t, t.path("copy.mof"))
    p.says("copy.mof, unchanged")
    # After a restart too.
    p.signal(signal.SIGTERM)
    p.ends(0)
    p = t.wmid()
    compile_lines(t, t.path("shop.mof"))
    p.says("shop.mof, unchanged")
    # What is changed is imported again.
    t.run(["wmi", "put", "-n", "root/shop", 'Thing.Name="t"', "Size=6"])
    done = {line[1]: line[3] for line in compile_lines(t, t.path("shop.mof"))}
    equal(done['Thing.Name="t"'], "updated")
    equal(done["Order"], "unchanged")


@test
def flags_of_the_command_line(t):
    t.wmid()
    t.write("a.mof", "class A { [key] uint8 K; };\ninstance of A { K = 1; };\n")
    t.run(["wmi", "mof", "compile", "--class", "updateonly", t.path("a.mof")], 3)
    t.run(["wmi", "mof", "compile", "--class", "createonly", t.path("a.mof")])
    _, err = t.run(["wmi", "mof", "compile", "--class", "createonly", t.path("a.mof")], 3)
    check("a.mof:1:7:" in err and "ALREADY_EXISTS" in err, err)
    _, err = t.run(["wmi", "mof", "compile", "--instance", "createonly", t.path("a.mof")], 3)
    check("a.mof:2:13:" in err and "ALREADY_EXISTS" in err, err)
    t.run(["wmi", "mof", "compile", "--instance", "updateonly", t.path("a.mof")])


def begin_import(t, file):
    """A connection on which an import is under way."""
    c = wire.Connection.to(t.env["FREEWMI_SOCKET"])
    c.send("HELLO", version=1, role=1, program="test", name="", device="", path="", pid=os.getpid())
    equal(c.receive()[2], 0)
    with open(file, "rb") as f:
        c.send("IMPORT_MOF", file="many.mof", namespace="root\\wmi", text=f.read(), class_flags=0, instance_flags=0, dialect=0,
               progress_ms=50)
    return c


def until_progress(c, share):
    """Until the import has come so far; False: it is done."""
    while True:
        name, fields, _ = c.receive()
        if name != "PROGRESS":
            return False
        check(fields["done"] <= fields["all"], fields)
        if fields["done"] >= share * fields["all"]:
            return True


@test
def a_killed_service_has_all_or_nothing(t):
    n = 20000
    file = many(t, n)
    store = t.path("killed.db")
    seen = set()
    for share in (0.05, 0.35, 0.7, 0.99, None, "wal"):
        for leftover in (store, store + "-wal", store + "-shm"):
            if os.path.exists(leftover):
                os.remove(leftover)
        p = t.wmid("--repository", store)
        c = begin_import(t, file)
        if share == "wal":  # the commit writes
            until(lambda: os.path.getsize(store + "-wal") > 1 << 20, "the journal grows")
        elif share is not None:
            until_progress(c, share)
        else:
            while c.receive()[0] == "PROGRESS":
                pass
        p.signal(signal.SIGKILL)
        p.wait()
        p = t.wmid("--repository", store)
        found = classes(t)
        check(found in (0, n), share, found)
        check(share is not None or found == n, "an import that was answered is there")
        seen.add(found)
        p.signal(signal.SIGTERM)
        p.ends(0)
        t.run(["wmi", "repository", "check", "--repository", store])
    equal(seen, {0, n})


def on_a_terminal(t, argv):
    """What it prints on standard error there, while standard output is a pipe."""
    main, side = pty.openpty()
    try:
        p = subprocess.Popen([os.path.join(t.bin, argv[0]), *argv[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=side,
                             env=t.env, cwd=t.dir)
        os.close(side)
        text = b""
        while True:
            check(select.select([main], [], [], kit.PATIENCE)[0], argv, "says nothing")
            try:
                more = os.read(main, 65536)
            except OSError:  # the other end has gone
                break
            if not more:
                break
            text += more
        equal(p.wait(kit.PATIENCE), 0)
        return text.decode()
    finally:
        os.close(main)


@test
def a_bar_shows_how_far_it_is(t):
    t.wmid()
    for n in 20000, 100000:  # the second when the first took less than a second; a service has 131,072 classes
        file = many(t, n, f"bar{n}.mof")
        said = on_a_terminal(t, ["wmi", "mof", "compile", "-n", f"root/bar{n}", file])
        if "%" in said:
            break
    shares = [int(part.split("%")[0].split()[-1]) for part in said.split("\r") if "%" in part]
    check(len(shares) >= 1 and shares == sorted(shares), said)
    check(f"importing bar{n}.mof [" in said or "importing " in said and "[" in said, said)
    check(said.endswith("\r\x1b[K") or "\r\x1b[K" in said, repr(said[-200:]))
    # Recognised, it takes no time, and nothing is said.
    equal(on_a_terminal(t, ["wmi", "mof", "compile", "-n", f"root/bar{n}", file]), "")
    # Nothing on a pipe, however long it takes.
    with open(file, "a") as f:
        f.write("// another text\n")
    _, err = t.run(["wmi", "mof", "compile", "-n", f"root/bar{n}", file])
    check("%" not in err and "\r" not in err, err)


cli.main()
