"""`POST /api/rooms/<room>/branch`: start again from any moment."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response
from quart_schema import document_request, document_response

from persistence.interfaces import Member, Micros, Role
from persistence.sqlite import DATABASE_NAME
from server.auth.admission import Caller
from server.auth.identities import clean_name, new_user
from server.history.branch import branch
from server.routes.described import described
from server.routes.http import address, authorized_with, services
from server.routes.instants import past_instant
from server.routes.listing import LARGEST
from server.routes.rooms import CreatedEntry, Name, check_creator, created

branches = Blueprint("branches", __name__, url_prefix="/api/rooms/<room_text>/branch")


class NewBranch(Struct):
    """From which instant on (the present one by default), and what the new room is called (as the origin)."""

    at: Annotated[int, Meta(ge=0, le=LARGEST, description="Microseconds since 1970-01-01 UTC.")] | UnsetType = UNSET
    name: Name | UnsetType = UNSET


@branches.post("")
@document_request(NewBranch)
@document_response(CreatedEntry, 201)
@described(refuses=(416, 429))
async def create(room_text: str) -> Response:
    """[HI7] Make a room that begins as this one was at an instant. Whoever is in may, if he may make rooms at all."""
    caller, wanted = await authorized_with(room_text, NewBranch)
    parts = services()
    check_creator(caller.claims)
    name = caller.room.name if wanted.name is UNSET else clean_name(wanted.name)
    now = parts.clock.now_us()
    at = past_instant(wanted.at, caller.room, now, "A branch begins")
    parts.limits.creations.take(address())
    by = await parts.stores.rooms.member(caller.room.id, caller.user) or _as_member(caller, now)
    database = parts.config.data / DATABASE_NAME
    made = await branch(parts.stores, database, caller.room, at, name=name, by=by, now=now)
    await parts.audit.note("room_branched", caller.room.id, caller.user, branch=made.room.id, instant=at)
    await parts.audit.note("room_created", made.room.id, caller.user, origin=caller.room.id, instant=at)
    return created(made)


def _as_member(caller: Caller, now: Micros) -> Member:
    """Somebody of whom the room keeps nothing, the operator say."""
    user = new_user() if caller.admin else caller.user
    return Member(caller.room.id, user, caller.claims.name, Role.OWNER, None, now)
