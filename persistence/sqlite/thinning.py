"""Thinning out a log in SQLite: of each hour one row stays, which holds what all of them did."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import DocumentId, Seq, SessionId, UserId
from crdt_docs.thinning import Thinner
from persistence import chain
from persistence.errors import CorruptStorage, SeqTaken
from persistence.interfaces import Micros, SignedCheckpoint, Snapshot, UpdateRow
from persistence.records import SEVERAL, Span, Thinning
from persistence.sqlite.connection import Database, Statement
from persistence.sqlite.documents import LAST, REWRITTEN, DocumentNumbers
from persistence.sqlite.reading import Log, log_of, reading, rewrites_of
from persistence.sqlite.seal import opening
from persistence.sqlite.segments import one_view, plain_page, stored_rows
from persistence.sqlite.snapshots import newest_good

SLOT = 3600 * 1_000_000
"""Of each hour (UTC) one state stays."""
MAX_SPANS = 200
MAX_ROWS = 100_000
"""A part of a log that is thinned out at a time has about so many."""

_INSIDE = "SELECT count(*) FROM snapshots WHERE document = ? AND seq >= ? AND seq < ?"

_REMOVE = "DELETE FROM updates WHERE document = ? AND seq >= ? AND seq < ?"
_KEEP = """
UPDATE updates SET first = ?, user = ?, session = ?, salt = x'', commitment = NULL, checksum = ?, bytes = ?
WHERE document = ? AND seq = ?
"""
_REMOVE_SNAPSHOTS = "DELETE FROM snapshots WHERE document = ? AND seq >= ? AND seq < ?"
_ADD_SNAPSHOT = (
    "INSERT INTO snapshots (document, seq, at, checksum, bytes) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_RECORD = """
INSERT OR REPLACE INTO checkpoints (document, first, last, before, after, kept, at, key, signature)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class SqliteThinning:
    """See `persistence.interfaces.Thinnings`."""

    def __init__(self, database: Database, numbers: DocumentNumbers) -> None:
        self._database = database
        self._numbers = numbers

    async def plan(self, document: DocumentId, before: Micros, after: Seq) -> Thinning:
        return await asyncio.to_thread(_plan_part, self._database.path, document, before, after)

    async def apply(self, thinning: Thinning, checkpoints: Sequence[SignedCheckpoint]) -> None:
        number = await self._numbers.number(thinning.document)
        await self._database.write_planned(partial(_changes, number, thinning, checkpoints))

    async def give_back(self) -> None:
        await self._database.write("VACUUM")


class _Place(NamedTuple):
    """A row without its bytes."""

    seq: int
    first: int
    at: int
    user: str
    session: str
    before: bytes
    """The link of the row before it."""
    link: bytes
    size: int


def _plan_part(path: Path, document: DocumentId, before: Micros, after: Seq) -> Thinning:
    """Blocks, for about a second for 100,000 rows."""
    try:
        return _look(path, document, before, after)
    except MalformedUpdate as exc:
        raise CorruptStorage(f"A row of {document} cannot be read.") from exc


def _look(path: Path, document: DocumentId, before: Micros, after: Seq) -> Thinning:
    with reading(path) as connection, one_view(connection):
        log = log_of(connection, document)
        if log is None:
            return Thinning(document, document.room, (), 0, None)
        groups, behind = _groups(connection, log, before, after)
        spans = tuple(_spans(connection, log, groups)) if groups else ()
        return Thinning(document, log.origin, spans, rewrites_of(connection, log.number), behind)


def _groups(
    connection: sqlite3.Connection, log: Log, before: Micros, after: Seq
) -> tuple[list[list[_Place]], Seq | None]:
    """Rows of one hour that follow each other, where they are several; and the last row looked at, if more follow."""
    found: list[list[_Place]] = []
    rows = 0
    for slot, group in groupby(_places(connection, log, after), key=lambda place: place.at // SLOT):
        if (slot + 1) * SLOT > before:
            break
        if len(found) >= MAX_SPANS or rows >= MAX_ROWS:
            return found, Seq(found[-1][-1].seq)
        several = list(group)
        if len(several) > 1:
            found.append(several)
            rows += len(several)
    return found, None


def _places(connection: sqlite3.Connection, log: Log, after: int) -> Iterator[_Place]:
    """The rows behind the row `after`, which is one of the log or 0. One that others were thinned out to begins behind
    the one before it."""
    before = chain.genesis(log.origin, log.document.name)
    for seq, at, user, session, _, _, link, _, update in stored_rows(connection, log.number, after - 1, LAST):
        if seq > after:
            yield _Place(seq, after + 1, at, user, session, before, link, len(update))
        after, before = seq, link


def _spans(connection: sqlite3.Connection, log: Log, groups: Sequence[Sequence[_Place]]) -> Iterator[Span]:
    thinner = Thinner()
    done, _, state = newest_good(connection, log.number, groups[0][0].first - 1)
    thinner.pass_by(state)
    for group in groups:
        for update in _updates(connection, log, done, group[0].seq - 1):
            thinner.pass_by(update)
        done = group[-1].seq
        merged = thinner.merge(list(_updates(connection, log, group[0].seq - 1, done)))
        yield _span(connection, log, group, merged, thinner)


def _updates(connection: sqlite3.Connection, log: Log, after: int, until: int) -> Iterator[bytes]:
    while page := plain_page(connection, log.number, after, until):
        for seq, _, _, _, checksum, _, update in page:
            if crc32(update) != checksum:
                raise CorruptStorage(f"Row {seq} of {log.document} is damaged.")
            yield update
        after = page[-1][0]


def _span(connection: sqlite3.Connection, log: Log, group: Sequence[_Place], merged: bytes, thinner: Thinner) -> Span:
    first, last = group[0].first, group[-1]
    one = len({(place.user, place.session) for place in group}) == 1
    user, session = (UserId(last.user), SessionId(last.session)) if one else (SEVERAL, SessionId(""))
    [inside] = connection.execute(_INSIDE, (log.number, first, last.seq)).fetchone()
    state = thinner.state() if inside else None
    at, seq = Micros(last.at), Seq(last.seq)
    return Span(
        UpdateRow(log.document, seq, at, user, session, merged, Seq(first)),
        group[0].before,
        last.link,
        len(group),
        sum(place.size for place in group),
        None if state is None else Snapshot(log.document, seq, at, state),
    )


def _changes(
    number: int, thinning: Thinning, checkpoints: Sequence[SignedCheckpoint], connection: sqlite3.Connection
) -> Sequence[Statement]:
    if rewrites_of(connection, number) != thinning.basis:
        raise SeqTaken(f"{thinning.document} is not as it was looked at.")
    kept = [span.kept for span in thinning.spans]
    inside = [(number, row.first, row.seq) for row in kept]
    snapshots = [span.snapshot for span in thinning.spans if span.snapshot is not None]
    return [
        *opening(connection, number, [(row.first or row.seq, row.seq) for row in kept]),
        (_REMOVE, inside),
        (
            _KEEP,
            [(each.first, each.user, each.session, crc32(each.update), each.update, number, each.seq) for each in kept],
        ),
        (_REMOVE_SNAPSHOTS, inside),
        (_ADD_SNAPSHOT, [(number, each.seq, each.at, crc32(each.update), each.update) for each in snapshots]),
        (_RECORD, [(number, *_told(each)) for each in checkpoints]),
        (REWRITTEN, [(number,)]),
    ]


def _told(each: SignedCheckpoint) -> tuple[object, ...]:
    return (each.first, each.last, each.before, each.after, each.kept, each.at, each.key, each.signature)
