"""`python -m server.media.recording`: the process of one recording, told what to do over standard input.

It ends when that closes: a recording never outlives its server. With a folder as argument it mends the recordings below
it instead, and writes the manifest of each as a line.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from persistence.interfaces import Micros
from server.errors import MalformedRequest
from server.media.recording.frames import Codec, Packet
from server.media.recording.manifest import Kind
from server.media.recording.peer import RecordingPeer
from server.media.recording.recorder import Recorder
from server.media.recording.remux import mend_recordings
from server.media.recording.words import (
    MAX_LINE_BYTES,
    Answered,
    Began,
    Begin,
    Ended,
    Failed,
    FromRecorder,
    Gone,
    Offered,
    Stop,
    Way,
    line_of,
    to_recorder,
)

log = logging.getLogger(__name__)
MAX_PAGES: Final = 200


def now() -> Micros:
    """On the room's clock: the server runs on this machine, too."""
    return Micros(time.time_ns() // 1000)


@dataclass(eq=False)
class PageTap:
    """One kind of one page's."""

    session: str
    user: str
    kind: Kind
    peer: RecordingPeer

    def request_keyframe(self) -> None:
        """See `Tap`."""
        self.peer.request_keyframe(self.kind)


class PageLink:
    """The connection to one page."""

    def __init__(self, offered: Offered, recorder: Recorder) -> None:
        self._offered, self._recorder = offered, recorder
        self._taps: dict[Kind, PageTap] = {}
        self.peer = RecordingPeer(self._receive)

    def _receive(self, kind: Kind, codec: Codec, packet: Packet) -> None:
        tap = self._taps.get(kind)
        if tap is None:
            tap = self._taps[kind] = PageTap(self._offered.session, self._offered.user, kind, self.peer)
        self._recorder.receive(tap, codec, packet, now())

    async def close(self) -> None:
        """Hang up and finish what came over it."""
        await self.peer.close()
        for tap in self._taps.values():
            self._recorder.leave(tap)


class RecordingProcess:
    """All connections of one recording."""

    def __init__(self, begin: Begin) -> None:
        self._recorder = Recorder(Path(begin.folder), begin.manifest, begin.budget)
        self._recorder.on_begun = lambda: say(Began())
        self._recorder.on_failed = lambda reason: say(Failed(reason))
        self._links: dict[str, tuple[int, PageLink]] = {}

    async def do(self, word: Offered | Way | Gone) -> None:
        """What cannot be read is passed over: its sender notices that nobody answers."""
        try:
            match word:
                case Offered():
                    await self._answer(word)
                case Way(session, candidate, mid, index) if session in self._links:
                    await self._links[session][1].peer.add_candidate(candidate, mid, index)
                case Gone(session):
                    await self._drop(session)
        except MalformedRequest as exc:
            log.warning("%s sent what cannot be used: %s", word.session, exc)

    async def _answer(self, offered: Offered) -> None:
        known = self._links.get(offered.session)
        if known is not None and offered.link != known[0]:
            await self._drop(offered.session)
        if offered.session not in self._links:
            if len(self._links) >= MAX_PAGES:
                return
            self._links[offered.session] = (offered.link, PageLink(offered, self._recorder))
        sdp = await self._links[offered.session][1].peer.answer(offered.sdp)
        say(Answered(offered.session, offered.link, sdp))

    async def _drop(self, session: str) -> None:
        link = self._links.pop(session, None)
        if link is not None:
            await link[1].close()

    async def end(self, by: str, at: int) -> None:
        """Finish everything."""
        for session in list(self._links):
            await self._drop(session)
        say(Ended(self._recorder.stop(by, Micros(at))))


def say(word: FromRecorder) -> None:
    """Tell the server."""
    sys.stdout.buffer.write(line_of(word))
    sys.stdout.buffer.flush()


async def run() -> None:
    """Record until told to stop, or until standard input closes."""
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    begin = to_recorder(await reader.readline())
    if not isinstance(begin, Begin):
        return
    recording = RecordingProcess(begin)
    while line := await reader.readline():
        word = to_recorder(line)
        if isinstance(word, Stop):
            await recording.end(word.by, word.at)
            return
        if not isinstance(word, Begin):
            await recording.do(word)
    await recording.end("server", now())


def main() -> None:
    """See the file's first lines."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="recording: %(levelname)s %(message)s")
    for name in ("aioice.ice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if len(sys.argv) > 1:
        for manifest in mend_recordings(Path(sys.argv[1])):
            say(Ended(manifest))
    else:
        uvloop.run(run())


if __name__ == "__main__":
    main()
