"""[P6] One peer's mistake ends that peer's session with its code, never the room: an honest one beside it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc, Map
from websockets.exceptions import ConnectionClosed

from crdt_docs.frames import encode_awareness, encode_sync_step1, encode_update
from crdt_docs.lib0 import varint
from persistence.interfaces import Role
from tests.server.live import Live, close_of, configured, serving
from tests.wire_client import WireClient, raw, sync_url, wire_client

DOCUMENT = "doc-fuzz"


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    settings: dict[str, Any] = {"gap_seconds": 0.3, "slow_seconds": 1.0, "outbox_bytes": 65536}
    async with serving(configured(tmp_path / "data", max_frame_bytes=1 << 20, **settings)) as running:
        yield running


@asynccontextmanager
async def unharmed(live: Live, room: str) -> AsyncIterator[tuple[WireClient, WireClient]]:
    """Two honest clients, who still reach each other afterwards."""
    url = sync_url(live, room, DOCUMENT, live.token(room, "honest"))
    async with wire_client(url) as ann, wire_client(url) as bob:
        await ann.put("before", 1)
        await bob.until(lambda: bob.content().get("before") == 1)
        yield ann, bob
        await ann.put("after", 2)
        await bob.until(lambda: bob.content().get("after") == 2)


def gapped() -> bytes:
    """An update that builds on one that is never sent."""
    doc: Doc[Any] = Doc()
    doc.get("m", type=Map)["a"] = 1
    before = doc.get_state()
    doc.get("m", type=Map)["a"] = 2
    return encode_update(doc.get_update(before))


MALFORMED = {
    "text": "hello",
    "empty": b"",
    "unknown type": b"\x09\x01\x02",
    "truncated varint": b"\x00\x02\xff",
    "length beyond the end": b"\x00\x02\x7f\x00",
    "trailing bytes": encode_sync_step1(b"\x00") + b"\x00",
    "state vector that is none": encode_sync_step1(b"\xff\xff"),
    "awareness that is no JSON": b"\x01\x05\x01\x07\x01\x01{",
}


@pytest.mark.parametrize("frame", MALFORMED.values(), ids=list(MALFORMED))
async def test_a_malformed_frame_ends_its_sender(live: Live, frame: str | bytes) -> None:
    """[SY8] 4400, final."""
    room = await live.room()
    async with unharmed(live, room), raw(sync_url(live, room, DOCUMENT, live.token(room))) as socket:
        await socket.send(frame)
        code, reason = await close_of(socket)
    assert code == 4400
    assert reason in ("malformed_frame", "malformed_update")


UPDATES = {
    "garbage": (encode_update(b"\x01\x01\x01garbage"), "malformed_update"),
    "gap": (gapped(), "missing_dependencies"),
}


@pytest.mark.parametrize(("frame", "code"), UPDATES.values(), ids=list(UPDATES))
async def test_a_bad_update_closes_an_unmodified_client(live: Live, frame: bytes, code: str) -> None:
    """[RC2] [RC4] [RC6] With its code, final."""
    room = await live.room()
    async with unharmed(live, room), raw(sync_url(live, room, DOCUMENT, live.token(room))) as socket:
        await socket.send(frame)
        assert await close_of(socket) == (4400, code)


@pytest.mark.parametrize(("frame", "code"), UPDATES.values(), ids=list(UPDATES))
async def test_a_bad_update_is_rejected_to_a_client_that_asks(live: Live, frame: bytes, code: str) -> None:
    """[RC6] [SY3] The socket stays, its writes are ignored, and `saved` does not pass the refused frame."""
    room = await live.room()
    async with unharmed(live, room) as (honest, _):
        async with wire_client(sync_url(live, room, DOCUMENT, live.token(room), ext="1")) as client:
            await client.until(lambda: any(each["type"] == "saved" for each in client.told))
            await client.socket.send(frame)
            await client.until(lambda: client.told[-1]["type"] == "rejected")
            assert client.told[-1]["code"] == code
            assert client.told[-1]["document"] == DOCUMENT
            await client.put("ignored", 1)
            await honest.put("seen", 1)
            await client.until(lambda: client.content().get("seen") == 1)
            assert all(each["through"] <= 2 for each in client.told if each["type"] == "saved")
        assert "ignored" not in honest.content()


async def test_an_update_that_does_not_integrate_is_refused(live: Live) -> None:
    """[RC4] It decodes, and its parent is a number in an array: others are at most asked to load anew."""
    room = await live.room()
    doc: Doc[Any] = Doc()
    doc.get("a", type=Array).append(5)
    url = sync_url(live, room, DOCUMENT, live.token(room))
    async with raw(url) as socket:
        await socket.send(encode_update(doc.get_update()))
        child = (
            b"\x01\x01\x07\x00" + b"\x28\x00" + varint(doc.client_id) + b"\x00" + b"\x01k" + b"\x01\x7d\x01" + b"\x00"
        )
        await socket.send(encode_update(child))
        code, reason = await close_of(socket)
    assert (code, reason) == (4400, "malformed_update")
    async with wire_client(url) as client:
        assert list(client.doc.get("a", type=Array)) in ([5], [])
        await client.put("goes on", 1)


async def test_an_oversized_frame_is_dropped_as_it_arrives(live: Live) -> None:
    """4413, final."""
    room = await live.room()
    async with unharmed(live, room), raw(sync_url(live, room, DOCUMENT, live.token(room))) as socket:
        with suppress(ConnectionClosed):
            await socket.send(b"\x00\x02" + bytes(8 << 20))
        assert await close_of(socket) == (4413, "update_too_large")


async def test_ten_thousand_frames_a_second_are_too_many(live: Live) -> None:
    """4529, tried again later."""
    room = await live.room()
    frame = encode_awareness(())
    async with unharmed(live, room), raw(sync_url(live, room, DOCUMENT, live.token(room))) as socket:
        try:
            for _ in range(10_000):
                await socket.send(frame)
        except ConnectionClosed:
            pass
        assert await close_of(socket) == (4529, "rate_limited")


async def test_a_client_that_never_reads_is_given_up_and_the_others_are_served(live: Live) -> None:
    """[SY4] [SY5] What waits for it is bounded meanwhile."""
    room = await live.room()
    url = sync_url(live, room, DOCUMENT, live.token(room))
    async with unharmed(live, room) as (ann, bob), raw(url, max_queue=1) as lazy:
        document = live_document(live)
        await lazy.send(encode_sync_step1(b"\x00"))
        for n in range(2000):
            await ann.put("big", "x" * 200_000)
            await ann.put("n", n)
            await bob.until(lambda n=n: bob.content().get("n") == n)
            assert max(subscriber._outbox.size for subscriber in document.subscribers) <= 65536 + 450_000
            if n > 20 and len(document.subscribers) == 2:
                break
        assert len(document.subscribers) == 2


def live_document(live: Live) -> Any:
    """The one document in memory."""
    [room] = live.app.services.registry._rooms.values()
    [entry] = room.entries.values()
    return entry.document


ADDRESSES = {
    "no token": ("{room}", DOCUMENT, None, 4401, "token_invalid"),
    "a wrong token": ("{room}", DOCUMENT, "rubbish", 4401, "token_invalid"),
    "a token of another room": ("other", DOCUMENT, "{token}", 4401, "token_invalid"),
    "an unknown room": ("nowhere", DOCUMENT, "{nowhere}", 4404, "unknown_room"),
    "an unknown document": ("{room}", "spreadsheet", "{token}", 4404, "unknown_document"),
}


@pytest.mark.parametrize(("room", "document", "token", "code", "reason"), ADDRESSES.values(), ids=list(ADDRESSES))
async def test_who_does_not_belong_there_is_told_so(
    live: Live, room: str, document: str, token: str | None, code: int, reason: str
) -> None:
    """[SY1] By accepting the socket and closing it; a frame that was sent at once is not parsed."""
    real = await live.room()
    tokens = {"{token}": live.token(real), "{nowhere}": live.token("nowhere")}
    url = sync_url(live, room.format(room=real), document, tokens.get(str(token), token))
    async with raw(url) as socket:
        with suppress(ConnectionClosed):
            await socket.send(b"rubbish that would be malformed")
        assert await close_of(socket) == (code, reason)


async def test_an_expired_token_is_told_apart(live: Live) -> None:
    """[SY1] So that a client renews it."""
    room = await live.room()
    async with raw(sync_url(live, room, DOCUMENT, live.token(room, seconds=-3600))) as socket:
        assert await close_of(socket) == (4401, "token_expired")


async def test_a_viewers_write_is_refused_and_his_reading_is_not(live: Live) -> None:
    """[RC5] Without ext he is told once by y-protocols' message, with ext by `rejected`."""
    room = await live.room()
    token = live.token(room, "eve", Role.VIEWER)
    async with unharmed(live, room) as (ann, _):
        async with wire_client(sync_url(live, room, DOCUMENT, token)) as plain:
            assert plain.content() == {"before": 1}
            await plain.put("forged", 1)
            await plain.until(lambda: any(frame[0] == 2 for frame in plain.frames))
            await plain.put("forged", 2)
            await ann.put("live", 1)
            await plain.until(lambda: plain.content().get("live") == 1)
            assert sum(frame[0] == 2 for frame in plain.frames) == 1
        async with wire_client(sync_url(live, room, DOCUMENT, token, ext="1")) as extended:
            await extended.put("forged", 1)
            await extended.until(lambda: extended.told[-1:] and extended.told[-1]["type"] == "rejected")
            assert extended.told[-1]["code"] == "permission_denied"
        assert "forged" not in ann.content()
