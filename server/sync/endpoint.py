"""`/sync/<room>/<document>`: admits a socket and joins it to its document."""

from __future__ import annotations

import re
from typing import Final

from crdt_docs.ids import ClientId, parse_document_id
from server.auth.admission import admit
from server.endpoint import Query, SocketEndpoint
from server.errors import MalformedRequest
from server.presence.device import device_of
from server.services import Services
from server.sync.channel import SyncChannel
from server.transport import WebSocket

PREFIX: Final = "/sync/"
MAX_CLIENT_ID: Final = 2**53 - 1
_CLIENT_ID: Final = re.compile(r"[0-9]{1,16}", re.ASCII)


class SyncEndpoint(SocketEndpoint):
    """Serves every WebSocket below `/sync/`."""

    async def serve(self, socket: WebSocket, services: Services, query: Query) -> None:
        """Be a channel of one document."""
        room, _, name = socket.scope["path"].removeprefix(PREFIX).partition("/")
        device = device_of(socket.scope)
        admitted = await admit(services, room, query.get("token"), query.get("session"), device)
        document_id = parse_document_id(admitted.room.id, name)
        client = _read_client(query.get("client"))
        with services.metrics.connections.labels("sync").track_inprogress():
            async with services.sessions.attached(admitted) as page:
                channel = SyncChannel(
                    socket,
                    page,
                    services.stores.updates,
                    services.config,
                    services.limits,
                    services.metrics,
                    path=str(document_id),
                    extended=query.get("ext") == "1",
                )
                registry = services.registry
                async with registry.enter(document_id, channel) as document:
                    if client is not None:
                        document.claim(channel, client)
                    with page.connected(channel):
                        await channel.run(document, registry.tick.intake, registry.presence.mark)


def _read_client(text: str | None) -> ClientId | None:
    """The Yjs client id under which a page says it will write.

    Raises:
        MalformedRequest: It is none.
    """
    if text is None:
        return None
    if not _CLIENT_ID.fullmatch(text) or int(text) > MAX_CLIENT_ID:
        raise MalformedRequest("client must be a Yjs client id: a whole number below 2**53.")
    return ClientId(int(text))
