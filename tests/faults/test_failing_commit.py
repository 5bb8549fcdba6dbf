"""[P1] [P7] A commit that is held back or fails: nobody sees what is not on disk, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdt_docs.frames import encode_sync_step1
from crdt_docs.ids import DocumentId, RoomId
from persistence.errors import StorageUnavailable
from persistence.interfaces import Binding, UpdateRow
from persistence.sqlite import DATABASE_NAME
from tests.browser.room_server import RoomServer
from tests.server.live import Live, configured, serving
from tests.wire_client import WAIT_SECONDS, raw, sync_url, wire_client

DOCUMENT = "doc-held"


class Gate:
    """Stands before a real log's append: lets through, holds back, or fails."""

    def __init__(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        self._append = live.app.services.stores.updates.append
        self.open = asyncio.Event()
        self.open.set()
        self.reached = asyncio.Event()
        self.failing = False
        monkeypatch.setattr(live.app.services.stores.updates, "append", self.append)

    async def append(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding] = ()) -> None:
        self.reached.set()
        await self.open.wait()
        if self.failing:
            raise StorageUnavailable("The disk is full.")
        await self._append(rows, bindings)

    def hold(self) -> None:
        self.open.clear()
        self.reached.clear()


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with serving(configured(tmp_path / "data")) as running:
        yield running


async def test_a_newcomer_sees_nothing_of_a_commit_that_is_held_back(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[TI1] No frame, no state, no state vector; the author is told nothing. Then everybody is, once."""
    room = await live.room()
    url = sync_url(live, room, DOCUMENT, live.token(room), ext="1")
    gate = Gate(live, monkeypatch)
    async with wire_client(url) as ann, wire_client(url) as bob:
        await ann.put("first", 1)
        await bob.until(lambda: bob.content().get("first") == 1)
        await ann.until(lambda: ann.told[-1]["through"] == 3)
        gate.hold()
        await ann.put("held", 1)
        await gate.reached.wait()

        async with raw(sync_url(live, room, DOCUMENT, live.token(room))) as newcomer:
            await newcomer.send(encode_sync_step1(b"\x00"))
            with pytest.raises(TimeoutError):  # a state vector would tell of it as much as a state
                await asyncio.wait_for(newcomer.recv(), 0.5)
            assert "held" not in bob.content()
            assert ann.told[-1]["through"] == 3
            gate.open.set()
            first, second = await newcomer.recv(), await newcomer.recv()
            assert {first[:2], second[:2]} <= {b"\x00\x00", b"\x00\x01", b"\x01\x01"}
        await bob.until(lambda: bob.content().get("held") == 1)
        await ann.until(lambda: ann.told[-1]["through"] == 4)


async def test_a_commit_that_fails_for_good_loses_and_leaks_nothing(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[TI6] [RM6] The others never see it, everybody is closed with 4503, and the next ones get what the log has."""
    monkeypatch.setattr(live.app.services._running().writer, "_delays", (0.01, 0.01))
    room = await live.room()
    url = sync_url(live, room, DOCUMENT, live.token(room), ext="1")
    gate = Gate(live, monkeypatch)
    async with wire_client(url) as ann, wire_client(url) as bob:
        await ann.put("kept", 1)
        await bob.until(lambda: bob.content().get("kept") == 1)
        gate.failing = True
        await ann.put("failed", 1)
        for client in (ann, bob):
            await client.socket.wait_closed()
            assert client.socket.close_code == 4503
        assert bob.content() == {"kept": 1}
        assert all(told["through"] <= 3 for told in ann.told)
    gate.failing = False
    async with wire_client(url) as fresh, wire_client(url) as returning:
        assert fresh.content() == {"kept": 1}
        await returning.socket.send(b"\x00\x02" + _sized(ann.doc.get_update()))
        await fresh.until(lambda: fresh.content() == {"kept": 1, "failed": 1})


async def test_a_commit_that_is_retried_comes_through_once(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """[TI6] The storage recovers between two attempts: the author is told, the others see it, one row stands."""
    monkeypatch.setattr(live.app.services._running().writer, "_delays", (0.05,) * 200)
    room = await live.room()
    url = sync_url(live, room, DOCUMENT, live.token(room), ext="1")
    gate = Gate(live, monkeypatch)
    async with wire_client(url) as ann, wire_client(url) as bob:
        gate.failing = True
        await ann.put("late", 1)
        await gate.reached.wait()
        assert bob.content() == {}
        gate.failing = False
        await bob.until(lambda: bob.content() == {"late": 1})
        await ann.until(lambda: ann.told[-1]["seq"] == 1)
    assert await live.app.services.stores.updates.head(DocumentId(RoomId(room), DOCUMENT)) == 1


async def test_a_locked_database_holds_everything_back_and_then_lets_it_through(tmp_path: Path) -> None:
    """[P7] A real lock by another process's hands: /readyz says so, nobody sees the edit, nothing is lost."""
    with RoomServer(tmp_path / "data") as server:
        room = server.create_room()
        token = server.post(f"/api/rooms/{room.id}/join", {"name": "Ann", "guest_key": "A" * 43})["token"]
        url = f"ws://{server.host}/sync/{room.id}/{DOCUMENT}?token={token}&ext=1"
        async with wire_client(url) as ann, wire_client(url) as bob:
            with closing(sqlite3.connect(tmp_path / "data" / DATABASE_NAME, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                await ann.put("locked", 1)
                answer = await asyncio.to_thread(_await_status, f"{server.address}/readyz", 503)
                assert answer["error"]["code"] == "storage_unavailable"
                assert bob.content() == {}
                assert not any(told.get("seq") for told in ann.told)
                other.execute("ROLLBACK")
            await bob.until(lambda: bob.content() == {"locked": 1})
            await ann.until(lambda: ann.told[-1]["seq"] == 1)
            await asyncio.to_thread(_await_status, f"{server.address}/readyz", 200)


@pytest.mark.parametrize(
    ("damage", "close", "code"), [("newer", 4503, "storage_unavailable"), ("corrupt", 1011, "corrupt_log")]
)
async def test_a_database_that_cannot_be_read_is_never_an_empty_board(
    tmp_path: Path, damage: str, close: int, code: str
) -> None:
    """[P7] Not one frame is given, whatever is asked; /readyz names the reason; once mended, all is there."""
    data = tmp_path / "data"
    with RoomServer(data) as server:
        room = server.create_room()
        token = server.post(f"/api/rooms/{room.id}/join", {"name": "Ann", "guest_key": "A" * 43})["token"]
        url = f"ws://{server.host}/sync/{room.id}/{DOCUMENT}?token={token}"
        async with wire_client(url) as ann, wire_client(url) as bob:
            await ann.put("kept", 1)
            await bob.until(lambda: bob.content() == {"kept": 1})
        server.stop()
        whole = (data / DATABASE_NAME).read_bytes()
        if damage == "newer":
            with closing(sqlite3.connect(data / DATABASE_NAME, isolation_level=None)) as other:
                other.execute("PRAGMA user_version = 999")
        else:
            (data / DATABASE_NAME).write_bytes(b"not a database at all" * 1000)
        server.start(ready=False)
        async with raw(url) as socket:
            with suppress(ConnectionClosed):
                await socket.send(encode_sync_step1(b"\x00"))
            assert [frame async for frame in _frames(socket)] == []
            assert (socket.close_code, socket.close_reason) == (close, code)
        status, body = await asyncio.to_thread(_ask, f"{server.address}/readyz")
        assert (status, body["error"]["code"]) == (503, code)
        assert (await asyncio.to_thread(_ask, f"{server.address}/healthz"))[0] == 200
        server.stop()
        (data / DATABASE_NAME).write_bytes(whole)
        server.start()
        async with wire_client(url) as again:
            assert again.content() == {"kept": 1}


async def _frames(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    with suppress(ConnectionClosed):
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                yield await socket.recv()


def _ask(url: str) -> tuple[int, Any]:
    try:
        with urlopen(url, timeout=10) as response:
            return int(response.status), json.load(response)
    except HTTPError as error:
        return error.code, json.load(error)


def _await_status(url: str, wanted: int) -> Any:
    """Ask until it is so; an answer takes the server as long as its storage takes. Gives the answer."""
    for _ in range(200):
        status, body = _ask(url)
        if status == wanted:
            return body
    raise AssertionError(f"{url} was never {wanted}")


def _sized(update: bytes) -> bytes:
    assert len(update) < 128
    return bytes([len(update)]) + update
