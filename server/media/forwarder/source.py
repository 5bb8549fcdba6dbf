"""One incoming stream: its packets, once each, to whoever taps it, and what its publisher is told in return."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from aiortc import rtp
from aiortc.rtcrtpreceiver import StreamStatistics

from server.media.forwarder.losses import History, Losses
from server.media.forwarder.packets import Packet, is_key_h264, is_key_vp8, unwrap_rtx

Kind: TypeAlias = Literal["mic", "camera", "screen", "sound"]
"""`sound` is a screen's."""
KINDS: Final[tuple[Kind, ...]] = ("mic", "camera", "screen", "sound")
"""In the order of the sections of a publishing connection."""
KEYFRAME_SECONDS: Final = 0.5
"""A publisher is asked for a keyframe no more often than this."""
REPORT_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 5.0
"""After so long another SSRC may go on with a stream whose SSRC was never agreed."""
MAX_BITS_PER_SECOND: Final = 2_500_000
_KEY_TESTS: Final = {"VP8": is_key_vp8, "H264": is_key_h264}


class Codec(NamedTuple):
    """An agreed payload type. `repairs`: of the codec whose packets this one sends again (RTX), 0 for media."""

    payload_type: int
    name: str
    clock_rate: int
    repairs: int = 0


class SenderReport(NamedTuple):
    """What ties a stream's clock to its publisher's (RFC 3550, 6.4.1). `ntp` is 32.32 fixed point."""

    ntp: int
    timestamp: int


class Tap(Protocol):
    """Somebody who gets the packets of a source, as they arrive: not in order, with gaps."""

    def packet(self, packet: Packet) -> None:
        """Take a packet; it is shared, never change it."""

    def reported(self, report: SenderReport) -> None:
        """Learn how the stream's clock and its publisher's belong together."""

    def restarted(self) -> None:
        """Sequence numbers and timestamps begin anew with the next packet."""

    def ended(self) -> None:
        """No packet will come any more."""


class Source:
    """What one participant sends of one kind. Ask `request_keyframe` and add a Tap to record or forward it."""

    def __init__(self, kind: Kind, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.kind = kind
        self.is_video = kind in {"camera", "screen"}
        self.codec: Codec | None = None
        self.history = History()
        self.ssrc: int | None = None
        self.level_id = 0
        self.received = self.refused = self.repaired = self.keyframe_requests = 0
        self._allowed = False
        self._agreed = False
        self._clock = clock
        self._codecs: dict[int, Codec] = {}
        self._taps: list[Tap] = []
        self._losses = Losses()
        self._statistics: StreamStatistics | None = None
        self._send: Callable[[bytes], None] = lambda data: None
        self._own_ssrc = 0
        self._last_packet = self._last_request = self._next_report = float("-inf")
        self._wants_keyframe = False
        self._last_report: tuple[int, float] | None = None

    @property
    def is_flowing(self) -> bool:
        """Whether packets came lately."""
        return self._allowed and self._clock() - self._last_packet < SILENT_SECONDS

    @property
    def allowed(self) -> bool:
        """[FW9] Whether the publisher may send this; what comes while he may not is dropped."""
        return self._allowed

    @allowed.setter
    def allowed(self, allowed: bool) -> None:
        if allowed == self._allowed:
            return
        self._allowed = allowed
        self._restart()

    def agree(
        self, codecs: Sequence[Codec], ssrc: int | None, own_ssrc: int, level_id: int, send: Callable[[bytes], None]
    ) -> None:
        """Take what was negotiated: payload types, the stream's SSRC (None: the first that comes), how to answer."""
        self._codecs = {codec.payload_type: codec for codec in codecs}
        self.codec = next((codec for codec in codecs if not codec.repairs), None)
        self.ssrc = ssrc if ssrc is not None else self.ssrc
        self._agreed = ssrc is not None
        self._own_ssrc, self.level_id, self._send = own_ssrc, level_id, send

    def tap(self, tap: Tap) -> None:
        """Give every packet from now on to it."""
        self._taps.append(tap)

    def untap(self, tap: Tap) -> None:
        """Give it no more."""
        if tap in self._taps:
            self._taps.remove(tap)

    def take(self, packet: Packet) -> None:
        """[FW3] Pass a packet on, once; what was not agreed or is not allowed is refused."""
        codec = self._codecs.get(packet.payload_type)
        if codec is None or not self._allowed:
            self.refused += 1
            return
        if codec.repairs:
            media = unwrap_rtx(packet, codec.repairs, self.ssrc or 0)
            if media is None or media.payload_type not in self._codecs:
                return
            self.repaired += 1
            packet = media
        elif not self._is_own(packet.ssrc):
            self.refused += 1
            return
        self._count(packet, codec)
        if packet.payload:
            self._pass_on(packet)

    def _is_own(self, ssrc: int) -> bool:
        if ssrc == self.ssrc:
            return True
        if self._agreed or (self.ssrc is not None and self._clock() - self._last_packet < SILENT_SECONDS):
            return False
        self.ssrc, self._statistics = ssrc, None
        self._restart()
        return True

    def _restart(self) -> None:
        self._losses.forget()
        self.history.forget()
        for tap in self._taps:
            tap.restarted()
        self.request_keyframe()

    def _count(self, packet: Packet, codec: Codec) -> None:
        now = self._last_packet = self._clock()
        self.received += 1
        if not codec.repairs:
            if self._statistics is None:
                self._statistics = StreamStatistics(codec.clock_rate)
            self._statistics.add(packet)  # type: ignore[arg-type]
        if not self.is_video:
            return
        if not self._losses.arrived(packet.sequence_number, now):
            self._restart()
        elif self._losses:
            self._ask_again(now)

    def _pass_on(self, packet: Packet) -> None:
        if self.is_video:
            if not self.history.keep(packet):
                return
            codec = self.codec
            if codec is not None and _KEY_TESTS[codec.name](packet.payload):
                packet.is_key = True
                self._wants_keyframe = False
        for tap in self._taps:
            tap.packet(packet)

    def request_keyframe(self) -> None:
        """[FW5] Ask the publisher for one: at most one request in KEYFRAME_SECONDS, a later one is not lost."""
        if self.is_video and self._allowed:
            self._wants_keyframe = True
            self._send_request(self._clock())

    def _send_request(self, now: float) -> None:
        if self.ssrc is None or now - self._last_request < KEYFRAME_SECONDS:
            return
        self._last_request, self._wants_keyframe = now, False
        self.keyframe_requests += 1
        self._send(bytes(rtp.RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_PLI, ssrc=self._own_ssrc, media_ssrc=self.ssrc)))

    def reported(self, ssrc: int, report: SenderReport) -> None:
        """[FW7] Take the publisher's sender report, and pass it on."""
        if ssrc == self.ssrc and self._allowed:
            self._last_report = ((report.ntp >> 16) & 0xFFFFFFFF, self._clock())
            for tap in self._taps:
                tap.reported(report)

    def tick(self) -> None:
        """What has to be said now: keyframe requests that waited, what is still missing, receiver reports."""
        now = self._clock()
        if not self._allowed:
            return
        if self._wants_keyframe:
            self._send_request(now)
        if self._losses:
            self._ask_again(now)
        if now >= self._next_report and self._statistics is not None and self.ssrc is not None:
            self._next_report = now + REPORT_SECONDS
            self._report(self._statistics, self.ssrc, now)

    def _ask_again(self, now: float) -> None:
        given_up = self._losses.given_up
        lost = self._losses.due(now)
        if lost:
            self._send(
                bytes(
                    rtp.RtcpRtpfbPacket(
                        fmt=rtp.RTCP_RTPFB_NACK, ssrc=self._own_ssrc, media_ssrc=self.ssrc or 0, lost=lost
                    )
                )
            )
        if self._losses.given_up != given_up:
            self.request_keyframe()

    def _report(self, seen: StreamStatistics, ssrc: int, now: float) -> None:
        last, delay = (0, 0.0) if self._last_report is None else (self._last_report[0], now - self._last_report[1])
        highest = (seen.cycles + (seen.max_seq or 0)) & 0xFFFFFFFF
        info = rtp.RtcpReceiverInfo(
            ssrc=ssrc, fraction_lost=seen.fraction_lost, packets_lost=seen.packets_lost,
            highest_sequence=highest, jitter=seen.jitter & 0xFFFFFFFF, lsr=last,
            dlsr=int(min(delay, 65535) * 65536),
        )  # fmt: skip
        data = bytes(rtp.RtcpRrPacket(ssrc=self._own_ssrc, reports=[info]))
        if self.is_video:
            data += self._most_bits(ssrc)
        self._send(data)

    def _most_bits(self, ssrc: int) -> bytes:
        """[FW6] REMB: what a stream may take at most, never what its slowest receiver can take."""
        fci = rtp.pack_remb_fci(MAX_BITS_PER_SECOND, [ssrc])
        return bytes(rtp.RtcpPsfbPacket(fmt=rtp.RTCP_PSFB_APP, ssrc=self._own_ssrc, media_ssrc=0, fci=fci))

    def close(self) -> None:
        """Tell everybody that nothing comes any more."""
        taps, self._taps = self._taps, []
        self._allowed = False
        for tap in taps:
            tap.ended()
