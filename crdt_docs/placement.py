"""Where the new structs of an update place themselves: the part of the effects that no event tells.

An array may hold entries by key and a map entries by place. No reader ever looks at them and no event names them,
whether they come alone or beside an honest change; a change that lost against another leaves an event just as empty.
Only the structs themselves tell. One beside another goes where that one is; so it is enough to see those that say
where they go, and by induction there is nothing hidden that another could stand beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

from crdt_docs.contents import CONTENTS
from crdt_docs.errors import SchemaViolation
from crdt_docs.ids import ClientId
from crdt_docs.lib0 import ANY_WIDTHS, read_bytes, read_varint, skip_any, skip_text

_SKIP, _DELETED, _TYPE, _ANY = 10, 1, 7, 8
_HAS_ORIGIN, _HAS_PARENT_SUB, _CONTENT_BITS = 0xC0, 0x20, 0x1F
_ARRAY, _MAP = 0, 1
# A bigint is a number for Python and none for JavaScript, whose JSON does not take it: it ends the page of a reader.
_JSON_WIDTHS: Final = {tag: width for tag, width in ANY_WIDTHS.items() if tag != 122}

Id: TypeAlias = tuple[int, int]
"""(client, clock) of a struct."""


class Placement(NamedTuple):
    """Where the new structs of an update go, as far as they say so themselves."""

    listed_roots: frozenset[bytes]
    """Root types (UTF-8) that get entries by place."""
    keyed_roots: frozenset[bytes]
    """Root types that get entries by key."""
    listed: frozenset[Id]
    """Shared types, known before, that get entries by place."""
    keyed: frozenset[Id]
    """Shared types, known before, that get entries by key."""
    arrays: int
    """How many shared arrays the update creates."""
    empty: frozenset[Id]
    """Those of them into which it places nothing."""


class _Found(NamedTuple):
    """What is read on the way: (parent, whether by key) of the structs that name one, and the shared types."""

    places: set[tuple[bytes | Id, bool]]
    types: dict[Id, int]


def read_placement(update: bytes, clocks: Mapping[ClientId, int]) -> Placement:
    """Read where the structs that `clocks` do not have go.

    Args:
        update: Accepted by `read_update`.
        clocks: Client → next clock of the document that would receive it.

    Raises:
        SchemaViolation: One holds something else than plain values, a shared map or a shared array, or is placed in
            one of this update in a way in which it is not read.
    """
    found = _Found(set(), {})
    blocks, at = read_varint(update, 0)
    for _ in range(blocks):
        count, at = read_varint(update, at)
        client, at = read_varint(update, at)
        clock, at = read_varint(update, at)
        at = _read_run(update, at, count, (client, clock), clocks.get(ClientId(client), 0), found)
    return _sort(found)


def _sort(found: _Found) -> Placement:
    roots: tuple[set[bytes], set[bytes]] = (set(), set())
    known: tuple[set[Id], set[Id]] = (set(), set())
    for parent, keyed in found.places:
        if isinstance(parent, bytes):
            roots[keyed].add(parent)
        elif parent not in found.types:
            known[keyed].add(parent)
        elif keyed != (found.types[parent] == _MAP):
            raise SchemaViolation("A map has entries by place, or an array entries by key.")
    arrays = [id_ for id_, kind in found.types.items() if kind == _ARRAY]
    empty = frozenset(id_ for id_ in arrays if (id_, False) not in found.places)
    return Placement(
        frozenset(roots[0]), frozenset(roots[1]), frozenset(known[0]), frozenset(known[1]), len(arrays), empty
    )


def _read_run(data: bytes, at: int, count: int, first: Id, known: int, found: _Found) -> int:
    client, clock = first
    for _ in range(count):
        info = data[at]
        at += 1
        content = info & _CONTENT_BITS
        if not content or content == _SKIP:
            length, at = read_varint(data, at)
            clock += length
            continue
        place, start = _read_place(data, at, info)
        length, at = CONTENTS[content](data, start)
        if clock + length > known:
            _check_content(data, start, content)
            if place is not None:
                found.places.add(place)
            if content == _TYPE:
                found.types[client, clock] = data[start]
        clock += length
    return at


def _read_place(data: bytes, at: int, info: int) -> tuple[tuple[bytes | Id, bool] | None, int]:
    """What an item says of its parent, None when it stands beside another; then where its content begins."""
    if info & _HAS_ORIGIN:
        for _ in range(2 if info & _HAS_ORIGIN == _HAS_ORIGIN else 1):
            _, at = read_varint(data, at)
            _, at = read_varint(data, at)
        return None, at
    parent: bytes | Id
    if data[at]:
        parent, at = read_bytes(data, at + 1)
    else:
        client, at = read_varint(data, at + 1)
        clock, at = read_varint(data, at)
        parent = client, clock
    keyed = bool(info & _HAS_PARENT_SUB)
    return (parent, keyed), skip_text(data, at) if keyed else at


def _check_content(data: bytes, at: int, content: int) -> None:
    if content == _ANY:
        count, at = read_varint(data, at)
        try:
            skip_any(data, at, count, _JSON_WIDTHS)
        except ValueError:
            raise SchemaViolation("A value is no JSON.") from None
    elif content != _DELETED and (content != _TYPE or data[at] not in (_ARRAY, _MAP)):
        raise SchemaViolation("Only plain values, maps and arrays have a place in this document.")
