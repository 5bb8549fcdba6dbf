"""One recording that runs: packets of everybody's tracks become files and a manifest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from persistence.interfaces import Micros
from server.media.recording.frames import Codec, Frame, FrameBuilder, Packet
from server.media.recording.manifest import Kind, Manifest, RecordedTrack, write_manifest
from server.media.recording.stream_clock import StreamClock
from server.media.recording.track_file import SUFFIXES, CannotRecord, TrackFile

log = logging.getLogger(__name__)

SECOND: Final = 1_000_000
KEY_EVERY: Final = 4 * SECOND
"""Browsers send keyframes only when asked, and without them nobody can seek."""
ASK_AGAIN: Final = SECOND // 2
MAX_PAUSE: Final = 10 * SECOND
"""After a longer one a track goes on in another file."""
MAX_FILES: Final = 5000
SILENCE: Final = b"\xf8\xff\xfe"
"""20 ms of nothing in Opus (RFC 6716): full band, stereo."""
SILENCE_MICROS: Final = 20_000
RATES: Final[dict[Codec, int]] = {"VP8": 90_000, "H264": 90_000, "opus": 48_000}


class Tap(Protocol):
    """Where one track of one page comes from: a source of the forwarder, or a peer of its own."""

    @property
    def session(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def kind(self) -> Kind: ...

    def request_keyframe(self) -> None:
        """Ask the sender for a picture that stands alone."""


@dataclass(slots=True)
class _Track:
    """A track that is being received. `file` changes with its codec and after long pauses."""

    tap: Tap
    builder: FrameBuilder
    clock: StreamClock
    file: TrackFile
    entry: RecordedTrack
    asked: Micros
    key_at: Micros
    last: Micros


class Recorder:
    """Writes a recording into a folder that is there and empty. Its calls block for the disk, which buffers.

    Attributes:
        on_begun: Called once, when the first byte is on the disk.
        on_failed: Called once when the disk or the quota takes no more; the recording is closed then. [RC10]
    """

    def __init__(self, folder: Path, manifest: Manifest, budget: int) -> None:
        self.manifest = manifest
        self.on_begun: Callable[[], None] = lambda: None
        self.on_failed: Callable[[str], None] = lambda _: None
        self._folder = folder
        self._left = budget
        self._files = 0
        self._tracks: dict[Tap, _Track] = {}
        write_manifest(folder, manifest)

    @property
    def running(self) -> bool:
        """Whether it takes packets."""
        return self.manifest.ended_at == 0

    def receive(self, tap: Tap, codec: Codec, packet: Packet, arrival: Micros) -> None:
        """Take a packet that has just arrived; one that comes after the end is passed over."""
        if not self.running:
            return
        try:
            track = self._track(tap, codec, arrival)
            for frame in track.builder.push(packet, arrival):
                self._write(track, frame, arrival)
            self._ask(track, arrival)
        except (CannotRecord, OSError) as exc:
            self._fail(exc, arrival)

    def leave(self, tap: Tap) -> None:
        """A track comes no more: finish its file."""
        track = self._tracks.pop(tap, None)
        if track is None or not self.running:
            return
        try:
            self._finish(track)
            write_manifest(self._folder, self.manifest)
        except (CannotRecord, OSError) as exc:
            self._fail(exc, track.last)

    def stop(self, by: str, at: Micros) -> Manifest:
        """End the recording; a second time changes nothing."""
        if self.running:
            for track in self._tracks.values():
                self._finish(track)
            self._tracks.clear()
            self.manifest.ended_at = max(at, self.manifest.started_at)
            self.manifest.stopped_by = by
            try:
                write_manifest(self._folder, self.manifest)
            except OSError as exc:
                log.warning("the manifest in %s is not written: %s", self._folder, exc)
        return self.manifest

    def _fail(self, exc: CannotRecord | OSError, at: Micros) -> None:
        reason = exc.reason if isinstance(exc, CannotRecord) else f"The recording cannot be written: {exc.strerror}."
        log.warning("the recording in %s ends: %s", self._folder, reason)
        self.stop("disk", at)
        self.on_failed(reason)

    # ---- tracks

    def _track(self, tap: Tap, codec: Codec, arrival: Micros) -> _Track:
        """[RC7] Where its packets go; [RC14] after a long pause, too, another file."""
        track = self._tracks.get(tap)
        if track is not None and (track.builder.codec != codec or arrival - track.last > MAX_PAUSE):
            self.leave(tap)
            track = None
        if track is None:
            track = self._tracks[tap] = self._begin(tap, codec, arrival)
        track.last = arrival
        return track

    def _begin(self, tap: Tap, codec: Codec, arrival: Micros) -> _Track:
        if self._files >= MAX_FILES:
            raise CannotRecord("This recording has too many parts.")
        self._files += 1
        name = f"{self._files}-{tap.kind}.{SUFFIXES[codec]}"
        file = TrackFile(self._folder / name, codec, self._spend)
        entry = RecordedTrack(tap.session, tap.user, tap.kind, name, codec, arrival)
        if codec != "opus":
            tap.request_keyframe()
        return _Track(tap, FrameBuilder(codec), StreamClock(RATES[codec]), file, entry, arrival, arrival, arrival)

    def _write(self, track: _Track, frame: Frame, arrival: Micros) -> None:
        at = track.clock.instant(frame.timestamp, arrival)
        for silence, instant in self._silence(track, frame, at):
            track.file.write(silence, instant)
        begins = track.file.start is None
        if not track.file.write(frame, at):
            return
        if frame.is_key:
            track.key_at = arrival
        if begins:
            self._announce(track, at)

    def _silence(self, track: _Track, frame: Frame, at: Micros) -> Iterator[tuple[Frame, Micros]]:
        """[RC14] Nothing was sent for a while (muted, lost): players need sound without a gap."""
        if frame.is_key and track.file.codec == "opus" and track.file.end is not None:
            instant = Micros(track.file.end + SILENCE_MICROS)
            while at - instant >= SILENCE_MICROS:
                yield Frame(frame.timestamp, SILENCE, is_key=True, after_loss=False), instant
                instant = Micros(instant + SILENCE_MICROS)

    def _announce(self, track: _Track, at: Micros) -> None:
        """[RC8] A file is in the manifest from its first frame on."""
        is_first = not self.manifest.tracks
        track.entry.start = at
        self.manifest.tracks.append(track.entry)
        write_manifest(self._folder, self.manifest)
        if is_first:
            self.on_begun()

    def _finish(self, track: _Track) -> None:
        if track.file.start is None:
            track.file.close()
            return
        try:
            for frame in track.builder.flush():
                track.file.write(frame, track.clock.instant(frame.timestamp, track.last))
        except CannotRecord as exc:
            log.warning("the end of %s is not written: %s", track.file.path, exc.reason)
        track.file.close()
        track.entry.end, track.entry.bytes = track.file.end or track.entry.start, track.file.bytes

    # ---- what the recording asks for

    def _ask(self, track: _Track, arrival: Micros) -> None:
        """[RC15] A keyframe every few seconds, and at once after a loss; asked for twice a second at most."""
        if track.file.codec == "opus" or arrival - track.asked < ASK_AGAIN:
            return
        if track.file.needs_key or arrival - max(track.key_at, track.asked) >= KEY_EVERY:
            track.asked = arrival
            track.tap.request_keyframe()

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise CannotRecord("The room's recordings take as much as they may.")
