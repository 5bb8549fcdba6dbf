"""`python -m scripts.bench.seal [ROWS]`: what sealing saves, and what it costs.

Draws a room of two hours with five people (50,000 rows), keeps its log twice, and seals one of them. Prints the bytes
of an hour of drawing, open and sealed; what reading from anywhere, verifying and appending take there, beside the open
log. Both are measured in turn in one process; the median of each counts.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId
from persistence.interfaces import Micros, UpdateRow
from persistence.sqlite import DATABASE_NAME, SqliteStores, open_sqlite
from persistence.sqlite.documents import LAST
from persistence.sqlite.reading import reading
from persistence.sqlite.seal import seal_first
from scripts.bench.replay import updates
from server.history.verification import verify_all

HOURS = 2
ROWS_PER_ELEMENT = 25
BATCH = 500
SEEKS, SEEK_ROWS = 200, 500
VERIFIED = 5
APPENDS = 300
DOCUMENT = DocumentId(RoomId("bench-room-1234"), "whiteboard")
_RAW = """
SELECT sum(length(bytes)), sum(length(user) + length(session) + length(salt) + length(link) + 8 + 8 + 4) FROM updates
"""
"""Bytes of the updates, and of what is kept with them; seq and instant 8, the checksum 4."""
_SEALED = "SELECT sum(length(bytes) + length(link) + 5 * 8 + 4) FROM segments"


def drawn(count: int) -> list[UpdateRow]:
    """The rows of the room, at the uneven instants at which people draw."""
    chance = random.Random(3)
    made = updates(count, count // ROWS_PER_ELEMENT)
    step = HOURS * 3600 * 1_000_000 // len(made)
    return [
        _row(seq, Micros(1_790_000_000_000_000 + seq * step + chance.randrange(step)), user, update)
        for seq, (user, update) in enumerate(made, 1)
    ]


def _row(seq: int, at: Micros, user: UserId, update: bytes) -> UpdateRow:
    return UpdateRow(DOCUMENT, Seq(seq), at, user, SessionId(f"session-of-{user}"), update)


def seal_all(database: Path) -> float:
    """Seal all that fills segments; gives the seconds of the longest transaction with its packing."""
    took = []
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        sealed = 1
        while sealed:
            start = time.perf_counter()
            sealed = seal_first(connection, 1, LAST, LAST)
            took.append(time.perf_counter() - start)
    return max(took)


def weigh(database: Path) -> tuple[int, int, int]:
    """Bytes of the updates that lie open, of what is kept with them, and of the segments."""
    with closing(sqlite3.connect(database)) as connection:
        bare, kept = connection.execute(_RAW).fetchone()
        [(sealed,)] = connection.execute(_SEALED)
    return bare, kept, sealed or 0


async def in_turn(times: int, *acts: Callable[[int], Awaitable[None]]) -> list[float]:
    """Run each act so often, one after the other; the median seconds of each."""
    took: list[list[float]] = [[] for _ in acts]
    for turn in range(times):
        for place, act in enumerate(acts):
            start = time.perf_counter()
            await act(turn)
            took[place].append(time.perf_counter() - start)
    return [statistics.median(each) for each in took]


def seeking(stores: SqliteStores, starts: list[int]) -> Callable[[int], Awaitable[None]]:
    """Reads the rows behind one place, as many as there are to the next keyframe."""

    async def seek(turn: int) -> None:
        start = Seq(starts[turn])
        async for _ in stores.updates.read_after(DOCUMENT, start, until=Seq(start + SEEK_ROWS)):
            pass

    return seek


def verifying(folder: Path) -> Callable[[int], Awaitable[None]]:
    async def verify(_: int) -> None:
        with reading(folder / DATABASE_NAME) as connection:
            for verdict in verify_all(connection, None, None):
                if verdict.fault is not None:
                    raise SystemExit(str(verdict))

    return verify


def appending(stores: SqliteStores, head: int, last: UpdateRow) -> Callable[[int], Awaitable[None]]:
    """One row, as in a quiet tick."""

    async def append(turn: int) -> None:
        await stores.updates.append([_row(head + turn + 1, last.at, last.user, last.update)])

    return append


def told(what: str, lying_open: float, sealed: float, unit: str = "ms", scale: float = 1000) -> None:
    """One line: both figures and their ratio."""
    print(f"{what:<28}{lying_open * scale:12,.2f}{sealed * scale:12,.2f} {unit:<8}{sealed / lying_open:8.2f}")


async def compare(folders: list[Path], log: list[UpdateRow]) -> None:
    """Fill both, seal the second, measure."""
    async with AsyncExitStack() as stack:
        kept = []
        for folder in folders:
            stores = await stack.enter_async_context(open_sqlite(folder, durability="process", clock=lambda: Micros(0)))
            kept.append(stores)
            for first in range(0, len(log), BATCH):
                await stores.updates.append(log[first : first + BATCH])
        longest = seal_all(folders[1] / DATABASE_NAME)
        print(f"{'':<28}{'open':>12}{'sealed':>12} {'':<8}{'ratio':>8}")
        (bare, beside, _), sealed = (weigh(folder / DATABASE_NAME) for folder in folders)
        told("an hour of drawing", (bare + beside) / HOURS, sum(sealed) / HOURS, "kB", 1e-3)
        chance = random.Random(4)
        starts = [chance.randrange(len(log) - SEEK_ROWS) for _ in range(SEEKS)]
        told(f"seek and read {SEEK_ROWS} rows", *await in_turn(SEEKS, *(seeking(each, starts) for each in kept)))
        took = await in_turn(VERIFIED, *(verifying(folder) for folder in folders))
        told("verify", *(len(log) / seconds for seconds in took), "rows/s", 1)
        told("append a row", *await in_turn(APPENDS, *(appending(each, len(log), log[-1]) for each in kept)))
    print(f"sealing a segment took {longest * 1000:.0f} ms at most; an update has {bare / len(log):.0f} bytes")


def main() -> None:
    """Draw and compare."""
    log = drawn(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
    with TemporaryDirectory() as folder:
        asyncio.run(compare([Path(folder) / "open", Path(folder) / "sealed"], log))


if __name__ == "__main__":
    main()
