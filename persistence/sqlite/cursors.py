"""Where people pointed, in SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import LONGEST_TRAIL, Micros, Trail
from persistence.sqlite.connection import Database

_ADD: Final = """
INSERT INTO cursors (room, session, user, since, until, samples)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM rooms WHERE id = ?1 AND deleted_at IS NULL)
"""
_READ: Final = """
SELECT since, id, session, user, until, samples FROM cursors
WHERE room = :room AND (since, id) > (:after, :id) AND since < :until AND until >= :since
ORDER BY since, id LIMIT :limit
"""
AT_ONCE: Final = 100
"""Trails of one look; each has a kilobyte or so."""


class SqliteCursors:
    """See `persistence.interfaces.Cursors`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, trails: Sequence[Trail]) -> None:
        for trail in trails:
            if not 0 <= trail.until - trail.since <= LONGEST_TRAIL:
                raise ValueError("a trail is longer than trails may be")
        rows = [(each.room, each.session, each.user, each.since, each.until, each.samples) for each in trails]
        await self._database.write_all((_ADD, rows))

    async def read(self, room: RoomId, since: Micros, until: Micros) -> AsyncIterator[Trail]:
        after, id_ = since - LONGEST_TRAIL, -1
        while True:
            named = {"room": room, "after": after, "id": id_, "since": since, "until": until, "limit": AT_ONCE}
            found = await self._database.read(_READ, named)
            for began, _, session, user, ended, samples in found:
                yield Trail(room, SessionId(session), UserId(user), Micros(began), Micros(ended), samples)
            if len(found) < AT_ONCE:
                return
            after, id_ = found[-1][:2]

    async def forget_before(self, at: Micros) -> int:
        return await self._database.write("DELETE FROM cursors WHERE until < ?", (at,))
