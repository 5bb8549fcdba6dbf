"""Group commit: order, retries, what fails together and what does not."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing

import pytest

from crdt_docs.ids import DocumentId, Seq
from persistence import writer as writer_module
from persistence.errors import OutcomeUnknown, SeqGap, SeqTaken, StorageUnavailable
from persistence.interfaces import Binding, UpdateLog, UpdateRow
from persistence.sqlite import SqliteStores
from persistence.writer import Writer
from tests.contracts.rows import BOB, CHAT, WHITEBOARD, bound, read, row, rows


class FailingLog:
    """A real log with a disk that fails as it is told, and a gate that holds appends back."""

    def __init__(self, log: UpdateLog) -> None:
        self._log = log
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()
        self.appends: list[list[UpdateRow]] = []
        self.bound: list[list[Binding]] = []

    async def append(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding] = ()) -> None:
        self.reached.set()
        await self.gate.wait()
        self.appends.append(list(rows))
        self.bound.append(list(bindings))
        if self.failures:
            raise self.failures.pop(0)
        await self._log.append(rows, bindings)

    def read_after(self, document: DocumentId, after: Seq, *, until: Seq | None = None) -> AsyncIterator[UpdateRow]:
        return self._log.read_after(document, after, until=until)

    async def head(self, document: DocumentId) -> Seq:
        return await self._log.head(document)

    async def bindings(self, document: DocumentId) -> list[Binding]:
        return await self._log.bindings(document)


@pytest.fixture
def log(stores: SqliteStores) -> FailingLog:
    return FailingLog(stores.updates)


async def held(log: FailingLog, writer: Writer, *batches: Sequence[UpdateRow]) -> list[asyncio.Task[None]]:
    """Commits of which the first is under way and held back, and the others wait."""
    log.gate.clear()
    tasks = [asyncio.create_task(writer.commit(batches[0]))]
    await log.reached.wait()
    for batch in batches[1:]:
        tasks.append(asyncio.create_task(writer.commit(batch)))
        await asyncio.sleep(0)
    return tasks


async def outcomes(tasks: Sequence[asyncio.Task[None]]) -> list[type[BaseException] | None]:
    return [None if result is None else type(result) for result in await asyncio.gather(*tasks, return_exceptions=True)]


async def test_what_was_committed_is_in_the_log(stores: SqliteStores, log: FailingLog) -> None:
    """[WR1] An empty batch costs nothing."""
    async with Writer(log) as writer:
        await writer.commit(rows(3))
        await writer.commit([])

        assert await read(stores) == rows(3)
        assert len(log.appends) == 1


async def test_batches_that_wait_are_committed_in_order_in_one_transaction(
    stores: SqliteStores, log: FailingLog
) -> None:
    """[WR1]"""
    async with Writer(log) as writer:
        tasks = await held(log, writer, *([row(seq)] for seq in range(1, 31)))
        log.gate.set()

        assert set(await outcomes(tasks)) == {None}
        assert [len(append) for append in log.appends] == [1, 29]
        assert await read(stores) == [row(seq) for seq in range(1, 31)]


async def test_a_transaction_is_bounded(log: FailingLog) -> None:
    """[WR1] One batch that is larger still goes, alone."""
    large = rows(writer_module.MAX_TRANSACTION_ROWS + 1, first=2)
    async with Writer(log) as writer:
        tasks = await held(log, writer, rows(1), large, rows(1, CHAT))
        log.gate.set()

        assert set(await outcomes(tasks)) == {None}
        assert [len(append) for append in log.appends] == [1, len(large), 1]


async def test_a_passing_failure_is_tried_again_while_the_others_wait(stores: SqliteStores, log: FailingLog) -> None:
    """[WR2] The caller notices nothing but the delay."""
    told: list[bool] = []
    log.failures = [StorageUnavailable("full"), OutcomeUnknown("at the commit")]
    async with Writer(log, delays=(0, 0), on_degraded=told.append) as writer:
        tasks = await held(log, writer, [row(1)], [row(2)])
        log.gate.set()

        assert await outcomes(tasks) == [None, None]
        assert told == [True, False]
        assert not writer.degraded
        assert [[kept.seq for kept in append] for append in log.appends] == [[1], [1], [1], [2]]
        assert await read(stores) == [row(1), row(2)]


async def test_a_locked_database_delays_commits_and_loses_none(stores: SqliteStores) -> None:
    """[WR2] [DB1] A real lock of another program."""
    degraded = asyncio.Event()
    async with Writer(stores.updates, delays=(0.01,) * 500, on_degraded=lambda _: degraded.set()) as writer:
        with closing(sqlite3.connect(stores.database.path, isolation_level=None)) as other:
            await stores.updates.append([row(1)])
            other.execute("BEGIN IMMEDIATE")
            tasks = [asyncio.create_task(writer.commit([row(seq)])) for seq in range(2, 10)]
            await degraded.wait()
            assert writer.degraded
            other.execute("ROLLBACK")

        assert set(await outcomes(tasks)) == {None}
        assert await read(stores) == [row(seq) for seq in range(1, 10)]


async def test_drain_waits_for_everything_that_was_accepted(stores: SqliteStores, log: FailingLog) -> None:
    """[WR3]"""
    async with Writer(log) as writer:
        await writer.drain()
        tasks = await held(log, writer, [row(1)], [row(2)])
        drained = asyncio.create_task(writer.drain())
        await asyncio.sleep(0)
        assert not drained.done()
        log.gate.set()
        await drained

        assert await read(stores) == [row(1), row(2)]
        assert await outcomes(tasks) == [None, None]


async def test_leaving_the_writer_drains_it(stores: SqliteStores, log: FailingLog) -> None:
    """[WR3] Afterwards it accepts nothing."""
    async with Writer(log) as writer:
        tasks = await held(log, writer, [row(1)], [row(2)])
        log.gate.set()

    assert await outcomes(tasks) == [None, None]
    assert await read(stores) == [row(1), row(2)]
    with pytest.raises(StorageUnavailable, match="closed"):
        await writer.commit([row(3)])


async def test_a_lost_batch_takes_along_what_waits_behind_it_for_its_documents(
    stores: SqliteStores, log: FailingLog
) -> None:
    """[WR4] The chat goes on, and so does the whiteboard once it counts from the log again."""
    log.failures = [StorageUnavailable("full")] * 3
    async with Writer(log, delays=(0, 0)) as writer:
        tasks = await held(log, writer, [row(1)], [row(1, b"chat", CHAT)], [row(2), row(2, b"chat", CHAT)])
        tasks.append(asyncio.create_task(writer.commit([row(1, b"doc", DocumentId(WHITEBOARD.room, "doc-a"))])))
        await asyncio.sleep(0)
        log.gate.set()

        assert await outcomes(tasks) == [StorageUnavailable, None, StorageUnavailable, None]
        with pytest.raises(SeqGap):
            await writer.commit([row(3)])
        await writer.commit([row(1)])

    assert await read(stores) == [row(1)]
    assert await read(stores, CHAT) == [row(1, b"chat", CHAT)]


async def test_an_unknown_outcome_stays_unknown(log: FailingLog) -> None:
    """[WR5] Later attempts that surely failed do not undo an earlier one that may not have."""
    log.failures = [OutcomeUnknown("at the commit"), StorageUnavailable("full"), StorageUnavailable("full")]
    async with Writer(log, delays=(0, 0)) as writer:
        with pytest.raises(OutcomeUnknown):
            await writer.commit([row(1)])
        assert writer.degraded


async def test_callers_beyond_the_bound_wait_in_order(
    stores: SqliteStores, log: FailingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[WR6]"""
    monkeypatch.setattr(writer_module, "MAX_WAITING_BATCHES", 3)
    async with Writer(log) as writer:
        tasks = await held(log, writer, *([row(seq)] for seq in range(1, 21)))
        log.gate.set()

        assert set(await outcomes(tasks)) == {None}
        assert [len(append) for append in log.appends][:2] == [1, 3]
        assert max(len(append) for append in log.appends) <= 3
        assert await read(stores) == [row(seq) for seq in range(1, 21)]


async def test_a_taken_place_fails_only_those_concerned(stores: SqliteStores, log: FailingLog) -> None:
    """[WR7] Though they shared a transaction; it is no sign of a bad disk."""
    await stores.updates.append([row(1, b"of another server")])
    async with Writer(log) as writer:
        tasks = await held(
            log, writer, [row(1, b"1", CHAT)], [row(2, b"2", CHAT)], [row(1)], [row(3, b"3", CHAT)], [row(2)]
        )
        log.gate.set()

        assert await outcomes(tasks) == [None, None, SeqTaken, None, SeqTaken]
        assert not writer.degraded
        assert await read(stores) == [row(1, b"of another server")]
        assert await stores.updates.head(CHAT) == 3


async def test_a_caller_that_is_cancelled_leaves_its_rows(stores: SqliteStores, log: FailingLog) -> None:
    """[WR1] Else those behind it would stand on a gap."""
    async with Writer(log) as writer:
        tasks = await held(log, writer, [row(1)], [row(2)], [row(3)])
        for task in tasks[:2]:
            task.cancel()
        log.gate.set()

        assert await outcomes(tasks) == [asyncio.CancelledError, asyncio.CancelledError, None]
        assert await read(stores) == [row(1), row(2), row(3)]


async def test_a_fault_of_the_program_is_told_to_the_caller(log: FailingLog) -> None:
    """[WR4] And the writer lives."""
    log.failures = [ZeroDivisionError()]
    async with Writer(log) as writer:
        with pytest.raises(ZeroDivisionError):
            await writer.commit([row(1)])
        await writer.commit([row(1)])


async def test_rows_and_bindings_of_a_batch_share_its_transaction(stores: SqliteStores, log: FailingLog) -> None:
    """[WR8] Whatever else is in it; bindings alone are a batch too."""
    async with Writer(log) as writer:
        tasks = await held(log, writer, [row(1)])
        tasks.append(asyncio.create_task(writer.commit([row(2)], [bound(7)])))
        tasks.append(asyncio.create_task(writer.commit([], [bound(8, BOB)])))
        await asyncio.sleep(0)
        log.gate.set()

        assert await outcomes(tasks) == [None, None, None]
        assert log.appends == [[row(1)], [row(2)]]
        assert log.bound == [[], [bound(7), bound(8, BOB)]]
        assert await stores.updates.bindings(WHITEBOARD) == [bound(7), bound(8, BOB)]


async def test_a_retry_repeats_the_bindings(stores: SqliteStores, log: FailingLog) -> None:
    """[WR8] [UL11] Also when the attempt whose outcome was not known had been written."""
    log.failures = [StorageUnavailable("full"), OutcomeUnknown("at the commit")]
    await stores.updates.append([row(1)], [bound(7)])
    async with Writer(log, delays=(0, 0)) as writer:
        await writer.commit([row(1), row(2)], [bound(7), bound(8)])

    assert log.bound == [[bound(7), bound(8)]] * 3
    assert await read(stores) == [row(1), row(2)]
    assert await stores.updates.bindings(WHITEBOARD) == [bound(7), bound(8)]


async def test_a_batch_that_is_given_up_binds_nothing(stores: SqliteStores, log: FailingLog) -> None:
    """[WR8] [WR4] Nor does what waits behind it for the same document, be it bindings alone."""
    log.failures = [StorageUnavailable("full")] * 2
    async with Writer(log, delays=(0,)) as writer:
        log.gate.clear()
        tasks = [asyncio.create_task(writer.commit([], [bound(7)]))]
        await log.reached.wait()
        for batch in (([row(1)], []), ([], [bound(8)]), ([row(1, b"chat", CHAT)], [bound(9, BOB, CHAT)])):
            tasks.append(asyncio.create_task(writer.commit(*batch)))
            await asyncio.sleep(0)
        log.gate.set()

        assert await outcomes(tasks) == [StorageUnavailable, StorageUnavailable, StorageUnavailable, None]

    assert await read(stores) == []
    assert await stores.updates.bindings(WHITEBOARD) == []
    assert await stores.updates.bindings(CHAT) == [bound(9, BOB, CHAT)]


async def test_a_taken_place_takes_only_its_own_bindings_along(stores: SqliteStores, log: FailingLog) -> None:
    """[WR8] [WR7]"""
    await stores.updates.append([row(1, b"of another server")])
    async with Writer(log) as writer:
        tasks = await held(log, writer, [row(1, b"1", CHAT)])
        tasks.append(asyncio.create_task(writer.commit([row(1)], [bound(7)])))
        tasks.append(asyncio.create_task(writer.commit([row(2, b"2", CHAT)], [bound(8, BOB, CHAT)])))
        await asyncio.sleep(0)
        log.gate.set()

        assert await outcomes(tasks) == [None, SeqTaken, None]

    assert await stores.updates.bindings(WHITEBOARD) == []
    assert await stores.updates.bindings(CHAT) == [bound(8, BOB, CHAT)]
