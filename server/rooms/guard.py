"""What one document lets in: whose client ids write, what the effects are, how large and how deep it grows.

The rules themselves are `crdt_docs`' (authorship, twin, depth); this keeps their state for one live document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

from crdt_docs.access import Permission
from crdt_docs.authorship import Ownership
from crdt_docs.depth import Growth, TypeDepths
from crdt_docs.effects import Actor, DocumentLimits
from crdt_docs.errors import AuthorshipViolation, DocumentQuotaExceeded
from crdt_docs.ids import ClientId, DocumentKind, UserId
from crdt_docs.pieces import check_pieces
from crdt_docs.twin import Twin
from crdt_docs.updates import Footprint
from server.errors import RoomRecovering
from server.rooms.author import Author

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bound:
    """Whose a client id is; nobody's (`user` None) when a moderator brought it back after a restored backup."""

    user: UserId | None
    returned_by: UserId | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """An update that may be applied: what it binds and what it adds."""

    free: tuple[ClientId, ...]
    """Client ids that nobody had."""
    returned: bool
    """They come back in recovery and are nobody's."""
    messages: int
    growth: Growth | None


class Guard:
    """Judges every update before it reaches the document. Not told of one that was accepted, it forgets it."""

    def __init__(
        self,
        kind: DocumentKind,
        ownership: Ownership,
        *,
        limits: DocumentLimits | None = None,
        max_bytes: int = MAX_DOCUMENT_BYTES,
        size: int = 0,
        depths: TypeDepths | None = None,
    ) -> None:
        """
        Args:
            max_bytes: How large the document's updates may become together.
            size: How large they are.
            depths: How deep the types of a document without a schema are nested.
        """
        self.ownership = ownership
        self.recovery = False
        """The room was restored from a backup: newer work of others comes back through those who moderate."""
        self.size = size
        self._kind = kind
        self._limits = limits or DocumentLimits()
        self._max_bytes = max_bytes
        self._depths = depths or TypeDepths()
        self._twin: Twin | None = None

    # ---- client ids

    def may_claim(self, author: Author, client: ClientId) -> bool:
        """Whether the id is free or the author's own."""
        return client not in self.ownership or self.ownership.owner(client) == author.user

    def claim(self, author: Author, clients: Iterable[ClientId]) -> Mapping[ClientId, Bound]:
        """Bind ids to a person; gives those that are newly bound.

        Raises:
            AuthorshipViolation: One is somebody else's; none is bound.
        """
        return dict.fromkeys(self.ownership.claim(author.user, clients), Bound(author.user))

    # ---- updates

    def judge(
        self, author: Author, update: bytes, footprint: Footprint, clocks: Mapping[ClientId, int], doc: Doc[Any]
    ) -> Verdict:
        """Find out whether a person may make this change; the document is not touched.

        Args:
            clocks: Client → next clock of the document.
            doc: The document as it is, to make a copy of.

        Raises:
            AuthorshipViolation, SchemaViolation, PermissionDenied, MalformedUpdate, DocumentQuotaExceeded: He may not.
            RoomRecovering: Not before somebody who moderates has brought others' work back.
        """
        if self.size + len(update) > self._max_bytes:
            raise DocumentQuotaExceeded(f"This document may not grow beyond {self._max_bytes} bytes.")
        moderates = Permission.MODERATE in author.permissions
        free, returned = self._judge_authorship(author, moderates, footprint, clocks)
        growth, messages = None, 0
        if self._kind is DocumentKind.GENERIC:
            check_pieces(update)
            growth = self._depths.judge(update)
        else:
            messages = self._judge_effects(update, footprint, Actor(author.user, moderates, recovers=returned), doc)
        return Verdict(free, returned, messages, growth)

    def accept(self, author: Author, verdict: Verdict, size: int) -> Mapping[ClientId, Bound]:
        """The update was applied and `size` bytes of it were new; gives the ids that are newly bound."""
        self.size += size
        if verdict.growth is not None:
            self._depths.record(verdict.growth)
        if verdict.returned:
            return dict.fromkeys(self.ownership.mark_returned(verdict.free), Bound(None, author.user))
        return self.claim(author, verdict.free)

    def trim(self, clocks: Mapping[ClientId, int]) -> None:
        """The document has counted its clocks anew."""
        self._depths.trim(clocks)

    def forget_copy(self) -> None:
        """The document did not take what the copy has."""
        self._twin = None

    def _judge_authorship(
        self, author: Author, moderates: bool, footprint: Footprint, clocks: Mapping[ClientId, int]
    ) -> tuple[tuple[ClientId, ...], bool]:
        """The ids that the update would bind, and whether it brings back what is not the author's own."""
        try:
            free = self.ownership.check(author.user, footprint, clocks)
        except AuthorshipViolation:
            if not self.recovery:
                raise
            if not moderates:
                raise RoomRecovering from None
            return self.ownership.check_recovery(author.user, footprint, clocks), True
        # A page that moderates has named its own id; another one that nobody knows was lost with the backup.
        return free, bool(free) and self.recovery and moderates

    def _judge_effects(self, update: bytes, footprint: Footprint, actor: Actor, doc: Doc[Any]) -> int:
        if self._twin is None:
            self._twin = Twin.of(self._kind, doc.get_update(), self._limits)
        twin = self._twin
        try:
            return twin.judge(update, footprint, actor).messages
        finally:
            if twin.spoilt:
                self._twin = None
