# SPDX-License-Identifier: MIT
"""Files in which binary MOF is found, made from given bytes: AML, tables, acpidump's text, ASL, PE.

    dsdt = table("DSDT", scope("\\_SB", device("WMID", named("_WDG", wdg(...)), named("WQBA", blob))))
"""
import struct
import uuid

MOF_GUID = "05901221-D566-11D1-B2F0-00A0C9062910"
EXPENSIVE, METHOD, STRING, EVENT = 1, 2, 4, 8


# --- AML ---------------------------------------------------------------------------------------------

def package(op, body):
    """An operator of one or two bytes, the package's length, its body."""
    n = len(body) + 1
    if n <= 0x3F:
        return op + bytes([n]) + body
    more = 1 if n + 1 <= 0xFFF else 2 if n + 2 <= 0xFFFFF else 3
    n += more
    return op + bytes([more << 6 | n & 0xF]) + (n >> 4).to_bytes(more, "little") + body


def integer(n):
    if n < 2:
        return bytes([n])
    for op, size in ((0x0A, 1), (0x0B, 2), (0x0C, 4), (0x0E, 8)):
        if n < 1 << 8 * size:
            return bytes([op]) + n.to_bytes(size, "little")


def name(path):
    """\\_SB.PCI0 -> a NameString."""
    prefix = path[:len(path) - len(path.lstrip("\\^"))]
    segments = [s.ljust(4, "_").encode() for s in path[len(prefix):].split(".") if s]
    count = {0: b"\0", 1: b"", 2: b"\x2E"}.get(len(segments), bytes([0x2F, len(segments)]))
    return prefix.encode() + count + b"".join(segments)


def buffer(data, length=None):
    return package(b"\x11", integer(len(data) if length is None else length) + data)


def named(path, data, length=None):
    return b"\x08" + name(path) + buffer(data, length)


def scope(path, *terms):
    return package(b"\x10", name(path) + b"".join(terms))


def device(path, *terms):
    return package(b"\x5B\x82", name(path) + b"".join(terms))


def method(path, *terms, arguments=0):
    return package(b"\x14", name(path) + bytes([arguments]) + b"".join(terms))


def returned(data):
    return b"\xA4" + buffer(data)


def condition(predicate, *terms):
    return package(b"\xA0", predicate + b"".join(terms))


def wdg(*entries):
    """(GUID, "AA" or a notification's number, instances, flags)..."""
    out = b""
    for guid, what, instances, flags in entries:
        id = bytes([what, 0]) if isinstance(what, int) else what.encode()
        out += uuid.UUID(guid).bytes_le + id + bytes([instances, flags])
    return out


def table(signature, *terms, oem="FREEWM", oem_table="TEST"):
    aml = b"".join(terms)
    t = struct.pack("<4sIBB6s8sI4sI", signature.encode(), 36 + len(aml), 2, 0, oem.encode().ljust(6), oem_table.encode().ljust(8), 1,
                    b"TEST", 1) + aml
    return t[:9] + bytes([-sum(t) & 0xFF]) + t[10:]


def acpidump(*tables):
    out = ""
    for t in tables:
        out += f"{t[:4].decode()} @ 0x0000000000000000\n"
        for i in range(0, len(t), 16):
            line = t[i:i + 16]
            hexadecimal = "".join(f"{b:02X} " for b in line).ljust(48)
            text = "".join(chr(b) if 32 <= b < 127 else "." for b in line)
            out += f"    {i:04X}: {hexadecimal} {text}\n"
        out += "\n"
    return out.encode()


# --- ASL ---------------------------------------------------------------------------------------------

def asl_buffer(data, indent="    "):
    out = f"Buffer (0x{len(data):04X})\n{indent}{{\n"
    for i in range(0, len(data), 8):
        line = data[i:i + 8]
        listed = ", ".join(f"0x{b:02X}" for b in line) + (", " if i + 8 < len(data) else "")
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in line)
        out += f"{indent}    /* {i:04X} */  {listed}  // {text}\n"
    return out + indent + "}"


def asl_named(path, data):
    return f"    Name ({path}, {asl_buffer(data)})\n"


def asl_scope(kind, path, *what):
    return f"{kind} ({path})\n{{\n" + "".join(what) + "}\n"


def asl(signature, *what):
    return (f"/*\n * Original Table Header:\n *     Signature        \"{signature}\"\n */\n"
            f"DefinitionBlock (\"\", \"{signature}\", 2, \"FREEWM\", \"TEST\", 0x00000001)\n{{\n" + "".join(what) + "}\n\n")


# --- PE ----------------------------------------------------------------------------------------------

def pe(resources, plus=True, lead=0):
    """A DLL without code. resources: [(type, name, language, bytes)]; types and names are texts or numbers. lead: bytes of the
    section in front of them."""
    tree = {}
    for kind, name_, language, data in resources:
        tree.setdefault(kind, {}).setdefault(name_, {})[language] = data
    base = 0x3000 + lead
    directories, strings, leaves, data = bytearray(), bytearray(), [], bytearray()

    def keys(d):  # names first, as the format wants it
        return sorted((k for k in d if isinstance(k, str))) + sorted(k for k in d if isinstance(k, int))

    # Three levels, one after the other: directories, then strings, descriptions, data.
    level, patches = [(tree, None)], []
    for depth in range(3):
        below = []
        for d, patch in level:
            if patch is not None:
                struct.pack_into("<I", directories, patch, 0x80000000 | len(directories))
            directories += struct.pack("<IIHHHH", 0, 0, 0, 0, sum(isinstance(k, str) for k in d), sum(isinstance(k, int) for k in d))
            for k in keys(d):
                at = len(directories)
                directories += struct.pack("<II", k if isinstance(k, int) else 0, 0)
                if isinstance(k, str):
                    patches.append((at, k))
                if depth < 2:
                    below.append((d[k], at + 4))
                else:
                    leaves.append((at + 4, d[k]))
        level = below
    for at, text in patches:
        struct.pack_into("<I", directories, at, 0x80000000 | (len(directories) + len(strings)))
        strings += struct.pack("<H", len(text)) + text.encode("utf-16-le")
    strings += bytes(-(len(directories) + len(strings)) % 4)
    first = len(directories) + len(strings)
    descriptions = bytearray()
    for i, (at, content) in enumerate(leaves):
        struct.pack_into("<I", directories, at, first + 16 * i)
        place = first + 16 * len(leaves) + len(data)
        descriptions += struct.pack("<IIII", base + place, len(content), 0, 0)
        data += content + bytes(-len(content) % 8)
    section = bytes(lead) + bytes(directories + strings + descriptions + data)
    fixed = 112 if plus else 96
    optional = bytearray(fixed + 16 * 8)
    struct.pack_into("<H", optional, 0, 0x20B if plus else 0x10B)
    struct.pack_into("<I", optional, fixed - 4, 16)
    struct.pack_into("<II", optional, fixed + 16, base if resources else 0, len(section) - lead)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664 if plus else 0x14C, 1, 0, 0, 0, len(optional), 0x2022)
    row = struct.pack("<8sIIIIIIHHI", b".rsrc", len(section), 0x3000, len(section), 0x400, 0, 0, 0, 0, 0x40000040)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + coff + bytes(optional) + row
    return head.ljust(0x400, b"\0") + section


# --- binary MOF's compression ------------------------------------------------------------------------

def expand(bmf):
    """The expanded bytes of a sound file."""
    value, size = int.from_bytes(bmf[20:], "little"), struct.unpack_from("<I", bmf, 12)[0]
    at, out = 0, bytearray()

    def bits(n):
        nonlocal at
        at += n
        return value >> at - n & (1 << n) - 1
    while len(out) < size:
        kind = bits(2)
        if kind in (1, 2):
            out.append(bits(7) | (0x80 if kind == 1 else 0))
            continue
        distance = bits(6) if kind == 0 else bits(8) + 64 if not bits(1) else bits(12) + 320
        if distance == 0xFFF + 320:
            continue
        zeros = 0
        while not bits(1):
            zeros += 1
        for _ in range((1 << zeros) + 1 + bits(zeros)):
            out.append(out[-distance])
    return bytes(out)


def pack_literally(data):
    """A file that expands to these bytes, and is not how mofcomp compresses."""
    value = at = 0
    for i, b in enumerate(data, 1):
        value |= ((1 if b >= 0x80 else 2) | (b & 0x7F) << 2) << at
        at += 9
        if i % 512 == 0 or i == len(data):
            value |= 0x7FFF << at
            at += 15
    stream = b"DS\0\1" + value.to_bytes((at + 7) // 8, "little")
    return b"FOMB" + struct.pack("<III", 1, len(stream), len(data)) + stream
