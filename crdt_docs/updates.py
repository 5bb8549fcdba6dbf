"""What a Yjs update (v1) touches: which structs it brings, what they build on, what it deletes.

Decoded here, struct by struct, as Yjs 13.6 does (`utils/updates.js`, `structs/*.js`), because a state vector misses
every struct of an incremental update. Stricter than Yjs where yrs would read the same bytes differently (UP3): what
is judged must be what is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Never, TypeAlias

import pycrdt

from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import ClientId
from crdt_docs.strict_json import MAX_NESTING, parse_json

EMPTY_UPDATE = b"\x00\x00"
MAX_CLOCK = 2**31 - 1
"""yrs counts clocks in 32 bits and wraps silently; half of that keeps its sums exact."""
MAX_CLIENT = 2**53 - 1
_MAX_VARINT_BYTES = 8
_MERGE_BATCH = 32

_SKIP = 10
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_PARENT_SUB, _CONTENT_BITS = 0x80, 0x40, 0x20, 0x1F

StateVector: TypeAlias = dict[ClientId, int]
"""Client → the next clock expected of it."""


@dataclass(frozen=True, slots=True)
class StructRun:
    """The structs of one client in an update: clocks `start` to `end` (exclusive), without the `gaps` between them."""

    client: ClientId
    start: int
    end: int
    gaps: tuple[tuple[int, int], ...]
    """Clocks `(start, end)` that are skipped; never at either end of the run."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What an update touches. Each client has at most one run; the runs can be integrated in some order."""

    runs: tuple[StructRun, ...]
    dependencies: Mapping[ClientId, int]
    """Client → the next clock it must have reached first; what the update itself brings is left out."""
    deletes: Mapping[ClientId, tuple[tuple[int, int], ...]]
    """Client → `(clock, length)` ranges, as sent: neither sorted nor merged, perhaps deleted before."""

    @property
    def is_empty(self) -> bool:
        """The update says nothing at all."""
        return not self.runs and not self.deletes


_NOTHING = Footprint((), {}, {})


def decode_state_vector(data: bytes) -> StateVector:
    """Decode a state vector (v1).

    Raises:
        MalformedUpdate: It does not decode, names a client twice or has trailing bytes.
    """
    state: StateVector = {}
    try:
        count, at = _varint(data, 0)
        for _ in range(count):
            client, at = _varint(data, at)
            clock, at = _varint(data, at)
            if client in state or clock > MAX_CLOCK:
                _refuse("The state vector names a client twice or a clock that is too high.")
            state[ClientId(client)] = clock
    except IndexError:
        raise MalformedUpdate("The state vector ends too early.") from None
    if at != len(data):
        _refuse("The state vector has trailing bytes.")
    return state


def encode_state_vector(state: Mapping[ClientId, int]) -> bytes:
    """Encode a state vector (v1), highest client first as Yjs does."""
    out = bytearray()
    _write_varint(out, len(state))
    for client in sorted(state, reverse=True):
        _write_varint(out, client)
        _write_varint(out, state[client])
    return bytes(out)


def read_update(update: bytes) -> Footprint:
    """Decode an update (v1) completely and tell what it touches; nothing is applied.

    Raises:
        MalformedUpdate: It does not decode, or no honest client writes it (UP1 to UP6).
    """
    if update == EMPTY_UPDATE:
        return _NOTHING
    try:
        runs, waits, at = _read_runs(update)
        deletes, at = _read_deletes(update, at)
    except IndexError:
        raise MalformedUpdate("The update ends too early.") from None
    except UnicodeDecodeError:
        raise MalformedUpdate("A text in the update is not UTF-8.") from None
    if at != len(update):
        _refuse("The update has trailing bytes.")
    return Footprint(tuple(runs.values()), _outside(runs, waits) if waits else {}, deletes)


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
    """Raise the clocks of `state`, in place, to what they are after the update was integrated."""
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


def _merge_batch(updates: list[bytes]) -> bytes:
    if len(updates) == 1:
        return updates[0]
    try:
        return pycrdt.merge_updates(*updates)
    except ValueError:
        raise MalformedUpdate("An update cannot be merged with others.") from None


# One struct waits for another client's: (client, clock of the struct, other client, next clock needed of it).
_Wait: TypeAlias = tuple[int, int, int, int]


def _read_runs(data: bytes) -> tuple[dict[int, StructRun], list[_Wait], int]:  # noqa: PLR0912, PLR0915
    """The struct section; fields are read in place, because a call for each would double the time per message."""
    runs: dict[int, StructRun] = {}
    waits: list[_Wait] = []
    seen: set[int] = set()
    starts_with = data.startswith
    blocks, at = _varint(data, 0)
    for _ in range(blocks):
        count, at = _varint(data, at)
        before = at
        client, at = _varint(data, at)
        own = data[before:at]
        own_width = at - before
        clock = data[at]
        at += 1
        if clock > 127:
            clock, at = _varint(data, at - 1)
        if client in seen or not count:
            _refuse("A client has two runs in the update, or an empty one.")
        seen.add(client)
        start = clock
        gaps: list[tuple[int, int]] = []
        for _ in range(count):
            info = data[at]
            at += 1
            if not info or info == _SKIP:  # not info: a GC
                length, at = _varint(data, at)
                if info == _SKIP:
                    gaps.append((clock, clock + length))
            else:
                ids = (info >> 7) + (info >> 6 & 1)
                rooted = not ids
                if rooted:
                    parent = data[at]
                    at += 1
                    if parent == 1:
                        at = _skip_text(data, at)
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
                        other, at = _varint(data, at)
                    needed = data[at]
                    at += 1
                    if needed > 127:
                        needed, at = _varint(data, at - 1)
                    if other != client:
                        waits.append((client, clock, other, needed + 1))
                    elif needed >= clock:
                        _refuse("A struct builds on its own future.")
                if rooted and info & _HAS_PARENT_SUB:
                    at = _skip_text(data, at)
                length, at = _CONTENTS[info & _CONTENT_BITS](data, at)
            if not length:
                _refuse("A struct is empty.")
            clock += length
        if clock > MAX_CLOCK:
            _refuse("A clock is too high.")
        if not gaps:
            runs[client] = StructRun(ClientId(client), start, clock, ())
        elif (run := _trim(client, start, clock, gaps)) is not None:
            runs[client] = run
    return runs, waits, at


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
    clients, at = _varint(data, at - 1)
    for _ in range(clients):
        client, at = _varint(data, at)
        count, at = _varint(data, at)
        if client in deletes or not count:
            _refuse("A client is named twice, or for nothing, in the delete set.")
        ranges = []
        for _ in range(count):
            clock, at = _varint(data, at)
            length, at = _varint(data, at)
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


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at` and the index after it; IndexError when the data end inside it."""
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    number = byte & 127
    shift = 7
    for index in range(at + 1, at + _MAX_VARINT_BYTES):
        byte = data[index]
        if byte < 128:
            number |= byte << shift
            if number > MAX_CLIENT:
                break
            return number, index + 1
        number |= (byte & 127) << shift
        shift += 7
    return _refuse("A number is larger than 2**53 - 1.")


def _write_varint(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def _read_text(data: bytes, at: int) -> tuple[bytes, int]:
    """The undecoded bytes of a string and the index after it."""
    length = data[at]
    at += 1
    if length > 127:
        length, at = _varint(data, at - 1)
    end = at + length
    if end > len(data):
        raise IndexError
    return data[at:end], end


def _skip_text(data: bytes, at: int) -> int:
    raw, at = _read_text(data, at)
    if not raw.isascii():
        raw.decode()
    return at


def _skip_json(data: bytes, at: int) -> int:
    raw, at = _read_text(data, at)
    try:
        parse_json(raw.decode())
    except UnicodeDecodeError:
        raise
    except ValueError:
        raise MalformedUpdate("A value in the update is not JSON.") from None
    return at


def _skip_signed(data: bytes, at: int) -> int:
    last = at + _MAX_VARINT_BYTES
    while data[at] > 127:
        at += 1
        if at == last:
            _refuse("A number is larger than 2**53 - 1.")
    return at + 1


def _skip_any(data: bytes, at: int, count: int) -> int:
    """Pass `count` lib0 "any" values: 127 undefined, 126 null, 125 int, … 116 bytes."""
    levels: list[tuple[int, bool]] = []
    keyed = False
    while True:
        while not count:
            if not levels:
                return at
            count, keyed = levels.pop()
        count -= 1
        if keyed:
            at = _skip_text(data, at)
        tag = data[at]
        at += 1
        if tag == 119:
            at = _skip_text(data, at)
        elif tag == 125:
            at = _skip_signed(data, at)
        elif tag in _ANY_WIDTHS:
            at += _ANY_WIDTHS[tag]
        elif tag == 118 or tag == 117:  # noqa: PLR1714
            levels.append((count, keyed))
            if len(levels) > MAX_NESTING:
                _refuse("A value is nested too deeply.")
            count, at = _varint(data, at)
            keyed = tag == 118
        elif tag == 116:
            length, at = _varint(data, at)
            at += length
        else:
            _refuse("A value has an unknown type.")


_ANY_WIDTHS = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}


# The contents of an item: each returns (length in clocks, index after it).


def _read_deleted(data: bytes, at: int) -> tuple[int, int]:
    return _varint(data, at)


def _read_binary(data: bytes, at: int) -> tuple[int, int]:
    length, at = _varint(data, at)
    return 1, at + length


def _read_string(data: bytes, at: int) -> tuple[int, int]:
    """A string is as long as its UTF-16 form."""
    raw, at = _read_text(data, at)
    if raw.isascii():
        return len(raw), at
    return len(raw.decode().encode("utf-16-le")) >> 1, at


def _read_embed(data: bytes, at: int) -> tuple[int, int]:
    return 1, _skip_json(data, at)


def _read_format(data: bytes, at: int) -> tuple[int, int]:
    return 1, _skip_json(data, _skip_text(data, at))


def _read_type(data: bytes, at: int) -> tuple[int, int]:
    """0 array, 1 map, 2 text, 3 XML element (named), 4 XML fragment, 6 XML text."""
    reference = data[at]
    if reference > 6 or reference == 5:
        _refuse("A struct has an unknown shared type.")
    return 1, _skip_text(data, at + 1) if reference == 3 else at + 1


def _read_any(data: bytes, at: int) -> tuple[int, int]:
    count, at = _varint(data, at)
    return count, _skip_any(data, at, count)


def _read_document(data: bytes, at: int) -> tuple[int, int]:
    """A subdocument: its guid and its options, which are an object."""
    at = _skip_text(data, at)
    if data[at] != 118:
        _refuse("A subdocument has no options.")
    return 1, _skip_any(data, at, 1)


def _refuse_content(data: bytes, at: int) -> Never:
    _refuse("A struct has an unknown content.")


_CONTENTS: tuple[Callable[[bytes, int], tuple[int, int]], ...] = (
    _refuse_content,
    _read_deleted,
    _refuse_content,
    _read_binary,
    _read_string,
    _read_embed,
    _read_format,
    _read_type,
    _read_any,
    _read_document,
    *[_refuse_content] * 22,
)


def _refuse(reason: str) -> Never:
    raise MalformedUpdate(reason)
