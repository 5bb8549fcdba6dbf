"""Which packets of a stream are missing, and when to ask for them again (RFC 4585, generic NACK)."""

from __future__ import annotations

from typing import Final

from server.media.forwarder.packets import Packet

WINDOW: Final = 512
"""Packets kept for sending again, and how far back one is asked for."""
MAX_ASKED: Final = 64
"""Numbers in one request."""
MAX_TRIES: Final = 10
RETRY_SECONDS: Final = 0.06


class Losses:
    """The gaps of one stream."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._missing: dict[int, tuple[float, int]] = {}
        """Number → when to ask next, how often it was asked."""
        self.given_up = 0

    def __len__(self) -> int:
        return len(self._missing)

    def arrived(self, sequence_number: int, now: float) -> bool:
        """[FW4] Note a packet. False: it jumps so far that the stream begins anew."""
        highest = self._highest
        if highest is None:
            self._highest = sequence_number
            return True
        ahead = (sequence_number - highest) & 0xFFFF
        if ahead == 1:
            self._highest = sequence_number
            return True
        if ahead == 0 or ahead >= 0x8000:
            self._missing.pop(sequence_number, None)
            return 0x10000 - ahead <= WINDOW or ahead == 0
        self._highest = sequence_number
        if ahead > WINDOW:
            self._missing.clear()
            return False
        for step in range(1, ahead):
            self._missing[(highest + step) & 0xFFFF] = (now, 0)
        return True

    def due(self, now: float) -> list[int]:
        """[FW4] The numbers to ask for now, at most MAX_ASKED; what was asked for often enough is given up."""
        asked: list[int] = []
        for number, (when, tries) in list(self._missing.items()):
            if tries >= MAX_TRIES or ((self._highest or 0) - number) & 0xFFFF >= WINDOW:
                del self._missing[number]
                self.given_up += 1
            elif when <= now and len(asked) < MAX_ASKED:
                self._missing[number] = (now + RETRY_SECONDS, tries + 1)
                asked.append(number)
        return sorted(asked)

    def forget(self) -> None:
        """Begin anew."""
        self._highest = None
        self._missing.clear()


class History:
    """The last packets of a stream by number."""

    def __init__(self) -> None:
        self._packets: list[Packet | None] = [None] * WINDOW

    def keep(self, packet: Packet) -> bool:
        """[FW4] False: this packet is there already."""
        at = packet.sequence_number % WINDOW
        old = self._packets[at]
        if old is not None and old.sequence_number == packet.sequence_number and old.timestamp == packet.timestamp:
            return False
        self._packets[at] = packet
        return True

    def find(self, sequence_number: int) -> Packet | None:
        """That packet, if it is still there."""
        packet = self._packets[sequence_number % WINDOW]
        return packet if packet is not None and packet.sequence_number == sequence_number else None

    def forget(self) -> None:
        """Drop every packet."""
        self._packets = [None] * WINDOW
