"""A running server, a room with honest people, and the program that keeps some of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.hostile.room import HonestRoom
from tests.hostile.witness import Witness
from tests.server.live import Live, configured, serving


@pytest.fixture(scope="session")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """People with real Yjs, in one program for all tests."""
    made = Witness(tmp_path_factory.mktemp("witness"))
    yield made
    made.stop()


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """A server as it is delivered, but for how long it waits for what is missing."""
    async with serving(configured(tmp_path / "data", gap_seconds=0.3)) as running:
        yield running


@pytest.fixture
async def room(live: Live, witness: Witness) -> HonestRoom:
    """Olga's room, open to its link."""
    return await HonestRoom.open(live, witness)
