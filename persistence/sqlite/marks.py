"""Named moments in SQLite."""

from __future__ import annotations

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Mark, Micros
from persistence.sqlite.connection import Database

_ADD = """
INSERT INTO marks (id, room, at, kind, label, user, made_at)
SELECT :id, :room, :at, :kind, :label, :user, :made_at
WHERE (SELECT count(*) FROM marks WHERE room = :room) < :most
"""


class SqliteMarks:
    """See `persistence.interfaces.Marks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, mark: Mark, *, most: int) -> bool:
        named = {
            "id": mark.id, "room": mark.room, "at": mark.at, "kind": mark.kind, "label": mark.label,
            "user": mark.user, "made_at": mark.made_at, "most": most,
        }  # fmt: skip
        return await self._database.write(_ADD, named) == 1

    async def of_room(self, room: RoomId) -> list[Mark]:
        query = "SELECT id, room, at, kind, label, user, made_at FROM marks WHERE room = ? ORDER BY at, rowid"
        return [
            Mark(id_, RoomId(room), Micros(at), kind, label, None if user is None else UserId(user), Micros(made_at))
            for id_, room, at, kind, label, user, made_at in await self._database.read(query, (room,))
        ]

    async def remove(self, room: RoomId, id_: str) -> bool:
        return await self._database.write("DELETE FROM marks WHERE room = ? AND id = ?", (room, id_)) == 1
