"""`/api/admin`: what the operator of an installation sees and does, beside the room routes that he may all use."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Final

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, document_response

from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import RoomId, UserId, parse_room_id
from persistence.interfaces import Micros, RoomRecord, RoomUsage
from persistence.sqlite import DATABASE_NAME
from server.auth.admission import find_room
from server.auth.failures import AUTHENTICATION_FAILURES, count_failure
from server.auth.identities import clean_name
from server.auth.rights import in_order
from server.auth.tokens import ADMIN_USER, ANY_ROOM, Claims
from server.errors import MalformedRequest, PermissionRefused, Removed, TokenExpired, TokenInvalid
from server.history.erasing import erase_content
from server.retention import erase_person
from server.routes.admin_shapes import (
    AdminRoom,
    MintedToken,
    NewToken,
    OpenSessionList,
    Overview,
    PersonList,
    PointList,
    RevokedToken,
    RoomList,
    StorageInfo,
)
from server.routes.described import DONE, described
from server.routes.health import VERSION
from server.routes.http import address, bearer, json_response, read_body, services
from server.routes.listing import concurrency as wanted_concurrency
from server.routes.members import Erased, wants_content
from server.routes.queries import AsCsv, PiecesOfRoom, StepsOfRoom, WithContent
from server.routes.spreadsheet import csv_response, wants_csv
from server.routes.statistics import EventList, told_events
from server.routes.statistics_shapes import (
    OPEN_SESSION_COLUMNS,
    PERSON_COLUMNS,
    POINT_COLUMNS,
    OpenSessionInfo,
    cells,
    open_session_info,
    person_info,
    point_info,
)
from server.signaling.messages import RoomInfo

admin = Blueprint("admin", __name__, url_prefix="/api/admin")

FOR_EVER: Final = Micros(2**40 * 1_000_000)
"""Later than any token expires."""
ERASED: Final = "What this server knew of you was erased."


@admin.before_request
async def _operator_only() -> None:
    """[AM1] Everything here is the operator's: others are refused, and without a good token nobody learns more.

    Raises:
        TokenInvalid, TokenExpired: There is no good token.
        PermissionRefused: It is not the operator's.
        RateLimited: Too many failures came from there.
        StorageError: It cannot be known whether it was revoked.
    """
    parts = services()
    try:
        claims = parts.tokens.read(bearer())
        if claims.jti and await parts.stores.revocations.is_revoked(claims.jti):
            raise TokenInvalid("This token was revoked.")
    except AUTHENTICATION_FAILURES as exc:
        count_failure(parts.limits, address(), exc)
        raise
    if not claims.admin:
        raise PermissionRefused("Only the operator of this server may do this.")


@admin.get("/overview")
@document_response(Overview)
async def overview() -> Response:
    """[AM2] How many rooms, people and pages there are now, and what is stored."""
    parts = services()
    kept = await parts.stores.rooms.all()
    live = parts.sessions.rooms()
    return json_response(
        Overview(
            name=parts.config.name,
            version=VERSION,
            now=parts.clock.now_us(),
            rooms=sum(room.deleted_at is None for room in kept),
            rooms_live=len(live),
            people_now=len({user for room in live for user in parts.sessions.people(room)}),
            sessions_now=sum(len(parts.sessions.pages(room)) for room in live),
            storage=await _storage(await parts.stores.usage()),
        )
    )


@admin.get("/rooms")
@document_response(RoomList)
async def rooms() -> Response:
    """[AM3] Every room with what it takes and who is in it now, deleted ones too."""
    parts = services()
    usage = {each.room: each for each in await parts.stores.usage()}
    # A room that was made in between is told the next time.
    kept = [room for room in await parts.stores.rooms.all() if room.id in usage]
    return json_response(RoomList([_room(room, usage[room.id]) for room in kept]))


@admin.get("/sessions")
@document_querystring(AsCsv)
@document_response(OpenSessionList)
@described(csv=True)
async def sessions() -> Response:
    """[AM4] The pages that are open now."""
    parts = services()
    now = parts.clock.now_us()
    pages = {page.author.session: page for room in parts.sessions.rooms() for page in parts.sessions.pages(room)}
    kept = await parts.stores.sessions.open_now()
    told: list[OpenSessionInfo] = [open_session_info(each, pages[each.id], now) for each in kept if each.id in pages]
    if wants_csv():
        return csv_response("live-sessions.csv", OPEN_SESSION_COLUMNS, [cells(session) for session in told])
    return json_response(OpenSessionList(told))


@admin.get("/people")
@document_querystring(AsCsv)
@document_response(PersonList)
@described(csv=True)
async def people() -> Response:
    """[AM5] Everybody who was ever here, over all rooms."""
    parts = services()
    found = await parts.stores.sessions.people(None, until=parts.clock.now_us())
    told = [person_info(person) for person in found]
    if wants_csv():
        return csv_response("people.csv", PERSON_COLUMNS, [cells(person) for person in told])
    return json_response(PersonList(told))


@admin.get("/concurrency")
@document_querystring(StepsOfRoom)
@document_response(PointList)
@described(csv=True)
async def concurrency() -> Response:
    """[AM6] How many were here at once, in all rooms or in one."""
    parts = services()
    points = await wanted_concurrency(parts.stores.sessions, _named_room(), parts.clock.now_us())
    told = [point_info(point) for point in points]
    if wants_csv():
        return csv_response("concurrent-users.csv", POINT_COLUMNS, [cells(point) for point in told])
    return json_response(PointList(told))


@admin.get("/events")
@document_querystring(PiecesOfRoom)
@document_response(EventList)
@described(csv=True)
async def events() -> Response:
    """[AM7] The audit trail of everything, or of one room, or of one kind."""
    return await told_events(_named_room(), request.args.get("kind") or None)


@admin.post("/tokens")
@document_request(NewToken)
@document_response(MintedToken, 201)
@described(refuses=(404, 410))
async def mint() -> Response:
    """[AM8] Make a token that is told here, and kept nowhere."""
    parts = services()
    wanted = await read_body(NewToken)
    if wanted.sub == ADMIN_USER:
        raise MalformedRequest(f"The user id {ADMIN_USER} is the operator's.")
    room = None if wanted.room == ANY_ROOM else (await find_room(parts.stores, wanted.room)).id
    permissions = None if wanted.permissions is None else frozenset(wanted.permissions)
    jti = secrets.token_urlsafe(12)
    claims = Claims(UserId(wanted.sub), clean_name(wanted.name), wanted.room, wanted.role, permissions, jti=jti)
    token, expires_at = parts.tokens.issue(claims, wanted.seconds)
    told = {} if permissions is None else {"permissions": [each.value for each in in_order(permissions)]}
    await parts.audit.note(
        "token_minted", room, ADMIN_USER, user=wanted.sub, role=wanted.role, jti=jti, expires_at=expires_at, **told
    )
    return json_response(MintedToken(token, expires_at, jti), 201)


@admin.post("/tokens/revoke")
@document_request(RevokedToken)
@described(responses=DONE)
async def revoke() -> Response:
    """[AM9] Make a token void. Pages that live on it end at once."""
    parts = services()
    jti, expires_at = _named_token(await read_body(RevokedToken))
    if jti is not None:
        await parts.stores.revocations.revoke(jti, expires_at)
        await parts.audit.note("token_revoked", None, ADMIN_USER, jti=jti)
        error = TokenInvalid("Your token was revoked.")
        for room in parts.sessions.rooms():
            for page in parts.sessions.pages(room):
                if any(shown.jti == jti for shown in page.tokens):
                    page.end(error)
    return Response(b"", status=204)


@admin.delete("/people/<user>")
@document_querystring(WithContent)
@document_response(Erased)
async def erase(user: str) -> Response:
    """[AM10] Forget who a person is, in every room, and what he drew and wrote if asked; if he is here, his pages
    end."""
    if not wants_content():
        return json_response(Erased(await _forget(UserId(user))))
    parts = services()
    with parts.limits.running_erasures.one(""):
        erased = await _forget(UserId(user))
        gone = await erase_content(parts, None, UserId(user), ADMIN_USER)
    return json_response(Erased(erased, gone.rows, gone.files))


async def _forget(user: UserId) -> int:
    """Erase what names a person anywhere, and end his pages."""
    parts = services()
    with parts.cursors.silenced(None, user):
        erased = await erase_person(parts, None, user, ADMIN_USER)
        for room in parts.sessions.rooms():
            parts.sessions.send_away(room, Removed(ERASED), user=user)
    return erased


def _room(room: RoomRecord, usage: RoomUsage) -> AdminRoom:
    book = services().sessions
    return AdminRoom(
        RoomInfo.of(room), room.created_at, room.deleted_at, len(book.people(room.id)), len(book.pages(room.id)),
        usage.members, usage.rows, usage.update_bytes, usage.asset_bytes, usage.last_activity,
    )  # fmt: skip


async def _storage(usage: list[RoomUsage]) -> StorageInfo:
    database = services().config.data / DATABASE_NAME
    return StorageInfo(
        database_bytes=await asyncio.to_thread(_size, database),
        update_rows=sum(each.rows for each in usage),
        update_bytes=sum(each.update_bytes for each in usage),
        assets=sum(each.assets for each in usage),
        asset_bytes=sum(each.asset_bytes for each in usage),
    )


def _size(database: Path) -> int:
    """Bytes of the database and its write-ahead log."""
    files = (database, database.with_name(database.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _named_room() -> RoomId | None:
    """The room that the query names, which may be deleted.

    Raises:
        MalformedRequest: It is no room's id.
    """
    text = request.args.get("room")
    try:
        return parse_room_id(text) if text else None
    except InvalidRoomId as exc:
        raise MalformedRequest("room must be the id of a room.") from exc


def _named_token(wanted: RevokedToken) -> tuple[str | None, Micros]:
    """The id of the token and when it expires by itself; None for one that did.

    Raises:
        MalformedRequest: Not exactly one is named, it is not good here, or has no id.
    """
    if (wanted.token is None) is (wanted.jti is None):
        raise MalformedRequest("Name either the token or its id (jti).")
    if wanted.token is None:
        return wanted.jti, FOR_EVER
    try:
        claims = services().tokens.read(wanted.token.strip())
    except TokenExpired:
        return None, FOR_EVER
    except TokenInvalid as exc:
        raise MalformedRequest("This is not a token of this server.") from exc
    if not claims.jti:
        raise MalformedRequest("This token has no id (jti), so it cannot be revoked: it lives until it expires.")
    return claims.jti, claims.expires_at
