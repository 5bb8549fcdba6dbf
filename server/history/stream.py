"""A part of a log as one stream of bytes, in lib0's encoding: a keyframe, the rows behind it, and who wrote them when.

Nothing is applied here: a client builds the states. A record is its kind and its fields:

- 0, keyframe: varUint seq, varUint at, varUint8Array update (v1, the whole state after the row `seq`)
- 1, author: varString user, varString session; numbered from 0 in the order in which they come
- 2, row: varUint author, varInt microseconds since the `at` before (0 before the first), varUint8Array update (v1)
- 3, end: varUint seq of the last row; a stream without it was cut off

Rows have the seq behind the keyframe's, or behind the one that was asked for, and so on by one. Where history was
thinned out, updates that say nothing stand in the place of those that are gone, at the instant of the one that stayed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from enum import IntEnum

from crdt_docs.ids import DocumentId, Seq, SessionId, UserId
from crdt_docs.lib0 import signed_varint, varint
from crdt_docs.updates import EMPTY_UPDATE
from persistence.interfaces import Micros, Stores, UpdateRow

CHUNK_BYTES = 64 * 1024


class Kind(IntEnum):
    """What a record is."""

    KEYFRAME = 0
    AUTHOR = 1
    ROW = 2
    END = 3


async def stream(
    stores: Stores, document: DocumentId, after: Seq, until: Seq, *, keyframe: bool
) -> AsyncIterator[bytes]:
    """[HI1] Give the rows with `after` < seq ≤ `until`, about `CHUNK_BYTES` or one update at a time.

    Args:
        keyframe: Begin with the newest snapshot up to `after`, if there is one, and with all rows behind it, so that
            every state from `after` on can be built.

    Raises:
        StorageError: It cannot be read; what was given so far has no end.
    """
    at, chunk = Micros(0), bytearray()
    if keyframe:
        snapshot = await stores.snapshots.before(document, after)
        after = snapshot.seq if snapshot is not None else Seq(0)
        if snapshot is not None:
            at = snapshot.at
            yield varint(Kind.KEYFRAME) + varint(after) + varint(at) + varint(len(snapshot.update))
            yield snapshot.update
    rows: dict[tuple[UserId, SessionId], bytes] = {}
    async for row in _without_gaps(stores, document, after, until):
        author = (row.user, row.session)
        if author not in rows:
            rows[author] = varint(Kind.ROW) + varint(len(rows))
            chunk += varint(Kind.AUTHOR) + _sized(row.user.encode()) + _sized(row.session.encode())
        chunk += rows[author]
        chunk += signed_varint(row.at - at)
        chunk += varint(len(row.update))
        chunk += row.update
        at, after = row.at, row.seq
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk + varint(Kind.END) + varint(after))


async def _without_gaps(stores: Stores, document: DocumentId, after: Seq, until: Seq) -> AsyncIterator[UpdateRow]:
    """The rows, and empty ones where others were thinned out, up to `until` or the end of the log."""
    async for row in stores.updates.read_after(document, after, until=until):
        for missing in range(after + 1, row.seq):
            yield replace(row, seq=Seq(missing), update=EMPTY_UPDATE)
        yield row
        after = row.seq
    if after < until:  # in the midst of rows that were thinned out
        async for row in stores.updates.read_after(document, until):
            for missing in range(after + 1, until + 1):
                yield replace(row, seq=Seq(missing), update=EMPTY_UPDATE)
            return


def _sized(data: bytes) -> bytes:
    return varint(len(data)) + data
