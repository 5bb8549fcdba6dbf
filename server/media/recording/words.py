"""What the server and the process of one recording tell each other: JSON, one object a line. No media library here."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from server.media.recording.manifest import Manifest

MAX_LINE_BYTES: Final = 512 * 1024


class Begin(Struct, frozen=True, tag="begin"):
    """First of all: what to record, into which folder, and how many bytes it may take."""

    folder: str
    manifest: Manifest
    budget: int


class Offered(Struct, frozen=True, tag="offer"):
    """A page's offer; one with another `link` takes the place of the connection before."""

    session: str
    user: str
    link: int
    sdp: str


class Way(Struct, frozen=True, tag="candidate"):
    """A page's candidate."""

    session: str
    candidate: str
    mid: str | None
    index: int | None


class Gone(Struct, frozen=True, tag="gone"):
    """A page is not in the call any more."""

    session: str


class Stop(Struct, frozen=True, tag="stop"):
    """Finish. `at` is now, on the room's clock."""

    by: str
    at: int


class Answered(Struct, frozen=True, tag="answer"):
    """To a page's offer."""

    session: str
    link: int
    sdp: str


class Began(Struct, frozen=True, tag="began"):
    """The first byte is on the disk."""


class Failed(Struct, frozen=True, tag="failed"):
    """The disk or the quota takes no more."""

    reason: str


class Ended(Struct, frozen=True, tag="ended"):
    """All files are finished."""

    manifest: Manifest


ToRecorder = Begin | Offered | Way | Gone | Stop
FromRecorder = Answered | Began | Failed | Ended

_encoder: Final = msgspec.json.Encoder()
_to: Final[msgspec.json.Decoder[ToRecorder]] = msgspec.json.Decoder(ToRecorder)
_from: Final[msgspec.json.Decoder[FromRecorder]] = msgspec.json.Decoder(FromRecorder)


def line_of(word: ToRecorder | FromRecorder) -> bytes:
    """A word as one line."""
    return _encoder.encode(word) + b"\n"


def to_recorder(line: bytes) -> ToRecorder:
    """Raises: msgspec.DecodeError: It is none."""
    return _to.decode(line)


def from_recorder(line: bytes) -> FromRecorder:
    """Raises: msgspec.DecodeError: It is none."""
    return _from.decode(line)
