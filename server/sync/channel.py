"""One socket on one document: what it may say, what it is owed, and how it falls behind and catches up."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from pycrdt import Channel

from crdt_docs.access import Decision, decide
from crdt_docs.errors import (
    AuthorshipViolation,
    DocumentError,
    DocumentQuotaExceeded,
    MalformedUpdate,
    MissingDependencies,
    PermissionDenied,
    SchemaViolation,
)
from crdt_docs.frames import (
    Awareness,
    Extension,
    Frame,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    decode_frame,
    encode_extension,
    encode_permission_denied,
    encode_update,
)
from crdt_docs.ids import Seq
from crdt_docs.updates import Footprint, decode_state_vector, merge, read_update
from persistence.errors import StorageError
from persistence.interfaces import UpdateLog
from server.auth.limits import Limits
from server.auth.rights import in_order
from server.config import Config
from server.errors import Conflict, RateLimited, RoomDraining, ServerError, SlowConsumer, named
from server.metrics import Metrics
from server.presence.page import Page
from server.rooms.author import Author
from server.rooms.document import LiveDocument, Reception
from server.sync.outbox import Outbox
from server.transport import WebSocket

MAX_HELD = 64
"""How many updates with missing dependencies one socket may have waiting."""
MAX_HELD_BYTES = 1 << 20
PRESENCE_SHARE = 0.25
"""Awareness is told only while this much of the outbox is used: document data never waits for it."""
CATCH_UP_ROWS = 32
CATCH_UP_BYTES = 128 * 1024
"""A frame of a socket that catches up merges at most so many rows or bytes."""

_REFUSALS = (
    MalformedUpdate, MissingDependencies, SchemaViolation, PermissionDenied, AuthorshipViolation, DocumentQuotaExceeded,
)  # fmt: skip
"""What is wrong with an update rather than with the socket: the client may keep its copy and start afresh."""


class Standing(Enum):
    """What a reader has of its document."""

    JOINING = auto()
    """It has not asked for the state yet."""
    LIVE = auto()
    """It has, or is about to get in order, everything that is committed."""
    BEHIND = auto()
    """Its outbox ran full: it has everything up to the seq remembered, and catches up from the log."""


@dataclass(frozen=True, slots=True)
class _Held:
    index: int
    update: bytes
    footprint: Footprint
    whole: bool


class SyncChannel(Channel):
    """A WebSocket that speaks the y-websocket protocol, as pycrdt's Channel and as its document's Subscriber."""

    def __init__(
        self,
        socket: WebSocket,
        page: Page,
        log: UpdateLog,
        config: Config,
        limits: Limits,
        metrics: Metrics,
        *,
        path: str,
        extended: bool,
    ) -> None:
        self._page = page
        self._socket = socket
        self._log = log
        self._config = config
        self._metrics = metrics
        self._path = path
        self._extended = extended
        person = f"{page.room}/{page.author.user}"
        self._rates = limits.frames.bucket(person), limits.frame_bytes.bucket(person)
        self._refusals = limits.refused_updates.bucket(person)
        self._outbox = Outbox(self._send, limit=config.outbox_bytes, slow_seconds=config.slow_seconds)
        self._standing = Standing.JOINING
        self._seq = Seq(0)
        self._document: LiveDocument
        self._mark_presence: Callable[[LiveDocument], None]
        self._received = 0
        self._held: list[_Held] = []
        self._held_timer: asyncio.TimerHandle | None = None
        self._refused_at: int | None = None
        self._declined = False
        self._ended = False
        self._state_wanted: bytes | None = None
        self._state_asked = False
        self._acknowledged = 0
        self._unsent_acknowledgement: tuple[int, Seq] | None = None
        self._presence_stale = True

    @property
    def author(self) -> Author:
        """The page's person with the rights that he has now."""
        return self._page.author

    @property
    def path(self) -> str:
        """The room and document, as pycrdt names it."""
        return self._path

    async def send(self, message: bytes) -> None:
        """Send a frame in its turn; the queue's bound is the caller's to keep."""
        self._outbox.put(message)

    async def recv(self) -> bytes:
        """Wait for the next frame."""
        return await self._socket.receive_bytes()

    async def run(
        self, document: LiveDocument, intake: asyncio.Event, mark_presence: Callable[[LiveDocument], None]
    ) -> None:
        """Serve the socket until one side ends it.

        Raises:
            Disconnected: The peer is gone.
            DocumentError, ServerError, StorageError: The socket must be closed with this error's code.
        """
        self._document = document
        self._mark_presence = mark_presence
        self._tell_rights()
        tasks = {asyncio.create_task(self._receive_all(intake)), asyncio.create_task(self._outbox.run(self._on_empty))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._stop_holding()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, frame: bytes) -> None:
        self._metrics.frames_out.inc()
        await self._socket.send(frame)

    # ---- in

    async def _receive_all(self, intake: asyncio.Event) -> None:
        while True:
            data = await self.recv()
            if not intake.is_set():
                await intake.wait()
            self._throttle(len(data))
            if not self._ended:
                self._handle(decode_frame(data))

    def _throttle(self, size: int) -> None:
        for bucket, n in zip(self._rates, (1, size), strict=True):
            retry_after = bucket.take(n)
            if retry_after is not None:
                raise RateLimited(retry_after)

    def _handle(self, frame: Frame) -> None:
        match frame:
            case SyncStep1(state_vector):
                self._received += 1
                self._request_state(state_vector)
            case SyncStep2(update) | Update(update):
                self._received += 1
                self._metrics.updates_in.inc()
                self._take(update, frame)
            case Awareness(entries):
                self._document.announce(self, entries)
                self._mark_presence(self._document)
            case QueryAwareness():
                self._presence_stale = True
                self._tell_presence()
            case Extension():
                return  # clients have none to send (AC4)

    def _request_state(self, state_vector: bytes) -> None:
        """One state at a time is under way to a reader; a further request waits until the outbox is empty."""
        decode_state_vector(state_vector)
        if self._state_asked or self._outbox.size:
            self._state_wanted = state_vector
        else:
            self._state_asked = True
            self._document.request_state(self, state_vector)

    def _take(self, update: bytes, frame: Frame) -> None:
        if self._refused_at is not None:
            return
        index, whole = self._received, isinstance(frame, SyncStep2)
        try:
            footprint = read_update(update)
            if not self._may(frame):
                self._decline(footprint)
            elif self._document.receive(self, update, footprint, whole=whole) is Reception.WAITING:
                self._hold(_Held(index, update, footprint, whole))
        except _REFUSALS as exc:
            self._refuse(exc, index)
        else:
            self._want_acknowledgement()

    def _may(self, frame: Frame) -> bool:
        return decide(self.author.permissions, self._document.id.kind, frame) is Decision.ALLOW

    def _want_acknowledgement(self) -> None:
        if self._extended:
            self._document.request_acknowledgement(self)

    def _decline(self, footprint: Footprint) -> None:
        """A reader who may not write: what the document has already is no offence, all else is refused; told once."""
        if self._declined or not self._document.lacks(footprint):
            return
        if self._extended:
            raise PermissionDenied("You may look at this document, and not change it.")
        self._declined = True
        self._outbox.put(encode_permission_denied("permission_denied"))

    def _refuse(self, error: DocumentError, index: int) -> None:
        """Take no more writes from this socket: its client's copy has left ours."""
        self._refused_at = min([index, *(held.index for held in self._held)])
        self._held.clear()
        self._stop_holding()
        self._metrics.refusals.labels(error.code).inc()
        if self._extended:
            self._tell({"type": "rejected", "document": self._document.id.name, **named(error)})
        else:
            self._outbox.end(error)
        retry_after = self._refusals.take()
        if retry_after is not None:
            self.end(RateLimited(retry_after))

    # ---- the page's standing

    def rights_changed(self) -> None:
        """The next frame is judged by the new rights; a provider whose work was declined has to send it once more."""
        self._tell_rights()
        if self._declined and self._may(Update(b"")):
            self.end(Conflict())

    def end(self, error: Exception) -> None:
        """Take nothing more, tell nothing more, and close with this error's code after what waits."""
        self._ended = True
        self._outbox.end(error)

    def credit(self, *, messages: int) -> None:
        """Count an applied update for the page's statistics."""
        self._page.credit(edits=1, messages=messages)

    def _tell_rights(self) -> None:
        if self._extended:
            author = self.author
            self._tell({"type": "permissions", "role": author.role, "permissions": in_order(author.permissions)})

    # ---- updates that wait for what they build on

    def _hold(self, held: _Held) -> None:
        """Keep an update whose dependencies may be on their way: a reconnecting provider sends new work first."""
        self._held.append(held)
        if len(self._held) > MAX_HELD or sum(len(each.update) for each in self._held) > MAX_HELD_BYTES:
            raise MissingDependencies("Too much was sent that builds on changes the server does not have.")
        if self._held_timer is None:
            loop = asyncio.get_running_loop()
            self._held_timer = loop.call_later(self._config.gap_seconds, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        self._held_timer = None
        if self._held:
            error = MissingDependencies("The changes that these build on did not arrive.")
            self._refuse(error, self._held[0].index)

    def _stop_holding(self) -> None:
        if self._held_timer is not None:
            self._held_timer.cancel()
            self._held_timer = None

    def retry(self) -> bool:
        """Offer what waits again, in order; True when any of it was applied."""
        held, self._held = self._held, []
        applied = False
        for each in held:
            try:
                if not self._may(Update(each.update)):
                    self._decline(each.footprint)
                    continue
                reception = self._document.receive(self, each.update, each.footprint, whole=each.whole)
            except _REFUSALS as exc:
                self._refuse(exc, each.index)
                return applied
            except Exception as exc:
                # The document asks from within its cut: whatever is wrong here must not end it for everybody.
                self.end(exc)
                return applied
            if reception is Reception.WAITING:
                self._held.append(each)
            applied = applied or reception is Reception.APPLIED
        if not self._held:
            self._stop_holding()
        self._want_acknowledgement()
        return applied

    # ---- out

    def ask(self, frame: bytes) -> None:
        """Send our state vector, and who is here."""
        if self._ended:
            return
        self._outbox.put(frame)
        self._tell_presence()

    def give_state(self, frame: bytes, seq: Seq) -> None:
        """Send the state that was asked for; from here on the reader is live."""
        self._state_asked = False
        if self._ended:
            return
        self._outbox.put(frame, share=math.inf)
        self._standing, self._seq = Standing.LIVE, seq

    def show(self, frame: bytes | None, seq: Seq) -> None:
        """Send what was committed; a full outbox makes the reader fall behind, and nothing is lost to it."""
        if self._standing is not Standing.LIVE or self._ended:
            return
        if frame is None or self._outbox.put(frame):
            self._seq = seq
        else:
            self._standing = Standing.BEHIND
            self._metrics.resyncs.inc()

    def announce(self, frame: bytes) -> None:
        """Send awareness if there is room; else the whole of it once there is."""
        if not self._ended and not self._outbox.put(frame, share=PRESENCE_SHARE):
            self._presence_stale = True

    def settled(self) -> int:
        """How many sync frames, from the first on, need no further answer."""
        open_indices = [held.index for held in self._held]
        if self._refused_at is not None:
            open_indices.append(self._refused_at)
        return min(open_indices) - 1 if open_indices else self._received

    def acknowledge(self, through: int, seq: Seq) -> None:
        """Say that the first `through` sync frames are on disk, to clients that ask for it."""
        if through > self._acknowledged and self._extended:
            self._acknowledged = through
            sent = self._tell({"type": "saved", "through": through, "seq": seq})
            self._unsent_acknowledgement = None if sent else (through, seq)

    def drop(self, code: str) -> None:
        """Close with this code after what waits has been sent."""
        if self._extended and code == RoomDraining.code:
            self._tell({"type": "draining"})
        self._outbox.end(ServerError.of(code))

    def _tell(self, message: dict[str, object]) -> bool:
        return self._outbox.put(encode_extension(json.dumps(message, separators=(",", ":"))))

    def _tell_presence(self) -> None:
        snapshot = self._document.present()
        if self._presence_stale and (snapshot is None or self._outbox.put(snapshot, share=PRESENCE_SHARE)):
            self._presence_stale = False

    # ---- catching up

    async def _on_empty(self) -> None:
        if self._standing is Standing.BEHIND:
            await self._catch_up()
        if self._unsent_acknowledgement is not None:
            through, seq = self._unsent_acknowledgement
            self._unsent_acknowledgement = None
            self._tell({"type": "saved", "through": through, "seq": seq})
        if self._presence_stale:
            self._tell_presence()
        if self._state_wanted is not None and not self._state_asked:
            state_vector, self._state_wanted = self._state_wanted, None
            self._state_asked = True
            self._document.request_state(self, state_vector)

    async def _catch_up(self) -> None:
        """Send the committed rows after the last seq that the reader has, at the pace at which it reads."""
        try:
            while self._seq < self._document.committed:
                await self._send_rows(self._document.committed)
        except StorageError as exc:
            raise SlowConsumer from exc
        self._standing = Standing.LIVE

    async def _send_rows(self, until: Seq) -> None:
        updates: list[bytes] = []
        size, seq = 0, self._seq
        async for row in self._log.read_after(self._document.id, self._seq, until=until):
            updates.append(row.update)
            size += len(row.update)
            seq = row.seq
            if len(updates) >= CATCH_UP_ROWS or size >= CATCH_UP_BYTES:
                await self._outbox.send_now(encode_update(merge(updates)))
                updates, size, self._seq = [], 0, seq
        if updates:
            await self._outbox.send_now(encode_update(merge(updates)))
        self._seq = seq
