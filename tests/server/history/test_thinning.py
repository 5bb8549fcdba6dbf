"""History that was thinned out is told from history that somebody cut: by signed checkpoints."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as with_other

from crdt_docs.ids import DocumentId, RoomId, Seq, UserId
from crdt_docs.lib0 import read_bytes, read_varint
from crdt_docs.updates import EMPTY_UPDATE
from persistence.interfaces import Asset, Micros, Stores
from persistence.sqlite import DATABASE_NAME, open_sqlite, seal
from server.audit import Audit
from server.auth.tokens import Tokens
from server.history import records as r
from server.history.archive import ArchiveDamaged, pack, unpack
from server.history.checkpoints import is_genuine_checkpoint, sign_checkpoint
from server.history.erasures import sign_erasure
from server.history.heads import load_signing_key
from server.history.stream import stream
from server.history.thinning import Thinned, Thinner, drop_files, thin_room
from tests.contracts.rows import read
from tests.persistence.test_seal import seal_all
from tests.server.clocks import StandingClock
from tests.server.history.test_archive import (
    NOW,
    ROOM,
    Forge,
    Random,
    check_all,
    content,
    exported,
    imported,
    texts,
)
from tests.server.history.test_verification import (
    check_that_another_key_counts_only_for_a_log_from_elsewhere,
    tamper,
    verdicts,
)

BOARD = DocumentId(ROOM, "whiteboard")
HOUR, DAY = 3_600_000_000, 86_400_000_000
LATER = Micros(NOW + 30 * DAY)


def _parts(stores: Stores, folder: Path) -> Thinner:
    clock = StandingClock(LATER / 1_000_000)
    return Thinner(stores, Audit(stores.events, clock), Tokens("s" * 64, clock), clock, load_signing_key(folder))


class _Hours(Random):
    """A room whose rows lie some minutes apart."""

    async def _write(self, stores: Any, heads: dict[str, int]) -> None:
        self.now = Micros(getattr(self, "now", NOW) + self.dice.randrange(20 * 60_000_000))
        append = stores.updates.append

        async def shifted(rows: Any, bindings: Any) -> None:
            await append([replace(row, at=self.now) for row in rows], bindings)

        stores.updates.append = shifted
        try:
            await super()._write(stores, heads)
        finally:
            stores.updates.append = append


async def a_folder(folder: Path, seed: int = 1, writes: int = 120) -> Path:
    """A data folder with a room of some hours."""
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        await _Hours(seed, writes).fill(stores, folder)
    return folder


@pytest.fixture
async def thinned(tmp_path: Path) -> Path:
    """A room, thinned out."""
    folder = await a_folder(tmp_path / "data")
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        assert (await thin_room(_parts(stores, folder), ROOM, LATER, None)).rows > 50
    return folder


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_thinned_log_is_ok_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    """[TH4] [VE5] [CK1] [SG3] Heads that were signed before still fit; the trace tells what went."""
    folder = await a_folder(tmp_path / "data", 5)
    said, before = await texts(folder, ROOM), verdicts(folder)
    monkeypatch.setattr(seal, "MAX_ROWS", 7)
    assert not sealed or seal_all(folder / DATABASE_NAME) > 90
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        parts = _parts(stores, folder)
        planned = await thin_room(parts, ROOM, LATER, UserId("admin"), dry_run=True)
        assert [verdict.rows for verdict in verdicts(folder)] == [verdict.rows for verdict in before]
        assert await stores.events.of_room(ROOM, kind="thinned") == []
        done = await thin_room(parts, ROOM, LATER, UserId("admin"))
        again = await thin_room(parts, ROOM, LATER, UserId("admin"))
        [event] = await stores.events.of_room(ROOM, kind="thinned")
    after = verdicts(folder)

    assert planned == done
    assert again == Thinned(ROOM)
    assert await texts(folder, ROOM) == said
    assert [verdict.fault for verdict in after] == [None] * 3
    assert [verdict.signed for verdict in after] == [verdict.signed for verdict in before]
    assert sum(verdict.rows for verdict in after) == 120 - done.rows
    monkeypatch.setattr(seal, "MAX_ROWS", 1)
    assert not sealed or (seal_all(folder / DATABASE_NAME), verdicts(folder))[1] == after
    details = json.loads(event.details)
    assert (event.user, details["rows"], details["bytes"]) == ("admin", done.rows, done.bytes)
    assert len(details["signature"]) == 64


_SPAN = "(SELECT min(last) FROM checkpoints WHERE document = board)"
TAMPERED = {
    "checkpoint gone": (f"DELETE FROM checkpoints WHERE document = board AND last = {_SPAN}", "missing row"),
    "another row less": (
        "DELETE FROM updates WHERE document = board AND seq = (SELECT max(seq) FROM updates WHERE document = board "
        "AND seq < (SELECT max(last) FROM checkpoints WHERE document = board))", "missing row",
    ),
    "bytes": (
        f"UPDATE updates SET bytes = x'0000', checksum = crc32(x'0000') WHERE document = board AND seq = {_SPAN}",
        "it is not the row that a checkpoint",
    ),
    "who": (
        f"UPDATE updates SET user = 'eve' WHERE document = board AND seq = {_SPAN}", "it is not the row that a"
    ),
    "when": (f"UPDATE updates SET at = at + 1 WHERE document = board AND seq = {_SPAN}", "it is not the row that a"),
    "its link": (
        f"UPDATE updates SET link = zeroblob(32) WHERE document = board AND seq = {_SPAN}", "changed metadata"
    ),
    "a longer span": ("UPDATE checkpoints SET first = first - 1 WHERE first > 1", "wrong signature of a checkpoint"),
    "what was kept": ("UPDATE checkpoints SET kept = zeroblob(32) WHERE first > 0", "wrong signature of a checkpoint"),
    "what is behind": ("UPDATE checkpoints SET after = before WHERE first > 0", "wrong signature of a checkpoint"),
    "the key": ("UPDATE checkpoints SET key = zeroblob(32) WHERE first > 0", "wrong signature of a checkpoint"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "what"), TAMPERED.values(), ids=list(TAMPERED))
def test_no_other_gap_passes(thinned: Path, statement: str, what: str) -> None:
    """[VE5]"""
    tamper(thinned, statement)
    faults = [verdict.fault.what for verdict in verdicts(thinned) if verdict.fault is not None]
    assert faults
    assert {fault[: len(what)] for fault in faults} == {what}


def test_a_checkpoint_of_another_key_counts_only_where_a_log_came_from_elsewhere(thinned: Path) -> None:
    """[VE5]"""
    check_that_another_key_counts_only_for_a_log_from_elsewhere(thinned)


async def test_an_export_carries_checkpoints(thinned: Path) -> None:
    """[EX4] [IM1] The copy has the same rows, gaps and checkpoints; it loads, and goes on."""
    new = thinned.parent / "new"
    check = imported(exported(thinned), new)

    assert content(new) == content(thinned)
    assert await texts(new, ROOM) == await texts(thinned, ROOM)
    assert [verdict.fault for verdict in verdicts(new)] == [None] * 3
    assert [verdict.rows for verdict in check.verdicts] == [verdict.rows for verdict in verdicts(new)]
    again = imported(exported(new), thinned.parent / "third")
    assert content(thinned.parent / "third") == content(new)
    assert len(again.verdicts) == 3


def _other(**values: Any) -> Forge:
    return lambda records: [with_other(each, **values) if isinstance(each, r.Checkpoint) else each for each in records]


def _without(kind: type, at: int = 0) -> Forge:
    def forge(records: list[Any]) -> list[Any]:
        place = [place for place, each in enumerate(records) if isinstance(each, kind)][at]
        return [*records[:place], *records[place + 1 :]]

    return forge


REFUSED: dict[str, Forge] = {
    "no checkpoint": _without(r.Checkpoint),
    "a row less": _without(r.Row, 1),
    "first": _other(first=1),
    "kept": _other(kept=b"k" * 32),
    "at": _other(at=1),
    "signature": _other(signature=b"s" * 64),
    "bytes": lambda records: [
        with_other(each, update=b"\0\0") if isinstance(each, r.Row) and not each.salt else each for each in records
    ],
    "twice": lambda records: [
        copy for each in records for copy in ([each, each] if isinstance(each, r.Checkpoint) else [each])
    ],
}


@pytest.mark.parametrize("forge", REFUSED.values(), ids=list(REFUSED))
def test_an_export_with_other_checkpoints_is_refused(thinned: Path, forge: Forge) -> None:
    """[EX3] [VE5]"""
    data = exported(thinned)
    check_all(data)
    forged = b"".join(pack(forge(list(unpack(io.BytesIO(data))))))
    with pytest.raises(ArchiveDamaged):
        check_all(forged)


async def test_content_is_erased_from_what_was_thinned_out_and_the_other_way_round(tmp_path: Path) -> None:
    """[VE4] [VE5] Records stand on each other; both travel."""
    for seed, erase_first in ((7, True), (8, False)):
        folder = await a_folder(tmp_path / f"data{seed}", seed)
        async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
            parts = _parts(stores, folder)

            async def erase(user: str) -> None:
                holdings = await stores.erasures.holdings(BOARD, UserId(user))
                record = sign_erasure(parts.signing_key, holdings, UserId("owner"), NOW)  # noqa: B023
                await stores.erasures.replace(holdings, record)

            await erase("user1" if erase_first else "user3")
            await thin_room(parts, ROOM, Micros(NOW + 6 * HOUR), None)
            await erase("user2")
            await thin_room(parts, ROOM, LATER, None)
            assert await read(stores, BOARD)
        assert [verdict.fault for verdict in verdicts(folder)] == [None] * 3
        imported(exported(folder), tmp_path / f"new{seed}")
        assert content(tmp_path / f"new{seed}") == content(folder)
        assert await texts(tmp_path / f"new{seed}", ROOM) == await texts(folder, ROOM)


async def test_a_stream_has_no_gaps(thinned: Path) -> None:
    """[HI1] Whatever range is asked for: rows that say nothing stand for those that are gone."""
    async with open_sqlite(thinned, clock=lambda: NOW) as stores:
        rows = {row.seq: row for row in await read(stores, BOARD)}
        head = await stores.updates.head(BOARD)
        assert len(rows) < head
        for after, until in ((0, head), (1, 2), (0, 1), (3, head - 1), (head - 1, head), (head, head)):
            chunks = stream(stores, BOARD, Seq(after), Seq(until), keyframe=False)
            found, end = _parsed(b"".join([chunk async for chunk in chunks]))
            assert (len(found), end) == (until - after, until)
            for seq, row in enumerate(found, after + 1):
                kept = next(rows[later] for later in range(seq, head + 1) if later in rows)
                assert row == (kept.at, kept.user, kept.update if seq in rows else EMPTY_UPDATE)


def _parsed(data: bytes) -> tuple[list[tuple[int, str, bytes]], int]:
    """Instant, user and update of each row of a stream, and its end."""
    at, time, authors, rows = 0, 0, list[str](), list[tuple[int, str, bytes]]()
    while True:
        kind, at = read_varint(data, at)
        if kind == 1:
            user, at = read_bytes(data, at)
            _, at = read_bytes(data, at)
            authors.append(user.decode())
        elif kind == 2:
            author, at = read_varint(data, at)
            sign, rest = (-1, data[at] & 63) if data[at] & 64 else (1, data[at] & 63)
            more, at = read_varint(data, at + 1) if data[at] & 128 else (0, at + 1)
            time += sign * (more << 6 | rest)
            update, at = read_bytes(data, at)
            rows.append((time, authors[author], update))
        else:
            assert kind == 3
            end, at = read_varint(data, at)
            assert at == len(data)
            return rows, end


async def test_files_that_nothing_names_are_dropped(tmp_path: Path) -> None:
    """[TH5] Not those that a change in the history names, nor young ones."""
    folder = await a_folder(tmp_path / "data", 9, 20)
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        parts = _parts(stores, folder)
        old = await stores.assets.of_room(ROOM)
        named = old[-1].sha256
        tip = (await read(stores, BOARD))[-1]
        await stores.updates.append([replace(tip, seq=Seq(tip.seq + 1), update=named.encode())])

        async def young() -> AsyncIterator[bytes]:
            yield b"young"

        digest = hashlib.sha256(b"young").hexdigest()
        fresh = Asset(ROOM, digest, "image/png", "b.png", 5, UserId("x"), Micros(LATER - HOUR))
        await stores.assets.put(fresh, young(), room_quota=10**9)

        planned = await drop_files(parts, ROOM, None, dry_run=True)
        assert len(await stores.assets.of_room(ROOM)) == 4
        assert await drop_files(parts, ROOM, UserId("admin")) == planned
        [event] = await stores.events.of_room(ROOM, kind="files_dropped")
        left = await stores.assets.of_room(ROOM)

    assert (planned.rows, planned.bytes) == (2, sum(asset.size for asset in old[:2]))
    assert [asset.sha256 for asset in left] == [named, digest]
    assert json.loads(event.details)["files"] == 2
    assert {path.name for path in (folder / "assets" / ROOM).rglob("*") if path.is_file()} == {named, digest}


async def test_a_checkpoint_says_all_that_it_stands_for(tmp_path: Path) -> None:
    """[CK1] With anything of it changed it is not genuine."""
    folder = await a_folder(tmp_path / "data")
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        plan = await stores.thinning.plan(BOARD, LATER, Seq(0))
    told = sign_checkpoint(load_signing_key(folder), plan, plan.spans[0], NOW)
    assert is_genuine_checkpoint(told)
    for other in (
        {"at": Micros(NOW + 1)}, {"first": Seq(9)}, {"last": Seq(99)}, {"origin": "x"}, {"before": b"x" * 32},
        {"after": b"x" * 32}, {"kept": b"x" * 32}, {"document": DocumentId(RoomId("home"), "chat")},
        {"key": b"k" * 32}, {"signature": b"s" * 64},
    ):  # fmt: skip
        assert not is_genuine_checkpoint(replace(told, **other))  # type: ignore[arg-type]
