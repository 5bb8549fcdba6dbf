"""Sends deliveries: signed, in order within a room, again after a failure, and never in anybody's way."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Final

import httpx2
import msgspec

from crdt_docs.ids import RoomId
from server.clock import Clock
from server.metrics import Metrics
from server.webhooks.queue import Delivery, DeliveryQueue
from server.webhooks.target import Target

log = logging.getLogger(__name__)

QUEUE_SIZE: Final = 1000
PAUSES: Final = (1.0, 5.0, 25.0, 120.0, 600.0)
"""Seconds between one attempt and the next; one attempt more than there are pauses is made."""
ATTEMPT_SECONDS: Final = 10.0
"""How long one attempt may take in all."""
AT_ONCE: Final = 8
"""How many attempts run at the same time, each for another room."""
DRAIN_SECONDS: Final = 2.0
"""How long the end waits for what is left."""
MAX_ANSWER_BYTES: Final = 64 * 1024
"""How much of an answer is read, which spares its connection; nothing is done with it."""
_GONE: Final = 410
_HEADERS: Final = {"User-Agent": "Thunderline", "Content-Type": "application/json", "Accept-Encoding": "identity"}


class _Outcome(StrEnum):
    """How a delivery ended; the label of the metric."""

    DELIVERED = "delivered"
    GONE = "gone"
    FAILED = "failed"
    DROPPED = "dropped"


class Webhooks:
    """Tells one address of events. Without a target it keeps silent.

    [WH1] What waits is bounded; when it is too much, the oldest is dropped, counted, and the log says so once until
    everything has been delivered again. What waits is in memory only: the events in the storage are the record.
    """

    def __init__(
        self,
        target: Target | None,
        clock: Clock,
        metrics: Metrics,
        *,
        pauses: Sequence[float] = PAUSES,
        size: int = QUEUE_SIZE,
        attempt_seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        self._target = target
        self._clock = clock
        self._metrics = metrics
        self._pauses = pauses
        self._attempt_seconds = attempt_seconds
        self._queue = DeliveryQueue(size)
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self._out = 0
        self._closing = False
        self._dropping = False
        self._troubled = False

    def notify(self, kind: str, room: RoomId | None, payload: Mapping[str, object]) -> None:
        """Have the target told of an event, some time; never waits and never fails for the target's sake.

        Args:
            kind: `session_joined`, `session_left` or the kind of an event of the audit trail.
            room: Where it happened; None for the whole installation.
            payload: What JSON can say of it; taken as it is now.
        """
        if self._target is None:
            return
        id_ = secrets.token_urlsafe(16)
        body = msgspec.json.encode(
            {"id": id_, "kind": kind, "at": self._clock.now_us(), "room": room, "payload": payload}
        )
        dropped = self._queue.put(Delivery(next(self._numbers), id_, kind, room or "", body))
        if dropped is not None:
            self._count(_Outcome.DROPPED)
            if not self._dropping:
                log.warning("webhooks are dropped, the oldest first: more than %d wait", len(self._queue))
            self._dropping = True
        self._wake()

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Deliver meanwhile. [WH7] At the end everything gets one more attempt, for `DRAIN_SECONDS` in all."""
        if self._target is None:
            yield
            return
        # Its own log names the whole address with every request.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        async with httpx2.AsyncClient(headers=_HEADERS, timeout=self._attempt_seconds) as client:
            sender = asyncio.create_task(self._deliver(client, self._target), name="webhooks")
            try:
                yield
            finally:
                await self._end_of(sender)

    async def _end_of(self, sender: asyncio.Task[None]) -> None:
        self._closing = True
        self._queue.hurry()
        self._wake()
        await asyncio.wait({sender}, timeout=DRAIN_SECONDS)
        sender.cancel()
        (ended,) = await asyncio.gather(sender, return_exceptions=True)
        if len(self._queue):
            log.warning("%d webhooks were not delivered before the end", len(self._queue))
            self._metrics.webhooks.labels(_Outcome.DROPPED.value).inc(len(self._queue))
        if isinstance(ended, Exception):
            raise ended

    async def _deliver(self, client: httpx2.AsyncClient, target: Target) -> None:
        async with asyncio.TaskGroup() as attempts:
            while not (self._closing and len(self._queue) == 0):
                self._changed.clear()
                while self._out < AT_ONCE and (delivery := self._queue.take(self._clock.monotonic())):
                    self._out += 1
                    attempts.create_task(self._attempt(client, target, delivery))
                await self._until_something_may_go()

    async def _until_something_may_go(self) -> None:
        due = self._queue.next_due() if self._out < AT_ONCE else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock.monotonic())):
                await self._changed.wait()

    async def _attempt(self, client: httpx2.AsyncClient, target: Target, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(self._attempt_seconds):
                status = await self._post(client, target, delivery)
        except (httpx2.HTTPError, OSError, TimeoutError) as exc:
            self._tried_in_vain(delivery, type(exc).__name__)
        except Exception:
            log.exception("a webhook could not be sent")
            self._tried_in_vain(delivery, "a fault of this server")
        else:
            self._answered(delivery, status)
        finally:
            self._out -= 1
            self._wake()

    async def _post(self, client: httpx2.AsyncClient, target: Target, delivery: Delivery) -> int:
        """[WH3] One signed request; gives the status. Redirects are not followed: the address is the operator's."""
        headers = {
            "Thunderline-Signature": target.signature(self._clock.now_us() // 1_000_000, delivery.body),
            "Thunderline-Event": delivery.kind,
            "Thunderline-Delivery": delivery.id,
        }
        post = client.stream("POST", target.url, content=delivery.body, headers=headers, follow_redirects=False)
        async with post as answer:
            size = 0
            async for chunk in answer.aiter_raw():
                size += len(chunk)
                if size > MAX_ANSWER_BYTES:
                    break
            return int(answer.status_code)

    def _answered(self, delivery: Delivery, status: int) -> None:
        """[WH4] 2xx ends a delivery well; 410 ends it at once, for it is not wanted; everything else is a failure."""
        if 200 <= status < 300:
            self._end(delivery, _Outcome.DELIVERED)
            if self._troubled:
                log.info("webhooks are delivered again")
            self._troubled = False
        elif status == _GONE:
            self._end(delivery, _Outcome.GONE)
        else:
            self._tried_in_vain(delivery, f"status {status}")

    def _tried_in_vain(self, delivery: Delivery, why: str) -> None:
        """[WH5] Try again after a pause, unless the attempts are spent or the server stops."""
        if not self._troubled:
            log.warning("webhooks cannot be delivered, and are tried again: %s", why)
        self._troubled = True
        self._metrics.webhook_failures.inc()
        delivery.attempts += 1
        if self._closing or delivery.attempts > len(self._pauses):
            self._end(delivery, _Outcome.FAILED)
        else:
            self._queue.put_back(delivery, self._clock.monotonic() + self._pauses[delivery.attempts - 1])

    def _end(self, delivery: Delivery, outcome: _Outcome) -> None:
        self._queue.finish(delivery)
        self._count(outcome)
        if len(self._queue) == 0:
            self._dropping = False

    def _count(self, outcome: _Outcome) -> None:
        self._metrics.webhooks.labels(outcome.value).inc()

    def _wake(self) -> None:
        self._metrics.webhooks_waiting.set(len(self._queue))
        self._changed.set()
