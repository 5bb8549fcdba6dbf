"""A program to be killed: appends batches, each with a client id, and prints the last seq after each."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from persistence.sqlite import open_sqlite
from tests.contracts.rows import WHITEBOARD, bound, rows
from tests.persistence.conftest import clock

BATCH = 7


async def append_for_ever(folder: Path) -> None:
    """Continue where the log ends."""
    async with open_sqlite(folder, clock=clock) as stores:
        head = await stores.updates.head(WHITEBOARD)
        while True:
            await stores.updates.append(rows(BATCH, first=head + 1, size=400), [bound(head + 1)])
            head += BATCH
            print(head, flush=True)


if __name__ == "__main__":
    asyncio.run(append_for_ever(Path(sys.argv[1])))
