"""`/api/rooms/<room>/history`: how its documents came to be, for everybody who may enter the room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from crdt_docs.errors import DocumentError
from crdt_docs.ids import DocumentId, Seq, parse_document_id
from persistence.interfaces import ACTIVITY_SLOT, MAX_ACTIVITY_STEPS, Extent, Micros, RoomRecord, SessionRecord
from server.auth.admission import AdmissionParts, authorize
from server.auth.identities import color_of
from server.errors import MalformedRequest, RangeInvalid, ServerError
from server.history.stream import stream
from server.history.telling import told_trails
from server.routes.described import described
from server.routes.http import authorized, bearer, json_response, services
from server.routes.instants import check_instant
from server.routes.listing import LARGEST, whole
from server.routes.marks import MarkInfo

history = Blueprint("history", __name__, url_prefix="/api/rooms/<room_text>/history")

DEFAULT_STEPS: Final = 600
MAX_SESSIONS: Final = 2000
_Instant = Annotated[int, Meta(ge=0, le=LARGEST, description="Microseconds since 1970-01-01 UTC.")]


class Span(Struct, kw_only=True):
    """A span of time in steps; the whole log in 600 by default."""

    since: _Instant | UnsetType = UNSET
    until: _Instant | UnsetType = UNSET
    step: Annotated[int, Meta(ge=1, le=LARGEST, description="The length of a step in microseconds.")] | UnsetType = (
        UNSET
    )


class Window(Struct, kw_only=True):
    """A span of time; from the room's beginning until now by default."""

    since: _Instant | UnsetType = UNSET
    until: _Instant | UnsetType = UNSET


class Instant(Struct, kw_only=True):
    """An instant in microseconds; now by default."""

    at: _Instant | UnsetType = UNSET


class Rows(Struct, kw_only=True):
    """Rows of a log, the whole of it by default; or what makes the state at an instant."""

    after: Annotated[int, Meta(ge=0, le=LARGEST, description="The seq before the first row.")] = 0
    until: Annotated[int, Meta(ge=0, le=LARGEST, description="The seq of the last row.")] | UnsetType = UNSET
    at: Annotated[int, Meta(ge=0, le=LARGEST, description="The instant whose row is both.")] | UnsetType = UNSET
    keyframe: Annotated[int, Meta(ge=0, le=1, description="1: begin with a whole state, at or before `after`.")] = 0


class DocumentExtent(Struct):
    """A document that was written to, from when to when."""

    name: str
    head: int
    first_at: int
    last_at: int


class Participant(Struct):
    """Somebody who ever was a member, and since when; his colour is that of his cursor."""

    sub: str
    name: str
    color: str
    joined_at: int


class Stay(Struct):
    """Somebody had a page open from when to when; `left_at` is None while it is."""

    sub: str
    joined_at: int
    left_at: int | None


class RoomTime(Struct):
    """A room and when it was made."""

    id: str
    name: str
    created_at: int


class RoomHistory(Struct):
    """What there is to see again in a room; of the stays the newest 2000, in the order of their beginnings."""

    room: RoomTime
    documents: list[DocumentExtent]
    people: list[Participant]
    sessions: list[Stay]
    marks: list[MarkInfo]


class ActivityInfo(Struct):
    """How many rows somebody added in one step, counted from 0."""

    user: str
    step: int
    rows: int


class Timeline(Struct):
    """From when to when a log goes, and who was active when. A log without rows has the head 0 and no instants."""

    head: int
    first_at: int | None
    last_at: int | None
    since: int
    until: int
    step: int
    activity: list[ActivityInfo]


class Moment(Struct):
    """The last row at or before an instant; seq 0 when there is none."""

    seq: int
    at: int | None


class Authors(Struct):
    """Whose the Yjs client ids of a document are; None: it came back in recovery, and nobody knows."""

    clients: dict[str, str | None]


@history.get("")
@document_response(RoomHistory)
async def overview(room_text: str) -> Response:
    """[HI5] What a room has that can be seen again, and who was there when."""
    room, stores = (await authorized(room_text)).room, services().stores
    documents = []
    for document in await stores.updates.documents(room.id):
        if (extent := await stores.updates.extent(document)) is not None:
            documents.append(DocumentExtent(document.name, extent.head, extent.first_at, extent.last_at))
    members = await stores.rooms.members(room.id)
    people = [Participant(each.user, each.name, color_of(each.user), each.joined_at) for each in members]
    newest = await stores.sessions.of_room(room.id, limit=MAX_SESSIONS)
    marks = [MarkInfo.of(mark) for mark in await stores.marks.of_room(room.id)]
    created = RoomTime(room.id, room.name, room.created_at)
    return json_response(RoomHistory(created, documents, people, [_stay(each) for each in reversed(newest)], marks))


@history.get("/cursors")
@document_querystring(Window)
@described(
    refuses=(416,),
    responses={
        200: {
            "description": "A JSON object a line: trails, and last the end; see the reference.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def cursors(room_text: str) -> Response:
    """[HI8] Where people pointed on the whiteboard: `since` included, `until` not; by default all that is kept."""
    room = (await authorized(room_text)).room
    since, until = _window(room)
    lines = told_trails(services().stores.cursors, services().cursors.unwritten(room.id), room.id, since, until)
    return _streamed(_while_allowed(lines, services(), room_text, bearer()), "application/x-ndjson")


@history.get("/<document_text>")
@document_querystring(Span)
@document_response(Timeline)
@described(refuses=(416,))
async def timeline(room_text: str, document_text: str) -> Response:
    """[HI2] Who added how much to a document when: `since` included, `until` not, 2000 steps at most.

    Steps of ten seconds and more are whole tens of seconds, from a whole ten on: the answer says which.
    """
    document = await _document(room_text, document_text)
    log = services().stores.updates
    extent = await log.extent(document)
    since, until, step = _span(extent)
    found = await log.activity(document, since, until, step)
    told = [ActivityInfo(each.user, each.step, each.rows) for each in found]
    if extent is None:
        return json_response(Timeline(0, None, None, since, until, step, told))
    return json_response(Timeline(extent.head, extent.first_at, extent.last_at, since, until, step, told))


@history.get("/<document_text>/moment")
@document_querystring(Instant)
@document_response(Moment)
@described(refuses=(416,))
async def moment(room_text: str, document_text: str) -> Response:
    """[HI3] Where an instant is in the log."""
    caller = await authorized(room_text)
    document = parse_document_id(caller.room.id, document_text)
    parts = services()
    at = Micros(whole("at", parts.clock.now_us()))
    check_instant(at, caller.room)
    found = await parts.stores.updates.moment(document, at)
    return json_response(Moment(0, None) if found is None else Moment(*found))


@history.get("/<document_text>/updates")
@document_querystring(Rows)
@described(
    refuses=(416,),
    responses={
        200: {
            "description": "Keyframe, authors and rows as a stream of records; see the reference.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def updates(room_text: str, document_text: str) -> Response:
    """[HI1] The rows with `after` < seq ≤ `until` as a stream; a client builds the states of every instant from it."""
    caller = await authorized(room_text)
    document = parse_document_id(caller.room.id, document_text)
    after, until = await _rows(document, caller.room)
    chunks = stream(services().stores, document, after, until, keyframe=whole("keyframe", 0, most=1) == 1)
    return _streamed(_while_allowed(chunks, services(), room_text, bearer()), "application/octet-stream")


@history.get("/<document_text>/authors")
@document_response(Authors)
async def authors(room_text: str, document_text: str) -> Response:
    """[HI6] Whose the client ids are under which a document was written: who made an element is who has its map's."""
    document = await _document(room_text, document_text)
    bindings = await services().stores.updates.bindings(document)
    return json_response(Authors({str(each.client): each.user for each in bindings}))


def _streamed(chunks: AsyncIterator[bytes], content_type: str) -> Response:
    response = Response(chunks)
    response.timeout = None
    response.headers["Content-Type"] = content_type
    response.headers["Cache-Control"] = "no-store"
    return response


async def _while_allowed(
    chunks: AsyncIterator[bytes], parts: AdmissionParts, room_text: str, token: str | None
) -> AsyncIterator[bytes]:
    """[HI4] Go on until whoever reads may not enter any more, or the room is deleted: then the end is missing."""
    async for chunk in chunks:
        yield chunk
        try:
            await authorize(parts, room_text, token)
        except (DocumentError, ServerError):
            return


async def _rows(document: DocumentId, room: RoomRecord) -> tuple[Seq, Seq]:
    """[HI3] The seq before the first row that the query asks for, and that of the last one."""
    log = services().stores.updates
    if "at" in request.args:
        if request.args.keys() & {"after", "until"}:
            raise MalformedRequest("at stands for after and until: ask for it, or for them.")
        at = Micros(whole("at", 0))
        check_instant(at, room)
        found = await log.moment(document, at)
        last = found[0] if found is not None else Seq(0)
        return last, last
    head = await log.head(document)
    after, until = Seq(whole("after", 0)), Seq(whole("until", head))
    if not after <= until <= head:
        raise RangeInvalid(f"after must not be beyond until, nor until beyond the last row, {head}.")
    return after, until


def _window(room: RoomRecord) -> tuple[Micros, Micros]:
    """[HI4] The span of time that the query asks for."""
    since = Micros(whole("since", room.created_at))
    until = Micros(whole("until", max(since, services().clock.now_us()) + 1))
    check_instant(since, room)
    if until <= since:
        raise RangeInvalid("since must lie before until.")
    return since, until


async def _document(room_text: str, document_text: str) -> DocumentId:
    caller = await authorized(room_text)
    return parse_document_id(caller.room.id, document_text)


def _stay(session: SessionRecord) -> Stay:
    return Stay(session.user, session.joined_at, session.left_at)


def _span(extent: Extent | None) -> tuple[Micros, Micros, Micros]:
    since = whole("since", extent.first_at if extent is not None else 0)
    until = whole("until", extent.last_at + 1 if extent is not None else since + 1)
    step = whole("step", max(1, -(-(until - since) // DEFAULT_STEPS)), least=1)
    if step >= ACTIVITY_SLOT:
        since = since // ACTIVITY_SLOT * ACTIVITY_SLOT
        until, step = _slots(until), _slots(step)
    if until <= since or until - since > MAX_ACTIVITY_STEPS * step:
        raise RangeInvalid(f"since must lie before until, with at most {MAX_ACTIVITY_STEPS} steps between them.")
    return Micros(since), Micros(until), Micros(step)


def _slots(length: int) -> int:
    """Rounded up to whole slots."""
    return -(-length // ACTIVITY_SLOT) * ACTIVITY_SLOT
