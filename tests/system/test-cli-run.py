#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmi run: what it prints, when it leaves, what it says of drivers that misbehave."""
import json
import math
import os
import signal
import struct
import subprocess

import cli
import fake
import kit
from cli import check, equal, test


@test
def prints_json(t):
    out, _ = fake.run(t, fake.START + "wanted\nfire 0 3\n" + fake.END, "--json", "--count", "3").ends(0)
    equal([json.loads(line)["properties"]["Number"] for line in out], [0, 1, 2])
    event = json.loads(out[0])
    equal(list(event), ["class", "namespace", "time", "instance", "properties"])
    equal(event["class"], "FakeEvent")
    equal(event["namespace"], "root\\wmi")
    equal(event["time"], "2020-01-01T00:00:00.0000000Z")
    equal(event["instance"], "ROOT\\FAKE\\0000_0")
    equal(sorted(event["properties"]), sorted(fake.ALL))
    equal(list(event["properties"])[-3:], ["InstanceName", "Active", "Number"])
    equal(event["properties"]["InstanceName"], event["instance"])
    check(event["properties"]["Active"] is True)
    check(event["properties"]["SECURITY_DESCRIPTOR"] is None)
    check(": " not in out[0] and '", "' not in out[0], "one compact line")


@test
def plain_lines_in_a_pipe(t):
    out, _ = fake.run(t, fake.START + "wanted\nfire 7 8\n" + fake.END, "-q", "SELECT Number FROM FakeEvent", "--count", "1").ends(0)
    equal(out, ["2020-01-01T00:00:00.0000000Z\tFakeEvent\tROOT\\FAKE\\0000_0\tNumber=7"])


@test
def select_list_and_where(t):
    out, _ = fake.run(t, fake.START + "wanted\nfire 0 9\n" + fake.END, "-q", "SELECT number, INSTANCENAME FROM fakeevent WHERE Number > 6",
                      "--json", "--count", "2").ends(0)
    equal([list(json.loads(line)["properties"].items()) for line in out],
          [[("Number", 7), ("InstanceName", "ROOT\\FAKE\\0000_0")], [("Number", 8), ("InstanceName", "ROOT\\FAKE\\0000_0")]])


@test
def counted_once_however_many_queries(t):
    out, _ = fake.run(t, fake.START + "wanted\nfire 0 4\n" + fake.END, "-q", "SELECT Number FROM FakeEvent WHERE Number > 1",
                      "-q", "SELECT * FROM FakeEvent", "-q", "SELECT TIME_CREATED FROM WMIEvent", "--json", "--count", "4").ends(0)
    properties = [json.loads(line)["properties"] for line in out]
    equal([len(p) for p in properties], [5, 5, 1, 1])  # the first query that matches decides
    equal(properties[2:], [{"Number": 2}, {"Number": 3}])


@test
def count_is_exact(t):
    out, _ = fake.run(t, fake.START + "wanted\nfire 0 2000\n" + fake.END, "--json", "--count", "1234").ends(0)
    equal(len(out), 1234)
    equal(json.loads(out[-1])["properties"]["Number"], 1233)


@test
def timeout_counts_from_activity(t):
    _, err = fake.run(t, fake.START + "wanted\nfire 0 2\n" + fake.END, "--json", "--count", "3", "--timeout", "0.5").ends(124)
    check("2 of 3" in err, err)
    out, _ = fake.run(t, fake.START + "wanted\nfire 0 2\n" + fake.END, "--json", "--timeout", "0.5").ends(0)
    equal(len(out), 2)


@test
def signals_end_in_order(t):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        p = fake.run(t, fake.START + "wanted\nfire 0 1\n" + "unload\nfire 1 3\nreport state unloaded\n", "--json")
        equal(p.event()["properties"]["Number"], 0)
        p.signal(number)
        out, _ = p.ends(0)
        equal(len(out), 3)  # what it fires on its way out is still printed


@test
def closed_pipe_ends_quietly(t):
    """Also when no further event comes that would meet the closed pipe."""
    r, w = os.pipe()
    p = fake.run(t, fake.START + "wanted\nfire 0 1\n" + fake.END + "print unloaded in order\n", "--json", stdout=w)
    os.close(w)
    with os.fdopen(r) as pipe:
        check(pipe.readline().startswith("{"))
    _, err = p.ends(0)
    equal(err, "unloaded in order")


@test
def full_pipe_does_not_stop_it(t):
    r, w = os.pipe()
    p = fake.run(t, fake.START + "wanted\nfire 0 3000\nprint fired\n" + fake.END, "--json", stdout=w)
    os.close(w)
    p.says("fired")
    p.signal(signal.SIGTERM)  # nobody has read a byte
    p.ends(0)
    os.close(r)


@test
def loss_adds_up(t):
    """A reader that pauses: what is printed and what is told as lost are all that was fired."""
    r, w = os.pipe()
    p = fake.run(t, fake.START + "wanted\nfire 0 20000\nprint fired\n" + fake.END, "--queue", "100", "-q", "SELECT Number FROM FakeEvent",
                 "--json", stdout=w)
    os.close(w)
    p.says("fired")
    events, lost, last = 0, 0, -1
    with os.fdopen(r) as pipe:
        for line in pipe:
            o = json.loads(line)
            if "lost" in o:
                equal(list(o), ["lost", "query"])
                equal(o["query"], "SELECT Number FROM FakeEvent")
                lost += o["lost"]
            else:
                number = o["properties"]["Number"]
                check(number > last, "in order")
                events, last = events + 1, number
            if events + lost == 20000:
                break
    equal(events + lost, 20000)
    check(lost > 0, "the queue of 100 lost nothing")
    p.wait()


@test
def loss_at_the_source(t):
    p = fake.run(t, fake.START + "wanted\nfire 0 1\nlost 5\nfire 1 2\n" + fake.END, "--json", "--count", "2")
    out, _ = p.ends(0)
    equal([json.loads(line) for line in out if "lost" in line], [{"lost": 5, "upTo": True, "query": "SELECT * FROM FakeEvent"}])


@test
def crash_is_reported(t):
    p = fake.run(t, fake.START + "wanted\nfire 0 2\nreport crash SIGSEGV in fake.so ToasterFire+0x12\nreport crash   called from fake.so+0x99\nsignal 11\n",
                 "--json")
    out, err = p.ends(4)
    equal(len(out), 2)
    check("SIGSEGV in fake.so ToasterFire+0x12" in err and "called from fake.so+0x99" in err, err)
    check("gone" not in err, err)  # told once
    _, err = fake.run(t, fake.START + "signal 9\n").ends(4)
    check("signal 9" in err, err)


@test
def hang_is_reported(t):
    _, err = fake.run(t, "hello\nstate 1\nreport state loading\nreport hang DriverEntry has not returned for 1 s: fake.so Wait+0x4\nexit 4\n",
                      "--deadline", "1").ends(4)
    check("Wait+0x4" in err, err)


@test
def missing_symbols_are_listed(t):
    _, err = fake.run(t, "report missing KeFooBar is it KeFooBaz?\nreport missing ZwOther\nreport fail it cannot be loaded\nexit 1\n").ends(1)
    check("KeFooBar" in err and "ZwOther" in err and "it cannot be loaded" in err, err)


@test
def host_that_ends_by_itself(t):
    _, err = fake.run(t, fake.START + "report state unloaded\nstate 5\n").ends(4)
    check("unloaded" in err, err)


@test
def driver_that_does_not_register(t):
    p = fake.run(t, "hello\nstate 2\nreport state started\n" + fake.END, "--irp-timeout", "0.2", "--timeout", "0.1")
    _, err = p.ends(0)
    check("has not registered" in err, err)


@test
def stuck_unload_is_forced(t):
    p = fake.run(t, fake.START + "wanted\nfire 0 1\nunload\nprint stuck\nhang\n", "--json")
    p.event()
    p.signal(signal.SIGINT)
    p.says("stuck")
    p.says("Ctrl-C again")
    p.signal(signal.SIGINT)
    _, err = p.ends(4)
    check("interrupted" in err, err)


@test
def host_is_out_of_the_terminals_reach(t):
    p = fake.run(t, f"options {t.path('o.json')}\n" + fake.START + "wanted\nfire 0 1\n" + fake.END, "--json", "--reg", "HKLM\\A\\B=0x10",
                 "--deadline", "2.5", "--irp-timeout", "7", "--device", "PCI\\X\\1", "--count", "1")
    p.ends(0)
    with open(t.path("o.json"), encoding="utf-8") as f:
        o = json.load(f)
    argv = o["argv"]
    check(o["pgid"] != os.getpgid(0) and o["pgid"] != p.p.pid)
    for option, value in (("--reg", "HKLM\\A\\B=0x10"), ("--deadline", "2.500"), ("--irp-timeout", "7.000"), ("--device", "PCI\\X\\1"), ("--name", "fake")):
        equal(argv[argv.index(option) + 1], value)
    equal(argv[-1], os.path.realpath(t.path("fake.so")))


@test
def default_device_is_upper_case(t):
    fake.run(t, f"options {t.path('o.json')}\n" + fake.START + fake.END, "--timeout", "0").ends(0)
    with open(t.path("o.json"), encoding="utf-8") as f:
        argv = json.load(f)["argv"]
    equal(argv[argv.index("--device") + 1], "ROOT\\FAKE\\0000")


TYPES = """
class FakePoint { [WmiDataId(1), read] sint32 X; [WmiDataId(2), read] sint32 Y; };
[Dynamic, Provider("WMIProv"), WMI, guid("{%s}")]
class FakeBase : WMIEvent
{
    [key, read] string InstanceName;
    [read] boolean Active;
    [WmiDataId(12), read] string Last;
    [WmiDataId(1), read] uint64 U64;
    [WmiDataId(2), read] sint64 S64;
    [WmiDataId(3), read] real64 R64[3];
    [WmiDataId(4), read] real32 R32[3];
    [WmiDataId(5), read] uint8 U8;
    [WmiDataId(6), read] sint8 S8;
    [WmiDataId(7), read] boolean Flags[2];
    [WmiDataId(8), read] FakePoint Point;
    [WmiDataId(9), read] datetime When;
    [WmiDataId(10), read] char16 Letter;
    [WmiDataId(11), read, WmiSizeIs("U8")] uint16 Many[];
};
""" % fake.GUID


@test
def values_of_every_type(t):
    def text(s):
        return struct.pack("<H", 2 * len(s)) + s.encode("utf-16-le", "surrogatepass")

    block = struct.pack("<Qq3d3f", 2**64 - 1, -2**63, 0.1, math.nan, -math.inf, 0.1, 1.5e-45, 16777217.0)
    block += struct.pack("<Bb2B", 3, -128, 1, 0) + struct.pack("<2i", -1, 2)
    block += "20260131120000.123456+060".encode("utf-16-le") + struct.pack("<H", 0xD83D) + struct.pack("<3H", 0, 1, 65535)
    block += text("a/b\ud800\"\u00e9")
    fake.prefix(t)
    t.write("types.mof", TYPES)
    out, _ = fake.run(t, fake.START + f"wanted\nraw {block.hex()}\n" + fake.END, "--json", "--count", "1", mof="types.mof").ends(0)
    check('"U64":18446744073709551615,' in out[0] and '"R64":[0.1,null,null],"R32":[0.1,' in out[0] and "a/b" in out[0], out)
    p = json.loads(out[0])["properties"]
    equal({k: p[k] for k in list(p)[4:]}, {
        "Last": "a/b\ufffd\"\u00e9", "U64": 2**64 - 1, "S64": -2**63, "R64": [0.1, None, None], "R32": [0.1, p["R32"][1], 16777216.0],
        "U8": 3, "S8": -128, "Flags": [True, False], "Point": {"class": "FakePoint", "properties": {"X": -1, "Y": 2}},
        "When": "20260131120000.123456+060", "Letter": 0xD83D, "Many": [0, 1, 65535]})
    equal(struct.pack("<f", p["R32"][1]), struct.pack("<f", 1.5e-45))
    equal(list(p)[4:], ["Last", "U64", "S64", "R64", "R32", "U8", "S8", "Flags", "Point", "When", "Letter", "Many"])


@test
def malformed_event_costs_no_other(t):
    out, _ = fake.run(t, fake.START + "wanted\nfire 0 1\nraw 01\nfire 1 2\n" + fake.END, "--json", "--count", "2").ends(0)
    equal([json.loads(line)["properties"]["Number"] for line in out], [0, 1])


@test
def status_and_witness(t):
    fake.prefix(t)
    r, w = os.pipe()
    p = t.start(["wmi", "run", fake.driver(t, fake.START + "wanted\nfire 0 3\n" + fake.END), "--mof", t.path("fake.mof"), "-q",
                 "SELECT * FROM FakeEvent WHERE Number = 99", "--status-fd", str(w), "--witness", "SELECT * FROM FakeEvent WHERE Number > 0",
                 "--json"], pass_fds=[w])
    os.close(w)
    with os.fdopen(r) as pipe:
        equal([pipe.readline() for _ in range(3)], ["active\n", "event\n", "event\n"])
    p.signal(signal.SIGTERM)
    out, _ = p.ends(0)
    equal(out, [])


@test
def bad_mof(t):
    fake.prefix(t)
    t.write("bad.mof", "class A {\n\tuint32 X\n};\n")
    _, err = fake.run(t, fake.START, mof="bad.mof").ends(3)
    lines = err.splitlines()
    check(lines[0].startswith(t.path("bad.mof") + ":"), err)
    check("(WBEMMOF_E_" in lines[0], err)
    check(any(line.strip().rstrip("~") == "^" for line in lines), err)
    fake.run(t, fake.START, mof="none.mof").ends(1)
    with open(t.path("utf16.mof"), "wb") as f:
        f.write("\ufeff// \u6f22\r\nclass A {\r\n\tuint32 \u6f22 x;\r\n};\r\n".encode("utf-16-le"))
    _, err = fake.run(t, fake.START, mof="utf16.mof").ends(3)
    lines = err.splitlines()
    check(lines[0].startswith(t.path("utf16.mof") + ":3:9: "), err)
    equal(lines[1:3], ["    \tuint32 \u6f22 x;", "    \t       ^~"])


@test
def bad_queries(t):
    for query, said in (("SELECT * FROM", "query:1:"), ("SELECT * FROM FakeEvnt", "FakeEvent"), ("SELECT * FROM FakeEvent WHERE Numbr = 1", "Number"),
                        ("SELECT * FROM FakeEvent WHERE Number = 'x", "query:1:"), ("SELECT Nmber FROM FakeEvent", "Number")):
        _, err = fake.run(t, fake.START, "-q", query).ends(1 if "Evnt" in query else 3)  # a class that is not there is not bad input
        check(said in err and ", 0x8004" in err, query, err)
        check(any(line.strip().rstrip("~") == "^" for line in err.splitlines()), query, err)
    _, err = fake.run(t, fake.START, "-q", "SELECT * FROM FakeEvent", "-q", "SELECT").ends(3)
    check("query 2:1:" in err, err)
    _, err = fake.run(t, fake.START, "--namespace", "root\\nowhere", "-q", "SELECT * FROM X").ends(3)


@test
def mof_without_events(t):
    fake.prefix(t)
    t.write("none.mof", "class Plain { [key] string Name; };\n")
    _, err = fake.run(t, fake.START, mof="none.mof").ends(3)
    check("no event class" in err, err)


@test
def usage(t):
    fake.prefix(t)
    t.run(["wmi", "run"], 2)
    t.run(["wmi", "run", "x.so", "--mof", "y", "--reg", "nonsense"], 2)
    t.run(["wmi", "run", "x.so", "--mof", "y", "--timeout", "soon"], 2)
    _, err = t.run(["wmi", "run", "x.so", "--mof", "y", "--device", "ROOT\\a b\\0"], 2)
    check("--device" in err and "a b" in err, err)
    _, err = t.run(["wmi", "run", t.path("no.so"), "--mof", t.path("fake.mof")], 1)
    check("no.so" in err and "No such file" in err, err)


@test
def standard_output_that_is_full(t):
    fake.prefix(t)
    with open("/dev/full", "wb") as full:
        p = t.start(["wmi", "run", fake.driver(t, fake.START + "wanted\nfire 0 1\n" + fake.END), "--mof", t.path("fake.mof")], stdout=full)
        _, err = p.ends(1)
    check("No space left" in err, err)


@test
def closed_standard_files(t):
    fake.prefix(t)
    command = [os.path.join(t.bin, "wmi"), "run", fake.driver(t, fake.START + "wanted\nfire 0 1\n" + fake.END), "--mof", t.path("fake.mof"),
               "--count", "1"]
    # Without standard output events would be counted that nobody can ever see: that is a failure.
    for closed, code in (("<&- >/dev/null 2>&-", 0), ("<&- >&- 2>&-", 1)):
        got = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *command], env=t.env, timeout=kit.PATIENCE, check=False)
        equal(got.returncode, code)


if __name__ == "__main__":
    cli.main()
