"""Signed heads in SQLite, and where the chains stand."""

from __future__ import annotations

from crdt_docs.ids import DocumentId, Seq
from persistence.interfaces import Micros, SignedHead, Tip
from persistence.sqlite.connection import Database
from persistence.sqlite.documents import NUMBER, DocumentNumbers

_TIP = """
SELECT coalesce(origin, room), seq, link FROM documents JOIN updates ON updates.document = documents.id
WHERE room = :room AND name = :name ORDER BY seq DESC LIMIT 1
"""
_NEWEST = f"""
SELECT coalesce(origin, room), seq, link, at, key, signature FROM heads JOIN documents ON documents.id = document
WHERE document = {NUMBER} ORDER BY seq DESC LIMIT 1
"""  # noqa: S608
_ADD = """
INSERT INTO heads (document, seq, link, at, key, signature) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


class SqliteHeads:
    """See `persistence.interfaces.Heads`."""

    def __init__(self, database: Database, numbers: DocumentNumbers) -> None:
        self._database = database
        self._numbers = numbers

    async def tip(self, document: DocumentId) -> Tip | None:
        found = await self._database.read(_TIP, {"room": document.room, "name": document.name})
        return Tip(document, *found[0]) if found else None

    async def newest(self, document: DocumentId) -> SignedHead | None:
        found = await self._database.read(_NEWEST, {"room": document.room, "name": document.name})
        if not found:
            return None
        [(origin, seq, link, at, key, signature)] = found
        return SignedHead(document, origin, Seq(seq), link, Micros(at), key, signature)

    async def add(self, head: SignedHead) -> None:
        number = await self._numbers.number(head.document)
        await self._database.write(_ADD, (number, head.seq, head.link, head.at, head.key, head.signature))
