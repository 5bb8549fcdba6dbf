"""One call: who is in it, who may send what, and who gets whose streams."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

from server.media.forwarder.peer import Fabric, Ice, Peer, Place, Publication, Refused, Subscription
from server.media.forwarder.source import Kind, Source
from server.media.messages import MAX_FRESH_LINKS, Event, Offered, PeerName, Sections, SessionGone, SignalRefused

log = logging.getLogger(__name__)

LEASE_SECONDS: Final = 15.0
"""Who is not renewed for so long has left."""


class Participant:
    """A page in the call: its two connections, and what it may send."""

    def __init__(self, session: str, sends: frozenset[Kind], lease: float) -> None:
        self.session = session
        self.sends = sends
        self.lease = lease
        self.turn = asyncio.Lock()
        """Held while one of its connections negotiates."""
        self.fresh_links = 0
        self.publication: Publication | None = None
        self.subscription: Subscription | None = None

    def peer(self, name: PeerName) -> Peer | None:
        """One of its connections."""
        return self.publication if name == "publish" else self.subscription

    @property
    def places(self) -> Mapping[Place, Mapping[Kind, Source]]:
        """What others can be given of it: the person, and the screen while it may be shown."""
        if self.publication is None:
            return {}
        sources = self.publication.sources
        places = {Place(self.session, is_screen=False): sources} if self.sends & {"mic", "camera"} else {}
        if self.sends & {"screen", "sound"} and (sources["screen"].received or sources["sound"].received):
            places[Place(self.session, is_screen=True)] = sources
        return places


class CallRoom:
    """The participants of a call. `tell` gets what has to be said to them; nothing of it is awaited."""

    def __init__(
        self,
        room: str,
        fabric: Fabric,
        ice: Ice,
        tell: Callable[[Event], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = room
        self.ice = ice
        self._fabric = fabric
        self._tell = tell
        self._clock = clock
        self._participants: dict[str, Participant] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._screens: frozenset[str] = frozenset()

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody by session."""
        return self._participants

    def join(self, session: str, sends: Iterable[Kind]) -> None:
        """Make both connections of a page; if it is here already, they go on as they are."""
        if session in self._participants:
            self.allow(session, sends)
            self.renew([session])
            return
        participant = Participant(session, frozenset(sends), self._clock() + LEASE_SECONDS)
        self._participants[session] = participant
        self._open(participant, "publish")
        self._open(participant, "subscribe")
        self._arrange()

    def leave(self, session: str) -> None:
        """End a page's connections; the others' slots become free."""
        participant = self._participants.pop(session, None)
        if participant is None:
            return
        self._arrange()
        for peer in (participant.publication, participant.subscription):
            if peer is not None:
                self._start(self._close(participant, peer))
        participant.publication = participant.subscription = None

    async def _close(self, participant: Participant, peer: Peer) -> None:
        """End a connection, but never while it gathers candidates: aioice would leave its sockets open."""
        async with participant.turn:
            await peer.close()

    def allow(self, session: str, sends: Iterable[Kind]) -> None:
        """[FW9] Change what a page may send: rights, and what a moderator muted. It counts for the next packet."""
        participant = self._participants.get(session)
        if participant is None:
            return
        participant.sends = frozenset(sends)
        if participant.publication is not None:
            participant.publication.allow(participant.sends)
        self._arrange()

    def renew(self, sessions: Iterable[str]) -> None:
        """[FW13] These are still here."""
        for session in sessions:
            if participant := self._participants.get(session):
                participant.lease = self._clock() + LEASE_SECONDS

    def tick(self) -> None:
        """Say what is due; let go of who was not renewed."""
        now = self._clock()
        for participant in list(self._participants.values()):
            if participant.lease < now:
                self.leave(participant.session)
                self._tell(SessionGone(self.id, participant.session, "The lease ran out."))
            elif participant.publication is not None:
                for source in participant.publication.sources.values():
                    source.tick()
        screens = frozenset(place.session for p in self._participants.values() for place in p.places if place.is_screen)
        if screens != self._screens:
            self._screens = screens
            self._arrange()

    def answer(self, session: str, name: PeerName, link: int, sdp: str) -> None:
        """Take an answer; one of a connection that is no more is dropped."""
        if peer := self._peer(session, name, link):
            self._start(self._answer(self._participants[session], peer, name, sdp))

    async def _answer(self, participant: Participant, peer: Peer, name: PeerName, sdp: str) -> None:
        async with participant.turn:
            try:
                await peer.answer(sdp)
            except Refused as exc:
                self._tell(SignalRefused(self.id, participant.session, name, peer.link, str(exc)))
                return
        if isinstance(peer, Subscription):
            await self._negotiate(participant, peer)

    def candidate(self, session: str, name: PeerName, link: int, line: str) -> None:
        """Take a candidate, empty for the last."""
        if peer := self._peer(session, name, link):
            self._start(self._candidate(session, peer, name, line))

    async def _candidate(self, session: str, peer: Peer, name: PeerName, line: str) -> None:
        try:
            await peer.candidate(line)
        except Refused as exc:
            self._tell(SignalRefused(self.id, session, name, peer.link, str(exc)))

    def restart(self, session: str, name: PeerName) -> None:
        """[FW14] Make a fresh connection in place of one that failed; after MAX_FRESH_LINKS the page has to go."""
        participant = self._participants.get(session)
        if participant is None:
            return
        participant.fresh_links += 1
        if participant.fresh_links > MAX_FRESH_LINKS:
            self.leave(session)
            self._tell(SessionGone(self.id, session, "No connection could be made."))
            return
        self._open(participant, name)
        self._arrange()

    def _peer(self, session: str, name: PeerName, link: int) -> Peer | None:
        participant = self._participants.get(session)
        peer = participant.peer(name) if participant is not None else None
        return peer if peer is not None and peer.link == link else None

    def _open(self, participant: Participant, name: PeerName) -> None:
        old = participant.peer(name)
        link = old.link + 1 if old is not None else 1
        if old is not None:
            self._start(self._close(participant, old))

        def failed() -> None:
            self._failed(participant, name, link)

        if name == "publish":
            participant.publication = Publication(self._fabric, self.ice, link, failed)
            participant.publication.allow(participant.sends)
            self._start(self._offer(participant, participant.publication, name))
        else:
            participant.subscription = Subscription(self._fabric, self.ice, link, failed)

    def _failed(self, participant: Participant, name: PeerName, link: int) -> None:
        if self._peer(participant.session, name, link) is not None:
            self.restart(participant.session, name)

    async def _offer(self, participant: Participant, peer: Peer, name: PeerName) -> None:
        async with participant.turn:
            if participant.peer(name) is peer:
                sdp = await peer.offer()
                self._tell(Offered(self.id, participant.session, name, peer.link, sdp))

    def _arrange(self) -> None:
        """[FW11] Give everybody everybody else's streams."""
        places = [
            (p.session, place, sources) for p in self._participants.values() for place, sources in p.places.items()
        ]
        for reader in self._participants.values():
            subscription = reader.subscription
            if subscription is None:
                continue
            wanted = {place: sources for session, place, sources in places if session != reader.session}
            if subscription.arrange(wanted) and not subscription.has_new_slots:
                self._tell_sections(reader, subscription)
            if subscription.has_new_slots:
                self._start(self._negotiate(reader, subscription))

    async def _negotiate(self, reader: Participant, subscription: Subscription) -> None:
        """Offer new slots, unless an offer waits: then its answer comes back here."""
        async with reader.turn:
            is_old = reader.subscription is not subscription
            if is_old or subscription.waits or not subscription.has_new_slots:
                return
            subscription.has_new_slots = False
            sdp = await subscription.offer()
            if reader.subscription is subscription:
                self._tell_sections(reader, subscription)
                self._tell(Offered(self.id, reader.session, "subscribe", subscription.link, sdp))

    def _tell_sections(self, reader: Participant, subscription: Subscription) -> None:
        self._tell(Sections(self.id, reader.session, subscription.link, subscription.sections()))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a connection of room %s failed", self.id, exc_info=error)

    async def close(self) -> None:
        """End every connection."""
        for session in list(self._participants):
            self.leave(session)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
