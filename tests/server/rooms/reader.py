"""A socket without a network: it notes what its document tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pycrdt import Doc

from crdt_docs.frames import SyncStep1, SyncStep2, Update, decode_frame
from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId
from crdt_docs.updates import read_update
from persistence.interfaces import MEMBER_PERMISSIONS, Role
from server.rooms.author import Author
from server.rooms.document import LiveDocument, Reception

BOARD = DocumentId(RoomId("sprint"), "doc-board")


def author(name: str, session: str | None = None) -> Author:
    """A member of that name, with the session `<name>-page` unless another is given."""
    return Author(
        UserId(name),
        name.title(),
        Role.MEMBER,
        SessionId(session or f"{name}-page"),
        "#1c7ed6",
        MEMBER_PERMISSIONS,
    )


def changes(edit: Callable[[Doc[Any]], None], doc: Doc[Any] | None = None) -> bytes:
    """The update that an edit makes, by a fresh document unless one is given."""
    doc = Doc() if doc is None else doc
    before = doc.get_state()
    edit(doc)
    return doc.get_update(before)


class Reader:
    """A Subscriber that applies what it is shown to a document of its own, as a browser would."""

    def __init__(self, name: str = "ann", session: str | None = None) -> None:
        self.author = author(name, session)
        self.doc: Doc[Any] = Doc()
        self.vectors: list[bytes] = []
        self.states: list[Seq] = []
        self.shown: list[tuple[bytes | None, Seq]] = []
        self.acknowledged: list[tuple[int, int]] = []
        self.awareness: list[bytes] = []
        self.dropped: list[str] = []
        self.received = 0
        self.credited: list[int] = []
        self.waiting: list[bytes] = []
        self.document: LiveDocument

    def join(self, document: LiveDocument) -> Reader:
        """Join and ask for the state, as a provider does."""
        self.document = document
        document.join(self)
        document.request_state(self, self.doc.get_state())
        return self

    def write(self, update: bytes, *, whole: bool = False) -> Reception:
        """Send an update."""
        self.received += 1
        reception = self.document.receive(self, update, read_update(update), whole=whole)
        if reception is Reception.WAITING:
            self.waiting.append(update)
        self.document.request_acknowledgement(self)
        return reception

    def ask(self, frame: bytes) -> None:
        step = decode_frame(frame)
        assert isinstance(step, SyncStep1)
        self.vectors.append(step.state_vector)

    def give_state(self, frame: bytes, seq: Seq) -> None:
        step = decode_frame(frame)
        assert isinstance(step, SyncStep2)
        self.doc.apply_update(step.update)
        self.states.append(seq)

    def show(self, frame: bytes | None, seq: Seq) -> None:
        self.shown.append((frame, seq))
        if frame is not None:
            message = decode_frame(frame)
            assert isinstance(message, Update)
            self.doc.apply_update(message.update)

    def settled(self) -> int:
        return self.received - len(self.waiting)

    def acknowledge(self, through: int, seq: int) -> None:
        self.acknowledged.append((through, seq))

    def credit(self, *, messages: int) -> None:
        self.credited.append(messages)

    def retry(self) -> bool:
        waiting, self.waiting = self.waiting, []
        applied = False
        for update in waiting:
            reception = self.document.receive(self, update, read_update(update), whole=False)
            applied |= reception is Reception.APPLIED
            if reception is Reception.WAITING:
                self.waiting.append(update)
        return applied

    def announce(self, frame: bytes) -> None:
        self.awareness.append(frame)

    def drop(self, code: str) -> None:
        self.dropped.append(code)
