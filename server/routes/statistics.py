"""`/api/rooms/<room>/sessions`, `/events` and `/stats`: what happened in a room, for those who moderate it."""

from __future__ import annotations

from functools import partial

from msgspec import Struct
from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId
from persistence.interfaces import Event, Micros, RoomRecord, SessionRecord, Sessions
from server.auth.admission import Caller
from server.routes.described import described
from server.routes.http import authorized, json_response, services
from server.routes.listing import Piece, concurrency, csv_list, wanted_piece
from server.routes.queries import Pieces, Steps
from server.routes.spreadsheet import csv_response, wants_csv
from server.routes.statistics_shapes import (
    EVENT_COLUMNS,
    PERSON_COLUMNS,
    SESSION_COLUMNS,
    EventInfo,
    PersonInfo,
    PointInfo,
    SessionInfo,
    cells,
    event_info,
    person_info,
    point_info,
    session_info,
)

statistics = Blueprint("statistics", __name__, url_prefix="/api/rooms/<room_text>")


class SessionList(Struct):
    """Sessions, the newest first, and what to ask for as `before` to get those behind them."""

    sessions: list[SessionInfo]
    next: int | None


class EventList(Struct):
    """Events, the newest first, and what to ask for as `before` to get those behind them."""

    events: list[EventInfo]
    next: int | None


class Concurrent(Struct):
    """How many are here now, and the most who ever were at once."""

    people: int
    sessions: int
    peak_people: int


class RoomStatistics(Struct):
    """What everybody did in a room, how many there are, and how many were there at which time."""

    people: list[PersonInfo]
    concurrent: Concurrent
    concurrency: list[PointInfo]


@statistics.get("/sessions")
@document_querystring(Pieces)
@document_response(SessionList)
@described(csv=True)
async def sessions(room_text: str) -> Response:
    """[ST2] The sessions of the room, the newest first."""
    caller, parts = await _moderator(room_text), services()
    now = parts.clock.now_us()
    read = partial(_read_sessions, parts.stores.sessions, caller.room.id)
    unwritten = {page.author.session: page.counts(now) for page in parts.sessions.pages(caller.room.id)}

    def told(session: SessionRecord) -> SessionInfo:
        return session_info(session, now, unwritten.get(session.id))

    listed = await csv_list("sessions", SESSION_COLUMNS, read, lambda session: cells(told(session)))
    if listed is not None:
        return listed
    piece = await wanted_piece(read)
    return json_response(SessionList([told(session) for session in piece.rows], piece.next))


@statistics.get("/events")
@document_querystring(Pieces)
@document_response(EventList)
@described(csv=True)
async def events(room_text: str) -> Response:
    """[ST3] The audit trail of the room, the newest first."""
    caller = await _moderator(room_text)
    return await told_events(caller.room.id, kind=None)


@statistics.get("/stats")
@document_querystring(Steps)
@document_response(RoomStatistics)
@described(csv=True)
async def stats(room_text: str) -> Response:
    """[ST8] What everybody did in the room, how many are here now, were at most, and were at which time."""
    caller, parts = await _moderator(room_text), services()
    room, now = caller.room, parts.clock.now_us()
    people = [person_info(person) for person in await parts.stores.sessions.people(room.id, until=now)]
    if wants_csv():
        return csv_response("people.csv", PERSON_COLUMNS, [cells(person) for person in people])
    points = await concurrency(parts.stores.sessions, room.id, now)
    here, pages = len(parts.sessions.people(room.id)), len(parts.sessions.pages(room.id))
    concurrent = Concurrent(here, pages, await _peak(parts.stores.sessions, room, now))
    return json_response(RoomStatistics(people, concurrent, [point_info(point) for point in points]))


async def told_events(room: RoomId | None, kind: str | None) -> Response:
    """Events of a room, or (None) of every room and of the installation, as the request wants them.

    Raises:
        MalformedRequest, StorageError: As `wanted_piece`.
    """
    store = services().stores.events

    async def read(before: int | None, limit: int) -> Piece[Event]:
        if room is None:
            found = await store.all(before=before, limit=limit + 1, kind=kind)
        else:
            found = await store.of_room(room, before=before, limit=limit + 1, kind=kind)
        return Piece(found[:limit], found[limit - 1].id if len(found) > limit else None)

    listed = await csv_list("events", EVENT_COLUMNS, read, lambda event: cells(event_info(event)))
    if listed is not None:
        return listed
    piece = await wanted_piece(read)
    return json_response(EventList([event_info(event) for event in piece.rows], piece.next))


async def _read_sessions(store: Sessions, room: RoomId, before: int | None, limit: int) -> Piece[SessionRecord]:
    """Sessions that began at the same instant are never parted: `before` could name neither half of them. Such a piece
    is shorter or, where it is all one instant, longer than the limit."""
    found = await store.of_room(room, before=None if before is None else Micros(before), limit=limit + 1)
    if len(found) <= limit:
        return Piece(found, None)
    cut = found[limit].joined_at
    whole = [session for session in found if session.joined_at > cut]
    if not whole:
        return await _read_sessions(store, room, before, 2 * limit)
    return Piece(whole, whole[-1].joined_at)


async def _peak(store: Sessions, room: RoomRecord, now: Micros) -> int:
    """The most people who were ever here at once."""
    step = Micros(max(1, now - room.created_at + 1))
    points = await store.concurrency(room.id, room.created_at, Micros(room.created_at + step), step)
    return max((point.people for point in points), default=0)


async def _moderator(room_text: str) -> Caller:
    caller = await authorized(room_text)
    caller.require(Permission.MODERATE)
    return caller
