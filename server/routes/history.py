"""`/api/rooms/<room>/history/<document>`: how a document came to be, for everybody who may enter the room."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from crdt_docs.ids import DocumentId, Seq, parse_document_id
from persistence.interfaces import MAX_ACTIVITY_STEPS, Extent, Micros
from server.errors import MalformedRequest
from server.history.stream import stream
from server.routes.described import described
from server.routes.http import authorized, json_response, services
from server.routes.listing import LARGEST, whole

history = Blueprint("history", __name__, url_prefix="/api/rooms/<room_text>/history/<document_text>")

DEFAULT_STEPS: Final = 600
_Whole = Annotated[int, Meta(ge=0, le=LARGEST)]


class Span(Struct, kw_only=True):
    """A span of time in steps; the whole log in 600 by default."""

    since: _Whole | UnsetType = UNSET
    until: _Whole | UnsetType = UNSET
    step: Annotated[int, Meta(ge=1, le=LARGEST)] | UnsetType = UNSET


class Instant(Struct, kw_only=True):
    """An instant in microseconds; now by default."""

    at: _Whole | UnsetType = UNSET


class Rows(Struct, kw_only=True):
    """Rows of a log, the whole of it by default."""

    after: Annotated[int, Meta(ge=0, le=LARGEST, description="The seq before the first row.")] = 0
    until: Annotated[int, Meta(ge=0, le=LARGEST, description="The seq of the last row.")] | UnsetType = UNSET
    keyframe: Annotated[int, Meta(ge=0, le=1, description="1: begin with a whole state, at or before `after`.")] = 0


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


@history.get("")
@document_querystring(Span)
@document_response(Timeline)
async def timeline(room_text: str, document_text: str) -> Response:
    """[HI2] Who added how much to a document when: `since` included, `until` not, 2000 steps at most."""
    document = await _document(room_text, document_text)
    log = services().stores.updates
    extent = await log.extent(document)
    since, until, step = _span(extent)
    found = await log.activity(document, since, until, step)
    told = [ActivityInfo(each.user, each.step, each.rows) for each in found]
    if extent is None:
        return json_response(Timeline(0, None, None, since, until, step, told))
    return json_response(Timeline(extent.head, extent.first_at, extent.last_at, since, until, step, told))


@history.get("/moment")
@document_querystring(Instant)
@document_response(Moment)
async def moment(room_text: str, document_text: str) -> Response:
    """[HI3] Where an instant is in the log."""
    document = await _document(room_text, document_text)
    parts = services()
    found = await parts.stores.updates.moment(document, Micros(whole("at", parts.clock.now_us())))
    return json_response(Moment(0, None) if found is None else Moment(*found))


@history.get("/updates")
@document_querystring(Rows)
@described(
    responses={
        200: {
            "description": "Keyframe, authors and rows as a stream of records; see the reference.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
)
async def updates(room_text: str, document_text: str) -> Response:
    """[HI1] The rows with `after` < seq ≤ `until` as a stream; a client builds the states of every instant from it."""
    document = await _document(room_text, document_text)
    stores = services().stores
    head = await stores.updates.head(document)
    after, until = Seq(whole("after", 0)), Seq(whole("until", head))
    keyframe = whole("keyframe", 0, most=1) == 1
    if not after <= until <= head:
        raise MalformedRequest(f"after must not be beyond until, nor until beyond the last row, {head}.")
    response = Response(stream(stores, document, after, until, keyframe=keyframe))
    response.timeout = None
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Cache-Control"] = "no-store"
    return response


async def _document(room_text: str, document_text: str) -> DocumentId:
    caller = await authorized(room_text)
    return parse_document_id(caller.room.id, document_text)


def _span(extent: Extent | None) -> tuple[Micros, Micros, Micros]:
    since = whole("since", extent.first_at if extent is not None else 0)
    until = whole("until", extent.last_at + 1 if extent is not None else since + 1)
    step = whole("step", max(1, -(-(until - since) // DEFAULT_STEPS)), least=1)
    if until <= since or until - since > MAX_ACTIVITY_STEPS * step:
        raise MalformedRequest(f"since must lie before until, with at most {MAX_ACTIVITY_STEPS} steps between them.")
    return Micros(since), Micros(until), Micros(step)
