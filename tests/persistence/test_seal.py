"""Sealed rows are read as if they lay open, by whoever asks; sealing and opening change nothing that anybody sees."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crdt_docs.ids import Seq, UserId
from persistence import chain
from persistence.errors import CorruptStorage, SegmentCorrupt, SeqTaken
from persistence.interfaces import ACTIVITY_SLOT, Binding, Growth, Micros, Snapshot, UpdateRow
from persistence.sqlite import SqliteStores, seal, segments
from persistence.sqlite.documents import LAST
from persistence.sqlite.seal import NotSealable, opening, seal_first
from persistence.sqlite.updates import SqliteUpdateLog
from tests.contracts.erasure import UsageContract
from tests.contracts.rows import ANN, BOB, WHITEBOARD, read, row, rows
from tests.contracts.updates import SnapshotsContract, UpdateLogContract


def seal_all(database: Path) -> int:
    """Seal whatever fills a segment, of all documents; gives how many rows."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        numbers = [number for (number,) in connection.execute("SELECT id FROM documents")]
        total = 0
        for number in numbers:
            while sealed := seal_first(connection, number, LAST, LAST):
                total += sealed
        return total


class SealingLog(SqliteUpdateLog):
    """A log that seals what it can after every append."""

    async def append(self, rows: Sequence[UpdateRow], bindings: Sequence[Binding] = ()) -> None:
        await super().append(rows, bindings)
        seal_all(self._database.path)


class Sealed:
    """A suite over stores that seal the rows at once."""

    @pytest.fixture(params=[1, 3])
    def stores(
        self, request: pytest.FixtureRequest, stores: SqliteStores, monkeypatch: pytest.MonkeyPatch
    ) -> SqliteStores:
        monkeypatch.setattr(seal, "MAX_ROWS", request.param)
        return replace(stores, updates=SealingLog(stores.database, stores.updates._numbers))


class TestSealedUpdateLog(Sealed, UpdateLogContract): ...


class TestSealedSnapshots(Sealed, SnapshotsContract): ...


class TestSealedUsage(Sealed, UsageContract): ...


@pytest.fixture
def connection(stores: SqliteStores) -> Iterator[sqlite3.Connection]:
    """Another connection to the database, as the worker has one."""
    with closing(sqlite3.connect(stores.database.path, isolation_level=None)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "MAX_ROWS", 4)


def spans_of(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """First and last rows of the segments."""
    return connection.execute("SELECT first, last FROM segments ORDER BY document, last").fetchall()


def logged(connection: sqlite3.Connection) -> list[Any]:
    """Everything that is kept of the rows, wherever."""
    return list(segments.stored_rows(connection, 1, 0, LAST))


async def test_only_full_segments_of_old_rows_behind_a_snapshot_are_sealed(
    stores: SqliteStores, connection: sqlite3.Connection
) -> None:
    """[SG2] The last row of a log never."""
    await stores.updates.append(rows(13))
    for until, before, sealed, spans in (
        (3, LAST, 0, []),
        (13, row(4).at, 0, []),
        (4, row(4).at + 1, 4, [(1, 4)]),
        (13, LAST, 4, [(1, 4), (5, 8)]),
        (13, LAST, 4, [(1, 4), (5, 8), (9, 12)]),
        (13, LAST, 0, [(1, 4), (5, 8), (9, 12)]),
    ):
        assert seal_first(connection, 1, until, before) == sealed
        assert spans_of(connection) == spans
    assert connection.execute("SELECT seq FROM updates").fetchall() == [(13,)]
    assert await read(stores) == rows(13)


async def test_a_segment_is_bounded_in_bytes(
    stores: SqliteStores, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SG2] It ends with the row that reaches the bound."""
    monkeypatch.setattr(seal, "MAX_BYTES", 100)
    await stores.updates.append([*rows(2, size=80), row(3, b"x" * 500), *rows(2, first=4)])

    seal_all(stores.database.path)

    assert spans_of(connection) == [(1, 2), (3, 3)]
    assert await read(stores) == [*rows(2, size=80), row(3, b"x" * 500), *rows(2, first=4)]


async def test_sealing_and_opening_change_nothing_that_anybody_sees(
    stores: SqliteStores, connection: sqlite3.Connection
) -> None:
    """[SG1] [SG3] Random logs whose instants jump back, erased rows among them; every question is asked again at
    every step: open, sealed, opened within, sealed again."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    log = [
        replace(row(seq, chance.randbytes(chance.randrange(40)), user=chance.choice([ANN, BOB])), at=Micros(at))
        for seq, at in enumerate((chance.randrange(-5, 60) * ACTIVITY_SLOT // 3 for _ in range(50)), 1)
    ]
    await stores.updates.append(log)
    connection.execute("UPDATE updates SET commitment = zeroblob(32), bytes = x'', checksum = 0 WHERE seq = 7")
    connection.execute("UPDATE updates SET link = x'', salt = x'' WHERE seq = 7")
    _chain_anew(connection)
    for seq in (9, 21):
        await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(seq), Micros(1), b"state"))

    async def answers() -> list[Any]:
        updates, slot = stores.updates, ACTIVITY_SLOT
        return [
            logged(connection),
            await read(stores),
            [await read(stores, after=after) for after in range(0, 51, 7)],
            [[r async for r in updates.read_after(WHITEBOARD, Seq(n), until=Seq(n + 6))] for n in range(0, 50, 5)],
            [await updates.moment(WHITEBOARD, Micros(at)) for at in range(-6 * slot // 3, 20 * slot, slot // 3)],
            [await updates.extent(WHITEBOARD), await updates.head(WHITEBOARD), await stores.heads.tip(WHITEBOARD)],
            await updates.activity(WHITEBOARD, Micros(-slot), Micros(20 * slot), slot),
            await updates.activity(WHITEBOARD, Micros(-slot), Micros(20 * slot), Micros(slot // 3)),
            connection.execute("SELECT * FROM activity ORDER BY 1, 2, 3").fetchall(),
            [await stores.snapshots.growth(WHITEBOARD), await stores.usage()],
        ]

    expected = await answers()
    assert seal_all(stores.database.path) == 48
    assert await answers() == expected
    for first, last in ((17, 18), (30, 40), (1, 50)):
        await stores.database.write_planned(lambda db: opening(db, 1, [(first, last)]))  # noqa: B023
        assert not [span for span in spans_of(connection) if span[0] <= last and span[1] >= first]
        assert await answers() == expected
        seal_all(stores.database.path)
        assert await answers() == expected


def _chain_anew(connection: sqlite3.Connection) -> None:
    """After an erasure of a row, whose commitment this test makes up."""
    link = chain.genesis(WHITEBOARD.room, WHITEBOARD.name)
    query = "SELECT seq, at, user, session, salt, commitment, bytes FROM updates ORDER BY seq"
    for seq, at, user, session, salt, kept, update in connection.execute(query).fetchall():
        link = chain.link(link, seq, at, user, session, kept or chain.commit(salt, update))
        connection.execute("UPDATE updates SET link = ? WHERE seq = ?", (link, seq))


async def test_growth_counts_sealed_rows_behind_the_newest_snapshot(
    stores: SqliteStores, connection: sqlite3.Connection
) -> None:
    """[SN3] Where a snapshot was lost after its rows were sealed, and one lies within a segment."""
    await stores.updates.append(rows(13, size=20))
    seal_all(stores.database.path)
    assert await stores.snapshots.growth(WHITEBOARD) == Growth(13, 260, 0)

    await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(6), Micros(1), b"state"))
    assert await stores.snapshots.growth(WHITEBOARD) == Growth(7, 140, 5)


async def test_a_row_that_changes_while_it_is_packed_is_not_sealed(
    stores: SqliteStores, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SG3] An erasure, say; the next attempt takes the row as it is then."""
    await stores.updates.append(rows(6))
    packed = seal._packed

    def change_meanwhile(*args: Any) -> bytes:
        with closing(sqlite3.connect(stores.database.path, isolation_level=None)) as other:
            other.execute("UPDATE updates SET user = 'somebody else' WHERE seq = 2")
        return packed(*args)

    monkeypatch.setattr(seal, "_packed", change_meanwhile)

    assert seal_first(connection, 1, LAST, LAST) == 0
    assert spans_of(connection) == []
    assert not connection.in_transaction


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE updates SET bytes = x'00' WHERE seq = 2",
        "UPDATE updates SET checksum = 1 WHERE seq = 4",
        "UPDATE updates SET link = zeroblob(32) WHERE seq = 3",
        "UPDATE updates SET user = 'eve' WHERE seq = 1",
        "DELETE FROM updates WHERE seq = 1",
        "UPDATE updates SET salt = x'00' WHERE seq = 1",
    ],
)
async def test_rows_that_are_not_what_they_were_are_not_sealed(
    stores: SqliteStores, connection: sqlite3.Connection, statement: str
) -> None:
    """[SG3] They stay as they are, for verify to tell."""
    await stores.updates.append(rows(6))
    connection.execute(statement)
    before = connection.execute("SELECT * FROM updates").fetchall()

    with pytest.raises(NotSealable):
        seal_first(connection, 1, LAST, LAST)

    assert connection.execute("SELECT * FROM updates").fetchall() == before
    assert spans_of(connection) == []


DAMAGES = (
    "UPDATE segments SET bytes = CAST(substr(bytes, 1, 40) || x'00' || substr(bytes, 42) AS BLOB) WHERE last = 8",
    "UPDATE segments SET checksum = checksum + 1 WHERE last = 8",
    "UPDATE segments SET first = 6 WHERE last = 8",
    "UPDATE segments SET last = 9 WHERE last = 8",
    "UPDATE segments SET size = 1 WHERE last = 8",
    "UPDATE segments SET last_at = 1 WHERE last = 8",
)


@pytest.mark.parametrize("statement", DAMAGES)
async def test_a_damaged_segment_is_told(stores: SqliteStores, connection: sqlite3.Connection, statement: str) -> None:
    """[SG4] [UL9] The rows of others are read."""
    await stores.updates.append(rows(14))
    seal_all(stores.database.path)
    connection.execute(statement)

    with pytest.raises(CorruptStorage) as damage:
        await read(stores)

    assert isinstance(damage.value, SegmentCorrupt)
    assert await read(stores, after=9) == rows(5, first=10)
    assert [r async for r in stores.updates.read_after(WHITEBOARD, Seq(0), until=Seq(4))] == rows(4)


async def test_a_seek_reads_only_the_segments_it_needs(
    stores: SqliteStores, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SG5]"""
    await stores.updates.append(rows(41))
    seal_all(stores.database.path)
    read_from: list[int] = []
    load = segments.load

    def noted(db: sqlite3.Connection, number: int, span: segments.Span) -> segments.Sealed:
        read_from.append(span.first)
        return load(db, number, span)

    monkeypatch.setattr(segments, "load", noted)

    found = [r.seq async for r in stores.updates.read_after(WHITEBOARD, Seq(18), until=Seq(22))]

    assert found == [19, 20, 21, 22]
    assert read_from == [17, 21]
    assert await read(stores, after=40) == rows(1, first=41)
    assert read_from == [17, 21]


async def test_a_sealed_row_that_comes_again(stores: SqliteStores, connection: sqlite3.Connection) -> None:
    """[UL3] Is accepted when it is the same, and refused when it is another; neither is written a second time."""
    await stores.updates.append(rows(6))
    seal_all(stores.database.path)
    await stores.updates.append(rows(7))
    with pytest.raises(SeqTaken):
        await stores.updates.append([replace(row(2), user=UserId("eve"))])

    assert await read(stores) == rows(7)
    assert connection.execute("SELECT count(*) FROM updates").fetchone() == (3,)
