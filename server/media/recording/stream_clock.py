"""RTP timestamps → instants of the room's clock, in microseconds."""

from __future__ import annotations

from typing import Final

from persistence.interfaces import Micros

SECOND: Final = 1_000_000
MAX_DISAGREEMENT: Final = 2 * SECOND
"""If timestamps and arrivals disagree by more, the sender's clock has jumped."""
WINDOW: Final = 5 * SECOND
"""The quickest packet of so long a time tells how the sender's clock runs."""
SLEW: Final = 1000
"""The clock is corrected by no more than one microsecond in so many."""


class StreamClock:
    """The clock of one stream.

    [RC3] The first packet happens when it arrives; from then on timestamps say what lies between frames, across
    their wrap at 32 bits. [RC4] Senders' clocks drift by up to 0.1 s an hour and more: the quickest arrivals correct
    it, slowly. A jump begins anew at the arrival.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last: int | None = None
        self._ticks = 0
        self._offset = 0.0
        self._window_end = 0
        self._quickest = 0.0
        self._aim = 0.0
        self._told = 0

    def instant(self, timestamp: int, arrival: Micros) -> Micros:
        """When a frame happened that arrived just now."""
        media = self._media(timestamp)
        delay = arrival - media
        if abs(delay - self._offset) > MAX_DISAGREEMENT:
            self._offset = self._aim = self._quickest = delay
            self._window_end = arrival + WINDOW
            self._told = arrival
        self._follow(delay, arrival)
        return Micros(round(media + self._offset))

    def _media(self, timestamp: int) -> float:
        if self._last is not None:
            step = (timestamp - self._last) & 0xFFFFFFFF
            self._ticks += step - (1 << 32) if step >= 1 << 31 else step
        self._last = timestamp
        return self._ticks * SECOND / self._rate

    def _follow(self, delay: float, arrival: Micros) -> None:
        self._quickest = min(self._quickest, delay)
        if arrival >= self._window_end:
            self._aim, self._quickest = self._quickest, delay
            self._window_end = arrival + WINDOW
        most = max(0, arrival - self._told) / SLEW
        self._offset += min(max(self._aim - self._offset, -most), most)
        self._told = arrival
