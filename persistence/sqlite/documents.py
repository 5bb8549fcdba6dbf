"""The small numbers under which the rows of a document are kept."""

from __future__ import annotations

import sqlite3

from crdt_docs.ids import DocumentId, Seq
from persistence.sqlite.connection import Database

REMEMBERED = 10_000

NUMBER = "(SELECT id FROM documents WHERE room = :room AND name = :name)"
"""A document's number inside a query; NULL, so no row, for a document that was never written to."""

LAST = Seq((1 << 63) - 1)
"""Beyond every row."""


def number_of(connection: sqlite3.Connection, document: DocumentId) -> int | None:
    """The document's number; None for one that was never written to."""
    query = "SELECT id FROM documents WHERE room = ? AND name = ?"
    found = connection.execute(query, (document.room, document.name)).fetchone()
    return None if found is None else int(found[0])


class DocumentNumbers:
    """Gives each document a number at its first write and remembers it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[DocumentId, int] = {}

    async def number(self, document: DocumentId) -> int:
        """The document's number, given now if it has none."""
        if (number := self._known.get(document)) is not None:
            return number
        named = (document.room, document.name)
        await self._database.write("INSERT INTO documents (room, name) VALUES (?, ?) ON CONFLICT DO NOTHING", named)
        [(found,)] = await self._database.read("SELECT id FROM documents WHERE room = ? AND name = ?", named)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[document] = int(found)
        return int(found)
