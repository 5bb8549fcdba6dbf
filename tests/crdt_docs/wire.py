"""Yjs updates written by hand, byte for byte, honest or not."""

from __future__ import annotations

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
