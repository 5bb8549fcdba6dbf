"""Where recordings are started and stopped. The recorder is one more page of the call, with a process of its own."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

import msgspec

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.errors import StorageError
from persistence.interfaces import Micros, Recording, RecordingTrack, Role, Stores
from server.audit import Audit
from server.auth.identities import color_of, new_session_id
from server.auth.tokens import Claims
from server.clock import Clock
from server.config import Config
from server.errors import Conflict, ServerError
from server.media.recording.manifest import MANIFEST_NAME, Manifest
from server.media.recording.words import (
    MAX_LINE_BYTES,
    Answered,
    Began,
    Begin,
    Ended,
    Failed,
    Gone,
    Offered,
    Stop,
    ToRecorder,
    Way,
    from_recorder,
    line_of,
)
from server.metrics import Metrics
from server.presence.page import Page
from server.presence.sessions import SessionBook
from server.rooms.author import Author
from server.signaling.calls import pass_on
from server.signaling.hub import Hub, Listener
from server.signaling.messages import Answer, By, CandidateOf, OfferOf, RecordingTold

log = logging.getLogger(__name__)

PROGRAM: Final = (sys.executable, "-m", "server.media.recording")
RECORDER: Final = UserId("recorder")
NAME: Final = "Recording"
STOP_SECONDS: Final = 20.0
LISTENER_CHARACTERS: Final = 1 << 20
LAST_CALL_ID: Final = "z" * 48
"""Call ids of the recorder begin so: in a mesh the smaller id calls, and the recorder only answers."""


class DeskParts(Protocol):
    """What recording takes."""

    @property
    def hub(self) -> Hub: ...
    @property
    def sessions(self) -> SessionBook: ...
    @property
    def stores(self) -> Stores: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def config(self) -> Config: ...


class RecordingDesk:
    """The recordings that run, one a room at most."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._running: dict[RoomId, RunningRecording] = {}
        self._mended = asyncio.Event()

    async def mend(self) -> None:
        """[RC9] Keep what a crash left, before anything new is recorded."""
        root = self._parts.stores.recordings.root
        try:
            if root.exists():
                process = await asyncio.create_subprocess_exec(
                    *PROGRAM, str(root), stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES
                )
                out, _ = await process.communicate()
                for line in out.splitlines():
                    if isinstance(word := from_recorder(line), Ended):
                        await keep(self._parts.stores, word.manifest)
        except (StorageError, OSError, msgspec.DecodeError) as exc:
            log.warning("recordings that were cut off are not mended: %s", exc)
        self._mended.set()

    async def start(self, room: RoomId, user: UserId, name: str) -> str:
        """[RC17] Record a room's call from now on; gives the recording's id.

        Raises:
            Conflict: One runs already.
            StorageError: It cannot be noted who did it.
        """
        await self._mended.wait()
        if room in self._running:
            raise Conflict("A recording of this room runs already.")
        recording = self._running[room] = RunningRecording(self._parts, room, By(user, name), self._over)
        try:
            await self._parts.audit.note("recording_started", room, user, recording=recording.id)
        except StorageError:
            del self._running[room]
            raise
        recording.begin()
        return recording.id

    async def stop(self, room: RoomId, user: UserId) -> None:
        """[RC17] End a room's recording; returns when it is kept.

        Raises:
            Conflict: None runs.
            StorageError: It cannot be noted who did it; it goes on.
        """
        recording = self._running.get(room)
        if recording is None:
            raise Conflict("No recording of this room runs.")
        await self._parts.audit.note("recording_stopped", room, user, recording=recording.id)
        await recording.end(user)

    async def close(self) -> None:
        """The server stops: keep what there is."""
        await asyncio.gather(*(each.end(UserId("server")) for each in list(self._running.values())))

    def _over(self, room: RoomId) -> None:
        self._running.pop(room, None)


class RunningRecording:
    """A recording that runs: a page in the roster, a process, and what goes between them."""

    def __init__(self, parts: DeskParts, room: RoomId, by: By, over: Callable[[RoomId], None]) -> None:
        self.id = secrets.token_hex(8)
        self._parts, self._room, self._by, self._over = parts, room, by, over
        author = Author(RECORDER, NAME, Role.VIEWER, new_session_id(), color_of(RECORDER), frozenset())
        now = parts.clock.now_us()
        self._page = Page(room, author, now, Claims(RECORDER, NAME, room, Role.VIEWER))
        self._page.call = LAST_CALL_ID + secrets.token_hex(8)
        self._calls: dict[str, str] = {}
        self._started_at = now
        self._reason = ""
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    def begin(self) -> None:
        """Start; `end` awaits the end of it."""
        self._task = asyncio.create_task(self._run(), name=f"recording {self.id}")

    async def end(self, by: UserId) -> None:
        """Finish the files and wait until they are kept."""
        await self._up.wait()
        self._tell(Stop(by, self._parts.clock.now_us()))
        assert self._task is not None
        done, _ = await asyncio.wait({self._task}, timeout=STOP_SECONDS)
        if not done:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        parts, listener = self._parts, Listener(LISTENER_CHARACTERS)
        try:
            await self._open()
            with parts.sessions.hosting(self._page), parts.hub.listening(self._room, listener, self._page):
                hearing = asyncio.create_task(listener.run(self._hear, parts.config.slow_seconds))
                try:
                    await self._listen()
                finally:
                    hearing.cancel()
                    await asyncio.gather(hearing, return_exceptions=True)
        except (OSError, ServerError, StorageError) as exc:
            log.warning("the recording %s ends: %s", self.id, exc)
        finally:
            self._up.set()
            await self._close()

    async def _open(self) -> None:
        parts = self._parts
        folder = parts.stores.recordings.folder(self._room, self.id)
        await asyncio.to_thread(folder.mkdir, parents=True)
        used = await parts.stores.recordings.bytes_of(self._room)
        manifest = Manifest(self.id, self._room, self._by.sub, self._started_at)
        self._process = await asyncio.create_subprocess_exec(
            *PROGRAM, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES
        )
        self._tell(Begin(str(folder), manifest, max(0, parts.config.recording_max_bytes - used)))
        self._up.set()

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            match from_recorder(line):
                case Answered() as answered:
                    self._answer(answered)
                case Began():
                    self._announce(running=True)
                case Failed(reason):
                    self._reason = reason
                    self._tell(Stop("disk", self._parts.clock.now_us()))
                case Ended(manifest):
                    await keep(self._parts.stores, manifest)
                    return

    async def _close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._announce(running=False)
        self._over(self._room)

    def _announce(self, *, running: bool) -> None:
        """[RC18] From the first byte on the disk everybody is told, and when it ends, why."""
        told = RecordingTold(running, self._by, self._started_at, self.id, self._reason)
        self._parts.hub.set_recording(self._room, told)

    # ---- between the pages and the process

    async def _hear(self, text: str) -> None:
        heard = msgspec.json.decode(text)
        match heard.get("type"):
            case "offer":
                offer = msgspec.convert(heard, OfferOf)
                self._calls[offer.sender] = offer.peer
                self._tell(Offered(offer.sender, self._user_of(offer.sender), offer.link, offer.sdp))
            case "candidate":
                way = msgspec.convert(heard, CandidateOf)
                if way.candidate is not None and way.candidate.candidate:
                    named = way.candidate
                    self._tell(Way(way.sender, named.candidate, named.sdp_mid, named.sdp_m_line_index))
            case "hangup":
                self._gone(heard["from"])
            case "left":
                self._gone(heard["session"])
            case "updated" if heard["person"].get("call", "") != self._calls.get(heard["person"]["session"], ""):
                self._gone(heard["person"]["session"])

    def _gone(self, session: str) -> None:
        if self._calls.pop(session, None) is not None:
            self._tell(Gone(session))

    def _user_of(self, session: SessionId) -> str:
        pages = self._parts.sessions.pages(self._room)
        return next((page.author.user for page in pages if page.author.session == session), "")

    def _answer(self, answered: Answered) -> None:
        peer = self._calls.get(answered.session)
        if peer is None:
            return
        try:
            pass_on(self._parts, self._page, Answer(answered.session, peer, answered.link, answered.sdp))
        except ServerError as exc:
            log.info("a page does not take the recorder's answer: %s", exc.reason)

    def _tell(self, word: ToRecorder) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(line_of(word))


async def keep(stores: Stores, manifest: Manifest) -> None:
    """Keep a recording that has ended; the manifest beside its files has done its work. Without tracks nothing stays.

    Raises:
        StorageError: It is done at the next start.
    """
    tracks = [
        RecordingTrack(each.file, SessionId(each.session), UserId(each.user), each.kind, each.codec,
                       Micros(each.start), Micros(each.end), each.bytes)
        for each in manifest.tracks
    ]  # fmt: skip
    room = RoomId(manifest.room)
    kept = Recording(
        manifest.id, room, UserId(manifest.by), Micros(manifest.started_at), Micros(manifest.ended_at),
        manifest.stopped_by, tracks,
    )  # fmt: skip
    if not tracks:
        await stores.recordings.remove(kept)
        return
    await stores.recordings.keep(kept)
    manifest_file = stores.recordings.folder(room, manifest.id) / MANIFEST_NAME
    await asyncio.to_thread(manifest_file.unlink, missing_ok=True)
