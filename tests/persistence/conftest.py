"""A real store on a real disk for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from persistence.interfaces import Micros
from persistence.sqlite import SqliteStores, open_sqlite


def clock() -> Micros:
    """An instant that stands still."""
    return Micros(1_790_000_000_000_000)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[SqliteStores]:
    """Stores in an empty folder, durable against crashes of the program (faster than against power cuts)."""
    async with open_sqlite(tmp_path, durability="process", clock=clock, busy_seconds=0.05) as opened:
        yield opened
