"""The two connections of a participant: one that he publishes on, one that he subscribes with. We always offer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
)
from aiortc import RTCSessionDescription as Description
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.sdp import SessionDescription, candidate_from_sdp

from server.media.forwarder.source import KINDS, Kind, Source
from server.media.messages import MappedSection

log = logging.getLogger(__name__)

VIDEO_CODEC: Final = "video/VP8"
MAX_SDP_CHARACTERS: Final = 64 * 1024
MAX_CANDIDATES: Final = 64
ANSWER_SECONDS: Final = 20.0
"""A peer that has not connected by then is given up."""
_MEDIA: Final[Mapping[Kind, Literal["audio", "video"]]] = {
    "mic": "audio", "camera": "video", "screen": "video", "sound": "audio",
}  # fmt: skip


class Refused(Exception):
    """What a peer sent cannot be used; the message says why."""


class Ice(NamedTuple):
    """How connections are made: servers as (urls, user name, password)."""

    servers: Sequence[tuple[Sequence[str], str, str]] = ()
    relay_only: bool = False

    @property
    def configuration(self) -> RTCConfiguration:
        """The same in aiortc's words."""
        servers = [RTCIceServer(list(urls), name or None, word or None) for urls, name, word in self.servers]
        policy = RTCIceTransportPolicy.RELAY if self.relay_only else RTCIceTransportPolicy.ALL
        return RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy)


class Fabric(Protocol):
    """What connections are made of: those that forward, or aiortc's own."""

    def connect(self, configuration: RTCConfiguration) -> RTCPeerConnection:
        """A new connection."""

    def source(self, kind: Kind, section: RTCRtpTransceiver) -> Source:
        """What arrives in a section."""

    def attach(self, section: RTCRtpTransceiver, source: Source | None) -> None:
        """Send a source's stream in a section, or nothing."""

    def name_stream(self, section: RTCRtpTransceiver, stream: str) -> None:
        """Put a section's track into a stream: browsers keep the tracks of one stream in step."""


class Peer:
    """One connection: offers, answers, candidates. Connections cannot be restarted; a fresh one takes its place."""

    def __init__(self, fabric: Fabric, ice: Ice, link: int, on_failed: Callable[[], None]) -> None:
        self.link = link
        self.connection = fabric.connect(ice.configuration)
        self._on_failed = on_failed
        self._candidates = 0
        self._early: list[str] = []
        self._waits = False
        self._deadline = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._give_up)
        self.connection.on("connectionstatechange", self._state_changed)

    def _state_changed(self) -> None:
        state = self.connection.connectionState
        if state == "connected":
            self._deadline.cancel()
        elif state in {"failed", "closed"}:
            self._on_failed()

    def _give_up(self) -> None:
        log.info("a peer did not connect in time")
        self._on_failed()

    @property
    def waits(self) -> bool:
        """Whether an offer of ours has not been answered."""
        return self._waits

    async def offer(self) -> str:
        """The SDP of a new offer, with all candidates in it."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self._waits = True
        return self.connection.localDescription.sdp

    async def answer(self, sdp: str) -> None:
        """[FW10] Take the answer to the last offer.

        Raises:
            Refused: There is no offer, or this is no answer to it.
        """
        if not self._waits or len(sdp) > MAX_SDP_CHARACTERS:
            raise Refused("No offer waits for an answer." if not self._waits else "This answer is too long.")
        try:
            candidates = [line for section in SessionDescription.parse(sdp).media for line in section.ice_candidates]
            await self.connection.setRemoteDescription(Description(sdp, "answer"))
        except Exception as exc:
            # aiortc's parser raises whatever the text makes it stumble over.
            raise Refused(f"This answer cannot be read: {type(exc).__name__}: {exc}") from exc
        self._waits = False
        for candidate in candidates[: MAX_CANDIDATES - self._candidates]:
            # With one bundle aiortc takes only the last section's candidates; browsers put theirs in the first.
            self._candidates += 1
            candidate.sdpMid, candidate.sdpMLineIndex = self._first_mid, 0
            await self.connection.addIceCandidate(candidate)
        early, self._early = self._early, []
        for line in early:
            await self.candidate(line)

    @property
    def _first_mid(self) -> str:
        return str(self.connection.getTransceivers()[0].mid)

    async def candidate(self, line: str) -> None:
        """[FW10] Take a candidate: `candidate:…`, empty for the last. One that comes before the answer waits for it.

        Raises:
            Refused: It is none, or there were too many.
        """
        if max(self._candidates, len(self._early)) >= MAX_CANDIDATES or len(line) > 1000:
            raise Refused("There are too many candidates, or this one is too long.")
        if self.connection.remoteDescription is None:
            self._early.append(line)
            return
        self._candidates += 1
        if not line:
            return
        try:
            candidate = candidate_from_sdp(line.removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = self._first_mid, 0
            await self.connection.addIceCandidate(candidate)
        except (ValueError, IndexError, AssertionError, KeyError) as exc:
            raise Refused(f"This candidate cannot be read: {exc}") from exc

    async def close(self) -> None:
        """End the connection."""
        self._deadline.cancel()
        self.connection.remove_all_listeners("connectionstatechange")
        await self.connection.close()


class Publication(Peer):
    """What a participant sends: four sections, in the order of KINDS."""

    def __init__(self, fabric: Fabric, ice: Ice, link: int, on_failed: Callable[[], None]) -> None:
        super().__init__(fabric, ice, link, on_failed)
        self.sources: dict[Kind, Source] = {}
        for kind in KINDS:
            section = self.connection.addTransceiver(_MEDIA[kind], direction="recvonly")
            section.setCodecPreferences(_codecs(_MEDIA[kind]))
            self.sources[kind] = fabric.source(kind, section)

    def allow(self, kinds: Iterable[Kind]) -> None:
        """[FW9] What may be sent from now on; everything else is dropped as it comes."""
        allowed = set(kinds)
        for kind, source in self.sources.items():
            source.allowed = kind in allowed


class Place(NamedTuple):
    """Whose streams a slot carries: a person's (mic and camera) or his screen's."""

    session: str
    is_screen: bool


class Slot:
    """An audio and a video section in one stream, so that browsers keep lips in step. Taken, left, taken again."""

    def __init__(self, fabric: Fabric, connection: RTCPeerConnection, number: int) -> None:
        self.place: Place | None = None
        self._fabric = fabric
        self._sections = [connection.addTransceiver(kind, direction="sendonly") for kind in ("audio", "video")]
        for section, kind in zip(self._sections, ("audio", "video"), strict=True):
            section.setCodecPreferences(_codecs(kind))
            fabric.name_stream(section, f"slot-{number}")

    def take(self, place: Place | None, sources: Mapping[Kind, Source]) -> None:
        """Carry these streams, or none."""
        self.place = place
        audio, video = self._sections
        is_screen = place is not None and place.is_screen
        self._fabric.attach(audio, None if place is None else sources["sound" if is_screen else "mic"])
        self._fabric.attach(video, None if place is None else sources["screen" if is_screen else "camera"])

    def sections(self) -> list[MappedSection]:
        """What arrives in which section; nothing before the first offer named them."""
        place, (audio, video) = self.place, self._sections
        if place is None or audio.mid is None or video.mid is None:
            return []
        kinds: tuple[Kind, Kind] = ("sound", "screen") if place.is_screen else ("mic", "camera")
        return [MappedSection(audio.mid, place.session, kinds[0]), MappedSection(video.mid, place.session, kinds[1])]


class Subscription(Peer):
    """What a participant receives, in a pool of slots that grows with the call and never shrinks."""

    def __init__(self, fabric: Fabric, ice: Ice, link: int, on_failed: Callable[[], None]) -> None:
        super().__init__(fabric, ice, link, on_failed)
        self._fabric = fabric
        self._slots: list[Slot] = []
        self.has_new_slots = False

    def arrange(self, wanted: Mapping[Place, Mapping[Kind, Source]]) -> bool:
        """[FW11] Carry exactly these; who is carried stays where he is. True: something changed."""
        changed = False
        for slot in self._slots:
            if slot.place is not None and slot.place not in wanted:
                slot.take(None, {})
                changed = True
        for place, sources in wanted.items():
            slot = next((slot for slot in self._slots if slot.place == place), None) or self._free_slot()
            changed = changed or slot.place != place
            slot.take(place, sources)
        return changed

    def _free_slot(self) -> Slot:
        free = next((slot for slot in self._slots if slot.place is None), None)
        if free is None:
            free = Slot(self._fabric, self.connection, len(self._slots))
            self._slots.append(free)
            self.has_new_slots = True
        return free

    @property
    def slots(self) -> Sequence[Slot]:
        """All, taken or not."""
        return self._slots

    def sections(self) -> list[MappedSection]:
        """Whose track arrives where."""
        return [section for slot in self._slots for section in slot.sections()]


def _codecs(kind: str) -> list[RTCRtpCodecCapability]:
    """One codec for everybody, and RTX: payload types are the same on every connection, since we offer."""
    known = RTCRtpReceiver.getCapabilities(kind)
    assert known is not None
    wanted = {"audio/opus"} if kind == "audio" else {VIDEO_CODEC, "video/rtx"}
    return [codec for codec in known.codecs if codec.mimeType in wanted]
