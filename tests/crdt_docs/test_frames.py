"""Frames of the y-websocket protocol, from bytes to values and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crdt_docs.errors import MalformedFrame, UpdateTooLarge
from crdt_docs.frames import (
    MAX_AWARENESS_BYTES,
    MAX_AWARENESS_ENTRIES,
    MAX_FRAME_BYTES,
    Awareness,
    AwarenessEntry,
    Extension,
    Frame,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    decode_frame,
    encode_awareness,
    encode_extension,
    encode_permission_denied,
    encode_sync_step1,
    encode_sync_step2,
    encode_update,
)
from crdt_docs.ids import ClientId
from tests.crdt_docs.wire import text, varint

numbers = st.integers(0, 2**53 - 1)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
entries = st.builds(
    AwarenessEntry, numbers.map(ClientId), numbers, st.none() | st.dictionaries(st.text(), json_values, max_size=4)
)
frames = st.one_of(
    st.binary(max_size=300).map(SyncStep1),
    st.binary(max_size=300).map(SyncStep2),
    st.binary(max_size=300).map(Update),
    st.lists(entries, max_size=5).map(lambda found: Awareness(tuple(found))),
    st.just(QueryAwareness()),
    st.text().map(Extension),
)


def encode(frame: Frame) -> bytes:
    match frame:
        case SyncStep1(state_vector):
            return encode_sync_step1(state_vector)
        case SyncStep2(update):
            return encode_sync_step2(update)
        case Update(update):
            return encode_update(update)
        case Awareness(found):
            return encode_awareness(found)
        case QueryAwareness():
            return b"\x03"
        case Extension(json_text):
            return encode_extension(json_text)


def awareness(*found: tuple[int, int, str]) -> bytes:
    body = varint(len(found)) + b"".join(varint(client) + varint(clock) + text(state) for client, clock, state in found)
    return b"\x01" + varint(len(body)) + body


class TestRoundTrip:
    @given(frames)
    def test_every_frame_comes_back(self, frame: Frame) -> None:
        """[FR1, FR2, FR6, FR7]"""
        assert decode_frame(encode(frame)) == frame

    @pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_000_000])
    def test_updates_of_every_size_come_back(self, size: int) -> None:
        """[FR2]"""
        assert decode_frame(encode_update(bytes(size))) == Update(bytes(size))

    def test_the_bytes_are_those_of_y_protocols(self) -> None:
        """[FR1, FR2] As the y-websocket provider writes them."""
        assert encode_sync_step1(b"\x00") == b"\x00\x00\x01\x00"
        assert encode_sync_step2(b"\x00\x00") == b"\x00\x01\x02\x00\x00"
        assert encode_update(b"\x00\x00") == b"\x00\x02\x02\x00\x00"
        assert encode_awareness([AwarenessEntry(ClientId(300), 1, None)]) == b"\x01\x09\x01\xac\x02\x01\x04null"
        assert encode_permission_denied("no") == b"\x02\x00\x02no"

    def test_awareness_that_json_cannot_hold_is_not_sent(self) -> None:
        """[FR6]"""
        with pytest.raises(ValueError, match="JSON"):
            encode_awareness([AwarenessEntry(ClientId(1), 1, {"x": float("nan")})])


class TestRefusing:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x00",
            b"\x00\x02",
            b"\x00\x02\x05ab",
            b"\x00\x02\x01ab",
            b"\x00\x03\x00",
            b"\x00\x02\x80",
            b"\x03\x00",
            b"\x64",
            b"\x64\x01{}",
            b"\x64\x01\xff",
        ],
    )
    def test_frames_whose_lengths_or_types_are_wrong(self, data: bytes) -> None:
        """[FR2, FR3, FR7]"""
        with pytest.raises(MalformedFrame):
            decode_frame(data)

    @pytest.mark.parametrize("kind", [2, 4, 99, 101, 127, 128, 255])
    def test_types_that_no_client_sends(self, kind: int) -> None:
        """[FR1]"""
        for body in (b"", b"\x00", b"\x00\x00"):
            with pytest.raises(MalformedFrame):
                decode_frame(bytes((kind,)) + body)

    @pytest.mark.parametrize(
        "length", [b"\xff" * 8 + b"\x01", b"\x80" * 8 + b"\x00", b"\xff" * 7 + b"\x7f", b"\xff" * 7 + b"\x0f"]
    )
    def test_numbers_that_are_too_large(self, length: bytes) -> None:
        """[FR4] The last is 2**53 - 1, a number but no length that fits."""
        for head in (b"\x00\x02", b"\x01", b"\x64"):
            with pytest.raises(MalformedFrame):
                decode_frame(head + length + b"abc")

    def test_frames_that_are_too_large(self) -> None:
        """[FR5]"""
        largest = encode_update(bytes(MAX_FRAME_BYTES - 6))
        assert len(largest) == MAX_FRAME_BYTES
        assert decode_frame(largest)
        with pytest.raises(UpdateTooLarge):
            decode_frame(encode_update(bytes(MAX_FRAME_BYTES - 5)))
        with pytest.raises(UpdateTooLarge):
            decode_frame(awareness((1, 1, '"' + "x" * MAX_AWARENESS_BYTES + '"')))

    def test_more_awareness_than_a_room_has(self) -> None:
        """[FR6]"""
        many = [(client, 1, "null") for client in range(MAX_AWARENESS_ENTRIES + 1)]

        assert decode_frame(awareness(*many[:-1]))
        with pytest.raises(MalformedFrame):
            decode_frame(awareness(*many))

    @pytest.mark.parametrize(
        "state",
        [
            "",
            "[]",
            "1",
            '"x"',
            "true",
            "{",
            "{}x",
            '{"a":NaN}',
            '{"a":1e999}',
            '{"a":-Infinity}',
            "{'a':1}",
            '{"a":"\\ud800"}',
            '{"a":' * 101 + "1" + "}" * 101,
            "[" * 20_000,
        ],
    )
    def test_awareness_that_is_no_json_object(self, state: str) -> None:
        """[FR6]"""
        with pytest.raises(MalformedFrame):
            decode_frame(awareness((1, 1, state)))

    def test_awareness_that_is_cut_or_goes_on(self) -> None:
        """[FR3]"""
        whole = awareness((300, 1, '{"a":1}'), (1, 2**40, "null"))
        body = whole[2:]

        assert decode_frame(whole)
        for end in range(len(body)):
            with pytest.raises(MalformedFrame):
                decode_frame(b"\x01" + varint(end) + body[:end])
        with pytest.raises(MalformedFrame):
            decode_frame(b"\x01" + varint(len(body) + 1) + body + b"\x00")

    @given(st.binary(max_size=100))
    @example(b"\x01\x02\x01\x80")
    def test_any_bytes_without_another_exception(self, data: bytes) -> None:
        """[FR8]"""
        decodes_or_is_malformed(data)

    @given(frames, st.data())
    def test_any_mutation_without_another_exception(self, frame: Frame, draw: Any) -> None:
        """[FR8]"""
        data = bytearray(encode(frame))
        for _ in range(draw.draw(st.integers(1, 4))):
            at = draw.draw(st.integers(0, len(data)))
            data[at : at + draw.draw(st.integers(0, 2))] = draw.draw(st.binary(max_size=2))

        decodes_or_is_malformed(bytes(data))


def decodes_or_is_malformed(data: bytes) -> None:
    try:
        frame = decode_frame(data)
    except MalformedFrame:
        return
    assert decode_frame(encode(frame)) == frame
