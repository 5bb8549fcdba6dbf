"""A clock that stands until it is moved."""

from __future__ import annotations

from persistence.interfaces import Micros


class StandingClock:
    """See `server.clock.Clock`."""

    def __init__(self, seconds: float = 1_800_000_000.0) -> None:
        self.seconds = seconds

    def now_us(self) -> Micros:
        return Micros(int(self.seconds * 1_000_000))

    def monotonic(self) -> float:
        return self.seconds
