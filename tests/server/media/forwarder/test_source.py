"""One incoming stream, on a clock of the test's own."""

from __future__ import annotations

from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket, unpack_remb_fci

from server.media.forwarder.packets import HeaderWriter, Packet, read_packet
from server.media.forwarder.sink import REPEAT_BURST, Sink
from server.media.forwarder.source import KEYFRAME_SECONDS, MAX_BITS_PER_SECOND, Codec, SenderReport, Source

KEY, DELTA = b"\x10\x10key", b"\x10\x11delta"
CODECS = [Codec(97, "VP8", 90_000), Codec(98, "rtx", 90_000, 97)]


class Bench:
    """A source with one sink on it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.upstream: list[RtcpPacket] = []
        self.sent: list[Packet] = []
        self.reports: list[RtcpPacket] = []
        self.source = self.new_source()
        self.sink = Sink(is_video=True, clock=lambda: self.now)
        self.sink.agree(HeaderWriter("1", 1), 900, 97, (901, 98), "cname", self._note, self._note_rtcp)
        self.sink.attach(self.source)

    def new_source(self) -> Source:
        source = Source("camera", clock=lambda: self.now)
        source.agree(CODECS, 50, 1, 0, lambda data: self.upstream.extend(RtcpPacket.parse(data)))
        source.allowed = True
        return source

    def _note(self, data: bytes) -> bool:
        packet = read_packet(data)
        assert packet is not None
        self.sent.append(packet)
        return True

    def _note_rtcp(self, data: bytes) -> None:
        self.reports += RtcpPacket.parse(data)

    def feed(self, *numbers: int, payload: bytes = DELTA, ssrc: int = 50, payload_type: int = 97) -> None:
        for number in numbers:
            self.source.take(Packet(number, number * 3000, 0, payload_type, ssrc, payload))

    def asked(self, fmt: int) -> int:
        return sum(isinstance(p, RtcpPsfbPacket) and p.fmt == fmt for p in self.upstream)


def test_keyframes_are_asked_for_twice_a_second_at_most_and_no_wish_is_lost() -> None:
    """[FW5] A hundred subscribers that ask at once cost the publisher one."""
    bench = Bench()
    for _ in range(100):
        bench.sink.wants_keyframe()
    assert bench.asked(RTCP_PSFB_PLI) == 1
    for _ in range(20):
        bench.now += KEYFRAME_SECONDS / 10
        bench.source.tick()
    assert bench.asked(RTCP_PSFB_PLI) == 2


def test_the_most_that_a_stream_may_take_is_told_whatever_subscribers_say() -> None:
    """[FW6] REMB is the cap."""
    bench = Bench()
    bench.feed(1, payload=KEY)
    bench.source.tick()
    told = [p for p in bench.upstream if isinstance(p, RtcpPsfbPacket) and p.fmt == RTCP_PSFB_APP]
    bits, ssrcs = unpack_remb_fci(told[0].fci)
    assert ssrcs == [50]
    assert abs(bits - MAX_BITS_PER_SECOND) < 50


def test_packets_of_another_codec_or_stream_are_refused() -> None:
    """[FW3] A publisher that changes its codec, or sends garbage, reaches nobody."""
    bench = Bench()
    bench.feed(1, payload=KEY)
    bench.feed(2, 3, payload_type=100)
    bench.feed(2, 3, ssrc=51)
    assert (len(bench.sent), bench.source.refused) == (1, 4)


def test_a_packet_that_comes_twice_is_sent_once() -> None:
    """[FW3] Once by itself and once by RTX, or doubled by the network."""
    bench = Bench()
    bench.feed(1, payload=KEY)
    bench.feed(3, 3)
    bench.source.take(Packet(7, 2 * 3000, 0, 98, 60, b"\x00\x02" + DELTA))
    bench.source.take(Packet(8, 2 * 3000, 0, 98, 60, b"\x00\x02" + DELTA))
    first = bench.sent[0].sequence_number
    assert [p.sequence_number - first for p in bench.sent] == [0, 2, 1]
    assert sum(isinstance(p, RtcpRtpfbPacket) for p in bench.upstream) == 1


def test_a_switch_of_the_source_goes_on_in_numbers_and_clock() -> None:
    """[FW8] From the new one's keyframe on; what comes late from before it is left out."""
    bench = Bench()
    bench.feed(10, payload=KEY)
    bench.feed(11)
    other = bench.new_source()
    bench.now += 1.0
    bench.sink.attach(other)
    for number, payload in ((500, DELTA), (502, KEY), (501, DELTA), (503, DELTA)):
        other.take(Packet(number, number * 3000, 0, 97, 50, payload))
    first = bench.sent[0]
    assert [(p.sequence_number - first.sequence_number) & 0xFFFF for p in bench.sent] == [0, 1, 2, 3]
    passed = (bench.sent[2].timestamp - bench.sent[1].timestamp) & 0xFFFFFFFF
    assert passed == 90_000


def test_a_subscriber_gets_again_what_it_misses_by_rtx_within_a_budget() -> None:
    """[FW4] Its numbers, the source's history; a subscriber that asks without end is not given without end."""
    bench = Bench()
    bench.feed(1, payload=KEY)
    bench.feed(*range(2, 20))
    wanted = bench.sent[5]
    bench.sink.repeat([wanted.sequence_number, (wanted.sequence_number + 20_000) & 0xFFFF])
    again = bench.sent[-1]
    assert (again.ssrc, again.payload_type) == (901, 98)
    assert again.payload == wanted.sequence_number.to_bytes(2, "big") + wanted.payload
    bench.sent.clear()
    for _ in range(1000):
        bench.sink.repeat([wanted.sequence_number])
    assert len(bench.sent) <= REPEAT_BURST


def test_sender_reports_tell_the_outgoing_clock() -> None:
    """[FW7] The same instant of the publisher, in this stream's timestamps."""
    bench = Bench()
    bench.feed(10, payload=KEY)
    bench.source.reported(50, SenderReport(ntp=123 << 32, timestamp=10 * 3000 + 450))
    report = bench.reports[0].sender_info
    assert report.ntp_timestamp == 123 << 32
    assert (report.rtp_timestamp - bench.sent[0].timestamp) & 0xFFFFFFFF == 450


def test_who_gets_the_right_back_starts_at_a_keyframe() -> None:
    """[FW8] [FW9] The numbers that were dropped meanwhile leave no gap."""
    bench = Bench()
    bench.feed(1, payload=KEY)
    bench.source.allowed = False
    bench.feed(*range(2, 2000))
    bench.source.allowed = True
    bench.feed(2000)
    bench.feed(2001, payload=KEY)
    assert [(p.sequence_number - bench.sent[0].sequence_number) & 0xFFFF for p in bench.sent] == [0, 1]
