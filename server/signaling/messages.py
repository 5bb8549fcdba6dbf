"""Every message of the /signal socket. JSON, one object a message, `type` first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from crdt_docs.access import Permission
from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Access, Door, Micros, Role, RoomRecord
from server.auth.rights import in_order
from server.errors import MalformedRequest
from server.presence.roster import Diff, Person, Roster
from server.presence.roster import Media as MediaState

MAX_MESSAGE_BYTES: Final = 64 * 1024
MAX_REASON: Final = 300

MediaKind: TypeAlias = Literal["mic", "camera", "screen"]
_User = Annotated[str, Meta(min_length=1, max_length=128)]
_Reason = Annotated[str, Meta(max_length=MAX_REASON)]

# ---- server → client


class You(Struct, frozen=True):
    """Whom the server takes the reader for."""

    sub: UserId
    name: str
    role: Role
    session: SessionId
    color: str


class Origin(Struct, frozen=True):
    """Where a room was branched from."""

    room: str
    at: Micros


class RoomInfo(Struct, frozen=True):
    """A room as its members see it."""

    id: str
    name: str
    access: Access
    default_role: Role
    permissions: Sequence[Permission]
    """What members may do."""
    door: Door
    max_people: int
    """0: as many as the installation allows."""
    recovery: bool
    origin: Origin | None = None

    @classmethod
    def of(cls, room: RoomRecord) -> RoomInfo:
        """What may be told of a room that is kept."""
        origin = Origin(room.origin, room.origin_at) if room.origin and room.origin_at else None
        return cls(
            room.id, room.name, room.access, room.default_role, in_order(room.permissions), room.door, room.max_people,
            room.recovery, origin,
        )  # fmt: skip


class RosterState(Struct, frozen=True):
    """Everybody at one version."""

    version: int
    sessions: Sequence[Person]

    @classmethod
    def of(cls, roster: Roster) -> RosterState:
        """A roster as it is now."""
        return cls(roster.version, roster.people)


class Knocker(Struct, frozen=True):
    """Somebody who waits to be let in."""

    sub: UserId
    name: str
    since: Micros


class Welcome(Struct, frozen=True, tag="welcome"):
    """The first message on a socket."""

    you: You
    room: RoomInfo
    roster: RosterState
    permissions: Sequence[Permission]
    expires_at: Micros
    """When the token runs out, 0 if never."""
    knocks: Sequence[Knocker] = ()
    """Who waits to be let in; told to those who may moderate."""
    ice_servers: Sequence[dict[str, Any]] = ()
    media_mode: str = "mesh"


class WholeRoster(Struct, frozen=True, tag="roster"):
    """The answer to somebody who missed a diff."""

    version: int
    sessions: Sequence[Person]


class RoomChanged(Struct, frozen=True, tag="room"):
    """The room's settings changed."""

    room: RoomInfo


class PermissionsChanged(Struct, frozen=True, tag="permissions"):
    """What the reader may do from now on."""

    role: Role
    permissions: Sequence[Permission]


class By(Struct, frozen=True):
    """Who did something."""

    sub: UserId
    name: str


class Muted(Struct, frozen=True, tag="muted"):
    """A moderator asks the reader to stop sending something."""

    what: MediaKind
    by: By


class SentAway(Struct, frozen=True, tag="removed"):
    """The reader has to go; the socket closes with this code."""

    code: str
    reason: str


class RoomSign(Struct, frozen=True):
    """What those who wait before a room may know of it."""

    id: str
    name: str


class Waiting(Struct, frozen=True, tag="waiting"):
    """The reader stands before the door. `moderators` are here to open it; told again when that changes."""

    room: RoomSign
    moderators: int
    reason: str = "Somebody who moderates this room has to let you in."


class LetIn(Struct, frozen=True, tag="admitted"):
    """The door is open: join."""


class Declined(Struct, frozen=True, tag="declined"):
    """The door stays shut; the socket closes."""

    reason: str


class Knocked(Struct, frozen=True, tag="knock"):
    """Somebody wants to come in; told to those who may moderate."""

    sub: UserId
    name: str
    since: Micros


class KnockGone(Struct, frozen=True, tag="knock_gone"):
    """He was let in, declined, or went away."""

    sub: UserId


class Renewed(Struct, frozen=True, tag="renewed"):
    """The token was taken; the page may stay until then."""

    expires_at: Micros


class Failed(Struct, frozen=True, tag="error"):
    """A message was refused; the socket goes on."""

    code: str
    reason: str


class Draining(Struct, frozen=True, tag="draining"):
    """The server is about to stop."""


ServerMessage = (
    Welcome | Diff | WholeRoster | RoomChanged | PermissionsChanged | Muted | SentAway | Waiting | LetIn | Declined
    | Knocked | KnockGone | Renewed | Failed | Draining
)  # fmt: skip

# ---- client → server


class AskRoster(Struct, frozen=True, tag="roster"):
    """Send the whole roster: a version was missed."""


class Rename(Struct, frozen=True, tag="rename"):
    """Call me by another name."""

    name: Annotated[str, Meta(max_length=400)]


class Renew(Struct, frozen=True, tag="renew"):
    """Here is a newer token of the same person for the same room."""

    token: Annotated[str, Meta(max_length=8192)]


class Media(Struct, frozen=True, tag="media"):
    """What I send from now on."""

    mic: bool = False
    camera: bool = False
    screen: bool = False

    @property
    def state(self) -> MediaState:
        """The same as the roster tells it."""
        return MediaState(self.mic, self.camera, self.screen)


class Hand(Struct, frozen=True, tag="hand"):
    """I want to say something, or do no longer."""

    up: bool


class MuteRequest(Struct, frozen=True, tag="mute_request"):
    """Ask a page to stop sending something; moderators only."""

    to: _User
    what: MediaKind


class Knock(Struct, frozen=True, tag="knock"):
    """Let me in. Whoever comes with a token for knocking has knocked by connecting; this says it again."""


class Admit(Struct, frozen=True, tag="admit"):
    """Let this person in; moderators only."""

    sub: _User


class Decline(Struct, frozen=True, tag="decline"):
    """Do not let this person in; moderators only."""

    sub: _User
    reason: _Reason = ""


class Leave(Struct, frozen=True, tag="leave"):
    """I go; close the socket."""


ClientMessage = AskRoster | Rename | Renew | Media | Hand | MuteRequest | Knock | Admit | Decline | Leave

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
