"""What Hypercorn must do differently for a room: every private name of it that we rely on stands here.

Hypercorn 0.18 (pinned): `hypercorn.protocol.{h11,h2}.WSStream`, `WSStream.{handle,_handle_events,_send_pings,
_send_wsproto_event,buffer,closed,config,connection,state,app_put}` and
`hypercorn.protocol.ws_stream.server_extensions_handshake`. `install` checks them at start.

- `permessage-deflate` is never negotiated: it doubles the cost of sending and keeps about 90 KiB a connection.
- A message over the limit is not kept in memory and is told to the application, which closes with its own code.
- Pings end with their socket: else each closed one holds its connection, and the server's stop, for an interval.
- A peer that vanished is given up by the kernel: the listening sockets hand `TCP_USER_TIMEOUT` down.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.config import Config as HypercornConfig
from hypercorn.config import Sockets
from hypercorn.protocol import h2, h11, ws_stream
from hypercorn.protocol.events import Event, StreamClosed
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping

from crdt_docs.errors import MalformedFrame, UpdateTooLarge

PEER_TIMEOUT_SECONDS = 60
"""How long the kernel keeps a connection whose peer acknowledges nothing or reads nothing."""
CLOSE_SECONDS = 2.0
"""How long a closed peer may take to answer before its connection is cut."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_PRIVATE_NAMES = ("handle", "_handle_events", "_send_pings", "_send_wsproto_event", "app_send")


class Disconnected(Exception):
    """The peer is gone."""


class StrictWSStream(ws_stream.WSStream):
    """Hypercorn's WebSocket stream, bounded: an oversized message is dropped as it arrives."""

    _oversized = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._over = asyncio.Event()

    async def handle(self, event: Event) -> None:
        """Take what the connection brings; see Hypercorn."""
        await super().handle(event)
        if self.closed:
            self._over.set()

    async def _send_pings(self) -> None:
        """Hypercorn's sleeps on for an interval after the end, and the connection's task and the server's stop wait."""
        while not self.closed:
            await self._send_wsproto_event(Ping())
            try:
                async with asyncio.timeout(self.config.websocket_ping_interval):
                    await self._over.wait()
            except TimeoutError:
                continue

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, Message):
                await self._handle_message(event)
            else:
                await self._handle_control(event)

    async def _handle_message(self, event: Message[Any]) -> None:
        if not self._oversized:
            try:
                self.buffer.extend(event)
            except ws_stream.FrameTooLargeError:
                self._oversized = True
                self.buffer.clear()
                assert self.app_put is not None
                await self.app_put({"type": "websocket.receive", "oversized": self.buffer.max_length})
        if event.message_finished:
            if not self._oversized:
                assert self.app_put is not None
                await self.app_put(self.buffer.to_message())
            self._oversized = False
            self.buffer.clear()

    async def _handle_control(self, event: Any) -> None:
        if isinstance(event, Ping):
            await self._send_wsproto_event(event.response())
        elif isinstance(event, CloseConnection):
            if self.connection.state == ConnectionState.REMOTE_CLOSING:
                await self._send_wsproto_event(event.response())
            await self.send(StreamClosed(stream_id=self.stream_id))


def install() -> None:
    """Put our WebSocket stream into Hypercorn.

    Raises:
        RuntimeError: This Hypercorn lacks a name that we rely on.
    """
    missing = [name for name in _PRIVATE_NAMES if not hasattr(ws_stream.WSStream, name)]
    if missing or not hasattr(ws_stream, "server_extensions_handshake"):
        raise RuntimeError(f"hypercorn is not the pinned version: {', '.join(missing) or 'handshake'} is gone")
    ws_stream.server_extensions_handshake = _no_extensions
    for protocol in (h11, h2):
        setattr(protocol, "WSStream", StrictWSStream)  # noqa: B010


def _no_extensions(_requested: object, _supported: object) -> None:
    return None


class ServerConfig(HypercornConfig):
    """Hypercorn's configuration with listening sockets that give up dead peers.

    [HA9] Over TLS it offers HTTP/1.1 alone. In HTTP/2 a body that still arrives after its request was refused ends the
    whole connection (KeyError in `H2Protocol._handle_events`), with all other requests and sockets of that browser.
    """

    alpn_protocols = ["http/1.1"]  # noqa: RUF012 (declared so by Hypercorn)

    def create_sockets(self) -> Sockets:
        """Bind as Hypercorn does, then set what accepted connections inherit (Linux hands these options down)."""
        sockets: Sockets = super().create_sockets()
        for listening in (*sockets.insecure_sockets, *sockets.secure_sockets):
            if listening.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PEER_TIMEOUT_SECONDS // 2)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PEER_TIMEOUT_SECONDS * 1000)
        return sockets


class WebSocket:
    """One WebSocket as ASGI gives it: binary or text messages in, messages and one close out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.spoken_to = False
        """Whether the peer was sent anything yet."""
        self._receive = receive
        self._send = send

    @property
    def address(self) -> str:
        """Where the peer is: as the connection says, or as a trusted proxy does."""
        client = self.scope.get("client")
        return str(client[0]) if client else "unknown"

    def header(self, name: str) -> list[str]:
        """The values of a header of the handshake, by its name in lower case."""
        wanted = name.encode()
        return [value.decode("latin-1") for key, value in self.scope["headers"] if key.lower() == wanted]

    async def accept(self) -> None:
        """Complete the handshake; codes can be given only after it.

        Raises:
            Disconnected: The peer went away meanwhile.
        """
        await self._next("websocket.connect")
        await self._send({"type": "websocket.accept"})

    async def receive(self) -> bytes | str:
        """Wait for the next message.

        Raises:
            Disconnected: There will be none.
            UpdateTooLarge: It exceeds the limit of the server; its content is gone.
        """
        message = await self._next("websocket.receive")
        if "oversized" in message:
            raise UpdateTooLarge(message["oversized"] + 1, message["oversized"])
        data = message.get("bytes")
        return data if data is not None else str(message["text"])

    async def receive_bytes(self) -> bytes:
        """Wait for the next binary message.

        Raises:
            MalformedFrame: It is a text message.
            Disconnected: There will be none.
            UpdateTooLarge: It exceeds the limit of the server.
        """
        data = await self.receive()
        if isinstance(data, str):
            raise MalformedFrame("This socket speaks binary frames only.")
        return data

    async def send(self, data: bytes) -> None:
        """Send a binary message; returns when the transport has room for more."""
        self.spoken_to = True
        await self._send({"type": "websocket.send", "bytes": data})

    async def send_text(self, text: str) -> None:
        """Send a text message; returns when the transport has room for more."""
        self.spoken_to = True
        await self._send({"type": "websocket.send", "bytes": None, "text": text})

    async def close(self, code: int, reason: str) -> None:
        """Close with a code, then drop what still arrives until the peer answers or `CLOSE_SECONDS` are over.

        Cutting the connection while unread bytes lie in its buffer would reset it and take the code away with it.
        """
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
                while True:
                    await self._next("websocket.receive")
        except (Disconnected, TimeoutError):
            return

    async def _next(self, expected: str) -> dict[str, Any]:
        message = await self._receive()
        if message["type"] != expected:
            raise Disconnected
        return message
