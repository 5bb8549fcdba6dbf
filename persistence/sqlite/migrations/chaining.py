"""Step 4 on a database with content: its rows are chained in the order in which they stand."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from typing import Any

from persistence import chain

log = logging.getLogger(__name__)

_DOCUMENTS = "SELECT id, room, name FROM documents ORDER BY id"
_ROWS = "SELECT seq, at, user, session, checksum, bytes FROM updates_unchained WHERE document = ? ORDER BY seq"
_CHAIN = """
INSERT INTO updates (document, seq, at, user, session, checksum, salt, link, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LAST = (
    "DROP TABLE updates_unchained",
    "CREATE INDEX updates_by_time ON updates (document, at, user)",
    """
    CREATE TRIGGER updates_are_counted AFTER INSERT ON updates
    BEGIN
        INSERT INTO activity (document, slot, user, rows) VALUES (new.document, new.at / 10000000, new.user, 1)
        ON CONFLICT DO UPDATE SET rows = rows + 1;
    END
    """,
)
"""The new table takes the old one's place: where an instant is in it, and rows counted as they come."""


def chain_old_rows(connection: sqlite3.Connection) -> None:
    """Bring the rows from the old table into the new one with salts and links. Inside a transaction; blocks."""
    documents = connection.execute(_DOCUMENTS).fetchall()
    if documents:
        log.info("chaining the rows of %d documents; this is done once", len(documents))
    for number, room, name in documents:
        connection.executemany(_CHAIN, _chained(connection, number, chain.genesis(room, name)))
    for statement in _LAST:
        connection.execute(statement)


def _chained(connection: sqlite3.Connection, number: int, link: bytes) -> Iterator[tuple[Any, ...]]:
    for seq, at, user, session, checksum, update in connection.execute(_ROWS, (number,)):
        salt = os.urandom(chain.SALT_BYTES)
        link = chain.link(link, seq, at, user, session, chain.commit(salt, update))
        yield number, seq, at, user, session, checksum, salt, link, update
