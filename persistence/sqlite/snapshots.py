"""Snapshots in SQLite."""

from __future__ import annotations

import sqlite3
from zlib import crc32

from crdt_docs.ids import DocumentId, Seq
from crdt_docs.updates import EMPTY_UPDATE
from persistence.errors import CorruptStorage
from persistence.interfaces import Growth, Micros, Snapshot
from persistence.sqlite import spans
from persistence.sqlite.connection import Database
from persistence.sqlite.documents import LAST, NUMBER, DocumentNumbers, numbered

_BEFORE = f"""
SELECT seq, at, checksum, bytes FROM snapshots WHERE document = {NUMBER} AND seq <= :seq ORDER BY seq DESC LIMIT 1
"""  # noqa: S608

_UP_TO = "SELECT seq, at, checksum, bytes FROM snapshots WHERE document = ? AND seq <= ? ORDER BY seq DESC"
_ADD = """
INSERT INTO snapshots (document, seq, at, checksum, bytes)
SELECT id, ?, ?, ?, ? FROM documents WHERE id = ? AND rewrites = ? ON CONFLICT DO NOTHING
"""
_NEWEST = "SELECT coalesce(max(seq), 0), coalesce(length(bytes), 0) FROM snapshots WHERE document = ?"


class SqliteSnapshots:
    """See `persistence.interfaces.Snapshots`."""

    def __init__(self, database: Database, numbers: DocumentNumbers) -> None:
        self._database = database
        self._numbers = numbers

    async def newest(self, document: DocumentId) -> Snapshot | None:
        return await self.before(document, LAST)

    async def before(self, document: DocumentId, seq: Seq) -> Snapshot | None:
        found = await self._database.read(_BEFORE, {"room": document.room, "name": document.name, "seq": seq})
        if not found:
            return None
        [(kept, at, checksum, update)] = found
        if crc32(update) != checksum:
            raise CorruptStorage(f"The snapshot of {document} after row {kept} is damaged.")
        return Snapshot(document, Seq(kept), Micros(at), update)

    async def add(self, snapshot: Snapshot) -> None:
        number = await self._numbers.number(snapshot.document)
        await self._database.write(
            _ADD, (snapshot.seq, snapshot.at, crc32(snapshot.update), snapshot.update, number, snapshot.rewrites)
        )

    async def growth(self, document: DocumentId) -> Growth:
        return await self._database.look(numbered(document, Growth(0, 0, 0), _growth))


def newest_good(connection: sqlite3.Connection, number: int, until: int) -> tuple[int, int, bytes]:
    """Seq, instant and state of the newest undamaged snapshot up to a row; 0, 0 and an empty state without one.
    Blocks."""
    for seq, at, checksum, update in connection.execute(_UP_TO, (number, until)):
        if crc32(update) == checksum:
            return int(seq), int(at), bytes(update)
    return 0, 0, EMPTY_UPDATE


def _growth(connection: sqlite3.Connection, number: int) -> Growth:
    seq, snapshot = connection.execute(_NEWEST, (number,)).fetchone()
    return Growth(*spans.counted(connection, number, seq, LAST), snapshot)
