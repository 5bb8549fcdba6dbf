"""One outgoing stream: the packets of whichever source it is attached to, as one continuous stream of its own."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable, Iterable
from typing import Final

from aiortc import rtp

from server.media.forwarder.packets import HeaderWriter, Packet
from server.media.forwarder.source import SenderReport, Source

REPEAT_BURST: Final = 300
REPEATS_PER_SECOND: Final = 300.0
"""So many packets are sent again to one reader, at once and in the long run."""
_NUMBER: Final = struct.Struct("!H")


class Sink:
    """A stream to one subscriber. It is a Tap of its source, which may be switched at any time."""

    def __init__(self, *, is_video: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_video = is_video
        self.source: Source | None = None
        self.packets = self.octets = self.repeated = 0
        self.fraction_lost = 0
        self._clock = clock
        self._rate = 90_000 if is_video else 48_000
        self._wants_key = is_video
        self._shift: int | None = None
        """What is added to the source's sequence numbers; None until its first packet."""
        self._time_shift = 0
        self._first = self._next = random.randrange(32768)
        self._last_timestamp = 0
        self._last_at = 0.0
        self._repair_next = random.randrange(32768)
        self._budget = (float(REPEAT_BURST), 0.0)
        self._send: Callable[[bytes], bool] | None = None
        self._send_rtcp: Callable[[bytes], None] = lambda data: None
        self._writer: HeaderWriter
        self._ssrc = self._repair_ssrc = self._payload_type = self._repair_type = 0
        self._cname = b""

    def agree(
        self, writer: HeaderWriter, ssrc: int, payload_type: int, repair: tuple[int, int] | None, cname: str,
        send: Callable[[bytes], bool], send_rtcp: Callable[[bytes], None],
    ) -> None:  # fmt: skip
        """Take what was negotiated; nothing is sent before. `repair`: SSRC and payload type of RTX."""
        self._writer, self._ssrc, self._payload_type = writer, ssrc, payload_type
        self._repair_ssrc, self._repair_type = repair or (0, 0)
        self._cname, self._send, self._send_rtcp = cname.encode()[:255], send, send_rtcp
        if self.source is not None:
            self.source.request_keyframe()

    def attach(self, source: Source | None) -> None:
        """[FW8] Send another source's packets from its next keyframe on, or nothing."""
        if source is self.source:
            return
        if self.source is not None:
            self.source.untap(self)
        self.source, self._shift, self._wants_key = source, None, self.is_video
        if source is not None:
            source.tap(self)
            source.request_keyframe()

    def packet(self, packet: Packet) -> None:
        """[FW8] Send it on. Video starts at a keyframe; what comes late from before that is left out."""
        send = self._send
        if send is None:
            return
        now = self._clock()
        shift = self._shift
        if shift is None or self._wants_key:
            if self._wants_key and not packet.is_key:
                if self.source is not None:
                    self.source.request_keyframe()
                return
            shift = self._join(packet, now)
        number = (packet.sequence_number + shift) & 0xFFFF
        behind = (self._next - 1 - number) & 0xFFFF
        if behind < 0x8000 and behind > ((self._next - 1 - self._first) & 0xFFFF):
            return
        timestamp = (packet.timestamp + self._time_shift) & 0xFFFFFFFF
        send(self._writer.write(packet, self._payload_type, number, timestamp, self._ssrc, now))
        self.packets += 1
        self.octets += len(packet.payload)
        if behind >= 0x8000:
            self._next, self._last_timestamp, self._last_at = (number + 1) & 0xFFFF, timestamp, now
            if (number - self._first) & 0xFFFF > 0x4000:
                self._first = (number - 0x2000) & 0xFFFF

    def _join(self, packet: Packet, now: float) -> int:
        """Continue the numbers and the clock of the stream with another source's, or after a pause."""
        self._wants_key = False
        if self._shift is not None:
            return self._shift
        self._first = self._next
        self._shift = (self._next - packet.sequence_number) & 0xFFFF
        if self.packets:
            passed = max(1, int((now - self._last_at) * self._rate))
            self._time_shift = (self._last_timestamp + passed - packet.timestamp) & 0xFFFFFFFF
        return self._shift

    def reported(self, report: SenderReport) -> None:
        """[FW7] Pass the publisher's report on in this stream's clock, so that lips stay in step with what is said."""
        if self._send is None or self._shift is None:
            return
        info = rtp.RtcpSenderInfo(
            ntp_timestamp=report.ntp, rtp_timestamp=(report.timestamp + self._time_shift) & 0xFFFFFFFF,
            packet_count=self.packets & 0xFFFFFFFF, octet_count=self.octets & 0xFFFFFFFF,
        )  # fmt: skip
        who = rtp.RtcpSourceInfo(ssrc=self._ssrc, items=[(1, self._cname)])
        self._send_rtcp(
            bytes(rtp.RtcpSrPacket(ssrc=self._ssrc, sender_info=info)) + bytes(rtp.RtcpSdesPacket(chunks=[who]))
        )

    def restarted(self) -> None:
        """Its source begins anew: go on with the next keyframe."""
        self._shift, self._wants_key = None, self.is_video

    def ended(self) -> None:
        """Its source is no more."""
        self.source = None
        self._shift = None

    def repeat(self, numbers: Iterable[int]) -> None:
        """[FW4] Send packets again that the subscriber misses, within a budget; by RTX where it was agreed."""
        source, shift, send = self.source, self._shift, self._send
        if source is None or shift is None or send is None:
            return
        for number in numbers:
            packet = source.history.find((number - shift) & 0xFFFF)
            if packet is None or ((number - self._first) & 0xFFFF) >= 0x8000:
                continue
            now = self._clock()
            if not self._may_repeat(now):
                return
            self._send_again(packet, number, now, send)

    def _may_repeat(self, now: float) -> bool:
        left, since = self._budget
        left = min(float(REPEAT_BURST), left + (now - since) * REPEATS_PER_SECOND)
        self._budget = (left - 1 if left >= 1 else left, now)
        return left >= 1

    def _send_again(self, packet: Packet, number: int, now: float, send: Callable[[bytes], bool]) -> None:
        timestamp = (packet.timestamp + self._time_shift) & 0xFFFFFFFF
        self.repeated += 1
        if not self._repair_type:
            send(self._writer.write(packet, self._payload_type, number, timestamp, self._ssrc, now))
            return
        repair, self._repair_next = self._repair_next, (self._repair_next + 1) & 0xFFFF
        send(
            self._writer.write(
                packet, self._repair_type, repair, timestamp, self._repair_ssrc, now, _NUMBER.pack(number)
            )
        )

    def wants_keyframe(self) -> None:
        """The subscriber asks for one (PLI, FIR)."""
        if self.source is not None:
            self.source.request_keyframe()
