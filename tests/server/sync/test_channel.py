"""What a sync socket is owed, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.interfaces import Role
from server.sync import outbox
from tests.server.live import close_of, configured, serving
from tests.server.sync.client import client, opened


async def test_saved_counts_every_sync_frame(tmp_path: Path) -> None:
    """[SY3] The request for the state is frame one; each edit is one more."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with client(live, room, "ann", "&ext=1") as ann:
            await ann.until(lambda: 0 in ann.kinds)
            for n in range(5):
                await ann.put(f"k{n}", n)
            await ann.until(lambda: ann.last("saved").get("through", 0) >= 6)


async def test_an_idle_socket_is_kept_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[SY7] An empty awareness frame comes by itself."""
    monkeypatch.setattr(outbox, "KEEPALIVE_SECONDS", 0.02)
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with opened(live, room, live.token(room)) as socket:
            while await socket.recv() != outbox.KEEPALIVE:
                pass


@pytest.mark.parametrize(("extra", "kind"), [("&ext=1", 100), ("", 2)], ids=["extended", "plain"])
async def test_a_viewer_is_told_that_he_may_not_write(tmp_path: Path, extra: str, kind: int) -> None:
    """[RC5] By `rejected`, or by the permission message of y-protocols."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with client(live, room, "vic", extra, role=Role.VIEWER) as viewer:
            await viewer.put("mine", 1)
            if kind == 100:
                await viewer.until(lambda: viewer.last("rejected").get("code") == "permission_denied")
            else:
                await viewer.until(lambda: 2 in viewer.kinds)


async def test_a_stopping_server_says_so(tmp_path: Path) -> None:
    """[RM5] `draining`, then 4503."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with client(live, room, "ann", "&ext=1") as ann:
            await ann.until(lambda: 0 in ann.kinds)
            live.stop.set()
            await ann.until(lambda: bool(ann.last("draining")))
            assert (await close_of(ann.socket))[0] == 4503


async def test_compression_is_never_negotiated(tmp_path: Path) -> None:
    """The client offers it and the answer names no extension."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with opened(live, room, live.token(room), compression="deflate") as socket:
            assert socket.response is not None
            assert "Sec-WebSocket-Extensions" not in socket.response.headers
