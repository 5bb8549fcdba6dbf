"""Promises, each as a scenario that fails with `PromiseBroken` on a server that does not keep it."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from pycrdt import Doc, Map
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crdt_docs.frames import (
    Awareness,
    AwarenessEntry,
    SyncStep1,
    SyncStep2,
    Update,
    decode_frame,
    encode_awareness,
    encode_sync_step1,
    encode_sync_step2,
    encode_update,
)
from crdt_docs.ids import ClientId

WAIT_SECONDS = 10.0
SOON_SECONDS = 1.0
UPDATES = 400
SEEN = 300


class PromiseBroken(AssertionError):
    """The server does not do what the scenario asks."""


class Server(Protocol):
    """A server in its own process."""

    def url(self) -> str:
        """The address of a fresh document; the same document keeps it over restarts."""

    def start(self) -> None: ...

    def kill(self) -> None: ...


class Client:
    """An ordinary provider: a document, and what it knows about who is there."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc[Any] = Doc()
        self.map = self.doc.get("m", type=Map)
        self.present: set[int] = set()
        self.synced = False

    async def greet(self) -> None:
        await self.socket.send(encode_sync_step1(self.doc.get_state()))

    async def until(self, condition: Any, seconds: float, promise: str) -> None:
        """Read until `condition()` holds; `PromiseBroken` says which promise was not kept in time."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await self._take(decode_frame(await self.socket.recv(decode=False)))
        except TimeoutError:
            raise PromiseBroken(promise) from None

    async def _take(self, frame: object) -> None:
        match frame:
            case SyncStep1(state):
                await self.socket.send(encode_sync_step2(self.doc.get_update(state)))
            case SyncStep2(update):
                self.doc.apply_update(update)
                self.synced = True
            case Update(update):
                self.doc.apply_update(update)
            case Awareness(entries):
                for entry in entries:
                    (self.present.discard if entry.state is None else self.present.add)(entry.client)

    async def announce(self) -> None:
        entry = AwarenessEntry(ClientId(self.doc.client_id), 1, {"user": {"name": "Ann"}})
        await self.socket.send(encode_awareness([entry]))

    async def sync(self) -> None:
        await self.greet()
        await self.until(lambda: self.synced, WAIT_SECONDS, "a client is synced")


def joined(url: str) -> connect:
    return connect(url, compression=None, max_size=None, close_timeout=1)


async def what_was_seen_is_kept(server: Server) -> None:
    """Whatever another client has seen outlives `kill -9`."""
    url = server.url()
    async with joined(url) as first, joined(url) as second:
        writer, reader = Client(first), Client(second)
        await writer.sync()
        await reader.sync()
        for number in range(UPDATES):
            before = writer.doc.get_state()
            writer.map[str(number)] = number
            await first.send(encode_update(writer.doc.get_update(before)))
        await reader.until(lambda: len(reader.map) >= SEEN, WAIT_SECONDS, "updates reach the others")
        server.kill()
    server.start()
    async with joined(url) as third:
        later = Client(third)
        await later.sync()
    lost = set(reader.map.keys()) - set(later.map.keys())
    if lost:
        raise PromiseBroken(f"{len(lost)} of {len(reader.map)} updates that were seen are lost")


async def a_newcomer_sees_who_is_there(server: Server) -> None:
    """The awareness of those present comes at once."""
    url = server.url()
    async with joined(url) as first, joined(url) as second:
        ann, bob = Client(first), Client(second)
        await ann.sync()
        await bob.sync()
        await ann.announce()
        await bob.until(lambda: ann.doc.client_id in bob.present, WAIT_SECONDS, "awareness reaches the others")
        async with joined(url) as third:
            eve = Client(third)
            await eve.greet()
            await eve.until(lambda: ann.doc.client_id in eve.present, SOON_SECONDS, "a newcomer sees who is there")


async def a_leaver_is_gone_at_once(server: Server) -> None:
    """A socket that closes without a last word takes its awareness along."""
    url = server.url()
    async with joined(url) as second:
        bob = Client(second)
        await bob.sync()
        async with joined(url) as first:
            ann = Client(first)
            await ann.sync()
            await ann.announce()
            await bob.until(lambda: ann.doc.client_id in bob.present, WAIT_SECONDS, "awareness reaches the others")
        await bob.until(lambda: ann.doc.client_id not in bob.present, SOON_SECONDS, "a leaver is gone")


async def a_malformed_message_is_answered(server: Server) -> None:
    """Its sender is told by a close code, and nobody else is disturbed."""
    url = server.url()
    async with joined(url) as first, joined(url) as second:
        ann, bob = Client(first), Client(second)
        await ann.sync()
        await bob.sync()
        await first.send(b"\x00\x02\x05\xff")
        try:
            await ann.until(lambda: False, 2.0, "the sender of a malformed message is told")
        except ConnectionClosed:
            if first.close_code is None or first.close_code < 4000:
                raise PromiseBroken(f"the sender is told {first.close_code}") from None
        bob.synced = False
        await bob.sync()
