"""What the rest of the program may ask of the storage. Each Protocol is one suite in `tests/contracts`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId
from persistence.records import (
    ERASED_NAME,
    LONGEST_TRAIL,
    MEMBER_PERMISSIONS,
    Access,
    Activity,
    Asset,
    Binding,
    Concurrency,
    Door,
    Event,
    Extent,
    Growth,
    Holdings,
    Invitation,
    Mark,
    Member,
    Micros,
    PersonStats,
    Recording,
    RecordingTrack,
    Role,
    RoomRecord,
    RoomUsage,
    SessionCounts,
    SessionRecord,
    SignedCheckpoint,
    SignedErasure,
    SignedHead,
    Snapshot,
    Thinning,
    Tip,
    Trail,
    UpdateRow,
)

__all__ = [
    "ACTIVITY_SLOT",
    "ERASED_NAME",
    "LONGEST_TRAIL",
    "MAX_ACTIVITY_STEPS",
    "MAX_CONCURRENCY_STEPS",
    "MEMBER_PERMISSIONS",
    "Access",
    "Activity",
    "Asset",
    "Assets",
    "Binding",
    "Concurrency",
    "Cursors",
    "Door",
    "Erasures",
    "Event",
    "Events",
    "Extent",
    "Growth",
    "Heads",
    "Holdings",
    "Invitation",
    "Mark",
    "Marks",
    "Member",
    "Micros",
    "PersonStats",
    "Recording",
    "RecordingTrack",
    "Recordings",
    "Revocations",
    "Role",
    "RoomRecord",
    "RoomUsage",
    "Rooms",
    "SessionCounts",
    "SessionRecord",
    "Sessions",
    "SignedCheckpoint",
    "SignedErasure",
    "SignedHead",
    "Snapshot",
    "Snapshots",
    "Stores",
    "Thinning",
    "Thinnings",
    "Tip",
    "Trail",
    "UpdateLog",
    "UpdateRow",
]

MAX_CONCURRENCY_STEPS = 10_000
"""How many steps one answer may have."""
MAX_ACTIVITY_STEPS = 2000
"""Likewise, of the activity in a log."""
ACTIVITY_SLOT = Micros(10_000_000)
"""Activity is counted at append by slots of this length; in finer steps rows are counted when it is asked for."""


class UpdateLog(Protocol):
    """The history of every document: rows in the order of their seq; only `Erasures` and `Thinnings` change them."""

    async def append(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding] = ()) -> None:
        """Make all rows and all bindings durable in one transaction, or none of them.

        Appending a row that is already there to the byte is accepted (a retry); a client id that is bound already
        stays bound as it is.

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

    async def extent(self, document: DocumentId) -> Extent | None:
        """From when to when the log goes; None when nothing was ever written."""

    async def moment(self, document: DocumentId, at: Micros) -> tuple[Seq, Micros] | None:
        """The seq and the instant of the last row at or before an instant; None when there is none."""

    async def activity(self, document: DocumentId, since: Micros, until: Micros, step: Micros) -> list[Activity]:
        """Who added how much in [`since`, `until`), in steps from `since` on; steps without rows are left out.

        Where all three are multiples of `ACTIVITY_SLOT` it takes no longer for a log with more rows.

        Raises:
            ValueError: `step` is not positive, or there would be more than MAX_ACTIVITY_STEPS.
        """

    async def documents(self, room: RoomId) -> list[DocumentId]:
        """The documents of a room that were ever written to, in the order in which they were."""

    async def bindings(self, document: DocumentId) -> list[Binding]:
        """Whose the client ids of a document are, in the order in which they were bound."""


class Snapshots(Protocol):
    """Whole states, so that a document need not be read from its first row."""

    async def newest(self, document: DocumentId) -> Snapshot | None:
        """The snapshot with the highest seq."""

    async def before(self, document: DocumentId, seq: Seq) -> Snapshot | None:
        """The snapshot with the highest seq that is not beyond that one."""

    async def add(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; one of the same document and seq stays as it is.

        One that was built before rows of the document were replaced is not kept.
        """

    async def growth(self, document: DocumentId) -> Growth:
        """How far the log has grown beyond the newest snapshot."""


class Heads(Protocol):
    """Where the chains of the logs stand, and what was signed of them."""

    async def tip(self, document: DocumentId) -> Tip | None:
        """The last durable row and its link; None when nothing was ever written."""

    async def newest(self, document: DocumentId) -> SignedHead | None:
        """The signed head with the highest seq."""

    async def add(self, head: SignedHead) -> None:
        """Keep a signed head; one of the same document and seq stays as it is."""


class Erasures(Protocol):
    """Replacing what rows hold, each time with a signed record (`chain.py`)."""

    async def holdings(self, document: DocumentId, user: UserId) -> Holdings:
        """Find where the rows and the snapshots of a document hold what was written under this person's client ids.

        Reads all of them, and changes nothing. What nobody's client ids wrote (recovery) is nobody's.

        Raises:
            CorruptStorage: A row is damaged.
        """

    async def replace(self, holdings: Holdings, erasure: SignedErasure) -> None:
        """Let the replacements stand where the content stands, and keep the record: one transaction.

        Raises:
            SeqTaken: Rows of the document were replaced meanwhile, or it got a snapshot: look again.
        """

    async def scrub(self) -> bool:
        """Leave nothing of what was replaced in the files of the storage; False while a reader holds it back."""


class Thinnings(Protocol):
    """Thinning out logs: of each hour one row stays, at the last one's place, with a signed record (`chain.py`)."""

    async def plan(self, document: DocumentId, before: Micros, after: Seq) -> Thinning:
        """Find what can be thinned out of the rows behind `after` in hours (UTC) that ended before an instant.

        Reads a bounded part of the log, and changes nothing.

        Raises:
            CorruptStorage: A row is damaged.
        """

    async def apply(self, thinning: Thinning, checkpoints: Sequence[SignedCheckpoint]) -> None:
        """Keep one row of each span, its checkpoint and its snapshot: one transaction.

        Raises:
            SeqTaken: Rows of the document were replaced meanwhile: plan again.
        """

    async def give_back(self) -> None:
        """Give unused space back to the disk. Writes the database anew, and nobody else can write meanwhile."""


class Rooms(Protocol):
    """Rooms, the people in them and the keys that let people in."""

    async def create(self, room: RoomRecord) -> bool:
        """Keep a new room. False, and nothing changed, when the id was ever used."""

    async def get(self, room: RoomId) -> RoomRecord | None:
        """The room, also when it is deleted (`deleted_at` tells)."""

    async def change(self, room: RoomRecord) -> None:
        """Replace what is kept of a room by this. Of a room that is deleted the cursors go."""

    async def put_members(self, *members: Member) -> None:
        """Keep members, or replace those with the same room and user: all of them, or none."""

    async def member(self, room: RoomId, user: UserId) -> Member | None:
        """The member with that user id."""

    async def member_by_guest(self, room: RoomId, guest_hash: bytes) -> Member | None:
        """The member who came with that guest key."""

    async def members(self, room: RoomId) -> list[Member]:
        """Everybody who ever joined, in the order in which they did."""

    async def all(self) -> list[RoomRecord]:
        """Every room that ever was, deleted ones too, in the order in which they were made."""

    async def banned(self, room: RoomId, user: UserId, family: str) -> bool:
        """Whether that person may not enter: he is banned, or somebody with his token family is ("" is none)."""

    async def add_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation; of one that is there, role, revocation and label are replaced."""

    async def invitation(self, room: RoomId, key_hash: bytes) -> Invitation | None:
        """The invitation with that key, also when it is revoked."""

    async def invitations(self, room: RoomId) -> list[Invitation]:
        """Every invitation of a room, revoked ones too, in the order in which they were made."""

    async def revoke_invitation(self, room: RoomId, id_: str, at: Micros) -> bool:
        """Revoke the invitation with that `id`. False, and nothing changed, when no good one has it."""

    async def count_invitation_use(self, room: RoomId, key_hash: bytes) -> None:
        """Count that somebody came in with it."""


class Revocations(Protocol):
    """Tokens that are void before they expire, by their `jti`."""

    async def revoke(self, jti: str, expires_at: Micros) -> None:
        """Keep that the token is void; `expires_at` is when it would expire by itself. The later of two stays."""

    async def is_revoked(self, jti: str) -> bool:
        """Whether it was revoked."""

    async def forget_expired(self, now: Micros) -> int:
        """Forget those that have expired by themselves; gives how many they were."""


class Sessions(Protocol):
    """Who was here from when to when. A session lasts from `joined_at` until just before `left_at`."""

    async def open(self, session: SessionRecord) -> None:
        """Keep a session; one that was closed (a reload, a lost connection) is open again.

        It keeps its `joined_at` and its counts, and takes the name and, unless it is empty, the device.

        Raises:
            ValueError: The session belongs to somebody else, or to another room.
        """

    async def count(self, session: SessionId, counts: SessionCounts) -> None:
        """Add to what is counted of a session."""

    async def close(self, session: SessionId, left_at: Micros) -> None:
        """Say when a session ended."""

    async def close_all(self, left_at: Micros) -> int:
        """Close what a crash left open; gives how many there were."""

    async def get(self, session: SessionId) -> SessionRecord | None:
        """The session."""

    async def of_room(
        self, room: RoomId, *, before: Micros | None = None, limit: int | None = None
    ) -> list[SessionRecord]:
        """The sessions of a room that began before that instant, in the order in which they began.

        With a `limit` the newest so many, newest first.
        """

    async def was_here(self, room: RoomId, user: UserId, since: Micros, until: Micros) -> bool:
        """Whether a session of that person in that room was open at some instant in [`since`, `until`)."""

    async def open_now(self) -> list[SessionRecord]:
        """The sessions of every room that are open, in the order in which they began."""

    async def people(self, room: RoomId | None, *, until: Micros | None = None) -> list[PersonStats]:
        """What everybody's sessions come to, in one room or in all, in the order in which people first came.

        Open sessions count until the instant `until` (None: now).
        """

    async def concurrency(self, room: RoomId | None, since: Micros, until: Micros, step: Micros) -> list[Concurrency]:
        """How many were here at once, in one room or in all: for each step of [`since`, `until`) the maximum in it.

        Steps begin at `since`, `since` + `step` and so on; all of them are told, the last may be cut short. An open
        session counts until `until`.

        Raises:
            ValueError: `step` is not positive, or there would be more than MAX_CONCURRENCY_STEPS.
        """


class Events(Protocol):
    """The audit trail of the rooms and of the installation."""

    async def add(self, event: Event) -> None:
        """Keep an event."""

    async def of_room(
        self, room: RoomId, *, before: int | None = None, limit: int = 1000, kind: str | None = None
    ) -> list[Event]:
        """The newest events of a room, newest first; those behind the one with the id `before`, and of one kind."""

    async def all(self, *, before: int | None = None, limit: int = 1000, kind: str | None = None) -> list[Event]:
        """The newest events of every room and of the installation, as `of_room`."""


class Marks(Protocol):
    """Named moments of rooms."""

    async def add(self, mark: Mark, *, most: int) -> bool:
        """Keep a mark. False, and nothing changed, when the room has `most` of them already."""

    async def of_room(self, room: RoomId) -> list[Mark]:
        """All marks of a room in the order of their instants."""

    async def remove(self, room: RoomId, id_: str) -> bool:
        """Remove a mark. False when there is none of that id."""


class Cursors(Protocol):
    """Where people pointed, in trails; kept for a while only."""

    async def add(self, trails: Sequence[Trail]) -> None:
        """Keep trails, in one transaction; those of rooms that are deleted are not kept.

        Raises:
            ValueError: One is longer than LONGEST_TRAIL.
        """

    def read(self, room: RoomId, since: Micros, until: Micros) -> AsyncIterator[Trail]:
        """The trails that reach into [`since`, `until`) by their beginnings, a bounded number in memory at a time."""

    async def forget_before(self, at: Micros) -> int:
        """Remove those that ended before an instant; gives how many they were."""


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

    async def unnamed(self, assets: Sequence[Asset]) -> list[Asset]:
        """Those of these files (of one room) whose hash stands in no row of the room's documents. Reads all rows."""

    async def rename(self, asset: Asset, file_name: str) -> None:
        """Call a file by another name."""

    async def remove(self, asset: Asset) -> None:
        """Forget a file and remove its bytes. One that is not there is no error."""


class Recordings(Protocol):
    """Recordings of calls that have ended. Who records writes into `folder`, and then says so with `keep`."""

    @property
    def root(self) -> Path:
        """Where the folders of all are."""

    def folder(self, room: RoomId, id_: str) -> Path:
        """Where the files of one are, or will be: `root/<room>/<id>`.

        Raises:
            ValueError: The ids have not the form of one; no path is ever made of anything else.
        """

    async def keep(self, recording: Recording) -> None:
        """Keep what lies in its folder; one that is kept stays as it is, one of an unknown room is not kept."""

    async def of_room(self, room: RoomId) -> list[Recording]:
        """All of a room in the order of their beginnings."""

    async def get(self, room: RoomId, id_: str) -> Recording:
        """One of a room.

        Raises:
            AssetMissing: The room has no such recording.
        """

    def read(
        self, recording: Recording, track: RecordingTrack, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a file in bounded chunks."""

    async def bytes_of(self, room: RoomId) -> int:
        """What all of a room take of the disk."""

    async def remove(self, recording: Recording) -> None:
        """Forget one and remove its files. One that is not there is no error."""

    async def erase(self, room: RoomId, user: UserId) -> int:
        """Remove what a person said and showed, and recordings of nothing else; gives how many files."""

    async def ended_before(self, at: Micros) -> list[Recording]:
        """Those of all rooms that ended before an instant."""


class Stores(Protocol):
    """Everything that is kept, opened and closed together."""

    @property
    def updates(self) -> UpdateLog: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def heads(self) -> Heads: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def thinning(self) -> Thinnings: ...
    @property
    def rooms(self) -> Rooms: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def events(self) -> Events: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def assets(self) -> Assets: ...
    @property
    def recordings(self) -> Recordings: ...
    @property
    def revocations(self) -> Revocations: ...

    async def usage(self) -> list[RoomUsage]:
        """What each room takes of the storage, deleted ones too, in the order in which they were made."""

    async def erase_person(self, room: RoomId | None, user: UserId, at: Micros) -> int:
        """Forget who a user is, in one room or in all; gives how many rows were changed.

        His member's name becomes `ERASED_NAME`, guest key and token family are cleared, his sessions lose name and
        device, his events their details, his cursors go; tokens from before `at` are void, because they carry the name.
        The user id stays: the logs need it to tell his work from others'. All in one transaction.
        """

    async def forget_before(self, at: Micros) -> int:
        """Remove sessions and cursors that ended and events that happened before that instant; gives how many.

        One transaction.
        """

    async def check(self) -> None:
        """Read and write a little, for `/readyz`.

        Raises:
            StorageError: It could not be done.
        """
