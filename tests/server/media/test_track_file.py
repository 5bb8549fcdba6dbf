"""Files that ffprobe and players understand, also after a crash or on a full disk."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.interfaces import Micros
from server.media.recording.frames import Codec, Frame, FrameBuilder, is_keyframe
from server.media.recording.manifest import Manifest, RecordedTrack, read_manifest, write_manifest
from server.media.recording.remux import mend_recordings
from server.media.recording.track_file import CannotRecord, TrackFile
from tests.server.media.samples import decoded, encoded, packets_of, probe, voice

BEGIN = 1_700_000_000_000_000
STEPS = {"VP8": 33_333, "H264": 33_333, "opus": 20_000}


def frames_of(codec: Codec) -> Iterator[tuple[Frame, Micros]]:
    """Three seconds of it."""
    data = voice() if codec == "opus" else encoded(codec)
    for index, each in enumerate(data):
        yield Frame(0, each, is_keyframe(codec, each), after_loss=False), Micros(BEGIN + index * STEPS[codec])


@pytest.mark.parametrize(("codec", "name"), [("VP8", "vp8"), ("H264", "h264"), ("opus", "opus")])
def test_a_track_is_what_was_sent(tmp_path: Path, codec: Codec, name: str) -> None:
    """[RC5] Duration, keyframes and every frame; one can seek in it."""
    file = TrackFile(tmp_path / f"1-{name}", codec)
    for frame, at in frames_of(codec):
        assert file.write(frame, at)
    file.close()

    told = probe(file.path)
    assert told["codec"] == name
    assert told["duration"] == pytest.approx(3.0, abs=0.06)
    assert (file.start, file.bytes) == (BEGIN, file.path.stat().st_size)
    if codec == "opus":
        assert told["stream"]["extradata_size"] == 19
    else:
        assert told["keys"] == pytest.approx([0.0, 1.0, 2.0], abs=0.002)
        assert told["packets"] == decoded(file.path) == 90
        assert 0 < decoded(file.path, "-ss", "2.0") <= 31


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_a_picture_goes_on_with_a_keyframe_after_a_loss(tmp_path: Path, codec: Codec) -> None:
    """[RC6] Of 5 % lost packets nothing is seen but that frames are missing: the decoder has nothing to complain of."""
    file, builder, rng = TrackFile(tmp_path / "lossy", codec), FrameBuilder(codec), random.Random(11)
    sent = [packet for frame in packets_of(codec, frames=300, gop=15) for packet in frame if rng.random() > 0.05]
    written = 0
    for packet in sent:
        for frame in builder.push(packet, Micros(BEGIN + packet.timestamp * 100 // 9)):
            written += file.write(frame, Micros(BEGIN + frame.timestamp * 100 // 9))
    file.close()

    assert 0 < written < 300
    assert decoded(file.path) == written
    assert probe(file.path)["duration"] == pytest.approx(10.0, abs=1.0)


WRITER = """
import sys, time
from pathlib import Path
from tests.server.media.test_track_file import frames_of
from server.media.recording.manifest import *
from server.media.recording.track_file import TrackFile
folder = Path(sys.argv[1])
tracks = [RecordedTrack("s", "ann", kind, name, codec, 1_700_000_000_000_000)
          for kind, name, codec in (("camera", "1-camera.webm", "VP8"), ("mic", "2-mic.webm", "opus"),
                                    ("screen", "3-screen.mkv", "H264"))]
write_manifest(folder, Manifest("r1", "room", "ann", 1_700_000_000_000_000, tracks=tracks))
for track in tracks:
    file = TrackFile(folder / track.file, track.codec)
    for frame, at in frames_of(track.codec):
        file.write(frame, at)
print("written", flush=True)
time.sleep(600)
"""


def test_a_crash_loses_less_than_a_second(tmp_path: Path) -> None:
    """[RC9] SIGKILL: what was cut off plays; the next start gives it duration and index, and closes the recording."""
    folder = tmp_path / "recordings" / "room" / "r1"
    folder.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", WRITER, folder], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        os.kill(writer.pid, signal.SIGKILL)
    for name in ("1-camera.webm", "2-mic.webm", "3-screen.mkv"):
        assert probe(folder / name)["times"][-1] >= 2.0

    [mended] = mend_recordings(tmp_path / "recordings")

    assert mended == read_manifest(folder)
    assert mended.stopped_by == "crash"
    assert BEGIN + 2_000_000 <= mended.ended_at <= BEGIN + 3_000_000
    for track in mended.tracks:
        told = probe(folder / track.file)
        assert told["duration"] == pytest.approx((track.end - track.start) / 1e6, abs=0.1)
        assert track.bytes == (folder / track.file).stat().st_size
    assert decoded(folder / "1-camera.webm", "-ss", "1.5") > 0
    assert mend_recordings(tmp_path / "recordings") == [mended]


def test_what_holds_nothing_is_left_out(tmp_path: Path) -> None:
    """[RC9] A track of which the crash left no frame is no track; a damaged manifest disturbs nobody."""
    folder, other = tmp_path / "room" / "r1", tmp_path / "room" / "r2"
    folder.mkdir(parents=True)
    other.mkdir()
    (other / "manifest.json").write_text("{")
    (folder / "1-mic.webm").write_bytes(b"\x1a\x45\xdf\xa3")
    tracks = [RecordedTrack("s", "ann", "mic", name, "opus", 5) for name in ("1-mic.webm", "2-mic.webm")]
    write_manifest(folder, Manifest("r1", "room", "ann", 5, tracks=tracks))

    [mended] = mend_recordings(tmp_path)

    assert (mended.tracks, mended.ended_at) == ([], 5)
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


FULL = """
import resource, signal, sys
from pathlib import Path
from tests.server.media.test_track_file import frames_of
from server.media.recording.track_file import CannotRecord, TrackFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
file = TrackFile(Path(sys.argv[1]), "VP8")
try:
    for frame, at in frames_of("VP8"):
        file.write(frame, at)
except CannotRecord as exc:
    print(exc.reason)
file.close()
"""


def test_a_full_disk_ends_the_file_and_says_so(tmp_path: Path) -> None:
    """[RC10] What was written stays and plays."""
    assert resource.RLIM_INFINITY
    path = tmp_path / "1-camera.webm"
    run = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, check=True)
    assert run.stdout == "The recording cannot be written: File too large.\n"
    assert probe(path)["packets"] > 0


def test_a_quota_ends_the_file_and_says_so(tmp_path: Path) -> None:
    """[RC10] As a full disk does."""
    left = 20_000

    def spend(count: int) -> None:
        nonlocal left
        left -= count
        if left < 0:
            raise CannotRecord("The room may record no more.")

    file = TrackFile(tmp_path / "1-camera.webm", "VP8", spend)
    with pytest.raises(CannotRecord, match="no more"):
        for frame, at in frames_of("VP8"):
            file.write(frame, at)
    file.close()
    assert 0 < file.bytes <= 20_000
