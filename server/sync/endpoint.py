"""`/sync/<room>/<document>`: admits a socket, joins it to its document, and closes it with the code of what ends it.

An ASGI application beside Quart's: Quart keeps a queue without bound between the socket and its handler (P8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

from crdt_docs.ids import parse_document_id
from server.auth.admission import admit
from server.errors import for_client
from server.services import Services
from server.sync.channel import SyncChannel
from server.transport import Disconnected, Receive, Scope, Send, WebSocket

PREFIX: Final = "/sync/"


class SyncEndpoint:
    """Serves every WebSocket below `/sync/`."""

    def __init__(self, services: Callable[[], Services]) -> None:
        """
        Args:
            services: Gives the running parts; called once per socket.
        """
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept the socket first: a close code can be given only to an open one."""
        socket = WebSocket(scope, receive, send)
        try:
            await socket.accept()
            await self._serve(socket)
        except Disconnected:
            return
        except Exception as exc:
            error = for_client(exc)
            self._services().metrics.refusals.labels(error.code).inc()
            await socket.close(error.close, error.code)

    async def _serve(self, socket: WebSocket) -> None:
        services = self._services()
        room, _, name = socket.scope["path"].removeprefix(PREFIX).partition("/")
        query = parse_qs(socket.scope["query_string"].decode("ascii", "replace"))
        admitted = await admit(services, room, _first(query, "token"), _first(query, "session"))
        document_id = parse_document_id(admitted.room.id, name)
        channel = SyncChannel(
            socket,
            admitted.author,
            services.stores.updates,
            services.config,
            services.clock,
            services.metrics,
            path=str(document_id),
            extended=_first(query, "ext") == "1",
        )
        registry = services.registry
        with services.metrics.connections.labels("sync").track_inprogress():
            async with services.sessions.attached(admitted), registry.enter(document_id, channel) as document:
                await channel.run(document, registry.tick.intake, registry.presence.mark)


def _first(query: dict[str, list[str]], key: str) -> str | None:
    values = query.get(key)
    return values[0] if values else None
