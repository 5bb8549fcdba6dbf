"""Browsers' stand-ins: stock aiortc connections that publish encoded packets and note what arrives."""

from __future__ import annotations

import asyncio
import fractions
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket, is_rtcp

from server.media.forwarder.peer import Fabric, Ice
from server.media.forwarder.private import ForwardingFabric
from server.media.forwarder.room import CallRoom
from server.media.forwarder.source import KINDS
from server.media.messages import Event, Offered, Sections, SessionGone, SignalRefused

KEY_EVERY = 15


@lru_cache(maxsize=1)
def vp8_frames() -> list[bytes]:
    """Real frames: a keyframe, then others that need it."""
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = 320, 180, "yuv420p", 400_000
    encoder.time_base = fractions.Fraction(1, 30)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "g": str(KEY_EVERY)}
    frames = []
    noise = random.Random(1)
    for number in range(KEY_EVERY):
        frame = av.VideoFrame(320, 180, "yuv420p")
        for plane in frame.planes:
            plane.update(noise.randbytes(plane.buffer_size))
        frame.pts, frame.time_base = number, encoder.time_base
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames


class EncodedTrack(MediaStreamTrack):
    """Frames that are encoded already: 30 a second of video, 50 of audio."""

    def __init__(self, kind: str, *, rate: float = 0.0) -> None:
        super().__init__()
        self.kind = kind
        self._pause = rate or (1 / 30 if kind == "video" else 0.02)
        self._count = 0
        self._due = 0.0

    async def recv(self) -> Any:
        """The next one, when it is due. As with a camera, what could not be taken in time is not made up for."""
        now = asyncio.get_running_loop().time()
        self._due = max(self._due + self._pause, now)
        await asyncio.sleep(self._due - now)
        body = vp8_frames()[self._count % KEY_EVERY] if self.kind == "video" else random.randbytes(80)
        packet = av.Packet(body)
        packet.time_base = fractions.Fraction(1, 90_000 if self.kind == "video" else 48_000)
        packet.pts = int(self._count * (3000 if self.kind == "video" else 960))
        self._count += 1
        return packet


class Page:
    """One page in a call. `sends` are the kinds whose tracks it puts on, whatever it may."""

    def __init__(self, call: Call, session: str, sends: tuple[str, ...] = (), lose: Callable[[], bool] | None = None):
        self.call, self.session, self.sends, self._lose = call, session, sends, lose
        self.connections: dict[str, RTCPeerConnection] = {}
        self.links: dict[str, int] = {}
        self.sent: dict[str, list[RtpPacket]] = defaultdict(list)
        self.got: dict[str, list[RtpPacket]] = defaultdict(list)
        self.sections: dict[str, tuple[str, str]] = {}
        self.refused: list[str] = []
        self.answers = True
        self.is_gone = False
        self.news = asyncio.Condition()

    async def hear(self, event: Event) -> None:
        """Do what a browser does."""
        if isinstance(event, Sections):
            self.sections = {section.mid: (section.session, section.kind) for section in event.sections}
        elif isinstance(event, SignalRefused):
            self.refused.append(event.reason)
        elif isinstance(event, SessionGone):
            self.is_gone = True
        elif isinstance(event, Offered) and self.answers:
            await self._answer(event)
        async with self.news:
            self.news.notify_all()

    async def _answer(self, offer: Offered) -> None:
        known = self.connections.get(offer.peer)
        if known is None or self.links[offer.peer] != offer.link:
            if known is not None:
                await known.close()
            known = self.connections[offer.peer] = RTCPeerConnection()
            self.links[offer.peer] = offer.link
        await known.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        for number, transceiver in enumerate(known.getTransceivers()):
            if offer.peer == "publish":
                self._publish(transceiver, KINDS[number])
            else:
                self._watch(transceiver)
        await known.setLocalDescription(await known.createAnswer())
        for transceiver in known.getTransceivers():
            self._listen_to(transceiver.receiver.transport)
        self.call.room.answer(self.session, offer.peer, offer.link, known.localDescription.sdp)

    def _publish(self, transceiver: Any, kind: str) -> None:
        if kind in self.sends:
            transceiver.direction = "sendonly"
            if transceiver.sender.track is None:
                transceiver.sender.replaceTrack(EncodedTrack(transceiver.kind))
        else:
            transceiver.direction = "inactive"

    def _watch(self, transceiver: Any) -> None:
        receiver, mid = transceiver.receiver, transceiver.mid
        if hasattr(receiver, "watched"):
            return
        receiver.watched = True
        take = receiver._handle_rtp_packet

        async def taken(packet: RtpPacket, arrival_time_ms: int) -> None:
            self.got[mid].append(packet)
            await take(packet, arrival_time_ms=arrival_time_ms)
            async with self.news:
                self.news.notify_all()

        receiver._handle_rtp_packet = taken

    def _listen_to(self, transport: Any) -> None:
        if hasattr(transport, "watched"):
            return
        transport.watched = True
        send, recv = transport._send_rtp, transport.transport._recv

        async def sent(data: bytes) -> None:
            if not is_rtcp(data):
                packet = RtpPacket.parse(data, transport._rtp_header_extensions_map)
                self.sent["video" if packet.payload_type in {97, 98} else "audio"].append(packet)
                if self._lose is not None and self._lose():
                    return
            await send(data)

        async def received() -> bytes:
            while True:
                data: bytes = await recv()
                if self._lose is None or data[0] < 128 or is_rtcp(data) or not self._lose():
                    return data

        transport._send_rtp, transport.transport._recv = sent, received

    def mids_of(self, session: str, kind: str) -> list[str]:
        """Where that track arrives."""
        return [mid for mid, whose in self.sections.items() if whose == (session, kind)]

    def packets_of(self, session: str, kind: str) -> list[RtpPacket]:
        """What came of that track; media, not repairs."""
        return [p for mid in self.mids_of(session, kind) for p in self.got[mid] if p.payload_type in {96, 97}]

    async def until(self, true: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(seconds), self.news:
            await self.news.wait_for(true)

    async def close(self) -> None:
        """Close the page."""
        for connection in self.connections.values():
            await connection.close()


class Call:
    """A room with its pages, in one process."""

    def __init__(self, fabric: Fabric) -> None:
        self.room = CallRoom("room", fabric, Ice(), self._tell)
        self.pages: dict[str, Page] = {}
        self.events: list[Event] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        page = self.pages.get(getattr(event, "session", ""))
        if page is not None:
            task = asyncio.ensure_future(page.hear(event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def join(self, session: str, *sends: str, may: tuple[str, ...] | None = None, lose: Any = None) -> Page:
        """A page comes."""
        page = self.pages[session] = Page(self, session, sends, lose)
        self.room.join(session, may if may is not None else sends)  # type: ignore[arg-type]
        return page

    async def run(self) -> None:
        """Let the room's clock run."""
        while True:
            self.room.renew(self.pages)
            self.room.tick()
            for page in self.pages.values():
                async with page.news:
                    page.news.notify_all()
            await asyncio.sleep(0.05)

    async def leave(self, session: str) -> None:
        """A page goes."""
        self.room.leave(session)
        await self.pages.pop(session).close()


@asynccontextmanager
async def open_call(fabric: Fabric | None = None) -> AsyncIterator[Call]:
    """A call for one test."""
    call = Call(fabric or ForwardingFabric())
    ticking = asyncio.ensure_future(call.run())
    try:
        yield call
    finally:
        ticking.cancel()
        await call.room.close()
        await asyncio.gather(ticking, *call._tasks, return_exceptions=True)
        for page in list(call.pages.values()):
            await page.close()
