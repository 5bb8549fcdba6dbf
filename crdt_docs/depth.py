"""How deep the shared types of a document are nested in each other, kept from update to update.

yrs deletes nested types by recursion: some 40,000 of them inside each other, then a deletion of the outermost,
overflow the stack and end the process. No update shows that alone, since each may go one level deeper; so the level
of every struct is remembered here. Structs beside each other have one level, so a run of them is one entry.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from crdt_docs.contents import CONTENTS, TYPE
from crdt_docs.errors import MalformedUpdate, SchemaViolation
from crdt_docs.ids import ClientId
from crdt_docs.lib0 import read_varint, skip_text

MAX_DEPTH: Final = 256
"""Shared types nested in each other. An editor's document has ten; a thread with a stack of 128 KiB survives these."""

_SKIP = 10
_HAS_BOTH, _HAS_RIGHT_ORIGIN, _HAS_PARENT_SUB, _CONTENT_BITS = 0xC0, 0x40, 0x20, 0x1F

_Reference: TypeAlias = tuple[int, int, int]
"""(client, clock, 0 when the struct stands beside that one or 1 when it is inside of it)."""
_GAP: Final[tuple[_Reference, ...]] = ((-1, -1, 0),)
"""The references of what the update skips: it is beside nothing that anybody brings."""


class _Strand:
    """New structs of one client, cut into steps: the structs of a step have one level, which its references give."""

    __slots__ = ("creates", "depth", "end", "levels", "references", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.references: list[tuple[_Reference, ...]] = []
        self.creates: list[bool] = []
        """Whether one of the step's structs is a shared type."""
        self.levels: list[int] = []
        """How many shared types are around the structs; found step after step."""
        self.depth = 0
        """That of the deepest shared type among the steps whose level is found."""
        self.end = 0


_Strands: TypeAlias = dict[int, _Strand]
_LevelOf: TypeAlias = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Growth:
    """What one update adds to the nesting of a document; made by `judge` for `record`."""

    strands: Mapping[int, _Strand]
    depth: int
    """The depth of the deepest shared type that it creates; 0 when it creates none."""


class _Known:
    """The levels of one client's structs: clocks from `starts[n]` to the next start have `levels[n]`."""

    __slots__ = ("end", "levels", "starts")

    def __init__(self) -> None:
        self.starts = array("I", (0,))
        self.levels = array("H", (0,))
        self.end = 0

    def append(self, strand: _Strand) -> None:
        last = self.levels[-1]
        for start, level in zip(strand.starts, strand.levels, strict=True):
            if level != last:
                self.starts.append(start)
                self.levels.append(level)
                last = level
        self.end = strand.end

    def trim(self, end: int) -> None:
        if end < self.end:
            kept = max(1, bisect_left(self.starts, end))
            del self.starts[kept:], self.levels[kept:]
            self.end = end


class TypeDepths:
    """The nesting of every struct of one document. A new one is that of an empty document."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def level(self, client: int, clock: int) -> int:
        """How many shared types are around that struct; 0 directly under a root, and for what is not known."""
        known = self._known.get(client)
        if known is None or clock >= known.end:
            return 0
        return known.levels[bisect_right(known.starts, clock) - 1]

    def judge(self, update: bytes) -> Growth:
        """Find how deep an update nests, given what was recorded before it; records nothing.

        Args:
            update: Accepted by `read_update`, and with no gap for `find_gap`. What of it is known already is not read:
                what the document has does not change.

        Raises:
            SchemaViolation: A shared type would be nested deeper than MAX_DEPTH.
            MalformedUpdate: It was not accepted by `read_update`.
        """
        try:
            strands = _read_strands(update, self._known)
        except (IndexError, ValueError):
            raise MalformedUpdate("The update does not decode.") from None
        depth = _resolve(strands, self.level)
        if depth > MAX_DEPTH:
            raise SchemaViolation(f"Shared types are nested {depth} deep; {MAX_DEPTH} are allowed.")
        return Growth(strands, depth)

    def record(self, growth: Growth) -> None:
        """Keep what was judged last, once the document has taken the update."""
        for client, strand in growth.strands.items():
            known = self._known.get(client)
            if known is None:
                known = self._known[client] = _Known()
            known.append(strand)

    def extend(self, update: bytes) -> None:
        """Judge an update and record it: for what the document has taken already, a whole state for instance.

        Raises:
            SchemaViolation: As `judge`; nothing of the update is kept.
        """
        self.record(self.judge(update))

    def trim(self, clocks: Mapping[ClientId, int]) -> None:
        """Take over the document's clocks, read from it after an update that overlapped.

        yrs may have counted less of it than it said (UP8), and the next structs then begin earlier.
        """
        for client, known in self._known.items():
            known.trim(clocks.get(ClientId(client), 0))


def longest_chain(update: bytes) -> int:
    """How many shared types that this update creates are nested in each other at most, wherever it puts the first.

    A parent that comes along deleted counts too.

    Args:
        update: Well-formed, or an error of the readers is raised.

    Raises:
        MalformedUpdate: Structs wait for each other.
    """
    return _resolve(_read_strands(update, {}), _not_here)


def _not_here(client: int, clock: int) -> int:
    """Of a struct that the update does not bring: what is inside of it begins a chain."""
    return -1


def _read_strands(data: bytes, known: Mapping[int, _Known]) -> _Strands:
    """The structs of an update beyond what is known, as steps whose levels are still to be found."""
    strands: _Strands = {}
    blocks, at = read_varint(data, 0)
    for _ in range(blocks):
        count, at = read_varint(data, at)
        client, at = read_varint(data, at)
        clock, at = read_varint(data, at)
        before = known.get(client)
        strand, at = _read_strand(data, at, count, client, clock, before.end if before else 0)
        if strand.end:
            if strand.starts[-1] >= strand.end:  # a skip that nothing follows
                strand.starts.pop()
            strands[client] = strand
    return strands


def _read_strand(data: bytes, at: int, count: int, client: int, clock: int, known: int) -> tuple[_Strand, int]:
    strand = _Strand()
    starts, references, creates = strand.starts, strand.references, strand.creates
    for _ in range(count):
        info = data[at]
        at += 1
        found: tuple[_Reference, ...] = _GAP if info == _SKIP else ()
        content = info & _CONTENT_BITS
        if content and content != _SKIP:
            found, at = _read_references(data, at, info)
            length, at = CONTENTS[content](data, at)
        else:
            length, at = read_varint(data, at)
        start, clock = clock, clock + length
        if clock <= known:
            continue
        if start < known:  # cut: the rest stands beside what is known, whatever the update calls it
            start = known
            found = (*found, (client, known - 1, 0))
        if not starts or not _continues(found, client, starts[-1], references[-1]):
            starts.append(start)
            references.append(found)
            creates.append(content == TYPE)
        elif content == TYPE:
            creates[-1] = True
        if content != _SKIP:
            strand.end = clock
    return strand, at


def _continues(found: tuple[_Reference, ...], client: int, start: int, references: tuple[_Reference, ...]) -> bool:
    """Whether a struct has the level of the step that began at `start`, whatever that will be."""
    if found == references:
        return True
    if not found or found[0][0] != client or found[0][1] < start or found[0][2] or references is _GAP:
        return False
    return len(found) == 1 or found[1] in references or (found[1][0] == client and found[1][1] >= start)


def _read_references(data: bytes, at: int, info: int) -> tuple[tuple[_Reference, ...], int]:
    """What an item is beside (both neighbours: a liar's may differ in level) or inside; () under a root."""
    if info >= _HAS_RIGHT_ORIGIN:
        client, at = read_varint(data, at)
        clock, at = read_varint(data, at)
        if info < _HAS_BOTH:
            return ((client, clock, 0),), at
        right, at = read_varint(data, at)
        right_clock, at = read_varint(data, at)
        return ((client, clock, 0), (right, right_clock, 0)), at
    found: tuple[_Reference, ...] = ()
    if data[at]:
        at = skip_text(data, at + 1)
    else:
        client, at = read_varint(data, at + 1)
        clock, at = read_varint(data, at)
        found = ((client, clock, 1),)
    if info & _HAS_PARENT_SUB:
        at = skip_text(data, at)
    return found, at


def _resolve(strands: _Strands, level: _LevelOf) -> int:
    """Find the levels of all steps, in the order of an integration: each client goes on until a step needs another's.

    Args:
        level: The level of a struct that the update does not bring.

    Returns:
        The depth of the deepest shared type; 0 when there is none.
    """
    depth = 0
    for client, strand in strands.items():
        missing = _climb(strands, strand, strand.end, level)
        if missing is not None:
            _resolve_others(strands, {client: strand.end, missing[0]: missing[1] + 1}, level)
        depth = max(depth, strand.depth)
    return depth


def _resolve_others(strands: _Strands, goals: dict[int, int], level: _LevelOf) -> None:
    """Find the levels of each client's steps up to its goal, the last one's first; more goals come up on the way."""
    while goals:
        client, goal = next(reversed(goals.items()))
        missing = _climb(strands, strands[client], goal, level)
        if missing is None:
            del goals[client]
        elif missing[0] in goals:
            raise MalformedUpdate("Structs of the update wait for each other.")
        else:
            goals[missing[0]] = missing[1] + 1


def _climb(strands: _Strands, strand: _Strand, goal: int, level: _LevelOf) -> tuple[int, int] | None:
    """Find the levels of the steps that begin before `goal`; gives the struct that is to be found first, if any."""
    starts, levels = strand.starts, strand.levels
    for place in range(len(levels), len(starts)):
        if starts[place] >= goal:
            break
        references = strand.references[place]
        around = -1 if references is _GAP else 0
        for client, clock, inside in references:
            other = strands.get(client)
            if other is None or not other.starts[0] <= clock < other.end:
                found = level(client, clock)
            elif len(other.levels) < len(other.starts) and clock >= other.starts[len(other.levels)]:
                return client, clock
            else:
                found = other.levels[bisect_right(other.starts, clock) - 1]
            around = max(around, found + inside)
        levels.append(around)
        if strand.creates[place] and around >= strand.depth:
            strand.depth = around + 1
    return None
