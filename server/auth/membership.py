"""How people become members of a room: who makes it, who joins with which role."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crdt_docs.ids import UserId
from persistence.interfaces import Access, Invitation, Member, Micros, Role, RoomRecord, Rooms
from server.auth.identities import guest_hash, guest_user, invitation_hash, new_invitation_key, new_room_id, new_user
from server.auth.roles import highest
from server.errors import NotAdmitted

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
    owner_name: str | None,
    owner_key: bytes | None,
) -> CreatedRoom:
    """[ME1] Make a room with an owner and one invitation for each role below his.

    Raises:
        StorageError: It could not be kept.
    """
    room = RoomRecord(new_room_id(), name or DEFAULT_ROOM_NAME, access, default_role, now)
    user = guest_user(owner_key) if owner_key is not None else new_user()
    hashed = guest_hash(owner_key) if owner_key is not None else None
    owner = Member(room.id, user, owner_name or DEFAULT_OWNER_NAME, Role.OWNER, hashed, now)
    keys = {role: new_invitation_key() for role in INVITED_ROLES}
    await rooms.create(room)
    await rooms.put_member(owner)
    for role, key in keys.items():
        await rooms.add_invitation(Invitation(room.id, invitation_hash(key), role, now))
    return CreatedRoom(room, owner, keys)


async def join_room(
    rooms: Rooms, room: RoomRecord, now: Micros, *, guest_key: bytes, name: str, key: str | None
) -> Member:
    """Let a guest in, or in again.

    [ME2] The same guest key is the same user for ever. [ME3] His role is the highest of the one he had, the one his
    invitation gives and, in a room that is open to its link, the default one. [ME4] Without any of them he stays out.
    [ME5] The name he gives now is his name.

    Raises:
        NotAdmitted: The room is for invited people.
        StorageError: It could not be looked up or kept.
    """
    hashed = guest_hash(guest_key)
    known = await rooms.member_by_guest(room.id, hashed)
    roles = [known.role] if known is not None else []
    if key:
        invitation = await rooms.invitation(room.id, invitation_hash(key))
        if invitation is not None and invitation.revoked_at is None:
            roles.append(invitation.role)
    if room.access is Access.LINK:
        roles.append(room.default_role)
    if not roles:
        raise NotAdmitted
    role = highest(*roles)
    if known is None:
        member = Member(room.id, guest_user(guest_key), name, role, hashed, now)
    else:
        member = replace(known, name=name, role=role)
    if member != known:
        await rooms.put_member(member)
    return member


async def rename_member(rooms: Rooms, room: RoomRecord, user: UserId, name: str) -> None:
    """Keep a member's new name.

    Raises:
        StorageError: It could not be kept.
    """
    member = await rooms.member(room.id, user)
    if member is not None and member.name != name:
        await rooms.put_member(replace(member, name=name))
