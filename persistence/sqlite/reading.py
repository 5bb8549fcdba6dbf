"""A database read from outside, without its server: read only, whether one runs on it or not. Blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from crdt_docs.ids import DocumentId, RoomId, Seq, UserId
from persistence.errors import CorruptStorage, StorageUnavailable
from persistence.interfaces import Micros, SignedCheckpoint, SignedErasure, SignedHead
from persistence.segment import StoredRow
from persistence.sqlite.documents import LAST
from persistence.sqlite.errors import translated
from persistence.sqlite.migrations import APPLICATION_ID, newest_schema
from persistence.sqlite.segments import stored_rows

BUSY_SECONDS = 5.0

_LOGS = """
SELECT id, room, name, coalesce(origin, room), origin IS NOT NULL FROM documents
WHERE :room IS NULL OR room = :room ORDER BY room, name
"""
_HEADS = "SELECT seq, link, at, key, signature FROM heads WHERE document = ? ORDER BY seq"
_ERASURES = "SELECT at, by, rows, key, signature FROM erasures WHERE document = ? ORDER BY id"
_CHECKPOINTS = """
SELECT first, last, before, after, kept, at, key, signature FROM checkpoints WHERE document = ? ORDER BY last
"""


@dataclass(frozen=True, slots=True)
class Log:
    """One document's log, to be read."""

    number: int
    document: DocumentId
    origin: str
    imported: bool
    """Whether it began in another installation, or in another room of this one."""


@contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a database of the present schema to read it.

    Raises:
        StorageUnavailable: It is not there, cannot be opened, or has another schema.
        CorruptStorage: It is damaged, or no database of this program.
    """
    if not database.is_file():
        raise StorageUnavailable(f"There is no database {database}.")
    uri = f"{database.absolute().as_uri()}?mode=ro"
    with (
        translated(),
        closing(
            sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
        ) as connection,
    ):
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise CorruptStorage(f"{database} is not a database of this program.")
        [schema] = connection.execute("PRAGMA user_version").fetchone()
        if schema != newest_schema():
            raise StorageUnavailable(f"{database} has schema {schema}, not {newest_schema()}: run its server once.")
        yield connection


def logs(connection: sqlite3.Connection, room: RoomId | None = None) -> list[Log]:
    """The logs of a room, or of all, by room and name."""
    return [
        Log(number, DocumentId(RoomId(of_room), name), origin, bool(imported))
        for number, of_room, name, origin, imported in connection.execute(_LOGS, {"room": room})
    ]


def log_of(connection: sqlite3.Connection, document: DocumentId) -> Log | None:
    """The log of a document; None when it was never written to."""
    return next((log for log in logs(connection, document.room) if log.document == document), None)


def heads_of(connection: sqlite3.Connection, log: Log) -> list[SignedHead]:
    """What was signed of a log, in the order of the rows."""
    return [
        SignedHead(log.document, log.origin, Seq(seq), link, Micros(at), key, signature)
        for seq, link, at, key, signature in connection.execute(_HEADS, (log.number,))
    ]


def erasures_of(connection: sqlite3.Connection, log: Log) -> list[SignedErasure]:
    """What was signed of rows that were replaced, in the order in which they were."""
    return [
        SignedErasure(log.document, log.origin, Micros(at), UserId(by), rows, key, signature)
        for at, by, rows, key, signature in connection.execute(_ERASURES, (log.number,))
    ]


def checkpoints_of(connection: sqlite3.Connection, log: Log) -> list[SignedCheckpoint]:
    """What was signed of spans that were thinned out, in the order of the rows."""
    return [
        SignedCheckpoint(
            log.document, log.origin, Seq(first), Seq(last), before, after, kept, Micros(at), key, signature
        )
        for first, last, before, after, kept, at, key, signature in connection.execute(_CHECKPOINTS, (log.number,))
    ]


def rewrites_of(connection: sqlite3.Connection, number: int) -> int:
    """How often rows of a log were replaced."""
    [rewrites] = connection.execute("SELECT rewrites FROM documents WHERE id = ?", (number,)).fetchone()
    return int(rewrites)


def rows_of(connection: sqlite3.Connection, log: Log, until: int = LAST) -> Iterator[StoredRow]:
    """The rows of a log in their order, few in memory at a time; see `segments.stored_rows`."""
    return stored_rows(connection, log.number, 0, until)
