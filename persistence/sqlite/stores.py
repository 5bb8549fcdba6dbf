"""All stores of one data folder, opened and closed together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Micros, RoomUsage
from persistence.sqlite import erasure
from persistence.sqlite.assets import SqliteAssets
from persistence.sqlite.connection import Database, Durability, open_database
from persistence.sqlite.cursors import SqliteCursors
from persistence.sqlite.documents import DocumentNumbers
from persistence.sqlite.events import SqliteEvents
from persistence.sqlite.heads import SqliteHeads
from persistence.sqlite.marks import SqliteMarks
from persistence.sqlite.recordings import SqliteRecordings
from persistence.sqlite.revocations import SqliteRevocations
from persistence.sqlite.rewriting import SqliteErasures
from persistence.sqlite.rooms import SqliteRooms
from persistence.sqlite.sessions import SqliteSessions
from persistence.sqlite.snapshots import SqliteSnapshots
from persistence.sqlite.thinning import SqliteThinning
from persistence.sqlite.updates import SqliteUpdateLog
from persistence.sqlite.usage import UsageCounter

DATABASE_NAME = "thunderline.db"
BUSY_SECONDS = 2.0
"""How long a write waits for another program's lock before it fails."""


@dataclass(frozen=True, slots=True)
class SqliteStores:
    """See `persistence.interfaces.Stores`."""

    database: Database
    clock: Callable[[], Micros]
    updates: SqliteUpdateLog
    snapshots: SqliteSnapshots
    heads: SqliteHeads
    erasures: SqliteErasures
    thinning: SqliteThinning
    rooms: SqliteRooms
    sessions: SqliteSessions
    events: SqliteEvents
    marks: SqliteMarks
    cursors: SqliteCursors
    assets: SqliteAssets
    recordings: SqliteRecordings
    revocations: SqliteRevocations
    counter: UsageCounter

    async def check(self) -> None:
        await self.database.write(
            "INSERT INTO checks (id, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at", (self.clock(),)
        )
        await self.database.read("SELECT at FROM checks")

    async def usage(self) -> list[RoomUsage]:
        return await self.counter.usage()

    async def erase_person(self, room: RoomId | None, user: UserId, at: Micros) -> int:
        return await erasure.erase_person(self.database, room, user, at)

    async def forget_before(self, at: Micros) -> int:
        return await erasure.forget_before(self.database, at)


@asynccontextmanager
async def open_sqlite(
    folder: Path,
    *,
    durability: Durability = "full",
    clock: Callable[[], Micros],
    busy_seconds: float = BUSY_SECONDS,
) -> AsyncIterator[SqliteStores]:
    """Open everything that is kept in a data folder; what is not there yet is created.

    Args:
        folder: Holds `thunderline.db` and `assets/<room>/<2 hex>/<sha256>`, `recordings/<room>/<id>`.
        durability: `full`: a commit survives a power cut; `process`: it survives a crash of this program only.
        clock: Now.
        busy_seconds: How long a write waits for another program's lock.

    Raises:
        DatabaseNewer: A newer program wrote the database.
        CorruptStorage: The database is damaged.
        StorageUnavailable: The folder or the database cannot be used now.
    """
    async with open_database(folder / DATABASE_NAME, durability=durability, busy_seconds=busy_seconds) as database:
        numbers = DocumentNumbers(database)
        stores = SqliteStores(
            database=database,
            clock=clock,
            updates=SqliteUpdateLog(database, numbers),
            snapshots=SqliteSnapshots(database, numbers),
            heads=SqliteHeads(database, numbers),
            erasures=SqliteErasures(database, numbers),
            thinning=SqliteThinning(database, numbers),
            rooms=SqliteRooms(database),
            sessions=SqliteSessions(database, clock),
            events=SqliteEvents(database),
            marks=SqliteMarks(database),
            cursors=SqliteCursors(database),
            assets=SqliteAssets(database, folder / "assets"),
            recordings=SqliteRecordings(database, folder / "recordings"),
            revocations=SqliteRevocations(database),
            counter=UsageCounter(database),
        )
        await stores.assets.prepare()
        yield stores
