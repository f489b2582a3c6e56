#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""COM clients in C, compiled by wmi-cc the way a Windows programmer writes them, against a real service and driver."""
import shutil
import socket
import struct

import fake
import wire
from kit import *

SANITIZER = {"build-sanitize": "address,undefined", "build-tsan": "thread"}.get(os.path.basename(PREFIX))


def house(t):
    toaster = t.toaster()
    service = t.service()
    t.load(toaster, "examples/toaster/toaster.mof", *parameter("toaster", "Period", 20))
    return service


def build(t, out, source, compiler):
    if not shutil.which(compiler):
        raise Skipped(f"{compiler} is not installed")
    if SANITIZER and compiler != "gcc":
        raise Skipped("the sanitized libraries are gcc's")
    path = os.path.join(t.dir, out)
    t.run("wmi-cc", "-Wall", *([f"-fsanitize={SANITIZER}"] if SANITIZER else []), "-o", path, os.path.join(SOURCE, source),
          env={**t.env, "WMI_CC": compiler})
    return path


def watcher(t, compiler):
    house(t)
    p = t.run(build(t, "watcher", "examples/watcher/watcher.c", compiler), "SELECT * FROM Toaster_Popped", 3)
    for how in ("Next", "Indicate"):
        t.equal(p.out.count(f"{how}: Toaster_Popped"), 3, how)
    numbers = [int(line.split("=")[1]) for line in p.out if line.strip().startswith("SliceNumber = ")]
    t.equal(len(numbers), 6, "slices")
    t.true(numbers == sorted(numbers), f"{numbers} are out of order")
    names = [line.split("=")[0].strip() for line in p.out[1:p.out.index("Next: Toaster_Popped", 1)]]
    t.equal(names, ["SECURITY_DESCRIPTOR", "TIME_CREATED", "InstanceName", "Active", "ModelName", "SliceNumber", "SlotNumber", "Burnt"], "names")
    t.true("    InstanceName = ROOT\\TOASTER\\0000_0" in p.out, "the instance name")
    t.true("    ModelName = Toasty 1" in p.out, "a string")


@test
def the_example_by_gcc(t):
    watcher(t, "gcc")


@test
def the_example_by_clang(t):
    watcher(t, "clang")


@test
def a_bad_query_is_an_error(t):
    house(t)
    p = t.run(build(t, "watcher", "examples/watcher/watcher.c", "gcc"), "SELECT * FORM Toaster_Popped", status=1)
    t.true("0x80041058" in p.err[-1] or "0x80041017" in p.err[-1], f"no WBEM error in {p.err}")
    t.true("expected FROM, found 'FORM'" in p.err[-1], p.err)


@test
def without_a_service(t):
    p = t.run(build(t, "watcher", "examples/watcher/watcher.c", "gcc"), status=1)
    t.true("0x80041015" in p.err[-1], f"no WBEM_E_TRANSPORT_FAILURE in {p.err}")
    t.true("no service listens there" in p.err[-1] and "start one with: wmid" in p.err[-1], p.err)  # from the error object


@test
def the_contract(t):
    """Statuses, flags, sinks: com-contract.c checks them one by one and prints what differs."""
    service = house(t)
    p = t.start(build(t, "contract", "tests/system/com-contract.c", "gcc"), service.p.pid)
    good(t, p)


@test
def objects_and_errors(t):
    mof = os.path.join(t.dir, "thing.mof")
    with open(mof, "w", encoding="utf-8") as f:
        f.write("class Thing { [key] string Name; uint32 Size = 7; string Text; };\nclass Part : Thing { [Description(\"a part\")] uint8 Parts[]; };\n"
                "class Box : Thing { string Texts[]; Thing Inside; object Anything; };\nclass Other { [key] string Name; uint32 Size; };\n")
    t.service()
    t.run("wmi", "mof", "compile", mof)
    good(t, t.start(build(t, "objects", "tests/system/com-objects.c", "gcc")))


# --- com-hub.c: what a process does to its connection -----------------------------------------------------------

def reply(name, request, status=0, **fields):
    number, _, kinds = wire.TABLE[name]
    body = struct.pack("<HHII", number, 1, request, status) + b"".join(wire.put(k, fields[f]) for k, f in kinds if k != "none")
    return struct.pack("<I", len(body)) + body


def client(t):
    """A connection to the real service that has said hello and imported the class FakeEvent; and its bundle."""
    c = wire.Connection.to(t.env["FREEWMI_SOCKET"])
    c.send("HELLO", version=1, role=1, program="test", name="", device="", path="", pid=os.getpid())
    t.equal(c.receive()[2], 0, "HELLO")
    c.send("IMPORT_MOF", file="fake.mof", namespace="root\\wmi", text=fake.MOF.encode(), class_flags=0, instance_flags=0, dialect=0, progress_ms=0)
    t.equal(c.receive()[2], 0, "IMPORT_MOF")
    c.send("EXEC_NOTIFICATION_QUERY", namespace="root\\wmi", language="WQL", query="SELECT * FROM FakeEvent", flags=0, queue=0)
    t.equal(c.receive()[2], 0, "EXEC_NOTIFICATION_QUERY")
    host = wire.Host(wire.Connection.to(t.env["FREEWMI_SOCKET"]).socket)
    t.equal(host.hello("first"), 0, "HELLO of a driver host")
    host.register(fake.GUID)
    host.fire(fake.GUID, struct.pack("<I", 0))  # a class comes before its first event
    got = c.receive()
    while got[0] != "CLASS":
        got = c.receive()
    host.socket.close()
    return got[1]["bundle"]


class Firing:
    """A driver host that fires all the time, as long as its event is wanted."""

    def __init__(self, t):
        self.host = wire.Host(wire.Connection.to(t.env["FREEWMI_SOCKET"]).socket)
        t.equal(self.host.hello("fake"), 0, "HELLO of a driver host")
        self.host.state(wire.STARTED)
        self.host.register(fake.GUID)
        self.host.state(wire.REGISTERED)
        self.stopped = threading.Event()
        self.obeys = threading.Thread(target=self.obey, daemon=True)
        self.fires = threading.Thread(target=self.fire, daemon=True)
        self.obeys.start()
        self.fires.start()

    def obey(self):
        try:
            while self.host.obey():
                pass
        except OSError:
            pass

    def fire(self):
        number = 0
        try:
            while not self.stopped.wait(0.002):
                if self.host.wants(fake.GUID):
                    self.host.fire(fake.GUID, struct.pack("<I", number))
                    number += 1
        except OSError:
            pass

    def stop(self):
        self.stopped.set()
        self.fires.join()
        self.host.socket.close()


def scenario(t, name, **env):
    return t.start(build(t, "hub", "tests/system/com-hub.c", "gcc"), name, env={**t.env, **env}, stdin=subprocess.PIPE)


def good(t, p):
    status = p.wait()
    for line in p.out:
        t.note(line)
    for line in p.err[:40]:
        t.note(line)
    t.equal(status, 0, "failed checks")


def lively(t, name):
    t.service()
    client(t)
    firing = Firing(t)
    try:
        good(t, scenario(t, name))
    finally:
        firing.stop()


@test
def a_sleeping_sink_delays_nobody(t):
    lively(t, "slow")


@test
def the_last_release_inside_a_callback(t):
    lively(t, "inside")


@test
def the_process_leaves_while_callbacks_run(t):
    lively(t, "leave")


@test
def as_many_subscriptions_as_a_session_may_have(t):
    lively(t, "many")


@test
def asynchronous_next(t):
    lively(t, "next-async")


@test
def everything_at_once_from_several_threads(t):
    lively(t, "threads")


class Player:
    """Plays a service for one client at a time."""

    def __init__(self, t):
        self.t, self.number = t, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(t.env["FREEWMI_SOCKET"])
        self.listener.listen(4)
        self.listener.settimeout(PATIENCE)

    def accept(self, *answered):
        """The next client, after its requests of these names were answered well."""
        self.c = wire.Connection(self.listener.accept()[0])
        self.c.socket.settimeout(PATIENCE)
        for name in answered:
            self.answer(name)

    def take(self, wanted):
        """The number and the fields of the next request, which has this name."""
        while len(self.c.data) < 12 or len(self.c.data) < 4 + struct.unpack_from("<I", self.c.data)[0]:
            more = self.c.socket.recv(65536)
            if not more:
                raise Failed(f"the client is gone before {wanted}")
            self.c.data += more
        request = struct.unpack_from("<I", self.c.data, 8)[0]
        name, fields, _ = self.c.receive()
        self.t.equal(name, wanted, "the client's request")
        return request, fields

    def answer(self, name, **fields):
        request, m = self.take(name)
        if name == "HELLO":
            fields = {"version": 1, "id": 1, "server": "player"}
        elif name == "OPEN_NAMESPACE":
            fields = {"namespace": m["namespace"]}
        elif name == "EXEC_NOTIFICATION_QUERY" and not fields:
            self.number += 1
            fields = {"subscription": self.number, "unanswered": 0}
        self.c.socket.sendall(reply(name, request, **fields))

    def send(self, name, **fields):
        self.c.socket.sendall(wire.frame(name, **fields))

    def event(self, subscription, number):
        self.send("EVENT", subscriptions=struct.pack("<I", subscription), handle=1,
                  envelope=wire.envelope(number, 1, 132223104000000000, fake.GUID, "FAKE", wire.wnode(fake.GUID, struct.pack("<I", number))))

    def gone(self):
        """The client has closed the connection."""
        try:
            while self.c.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        self.c.socket.close()


def says(p, word):
    p.wait_until(lambda p: word in p.out, f"the program says {word}")


def tell(p):
    p.p.stdin.write(b"\n")
    p.p.stdin.flush()


@test
def a_service_that_never_answers(t):
    player = Player(t)
    p = scenario(t, "mute", FREEWMI_CALL_TIMEOUT="0.3")
    player.accept("HELLO")
    player.take("OPEN_NAMESPACE")
    good(t, p)


@test
def an_answer_that_comes_too_late(t):
    player = Player(t)
    p = scenario(t, "silent", FREEWMI_CALL_TIMEOUT="0.3")
    player.accept("HELLO", "OPEN_NAMESPACE")
    late = [player.take("EXEC_NOTIFICATION_QUERY")[0] for _ in range(2)]
    says(p, "late")
    for number, request in enumerate(late, 41):
        player.c.socket.sendall(reply("EXEC_NOTIFICATION_QUERY", request, subscription=number, unanswered=0))
    # Subscriptions that nobody waits for any more are ended, or events would come for ever.
    t.equal([player.take("CANCEL_ASYNC_CALL")[1]["subscription"] for _ in late], [41, 42], "cancelled")
    tell(p)
    good(t, p)


def breaks(t, what, name="broken", subscriptions=2):
    player = Player(t)
    p = scenario(t, name)
    player.accept("HELLO", "OPEN_NAMESPACE", *["EXEC_NOTIFICATION_QUERY"] * subscriptions)
    says(p, "now")
    what(player)
    if name == "broken":
        player.gone()
        player.accept("HELLO", "OPEN_NAMESPACE")
    good(t, p)


@test
def a_service_that_goes(t):
    breaks(t, lambda s: s.c.socket.shutdown(socket.SHUT_RDWR))


@test
def a_service_that_sends_garbage(t):
    breaks(t, lambda s: s.c.socket.sendall(b"\xff" * 64))


@test
def an_event_of_a_class_that_was_never_sent(t):
    breaks(t, lambda s: s.event(1, 1))


@test
def an_answer_that_nobody_asked_for(t):
    breaks(t, lambda s: s.c.socket.sendall(reply("EXEC_NOTIFICATION_QUERY", 4711, subscription=9, unanswered=0)))


@test
def a_service_that_goes_instead_of_answering(t):
    def what(s):
        s.take("EXEC_NOTIFICATION_QUERY")
        s.c.socket.shutdown(socket.SHUT_RDWR)
    breaks(t, what, "refused", 0)


@test
def a_broken_answer_to_a_query(t):
    def what(s):
        request, _ = s.take("EXEC_NOTIFICATION_QUERY")
        s.c.socket.sendall(struct.pack("<IHHII", 12, wire.TABLE["EXEC_NOTIFICATION_QUERY"][0], 1, request, 0))
    breaks(t, what, "refused", 0)


@test
def an_answer_with_an_id_that_is_taken(t):
    breaks(t, lambda s: s.answer("EXEC_NOTIFICATION_QUERY", subscription=0, unanswered=0), "refused", 0)


@test
def a_callback_over_its_time(t):
    t.service()
    bundle = client(t)
    t.env["FREEWMI_SOCKET"] += "2"
    player = Player(t)
    p = scenario(t, "hung", FREEWMI_SINK_TIMEOUT="0.2")
    player.accept("HELLO", "OPEN_NAMESPACE", "EXEC_NOTIFICATION_QUERY")
    player.send("CLASS", handle=1, namespace="root\\wmi", bundle=bundle)
    player.event(1, 1)
    t.equal(player.take("CANCEL_ASYNC_CALL")[1]["subscription"], 1, "cancelled")
    tell(p)
    good(t, p)


@test
def what_came_is_handed_out_before_the_end(t):
    t.service()
    bundle = client(t)
    t.env["FREEWMI_SOCKET"] += "2"
    player = Player(t)
    p = scenario(t, "counted")
    player.accept("HELLO", "OPEN_NAMESPACE", "EXEC_NOTIFICATION_QUERY")
    player.send("CLASS", handle=1, namespace="root\\wmi", bundle=bundle)
    for i in range(5):
        player.event(1, i)
    player.send("LOST", subscription=1, source=0, count=7)
    player.send("LOST", subscription=99, source=0, count=7)
    player.send("ENDED", subscription=99, status=0x80041001)
    player.send("ENDED", subscription=1, status=0x80041033)
    player.event(1, 9)  # after its last word: nobody's
    good(t, p)


main()
