"""Copies of a document become the same, whatever was written and however often connections were lost."""

from __future__ import annotations

from tests.browser.room_server import RoomServer
from tests.interop.programs import run, seed

OPERATIONS = 1500


async def test_five_clients_that_come_and_go_end_with_the_same_document(server: RoomServer) -> None:
    """[P2, P9] Values, state vectors and delete sets of five unmodified providers, and of a newcomer."""
    outcome = await run("convergence.mjs", server.address, seed(), OPERATIONS)
    assert outcome["losses"] > 0
    assert outcome["clients"] == 5
