"""One database file: a connection that writes, and two that read and never wait for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, TypeVar, cast

import aiosqlite

from persistence.errors import OutcomeUnknown, StorageUnavailable
from persistence.sqlite.errors import LOCKED, primary_code, translate, translated
from persistence.sqlite.migrations import prepare
from persistence.sqlite.segments import one_view

Durability: TypeAlias = Literal["full", "process"]
Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
Statement: TypeAlias = tuple[str, Iterable[Parameters]]
"""One statement that changes something, and the rows of parameters to run it with."""
Plan: TypeAlias = Callable[[sqlite3.Connection], Sequence[Statement]]
"""Looks, inside the transaction, at what is there, and says what to write; what it raises undoes the transaction."""

Answer = TypeVar("Answer")

WAL_KEPT_BYTES = 64 * 1024 * 1024
"""The write-ahead log is cut to this size after a checkpoint."""


class AtomicConnection(sqlite3.Connection):
    """A connection that runs several statements as one transaction without leaving its thread in between."""

    def transact(self, plan: Plan) -> int:
        """Run each planned statement for each of its rows and commit all, or nothing; gives how many rows changed.

        Raises:
            sqlite3.IntegrityError: A constraint is broken; nothing was written.
            StorageUnavailable, CorruptStorage: Nothing was written.
            OutcomeUnknown: The commit itself failed.
        """
        with translated():
            self.execute("BEGIN IMMEDIATE")
            try:
                changed = sum(self.executemany(sql, rows).rowcount for sql, rows in plan(self))
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
        return changed

    def _roll_back(self) -> None:
        """SQLite may have rolled back by itself, and a disk that fails may refuse this too: both are fine."""
        with suppress(sqlite3.Error):
            if self.in_transaction:
                self.execute("ROLLBACK")


class WriterConnection(aiosqlite.Connection):
    """An `AtomicConnection` in its thread; a transaction costs one hop there and back."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        super().__init__(
            lambda: sqlite3.connect(path, factory=AtomicConnection, isolation_level=None, timeout=busy_seconds),
            iter_chunk_size=64,
        )

    async def transact(self, plan: Plan) -> int:
        """See `AtomicConnection.transact`."""
        connection = cast(AtomicConnection, self._conn)
        return cast(int, await self._execute(connection.transact, plan))  # type: ignore[no-untyped-call]


class ReaderConnection(aiosqlite.Connection):
    """A connection that only reads, in its thread."""

    def __init__(self, uri: str, *, busy_seconds: float) -> None:
        super().__init__(
            lambda: sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy_seconds), iter_chunk_size=64
        )

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def look(self, look: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What a function finds that sees the database as it is at one instant; costs one hop."""

        def consistent() -> Answer:
            with one_view(self._conn):
                return look(self._conn)

        return cast(Answer, await self._execute(consistent))  # type: ignore[no-untyped-call]


class Database:
    """Every statement of the stores passes here, in one hop, with its errors told as `StorageError`."""

    def __init__(
        self, path: Path, writer: WriterConnection, reader: ReaderConnection, surveyor: ReaderConnection
    ) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._surveyor = surveyor

    async def write(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement as one transaction; gives how many rows it changed."""
        with translated():
            cursor = await self._writer.execute(sql, parameters)
            return cursor.rowcount

    async def write_all(self, *statements: Statement) -> int:
        """Run each statement for each of its rows, all in one transaction; see `AtomicConnection.transact`."""
        return await self._writer.transact(lambda _: statements)

    async def write_planned(self, plan: Plan) -> int:
        """As `write_all`, for what follows from what is there; nobody writes between the look and the commit."""
        return await self._writer.transact(plan)

    async def truncate_log(self) -> bool:
        """Move the write-ahead log into the database and empty it; False while somebody reads from it."""
        with translated():
            [(busy, _, _)] = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return not busy

    async def read(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """The rows of a query on what is committed; never waits for a writer. The query bounds its answer itself."""
        with translated():
            return list(await self._reader.execute_fetchall(sql, parameters))  # type: ignore[arg-type]

    async def look(self, look: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """As `read`, for what takes several queries on what is committed at one instant."""
        with translated():
            return await self._reader.look(look)

    async def survey_by(self, look: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """As `look`, beside the other surveys."""
        with translated():
            return await self._surveyor.look(look)

    async def survey(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """As `read`, for queries that look at much: they wait for each other, and no document waits for them."""
        with translated():
            return list(await self._surveyor.execute_fetchall(sql, parameters))  # type: ignore[arg-type]


@asynccontextmanager
async def open_database(path: Path, *, durability: Durability, busy_seconds: float) -> AsyncIterator[Database]:
    """Open a database, created or migrated if need be, and close it at the end.

    `full` commits survive a power cut, `process` commits a crash of this program only.

    Raises:
        DatabaseNewer, CorruptStorage, StorageUnavailable: As `prepare` says.
    """
    read_only = f"{await asyncio.to_thread(prepare, path, busy_seconds=busy_seconds)}?mode=ro"
    with translated():
        writer = WriterConnection(path, busy_seconds=busy_seconds)
        async with (
            writer,
            ReaderConnection(read_only, busy_seconds=busy_seconds) as reader,
            ReaderConnection(read_only, busy_seconds=busy_seconds) as surveyor,
        ):
            for pragma in (
                f"synchronous = {'FULL' if durability == 'full' else 'NORMAL'}",
                f"fullfsync = {'ON' if durability == 'full' else 'OFF'}",
                "foreign_keys = ON",
                "secure_delete = ON",  # nothing that was removed or replaced can be read in the file any more
                f"journal_size_limit = {WAL_KEPT_BYTES}",
            ):
                await writer.execute_fetchall(f"PRAGMA {pragma}")
            yield Database(path, writer, reader, surveyor)
