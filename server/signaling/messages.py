"""Every message of the /signal socket. JSON, one object a message, `type` first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Access, Role, RoomRecord
from server.errors import MalformedRequest
from server.presence.roster import Diff, Person, Roster

MAX_MESSAGE_BYTES: Final = 64 * 1024

# ---- server → client


class You(Struct, frozen=True):
    """Whom the server takes the reader for."""

    sub: UserId
    name: str
    role: Role
    session: SessionId
    color: str


class RoomInfo(Struct, frozen=True):
    """A room as its members see it."""

    id: str
    name: str
    access: Access
    default_role: Role

    @classmethod
    def of(cls, room: RoomRecord) -> RoomInfo:
        """What may be told of a room that is kept."""
        return cls(room.id, room.name, room.access, room.default_role)


class RosterState(Struct, frozen=True):
    """Everybody at one version."""

    version: int
    sessions: Sequence[Person]

    @classmethod
    def of(cls, roster: Roster) -> RosterState:
        """A roster as it is now."""
        return cls(roster.version, roster.people)


class Welcome(Struct, frozen=True, tag="welcome"):
    """The first message on a socket."""

    you: You
    room: RoomInfo
    roster: RosterState
    permissions: Sequence[str]
    ice_servers: Sequence[dict[str, Any]] = ()
    media_mode: str = "mesh"


class WholeRoster(Struct, frozen=True, tag="roster"):
    """The answer to somebody who missed a diff."""

    version: int
    sessions: Sequence[Person]


class RoomChanged(Struct, frozen=True, tag="room"):
    """The room's name or access changed."""

    room: RoomInfo


class Failed(Struct, frozen=True, tag="error"):
    """A message was refused; the socket goes on."""

    code: str
    reason: str


class Draining(Struct, frozen=True, tag="draining"):
    """The server is about to stop."""


ServerMessage = Welcome | Diff | WholeRoster | RoomChanged | Failed | Draining

# ---- client → server


class AskRoster(Struct, frozen=True, tag="roster"):
    """Send the whole roster: a version was missed."""


class Rename(Struct, frozen=True, tag="rename"):
    """Call me by another name."""

    name: Annotated[str, Meta(max_length=400)]


class Leave(Struct, frozen=True, tag="leave"):
    """I go; close the socket."""


ClientMessage = AskRoster | Rename | Leave

_decoder: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)
_encoder: Final = msgspec.json.Encoder()


def decode_message(data: str | bytes) -> ClientMessage:
    """Parse what a client sent.

    Raises:
        MalformedRequest: It is no message of ours.
    """
    if isinstance(data, bytes):
        raise MalformedRequest("This socket speaks text messages only.")
    if len(data) > MAX_MESSAGE_BYTES:
        raise MalformedRequest("This message is too long.")
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise MalformedRequest(f"This is not a message of this protocol: {exc}.") from exc


def encode_message(message: ServerMessage) -> str:
    """The text of a message, `type` first."""
    return _encoder.encode(message).decode()
