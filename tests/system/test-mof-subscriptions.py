#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""wmi mof subscriptions: what a file would make run. TAP."""
import pty

from kit import *

EVIL = r'''#pragma namespace("\\\\.\\root\\subscription")
instance of __EventFilter as $F
{
    Name = "Updater"; EventNamespace = "root\\cimv2"; QueryLanguage = "WQL";
    Query = "SELECT * FROM __InstanceModificationEvent WITHIN 60 WHERE TargetInstance ISA 'Win32_Thing'";
};
instance of CommandLineEventConsumer as $C { Name = "Updater"; CommandLineTemplate = "cmd /c calc"; };
instance of __FilterToConsumerBinding { Filter = $F; Consumer = $C; };
instance of ActiveScriptEventConsumer { Name = "S"; ScriptingEngine = "VBScript"; ScriptText = "a\nb"; };
instance of __EventFilter { Name = "bad"; Query = "SELEKT"; };
instance of __FilterToConsumerBinding { Filter = "__EventFilter.Name=\"BAD\"";
    Consumer = "\\\\.\\root\\subscription:ActiveScriptEventConsumer.Name=\"s\""; };
instance of __FilterToConsumerBinding { Filter = "__EventFilter.Name=\"x\""; };
instance of __IntervalTimerInstruction { TimerId = "t1"; IntervalBetweenEvents = 5000; };
'''
LONELY = r'instance of LogFileEventConsumer { Name = "lonely"; Filename = "c:\\x"; Text = "y"; };' + "\n"


def write(t, name, text, encoding="utf-8"):
    path = os.path.join(t.dir, name)
    with open(path, "w", encoding=encoding) as f:
        f.write(text)
    return path


def rows(p):
    return [line.split("\t") for line in p.out]


def terminal(t, *args):
    """What a program writes on a terminal without colours."""
    main, side = pty.openpty()
    p = t.start(*args, stdout=side, env={**t.env, "TERM": "xterm", "NO_COLOR": "1"})
    os.close(side)
    text = b""
    try:
        while part := os.read(main, 4096):
            text += part
    except OSError:
        pass  # nobody has the other side any more
    os.close(main)
    t.equal(p.wait(), 0, "exit status")
    return text.decode().replace("\r\n", "\n")


def objects(p):
    return [json.loads(line) for line in p.out]


@test
def what_runs_what_and_when(t):
    evil = write(t, "evil.mof", EVIL)
    got = rows(t.run("wmi", "mof", "subscriptions", evil))
    ns = r"root\subscription"
    t.equal(got[0], ["binding", f"{evil}:8", ns, "Updater -> Updater",
                     r"SELECT * FROM __InstanceModificationEvent WITHIN 60 WHERE TargetInstance ISA 'Win32_Thing' in root\cimv2",
                     "runs cmd /c calc", ""])
    t.equal(got[1][:5], ["binding", f"{evil}:11", ns, "bad -> S", rf"SELEKT in {ns}"])
    t.equal(got[1][5], r"runs the VBScript: a\u000Ab")
    t.true(got[1][6].startswith("the query is no WQL, column 1: "), got[1])
    t.equal(got[2][3:], ['__EventFilter.Name="x" -> nothing', "", "", "the filter is not in this file; it names no consumer"])
    t.equal(got[3], ["timer", f"{evil}:14", ns, "t1", "every 5000 ms", "fires __TimerEvent with the TimerId t1", ""])
    t.equal(len(got), 4, "rows")


@test
def on_a_terminal_in_blocks(t):
    evil = write(t, "evil.mof", EVIL)
    text = terminal(t, "wmi", "mof", "subscriptions", evil)
    blocks = text.split("\n\n")
    t.equal(len(blocks), 4, "blocks")
    t.equal(blocks[0].split("\n"), [
        f"binding {evil}:8", r"    namespace  root\subscription", "    name       Updater -> Updater",
        r"    when       SELECT * FROM __InstanceModificationEvent WITHIN 60 WHERE TargetInstance ISA 'Win32_Thing' in root\cimv2",
        "    does       runs cmd /c calc"])
    t.true("    does       runs the VBScript: a\n               b\n" in blocks[1], blocks[1])


@test
def everything_in_json(t):
    got = objects(t.run("wmi", "mof", "subscriptions", "--json", write(t, "evil.mof", EVIL)))
    t.equal([o["kind"] for o in got],
            ["filter", "consumer", "binding", "consumer", "filter", "binding", "binding", "timer"])
    t.equal([o["bound"] for o in got], [True, True, True, True, True, True, False, False])
    t.equal(got[5]["does"], "runs the VBScript: a\nb")
    t.equal((got[2]["filter"], got[2]["consumer"], got[2]["consumerClass"], got[2]["eventNamespace"]),
            ("Updater", "Updater", "CommandLineEventConsumer", r"root\cimv2"))
    t.equal(got[7]["mof"], 'instance of __IntervalTimerInstruction\n{\n\tTimerId = "t1";\n\tIntervalBetweenEvents = 5000;\n};\n')


@test
def of_a_broken_file_what_is_left(t):
    path = write(t, "broken.mof", "class broken { ;\n" + LONELY + '#include ("gone.mof")\n', "utf-16")
    p = t.run("wmi", "mof", "subscriptions", path, status=3)
    t.equal(rows(p), [["consumer", f"{path}:2", r"root\default", "lonely", "", r"appends to the file c:\x: y",
                       "nothing in this file binds it"]])
    t.true(any("gone.mof" in line for line in p.err) and any("class broken" in line for line in p.err), p.err)


@test
def several_files_and_included_ones(t):
    os.mkdir(os.path.join(t.dir, "Inner"))
    inner = write(t, "Inner/Lonely.mof", LONELY)
    top = write(t, "top.mof", '#pragma include ("inner\\\\lonely.mof")\n')
    p = t.run("wmi", "mof", "subscriptions", top, inner)
    t.equal([r[1] for r in rows(p)], [f"{inner}:1"] * 2)


@test
def what_cannot_be_read(t):
    t.run("wmi", "mof", "subscriptions", os.path.join(t.dir, "none.mof"), status=1)
    t.run("wmi", "mof", "subscriptions", status=2)
    t.equal(t.run("wmi", "mof", "subscriptions", write(t, "empty.mof", "")).out, [], "what an empty file installs")


main()
