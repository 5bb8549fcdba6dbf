"""One server for all cases of the matrix, and the rooms that they share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.auth.limits import KeyedLimit
from tests.server.live import Live, configured, serving
from tests.server.matrix.room import MatrixRoom, Standing, open_furnished_room, open_room


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    """One server for all, which does not count failures: hundreds come from one address."""
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "client").mkdir()
    (folder / "client" / "index.html").write_text("<!doctype html>")
    config = configured(folder / "data", durability="process", max_frames_per_second=1e6, frame_burst=10**6)
    async with serving(config, client_folder=folder / "client") as running:
        limits, clock = running.app.services.limits, running.app.services.clock
        limits.failures = limits.creations = limits.joins = KeyedLimit(1e9, 1e9, clock)
        limits.refused_updates = limits.uploads = limits.knocks = limits.knocking = KeyedLimit(1e9, 1e9, clock)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rooms(live: Live) -> dict[str, MatrixRoom]:
    """The rooms that actions share."""
    furnished, recovering = await open_furnished_room(live), await open_room(live)
    operator = await recovering.person(Standing("operator"))
    await recovering.done("PATCH", "", {"recovery": True}, operator.token)
    return {"furnished": furnished, "recovering": recovering}
