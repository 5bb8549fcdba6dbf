"""Heads are signed when a log has grown and when its document rests, and can be checked with the key they name."""

from __future__ import annotations

import sqlite3
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crdt_docs.ids import DocumentId, RoomId, Seq
from persistence.compaction import SNAPSHOT_ROWS
from persistence.interfaces import Micros, Role, Tip
from persistence.sqlite import DATABASE_NAME, open_sqlite
from server.clock import SystemClock
from server.history.heads import KEY_NAME, is_genuine, load_signing_key
from server.history.sealing import Sealer
from server.key_files import SecretUnusable
from tests.contracts.rows import WHITEBOARD, rows
from tests.server.api import eventually, writer
from tests.server.live import configured, serving

NOTES = DocumentId(RoomId("room"), "doc-notes")
TIP = Tip(WHITEBOARD, "home", Seq(7), b"l" * 32)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """[SH1] And a file that holds no key is told, not replaced."""
    made = load_signing_key(tmp_path / "data")
    file = tmp_path / "data" / KEY_NAME
    assert load_signing_key(tmp_path / "data").public == made.public
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("nothing")
    with pytest.raises(SecretUnusable, match=KEY_NAME):
        load_signing_key(tmp_path / "data")
    assert file.read_text() == "nothing"


def test_a_signature_is_good_for_what_was_signed_only(tmp_path: Path) -> None:
    """[SH2] Nothing of a head can be changed."""
    head = load_signing_key(tmp_path).sign(TIP, Micros(9))
    other = load_signing_key(tmp_path / "other").sign(TIP, Micros(9))
    assert is_genuine(head)
    changed = [
        replace(head, origin="home2"),
        replace(head, document=DocumentId(WHITEBOARD.room, "chat")),
        replace(head, seq=Seq(8)),
        replace(head, link=b"m" * 32),
        replace(head, at=Micros(8)),
        replace(head, key=other.key),
        replace(head, key=b"short"),
        replace(head, signature=other.signature),
    ]
    assert not any(map(is_genuine, changed))


async def test_a_log_that_has_not_grown_is_not_signed_again(tmp_path: Path) -> None:
    """[SH2] [CH5] Leaving the sealer signs what was asked for."""
    async with open_sqlite(tmp_path, clock=SystemClock().now_us) as stores:
        key = load_signing_key(tmp_path)
        await stores.updates.append(rows(2))
        for asked in (WHITEBOARD, NOTES, WHITEBOARD):
            async with Sealer(stores.heads, key, SystemClock()) as sealer:
                sealer.request(asked)
        await stores.updates.append(rows(1, first=3))
        async with Sealer(stores.heads, key, SystemClock()) as sealer:
            sealer.request(WHITEBOARD)

        assert await stores.database.read("SELECT seq FROM heads ORDER BY seq") == [(2,), (3,)]
        head, tip = await stores.heads.newest(WHITEBOARD), await stores.heads.tip(WHITEBOARD)
        assert head is not None
        assert tip is not None
        assert is_genuine(head)
        assert (head.origin, head.seq, head.link) == (WHITEBOARD.room, 3, tip.link)
        assert await stores.heads.newest(NOTES) is None
        assert await stores.heads.tip(NOTES) is None


async def test_a_document_that_is_let_go_is_signed(tmp_path: Path) -> None:
    """[SH3] [SH4] After the last one has left it; who may read gets the head and can check it by himself."""
    async with serving(configured(tmp_path, idle_seconds=0.05)) as live:
        await live.room()
        token, path = live.token("room", "viv", Role.VIEWER), "/api/rooms/room/history/doc-notes/head"
        assert await live.call("GET", path, token=token) == (200, {"head": None})
        async with writer(live, "room") as bob:
            await bob.put("a", 1)
            await bob.saved(1)

        async def told() -> object:
            return (await live.call("GET", path, token=token))[1]["head"]

        head = await eventually(told)
        text = [len(part).to_bytes(4, "big") + part for part in (b"thunderline-head-1", b"room", b"doc-notes")]
        place = (1).to_bytes(8, "big") + head["at"].to_bytes(8, "big")
        message = b"".join(text) + place + b64decode(head["link"])
        Ed25519PublicKey.from_public_bytes(b64decode(head["key"])).verify(b64decode(head["signature"]), message)
        assert (head["origin"], head["document"], head["seq"]) == ("room", "doc-notes", 1)
        assert b64decode(head["key"]) == load_signing_key(tmp_path).public


async def test_stopping_signs_what_is_open(tmp_path: Path) -> None:
    """[SH3]"""
    async with serving(configured(tmp_path)) as live:
        await live.room()
        async with writer(live, "room") as bob:
            await bob.put("a", 1)
            await bob.saved(1)
            live.stop.set()
            await bob.socket.wait_closed()

    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        assert connection.execute("SELECT seq FROM heads").fetchall() == [(1,)]


async def test_a_log_that_has_grown_is_signed(tmp_path: Path) -> None:
    """[SH3] While people write on: with each snapshot that is asked for."""
    async with serving(configured(tmp_path, tick_seconds=0.0005)) as live:
        await live.room()
        async with writer(live, "room") as bob:
            for number in range(SNAPSHOT_ROWS):
                await bob.put("a", number)
                await bob.saved(number + 1)
            head = await eventually(lambda: live.app.services.stores.heads.newest(NOTES))

    assert head.seq >= SNAPSHOT_ROWS
    assert is_genuine(head)
