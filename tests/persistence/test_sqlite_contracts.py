"""SQLite passes every contract."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from persistence.errors import CorruptStorage
from persistence.interfaces import Event, Micros
from persistence.sqlite import SqliteStores, open_sqlite
from tests.contracts.assets import AssetsContract, asset, chunks, content_of
from tests.contracts.cursors import CursorsContract
from tests.contracts.erasure import ErasureContract, RetentionContract, UsageContract
from tests.contracts.history import MarksContract, OriginContract
from tests.contracts.moderation import ModerationContract, RevocationsContract
from tests.contracts.people import EventsContract, RoomsContract, SessionsContract
from tests.contracts.recordings import RecordingsContract
from tests.contracts.rows import ROOM
from tests.contracts.statistics import SessionCountsContract, StatisticsContract
from tests.contracts.updates import SnapshotsContract, UpdateLogContract
from tests.persistence.conftest import clock


class TestSqliteUpdateLog(UpdateLogContract): ...


class TestSqliteSnapshots(SnapshotsContract): ...


class TestSqliteRooms(RoomsContract): ...


class TestSqliteMarks(MarksContract): ...


class TestSqliteCursors(CursorsContract): ...


class TestSqliteRecordings(RecordingsContract): ...


class TestSqliteOrigin(OriginContract): ...


class TestSqliteModeration(ModerationContract): ...


class TestSqliteRevocations(RevocationsContract): ...


class TestSqliteSessionCounts(SessionCountsContract): ...


class TestSqliteStatistics(StatisticsContract): ...


class TestSqliteUsage(UsageContract): ...


class TestSqliteErasure(ErasureContract): ...


class TestSqliteRetention(RetentionContract):
    async def test_the_id_of_a_removed_event_names_no_other(self, stores: SqliteStores) -> None:
        """[RT4] Else a page that was being read would go on somewhere else."""
        ids = []
        for _ in range(2):
            await stores.events.add(Event(None, Micros(1), "retention", None))
            ids += [event.id for event in await stores.events.all()]
            await stores.forget_before(Micros(9))

        assert len(set(ids)) == 2


class TestSqliteSessions(SessionsContract): ...


class TestSqliteEvents(EventsContract):
    async def test_details_that_are_not_json_are_a_fault_of_the_program(self, stores: SqliteStores) -> None:
        """[EV1]"""
        with pytest.raises(sqlite3.IntegrityError):
            await stores.database.write("INSERT INTO events (room, at, kind, details) VALUES ('r', 1, 'k', 'no')")


class TestSqliteAssets(AssetsContract):
    def files(self, folder: Path) -> list[Path]:
        return sorted(path.relative_to(folder) for path in (folder / "assets").rglob("*") if path.is_file())

    async def test_the_bytes_lie_where_the_operator_expects_them(self, stores: SqliteStores, tmp_path: Path) -> None:
        """[AS1] And nothing of refused uploads lies beside them."""
        kept = await stores.assets.put(asset(b"picture"), chunks(b"picture"), room_quota=7)
        with pytest.raises(ValueError, match="hash"):
            await stores.assets.put(asset(b"", sha256="0" * 64), chunks(b""), room_quota=7)

        assert self.files(tmp_path) == [Path("assets") / ROOM / kept.sha256[:2] / kept.sha256]

    async def test_lost_bytes_are_reported_and_can_be_put_again(self, stores: SqliteStores, tmp_path: Path) -> None:
        """[AS6] Quota or not, for they were counted before."""
        kept = await stores.assets.put(asset(b"picture"), chunks(b"picture"), room_quota=7)
        [path] = self.files(tmp_path)
        (tmp_path / path).unlink()

        with pytest.raises(CorruptStorage, match="missing"):
            await content_of(stores, kept)
        await stores.assets.put(asset(b"picture"), chunks(b"picture"), room_quota=7)

        assert await content_of(stores, kept) == b"picture"

    async def test_truncated_bytes_are_reported(self, stores: SqliteStores, tmp_path: Path) -> None:
        """[AS6]"""
        kept = await stores.assets.put(asset(b"picture"), chunks(b"picture"), room_quota=7)
        [path] = self.files(tmp_path)
        (tmp_path / path).write_bytes(b"pic")

        with pytest.raises(CorruptStorage, match="shorter"):
            await content_of(stores, kept)

    async def test_what_a_crash_left_is_removed_at_start(self, tmp_path: Path) -> None:
        """[AS7]"""
        folder = tmp_path / "crashed"
        draft = folder / "assets" / ".incoming" / "half"
        draft.parent.mkdir(parents=True)
        draft.write_bytes(b"half a pict")

        async with open_sqlite(folder, clock=clock):
            assert not draft.exists()
