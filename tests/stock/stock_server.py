"""pycrdt-websocket as shipped, with its SQLite store: `python -m tests.stock.stock_server PORT DATABASE`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from hypercorn.asyncio import serve
from hypercorn.config import Config
from pycrdt.store import SQLiteYStore, YDocNotFound
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom


class StoredRooms(WebsocketServer):
    """Gives each room a store and loads what it holds, before the room is ready."""

    def __init__(self, database: str) -> None:
        super().__init__(rooms_ready=False, auto_clean_rooms=False)
        self._store = type("Store", (SQLiteYStore,), {"db_path": database})

    async def get_room(self, name: str) -> YRoom:
        if name not in self.rooms:
            store = self._store(name)
            room = self.rooms[name] = YRoom(ready=False, ystore=store)
            await self.start_room(room)
            await store.started.wait()
            with suppress(YDocNotFound):
                await store.apply_updates(room.ydoc)
            room.ready = True
        return self.rooms[name]


async def main(port: str, database: str) -> None:
    """Serve until killed."""
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    async with StoredRooms(database) as rooms:
        await serve(ASGIServer(rooms), config)  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
