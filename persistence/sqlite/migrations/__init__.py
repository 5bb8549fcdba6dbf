"""The schema, step by step: numbered SQL files, applied at start, refused when the database is newer."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from persistence.errors import CorruptStorage, DatabaseNewer, StorageUnavailable
from persistence.sqlite.errors import translated
from persistence.sqlite.migrations.bindings import bind_from_logs
from persistence.sqlite.migrations.chaining import chain_old_rows

APPLICATION_ID = 0x54484C4E
"""`THLN`, in the header of every database file of this program."""

_FILLS = {2: bind_from_logs, 4: chain_old_rows}
"""What SQL alone cannot fill in after a step, in the same transaction."""

_CLEANED = 5
"""Before this step the file is written anew: what earlier versions removed stays in free pages (no `secure_delete`)."""

CHECKED_BYTES = 256 * 1024 * 1024
"""A file up to this size is checked page by page at every start (about a second per GiB)."""


def prepare(path: Path, *, busy_seconds: float) -> str:
    """Create the database, or check and migrate the one that is there; gives its `file:` URI. Blocks.

    A new database appears under its name only when it is whole: so an empty file is a damaged one, not a new one.

    Raises:
        DatabaseNewer: A newer program wrote it.
        CorruptStorage: It is damaged, or no database of this program.
        StorageUnavailable: It cannot be opened or written to.
    """
    try:
        if not path.exists():
            _refuse_remains(path)
            _create(path, busy_seconds)
        elif path.stat().st_size == 0:
            raise CorruptStorage(f"{path} is empty: its content is lost, or it was never a database.")
    except OSError as exc:
        raise StorageUnavailable(f"{path} cannot be opened: {exc.strerror}") from exc
    with translated(), closing(sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)) as connection:
        _refuse_foreign(connection, path)
        _refuse_newer(connection, path)
        _refuse_damaged(connection, path)
        _migrate(connection)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StorageUnavailable(f"{path} lies on a disk that cannot hold a write-ahead log.")
    return path.absolute().as_uri()


def _refuse_remains(path: Path) -> None:
    """A write-ahead log without its database: creating one beside it would mix the two."""
    if (log := path.with_name(f"{path.name}-wal")).exists():
        raise CorruptStorage(f"{path} is missing, but {log.name} is there: restore the database, or move both away.")


def _create(path: Path, busy_seconds: float) -> None:
    folder = path.parent
    if not folder.exists():
        folder.mkdir(parents=True)
        sync_folder(folder.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with translated(), closing(sqlite3.connect(draft, timeout=busy_seconds, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _migrate(connection)
        if not path.exists():
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Blocks."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise CorruptStorage(f"{path} is not a database of this program.")


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    version, known = _version(connection), newest_schema()
    if version > known:
        raise DatabaseNewer(f"{path} has schema {version}; this program knows schemas up to {known}.")


def _refuse_damaged(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size > CHECKED_BYTES:
        return
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise CorruptStorage(f"{path} is damaged: {finding}")


def _migrate(connection: sqlite3.Connection) -> None:
    for number, script in _steps():
        if number == _CLEANED and _version(connection) == _CLEANED - 1:
            connection.execute("VACUUM")
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) < number:
                for statement in _statements(script):
                    connection.execute(statement)
                if (fill := _FILLS.get(number)) is not None:
                    fill(connection)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


def newest_schema() -> int:
    """The number of the last step that is known."""
    return max(number for number, _ in _steps())


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _steps(folder: Traversable | None = None) -> list[tuple[int, str]]:
    """The steps in their order.

    Raises:
        ValueError: Two files have one number: the second would never be applied, without a word.
    """
    steps: dict[int, str] = {}
    for file in (folder or files(__name__)).iterdir():
        if match := re.fullmatch(r"(\d{4})_\w+\.sql", file.name):
            number = int(match[1])
            if number in steps:
                raise ValueError(f"two migrations have the number {match[1]}; one of them is {file.name}")
            steps[number] = file.read_text(encoding="utf-8")
    return sorted(steps.items())


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
