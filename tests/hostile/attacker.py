"""Mallory's tools: sockets that say what he likes, and what he hears in answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from pycrdt import Doc
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdt_docs.frames import AwarenessEntry, encode_awareness, encode_sync_step1, encode_sync_step2, encode_update
from crdt_docs.ids import ClientId
from crdt_docs.lib0 import read_varint
from tests.crdt_docs.wire import ANY, anything, identity, rooted, text
from tests.hostile.room import HonestRoom, Person
from tests.wire_client import raw

WAIT_SECONDS = 10.0


class Hand:
    """A sync socket in the hand of somebody who sends what he likes."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[bytes] = []

    async def update(self, *updates: bytes) -> None:
        """Send each as an update, though the server may have closed meanwhile."""
        await self.frame(*map(encode_update, updates))

    async def step2(self, update: bytes) -> None:
        """Send it as the answer to a state vector that nobody asked for."""
        await self.frame(encode_sync_step2(update))

    async def awareness(self, *entries: tuple[int, int, dict[str, Any] | None]) -> None:
        """Announce (client, clock, state)."""
        await self.frame(
            encode_awareness(AwarenessEntry(ClientId(client), clock, state) for client, clock, state in entries)
        )

    async def frame(self, *frames: bytes | str) -> None:
        """Send anything at all."""
        with suppress(ConnectionClosed):
            for frame in frames:
                await self.socket.send(frame)

    async def refusal(self) -> str:
        """Read until the server refuses, by `rejected` or by closing; gives the code, or that it never did."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    message = _told(await self._hear())
                    if message.get("type") == "rejected":
                        return str(message["code"])
        except ConnectionClosed:
            return str(self.socket.close_reason)
        except TimeoutError:
            return "not refused"

    async def settle(self) -> list[bytes]:
        """Wait until all that was sent is dealt with and on disk; gives what was heard meanwhile.

        Raises:
            ConnectionClosed: The server closed.
        """
        heard = []
        await self.socket.send(encode_sync_step1(b"\x00"))
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                heard.append(await self._hear())
                if heard[-1][:2] == b"\x00\x01":
                    return heard

    async def close_reason(self) -> str:
        """Read until the server closes; gives the code."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    await self._hear()
        return str(self.socket.close_reason)

    async def _hear(self) -> bytes:
        data = await self.socket.recv()
        assert isinstance(data, bytes)
        self.heard.append(data)
        return data


@asynccontextmanager
async def hand(
    room: HonestRoom, document: str, by: Person | str | None = None, *, ext: bool = True, **params: str
) -> AsyncIterator[Hand]:
    """A sync socket of Mallory, or of whoever has that token."""
    person = room.mallory if by is None else by
    token = person.token if isinstance(person, Person) else person
    address = room.url(document, token, **({"ext": "1"} if ext else {}), **params)
    async with raw(address, max_queue=None) as socket:  # else a full queue would hold up the closing for ten seconds
        yield Hand(socket)


def put(key: str = "forged") -> bytes:
    """A struct that sets a key of the map `m`."""
    return rooted(ANY, anything(b"\x77" + text("evil")), root="m", key=key)


def page(doc_of: Doc[Any] | None = None, client: int | None = None) -> Doc[Any]:
    """A document of Mallory's under any client id, with all that the other one has."""
    doc: Doc[Any] = Doc() if client is None else Doc(client_id=client)
    if doc_of is not None:
        doc.apply_update(doc_of.get_update())
    return doc


def written(doc: Doc[Any], act: Callable[[Doc[Any]], Any]) -> bytes:
    """What a transaction adds to a document."""
    before = doc.get_state()
    with doc.transaction():
        act(doc)
    return doc.get_update(before)


def _told(frame: bytes) -> dict[str, Any]:
    """A message of type 100, else nothing."""
    if frame[0] != 100:
        return {}
    _, at = read_varint(frame, 1)
    return dict(json.loads(frame[at:]))


def entry_of(parent: tuple[int, int], key: str, content: int, body: bytes) -> bytes:
    """A struct that claims to be the first one ever under a key of a shared map: concurrent to what stands there."""
    return bytes((content | 0x20,)) + b"\x00" + identity(*parent) + text(key) + body


def entry_after(origin: tuple[int, int], content: int, body: bytes) -> bytes:
    """A struct that follows the value of a key, as an honest overwrite does, but without deleting it."""
    return bytes((content | 0x80,)) + identity(*origin) + body


def said(value: str) -> bytes:
    """A text as one value of a struct."""
    return anything(b"\x77" + text(value))
