"""Rows and rooms for the suites."""

from __future__ import annotations

from crdt_docs.ids import ClientId, DocumentId, RoomId, Seq, SessionId, UserId
from persistence.interfaces import Access, Binding, Micros, Role, RoomRecord, Stores, UpdateRow

ROOM = RoomId("blue-room")
OTHER_ROOM = RoomId("red-room")
WHITEBOARD = DocumentId(ROOM, "whiteboard")
CHAT = DocumentId(ROOM, "chat")
ANN = UserId("ann")
BOB = UserId("bob")


def row(seq: int, update: bytes = b"update", document: DocumentId = WHITEBOARD, *, user: UserId = ANN) -> UpdateRow:
    """A row at that place."""
    return UpdateRow(document, Seq(seq), Micros(1_000_000 + seq), user, SessionId("page"), update)


def rows(count: int, document: DocumentId = WHITEBOARD, *, first: int = 1, size: int = 20) -> list[UpdateRow]:
    """Rows that follow each other, each with other bytes."""
    return [row(seq, seq.to_bytes(4, "big") * (size // 4), document) for seq in range(first, first + count)]


def bound(client: int, user: UserId | None = ANN, document: DocumentId = WHITEBOARD, *, at: int = 1) -> Binding:
    """A client id that belongs to that user."""
    return Binding(document, ClientId(client), user, Micros(at))


async def read(stores: Stores, document: DocumentId = WHITEBOARD, after: int = 0) -> list[UpdateRow]:
    """The whole log behind `after`."""
    return [row async for row in stores.updates.read_after(document, Seq(after))]


def room(id_: RoomId = ROOM, name: str = "Blue") -> RoomRecord:
    """A room as it is created."""
    return RoomRecord(id_, name, Access.LINK, Role.MEMBER, Micros(1))
