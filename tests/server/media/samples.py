"""Real encoded frames, and the RTP packets of them, as browsers send them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import VpxPayloadDescriptor

FPS = 30
MTU = 400


@dataclass(frozen=True)
class Sent:
    """An RTP packet."""

    sequence_number: int
    timestamp: int
    marker: int
    payload: bytes


@cache
def encoded(codec: str, frames: int = 90, gop: int = 30, width: int = 320, height: int = 240) -> tuple[bytes, ...]:
    """Moving pictures; every `gop`-th is a keyframe."""
    context: Any = av.CodecContext.create({"VP8": "libvpx", "H264": "libx264"}[codec], "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS, 1)
    context.bit_rate, context.gop_size = 500_000, gop
    context.options = (
        {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        if codec == "VP8"
        else {"preset": "ultrafast", "tune": "zerolatency"}
    )
    return tuple(bytes(packet) for index in range(frames) for packet in context.encode(_picture(index, width, height)))


def _picture(index: int, width: int, height: int) -> Any:
    picture = av.VideoFrame(width, height, "yuv420p")
    for place, plane in enumerate(picture.planes):
        rows = bytes((index * 3 + place * 40 + row) % 256 for row in range(plane.height))
        plane.update(b"".join(bytes([row]) * plane.line_size for row in rows))
    picture.pts, picture.time_base = index, Fraction(1, FPS)
    return picture


@cache
def voice(packets: int = 150) -> tuple[bytes, ...]:
    """Opus packets of 20 ms of noise."""
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "s16"
    context.time_base = Fraction(1, 48_000)
    made = []
    for index in range(packets):
        sound = av.AudioFrame(format="s16", layout="stereo", samples=960)
        sound.planes[0].update(os.urandom(sound.planes[0].buffer_size))
        sound.pts, sound.sample_rate, sound.time_base = index * 960, 48_000, Fraction(1, 48_000)
        made += [bytes(packet) for packet in context.encode(sound)]
    return tuple(made)


def packets_of(codec: str, *, first: int = 0, timestamp: int = 0, **options: Any) -> Iterator[list[Sent]]:
    """The packets of each frame."""
    sequence = first
    for index, frame in enumerate(encoded(codec, **options)):
        payloads = _vp8_payloads(frame, index) if codec == "VP8" else _h264_payloads(frame)
        at = (timestamp + index * 90_000 // FPS) & 0xFFFFFFFF
        last = len(payloads) - 1
        yield [Sent((sequence + n) & 0xFFFF, at, int(n == last), payload) for n, payload in enumerate(payloads)]
        sequence += len(payloads)


def _vp8_payloads(frame: bytes, index: int) -> list[bytes]:
    def head(start: bool) -> bytes:
        return bytes(VpxPayloadDescriptor(partition_start=int(start), partition_id=0, picture_id=index))

    return [head(at == 0) + frame[at : at + MTU] for at in range(0, len(frame), MTU)]


def _h264_payloads(frame: bytes) -> list[bytes]:
    payloads: list[bytes] = H264Encoder._packetize(H264Encoder._split_bitstream(frame))
    return payloads


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file: `duration` in seconds, `codec`, `keys`: the times of its keyframes, `packets`."""
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_entries",
         "format=duration:stream=codec_name,width,height,extradata_size:packet=pts_time,flags", "-show_packets", path],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    told = json.loads(text)
    packets = told["packets"]
    return {
        "duration": float(told["format"].get("duration", "nan")),
        "codec": told["streams"][0]["codec_name"],
        "stream": told["streams"][0],
        "keys": [float(packet["pts_time"]) for packet in packets if "K" in packet["flags"]],
        "times": [float(packet["pts_time"]) for packet in packets],
        "packets": len(packets),
    }


def decoded(path: Path, *seek: str) -> int:
    """How many frames ffmpeg decodes of a file, from a time on; it must complain of nothing."""
    run = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", *seek, "-i", path, "-fps_mode", "passthrough", "-f", "framecrc", "-"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stderr == ""
    return sum(not line.startswith("#") for line in run.stdout.splitlines())
