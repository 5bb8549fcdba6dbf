"""Trails of cursors as they are told: a JSON object a line, a few trails at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from crdt_docs.ids import RoomId
from persistence.interfaces import Cursors, Micros, Trail
from server.history.trails import samples_of

CHUNK_BYTES: Final = 32 * 1024
_encode: Final = msgspec.json.Encoder().encode


class ToldTrail(Struct):
    """Some of where one page's pointer was: instant, x and y; the instant alone where it left the board."""

    session: str
    sub: str
    samples: list[tuple[int, ...]]


class ToldEnd(Struct):
    """The last line: without it the answer was cut off."""

    end: int


async def told_trails(
    cursors: Cursors, unwritten: Sequence[Trail], room: RoomId, since: Micros, until: Micros
) -> AsyncIterator[bytes]:
    """Lines with the samples in [`since`, `until`), those of one page in their order.

    Args:
        unwritten: Trails that are perhaps not in the storage yet.

    Raises:
        CorruptStorage: A trail is damaged.
    """
    chunk, left = bytearray(), {(each.session, each.since): each for each in unwritten}
    async for trail in cursors.read(room, since, until):
        left.pop((trail.session, trail.since), None)
        chunk += _line(trail, since, until)
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    for trail in left.values():
        chunk += _line(trail, since, until)
    chunk += _encode(ToldEnd(until)) + b"\n"
    yield bytes(chunk)


def _line(trail: Trail, since: Micros, until: Micros) -> bytes:
    samples: list[tuple[int, ...]] = [
        (at, *(point or ())) for at, point in samples_of(trail.since, trail.samples) if since <= at < until
    ]
    return _encode(ToldTrail(trail.session, trail.user, samples)) + b"\n" if samples else b""
