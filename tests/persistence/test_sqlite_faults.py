"""Locked, full, failing, newer, damaged: each for real, each with its error, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from crdt_docs.ids import Seq, SessionId
from persistence.errors import CorruptStorage, DatabaseNewer, OutcomeUnknown, SeqGap, StorageUnavailable
from persistence.interfaces import Event, Member, Micros, Role, SessionRecord
from persistence.sqlite import DATABASE_NAME, SqliteStores, migrations, open_sqlite
from tests.contracts.assets import asset, chunks, content_of
from tests.contracts.rows import ANN, CHAT, ROOM, WHITEBOARD, bound, read, room, row, rows
from tests.persistence.conftest import clock


async def written(folder: Path, count: int = 50, size: int = 400) -> Path:
    """A closed database with that many rows."""
    async with open_sqlite(folder, clock=clock) as stores:
        await stores.rooms.create(room())
        await stores.updates.append(rows(count, size=size))
    return folder / DATABASE_NAME


async def refuse_to_open(folder: Path, error: type[Exception], match: str) -> None:
    """Opening fails so, and leaves the file as it was."""
    before = (folder / DATABASE_NAME).read_bytes()
    with pytest.raises(error, match=match):
        async with open_sqlite(folder, clock=clock, busy_seconds=0.05):
            pass
    assert (folder / DATABASE_NAME).read_bytes() == before


def overwrite(path: Path, place: int, what: bytes) -> bytes:
    """Damage a file; gives what stood there."""
    with path.open("r+b") as file:
        file.seek(place)
        stood = file.read(len(what))
        file.seek(place)
        file.write(what)
    return stood


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond that: the nearest thing to a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_locked_database_is_unavailable_until_the_lock_goes(stores: SqliteStores) -> None:
    """[DB1]"""
    await stores.updates.append([row(1)])
    with closing(sqlite3.connect(stores.database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for attempt in (stores.updates.append([row(2)]), stores.rooms.create(room()), stores.check()):
            with pytest.raises(StorageUnavailable, match="locked") as failed:
                await attempt
            assert not isinstance(failed.value, OutcomeUnknown)
        other.execute("ROLLBACK")

    await stores.updates.append([row(2)])
    await stores.check()
    assert await read(stores) == [row(1), row(2)]
    assert await stores.rooms.get(ROOM) is None


async def test_a_full_database_is_unavailable_until_there_is_room(stores: SqliteStores) -> None:
    """[DB1] The append that does not fit is written in no part."""
    await stores.updates.append(rows(5))
    await stores.updates.append([row(1, b"chat", CHAT)])
    [(pages,)] = await stores.database.read("PRAGMA page_count")
    await stores.database.write(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(StorageUnavailable, match="full") as failed:
        await stores.updates.append([row(2, b"small", CHAT), *rows(20, first=6, size=4000)])
    assert not isinstance(failed.value, OutcomeUnknown)
    assert await read(stores) == rows(5)
    assert await read(stores, CHAT) == [row(1, b"chat", CHAT)]

    await stores.updates.append([row(2, b"small", CHAT)])
    await stores.database.write("PRAGMA max_page_count = 1000000")
    await stores.updates.append(rows(20, first=6, size=4000))
    assert await read(stores) == [*rows(5), *rows(20, first=6, size=4000)]


async def test_a_disk_that_fills_up_at_the_commit_leaves_the_outcome_unknown(stores: SqliteStores) -> None:
    """[DB5] [UL10] The same rows and bindings may be appended again, whichever it was."""
    await stores.updates.append(rows(5))
    wal = stores.database.path.with_name(DATABASE_NAME + "-wal")

    with files_end_at(wal.stat().st_size + 10_000), pytest.raises(OutcomeUnknown, match="commit failed"):
        await stores.updates.append(rows(50, first=6, size=4000), [bound(7)])
    assert await read(stores) == rows(5)
    assert await stores.updates.bindings(WHITEBOARD) == []

    await stores.updates.append(rows(50, first=6, size=4000), [bound(7)])
    assert await read(stores) == [*rows(5), *rows(50, first=6, size=4000)]
    assert await stores.updates.bindings(WHITEBOARD) == [bound(7)]


async def test_a_database_that_may_not_be_written_to_is_unavailable(stores: SqliteStores) -> None:
    """[DB1]"""
    await stores.updates.append([row(1)])
    await stores.database.write("PRAGMA query_only = ON")
    with pytest.raises(StorageUnavailable, match="written"):
        await stores.updates.append([row(2)])

    await stores.database.write("PRAGMA query_only = OFF")
    await stores.updates.append([row(2)])
    assert await read(stores) == [row(1), row(2)]


async def test_a_reader_does_not_wait_for_a_writer(stores: SqliteStores) -> None:
    """[DB3] It sees what is committed, and not what is being written."""
    await stores.updates.append([row(1)])
    with closing(sqlite3.connect(stores.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE updates SET user = 'somebody else'")

        async with asyncio.timeout(1):
            assert await read(stores) == [row(1)]
        other.execute("ROLLBACK")


async def test_no_document_waits_for_a_statistic(stores: SqliteStores) -> None:
    """[ST6] However long that takes."""
    await stores.updates.append([row(1)])
    counting = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 3000000)"
    survey = asyncio.create_task(stores.database.survey(f"{counting} SELECT max(n) FROM numbers"))
    await asyncio.sleep(0)

    assert await read(stores) == [row(1)]
    assert not survey.done()
    assert await survey == [(3_000_000,)]


@pytest.mark.parametrize("table", ["members", "sessions", "events"])
async def test_an_erasure_that_fails_erases_nothing(stores: SqliteStores, table: str) -> None:
    """[ER4] Whichever of its parts it was."""
    await stores.rooms.create(room())
    member = Member(ROOM, ANN, "Ann", Role.OWNER, b"a" * 32, Micros(1))
    session = SessionRecord(SessionId("page"), ROOM, ANN, "Ann", Micros(1))
    event = Event(ROOM, Micros(1), "joined", ANN, '{"name": "Ann"}')
    await stores.rooms.put_members(member)
    await stores.sessions.open(session)
    await stores.events.add(event)
    refusal = "BEGIN SELECT RAISE(ABORT, 'no'); END"
    await stores.database.write(f"CREATE TRIGGER refuse BEFORE UPDATE ON {table} {refusal}")

    with pytest.raises(sqlite3.IntegrityError):
        await stores.erase_person(ROOM, ANN, Micros(2))
    kept = (await stores.rooms.members(ROOM), await stores.sessions.of_room(ROOM), await stores.events.of_room(ROOM))
    assert kept == ([member], [session], [event])

    await stores.database.write("DROP TRIGGER refuse")
    assert await stores.erase_person(ROOM, ANN, Micros(2)) == 3


async def test_a_retention_that_fails_removes_nothing(stores: SqliteStores) -> None:
    """[RT3]"""
    await stores.rooms.create(room())
    await stores.sessions.open(SessionRecord(SessionId("page"), ROOM, ANN, "Ann", Micros(1)))
    await stores.sessions.close(SessionId("page"), Micros(2))
    await stores.events.add(Event(ROOM, Micros(1), "joined", ANN))
    await stores.database.write("CREATE TRIGGER refuse BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'no'); END")

    with pytest.raises(sqlite3.IntegrityError):
        await stores.forget_before(Micros(9))

    assert len(await stores.sessions.of_room(ROOM)) == 1
    await stores.database.write("DROP TRIGGER refuse")
    assert await stores.forget_before(Micros(9)) == 2


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """[DB2]"""
    path = await written(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")

    await refuse_to_open(tmp_path, DatabaseNewer, "999")


async def test_a_locked_database_cannot_be_opened(tmp_path: Path) -> None:
    """[DB1] And can be afterwards."""
    path = await written(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM checks")
        await refuse_to_open(tmp_path, StorageUnavailable, "locked")
        other.execute("ROLLBACK")

    async with open_sqlite(tmp_path, clock=clock) as stores:
        assert await read(stores) == rows(50, size=400)


@pytest.mark.parametrize(
    ("place", "length", "match"),
    [(0, 100, "not a database"), (4096 * 2, 4096 * 3, "damaged")],
    ids=["header", "pages"],
)
async def test_a_damaged_database_is_refused(tmp_path: Path, place: int, length: int, match: str) -> None:
    """[DB2] When the bytes are back, so is everything."""
    path = await written(tmp_path)
    stood = overwrite(path, place, b"\xa5" * length)
    await refuse_to_open(tmp_path, CorruptStorage, match)

    overwrite(path, place, stood)
    async with open_sqlite(tmp_path, clock=clock) as stores:
        assert await read(stores) == rows(50, size=400)


async def test_an_empty_file_is_not_taken_for_a_new_database(tmp_path: Path) -> None:
    """[DB2]"""
    path = await written(tmp_path)
    os.truncate(path, 0)

    await refuse_to_open(tmp_path, CorruptStorage, "empty")


async def test_a_log_without_its_database_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    """[DB2]"""
    (tmp_path / f"{DATABASE_NAME}-wal").write_bytes(b"pages of a database that is gone")

    with pytest.raises(CorruptStorage, match="is missing"):
        async with open_sqlite(tmp_path, clock=clock):
            pass
    assert not (tmp_path / DATABASE_NAME).exists()


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """[DB2]"""
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")

    await refuse_to_open(tmp_path, CorruptStorage, "not a database of this program")


async def test_a_row_whose_bytes_changed_is_never_given_as_an_update(tmp_path: Path) -> None:
    """[UL9] SQLite itself does not notice this; the rows before it are readable."""
    path = await written(tmp_path, count=9)
    row_seven = rows(9, size=400)[6].update
    overwrite(path, path.read_bytes().index(row_seven) + 200, b"\xff")

    async with open_sqlite(tmp_path, clock=clock) as stores:
        log = stores.updates.read_after(WHITEBOARD, Seq(0))
        seen = [await anext(log) for _ in range(6)]
        with pytest.raises(CorruptStorage, match="Row 7"):
            await anext(log)
        assert seen == rows(6, size=400)


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """[DB1]"""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageUnavailable, match="cannot be opened"):
        async with open_sqlite(tmp_path / "file" / "data", clock=clock):
            pass


async def test_a_refused_append_leaves_the_connection_usable(stores: SqliteStores) -> None:
    """[UL7] [DB1] Every time."""
    for seq in range(1, 20):
        with pytest.raises(SeqGap):
            await stores.updates.append([row(seq), row(seq + 5)])
        await stores.updates.append([row(seq)])


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DB6] The same step, mended, is applied at the next start, and no step twice."""
    await written(tmp_path)
    known = migrations._steps()
    number = known[-1][0] + 1
    step = (number, "CREATE TABLE notes (text TEXT);\nNONSENSE;\n")
    monkeypatch.setattr(migrations, "_steps", lambda: [*known, step])
    with pytest.raises(sqlite3.OperationalError, match="NONSENSE"):
        async with open_sqlite(tmp_path, clock=clock):
            pass

    monkeypatch.setattr(migrations, "_steps", lambda: [*known, (number, "CREATE TABLE notes (text TEXT);\n")])
    for _ in range(2):
        async with open_sqlite(tmp_path, clock=clock) as stores:
            assert await stores.database.read("PRAGMA user_version") == [(number,)]
            assert await read(stores) == rows(50, size=400)


async def test_a_disk_that_refuses_a_file_leaves_nothing_of_it(stores: SqliteStores, tmp_path: Path) -> None:
    """[AS8] Neither when its bytes do not fit nor when its row cannot be written; then it can be put."""
    await stores.rooms.create(room())
    content = b"picture" * 1000
    with files_end_at(5000), pytest.raises(StorageUnavailable, match="cannot be read or written"):
        await stores.assets.put(asset(content), chunks(content), room_quota=10_000)
    await stores.database.write("PRAGMA query_only = ON")
    with pytest.raises(StorageUnavailable, match="written"):
        await stores.assets.put(asset(content), chunks(content), room_quota=10_000)
    assert [path for path in (tmp_path / "assets").rglob("*") if path.is_file()] == []

    await stores.database.write("PRAGMA query_only = OFF")
    kept = await stores.assets.put(asset(content), chunks(content), room_quota=10_000)
    assert await content_of(stores, kept) == content
