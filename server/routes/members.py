"""`/api/rooms/<room>/members/<user>`: what those who moderate do to one person."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct
from quart import Blueprint, Response
from quart_schema import document_querystring, document_request, document_response

from crdt_docs.access import Permission
from crdt_docs.ids import UserId
from persistence.interfaces import Role
from server.auth.rights import in_order, rights
from server.errors import PermissionRefused
from server.moderation.people import ban as ban_person
from server.moderation.people import change_member, hand_over
from server.moderation.people import kick as kick_person
from server.moderation.people import unban as unban_person
from server.routes.described import DONE, described
from server.routes.erasing import Erased, erased, wants_content
from server.routes.http import authorized, authorized_with, json_response, services
from server.routes.queries import WithContent
from server.routes.rooms import Overrides

members = Blueprint("members", __name__, url_prefix="/api/rooms/<room_text>/members/<user>")

ERASED: Final = "Your data in this room was erased."


class MemberChange(Struct):
    """Another role, or single permissions: true grants, false takes, null gives back to the role."""

    role: Role | None = None
    overrides: Annotated[
        dict[Permission, bool | None], Meta(extra_json_schema={"propertyNames": {"enum": list(Permission)}})
    ] = {}


class Reason(Struct):
    """Why; told to the person."""

    reason: Annotated[str, Meta(max_length=300)] = ""


class MemberRights(Struct):
    """What a person may do after a change."""

    sub: str
    role: Role
    permissions: tuple[Permission, ...]
    overrides: Overrides


@members.patch("")
@document_request(MemberChange)
@document_response(MemberRights)
async def change(room_text: str, user: str) -> Response:
    """[RT14] Give a person another role, or set single permissions for him."""
    caller, wanted = await authorized_with(room_text, MemberChange)
    member = await change_member(
        services(), caller, UserId(user), role=wanted.role, overrides=wanted.overrides
    )  # fmt: skip
    permissions = in_order(rights(member.role, caller.room, member.overrides))
    return json_response(MemberRights(member.user, member.role, permissions, dict(member.overrides)))


@members.post("/kick")
@document_request(Reason)
@described(responses=DONE)
async def kick(room_text: str, user: str) -> Response:
    """[RT15] Send a person away; he may join again as a newcomer may."""
    caller, wanted = await authorized_with(room_text, Reason)
    await kick_person(services(), caller, UserId(user), wanted.reason)
    return _done()


@members.post("/ban")
@document_request(Reason)
@described(responses=DONE)
async def ban(room_text: str, user: str) -> Response:
    """[RT16] Send a person away for good."""
    caller, wanted = await authorized_with(room_text, Reason)
    await ban_person(services(), caller, UserId(user), wanted.reason)
    return _done()


@members.post("/unban")
@described(responses=DONE)
async def unban(room_text: str, user: str) -> Response:
    """[RT17] Let a banned person come back."""
    await unban_person(services(), await authorized(room_text), UserId(user))
    return _done()


@members.post("/handover")
@described(responses=DONE)
async def handover(room_text: str, user: str) -> Response:
    """[RT18] Give one's own role to a person, and step down."""
    await hand_over(services(), await authorized(room_text), UserId(user))
    return _done()


@members.delete("/data")
@document_querystring(WithContent)
@document_response(Erased)
async def erase(room_text: str, user: str) -> Response:
    """[RT19] Forget who a person is; he himself and the owner may. What he drew and wrote stays, by nobody, unless
    content is asked to go too."""
    content = wants_content()
    caller = await authorized(room_text)
    if caller.user != user:
        caller.require(Permission.MODERATE)
        if caller.role is not Role.OWNER:
            raise PermissionRefused("Only the person himself and the owner can have his data erased.")
    return await erased(caller.room.id, UserId(user), caller.user, ERASED, content=content)


def _done() -> Response:
    return Response(b"", status=204)
