"""A server whose storage is locked, newer, damaged or gone: it lives, says so, and serves nothing as empty (P7)."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from persistence.sqlite import DATABASE_NAME, open_sqlite
from server.clock import SystemClock
from tests.server.live import Live, close_of, configured, guest_key, serving

WAIT_SECONDS = 20.0


async def _get(live: Live, path: str) -> tuple[int, Any]:
    answer = await live.app.quart.test_client().get(path)
    return answer.status_code, await answer.get_json()


async def _until_ready(live: Live) -> None:
    """Poll, as operators do."""
    for _ in range(int(WAIT_SECONDS / 0.05)):
        if (await _get(live, "/readyz"))[0] == 200:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the server did not become ready")


async def _made(folder: Path) -> Path:
    async with open_sqlite(folder, clock=SystemClock().now_us):
        return folder / DATABASE_NAME


async def _assert_refuses(live: Live, code: str, http: int, close: int) -> None:
    assert (await _get(live, "/healthz"))[0] == 200
    status, ready = await _get(live, "/readyz")
    assert (status, ready["error"]["code"]) == (503, code)
    assert ready["error"]["reason"].endswith((".", ")"))
    client = live.app.quart.test_client()
    for path, body in (("/api/rooms", {}), ("/api/rooms/room/join", {"name": "X", "guest_key": guest_key()})):
        answer = await client.post(path, json=body)
        assert (answer.status_code, (await answer.get_json())["error"]["code"]) == (http, code)
    async with live.signal("room", live.token("*")) as socket:
        assert await close_of(socket) == (close, code)
    assert b"thunderline_storage_ready 0.0" in await (await client.get("/metrics")).get_data()
    assert (await client.get("/")).status_code in (200, 503)


async def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    """[SV2] storage_unavailable, and the database stays as it was."""
    database = await _made(tmp_path)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()

    async with serving(configured(tmp_path)) as live:
        await _assert_refuses(live, "storage_unavailable", 503, 4503)


async def test_a_damaged_database_is_never_replaced(tmp_path: Path) -> None:
    """[SV3] corrupt_log; not one byte is changed."""
    damaged = b"this is not a database" * 1000
    (tmp_path / DATABASE_NAME).write_bytes(damaged)

    async with serving(configured(tmp_path)) as live:
        await _assert_refuses(live, "corrupt_log", 500, 1011)

    assert (tmp_path / DATABASE_NAME).read_bytes() == damaged


async def test_a_locked_database_is_opened_once_it_is_free(tmp_path: Path) -> None:
    """[SV1] storage_unavailable meanwhile; then everything works without a restart."""
    database = await _made(tmp_path)
    lock = sqlite3.connect(database, isolation_level=None)
    lock.execute("PRAGMA locking_mode = EXCLUSIVE")
    lock.execute("BEGIN EXCLUSIVE")

    async with serving(configured(tmp_path)) as live:
        await _assert_refuses(live, "storage_unavailable", 503, 4503)
        lock.execute("ROLLBACK")
        lock.close()
        await _until_ready(live)
        await live.room()


async def test_a_ready_server_says_so_and_counts(live: Live) -> None:
    """[RT6] [RT7] [RT8] [RT9] health, readiness, metrics and what a page must know."""
    assert await _get(live, "/healthz") == (200, {"status": "alive"})
    assert await _get(live, "/readyz") == (200, {"status": "ready", "failed_documents": 0})
    status, config = await _get(live, "/api/config")
    assert (status, config["name"], config["create_rooms"]) == (200, "Thunderline", "anyone")
    room = await live.room()
    async with live.signal(room, live.token(room)) as socket:
        await socket.recv()
        text = await (await live.app.quart.test_client().get("/metrics")).get_data(as_text=True)
    for line in (
        "thunderline_storage_ready 1.0",
        "thunderline_sessions 1.0",
        'thunderline_connections{kind="signal"} 1.0',
    ):
        assert line in text


async def test_a_draining_server_is_not_ready(live: Live) -> None:
    """[RT7] 503 room_draining."""
    await live.app.services.drain()

    status, ready = await _get(live, "/readyz")

    assert (status, ready["error"]["code"]) == (503, "room_draining")


@pytest.mark.parametrize("path", ["/sync/room", "/sync/room/unknown", "/sync/", "/signal/", "/signal/a/b"])
async def test_a_socket_to_nothing_is_told_so(live: Live, path: str) -> None:
    """[SG0] 4404, also with a token for any room."""
    await live.room()
    async with connect(f"ws://127.0.0.1:{live.port}{path}?token={live.token('*')}") as socket:
        assert (await close_of(socket))[0] == 4404


async def test_a_socket_to_an_address_without_sockets_is_not_opened(live: Live) -> None:
    """[SG0] The handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{live.port}/elsewhere/room")

    assert refused.value.response.status_code == 400
