"""Group commit: batches become durable in the order in which they came, several of them in one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from crdt_docs.ids import DocumentId
from persistence.errors import OutcomeUnknown, SeqTaken, StorageError, StorageUnavailable
from persistence.interfaces import Binding, UpdateLog, UpdateRow

log = logging.getLogger(__name__)

RETRY_DELAYS = (0.05, 0.2, 1.0, 3.0)
"""Seconds before each further attempt."""
MAX_WAITING_BATCHES = 256
"""More callers wait their turn outside the queue, in order."""
MAX_TRANSACTION_ROWS = 1000
"""Bindings are rows too."""
MAX_TRANSACTION_BYTES = 8 * 1024 * 1024


@dataclass(slots=True, eq=False)
class _Batch:
    rows: Sequence[UpdateRow]
    bindings: Sequence[Binding]
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.bindings)

    @property
    def size(self) -> int:
        return sum(len(row.update) for row in self.rows)

    @property
    def documents(self) -> set[DocumentId]:
        return {row.document for row in self.rows} | {binding.document for binding in self.bindings}

    def settle(self, error: BaseException | None) -> None:
        if self.done.done():  # the caller was cancelled
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class Writer:
    """The only one who appends to the log. An async context manager: leaving it drains it."""

    def __init__(
        self,
        log: UpdateLog,
        *,
        delays: Sequence[float] = RETRY_DELAYS,
        on_degraded: Callable[[bool], None] = lambda _degraded: None,
    ) -> None:
        """`on_degraded` is told True when a commit fails for the first time, and False when one succeeds again."""
        self._log = log
        self._delays = tuple(delays)
        self._on_degraded = on_degraded
        self._degraded = False
        self._queue: deque[_Batch] = deque()
        self._places = asyncio.Semaphore(MAX_WAITING_BATCHES)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._wake.set()
        if self._task is not None:
            await self._task

    @property
    def degraded(self) -> bool:
        """Whether the last attempt to commit failed."""
        return self._degraded

    async def commit(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding] = ()) -> None:
        """Return when these rows and these bindings are durable, all of them by one transaction.

        A client id that is bound already stays bound as it is. A caller that is cancelled leaves both in the queue.

        Raises:
            StorageUnavailable: Retries are spent; nothing of it was written. Whatever waited behind it for the same
                documents fails likewise.
            OutcomeUnknown: Retries are spent, and an attempt may have been written.
            SeqTaken: The log holds something else; nothing of it was written.
        """
        if self._task is None:
            raise RuntimeError("enter the writer before committing")
        if not rows and not bindings:
            return
        await self._places.acquire()
        if self._closed:
            self._places.release()
            raise StorageUnavailable("The writer is closed.")
        batch = _Batch(rows, bindings)
        self._queue.append(batch)
        self._idle.clear()
        self._wake.set()
        await batch.done

    async def drain(self) -> None:
        """Wait until everything accepted so far is durable, or has failed and its caller has been told."""
        await self._idle.wait()

    async def _run(self) -> None:
        taken: list[_Batch] = []
        try:
            while self._queue or not self._closed:
                self._wake.clear()
                if self._queue:
                    taken = self._take()
                    await self._commit_next(taken)
                else:
                    self._idle.set()
                    await self._wake.wait()
        finally:
            self._closed = True
            for batch in (*taken, *self._queue):
                batch.settle(OutcomeUnknown("The writer was stopped before it knew."))
            self._idle.set()

    def _take(self) -> list[_Batch]:
        """The next batches that fit in one transaction, at least one."""
        taken = [self._pop()]
        count, size = taken[0].count, taken[0].size
        while self._queue:
            count += self._queue[0].count
            size += self._queue[0].size
            if count > MAX_TRANSACTION_ROWS or size > MAX_TRANSACTION_BYTES:
                break
            taken.append(self._pop())
        return taken

    def _pop(self) -> _Batch:
        self._places.release()
        return self._queue.popleft()

    async def _commit_next(self, batches: list[_Batch]) -> None:
        error = await self._append(
            [row for batch in batches for row in batch.rows],
            [binding for batch in batches for binding in batch.bindings],
        )
        if isinstance(error, SeqTaken) and len(batches) > 1:  # only those concerned shall fail
            await self._commit_singly(batches)
        elif error is None:
            for batch in batches:
                batch.settle(None)
        else:
            self._give_up(batches, error)

    async def _commit_singly(self, batches: list[_Batch]) -> None:
        while batches:
            batch = batches.pop(0)
            if error := await self._append(batch.rows, batch.bindings):
                behind = [other for other in batches if other.documents & batch.documents]
                batches = [other for other in batches if other not in behind]
                self._give_up([batch, *behind], error)
            else:
                batch.settle(None)

    def _give_up(self, batches: Sequence[_Batch], error: BaseException) -> None:
        """Fail these, and what waits behind them for the same documents: it counts on rows that are not there."""
        documents = {document for batch in batches for document in batch.documents}
        behind = [batch for batch in self._queue if batch.documents & documents]
        for batch in behind:
            self._queue.remove(batch)
            self._places.release()
        log.error("gave up a commit to %s: %s", ", ".join(sorted(map(str, documents))), error)
        for batch in (*batches, *behind):
            batch.settle(error)

    async def _append(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding]) -> BaseException | None:
        """Append with retries; gives the error that remains."""
        unknown: OutcomeUnknown | None = None
        for delay in (*self._delays, None):
            try:
                await self._log.append(rows, bindings)
            except StorageUnavailable as exc:
                self._degrade(True)
                unknown = exc if isinstance(exc, OutcomeUnknown) else unknown
                if delay is None:
                    return unknown or exc
                log.warning("a commit of %d rows failed and is tried again in %g s: %s", len(rows), delay, exc)
                await asyncio.sleep(delay)
            except StorageError as exc:
                return exc
            except Exception as exc:
                log.exception("a commit of %d rows failed", len(rows))
                return exc
            else:
                self._degrade(False)
                return None
        raise AssertionError("the last delay is None")

    def _degrade(self, degraded: bool) -> None:
        if degraded is not self._degraded:
            self._degraded = degraded
            self._on_degraded(degraded)
