"""What a sync socket is owed, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.sync import outbox
from tests.server.live import configured, serving
from tests.wire_client import raw, sync_url, wire_client

DOCUMENT = "doc-board"


async def test_saved_counts_every_sync_frame(tmp_path: Path) -> None:
    """[SY3] The request for the state and the answer to the server's are two; each edit is one more."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with wire_client(sync_url(live, room, DOCUMENT, live.token(room), ext="1")) as ann:
            for n in range(5):
                await ann.put(f"k{n}", n)
            await ann.saved(5)


async def test_an_idle_socket_is_kept_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[SY7] An empty awareness frame comes by itself."""
    monkeypatch.setattr(outbox, "KEEPALIVE_SECONDS", 0.02)
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with raw(sync_url(live, room, DOCUMENT, live.token(room))) as socket:
            while await socket.recv() != outbox.KEEPALIVE:
                pass


async def test_a_stopping_server_says_so(tmp_path: Path) -> None:
    """[RM5] `draining`, then 4503."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with wire_client(sync_url(live, room, DOCUMENT, live.token(room), ext="1")) as ann:
            live.stop.set()
            await ann.until(lambda: bool(ann.last("draining")))
            await ann.socket.wait_closed()
            assert ann.socket.close_code == 4503


async def test_compression_is_never_negotiated(tmp_path: Path) -> None:
    """The client offers it and the answer names no extension."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with raw(sync_url(live, room, DOCUMENT, live.token(room)), compression="deflate") as socket:
            assert socket.response is not None
            assert "Sec-WebSocket-Extensions" not in socket.response.headers
