"""The audit trail in SQLite."""

from __future__ import annotations

from typing import Any

from crdt_docs.ids import RoomId
from persistence.interfaces import Event
from persistence.sqlite.connection import Database

# An event that retention has removed has nothing behind it: what is older went with it.
_BEHIND = "(at, id) < (SELECT at, id FROM events WHERE id = :before)"


class SqliteEvents:
    """See `persistence.interfaces.Events`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, event: Event) -> None:
        await self._database.write(
            "INSERT INTO events (room, at, kind, user, details) VALUES (?, ?, ?, ?, ?)",
            (event.room, event.at, event.kind, event.user, event.details),
        )

    async def of_room(
        self, room: RoomId, *, before: int | None = None, limit: int = 1000, kind: str | None = None
    ) -> list[Event]:
        return await self._newest({"room": room, "before": before, "limit": limit, "kind": kind})

    async def all(self, *, before: int | None = None, limit: int = 1000, kind: str | None = None) -> list[Event]:
        return await self._newest({"before": before, "limit": limit, "kind": kind})

    async def _newest(self, asked: dict[str, Any]) -> list[Event]:
        """The conditions are put together so that each form has its index."""
        conditions = [f"{column} = :{column}" for column in ("room", "kind") if asked.get(column) is not None]
        if asked["before"] is not None:
            conditions.append(_BEHIND)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        found = await self._database.read(
            f"SELECT room, at, kind, user, details, id FROM events {where} ORDER BY at DESC, id DESC LIMIT :limit",  # noqa: S608
            asked,
        )
        return [Event(*record) for record in found]
