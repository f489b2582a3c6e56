# SPDX-License-Identifier: MIT
"""A service for the tests of driver hosts: it says hello, wants events, and remembers all that comes.

    s = FakeService(t)                 listens on t.env["FREEWMI_SOCKET"]
    p = t.start("wmi-driver-host", "--socket", s.path, ...)
    h = s.accept()                     HELLO was answered; h.hello holds its fields
    h.want(guid, ...)                  sends WANTED, waits for WANTED_DONE
    h.wait("FIRE", lambda m: ...)      the first message of that name, seen or still to come, that fits
"""
import os
import socket
import struct
import threading
import time
import uuid

import wire
from kit import PATIENCE, Failed
from wire import FAILED, LOADING, REGISTERED, STARTED, UNLOADED, UNLOADING  # noqa: F401: for the tests


def _decode(kinds, data):
    ret, at = {}, 0
    for kind, field in kinds:
        if kind != "none":
            ret[field], at = wire.get(kind, data, at)
    if at != len(data):
        raise Failed(f"the fields have {at} bytes, the frame {len(data)}")
    return ret


def _reply(name, request, **values):
    number, _, kinds = wire.TABLE[name]
    body = struct.pack("<HHII", number, 1, request, 0) + b"".join(wire.put(kind, values[field]) for kind, field in kinds)
    return struct.pack("<I", len(body)) + body


class Envelope:
    def __init__(self, data):
        self.sequence, self.host, self.time = struct.unpack_from("<QQQ", data)
        self.guid = str(uuid.UUID(bytes_le=data[24:40]))
        n, = struct.unpack_from("<H", data, 40)
        self.instance = data[42:42 + n].decode("utf-16-le")
        self.kind, size = struct.unpack_from("<BI", data, 42 + n)
        self.payload = data[47 + n:]
        if len(self.payload) != size:
            raise Failed(f"the payload has {len(self.payload)} bytes, {size} are announced")
        self.index, self.offset, self.size = struct.unpack_from("<III", self.payload, 52)
        self.data = self.payload[self.offset:self.offset + self.size]


def guid_list(data):
    return {str(uuid.UUID(bytes_le=data[i:i + 16])): struct.unpack_from("<II", data, i + 16) for i in range(0, len(data), 24)}


class Host:
    """The service's end of one connection. A thread reads all that comes."""

    def __init__(self, connection, host_id=7, reply=True):
        self.c, self.messages, self.gone, self.generation = connection, [], False, 0
        self.moved = threading.Condition()
        self.stopped = threading.Event()
        self.stopped.set()
        threading.Thread(target=self._read, daemon=True).start()
        self.hello = self.wait("HELLO")
        if reply:
            self.c.sendall(_reply("HELLO", 1, version=1, id=host_id, server="test"))

    def _read(self):
        data = b""
        while True:
            self.stopped.wait()
            try:
                got = self.c.recv(1 << 20)
            except OSError:
                got = b""
            data += got
            with self.moved:
                while len(data) >= 4 and len(data) >= 4 + struct.unpack_from("<I", data)[0]:
                    n = 4 + struct.unpack_from("<I", data)[0]
                    number, flags, request = struct.unpack_from("<HHI", data, 4)
                    name = wire.NAMES[number]
                    m = _decode(wire.TABLE[name][1], data[12:n])
                    if name == "FIRE":
                        m = Envelope(m["envelope"])
                    self.messages.append((name, m))
                    data = data[n:]
                self.gone = not got
                self.moved.notify_all()
            if not got:
                return

    def of(self, name):
        with self.moved:
            return [m for n, m in self.messages if n == name]

    def send(self, name, **values):
        self.c.sendall(wire.frame(name, **values))

    def wait(self, name, fits=lambda m: True, count=1, patience=None):
        """The count-th message of that name that fits."""
        end = time.monotonic() + (patience or PATIENCE)
        with self.moved:
            while True:
                found = [m for n, m in self.messages if n == name and fits(m)]
                if len(found) >= count:
                    return found[count - 1]
                if self.gone or time.monotonic() > end:
                    raise Failed(f"no {name} ({count}): got {[n for n, _ in self.messages][-20:]}, gone {self.gone}")
                self.moved.wait(0.2)

    def want(self, *guids, wait=True):
        """Sends the table of wanted events; returns the answer."""
        self.generation += 1
        g = self.generation
        self.send("WANTED", generation=g, guids=b"".join(uuid.UUID(x).bytes_le for x in guids))
        return self.wait("WANTED_DONE", lambda m: m["generation"] == g) if wait else None

    def state(self, state, patience=None):
        return self.wait("HOST_STATE", lambda m: m["state"] == state, patience=patience)

    def close(self):
        self.c.shutdown(socket.SHUT_RDWR)
        self.c.close()


class FakeService:
    def __init__(self, t, name=None, user=0):
        self.path = os.path.join(t.dir, name) if name else t.env["FREEWMI_SOCKET"]
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.s.bind(self.path)
        os.seteuid(user or os.geteuid())  # who listens is whose service it is
        self.s.listen(4)
        os.seteuid(os.getuid())
        self.s.settimeout(PATIENCE)

    def close(self):
        """Nobody listens any more, and there is nothing at the path."""
        self.s.close()
        os.unlink(self.path)

    def accept(self, **kw):
        c, _ = self.s.accept()
        c.setblocking(True)
        return Host(c, **kw)
