"""What a careless or hostile client sends ends at most its own connection."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map, create_update_message
from websockets.exceptions import ConnectionClosed

from tests.server.live import Live, close_of, configured, serving
from tests.server.sync.client import client, opened


async def others_are_served(live: Live, room: str) -> None:
    """Two honest clients still exchange an edit."""
    async with client(live, room, "bob") as bob, client(live, room, "eve") as eve:
        await bob.put("honest", 1)
        await eve.until(lambda: "honest" in eve.map)


@pytest.mark.parametrize(
    ("frame", "code"),
    [("text", 4400), (b"", 4400), (b"\x00\x02\xff", 4400), (b"\x00\x02\x03\xff\xff\xff", 4400), (bytes(70_000), 4413)],
    ids=["text", "empty", "truncated varint", "undecodable update", "oversized"],
)
async def test_a_bad_frame_ends_only_its_own_socket(tmp_path: Path, frame: str | bytes, code: int) -> None:
    """[SY8] The code is that of the fault, and a client that was there before goes on receiving."""
    async with serving(configured(tmp_path, max_frame_bytes=65_536)) as live:
        room = await live.room()
        async with client(live, room, "bob") as bob, client(live, room, "eve") as eve:
            async with opened(live, room, live.token(room)) as bad:
                await bad.send(frame)
                assert (await close_of(bad))[0] == code
            await bob.put("after", 1)
            await eve.until(lambda: "after" in eve.map)


async def test_refusals_at_the_door_come_as_close_codes(tmp_path: Path) -> None:
    """[SY1] Tokens that are missing, wrong, expired; rooms and documents that do not exist."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        good = live.token(room)
        cases = [
            (room, None, "whiteboard", 4401),
            (room, "wrong", "whiteboard", 4401),
            (room, live.token(room, seconds=-60), "whiteboard", 4401),
            ("nowhere", live.token("nowhere"), "whiteboard", 4404),
            (room, good, "spreadsheet", 4404),
        ]
        for name, token, document, code in cases:
            async with opened(live, name, token, document) as socket:
                assert (await close_of(socket))[0] == code, (name, document, token)
        await others_are_served(live, room)


async def test_a_refused_update_leaves_an_extended_socket_open(tmp_path: Path) -> None:
    """[RC6] `rejected` is said, and what the socket writes later reaches nobody."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with client(live, room, "ann", "&ext=1") as ann, client(live, room, "bob") as bob:
            await ann.socket.send(b"\x00\x02\x03\xff\xff\xff")
            await ann.until(lambda: bool(ann.last("rejected")))
            assert ann.last("rejected")["code"] == "malformed_update"
            await ann.put("ignored", 1)
            await bob.put("honest", 1)
            await ann.until(lambda: "honest" in ann.map)
        async with client(live, room, "eve") as eve:
            await eve.until(lambda: "honest" in eve.map)
            assert "ignored" not in eve.map


async def test_a_gap_that_is_never_filled_is_refused(tmp_path: Path) -> None:
    """[RC2] After `gap_seconds` the socket is closed for it."""
    doc: Doc[Any] = Doc()
    values = doc.get("m", type=Map)
    values["first"] = 1
    before = doc.get_state()
    values["second"] = 2
    async with serving(configured(tmp_path, gap_seconds=0.05)) as live:
        room = await live.room()
        async with opened(live, room, live.token(room)) as socket:
            await socket.send(create_update_message(doc.get_update(before)))
            assert await close_of(socket) == (4400, "missing_dependencies")
        await others_are_served(live, room)


async def test_a_flood_of_frames_is_cut_off(tmp_path: Path) -> None:
    """[SY8] Ten thousand frames at once end in 4529."""
    async with serving(configured(tmp_path)) as live:
        room = await live.room()
        async with opened(live, room, live.token(room)) as socket:
            with suppress(ConnectionClosed):
                for _ in range(10_000):
                    await socket.send(b"\x03")
            assert (await close_of(socket))[0] == 4529
        await others_are_served(live, room)
