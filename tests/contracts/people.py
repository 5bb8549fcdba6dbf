"""What every store of rooms, sessions and events does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Access, Event, Invitation, Member, Micros, Role, SessionRecord, Stores
from tests.contracts.rows import ANN, BOB, OTHER_ROOM, ROOM, room


class RoomsContract:
    async def test_a_room_is_kept_as_it_was_created(self, stores: Stores) -> None:
        """[RM1]"""
        assert await stores.rooms.get(ROOM) is None
        assert await stores.rooms.create(room())

        assert await stores.rooms.get(ROOM) == room()

    async def test_a_used_id_is_not_used_again(self, stores: Stores) -> None:
        """[RM1] Not even after the room was deleted."""
        await stores.rooms.create(room())
        assert not await stores.rooms.create(room(name="Another"))
        deleted = replace(room(), deleted_at=Micros(5))
        await stores.rooms.change(deleted)

        assert not await stores.rooms.create(room(name="Another"))
        assert await stores.rooms.get(ROOM) == deleted

    async def test_a_change_replaces_what_is_kept(self, stores: Stores) -> None:
        """[RM2] The instant of deletion included; other rooms stay."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))
        changed = replace(room(), name="Grün 🟢", access=Access.INVITE, default_role=Role.VIEWER, deleted_at=Micros(9))

        await stores.rooms.change(changed)

        assert await stores.rooms.get(ROOM) == changed
        assert await stores.rooms.get(OTHER_ROOM) == room(OTHER_ROOM)

    async def test_members_come_in_the_order_in_which_they_joined(self, stores: Stores) -> None:
        """[RM3] Also when one is replaced."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))
        ann = Member(ROOM, ANN, "Ann", Role.OWNER, b"a" * 32, Micros(1))
        bob = Member(ROOM, BOB, "Bob", Role.VIEWER, None, Micros(2))
        stranger = Member(OTHER_ROOM, ANN, "Ann elsewhere", Role.VIEWER, None, Micros(0))
        for member in (bob, ann, stranger):
            await stores.rooms.put_members(member)
        renamed = replace(ann, name="Anna", role=Role.MODERATOR)
        await stores.rooms.put_members(renamed)

        assert await stores.rooms.members(ROOM) == [renamed, bob]
        assert await stores.rooms.member(ROOM, ANN) == renamed
        assert await stores.rooms.member(ROOM, UserId("nobody")) is None

    async def test_a_guest_key_leads_to_the_first_who_came_with_it(self, stores: Stores) -> None:
        """[RM4] In that room only."""
        await stores.rooms.create(room())
        first = Member(ROOM, BOB, "Bob", Role.MEMBER, b"k" * 32, Micros(1))
        for member in (replace(first, user=ANN, joined_at=Micros(2)), first):
            await stores.rooms.put_members(member)

        assert await stores.rooms.member_by_guest(ROOM, b"k" * 32) == first
        assert await stores.rooms.member_by_guest(ROOM, b"l" * 32) is None
        assert await stores.rooms.member_by_guest(OTHER_ROOM, b"k" * 32) is None

    async def test_an_invitation_is_found_also_when_revoked(self, stores: Stores) -> None:
        """[RM5]"""
        await stores.rooms.create(room())
        invitation = Invitation(ROOM, b"h" * 32, Role.MODERATOR, Micros(1))
        await stores.rooms.add_invitation(invitation)
        assert await stores.rooms.invitation(ROOM, b"h" * 32) == invitation

        revoked = replace(invitation, revoked_at=Micros(8))
        await stores.rooms.add_invitation(revoked)

        assert await stores.rooms.invitation(ROOM, b"h" * 32) == revoked
        assert await stores.rooms.invitation(ROOM, b"i" * 32) is None


PAGE = SessionRecord(SessionId("page"), ROOM, ANN, "Ann", Micros(10))


class SessionsContract:
    @pytest.fixture(autouse=True)
    async def rooms(self, stores: Stores) -> None:
        """Sessions need their rooms."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))

    async def test_a_session_opened_again_keeps_when_it_began(self, stores: Stores) -> None:
        """[SE1]"""
        await stores.sessions.open(PAGE)
        await stores.sessions.close(PAGE.id, Micros(20))
        assert await stores.sessions.get(PAGE.id) == replace(PAGE, left_at=Micros(20))

        await stores.sessions.open(replace(PAGE, name="Anna", joined_at=Micros(30)))

        assert await stores.sessions.get(PAGE.id) == replace(PAGE, name="Anna")

    async def test_a_session_never_ends_before_it_began(self, stores: Stores) -> None:
        """[SE2] The clock may have been set back."""
        await stores.sessions.open(PAGE)
        await stores.sessions.close(PAGE.id, Micros(3))

        assert await stores.sessions.get(PAGE.id) == replace(PAGE, left_at=Micros(10))

    async def test_a_closed_session_keeps_its_end(self, stores: Stores) -> None:
        """[SE2] And closing one that never was is nothing."""
        await stores.sessions.open(PAGE)
        await stores.sessions.close(PAGE.id, Micros(20))
        await stores.sessions.close(PAGE.id, Micros(30))
        await stores.sessions.close(SessionId("never was"), Micros(30))

        assert await stores.sessions.get(PAGE.id) == replace(PAGE, left_at=Micros(20))
        assert await stores.sessions.get(SessionId("never was")) is None

    async def test_what_a_crash_left_open_is_closed(self, stores: Stores) -> None:
        """[SE3]"""
        second, third = replace(PAGE, id=SessionId("second")), replace(PAGE, id=SessionId("third"), room=OTHER_ROOM)
        for session in (PAGE, second, third):
            await stores.sessions.open(session)
        await stores.sessions.close(second.id, Micros(15))

        assert await stores.sessions.close_all(Micros(40)) == 2
        assert await stores.sessions.close_all(Micros(50)) == 0

        ends = [session.left_at for session in await stores.sessions.of_room(ROOM)]
        assert ends == [40, 15]

    async def test_sessions_of_a_room_come_in_the_order_in_which_they_began(self, stores: Stores) -> None:
        """[SE3]"""
        begun = [replace(PAGE, id=SessionId(f"at {at}"), joined_at=Micros(at)) for at in (30, 10, 20)]
        for session in begun:
            await stores.sessions.open(session)

        assert [session.joined_at for session in await stores.sessions.of_room(ROOM)] == [10, 20, 30]
        assert await stores.sessions.of_room(OTHER_ROOM) == []

    @pytest.mark.parametrize("stolen", [replace(PAGE, user=BOB), replace(PAGE, room=OTHER_ROOM)], ids=["user", "room"])
    async def test_a_session_id_belongs_to_one_user_in_one_room(self, stores: Stores, stolen: SessionRecord) -> None:
        """[SE4]"""
        await stores.sessions.open(PAGE)

        with pytest.raises(ValueError, match="somebody else"):
            await stores.sessions.open(stolen)

        assert await stores.sessions.get(PAGE.id) == PAGE


class EventsContract:
    async def test_the_newest_events_come_first(self, stores: Stores) -> None:
        """[EV1] Those of one instant in the order opposite to their coming."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))
        events = [
            Event(ROOM, Micros(at), kind, user, details)
            for at, kind, user, details in (
                (1, "room_created", ANN, "{}"),
                (3, "joined", BOB, '{"role": "member"}'),
                (2, "left", None, "{}"),
                (3, "renamed", BOB, "{}"),
            )
        ]
        for event in (*events, replace(events[0], room=OTHER_ROOM)):
            await stores.events.add(event)

        assert await stores.events.of_room(ROOM) == [events[3], events[1], events[2], events[0]]
        assert await stores.events.of_room(ROOM, limit=2) == [events[3], events[1]]

    async def test_pages_follow_each_other_without_a_gap(self, stores: Stores) -> None:
        """[EV2] Each event once, also those of one instant, and those that came late with an earlier instant."""
        await stores.rooms.create(room())
        for at in (1, 3, 3, 2, 3, 1, 2):
            await stores.events.add(Event(ROOM, Micros(at), "joined", ANN))
        whole = await stores.events.of_room(ROOM)

        seen: list[Event] = []
        while page := await stores.events.of_room(ROOM, before=seen[-1].id if seen else None, limit=2):
            seen += page

        assert [event.id for event in seen] == [event.id for event in whole]
        assert [event.at for event in seen] == [3, 3, 3, 2, 2, 1, 1]
        assert len({event.id for event in seen} - {0}) == 7

    async def test_events_may_be_asked_for_by_kind(self, stores: Stores) -> None:
        """[EV3] In one room, and in all."""
        for id_ in (ROOM, OTHER_ROOM):
            await stores.rooms.create(room(id_))
        for at, (id_, kind) in enumerate(
            [(ROOM, "kicked"), (ROOM, "banned"), (OTHER_ROOM, "kicked"), (ROOM, "kicked")]
        ):
            await stores.events.add(Event(id_, Micros(at), kind, ANN))

        kicked = await stores.events.of_room(ROOM, kind="kicked")
        assert [event.at for event in kicked] == [3, 0]
        assert [event.at for event in await stores.events.of_room(ROOM, kind="kicked", before=kicked[0].id)] == [0]
        assert [event.at for event in await stores.events.all(kind="kicked")] == [3, 2, 0]
        assert await stores.events.all(kind="never") == []

    async def test_the_installation_has_events_too(self, stores: Stores) -> None:
        """[EV4] They belong to no room, and `all` gives them among those of the rooms."""
        await stores.rooms.create(room())
        minted = Event(None, Micros(2), "token_minted", UserId("admin"), '{"sub": "ann"}')
        changed = Event(ROOM, Micros(3), "room_changed", ANN)
        for event in (minted, changed):
            await stores.events.add(event)

        assert await stores.events.of_room(ROOM) == [changed]
        assert await stores.events.all() == [changed, minted]
        assert await stores.events.all(limit=1) == [changed]
        assert await stores.events.all(before=(await stores.events.all())[0].id) == [minted]
