"""Yjs' randomised tests with this server between its users."""

from __future__ import annotations

import pytest

from tests.browser.room_server import RoomServer
from tests.interop.programs import run, seed

ITERATIONS = 600


@pytest.mark.parametrize("root", ["array", "map", "text", "xml"])
async def test_users_of_yjs_own_tests_converge_through_the_server(server: RoomServer, root: str) -> None:
    """[P2, P9] Yjs' `compare`: values, structs, links between items, delete sets, snapshots, merged updates."""
    outcome = await run("yjs_randomised.mjs", server.address, seed(), ITERATIONS, root)
    assert outcome["losses"] > 0
    assert outcome["updates"] > ITERATIONS / 10
