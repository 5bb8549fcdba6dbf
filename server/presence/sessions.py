"""Sessions: one open page of one user, which lasts as long as any of its sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.errors import StorageError
from persistence.interfaces import Member, RoomRecord, SessionRecord, Sessions
from server.auth.admission import Admitted, rights_of
from server.auth.tokens import LEEWAY_SECONDS, Claims
from server.clock import Clock
from server.errors import MalformedRequest, PermissionRefused, RateLimited, TokenExpired
from server.metrics import Metrics
from server.presence.page import FULL_SECONDS, Page
from server.presence.roster import Media, Person
from server.rooms.author import Author

log = logging.getLogger(__name__)

MAX_PAGES = 50
"""Pages that one person may have open in one room."""
MAX_SOCKETS = 64
"""Sockets of one page: each document that it shows takes one."""
HOUSEKEEPING_SECONDS = 5.0
"""How often tokens that ran out are looked for."""
COUNT_EVERY = 6
"""What pages did is written at every sixth round of housekeeping, and when they close."""


@dataclass(slots=True)
class _Place:
    """A session in memory. `page` is None until the storage knows it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    sockets: int = 0
    page: Page | None = None


async def _as_it_is(admitted: Admitted) -> Admitted:
    return admitted


class SessionBook:
    """Knows every open page and the standing of its person, keeps when it was open, and says what changes."""

    def __init__(self, sessions: Sessions, clock: Clock, metrics: Metrics) -> None:
        self._sessions = sessions
        self._clock = clock
        self._metrics = metrics
        self._places: dict[SessionId, _Place] = {}
        self._rooms: dict[RoomId, dict[SessionId, Page]] = {}
        self.readmit: Callable[[Admitted], Awaitable[Admitted]] = _as_it_is
        """Looks again at who may enter, once the page can be reached by live changes."""
        self.on_joined: Callable[[RoomId, Person], None] = lambda _room, _person: None
        """Told of a page that opened."""
        self.on_changed: Callable[[RoomId, Person], None] = lambda _room, _person: None
        """Told of a page whose person, rights or media changed."""
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
    async def attached(self, admitted: Admitted) -> AsyncIterator[Page]:
        """Be one of a session's sockets.

        [SB1] The first socket opens the session, the last one closes it. [SB2] A session belongs to the user and the
        room that opened it first, for ever.

        Raises:
            PermissionRefused: The session is somebody else's.
            RateLimited: [SB15] The page has too many sockets, or the person too many pages.
            DocumentError, ServerError: The person was sent away meanwhile.
            StorageError: It cannot be kept.
        """
        session = admitted.author.session
        place = self._places.setdefault(session, _Place())
        place.sockets += 1
        try:
            if place.sockets > MAX_SOCKETS:
                raise RateLimited(FULL_SECONDS)
            async with place.lock:
                if place.page is None:
                    place.page = await self._open(admitted)
                page = place.page
            if page.room != admitted.room.id or page.author.user != admitted.author.user:
                raise PermissionRefused("This session belongs to somebody else.")
            await self._show_admitted(page, admitted)
            yield page
        finally:
            place.sockets -= 1
            if place.sockets == 0:
                await asyncio.shield(self._close(session, place))

    @contextmanager
    def hosting(self, page: Page) -> Iterator[None]:
        """[SB16] Have a page of the server's own in a room: in the roster like everybody, and not kept."""
        self._rooms.setdefault(page.room, {})[page.author.session] = page
        self.on_joined(page.room, page.person)
        try:
            yield
        finally:
            self._forget(page)
            self.on_left(page.room, page.person)

    # ---- who is here

    def pages(self, room: RoomId, user: UserId | None = None) -> list[Page]:
        """The open pages of a room, or those of one person in it."""
        pages = self._rooms.get(room, {}).values()
        return [page for page in pages if user is None or page.author.user == user]

    def people(self, room: RoomId) -> set[UserId]:
        """Who is in a room now."""
        return {page.author.user for page in self.pages(room)}

    def rooms(self) -> list[RoomId]:
        """The rooms that somebody is in."""
        return list(self._rooms)

    # ---- live changes

    def rename(self, room: RoomId, user: UserId, name: str) -> None:
        """[SB6] A person has another name on all his pages, from his next word on."""
        for page in self.pages(room, user):
            self._become(page, replace(page.author, name=name))

    def set_rights(self, room: RoomRecord, member: Member) -> None:
        """[SB7] A person has other rights on all his pages, from his next frame on."""
        for page in self.pages(room.id, member.user):
            if not page.claims.admin:
                permissions = rights_of(room, member, page.claims)
                self._become(page, replace(page.author, role=member.role, permissions=permissions))

    async def show(self, page: Page, claims: Claims, read: Callable[[], Awaitable[Author]]) -> None:
        """[SB13] A page shows a token. The newest of a page says what its person may do and how long he may stay.

        Args:
            read: Tells what the token's person may do now; called again when his rights change meanwhile.

        Raises:
            RateLimited: The page has shown too many.
            ServerError, DocumentError, StorageError: What `read` raises.
        """
        page.show(claims, self._clock.now_us())
        while page.outdated_by(claims):
            changes = page.changes
            author = await read()
            if changes == page.changes:
                page.claims = claims
                self._become(page, author)

    async def _show_admitted(self, page: Page, admitted: Admitted) -> None:
        async def read() -> Author:
            return (await self.readmit(admitted)).author

        await self.show(page, admitted.claims, read)

    def set_media(self, page: Page, media: Media) -> None:
        """[SB8] A page says what it sends.

        Raises:
            PermissionRefused: The person may not send all of that.
            MalformedRequest: The page is not in the call.
        """
        if page.forbidden(media):
            raise PermissionRefused("You may not send this in this room.")
        if media != Media() and not page.call:
            raise MalformedRequest("Join the call before you send something into it.")
        if page.set_media(media, self._clock.now_us()):
            self.on_changed(page.room, page.person)

    def set_call(self, page: Page, call: str) -> None:
        """[CA1] A page joins the call under a new id, or leaves it (""): what it sent is off until it says so again."""
        if call == page.call:
            return
        page.call = call
        page.set_media(Media(), self._clock.now_us())
        self.on_changed(page.room, page.person)

    def raise_hand(self, page: Page, up: bool) -> None:
        """A person wants to say something, or does no longer."""
        if page.hand is not up:
            page.hand = up
            self.on_changed(page.room, page.person)

    def send_away(self, room: RoomId, error: Exception, *, user: UserId | None = None) -> None:
        """[SB9] End the pages of a room, or of one person in it; what they say from now on is not taken."""
        for page in self.pages(room, user):
            page.end(error)

    def _become(self, page: Page, author: Author) -> None:
        if page.become(author, self._clock.now_us()):
            self.on_changed(page.room, page.person)

    # ---- housekeeping

    async def keep(self) -> None:
        """End pages whose token ran out and write what the others did, until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            rounds += 1
            self.end_expired()
            if rounds % COUNT_EVERY == 0:
                await self.write_counts()

    def end_expired(self) -> None:
        """[SB10] A page lives no longer than the newest token it showed, with the leeway of tokens."""
        oldest = self._clock.now_us() - LEEWAY_SECONDS * 1_000_000
        for page in [page for pages in self._rooms.values() for page in pages.values()]:
            if 0 < page.claims.expires_at <= oldest:
                page.end(TokenExpired())

    async def write_counts(self) -> None:
        """[SB11] Keep what the open pages did since the last time."""
        for page in [page for pages in self._rooms.values() for page in pages.values()]:
            await self._write_counts(page)

    async def _write_counts(self, page: Page) -> None:
        counts = page.take_counts(self._clock.now_us())
        if counts is None:
            return
        try:
            await self._sessions.count(page.author.session, counts)
        except StorageError as exc:
            page.give_back(counts)
            log.warning("what session %s did is not written: %s", page.author.session, exc)

    # ---- opening and closing

    async def _open(self, admitted: Admitted) -> Page:
        author, room = admitted.author, admitted.room.id
        known = await self._sessions.get(author.session)
        if known is not None and (known.user != author.user or known.room != room):
            raise PermissionRefused("This session belongs to somebody else.")
        since = known.joined_at if known is not None else self._clock.now_us()
        page = Page(room, author, since, admitted.claims)
        if len(self.pages(room, author.user)) >= MAX_PAGES:
            raise RateLimited(FULL_SECONDS)
        pages = self._rooms.setdefault(room, {})
        pages[author.session] = page
        try:
            await self._settle(page, admitted)
            await self._sessions.open(
                SessionRecord(author.session, room, author.user, author.name, since, device=admitted.device)
            )
        except BaseException:
            self._forget(page)
            raise
        self._metrics.sessions.inc()
        self.on_joined(room, page.person)
        return page

    async def _settle(self, page: Page, admitted: Admitted) -> None:
        """[SB12] Rights that were read before the page could be reached by changes may be stale: read them again,
        until no change came in between."""
        changes = -1
        while changes != page.changes:
            changes = page.changes
            author = (await self.readmit(admitted)).author
        page.author = author

    async def _close(self, session: SessionId, place: _Place) -> None:
        """[SB3] A socket that comes while the last one goes keeps the session open. [SB4] A session whose end cannot
        be written is gone all the same; the next start closes it."""
        async with place.lock:
            if place.sockets == 0 and place.page is not None:
                page, place.page = place.page, None
                self._forget(page)
                self._metrics.sessions.dec()
                self.on_left(page.room, page.person)
                await self._write_counts(page)
                try:
                    await self._sessions.close(session, self._clock.now_us())
                except StorageError as exc:
                    log.warning("the end of session %s is not written: %s", session, exc)
        if place.sockets == 0 and self._places.get(session) is place:
            del self._places[session]

    def _forget(self, page: Page) -> None:
        pages = self._rooms.get(page.room, {})
        if pages.get(page.author.session) is page:
            del pages[page.author.session]
        if not pages:
            self._rooms.pop(page.room, None)
