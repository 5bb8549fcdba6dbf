"""Sessions: one open page of one user, which lasts as long as any of its sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from crdt_docs.ids import RoomId, SessionId
from persistence.errors import StorageError
from persistence.interfaces import SessionRecord, Sessions
from server.auth.admission import Admitted
from server.clock import Clock
from server.errors import PermissionRefused
from server.metrics import Metrics
from server.presence.roster import Person

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Page:
    """A session in memory. `person` is None until the storage knows it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    sockets: int = 0
    person: Person | None = None
    room: RoomId | None = None


class SessionBook:
    """Counts the sockets of every session, keeps when it was open, and says when it began and ended."""

    def __init__(self, sessions: Sessions, clock: Clock, metrics: Metrics) -> None:
        self._sessions = sessions
        self._clock = clock
        self._metrics = metrics
        self._pages: dict[SessionId, _Page] = {}
        self.on_joined: Callable[[RoomId, Person], None] = lambda _room, _person: None
        """Told of a page that opened."""
        self.on_left: Callable[[RoomId, Person], None] = lambda _room, _person: None
        """Told of a page whose last socket went."""

    async def close_left_over(self) -> None:
        """[SB5] Close what a crash left open; call once, before anybody is let in.

        Raises:
            StorageError: It could not be written.
        """
        count = await self._sessions.close_all(self._clock.now_us())
        if count:
            log.info("%d sessions were still open when the server last stopped", count)

    @asynccontextmanager
    async def attached(self, admitted: Admitted) -> AsyncIterator[Person]:
        """Be one of a session's sockets.

        [SB1] The first socket opens the session, the last one closes it. [SB2] A session belongs to the user and the
        room that opened it first, for ever.

        Raises:
            PermissionRefused: The session is somebody else's.
            StorageError: It cannot be kept.
        """
        session = admitted.author.session
        page = self._pages.setdefault(session, _Page())
        page.sockets += 1
        try:
            async with page.lock:
                if page.person is None:
                    await self._open(page, admitted)
                person = page.person
            if person is None or page.room != admitted.room.id or person.sub != admitted.author.user:
                raise PermissionRefused("This session belongs to somebody else.")
            yield person
        finally:
            page.sockets -= 1
            if page.sockets == 0:
                await asyncio.shield(self._close(session, page))

    async def _open(self, page: _Page, admitted: Admitted) -> None:
        author, room = admitted.author, admitted.room.id
        known = await self._sessions.get(author.session)
        if known is not None and (known.user != author.user or known.room != room):
            raise PermissionRefused("This session belongs to somebody else.")
        since = known.joined_at if known is not None else self._clock.now_us()
        await self._sessions.open(SessionRecord(author.session, room, author.user, author.name, since))
        page.person = Person(author.session, author.user, author.name, author.role, author.color, since)
        page.room = room
        self._metrics.sessions.inc()
        self.on_joined(room, page.person)

    async def _close(self, session: SessionId, page: _Page) -> None:
        """[SB3] A socket that comes while the last one goes keeps the session open. [SB4] A session whose end cannot
        be written is gone all the same; the next start closes it."""
        async with page.lock:
            if page.sockets == 0 and page.person is not None and page.room is not None:
                person, page.person = page.person, None
                self._metrics.sessions.dec()
                self.on_left(page.room, person)
                try:
                    await self._sessions.close(session, self._clock.now_us())
                except StorageError as exc:
                    log.warning("the end of session %s is not written: %s", session, exc)
        if page.sockets == 0 and self._pages.get(session) is page:
            del self._pages[session]
