"""One real server, in its own process, for the programs of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.room_server import RoomServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomServer]:
    """A server for the tests that do not stop it."""
    with RoomServer(tmp_path_factory.mktemp("interop") / "data") as server:
        yield server
