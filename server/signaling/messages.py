"""Every message of the /signal socket. JSON, one object a message, `type` first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

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
MediaMode: TypeAlias = Literal["mesh", "forwarder"]
_CallId = Annotated[str, Meta(min_length=7, max_length=64)]
"""8 at least, or `publish` of the forwarder."""
_Link = Annotated[int, Meta(ge=0, le=1_000_000)]
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


class IceServer(Struct, frozen=True, omit_defaults=True):
    """One entry of `RTCConfiguration.iceServers` of WebRTC."""

    urls: Sequence[str]
    username: str = ""
    credential: str = ""


class IceState(Struct, frozen=True):
    """How calls find their way."""

    servers: Sequence[IceServer] = ()
    relay_only: bool = False
    """Nothing but the TURN servers may be used."""
    expires_at: Micros = Micros(0)
    """When the credentials run out, 0 if never."""


class By(Struct, frozen=True):
    """Who did something."""

    sub: UserId
    name: str


class RecordingTold(Struct, frozen=True, tag="recording"):
    """The call is recorded from now on, or is no more; `reason` where that was not asked for."""

    running: bool
    by: By
    since: Micros
    id: str
    reason: str = ""


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
    ice: IceState = IceState()
    media_mode: MediaMode = "mesh"
    mesh_limit: int = 4
    """People up to whom a call goes directly from browser to browser."""
    recording: RecordingTold | None = None
    """The recording that runs."""


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


class Ice(IceState, frozen=True, tag="ice"):
    """The ICE servers anew."""


class OfferOf(Struct, frozen=True, tag="offer"):
    """Another page of the call describes a connection. `peer` is the sender's call id, as `sender` written by us."""

    sender: SessionId = msgspec.field(name="from")
    peer: str
    link: int
    sdp: str


class AnswerOf(Struct, frozen=True, tag="answer"):
    """The answer to an offer of the reader."""

    sender: SessionId = msgspec.field(name="from")
    peer: str
    link: int
    sdp: str


class IceCandidate(Struct, frozen=True, rename="camel", omit_defaults=True):
    """`RTCIceCandidateInit` of WebRTC."""

    candidate: Annotated[str, Meta(max_length=1000)]
    sdp_mid: Annotated[str, Meta(max_length=16)] | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=3)] | None = None
    username_fragment: Annotated[str, Meta(max_length=256)] | None = None


class CandidateOf(Struct, frozen=True, tag="candidate"):
    """A way to the sender; null: there are no more."""

    sender: SessionId = msgspec.field(name="from")
    peer: str
    link: int
    candidate: IceCandidate | None


class HangUpOf(Struct, frozen=True, tag="hangup"):
    """The sender has given up that connection."""

    sender: SessionId = msgspec.field(name="from")
    peer: str
    link: int


class ModeChanged(Struct, frozen=True, tag="media_mode"):
    """The call goes another way from now on, or begins anew."""

    mode: MediaMode


class SectionsOf(Struct, frozen=True, tag="sections"):
    """Whose track arrives in which section of the connection that the forwarder sends on: (mid, session, kind)."""

    link: int
    sections: Sequence[tuple[str, str, Literal["mic", "camera", "screen", "sound"]]]


class Failed(Struct, frozen=True, tag="error", omit_defaults=True):
    """A message was refused; the socket goes on."""

    code: str
    reason: str
    about: str = ""
    """Type of what was refused; missing where it was no message at all."""
    to: str = ""
    """For whom it was, of messages to a page."""


class Draining(Struct, frozen=True, tag="draining"):
    """The server is about to stop."""


ServerMessage = (
    Welcome | Diff | WholeRoster | RoomChanged | PermissionsChanged | Muted | SentAway | Waiting | LetIn | Declined
    | Knocked | KnockGone | Renewed | Ice | OfferOf | AnswerOf | CandidateOf | HangUpOf | ModeChanged | SectionsOf
    | Failed | Draining | RecordingTold
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


class Call(Struct, frozen=True, tag="call"):
    """I join the call under this id, another one at each joining; empty: I leave it."""

    id: Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{8,64})?\Z")]


class Offer(Struct, frozen=True, tag="offer"):
    """I describe the `link`-th connection with the page `to`, which I know in the call as `peer`."""

    to: _User
    peer: _CallId
    link: _Link
    sdp: str


class Answer(Struct, frozen=True, tag="answer"):
    """The answer to that page's offer."""

    to: _User
    peer: _CallId
    link: _Link
    sdp: str


class Candidate(Struct, frozen=True, tag="candidate"):
    """A way to me; null: there are no more."""

    to: _User
    peer: _CallId
    link: _Link
    candidate: IceCandidate | None


class HangUp(Struct, frozen=True, tag="hangup"):
    """I have given up that connection."""

    to: _User
    peer: _CallId
    link: _Link


class AskMode(Struct, frozen=True, tag="media_mode"):
    """Let the call go through the forwarder: I want it, or cannot reach somebody directly."""

    mode: Literal["forwarder"]


class AskIce(Struct, frozen=True, tag="ice"):
    """Send the ICE servers anew: the credentials run out."""


class Quality(Struct, frozen=True, tag="quality"):
    """How good my connections were in the last seconds; null: not known."""

    rtt_ms: Annotated[float, Meta(ge=0, le=60_000)] | None = None
    jitter_ms: Annotated[float, Meta(ge=0, le=60_000)] | None = None
    loss: Annotated[float, Meta(ge=0, le=1)] | None = None
    up_kbps: Annotated[float, Meta(ge=0, le=10_000_000)] | None = None
    down_kbps: Annotated[float, Meta(ge=0, le=10_000_000)] | None = None


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


ClientMessage = (
    AskRoster | Rename | Renew | Call | Media | Offer | Answer | Candidate | HangUp | AskMode | AskIce | Quality | Hand
    | MuteRequest | Knock | Admit | Decline | Leave
)  # fmt: skip

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
