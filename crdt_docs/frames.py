"""The bytes of y-websocket frames, as values: y-protocols 1.0 (sync, awareness, auth) plus our type 100.

A frame is `type: varint, body`; varints are lib0's (7 bits a byte, low first, at most 2**53 - 1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Never, TypeAlias

from crdt_docs.errors import MalformedFrame, UpdateTooLarge
from crdt_docs.ids import ClientId
from crdt_docs.lib0 import read_varint, varint
from crdt_docs.strict_json import parse_json

MAX_FRAME_BYTES = 16 * 1024 * 1024
MAX_AWARENESS_BYTES = 1024 * 1024
MAX_AWARENESS_ENTRIES = 1000

_SYNC, _AWARENESS, _AUTH, _QUERY_AWARENESS, _EXTENSION = 0, 1, 2, 3, 100
_STEP_1, _STEP_2, _UPDATE = 0, 1, 2
_PERMISSION_DENIED = 0


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """A request for what the sender misses; the state vector is not decoded yet."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """The answer to a step 1: everything the other side missed, as one update that is not decoded yet."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """A change made just now; not decoded yet."""

    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    """What one client says about itself; `state` None says that it has left."""

    client: ClientId
    clock: int
    state: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Awareness:
    """Ephemeral states, in the order sent; one client may appear twice."""

    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """A request for everybody's awareness."""


@dataclass(frozen=True, slots=True)
class Extension:
    """Type 100: a JSON text of our own, not parsed here."""

    text: str


Frame: TypeAlias = SyncStep1 | SyncStep2 | Update | Awareness | QueryAwareness | Extension


def decode_frame(data: bytes) -> Frame:
    """Decode one frame that a client sent; the bytes inside sync frames stay undecoded.

    Raises:
        UpdateTooLarge: More than `MAX_FRAME_BYTES`, or an awareness frame of more than `MAX_AWARENESS_BYTES`.
        MalformedFrame: Anything else that is wrong, trailing bytes included (FR1 to FR8).
    """
    size = len(data)
    if size > MAX_FRAME_BYTES:
        raise UpdateTooLarge(size, MAX_FRAME_BYTES)
    try:
        kind = data[0]
        if kind == _SYNC:
            return _decode_sync(data, size)
        if kind == _AWARENESS:
            return _decode_awareness(data)
        if kind == _QUERY_AWARENESS:
            if size != 1:
                _refuse_length(1, size)
            return QueryAwareness()
        if kind == _EXTENSION:
            length, start = read_varint(data, 1)
            if start + length != size:
                _refuse_length(start + length, size)
            return Extension(data[start:].decode())
    except IndexError:
        raise MalformedFrame("The frame ends too early.") from None
    except UnicodeDecodeError:
        raise MalformedFrame("A text in the frame is not UTF-8.") from None
    except ValueError as error:
        raise MalformedFrame(str(error)) from None
    raise MalformedFrame("The frame has a type that a client does not send.")


def encode_sync_step1(state_vector: bytes) -> bytes:
    """Ask for what is missing beyond `state_vector` (encoded, v1)."""
    return b"\x00\x00" + varint(len(state_vector)) + state_vector


def encode_sync_step2(update: bytes) -> bytes:
    """Answer a step 1 with an update (v1)."""
    return b"\x00\x01" + varint(len(update)) + update


def encode_update(update: bytes) -> bytes:
    """Announce an update (v1)."""
    return b"\x00\x02" + varint(len(update)) + update


def encode_awareness(entries: Iterable[AwarenessEntry]) -> bytes:
    """Announce awareness states, in the order given.

    Raises:
        ValueError: A state holds what JSON has no form for (NaN, infinity).
    """
    parts = [b""]
    for entry in entries:
        state = _to_json(entry.state).encode()
        parts.append(varint(entry.client) + varint(entry.clock) + varint(len(state)) + state)
    parts[0] = varint(len(parts) - 1)
    body = b"".join(parts)
    return b"\x01" + varint(len(body)) + body


def encode_permission_denied(reason: str) -> bytes:
    """Tell an unmodified provider that it may not write (y-protocols auth message)."""
    text = reason.encode()
    return bytes((_AUTH, _PERMISSION_DENIED)) + varint(len(text)) + text


def encode_extension(json_text: str) -> bytes:
    """Tell a client that asked for `ext=1` something of ours; `json_text` is one JSON object."""
    text = json_text.encode()
    return bytes((_EXTENSION,)) + varint(len(text)) + text


def _decode_sync(data: bytes, size: int) -> SyncStep1 | SyncStep2 | Update:
    step = data[1]
    length = data[2]
    start = 3
    if length > 127:
        length, start = read_varint(data, 2)
    if start + length != size:
        _refuse_length(start + length, size)
    if step == _UPDATE:
        return Update(data[start:])
    if step == _STEP_2:
        return SyncStep2(data[start:])
    if step == _STEP_1:
        return SyncStep1(data[start:])
    raise MalformedFrame("The frame has an unknown sync type.")


def _decode_awareness(data: bytes) -> Awareness:
    size = len(data)
    if size > MAX_AWARENESS_BYTES:
        raise UpdateTooLarge(size, MAX_AWARENESS_BYTES)
    length, at = read_varint(data, 1)
    if at + length != size:
        _refuse_length(at + length, size)
    count, at = read_varint(data, at)
    if count > MAX_AWARENESS_ENTRIES:
        raise MalformedFrame(f"More than {MAX_AWARENESS_ENTRIES} awareness states at once.")
    entries = []
    for _ in range(count):
        client, at = read_varint(data, at)
        clock, at = read_varint(data, at)
        length, at = read_varint(data, at)
        end = at + length
        if end > size:
            _refuse_length(end, size)
        entries.append(AwarenessEntry(ClientId(client), clock, _parse_state(data[at:end].decode())))
        at = end
    if at != size:
        _refuse_length(at, size)
    return Awareness(tuple(entries))


def _parse_state(text: str) -> dict[str, Any] | None:
    state = parse_json(text)
    if state is None or isinstance(state, dict):
        return state
    raise MalformedFrame("An awareness state is neither a JSON object nor null.")


_to_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _refuse_length(expected: int, size: int) -> Never:
    if expected > size:
        raise MalformedFrame("The frame ends too early.")
    raise MalformedFrame("The frame has trailing bytes.")
