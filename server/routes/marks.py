"""`/api/rooms/<room>/marks`: named moments, to be found again in the replay."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response
from quart_schema import document_request, document_response

from crdt_docs.access import Permission
from persistence.errors import QuotaExceeded
from persistence.interfaces import Mark
from server.auth.identities import clean_name
from server.errors import UnknownMark
from server.routes.described import DONE, described
from server.routes.http import authorized, authorized_with, json_response, services
from server.routes.instants import past_instant
from server.routes.listing import LARGEST

marks = Blueprint("marks", __name__, url_prefix="/api/rooms/<room_text>/marks")

MAX_MARKS: Final = 1000
"""Of one room."""
KIND: Final = "person"


class NewMark(Struct):
    """A moment and what it is called; the present one by default."""

    label: Annotated[
        str,
        Meta(max_length=400, description="1 to 80 visible characters; spaces run together.",
             extra_json_schema={"minLength": 1}),
    ]  # fmt: skip
    at: Annotated[int, Meta(ge=0, le=LARGEST)] | UnsetType = UNSET


class MarkInfo(Struct):
    """A named moment; `by` is who set it."""

    id: str
    at: int
    kind: str
    label: str
    by: str | None

    @classmethod
    def of(cls, mark: Mark) -> MarkInfo:
        """What is told of a mark that is kept."""
        return cls(mark.id, mark.at, mark.kind, mark.label, mark.user)


class Marks(Struct):
    """All of a room, in the order of their instants."""

    marks: list[MarkInfo]


@marks.get("")
@document_response(Marks)
async def read(room_text: str) -> Response:
    """[MK1] The marks of a room; everybody in it may see them."""
    caller = await authorized(room_text)
    return json_response(Marks([MarkInfo.of(mark) for mark in await services().stores.marks.of_room(caller.room.id)]))


@marks.post("")
@document_request(NewMark)
@document_response(MarkInfo, 201)
@described(refuses=(413, 416))
async def add(room_text: str) -> Response:
    """[MK2] Name a moment; whoever may chat may."""
    caller, wanted = await authorized_with(room_text, NewMark)
    caller.require(Permission.CHAT)
    parts = services()
    label, now = clean_name(wanted.label), parts.clock.now_us()
    at = past_instant(wanted.at, caller.room, now, "A mark lies")
    mark = Mark(secrets.token_hex(8), caller.room.id, at, KIND, label, caller.user, now)
    if not await parts.stores.marks.add(mark, most=MAX_MARKS):
        raise QuotaExceeded(f"A room may have {MAX_MARKS} marks.")
    return json_response(MarkInfo.of(mark), 201)


@marks.delete("/<mark>")
@described(responses=DONE)
async def remove(room_text: str, mark: str) -> Response:
    """[MK3] Take a mark away: one's own, or as who moderates."""
    caller = await authorized(room_text)
    kept = services().stores.marks
    found = next((each for each in await kept.of_room(caller.room.id) if each.id == mark), None)
    if found is None:
        raise UnknownMark
    caller.require(Permission.CHAT)
    if caller.user != found.user:
        caller.require(Permission.MODERATE)
    await kept.remove(caller.room.id, mark)
    return Response(b"", status=204)
