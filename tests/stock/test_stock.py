"""Each fault of pycrdt-websocket as shipped that we must not have: it breaks the promise, our server keeps it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.addresses import free_port
from tests.browser.room_server import REPOSITORY, RoomServer
from tests.stock import scenarios
from tests.stock.scenarios import PromiseBroken, Server

ROUNDS = 4
START_SECONDS = 20.0

Scenario = Callable[[Server], Awaitable[None]]
SCENARIOS: dict[Scenario, str] = {
    scenarios.what_was_seen_is_kept: "updates that were seen are lost",
    scenarios.a_newcomer_sees_who_is_there: "a newcomer sees who is there",
    scenarios.a_leaver_is_gone_at_once: "a leaver is gone",
    scenarios.a_malformed_message_is_answered: "the sender of a malformed message is told",
}
"""Each scenario, and how the library breaks it; another failure (a hang, say) does not count."""


class Stock:
    """pycrdt-websocket in its own process."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._port = free_port()
        self._rooms = 0

    def url(self) -> str:
        self._rooms += 1
        return f"ws://127.0.0.1:{self._port}/room-{self._rooms}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.stock.stock_server", str(self._port), str(self._database)]
        with self._database.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
            except OSError:
                assert time.monotonic() < deadline, "the stock server did not start"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class Ours(RoomServer):
    """Our server, with a room for each scenario."""

    def url(self) -> str:
        room = self.post("/api/rooms", {"name": "room"})
        return f"ws://{self.host}/sync/{room['room']['id']}/doc-board?token={room['token']}"


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    server = Stock(tmp_path / "stock.db")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    with Ours(tmp_path / "data") as server:
        yield server


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_the_library_as_shipped_breaks_the_promise(scenario: Scenario, stock: Stock) -> None:
    """In one of a few rounds at the latest."""
    with pytest.raises(PromiseBroken, match=SCENARIOS[scenario]):
        await _repeat(scenario, stock)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_our_server_keeps_the_promise(scenario: Scenario, ours: Ours) -> None:
    await scenario(ours)


async def _repeat(scenario: Scenario, server: Server) -> None:
    for _ in range(ROUNDS):
        await scenario(server)
