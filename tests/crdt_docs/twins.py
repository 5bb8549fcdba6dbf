"""Clients that write with pycrdt, and a room that judges what they send as the server does: twin first, then live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pycrdt import Array, Doc, Map

from crdt_docs.effects import Actor, DocumentLimits, Verdict
from crdt_docs.ids import DocumentKind, UserId
from crdt_docs.twin import Twin
from crdt_docs.updates import read_update

ANN, BOB, MOD = UserId("ann"), UserId("bob"), UserId("mod")
HASH = "ab" * 32
BOX: dict[str, Any] = {"type": "rectangle", "xy": [1, 2.5], "wh": [30, 40], "index": "a1", "strokeColor": "#000"}


class Client:
    """One open page: its document, and what it wrote since it last sent."""

    def __init__(self, client: int, *known: bytes) -> None:
        self.doc: Doc[Any] = Doc(client_id=client)
        self.messages = self.doc.get("messages", type=Array)
        self.elements = self.doc.get("elements", type=Map)
        self.files = self.doc.get("files", type=Map)
        for state in known:
            self.doc.apply_update(state)

    def write(self, act: Callable[[], Any]) -> bytes:
        """What a transaction adds to the document."""
        before = self.doc.get_state()
        with self.doc.transaction():
            act()
        return self.doc.get_update(before)


class Judged:
    """A document on the server with its twin."""

    def __init__(self, kind: DocumentKind, state: bytes = b"\0\0", limits: DocumentLimits | None = None) -> None:
        self.live: Doc[Any] = Doc()
        self.live.apply_update(state)
        self.twin = Twin.of(kind, state, limits or DocumentLimits())

    @property
    def state(self) -> bytes:
        return self.live.get_update()

    def take(self, sent: bytes, by: UserId = ANN, *, moderates: bool = False, recovers: bool = False) -> Verdict:
        verdict = self.twin.judge(sent, read_update(sent), Actor(by, moderates, recovers))
        self.live.apply_update(sent)
        assert self.twin.doc.get_state() == self.live.get_state()
        return verdict


def message(id_: str = "m1", author: str = ANN, **others: Any) -> Map[Any]:
    fields = {"id": id_, "author": author, "name": "A", "text": "Hello", "sent_at": 1_700_000_000_123}
    return Map({**fields, "reactions": Map({}), **others})


def stroke(*steps: float, **others: Any) -> Map[Any]:
    return Map({"type": "freedraw", "xy": [0, 0], "index": "a0", "pts": Array(list(steps)), **others})
