"""A running server, a room with honest people, and the program that keeps some of them.

One server serves all tests, as it would serve all rooms of an installation; each test has a room of its own in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hostile.room import HonestRoom
from tests.hostile.witness import Witness
from tests.server.live import Live, configured, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in the event loop of their server."""
    for item in items:
        if Path(__file__).parent in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    """People with real Yjs, in one program for all tests."""
    made = Witness(tmp_path_factory.mktemp("witness"))
    yield made
    made.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    """A server as it is delivered, but for how long it waits for what is missing."""
    async with serving(configured(tmp_path_factory.mktemp("data"), gap_seconds=0.3)) as running:
        yield running


@pytest.fixture
def live(server: Live) -> Live:
    """The server; what counts by address begins anew, because every test comes from the same one."""
    for limit in (server.app.services.limits.failures, server.app.services.limits.creations):
        limit._buckets.clear()
    return server


@pytest_asyncio.fixture(loop_scope="session")
async def room(live: Live, witness: Witness) -> HonestRoom:
    """Olga's room, open to its link."""
    return await HonestRoom.open(live, witness)
