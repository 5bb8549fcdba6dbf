"""What a Yjs update (v1) touches: which structs it brings, what they build on, what it deletes.

Decoded here, struct by struct, as Yjs 13.6 does (`utils/updates.js`, `structs/*.js`), because a state vector misses
every struct of an incremental update. Stricter than Yjs where yrs would read the same bytes differently (UP3): what
is judged must be what is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Never, TypeAlias

import pycrdt

from crdt_docs.contents import CONTENTS, TYPE
from crdt_docs.depth import longest_chain
from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import ClientId
from crdt_docs.lib0 import read_bytes, read_varint, skip_text, varint

EMPTY_UPDATE = b"\x00\x00"
MAX_CLOCK = 2**31 - 1
"""yrs counts clocks in 32 bits and wraps silently; half of that keeps its sums exact."""
_MERGE_BATCH = 32

_SKIP = 10
_HAS_BOTH_ORIGINS, _HAS_PARENT_SUB, _CONTENT_BITS = 0xC0, 0x20, 0x1F

StateVector: TypeAlias = dict[ClientId, int]
"""Client → the next clock expected of it."""


# Named tuples, because a frozen dataclass takes three times as long to make, and each message makes several.


class StructRun(NamedTuple):
    """The structs of one client in an update: clocks `start` to `end` (exclusive), without the `gaps` between them."""

    client: ClientId
    start: int
    end: int
    gaps: tuple[tuple[int, int], ...]
    """Clocks `(start, end)` that are skipped; never at either end of the run."""


class Footprint(NamedTuple):
    """What an update touches. Each client has at most one run; the runs can be integrated in some order."""

    runs: tuple[StructRun, ...]
    dependencies: Mapping[ClientId, int]
    """Client → the next clock it must have reached first; what the update itself brings is left out."""
    deletes: Mapping[ClientId, tuple[tuple[int, int], ...]]
    """Client → `(clock, length)` ranges, as sent: neither sorted nor merged, perhaps deleted before."""
    roots: frozenset[str]
    """The root types that items name as their parent; items beside others name none."""
    depth: int
    """How many shared types that the update creates are nested in each other at most; 0 when it creates none."""

    @property
    def is_empty(self) -> bool:
        """The update says nothing at all."""
        return not self.runs and not self.deletes


_NO_ROOTS: frozenset[str] = frozenset()
_NOTHING = Footprint((), {}, {}, _NO_ROOTS, 0)


def decode_state_vector(data: bytes) -> StateVector:
    """Decode a state vector (v1).

    Raises:
        MalformedUpdate: It does not decode, names a client twice or has trailing bytes.
    """
    state: StateVector = {}
    try:
        count, at = read_varint(data, 0)
        for _ in range(count):
            client, at = read_varint(data, at)
            clock, at = read_varint(data, at)
            if client in state or clock > MAX_CLOCK:
                _refuse("The state vector names a client twice or a clock that is too high.")
            state[ClientId(client)] = clock
    except IndexError:
        raise MalformedUpdate("The state vector ends too early.") from None
    except ValueError as error:
        raise MalformedUpdate(str(error)) from None
    if at != len(data):
        _refuse("The state vector has trailing bytes.")
    return state


def encode_state_vector(state: Mapping[ClientId, int]) -> bytes:
    """Encode a state vector (v1), highest client first as Yjs does."""
    parts = [varint(len(state))]
    for client in sorted(state, reverse=True):
        parts += (varint(client), varint(state[client]))
    return b"".join(parts)


def read_update(update: bytes) -> Footprint:
    """Decode an update (v1) completely and tell what it touches; nothing is applied.

    Raises:
        MalformedUpdate: It does not decode, or no honest client writes it (UP1 to UP7).
    """
    if update == EMPTY_UPDATE:
        return _NOTHING
    try:
        found, at = _read_runs(update)
        deletes, at = _read_deletes(update, at)
        roots = frozenset(map(bytes.decode, found.roots)) if found.roots else _NO_ROOTS
    except IndexError:
        raise MalformedUpdate("The update ends too early.") from None
    except UnicodeDecodeError:
        raise MalformedUpdate("A text in the update is not UTF-8.") from None
    except ValueError as error:
        raise MalformedUpdate(str(error)) from None
    if at != len(update):
        _refuse("The update has trailing bytes.")
    runs = found.runs
    needs = _outside(runs, found.waits) if found.waits else {}
    return Footprint(tuple(runs.values()), needs, deletes, roots, _depth(update, found) if found.types else 0)


def find_gap(footprint: Footprint, state: Mapping[ClientId, int]) -> str | None:
    """Say what is missing before the update can be integrated completely, or None when nothing is.

    Args:
        footprint: What the update touches.
        state: Client → next clock of the document that would receive it.
    """
    for run in footprint.runs:
        known = state.get(run.client, 0)
        if run.start > known:
            return f"Client {run.client} goes on at {run.start}, but is known only up to {known}."
        for start, end in run.gaps:
            if end > known:
                return f"Client {run.client} leaves out {start} to {end}, but is known only up to {known}."
    for client, needed in footprint.dependencies.items():
        known = state.get(client, 0)
        if needed > known:
            return f"It builds on client {client} up to {needed}, which is known only up to {known}."
    if footprint.deletes:
        ends = {run.client: run.end for run in footprint.runs}
        for client, ranges in footprint.deletes.items():
            known = max(state.get(client, 0), ends.get(client, 0))
            for clock, length in ranges:
                if clock + length > known:
                    return f"It deletes client {client} up to {clock + length}, which is known only up to {known}."
    return None


def has_new_structs(footprint: Footprint, state: Mapping[ClientId, int]) -> bool:
    """Whether the update brings structs that the state does not have."""
    return any(run.end > state.get(run.client, 0) for run in footprint.runs)


def overlaps(footprint: Footprint, state: Mapping[ClientId, int]) -> bool:
    """Whether some of the update's structs are known already."""
    return any(run.start < state.get(run.client, 0) for run in footprint.runs)


def advance(state: dict[ClientId, int], footprint: Footprint) -> None:
    """Raise the clocks of `state`, in place, to what they are after the update was integrated.

    Exact for an update that does not overlap; of one that does, yrs may cut a text inside a surrogate pair (UP8).
    """
    for run in footprint.runs:
        if run.end > state.get(run.client, 0):
            state[run.client] = run.end


def merge(updates: Sequence[bytes]) -> bytes:
    """Merge updates into one that has the same effect; a single one is returned as it is.

    Merging is super-linear in the number of updates, so it goes in a tree of at most 32 at a time.

    Raises:
        MalformedUpdate: One of them does not decode.
    """
    if not updates:
        return EMPTY_UPDATE
    level = list(updates)
    while len(level) > 1:
        level = [_merge_batch(level[at : at + _MERGE_BATCH]) for at in range(0, len(level), _MERGE_BATCH)]
    return level[0]


def read_delete_set(doc: pycrdt.Doc[Any]) -> Mapping[ClientId, tuple[tuple[int, int], ...]]:
    """What a document has deleted: client → `(clock, length)` ranges, merged. Costs a walk over the document."""
    deletes, _ = _read_deletes(pycrdt.Snapshot.from_doc(doc).encode(), 0)
    return deletes


def _merge_batch(updates: list[bytes]) -> bytes:
    if len(updates) == 1:
        return updates[0]
    try:
        return pycrdt.merge_updates(*updates)
    except ValueError:
        raise MalformedUpdate("An update cannot be merged with others.") from None


# One struct waits for another client's: (client, clock of the struct, other client, next clock needed of it).
_Wait: TypeAlias = tuple[int, int, int, int]


class _Found(NamedTuple):
    """What the struct section says."""

    runs: dict[int, StructRun]
    waits: list[_Wait]
    roots: set[bytes]
    types: dict[tuple[int, int], int]
    """(client, clock) of a shared type → its depth, as far as the structs before it tell."""
    unplaced: set[int]
    """Clients that a shared type is beside or inside of; where they come along, they decide about its depth."""


def _read_runs(data: bytes) -> tuple[_Found, int]:  # noqa: PLR0912, PLR0915
    """The struct section; fields are read in place, because a call for each would double the time per message."""
    runs: dict[int, StructRun] = {}
    waits: list[_Wait] = []
    seen: set[int] = set()
    roots: set[bytes] = set()
    types: dict[tuple[int, int], int] = {}
    unplaced: set[int] = set()
    starts_with = data.startswith
    blocks, at = read_varint(data, 0)
    for _ in range(blocks):
        count, at = read_varint(data, at)
        before = at
        client, at = read_varint(data, at)
        own = data[before:at]
        own_width = at - before
        clock = data[at]
        at += 1
        if clock > 127:
            clock, at = read_varint(data, at - 1)
        if client in seen or not count:
            _refuse("A client has two runs in the update, or an empty one.")
        seen.add(client)
        start = clock
        gaps: list[tuple[int, int]] = []
        for _ in range(count):
            info = data[at]
            at += 1
            if not info or info == _SKIP:  # not info: a GC
                length, at = read_varint(data, at)
                if info == _SKIP:
                    gaps.append((clock, clock + length))
            else:
                ids = (info >> 7) + (info >> 6 & 1)
                rooted = not ids
                if rooted:
                    parent = data[at]
                    at += 1
                    if parent == 1:
                        root, at = read_bytes(data, at)
                        roots.add(root)
                    elif parent == 0:
                        ids = 1
                    else:
                        _refuse("A struct has no parent.")
                while ids:
                    ids -= 1
                    other = client
                    if starts_with(own, at):
                        at += own_width
                    else:
                        other, at = read_varint(data, at)
                    needed = data[at]
                    at += 1
                    if needed > 127:
                        needed, at = read_varint(data, at - 1)
                    if other != client:
                        waits.append((client, clock, other, needed + 1))
                    elif needed >= clock:
                        _refuse("A struct builds on its own future.")
                if rooted and info & _HAS_PARENT_SUB:
                    at = skip_text(data, at)
                content = info & _CONTENT_BITS
                length, at = CONTENTS[content](data, at)
                if content == TYPE:
                    if rooted and parent:
                        types[client, clock] = 1
                    else:
                        depth = types.get((other, needed), 0)
                        if info >= _HAS_BOTH_ORIGINS:
                            unplaced.add(client)
                        elif not depth and (other != client or needed >= start):
                            unplaced.add(other)
                        types[client, clock] = depth + 1 if rooted else depth or 1
            if not length:
                _refuse("A struct is empty.")
            clock += length
        if clock > MAX_CLOCK:
            _refuse("A clock is too high.")
        if not gaps:
            runs[client] = StructRun(ClientId(client), start, clock, ())
        elif (run := _trim(client, start, clock, gaps)) is not None:
            runs[client] = run
    return _Found(runs, waits, roots, types, unplaced), at


def _depth(update: bytes, found: _Found) -> int:
    """Told by the one pass already, but where a type follows what comes along and is no type."""
    if len(found.types) > 1 and not found.unplaced.isdisjoint(found.runs):
        return longest_chain(update)
    return max(found.types.values())


def _trim(client: int, start: int, end: int, skips: Iterable[tuple[int, int]]) -> StructRun | None:
    """The run between leading and trailing skips; None when it is nothing but skips."""
    gaps: list[tuple[int, int]] = []
    for skip_start, skip_end in skips:
        if skip_start == start:
            start = skip_end
        elif gaps and gaps[-1][1] == skip_start:
            gaps[-1] = (gaps[-1][0], skip_end)
        else:
            gaps.append((skip_start, skip_end))
    if gaps and gaps[-1][1] == end:
        end = gaps.pop()[0]
    return StructRun(ClientId(client), start, end, tuple(gaps)) if start < end else None


def _read_deletes(data: bytes, at: int) -> tuple[dict[ClientId, tuple[tuple[int, int], ...]], int]:
    deletes: dict[ClientId, tuple[tuple[int, int], ...]] = {}
    clients = data[at]
    at += 1
    if not clients:
        return deletes, at
    clients, at = read_varint(data, at - 1)
    for _ in range(clients):
        client, at = read_varint(data, at)
        count, at = read_varint(data, at)
        if client in deletes or not count:
            _refuse("A client is named twice, or for nothing, in the delete set.")
        ranges = []
        for _ in range(count):
            clock, at = read_varint(data, at)
            length, at = read_varint(data, at)
            if not length or clock + length > MAX_CLOCK:
                _refuse("A deletion is empty or too far.")
            ranges.append((clock, length))
        deletes[ClientId(client)] = tuple(ranges)
    return deletes, at


def _outside(runs: Mapping[int, StructRun], waits: Iterable[_Wait]) -> dict[ClientId, int]:
    """What the structs need that the update does not bring; refuses structs that wait for each other in a circle."""
    needs: dict[ClientId, int] = {}
    inside: dict[int, list[tuple[int, int, int]]] = {}
    for client, clock, other, needed in waits:
        run = runs.get(other)
        if run is None or needed > run.end:
            if needed > MAX_CLOCK:
                _refuse("A clock is too high.")
            if needed > needs.get(ClientId(other), 0):
                needs[ClientId(other)] = needed
        elif needed > run.start:
            inside.setdefault(client, []).append((clock, other, needed))
    if len(inside) > 1:
        _refuse_circles(inside)
    return needs


def _refuse_circles(inside: Mapping[int, Sequence[tuple[int, int, int]]]) -> None:
    """Walk the runs as an integration does: each goes on until a struct waits, then the one waited for goes first.

    `inside` lists, per client in clock order, (clock of the waiting struct, other client, next clock needed of it).
    """
    passed = dict.fromkeys(inside, 0)
    for root, stops in inside.items():
        waiting = {root: stops[-1][0] + 1}
        while waiting:
            client, goal = next(reversed(waiting.items()))
            place = passed[client]
            if place == len(inside[client]) or inside[client][place][0] >= goal:
                del waiting[client]
                continue
            _, other, needed = inside[client][place]
            blocked = passed.get(other)
            if blocked is None or blocked == len(inside[other]) or inside[other][blocked][0] >= needed:
                passed[client] = place + 1
            elif other in waiting:
                _refuse("Structs of the update wait for each other.")
            else:
                waiting[other] = needed


def _refuse(reason: str) -> Never:
    raise MalformedUpdate(reason)
