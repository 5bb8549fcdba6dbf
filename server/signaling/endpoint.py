"""`/signal/<room>`: admits a socket, welcomes it, and answers what it sends; or lets it wait before the door."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from crdt_docs.access import Permission
from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Access, RoomRecord
from server.auth.admission import admit, authorize, authorize_knocker
from server.auth.failures import network_of
from server.auth.identities import clean_name
from server.auth.limits import TokenBucket
from server.auth.membership import rename_member
from server.auth.rights import in_order
from server.auth.tokens import Claims
from server.calls.forwarding import FORWARDER
from server.endpoint import Query, SocketEndpoint
from server.errors import (
    Banned,
    MalformedRequest,
    NotAdmitted,
    PermissionRefused,
    RateLimited,
    ServerError,
    TokenExpired,
    TokenInvalid,
    UnknownPerson,
    named,
)
from server.moderation.door import decline, let_in, request_mute
from server.presence.device import device_of
from server.presence.page import Page
from server.rooms.author import Author
from server.services import Services
from server.signaling.calls import ToPeer, note_quality, pass_on
from server.signaling.hub import Listener
from server.signaling.messages import (
    Admit,
    Answer,
    AskIce,
    AskMode,
    AskRoster,
    Call,
    Candidate,
    ClientMessage,
    Decline,
    Failed,
    Hand,
    HangUp,
    Ice,
    IceState,
    Knock,
    Knocker,
    Leave,
    LetIn,
    Media,
    MuteRequest,
    Offer,
    PermissionsChanged,
    Quality,
    Rename,
    Renew,
    Renewed,
    RoomInfo,
    RosterState,
    SentAway,
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

_REFUSALS: Final = (MalformedRequest, PermissionRefused, UnknownPerson, TokenInvalid, TokenExpired, NotAdmitted, Banned)
"""What is wrong with a message rather than with the socket."""


class SignalEndpoint(SocketEndpoint):
    """Serves every WebSocket below `/signal/`."""

    async def serve(self, socket: WebSocket, services: Services, query: Query) -> None:
        """Be one page's ear and mouth in its room, or a knocker's before it."""
        room, token = socket.scope["path"].removeprefix(PREFIX), query.get("token")
        with services.metrics.connections.labels("signal").track_inprogress():
            if services.tokens.read(token).knock:
                left = await _knock(services, socket, *await authorize_knocker(services, room, token))
            else:
                left = await _converse(services, socket, room, token, query.get("session"))
        if left:
            await socket.close(1000, "left")


async def _converse(services: Services, socket: WebSocket, room: str, token: str | None, session: str | None) -> bool:
    admitted = await admit(services, room, token, session, device_of(socket.scope))
    async with services.sessions.attached(admitted) as page:
        conversation = _Conversation(services, admitted.room, page)
        with page.connected(conversation):
            return await conversation.run(socket)


async def _knock(services: Services, socket: WebSocket, room: RoomRecord, claims: Claims) -> bool:
    """[LO6] Wait before the door. Whoever needs not knock any more is let in at once."""
    ear = Listener(LISTENER_CHARACTERS)
    member = await services.stores.rooms.member(room.id, claims.user)
    if room.access is not Access.LOBBY or (member is not None and member.removed_at is None):
        ear.tell(LetIn())
        return await _talk(socket, ear, services, _heed_nothing)
    services.limits.knocking.take(network_of(socket.address))
    knocker = Knocker(claims.user, claims.name, services.clock.now_us())

    async def heed(message: ClientMessage) -> None:
        await _heed_nothing(message)
        services.hub.tell_waiting(room.id, ear)

    with services.hub.knocking(room, knocker, ear):
        return await _talk(socket, ear, services, heed)


async def _heed_nothing(message: ClientMessage) -> None:
    if not isinstance(message, Knock):
        raise PermissionRefused("You have not been let in yet.")


async def _talk(
    socket: WebSocket, listener: Listener, services: Services, heed: Callable[[ClientMessage], Awaitable[None]]
) -> bool:
    """Send what the listener is told and heed what the client says, until one side ends it; True when he leaves.

    Raises:
        Disconnected: The peer is gone.
        ServerError, DocumentError, StorageError: The socket must be closed with this error's code.
    """
    tasks = {
        asyncio.create_task(_receive_all(socket, listener, services, heed)),
        asyncio.create_task(listener.run(socket.send_text, services.config.slow_seconds)),
    }
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return True
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _receive_all(
    socket: WebSocket, listener: Listener, services: Services, heed: Callable[[ClientMessage], Awaitable[None]]
) -> None:
    """Return when the client leaves. [SG5] A bad message is answered; `MAX_BAD_IN_A_ROW` of them end the socket."""
    bucket = TokenBucket(MESSAGES_PER_SECOND, MESSAGE_BURST, services.clock)
    bad = 0
    while True:
        data, message = await socket.receive(), None
        retry_after = bucket.take()
        if retry_after is not None:
            raise RateLimited(retry_after)
        if listener.ended:
            continue
        try:
            message = decode_message(data)
            if isinstance(message, Leave):
                return
            await heed(message)
        except _REFUSALS as exc:
            listener.tell(_failed(exc, message))
            # Who is spoken to may have gone while the words were on their way.
            bad += not (isinstance(message, ToPeer) and isinstance(exc, UnknownPerson))
            if bad >= MAX_BAD_IN_A_ROW:
                raise
        else:
            bad = 0


def _failed(error: Exception, message: ClientMessage | None) -> Failed:
    """[CA7] A refusal says what was refused."""
    about = str(message.__struct_config__.tag) if message is not None else ""
    return Failed(**named(error), about=about, to=message.to if isinstance(message, ToPeer) else "")


class _Conversation:
    """One admitted socket, as its page sees it."""

    def __init__(self, services: Services, room: RoomRecord, page: Page) -> None:
        self._services = services
        self._room = room
        self._page = page
        self._listener = Listener(LISTENER_CHARACTERS)
        self._moderated = Permission.MODERATE in page.author.permissions

    async def run(self, socket: WebSocket) -> bool:
        """Talk until one side ends it; True when the client said that it leaves.

        Raises:
            Disconnected: The peer is gone.
            ServerError, DocumentError, StorageError: The socket must be closed with this error's code.
        """
        with self._services.hub.listening(self._room.id, self._listener, self._page):
            self._welcome()
            return await _talk(socket, self._listener, self._services, self._heed)

    def rights_changed(self) -> None:
        """[SG10] Tell the page at once what it may do; a new moderator learns who waits before the door."""
        author = self._page.author
        self._listener.tell(PermissionsChanged(author.role, in_order(author.permissions)))
        moderates = Permission.MODERATE in author.permissions
        if moderates and not self._moderated:
            self._services.hub.tell_knockers_to(self._room.id, self._listener)
        self._moderated = moderates

    def end(self, error: Exception) -> None:
        """[SG11] Say why, then close; nothing that the page says is heeded any more."""
        if isinstance(error, ServerError):
            self._listener.tell(SentAway(**named(error)))
        self._listener.end(error)

    def _welcome(self) -> None:
        page, hub = self._page, self._services.hub
        author = page.author
        you = You(author.user, author.name, author.role, author.session, author.color)
        knocks = hub.knockers(self._room.id) if self._moderated else ()
        self._listener.tell(
            Welcome(
                you, RoomInfo.of(self._room), RosterState.of(hub.roster(self._room.id)), in_order(author.permissions),
                page.claims.expires_at, knocks, self._ice(), self._services.forwarding.mode(self._room.id),
                mesh_limit=self._services.config.mesh_limit,
                recording=hub.recording(self._room.id),
            )
        )  # fmt: skip

    def _ice(self) -> IceState:
        author = self._page.author
        return self._services.ice.grant(author.user, author.session)

    async def _heed(self, message: ClientMessage) -> None:
        services, page = self._services, self._page
        match message:
            case AskRoster():
                roster = services.hub.roster(self._room.id)
                self._listener.tell(WholeRoster(roster.version, roster.people))
            case Rename(name):
                await self._rename(clean_name(name))
            case Renew(token):
                await self._renew(token)
            case Call() | Media() | Offer() | Answer() | Candidate() | HangUp() | AskMode() | AskIce() | Quality():
                self._heed_caller(message)
            case Hand(up):
                services.sessions.raise_hand(page, up)
            case MuteRequest(to, what):
                await request_mute(services, page, SessionId(to), what)
            case Admit(sub):
                await let_in(services, page, UserId(sub))
            case Decline(sub, reason):
                await decline(services, page, UserId(sub), reason)
            case _:
                raise MalformedRequest("Who is in the room has no need to knock.")

    def _heed_caller(self, message: Call | Media | ToPeer | AskMode | AskIce | Quality) -> None:
        services, page = self._services, self._page
        match message:
            case Call(id):
                services.sessions.set_call(page, id)
            case Media():
                services.sessions.set_media(page, message.state)
            case AskIce():
                ice = self._ice()
                self._listener.tell(Ice(ice.servers, ice.relay_only, ice.expires_at))
            case Quality():
                note_quality(services, page, message)
            case AskMode():
                services.forwarding.ask(page)
            case Offer() | Answer() | Candidate() | HangUp() if message.to == FORWARDER:
                services.forwarding.hear(page, message)
            case _:
                pass_on(services, page, message)

    async def _rename(self, name: str) -> None:
        async with self._services.turns.of(self._room.id):
            await rename_member(self._services.stores.rooms, self._room, self._page.author.user, name)
        self._services.sessions.rename(self._room.id, self._page.author.user, name)

    async def _renew(self, token: str) -> None:
        """[SG12] A newer token of the same person prolongs his stay, and what it says of him counts."""
        caller = await authorize(self._services, self._room.id, token)
        if caller.user != self._page.author.user:
            raise TokenInvalid("This token is somebody else's.")

        async def read() -> Author:
            now = await authorize(self._services, self._room.id, token)
            return replace(self._page.author, name=now.claims.name, role=now.role, permissions=now.permissions)

        await self._services.sessions.show(self._page, caller.claims, read)
        self._listener.tell(Renewed(self._page.claims.expires_at))
