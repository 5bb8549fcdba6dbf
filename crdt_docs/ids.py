"""The types of the things that have an identity, and the form in which each may arrive from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from crdt_docs.errors import InvalidRoomId, UnknownDocument

RoomId = NewType("RoomId", str)
UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
ClientId = NewType("ClientId", int)
"""A Yjs client id: the random number under which one `Y.Doc` writes its structs (below 2**53)."""
Seq = NewType("Seq", int)
"""The place of a row in its document's update log: 1, 2, 3, …; 0 stands before the first row."""

_ROOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GENERIC_NAME = re.compile(r"doc-[A-Za-z0-9_-]{1,64}")


class DocumentKind(StrEnum):
    """What rules a document follows."""

    WHITEBOARD = "whiteboard"
    CHAT = "chat"
    GENERIC = "doc"


@dataclass(frozen=True, slots=True)
class DocumentId:
    """One Yjs document of one room; `name` is `whiteboard`, `chat` or `doc-<name>`."""

    room: RoomId
    name: str

    @property
    def kind(self) -> DocumentKind:
        """The rules this document follows, told by its name."""
        if self.name.startswith("doc-"):
            return DocumentKind.GENERIC
        return DocumentKind(self.name)

    def __str__(self) -> str:
        return f"{self.room}/{self.name}"


def parse_room_id(text: str) -> RoomId:
    """Check a room id that came from outside: 1 to 64 of `A-Z a-z 0-9 _ -`.

    Raises:
        InvalidRoomId: The text has another form.
    """
    if not _ROOM_ID.fullmatch(text):
        raise InvalidRoomId(text)
    return RoomId(text)


def parse_document_id(room: RoomId, name: str) -> DocumentId:
    """Check a document name that came from outside: `whiteboard`, `chat` or `doc-<1 to 64 of A-Z a-z 0-9 _ ->`.

    Raises:
        UnknownDocument: No such kind of document.
    """
    if name in ("whiteboard", "chat") or _GENERIC_NAME.fullmatch(name):
        return DocumentId(room, name)
    raise UnknownDocument(name)
