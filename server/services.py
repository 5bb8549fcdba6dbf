"""The running parts of one server, and the keeping of its storage open.

The process lives without its storage: it says so, refuses what needs it, and tries again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from crdt_docs.ids import RoomId, UserId
from persistence.errors import CorruptStorage, DatabaseNewer, StorageError, StorageUnavailable
from persistence.interfaces import Stores
from server.audit import Audit
from server.auth.limits import Limits
from server.auth.tokens import Tokens
from server.auth.turns import Turns
from server.calls.forwarding import Forwarding
from server.clock import Clock
from server.config import Config
from server.errors import RoomDraining
from server.history.cursors import CursorRecorder
from server.history.heads import SigningKey
from server.metrics import Metrics
from server.presence.sessions import SessionBook
from server.recording.desk import RecordingDesk
from server.rooms.registry import Registry
from server.signaling.hub import Hub
from server.signaling.ice import IceServers
from server.webhooks.sender import Webhooks

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.25
LAST_RETRY_SECONDS = 5.0
"""The storage is opened again after a pause that doubles from the first to the last."""
CHECK_SECONDS = 5.0
"""How long the storage may take to answer a check."""


class Degradable(Protocol):
    """The part of the writer that tells how it is."""

    @property
    def degraded(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Running:
    """What exists only while the storage is open."""

    stores: Stores
    writer: Degradable
    registry: Registry
    sessions: SessionBook
    cursors: CursorRecorder
    audit: Audit


OpenRunning = Callable[[], AbstractAsyncContextManager[Running]]


@dataclass(frozen=True, slots=True)
class Opening:
    """The storage has not been opened yet."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The storage is open."""

    running: Running


@dataclass(frozen=True, slots=True)
class Failed:
    """The storage cannot be opened, or it broke."""

    error: StorageError


class Services:
    """Everything that endpoints and routes work with.

    `stores`, `registry` and `sessions` raise while the storage is not open, so that every request is refused with the
    right code by the one table and nothing is ever served as empty (P7).
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        metrics: Metrics,
        tokens: Tokens,
        signing_key: SigningKey,
        hub: Hub,
        ice: IceServers,
        forwarding: Forwarding,
        webhooks: Webhooks,
    ) -> None:
        self.config = config
        self.clock = clock
        self.metrics = metrics
        self.tokens = tokens
        self.signing_key = signing_key
        self.hub = hub
        self.ice = ice
        self.forwarding = forwarding
        self.webhooks = webhooks
        self.desk = RecordingDesk(self)
        self.turns = Turns()
        self.limits = Limits(clock, config)
        self.draining = False
        self._state: Opening | Ready | Failed = Opening()
        self._stop = asyncio.Event()
        self._settled = asyncio.Event()

    @property
    def state(self) -> Opening | Ready | Failed:
        """How it is with the storage."""
        return self._state

    @property
    def stores(self) -> Stores:
        """What is kept.

        Raises:
            StorageError: The storage is not open.
        """
        return self._running().stores

    @property
    def registry(self) -> Registry:
        """The documents in memory.

        Raises:
            StorageError: The storage is not open.
        """
        return self._running().registry

    @property
    def sessions(self) -> SessionBook:
        """The open pages.

        Raises:
            StorageError: The storage is not open.
        """
        return self._running().sessions

    @property
    def cursors(self) -> CursorRecorder:
        """What is noted of where people point.

        Raises:
            StorageError: The storage is not open.
        """
        return self._running().cursors

    @property
    def audit(self) -> Audit:
        """The audit trail.

        Raises:
            StorageError: The storage is not open.
        """
        return self._running().audit

    def people(self, room: RoomId) -> Collection[UserId]:
        """Who is in a room now.

        Raises:
            StorageError: The storage is not open.
        """
        return self._running().sessions.people(room)

    @asynccontextmanager
    async def kept_open(self, open_running: OpenRunning) -> AsyncIterator[None]:
        """Keep the storage open meanwhile; entered once the first attempt has ended, well or not."""
        keeper = asyncio.create_task(self._keep_open(open_running), name="storage")
        try:
            await self._settled.wait()
            yield
        finally:
            self._stop.set()
            await keeper

    async def settled(self) -> None:
        """Wait until the first attempt to open the storage has ended, well or not."""
        await self._settled.wait()

    async def check(self) -> None:
        """Find out whether rooms can be served now.

        Raises:
            RoomDraining: The server is about to stop.
            StorageError: The storage is not open, or does not take commits.
        """
        if self.draining:
            raise RoomDraining
        running = self._running()
        if running.writer.degraded:
            raise StorageUnavailable("Commits fail at present.")
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await running.stores.check()
        except TimeoutError:
            raise StorageUnavailable("The database does not answer in time.") from None

    async def drain(self) -> None:
        """Commit what was accepted and send everybody away with `room_draining`; nobody is let in any more."""
        self.draining = True
        self.hub.drain()
        if isinstance(self._state, Ready):
            try:
                async with asyncio.timeout(self.config.graceful_timeout):
                    await self._state.running.registry.drain()
            except TimeoutError:
                log.error("the storage did not take the last changes within %.1f s", self.config.graceful_timeout)  # noqa: TRY400

    def _running(self) -> Running:
        match self._state:
            case Ready(running):
                return running
            case Failed(error):
                raise error
            case _:
                raise StorageUnavailable("The database is being opened.")

    async def _keep_open(self, open_running: OpenRunning) -> None:
        """[SV1] Locked or unreachable storage is opened again and again; a newer or damaged one until it is mended."""
        pause = FIRST_RETRY_SECONDS
        while not self._stop.is_set():
            try:
                async with open_running() as running:
                    self._enter(Ready(running))
                    pause = FIRST_RETRY_SECONDS
                    await self._stop.wait()
            except StorageError as exc:
                log.error("the storage cannot be used: %s: %s", exc.code, exc.reason)  # noqa: TRY400
                self._enter(Failed(exc))
            except Exception as exc:
                log.exception("the storage broke")
                error = StorageUnavailable("The server's own fault; see its log.")
                error.__cause__ = exc
                self._enter(Failed(error))
            else:
                return
            lasting = isinstance(self._state, Failed) and isinstance(self._state.error, DatabaseNewer | CorruptStorage)
            await self._wait(LAST_RETRY_SECONDS if lasting else pause)
            pause = min(2 * pause, LAST_RETRY_SECONDS)

    def _enter(self, state: Ready | Failed) -> None:
        self._state = state
        self.metrics.storage_ready.set(isinstance(state, Ready))
        self._settled.set()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return
