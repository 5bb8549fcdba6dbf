"""One database file: a connection that writes, and another that reads and never waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeAlias

import aiosqlite

from persistence.errors import OutcomeUnknown, StorageUnavailable
from persistence.sqlite.errors import LOCKED, primary_code, translate, translated
from persistence.sqlite.migrations import prepare

Durability: TypeAlias = Literal["full", "process"]
Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

WAL_KEPT_BYTES = 64 * 1024 * 1024
"""The write-ahead log is cut to this size after a checkpoint."""


class AtomicConnection(sqlite3.Connection):
    """A connection whose `executemany` is one transaction, so that a batch costs one hop to its thread and back."""

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Commit all rows or none.

        Raises:
            sqlite3.IntegrityError: A constraint is broken; nothing was written.
            StorageUnavailable, CorruptStorage: Nothing was written.
            OutcomeUnknown: The commit itself failed.
        """
        with translated():
            self.execute("BEGIN IMMEDIATE")
            try:
                cursor = super().executemany(sql, parameters)
            except BaseException:
                self._roll_back()
                raise
        try:
            self.execute("COMMIT")
        except sqlite3.Error as exc:
            self._roll_back()
            if primary_code(exc) in LOCKED:
                raise StorageUnavailable(f"The database is locked by another program. ({exc})") from exc
            told = translate(exc)
            raise OutcomeUnknown(f"The commit failed: {told.reason if told else exc}") from exc
        return cursor

    def _roll_back(self) -> None:
        """SQLite may have rolled back by itself, and a disk that fails may refuse this too: both are fine."""
        with suppress(sqlite3.Error):
            if self.in_transaction:
                self.execute("ROLLBACK")


class Database:
    """Every statement of the stores passes here, in one hop, with its errors told as `StorageError`."""

    def __init__(self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader

    async def write(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement as one transaction; gives how many rows it changed."""
        with translated():
            cursor = await self._writer.execute(sql, parameters)
            return cursor.rowcount

    async def write_all(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for every row, all in one transaction; see `AtomicConnection.executemany`."""
        await self._writer.executemany(sql, rows)

    async def read(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """The rows of a query on what is committed; never waits for a writer. The query bounds its answer itself."""
        with translated():
            return list(await self._reader.execute_fetchall(sql, parameters))  # type: ignore[arg-type]


@asynccontextmanager
async def open_database(path: Path, *, durability: Durability, busy_seconds: float) -> AsyncIterator[Database]:
    """Open a database, created or migrated if need be, and close it at the end.

    `full` commits survive a power cut, `process` commits a crash of this program only.

    Raises:
        DatabaseNewer, CorruptStorage, StorageUnavailable: As `prepare` says.
    """
    read_only = f"{await asyncio.to_thread(prepare, path, busy_seconds=busy_seconds)}?mode=ro"
    with translated():
        async with (
            aiosqlite.connect(path, factory=AtomicConnection, isolation_level=None, timeout=busy_seconds) as writer,
            aiosqlite.connect(read_only, uri=True, isolation_level=None, timeout=busy_seconds) as reader,
        ):
            for pragma in (
                f"synchronous = {'FULL' if durability == 'full' else 'NORMAL'}",
                f"fullfsync = {'ON' if durability == 'full' else 'OFF'}",
                "foreign_keys = ON",
                f"journal_size_limit = {WAL_KEPT_BYTES}",
            ):
                await writer.execute_fetchall(f"PRAGMA {pragma}")
            yield Database(path, writer, reader)
