"""Replacing what rows hold, in SQLite: a person's content goes, every row and every link stays."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from zlib import crc32

from crdt_docs.erasing import erase_clients
from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import ClientId, DocumentId, Seq, UserId
from persistence import chain
from persistence.errors import CorruptStorage, SeqTaken
from persistence.interfaces import Holdings, SignedErasure
from persistence.records import Replacement
from persistence.sqlite.connection import Database, Statement
from persistence.sqlite.documents import REWRITTEN, DocumentNumbers
from persistence.sqlite.reading import Log, log_of, reading, rewrites_of, rows_of
from persistence.sqlite.seal import opening
from persistence.sqlite.segments import one_view

SCRUB_ATTEMPTS = 20
SCRUB_SECONDS = 0.1
"""Between attempts to empty the write-ahead log."""

_CLIENTS = "SELECT client FROM document_clients WHERE document = ? AND user = ?"
_SNAPSHOTS = "SELECT seq, checksum, bytes FROM snapshots WHERE document = ? ORDER BY seq"
_COUNT = "SELECT count(*) FROM snapshots WHERE document = ?"
_REPLACE_ROW = """
UPDATE updates SET salt = x'', commitment = ?, checksum = ?, bytes = ? WHERE document = ? AND seq = ?
"""
_REPLACE_SNAPSHOT = "UPDATE snapshots SET checksum = ?, bytes = ? WHERE document = ? AND seq = ?"
_RECORD = "INSERT INTO erasures (document, at, by, rows, key, signature) VALUES (?, ?, ?, ?, ?, ?)"


class SqliteErasures:
    """See `persistence.interfaces.Erasures`."""

    def __init__(self, database: Database, numbers: DocumentNumbers) -> None:
        self._database = database
        self._numbers = numbers

    async def holdings(self, document: DocumentId, user: UserId) -> Holdings:
        return await asyncio.to_thread(_find, self._database.path, document, user)

    async def replace(self, holdings: Holdings, erasure: SignedErasure) -> None:
        number = await self._numbers.number(holdings.document)
        await self._database.write_planned(partial(_plan, number, holdings, erasure))

    async def scrub(self) -> bool:
        for _ in range(SCRUB_ATTEMPTS):
            if await self._database.truncate_log():
                return True
            await asyncio.sleep(SCRUB_SECONDS)
        return False


def _find(path: Path, document: DocumentId, user: UserId) -> Holdings:
    """Blocks, for about a second for 100,000 rows."""
    with reading(path) as connection, one_view(connection):
        log = log_of(connection, document)
        if log is None:
            return Holdings(document, document.room, (), (), (0, 0))
        clients = {ClientId(client) for (client,) in connection.execute(_CLIENTS, (log.number, user))}
        return Holdings(
            document,
            log.origin,
            tuple(_rows_with(connection, log, clients)),
            tuple(_snapshots_with(connection, log, clients)),
            _basis(connection, log.number),
        )


def _rows_with(connection: sqlite3.Connection, log: Log, clients: Collection[ClientId]) -> Iterator[Replacement]:
    """The rows that hold content of these clients, without it. Every row is looked at: whose it is does not tell what
    it holds where a room was branched, restored or thinned out."""
    for seq, _, _, _, checksum, salt, _, commitment, update in rows_of(connection, log):
        without = _without(update, checksum, clients, f"Row {seq} of {log.document}")
        if without is not None:
            yield Replacement(Seq(seq), commitment or chain.commit(salt, update), without)


def _snapshots_with(connection: sqlite3.Connection, log: Log, clients: Collection[ClientId]) -> Iterator[Replacement]:
    for seq, checksum, update in connection.execute(_SNAPSHOTS, (log.number,)):
        without = _without(update, checksum, clients, f"The snapshot of {log.document} after row {seq}")
        if without is not None:
            yield Replacement(Seq(seq), b"", without)


def _without(update: bytes, checksum: int, clients: Collection[ClientId], what: str) -> bytes | None:
    """The update without the content of these clients; None if it has none."""
    if crc32(update) != checksum:
        raise CorruptStorage(f"{what} is damaged.")
    try:
        without = erase_clients(update, clients)
    except MalformedUpdate as exc:
        raise CorruptStorage(f"{what} cannot be read.") from exc
    return without if without is not update else None


def _basis(connection: sqlite3.Connection, number: int) -> tuple[int, int]:
    [snapshots] = connection.execute(_COUNT, (number,)).fetchone()
    return rewrites_of(connection, number), snapshots


def _plan(
    number: int, holdings: Holdings, erasure: SignedErasure, connection: sqlite3.Connection
) -> Sequence[Statement]:
    if _basis(connection, number) != holdings.basis:
        raise SeqTaken(f"{holdings.document} is not as it was looked at.")
    rows = [(each.commitment, crc32(each.update), each.update, number, each.seq) for each in holdings.rows]
    snapshots = [(crc32(each.update), each.update, number, each.seq) for each in holdings.snapshots]
    record = (number, erasure.at, erasure.by, erasure.rows, erasure.key, erasure.signature)
    return [
        *opening(connection, number, [(each.seq, each.seq) for each in holdings.rows]),
        (_REPLACE_ROW, rows),
        (_REPLACE_SNAPSHOT, snapshots),
        (REWRITTEN, [(number,)]),
        (_RECORD, [record]),
    ]
