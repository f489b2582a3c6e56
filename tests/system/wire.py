# SPDX-License-Identifier: MIT
"""The wire protocol, as a second implementation: src/wire/operations.def is read, not repeated."""
import os
import re
import socket
import struct
import uuid

SOURCE = os.environ.get("FREEWMI_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def table():
    """{name: (number, [(type, field)...], [(type, field)...] of the reply or None)}"""
    with open(os.path.join(SOURCE, "src", "wire", "operations.def"), encoding="utf-8") as f:
        text = f.read()
    lists = {}
    for name, fields in re.findall(r"^#define (\w+)\(F\)(.*)$", text, re.M):
        lists[name] = re.findall(r"F\((\w+), (\w+)\)", fields)
    found = {}
    for name, number, fields, reply in re.findall(r'^OPERATION\((\w+), (\d+), \w+, \w+, "[^"]*", (\w+), (\w+)\)', text, re.M):
        found[name] = (int(number), lists[fields], None if reply == "NO_REPLY" else lists[reply])
    return found


TABLE = table()
NAMES = {number: name for name, (number, _, _) in TABLE.items()}
LOADING, STARTED, REGISTERED, UNLOADING, UNLOADED, FAILED = range(1, 7)


def put(kind, value):
    if kind == "u32":
        return struct.pack("<I", value)
    if kind == "u64":
        return struct.pack("<Q", value)
    if kind == "guid":
        return uuid.UUID(value).bytes_le
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<I", len(data)) + data


def get(kind, data, at):
    if kind == "u32":
        return struct.unpack_from("<I", data, at)[0], at + 4
    if kind == "u64":
        return struct.unpack_from("<Q", data, at)[0], at + 8
    if kind == "guid":
        return str(uuid.UUID(bytes_le=data[at:at + 16])), at + 16
    n = struct.unpack_from("<I", data, at)[0]
    raw = data[at + 4:at + 4 + n]
    return (raw.decode() if kind == "str" else raw), at + 4 + n


def frame(name, request=0, /, **fields):
    number, kinds, _ = TABLE[name]
    payload = b"".join(put(kind, fields[field]) for kind, field in kinds)
    body = struct.pack("<HHI", number, 0, request) + payload
    return struct.pack("<I", len(body)) + body


class Connection:
    def __init__(self, sock):
        self.socket, self.data, self.request = sock, b"", 0

    @classmethod
    def to(cls, path):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        return cls(s)

    def send(self, name, /, **fields):
        if TABLE[name][2] is not None:
            self.request += 1
        self.socket.sendall(frame(name, self.request, **fields))

    def receive(self):
        """(name, fields, status) of the next frame; None at the end. status is None for what is no reply."""
        while len(self.data) < 4 or len(self.data) < 4 + struct.unpack_from("<I", self.data)[0]:
            more = self.socket.recv(65536)
            if not more:
                return None
            self.data += more
        size, number, flags, _ = struct.unpack_from("<IHHI", self.data)
        payload, self.data = self.data[12:4 + size], self.data[4 + size:]
        name = NAMES[number]
        at, status, kinds = 0, None, TABLE[name][1]
        if flags & 1:
            status, at = get("u32", payload, 0)
            kinds = TABLE[name][2] if status < 0x80000000 else []
        fields = {}
        for kind, field in kinds:
            fields[field], at = get(kind, payload, at)
        return name, fields, status


def wnode(guid, data, instance_index=0, time=0, flags=0x20A):
    """WNODE_SINGLE_INSTANCE of an event with a static instance name."""
    block_offset = 64
    return struct.pack("<IIQQ16sII", block_offset + len(data), 1, 0, time, uuid.UUID(guid).bytes_le, 0, flags) + \
        struct.pack("<IIII", 0, instance_index, block_offset, len(data)) + data


def envelope(sequence, host, time, guid, instance, payload, kind=1):
    name = instance.encode("utf-16-le")
    return struct.pack("<QQQ", sequence, host, time) + uuid.UUID(guid).bytes_le + struct.pack("<H", len(name)) + name + \
        struct.pack("<BI", kind, len(payload)) + payload


class Host(Connection):
    """A driver host: says hello, registers, keeps the wanted table, fires."""

    def hello(self, name, device="ROOT\\FAKE\\0000", path="/fake.so"):
        self.send("HELLO", version=1, role=2, program="fake host", name=name, device=device, path=path, pid=os.getpid())
        _, fields, status = self.receive()
        self.id, self.sequence, self.wanted, self.unload = fields.get("id", 0), 0, b"", False
        return status

    def state(self, state, text=""):
        self.send("HOST_STATE", state=state, text=text)

    def register(self, guid, registration=1):
        entry = uuid.UUID(guid).bytes_le + struct.pack("<II", 8, 1)
        self.send("REGISTER", registration=registration, provider_id=1, registry_path="", mof_resource="", count=1, guids=entry)

    def fire(self, guid, data, instance="ROOT\\FAKE\\0000_0", time=132223104000000000):
        self.sequence += 1
        self.send("FIRE", envelope=envelope(self.sequence, self.id, time, guid, instance, wnode(guid, data, time=time)))

    def obey(self):
        """Takes one order. False: the service is gone."""
        got = self.receive()
        if got is None:
            return False
        name, fields, _ = got
        if name == "WANTED":
            self.wanted = fields["guids"]
            self.send("WANTED_DONE", generation=fields["generation"], late=0)
        elif name == "UNLOAD":
            self.unload = True
        return True

    def whole(self):
        """Is there an order that was received and not taken yet?"""
        return len(self.data) >= 4 and len(self.data) >= 4 + struct.unpack_from("<I", self.data)[0]

    def wants(self, guid):
        b = uuid.UUID(guid).bytes_le
        return any(self.wanted[i:i + 16] == b for i in range(0, len(self.wanted), 16))
