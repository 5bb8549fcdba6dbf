"""[P1] [P7] A disk that is full and a lock that outlasts every retry: all are told, nothing leaks, nothing is lost."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from crdt_docs.frames import encode_update
from persistence.sqlite import DATABASE_NAME
from tests.browser.room_server import RoomServer
from tests.wire_client import WireClient, wire_client

DOCUMENT = "doc-stored"
GIVEN_UP_SECONDS = 60.0  # all retries, each with its busy timeout, on a loaded machine
EXCESS_BYTES = 256 * 1024


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Somebody else's exclusive transaction."""
    with closing(sqlite3.connect(data / DATABASE_NAME, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full_disk(server: RoomServer, data: Path) -> Iterator[None]:
    """No file of the server may outgrow its log of writes as it is now."""
    size = _largest_file(data)
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("fault", ["lock", "full disk"])
async def test_storage_that_fails_for_good_closes_everybody_and_loses_nothing(tmp_path: Path, fault: str) -> None:
    """[TI6] 4503 to all, the edit neither seen nor called saved; it arrives when its author returns after the fault."""
    data = tmp_path / "data"
    with RoomServer(data) as server:
        room = server.create_room()
        token = server.post(f"/api/rooms/{room.id}/join", {"name": "Ann", "guest_key": "A" * 43})["token"]
        url = f"ws://{server.host}/sync/{room.id}/{DOCUMENT}?token={token}&ext=1"
        async with wire_client(url) as ann, wire_client(url) as bob:
            await ann.put("kept", 1)
            await bob.until(lambda: bob.content() == {"kept": 1})
            await ann.until(lambda: any(told["seq"] for told in ann.told))
            saved = ann.told[-1]["through"]
            with locked(data) if fault == "lock" else full_disk(server, data):
                await ann.put("failed", "x" * (_largest_file(data) + EXCESS_BYTES))
                for client in (ann, bob):
                    await _closed(client)
                    assert (client.socket.close_code, client.socket.close_reason) == (4503, "storage_unavailable")
                assert bob.content() == {"kept": 1}
                assert ann.told[-1]["through"] == saved
        async with wire_client(url) as returning, wire_client(url) as fresh:
            assert fresh.content() == {"kept": 1}
            await returning.socket.send(encode_update(ann.doc.get_update()))
            await fresh.until(lambda: fresh.content() == ann.content())
        server.kill()
        server.start()
        async with wire_client(url) as after:
            assert after.content() == ann.content()


def _largest_file(data: Path) -> int:
    return max(path.stat().st_size for path in data.glob(f"{DATABASE_NAME}*"))


async def _closed(client: WireClient) -> None:
    async with asyncio.timeout(GIVEN_UP_SECONDS):
        await client.socket.wait_closed()
