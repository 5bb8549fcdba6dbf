"""Whose client ids write in a live document, and what is kept of it, over real SQLite stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc, Map

from crdt_docs.access import Permission
from crdt_docs.errors import AuthorshipViolation, DocumentQuotaExceeded, SchemaViolation
from crdt_docs.frames import AwarenessEntry
from crdt_docs.ids import ClientId, DocumentId, Seq
from persistence.interfaces import Micros
from server.errors import RoomRecovering
from server.rooms.document import LiveDocument, Reception
from tests.server.live import Live, configured, serving
from tests.server.rooms.reader import BOARD, Reader, changes
from tests.server.rooms.test_document import put

CHAT = DocumentId(BOARD.room, "chat")


def message(id_: str, author: str, text: str = "Hello") -> Map[Any]:
    """A message as the browser writes it."""
    entries = {"id": id_, "author": author, "name": author.title(), "text": text, "sent_at": 1.0}
    return Map({**entries, "reactions": Map({})})


def says(id_: str, author: str) -> Any:
    """An edit that adds a message."""
    return lambda doc: doc.get("messages", type=Array).append(message(id_, author))


async def bindings(live: Live, document: DocumentId = BOARD) -> dict[int, tuple[str | None, str | None]]:
    """What is on disk: client id → (owner, who brought it back)."""
    await live.app.services.registry.drain()
    found = await live.app.services.stores.updates.bindings(document)
    return {binding.client: (binding.user, binding.returned_by) for binding in found}


async def test_a_client_id_is_its_first_users(tmp_path: Path) -> None:
    """[GU1] [GU2] By parameter, awareness or update; nobody else writes under it, also after a restart."""
    ids = [ClientId(11), ClientId(12)]
    doc: Doc[Any] = Doc()
    async with serving(configured(tmp_path)) as live:
        registry = live.app.services.registry
        async with registry.enter(BOARD, ann := Reader("ann")) as document:
            ann.document = document
            document.claim(ann, ids[0])
            document.announce(ann, [AwarenessEntry(ids[1], 0, {})])
            ann.write(changes(put("a", 1), doc))
        owned = {**dict.fromkeys(ids, ("ann", None)), doc.client_id: ("ann", None)}
        assert await bindings(live) == owned
    async with serving(configured(tmp_path)) as live:
        async with live.app.services.registry.enter(BOARD, eve := Reader("eve")) as document:
            eve.document = document
            for client in ids:
                with pytest.raises(AuthorshipViolation):
                    document.claim(eve, client)
            with pytest.raises(AuthorshipViolation):
                eve.write(changes(put("a", 2), doc))
            document.announce(eve, [AwarenessEntry(ids[0], 5, {"cursor": 1})])
            assert not document.presence.changed
        assert await bindings(live) == owned


async def test_what_the_document_has_is_no_offence(tmp_path: Path) -> None:
    """[GU2] [RC1] A provider answers every state vector with everybody's work."""
    async with (
        serving(configured(tmp_path)) as live,
        live.app.services.registry.enter(BOARD, ann := Reader("ann")) as document,
    ):
        ann.document = document
        update = changes(put("a", 1))
        ann.write(update)
        bob = Reader("bob").join(document)
        assert bob.write(update, whole=True) is Reception.KNOWN


def test_nobody_hears_of_an_id_before_it_is_on_disk_whose_it_is() -> None:
    """[GU3]"""
    document = LiveDocument(BOARD, Doc(), Seq(0), lambda _document: None)
    ann = Reader("ann").join(document)
    document.announce(ann, [AwarenessEntry(ClientId(7), 0, {"cursor": 1})])
    document.announce_presence()
    assert ann.awareness == []
    assert document.present() is None  # what a newcomer is told
    cut = document.cut(Micros(1))
    document.announce_presence()
    assert ann.awareness == []
    assert document.present() is None
    assert [(binding.client, binding.user) for binding in cut.bindings] == [(7, "ann")]
    document.release(cut)
    assert len(ann.awareness) == 1
    assert document.present() is not None


async def test_a_refused_change_leaves_the_document_as_it_was(tmp_path: Path) -> None:
    """[GU4] Somebody else's name under a message; and the next honest message is taken."""
    async with serving(configured(tmp_path)) as live:
        async with live.app.services.registry.enter(CHAT, ann := Reader("ann")) as document:
            ann.document = document
            before = document.ydoc.get_state()
            with pytest.raises(AuthorshipViolation):
                ann.write(changes(says("1", "bob")))
            with pytest.raises(SchemaViolation):
                ann.write(changes(put("a", 1)))
            assert document.ydoc.get_state() == before
            assert ann.write(changes(says("2", "ann"))) is Reception.APPLIED
            assert ann.credited == [1]
        assert [user for user, _ in (await bindings(live, CHAT)).values()] == ["ann"]


async def test_a_document_grows_to_its_limit(tmp_path: Path) -> None:
    """[GU5] What was there before a restart counts."""
    large = put("a", "x" * 3000)
    for room_left in (True, False):
        async with (
            serving(configured(tmp_path, max_document_bytes=5000)) as live,
            live.app.services.registry.enter(BOARD, ann := Reader("ann")) as document,
        ):
            ann.document = document
            if room_left:
                ann.write(changes(large))
            with pytest.raises(DocumentQuotaExceeded):
                ann.write(changes(large))


class TestRecovery:
    """[GU6] A room that was restored from a backup, and pages that know more than it."""

    async def test_others_work_comes_back_through_who_moderates(self, tmp_path: Path) -> None:
        """Known ids stay their owners', unknown ones are nobody's, and his own stay his."""
        theirs, unknown, his = Doc(), Doc(), Doc()
        async with serving(configured(tmp_path)) as live:
            async with live.app.services.registry.enter(CHAT, ann := Reader("ann")) as document:
                ann.document = document
                ann.write(changes(says("1", "ann"), theirs))
                document.guard.recovery = True
                mo = moderator("mo").join(document)
                mo.write(changes(says("2", "ann"), theirs))
                mo.write(changes(says("3", "bob"), unknown))
                document.claim(mo, ClientId(his.client_id))
                mo.write(changes(says("4", "mo"), his))
                bob = Reader("bob").join(document)
                with pytest.raises(RoomRecovering):
                    bob.write(changes(says("5", "bob"), unknown))
            assert await bindings(live, CHAT) == {
                theirs.client_id: ("ann", None), unknown.client_id: (None, "mo"), his.client_id: ("mo", None),
            }  # fmt: skip

    async def test_who_does_not_moderate_is_asked_to_come_back(self, tmp_path: Path) -> None:
        """His own work is taken meanwhile."""
        theirs = Doc()
        async with (
            serving(configured(tmp_path)) as live,
            live.app.services.registry.enter(BOARD, ann := Reader("ann")) as document,
        ):
            ann.document = document
            ann.write(changes(put("a", 1), theirs))
            document.guard.recovery = True
            bob = Reader("bob").join(document)
            with pytest.raises(RoomRecovering):
                bob.write(changes(put("b", 1), theirs))
            assert bob.write(changes(put("c", 1))) is Reception.APPLIED

    async def test_nobody_takes_a_returned_id_for_his_own(self, tmp_path: Path) -> None:
        """It is nobody's, also when the room is not in recovery any more."""
        unknown = Doc()
        async with (
            serving(configured(tmp_path)) as live,
            live.app.services.registry.enter(BOARD, mo := moderator("mo")) as document,
        ):
            mo.document = document
            document.guard.recovery = True
            ann = Reader("ann").join(document)
            mo.write(changes(put("y", 1), unknown))
            document.guard.recovery = False
            later = changes(put("z", 1), unknown)
            for reader in (mo, ann):
                with pytest.raises(AuthorshipViolation):
                    reader.write(later)


def moderator(name: str) -> Reader:
    """Somebody who moderates."""
    reader = Reader(name)
    object.__setattr__(reader.author, "permissions", frozenset(Permission))
    return reader
