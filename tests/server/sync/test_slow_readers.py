"""Readers that do not read: caught up from the log, and nobody else waits for them."""

from __future__ import annotations

from pathlib import Path

from pycrdt import create_sync_message

from tests.server.live import configured, serving
from tests.server.sync.client import Client, client, opened

PIECE = "x" * 100_000


async def test_a_reader_who_pauses_is_caught_up_and_not_closed(tmp_path: Path) -> None:
    """[SY4] More than the outbox holds is written while he does not read; then he has all of it."""
    generous = {"max_bytes_per_second": 1 << 30, "byte_burst": 1 << 30, "max_frames_per_second": 9000}
    config = configured(tmp_path, outbox_bytes=65_536, slow_seconds=5, frame_burst=9000, **generous)
    async with serving(config) as live:
        room = await live.room()
        async with (
            client(live, room, "ann", "&ext=1") as ann,
            opened(live, room, live.token(room, "slow"), max_queue=1, close_timeout=0.2) as socket,
        ):
            await ann.until(lambda: 0 in ann.kinds)
            slow = Client(socket)
            await socket.send(create_sync_message(slow.doc))
            await slow.until(lambda: slow.kinds.count(0) >= 2)
            for n in range(150):
                await ann.put(f"k{n}", PIECE)
            await ann.until(lambda: ann.last("saved").get("through", 0) >= 151)
            await slow.until(lambda: len(slow.map) == 150)
            assert slow.doc.get_state() == ann.doc.get_state()
            assert live.app.services.metrics.resyncs._value.get() >= 1
