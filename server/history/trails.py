"""A trail's bytes: samples of one pointer, each told by what differs from the one before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from crdt_docs.lib0 import read_signed_varint, read_varint, signed_varint, varint
from persistence.errors import CorruptStorage
from persistence.interfaces import Micros

Point: TypeAlias = tuple[int, int]
"""A place on the board, in whole units of its coordinates."""
_MILLISECOND = 1000


class Sample(NamedTuple):
    """Where a pointer was from an instant on; None: not on the board."""

    at: Micros
    point: Point | None


class TrailDraft:
    """A trail that grows.

    Each sample is a varUint, twice the milliseconds since the one before, plus 1 where the pointer is not on the board;
    else two varInts follow: by how much x and y differ from the place before, at first (0, 0).
    """

    def __init__(self, since: Micros) -> None:
        self.since = since
        self.until = since
        self.bytes = bytearray()
        self._passed = 0
        self._point = (0, 0)

    def add(self, at: Micros, point: Point | None) -> None:
        """Append a sample, not earlier than the last."""
        passed = (at - self.since) // _MILLISECOND
        self.bytes += varint(passed - self._passed << 1 | (point is None))
        if point is not None:
            self.bytes += signed_varint(point[0] - self._point[0]) + signed_varint(point[1] - self._point[1])
            self._point = point
        self._passed, self.until = passed, Micros(self.since + passed * _MILLISECOND)


def samples_of(since: Micros, data: bytes) -> Iterator[Sample]:
    """The samples of a trail that began at that instant.

    Raises:
        CorruptStorage: It is none.
    """
    at, place, x, y = since, 0, 0, 0
    try:
        while place < len(data):
            head, place = read_varint(data, place)
            at = Micros(at + (head >> 1) * _MILLISECOND)
            if head & 1:
                yield Sample(at, None)
                continue
            dx, place = read_signed_varint(data, place)
            dy, place = read_signed_varint(data, place)
            x, y = x + dx, y + dy
            yield Sample(at, (x, y))
    except (IndexError, ValueError) as exc:
        raise CorruptStorage("Where somebody pointed is damaged.") from exc
