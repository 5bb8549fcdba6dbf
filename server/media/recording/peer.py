"""The recorder as a peer of a call: receives one page's tracks, and hands their packets on without decoding them.

Relies on two private names of aiortc 1.16: `RTCRtpReceiver.__jitter_buffer`, whose `add(packet)` gets every packet when
retransmission was unwrapped, and says whether a keyframe is to be asked for and which frame is to be decoded (ours
never has one), and `__codecs`, by payload type. NACK, receiver reports and bandwidth estimates stay aiortc's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from server.errors import MalformedRequest
from server.media.recording.frames import Codec, Packet
from server.media.recording.manifest import Kind

JITTER_BUFFER: Final = "_RTCRtpReceiver__jitter_buffer"
CODECS_BY_TYPE: Final = "_RTCRtpReceiver__codecs"
KINDS: Final[tuple[Kind, ...]] = ("mic", "camera", "screen", "sound")
"""What the sections of an offer carry, in their order."""
_MEDIA: Final = ("audio", "video", "video", "audio")
_NAMES: Final[dict[str, Codec]] = {"vp8": "VP8", "h264": "H264", "opus": "opus"}

OnPacket = Callable[[Kind, Codec, Packet], None]


class Intake:
    """Stands where aiortc has its jitter buffer."""

    def __init__(self, kind: Kind, receiver: Any, on_packet: OnPacket) -> None:
        self._kind = kind
        self._receiver = receiver
        self._on_packet = on_packet
        self.wants_key = False

    def add(self, packet: Any) -> tuple[bool, None]:
        """[RC16] Nothing is decoded, and no frame waits anywhere for somebody to read it."""
        codec = getattr(self._receiver, CODECS_BY_TYPE)[packet.payload_type]
        name = _NAMES.get(codec.name.lower())
        if name is not None:
            self._on_packet(self._kind, name, packet)
        wanted, self.wants_key = self.wants_key, False
        return wanted, None


class RecordingPeer:
    """A connection that only receives. `on_packet` is called for every packet, in no certain order.

    Raises:
        RuntimeError: aiortc has not the private name that this relies on.
    """

    def __init__(self, on_packet: OnPacket, configuration: RTCConfiguration | None = None) -> None:
        self._on_packet = on_packet
        self._connection = RTCPeerConnection(configuration)
        self._intakes: dict[Kind, Intake] = {}

    async def answer(self, sdp: str) -> str:
        """Take an offer; gives the answer, with all candidates in it.

        Raises:
            MalformedRequest: The offer cannot be read, or has other sections than the calls have.
        """
        connection = self._connection
        try:
            await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        except Exception as exc:  # aiortc raises whatever its parser comes upon
            raise MalformedRequest("This offer cannot be read.") from exc
        transceivers = connection.getTransceivers()
        if not transceivers or tuple(each.kind for each in transceivers) != _MEDIA[: len(transceivers)]:
            raise MalformedRequest("This offer has other sections than calls have.")
        for kind, transceiver in zip(KINDS, transceivers, strict=False):
            transceiver.direction = "recvonly"
            if kind not in self._intakes:
                self._intakes[kind] = self._listen(kind, transceiver.receiver)
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Take a candidate of the other side.

        Raises:
            MalformedRequest: It cannot be read.
        """
        try:
            made = candidate_from_sdp(candidate.removeprefix("candidate:"))
            made.sdpMid, made.sdpMLineIndex = mid, index
            await self._connection.addIceCandidate(made)
        except Exception as exc:  # as above
            raise MalformedRequest("This candidate cannot be read.") from exc

    def request_keyframe(self, kind: Kind) -> None:
        """Ask the sender for a keyframe with the next packet that comes."""
        if kind in self._intakes:
            self._intakes[kind].wants_key = True

    @property
    def state(self) -> str:
        """As `RTCPeerConnection.connectionState`."""
        return self._connection.connectionState

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()

    def _listen(self, kind: Kind, receiver: RTCRtpReceiver) -> Intake:
        if not hasattr(receiver, JITTER_BUFFER) or not hasattr(receiver, CODECS_BY_TYPE):
            raise RuntimeError("this aiortc cannot be recorded from: its receivers have changed")
        intake = Intake(kind, receiver, self._on_packet)
        setattr(receiver, JITTER_BUFFER, intake)
        return intake
