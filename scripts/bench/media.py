"""`python -m scripts.bench.media [SECONDS]`: what forwarding a call costs, beside aiortc's own relay.

Publishes pre-encoded VP8 (30 frames a second) and Opus packets to each server, which runs in a process of its own, and
reads the CPU seconds of that process while the number of subscribers differs: the slope is what one more audio and
video pair costs. Rounds alternate between the servers, because machines are noisy; the median counts. Then the memory
of a room of four, one publisher with thirty viewers, and five percent loss each way on both legs.
"""

from __future__ import annotations

import asyncio
import fractions
import logging
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import is_rtcp

from server.media.forwarder.source import KINDS
from server.media.messages import JoinCall, Offered, RenewLeases, TakeAnswer, decode_event, encode_line

FRAMES_PER_SECOND = 30
SIZES = {"360p": (640, 360, 500_000), "720p": (1280, 720, 1_500_000)}
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def encoded(size: str, seconds: int = 2) -> list[bytes]:
    """Moving pictures of about the size's bits per second; the first frame of every two seconds is a keyframe."""
    width, height, bits = SIZES[size]
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = width, height, "yuv420p", bits
    encoder.time_base = fractions.Fraction(1, FRAMES_PER_SECOND)
    encoder.options = {
        "deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "g": "600", "minrate": str(bits),
        "maxrate": str(bits), "bufsize": str(bits // 2),
    }  # fmt: skip
    dice, frames = random.Random(1), []
    for number in range(FRAMES_PER_SECOND * seconds):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane in frame.planes:
            row, rows = dice.randbytes(plane.line_size // 8) * 8, plane.height // 4
            plain = bytes([100 + number]) * (plane.line_size * (plane.height - rows))
            plane.update((row[number:] + row[:number]) * rows + plain)
        frame.pts, frame.time_base = number, encoder.time_base
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames


class Encoded(MediaStreamTrack):
    """Frames that are encoded already, over and over."""

    def __init__(self, kind: str, frames: list[bytes]) -> None:
        super().__init__()
        self.kind = kind
        self._frames, self._count = frames, 0
        self._start: float | None = None

    async def recv(self) -> Any:
        """The next one, when it is due."""
        is_video, loop = self.kind == "video", asyncio.get_running_loop()
        self._start = self._start or loop.time()
        await asyncio.sleep(max(0.0, self._start + self._count * (1 / 30 if is_video else 0.02) - loop.time()))
        packet = av.Packet(self._frames[self._count % len(self._frames)])
        packet.time_base = fractions.Fraction(1, 90_000 if is_video else 48_000)
        packet.pts = self._count * (3000 if is_video else 960)
        self._count += 1
        return packet


class Reader:
    """A subscriber that counts what comes and decodes nothing."""

    def __init__(self, lose: Callable[[], bool] | None = None) -> None:
        self.connection = RTCPeerConnection()
        self.frames: list[float] = []
        self._lose = lose

    async def answer(self, sdp: str) -> str:
        """Answer an offer."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        for transceiver in self.connection.getTransceivers():
            self._count(transceiver)
        return str(self.connection.localDescription.sdp)

    def _count(self, transceiver: Any) -> None:
        receiver = transceiver.receiver
        if hasattr(receiver, "counted"):
            return
        receiver.counted = True
        repair = receiver._handle_rtp_packet

        async def take(packet: Any, arrival_time_ms: int) -> None:
            if packet.marker and transceiver.kind == "video":
                self.frames.append(time.monotonic())
            if self._lose is not None:
                await repair(packet, arrival_time_ms=arrival_time_ms)

        receiver._handle_rtp_packet = take
        if self._lose is not None and not hasattr(receiver.transport, "lossy"):
            lose_packets(receiver.transport, self._lose)


def lose_packets(transport: Any, lose: Callable[[], bool]) -> None:
    """Lose some of the RTP packets of a connection, both ways."""
    transport.lossy = True
    send, recv = transport._send_rtp, transport.transport._recv

    async def sent(data: bytes) -> None:
        if is_rtcp(data) or not lose():
            await send(data)

    async def received() -> bytes:
        while True:
            data: bytes = await recv()
            if data[0] < 128 or is_rtcp(data) or not lose():
                return data

    transport._send_rtp, transport.transport._recv = sent, received


async def publish(connection: RTCPeerConnection, sdp: str, frames: list[bytes], lose: Any = None) -> str:
    """Answer an offer by sending microphone and camera."""
    await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
    for number, transceiver in enumerate(connection.getTransceivers()):
        wanted = KINDS[number] in {"mic", "camera"}
        transceiver.direction = "sendonly" if wanted else "inactive"
        if wanted:
            voice = [random.randbytes(80)]
            transceiver.sender.replaceTrack(Encoded(transceiver.kind, voice if transceiver.kind == "audio" else frames))
    await connection.setLocalDescription(await connection.createAnswer())
    if lose is not None:
        lose_packets(connection.getTransceivers()[0].receiver.transport, lose)
    return str(connection.localDescription.sdp)


class Server:
    """A server under test: a process with one publisher and some readers."""

    def __init__(self, process: asyncio.subprocess.Process, frames: list[bytes]) -> None:
        self.process, self.frames = process, frames
        self.publishers: dict[str, RTCPeerConnection] = {}
        self.readers: dict[str, Reader] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.lose: Callable[[], bool] | None = None

    def say(self, *messages: Any) -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(encode_line(message) for message in messages))

    async def listen(self) -> None:
        """Answer its offers, for ever."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            event = decode_event(line)
            if isinstance(event, Offered):
                task = asyncio.ensure_future(self._answer(event))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, offer: Offered) -> None:
        if offer.peer == "publish":
            connection = self.publishers.setdefault(offer.session, RTCPeerConnection())
            sdp = await publish(connection, offer.sdp, self.frames, self.lose)
        else:
            reader = self.readers.setdefault(offer.session, Reader(self.lose))
            sdp = await reader.answer(offer.sdp)
        self.say(TakeAnswer("room", offer.session, offer.peer, offer.link, sdp))

    async def renew(self, sessions: list[str]) -> None:
        """Keep the leases, for ever."""
        while True:
            self.say(RenewLeases("room", sessions))
            await asyncio.sleep(3)

    async def until_frames(self, count: int) -> None:
        """Wait until every reader got so many."""
        async with asyncio.timeout(60):
            while not self.readers or any(len(reader.frames) < count for reader in self.readers.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    @property
    def cpu_seconds(self) -> float:
        """That the process used so far, in all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    @property
    def resident_bytes(self) -> int:
        """Of memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES


@asynccontextmanager
async def open_server(program: list[str], frames: list[bytes], sessions: list[str]) -> AsyncIterator[Server]:
    """One of our media processes, or the relay that speaks as it does."""
    process = await asyncio.create_subprocess_exec(
        *program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, limit=2**20
    )
    server = Server(process, frames)
    tasks = [asyncio.ensure_future(server.listen()), asyncio.ensure_future(server.renew(sessions))]
    try:
        yield server
    finally:
        for task in [*tasks, *server._tasks]:
            task.cancel()
        for connection in [*server.publishers.values(), *(reader.connection for reader in server.readers.values())]:
            await connection.close()
        assert process.stdin is not None
        process.kill()
        await process.wait()


OURS = [sys.executable, "-m", "server.media"]
STOCK = [*OURS, "--relay"]


async def cores(program: list[str], frames: list[bytes], readers: int, seconds: float) -> float:
    """CPU seconds in a second, with one publisher and so many readers."""
    sessions = ["ada", *(f"reader-{number}" for number in range(readers))]
    async with open_server(program, frames, sessions) as server:
        server.say(JoinCall("room", "ada", ["mic", "camera"]))
        server.say(*(JoinCall("room", name, []) for name in sessions[1:]))
        await server.until_frames(15)
        before, since = server.cpu_seconds, time.monotonic()
        await asyncio.sleep(seconds)
        return (server.cpu_seconds - before) / (time.monotonic() - since)


async def slope(program: list[str], frames: list[bytes], counts: tuple[int, int], seconds: float) -> float:
    """Cores for one more audio and video pair."""
    few, many = counts
    first = await cores(program, frames, few, seconds)
    return (await cores(program, frames, many, seconds) - first) / (many - few)


async def room_memory(frames: list[bytes]) -> tuple[float, float]:
    """MB that a room of four, all to all, adds to the process; cores that it takes."""
    sessions = ["ada", "bob", "cy", "dee"]
    async with open_server(OURS, frames, sessions) as server:
        server.say(JoinCall("other", "warm", ["mic", "camera"]))
        await asyncio.sleep(3)
        empty = server.resident_bytes
        server.say(*(JoinCall("room", name, ["mic", "camera"]) for name in sessions))
        await server.until_frames(200)
        before, since = server.cpu_seconds, time.monotonic()
        await asyncio.sleep(5)
        return (server.resident_bytes - empty) / 1e6, (server.cpu_seconds - before) / (time.monotonic() - since)


async def many_viewers(frames: list[bytes], count: int, seconds: float) -> tuple[float, float]:
    """Frames a second of the worst viewer, and the cores that it took."""
    sessions = ["ada", *(f"viewer-{number}" for number in range(count))]
    async with open_server(OURS, frames, sessions) as server:
        server.say(JoinCall("room", "ada", ["mic", "camera"]))
        server.say(*(JoinCall("room", name, []) for name in sessions[1:]))
        await server.until_frames(10)
        cpu, since = server.cpu_seconds, time.monotonic()
        counts = {name: len(reader.frames) for name, reader in server.readers.items() if name != "ada"}
        await asyncio.sleep(seconds)
        passed = time.monotonic() - since
        got = [len(server.readers[name].frames) - before for name, before in counts.items()]
        return min(got) / passed, (server.cpu_seconds - cpu) / passed


async def longest_freeze(frames: list[bytes], seconds: float, seed: int) -> float:
    """Seconds between frames, at worst, with five percent of the packets lost each way on both legs."""
    dice = random.Random(seed)
    async with open_server(OURS, frames, ["ada", "bob"]) as server:
        server.lose = lambda: dice.random() < 0.05
        server.say(JoinCall("room", "ada", ["mic", "camera"]), JoinCall("room", "bob", []))
        while "bob" not in server.readers or len(server.readers["bob"].frames) < 30:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.sleep(seconds)
        times = server.readers["bob"].frames[30:]
        return max(later - earlier for earlier, later in pairwise(times))


async def measure(seconds: float) -> None:
    """Print the table."""
    for size in SIZES:
        frames = encoded(size)
        kilobits = sum(map(len, frames)) * 8 * FRAMES_PER_SECOND / len(frames) / 1000
        ours, stock = [], []
        for _ in range(3):
            ours.append(await slope(OURS, frames, (2, 12), seconds))
            stock.append(await slope(STOCK, frames, (1, 2), seconds))
        ratio = statistics.median(stock) / statistics.median(ours)
        print(
            f"{size} {kilobits:5.0f} kbit/s  cores for one more pair: ours {statistics.median(ours):.4f}, "
            f"stock relay {statistics.median(stock):.3f} (1/{ratio:.0f})", flush=True,
        )  # fmt: skip
    frames = encoded("360p")
    memory, busy = await room_memory(frames)
    print(f"a room of four, all to all: {memory:.1f} MB, {busy:.3f} cores", flush=True)
    rate, busy = await many_viewers(frames, 30, seconds)
    print(f"one publisher, 30 viewers: {rate:.1f} frames a second for the worst, {busy:.2f} cores", flush=True)
    freeze = await longest_freeze(frames, 6 * seconds, 7)
    print(f"5 % loss each way, {6 * seconds:.0f} s, seed 7: longest pause between frames {freeze:.2f} s", flush=True)


def main() -> None:
    """Measure."""
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))


if __name__ == "__main__":
    main()
