"""Taking what some clients wrote out of an update, and leaving everything else where it is (rules EA1 to EA5).

An item keeps its id, its neighbours, its parent and its length, and holds nothing any more: ContentDeleted, as Yjs
writes it itself. A GC struct would take a neighbour's next item with it, and without the item what follows would wait
for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from crdt_docs.contents import CONTENTS
from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import ClientId
from crdt_docs.items import CONTENT_BITS, SKIP, read_origin
from crdt_docs.lib0 import read_varint, varint

_DELETED = 1


def erase_clients(update: bytes, clients: Collection[ClientId]) -> bytes:
    """The update without the content of these clients' items; itself where it has none.

    Keys of maps and names of root types stay: they say where an item is, not what it holds.

    Args:
        update: An update v1, as it was accepted once or encoded by a document.
        clients: Whose content goes.

    Raises:
        MalformedUpdate: It does not decode.
    """
    try:
        return _erase(update, clients)
    except IndexError:
        raise MalformedUpdate("The update ends too early.") from None
    except ValueError as error:
        raise MalformedUpdate(str(error)) from None


def _erase(update: bytes, clients: Collection[ClientId]) -> bytes:
    parts: list[bytes] = []
    copied = 0
    blocks, at = read_varint(update, 0)
    for _ in range(blocks):
        count, at = read_varint(update, at)
        client, at = read_varint(update, at)
        _, at = read_varint(update, at)
        erased = client in clients
        for _ in range(count):
            start, info = at, update[at]
            content = info & CONTENT_BITS
            if not content or content == SKIP:
                _, at = read_varint(update, at + 1)
                continue
            _, body = read_origin(update, at + 1, info)
            length, at = CONTENTS[content](update, body)
            if erased and content != _DELETED:
                kept = bytes((info & ~CONTENT_BITS | _DELETED,)) + update[start + 1 : body]
                parts += (update[copied:start], kept, varint(length))
                copied = at
    return b"".join((*parts, update[copied:])) if parts else update


def deletion_of(clocks: Mapping[ClientId, int]) -> bytes:
    """An update that deletes everything of these clients up to (not including) their clocks."""
    ends = {client: clock for client, clock in clocks.items() if clock}
    parts = [varint(0), varint(len(ends))]
    for client in sorted(ends, reverse=True):
        parts += (varint(client), varint(1), varint(0), varint(ends[client]))
    return b"".join(parts)
