"""Where people pointed: how often it is sampled, what is kept of it and for how long, and who is told."""

from __future__ import annotations

import json
import math
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crdt_docs.frames import AwarenessEntry, encode_awareness
from crdt_docs.ids import ClientId, RoomId, SessionId, UserId
from persistence.errors import CorruptStorage, StorageUnavailable
from persistence.interfaces import LONGEST_TRAIL, Micros, Role, Trail
from persistence.sqlite import SqliteStores, open_sqlite
from server.history import cursors as recording
from server.history.cursors import MAX_COORDINATE, SAMPLE_MICROS, TRAIL_MICROS, CursorRecorder, pointer_of
from server.history.trails import Sample, TrailDraft, samples_of
from server.metrics import Metrics
from server.rooms.author import Author
from tests.contracts.rows import ANN, BOB, ROOM, room
from tests.interop.programs import seed
from tests.server.api import eventually, operator
from tests.server.clocks import StandingClock
from tests.server.live import Live, configured, serving
from tests.server.rooms.reader import author
from tests.wire_client import WireClient, sync_url, wire_client

BEGIN = Micros(1_790_000_000_000_000)
MS = 1000


class StandingMicros(StandingClock):
    """To the microsecond."""

    def __init__(self) -> None:
        super().__init__()
        self.micros = BEGIN

    def now_us(self) -> Micros:
        return self.micros


class Desk:
    """A recorder over real stores, on a clock that stands until it is moved."""

    def __init__(self, stores: SqliteStores) -> None:
        self.stores = stores
        self.clock = StandingMicros()
        self.metrics = Metrics()
        self.recorder = CursorRecorder(stores.cursors, self.clock, self.metrics)

    def point(self, passed_ms: int, p: Any, who: Author | None = None) -> None:
        """So long after the beginning somebody's state says this."""
        self.clock.micros = Micros(BEGIN + passed_ms * MS)
        self.recorder.note(ROOM, who or author("ann"), {"p": p})

    async def trails(self) -> list[Trail]:
        """What is kept."""
        return [each async for each in self.stores.cursors.read(ROOM, Micros(0), Micros(1 << 60))]

    async def samples(self) -> list[tuple[int, tuple[int, int] | None]]:
        """Those that are kept, in milliseconds from the beginning."""
        return [
            (round((at - BEGIN) / MS), point)
            for trail in await self.trails()
            for at, point in samples_of(trail.since, trail.samples)
        ]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_sqlite(tmp_path, clock=lambda: BEGIN) as stores:
        await stores.rooms.create(room())
        yield Desk(stores)


@pytest.mark.parametrize(
    "p",
    [
        None, 5, "12", {}, [], [1], [1, 2, 3], ["1", "2"], [True, False], [None, 1], [[1], 2], [math.nan, 1],
        [1, math.inf], [10**400, 1], [1, -MAX_COORDINATE - 1], (1, 2),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_place_on_a_board_is_no_pointer(p: Any) -> None:
    """[CU1] Whatever a client says."""
    assert pointer_of({"p": p}) is None


def test_a_place_is_kept_in_whole_units() -> None:
    """[CU1]"""
    assert pointer_of({"p": [1.6, -MAX_COORDINATE]}) == (2, -MAX_COORDINATE)
    assert pointer_of({"q": 1}) is None
    assert pointer_of(None) is None


def test_samples_are_read_as_they_were_written() -> None:
    """[CU4] To the millisecond, whatever the places are."""
    chance = random.Random(seed())
    draft, at, written = TrailDraft(BEGIN), BEGIN, []
    for _ in range(500):
        reach = chance.choice([1, 63, 64, 8192, MAX_COORDINATE])
        point = (chance.randint(-reach, reach), chance.randint(-reach, reach)) if chance.random() < 0.9 else None
        draft.add(at, point)
        written.append(Sample(at, point))
        at = Micros(at + chance.choice([0, 1, 200, 5000]) * MS)
    assert list(samples_of(BEGIN, bytes(draft.bytes))) == written
    assert draft.until == written[-1].at


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01", b"\x00\x81\x01", b"\x80" * 9], ids=repr)
def test_a_damaged_trail_is_told(data: bytes) -> None:
    """[CU4] It is never shorter than it was."""
    with pytest.raises(CorruptStorage):
        list(samples_of(BEGIN, data))


async def test_a_pointer_is_sampled_five_times_a_second(desk: Desk) -> None:
    """[CU2] However often it is told; each sample is where it was at that moment, the last place too."""
    for passed in range(0, 1010, 10):
        desk.point(passed, [passed, 0])
    desk.point(5000, [7, 7])
    desk.point(5100, [8, 8])
    async with desk.recorder:
        desk.clock.micros = Micros(BEGIN + 15_100 * MS)

    assert await desk.samples() == [
        (0, (0, 0)), (200, (200, 0)), (400, (400, 0)), (600, (600, 0)), (800, (800, 0)), (1000, (1000, 0)),
        (5000, (7, 7)), (5200, (8, 8)), (15100, None),
    ]  # fmt: skip


async def test_no_second_has_more_than_five_samples_whatever_a_page_sends(desk: Desk) -> None:
    """[CU2] Nor is anything sampled while nothing changes."""
    chance, passed = random.Random(seed()), 0
    for _ in range(2000):
        desk.point(passed, chance.choice([None, "x", [1, 2], [chance.random() * 100, 5]]))
        passed += chance.choice([0, 1, 30, 199, 200, 900])
    async with desk.recorder:
        pass

    samples = await desk.samples()
    assert len(samples) > 500
    assert all(later - at >= SAMPLE_MICROS / MS for (at, _), (later, _) in pairwise(samples))
    assert all(one != other for (_, one), (_, other) in pairwise(samples))


async def test_who_comes_and_goes_without_end_is_sampled_no_more_often(desk: Desk) -> None:
    """[CU2] [CU3] Nor are there more trails of him, whatever he says of himself and however often one looks."""
    for passed in range(10_000):
        desk.point(passed, [passed, 0])
        desk.recorder.note(ROOM, author("ann"), None if passed % 3 else {})
        desk.recorder.unwritten(ROOM)
    async with desk.recorder:
        pass

    assert len(await desk.trails()) == 1
    assert 0 < len(await desk.samples()) <= 52


async def test_a_long_way_is_kept_in_trails_that_can_be_found(desk: Desk) -> None:
    """[CU3] Each ends before it is too long; who goes ends his, with where he was no more."""
    for passed in range(0, 100_000, 150):
        desk.point(passed, [passed, 1])
    desk.recorder.note(ROOM, author("ann"), None)
    desk.clock.micros = Micros(desk.clock.micros + SAMPLE_MICROS)
    desk.recorder.end_trails()
    await desk.recorder.write()

    trails = await desk.trails()
    assert len(trails) == 4
    assert all(trail.until - trail.since <= TRAIL_MICROS < LONGEST_TRAIL for trail in trails)
    assert (await desk.samples())[-1][1] is None
    assert desk.recorder.unwritten(ROOM) == []


async def test_a_slow_storage_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[CU3] Only so much waits; what is dropped is counted, what waited is written once it can be."""
    monkeypatch.setattr(recording, "MAX_WAITING", 2)
    add, broken = desk.stores.cursors.add, True

    async def failing(trails: Any) -> None:
        if broken:
            raise StorageUnavailable("full")
        await add(trails)

    monkeypatch.setattr(type(desk.stores.cursors), "add", lambda _self, trails: failing(trails))
    for place in range(3):
        desk.point(place * 1000, [place, 0])
        desk.point(place * 1000 + 500, None)
        desk.recorder.end_trails()
        await desk.recorder.write()
    assert await desk.trails() == []
    broken = False
    await desk.recorder.write()

    assert len(await desk.trails()) == 2
    assert b"thunderline_cursor_trails_dropped_total 1.0" in desk.metrics.text()


async def test_nothing_is_noted_of_somebody_who_is_being_erased(desk: Desk) -> None:
    """[CU5] What waited is gone; others, and he in another room, are noted as ever."""
    ann, bob = author("ann"), author("bob")
    for who in (ann, bob):
        desk.point(0, [1, 1], who)
        desk.point(500, None, who)
        desk.recorder.end_trails()
        desk.point(1000, [2, 2], who)
    with desk.recorder.silenced(ROOM, ann.user):
        desk.point(2000, [3, 3], ann)
    with desk.recorder.silenced(RoomId("elsewhere"), bob.user):
        desk.point(2000, [3, 3], bob)
    async with desk.recorder:
        pass

    assert {trail.user for trail in await desk.trails()} == {BOB}
    assert len(await desk.samples()) == 5


# ---- over the wire

CURSORS = "/api/rooms/room/history/cursors"


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with serving(configured(tmp_path / "data")) as running:
        await running.room()
        yield running


@asynccontextmanager
async def _page(live: Live, user: str, document: str = "whiteboard") -> AsyncIterator[WireClient]:
    async with wire_client(sync_url(live, "room", document, live.token("room", user), session=f"of-{user}")) as page:
        yield page


async def _point(page: WireClient, clock: int, p: Any) -> None:
    """Say where the pointer is, and wait until the server has told it to everybody."""
    seen = len(page.frames)
    await page.socket.send(encode_awareness([AwarenessEntry(ClientId(page.doc.client_id), clock, {"p": p})]))
    await page.until(lambda: any(frame[0] == 1 for frame in page.frames[seen:]))


async def _told(live: Live, query: str = "", user: str = "ann") -> list[dict[str, Any]]:
    """The lines of the answer but for the last, which is the end."""
    headers = {"Authorization": f"Bearer {live.token('room', user, Role.VIEWER)}"}
    answer = await live.app.quart.test_client().get(f"{CURSORS}{query}", headers=headers)
    assert (answer.status_code, answer.content_type) == (200, "application/x-ndjson")
    *lines, end = [json.loads(line) for line in (await answer.get_data()).splitlines()]
    assert list(end) == ["end"]
    return lines


def _places(lines: list[dict[str, Any]]) -> list[tuple[str, list[int]]]:
    return [(line["sub"], sample[1:]) for line in lines for sample in line["samples"]]


async def test_where_somebody_points_is_told_at_once_and_when_he_is_gone(live: Live) -> None:
    """[HI8] [CU3] Also before it is written; what others say in his name, or of other documents, is not."""
    async with _page(live, "bob") as bob, _page(live, "eve") as eve, _page(live, "bob", "doc-notes") as notes:
        await _point(bob, 1, [100, -50.4])
        await _point(notes, 1, [5, 5])
        stolen = AwarenessEntry(ClientId(bob.doc.client_id), 9, {"p": [9, 9]})
        await eve.socket.send(encode_awareness([stolen]))
        await _point(eve, 1, ["no", "place"])
        [line] = await _told(live)
        assert (line["session"], line["sub"], line["samples"][0][1:]) == ("of-bob", "bob", [100, -50])
        assert abs(line["samples"][0][0] - live.app.services.clock.now_us()) < 60_000_000

    async def left() -> Any:
        return [told for told in _places(await _told(live)) if told == ("bob", [])]

    assert await eventually(left)


async def test_spans_are_cut_to_the_sample_and_wrong_ones_refused(live: Live) -> None:
    """[HI8] [HI4] From a trail's middle on, too."""
    draft = TrailDraft(since := live.app.services.clock.now_us())
    for place in range(5):
        draft.add(Micros(since + place * SAMPLE_MICROS), (place, 0))
    trail = Trail(RoomId("room"), SessionId("s"), UserId("bob"), since, draft.until, bytes(draft.bytes))
    await live.app.services.stores.cursors.add([trail])
    instants = [since + place * SAMPLE_MICROS for place in range(5)]
    exact = [instants[0] + (at - instants[0]) // MS * MS for at in instants]

    [line] = await _told(live, f"?since={exact[1]}&until={exact[3]}")
    assert line["samples"] == [[exact[1], 1, 0], [exact[2], 2, 0]]
    assert await _told(live, f"?since={exact[4] + 1}&until={exact[4] + 2}") == []

    refused = {f"?since={since}&until={since}": 416, "?since=5": 416, "?since=x": 400, "?until=-1": 400}
    for query, status in refused.items():
        assert (await live.call("GET", f"{CURSORS}{query}", token=live.token("room")))[0] == status
    assert (await live.call("GET", CURSORS))[0] == 401


async def test_an_answer_of_many_trails_is_whole(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """[HI8] However many chunks it takes."""
    monkeypatch.setattr("server.history.telling.CHUNK_BYTES", 500)
    since, trails = live.app.services.clock.now_us(), []
    for place in range(300):
        draft = TrailDraft(Micros(since + place * MS))
        draft.add(draft.since, (place, 0))
        trails.append(Trail(RoomId("room"), SessionId("s"), BOB, draft.since, draft.until, bytes(draft.bytes)))
    await live.app.services.stores.cursors.add(trails)

    assert _places(await _told(live, f"?since={since}&until={since * 2}")) == [
        ("bob", [place, 0]) for place in range(300)
    ]


@pytest.mark.parametrize("content", ["", "?content=true"])
@pytest.mark.parametrize("by", ["himself", "operator"])
async def test_they_go_with_the_person(live: Live, content: str, by: str) -> None:
    """[CU5] [RE1] What is written and what is not, while he points; others' stay."""
    async with _page(live, "ann") as ann, _page(live, "bob") as bob:
        await _point(ann, 1, [1, 1])
        await _point(bob, 1, [2, 2])
        draft = TrailDraft(live.app.services.clock.now_us())
        draft.add(draft.since, (3, 3))
        old = Trail(RoomId("room"), SessionId("old"), BOB, draft.since, draft.until, bytes(draft.bytes))
        await live.app.services.stores.cursors.add([old])
        assert {line["sub"] for line in await _told(live)} == {"ann", "bob"}
        path, token = f"/api/rooms/room/members/bob/data{content}", live.token("room", "bob")
        if by == "operator":
            path, token = f"/api/admin/people/bob{content}", operator(live)
        assert (await live.call("DELETE", path, token=token))[0] == 200
    await live.app.services.cursors.write()

    assert {line["sub"] for line in await _told(live)} == {"ann"}


async def test_what_is_not_written_yet_is_written_when_the_server_stops(tmp_path: Path) -> None:
    """[CU3] With somebody on the board."""
    config = configured(tmp_path / "data")
    async with serving(config) as first:
        await first.room()
        async with _page(first, "bob") as bob:
            await _point(bob, 1, [4, 5])
            first.stop.set()
            await bob.socket.wait_closed()
    async with open_sqlite(config.data, clock=lambda: BEGIN) as stores:
        [trail] = [each async for each in stores.cursors.read(RoomId("room"), Micros(0), Micros(1 << 60))]
    assert [point for _, point in samples_of(trail.since, trail.samples)] == [(4, 5), None]


async def test_where_none_are_wanted_none_are_kept(tmp_path: Path) -> None:
    """[CU6] What was kept before is forgotten."""
    folder = tmp_path / "data"
    folder.mkdir()
    async with open_sqlite(folder, clock=lambda: BEGIN) as stores:
        await stores.rooms.create(room(RoomId("room")))
        await stores.cursors.add([Trail(RoomId("room"), SessionId("s"), ANN, BEGIN, BEGIN, b"\x00\x01\x01")])
    async with serving(configured(folder, cursor_days=0)) as live, _page(live, "bob") as bob:
        await _point(bob, 1, [1, 1])

        async def none() -> Any:
            return await _told(live) == []

        assert await eventually(none)
