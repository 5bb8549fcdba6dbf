"""Sessions in SQLite."""

from __future__ import annotations

from typing import Any

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import Micros, SessionRecord
from persistence.sqlite.connection import Database

_SESSIONS = "SELECT id, room, user, name, joined_at, left_at FROM sessions"


class SqliteSessions:
    """See `persistence.interfaces.Sessions`. A session never ends before it began, whatever the clock says."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, session: SessionRecord) -> None:
        opened = await self._database.write(
            "INSERT INTO sessions (id, room, user, name, joined_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET name = excluded.name, left_at = NULL"
            " WHERE room = excluded.room AND user = excluded.user",
            (session.id, session.room, session.user, session.name, session.joined_at),
        )
        if not opened:
            raise ValueError("the session belongs to somebody else, or to another room")

    async def close(self, session: SessionId, left_at: Micros) -> None:
        await self._database.write(
            "UPDATE sessions SET left_at = max(joined_at, ?) WHERE id = ? AND left_at IS NULL", (left_at, session)
        )

    async def close_all(self, left_at: Micros) -> int:
        return await self._database.write(
            "UPDATE sessions SET left_at = max(joined_at, ?) WHERE left_at IS NULL", (left_at,)
        )

    async def get(self, session: SessionId) -> SessionRecord | None:
        found = await self._database.read(f"{_SESSIONS} WHERE id = ?", (session,))
        return _session(found[0]) if found else None

    async def of_room(self, room: RoomId) -> list[SessionRecord]:
        found = await self._database.read(f"{_SESSIONS} WHERE room = ? ORDER BY joined_at, rowid", (room,))
        return [_session(record) for record in found]


def _session(record: tuple[Any, ...]) -> SessionRecord:
    id_, room, user, name, joined_at, left_at = record
    return SessionRecord(SessionId(id_), RoomId(room), UserId(user), name, Micros(joined_at), left_at)
