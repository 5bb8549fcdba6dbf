"""The recorder as a peer of real aiortc peers."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack

from persistence.interfaces import Micros
from server.errors import MalformedRequest
from server.media.recording.frames import Codec, Packet
from server.media.recording.manifest import Kind, Manifest
from server.media.recording.peer import RecordingPeer
from server.media.recording.recorder import Recorder
from tests.server.media.samples import decoded, probe
from tests.server.media.test_recorder import Source

LONG_ENOUGH = 40
"""Frames: more than a second."""


class Pictures(VideoStreamTrack):
    """A camera that shows something else each time."""

    async def recv(self) -> Any:
        pts, base = await self.next_timestamp()
        picture = av.VideoFrame(320, 240, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes([pts // 3000 * 5 % 256]) * plane.buffer_size)
        picture.pts, picture.time_base = pts, base or Fraction(1, 90_000)
        return picture


async def _sender(codec: Codec) -> RTCPeerConnection:
    sender = RTCPeerConnection()
    sender.addTransceiver(AudioStreamTrack(), direction="sendonly")
    camera = sender.addTransceiver(Pictures(), direction="sendonly")
    known = RTCRtpSender.getCapabilities("video").codecs
    camera.setCodecPreferences([each for each in known if each.name == codec])
    await sender.setLocalDescription(await sender.createOffer())
    return sender


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_call_is_recorded_as_it_was_sent(tmp_path: Path, codec: Codec) -> None:
    """[RC16] Sound and picture, without a decoder at work."""
    made = Recorder(tmp_path, Manifest("r1", "room", "ann", time.time_ns() // 1000), 10**9)
    sources, enough = {kind: Source(kind=kind) for kind in ("mic", "camera")}, asyncio.Event()  # type: ignore[arg-type]
    seen: list[int] = []

    def take(kind: Kind, name: Codec, packet: Packet) -> None:
        made.receive(sources[kind], name, packet, Micros(time.time_ns() // 1000))
        if kind == "camera" and sources[kind].asked:
            sources[kind].asked.clear()
            peer.request_keyframe(kind)
        seen.extend([packet.timestamp] if kind == "camera" and packet.marker else [])
        if len(seen) >= LONG_ENOUGH:
            enough.set()

    peer, sender = RecordingPeer(take), await _sender(codec)
    try:
        answer = await peer.answer(sender.localDescription.sdp)
        await sender.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(60):
            await enough.wait()
        assert peer.state == "connected"
    finally:
        manifest = made.stop("ann", Micros(time.time_ns() // 1000))
        await asyncio.gather(peer.close(), sender.close())

    files = {track.kind: track for track in manifest.tracks}
    assert set(files) == {"mic", "camera"}
    assert probe(tmp_path / files["camera"].file)["codec"] == codec.lower()
    assert decoded(tmp_path / files["camera"].file) >= LONG_ENOUGH // 2
    assert probe(tmp_path / files["mic"].file)["codec"] == "opus"
    assert abs(files["mic"].start - files["camera"].start) < 2_000_000


async def test_what_is_no_offer_is_refused() -> None:
    """[RC16] With a stable code; sections of another order, too."""
    sender = RTCPeerConnection()
    sender.addTransceiver("video", direction="sendonly")
    await sender.setLocalDescription(await sender.createOffer())
    for sdp in ("", "v=0\r\nm=garbage", sender.localDescription.sdp):
        peer = RecordingPeer(lambda *_: None)
        with pytest.raises(MalformedRequest):
            await peer.answer(sdp)
        with pytest.raises(MalformedRequest):
            await peer.add_candidate("candidate:garbage", "0", 0)
        await peer.close()
    await sender.close()
