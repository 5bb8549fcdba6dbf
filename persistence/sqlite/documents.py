"""The small numbers under which the rows of a document are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from crdt_docs.ids import DocumentId, Seq
from persistence.sqlite.connection import Database

REMEMBERED = 10_000

NUMBER = "(SELECT id FROM documents WHERE room = :room AND name = :name)"
"""A document's number inside a query; NULL, so no row, for a document that was never written to."""

LAST = Seq((1 << 63) - 1)
"""Beyond every row."""

REWRITTEN = "UPDATE documents SET rewrites = rewrites + 1 WHERE id = ?"
"""To be told with every replacement of rows: what was looked at before does not hold any more."""

_NUMBER_OF = "SELECT id FROM documents WHERE room = ? AND name = ?"
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def numbered(
    document: DocumentId,
    unknown: Answer,
    look: Callable[Concatenate[sqlite3.Connection, int, Given], Answer],
    *given: Given.args,
    **named: Given.kwargs,
) -> Callable[[sqlite3.Connection], Answer]:
    """A look at what is kept under the document's number; it finds `unknown` for one that was never written to."""

    def find(connection: sqlite3.Connection) -> Answer:
        found = connection.execute(_NUMBER_OF, (document.room, document.name)).fetchone()
        return unknown if found is None else look(connection, int(found[0]), *given, **named)

    return find


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
        [(found,)] = await self._database.read(_NUMBER_OF, named)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[document] = int(found)
        return int(found)
