"""RTP as bytes from strangers."""

from __future__ import annotations

import random

from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket, wrap_rtx
from hypothesis import given
from hypothesis import strategies as st

from server.media.forwarder.losses import MAX_ASKED, MAX_TRIES, RETRY_SECONDS, Losses
from server.media.forwarder.packets import (
    HeaderWriter,
    is_key_h264,
    is_key_vp8,
    read_extension,
    read_packet,
    unwrap_rtx,
)
from server.media.forwarder.private import AUDIO_LEVEL, MID, SEND_TIME


def _extensions() -> HeaderExtensionsMap:
    known = HeaderExtensionsMap()
    uris = {MID: 1, AUDIO_LEVEL: 2, SEND_TIME: 3}
    known.configure(RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(i, u) for u, i in uris.items()]))
    return known


@given(st.binary(max_size=80))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    """[FW1] Whatever comes is a packet or is not; nothing is raised."""
    for strange in (data, b"\x90" + data, b"\xbf\x60" + data):
        read_extension(strange, 1)
        packet = read_packet(strange, 2)
        if packet is not None:
            unwrap_rtx(packet, 97, 1)
        is_key_vp8(strange)
        is_key_h264(strange)


@given(st.integers(0, 65535), st.integers(0, 2**32 - 1), st.booleans(), st.binary(min_size=1, max_size=200))
def test_a_packet_is_read_as_aiortc_writes_it(number: int, timestamp: int, marked: bool, payload: bytes) -> None:
    """[FW1] [FW2] Padding and extensions go, the payload and the level stay."""
    sent = RtpPacket(96, int(marked), number, timestamp, 77, payload)
    sent.extensions = HeaderExtensions(mid="3", audio_level=(True, 12))
    sent.padding_size = 4
    data = sent.serialize(_extensions())

    read = read_packet(data, 2)

    assert read is not None
    assert (read.sequence_number, read.timestamp, read.marker >> 7, read.ssrc) == (number, timestamp, marked, 77)
    assert (read.payload, read.level) == (payload, 0x80 | 12)
    assert read_extension(data, 1) == b"3"


def test_the_written_header_is_the_readers_own() -> None:
    """[FW2] Its SSRC, payload type, mid and send time; an RTX payload begins with the number."""
    packet = read_packet(RtpPacket(96, 1, 5, 6, 7, b"payload").serialize())
    assert packet is not None
    writer = HeaderWriter("14", 1, send_time_id=3)

    plain = RtpPacket.parse(writer.write(packet, 97, 1000, 2000, 3000, 1.5), _extensions())
    again = RtpPacket.parse(writer.write(packet, 98, 1, 2000, 3001, 1.5, b"\x03\xe8"), _extensions())

    assert (plain.payload_type, plain.sequence_number, plain.timestamp, plain.ssrc) == (97, 1000, 2000, 3000)
    assert (plain.marker, plain.payload, plain.extensions.mid) == (1, b"payload", "14")
    assert plain.extensions.abs_send_time == int(1.5 * 262144)
    assert again.payload == wrap_rtx(plain, 98, 1, 3001).payload


def test_a_repaired_packet_is_the_one_that_was_lost() -> None:
    """[FW1] RTX is taken off."""
    lost = RtpPacket(97, 1, 500, 6, 7, b"payload")
    sent = read_packet(wrap_rtx(lost, 98, 9, 8).serialize())
    assert sent is not None

    back = unwrap_rtx(sent, 97, 7)

    assert back is not None
    assert (back.sequence_number, back.payload, back.ssrc, back.payload_type) == (500, b"payload", 7, 97)


@given(st.integers(0, 0x7FFF), st.booleans(), st.integers(0, 255))
def test_vp8_keyframes_are_known_behind_every_descriptor(picture: int, is_key: bool, index: int) -> None:
    """[FW1] RFC 7741: the descriptor has one to six bytes."""
    for given_ in ({}, {"picture_id": picture}, {"picture_id": picture, "tl0picidx": index, "tid": (1, 0)}):
        head = VpxPayloadDescriptor(partition_start=1, partition_id=0, **given_)
        assert is_key_vp8(bytes(head) + bytes([0x10 if is_key else 0x11])) is is_key


def test_what_is_missing_is_asked_for_until_it_comes_or_is_given_up() -> None:
    """[FW4] Each number at most ten times, 60 ms apart."""
    losses = Losses()
    for number in (65530, 65533, 2):
        losses.arrived(number, 0.0)
    assert losses.due(0.0) == sorted([65531, 65532, 65534, 65535, 0, 1])
    assert losses.due(RETRY_SECONDS / 2) == []
    losses.arrived(65535, 0.05)
    asked = [losses.due(RETRY_SECONDS * step) for step in range(1, 20)]
    assert 65535 not in {number for numbers in asked for number in numbers}
    assert sum(0 in numbers for numbers in asked) == MAX_TRIES - 1
    assert losses.given_up == 5
    assert len(losses) == 0


def test_a_jump_is_a_new_beginning_and_costs_nothing() -> None:
    """[FW4] Numbers of a hostile publisher never make a long list."""
    losses = Losses()
    dice = random.Random(5)
    losses.arrived(0, 0.0)
    assert not losses.arrived(20_000, 0.0)
    for _ in range(5000):
        losses.arrived(dice.randrange(65536), 0.0)
        assert len(losses.due(0.0)) <= MAX_ASKED
        assert len(losses) <= 1024
