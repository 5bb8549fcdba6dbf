"""Frames on their way to one socket: in order, bounded in bytes, never dropped in silence."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from crdt_docs.frames import encode_awareness
from server.errors import SlowConsumer

KEEPALIVE_SECONDS = 20.0
"""An idle socket gets an empty awareness frame so often: y-websocket gives up after 30 s without a message."""
KEEPALIVE = encode_awareness(())


class Outbox:
    """The queue between a document and one socket.

    A frame that does not fit is refused, and its owner decides what the reader is owed instead (P8).
    """

    def __init__(self, send: Callable[[bytes], Awaitable[None]], *, limit: int, slow_seconds: float) -> None:
        """
        Args:
            send: Sends one frame and returns when there is room for more.
            limit: How many bytes may wait; one frame of any size is taken while nothing waits.
            slow_seconds: How long sending one frame may take before the reader is given up.
        """
        self._send = send
        self._limit = limit
        self._slow_seconds = slow_seconds
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._ending: Exception | None = None

    @property
    def size(self) -> int:
        """The bytes that wait."""
        return self._size

    def put(self, frame: bytes, *, share: float = 1.0) -> bool:
        """Queue a frame; False, and nothing queued, if `share` of the limit would be exceeded."""
        if self._frames and self._size + len(frame) > self._limit * share:
            return False
        self._frames.append(frame)
        self._size += len(frame)
        self._wake.set()
        return True

    def end(self, error: Exception) -> None:
        """Let `run` raise this once what waits has been sent; the first end counts."""
        self._ending = self._ending or error
        self._wake.set()

    async def send_now(self, frame: bytes) -> None:
        """Send a frame past the queue; only from within `run`'s `on_empty`.

        Raises:
            SlowConsumer: The reader did not take it in time.
        """
        try:
            async with asyncio.timeout(self._slow_seconds):
                await self._send(frame)
        except TimeoutError:
            raise SlowConsumer from None

    async def run(self, on_empty: Callable[[], Awaitable[None]]) -> None:
        """Send for ever. `on_empty` is awaited whenever nothing waits, and may queue or send more.

        Raises:
            SlowConsumer: The reader did not take a frame in time.
            Exception: What `end` was given.
        """
        while True:
            self._wake.clear()
            while self._frames:
                frame = self._frames.popleft()
                self._size -= len(frame)
                await self.send_now(frame)
            if self._ending is not None:
                raise self._ending
            await on_empty()
            if not self._wake.is_set():
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(KEEPALIVE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            self.put(KEEPALIVE)
