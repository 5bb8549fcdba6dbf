"""How often something may happen: token buckets, one or one per key."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from server.config import Config
from server.errors import RateLimited

MAX_KEYS = 10_000
"""How many keys a table of buckets remembers; the one used least recently is forgotten first."""

SLOT_SECONDS: Final = 1.0
"""After how long to ask again for what runs too often at once; nobody knows when it ends."""


class Monotonic(Protocol):
    """The part of a clock that limits need."""

    def monotonic(self) -> float: ...


class TokenBucket:
    """Lets `burst` things happen at once and `rate` a second in the long run."""

    __slots__ = ("_at", "_burst", "_clock", "_left", "_rate")

    def __init__(self, rate: float, burst: float, clock: Monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._at = clock.monotonic()

    def take(self, n: float = 1) -> float | None:
        """[LI1] Take n, or nothing: None when they were there, else the seconds until they could be.

        [LI2] What exceeds the burst itself is let through when the bucket is full, and is paid off afterwards.
        """
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        needed = min(n, self._burst)
        if self._left >= needed:
            self._left -= n
            return None
        return (needed - self._left) / self._rate


class KeyedLimit:
    """A token bucket for each key (an address, a room), bounded in how many it remembers."""

    def __init__(self, rate: float, burst: float, clock: Monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def bucket(self, key: str) -> TokenBucket:
        """The bucket of a key: the same one for all who ask while it is remembered."""
        bucket = self._buckets.pop(key, None) or TokenBucket(self._rate, self._burst, self._clock)
        self._buckets[key] = bucket
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        return bucket

    def take(self, key: str, n: float = 1) -> None:
        """[LI3] Count something against a key.

        Raises:
            RateLimited: Its bucket is empty.
        """
        retry_after = self.bucket(key).take(n)
        if retry_after is not None:
            raise RateLimited(retry_after)


class KeyedSlots:
    """How many of something may run at once for each key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: Counter[str] = Counter()

    def running(self, key: str) -> int:
        """How many run now."""
        return self._running[key]

    @contextmanager
    def one(self, key: str) -> Iterator[None]:
        """[LI5] Run one more meanwhile.

        Raises:
            RateLimited: As many as may be run already.
        """
        if self._running[key] >= self._most:
            raise RateLimited(SLOT_SECONDS)
        self._running[key] += 1
        try:
            yield
        finally:
            self._running[key] -= 1
            if self._running[key] == 0:
                del self._running[key]


class Limits:
    """The limits of an installation. By address count only failures, new rooms and knocking: many share one."""

    def __init__(self, clock: Monotonic, config: Config) -> None:
        self.frames = KeyedLimit(config.max_frames_per_second, config.frame_burst, clock)
        """Sync frames per person and room, over all of his sockets."""
        self.frame_bytes = KeyedLimit(config.max_bytes_per_second, config.byte_burst, clock)
        """Bytes of sync frames, likewise."""
        self.refused_updates = KeyedLimit(rate=0.2, burst=30, clock=clock)
        """Refused updates per person and room: each costs a new copy of the document to judge the next one by."""
        self.failures = KeyedLimit(rate=0.5, burst=60, clock=clock)
        """Failed authentications per address."""
        self.creations = KeyedLimit(rate=2, burst=200, clock=clock)
        """New rooms per address."""
        self.joins = KeyedLimit(rate=20, burst=500, clock=clock)
        """Joins per room."""
        self.knocks = KeyedLimit(rate=0.1, burst=10, clock=clock)
        """Asking for a token to knock with, per person and room."""
        self.knocking = KeyedLimit(rate=0.5, burst=60, clock=clock)
        """Knocking, per address: it is shown to all who moderate, and new names cost nothing."""
        self.uploads = KeyedLimit(rate=5, burst=200, clock=clock)
        """Uploads per person and room."""
        self.running_uploads = KeyedSlots(config.max_uploads)
        """Uploads that one person has under way, in all rooms."""
        self.erasures = KeyedLimit(rate=1 / 60, burst=20, clock=clock)
        """Erasing somebody's content, per room: the whole history is read for it."""
        self.running_erasures = KeyedSlots(1)
        """Likewise, in all rooms together (under the key "")."""
