"""Which documents are in memory, and the life of each: loading → open → draining → closed, or failed."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Any, Self

from crdt_docs.errors import DocumentError
from crdt_docs.ids import DocumentId, DocumentKind, RoomId
from persistence.compaction import SNAPSHOT_BYTES, SNAPSHOT_ROWS, Compactor
from persistence.errors import StorageError, StorageUnavailable
from persistence.interfaces import Stores
from persistence.writer import Writer
from server.clock import Clock
from server.config import Config
from server.errors import RoomDraining
from server.metrics import Metrics
from server.rooms.author import Author
from server.rooms.document import LiveDocument, Subscriber
from server.rooms.loading import load_document
from server.rooms.tick import PresenceTick, Tick

log = logging.getLogger(__name__)

FAILURE_SECONDS = 2.0
"""How long a failed document refuses at once, before somebody's arrival tries to load it again."""
EVICTION_SECONDS = 5.0
"""How often idle documents are looked for."""


class Life(StrEnum):
    """Where a document is in its life. A `failed` one serves nobody and is never replaced by a blank one (P7)."""

    LOADING = "loading"
    OPEN = "open"
    DRAINING = "draining"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(slots=True)
class _Entry:
    life: Life = Life.LOADING
    document: LiveDocument | None = None
    error: DocumentError | StorageError | None = None
    since: float = 0.0
    rows: int = 0
    size: int = 0


@dataclass(slots=True)
class _Room:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    entries: dict[DocumentId, _Entry] = field(default_factory=dict)
    arriving: int = 0


class Registry:
    """The documents in memory. One lock per room, held only while a document opens or is let go."""

    def __init__(
        self, stores: Stores, writer: Writer, compactor: Compactor, config: Config, clock: Clock, metrics: Metrics
    ) -> None:
        self._stores = stores
        self._writer = writer
        self._config = config
        self._clock = clock
        self._rooms: dict[RoomId, _Room] = {}
        self._draining = False
        self._tasks = AsyncExitStack()
        self.on_grown: Callable[[DocumentId], None] = compactor.request
        """Told of documents whose logs have grown."""
        self.on_rest: Callable[[DocumentId], None] = lambda _: None
        """Told of documents that nothing is written to any more, for now: they are let go, or the server stops."""
        self.on_state: Callable[[RoomId, Author, Mapping[str, Any] | None], None] = lambda _room, _author, _state: None
        """Told what each page says of itself on a whiteboard; None: nothing any more."""
        self.presence = PresenceTick()
        self.tick = Tick(writer, clock, metrics, seconds=config.tick_seconds)
        self.tick.on_failure = self.discard
        self.tick.on_commit = self._count

    async def __aenter__(self) -> Self:
        group = await self._tasks.enter_async_context(asyncio.TaskGroup())
        for task in (group.create_task(self.tick.run()), group.create_task(self._evict_idle())):
            self._tasks.callback(task.cancel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.drain()
        await self._tasks.__aexit__(None, None, None)

    @asynccontextmanager
    async def enter(self, id_: DocumentId, subscriber: Subscriber) -> AsyncIterator[LiveDocument]:
        """Join a document, loading it first if need be, and leave it at the end.

        Raises:
            RoomDraining: The server is about to stop.
            CorruptLog, StorageError: The document cannot be loaded; it is `failed` and stays as it is on disk.
        """
        room = self._rooms.setdefault(id_.room, _Room())
        room.arriving += 1
        try:
            async with room.lock:
                document = await self._opened(room, id_)
                document.join(subscriber)
        finally:
            room.arriving -= 1
        try:
            yield document
        finally:
            document.leave(subscriber)
            self.presence.mark(document)
            entry = room.entries.get(id_)
            if entry is not None and entry.document is document:
                entry.since = self._clock.monotonic()

    def lives(self) -> Mapping[Life, int]:
        """How many documents are where in their life."""
        return Counter(entry.life for room in self._rooms.values() for entry in room.entries.values())

    def failures(self) -> Mapping[DocumentId, str]:
        """The documents that cannot be served, with the code of the reason."""
        return {
            id_: entry.error.code
            for room in self._rooms.values()
            for id_, entry in room.entries.items()
            if entry.error is not None
        }

    def set_recovery(self, room_id: RoomId, recovery: bool) -> None:
        """The room's documents take others' work back from those who moderate, or do no longer."""
        room = self._rooms.get(room_id)
        for entry in room.entries.values() if room is not None else ():
            if entry.document is not None:
                entry.document.guard.recovery = recovery

    def discard(self, document: LiveDocument, error: Exception) -> None:
        """Give up a document that cannot go on. Its log tells what it is, so the next arrival loads that."""
        log.error("document %s is discarded: %s", document.id, error)
        room = self._rooms.get(document.id.room)
        if room is not None and (entry := room.entries.get(document.id)) and entry.document is document:
            del room.entries[document.id]
        self.presence.forget(document)
        document.abandon(StorageUnavailable.code)

    async def drain(self) -> None:
        """Let nobody in, commit everything that was accepted, then send everybody away. Idempotent."""
        self._draining = True
        for room in tuple(self._rooms.values()):
            async with room.lock:
                for entry in room.entries.values():
                    if entry.life is Life.OPEN:
                        entry.life = Life.DRAINING
        await self.tick.stop()
        await self._writer.drain()
        for room in self._rooms.values():
            for entry in room.entries.values():
                if entry.document is not None:
                    if entry.life is Life.DRAINING:
                        self.on_rest(entry.document.id)
                    entry.document.abandon(RoomDraining.code)
                    entry.life = Life.CLOSED

    # ---- opening

    async def _opened(self, room: _Room, id_: DocumentId) -> LiveDocument:
        if self._draining:
            raise RoomDraining
        entry = room.entries.get(id_)
        if entry is not None and entry.document is not None:
            return entry.document
        if entry is not None and entry.error is not None and self._age(entry) < FAILURE_SECONDS:
            raise entry.error
        entry = room.entries[id_] = _Entry()
        try:
            entry.document = await self._load(id_, entry)
        except (DocumentError, StorageError) as exc:
            log.error("document %s cannot be loaded: %s: %s", id_, exc.code, exc)  # noqa: TRY400
            entry.life, entry.error, entry.since = Life.FAILED, exc, self._clock.monotonic()
            raise
        except BaseException:
            del room.entries[id_]
            raise
        entry.life = Life.OPEN
        return entry.document

    async def _load(self, id_: DocumentId, entry: _Entry) -> LiveDocument:
        document, loaded = await load_document(self._stores, self._config, id_, self.tick.mark)
        entry.rows, entry.size = loaded.rows_after_snapshot, loaded.bytes_after_snapshot
        if id_.kind is DocumentKind.WHITEBOARD:
            document.presence.on_state = partial(self.on_state, id_.room)
        return document

    # ---- housekeeping

    def _count(self, document: LiveDocument, rows: int, size: int) -> None:
        room = self._rooms.get(document.id.room)
        entry = room.entries.get(document.id) if room is not None else None
        if entry is None:
            return
        entry.rows += rows
        entry.size += size
        if entry.rows >= SNAPSHOT_ROWS or entry.size >= SNAPSHOT_BYTES:
            entry.rows = entry.size = 0
            self.on_grown(document.id)

    async def _evict_idle(self) -> None:
        while True:
            await asyncio.sleep(min(EVICTION_SECONDS, self._config.idle_seconds))
            for room_id, room in tuple(self._rooms.items()):
                async with room.lock:
                    for id_, entry in tuple(room.entries.items()):
                        self._evict_if_idle(room, id_, entry)
                if not room.entries and not room.arriving:
                    del self._rooms[room_id]

    def _evict_if_idle(self, room: _Room, id_: DocumentId, entry: _Entry) -> None:
        document = entry.document
        if self._age(entry) < self._config.idle_seconds:
            return
        if document is None:
            del room.entries[id_]
        elif not document.subscribers and document.idle:
            self.presence.forget(document)
            entry.life = Life.CLOSED
            self.on_rest(id_)
            del room.entries[id_]

    def _age(self, entry: _Entry) -> float:
        return self._clock.monotonic() - entry.since
