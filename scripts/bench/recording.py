"""Cores that recording takes for each 360p publisher: `python -m scripts.bench.recording`.

Real aiortc peers send what was encoded before (640x360, 30 fps, 500 kbit/s, and 50 packets of Opus a second) to the
process that records, whose processor time is read from /proc. The slope over the publishers is what one more costs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription

from server.media.recording.manifest import Manifest
from server.media.recording.words import (
    MAX_LINE_BYTES,
    Answered,
    Began,
    Begin,
    Ended,
    Offered,
    Stop,
    from_recorder,
    line_of,
)
from server.recording.desk import PROGRAM
from tests.server.media.samples import encoded, voice

TARGET = 0.015


class Prepared(MediaStreamTrack):
    """Sends encoded frames in their time, again and again."""

    def __init__(self, kind: str, frames: tuple[bytes, ...], per_second: int, rate: int) -> None:
        super().__init__()
        self.kind = kind
        self._frames, self._per_second, self._rate = frames, per_second, rate
        self._begun, self._sent = time.monotonic(), 0

    async def recv(self) -> Any:
        await asyncio.sleep(max(0.0, self._begun + self._sent / self._per_second - time.monotonic()))
        packet = av.Packet(self._frames[self._sent % len(self._frames)])
        packet.pts = self._sent * self._rate // self._per_second
        packet.time_base = Fraction(1, self._rate)
        self._sent += 1
        return packet


def spent(pid: int) -> float:
    """Seconds of processor time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def publish(process: asyncio.subprocess.Process, number: int) -> RTCPeerConnection:
    """Connect one more publisher."""
    sender = RTCPeerConnection()
    sender.addTransceiver(Prepared("audio", voice(500), 50, 48_000), direction="sendonly")
    pictures = encoded("VP8", frames=300, gop=120, width=640, height=360)
    sender.addTransceiver(Prepared("video", pictures, 30, 90_000), direction="sendonly")
    await sender.setLocalDescription(await sender.createOffer())
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line_of(Offered(f"page{number}", f"user{number}", 0, sender.localDescription.sdp)))
    while not isinstance(word := from_recorder(await process.stdout.readline()), Answered):
        assert isinstance(word, Began)
    await sender.setRemoteDescription(RTCSessionDescription(word.sdp, "answer"))
    return sender


async def measure(publishers: int, seconds: float) -> float:
    """Cores of the process that records so many."""
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line_of(Begin(folder, Manifest("0" * 16, "room", "ann", time.time_ns() // 1000), 10**12)))
        senders = [await publish(process, number) for number in range(publishers)]
        await asyncio.sleep(3)
        before, begun = spent(process.pid), time.monotonic()
        await asyncio.sleep(seconds)
        cores = (spent(process.pid) - before) / (time.monotonic() - begun)
        process.stdin.write(line_of(Stop("bench", time.time_ns() // 1000)))
        while not isinstance(word := from_recorder(await process.stdout.readline()), Ended):
            pass
        written = sum(track.bytes for track in word.manifest.tracks)
        assert len(word.manifest.tracks) == 2 * publishers
        await asyncio.gather(process.wait(), *(sender.close() for sender in senders))
        print(f"{publishers} publishers: {cores:.4f} cores, {written / 1e6:.1f} MB written", flush=True)
        return cores


async def run(seconds: float) -> None:
    """Measure one publisher and five."""
    one, five = await measure(1, seconds), await measure(5, seconds)
    slope = (five - one) / 4
    print(f"one more publisher: {slope:.4f} cores (target {TARGET}: {'held' if slope <= TARGET else 'MISSED'})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    asyncio.run(run(parser.parse_args().seconds))
