"""A recording from packets to files."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from persistence.interfaces import Micros
from server.media.recording.frames import Codec
from server.media.recording.manifest import Kind, Manifest, read_manifest
from server.media.recording.recorder import MAX_PAUSE, Recorder
from tests.server.media.samples import Sent, decoded, packets_of, probe, voice

BEGIN = 1_700_000_000_000_000


@dataclass(eq=False)
class Source:
    """A track of a page."""

    session: str = "page"
    user: str = "ann"
    kind: Kind = "camera"
    asked: list[str] = field(default_factory=list)

    def request_keyframe(self) -> None:
        self.asked.append("key")


def recorder(folder: Path, budget: int = 10**9) -> Recorder:
    """One that has just been started."""
    return Recorder(folder, Manifest("r1", "room", "ann", BEGIN), budget)


def show(made: Recorder, source: Source, codec: Codec, at: int = 0, frames: int = 90, **options: int) -> None:
    """Let a source send three seconds, from an instant on."""
    for index, packets in enumerate(packets_of(codec, frames=frames, **options)):
        for packet in packets:
            made.receive(source, codec, packet, Micros(BEGIN + at + index * 33_333))


def say(made: Recorder, source: Source, at: int, first: int, count: int) -> None:
    """Likewise, of sound."""
    for n, data in enumerate(voice()[:count]):
        sent = Sent(first + n, n * 960 + at * 48 // 1000, 1, data)
        made.receive(source, "opus", sent, Micros(BEGIN + at + n * 20_000))


def test_each_track_has_its_file_and_its_instant(tmp_path: Path) -> None:
    """[RC5] [RC8] The manifest tells on the room's clock when each file begins and ends."""
    made, begun = recorder(tmp_path), []
    made.on_begun = lambda: begun.append(len(read_manifest(tmp_path).tracks))
    camera, mic = Source(), Source("other", "bob", "mic")
    show(made, camera, "VP8", 500_000)
    say(made, mic, 1_000_000, 0, 100)

    manifest = made.stop("bob", Micros(BEGIN + 4_000_000))

    assert begun == [1]
    assert manifest == read_manifest(tmp_path)
    assert (manifest.ended_at, manifest.stopped_by) == (BEGIN + 4_000_000, "bob")
    assert [(each.user, each.kind, each.codec, each.start - BEGIN) for each in manifest.tracks] == [
        ("ann", "camera", "VP8", 500_000), ("bob", "mic", "opus", 1_000_000),
    ]  # fmt: skip
    for track in manifest.tracks:
        told = probe(tmp_path / track.file)
        assert told["duration"] == pytest.approx((track.end - track.start) / 1e6, abs=0.05)
        assert track.bytes == (tmp_path / track.file).stat().st_size
    assert decoded(tmp_path / manifest.tracks[0].file) == 90


def test_sound_has_no_gaps_and_long_pauses_no_bytes(tmp_path: Path) -> None:
    """[RC14] Who is muted for a while is silent in his file, and for longer has another one."""
    made, mic = recorder(tmp_path), Source(kind="mic")
    say(made, mic, 0, 0, 50)
    say(made, mic, 4_000_000, 50, 50)
    say(made, mic, 6_000_000 + MAX_PAUSE, 100, 50)

    first, second = made.stop("ann", Micros(BEGIN + 10**8)).tracks

    told = probe(tmp_path / first.file)
    assert told["packets"] == 250
    assert max(after - before for before, after in zip(told["times"], told["times"][1:], strict=False)) < 0.03
    assert second.start - BEGIN == 6_000_000 + MAX_PAUSE
    assert decoded(tmp_path / first.file) > 0


def test_another_codec_goes_on_in_another_file(tmp_path: Path) -> None:
    """[RC7] And each is what it says."""
    made, camera = recorder(tmp_path), Source()
    show(made, camera, "VP8")
    show(made, camera, "H264", 3_000_000, first=5000)

    tracks = made.stop("ann", Micros(BEGIN + 10**8)).tracks

    assert [(track.file, track.codec) for track in tracks] == [("1-camera.webm", "VP8"), ("2-camera.mkv", "H264")]
    assert [probe(tmp_path / track.file)["codec"] for track in tracks] == ["vp8", "h264"]


def test_keyframes_are_asked_for(tmp_path: Path) -> None:
    """[RC15] At the beginning, then when none has come for seconds; sound needs none."""
    made, camera, mic = recorder(tmp_path), Source(), Source(kind="mic")
    show(made, camera, "VP8", frames=300, gop=1000)
    say(made, mic, 0, 0, 150)

    made.stop("ann", Micros(BEGIN + 10**8))
    assert len(camera.asked) == 3
    assert mic.asked == []


def test_a_quota_ends_the_recording_and_says_so(tmp_path: Path) -> None:
    """[RC10] Once; what was written stays and plays, and what comes later is passed over."""
    made, told, camera = recorder(tmp_path, 30_000), list[str](), Source()
    made.on_failed = told.append
    show(made, camera, "VP8")

    assert told == ["The room's recordings take as much as they may."]
    manifest = read_manifest(tmp_path)
    assert (manifest.stopped_by, made.running) == ("disk", False)
    assert probe(tmp_path / manifest.tracks[0].file)["packets"] > 0
    assert made.stop("ann", Micros(BEGIN + 10**8)) == manifest


FULL = """
import resource, signal, sys
from pathlib import Path
from tests.server.media.test_recorder import Source, recorder, say, show
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
made = recorder(Path(sys.argv[1]))
made.on_failed = print
show(made, Source(), "VP8")
say(made, Source(kind="mic"), 0, 0, 50)
print(made.manifest.stopped_by, len(made.manifest.tracks))
"""


def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    """[RC10] With the reason for people; the process goes on."""
    run = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=True)

    assert run.stdout == "The recording cannot be written: File too large.\ndisk 1\n"
    assert probe(tmp_path / read_manifest(tmp_path).tracks[0].file)["packets"] > 0
