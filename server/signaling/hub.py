"""Who listens in which room: tells every signal socket of a room the same messages in the same order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import RoomRecord
from server.errors import RoomDraining, SlowConsumer
from server.presence.roster import Diff, Person, Roster
from server.signaling.messages import Draining, RoomChanged, RoomInfo, ServerMessage, encode_message


class Listener:
    """The messages on their way to one socket, bounded; a reader who lets it run full is closed."""

    def __init__(self, limit: int) -> None:
        """
        Args:
            limit: How many characters may wait.
        """
        self._limit = limit
        self._waiting: deque[str] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._end: Exception | None = None

    def tell(self, message: ServerMessage) -> None:
        """Queue a message."""
        self.tell_text(encode_message(message))

    def tell_text(self, text: str) -> None:
        """[SG4] Queue an encoded message; if there is no room for it the socket ends with slow_consumer."""
        if self._end is not None:
            return
        if self._size + len(text) > self._limit:
            self._waiting.clear()
            self._size = 0
            self.end(SlowConsumer())
            return
        self._waiting.append(text)
        self._size += len(text)
        self._wake.set()

    def end(self, error: Exception) -> None:
        """Let `run` raise this after what waits; the first end counts."""
        self._end = self._end or error
        self._wake.set()

    async def run(self, send: Callable[[str], Awaitable[None]], slow_seconds: float) -> None:
        """Send what is told, for ever.

        Raises:
            SlowConsumer: One message was not taken in that time, or too many waited.
            Exception: What `end` was given.
        """
        while True:
            self._wake.clear()
            while self._waiting:
                text = self._waiting.popleft()
                self._size -= len(text)
                try:
                    async with asyncio.timeout(slow_seconds):
                        await send(text)
                except TimeoutError:
                    raise SlowConsumer from None
            if self._end is not None:
                raise self._end
            await self._wake.wait()


@dataclass(slots=True)
class _Room:
    roster: Roster = field(default_factory=Roster)
    listeners: set[Listener] = field(default_factory=set)


class Hub:
    """The rosters of all rooms and those who listen to them."""

    def __init__(self) -> None:
        self._rooms: dict[RoomId, _Room] = {}
        self._draining = False

    def joined(self, room: RoomId, person: Person) -> None:
        """A page opened: the others are told."""
        self._broadcast(room, self._room(room).roster.join(person))

    def left(self, room: RoomId, person: Person) -> None:
        """A page closed: the others are told."""
        self._broadcast(room, self._room(room).roster.leave(person.session))
        self._forget_if_empty(room)

    def rename(self, room: RoomId, user: UserId, name: str) -> None:
        """A person has another name on all his pages."""
        for diff in self._room(room).roster.rename(user, name):
            self._broadcast(room, diff)

    def room_changed(self, room: RoomRecord) -> None:
        """The room has another name or access."""
        if room.id in self._rooms:
            self._broadcast(room.id, RoomChanged(RoomInfo.of(room)))

    def roster(self, room: RoomId) -> Roster:
        """Who is in a room now."""
        return self._room(room).roster

    def listen(self, room: RoomId, listener: Listener) -> None:
        """[SG2] From now on tell a socket everything that changes; welcome it with the roster in the same step.

        Raises:
            RoomDraining: The server is about to stop.
        """
        if self._draining:
            raise RoomDraining
        self._room(room).listeners.add(listener)

    def unlisten(self, room: RoomId, listener: Listener) -> None:
        """Forget a socket."""
        self._room(room).listeners.discard(listener)
        self._forget_if_empty(room)

    def drain(self) -> None:
        """[SG6] Say that the server is about to stop, then end every socket."""
        self._draining = True
        for room in self._rooms.values():
            for listener in room.listeners:
                listener.tell(Draining())
                listener.end(RoomDraining())

    def _room(self, room: RoomId) -> _Room:
        return self._rooms.setdefault(room, _Room())

    def _forget_if_empty(self, room: RoomId) -> None:
        known = self._rooms.get(room)
        if known is not None and not known.listeners and not known.roster.people:
            del self._rooms[room]

    def _broadcast(self, room: RoomId, message: Diff | RoomChanged | None) -> None:
        """Encode once, queue for everybody."""
        if message is None:
            return
        text = encode_message(message)
        for listener in self._room(room).listeners:
            listener.tell_text(text)
