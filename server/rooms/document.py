"""A live document: pycrdt-websocket's YRoom, where nothing is shown before it is on disk.

What arrives is applied at once, kept as pending, and leaves in cuts: `cut` encodes synchronously everything that
waits (rows, the frame for the others, first states, acknowledgements) and `release` hands it out after the commit.
So no newcomer, state vector or acknowledgement can be ahead of the log (P1).
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol, TypeAlias

from pycrdt import Doc
from pycrdt.websocket import YRoom

from crdt_docs.applying import apply_update
from crdt_docs.authorship import Ownership
from crdt_docs.errors import CorruptLog, MalformedUpdate
from crdt_docs.frames import AwarenessEntry, encode_sync_step1, encode_sync_step2, encode_update
from crdt_docs.ids import ClientId, DocumentId, Seq, SessionId
from crdt_docs.updates import (
    MAX_CLOCK,
    Footprint,
    advance,
    decode_state_vector,
    find_gap,
    has_new_structs,
    merge,
    overlaps,
    read_delete_set,
    read_update,
)
from persistence.errors import StorageUnavailable
from persistence.interfaces import Binding, Micros, UpdateRow
from server.rooms.author import Author
from server.rooms.awareness import AwarenessBook
from server.rooms.guard import Bound, Guard

log = logging.getLogger(__name__)

DeleteSet: TypeAlias = Mapping[ClientId, tuple[tuple[int, int], ...]]


class Reception(Enum):
    """What became of an update."""

    APPLIED = auto()
    KNOWN = auto()
    """Nothing in it is new: no check, no row, but an acknowledgement."""
    WAITING = auto()
    """It builds on what has not arrived; nothing was applied."""


class Subscriber(Protocol):
    """A socket as its document sees it. None of these may wait."""

    @property
    def author(self) -> Author:
        """Who stands behind it, with the rights that he has now."""

    def ask(self, frame: bytes) -> None:
        """Our state vector, so that the client sends what we lack."""

    def give_state(self, frame: bytes, seq: Seq) -> None:
        """`frame` brings the reader from the state vector he sent to the state at `seq`."""

    def show(self, frame: bytes | None, seq: Seq) -> None:
        """`frame` brings the reader from the commit before to the one at `seq`; None when all of it is his own."""

    def settled(self) -> int:
        """How many sync frames of this socket, from the first on, have been dealt with."""

    def acknowledge(self, through: int, seq: Seq) -> None:
        """The first `through` sync frames are on disk, at `seq` at the latest."""

    def credit(self, *, messages: int) -> None:
        """An update of this socket was applied; so many chat messages came with it."""

    def retry(self) -> bool:
        """Offer again what was `WAITING`; True when any of it was applied."""

    def announce(self, frame: bytes) -> None:
        """Awareness for everybody."""

    def drop(self, code: str) -> None:
        """The document is gone: close with this code."""


@dataclass(slots=True)
class _Pending:
    author: Author
    updates: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cut:
    """What leaves a document together once its rows are committed."""

    document: LiveDocument
    seq: Seq
    rows: tuple[UpdateRow, ...]
    bindings: tuple[Binding, ...]
    """Client ids that have an owner from now on."""
    frame: bytes | None
    only_writer: Subscriber | None
    vector: bytes
    asked: frozenset[Subscriber]
    states: Mapping[Subscriber, bytes]
    acknowledgements: tuple[tuple[Subscriber, int], ...]

    @property
    def has_news(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.rows or self.bindings)


class LiveDocument(YRoom):
    """One document in memory with the sockets that are on it.

    It uses YRoom's document, awareness and set of clients, and none of its tasks: YRoom broadcasts before it stores,
    keeps an observer on the document for good and gives each message a task of its own.
    """

    def __init__(
        self,
        id_: DocumentId,
        doc: Doc[Any],
        seq: Seq,
        mark: Callable[[LiveDocument], None],
        *,
        guard: Guard | None = None,
    ) -> None:
        """
        Args:
            guard: Judges what arrives; by default one that knows of nobody's client ids yet.
        """
        super().__init__(ready=True, ydoc=doc, log=log)
        self.id = id_
        self.guard = guard or Guard(id_.kind, Ownership({}))
        self.seq = seq
        """The last seq that was cut."""
        self.committed = seq
        """The last seq that is on disk: all that anybody outside may know of."""
        self.abandoned = False
        """Discarded: takes nothing any more, and nothing of it is cut."""
        self.subscribers: set[Subscriber] = set()
        self.presence = AwarenessBook(self.awareness)
        self._damaged = False
        self._mark = mark
        self._clocks = decode_state_vector(doc.get_state())
        self._pending: dict[SessionId, _Pending] = {}
        self._bound: dict[ClientId, Bound] = {}
        self._binding: set[ClientId] = set()
        self._writers: set[Subscriber] = set()
        self._wants_vector: set[Subscriber] = set()
        self._wants_state: dict[Subscriber, bytes] = {}
        self._wants_acknowledgement: set[Subscriber] = set()
        self._waiting: set[Subscriber] = set()
        self._deletions: DeleteSet = {}
        """What was deleted when `lacks` last had to look: that walks over the document, and readers may ask often."""

    # ---- sockets

    def join(self, subscriber: Subscriber) -> None:
        """Let a socket in: it gets our state vector, after which its client sends what we lack."""
        self.subscribers.add(subscriber)
        self._wants_vector.add(subscriber)
        self._mark(self)

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a socket and what it waits for; what it wrote stays, and it stays a writer of the next cut."""
        self.subscribers.discard(subscriber)
        self._wants_vector.discard(subscriber)
        self._wants_state.pop(subscriber, None)
        self._wants_acknowledgement.discard(subscriber)
        self._waiting.discard(subscriber)
        self.presence.leave(subscriber)

    def request_state(self, subscriber: Subscriber, state_vector: bytes) -> None:
        """Ask for what a reader with this state vector lacks; a newer request replaces one not answered yet."""
        self._wants_state[subscriber] = state_vector
        self.request_acknowledgement(subscriber)

    def request_acknowledgement(self, subscriber: Subscriber) -> None:
        """Ask for an acknowledgement once everything applied so far is on disk."""
        self._wants_acknowledgement.add(subscriber)
        self._mark(self)

    def announce(self, subscriber: Subscriber, entries: Iterable[AwarenessEntry]) -> None:
        """Take from a socket what it says of its own client ids, which are its user's from then on."""
        author = subscriber.author
        own = (entry for entry in entries if self.guard.may_claim(author, entry.client))
        self._bind(self.guard.claim(author, self.presence.announce(subscriber, author, own)))

    def claim(self, subscriber: Subscriber, client: ClientId) -> None:
        """Bind the client id that a page says it will write under.

        Raises:
            AuthorshipViolation: It is somebody else's.
        """
        self._bind(self.guard.claim(subscriber.author, (client,)))

    def adopt(self, bound: Mapping[ClientId, Bound]) -> None:
        """Take over, and keep, whose client ids are that the log tells of and nothing else does."""
        self.guard.ownership.adopt({client: each.user for client, each in bound.items()})
        self._bind(bound)

    def announce_presence(self) -> None:
        """Tell everybody what changed in the awareness.

        It names no content, so it waits for no commit, except that nobody hears of a client id before it is on disk
        whose it is: after a crash somebody else could be faster in using it (P3).
        """
        if self.presence.changed and not self._bound and not self._binding:
            frame = self.presence.take_changes()
            for subscriber in self.subscribers:
                subscriber.announce(frame)

    def present(self) -> bytes | None:
        """Who is present, for a newcomer, but for client ids that are not on disk yet; these are announced to all."""
        return self.presence.snapshot(self._bound.keys() | self._binding)

    def send_server_awareness(self, type: str, changes: tuple[dict[str, Any], Any]) -> None:  # noqa: A002
        """Nothing: the server has no cursor, and `announce_presence` tells the rest."""

    # ---- updates

    def lacks(self, footprint: Footprint) -> bool:
        """Whether the update has anything that this document does not have; applies nothing."""
        if has_new_structs(footprint, self._clocks):
            return True
        if not _covers(self._deletions, footprint.deletes):
            self._deletions = read_delete_set(self.ydoc)
        return not _covers(self._deletions, footprint.deletes)

    def receive(self, writer: Subscriber, update: bytes, footprint: Footprint, *, whole: bool) -> Reception:
        """Apply what is new in an update and keep it for the next cut.

        Args:
            whole: It is the answer to a state vector, which repeats every deletion of the document.

        Raises:
            MalformedUpdate: It cannot be integrated.
            AuthorshipViolation, SchemaViolation, PermissionDenied, DocumentQuotaExceeded: It is against the document's
                rules; nothing of it was applied.
            RoomRecovering: It brings others' work, and somebody who moderates has to bring that first.
            StorageUnavailable: The document was discarded.
        """
        if self.abandoned:
            raise StorageUnavailable("The document is being loaded anew.")
        if footprint.is_empty:
            return Reception.KNOWN
        if find_gap(footprint, self._clocks) is not None:
            self._waiting.add(writer)
            return Reception.WAITING
        new = has_new_structs(footprint, self._clocks)
        if not new and not footprint.deletes:
            return Reception.KNOWN
        author = writer.author
        verdict = self.guard.judge(author, update, footprint, self._clocks, self.ydoc)
        known = overlaps(footprint, self._clocks)
        news = self._apply_reduced(update) if whole or not new or known else update
        if news is None:
            return Reception.KNOWN
        if news is update:
            self._apply(update)
        advance(self._clocks, footprint)
        self._bind(self.guard.accept(author, verdict, len(news)))
        if known:  # yrs may have counted less than the update said (UP8): what comes next is not to pass for known
            self._clocks = decode_state_vector(self.ydoc.get_state())
            self.guard.trim(self._clocks)
        self._keep(writer, author, news)
        writer.credit(messages=verdict.messages)
        return Reception.APPLIED

    def amend(self, writer: Subscriber, update: bytes) -> None:
        """Apply an edit of the server's own, which no rule of the document judges; new client ids in it are `writer`'s.

        Raises:
            MalformedUpdate: It cannot be integrated.
            AuthorshipViolation: It has new structs under somebody else's client id.
            StorageUnavailable: The document was discarded.
        """
        if self.abandoned:
            raise StorageUnavailable("The document is being loaded anew.")
        footprint, author = read_update(update), writer.author
        free = self.guard.ownership.check(author.user, footprint, self._clocks)
        self.guard.forget_copy()
        if (news := self._apply_reduced(update)) is not None:
            advance(self._clocks, footprint)
            self.guard.size += len(news)
            self._bind(self.guard.claim(author, free))
            self._keep(writer, author, news)

    def _keep(self, writer: Subscriber, author: Author, news: bytes) -> None:
        """What was applied is for the next cut."""
        self._pending.setdefault(author.session, _Pending(author)).updates.append(news)
        self._writers.add(writer)
        self._mark(self)

    def _bind(self, bound: Mapping[ClientId, Bound]) -> None:
        if bound:
            self._bound.update(bound)
            self._mark(self)

    def _apply_reduced(self, update: bytes) -> bytes | None:
        """Apply under a temporary observer: it reports what was new. A permanent one costs milliseconds an update."""
        news: list[bytes] = []
        subscription = self.ydoc.observe(lambda event: news.append(event.update))
        try:
            self._apply(update)
        finally:
            self.ydoc.unobserve(subscription)
        return merge(news) if news else None

    def _apply(self, update: bytes) -> None:
        before = self._clocks
        try:
            apply_update(self.ydoc, update)
        except MalformedUpdate:
            self.guard.forget_copy()
            if decode_state_vector(self.ydoc.get_state()) != before:
                self._damaged = True
                self._mark(self)
            raise

    # ---- leaving: cut, commit, release

    @property
    def idle(self) -> bool:
        """Whether everything that was accepted has been cut and committed."""
        return not self._pending and not self._bound and not self._binding and self.seq == self.committed

    def cut(self, at: Micros) -> Cut:
        """Encode everything that waits, as of now. Rows are one per session; their seqs follow each other.

        Raises:
            CorruptLog: A refused update was applied in part; the document must be discarded and loaded anew.
        """
        if self._damaged:
            raise CorruptLog("An update was applied in part.")
        self._retry_waiting()
        rows = self._cut_rows(at)
        cut = Cut(
            document=self,
            seq=self.seq,
            rows=rows,
            bindings=self._cut_bindings(at),
            frame=encode_update(merge([row.update for row in rows])) if rows else None,
            only_writer=next(iter(self._writers)) if len(self._writers) == 1 else None,
            vector=encode_sync_step1(self.ydoc.get_state()) if self._wants_vector else b"",
            asked=frozenset(self._wants_vector),
            states={
                subscriber: encode_sync_step2(self.ydoc.get_update(state_vector))
                for subscriber, state_vector in self._wants_state.items()
            },
            acknowledgements=tuple((subscriber, subscriber.settled()) for subscriber in self._wants_acknowledgement),
        )
        for answered in (self._writers, self._wants_vector, self._wants_state, self._wants_acknowledgement):
            answered.clear()
        return cut

    def _retry_waiting(self) -> None:
        """Offer what waits until a whole round applies nothing: one socket's news may be what another waited for."""
        applied = bool(self._waiting)
        while applied:
            waiting, self._waiting = self._waiting, set()
            applied = sum(subscriber.retry() for subscriber in waiting) > 0

    def _cut_rows(self, at: Micros) -> tuple[UpdateRow, ...]:
        rows = []
        for pending in self._pending.values():
            self.seq, author = Seq(self.seq + 1), pending.author
            rows.append(UpdateRow(self.id, self.seq, at, author.user, author.session, merge(pending.updates)))
        self._pending.clear()
        return tuple(rows)

    def _cut_bindings(self, at: Micros) -> tuple[Binding, ...]:
        bindings = tuple(
            Binding(self.id, client, bound.user, at, bound.returned_by) for client, bound in self._bound.items()
        )
        self._binding.update(self._bound)
        self._bound.clear()
        return bindings

    def release(self, cut: Cut) -> None:
        """Hand out a cut whose rows are on disk."""
        self.committed = cut.seq
        if cut.bindings:
            self._binding.difference_update(binding.client for binding in cut.bindings)
            self.announce_presence()
        for subscriber in self.subscribers & cut.asked:
            subscriber.ask(cut.vector)
        for subscriber in self.subscribers:
            if subscriber in cut.states:
                subscriber.give_state(cut.states[subscriber], cut.seq)
            elif cut.frame is not None:
                subscriber.show(None if subscriber is cut.only_writer else cut.frame, cut.seq)
        for subscriber, through in cut.acknowledgements:
            if subscriber in self.subscribers:
                subscriber.acknowledge(through, cut.seq)

    def abandon(self, code: str) -> None:
        """Take nothing any more and close everybody's socket; this object is not used again."""
        self.abandoned = True
        for subscriber in tuple(self.subscribers):
            subscriber.drop(code)


def _covers(known: DeleteSet, deletes: DeleteSet) -> bool:
    """Whether everything that `deletes` names is in `known`, whose ranges are merged and in order."""
    return all(_covers_range(known.get(client, ()), each) for client, ranges in deletes.items() for each in ranges)


def _covers_range(known: Sequence[tuple[int, int]], wanted: tuple[int, int]) -> bool:
    clock, length = wanted
    place = bisect_right(known, (clock, MAX_CLOCK)) - 1
    return place >= 0 and clock + length <= sum(known[place])
