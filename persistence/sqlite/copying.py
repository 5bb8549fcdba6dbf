"""A whole database, copied while its server writes, and made ready where it is restored. Blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from persistence.interfaces import Micros
from persistence.sqlite.errors import translated
from persistence.sqlite.migrations import prepare
from persistence.sqlite.reading import reading

BUSY_SECONDS: Final = 5.0

RECORDINGS_SINCE: Final = 8
"""The step of the schema that brought them."""

_NOTE: Final = """
INSERT INTO events (room, at, kind, user, details)
SELECT id, :at, 'recovery_changed', :by, '{"recovery": true}' FROM rooms WHERE deleted_at IS NULL AND NOT recovery
"""
_RECOVER: Final = "UPDATE rooms SET recovery = 1 WHERE deleted_at IS NULL"


def copy_database(database: Path, copy: Path) -> None:
    """Copy a database as it is at one instant (SQLite's online backup); nobody waits for it.

    Raises:
        StorageError: It cannot be read, or the copy cannot be written.
    """
    with reading(database) as source, translated(), closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def files_named(database: Path) -> Iterator[tuple[str, str]]:
    """Room and SHA-256 of every file that a database names."""
    with reading(database) as connection:
        yield from connection.execute("SELECT room, sha256 FROM assets ORDER BY room, sha256")


def recordings_named(database: Path) -> Iterator[tuple[str, str, str]]:
    """Room, id and file of every recorded track that a database names."""
    query = "SELECT room, id, file FROM recordings JOIN recording_tracks ON recording = id ORDER BY room, id, file"
    with reading(database) as connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] >= RECORDINGS_SINCE:
            yield from connection.execute(query)


def begin_recovery(database: Path, by: str, at: Micros) -> int:
    """Migrate a copy to the present schema and put its rooms in recovery (DESIGN §4); gives how many rooms it has.

    Raises:
        StorageError: The copy is damaged or newer than this program, or cannot be written.
    """
    prepare(database, busy_seconds=BUSY_SECONDS)
    with translated(), closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_NOTE, {"at": at, "by": by})
        rooms = connection.execute(_RECOVER).rowcount
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return rooms
