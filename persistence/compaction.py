"""Compaction in the background: adds snapshots where a log has grown, and seals rows that lie behind them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from crdt_docs.ids import DocumentId
from persistence.errors import StorageError, StorageUnavailable
from persistence.interfaces import Growth, Micros, Stores
from persistence.worker_process import WorkerProcess

log = logging.getLogger(__name__)

SNAPSHOT_ROWS = 500
SNAPSHOT_BYTES = 1024 * 1024
SNAPSHOT_SHARE = 16
"""A snapshot waits until the new rows have a sixteenth of its size: else a large document's snapshots would outgrow its
log without end."""
SEAL_AFTER = Micros(4 * 3600 * 1_000_000)
"""Rows as old as this are sealed: those that people come back to catch up with are mostly younger."""
MAX_REQUESTS = 10_000
IDLE_SECONDS = 30.0
RETRY_SECONDS = 5.0
MAX_ATTEMPTS = 8


def is_due(growth: Growth) -> bool:
    """Whether a document has grown enough since its newest snapshot."""
    grown = growth.rows >= SNAPSHOT_ROWS or growth.size >= SNAPSHOT_BYTES
    return grown and growth.size * SNAPSHOT_SHARE >= growth.snapshot_size


def _now() -> Micros:
    return Micros(time.time_ns() // 1000)


class Compactor:
    """Builds snapshots one after the other in a worker process, which ends when nothing was asked for a while.

    Rows are sealed by the same worker: one segment after each snapshot, and all that are due before it ends.
    A failure is logged and tried again, later each time; it is never the server's end. An async context manager.
    """

    def __init__(
        self,
        stores: Stores,
        database: Path,
        *,
        clock: Callable[[], Micros] = _now,
        idle_seconds: float = IDLE_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """`database` is the SQLite file of these stores; `clock` tells which of their rows are old."""
        self._stores = stores
        self._clock = clock
        self._seal_from = 0
        self._idle_seconds = idle_seconds
        self._retry_seconds = retry_seconds
        self._requests: asyncio.Queue[DocumentId] = asyncio.Queue()
        self._asked: set[DocumentId] = set()
        self._failures: dict[DocumentId, int] = {}
        self._retries: dict[DocumentId, asyncio.TimerHandle] = {}
        self._task: asyncio.Task[None] | None = None
        self.worker = WorkerProcess(database)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="compactor")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for retry in self._retries.values():
            retry.cancel()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.worker.stop()

    def request(self, document: DocumentId) -> None:
        """Ask for a snapshot if one is due; returns at once.

        Asking again while it waits changes nothing. Beyond `MAX_REQUESTS` it is forgotten; the next growth asks anew.
        """
        if document in self._asked or document in self._retries or len(self._asked) >= MAX_REQUESTS:
            return
        self._asked.add(document)
        self._requests.put_nowait(document)

    async def settled(self) -> None:
        """Wait until everything that was asked for has been built, was not due, or has failed."""
        await self._requests.join()

    async def _run(self) -> None:
        while True:
            document = await self._next()
            self._asked.discard(document)
            try:
                await self._compact(document)
                self._failures.pop(document, None)
            except StorageError as exc:
                self._retry_later(document, exc)
            except Exception as exc:
                log.exception("a snapshot of %s failed", document)
                self._retry_later(document, exc)
            finally:
                self._requests.task_done()

    async def _next(self) -> DocumentId:
        if self.worker.pid is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._idle_seconds):
                    return await self._requests.get()
            await self._seal_all()
            if self._requests.empty():
                await self.worker.stop()
        return await self._requests.get()

    async def _compact(self, document: DocumentId) -> None:
        if not is_due(await self._stores.snapshots.growth(document)):
            return
        snapshot = await self.worker.build(document)
        await self._stores.snapshots.add(snapshot)
        log.info("kept a snapshot of %s after row %d: %d bytes", document, snapshot.seq, len(snapshot.update))
        await self._seal()

    async def _seal_all(self) -> None:
        """Seal until nothing is due, or something is asked for."""
        self._seal_from = 0
        while self._requests.empty() and await self._seal():
            pass

    async def _seal(self) -> bool:
        """Seal at most one segment, going round all documents; False at the end of a round, or when it fails."""
        try:
            step = await self.worker.seal(Micros(self._clock() - SEAL_AFTER), self._seal_from)
        except StorageUnavailable as exc:
            log.error("nothing is sealed for now: %s", exc)  # noqa: TRY400 - the reason says it all
            return False
        self._seal_from = step.next or 0
        if step.rows:
            log.info("sealed %d rows", step.rows)
        if step.error is not None:
            log.error("rows are left unsealed, verify the log: %s", step.error)
        return step.next is not None

    def _retry_later(self, document: DocumentId, error: Exception) -> None:
        failures = self._failures[document] = self._failures.pop(document, 0) + 1
        if failures >= MAX_ATTEMPTS:
            del self._failures[document]
            log.error("no snapshot of %s after %d attempts: %s", document, failures, error)
            return
        delay = self._retry_seconds * 2 ** (failures - 1)
        log.error("no snapshot of %s yet, next attempt in %g s: %s", document, delay, error)
        self._retries[document] = asyncio.get_running_loop().call_later(delay, self._retry, document)

    def _retry(self, document: DocumentId) -> None:
        del self._retries[document]
        self.request(document)
