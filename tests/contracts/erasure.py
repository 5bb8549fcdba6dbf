"""What every store tells of its size, and what it forgets when it is told to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crdt_docs.ids import DocumentId, RoomId, SessionId
from persistence.interfaces import (
    ERASED_NAME,
    Event,
    Member,
    Micros,
    Role,
    RoomUsage,
    SessionCounts,
    SessionRecord,
    Stores,
)
from tests.contracts.assets import asset, chunks
from tests.contracts.cursors import kept, trail
from tests.contracts.rows import ANN, BOB, CHAT, OTHER_ROOM, ROOM, WHITEBOARD, bound, read, room, row, rows

PAGE = SessionRecord(SessionId("page"), ROOM, ANN, "Ann", Micros(10), device="Ann's phone")
MEMBER = Member(ROOM, ANN, "Ann", Role.OWNER, b"a" * 32, Micros(1), family="f1")
EMPTY_ROOM = RoomId("empty-room")


class UsageContract:
    async def test_each_room_is_told_what_it_takes(self, stores: Stores) -> None:
        """[US1] Rows, bytes and files of all its documents; a room in which nothing happened takes nothing."""
        for place, id_ in enumerate((EMPTY_ROOM, ROOM, OTHER_ROOM)):
            await stores.rooms.create(replace(room(id_), created_at=Micros(place)))
        await stores.updates.append([*rows(3, size=20), *rows(2, CHAT, size=400)], [bound(1)])
        await stores.updates.append(rows(1, DocumentId(OTHER_ROOM, "chat"), size=8))
        for body in (b"12345", b"678"):
            await stores.assets.put(asset(body), chunks(body), room_quota=100)

        assert await stores.usage() == [
            RoomUsage(EMPTY_ROOM, 0, 0, 0, 0, None),
            RoomUsage(ROOM, 5, 860, 2, 8, rows(3)[2].at),
            RoomUsage(OTHER_ROOM, 1, 8, 0, 0, rows(1)[0].at),
        ]

    async def test_what_is_added_later_is_told_later(self, stores: Stores) -> None:
        """[US1] A second look counts nothing twice."""
        await stores.rooms.create(room())
        told = []
        for first in (1, 4, 7):
            await stores.updates.append(rows(3, first=first, size=20))
            told.append([(usage.rows, usage.update_bytes) for usage in await stores.usage()])

        assert told == [[(3, 60)], [(6, 120)], [(9, 180)]]

    async def test_the_last_activity_is_the_newest_of_all(self, stores: Stores) -> None:
        """[US2] Who came, who went, who wrote."""
        await stores.rooms.create(room())
        seen = []
        await stores.sessions.open(PAGE)
        seen.append((await stores.usage())[0].last_activity)
        await stores.sessions.close(PAGE.id, Micros(500))
        seen.append((await stores.usage())[0].last_activity)
        await stores.updates.append([row(1)])
        seen.append((await stores.usage())[0].last_activity)

        assert seen == [10, 500, row(1).at]

    async def test_everybody_who_ever_joined_a_room_is_counted(self, stores: Stores) -> None:
        """[US3] In that room only."""
        for id_ in (ROOM, OTHER_ROOM):
            await stores.rooms.create(room(id_))
        for user in (ANN, BOB):
            await stores.rooms.put_members(replace(MEMBER, user=user, guest_hash=None))

        assert {usage.room: usage.members for usage in await stores.usage()} == {ROOM: 2, OTHER_ROOM: 0}


class ErasureContract:
    @pytest.fixture
    async def lived_in(self, stores: Stores) -> Stores:
        """Two rooms, with Ann and Bob in both."""
        for id_ in (ROOM, OTHER_ROOM):
            await stores.rooms.create(room(id_))
            for user, key in ((ANN, b"a" * 32), (BOB, b"b" * 32)):
                member = replace(MEMBER, room=id_, user=user, name=user.title(), guest_hash=key)
                await stores.rooms.put_members(member)
                page = replace(PAGE, id=SessionId(f"{user} in {id_}"), room=id_, user=user, name=user.title())
                await stores.sessions.open(page)
                await stores.events.add(Event(id_, Micros(20), "member_joined", user, f'{{"name": "{user}"}}'))
        return stores

    async def test_an_erased_person_has_no_name_in_that_room(self, lived_in: Stores) -> None:
        """[ER1] Nor a device, a guest key, a token family or events that tell more than what he did, when."""
        assert await lived_in.erase_person(ROOM, ANN, Micros(30)) == 3

        erased = replace(MEMBER, name=ERASED_NAME, guest_hash=None, family="", tokens_from=Micros(30))
        assert await lived_in.rooms.member(ROOM, ANN) == erased
        assert await lived_in.rooms.member_by_guest(ROOM, b"a" * 32) is None
        session = await lived_in.sessions.get(SessionId(f"{ANN} in {ROOM}"))
        assert session is not None
        assert (session.user, session.name, session.device) == (ANN, "", "")
        assert Event(ROOM, Micros(20), "member_joined", ANN) in await lived_in.events.of_room(ROOM)
        assert [person.name for person in await lived_in.sessions.people(ROOM)] == [ERASED_NAME, "Bob"]

    async def test_the_cursors_of_an_erased_person_are_gone(self, lived_in: Stores) -> None:
        """[ER1] In that room, or in all; [ER2] others' stay."""
        everyones = [trail(1, 2), trail(1, 2, user=BOB)]
        await lived_in.cursors.add([*everyones, *(replace(each, room=OTHER_ROOM) for each in everyones)])
        await lived_in.erase_person(ROOM, ANN, Micros(30))
        assert await kept(lived_in) == [everyones[1]]

        await lived_in.erase_person(None, BOB, Micros(30))

        assert await kept(lived_in) == []
        assert [each.user async for each in lived_in.cursors.read(OTHER_ROOM, Micros(0), Micros(9))] == [ANN]

    async def test_nobody_else_and_no_other_room_is_touched(self, lived_in: Stores) -> None:
        """[ER2]"""

        async def rest() -> list[object]:
            return [
                await lived_in.rooms.member(ROOM, BOB),
                await lived_in.sessions.get(SessionId(f"{BOB} in {ROOM}")),
                await lived_in.rooms.members(OTHER_ROOM),
                await lived_in.sessions.of_room(OTHER_ROOM),
                await lived_in.events.of_room(OTHER_ROOM),
                [event for event in await lived_in.events.of_room(ROOM) if event.user == BOB],
            ]

        before = await rest()
        await lived_in.erase_person(ROOM, ANN, Micros(30))

        assert await rest() == before

    async def test_a_person_can_be_erased_everywhere(self, lived_in: Stores) -> None:
        """[ER1] Once: a second time there is nothing left to do."""
        await lived_in.events.add(Event(None, Micros(21), "token_minted", ANN, '{"name": "Ann"}'))

        assert await lived_in.erase_person(None, ANN, Micros(30)) == 7
        assert await lived_in.erase_person(None, ANN, Micros(40)) == 0

        for id_ in (ROOM, OTHER_ROOM):
            assert [member.name for member in await lived_in.rooms.members(id_)] == [ERASED_NAME, "Bob"]
        assert {event.details for event in await lived_in.events.all() if event.user == ANN} == {"{}"}

    async def test_erasing_keeps_the_work_and_whose_it_is(self, lived_in: Stores) -> None:
        """[ER3] Rows, client ids, role, bans and counts stay; later tokens are void no longer than before."""
        await lived_in.updates.append([row(1)], [bound(7)])
        banned = replace(MEMBER, banned_at=Micros(9), tokens_from=Micros(99))
        await lived_in.rooms.put_members(banned)
        page = SessionId(f"{ANN} in {ROOM}")
        await lived_in.sessions.count(page, SessionCounts(mic_seconds=2, edits=3))

        await lived_in.erase_person(ROOM, ANN, Micros(30))

        assert await read(lived_in) == [row(1)]
        assert await lived_in.updates.bindings(WHITEBOARD) == [bound(7)]
        member = await lived_in.rooms.member(ROOM, ANN)
        assert member == replace(banned, name=ERASED_NAME, guest_hash=None)
        session = await lived_in.sessions.get(page)
        assert session is not None
        assert (session.joined_at, session.mic_seconds, session.edits) == (PAGE.joined_at, 2, 3)

    async def test_erasing_somebody_unknown_changes_nothing(self, lived_in: Stores) -> None:
        """[ER2]"""
        assert await lived_in.erase_person(RoomId("no-room"), ANN, Micros(30)) == 0


class RetentionContract:
    async def test_what_is_older_is_removed(self, stores: Stores) -> None:
        """[RT1] Sessions and cursors by their end, events by their instant; what is as old as that exactly stays."""
        await stores.rooms.create(room())
        for left_at in (49, 50, 51):
            page = replace(PAGE, id=SessionId(f"until {left_at}"))
            await stores.sessions.open(page)
            await stores.sessions.close(page.id, Micros(left_at))
            await stores.events.add(Event(ROOM, Micros(left_at), "left", ANN))
            await stores.events.add(Event(None, Micros(left_at), "token_minted", ANN))
            await stores.cursors.add([trail(10, left_at)])

        assert await stores.forget_before(Micros(50)) == 4
        assert await stores.forget_before(Micros(50)) == 0

        assert [session.left_at for session in await stores.sessions.of_room(ROOM)] == [50, 51]
        assert [event.at for event in await stores.events.all()] == [51, 51, 50, 50]
        assert [each.until for each in await kept(stores)] == [50, 51]

    async def test_open_sessions_and_the_logs_stay(self, stores: Stores) -> None:
        """[RT2] However old; so do people and what was decided about them."""
        await stores.rooms.create(room())
        await stores.sessions.open(PAGE)
        await stores.rooms.put_members(MEMBER)
        await stores.updates.append([row(1)], [bound(7)])

        assert await stores.forget_before(Micros(1 << 60)) == 0

        assert await stores.sessions.open_now() == [PAGE]
        assert await stores.rooms.members(ROOM) == [MEMBER]
        assert await read(stores) == [row(1)]
        assert await stores.updates.bindings(WHITEBOARD) == [bound(7)]

    async def test_a_page_that_was_being_read_ends_with_what_is_left(self, stores: Stores) -> None:
        """[RT1] [EV2] Behind an event that was removed there is nothing, for it was older still."""
        await stores.rooms.create(room())
        for at in (1, 2, 60):
            await stores.events.add(Event(ROOM, Micros(at), "left", ANN))
        cursor = (await stores.events.of_room(ROOM, limit=2))[-1].id
        await stores.forget_before(Micros(50))

        assert await stores.events.of_room(ROOM, before=cursor) == []
        assert [event.at for event in await stores.events.of_room(ROOM)] == [60]
