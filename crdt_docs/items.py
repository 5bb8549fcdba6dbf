"""What an item in an update says before its content: what it stands beside, or what it lies in."""

from __future__ import annotations

from typing import Final

from crdt_docs.lib0 import read_varint, skip_text

SKIP: Final = 10
"""The content reference of a Skip; that of a GC is 0. Neither is an item."""
CONTENT_BITS: Final = 0x1F
"""Of a struct's first byte: its content reference."""
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_PARENT_SUB = 0x80, 0x40, 0x20


def read_origin(data: bytes, at: int, info: int) -> tuple[tuple[int, int] | None, int]:
    """What an item stands behind (client, clock), if anything; then where its content begins.

    Args:
        at: Behind the item's first byte, which is `info`.
    """
    origin = None
    if info & _HAS_ORIGIN:
        client, at = read_varint(data, at)
        clock, at = read_varint(data, at)
        origin = client, clock
    if info & _HAS_RIGHT_ORIGIN:
        _, at = read_varint(data, at)
        _, at = read_varint(data, at)
    if not info & (_HAS_ORIGIN | _HAS_RIGHT_ORIGIN):
        if data[at]:
            at = skip_text(data, at + 1)
        else:
            _, at = read_varint(data, at + 1)
            _, at = read_varint(data, at)
        if info & _HAS_PARENT_SUB:
            at = skip_text(data, at)
    return origin, at
