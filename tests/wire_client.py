"""THE small Yjs client of the tests: pycrdt behind a real WebSocket, with the frames in hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pycrdt import Doc, Map
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crdt_docs.frames import encode_sync_step1, encode_sync_step2, encode_update
from crdt_docs.lib0 import read_varint
from tests.server.live import Live

WAIT_SECONDS = 15.0
FIRST_FRAMES = 2
"""Sync frames that a client sends before its first edit: its own state vector, and what the server lacks."""


def sync_url(live: Live, room: str, document: str, token: str | None, **params: str) -> str:
    """The address of a document."""
    query = "&".join(f"{key}={value}" for key, value in ({"token": token} | params).items() if value)
    return f"ws://127.0.0.1:{live.port}/sync/{room}/{document}?{query}"


@asynccontextmanager
async def raw(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """A bare socket, which says nothing by itself."""
    async with connect(url, **{"compression": None, "max_size": None, "proxy": None, **options}) as socket:
        yield socket


class WireClient:
    """Speaks the sync protocol as y-websocket does.

    Attributes:
        doc: What it has.
        frames: What it was sent.
        told: The messages of type 100 among them.
        rights: Those of them that tell what it may do, which come by themselves and are not in `told`.
    """

    def __init__(self, socket: ClientConnection, doc: Doc[Any] | None = None) -> None:
        self.socket = socket
        self.doc: Doc[Any] = Doc() if doc is None else doc
        self.synced = asyncio.Event()
        self.told: list[dict[str, Any]] = []
        self.rights: list[dict[str, Any]] = []
        self.frames: list[bytes] = []
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Read until the socket closes."""
        try:
            await self.socket.send(encode_sync_step1(self.doc.get_state()))
            async for data in self.socket:
                assert isinstance(data, bytes)
                await self._receive(data)
        except ConnectionClosed:
            return
        finally:
            async with self._changed:
                self._changed.notify_all()

    async def _receive(self, data: bytes) -> None:
        self.frames.append(data)
        if data[0] == 0:
            length, at = read_varint(data, 2)
            body = data[at : at + length]
            if data[1] == 0:
                await self.socket.send(encode_sync_step2(self.doc.get_update(body)))
            else:
                self.doc.apply_update(body)
                if data[1] == 1:
                    self.synced.set()
        elif data[0] == 100:
            _, at = read_varint(data, 1)
            message = json.loads(data[at:])
            (self.rights if message["type"] == "permissions" else self.told).append(message)
        async with self._changed:
            self._changed.notify_all()

    async def write(self, act: Callable[[Doc[Any]], Any]) -> bytes:
        """Edit in one transaction and send what it added; gives the update."""
        before = self.doc.get_state()
        with self.doc.transaction():
            act(self.doc)
        update = self.doc.get_update(before)
        await self.socket.send(encode_update(update))
        return update

    async def put(self, key: str, value: Any) -> None:
        """Set a key of the map `m` and send the update."""
        await self.write(lambda doc: doc.get("m", type=Map).update({key: value}))

    def content(self) -> Any:
        """The map `m`."""
        return self.doc.get("m", type=Map).to_py()

    def last(self, type_: str) -> dict[str, Any]:
        """The last message of that type, or an empty one."""
        return next((each for each in reversed(self.told) if each["type"] == type_), {})

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something that arrives makes this true."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            await self._changed.wait_for(seen)

    async def saved(self, edits: int) -> None:
        """Wait until so many edits are on disk; for clients with `ext=1`."""
        await self.until(lambda: self.last("saved").get("through", 0) >= FIRST_FRAMES + edits)


@asynccontextmanager
async def wire_client(url: str, doc: Doc[Any] | None = None) -> AsyncIterator[WireClient]:
    """A client that is synced."""
    async with raw(url) as socket:
        client = WireClient(socket, doc)
        task = asyncio.create_task(client.run())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await client.synced.wait()
            yield client
        finally:
            await socket.close()
            await task
