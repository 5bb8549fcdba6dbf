"""What each room takes of the storage. Rows are counted once, and again when some were replaced."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from crdt_docs.ids import RoomId
from persistence.interfaces import Micros, RoomUsage
from persistence.sqlite import spans
from persistence.sqlite.connection import Database

_HEADS = """
SELECT documents.room, documents.id, documents.rewrites, updates.seq, updates.at FROM documents
JOIN updates ON updates.document = documents.id
    AND updates.seq = (SELECT max(seq) FROM updates WHERE document = documents.id)
"""
_ROOMS = """
SELECT rooms.id, coalesce(files.files, 0), coalesce(files.bytes, 0), visits.joined_at, visits.left_at,
    (SELECT count(*) FROM members WHERE members.room = rooms.id)
FROM rooms
LEFT JOIN (SELECT room, count(*) AS files, sum(size) AS bytes FROM assets GROUP BY room) AS files
    ON files.room = rooms.id
LEFT JOIN (SELECT room, max(joined_at) AS joined_at, max(left_at) AS left_at FROM sessions GROUP BY room) AS visits
    ON visits.room = rooms.id
ORDER BY rooms.created_at, rooms.rowid
"""


class _Counted(NamedTuple):
    """A log up to the row `seq`."""

    rewrites: int
    seq: int = 0
    rows: int = 0
    size: int = 0


@dataclass(slots=True)
class _Logs:
    """The logs of one room."""

    rows: int = 0
    size: int = 0
    last_at: int | None = None


class UsageCounter:
    """See `persistence.interfaces.Stores.usage`. Remembers what each log had up to which row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: dict[int, _Counted] = {}

    async def usage(self) -> list[RoomUsage]:
        logs = await self._logs()
        return [
            _usage(RoomId(room), logs.get(room, _Logs()), files, size, (joined_at, left_at), members)
            for room, files, size, joined_at, left_at, members in await self._database.survey(_ROOMS)
        ]

    async def _logs(self) -> dict[str, _Logs]:
        logs: dict[str, _Logs] = {}
        for room, document, rewrites, seq, at in await self._database.survey(_HEADS):
            of_room = logs.setdefault(room, _Logs())
            counted = await self._count(document, rewrites, seq)
            of_room.rows += counted.rows
            of_room.size += counted.size
            of_room.last_at = _latest(of_room.last_at, at)
        return logs

    async def _count(self, document: int, rewrites: int, seq: int) -> _Counted:
        """A document's rows up to `seq`; only those that are new, or were replaced, since the last time are read."""
        counted = self._counted.get(document)
        if counted is None or counted.rewrites != rewrites:
            counted = _Counted(rewrites)
        if seq > counted.seq:
            more = partial(spans.counted, number=document, after=counted.seq, until=seq)
            rows, size = await self._database.survey_by(more)
            counted = self._counted[document] = _Counted(rewrites, seq, counted.rows + rows, counted.size + size)
        return counted


def _usage(
    room: RoomId, logs: _Logs, assets: int, asset_bytes: int, visits: tuple[int | None, ...], members: int
) -> RoomUsage:
    last = _latest(logs.last_at, *visits)
    last_activity = None if last is None else Micros(last)
    return RoomUsage(room, logs.rows, logs.size, assets, asset_bytes, last_activity, members)


def _latest(*instants: int | None) -> int | None:
    return max((at for at in instants if at is not None), default=None)
