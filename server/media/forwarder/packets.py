"""RTP packets as bytes (RFC 3550, 8285, 4588): read with every bound checked, and written under another header."""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = struct.Struct("!BBHLL")
HEADER_BYTES: Final = 12
_ONE_BYTE_PROFILE: Final = 0xBEDE
_KEY_NAL_UNITS: Final = frozenset({5, 7})
"""H264: a slice of an IDR picture, and the parameters that come before one."""


class Packet:
    """An RTP packet whose payload is still encoded. `level` is the byte of RFC 6464, -1 where there is none."""

    __slots__ = ("is_key", "level", "marker", "payload", "payload_type", "sequence_number", "ssrc", "timestamp")

    def __init__(
        self, sequence_number: int, timestamp: int, marker: int, payload_type: int, ssrc: int, payload: bytes,
        level: int = -1,
    ) -> None:  # fmt: skip
        """`marker` is 0 or 128, as it stands in the second byte."""
        self.sequence_number = sequence_number
        self.timestamp = timestamp
        self.marker = marker
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.payload = payload
        self.level = level
        self.is_key = False


def read_packet(data: bytes, level_id: int = 0) -> Packet | None:
    """[FW1] Read a packet; None if it is not one. One that only pads has an empty payload.

    Args:
        level_id: The id of the audio level's extension, 0 if it was not agreed.
    """
    if len(data) < HEADER_BYTES or data[0] >> 6 != 2:
        return None
    first, second, sequence_number, timestamp, ssrc = _HEADER.unpack_from(data)
    start, end = HEADER_BYTES + 4 * (first & 15), len(data)
    level = -1
    if first & 16:
        if start + 4 > end:
            return None
        after = start + 4 + 4 * ((data[start + 2] << 8) | data[start + 3])
        if after > end:
            return None
        if level_id and (value := _extension(data, start, after, level_id)):
            level = value[0]
        start = after
    if first & 32:
        end -= data[-1]
    if start > end:
        return None
    return Packet(sequence_number, timestamp, second & 128, second & 127, ssrc, data[start:end], level)


def read_extension(data: bytes, wanted: int) -> bytes | None:
    """[FW1] The value of a header extension (RFC 8285, one-byte form), None if the packet has none of that id."""
    if len(data) < HEADER_BYTES or not data[0] & 16:
        return None
    start = HEADER_BYTES + 4 * (data[0] & 15)
    if start + 4 > len(data):
        return None
    after = start + 4 + 4 * ((data[start + 2] << 8) | data[start + 3])
    return _extension(data, start, after, wanted) if after <= len(data) else None


def _extension(data: bytes, start: int, after: int, wanted: int) -> bytes | None:
    if (data[start] << 8) | data[start + 1] != _ONE_BYTE_PROFILE:
        return None
    at = start + 4
    while at < after:
        head = data[at]
        if head == 0:
            at += 1
            continue
        length = (head & 15) + 1
        if head >> 4 == wanted:
            return data[at + 1 : at + 1 + length] if at + 1 + length <= after else None
        at += 1 + length
    return None


def unwrap_rtx(packet: Packet, payload_type: int, ssrc: int) -> Packet | None:
    """[FW1] The packet that is sent again (RFC 4588), None if this one only pads."""
    if len(packet.payload) <= 2:
        return None
    number = (packet.payload[0] << 8) | packet.payload[1]
    return Packet(number, packet.timestamp, packet.marker, payload_type, ssrc, packet.payload[2:], packet.level)


def is_key_vp8(payload: bytes) -> bool:
    """[FW1] Whether a payload begins a VP8 key frame (RFC 7741, section 4)."""
    if not payload or not payload[0] & 0x10 or payload[0] & 7:
        return False
    at = 1
    if payload[0] & 0x80:
        if len(payload) < 3:
            return False
        bits = payload[1]
        at = 2
        if bits & 0x80:
            at += 2 if payload[2] & 0x80 else 1
        at += bool(bits & 0x40) + bool(bits & 0x30)
    return len(payload) > at and not payload[at] & 1


def is_key_h264(payload: bytes) -> bool:
    """[FW1] Whether a payload begins an H264 key frame (RFC 6184, packetization modes 0 and 1)."""
    if len(payload) < 2:
        return False
    kind = payload[0] & 31
    if kind == 24:
        return len(payload) > 3 and payload[3] & 31 in _KEY_NAL_UNITS
    if kind == 28:
        return bool(payload[1] & 0x80) and payload[1] & 31 in _KEY_NAL_UNITS
    return kind in _KEY_NAL_UNITS


class HeaderWriter:
    """Writes the headers of one outgoing stream: its own SSRC and extensions, never what the publisher wrote."""

    def __init__(self, mid: str, mid_id: int, *, send_time_id: int = 0, level_id: int = 0) -> None:
        """[FW2] Ids are those of the agreed extensions, 0 where there is none."""
        block = bytearray(_element(mid_id, mid.encode()) if mid_id else b"")
        self._send_time = self._level = 0
        if send_time_id:
            self._send_time = 5 + len(block)
            block += _element(send_time_id, bytes(3))
        if level_id:
            self._level = 5 + len(block)
            block += _element(level_id, b"\x7f")
        block += bytes(-len(block) % 4)
        self._block = bytearray(struct.pack("!HH", _ONE_BYTE_PROFILE, len(block) // 4) + block if block else b"")
        self._first = 0x90 if block else 0x80

    def write(
        self, packet: Packet, payload_type: int, sequence_number: int, timestamp: int, ssrc: int, now: float,
        prefix: bytes = b"",
    ) -> bytes:  # fmt: skip
        """The packet under another header; `now` in seconds fills in abs-send-time (6.18 fixed point)."""
        block = self._block
        if at := self._send_time:
            at_now = int(now * 262144) & 0xFFFFFF
            block[at], block[at + 1], block[at + 2] = at_now >> 16, at_now >> 8 & 255, at_now & 255
        elif self._level:
            block[self._level] = packet.level if packet.level >= 0 else 127
        head = _HEADER.pack(self._first, packet.marker | payload_type, sequence_number, timestamp, ssrc)
        return b"".join((head, block, prefix, packet.payload))


def _element(wanted: int, value: bytes) -> bytes:
    return bytes(((wanted << 4) | (len(value) - 1),)) + value
