"""What SQLite reports, told in the storage's own errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from persistence.errors import CorruptStorage, StorageError, StorageUnavailable

_PASSING = {
    sqlite3.SQLITE_BUSY: "The database is locked by another program.",
    sqlite3.SQLITE_LOCKED: "The database is locked.",
    sqlite3.SQLITE_FULL: "The disk is full.",
    sqlite3.SQLITE_READONLY: "The database may not be written to.",
    sqlite3.SQLITE_IOERR: "The disk does not read or write as it should.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_PERM: "The database file may not be used.",
    sqlite3.SQLITE_AUTH: "The database file may not be used.",
    sqlite3.SQLITE_NOMEM: "There is not enough memory.",
    sqlite3.SQLITE_INTERRUPT: "The database was interrupted.",
    sqlite3.SQLITE_PROTOCOL: "The database's lock is contended.",
    sqlite3.SQLITE_NOLFS: "The disk cannot hold files of that size.",
}
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT: "The database is damaged.",
    sqlite3.SQLITE_NOTADB: "The file is not a database, or it is damaged.",
}
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code; None when the error is Python's own."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def translate(error: sqlite3.Error) -> StorageError | None:
    """The storage's error for this one; None when it is a fault of the program, or a broken constraint."""
    code = primary_code(error)
    if code in _PASSING:
        return StorageUnavailable(f"{_PASSING[code]} ({error})")
    if code in _DAMAGED:
        return CorruptStorage(f"{_DAMAGED[code]} ({error})")
    if code is None and str(error).startswith("Could not decode to UTF-8"):
        return CorruptStorage("A text in the database is damaged.")
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Raise the storage's errors in place of SQLite's; broken constraints pass as `sqlite3.IntegrityError`."""
    try:
        yield
    except sqlite3.Error as exc:
        if (told := translate(exc)) is None:
            raise
        raise told from exc
