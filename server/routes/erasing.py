"""Erasing a person, in one room or in all: what both routes do that are asked to."""

from __future__ import annotations

from msgspec import Struct
from quart import Response, request

from crdt_docs.ids import RoomId, UserId
from server.errors import MalformedRequest, Removed
from server.history.erasing import erase_content
from server.retention import erase_person
from server.routes.http import json_response, services


class Erased(Struct):
    """How many entries named the person and do no longer; of the content, how many changes and files."""

    erased: int
    rows: int = 0
    files: int = 0


def wants_content() -> bool:
    """Whether the request asks for `content=true`.

    Raises:
        MalformedRequest: It says neither `true` nor `false`.
    """
    asked = request.args.get("content", "false")
    if asked not in ("true", "false"):
        raise MalformedRequest("content must be true or false.")
    return asked == "true"


async def erased(room: RoomId | None, user: UserId, by: UserId, told: str, *, content: bool) -> Response:
    """Forget who a person is, in one room or (None) everywhere, and what he drew and wrote if that is asked.

    Args:
        told: Why he is sent away.

    Raises:
        RateLimited: Content is being erased already, or was too often in the room; nothing was erased.
        CorruptLog, StorageError: Not all of it was.
    """
    if not content:
        return json_response(Erased(await _forget(room, user, by, told)))
    parts = services()
    if room is not None:
        parts.limits.erasures.take(room)
    with parts.limits.running_erasures.one(""):
        entries = await _forget(room, user, by, told)
        gone = await erase_content(parts, room, user, by)
    return json_response(Erased(entries, gone.rows, gone.files))


async def _forget(room: RoomId | None, user: UserId, by: UserId, told: str) -> int:
    """Erase what names a person, and end his pages: they would go on under the name, and write it anew."""
    parts = services()
    with parts.cursors.silenced(room, user):
        entries = await erase_person(parts, room, user, by)
        for each in parts.sessions.rooms() if room is None else [room]:
            parts.sessions.send_away(each, Removed(told), user=user)
    return entries
