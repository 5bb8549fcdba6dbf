"""Streams of history, read by real Yjs: every state that is built from one is the state that there was."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map

from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId
from crdt_docs.lib0 import signed_varint
from persistence.interfaces import Access, Micros, Role, RoomRecord, Snapshot, Stores, UpdateRow
from persistence.sqlite import open_sqlite
from server.clock import SystemClock
from server.history.stream import CHUNK_BYTES, stream
from tests.interop.programs import seed, start

NOTES = DocumentId(RoomId("room"), "doc-notes")
PEOPLE = ("ann", "bob", "čeněk")


@dataclass(frozen=True)
class Session:
    """A log with keyframes, and what a witness saw after each row."""

    rows: list[UpdateRow]
    states: list[Any]
    """By seq; the first is that of the empty document."""
    keyframes: list[int]


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_sqlite(tmp_path, clock=SystemClock().now_us) as opened:
        await opened.rooms.create(RoomRecord(NOTES.room, "Room", Access.LINK, Role.MEMBER, Micros(1)))
        yield opened


def _content(doc: Doc[Any]) -> Any:
    return doc.get("content", type=Map).to_py()


async def _drawn(stores: Stores, chance: random.Random, count: int) -> Session:
    """People who change one map, whose work reaches each other late; a keyframe now and then."""
    witness: Doc[Any] = Doc()
    docs: dict[str, Doc[Any]] = {user: Doc() for user in PEOPLE}
    session = Session([], [_content(witness) or {}], [])
    at = 1_790_000_000_000_000
    for seq in range(1, count + 1):
        user = chance.choice(PEOPLE)
        doc = docs[user]
        if chance.random() < 0.5:
            doc.apply_update(witness.get_update(doc.get_state()))
        before = doc.get_state()
        content = doc.get("content", type=Map)
        key = f"k{chance.randrange(8)}"
        if key in content and chance.random() < 0.3:
            del content[key]
        else:
            content[key] = chance.choice([chance.randrange(10**6), "x" * chance.randrange(3000), {"deep": [1, None]}])
        update = doc.get_update(before)
        witness.apply_update(update)
        at += chance.randrange(-500, 2_000_000)
        session.rows.append(UpdateRow(NOTES, Seq(seq), Micros(at), UserId(user), SessionId(f"{user}-page"), update))
        session.states.append(_content(witness))
        if chance.random() < 0.1:
            session.keyframes.append(seq)
            await stores.snapshots.add(Snapshot(NOTES, Seq(seq), Micros(at), witness.get_update()))
    await stores.updates.append(session.rows)
    return session


async def _read(streams: list[dict[str, Any]]) -> Any:
    process = await start("history.mjs")
    out, err = await process.communicate(json.dumps({"streams": streams}).encode())
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def _bytes(stores: Stores, after: int, until: int, *, keyframe: bool) -> list[bytes]:
    return [chunk async for chunk in stream(stores, NOTES, Seq(after), Seq(until), keyframe=keyframe)]


async def test_every_state_is_the_one_that_there_was(stores: Stores) -> None:
    """[HI1] [P4] From any row on, with or without a keyframe; who wrote when is told of each row."""
    chance = random.Random(seed())
    session = await _drawn(stores, chance, 300)
    asked: list[tuple[int, int, bool]] = [(0, 300, False), (0, 300, True), (300, 300, True)]
    for _ in range(30):
        after = chance.randrange(301)
        asked.append((after, chance.randrange(after, 301), True))
    streams = []
    for after, until, keyframe in asked:
        data = b"".join(await _bytes(stores, after, until, keyframe=keyframe))
        streams.append(
            {"bytes": base64.b64encode(data).decode(), "after": 0, "wanted": list(range(max(after, 1), until + 1))}
        )
    for (after, until, keyframe), found in zip(asked, await _read(streams), strict=True):
        first = max((seq for seq in session.keyframes if seq <= after), default=0) if keyframe else 0
        assert found["keyframe"] == (first or None)
        assert [state["content"] for state in found["states"]] == session.states[max(after, 1) : until + 1]
        told = [[row.seq, row.at, row.user, row.session] for row in session.rows[first:until]]
        assert found["rows"] == told
        assert found["end"] == max(until, first)


async def test_a_long_history_comes_in_pieces(stores: Stores) -> None:
    """[HI1] What is held at a time is a chunk and one update."""
    session = await _drawn(stores, random.Random(seed()), 500)
    chunks = await _bytes(stores, 0, 500, keyframe=False)
    largest = max(len(row.update) for row in session.rows)
    assert len(chunks) > 1
    assert max(map(len, chunks)) <= CHUNK_BYTES + largest + 100


async def test_a_log_without_rows_is_an_end(stores: Stores) -> None:
    """[HI1]"""
    assert await _bytes(stores, 0, 0, keyframe=True) == [b"\x03\x00"]


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, b"\x00"),
        (63, b"\x3f"),
        (64, b"\x80\x01"),
        (-1, b"\x41"),
        (-63, b"\x7f"),
        (-64, b"\xc0\x01"),
        (8191, b"\xbf\x7f"),
    ],
)
def test_numbers_with_a_sign_are_those_of_lib0(number: int, encoded: bytes) -> None:
    """[HI1] `writeVarInt`."""
    assert signed_varint(number) == encoded
