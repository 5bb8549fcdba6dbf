"""A room's audit trail in SQLite."""

from __future__ import annotations

from crdt_docs.ids import RoomId
from persistence.interfaces import Event
from persistence.sqlite.connection import Database


class SqliteEvents:
    """See `persistence.interfaces.Events`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, event: Event) -> None:
        await self._database.write(
            "INSERT INTO events (room, at, kind, user, details) VALUES (?, ?, ?, ?, ?)",
            (event.room, event.at, event.kind, event.user, event.details),
        )

    async def of_room(self, room: RoomId, *, limit: int = 1000) -> list[Event]:
        found = await self._database.read(
            "SELECT at, kind, user, details FROM events WHERE room = ? ORDER BY at DESC, id DESC LIMIT ?",
            (room, limit),
        )
        return [Event(room, at, kind, user, details) for at, kind, user, details in found]
