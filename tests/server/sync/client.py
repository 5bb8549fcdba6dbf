"""An honest y-protocols client on one document: pycrdt behind a `websockets` connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pycrdt import Decoder, Doc, Map, create_sync_message, create_update_message, handle_sync_message
from websockets.asyncio.client import ClientConnection, connect

from tests.server.live import WAIT_SECONDS, Live


@asynccontextmanager
async def opened(
    live: Live, room: str, token: str | None, document: str = "doc-board", extra: str = "", **options: Any
) -> AsyncIterator[ClientConnection]:
    """A sync socket that says nothing by itself."""
    url = f"ws://127.0.0.1:{live.port}/sync/{room}/{document}?token={token or ''}{extra}"
    async with connect(url, **{"compression": None, "max_size": None, **options}) as socket:
        yield socket


class Client:
    """Applies what it is sent, and writes on demand."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc[Any] = Doc()
        self.map = self.doc.get("m", type=Map)
        self.told: list[dict[str, Any]] = []
        self.kinds: list[int] = []

    async def put(self, key: str, value: Any) -> None:
        """Make an edit and send it."""
        before = self.doc.get_state()
        self.map[key] = value
        await self.socket.send(create_update_message(self.doc.get_update(before)))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Take frames until the condition holds."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                await self._take(await self.socket.recv())

    async def _take(self, frame: str | bytes) -> None:
        assert isinstance(frame, bytes)
        self.kinds.append(frame[0])
        if frame[0] == 0:
            reply = handle_sync_message(frame[1:], self.doc)
            if reply is not None:
                await self.socket.send(reply)
        elif frame[0] == 100:
            self.told.append(json.loads(Decoder(frame[1:]).read_message() or b""))

    def last(self, type_: str) -> dict[str, Any]:
        """The last message of that type, or an empty one."""
        return next((each for each in reversed(self.told) if each["type"] == type_), {})


@asynccontextmanager
async def client(live: Live, room: str, user: str = "bob", extra: str = "", **token: Any) -> AsyncIterator[Client]:
    """A client that has asked for the state."""
    async with opened(live, room, live.token(room, user, **token), extra=extra) as socket:
        made = Client(socket)
        await socket.send(create_sync_message(made.doc))
        yield made
