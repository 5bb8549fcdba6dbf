"""What is too old is forgotten, and that it was is kept and signed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import Access, Event, Micros, Role, RoomRecord, SessionRecord, Stores, Trail
from persistence.sqlite import open_sqlite
from server.audit import Audit
from server.auth.tokens import Tokens
from server.retention import DAY_SECONDS, Forgetful, erase_person, forget_cursors, forget_old
from tests.server.api import eventually, get, operator
from tests.server.clocks import StandingClock
from tests.server.live import configured, serving

ROOM = RoomId("room")
DAY = DAY_SECONDS * 1_000_000
SECRET = "s" * 64


@dataclass
class Kept:
    """Stores of an installation that stands still."""

    stores: Stores
    clock: StandingClock
    parts: Forgetful

    async def add(self, *ages: float) -> None:
        """An ended session and an event of so many days ago, each."""
        for place, days in enumerate(ages):
            at = Micros(int(self.clock.now_us() - days * DAY))
            session = SessionRecord(SessionId(f"s{place}"), ROOM, UserId("bob"), "Bob", at)
            await self.stores.sessions.open(session)
            await self.stores.sessions.close(session.id, at)
            await self.stores.events.add(Event(ROOM, at, "upload", UserId("bob")))


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    clock = StandingClock()
    async with open_sqlite(tmp_path, clock=clock.now_us) as stores:
        await stores.rooms.create(RoomRecord(ROOM, "Room", Access.LINK, Role.MEMBER, clock.now_us()))
        yield Kept(stores, clock, Forgetful(stores, Audit(stores.events, clock), Tokens(SECRET, clock), clock))


async def _trace(kept: Kept, kind: str) -> Event:
    (event,) = await kept.stores.events.all(kind=kind)
    return event


def _signature_of(kept: Kept, event: Event) -> str:
    """As whoever has the secret can check it: over all that the event says, but for the signature."""
    details = json.loads(event.details)
    del details["signature"]
    told = {"by": event.user, "kind": event.kind, "room": event.room, **details}
    return kept.parts.tokens.sign_trace(msgspec.json.encode(told, order="sorted"))


async def test_what_is_older_than_the_policy_is_forgotten_and_nothing_else(kept: Kept) -> None:
    """[RE4] To the day; the room and its documents are not touched."""
    await kept.add(0, 29.9, 30.1, 365)

    assert await forget_old(kept.parts, 30) == 4

    assert [session.id for session in await kept.stores.sessions.of_room(ROOM)] == ["s1", "s0"]
    assert len(await kept.stores.events.all(kind="upload")) == 2
    assert await kept.stores.rooms.get(ROOM) is not None


async def test_forgetting_leaves_a_signed_trace(kept: Kept) -> None:
    """[RE2] [RE4] [P4] How many and up to when; changed by a hand, the signature does not fit any more."""
    await kept.add(40)
    await forget_old(kept.parts, 30)

    event = await _trace(kept, "retention")

    details = json.loads(event.details)
    assert (event.room, event.user) == (None, None)
    assert (details["entries"], details["before"]) == (2, kept.clock.now_us() - 30 * DAY)
    assert details["signature"] == _signature_of(kept, event)
    forged = replace(event, details=json.dumps(details | {"entries": 1}))
    assert _signature_of(kept, forged) != details["signature"]


async def test_a_day_without_anything_to_forget_leaves_no_trace(kept: Kept) -> None:
    """[RE4] Nor does an installation that keeps everything."""
    await kept.add(1, 400)

    assert await forget_old(kept.parts, 0) == 0
    assert await forget_old(kept.parts, 500) == 0

    assert await kept.stores.events.all(kind="retention") == []
    assert len(await kept.stores.sessions.of_room(ROOM)) == 2


async def test_where_people_pointed_is_forgotten_sooner(kept: Kept) -> None:
    """[RE5] [RE2] By its own setting, with a trace; 0 days keep nothing."""
    for days in (29, 31):
        at = Micros(kept.clock.now_us() - days * DAY)
        await kept.stores.cursors.add([Trail(ROOM, SessionId("s"), UserId("bob"), at, at, b"\x00\x01\x01")])

    assert [await forget_cursors(kept.parts, days) for days in (30, 30, 0)] == [1, 0, 1]

    newest, oldest = await kept.stores.events.all(kind="retention")
    assert json.loads(oldest.details)["before"] == kept.clock.now_us() - 30 * DAY
    assert json.loads(newest.details)["cursors"] == 1
    assert json.loads(newest.details)["signature"] == _signature_of(kept, newest)


async def test_revocations_go_with_their_tokens(kept: Kept) -> None:
    """[RE4] Also where everything else is kept for ever."""
    now = kept.clock.now_us()
    await kept.stores.revocations.revoke("old", Micros(now - 1))
    await kept.stores.revocations.revoke("new", Micros(now + DAY))

    await forget_old(kept.parts, 0)

    assert [await kept.stores.revocations.is_revoked(jti) for jti in ("old", "new")] == [False, True]


async def test_erasing_a_person_leaves_a_signed_trace_without_the_name(kept: Kept) -> None:
    """[RE1] [RE2] Who did it, whom, how much; not what he was called."""
    await kept.add(1)

    assert await erase_person(kept.parts, None, UserId("bob"), UserId("admin")) > 0

    event = await _trace(kept, "person_erased")
    assert (event.user, json.loads(event.details)["user"]) == ("admin", "bob")
    assert "Bob" not in event.details
    assert json.loads(event.details)["signature"] == _signature_of(kept, event)


async def test_a_server_forgets_at_its_start(tmp_path: Path) -> None:
    """[RE3] What was too old when it started is gone soon after."""
    folder = tmp_path / "data"
    folder.mkdir()
    long_ago = Micros(1_000_000)
    async with open_sqlite(folder, clock=lambda: long_ago) as stores:
        await stores.rooms.create(RoomRecord(ROOM, "Room", Access.LINK, Role.MEMBER, long_ago))
        await stores.events.add(Event(ROOM, long_ago, "upload", None))

    async with serving(configured(folder, retention_days=7)) as live:
        token = operator(live)

        async def trace() -> object:
            return (await get(live, "/api/admin/events?kind=retention", token))["events"]

        (event,) = await eventually(trace)
        left = (await get(live, "/api/admin/events?kind=upload", token))["events"]

    assert (event["details"]["entries"], left) == (1, [])
