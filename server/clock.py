"""Time as an argument: whoever needs it is given a clock."""

from __future__ import annotations

import time
from typing import Protocol

from persistence.interfaces import Micros


class Clock(Protocol):
    """What time it is, and how much of it has passed."""

    def now_us(self) -> Micros:
        """The present instant; may jump when the machine's clock is set."""

    def monotonic(self) -> float:
        """Seconds since some fixed instant; never goes back."""


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> Micros:
        """The present instant."""
        return Micros(time.time_ns() // 1000)

    def monotonic(self) -> float:
        """Seconds since some fixed instant."""
        return time.monotonic()
