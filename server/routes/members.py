"""`/api/rooms/<room>/members/<user>`: what those who moderate do to one person."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, document_response

from crdt_docs.access import Permission
from crdt_docs.ids import UserId
from persistence.interfaces import Role
from server.auth.admission import Caller
from server.auth.rights import in_order, rights
from server.errors import MalformedRequest, PermissionRefused, Removed
from server.history.erasing import erase_content
from server.moderation.people import ban as ban_person
from server.moderation.people import change_member, hand_over
from server.moderation.people import kick as kick_person
from server.moderation.people import unban as unban_person
from server.retention import erase_person
from server.routes.described import DONE, described
from server.routes.http import authorized, authorized_with, json_response, services
from server.routes.queries import WithContent
from server.routes.rooms import Overrides

members = Blueprint("members", __name__, url_prefix="/api/rooms/<room_text>/members/<user>")


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


class Erased(Struct):
    """How many entries named the person and do no longer; of the content, how many changes and files."""

    erased: int
    rows: int = 0
    files: int = 0


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
    if not content:
        return json_response(Erased(await _forget(caller, UserId(user))))
    parts = services()
    parts.limits.erasures.take(caller.room.id)
    with parts.limits.running_erasures.one(""):
        erased = await _forget(caller, UserId(user))
        gone = await erase_content(parts, caller.room.id, UserId(user), caller.user)
    return json_response(Erased(erased, gone.rows, gone.files))


async def _forget(caller: Caller, user: UserId) -> int:
    """Erase what names a person, and end his pages: they would go on under the name, and write it anew."""
    parts = services()
    with parts.cursors.silenced(caller.room.id, user):
        erased = await erase_person(parts, caller.room.id, user, caller.user)
        parts.sessions.send_away(caller.room.id, Removed("Your data in this room was erased."), user=user)
    return erased


def wants_content() -> bool:
    """Whether the request asks for `content=true`.

    Raises:
        MalformedRequest: It says neither `true` nor `false`.
    """
    asked = request.args.get("content", "false")
    if asked not in ("true", "false"):
        raise MalformedRequest("content must be true or false.")
    return asked == "true"


def _done() -> Response:
    return Response(b"", status=204)
