"""`kill -9` at random moments."""

from __future__ import annotations

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from persistence.sqlite import open_sqlite
from tests.contracts.rows import WHITEBOARD, bound, read, rows
from tests.persistence.appender import BATCH
from tests.persistence.conftest import clock

KILLS = 8
REPOSITORY = Path(__file__).parents[2]


async def acknowledged_until_killed(folder: Path, lines: int, delay: float) -> int:
    """Let an appender live for so many acknowledgements and a moment; gives the last seq it printed."""
    appender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.persistence.appender", str(folder), stdout=PIPE, cwd=REPOSITORY
    )
    assert appender.stdout is not None
    seen = [await appender.stdout.readline() for _ in range(lines)]
    await asyncio.sleep(delay)
    appender.kill()
    seen += (await appender.stdout.read()).splitlines(keepends=True)
    await appender.wait()
    return max(int(line) for line in seen if line.endswith(b"\n"))


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """[DB4] [UL2] [UL10] [SG3] Batches that were not acknowledged are there whole, with their bindings, or not at all;
    whatever was being sealed is there once."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(KILLS):
        acknowledged = await acknowledged_until_killed(tmp_path, chance.randrange(1, 30), chance.random() * 0.02)

        async with open_sqlite(tmp_path, clock=clock) as stores:
            head = await stores.updates.head(WHITEBOARD)
            assert head in (acknowledged, acknowledged + BATCH)
            assert await read(stores) == rows(head, size=400)
            bindings = [bound(first) for first in range(1, head + 1, BATCH)]
            assert await stores.updates.bindings(WHITEBOARD) == bindings
            [(lying_open,)] = await stores.database.read("SELECT count(*) FROM updates")
            [(sealed,)] = await stores.database.read("SELECT coalesce(sum(last - first + 1), 0) FROM segments")
            assert lying_open + sealed == head
    assert sealed > 0
