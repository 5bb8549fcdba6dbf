"""What the storage keeps, as values: rooms, people, rows of logs, sessions, events, files, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from crdt_docs.access import Permission, Permissions
from crdt_docs.ids import ClientId, DocumentId, RoomId, Seq, SessionId, UserId

Micros = NewType("Micros", int)
"""An instant: microseconds since 1970-01-01 UTC."""

MEMBER_PERMISSIONS: Permissions = frozenset(Permission) - {Permission.RECORD, Permission.MODERATE}
"""What members get in a room that says nothing else."""

ERASED_NAME = "Erased person"
"""The name of somebody whose data were erased."""


class Role(StrEnum):
    """A preset of permissions."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"
    VIEWER = "viewer"


class Access(StrEnum):
    """Who may enter a room."""

    LINK = "link"
    INVITE = "invite"
    LOBBY = "lobby"
    """Whoever knocks and is let in by somebody who moderates."""


class Door(StrEnum):
    """Whether anybody may enter now, whatever the access."""

    OPEN = "open"
    LOCKED = "locked"
    """Those who are in stay; nobody enters."""
    CLOSED = "closed"
    """Only those who moderate are in."""


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """What one session changed in one document within one tick."""

    document: DocumentId
    seq: Seq
    at: Micros
    user: UserId
    session: SessionId
    update: bytes
    first: Seq | None = None
    """The first seq that it stands for, where those before it were thinned out; None: only its own."""

    def follows(self, seq: int) -> bool:
        """Whether nothing is missing between the row `seq` and this one."""
        return (self.first or self.seq) <= seq + 1


SEVERAL = UserId("")
"""The user of a row that holds what several people did."""


@dataclass(frozen=True, slots=True)
class Extent:
    """From when to when a log goes; `head` is the seq of its last row."""

    head: Seq
    first_at: Micros
    last_at: Micros


@dataclass(frozen=True, slots=True)
class Activity:
    """How many rows a person added to a log in one step of time."""

    user: UserId
    step: int
    """Which one, counted from 0."""
    rows: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A named moment of a room."""

    id: str
    room: RoomId
    at: Micros
    kind: str
    """What set it: `person`."""
    label: str
    user: UserId | None
    made_at: Micros


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose a Yjs client id is in a document, since when.

    An id that came back in recovery and whose author is not known has no `user`; `returned_by` says who brought it.
    """

    document: DocumentId
    client: ClientId
    user: UserId | None
    at: Micros
    returned_by: UserId | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a document after the row `seq`, as one v1 update."""

    document: DocumentId
    seq: Seq
    at: Micros
    update: bytes
    rewrites: int = field(default=0, compare=False)
    """How often rows of the document had been replaced when it was built from them."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The last row of a log and its link (`chain.py`)."""

    document: DocumentId
    origin: str
    """The room in which the log began."""
    seq: Seq
    link: bytes


@dataclass(frozen=True, slots=True)
class SignedHead:
    """What an installation says of a log: that it had this link at its row `seq`."""

    document: DocumentId
    origin: str
    seq: Seq
    link: bytes
    at: Micros
    """When that was said."""
    key: bytes
    """The public key of who said it: Ed25519, 32 bytes."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedErasure:
    """What an installation says of rows that hold a person's content no longer."""

    document: DocumentId
    origin: str
    at: Micros
    by: UserId
    rows: bytes
    """`chain.pack_erased`."""
    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Replacement:
    """The bytes that come to stand at a row, or in a snapshot after it."""

    seq: Seq
    commitment: bytes
    """Of a row: to the bytes that stood there first."""
    update: bytes


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where a document holds content of a person, and what is to stand there instead."""

    document: DocumentId
    origin: str
    rows: tuple[Replacement, ...]
    snapshots: tuple[Replacement, ...]
    basis: tuple[int, int]
    """What was looked at: how often rows had been replaced, how many snapshots there were."""


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of which one is to be kept."""

    kept: UpdateRow
    """At the last one's place; its `first` is that of the first one."""
    before: bytes
    """The link before the first one."""
    after: bytes
    """The link of the last one."""
    rows: int
    size: int
    """Bytes in them."""
    snapshot: Snapshot | None
    """To be kept in place of those in between."""


@dataclass(frozen=True, slots=True)
class Thinning:
    """What is to be thinned out of a part of a log."""

    document: DocumentId
    origin: str
    spans: tuple[Span, ...]
    basis: int
    """How often rows of the document had been replaced."""
    behind: Seq | None
    """Up to which row was looked; None: there is no more."""


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """What an installation says of a span of rows of which it kept one (`chain.py`)."""

    document: DocumentId
    origin: str
    first: Seq
    last: Seq
    before: bytes
    after: bytes
    kept: bytes
    at: Micros
    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Growth:
    """How far a document's log has grown beyond its newest snapshot (or from its first row)."""

    rows: int
    size: int
    """Bytes in those rows."""
    snapshot_size: int
    """Bytes of the newest snapshot, 0 if there is none."""


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room as it is kept. `default_role` is what the bare link gives when `access` is `link`."""

    id: RoomId
    name: str
    access: Access
    default_role: Role
    created_at: Micros
    deleted_at: Micros | None = None
    permissions: Permissions = MEMBER_PERMISSIONS
    """What members get in this room."""
    door: Door = Door.OPEN
    door_at: Micros = Micros(0)
    """When the door was last opened, locked or closed; 0: never."""
    max_people: int = 0
    """How many people may be in at once; 0: as many as the installation allows."""
    recovery: bool = False
    """Whether clients may bring back what a restored backup does not have (DESIGN §4)."""
    origin: RoomId | None = None
    """The room from which this one was branched."""
    origin_at: Micros | None = None
    """The instant of the origin at which it was."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a room. `guest_hash` is SHA-256 of the browser's guest key, None for people with foreign tokens."""

    room: RoomId
    user: UserId
    name: str
    role: Role
    guest_hash: bytes | None
    joined_at: Micros
    role_at: Micros = Micros(0)
    """When moderation last changed the role or the overrides; 0: never."""
    overrides: Mapping[Permission, bool] = field(default_factory=dict, hash=False)
    """Permissions that he has (True) or has not (False), whatever his role gives."""
    tokens_from: Micros = Micros(0)
    """Tokens that were issued before this instant are void."""
    removed_at: Micros | None = None
    """When a moderator last sent him away."""
    banned_at: Micros | None = None
    """Since when he may not enter; None: he may."""
    family: str = ""
    """The token family that was last seen of him."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A key that lets whoever has it into the room with a role; only the key's SHA-256 is kept."""

    room: RoomId
    key_hash: bytes
    role: Role
    created_at: Micros
    revoked_at: Micros | None = None
    label: str = ""
    created_by: UserId | None = None
    uses: int = 0

    @property
    def id(self) -> str:
        """A name for it that lets nobody in: the first 16 hexadecimal digits of the hash."""
        return self.key_hash[:8].hex()


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One open page of one user in a room; `left_at` is None while it is open."""

    id: SessionId
    room: RoomId
    user: UserId
    name: str
    joined_at: Micros
    left_at: Micros | None = None
    device: str = ""
    mic_seconds: float = 0
    camera_seconds: float = 0
    screen_seconds: float = 0
    edits: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """What is to be added to a session's counts."""

    mic_seconds: float = 0
    camera_seconds: float = 0
    screen_seconds: float = 0
    edits: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class PersonStats:
    """All sessions of one person, in one room or in every room."""

    user: UserId
    name: str
    """The newest that is kept; `ERASED_NAME` when none is."""
    sessions: int
    first_joined_at: Micros
    last_seen_at: Micros | None
    """None while a session is open."""
    present_seconds: float
    """Time with at least one session: what overlaps counts once."""
    mic_seconds: float
    camera_seconds: float
    screen_seconds: float
    edits: int
    messages: int
    rooms: int = 1
    """In how many rooms these sessions were."""


@dataclass(frozen=True, slots=True)
class Concurrency:
    """The most people and the most sessions at any one instant of the step that begins at `at`."""

    at: Micros
    people: int
    sessions: int


LONGEST_TRAIL = Micros(60_000_000)
"""From the first sample of a trail to its last."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Where the pointer of one page was from `since` to `until`; how `samples` says it is the writer's to know."""

    room: RoomId
    session: SessionId
    user: UserId
    since: Micros
    until: Micros
    samples: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the audit trail of a room, or of the installation (`room` None); `details` is a JSON object's text."""

    room: RoomId | None
    at: Micros
    kind: str
    user: UserId | None
    details: str = "{}"
    id: int = field(default=0, compare=False)
    """Its place in the trail, given by the storage: set when it is read."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of a room, named by the SHA-256 of its bytes (hex)."""

    room: RoomId
    sha256: str
    mime_type: str
    file_name: str
    size: int
    uploader: UserId
    uploaded_at: Micros


@dataclass(frozen=True, slots=True)
class RecordingTrack:
    """A file of a recording: what one page sent of one kind (`mic`, `camera`, `screen`, `sound`: a screen's)."""

    file: str
    session: SessionId
    user: UserId
    kind: str
    codec: str
    """`VP8`, `H264` or `opus`."""
    begun_at: Micros
    """The instant of the file's time 0."""
    ended_at: Micros
    bytes: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a call that has ended. `stopped_by` says who or what ended it."""

    id: str
    room: RoomId
    starter: UserId
    started_at: Micros
    ended_at: Micros
    stopped_by: str
    tracks: list[RecordingTrack]


@dataclass(frozen=True, slots=True)
class RoomUsage:
    """What a room takes of the storage."""

    room: RoomId
    rows: int
    """Rows of all its logs."""
    update_bytes: int
    """Bytes in those rows."""
    assets: int
    asset_bytes: int
    last_activity: Micros | None
    """The newest of its rows, and of the beginnings and ends of its sessions; None: nothing ever happened."""
    members: int = 0
    """Everybody who ever joined."""
