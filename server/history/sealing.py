"""Signs the heads of logs in the background, when they have grown and when their documents are let go."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Final, Self

from crdt_docs.ids import DocumentId
from persistence.errors import StorageError
from persistence.interfaces import Heads
from server.clock import Clock
from server.history.heads import SigningKey

log = logging.getLogger(__name__)

MAX_REQUESTS: Final = 10_000
GOODBYE_SECONDS: Final = 5.0
"""How long the last heads may take at the end."""


class Sealer:
    """Signs one head after the other. An async context manager: leaving it signs what was asked for."""

    def __init__(self, heads: Heads, key: SigningKey, clock: Clock) -> None:
        self._heads = heads
        self._key = key
        self._clock = clock
        self._requests: asyncio.Queue[DocumentId] = asyncio.Queue()
        self._asked: set[DocumentId] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="sealer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.settled()
        except TimeoutError:
            log.warning("%d logs were left without a signed head", len(self._asked))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def request(self, document: DocumentId) -> None:
        """Ask for a head; returns at once. Beyond `MAX_REQUESTS` it is forgotten; the next growth asks anew."""
        if document not in self._asked and len(self._asked) < MAX_REQUESTS:
            self._asked.add(document)
            self._requests.put_nowait(document)

    async def settled(self) -> None:
        """Wait until everything that was asked for is signed, was signed already, or has failed."""
        await self._requests.join()

    async def _run(self) -> None:
        while True:
            document = await self._requests.get()
            self._asked.discard(document)
            try:
                await self._seal(document)
            except StorageError as exc:
                log.warning("the head of %s could not be signed: %s", document, exc)
            except Exception:
                log.exception("the head of %s could not be signed", document)
            finally:
                self._requests.task_done()

    async def _seal(self, document: DocumentId) -> None:
        """[SH2] A head that is signed is not signed again."""
        tip = await self._heads.tip(document)
        newest = await self._heads.newest(document)
        if tip is not None and (newest is None or newest.seq < tip.seq):
            await self._heads.add(self._key.sign(tip, self._clock.now_us()))
