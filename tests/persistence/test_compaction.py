"""Snapshots built by a real worker process from real documents, and loading."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace

import pytest
from pycrdt import Array, Doc, Map, Text

from crdt_docs.ids import DocumentId, Seq
from crdt_docs.updates import decode_state_vector, read_delete_set
from persistence import compaction
from persistence.compaction import Compactor, is_due
from persistence.errors import CorruptStorage
from persistence.interfaces import Growth, Micros, Snapshot, UpdateRow
from persistence.loading import load_updates
from persistence.sqlite import SqliteStores
from tests.contracts.rows import CHAT, WHITEBOARD, row, rows


def edit(doc: Doc, chance: random.Random) -> None:
    """One random edit of one of three shared types: insertions, overwrites, deletions."""
    text, array, board = doc.get("text", type=Text), doc.get("array", type=Array), doc.get("board", type=Map)
    kind = chance.randrange(6)
    if kind == 0:
        text.insert(chance.randint(0, len(text)), chance.choice(["word ", "x"]))
    elif kind == 1 and len(text):
        start = chance.randrange(len(text))
        del text[start : min(len(text), start + chance.randint(1, 5))]
    elif kind == 2:
        array.insert(chance.randint(0, len(array)), Map({"n": chance.random()}))
    elif kind == 3 and len(array):
        del array[chance.randrange(len(array))]
    elif kind == 4 and len(board) > 3:
        del board[chance.choice(sorted(board.keys()))]
    else:
        board[f"k{chance.randrange(8)}"] = chance.choice([1, "ä🟢", None, [1.5, {"a": True}]])


def random_rows(chance: random.Random, count: int) -> list[UpdateRow]:
    """The rows of a document that three people edit, each seeing the others' work late."""
    docs: list[Doc] = [Doc(client_id=chance.randrange(1 << 32)) for _ in range(3)]
    log: list[bytes] = []
    for _ in range(count):
        writer = chance.choice(docs)
        if chance.random() < 0.5:
            for update in log[-20:]:
                writer.apply_update(update)
        state = writer.get_state()
        edit(writer, chance)
        log.append(writer.get_update(state))
        if len(log) % 20 == 0:
            for doc in docs:
                for update in log[-20:]:
                    doc.apply_update(update)
    return [row(seq, update) for seq, update in enumerate(log, 1)]


def replay(updates: list[bytes]) -> Doc:
    """The document that these make."""
    doc: Doc = Doc()
    for update in updates:
        doc.apply_update(update)
    return doc


def content(doc: Doc) -> object:
    """All that a reader can see."""
    roots = (doc.get("text", type=Text), doc.get("array", type=Array), doc.get("board", type=Map))
    return [str(roots[0]), roots[1].to_py(), roots[2].to_py()]


def assert_same(one: Doc, other: Doc) -> None:
    """Equal content, and neither holds a struct or a deletion that the other does not.

    Not their encodings: which neighbouring structs yrs joins into one depends on the updates they came in.
    """
    assert content(one) == content(other)
    assert decode_state_vector(one.get_state()) == decode_state_vector(other.get_state())
    assert read_delete_set(one) == read_delete_set(other)


@pytest.fixture(autouse=True)
def small_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots after a few rows."""
    monkeypatch.setattr(compaction, "SNAPSHOT_ROWS", 10)


@pytest.fixture
def compactor_of(stores: SqliteStores) -> Callable[..., Compactor]:
    return lambda **options: Compactor(stores, stores.database.path, **options)


@pytest.fixture
async def compactor(compactor_of: Callable[..., Compactor]) -> AsyncIterator[Compactor]:
    async with compactor_of() as opened:
        yield opened


async def test_a_snapshot_equals_the_replay_of_all_rows(stores: SqliteStores, compactor: Compactor) -> None:
    """[CP1] [CP2] Snapshots on snapshots included; the rows stay."""
    for _ in range(12):
        seed = random.randrange(1 << 32)
        print("seed", seed)
        chance = random.Random(seed)
        document = DocumentId(WHITEBOARD.room, f"doc-{seed}")
        log = [replace(kept, document=document) for kept in random_rows(chance, 200)]
        cuts = sorted(chance.sample(range(20, 200), 3))
        for start, end in zip([0, *cuts], [*cuts, 200], strict=True):
            await stores.updates.append(log[start:end])
            compactor.request(document)
            await compactor.settled()

            loaded = await load_updates(stores, document)
            assert_same(replay(loaded.updates), replay([kept.update for kept in log[:end]]))
            assert loaded.head == end
            assert loaded.rows_after_snapshot == end - loaded.snapshot_seq == len(loaded.updates) - 1
        assert [kept async for kept in stores.updates.read_after(document, Seq(0))] == log


async def test_a_state_that_cannot_be_written_as_one_update_makes_no_snapshot(
    stores: SqliteStores, compactor: Compactor, caplog: pytest.LogCaptureFixture
) -> None:
    """[CP6] Yjs lets half of a surrogate pair be deleted; yrs' encoding of that restores another document."""
    insertion, half_deleted = (bytes.fromhex(text) for text in ("010107000401047465787404f09f988000", "000107010001"))
    filler = random_rows(random.Random(6), compaction.SNAPSHOT_ROWS)
    log = [row(1, insertion), row(2, half_deleted), *(replace(kept, seq=Seq(kept.seq + 2)) for kept in filler)]
    await stores.updates.append(log)

    compactor.request(WHITEBOARD)
    await compactor.settled()

    assert await stores.snapshots.newest(WHITEBOARD) is None
    assert "does not survive" in caplog.text
    assert [kept.update for kept in log] == (await load_updates(stores, WHITEBOARD)).updates


async def test_loading_is_the_newest_snapshot_and_the_rows_after_it(stores: SqliteStores) -> None:
    """[CP2]"""
    nothing = await load_updates(stores, WHITEBOARD)
    assert (nothing.head, nothing.updates) == (0, [])
    await stores.updates.append(rows(5, size=20))
    await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(3), Micros(1), b"state"))

    loaded = await load_updates(stores, WHITEBOARD)

    assert loaded.updates == [b"state", *(kept.update for kept in rows(2, first=4, size=20))]
    assert (loaded.head, loaded.snapshot_seq) == (5, 3)
    assert (loaded.rows_after_snapshot, loaded.bytes_after_snapshot) == (2, 40)


async def test_a_damaged_snapshot_is_passed_over(
    stores: SqliteStores, compactor: Compactor, caplog: pytest.LogCaptureFixture
) -> None:
    """[CP2] By loading and by the next snapshot."""
    log = random_rows(random.Random(5), 40)
    await stores.updates.append(log)
    await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(3), Micros(1), b"state"))
    await stores.database.write("UPDATE snapshots SET bytes = x'00'")

    loaded = await load_updates(stores, WHITEBOARD)
    assert loaded.updates == [kept.update for kept in log]
    assert "passed over" in caplog.text

    compactor.request(WHITEBOARD)
    await compactor.settled()
    assert_same(replay((await load_updates(stores, WHITEBOARD)).updates), replay([kept.update for kept in log]))


async def test_a_missing_row_is_damage_and_no_document(stores: SqliteStores) -> None:
    """[CP2] In the middle, and before a snapshot that once saw more."""
    await stores.updates.append(rows(5))
    with closing(sqlite3.connect(stores.database.path, isolation_level=None)) as other:
        other.execute("DELETE FROM updates WHERE seq = 3")
        with pytest.raises(CorruptStorage, match="Row 3"):
            await load_updates(stores, WHITEBOARD)

        await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(5), Micros(1), b"state"))
        other.execute("DELETE FROM updates WHERE seq > 3")
        with pytest.raises(CorruptStorage, match="before its snapshot"):
            await load_updates(stores, WHITEBOARD)


def test_a_snapshot_is_due_when_the_log_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    """[CP3]"""
    monkeypatch.undo()

    assert not is_due(Growth(499, 1024 * 1024 - 1, 0))
    assert is_due(Growth(500, 10_000, 0))
    assert is_due(Growth(1, 1024 * 1024, 0))
    assert not is_due(Growth(500, 10_000, 160_001))
    assert is_due(Growth(500, 10_000, 160_000))


async def test_a_snapshot_that_is_not_due_is_not_built(stores: SqliteStores, compactor: Compactor) -> None:
    """[CP3] Nor is a worker started for it."""
    await stores.updates.append(rows(9))
    compactor.request(WHITEBOARD)
    await compactor.settled()

    assert await stores.snapshots.newest(WHITEBOARD) is None
    assert compactor.worker.pid is None


async def until(condition: Callable[[], object]) -> None:
    """Wait for what another process or a log line tells, and nothing here announces."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


async def test_a_killed_worker_is_reported_and_the_snapshot_made_later(
    stores: SqliteStores, compactor_of: Callable[..., Compactor], caplog: pytest.LogCaptureFixture
) -> None:
    """[CP4]"""
    caplog.set_level(logging.INFO)
    await stores.updates.append(random_rows(random.Random(1), 50))
    async with compactor_of(retry_seconds=0.01) as compactor:
        compactor.request(WHITEBOARD)
        await until(lambda: compactor.worker.pid)
        os.kill(compactor.worker.pid or 0, signal.SIGKILL)
        await until(lambda: "kept a snapshot" in caplog.text)

        assert "no snapshot of blue-room/whiteboard yet" in caplog.text


async def test_a_document_that_cannot_be_built_is_reported_and_others_are(
    stores: SqliteStores, compactor_of: Callable[..., Compactor], caplog: pytest.LogCaptureFixture
) -> None:
    """[CP4] After the last attempt it rests until it is asked for again."""
    await stores.updates.append([row(seq, b"\xff" * 20, CHAT) for seq in range(1, 21)])
    await stores.updates.append(random_rows(random.Random(1), 50))
    async with compactor_of(retry_seconds=0.0) as compactor:
        compactor.request(CHAT)
        compactor.request(WHITEBOARD)

        await until(lambda: f"after {compaction.MAX_ATTEMPTS} attempts" in caplog.text)
        await compactor.settled()

    assert await stores.snapshots.newest(CHAT) is None
    assert await stores.snapshots.newest(WHITEBOARD) is not None


async def test_the_worker_ends_when_it_is_idle(stores: SqliteStores, compactor_of: Callable[..., Compactor]) -> None:
    """[CP5] And is started again when it is needed."""
    log = random_rows(random.Random(1), 60)
    async with compactor_of(idle_seconds=0.01) as compactor:
        for end in (30, 60):
            await stores.updates.append(log[end - 30 : end])
            compactor.request(WHITEBOARD)
            await compactor.settled()
            snapshot = await stores.snapshots.newest(WHITEBOARD)
            assert snapshot is not None
            assert snapshot.seq == end
            await until(lambda: compactor.worker.pid is None)


async def test_the_worker_ends_with_the_compactor(stores: SqliteStores, compactor_of: Callable[..., Compactor]) -> None:
    """[CP5] Also in the middle of its work."""
    await stores.updates.append(random_rows(random.Random(1), 50))
    async with compactor_of() as compactor:
        compactor.request(WHITEBOARD)
        await until(lambda: compactor.worker.pid)
        pid = compactor.worker.pid or 0

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def large_rows(count: int) -> list[UpdateRow]:
    """Nine of them fill a segment."""
    doc: Doc = Doc(client_id=1)
    text, log = doc.get("text", type=Text), []
    for seq in range(1, count + 1):
        state = doc.get_state()
        text.insert(0, f"{seq:06d}" * 10_000)
        log.append(row(seq, doc.get_update(state)))
    return log


async def segments_of(stores: SqliteStores) -> list[tuple[int, int]]:
    return await stores.database.read("SELECT first, last FROM segments ORDER BY last")  # type: ignore[return-value]


async def test_rows_behind_a_snapshot_are_sealed_once_they_are_old(
    stores: SqliteStores, compactor_of: Callable[..., Compactor]
) -> None:
    """[CP7] One segment after each snapshot, the others when nothing else is to be done; snapshots go on from them."""
    log = large_rows(31)
    await stores.updates.append(log[:20])
    async with compactor_of(clock=lambda: Micros(log[0].at + compaction.SEAL_AFTER)) as compactor:
        compactor.request(WHITEBOARD)
        await compactor.settled()
        assert await stores.snapshots.newest(WHITEBOARD) is not None
        assert await segments_of(stores) == []
    async with compactor_of(idle_seconds=0.05) as compactor:
        await stores.updates.append(log[20:])
        compactor.request(WHITEBOARD)
        await compactor.settled()
        assert (await segments_of(stores))[0] == (1, 9)
        await until(lambda: compactor.worker.pid is None)

    assert await segments_of(stores) == [(1, 9), (10, 18), (19, 27)]
    assert [kept async for kept in stores.updates.read_after(WHITEBOARD, Seq(0))] == log
    await stores.database.write("DELETE FROM snapshots")
    async with compactor_of() as compactor:
        compactor.request(WHITEBOARD)
        await compactor.settled()
    assert_same(replay((await load_updates(stores, WHITEBOARD)).updates), replay([kept.update for kept in log]))


async def test_a_log_that_cannot_be_sealed_keeps_no_other_from_it(
    stores: SqliteStores, compactor_of: Callable[..., Compactor], caplog: pytest.LogCaptureFixture
) -> None:
    """[CP7] It is reported, and stays as it is."""
    log = large_rows(20)
    await stores.updates.append([replace(kept, document=CHAT) for kept in log])
    await stores.updates.append(log)
    await stores.database.write("UPDATE updates SET user = 'eve' WHERE seq = 2 AND document = 1")
    async with compactor_of(idle_seconds=0.05) as compactor:
        for document in (CHAT, WHITEBOARD):
            compactor.request(document)
        await compactor.settled()
        await until(lambda: compactor.worker.pid is None)

    assert "left unsealed" in caplog.text
    counted = await stores.database.read("SELECT document, count(*) FROM segments GROUP BY document")
    assert [count for _, count in counted] == [2]
    assert await stores.database.read("SELECT count(*) FROM updates WHERE user = 'eve'") == [(1,)]
