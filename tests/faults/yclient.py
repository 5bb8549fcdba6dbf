"""A small Yjs client over a real WebSocket, for tests that need the frames in hand."""

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


def sync_url(live: Live, room: str, document: str, token: str | None, **params: str) -> str:
    """The address of a document."""
    query = "&".join(f"{key}={value}" for key, value in ({"token": token} | params).items() if value)
    return f"ws://127.0.0.1:{live.port}/sync/{room}/{document}?{query}"


@asynccontextmanager
async def raw(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """A bare socket."""
    async with connect(url, **{"compression": None, "max_size": None, **options}) as socket:
        yield socket


async def close_code(socket: ClientConnection) -> tuple[int | None, str | None]:
    """Read until the server closes."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                await socket.recv()
    except ConnectionClosed:
        return socket.close_code, socket.close_reason


class YClient:
    """Speaks the sync protocol as y-websocket does; `told` are the messages of type 100, except
    those that tell what it may do."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc[Any] = Doc()
        self.synced = asyncio.Event()
        self.told: list[dict[str, Any]] = []
        self.frames: list[bytes] = []
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Read until the socket closes."""
        await self.socket.send(encode_sync_step1(self.doc.get_state()))
        try:
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
            if message["type"] != "permissions":
                self.told.append(message)
        async with self._changed:
            self._changed.notify_all()

    async def put(self, key: str, value: Any) -> None:
        """Set a key of the map `m` and send the update."""
        before = self.doc.get_state()
        self.doc.get("m", type=Map)[key] = value
        await self.socket.send(encode_update(self.doc.get_update(before)))

    def content(self) -> Any:
        """The map `m`."""
        return self.doc.get("m", type=Map).to_py()

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something that arrives makes this true."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            await self._changed.wait_for(seen)


@asynccontextmanager
async def yclient(url: str) -> AsyncIterator[YClient]:
    """A client that is synced."""
    async with raw(url) as socket:
        client = YClient(socket)
        task = asyncio.create_task(client.run())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await client.synced.wait()
            yield client
        finally:
            await socket.close()
            await task
