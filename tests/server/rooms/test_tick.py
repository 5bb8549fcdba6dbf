"""The tick and the life of documents, over real SQLite stores, wired as in production."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map

from crdt_docs.frames import encode_sync_step1
from crdt_docs.ids import DocumentId, RoomId, Seq
from persistence.errors import CorruptStorage
from persistence.interfaces import Binding, Micros, UpdateRow
from persistence.sqlite.stores import DATABASE_NAME
from server.rooms import registry as registry_module
from server.rooms.document import LiveDocument
from server.rooms.registry import Life
from server.sync.outbox import Outbox
from tests.server.live import Live, configured, serving
from tests.server.rooms.reader import BOARD, Reader, changes
from tests.server.rooms.test_document import put
from tests.wire_client import raw, sync_url, wire_client

OTHER = DocumentId(RoomId("other"), "doc-board")


class Watch:
    """Notes each transaction on its way to the real log, and when it came."""

    def __init__(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[list[UpdateRow]] = []
        self.times: list[float] = []
        self._append = live.app.services.stores.updates.append
        self._came = asyncio.Condition()
        monkeypatch.setattr(live.app.services.stores.updates, "append", self.append)

    async def append(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding] = ()) -> None:
        await self._append(rows, bindings)
        async with self._came:
            self.batches.append(list(rows))
            self.times.append(asyncio.get_running_loop().time())
            self._came.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.batches) >= count)


async def test_one_transaction_holds_the_rows_of_all_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[TI2]"""
    async with serving(configured(tmp_path)) as live:
        registry, watch = live.app.services.registry, Watch(live, monkeypatch)
        ann, bob = Reader("ann"), Reader("bob")
        async with registry.enter(BOARD, ann) as ann.document, registry.enter(OTHER, bob) as bob.document:
            ann.write(changes(put("a", 1)))
            bob.write(changes(put("b", 1)))
            await watch.until(1)
        assert [{row.document for row in batch} for batch in watch.batches] == [{BOARD, OTHER}]


async def test_a_tick_comes_at_once_after_a_pause_and_else_in_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[TI3] The first change does not wait; the next one waits for the tick."""
    async with serving(configured(tmp_path, tick_seconds=1.0)) as live:
        watch, loop = Watch(live, monkeypatch), asyncio.get_running_loop()
        async with live.app.services.registry.enter(BOARD, ann := Reader("ann")) as ann.document:
            await asyncio.sleep(1.0)  # the pause that this is about: the tick of the join is over
            wrote = loop.time()
            ann.write(changes(put("a", 1)))
            await watch.until(1)
            ann.write(changes(put("b", 1)))
            await watch.until(2)
        assert watch.times[0] - wrote < 0.9
        assert watch.times[1] - wrote >= 0.9


async def test_a_document_that_cannot_be_cut_leaves_the_others_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[TI7] [RM6] It is discarded, its readers are told to come back, and its log is loaded for them."""
    async with serving(configured(tmp_path)) as live:
        registry, watch = live.app.services.registry, Watch(live, monkeypatch)
        ann, bob = Reader("ann"), Reader("bob")
        async with registry.enter(BOARD, ann) as ann.document, registry.enter(OTHER, bob) as bob.document:
            ann.write(changes(put("kept", 1)))
            await watch.until(1)
            monkeypatch.setattr(ann.document, "cut", _broken)
            ann.write(changes(put("lost on the way", 1)))
            bob.write(changes(put("b", 1)))
            await watch.until(2)
            assert ann.dropped == ["storage_unavailable"]
            assert bob.dropped == []
            async with registry.enter(BOARD, eve := Reader("eve")) as eve.document:
                assert eve.document is not ann.document
                assert eve.document.ydoc.get("m", type=Map).to_py() == {"kept": 1}


def _broken(_at: object) -> None:
    raise RuntimeError("a bug")


async def test_a_document_nobody_is_on_leaves_memory_and_comes_back(tmp_path: Path) -> None:
    """[RM4]"""
    async with serving(configured(tmp_path, idle_seconds=0.1)) as live:
        registry = live.app.services.registry
        async with registry.enter(BOARD, ann := Reader("ann")) as ann.document:
            ann.write(changes(put("a", 1)))
        async with asyncio.timeout(10):
            while registry.lives():
                await asyncio.sleep(0.02)
        async with registry.enter(BOARD, bob := Reader("bob")) as bob.document:
            assert bob.document is not ann.document
            assert bob.document.ydoc.get("m", type=Map).to_py() == {"a": 1}


async def test_a_failed_document_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM2] [RM3] Once its row is mended, whoever comes gets all of it."""
    async with (
        serving(configured(tmp_path)) as live,
        live.app.services.registry.enter(BOARD, ann := Reader("ann")) as ann.document,
    ):
        ann.write(changes(put("a", 1)))
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as other:
        [(whole,)] = other.execute("SELECT bytes FROM updates").fetchall()
        other.execute("UPDATE updates SET bytes = x'ffff'")
        async with serving(configured(tmp_path)) as live:
            registry = live.app.services.registry
            with pytest.raises(CorruptStorage):
                async with registry.enter(BOARD, Reader("bob")):
                    pass
            other.execute("UPDATE updates SET bytes = ?", [whole])
            monkeypatch.setattr(registry_module, "FAILURE_SECONDS", 0.0)
            async with registry.enter(BOARD, bob := Reader("bob")) as bob.document:
                assert bob.document.ydoc.get("m", type=Map).to_py() == {"a": 1}
                assert registry.lives() == {Life.OPEN: 1}


async def test_a_newcomer_is_sent_updates_once_he_asked_for_the_state(tmp_path: Path) -> None:
    """[SY2] Our state vector comes first; the state holds what was shown to the others meanwhile."""
    async with serving(configured(tmp_path)) as live:
        url = sync_url(live, room := await live.room(), "doc-new", live.token(room))
        async with wire_client(url) as ann, wire_client(url) as bob, raw(url) as newcomer:
            assert (await newcomer.recv())[:2] == b"\x00\x00"
            await ann.put("a", 1)
            await bob.until(lambda: bob.content() == {"a": 1})
            await newcomer.send(encode_sync_step1(b"\x00"))
            assert (await newcomer.recv())[:2] == b"\x00\x01"
            await ann.put("b", 1)
            assert (await newcomer.recv())[:2] == b"\x00\x02"


def test_a_state_that_is_asked_for_twice_is_given_once() -> None:
    """[SY6] The newer request replaces the one that was not answered yet."""
    doc: Doc[Any] = Doc()
    document = LiveDocument(BOARD, doc, Seq(0), lambda _document: None)
    ann = Reader("ann").join(document)
    document.request_state(ann, b"\x00")
    document.release(document.cut(Micros(1)))
    assert len(ann.states) == 1


def test_awareness_leaves_room_for_the_document() -> None:
    """[AW8] It is refused at a quarter of the outbox, where an update still fits."""

    async def send(_frame: bytes) -> None:
        return None

    outbox = Outbox(send, limit=1000, slow_seconds=1)
    assert outbox.put(b"x" * 200, share=0.25)
    assert not outbox.put(b"x" * 100, share=0.25)
    assert outbox.put(b"x" * 700)
