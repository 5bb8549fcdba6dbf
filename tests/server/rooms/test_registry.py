"""Documents in memory over real SQLite stores."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc

from crdt_docs.errors import AuthorshipViolation
from persistence.errors import CorruptStorage
from persistence.sqlite.stores import DATABASE_NAME
from server.errors import RoomDraining
from server.rooms.registry import Life
from tests.server.live import configured, serving
from tests.server.rooms.reader import BOARD, Reader, changes
from tests.server.rooms.test_document import put


async def test_two_who_arrive_together_share_one_document(tmp_path: Path) -> None:
    """[RM1] A new document is opened once."""
    async with serving(configured(tmp_path)) as live:
        registry = live.app.services.registry

        async def arrive(meeting: asyncio.Barrier, name: str) -> int:
            async with registry.enter(BOARD, Reader(name)) as document:
                await meeting.wait()
                return id(document)

        meeting = asyncio.Barrier(2)
        first, second = await asyncio.gather(arrive(meeting, "ann"), arrive(meeting, "bob"))
        assert first == second


async def test_a_damaged_document_refuses_and_is_not_replaced_by_a_blank_one(tmp_path: Path) -> None:
    """[RM2] Twice the same refusal, and the row is still there."""
    async with (
        serving(configured(tmp_path)) as live,
        live.app.services.registry.enter(BOARD, ann := Reader("ann")) as document,
    ):
        ann.document = document
        ann.write(changes(put("a", 1)))
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        assert connection.execute("UPDATE updates SET bytes = x'ffff'").rowcount == 1
    async with serving(configured(tmp_path)) as live:
        registry = live.app.services.registry
        for _ in range(2):
            with pytest.raises(CorruptStorage):
                async with registry.enter(BOARD, Reader("bob")):
                    pass
        assert registry.lives() == {Life.FAILED: 1}


async def test_draining_lets_nobody_in_and_commits_first(tmp_path: Path) -> None:
    """[RM5] What was accepted is on disk when the socket is told to go."""
    async with serving(configured(tmp_path)) as live:
        services = live.app.services
        async with services.registry.enter(BOARD, ann := Reader("ann")) as document:
            ann.document = document
            ann.write(changes(put("a", 1)))
            await services.registry.drain()
            assert await services.stores.updates.head(BOARD) == 1
            assert ann.dropped == [RoomDraining.code]
            with pytest.raises(RoomDraining):
                async with services.registry.enter(BOARD, Reader("bob")):
                    pass


async def test_client_ids_older_than_their_binding_are_taken_from_the_log(tmp_path: Path) -> None:
    """[RC8] A log from before ids were bound tells who wrote under which first; that is kept, and holds."""
    doc: Doc[Any] = Doc()
    async with (
        serving(configured(tmp_path)) as live,
        live.app.services.registry.enter(BOARD, ann := Reader("ann")) as document,
    ):
        ann.document = document
        ann.write(changes(put("a", 1), doc))
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        assert connection.execute("DELETE FROM document_clients").rowcount == 1
    async with serving(configured(tmp_path)) as live:
        registry, log = live.app.services.registry, live.app.services.stores.updates
        async with registry.enter(BOARD, bob := Reader("bob")) as document:
            bob.document = document
            with pytest.raises(AuthorshipViolation):
                bob.write(changes(put("a", 2), doc))
        await registry.drain()
        assert [(binding.client, binding.user) for binding in await log.bindings(BOARD)] == [(doc.client_id, "ann")]
