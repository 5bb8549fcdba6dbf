"""One loop for all documents: cut, commit once, release. Awareness has its own pace and waits for no disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from persistence.errors import SeqTaken
from persistence.interfaces import UpdateRow
from persistence.writer import Writer
from server.clock import Clock
from server.metrics import Metrics
from server.rooms.document import Cut, LiveDocument

log = logging.getLogger(__name__)

PRESENCE_SECONDS = 0.033
"""Awareness is told at most this often (30 Hz); the latest state of each client wins."""


class Tick:
    """Cuts every document that was marked, commits all rows in one transaction, then releases the cuts.

    The next cut is made when the commit before it has ended, so no more than one batch is under way, and what arrives
    meanwhile waits in the documents, bounded by the rate limits of the sockets. While a commit is being retried
    `intake` is not set: sockets read nothing, and TCP tells their peers to wait.
    """

    def __init__(self, writer: Writer, clock: Clock, metrics: Metrics, *, seconds: float) -> None:
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._seconds = seconds
        self._marked: dict[LiveDocument, None] = {}
        self._wake = asyncio.Event()
        self._rested = asyncio.Event()
        self._rested.set()
        self._stopped = False
        self.intake = asyncio.Event()
        """Set while sockets may read."""
        self.intake.set()
        self.on_failure: Callable[[LiveDocument, Exception], None] = lambda _document, _error: None
        """Told of a document that can go on no longer: its batch was given up, or it broke."""
        self.on_commit: Callable[[LiveDocument, int, int], None] = lambda _document, _rows, _size: None
        """Told of a document's committed rows: how many, and how many bytes."""

    def mark(self, document: LiveDocument) -> None:
        """The document has something to cut."""
        self._marked[document] = None
        self._rested.clear()
        self._wake.set()

    def degrade(self, degraded: bool) -> None:
        """The writer says whether its commits fail at present."""
        if degraded or self._stopped:
            self.intake.clear()
        else:
            self.intake.set()

    async def stop(self) -> None:
        """Close the intake for good and wait until everything that was accepted is committed or given up."""
        self._stopped = True
        self.intake.clear()
        await self._rested.wait()

    async def run(self) -> None:
        """Tick until cancelled: at once after a pause, else a tick after the last one."""
        loop = asyncio.get_running_loop()
        last = 0.0
        while True:
            await self._wake.wait()
            wait = last + self._seconds - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            last = loop.time()
            self._wake.clear()
            await self._tick()
            if not self._marked:
                self._rested.set()

    async def _tick(self) -> None:
        marked, self._marked = self._marked, {}
        now = self._clock.now_us()
        cuts = []
        for document in marked:
            if document.abandoned:
                continue
            try:
                cuts.append(document.cut(now))
            except Exception as exc:
                log.exception("document %s cannot be cut", document.id)
                self.on_failure(document, exc)
        for cut in await self._commit(cuts):
            self._release(cut)

    async def _commit(self, cuts: Sequence[Cut]) -> Sequence[Cut]:
        """Make the rows of all cuts durable; gives the cuts that are."""
        rows = [row for cut in cuts for row in cut.rows]
        bindings = [binding for cut in cuts for binding in cut.bindings]
        if not rows and not bindings:
            return cuts
        try:
            with self._metrics.commit_seconds.time():
                await self._writer.commit(rows, bindings)
        except SeqTaken:
            return await self._commit_one_by_one(cuts)
        except Exception as exc:
            for cut in cuts:
                if cut.has_news:
                    self.on_failure(cut.document, exc)
            return [cut for cut in cuts if not cut.has_news]
        finally:
            self.degrade(False)
        return cuts

    async def _commit_one_by_one(self, cuts: Sequence[Cut]) -> Sequence[Cut]:
        """Somebody else wrote to one of the documents: the others shall not pay for it."""
        committed = []
        for cut in cuts:
            try:
                if cut.has_news:
                    await self._writer.commit(cut.rows, cut.bindings)
                committed.append(cut)
            except Exception as exc:
                self.on_failure(cut.document, exc)
        return committed

    def _release(self, cut: Cut) -> None:
        try:
            cut.document.release(cut)
            if cut.rows:
                self.on_commit(cut.document, len(cut.rows), _size(cut.rows))
        except Exception as exc:
            log.exception("document %s cannot be released", cut.document.id)
            self.on_failure(cut.document, exc)


class PresenceTick:
    """Tells awareness: at once after a pause, else at most every `PRESENCE_SECONDS`, all changes in one frame."""

    def __init__(self) -> None:
        self._due: dict[LiveDocument, asyncio.TimerHandle] = {}
        self._last: dict[LiveDocument, float] = {}

    def mark(self, document: LiveDocument) -> None:
        """The awareness of this document changed."""
        if document in self._due or document.abandoned or not document.presence.changed:
            return
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._last.get(document, 0.0) + PRESENCE_SECONDS)
        self._due[document] = loop.call_at(at, self._tell, document)

    def forget(self, document: LiveDocument) -> None:
        """The document leaves memory."""
        self._last.pop(document, None)
        if handle := self._due.pop(document, None):
            handle.cancel()

    def _tell(self, document: LiveDocument) -> None:
        del self._due[document]
        self._last[document] = asyncio.get_running_loop().time()
        document.announce_presence()


def _size(rows: Sequence[UpdateRow]) -> int:
    return sum(len(row.update) for row in rows)
