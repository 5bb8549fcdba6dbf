"""RTP packets in any order → whole encoded frames in order. What is lost is told, never glossed over.

VP8: RFC 7741, H264: RFC 6184 (packetization modes 0 and 1), Opus: RFC 7587 (a packet is a frame).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

from aiortc.codecs.h264 import H264PayloadDescriptor
from aiortc.codecs.vpx import VpxPayloadDescriptor

from persistence.interfaces import Micros

Codec: TypeAlias = Literal["VP8", "H264", "opus"]

WINDOW: Final = {"VP8": 128, "H264": 128, "opus": 16}
"""So many packets are awaited for one that is missing; then it is given up."""
PATIENCE: Final = 500_000
"""And so long, in microseconds: whoever sends again does so sooner."""
MAX_FRAME_BYTES: Final = 4 * 1024 * 1024
MAX_JUMP: Final = 3000
"""Of the sequence numbers: what jumps further begins anew."""
MAX_STRAYS: Final = 100
"""So many packets in a row that come too late are a new beginning, too."""
_IDR: Final = 5
_SPS: Final = 7
_DELIMITER: Final = 9


class Packet(Protocol):
    """What is needed of an RTP packet (RFC 3550), with padding and extensions taken away."""

    @property
    def sequence_number(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def marker(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded frame: VP8 as it is, H264 as Annex B, or an Opus packet.

    Attributes:
        timestamp: In the RTP clock of its sender, 32 bits.
        is_key: It can be decoded alone. Every Opus packet can.
        after_loss: Something between the frame before it and this one is missing.
    """

    timestamp: int
    data: bytes
    is_key: bool
    after_loss: bool


@dataclass(slots=True)
class _Draft:
    """The packets of a frame, as far as they came. `data` None: it lacks its beginning, or is too long."""

    timestamp: int
    data: bytearray | None = field(default_factory=bytearray)


class FrameBuilder:
    """Puts the packets of one stream in order and together. [RC1] Only frames without a gap in them come out."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._waiting: dict[int, Packet] = {}
        self._next: int | None = None
        self._waits_since = Micros(0)
        self._strays = 0
        self._lost = False
        self._after_gap = False
        self._draft: _Draft | None = None

    def push(self, packet: Packet, arrival: Micros) -> Iterator[Frame]:
        """Take a packet; gives the frames that are whole now."""
        if not self._waiting:
            self._waits_since = arrival
        if self._place(packet):
            yield from self._ready(patient=arrival - self._waits_since < PATIENCE)

    def flush(self) -> Iterator[Frame]:
        """The frames that are whole when nothing comes any more."""
        yield from self._ready(patient=False)

    def _ready(self, *, patient: bool) -> Iterator[Frame]:
        while self._waiting:
            assert self._next is not None  # `_place` has set it
            packet_or_none = self._waiting.pop(self._next, None)
            if packet_or_none is None and patient and len(self._waiting) < WINDOW[self.codec]:
                return
            self._next = (self._next + 1) & 0xFFFF
            if packet_or_none is None:
                self._lose()
            else:
                frame, self._after_gap = self._take(packet_or_none), False
                if frame is not None:
                    yield frame

    def _place(self, packet: Packet) -> bool:
        """[RC2] Keep it at its place; False when it comes twice or too late. A jump begins anew, and is a loss."""
        if self._next is None:
            self._next = packet.sequence_number
        ahead = (packet.sequence_number - self._next) & 0xFFFF
        is_late = ahead >= 0x8000
        self._strays = self._strays + 1 if is_late else 0
        if (is_late and self._strays >= MAX_STRAYS) or (not is_late and ahead > MAX_JUMP):
            self._waiting.clear()
            self._lose()
            self._next, self._strays, is_late = packet.sequence_number, 0, False
        if is_late or packet.sequence_number in self._waiting:
            return False
        self._waiting[packet.sequence_number] = packet
        return True

    def _lose(self) -> None:
        self._lost = self._after_gap = True
        if self._draft is not None:
            self._draft.data = None

    def _take(self, packet: Packet) -> Frame | None:
        if not packet.payload:
            return None  # a probe for bandwidth: padding only
        if self.codec == "opus":
            return self._finished(packet.timestamp, packet.payload, is_key=True)
        try:
            begins, data = depacketize(self.codec, packet.payload)
        except ValueError:
            self._lose()
            return None
        if self._after_gap and self.codec == "H264":
            begins = begins and opens_unit(data)  # any slice looks like a beginning
        return self._join(packet, begins, data)

    def _join(self, packet: Packet, begins: bool, data: bytes) -> Frame | None:
        draft = self._draft
        if draft is None or draft.timestamp != packet.timestamp:
            self._lost = self._lost or draft is not None  # the frame before lacks its end
            draft = self._draft = _Draft(packet.timestamp, bytearray() if begins else None)
            self._lost = self._lost or not begins
        if draft.data is not None and len(draft.data) + len(data) > MAX_FRAME_BYTES:
            self._lose()
        if draft.data is not None:
            draft.data += data
        if not packet.marker:
            return None
        self._draft = None
        if draft.data is None:
            self._lost = True
            return None
        whole = bytes(draft.data)
        return self._finished(packet.timestamp, whole, is_key=is_keyframe(self.codec, whole))

    def _finished(self, timestamp: int, data: bytes, *, is_key: bool) -> Frame:
        after_loss, self._lost = self._lost, False
        return Frame(timestamp, data, is_key, after_loss)


def depacketize(codec: Codec, payload: bytes) -> tuple[bool, bytes]:
    """Whether a video frame may begin with this packet, and what it holds of the frame.

    Raises:
        ValueError: It is no payload of this codec.
    """
    if codec == "H264":
        fragment, data = H264PayloadDescriptor.parse(payload)
        return bool(fragment.first_fragment), data
    descriptor, data = VpxPayloadDescriptor.parse(payload)
    return bool(descriptor.partition_start) and descriptor.partition_id == 0, data


def opens_unit(data: bytes) -> bool:
    """Whether an access unit surely begins here: with its delimiter, or with parameter sets."""
    return len(data) > 4 and data[4] & 0x1F in (_DELIMITER, _SPS)


def is_keyframe(codec: Codec, data: bytes) -> bool:
    """Whether a whole frame can be decoded alone (RFC 6386 §9.1; H264: it has an IDR slice)."""
    if codec == "VP8":
        return len(data) >= 10 and not data[0] & 1 and data[3:6] == b"\x9d\x01\x2a"
    return codec == "opus" or any(unit and unit[0] & 0x1F == _IDR for unit in data.split(b"\0\0\1")[1:])
