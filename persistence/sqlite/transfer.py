"""A room read for an export, and written by an import in one transaction. Blocks."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from crdt_docs.ids import RoomId
from persistence.errors import CorruptStorage
from persistence.sqlite.assets import CHUNK_BYTES
from persistence.sqlite.errors import translated
from persistence.sqlite.migrations import prepare, sync_folder
from persistence.sqlite.reading import Log

BUSY_SECONDS: Final = 5.0

_ORDERS: Final = {
    "rooms": "rowid", "members": "joined_at, rowid", "sessions": "joined_at, rowid", "marks": "rowid",
    "document_clients": "at, rowid", "assets": "uploaded_at, rowid",
}  # fmt: skip


def records_of(
    connection: sqlite3.Connection, table: str, columns: str, where: str, value: object
) -> Iterator[tuple[Any, ...]]:
    """The rows of a table with that value in the column `where`, in the order in which they came to be."""
    query = f"SELECT {columns} FROM {table} WHERE {where} = ? ORDER BY {_ORDERS[table]}"  # noqa: S608
    return connection.execute(query, (value,))


def tip_of(connection: sqlite3.Connection, log: Log) -> tuple[int, bytes] | None:
    """Seq and link of the last row."""
    query = "SELECT seq, link FROM updates WHERE document = ? ORDER BY seq DESC LIMIT 1"
    found: tuple[int, bytes] | None = connection.execute(query, (log.number,)).fetchone()
    return found


def chunks_of(assets: Path, room: RoomId, sha256: str) -> Iterator[bytes]:
    """The bytes of a file of a room, in the folder of all.

    Raises:
        CorruptStorage: They are lost.
    """
    try:
        with (assets / room / sha256[:2] / sha256).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except FileNotFoundError as exc:
        raise CorruptStorage(f"The bytes of the file {sha256} are missing.") from exc


class RoomWriter:
    """Puts a new room into a data folder: whole, once `writing` ends well, else not at all."""

    def __init__(self, connection: sqlite3.Connection, assets: Path) -> None:
        self._connection = connection
        self._assets = assets
        self._drafts = assets / ".incoming"
        self._placed: list[tuple[Path, Path]] = []

    def is_taken(self, room: RoomId) -> bool:
        """Whether the id was ever used."""
        query = "SELECT id FROM rooms WHERE id = :room UNION SELECT room FROM documents WHERE room = :room"
        found = self._connection.execute(query, {"room": room}).fetchall()
        return bool(found)

    def insert(self, table: str, values: Mapping[str, Any]) -> int:
        """Add a row; gives its rowid, 0 where one with its key is there already."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
        cursor = self._connection.execute(statement, tuple(values.values()))
        return int(cursor.lastrowid or 0) if cursor.rowcount else 0

    def write_file(self, room: RoomId, sha256: str, chunks: Iterable[bytes]) -> None:
        """Write the bytes of a file beside those of all rooms, to be put in place at the end."""
        self._drafts.mkdir(parents=True, exist_ok=True)
        draft = self._drafts / f"{room}.{sha256}"
        self._placed.append((draft, self._assets / room / sha256[:2] / sha256))
        with draft.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def place_files(self) -> None:
        """Give the files their names."""
        for draft, path in self._placed:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.rename(path)
            for folder in (path.parent, path.parent.parent, self._assets):
                sync_folder(folder)

    def remove_files(self) -> None:
        """Take away everything that was written."""
        for draft, path in self._placed:
            draft.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            for folder in (path.parent, path.parent.parent):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()


@contextmanager
def writing(database: Path, assets: Path) -> Iterator[RoomWriter]:
    """Open the database, made or migrated if need be, and commit at the end; nothing stays of what fails.

    Nobody else may write meanwhile. Files are in place before their rows are committed, so that none is named without
    its bytes.

    Raises:
        StorageError: It cannot be opened or written; nothing was.
    """
    prepare(database, busy_seconds=BUSY_SECONDS)
    with (
        translated(),
        closing(sqlite3.connect(database, isolation_level=None, timeout=BUSY_SECONDS)) as connection,
    ):
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        writer = RoomWriter(connection, assets)
        try:
            yield writer
            writer.place_files()
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            writer.remove_files()
            raise
