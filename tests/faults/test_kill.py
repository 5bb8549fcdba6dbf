"""[P1] What anyone has seen is on disk: `kill -9` at random moments under real y-websocket clients loses none of it."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from tests.browser.room_server import RoomServer
from tests.interop.programs import PATIENCE_SECONDS, seed, start
from tests.server.live import guest_key
from tests.wire_client import wire_client

LONGEST_RUN_SECONDS = 0.8


async def test_nothing_seen_or_called_saved_is_lost(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """[P1] A fresh client, asked before the old ones come back, has all that the witness had and all that was saved."""
    kills = request.config.getoption("--kills")
    chance = random.Random(seed())
    witnessed = saved = telling = 0
    with RoomServer(tmp_path / "data") as server:
        room = server.create_room()
        token = _join(server, room.id)
        for run in range(kills):
            process = await start("kill_clients.mjs", server.address, room.id, token, run)
            assert process.stdout is not None
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert await process.stdout.readline() == b"writing\n"
            await asyncio.sleep(chance.uniform(0.05, LONGEST_RUN_SECONDS))
            server.kill()
            out, _ = await process.communicate()
            told = json.loads(out)

            server.start()
            async with wire_client(f"ws://{server.host}/sync/{room.id}/doc-kill?token={token}") as fresh:
                kept = set(fresh.content())
            assert not set(told["witnessed"]) - kept, f"run {run}: seen by another client, and lost"
            assert not set(told["saved"]) - kept, f"run {run}: called saved, and lost"
            seen = [key for key in told["witnessed"] if key.startswith(f"{run}-")]
            witnessed, saved, telling = witnessed + len(seen), saved + len(told["saved"]), telling + bool(seen)
    print(f"{kills} kills, {witnessed} entries seen, {saved} called saved, none lost")
    assert telling * 2 > kills, "most runs must have shown something before the kill"
    assert witnessed > 10 * kills
    assert saved > 10 * kills


def _join(server: RoomServer, room: str) -> str:
    token: str = server.post(f"/api/rooms/{room}/join", {"name": "Writer", "guest_key": guest_key()})["token"]
    return token
