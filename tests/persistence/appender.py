"""A program to be killed: appends batches, each with a client id, prints the last seq after each, and seals rows."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from persistence.sqlite import DATABASE_NAME, open_sqlite, seal
from tests.contracts.rows import WHITEBOARD, bound, rows
from tests.persistence.conftest import clock
from tests.persistence.test_seal import seal_all

BATCH = 7
seal.MAX_ROWS = 20  # type: ignore[misc]


async def append_for_ever(folder: Path) -> None:
    """Continue where the log ends."""
    async with open_sqlite(folder, clock=clock) as stores:
        head = await stores.updates.head(WHITEBOARD)
        while True:
            await stores.updates.append(rows(BATCH, first=head + 1, size=400), [bound(head + 1)])
            head += BATCH
            print(head, flush=True)
            seal_all(folder / DATABASE_NAME)


if __name__ == "__main__":
    asyncio.run(append_for_ever(Path(sys.argv[1])))
