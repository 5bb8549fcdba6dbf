"""Real servers for the tests of the edge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.live import Live, configured, serving


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """A running server with an empty database."""
    async with serving(configured(tmp_path / "data")) as running:
        yield running
