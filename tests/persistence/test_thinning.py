"""Of each hour one row stays, and everything that reads the log goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from crdt_docs.ids import Seq, SessionId
from persistence.chain import checkpoint_message
from persistence.errors import CorruptStorage, SeqTaken
from persistence.interfaces import Micros, SignedCheckpoint, Snapshot, Thinning, UpdateRow
from persistence.loading import load_updates
from persistence.records import SEVERAL
from persistence.sqlite import DATABASE_NAME, SqliteStores, thinning
from persistence.sqlite.thinning import SLOT
from persistence.worker_process import WorkerProcess
from tests.contracts.rows import ANN, BOB, CHAT, WHITEBOARD, read, room
from tests.persistence.test_chain import links_of

DOCUMENT = replace(WHITEBOARD, name="doc-notes")
HOURS = (0, 0, 0, 1, 2, 2, 5, 5, 5, 5)
"""Of each row."""
FIRST = 400_000 * SLOT


def _at(hour: float) -> Micros:
    return Micros(int(FIRST + hour * SLOT))


async def _written(stores: SqliteStores) -> list[str]:
    """Ann writes, but for the third hour, in which Bob does, too; gives what the document says after each row."""
    page: pycrdt.Doc[Any] = pycrdt.Doc()
    said = [""]
    for place, hour in enumerate(HOURS):
        before = page.get_state()
        page.get("text", type=pycrdt.Text).insert(0, f"row {place + 1}. ")
        said.append(str(page.get("text", type=pycrdt.Text)))
        at = Micros(_at(hour) + place * 1_000_000)
        user = BOB if place == 5 else ANN
        row = UpdateRow(DOCUMENT, Seq(place + 1), at, user, SessionId(f"{user}'s"), page.get_update(before))
        await stores.updates.append([row])
        if place + 1 in (2, 6, 8):
            await stores.snapshots.add(Snapshot(DOCUMENT, row.seq, at, page.get_update()))
    return said


def _signed(plan: Thinning) -> list[SignedCheckpoint]:
    """Checkpoints; the storage keeps whatever is in them."""
    return [
        SignedCheckpoint(plan.document, plan.origin, each.kept.first or Seq(0), each.kept.seq, each.before, each.after,
                         b"k" * 32, Micros(9), b"k" * 32, b"s" * 64)
        for each in plan.spans
    ]  # fmt: skip


async def _thin(stores: SqliteStores, before: Micros) -> Thinning:
    plan = await stores.thinning.plan(DOCUMENT, before, Seq(0))
    await stores.thinning.apply(plan, _signed(plan))
    return plan


def _said(*updates: bytes) -> str:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("text", type=pycrdt.Text))


async def test_of_each_hour_that_is_over_the_last_row_stays(stores: SqliteStores, tmp_path: Path) -> None:
    """[TN1] At its place, with its instant and its link; whole hours alone, and those with one row as they are."""
    said = await _written(stores)
    before = await read(stores, DOCUMENT)
    links = links_of(tmp_path / DATABASE_NAME, DOCUMENT.room, DOCUMENT.name)

    plan = await _thin(stores, Micros(_at(6) - 1))

    rows = await read(stores, DOCUMENT)
    assert [(row.seq, row.first, row.at) for row in rows] == [
        (each.seq, first, each.at)
        for each, first in zip((before[2], before[3], before[5], *before[6:]), (1, None, 5, *[None] * 4), strict=True)
    ]
    assert [(row.user, row.session) for row in rows[:3]] == [
        (ANN, SessionId("ann's")), (ANN, SessionId("ann's")), (SEVERAL, SessionId(""))
    ]  # fmt: skip
    for count, row in enumerate(rows, 1):
        assert _said(*(each.update for each in rows[:count])) == said[row.seq]
    assert links_of(tmp_path / DATABASE_NAME, DOCUMENT.room, DOCUMENT.name) == [links[row.seq - 1] for row in rows]
    assert [(span.rows, span.size) for span in plan.spans] == [
        (3, sum(len(row.update) for row in before[:3])), (2, sum(len(row.update) for row in before[4:6]))
    ]  # fmt: skip


async def test_what_is_thinned_out_already_is_left_alone(stores: SqliteStores) -> None:
    """[TN1] The next time only what is new to be thinned out is."""
    await _written(stores)
    await _thin(stores, _at(3))
    assert [span.kept.seq for span in (await _thin(stores, _at(6))).spans] == [10]
    rows = await read(stores, DOCUMENT)
    assert [(row.first, row.seq) for row in rows] == [(1, 3), (None, 4), (5, 6), (7, 10)]
    assert (await stores.thinning.plan(DOCUMENT, _at(9), Seq(0))).spans == ()
    assert (await stores.thinning.plan(CHAT, _at(9), Seq(0))).spans == ()


async def test_a_long_log_is_thinned_out_in_parts(stores: SqliteStores, monkeypatch: pytest.MonkeyPatch) -> None:
    """[TN1] Each says where the next one begins."""
    said = await _written(stores)
    monkeypatch.setattr(thinning, "MAX_SPANS", 1)
    behind: Seq | None = Seq(0)
    ends = []
    while behind is not None:
        part = await stores.thinning.plan(DOCUMENT, _at(9), behind)
        await stores.thinning.apply(part, _signed(part))
        behind = part.behind
        ends += [span.kept.seq for span in part.spans]
    assert ends == [3, 6, 10]
    assert _said(*(row.update for row in await read(stores, DOCUMENT))) == said[10]


async def test_everybody_who_reads_goes_on(stores: SqliteStores, tmp_path: Path) -> None:
    """[TN2] Loading, snapshots, instants, activity, usage, and who appends the next row."""
    await stores.rooms.create(room())
    said = await _written(stores)
    span, hour = (_at(0), _at(10)), Micros(SLOT)
    activity = await stores.updates.activity(DOCUMENT, *span, hour)
    await stores.usage()

    await _thin(stores, _at(9))
    loaded = await load_updates(stores, DOCUMENT)
    worker = WorkerProcess(tmp_path / DATABASE_NAME)
    try:
        states = {until: await worker.build(DOCUMENT, Seq(until)) for until in (3, 5, 6, 10)}
    finally:
        await worker.stop()

    assert (loaded.head, _said(*loaded.updates)) == (10, said[10])
    assert {until: (state.seq, _said(state.update)) for until, state in states.items()} == {
        3: (3, said[3]), 5: (4, said[4]), 6: (6, said[6]), 10: (10, said[10])
    }  # fmt: skip
    assert await stores.updates.moment(DOCUMENT, _at(4)) == (6, (await read(stores, DOCUMENT))[2].at)
    assert await stores.updates.activity(DOCUMENT, *span, hour) == activity
    [usage] = await stores.usage()
    assert (usage.rows, usage.update_bytes) == (4, sum(len(row.update) for row in await read(stores, DOCUMENT)))
    assert [row.seq for row in await read(stores, DOCUMENT, 4)] == [6, 10]
    await stores.updates.append([UpdateRow(DOCUMENT, Seq(11), _at(10), BOB, SessionId("b"), b"\0\0")])
    assert await stores.updates.head(DOCUMENT) == 11


async def test_keyframes_stay_at_bounded_distance(stores: SqliteStores) -> None:
    """[TN3] One inside a span makes place for one at its end."""
    said = await _written(stores)
    await _thin(stores, _at(9))

    found = [await stores.snapshots.before(DOCUMENT, Seq(seq)) for seq in (2, 3, 9, 10)]

    assert [each.seq if each else None for each in found] == [None, 3, 6, 10]
    assert [_said(each.update) for each in found if each] == [said[3], said[6], said[10]]


async def test_a_gap_that_nothing_stands_for_is_damage(stores: SqliteStores, tmp_path: Path) -> None:
    """[TN2] [CP2]"""
    await _written(stores)
    await _thin(stores, _at(3))
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as connection:
        connection.execute("DELETE FROM snapshots")
        connection.execute("UPDATE updates SET first = 2 WHERE seq = 3")
    with pytest.raises(CorruptStorage, match="Row 1"):
        await load_updates(stores, DOCUMENT)


async def test_what_was_replaced_meanwhile_is_looked_at_again(stores: SqliteStores) -> None:
    """[TN1] Nothing is half done."""
    await _written(stores)
    plan = await stores.thinning.plan(DOCUMENT, _at(9), Seq(0))
    await _thin(stores, _at(1))
    before = await read(stores, DOCUMENT)
    with pytest.raises(SeqTaken):
        await stores.thinning.apply(plan, _signed(plan))
    assert await read(stores, DOCUMENT) == before


async def test_a_damaged_row_is_not_merged(stores: SqliteStores, tmp_path: Path) -> None:
    """[TN1]"""
    await _written(stores)
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as connection:
        connection.execute("UPDATE updates SET bytes = x'00' WHERE seq = 5")
    with pytest.raises(CorruptStorage, match="Row 5"):
        await stores.thinning.plan(DOCUMENT, _at(9), Seq(0))


async def test_what_went_is_in_no_file(stores: SqliteStores, tmp_path: Path) -> None:
    """[TN4] And its space is given back."""
    page: pycrdt.Doc[Any] = pycrdt.Doc()
    text = page.get("text", type=pycrdt.Text)
    for seq in range(1, 30):
        before = page.get_state()
        with page.transaction():
            text.clear()
            text += f"overwritten {seq} " * 3000
        at = Micros(_at(0) + seq)
        await stores.updates.append([UpdateRow(DOCUMENT, Seq(seq), at, ANN, SessionId("a"), page.get_update(before))])
    await stores.erasures.scrub()
    database = tmp_path / DATABASE_NAME
    size = database.stat().st_size

    await _thin(stores, _at(9))
    await stores.thinning.give_back()
    assert await stores.erasures.scrub()

    assert database.stat().st_size < size / 5
    assert b"overwritten 28" not in database.read_bytes()
    assert b"overwritten 29" in database.read_bytes()


def test_a_checkpoint_is_signed_as_the_reference_says() -> None:
    """[CK1]"""
    hashes = (b"b" * 32, b"a" * 32, b"k" * 32)
    assert checkpoint_message("o", "n", 1, 2, *hashes, 3) == (
        b"\0\0\0\x18thunderline-checkpoint-1\0\0\0\x01o\0\0\0\x01n" + (1).to_bytes(8, "big") + (2).to_bytes(8, "big")
        + b"".join(hashes) + (3).to_bytes(8, "big")
    )  # fmt: skip
