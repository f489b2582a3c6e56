#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The verbs that work on classes and instances: query, get, put, delete, fire, ls, show, mof, subscriptions, repository."""
import json
import os
import pty
import re
import select
import signal
import subprocess

import cli
import fakeservice
import kit
from cli import check, equal, test, until

MOF = r'''
class Inner { string Label; sint32 Number = 7; };
class Thing {
  [key] string Name;
  uint32 Size = 5;
  sint8 Tiny; sint64 Low; uint64 High; real32 R32; real64 R64; boolean On; char16 Letter;
  string Label; datetime Since; Thing ref Next;
  uint8 Bytes[]; string Labels[];
  Inner Part; object Any; Inner Parts[];
};
class Special : Thing { string More; };
class Pair { [key] string A; [key] uint8 B; string Value; };
[singleton] class Settings { uint32 Level; };
class Keyless { string Text; };
[abstract] class Shape { [key] string Name; };
class Said : __ExtrinsicEvent { string Who; uint32 Loud = 1; string Words[]; };
'''


def store(t, *options):
    """A service that knows the classes above."""
    p = t.wmid(*options)
    t.write("store.mof", MOF)
    t.run(["wmi", "mof", "compile", t.path("store.mof")])
    return p


def put(t, *arguments, **more):
    return t.run(["wmi", "put", *arguments], **more)


def get(t, path, *options):
    out = t.json(["wmi", "get", path, *options])
    equal(len(out), 1)
    return out[0]


def values(t, path, *names):
    properties = get(t, path)["properties"]
    return properties[names[0]] if len(names) == 1 else [properties[n] for n in names]


def refused(t, code, argv, *says):
    """It ends with this exit code, says this on standard error and nothing on standard output."""
    out, err = t.run(["wmi", *argv], code)
    equal(out, [])
    for s in says:
        check(s in err, f"{argv}: {s!r} is not in {err!r}")
    return err


def restart(t, p):
    p.signal(signal.SIGTERM)
    p.ends(0)
    return t.wmid()


# --- mof, show, ls -------------------------------------------------------------------------------------

@test
def mof_compile_lists_and_refuses(t):
    t.wmid()
    t.write("store.mof", MOF)
    out, _ = t.run(["wmi", "mof", "compile", t.path("store.mof")])
    check("root\\default\tThing\tclass\tcreated" in out and "root\\default\tSaid\tevent\tcreated" in out, out)
    check({"namespace": "root\\default", "class": "Pair", "event": False, "done": "unchanged", "kind": "class"} in t.json(["wmi", "mof", "compile", t.path("store.mof")]))
    t.write("bad.mof", "class A {\n  uint32 X\n};\n")
    err = refused(t, 3, ["mof", "compile", t.path("bad.mof")], "bad.mof:3:1:", "0x8004")
    check("^" in err, err)
    refused(t, 1, ["get", "A"], "no class A")
    refused(t, 1, ["mof", "compile", t.path("none.mof")], "none.mof: error: No such file")
    refused(t, 2, ["mof", "compile"], "usage: wmi mof compile FILE...")
    refused(t, 2, ["mof", "compil", "x"], "did you mean 'wmi mof compile'?")
    with open(t.path("store.mof"), "rb") as f:
        t.run(["wmi", "mof", "compile", "-", "--namespace", "root/cimv2"], stdin=f)
    equal(t.json(["wmi", "get", "Thing", "-n", "root/cimv2"])[0]["namespace"].lower(), "root\\cimv2")
    # Several files: those in front of a bad one are in.
    t.write("fine.mof", "class Fine { [key] string A; };")
    out, _ = t.run(["wmi", "mof", "compile", t.path("fine.mof"), t.path("bad.mof")], 3)
    equal(out, ["root\\default\tFine\tclass\tcreated"])


@test
def show_and_ls_on_the_store(t):
    store(t)
    put(t, 'Thing.Name="a"', "Size=3", "Labels={x, y}")
    put(t, 'Special.Name="s"')
    out, _ = t.run(["wmi", "show", "Thing"])
    check("// in root\\default" in out and "class Thing" in out, out)
    out, _ = t.run(["wmi", "show", 'Thing.Name="a"'])
    equal(out[0], '// \\\\.\\root\\default:Thing.Name="a"')
    check(any("instance of Thing" in line for line in out) and any("Size = 3;" in line for line in out), out)
    out, _ = t.run(["wmi", "show", "\\\\.\\root\\default:pair"])
    check("class Pair" in out, out)
    out, _ = t.run(["wmi", "show", "WMIEvent"])  # not in root\default
    check("// an event class; in root\\wmi" in out, out)
    refused(t, 1, ["show", "WMIEvent", "-n", "root/default"], "it is in root\\wmi")
    refused(t, 1, ["show", "Thng"], "did you mean Thing?")
    refused(t, 1, ["show", 'Thing.Name="b"'], "WBEM_E_NOT_FOUND", "0x80041002", 'GetObject root\\default:Thing.Name="b"')
    out, _ = t.run(["wmi", "ls", "Thing"])
    equal(out, ["root\\default\tThing\tclass\t"])
    out, _ = t.run(["wmi", "ls", "-i", "Thing"])
    equal(out, ['root\\default\tThing.Name="a"\tThing'])
    rows = t.json(["wmi", "ls", "--instances", "root/default"])
    equal(sorted(r["path"] for r in rows), ['Special.Name="s"', 'Thing.Name="a"'])
    equal(rows[0].keys(), {"namespace", "path", "class"})
    equal(t.run(["wmi", "ls", "-i", "Pair"])[0], [])
    for argument in ("root\\default:Thing", "root/default:Th*", "root/default/Thing"):  # as paths have it, too
        check(any(line.startswith("root\\default\tThing\t") for line in t.run(["wmi", "ls", argument])[0]), argument)
    refused(t, 1, ["ls", "-i", "Pairr"], "did you mean Pair?")


# --- put and get ---------------------------------------------------------------------------------------

@test
def put_creates_and_changes(t):
    store(t)
    out, err = put(t, 'Thing.Name="a"', "Size=3")
    equal((out, err), (['created\t\\\\.\\root\\default:Thing.Name="a"'], ""))
    equal(values(t, 'Thing.Name="a"', "Name", "Size", "Label"), ["a", 3, None])
    out, _ = put(t, 'thing.name="A"', "label=x")  # names and string keys know no case
    check(out[0].startswith("changed\t"), out)
    equal(values(t, 'Thing.Name="a"', "Size", "Label"), [3, "x"])
    put(t, "Thing", "Name=b", "Size=0x10")  # keys as properties
    equal(values(t, 'Thing="b"', "Size"), 16)
    put(t, "Thing", "Name=b", "Label=again")
    equal(values(t, 'Thing="b"', "Size", "Label"), [16, "again"])
    put(t, 'Thing.Name="c"')
    equal(values(t, 'Thing="c"', "Size"), 5)  # the default of the class
    put(t, 'Pair.B=7,A="x"', "Value=v")
    equal(values(t, 'Pair.A="x",B=7', "Value"), "v")
    put(t, "Settings=@", "Level=2")
    put(t, "Settings", "Level=3")
    equal(values(t, "Settings=@", "Level"), 3)
    put(t, '\\\\.\\root\\default:Thing.Name="d"', "-n", "root\\cimv2", "Size=1")  # the path's namespace beats the option
    equal(values(t, 'Thing="d"', "Size"), 1)
    equal(len(t.json(["wmi", "query", "SELECT * FROM Thing"])), 4)
    o = t.json(["wmi", "put", 'Thing.Name="e"', "Size=9"])[0]
    equal((o["class"], o["namespace"], o["path"], o["properties"]["Size"]),
          ("Thing", "root\\default", '\\\\.\\root\\default:Thing.Name="e"', 9))
    check("time" not in o and "instance" not in o, o)


@test
def put_insists(t):
    store(t)
    refused(t, 1, ["put", 'Thing.Name="a"', "Size=1", "--update"], "WBEM_E_NOT_FOUND", "0x80041002")
    put(t, 'Thing.Name="a"', "Size=1", "--create")
    refused(t, 1, ["put", 'Thing.Name="a"', "Size=2", "--create"], "WBEM_E_ALREADY_EXISTS", "0x80041019", "PutInstance")
    put(t, 'Thing.Name="a"', "Size=3", "--update")
    equal(values(t, 'Thing="a"', "Size"), 3)
    refused(t, 2, ["put", 'Thing="a"', "--create", "--update"], "exclude each other")
    refused(t, 2, ["put"], "usage: wmi put PATH")


@test
def many_put_at_once(t):
    """One creates, the others change what it created; of those that insist on creating, one wins."""
    store(t)
    all_of = [t.start(["wmi", "put", 'Thing.Name="a"', f"Size={n}"]) for n in range(8)]
    first = [p.ends(0)[0][0].split("\t")[0] for p in all_of]
    equal(sorted(first), ["changed"] * 7 + ["created"])
    all_of = [t.start(["wmi", "put", 'Thing.Name="b"', f"Size={n}", "--create"]) for n in range(8)]
    for p in all_of:
        p.wait()
    equal(sorted(p.p.returncode for p in all_of), [0] + [1] * 7)
    check(values(t, 'Thing="b"', "Size") == next(n for n, p in enumerate(all_of) if p.p.returncode == 0))


@test
def values_of_every_type(t):
    store(t)
    put(t, 'Thing.Name="a"', "Tiny=-128", "Low=-9223372036854775808", "High=18446744073709551615", "R32=1.5", "R64=-2e-300", "On=true",
        "Letter=Z", "Label= blanks and \"quotes\" ", "Since=20260131120000.123456+060", 'Next=Thing.Name="b"', "Bytes={0, 255}",
        "Labels=one", "Labels=two, three", 'Part=instance of Inner { Label = "in"; Number = -3; }', "Any=instance of Pair { A = \"p\"; B = 1; }",
        'Parts={instance of Inner {}, instance of Inner { Number = 2; }}')
    p = get(t, 'Thing="a"')["properties"]
    equal([p[n] for n in ("Tiny", "Low", "High", "R32", "R64", "On", "Letter", "Label", "Since", "Next", "Bytes", "Labels")],
          [-128, -9223372036854775808, 18446744073709551615, 1.5, -2e-300, True, ord("Z"), " blanks and \"quotes\" ",
           "20260131120000.123456+060", 'Thing.Name="b"', [0, 255], ["one", "two, three"]])
    equal(p["Part"], {"class": "Inner", "properties": {"Label": "in", "Number": -3}})
    equal(p["Any"]["class"], "Pair")
    equal([x["properties"]["Number"] for x in p["Parts"]], [7, 2])
    put(t, 'Thing.Name="a"', "Size=NULL", "Label=NULL", "Bytes=NULL", "Labels={}", "Part=NULL", "On=NULL", "Next=NULL")
    p = get(t, 'Thing="a"')["properties"]
    equal([p[n] for n in ("Size", "Label", "Bytes", "Labels", "Part", "On", "Next", "Tiny")], [None, None, None, [], None, None, None, -128])
    put(t, 'Thing.Name="a"', 'Label="NULL"')
    equal(values(t, 'Thing="a"', "Label"), "NULL")
    put(t, 'Thing.Name="a"', 'Label="tab\\tquote\\" \\x263A"')
    equal(values(t, 'Thing="a"', "Label"), 'tab\tquote" \u263a')


@test
def values_that_do_not_fit(t):
    store(t)
    path = 'Thing.Name="a"'
    for argument, *says in (
            ("Tiny=128", "Tiny is sint8: '128' is out of range", "-128 to 127", "WBEM_E_VALUE_OUT_OF_RANGE"),
            ("Size=-1", "Size is uint32", "0 to 4294967295"), ("Size=x", "is not a whole number", "WBEM_E_TYPE_MISMATCH"),
            ("On=1", "TRUE or FALSE"), ("Since=now", "25 characters"), ("Next=Thing.Name=", "is not an object path"),
            ("Sise=1", "Thing has no property 'Sise'", "did you mean Size?", "WBEM_E_INVALID_PROPERTY"),
            ("Name=b", "is a key of Thing", "stand in the path"), ("__CLASS=x", "the system's"), ("Size", "is not Name=Value"),
            ("Part=instance of Pair { A = \"x\"; }", "Pair is not derived from it"), ("Part=x", "instance of Class"),
            ("Bytes={1", "the brace is not closed"), ('Label="x', "the quote is not closed"), ("Bytes={256}", "0 to 255 each")):
        err = refused(t, 3, ["put", path, argument], *says)
        check(err.count("\n") <= 3, err)
    err = refused(t, 3, ["put", path, "Size=12x"], "wmi put:1:6: ", "Size=12x")
    equal(err.split("\n")[2], "         ^~~")
    refused(t, 3, ["put", path, "Size=1", "size=2"], "given twice")
    refused(t, 3, ["put", path, b"Label=\xff"], "not UTF-8")
    refused(t, 3, ["put", "Thing", "Size=1"], "the key Name of Thing is not given", "WBEM_E_ILLEGAL_NULL")
    refused(t, 3, ["put", "Keyless", "Text=x"], "has no key", "WBEM_E_NO_KEY")
    refused(t, 3, ["put", "Pair.A=1,B=2"], "the key A of Pair is string")
    refused(t, 3, ["put", 'Pair.A="x",B=256'], "0 to 255")
    refused(t, 3, ["put", 'Pair.A="x"'], "the key B of Pair is not given")
    refused(t, 3, ["put", 'Pair="x"'], "2 keys")
    refused(t, 3, ["put", "Thing=@"], "no singleton")
    refused(t, 1, ["put", 'Shape.Name="x"'], "WBEM_E_INVALID_OPERATION")
    refused(t, 1, ["put", 'Nothing.Name="x"'], "no class Nothing")
    equal(t.json(["wmi", "query", "SELECT * FROM Thing"]), [])  # none of these left anything


@test
def paths_that_are_wrong(t):
    store(t)
    for path in ('Thing.Name="a', "Thing.Name='a'x", "Thing.", "Thing.Name", 'Thing."a"', "=1", "", ".", "@", '\\\\.\\root:', "Thing.Name=\"a\"x",
                 'Thing.Name="\\"', 'Thing.Name="a",', "a b", "\x01", "x" * 9000, "Thing.Name=99999999999999999999"):
        for verb in ("get", "delete", "put", "show"):
            refused(t, 3, [verb, path], "WBEM_E_INVALID_OBJECT_PATH")
    refused(t, 3, ["get", "Thing.Name=a"], "get: path:1:12: ", "single quotes")
    refused(t, 3, ["get", '\\\\elsewhere\\root\\default:Thing'], "another machine")
    refused(t, 3, ["get", "\\\\.\\root\\default"], "is a namespace")
    refused(t, 3, ["delete", "\\\\.\\root\\lab"], "'root:__NAMESPACE.Name=\"lab\"'")
    check("did you mean 'wmi get'" in t.run(["wmi", "gte"], 2)[1])
    refused(t, 3, ["get", "Thing", "-n", "nowhere"], "--namespace")
    refused(t, 1, ["get", "Thing", "-n", "root\\nowhere"], "WBEM_E_INVALID_NAMESPACE")
    refused(t, 1, ["get", '\\\\.\\root\\nowhere:Thing="x"'], "WBEM_E_INVALID_NAMESPACE")
    refused(t, 3, ["get", 'Thing.Nme="x"'], "WBEM_E_INVALID_OBJECT_PATH")
    refused(t, 2, ["get"], "usage: wmi get PATH")
    refused(t, 2, ["get", "a", "b"], "usage: wmi get PATH")
    host = os.uname().nodename
    put(t, f'\\\\{host}\\root\\default:Thing.Name="a"')
    values(t, f'\\\\{host.upper()}\\root\\default:Thing="a"', "Name")


@test
def show_names_the_classes_of_what_is_inherited(t):
    store(t)
    out, _ = t.run(["wmi", "show", "Special"])
    inherited = [line for line in out if "inherited from Thing: " in line][0]
    check("Inner Part" in inherited and "Thing ref Next" in inherited and "string Labels[]" in inherited, inherited)


@test
def get_prints_all_forms(t):
    store(t)
    put(t, 'Thing.Name="a"', "Size=3", "Label=x\ty", 'Part=instance of Inner { Label = "in"; }')
    out, _ = t.run(["wmi", "get", 'Thing="a"'])
    equal(len(out), 1)
    check(out[0].startswith('Thing\t\\\\.\\root\\default:Thing.Name="a"\tName="a" Size=3 '), out)
    check('Label="x\\ty"' in out[0] and 'Part=Inner {Label = "in", Number = 7}' in out[0], out)
    o = get(t, "Thing")
    equal((o["class"], o["path"], o["definition"], o["properties"]["Size"]), ("Thing", "\\\\.\\root\\default:Thing", True, 5))
    text = on_a_terminal(t, ["wmi", "get", 'Thing="a"'])
    check('    Part   = Inner\r\n        Label  = "in"\r\n        Number = 7\r\n' in text, text)
    refused(t, 1, ["get", 'Thing="b"'], "(WBEM_E_NOT_FOUND, 0x80041002)")
    refused(t, 1, ["get", "Nothing"], "no class Nothing")


def on_a_terminal(t, argv, code=0):
    """What it prints there, all of it."""
    main, side = pty.openpty()
    try:
        p = subprocess.Popen([os.path.join(t.bin, argv[0]), *argv[1:]], stdin=subprocess.DEVNULL, stdout=side, stderr=side, env=t.env, cwd=t.dir)
        os.close(side)
        text = b""
        while True:
            ready, _, _ = select.select([main], [], [], kit.PATIENCE)
            check(ready, argv, "says nothing")
            try:
                more = os.read(main, 65536)
            except OSError:  # the other end has gone
                break
            if not more:
                break
            text += more
        equal(p.wait(kit.PATIENCE), code)
        return text.decode()
    finally:
        os.close(main)


# --- delete --------------------------------------------------------------------------------------------

@test
def delete_instances_and_classes(t):
    store(t)
    put(t, 'Thing.Name="a"')
    put(t, 'Special.Name="s"')
    equal(t.run(["wmi", "delete", 'Thing.Name="a"']), (['deleted\t\\\\.\\root\\default:Thing.Name="a"'], ""))
    refused(t, 1, ["delete", 'Thing.Name="a"'], "WBEM_E_NOT_FOUND, 0x80041002", 'DeleteInstance root\\default:Thing.Name="a"')
    out, err = t.run(["wmi", "delete", "Thing"])
    equal(out, ["deleted\t\\\\.\\root\\default:Thing"])
    check("subclasses of Thing" in err, err)
    refused(t, 1, ["get", "Special"], "no class Special")
    put(t, '\\\\.\\root:__NAMESPACE.Name="gone"')
    equal(t.json(["wmi", "delete", '__NAMESPACE.Name="gone"', "-n", "root"]), [{"deleted": '\\\\.\\root:__NAMESPACE.Name="gone"'}])
    refused(t, 1, ["delete", "Thing"], "no class Thing")
    refused(t, 1, ["delete", "__Event"], "0x8004")
    t.run(["wmi", "get", "__Event"])
    put(t, '\\\\.\\root:__NAMESPACE.Name="lab"')
    t.run(["wmi", "mof", "compile", t.path("store.mof"), "-n", "root\\lab"])
    put(t, 'Thing.Name="a"', "-n", "root/lab")
    t.run(["wmi", "delete", '\\\\.\\root:__NAMESPACE.Name="lab"'])
    refused(t, 1, ["get", 'Thing.Name="a"', "-n", "root/lab"], "WBEM_E_INVALID_NAMESPACE")


# --- query ---------------------------------------------------------------------------------------------

@test
def query_selects(t):
    store(t)
    for n in range(5):
        put(t, f'Thing.Name="t{n}"', f"Size={n}")
    put(t, 'Special.Name="s"', "Size=9", "More=m")
    rows = t.json(["wmi", "query", "SELECT Size, Name FROM Thing WHERE Size > 2"])
    equal(sorted((list(r["properties"].items()) for r in rows)), sorted([[("Size", 3), ("Name", "t3")], [("Size", 4), ("Name", "t4")],
                                                                      [("Size", 9), ("Name", "s")]]))
    check(all(r["path"].startswith("\\\\.\\root\\default:") for r in rows), rows)
    equal({r["class"] for r in rows}, {"Thing", "Special"})
    equal(t.json(["wmi", "query", "SELECT * FROM Thing WHERE Size = 77"]), [])
    equal(len(t.json(["wmi", "query", "SELECT * FROM meta_class WHERE __CLASS = 'Pair'"])), 1)
    row = t.json(["wmi", "query", "SELECT __CLASS, __PATH, Name FROM Special"])[0]["properties"]
    equal((row["__CLASS"], row["Name"]), ("Special", "s"))
    check(row["__PATH"].endswith('\\root\\default:Special.Name="s"'), row)
    out, _ = t.run(["wmi", "query", "SELECT Name FROM Thing WHERE Size = 4"])
    equal(out, ['Thing\t\\\\.\\root\\default:Thing.Name="t4"\tName="t4"'])
    text = on_a_terminal(t, ["wmi", "query", "SELECT Name, Size FROM Thing WHERE Size < 2"])
    equal([line.split() for line in sorted(text.split("\r\n")) if line], sorted([["Name", "Size"], ["t0", "0"], ["t1", "1"]]))


@test
def query_is_refused(t):
    store(t)
    err = refused(t, 3, ["query", "SELECT * FROM Thing WHERE"], "query:1:", "WBEM_E_INVALID_QUERY", "^")
    check("SELECT * FROM Thing WHERE" in err, err)
    refused(t, 3, ["query", ""], "0x8004")
    refused(t, 3, ["query", "SELECT * FROM Thing WHERE Sise = 1"], "Size")
    refused(t, 3, ["query", "SELECT * FROM Thing WITHIN 2"], "WITHIN")
    refused(t, 1, ["query", "SELECT * FROM Nothing"], "no class Nothing", "WBEM_E_NOT_FOUND, 0x80041002")
    refused(t, 1, ["query", "SELECT * FROM WMIEvent"], "WMIEvent is in root\\wmi (--namespace)")
    refused(t, 2, ["query"], "usage: wmi query QUERY")
    refused(t, 3, ["query", "SELECT * FROM Thing", "-n", "x y"], "--namespace")


@test
def query_of_many(t):
    """More than one batch, in all forms, and a reader that goes away."""
    store(t)
    t.write("many.sh", "for i in $(seq 1 300); do wmi put \"Thing.Name=\\\"n$i\\\"\" Size=$i Label=$(printf %01000d $i) >/dev/null || exit 1; done\n")
    t.run(["/bin/sh", t.path("many.sh")], env={"PATH": t.bin + ":" + os.environ["PATH"]})
    rows = t.json(["wmi", "query", "SELECT * FROM Thing"])
    equal(sorted(r["properties"]["Size"] for r in rows), list(range(1, 301)))
    text = on_a_terminal(t, ["wmi", "query", "SELECT Name, Size FROM Thing"])
    equal(text.count("\r\n"), 301)
    p = t.start(["/bin/sh", "-c", "wmi query 'SELECT * FROM Thing' | head -n 1"], env={"PATH": t.bin + ":" + os.environ["PATH"]})
    out, err = p.ends(0)
    equal((len(out), err), (1, ""))


# --- fire and intrinsic events -------------------------------------------------------------------------

def watch(t, query, *options):
    """A watcher whose subscription is active."""
    r, w = os.pipe()
    p = t.start(["wmi", "watch", query, "-n", "root\\default", "--status-fd", str(w), *options], pass_fds=[w])
    os.close(w)
    with os.fdopen(r) as pipe:
        ready, _, _ = select.select([pipe], [], [], kit.PATIENCE)
        equal(pipe.readline() if ready else p.describe(), "active\n")
    return p


@test
def fire_reaches_subscriptions(t):
    store(t)
    equal(t.run(["wmi", "fire", "Said", "Who=nobody"])[0], ["0 subscriptions"])
    one, two = watch(t, "SELECT * FROM Said WHERE Loud > 2", "--json"), watch(t, "SELECT Who FROM Said")
    equal(t.run(["wmi", "fire", "Said", "Who=a", "Loud=3", "Words={x,y}"])[0], ["2 subscriptions"])
    equal(t.run(["wmi", "fire", "\\\\.\\root\\default:Said", "Who=b"])[0], ["1 subscription"])
    equal(t.json(["wmi", "fire", "Said", "Loud=9"]), [{"class": "Said", "namespace": "root\\default", "matched": 2}])
    events = [one.event(), one.event()]
    equal([(e["class"], e["properties"]["Who"], e["properties"]["Words"]) for e in events], [("Said", "a", ["x", "y"]), ("Said", None, None)])
    check(re.match(r"\d{4}-\d\d-\d\dT", events[0]["time"]), events)
    equal([two.line().split("\t")[3] for _ in range(3)], ['Who="a"', 'Who="b"', "Who=NULL"])
    refused(t, 3, ["fire", "Thing", "Name=x"], "__ExtrinsicEvent")
    refused(t, 3, ["fire", "Said", "Loud=-1"], "0 to 4294967295")
    refused(t, 3, ["fire", 'Said.Who="a"'], "is an instance")
    refused(t, 1, ["fire", "Sayd"], "did you mean Said?")
    refused(t, 2, ["fire"], "usage: wmi fire CLASS")


@test
def put_is_seen_by_a_watcher(t):
    store(t)
    p = watch(t, "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance ISA 'Thing'", "--json")
    text = watch(t, "SELECT * FROM __InstanceModificationEvent WHERE TargetInstance ISA 'Thing' AND TargetInstance.Size > 4")
    put(t, 'Thing.Name="a"', "Size=3")
    put(t, 'Pair.A="x",B=1')
    put(t, 'Thing.Name="a"', "Size=5", "Label=x")
    put(t, 'Special.Name="s"')
    t.run(["wmi", "delete", 'Thing.Name="a"'])
    events = [p.event() for _ in range(4)]
    equal([e["class"] for e in events], ["__InstanceCreationEvent", "__InstanceModificationEvent", "__InstanceCreationEvent",
                                         "__InstanceDeletionEvent"])
    created, changed, special, deleted = [e["properties"] for e in events]
    target = created["TargetInstance"]
    equal((target["class"], target["path"], target["properties"]["Size"]), ("Thing", '\\\\.\\root\\default:Thing.Name="a"', 3))
    equal((changed["TargetInstance"]["properties"]["Size"], changed["PreviousInstance"]["properties"]["Size"]), (5, 3))
    equal(special["TargetInstance"]["class"], "Special")
    equal(deleted["TargetInstance"]["properties"]["Label"], "x")
    line = text.line()
    check("__InstanceModificationEvent" in line and 'TargetInstance=Thing {Name = "a", Size = 5' in line and
          'PreviousInstance=Thing {Name = "a", Size = 3' in line, line)


# --- subscriptions -------------------------------------------------------------------------------------

@test
def subscriptions_are_listed_and_ended(t):
    store(t)
    equal(t.json(["wmi", "subscriptions"]), [])
    query = "SELECT * FROM Said WHERE Loud = 1"
    p, q = watch(t, query, "--json", "--queue", "77"), watch(t, "SELECT * FROM Said")
    t.run(["wmi", "fire", "Said"])
    p.event()
    rows = {r["pid"]: r for r in t.json(["wmi", "subscriptions"])}
    equal(set(rows), {p.p.pid, q.p.pid})
    r = rows[p.p.pid]
    equal((r["program"], r["namespace"], r["query"], r["queue"], r["uid"], r["lost"]), ("wmi watch", "root\\default", query, 77, os.getuid(), 0))
    until(lambda: [r for r in t.json(["wmi", "subscriptions"]) if r["pid"] == p.p.pid][0]["delivered"] == 1, "it is counted")
    out, _ = t.run(["wmi", "subscriptions"])
    equal({len(line.split("\t")) for line in out}, {11})
    name = f"{r['session']}:{r['id']}"
    equal(t.run(["wmi", "subscriptions", "--end", name]), ([f"ended\t{name}"], ""))
    _, err = p.ends(1)
    check("0x80041032" in err, err)
    equal([r["pid"] for r in t.json(["wmi", "subscriptions"])], [q.p.pid])
    refused(t, 1, ["subscriptions", "--end", f"{r['session']}:{r['id']}"], "0x8004")
    for bad in ("x", "1", "1:", ":1", "1:2:3", "-1:1", "1:4294967296", "99999999999999999999:1"):
        refused(t, 2, ["subscriptions", "--end", bad], "SESSION:ID")
    refused(t, 2, ["subscriptions", "x"], "usage")


# --- restart -------------------------------------------------------------------------------------------

@test
def restart_keeps_what_was_put(t):
    p = store(t)
    put(t, 'Thing.Name="a"', "Size=3", 'Part=instance of Inner { Number = 1; }')
    p = restart(t, p)
    equal(values(t, 'Thing="a"', "Size"), 3)
    put(t, 'Thing.Name="b"')
    p.p.kill()
    p.wait()
    t.wmid()
    equal(sorted(r["path"] for r in t.json(["wmi", "ls", "-i", "Thing"])), ['Thing.Name="a"', 'Thing.Name="b"'])
    equal(values(t, 'Thing="a"', "Part")["properties"]["Number"], 1)


@test
def where_the_repository_is(t):
    env = {"FREEWMI_REPOSITORY": t.path("deep", "er", "r.db")}
    p = t.start(["wmid"], env=env)
    p.says("ready")
    check(os.path.exists(t.path("deep", "er", "r.db")), os.listdir(t.dir))
    equal(os.stat(t.path("deep", "er")).st_mode & 0o777, 0o700)
    equal(os.stat(t.path("deep", "er", "r.db")).st_mode & 0o777, 0o600)
    _, err = t.run(["wmid", "--socket", t.path("other")], 1, env=env)  # one service at a time
    check("r.db" in err and "0x80041019" in err, err)
    p.signal(signal.SIGTERM)
    p.ends(0)
    p = t.start(["wmid", "--memory"], env=env)
    p.says("ready")
    t.write("store.mof", MOF)
    t.run(["wmi", "mof", "compile", t.path("store.mof")])
    p.signal(signal.SIGTERM)
    p.ends(0)
    p = t.start(["wmid", "--memory"], env=env)
    p.says("ready")
    refused(t, 1, ["get", "Thing"], "no class Thing")
    p.signal(signal.SIGTERM)
    p.ends(0)
    t.run(["wmid", "--memory", "--repository", "x"], 2)
    if os.getuid():
        p = t.start(["wmid"], env={"FREEWMI_REPOSITORY": "", "XDG_STATE_HOME": t.path("state")})
        p.says("ready")
        check(os.path.exists(t.path("state", "freewmi", "repository.db")))
    t.write("file", "")
    _, err = t.run(["wmid", "--repository", t.path("file", "r.db")], 1)
    check("--memory" in err, err)


# --- repository ----------------------------------------------------------------------------------------

@test
def backup_restore_check(t):
    p = store(t)
    put(t, 'Thing.Name="a"', "Size=3")
    equal(t.run(["wmi", "repository", "backup", t.path("b.db")]), ([f"backed up\t{t.path('repository.db')}\t{t.path('b.db')}"], ""))  # while it runs
    put(t, 'Thing.Name="b"')
    refused(t, 1, ["repository", "backup", t.path("b.db")], "b.db")
    out, _ = t.run(["wmi", "repository", "check", t.path("b.db")])
    check("sound" in out[0], out)
    figures = t.json(["wmi", "repository", "check"])[0]
    equal(figures["instances"], 2)
    equal(t.json(["wmi", "repository", "check", t.path("b.db")])[0]["instances"], 1)
    refused(t, 1, ["repository", "restore", t.path("b.db")], "repository.db")  # the service has it
    p.signal(signal.SIGTERM)
    p.ends(0)
    equal(t.run(["wmi", "repository", "restore", t.path("b.db")])[0], [f"restored\t{t.path('b.db')}\t{t.path('repository.db')}"])
    p = t.wmid()
    equal([r["path"] for r in t.json(["wmi", "ls", "-i", "Thing"])], ['Thing.Name="a"'])
    p.signal(signal.SIGTERM)
    p.ends(0)
    refused(t, 1, ["repository", "restore", t.path("none.db")], "none.db")
    refused(t, 1, ["repository", "backup", t.path("c.db"), "--repository", t.path("none.db")], "none.db")
    check(not os.path.exists(t.path("c.db")) and not os.path.exists(t.path("none.db")), os.listdir(t.dir))
    err = refused(t, 1, ["repository", "check", t.path("none.db")], "none.db: No such file")
    check("writable" not in err, err)
    refused(t, 1, ["repository", "check", t.dir], "Is a directory")
    refused(t, 1, ["repository", "restore", t.path("repository.db")], "the repository itself", "WBEM_E_INVALID_PARAMETER")
    equal(t.json(["wmi", "repository", "check"])[0]["instances"], 1)
    refused(t, 2, ["repository"], "usage")
    refused(t, 2, ["repository", "restore"], "usage")
    refused(t, 2, ["repository", "chek"], "did you mean")


@test
def backup_while_it_is_written(t):
    """A backup under load is sound and holds what was answered before it began."""
    store(t)
    script = "i=0; while [ ! -e stop ]; do i=$((i+1)); wmi put \"Thing.Name=\\\"n$i\\\"\" Size=$i >/dev/null || exit 1; echo $i; done"
    writer = t.start(["/bin/sh", "-c", script], env={"PATH": t.bin + ":" + os.environ["PATH"]})
    for n in range(3):
        writer.wait_until(lambda p: len(p.out) > 5 * (n + 1), "it writes")
        before = len(writer.out)
        t.run(["wmi", "repository", "backup", t.path(f"b{n}.db")])
        figures = t.json(["wmi", "repository", "check", t.path(f"b{n}.db")])[0]
        check(figures["instances"] >= before, figures, before)
    t.write("stop", "")
    writer.ends(0)


@test
def a_disk_that_fails_is_in_the_log(t):
    """Who runs the service learns of it, not only who asked; once, not with each request."""
    p = t.start(["/bin/sh", "-c", 'ulimit -f 600; exec "$@"', "sh", os.path.join(t.bin, "wmid"), "--socket", t.path("socket"),
                 "--repository", t.path("repository.db")])
    p.wait_until(lambda p: "ready" in p.err, "wmid is ready")
    t.write("store.mof", MOF)
    t.run(["wmi", "mof", "compile", t.path("store.mof")])
    text, n = "x" * 40000, 0
    while n < 20 and t.start(["wmi", "put", f'Thing.Name="n{n}"', "Label=" + text]).wait() == 0:
        n += 1
    check(0 < n < 20, n)
    refused(t, 1, ["put", 'Thing.Name="more"', "Label=" + text], "WBEM_E_CRITICAL_ERROR", "repository.db")
    p.wait_until(lambda p: any("the store fails: " in line for line in p.err), "the log says so")
    check(get(t, 'Thing.Name="n0"')["properties"]["Label"] == text, "what was answered is there")
    p.signal(signal.SIGTERM)
    p.ends(0)
    equal(len([line for line in p.err if "the store fails: " in line and "repository.db" in line]), 1)


def damage(path):
    """Overwrites the middle of the file."""
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        for at in range(4096, size, 4096):
            f.seek(at + 100)
            f.write(b"\xA5" * 2000)


@test
def damage_is_found_and_the_way_out_told(t):
    p = store(t)
    put(t, 'Thing.Name="a"', "Size=3")
    t.run(["wmi", "repository", "backup", t.path("good.db")])
    p.signal(signal.SIGTERM)
    p.ends(0)
    damage(t.path("repository.db"))
    out, err = t.run(["wmi", "repository", "check"], 3)
    check(out, err)
    check("repository.db" in err, err)
    findings = [json.loads(line) for line in t.run(["wmi", "repository", "check", "--json"], 3)[0]]
    check(findings and all(f.keys() == {"finding"} for f in findings), findings)
    before = open(t.path("repository.db"), "rb").read()
    _, err = t.run(["wmid", "--repository", t.path("repository.db")], 1)
    check("wmi repository restore" in err and "repository.db" in err, err)
    equal(open(t.path("repository.db"), "rb").read(), before)  # left as it is
    t.write("text.db", "this is no database at all, only some text that is long enough\n" * 100)
    _, err = t.run(["wmi", "repository", "check", t.path("text.db")], 3)
    check("text.db" in err and "repository check" not in err, err)
    _, err = t.run(["wmid", "--repository", t.path("text.db")], 1)
    check("(WBEM_E_INITIALIZATION_FAILURE, 0x80041014)" in err and not os.path.exists(t.path("text.db-lock")), err)
    refused_here = t.run(["wmi", "repository", "restore", t.path("text.db")], 1)[1]
    check("text.db" in refused_here, refused_here)
    equal(open(t.path("repository.db"), "rb").read(), before)
    t.run(["wmi", "repository", "restore", t.path("good.db")])
    t.wmid()
    equal(values(t, 'Thing="a"', "Size"), 3)


# --- everything ----------------------------------------------------------------------------------------

@test
def no_service(t):
    for argv in (["get", "Thing"], ["put", 'Thing="a"'], ["delete", "Thing"], ["query", "SELECT * FROM Thing"], ["fire", "Said"], ["show", "Thing"],
                 ["mof", "compile", "x"], ["subscriptions"], ["ls"]):
        refused(t, 4, argv, "no service listens there", "wmid")


@test
def service_that_does_not_answer(t):
    """On a terminal the user is told what is waited for; when the service goes, it is over."""
    s = fakeservice.FakeService(t)
    main, side = pty.openpty()
    t.finally_do.append(lambda: os.close(main))
    for argv, request, what in ((["get", "Thing"], "GET_OBJECT", "the service"), (["put", 'Thing="a"'], "GET_OBJECT", "the store"),
                                (["query", "SELECT * FROM Thing"], "EXEC_QUERY", "the service")):
        p = subprocess.Popen([os.path.join(t.bin, "wmi"), *argv], stdin=subprocess.DEVNULL, stdout=side, stderr=side, env=t.env)
        h = s.accept()
        h.wait(request)
        text = b""
        while f"waiting for {what}; Ctrl-C leaves\r\n".encode() not in text:
            check(select.select([main], [], [], kit.PATIENCE)[0], text)
            text += os.read(main, 4096)
        h.close()
        equal(p.wait(kit.PATIENCE), 4)
        os.read(main, 4096)
    os.close(side)


@test
def output_that_fails(t):
    store(t)
    put(t, 'Thing.Name="a"')
    for argv in (["get", 'Thing="a"'], ["query", "SELECT * FROM Thing"], ["put", 'Thing="a"'], ["fire", "Said"], ["show", 'Thing="a"'],
                 ["ls", "-i"], ["repository", "check"]):
        p = t.start(["/bin/sh", "-c", 'exec "$@" >/dev/full', "sh", os.path.join(t.bin, "wmi"), *argv])
        _, err = p.ends(1)
        check("standard output" in err, argv, err)


@test
def hostile_arguments(t):
    store(t)
    name = "\u202e\u009b[2J"
    put(t, "Thing", f"Name={name}", "Label=\x1b]0;x\x07")
    for argv in (["get", f'Thing.Name="{name}"'], ["query", "SELECT * FROM Thing"], ["ls", "-i", "Thing"], ["show", f'Thing.Name="{name}"']):
        for form in ([], ["--json"]):
            out, _ = t.run(["wmi", *argv, *form])
            check(out and not any(c in line for line in out for c in "\x1b\u202e\x07\u009b"), argv, out)
    err = refused(t, 3, ["get", 'Thing.Name="\x1b[31m"'], "control character")
    check("\x1b" not in err, err)
    err = refused(t, 1, ["get", f'Thing.Name="{name}x"'], "\\u202E\\u009B[2Jx")
    check("\u009b" not in err, err)
    name = "n" * 3000
    put(t, f'Thing.Name="{name}"')
    equal(values(t, f'Thing.Name="{name}"', "Name"), name)
    put(t, 'Thing.Name="q\\"\\\\q"')
    equal(values(t, 'Thing.Name="q\\"\\\\q"', "Name"), 'q"\\q')
    put(t, "--", 'Thing.Name="dash"', "Label=--json")
    equal(values(t, 'Thing="dash"', "Label"), "--json")
    big = "x" * 100000
    put(t, 'Thing.Name="big"', f"Label={big}")
    equal(values(t, 'Thing="big"', "Label"), big)


@test
def help_of_every_verb(t):
    out, _ = t.run(["wmi", "--help"])
    verbs = [line.split()[0] for line in out if line.startswith("  ")]
    check({"query", "get", "put", "delete", "fire", "ls", "show", "mof", "acpi", "subscriptions", "repository", "run", "watch", "driver"} == set(verbs), verbs)
    with open(os.path.join(kit.SOURCE, "man", "wmi.1"), encoding="utf-8") as f:
        page = f.read()
    for v in verbs:
        out, _ = t.run(["wmi", v, "--help"])
        check(out[0].startswith(f"usage: wmi {v} "), out)
        check(all(len(line) <= 132 for line in out), [line for line in out if len(line) > 132])
        check(re.search(rf"^\.Cm {v}\b", page, re.M), f"{v} is not in wmi(1)")
        for name in re.findall(r"^\s+(?:-., )?--([a-z-]+)", "\n".join(out), re.M):
            check("\\-" + name in page, f"--{name} of {v} is not in wmi(1)")


@test
def help_of_every_verb_of_mof(t):
    with open(os.path.join(kit.SOURCE, "man", "wmi.1"), encoding="utf-8") as f:
        page = f.read()
    out, _ = t.run(["wmi", "mof", "--help"])
    verbs = [line.split()[0] for line in out if line.startswith("  ")]
    check("compile" in verbs, verbs)
    for v in verbs:
        out, _ = t.run(["wmi", "mof", v, "--help"])
        check(out[0].startswith(f"usage: wmi mof {v} "), out)
        check(all(len(line) <= 132 for line in out), [line for line in out if len(line) > 132])
        check(any(line.startswith(f"  wmi mof {v} ") for line in out), f"wmi mof {v} --help has no example")
        check(re.search(rf"^\.Ss wmi mof {v}\b", page, re.M), f"mof {v} is not in wmi(1)")
        for name in re.findall(r"^\s+(?:-., )?--([a-z-]+)", "\n".join(out), re.M):
            check("\\-" + name in page, f"--{name} of mof {v} is not in wmi(1)")


@test
def every_verb_has_examples(t):
    def look(*words):
        out, _ = t.run(["wmi", *words, "--help"])
        if out[0].startswith(f"usage: wmi {' '.join(words)} ") and any(line.startswith("  -") or line.startswith("      --") for line in out):
            own = re.compile(rf"  (sudo )?wmi {' '.join(words)}( |$)")
            check(any(own.match(line) for line in out), f"wmi {' '.join(words)} --help has no example")
            return
        for line in out:
            if line.startswith("  "):
                look(*words, line.split()[0])

    for line in t.run(["wmi", "--help"])[0]:
        if line.startswith("  "):
            look(line.split()[0])


def page_examples(page):
    """The command blocks of a man page's EXAMPLES."""
    with open(os.path.join(kit.SOURCE, "man", page), encoding="utf-8") as f:
        text = f.read().split(".Sh EXAMPLES\n")[1].split(".Sh SEE ALSO")[0]
    return [b.replace("\\e", "\\") for b in re.findall(r"^\.Bd[^\n]*\n(.*?)^\.Ed$", text, re.M | re.S)]


@test
def examples_of_the_page(t):
    p = t.wmid()
    env = {"PATH": t.bin + ":" + os.environ["PATH"]}
    blocks = page_examples("wmi.1")
    ran = {}
    for b in blocks:
        if "toaster" in b or "vendor" in b:
            continue  # the README's test and that of firmware run these
        if "wmi watch" in b:
            watcher = t.start(["/bin/sh", "-ec", b.replace("wmi watch", "exec wmi watch --count 1 --json")], env=env)
            until(lambda: t.json(["wmi", "subscriptions"]), "it subscribes")
            put(t, 'Thing.Name="w"')
            equal(watcher.event()["properties"]["TargetInstance"]["properties"]["Name"], "w")
            watcher.ends(0)
        elif "restore" in b:
            p.signal(signal.SIGTERM)
            p.ends(0)
            ran["repository"] = t.run(["/bin/sh", "-ec", b], env=env)[0]
        else:
            out = t.run(["/bin/sh", "-ec", b], env=env)[0]
            ran["fire" if "wmi fire" in b else "put"] = out
    equal(ran["fire"][-1], "0 subscriptions")
    check(any('"Size":16' in line for line in ran["put"]), ran["put"])
    check("sound" in ran["repository"][1], ran)


@test
def examples_of_wmid(t):
    for b in page_examples("wmid.8"):
        p = t.start(["/bin/sh", "-ec", b + "kill $!\n"],
                    env={"PATH": t.bin + ":" + os.environ["PATH"]})
        out, _ = p.ends(0)
        check(any(line.startswith("root\\cimv2") for line in out), out)


cli.main()
