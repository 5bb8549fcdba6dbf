"""Who listens in which room: tells every signal socket of a room the same messages in the same order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import RoomRecord
from server.errors import RoomDraining, SlowConsumer
from server.presence.page import Page
from server.presence.roster import Person, Roster
from server.signaling.lobby import Lobby
from server.signaling.messages import (
    Draining,
    Knocked,
    Knocker,
    KnockGone,
    RecordingTold,
    RoomChanged,
    RoomInfo,
    RoomSign,
    ServerMessage,
    Waiting,
    encode_message,
)


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

    @property
    def ended(self) -> bool:
        """Whether the socket is about to close: what its peer says does not count any more."""
        return self._end is not None

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
    lobby: Lobby = field(default_factory=Lobby)
    listeners: dict[Listener, Page] = field(default_factory=dict)
    ears: int = 0
    """Knockers' sockets."""
    sign: RoomSign | None = None
    """What those who wait may know of the room."""
    recording: RecordingTold | None = None


class Hub:
    """The rosters of all rooms, those who listen to them and those who wait before them."""

    def __init__(self) -> None:
        self._rooms: dict[RoomId, _Room] = {}
        self._draining = False

    # ---- what happens in a room

    def joined(self, room: RoomId, person: Person) -> None:
        """A page opened, or something about it changed: the others are told."""
        self._broadcast(room, self._room(room).roster.join(person))
        self._tell_knockers(room)

    def left(self, room: RoomId, person: Person) -> None:
        """A page closed: the others are told."""
        self._broadcast(room, self._room(room).roster.leave(person.session))
        self._tell_knockers(room)
        self._forget_if_empty(room)

    def room_changed(self, room: RoomRecord) -> None:
        """The room has other settings."""
        if room.id in self._rooms:
            self._room(room.id).sign = RoomSign(room.id, room.name)
            self._broadcast(room.id, RoomChanged(RoomInfo.of(room)))

    def roster(self, room: RoomId) -> Roster:
        """Who is in a room now."""
        return self._room(room).roster

    # ---- those who listen

    @contextmanager
    def listening(self, room: RoomId, listener: Listener, page: Page) -> Iterator[None]:
        """[SG2] Tell a socket everything that changes meanwhile; welcome it with the roster in the same step.

        Raises:
            RoomDraining: The server is about to stop.
        """
        self._check_running()
        self._room(room).listeners[listener] = page
        try:
            yield
        finally:
            self._room(room).listeners.pop(listener, None)
            self._forget_if_empty(room)

    def recording(self, room: RoomId) -> RecordingTold | None:
        """The recording that runs in a room."""
        known = self._rooms.get(room)
        return known.recording if known is not None else None

    def set_recording(self, room: RoomId, told: RecordingTold) -> None:
        """[RC18] Tell everybody that a recording runs, or does no more."""
        self._room(room).recording = told if told.running else None
        self._broadcast(room, told)
        self._forget_if_empty(room)

    def broadcast(self, room: RoomId, message: ServerMessage) -> None:
        """Tell every page of a room the same."""
        self._broadcast(room, message)
        self._forget_if_empty(room)

    def tell_session(self, room: RoomId, session: SessionId, message: ServerMessage) -> bool:
        """Tell one page something; False when it does not listen."""
        told = [listener for listener, page in self._room(room).listeners.items() if page.author.session == session]
        for listener in told:
            listener.tell(message)
        self._forget_if_empty(room)
        return bool(told)

    # ---- those who wait before the door

    @contextmanager
    def knocking(self, record: RoomRecord, knocker: Knocker, ear: Listener) -> Iterator[None]:
        """[LO4] Let those who moderate know of a person who waits, until he goes or is answered, and him of them.

        Raises:
            RoomDraining: The server is about to stop.
            RoomFull: Too many wait.
        """
        self._check_running()
        room = record.id
        here = self._room(room)
        here.sign = RoomSign(room, record.name)
        if here.lobby.knock(knocker, ear):
            self._tell_moderators(room, Knocked(knocker.sub, knocker.name, knocker.since))
        here.ears += 1
        ear.tell(Waiting(here.sign, self.moderators(room)))
        try:
            yield
        finally:
            here.ears -= 1
            if here.lobby.leave(knocker.sub, ear):
                self._tell_moderators(room, KnockGone(knocker.sub))
            self._forget_if_empty(room)

    def tell_waiting(self, room: RoomId, ear: Listener) -> None:
        """[LO7] Who knocks again learns that he still waits: a browser cannot tell a dead socket otherwise."""
        sign = self._room(room).sign
        if sign is not None:
            ear.tell(Waiting(sign, self.moderators(room)))

    def knockers(self, room: RoomId) -> tuple[Knocker, ...]:
        """Who waits before a room."""
        return self._room(room).lobby.knockers

    def find_knocker(self, room: RoomId, user: UserId) -> Knocker | None:
        """That person, if he waits."""
        return self._room(room).lobby.find(user)

    def answer_knock(self, room: RoomId, user: UserId, message: ServerMessage, end: Exception | None = None) -> None:
        """Tell a person what became of his knocking, and the others that he does not wait any more."""
        here = self._room(room)
        if here.lobby.find(user) is not None:
            here.lobby.answer(user, message, end)
            self._tell_moderators(room, KnockGone(user))
        self._forget_if_empty(room)

    def tell_knockers_to(self, room: RoomId, listener: Listener) -> None:
        """Tell a new moderator who waits before the door."""
        for knocker in self.knockers(room):
            listener.tell(Knocked(knocker.sub, knocker.name, knocker.since))

    def moderators(self, room: RoomId) -> int:
        """How many people are here who can open."""
        people = self._room(room).roster.people
        return len({person.sub for person in people if Permission.MODERATE in person.permissions})

    def close(self, room: RoomId, error: Exception) -> None:
        """Nobody waits before a room that is no more."""
        self._room(room).lobby.end_all(error)
        self._forget_if_empty(room)

    def drain(self) -> None:
        """[SG6] Say that the server is about to stop, then end every socket."""
        self._draining = True
        for room in self._rooms.values():
            for listener in room.listeners:
                listener.tell(Draining())
                listener.end(RoomDraining())
            room.lobby.tell_all(Draining())
            room.lobby.end_all(RoomDraining())

    def _check_running(self) -> None:
        if self._draining:
            raise RoomDraining

    def _room(self, room: RoomId) -> _Room:
        return self._rooms.setdefault(room, _Room())

    def _forget_if_empty(self, room: RoomId) -> None:
        known = self._rooms.get(room)
        if known is not None and not known.listeners and not known.ears and not known.roster.people:
            del self._rooms[room]

    def _broadcast(self, room: RoomId, message: ServerMessage | None) -> None:
        """Encode once, queue for everybody."""
        if message is None:
            return
        text = encode_message(message)
        for listener in self._room(room).listeners:
            listener.tell_text(text)

    def _tell_moderators(self, room: RoomId, message: ServerMessage) -> None:
        for listener, page in self._room(room).listeners.items():
            if Permission.MODERATE in page.author.permissions:
                listener.tell(message)

    def _tell_knockers(self, room: RoomId) -> None:
        """[LO5] Who waits learns whether somebody is here to open."""
        here = self._room(room)
        if here.ears and here.sign is not None:
            here.lobby.tell_all(Waiting(here.sign, self.moderators(room)))
