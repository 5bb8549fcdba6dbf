"""Faults of DESIGN §3 that show on pycrdt-websocket's objects alone, and what stands in their place here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from pycrdt import Doc, Map
from pycrdt.websocket import WebsocketServer, YRoom

from crdt_docs.ids import DocumentId, RoomId, Seq
from persistence.interfaces import Micros
from server.rooms.document import LiveDocument
from server.rooms.registry import Registry
from server.sync.outbox import Outbox
from tests.server.live import Live, configured, serving
from tests.server.rooms.reader import BOARD, Reader, changes

UPDATES = 70_000
"""More than the 65,536 that YRoom's stream holds."""
BURST = 1_000


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    """Our registry over a real database, wired as in production."""
    live: Live
    async with serving(configured(tmp_path / "data")) as live:
        yield live.app.services.registry


class Peer:
    """A channel as YRoom wants one; `send` waits for `reading`."""

    path = "room"

    def __init__(self) -> None:
        self.sent = 0
        self.under_way = 0
        self.most_under_way = 0
        self.reading = asyncio.Event()

    async def send(self, _message: bytes) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.reading.wait()
        self.under_way -= 1
        self.sent += 1

    def __aiter__(self) -> Peer:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.Event().wait()
        raise StopAsyncIteration


async def test_stock_hangs_the_second_of_two_who_open_a_room_together() -> None:
    """`start` holds its lock for the room's life."""
    async with WebsocketServer() as server:
        room = server.rooms["new"] = YRoom()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.gather(server.start_room(room), server.start_room(room))


async def test_our_registry_opens_a_document_once_for_both(registry: Registry) -> None:
    """[RM1] The lock is held only while it opens."""
    ids = DocumentId(RoomId("new"), "doc-board")

    async def enter() -> LiveDocument:
        async with registry.enter(ids, Reader()) as document:
            return document

    async with asyncio.timeout(5):
        one, other = await asyncio.gather(enter(), enter())
    assert one is other


async def test_stock_crashes_when_a_room_is_stopped_just_after_its_start() -> None:
    """What `start` began is not there yet."""
    with pytest.raises(BaseException) as crash:  # noqa: PT011 - a group or not, as anyio has it
        async with asyncio.timeout(5), anyio.create_task_group() as tasks:
            room = YRoom()
            tasks.start_soon(room.start)
            await room.started.wait()
            await room.stop()
    assert "not started" in repr(crash.value) or "Awareness" in repr(crash.value)


async def test_our_registry_drains_just_after_a_document_was_opened(registry: Registry) -> None:
    """[RM5]"""
    reader = Reader()
    async with registry.enter(DocumentId(RoomId("brief"), "doc-board"), reader):
        await registry.drain()
    assert reader.dropped == ["room_draining"]


async def test_stock_drops_updates_in_silence() -> None:
    """When its stream is full."""
    async with YRoom() as room:
        await room.ydoc_observed.wait()
        peer = Peer()
        peer.reading.set()
        serving_task = asyncio.create_task(room.serve(peer))
        while not peer.sent:
            await asyncio.sleep(0)
        board = room.ydoc.get("m", type=Map)
        for number in range(UPDATES):
            board["k"] = number
        while peer.sent < 60_000:
            await asyncio.sleep(0)
        for _ in range(20_000):  # turns in which the rest would come
            await asyncio.sleep(0)
        assert peer.sent < UPDATES
        serving_task.cancel()


def test_our_document_gives_them_all() -> None:
    """[TI5] However many came within one tick."""
    document = LiveDocument(BOARD, Doc(), Seq(0), lambda _document: None)
    ann, bob = Reader("ann").join(document), Reader("bob").join(document)
    document.release(document.cut(Micros(1)))
    doc: Doc[Any] = Doc()
    numbers = range(BURST * 5)
    for number in numbers:
        ann.write(changes(lambda each, number=number: each.get("m", type=Map).__setitem__(f"k{number}", 1), doc))
    document.release(document.cut(Micros(2)))
    assert len(bob.doc.get("m", type=Map)) == len(numbers)


async def test_stock_starts_a_task_for_each_update_and_reader() -> None:
    """So nothing holds it back when a reader does not read, and nothing keeps the order."""
    async with YRoom() as room:
        await room.ydoc_observed.wait()
        peer = Peer()
        peer.reading.set()
        serving_task = asyncio.create_task(room.serve(peer))
        while not peer.sent:
            await asyncio.sleep(0)
        peer.reading.clear()
        board = room.ydoc.get("m", type=Map)
        for number in range(BURST):
            board["k"] = number
        async with asyncio.timeout(10):
            while peer.most_under_way < BURST:
                await asyncio.sleep(0)
        serving_task.cancel()


async def test_our_outbox_sends_one_frame_at_a_time_and_refuses_what_exceeds_its_bound() -> None:
    """[SY4] In order, and bounded in bytes."""
    peer = Peer()
    outbox = Outbox(peer.send, limit=1_000, slow_seconds=5)

    async def on_empty() -> None:
        return None

    task = asyncio.create_task(outbox.run(on_empty))
    taken = sum(outbox.put(b"x" * 10) for _ in range(BURST))
    while not peer.under_way:
        await asyncio.sleep(0)
    assert taken == 100
    assert peer.most_under_way == 1
    peer.reading.set()
    while peer.sent < taken:
        await asyncio.sleep(0)
    task.cancel()
