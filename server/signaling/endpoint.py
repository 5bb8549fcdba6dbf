"""`/signal/<room>`: admits a socket, welcomes it, and answers what it sends."""

from __future__ import annotations

import asyncio
from typing import Final

from crdt_docs.access import Permission
from server.auth.admission import Admitted, admit
from server.auth.identities import clean_name
from server.auth.limits import TokenBucket
from server.auth.membership import rename_member
from server.endpoint import Query, SocketEndpoint
from server.errors import MalformedRequest, RateLimited, named
from server.services import Services
from server.signaling.hub import Listener
from server.signaling.messages import (
    AskRoster,
    Failed,
    Leave,
    Rename,
    RoomInfo,
    RosterState,
    Welcome,
    WholeRoster,
    You,
    decode_message,
)
from server.transport import WebSocket

PREFIX: Final = "/signal/"
MESSAGES_PER_SECOND: Final = 50
MESSAGE_BURST: Final = 200
MAX_BAD_IN_A_ROW: Final = 20
"""After so many refused messages without a good one the socket is closed."""
LISTENER_CHARACTERS: Final = 1 << 20


class SignalEndpoint(SocketEndpoint):
    """Serves every WebSocket below `/signal/`."""

    async def serve(self, socket: WebSocket, services: Services, query: Query) -> None:
        """Be one page's ear and mouth in its room."""
        room = socket.scope["path"].removeprefix(PREFIX)
        admitted = await admit(services, room, query.get("token"), query.get("session"))
        with services.metrics.connections.labels("signal").track_inprogress():
            async with services.sessions.attached(admitted):
                left = await _Conversation(services, admitted, socket).run()
        if left:
            await socket.close(1000, "left")


class _Conversation:
    """One admitted socket."""

    def __init__(self, services: Services, admitted: Admitted, socket: WebSocket) -> None:
        self._services = services
        self._room = admitted.room
        self._author = admitted.author
        self._socket = socket
        self._hub = services.hub
        self._listener = Listener(LISTENER_CHARACTERS)
        self._bucket = TokenBucket(MESSAGES_PER_SECOND, MESSAGE_BURST, services.clock)

    async def run(self) -> bool:
        """Talk until one side ends it; True when the client said that it leaves.

        Raises:
            Disconnected: The peer is gone.
            ServerError, StorageError: The socket must be closed with this error's code.
        """
        self._hub.listen(self._room.id, self._listener)
        self._welcome()
        tasks = {
            asyncio.create_task(self._receive_all()),
            asyncio.create_task(self._listener.run(self._socket.send_text, self._services.config.slow_seconds)),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return True
        finally:
            self._hub.unlisten(self._room.id, self._listener)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _welcome(self) -> None:
        author = self._author
        you = You(author.user, author.name, author.role, author.session, author.color)
        roster = RosterState.of(self._hub.roster(self._room.id))
        self._listener.tell(
            Welcome(you, RoomInfo.of(self._room), roster, [each for each in Permission if each in author.permissions])
        )

    async def _receive_all(self) -> None:
        """Return when the client leaves. [SG5] A bad message is answered; `MAX_BAD_IN_A_ROW` of them end the socket."""
        bad = 0
        while True:
            data = await self._socket.receive()
            retry_after = self._bucket.take()
            if retry_after is not None:
                raise RateLimited(retry_after)
            try:
                left = await self._handle(data)
            except MalformedRequest as exc:
                bad += 1
                self._listener.tell(Failed(**named(exc)))
                if bad >= MAX_BAD_IN_A_ROW:
                    raise
            else:
                bad = 0
                if left:
                    return

    async def _handle(self, data: str | bytes) -> bool:
        match decode_message(data):
            case AskRoster():
                roster = self._hub.roster(self._room.id)
                self._listener.tell(WholeRoster(roster.version, roster.people))
            case Rename(name):
                name = clean_name(name)
                await rename_member(self._services.stores.rooms, self._room, self._author.user, name)
                self._hub.rename(self._room.id, self._author.user, name)
                self._services.registry.rename(self._room.id, self._author.user, name)
            case Leave():
                return True
        return False
