"""A reader who pauses falls behind, is not closed, and catches up from the log."""

from __future__ import annotations

import asyncio
import socket as socket_module
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crdt_docs.frames import encode_sync_step1
from server.sync.channel import Standing
from tests.server.live import Live, configured, serving
from tests.wire_client import WireClient, raw, sync_url, wire_client

MOST_WRITES = 400
WRITE_BYTES = 100_000
"""More than an outbox holds; the kernel's buffers take some megabytes before anything waits."""


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with serving(configured(tmp_path / "data", outbox_bytes=65536)) as running:
        yield running


async def test_a_reader_who_pauses_catches_up_from_the_log(live: Live) -> None:
    """[P8] [SY4] It is not closed, what waits for it stays bounded, and in the end it has everything."""
    room = await live.room()
    url = sync_url(live, room, "doc-slow", live.token(room))
    async with (
        wire_client(url) as ann,
        wire_client(url) as bob,
        raw(url, sock=small_socket(live), max_queue=1) as socket,
    ):
        await socket.send(encode_sync_step1(b"\x00"))
        for number in range(MOST_WRITES):
            await ann.put("big", "x" * WRITE_BYTES)
            await ann.put("n", number)
            await bob.until(lambda number=number: bob.content().get("n") == number)
            if Standing.BEHIND in standings(live):
                break
        assert sorted(standings(live), key=str) == [Standing.BEHIND, Standing.LIVE, Standing.LIVE]

        paused = WireClient(socket)
        reading = asyncio.create_task(paused.run())
        await paused.until(lambda: paused.content() == ann.content())
        await ann.put("last", 1)
        await paused.until(lambda: paused.content().get("last") == 1)
        assert standings(live) == [Standing.LIVE] * 3
        await socket.close()
        await reading


def standings(live: Live) -> list[Standing]:
    """Where the readers of the one document stand."""
    [room] = live.app.services.registry._rooms.values()
    [entry] = room.entries.values()
    assert entry.document is not None
    return [subscriber._standing for subscriber in entry.document.subscribers]  # type: ignore[attr-defined]


def small_socket(live: Live) -> socket_module.socket:
    """A connection whose reader's kernel holds little."""
    made = socket_module.socket()
    made.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, 8192)
    made.connect(("127.0.0.1", live.port))
    return made
