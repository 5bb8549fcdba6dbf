"""One open page of one person: who he is, what he may do now, and the sockets through which the page speaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, Protocol

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId
from persistence.interfaces import Micros, SessionCounts
from server.auth.rights import in_order
from server.auth.tokens import Claims
from server.errors import RateLimited
from server.presence.roster import Media, Person
from server.rooms.author import Author

MEDIA_NEEDS: Final = {
    "mic": Permission.VOICE,
    "camera": Permission.VIDEO,
    "screen": Permission.SCREEN_SHARE,
}
"""What one must be permitted to send each kind of media."""


MAX_TOKENS: Final = 100
"""Tokens that a page may show before the first of them runs out."""
FULL_SECONDS: Final = 10.0
"""When to try again where there are too many of something."""


class PageSocket(Protocol):
    """A socket as its page sees it. Neither may wait."""

    def rights_changed(self) -> None:
        """The person of the page has another role or other permissions now."""

    def end(self, error: Exception) -> None:
        """Take nothing more from the peer, and close with this error's code after what waits has been sent."""


class Page:
    """The live standing of a session. Every socket asks it at every message, so a change holds from the next one on."""

    def __init__(self, room: RoomId, author: Author, since: Micros, claims: Claims) -> None:
        self.room = room
        self.author = author
        self.since = since
        """When the page was first opened."""
        self.claims = claims
        """The newest token that the page showed: what its person may do and how long he may stay."""
        self.tokens = {replace(claims, name="")}
        """All tokens that the page showed and that have not run out."""
        self.changes = 0
        """Rises with each live change of the author, so that what was read before one is not taken for newer."""
        self.media = Media()
        self.hand = False
        self.call = ""
        """As in `Person`; change it by `SessionBook.set_call`."""
        self._media_since = since
        self._sockets: set[PageSocket] = set()
        self._ended: Exception | None = None
        self._counts = SessionCounts()

    @property
    def person(self) -> Person:
        """The page as the others see it."""
        author = self.author
        return Person(
            author.session, author.user, author.name, author.role, author.color, self.since,
            in_order(author.permissions), self.media, self.hand, self.call,
        )  # fmt: skip

    def show(self, claims: Claims, now: Micros) -> None:
        """[SB16] The page brings a token. It has to stay good, whether it is the newest or not.

        Raises:
            RateLimited: The page has shown too many.
        """
        good = {each for each in self.tokens if not 0 < each.expires_at <= now}
        shown = good | {replace(claims, name="")}
        if len(shown) > MAX_TOKENS:
            raise RateLimited(FULL_SECONDS)
        self.tokens = shown

    def outdated_by(self, claims: Claims) -> bool:
        """Whether a token is newer than the one that counts."""
        return (claims.issued_at, claims.expires_at) > (self.claims.issued_at, self.claims.expires_at)

    @contextmanager
    def connected(self, socket: PageSocket) -> Iterator[None]:
        """Be one of the page's sockets.

        Raises:
            ServerError: The page was sent away.
        """
        if self._ended is not None:
            raise self._ended
        self._sockets.add(socket)
        try:
            yield
        finally:
            self._sockets.discard(socket)

    def become(self, author: Author, now: Micros) -> bool:
        """Take another name or other rights; media that are not permitted any more are off. False: nothing changed."""
        self.changes += 1
        if author == self.author:
            return False
        before, self.author = self.author, author
        if (allowed := self._permitted(self.media)) != self.media:
            self.set_media(allowed, now)
        if (author.role, author.permissions) != (before.role, before.permissions):
            for socket in tuple(self._sockets):
                socket.rights_changed()
        return True

    def end(self, error: Exception) -> None:
        """Send the page away: all of its sockets end, and none can be added."""
        self.changes += 1
        self._ended = error
        for socket in tuple(self._sockets):
            socket.end(error)

    def set_media(self, media: Media, now: Micros) -> bool:
        """Say what the page sends from now on; the time until now is counted. False: it sent that already."""
        self._count_media(now)
        changed = media != self.media
        self.media = media
        return changed

    def forbidden(self, media: Media) -> list[Permission]:
        """What the person lacks to send all of that."""
        return [
            need for kind, need in MEDIA_NEEDS.items() if getattr(media, kind) and need not in self.author.permissions
        ]

    def credit(self, *, edits: int = 0, messages: int = 0) -> None:
        """Count what the page wrote."""
        counts = self._counts
        self._counts = replace(counts, edits=counts.edits + edits, messages=counts.messages + messages)

    def counts(self, now: Micros) -> SessionCounts:
        """What was counted since the last call of `take_counts`."""
        self._count_media(now)
        return self._counts

    def take_counts(self, now: Micros) -> SessionCounts | None:
        """What was counted since the last call, or None when that is nothing."""
        self._count_media(now)
        counts, self._counts = self._counts, SessionCounts()
        return counts if counts != SessionCounts() else None

    def give_back(self, counts: SessionCounts) -> None:
        """Counts that could not be written wait for the next time."""
        now = self._counts
        self._counts = SessionCounts(
            now.mic_seconds + counts.mic_seconds,
            now.camera_seconds + counts.camera_seconds,
            now.screen_seconds + counts.screen_seconds,
            now.edits + counts.edits,
            now.messages + counts.messages,
        )

    def _permitted(self, media: Media) -> Media:
        may = {kind: getattr(media, kind) and need in self.author.permissions for kind, need in MEDIA_NEEDS.items()}
        return Media(**may)

    def _count_media(self, now: Micros) -> None:
        seconds, self._media_since = max(0, now - self._media_since) / 1_000_000, now
        counts, media = self._counts, self.media
        self._counts = replace(
            counts,
            mic_seconds=counts.mic_seconds + seconds * media.mic,
            camera_seconds=counts.camera_seconds + seconds * media.camera,
            screen_seconds=counts.screen_seconds + seconds * media.screen,
        )
