"""Yjs updates written by hand, byte for byte, honest or not."""

from __future__ import annotations

from random import Random

from crdt_docs.lib0 import varint

NO_DELETES = b"\x00"
ANN, BOB, EVE = 11, 300, 2**32 + 5


def text(value: str) -> bytes:
    raw = value.encode()
    return varint(len(raw)) + raw


def identity(client: int, clock: int) -> bytes:
    return varint(client) + varint(clock)


def rooted(content: int, body: bytes, *, root: str = "r", key: str | None = None) -> bytes:
    """An item under a root type."""
    flag = 0 if key is None else 0x20
    return bytes((content | flag,)) + b"\x01" + text(root) + (b"" if key is None else text(key)) + body


def after(origin: tuple[int, int], content: int, body: bytes) -> bytes:
    """An item to the right of another."""
    return bytes((content | 0x80,)) + identity(*origin) + body


def before(right: tuple[int, int], content: int, body: bytes) -> bytes:
    """An item to the left of another."""
    return bytes((content | 0x40,)) + identity(*right) + body


def beside(left: tuple[int, int], right: tuple[int, int], content: int, body: bytes) -> bytes:
    """An item between two others."""
    return bytes((content | 0xC0,)) + identity(*left) + identity(*right) + body


def inside(parent: tuple[int, int], content: int, body: bytes) -> bytes:
    """An item whose parent is a shared type that is itself an item."""
    return bytes((content,)) + b"\x00" + identity(*parent) + body


def anything(*values: bytes) -> bytes:
    return varint(len(values)) + b"".join(values)


NULL = b"\x7e"
NULLS = anything(NULL)
ANY, STRING, TYPE = 8, 4, 7


def gc(length: int) -> bytes:
    return b"\x00" + varint(length)


def skip(length: int) -> bytes:
    return b"\x0a" + varint(length)


def run(client: int, clock: int, *structs: bytes) -> bytes:
    return varint(len(structs)) + varint(client) + varint(clock) + b"".join(structs)


def update(*runs: bytes, deletes: bytes = NO_DELETES) -> bytes:
    return varint(len(runs)) + b"".join(runs) + deletes


def deletes(*entries: tuple[int, list[tuple[int, int]]]) -> bytes:
    out = [varint(len(entries))]
    for client, ranges in entries:
        out += [varint(client), varint(len(ranges)), *(varint(clock) + varint(length) for clock, length in ranges)]
    return b"".join(out)


def mutate(random: Random, update: bytes) -> bytes:
    """Break an update in one place or some."""
    data = bytearray(update)
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0 | 1 if at < len(data):
                data[at] = random.choice([random.randrange(256), data[at] ^ 1 << random.randrange(8)])
            case 2:
                data[at:at] = random.randbytes(random.randint(1, 4))
            case 3:
                del data[at : at + random.randint(1, 4)]
            case 4:
                del data[at:]
            case 5:
                data += random.randbytes(random.randint(1, 3))
    return bytes(data)
