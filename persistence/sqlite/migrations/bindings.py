"""Step 2 on a database with content: the client ids in its logs belong to those who wrote under them first."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from zlib import crc32

from crdt_docs.errors import DocumentError
from crdt_docs.ids import ClientId
from crdt_docs.updates import read_update

log = logging.getLogger(__name__)

_ROWS = "SELECT user, at, checksum, bytes FROM updates WHERE document = ? ORDER BY seq"
_BIND = "INSERT INTO document_clients (document, client, user, at) VALUES (?, ?, ?, ?)"


def bind_from_logs(connection: sqlite3.Connection) -> None:
    """Bind every client id that a row brings to the row's user, at the row's instant. Inside a transaction; blocks.

    Without it the ids of old work would be free, and whoever claimed one first would shut its author out. Rows that
    cannot be read bind nothing: loading their document reports them.
    """
    documents = [number for (number,) in connection.execute("SELECT id FROM documents ORDER BY id")]
    if documents:
        log.info("finding the authors of %d documents; this is done once and takes a second for 10 MB", len(documents))
    for document in documents:
        authors = _authors(connection.execute(_ROWS, (document,)))
        connection.executemany(_BIND, [(document, client, user, at) for client, (user, at) in authors.items()])


def _authors(rows: Iterable[tuple[str, int, int, bytes]]) -> dict[ClientId, tuple[str, int]]:
    """Client id → its first user and when; in the order in which the ids came."""
    authors: dict[ClientId, tuple[str, int]] = {}
    for user, at, checksum, update in rows:
        if crc32(update) == checksum:
            for client in _clients(update):
                authors.setdefault(client, (user, at))
    return authors


def _clients(update: bytes) -> list[ClientId]:
    try:
        return [run.client for run in read_update(update).runs]
    except DocumentError:
        return []
