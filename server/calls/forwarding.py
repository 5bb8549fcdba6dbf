"""Between the rooms' sockets and the media process: offers to pages, answers back, and each change of a call."""

from __future__ import annotations

import asyncio
from typing import Final

from crdt_docs.ids import RoomId, SessionId, UserId
from server.calls.switch import CallSwitch, MediaMode, callers
from server.clock import Clock
from server.errors import PermissionRefused
from server.media.messages import (
    Configure,
    Event,
    IceServer,
    Offered,
    PeerName,
    RestartPeer,
    Sections,
    SessionGone,
    SignalRefused,
    TakeAnswer,
    TakeCandidate,
)
from server.media.supervisor import MediaProcess
from server.presence.page import Page
from server.signaling.hub import Hub
from server.signaling.ice import IceServers
from server.signaling.messages import Answer, Candidate, Failed, HangUp, ModeChanged, Offer, OfferOf, SectionsOf

FORWARDER: Final = SessionId("forwarder")
"""How pages know it; no page may have this id (AD4)."""
TICK_SECONDS: Final = 1.0
FRESH_ICE_SECONDS: Final = 600.0
"""The media process gets new ICE servers so often, before their credentials run out."""


class Forwarding:
    """The calls that go through the media process of this server."""

    def __init__(self, mesh_limit: int, ice: IceServers, hub: Hub, clock: Clock) -> None:
        """`mesh_limit`: so many people with a track on talk directly."""
        self._ice, self._hub, self._clock = ice, hub, clock
        self.media = MediaProcess(self._configure, on_event=self._told, on_ready=self._came_up, on_lost=lambda: None)
        self._switch = CallSwitch(mesh_limit, say=self.media.send, tell=self._tell_mode)
        self._configured = clock.monotonic()

    def mode(self, room: RoomId) -> MediaMode:
        """How the call of a room goes now."""
        return self._switch.mode(room)

    def pages_changed(self, room: RoomId, pages: list[Page]) -> None:
        """Somebody came, left, joined the call, or sends or may send something else."""
        self._switch.update(room, callers(pages), self._clock.monotonic())

    def ask(self, page: Page) -> None:
        """[CS2] A page wants its room's call to go through the forwarder.

        Raises:
            PermissionRefused: The page is not in the call.
        """
        self._require_call(page)
        self._switch.ask(page.room, self._clock.monotonic())

    def hear(self, page: Page, message: Offer | Answer | Candidate | HangUp) -> None:
        """[CS6] What a page says to the forwarder. Its offers are ours to make.

        Raises:
            PermissionRefused: The page is not in the call, or offers.
        """
        self._require_call(page)
        room, session, peer = page.room, page.author.session, _peer(message.peer)
        match message:
            case Answer():
                self.media.send(TakeAnswer(room, session, peer, message.link, message.sdp))
            case Candidate():
                line = message.candidate.candidate if message.candidate is not None else ""
                self.media.send(TakeCandidate(room, session, peer, message.link, line))
            case HangUp():
                self.media.send(RestartPeer(room, session, peer))
            case _:
                raise PermissionRefused("The forwarder makes the offers.")

    def _require_call(self, page: Page) -> None:
        if not page.call:
            raise PermissionRefused("You are not in the call.")

    async def keep(self) -> None:
        """Renew leases and go back to mesh when it is time; for ever. The media process ends with this."""
        async with self.media:
            while True:
                await asyncio.sleep(TICK_SECONDS)
                now = self._clock.monotonic()
                self._switch.tick(now)
                if self.media.is_listening and now - self._configured > FRESH_ICE_SECONDS:
                    self.media.send(self._configure())

    def _configure(self) -> Configure:
        self._configured = self._clock.monotonic()
        given = self._ice.grant(UserId("forwarder"), FORWARDER)
        servers = [IceServer(server.urls, server.username, server.credential) for server in given.servers]
        return Configure((), servers, given.relay_only)

    def _came_up(self) -> None:
        self._switch.came_up()

    def _tell_mode(self, room: RoomId, mode: MediaMode) -> None:
        self._hub.broadcast(room, ModeChanged(mode))

    def _told(self, event: Event) -> None:
        match event:
            case Offered(room, session, peer, link, sdp):
                self._hub.tell_session(RoomId(room), SessionId(session), OfferOf(FORWARDER, peer, link, sdp))
            case Sections(room, session, link, sections):
                self._hub.tell_session(RoomId(room), SessionId(session), SectionsOf(link, sections))
            case SignalRefused(room, session, _, _, reason):
                failed = Failed("malformed_frame", reason, "answer", FORWARDER)
                self._hub.tell_session(RoomId(room), SessionId(session), failed)
            case SessionGone(room, session, _):
                self._switch.gone(RoomId(room), SessionId(session))
            case _:
                pass


def _peer(name: str) -> PeerName:
    if name == "publish":
        return "publish"
    if name == "subscribe":
        return "subscribe"
    raise PermissionRefused("The forwarder has two connections: publish and subscribe.")
