"""What every store tells of the sessions: counts, pages, everybody's time, how many were here at once."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import (
    MAX_CONCURRENCY_STEPS,
    Concurrency,
    Micros,
    PersonStats,
    SessionCounts,
    SessionRecord,
    Stores,
)
from tests.contracts.rows import ANN, BOB, OTHER_ROOM, ROOM, room

SECOND = 1_000_000
PAGE = SessionRecord(SessionId("page"), ROOM, ANN, "Ann", Micros(10 * SECOND))


def visit(id_: str, user: UserId, start: int, stop: int | None, room_id: RoomId = ROOM) -> SessionRecord:
    """A session from second to second."""
    left = None if stop is None else Micros(stop * SECOND)
    return SessionRecord(SessionId(id_), room_id, user, user.title(), Micros(start * SECOND), left)


async def keep(stores: Stores, *sessions: SessionRecord) -> None:
    """Let these sessions have been."""
    for session in sessions:
        await stores.sessions.open(session)
        if session.left_at is not None:
            await stores.sessions.close(session.id, session.left_at)


async def levels(
    stores: Stores, room_id: RoomId | None, since: int, until: int, step: int
) -> list[tuple[int, int, int]]:
    """Second, people, sessions."""
    told = await stores.sessions.concurrency(
        room_id, Micros(since * SECOND), Micros(until * SECOND), Micros(step * SECOND)
    )
    return [(point.at // SECOND, point.people, point.sessions) for point in told]


class _WithRooms:
    @pytest.fixture(autouse=True)
    async def rooms(self, stores: Stores) -> None:
        """Sessions need their rooms."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))


class SessionCountsContract(_WithRooms):
    async def test_counts_add_up(self, stores: Stores) -> None:
        """[SE5] On top of those it was opened with; of that session only, open or closed."""
        await keep(stores, replace(PAGE, edits=1), replace(PAGE, id=SessionId("other")))
        await stores.sessions.count(PAGE.id, SessionCounts(1.5, 2.25, 0.5, 10, 3))
        await stores.sessions.close(PAGE.id, Micros(20 * SECOND))
        await stores.sessions.count(PAGE.id, SessionCounts(mic_seconds=0.5, messages=1))
        await stores.sessions.count(SessionId("never was"), SessionCounts(edits=1))

        kept = await stores.sessions.get(PAGE.id)
        assert kept == replace(
            PAGE,
            left_at=Micros(20 * SECOND),
            mic_seconds=2,
            camera_seconds=2.25,
            screen_seconds=0.5,
            edits=11,
            messages=4,
        )
        assert await stores.sessions.get(SessionId("other")) == replace(PAGE, id=SessionId("other"))

    async def test_a_session_opened_again_keeps_its_counts(self, stores: Stores) -> None:
        """[SE5] And takes a device that it is told."""
        await keep(stores, replace(PAGE, device="Phone", edits=2, left_at=Micros(20 * SECOND)))
        await stores.sessions.open(replace(PAGE, edits=9))
        assert await stores.sessions.get(PAGE.id) == replace(PAGE, device="Phone", edits=2)

        await stores.sessions.open(replace(PAGE, device="Tablet"))
        assert await stores.sessions.get(PAGE.id) == replace(PAGE, device="Tablet", edits=2)

    async def test_pages_of_sessions_come_newest_first(self, stores: Stores) -> None:
        """[SE6] Without a limit the oldest is first."""
        sessions = [visit(f"at {at}", ANN, at, at + 5) for at in range(5)]
        await keep(stores, *sessions, visit("elsewhere", ANN, 2, 3, OTHER_ROOM))

        newest = await stores.sessions.of_room(ROOM, limit=2)
        assert newest == [sessions[4], sessions[3]]
        assert await stores.sessions.of_room(ROOM, before=newest[-1].joined_at, limit=2) == [sessions[2], sessions[1]]
        assert await stores.sessions.of_room(ROOM, before=Micros(2 * SECOND)) == sessions[:2]

    async def test_it_is_known_who_was_here_when(self, stores: Stores) -> None:
        """[SE8] In that room, that person, at some instant of a span that excludes its end."""
        gone = SessionRecord(SessionId("gone"), ROOM, ANN, "Ann", Micros(10))
        here = SessionRecord(SessionId("here"), ROOM, BOB, "Bob", Micros(30))
        await keep(stores, gone, here)
        await stores.sessions.close(gone.id, Micros(20))
        spans = [(0, 10), (0, 11), (15, 16), (19, 40), (20, 40), (30, 31), (0, 30)]
        was_here = stores.sessions.was_here
        ann = [await was_here(ROOM, ANN, Micros(since), Micros(until)) for since, until in spans]
        bob = [await was_here(ROOM, BOB, Micros(since), Micros(until)) for since, until in spans]
        assert ann == [False, True, True, True, False, False, True]
        assert bob == [False, False, False, True, True, True, False]
        assert not await was_here(OTHER_ROOM, BOB, Micros(0), Micros(100))

    async def test_open_sessions_of_every_room_are_told(self, stores: Stores) -> None:
        """[SE7] In the order in which they began."""
        late, early = visit("late", ANN, 9, None), visit("early", BOB, 3, None, OTHER_ROOM)
        await keep(stores, late, early, visit("closed", ANN, 1, 2))

        assert await stores.sessions.open_now() == [early, late]


class StatisticsContract(_WithRooms):
    async def test_what_overlaps_is_one_persons_time_once(self, stores: Stores) -> None:
        """[ST1] Nested, overlapping, touching and apart: 0 to 10, 2 to 5, 8 to 12, 12 to 13, 20 to 21."""
        spans = [(0, 10), (2, 5), (8, 12), (12, 13), (20, 21)]
        sessions = [visit(f"{start}", ANN, start, stop) for start, stop in spans]
        await keep(stores, *sessions[::-1], visit("bob", BOB, 1, 4))
        await stores.sessions.count(SessionId("2"), SessionCounts(1, 2, 3, 4, 5))
        await stores.sessions.count(SessionId("20"), SessionCounts(0.5, edits=1))

        assert await stores.sessions.people(ROOM) == [
            PersonStats(ANN, "Ann", 5, Micros(0), Micros(21 * SECOND), 14, 1.5, 2, 3, 5, 5),
            PersonStats(BOB, "Bob", 1, Micros(1 * SECOND), Micros(4 * SECOND), 3, 0, 0, 0, 0, 0),
        ]
        assert await stores.sessions.people(OTHER_ROOM) == []

    async def test_open_sessions_count_until_now(self, stores: Stores) -> None:
        """[ST2] Who has one is being seen; a session that begins after `until` lasts no time."""
        await keep(stores, visit("closed", ANN, 0, 30), visit("open", ANN, 20, None), visit("future", BOB, 90, None))

        ann, bob = await stores.sessions.people(ROOM, until=Micros(50 * SECOND))

        assert (ann.present_seconds, ann.last_seen_at) == (50, None)
        assert (bob.present_seconds, bob.last_seen_at) == (0, None)

    async def test_all_rooms_together_count_each_moment_once(self, stores: Stores) -> None:
        """[ST1] In how many rooms is told."""
        await keep(stores, visit("a", ANN, 0, 10), visit("b", ANN, 5, 20, OTHER_ROOM), visit("c", BOB, 3, 4))

        ann, bob = await stores.sessions.people(None)

        assert (ann.present_seconds, ann.rooms, ann.sessions) == (20, 2, 2)
        assert (bob.present_seconds, bob.rooms) == (1, 1)

    async def test_a_person_has_his_newest_name(self, stores: Stores) -> None:
        """[ST1]"""
        first, second = visit("a", ANN, 0, 10), visit("b", ANN, 5, 6)
        await keep(stores, replace(second, name="Anna"), first)

        assert [person.name for person in await stores.sessions.people(ROOM)] == ["Anna"]

    async def test_concurrency_is_the_maximum_within_each_step(self, stores: Stores) -> None:
        """[ST3] A level that comes from before a step counts in it; two sessions of one are one person."""
        await keep(
            stores,
            visit("ann", ANN, -5, 14),
            visit("ann again", ANN, 2, 3),
            visit("bob", BOB, 3, 4),
            visit("bob later", BOB, 25, None),
            visit("elsewhere", UserId("eve"), 0, 40, OTHER_ROOM),
        )

        assert await levels(stores, ROOM, 0, 35, 10) == [(0, 2, 2), (10, 1, 1), (20, 1, 1), (30, 1, 1)]
        assert await levels(stores, ROOM, 15, 25, 5) == [(15, 0, 0), (20, 0, 0)]
        assert await levels(stores, None, 0, 10, 10) == [(0, 3, 3)]
        assert await levels(stores, ROOM, 2, 3, 1) == [(2, 1, 2)]

    async def test_who_leaves_at_an_instant_is_gone_in_it(self, stores: Stores) -> None:
        """[ST4] A handover from page to page is never two; a visit of no time is none."""
        await keep(stores, visit("a", ANN, 0, 5), visit("b", ANN, 5, 9), visit("c", BOB, 9, 12), visit("d", BOB, 2, 2))

        assert await levels(stores, ROOM, 0, 12, 12) == [(0, 1, 1)]
        assert await levels(stores, ROOM, 12, 13, 1) == [(12, 0, 0)]

    async def test_steps_are_bounded(self, stores: Stores) -> None:
        """[ST5] No time is no step."""
        assert await levels(stores, ROOM, 5, 5, 1) == []
        assert await levels(stores, ROOM, 5, 4, 1) == []
        assert len(await levels(stores, ROOM, 0, MAX_CONCURRENCY_STEPS, 1)) == MAX_CONCURRENCY_STEPS
        with pytest.raises(ValueError, match="more than"):
            await levels(stores, ROOM, 0, MAX_CONCURRENCY_STEPS + 1, 1)
        for step in (0, -1):
            with pytest.raises(ValueError, match="longer than nothing"):
                await levels(stores, ROOM, 0, 5, step)

    async def test_statistics_are_those_of_every_single_instant(self, stores: Stores) -> None:
        """[ST1] [ST3] Held against a count of each second by itself, for sessions at random."""
        seed = random.randrange(1 << 32)
        print("seed", seed)
        chance = random.Random(seed)
        sessions = [_at_random(chance, number) for number in range(60)]
        await keep(stores, *sessions)
        for _ in range(40):
            since, until = chance.randrange(-5, 40), chance.randrange(30, 70)
            step, place = chance.randrange(1, 15), chance.choice([ROOM, OTHER_ROOM, None])
            there = [session for session in sessions if place in (None, session.room)]

            assert await stores.sessions.concurrency(
                place, Micros(since), Micros(until), Micros(step)
            ) == _counted_levels(there, since, until, step)
            told = await stores.sessions.people(place, until=Micros(until))
            assert {person.user: round(person.present_seconds * SECOND) for person in told} == _counted_time(
                there, until
            )


def _at_random(chance: random.Random, number: int) -> SessionRecord:
    """Within 60 µs; every fourth is open."""
    start = chance.randrange(60)
    stop = Micros(start + chance.randrange(20)) if chance.random() < 0.75 else None
    user = UserId(f"user{chance.randrange(6)}")
    place = chance.choice([ROOM, OTHER_ROOM])
    return SessionRecord(SessionId(f"s{number}"), place, user, user, Micros(start), stop)


def _here(session: SessionRecord, at: int) -> bool:
    return session.joined_at <= at and (session.left_at is None or at < session.left_at)


def _counted_levels(sessions: Sequence[SessionRecord], since: int, until: int, step: int) -> list[Concurrency]:
    points = []
    for start in range(since, until, step):
        here = [
            [session for session in sessions if _here(session, at)] for at in range(start, min(start + step, until))
        ]
        people = max(len({session.user for session in each}) for each in here)
        points.append(Concurrency(Micros(start), people, max(map(len, here))))
    return points


def _counted_time(sessions: Sequence[SessionRecord], until: int) -> dict[UserId, int]:
    """Closed sessions count whole, open ones until then."""
    moments: dict[UserId, set[int]] = defaultdict(set)
    for session in sessions:
        stop = until if session.left_at is None else session.left_at
        moments[session.user] |= set(range(session.joined_at, stop))
    return {user: len(seen) for user, seen in moments.items()}
