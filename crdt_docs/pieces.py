"""Whether an update comes in so many small pieces that yrs would take long to put them together.

Structs that continue each other become one when a transaction ends, from the last to the first, and each step moves
everything that was put together before: 16,000 single values in 110 KB took 11 s, 4,000 took one. Yjs has done that
itself before it sends a document's state, so an honest update has few such pieces.
"""

from __future__ import annotations

from typing import Final

from crdt_docs.contents import CONTENTS
from crdt_docs.errors import DocumentQuotaExceeded
from crdt_docs.items import CONTENT_BITS, SKIP, read_origin
from crdt_docs.lib0 import read_varint

BASE_MOVES: Final = 1_000_000
"""Values that may be moved whatever the size of the update; some 85 ns each."""
MOVES_PER_BYTE: Final = 20
_UNCHECKED_BYTES: Final = 4_096
"""A piece has 6 bytes at least, so these hold too few to matter."""

_STRING, _ANY = 4, 8


def check_pieces(update: bytes) -> None:
    """Refuse an update whose pieces would be moved more often than its size explains.

    Args:
        update: Accepted by `read_update`.

    Raises:
        DocumentQuotaExceeded: It comes in too many pieces.
    """
    if len(update) <= _UNCHECKED_BYTES:
        return
    moves = 0
    blocks, at = read_varint(update, 0)
    for _ in range(blocks):
        count, at = read_varint(update, at)
        client, at = read_varint(update, at)
        clock, at = read_varint(update, at)
        found, at = _count_moves(update, at, count, client, clock)
        moves += found
    if moves > BASE_MOVES + MOVES_PER_BYTE * len(update):
        raise DocumentQuotaExceeded("The update comes in too many pieces; send the document's state instead.")


def _count_moves(data: bytes, at: int, count: int, client: int, clock: int) -> tuple[int, int]:
    """Pieces times values of each row of pieces that continue each other, summed up; then the place behind the run."""
    moves = pieces = values = last = 0
    for _ in range(count):
        info = data[at]
        at += 1
        content = info & CONTENT_BITS
        if not content or content == SKIP:
            length, at = read_varint(data, at)
            origin = None
        else:
            origin, at = read_origin(data, at, info)
            length, at = CONTENTS[content](data, at)
        if content != last or content not in (_STRING, _ANY) or origin != (client, clock - 1):
            moves += pieces * values
            pieces = values = 0
        pieces += 1
        values += length
        clock += length
        last = content
    return moves + pieces * values, at
