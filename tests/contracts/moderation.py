"""What every store keeps of moderation: rights, doors, bans, invitations, revoked tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crdt_docs.access import Permission
from crdt_docs.ids import UserId
from persistence.interfaces import Access, Door, Invitation, Member, Micros, Role, Stores
from tests.contracts.rows import ANN, BOB, OTHER_ROOM, ROOM, room

EVE = UserId("eve")
MEMBER = Member(ROOM, ANN, "Ann", Role.MEMBER, None, Micros(1))


class ModerationContract:
    @pytest.fixture(autouse=True)
    async def rooms(self, stores: Stores) -> None:
        """Two rooms that were made one after the other."""
        await stores.rooms.create(room())
        await stores.rooms.create(replace(room(OTHER_ROOM), created_at=Micros(2)))

    @pytest.mark.parametrize("permissions", [frozenset(), frozenset(Permission), {Permission.RECORD}])
    async def test_a_room_keeps_its_rules(self, stores: Stores, permissions: frozenset[Permission]) -> None:
        """[RM6] Whether it was made with them or changed to them."""
        rules = replace(
            room(),
            access=Access.LOBBY,
            permissions=frozenset(permissions),
            door=Door.LOCKED,
            door_at=Micros(7),
            max_people=12,
            recovery=True,
        )
        made = replace(rules, id="green-room")
        await stores.rooms.change(rules)
        await stores.rooms.create(made)

        assert await stores.rooms.get(ROOM) == rules
        assert await stores.rooms.get(made.id) == made
        assert await stores.rooms.get(OTHER_ROOM) == replace(room(OTHER_ROOM), created_at=Micros(2))

    async def test_every_room_is_told(self, stores: Stores) -> None:
        """[RM9] Deleted ones too, in the order in which they were made."""
        oldest = replace(room(), id="old", created_at=Micros(-1), deleted_at=Micros(4))
        await stores.rooms.create(oldest)

        assert [kept.id for kept in await stores.rooms.all()] == ["old", ROOM, OTHER_ROOM]
        assert (await stores.rooms.all())[0] == oldest

    async def test_a_member_keeps_what_was_decided_about_him(self, stores: Stores) -> None:
        """[RM6] And loses it when it is taken back."""
        decided = replace(
            MEMBER,
            role=Role.VIEWER,
            role_at=Micros(3),
            overrides={Permission.CHAT: True, Permission.DRAW: False},
            tokens_from=Micros(4),
            removed_at=Micros(5),
            banned_at=Micros(6),
            family="f1",
        )
        await stores.rooms.put_members(decided)
        assert await stores.rooms.member(ROOM, ANN) == decided
        assert await stores.rooms.members(ROOM) == [decided]

        await stores.rooms.put_members(MEMBER)

        assert await stores.rooms.member(ROOM, ANN) == MEMBER

    async def test_a_banned_person_is_known_by_id_and_by_token_family(self, stores: Stores) -> None:
        """[RM7] In that room only, as long as the ban lasts."""
        banned = replace(MEMBER, banned_at=Micros(5), family="f1")
        await stores.rooms.put_members(banned)
        await stores.rooms.put_members(replace(MEMBER, user=BOB, family="f2"))

        assert await stores.rooms.banned(ROOM, ANN, "")
        assert await stores.rooms.banned(ROOM, EVE, "f1")
        assert not await stores.rooms.banned(ROOM, EVE, "f2")
        assert not await stores.rooms.banned(ROOM, BOB, "f2")
        assert not await stores.rooms.banned(OTHER_ROOM, ANN, "f1")

        await stores.rooms.put_members(replace(banned, banned_at=None))
        assert not await stores.rooms.banned(ROOM, ANN, "f1")

    async def test_no_family_is_no_relation(self, stores: Stores) -> None:
        """[RM7] Else one ban would shut out everybody whose token names none."""
        await stores.rooms.put_members(replace(MEMBER, banned_at=Micros(5)))

        assert not await stores.rooms.banned(ROOM, EVE, "")

    async def test_invitations_are_told_with_what_is_known_of_them(self, stores: Stores) -> None:
        """[RM8] In the order in which they were made; the id tells nothing of the key."""
        later = Invitation(ROOM, bytes(range(32)), Role.VIEWER, Micros(5), label="Guests", created_by=ANN)
        first = Invitation(ROOM, b"\xff" * 32, Role.MODERATOR, Micros(4))
        for invitation in (later, first, replace(later, room=OTHER_ROOM)):
            await stores.rooms.add_invitation(invitation)

        assert await stores.rooms.invitations(ROOM) == [first, later]
        assert [invitation.id for invitation in (first, later)] == ["f" * 16, "0001020304050607"]

    async def test_an_invitation_is_revoked_by_its_id_once(self, stores: Stores) -> None:
        """[RM8] It keeps the first instant; others, and those of other rooms, stay good."""
        invitation = Invitation(ROOM, b"\xab" * 32, Role.MEMBER, Micros(1))
        other = replace(invitation, key_hash=b"\xac" * 32)
        elsewhere = replace(invitation, room=OTHER_ROOM)
        for each in (invitation, other, elsewhere):
            await stores.rooms.add_invitation(each)

        assert await stores.rooms.revoke_invitation(ROOM, invitation.id, Micros(8))
        assert not await stores.rooms.revoke_invitation(ROOM, invitation.id, Micros(9))
        for unknown in ("0" * 16, "", "%", invitation.id[:15], invitation.key_hash.hex()):
            assert not await stores.rooms.revoke_invitation(ROOM, unknown, Micros(9))

        assert await stores.rooms.invitations(ROOM) == [replace(invitation, revoked_at=Micros(8)), other]
        assert await stores.rooms.invitations(OTHER_ROOM) == [elsewhere]

    async def test_uses_of_an_invitation_are_counted(self, stores: Stores) -> None:
        """[RM8] They stay when it is added again."""
        invitation = Invitation(ROOM, b"k" * 32, Role.MEMBER, Micros(1), created_by=ANN)
        await stores.rooms.add_invitation(invitation)
        for _ in range(3):
            await stores.rooms.count_invitation_use(ROOM, invitation.key_hash)
        await stores.rooms.count_invitation_use(OTHER_ROOM, invitation.key_hash)
        await stores.rooms.add_invitation(replace(invitation, label="Crew", created_by=BOB))

        assert await stores.rooms.invitations(ROOM) == [replace(invitation, label="Crew", uses=3)]


class RevocationsContract:
    async def test_a_revoked_token_is_revoked(self, stores: Stores) -> None:
        """[RV1] No other is."""
        await stores.revocations.revoke("one", Micros(10))

        assert await stores.revocations.is_revoked("one")
        assert not await stores.revocations.is_revoked("two")
        assert not await stores.revocations.is_revoked("ONE")

    async def test_what_has_expired_by_itself_is_forgotten(self, stores: Stores) -> None:
        """[RV2] At the instant of expiry; of two that were named, the later counts."""
        for jti, expires_at in (
            ("gone", 10),
            ("stays", 11),
            ("longer", 9),
            ("longer", 20),
            ("shorter", 20),
            ("shorter", 9),
        ):
            await stores.revocations.revoke(jti, Micros(expires_at))

        assert await stores.revocations.forget_expired(Micros(10)) == 1

        assert not await stores.revocations.is_revoked("gone")
        for jti in ("stays", "longer", "shorter"):
            assert await stores.revocations.is_revoked(jti)
        assert await stores.revocations.forget_expired(Micros(20)) == 3
