"""A real HTTP server that receives webhooks and answers as a test tells it: well, badly, late or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.server.live import WAIT_SECONDS

HANG = 0
"""Instead of a status: keep the connection and never answer."""
CUT = -1
"""Instead of a status: close the connection without an answer."""
TRICKLE = -2
"""Instead of a status: answer 200 with a body that never ends."""


@dataclass(frozen=True)
class Received:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def number(self) -> int:
        """What the tests count their events with."""
        number: int = self.json["payload"]["n"]
        return number


@dataclass
class Receiver:
    """Listens on a port of its own; `answers` are used up one request each, then `usual` holds."""

    usual: int = 204
    answers: list[int] = field(default_factory=list)
    by_room: dict[str, int] = field(default_factory=dict)
    extra: str = ""
    requests: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)
    port: int = 0
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def next(self) -> Received:
        """The next request that arrives."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.requests.get()

    async def next_numbers(self, count: int) -> list[int]:
        """Of so many requests, in the order of their arrival."""
        return [(await self.next()).number for _ in range(count)]

    async def listen(self) -> None:
        """Be there, on the same port as before."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_away(self) -> None:
        """Refuse connections and cut those that are open."""
        assert self._server is not None
        self._server.close()
        for each in self._connections:
            each.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._serve(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether there may be another one."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        pairs = (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        received = Received(headers, await reader.readexactly(int(headers["content-length"])))
        status = self.by_room.get(str(received.json["room"]), self.answers.pop(0) if self.answers else self.usual)
        self.requests.put_nowait(received)
        if status == HANG:
            await reader.read()
        if status in (HANG, CUT):
            return False
        length = 1 << 40 if status == TRICKLE else 0
        writer.write(f"HTTP/1.1 {max(status, 200)} x\r\nContent-Length: {length}\r\n{self.extra}\r\n".encode())
        await writer.drain()
        while status == TRICKLE:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.005)
        return True


@asynccontextmanager
async def receiving(**how: Any) -> AsyncIterator[Receiver]:
    """A receiver that is there."""
    receiver = Receiver(**how)
    await receiver.listen()
    try:
        yield receiver
    finally:
        await receiver.go_away()
