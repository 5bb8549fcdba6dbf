"""`/sync/<room>/<document>`: admits a socket and joins it to its document."""

from __future__ import annotations

from typing import Final

from crdt_docs.ids import parse_document_id
from server.auth.admission import admit
from server.endpoint import Query, SocketEndpoint
from server.services import Services
from server.sync.channel import SyncChannel
from server.transport import WebSocket

PREFIX: Final = "/sync/"


class SyncEndpoint(SocketEndpoint):
    """Serves every WebSocket below `/sync/`."""

    async def serve(self, socket: WebSocket, services: Services, query: Query) -> None:
        """Be a channel of one document."""
        room, _, name = socket.scope["path"].removeprefix(PREFIX).partition("/")
        admitted = await admit(services, room, query.get("token"), query.get("session"))
        document_id = parse_document_id(admitted.room.id, name)
        channel = SyncChannel(
            socket,
            admitted.author,
            services.stores.updates,
            services.config,
            services.clock,
            services.metrics,
            path=str(document_id),
            extended=query.get("ext") == "1",
        )
        registry = services.registry
        with services.metrics.connections.labels("sync").track_inprogress():
            async with services.sessions.attached(admitted), registry.enter(document_id, channel) as document:
                await channel.run(document, registry.tick.intake, registry.presence.mark)
