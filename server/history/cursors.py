"""Samples where people point on the whiteboard and keeps that, beside everything else: no document waits for it.

Everything a client says of itself is hostile: what is no place on a board is no pointer.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.errors import StorageError
from persistence.interfaces import Cursors, Micros, Trail
from server.clock import Clock
from server.history.trails import Point, TrailDraft
from server.metrics import Metrics
from server.rooms.author import Author

log = logging.getLogger(__name__)

SAMPLE_MICROS: Final = 200_000
"""No page's pointer is sampled more often."""
TRAIL_MICROS: Final = 30_000_000
"""A trail that is as old as this is ended; the pointer's next one follows."""
WRITE_SECONDS: Final = 5.0
"""How often what has ended is written."""
MAX_WAITING: Final = 2000
"""Trails that may wait for a slow storage (2 MB or so); what comes then is dropped, and counted."""
MAX_COORDINATE: Final = 10_000_000


def pointer_of(state: Mapping[str, object] | None) -> Point | None:
    """[CU1] Where an awareness state says that the pointer is: `p`, two numbers; None: nowhere, or nonsense."""
    told = state.get("p") if state is not None else None
    if not isinstance(told, list) or len(told) != 2 or not all(map(_is_coordinate, told)):
        return None
    return round(told[0]), round(told[1])


def _is_coordinate(value: object) -> bool:
    return type(value) in (int, float) and -MAX_COORDINATE <= value <= MAX_COORDINATE  # type: ignore[operator]


class _Track:
    """The pointer of one page. [CU2] A sample is where it was when the sample was due, if that is another place."""

    def __init__(self, room: RoomId, author: Author, ended: Callable[[Trail], None]) -> None:
        self.room = room
        self.user = author.user
        self._session = author.session
        self._ended = ended
        self._latest: Point | None = None
        self._sampled: Point | None = None
        self._due = Micros(0)
        self._draft: TrailDraft | None = None

    def is_idle(self, now: Micros) -> bool:
        """Whether there is nothing to remember of it, nor when it was sampled last."""
        return self._draft is None and self._latest is None and self._sampled is None and now > self._due

    def move(self, at: Micros, point: Point | None) -> None:
        """The pointer is there now."""
        self.settle(at)
        self._latest = point
        if at >= self._due and point != self._sampled:
            self._sample(at)

    def settle(self, now: Micros) -> None:
        """Take the sample that was due before, if any."""
        if now > self._due and self._latest != self._sampled:
            self._sample(self._due)

    def rest(self, now: Micros) -> None:
        """End a trail that is old enough, or whose pointer is gone."""
        self.settle(now)
        if self._draft is not None and (self._sampled is None or now - self._draft.since >= TRAIL_MICROS):
            self._end()

    def leave(self, now: Micros) -> None:
        """The pointer is gone for good, and its trail ends."""
        self.settle(now)
        self._latest = None
        if self._sampled is not None:
            self._sample(max(self._due, now))
        self._end()

    def so_far(self) -> Trail | None:
        """The trail that has not ended."""
        draft = self._draft
        if draft is None:
            return None
        return Trail(self.room, self._session, self.user, draft.since, draft.until, bytes(draft.bytes))

    def _sample(self, at: Micros) -> None:
        if self._draft is not None and at - self._draft.since >= TRAIL_MICROS:
            self._end()
        if self._draft is None:
            self._draft = TrailDraft(at)
        self._draft.add(at, self._latest)
        self._sampled, self._due = self._latest, Micros(at + SAMPLE_MICROS)

    def _end(self) -> None:
        if (trail := self.so_far()) is not None:
            self._draft = None
            self._ended(trail)


class CursorRecorder:
    """[CU3] What has ended waits in bounded memory and is written every few seconds; the rest when the server stops."""

    def __init__(self, cursors: Cursors, clock: Clock, metrics: Metrics) -> None:
        self._cursors = cursors
        self._clock = clock
        self._metrics = metrics
        self._tracks: dict[SessionId, _Track] = {}
        self._waiting: dict[int, Trail] = {}
        self._numbers = itertools.count()
        self._silenced: list[tuple[RoomId | None, UserId]] = []
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_writing(), name="cursors")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task
        for track in self._tracks.values():
            track.leave(self._clock.now_us())
        await self.write()

    def note(self, room: RoomId, author: Author, state: Mapping[str, object] | None) -> None:
        """A page has this awareness state on the whiteboard now; None: none any more."""
        track = self._tracks.get(author.session)
        point = pointer_of(state)
        if track is None:
            if point is None or self._is_silenced(room, author.user):
                return
            track = self._tracks[author.session] = _Track(room, author, self._keep)
        track.move(self._clock.now_us(), point)

    @contextmanager
    def silenced(self, room: RoomId | None, user: UserId) -> Iterator[None]:
        """[CU5] Forget what is not written of a person, in one room or in all, and note nothing of him meanwhile."""
        self._silenced.append((room, user))
        for session, track in list(self._tracks.items()):
            if track.user == user and room in (None, track.room):
                del self._tracks[session]
        for number, trail in list(self._waiting.items()):
            if trail.user == user and room in (None, trail.room):
                del self._waiting[number]
        try:
            yield
        finally:
            self._silenced.remove((room, user))

    def unwritten(self, room: RoomId) -> list[Trail]:
        """What there is of a room beside what is in the storage."""
        here = [track for track in self._tracks.values() if track.room == room]
        for track in here:
            track.settle(self._clock.now_us())
        waiting = [trail for trail in self._waiting.values() if trail.room == room]
        return [*waiting, *filter(None, (track.so_far() for track in here))]

    def end_trails(self) -> None:
        """End those that are old enough, or whose pointer is gone: not at once, or who comes and goes makes many."""
        now = self._clock.now_us()
        for session, track in list(self._tracks.items()):
            track.rest(now)
            if track.is_idle(now):
                del self._tracks[session]

    async def write(self) -> None:
        """Write what has ended; what the storage does not take now waits for the next time."""
        batch = dict(self._waiting)
        try:
            if batch:
                await self._cursors.add(list(batch.values()))
        except StorageError as exc:
            log.warning("where people pointed is not written: %s", exc)
            return
        for number in batch:
            self._waiting.pop(number, None)

    async def _keep_writing(self) -> None:
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._stop.wait()
            except TimeoutError:
                self.end_trails()
                await self.write()

    def _keep(self, trail: Trail) -> None:
        if len(self._waiting) < MAX_WAITING:
            self._waiting[next(self._numbers)] = trail
        else:
            self._metrics.cursor_trails_dropped.inc()

    def _is_silenced(self, room: RoomId, user: UserId) -> bool:
        return any(whom == user and where in (None, room) for where, whom in self._silenced)
