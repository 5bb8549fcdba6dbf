"""What the rest of the program may ask of the storage. Each Protocol is one suite in `tests/contracts`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol

from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId

Micros = NewType("Micros", int)
"""An instant: microseconds since 1970-01-01 UTC."""


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


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """What one session changed in one document within one tick."""

    document: DocumentId
    seq: Seq
    at: Micros
    user: UserId
    session: SessionId
    update: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a document after the row `seq`, as one v1 update."""

    document: DocumentId
    seq: Seq
    at: Micros
    update: bytes


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


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a room. `guest_hash` is SHA-256 of the browser's guest key, None for people with foreign tokens."""

    room: RoomId
    user: UserId
    name: str
    role: Role
    guest_hash: bytes | None
    joined_at: Micros


@dataclass(frozen=True, slots=True)
class Invitation:
    """A key that lets whoever has it into the room with a role; only the key's SHA-256 is kept."""

    room: RoomId
    key_hash: bytes
    role: Role
    created_at: Micros
    revoked_at: Micros | None = None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One open page of one user in a room; `left_at` is None while it is open."""

    id: SessionId
    room: RoomId
    user: UserId
    name: str
    joined_at: Micros
    left_at: Micros | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a room's audit trail; `details` is a JSON object's text."""

    room: RoomId
    at: Micros
    kind: str
    user: UserId | None
    details: str = "{}"


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


class UpdateLog(Protocol):
    """The history of every document: rows in the order of their seq, never changed, never removed."""

    async def append(self, rows: Sequence[UpdateRow]) -> None:
        """Make all rows durable in one transaction, or none of them.

        Appending a row that is already there to the byte is accepted (a retry).

        Raises:
            SeqTaken: A different row stands at one of the places (SeqGap: the row before it is not there). Nothing
                was written.
            StorageUnavailable: Nothing was written.
            OutcomeUnknown: It is not known whether it was written.
        """

    def read_after(self, document: DocumentId, after: Seq, *, until: Seq | None = None) -> AsyncIterator[UpdateRow]:
        """Give the rows with `after` < seq ≤ `until`, in order, a bounded number in memory at a time."""

    async def head(self, document: DocumentId) -> Seq:
        """The seq of the last durable row, 0 if there is none."""


class Snapshots(Protocol):
    """Whole states, so that a document need not be read from its first row."""

    async def newest(self, document: DocumentId) -> Snapshot | None:
        """The snapshot with the highest seq."""

    async def add(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one of the same document and seq stays as it is."""

    async def growth(self, document: DocumentId) -> Growth:
        """How far the log has grown beyond the newest snapshot."""


class Rooms(Protocol):
    """Rooms, the people in them and the keys that let people in."""

    async def create(self, room: RoomRecord) -> bool:
        """Keep a new room. False, and nothing changed, when the id was ever used."""

    async def get(self, room: RoomId) -> RoomRecord | None:
        """The room, also when it is deleted (`deleted_at` tells)."""

    async def change(self, room: RoomRecord) -> None:
        """Replace what is kept of a room by this."""

    async def put_member(self, member: Member) -> None:
        """Keep a member, or replace the one with the same room and user."""

    async def member(self, room: RoomId, user: UserId) -> Member | None:
        """The member with that user id."""

    async def member_by_guest(self, room: RoomId, guest_hash: bytes) -> Member | None:
        """The member who came with that guest key."""

    async def members(self, room: RoomId) -> list[Member]:
        """Everybody who ever joined, in the order in which they did."""

    async def add_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation."""

    async def invitation(self, room: RoomId, key_hash: bytes) -> Invitation | None:
        """The invitation with that key, also when it is revoked."""


class Sessions(Protocol):
    """Who was here from when to when."""

    async def open(self, session: SessionRecord) -> None:
        """Keep a session; one that was closed (a reload, a lost connection) is open again and keeps its `joined_at`."""

    async def close(self, session: SessionId, left_at: Micros) -> None:
        """Say when a session ended."""

    async def close_all(self, left_at: Micros) -> int:
        """Close what a crash left open; gives how many there were."""

    async def get(self, session: SessionId) -> SessionRecord | None:
        """The session."""

    async def of_room(self, room: RoomId) -> list[SessionRecord]:
        """Every session of a room in the order in which they began."""


class Events(Protocol):
    """A room's audit trail."""

    async def add(self, event: Event) -> None:
        """Keep an event."""

    async def of_room(self, room: RoomId, *, limit: int = 1000) -> list[Event]:
        """The newest events, newest first."""


class Assets(Protocol):
    """Files by content."""

    async def put(self, asset: Asset, chunks: AsyncIterator[bytes], *, room_quota: int) -> Asset:
        """Keep a file that is durable on return; one that the room has already is returned as it was kept.

        Raises:
            QuotaExceeded: The room would hold more than `room_quota` bytes.
            StorageUnavailable: It could not be written; nothing is left of it.
            ValueError: The bytes do not have the hash or the size that `asset` names.
        """

    async def get(self, room: RoomId, sha256: str) -> Asset:
        """What is known of a file.

        Raises:
            AssetMissing: The room has no such file.
        """

    def read(self, asset: Asset, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a file in bounded chunks."""

    async def of_room(self, room: RoomId) -> list[Asset]:
        """Every file of a room in the order of upload."""


class Stores(Protocol):
    """Everything that is kept, opened and closed together."""

    @property
    def updates(self) -> UpdateLog: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def rooms(self) -> Rooms: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def events(self) -> Events: ...
    @property
    def assets(self) -> Assets: ...

    async def check(self) -> None:
        """Read and write a little, for `/readyz`.

        Raises:
            StorageError: It could not be done.
        """
