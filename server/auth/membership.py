"""How people become members of a room: who makes it, who joins with which role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from crdt_docs.access import Permissions
from crdt_docs.ids import UserId
from persistence.interfaces import Access, Invitation, Member, Micros, Role, RoomRecord, Rooms
from server.auth.identities import guest_hash, guest_user, invitation_hash, new_invitation_key, new_room_id, new_user
from server.auth.rights import highest
from server.errors import Banned, NotAdmitted

INVITED_ROLES = (Role.MEMBER, Role.MODERATOR, Role.VIEWER)
"""The roles for which a new room gets a link each."""
DEFAULT_ROOM_NAME = "Untitled room"
DEFAULT_OWNER_NAME = "Owner"


@dataclass(frozen=True, slots=True)
class CreatedRoom:
    """A new room, its owner and the keys of its invitation links, which are kept nowhere else."""

    room: RoomRecord
    owner: Member
    keys: dict[Role, str]


async def create_room(
    rooms: Rooms,
    now: Micros,
    *,
    name: str | None,
    access: Access,
    default_role: Role,
    permissions: Permissions,
    owner_name: str | None,
    owner_key: bytes | None,
) -> CreatedRoom:
    """[ME1] Make a room with an owner and one invitation for each role below his.

    Raises:
        StorageError: It could not be kept.
    """
    room = RoomRecord(new_room_id(), name or DEFAULT_ROOM_NAME, access, default_role, now, permissions=permissions)
    user = guest_user(owner_key) if owner_key is not None else new_user()
    hashed = guest_hash(owner_key) if owner_key is not None else None
    owner = Member(room.id, user, owner_name or DEFAULT_OWNER_NAME, Role.OWNER, hashed, now)
    await rooms.create(room)
    return await found_room(rooms, room, owner)


async def found_room(rooms: Rooms, room: RoomRecord, owner: Member) -> CreatedRoom:
    """Give a room that was just kept its owner and its invitations.

    Raises:
        StorageError: They could not be kept.
    """
    keys = {role: new_invitation_key() for role in INVITED_ROLES}
    await rooms.put_members(owner)
    for role, key in keys.items():
        await rooms.add_invitation(Invitation(room.id, invitation_hash(key), role, room.created_at))
    return CreatedRoom(room, owner, keys)


async def join_room(
    rooms: Rooms,
    room: RoomRecord,
    now: Micros,
    *,
    guest_key: bytes,
    name: str,
    key: str | None,
    check: Callable[[Member], None] = lambda _member: None,
) -> Member:
    """Let a guest in, or in again.

    Args:
        check: Raises when he cannot come in now, as the door or the space is; nothing is kept of him then.

    [ME2] The same guest key is the same user for ever. [ME3] Who is known keeps his role; a newcomer has the one of
    his invitation, or the default one where the room is open to its link. An invitation raises the role of who is
    known, unless a moderator has set it since the invitation was made. [ME4] Without any of them he stays out, and so
    does who was sent away or banned: for him only what is newer than that counts. [ME5] The name he gives now is his.

    Raises:
        Banned, NotAdmitted: He may not come in; a room with a lobby lets him knock.
        StorageError: It could not be looked up or kept.
    """
    hashed = guest_hash(guest_key)
    known = await rooms.member_by_guest(room.id, hashed) or await rooms.member(room.id, guest_user(guest_key))
    user = known.user if known is not None else guest_user(guest_key)
    if await rooms.banned(room.id, user, ""):
        raise Banned
    invitation = await _invitation(rooms, room, key, known)
    role = _role(room, known, invitation)
    if known is None:
        member = Member(room.id, user, name, role, hashed, now)
    else:
        member = replace(known, name=name, role=role, guest_hash=hashed, removed_at=None)
    check(member)
    if member != known:
        await rooms.put_members(member)
    if invitation is not None and (known is None or known.role is not role):
        await rooms.count_invitation_use(room.id, invitation.key_hash)
    return member


async def _invitation(rooms: Rooms, room: RoomRecord, key: str | None, known: Member | None) -> Invitation | None:
    """The invitation of that key, if it still says something to this person."""
    invitation = await rooms.invitation(room.id, invitation_hash(key)) if key else None
    if invitation is None or invitation.revoked_at is not None:
        return None
    newest = max(known.role_at, known.removed_at or 0) if known is not None else 0
    return invitation if invitation.created_at >= newest else None


def _role(room: RoomRecord, known: Member | None, invitation: Invitation | None) -> Role:
    if known is not None and known.removed_at is None:
        return highest(known.role, invitation.role) if invitation is not None else known.role
    if invitation is not None:
        return invitation.role
    if room.access is not Access.LINK:
        raise NotAdmitted
    return known.role if known is not None else room.default_role


async def rename_member(rooms: Rooms, room: RoomRecord, user: UserId, name: str) -> None:
    """Keep a member's new name.

    Raises:
        StorageError: It could not be kept.
    """
    member = await rooms.member(room.id, user)
    if member is not None and member.name != name:
        await rooms.put_members(replace(member, name=name))
