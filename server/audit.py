"""The audit trail: every privileged act is kept as an event of its room and told to whoever listens outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Event, Events
from server.clock import Clock

Notify: TypeAlias = Callable[[str, RoomId | None, Mapping[str, Any]], None]
"""Tells the outside of something that happened: (kind, room, what is known of it). Returns at once."""


class Audit:
    """Writes events. Whoever does something privileged that cannot be recorded is told so by an error."""

    def __init__(self, events: Events, clock: Clock, notify: Notify = lambda _kind, _room, _payload: None) -> None:
        self._events = events
        self._clock = clock
        self.notify = notify

    async def note(self, kind: str, room: RoomId | None, by: UserId | None, **details: object) -> None:
        """[AT1] Keep who did what where.

        Raises:
            StorageError: It could not be kept.
        """
        text = msgspec.json.encode(details).decode()
        at = self._clock.now_us()
        await self._events.add(Event(room, at, kind, by, text))
        self.notify(kind, room, {"at": at, "by": by, **details})
