"""An unmodified y-websocket provider through the events of its life."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.room_server import RoomServer
from tests.interop.programs import FOLDER, result, run, start

IDLE_SECONDS = 120


@pytest.fixture(scope="session", autouse=True)
def idler(server: RoomServer) -> Iterator[subprocess.Popen[str]]:
    """Somebody idle, who came before the other tests and is asked after them."""
    command = ["node", str(FOLDER / "idle.mjs"), server.address, str(IDLE_SECONDS)]
    with subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


async def test_a_provider_refused_for_good_does_not_come_back(server: RoomServer) -> None:
    """[P9] 44xx is final: one connection attempt in eight seconds."""
    outcome = await run("life.mjs", server.address, "refused")
    assert outcome == {"code": 4401, "reason": "token_invalid", "attempts": 1, "shouldConnect": False}


async def test_providers_sync_what_was_drawn_while_the_server_was_dead(tmp_path: Path) -> None:
    """[P2, P9] Killed and started again on the same address; the providers come back by themselves."""
    with RoomServer(tmp_path / "data") as server:
        process = await start("life.mjs", server.address, "restarted")
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"kill\n"
            await asyncio.to_thread(server.kill)
            assert await process.stdout.readline() == b"start\n"
            await asyncio.to_thread(server.start)
            process.stdin.write(b"started\n")
            await process.stdin.drain()
        assert await result(process) == {"elements": {"before": 1, "ann": 1, "bob": 1}}


async def test_a_viewers_provider_is_denied_and_his_write_reaches_nobody(server: RoomServer) -> None:
    """[P5, P9] He hears it in the ecosystem's words (y-protocols auth) and goes on reading."""
    outcome = await run("life.mjs", server.address, "viewer")
    assert "permission_denied" in outcome.pop("warning")
    assert outcome == {"connected": True, "owner": {"allowed": 1}, "newcomer": {"allowed": 1}}


async def test_a_newcomer_sees_at_once_who_is_there(server: RoomServer) -> None:
    """[P9] Both those present, under the names that the server knows.

    A provider that never set a state is not seen: y-protocols gives its empty first state the clock 0, and no client
    of Yjs takes that for news until it is renewed after 15 s, whatever server is between.
    """
    outcome = await run("life.mjs", server.address, "newcomer")
    assert outcome["milliseconds"] < 1000
    assert {"ann", "bob"} <= set(outcome["names"])


async def test_a_leaver_is_gone_within_a_second(server: RoomServer) -> None:
    """[P9] Whether the provider said so or its socket was killed."""
    outcome = await run("life.mjs", server.address, "leavers")
    assert outcome["destroyed"] < 1000
    assert outcome["killed"] < 1000


async def test_two_who_open_a_new_room_together_both_sync(server: RoomServer) -> None:
    """[P2, P9] Neither waits for the other, and neither is given a document of his own."""
    outcome = await run("life.mjs", server.address, "together")
    assert outcome["elements"] == [{"ann": 1, "bob": 1}] * 2


async def test_somebody_idle_stays_connected_for_two_minutes(idler: subprocess.Popen[str]) -> None:
    """[P9] The provider gives up after 30 s without a message, so an empty room must speak."""
    out, _ = await asyncio.to_thread(idler.communicate, timeout=IDLE_SECONDS + 30)
    outcome = json.loads(out)
    assert outcome["seconds"] >= IDLE_SECONDS - 0.1
    assert (outcome["closes"], outcome["connected"]) == (0, True)
