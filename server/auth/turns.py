"""One at a time in each room, for whoever reads something of it, decides and writes it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crdt_docs.ids import RoomId


class Turns:
    """A lock for each room that somebody wants to change. Not to be taken twice by one task."""

    def __init__(self) -> None:
        self._locks: dict[RoomId, asyncio.Lock] = {}
        self._wanted: dict[RoomId, int] = {}

    @asynccontextmanager
    async def of(self, room: RoomId) -> AsyncIterator[None]:
        """[RI4] Wait for one's turn: a ban and a join that happen at once must not undo each other."""
        lock = self._locks.setdefault(room, asyncio.Lock())
        self._wanted[room] = self._wanted.get(room, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[room] -= 1
            if not self._wanted[room]:
                del self._wanted[room], self._locks[room]
