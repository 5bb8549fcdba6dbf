"""The update log in SQLite: the hot path of the whole program."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any
from zlib import crc32

from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId
from persistence import chain
from persistence.errors import CorruptStorage, SeqGap, SeqTaken
from persistence.interfaces import ACTIVITY_SLOT, MAX_ACTIVITY_STEPS, Activity, Binding, Extent, Micros, UpdateRow
from persistence.segment import PlainRow
from persistence.sqlite import segments, spans
from persistence.sqlite.connection import Database, Statement
from persistence.sqlite.documents import LAST, NUMBER, DocumentNumbers, numbered

# A place that holds the same row is left alone, with its salt and link; one that holds another row fails on NOT NULL.
_APPEND = """
INSERT INTO updates (document, seq, at, user, session, checksum, salt, link, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (document, seq) DO UPDATE SET bytes = NULL
WHERE (at, user, session, bytes) IS NOT (excluded.at, excluded.user, excluded.session, excluded.bytes)
"""

_TIP = """
SELECT coalesce(origin, room), name, updates.seq, updates.link FROM documents
LEFT JOIN updates ON updates.document = documents.id
    AND updates.seq = (SELECT max(seq) FROM updates WHERE document = documents.id)
WHERE documents.id = ?
"""

_BIND = """
INSERT INTO document_clients (document, client, user, at, returned_by) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (document, client) DO NOTHING
"""

_BINDINGS = f"""
SELECT client, user, at, returned_by FROM document_clients WHERE document = {NUMBER} ORDER BY at, rowid
"""  # noqa: S608

_EXTENT = f"""
SELECT (SELECT max(seq) FROM updates WHERE document = {NUMBER}),
       (SELECT min(at) FROM (SELECT min(at) AS at FROM updates WHERE document = {NUMBER}
                             UNION ALL SELECT min(first_at) FROM segments WHERE document = {NUMBER})),
       (SELECT max(at) FROM (SELECT max(at) AS at FROM updates WHERE document = {NUMBER}
                             UNION ALL SELECT max(last_at) FROM segments WHERE document = {NUMBER}))
"""  # noqa: S608

_ACTIVITY_OF_SLOTS = f"""
SELECT user, (slot * {ACTIVITY_SLOT} - :since) / :step AS step, sum(rows) FROM activity
WHERE document = {NUMBER} AND slot >= :since / {ACTIVITY_SLOT} AND slot < :until / {ACTIVITY_SLOT}
GROUP BY step, user ORDER BY step, user
"""  # noqa: S608


class SqliteUpdateLog:
    """See `persistence.interfaces.UpdateLog`."""

    def __init__(self, database: Database, numbers: DocumentNumbers) -> None:
        self._database = database
        self._numbers = numbers

    async def append(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding] = ()) -> None:
        documents = {row.document for row in rows} | {binding.document for binding in bindings}
        numbers = {document: await self._numbers.number(document) for document in documents}
        bound = [_bound(numbers[binding.document], binding) for binding in bindings]
        try:
            await self._database.write_planned(partial(_plan, [(numbers[row.document], row) for row in rows], bound))
        except sqlite3.IntegrityError as exc:
            if exc.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_NOTNULL:
                raise SeqTaken("A different row stands at one of these places.") from exc
            raise

    async def read_after(
        self, document: DocumentId, after: Seq, *, until: Seq | None = None
    ) -> AsyncIterator[UpdateRow]:
        last = LAST if until is None else until
        while page := await self._database.look(numbered(document, [], segments.plain_page, after, last)):
            for record in page:
                yield _row(document, record)
            after = Seq(page[-1][0])

    async def head(self, document: DocumentId) -> Seq:
        query = f"SELECT max(seq) FROM updates WHERE document = {NUMBER}"  # noqa: S608
        [(seq,)] = await self._database.read(query, {"room": document.room, "name": document.name})
        return Seq(seq or 0)

    async def extent(self, document: DocumentId) -> Extent | None:
        found = await self._database.read(_EXTENT, {"room": document.room, "name": document.name})
        [(head, first, last)] = found
        return Extent(Seq(head), Micros(first), Micros(last)) if head is not None else None

    async def moment(self, document: DocumentId, at: Micros) -> tuple[Seq, Micros] | None:
        found = await self._database.look(numbered(document, None, spans.moment, at))
        return (Seq(found[0]), Micros(found[1])) if found else None

    async def activity(self, document: DocumentId, since: Micros, until: Micros, step: Micros) -> list[Activity]:
        if step <= 0 or until - since > MAX_ACTIVITY_STEPS * step:
            raise ValueError(f"steps are positive, and at most {MAX_ACTIVITY_STEPS} are told at once")
        named = {"room": document.room, "name": document.name, "since": since, "until": until, "step": step}
        if all(number % ACTIVITY_SLOT == 0 for number in (since, until, step)):
            found = await self._database.survey(_ACTIVITY_OF_SLOTS, named)
        else:
            found = await self._database.survey_by(numbered(document, [], spans.activity, since, until, step))
        return [Activity(UserId(user), at, rows) for user, at, rows in found]

    async def documents(self, room: RoomId) -> list[DocumentId]:
        query = "SELECT name FROM documents WHERE room = ? ORDER BY id"
        return [DocumentId(room, name) for (name,) in await self._database.read(query, (room,))]

    async def bindings(self, document: DocumentId) -> list[Binding]:
        found = await self._database.read(_BINDINGS, {"room": document.room, "name": document.name})
        return [Binding(document, client, user, at, returned_by) for client, user, at, returned_by in found]


def _plan(
    rows: Sequence[tuple[int, UpdateRow]], bound: Sequence[tuple[Any, ...]], connection: sqlite3.Connection
) -> list[Statement]:
    """Chain the rows to the last ones that are there."""
    tips = {number: _tip(connection, number) for number in dict(rows)}
    missing = [
        (number, row) for number, row in rows if row.seq > tips[number][0] or not _is_sealed(connection, number, row)
    ]
    return [(_APPEND, list(_chained(missing, tips))), (_BIND, bound)]


def _is_sealed(connection: sqlite3.Connection, number: int, row: UpdateRow) -> bool:
    """Whether a row that comes again lies in a segment.

    Raises:
        SeqTaken: A different row lies there.
    """
    span = segments.next_span(connection, number, row.seq - 1)
    if span is None or span.first > row.seq:
        return False
    [sealed] = segments.plain_page(connection, number, row.seq - 1, row.seq)
    if sealed != (row.seq, row.at, row.user, row.session, crc32(row.update), None, row.update):
        raise SeqTaken("A different row stands at one of these places.")
    return True


def _tip(connection: sqlite3.Connection, number: int) -> tuple[int, bytes]:
    """Seq and link of a log's last row, or what stands before its first."""
    origin, name, seq, link = connection.execute(_TIP, (number,)).fetchone()
    return (seq, link) if seq is not None else (0, chain.genesis(origin, name))


def _chained(rows: Sequence[tuple[int, UpdateRow]], tips: dict[int, tuple[int, bytes]]) -> Iterator[tuple[Any, ...]]:
    """The parameters of `_APPEND`.

    A row at a place that is taken gets no link: it is the same row again, which keeps its own, or it is refused.

    Raises:
        SeqGap: The row before one of these is not there.
    """
    salts = os.urandom(chain.SALT_BYTES * len(rows))
    for place, (number, row) in enumerate(rows):
        seq, link = tips[number]
        salt = salts[place * chain.SALT_BYTES : (place + 1) * chain.SALT_BYTES]
        if row.seq > seq + 1:
            raise SeqGap("The row before one of these is not in the log.")
        if row.seq == seq + 1:
            link = chain.link(link, row.seq, row.at, row.user, row.session, chain.commit(salt, row.update))
            tips[number] = row.seq, link
        yield number, row.seq, row.at, row.user, row.session, crc32(row.update), salt, link, row.update


def _bound(number: int, binding: Binding) -> tuple[Any, ...]:
    return (number, binding.client, binding.user, binding.at, binding.returned_by)


def _row(document: DocumentId, record: PlainRow) -> UpdateRow:
    seq, at, user, session, checksum, first, update = record
    if crc32(update) != checksum:
        raise CorruptStorage(f"Row {seq} of {document} is damaged.")
    whole = Seq(first) if first is not None else None
    return UpdateRow(document, Seq(seq), Micros(at), UserId(user), SessionId(session), update, whole)
