"""What the server and its media process tell each other: JSON, one object a line, `type` first.

Nothing of this file imports the media libraries: the server must not load them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

MAX_LINE_BYTES: Final = 512 * 1024
MAX_FRESH_LINKS: Final = 10
"""So many failed connections of one page are replaced."""
SentKind: TypeAlias = Literal["mic", "camera", "screen", "sound"]
PeerName: TypeAlias = Literal["publish", "subscribe"]


class MappedSection(NamedTuple):
    """Whose track arrives in which section."""

    mid: str
    session: str
    kind: SentKind


# ---- server → media process


class IceServer(Struct, frozen=True):
    """As browsers take it."""

    urls: Sequence[str]
    username: str = ""
    credential: str = ""


class Configure(Struct, frozen=True, tag="configure"):
    """How connections are made from now on; the first message. No addresses: those of the machine."""

    addresses: Sequence[str] = ()
    servers: Sequence[IceServer] = ()
    relay_only: bool = False


class JoinCall(Struct, frozen=True, tag="join"):
    """A page comes into the call of its room."""

    room: str
    session: str
    sends: Sequence[SentKind]


class LeaveCall(Struct, frozen=True, tag="leave"):
    """A page is gone."""

    room: str
    session: str


class AllowSending(Struct, frozen=True, tag="allow"):
    """What a page may send from now on."""

    room: str
    session: str
    sends: Sequence[SentKind]


class RenewLeases(Struct, frozen=True, tag="renew"):
    """These pages are still there."""

    room: str
    sessions: Sequence[str]


class TakeAnswer(Struct, frozen=True, tag="answer"):
    """A page's answer to an offer."""

    room: str
    session: str
    peer: PeerName
    link: int
    sdp: str


class TakeCandidate(Struct, frozen=True, tag="candidate"):
    """A page's candidate, empty for the last."""

    room: str
    session: str
    peer: PeerName
    link: int
    candidate: str


class RestartPeer(Struct, frozen=True, tag="restart"):
    """A page lost one of its connections and wants a fresh one."""

    room: str
    session: str
    peer: PeerName


Command = (
    Configure | JoinCall | LeaveCall | AllowSending | RenewLeases | TakeAnswer | TakeCandidate | RestartPeer
)  # fmt: skip

# ---- media process → server


class MediaReady(Struct, frozen=True, tag="ready"):
    """The process listens. `missing`: private names that are gone, so that streams are relayed the slow way."""

    missing: Sequence[str]


class Offered(Struct, frozen=True, tag="offer"):
    """An offer to a page."""

    room: str
    session: str
    peer: PeerName
    link: int
    sdp: str


class Sections(Struct, frozen=True, tag="sections"):
    """Whose track arrives in which section of a page's subscribing connection; all of them each time."""

    room: str
    session: str
    link: int
    sections: Sequence[MappedSection]


class SignalRefused(Struct, frozen=True, tag="refused"):
    """What a page sent could not be read."""

    room: str
    session: str
    peer: PeerName
    link: int
    reason: str


class SessionGone(Struct, frozen=True, tag="gone"):
    """A page was let go of."""

    room: str
    session: str
    reason: str


Event = MediaReady | Offered | Sections | SignalRefused | SessionGone

_encoder: Final = msgspec.json.Encoder()
_commands: Final[msgspec.json.Decoder[Command]] = msgspec.json.Decoder(Command)
_events: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)


def encode_line(message: Command | Event) -> bytes:
    """A message as one line."""
    return _encoder.encode(message) + b"\n"


def decode_command(line: bytes) -> Command:
    """Parse what the server says.

    Raises:
        msgspec.DecodeError: It is no command.
    """
    return _commands.decode(line)


def decode_event(line: bytes) -> Event:
    """Parse what the media process says.

    Raises:
        msgspec.DecodeError: It is no event.
    """
    return _events.decode(line)
