"""Sessions in SQLite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import Concurrency, Micros, PersonStats, SessionCounts, SessionRecord
from persistence.sqlite import statistics
from persistence.sqlite.connection import Database

_COLUMNS = (
    "id, room, user, name, joined_at, left_at, device, mic_seconds, camera_seconds, screen_seconds, edits, messages"
)
_SESSIONS = f"SELECT {_COLUMNS} FROM sessions"  # noqa: S608
_OPEN = f"""
INSERT INTO sessions ({_COLUMNS})
VALUES (:id, :room, :user, :name, :joined_at, NULL, :device, :mic_seconds, :camera_seconds, :screen_seconds, :edits,
    :messages)
ON CONFLICT DO UPDATE SET name = excluded.name, left_at = NULL,
    device = CASE excluded.device WHEN '' THEN device ELSE excluded.device END
WHERE room = excluded.room AND user = excluded.user
"""  # noqa: S608
_COUNT = """
UPDATE sessions SET mic_seconds = mic_seconds + :mic_seconds, camera_seconds = camera_seconds + :camera_seconds,
    screen_seconds = screen_seconds + :screen_seconds, edits = edits + :edits, messages = messages + :messages
WHERE id = :id
"""


class SqliteSessions:
    """See `persistence.interfaces.Sessions`. A session never ends before it began, whatever the clock says."""

    def __init__(self, database: Database, clock: Callable[[], Micros]) -> None:
        self._database = database
        self._clock = clock

    async def open(self, session: SessionRecord) -> None:
        if not await self._database.write(_OPEN, asdict(session)):
            raise ValueError("the session belongs to somebody else, or to another room")

    async def count(self, session: SessionId, counts: SessionCounts) -> None:
        await self._database.write(_COUNT, {"id": session, **asdict(counts)})

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
        return SessionRecord(*found[0]) if found else None

    async def of_room(
        self, room: RoomId, *, before: Micros | None = None, limit: int | None = None
    ) -> list[SessionRecord]:
        parameters: list[Any] = [room]
        query = f"{_SESSIONS} WHERE room = ?"
        if before is not None:
            query += " AND joined_at < ?"
            parameters.append(before)
        if limit is None:
            query += " ORDER BY joined_at, rowid"
        else:
            query += " ORDER BY joined_at DESC, rowid DESC LIMIT ?"
            parameters.append(limit)
        return [SessionRecord(*record) for record in await self._database.read(query, parameters)]

    async def was_here(self, room: RoomId, user: UserId, since: Micros, until: Micros) -> bool:
        query = "SELECT EXISTS (SELECT 1 FROM sessions WHERE room = ? AND user = ? AND joined_at < ? AND "
        query += "(left_at IS NULL OR left_at > ?))"
        [(found,)] = await self._database.read(query, (room, user, until, since))
        return bool(found)

    async def open_now(self) -> list[SessionRecord]:
        found = await self._database.read(f"{_SESSIONS} WHERE left_at IS NULL ORDER BY joined_at, rowid")
        return [SessionRecord(*record) for record in found]

    async def people(self, room: RoomId | None, *, until: Micros | None = None) -> list[PersonStats]:
        return await statistics.people(self._database, room, self._clock() if until is None else until)

    async def concurrency(self, room: RoomId | None, since: Micros, until: Micros, step: Micros) -> list[Concurrency]:
        return await statistics.concurrency(self._database, room, since, until, step)
