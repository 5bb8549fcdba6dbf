"""`/api/rooms/<room>/invitations`: links that let people in with a role."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct
from quart import Blueprint, Response
from quart_schema import document_request, document_response

from crdt_docs.access import Permission
from persistence.interfaces import Invitation, Role
from server.auth.admission import Caller
from server.auth.identities import invitation_hash, new_invitation_key
from server.errors import PermissionRefused, UnknownInvitation
from server.routes.described import DONE, described
from server.routes.http import authorized, authorized_with, json_response, services

invitations = Blueprint("invitations", __name__, url_prefix="/api/rooms/<room_text>/invitations")


class NewInvitation(Struct):
    """A link to be made."""

    role: Literal["moderator", "member", "viewer"]
    label: Annotated[str, Meta(max_length=80)] = ""


class InvitationInfo(Struct):
    """What is known of a link; its key is not."""

    id: str
    role: Role
    label: str
    created_at: int
    revoked_at: int | None
    uses: int

    @classmethod
    def of(cls, kept: Invitation) -> InvitationInfo:
        """What may be told of one that is kept."""
        return cls(kept.id, kept.role, kept.label, kept.created_at, kept.revoked_at, kept.uses)


class Invitations(Struct):
    """Every link of a room, revoked ones too."""

    invitations: list[InvitationInfo]


class CreatedInvitation(Struct):
    """A new link; the key is told here, and kept nowhere."""

    invitation: InvitationInfo
    key: str
    link: str


@invitations.get("")
@document_response(Invitations)
async def read(room_text: str) -> Response:
    """[RT20] The links of the room, in the order in which they were made."""
    caller = await _moderator(room_text)
    kept = await services().stores.rooms.invitations(caller.room.id)
    return json_response(Invitations([InvitationInfo.of(each) for each in kept]))


@invitations.post("")
@document_request(NewInvitation)
@document_response(CreatedInvitation, 201)
async def create(room_text: str) -> Response:
    """[RT21] Make a link; one for moderators takes an owner."""
    caller, wanted = await authorized_with(room_text, NewInvitation)
    caller.require(Permission.MODERATE)
    role = Role(wanted.role)
    if role is Role.MODERATOR and caller.role is not Role.OWNER:
        raise PermissionRefused("Only the owner can invite moderators.")
    parts, key = services(), new_invitation_key()
    made = Invitation(
        caller.room.id, invitation_hash(key), role, parts.clock.now_us(), label=wanted.label, created_by=caller.user
    )  # fmt: skip
    await parts.stores.rooms.add_invitation(made)
    await parts.audit.note("invitation_created", caller.room.id, caller.user, id=made.id, role=role, label=made.label)
    link = f"/r/{caller.room.id}#k={key}"
    return json_response(CreatedInvitation(InvitationInfo.of(made), key, link), 201)


@invitations.delete("/<id_>")
@described(responses=DONE)
async def revoke(room_text: str, id_: str) -> Response:
    """[RT22] Let nobody in with this link any more; who came in with it stays."""
    caller, parts = await _moderator(room_text), services()
    if not await parts.stores.rooms.revoke_invitation(caller.room.id, id_, parts.clock.now_us()):
        raise UnknownInvitation
    await parts.audit.note("invitation_revoked", caller.room.id, caller.user, id=id_)
    return Response(b"", status=204)


async def _moderator(room_text: str) -> Caller:
    caller = await authorized(room_text)
    caller.require(Permission.MODERATE)
    return caller
