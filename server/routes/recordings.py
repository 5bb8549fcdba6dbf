"""`/api/rooms/<room>/recordings`: recorded calls, to be listed, played and deleted; `…/recording`: start and stop."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response, request
from quart_schema import document_headers, document_querystring, document_response

from crdt_docs.access import Permission
from persistence.errors import AssetMissing
from persistence.interfaces import Recording, RecordingTrack
from server.auth.admission import Caller, authorize
from server.routes.assets import DownloadHeaders
from server.routes.described import DONE, described
from server.routes.http import authorized, bearer, failures_counted, json_response, services
from server.routes.ranges import wanted_range

recordings = Blueprint("recordings", __name__, url_prefix="/api/rooms/<room_text>")

_FILE: Final[dict[str, Any]] = {"content": {"*/*": {}}}


class TrackInfo(Struct):
    """A file: what one page sent of one kind. Its time 0 is `started_at`."""

    file: str
    session: str
    user: str
    kind: str
    codec: str
    mime_type: str
    started_at: int
    ended_at: int
    bytes: int


class RecordingInfo(Struct):
    """A recorded call; `by` is who started it, `stopped_by` who or what ended it."""

    id: str
    by: str
    started_at: int
    ended_at: int
    stopped_by: str
    tracks: list[TrackInfo]

    @classmethod
    def of(cls, kept: Recording) -> RecordingInfo:
        """What is told of one that is kept."""
        tracks = [
            TrackInfo(each.file, each.session, each.user, each.kind, each.codec, type_of(each), each.begun_at,
                      each.ended_at, each.bytes)
            for each in kept.tracks
        ]  # fmt: skip
        return cls(kept.id, kept.starter, kept.started_at, kept.ended_at, kept.stopped_by, tracks)


class Recordings(Struct):
    """All of a room, in the order of their beginnings."""

    recordings: list[RecordingInfo]


class Started(Struct):
    """A recording that has been started."""

    id: str


class TokenInQuery(Struct, kw_only=True):
    """For who cannot send headers."""

    token: (
        Annotated[str, Meta(description="The room token, where no Authorization header can be sent.")] | UnsetType
    ) = UNSET


def type_of(track: RecordingTrack) -> str:
    """The type of a track's file."""
    sort = "audio" if track.codec == "opus" else "video"
    return f"{sort}/webm" if track.file.endswith(".webm") else f"{sort}/x-matroska"


@recordings.get("/recordings")
@document_response(Recordings)
async def listed(room_text: str) -> Response:
    """[RC11] The recorded calls of a room; everybody in it may play them."""
    caller = await authorized(room_text)
    kept = await services().stores.recordings.of_room(caller.room.id)
    return json_response(Recordings([RecordingInfo.of(each) for each in kept]))


@recordings.post("/recording")
@document_response(Started, 201)
@described(refuses=(409,))
async def start(room_text: str) -> Response:
    """[RC17] Record the room's call from now on; everybody is told when the first byte is on the disk."""
    caller = await authorized(room_text)
    caller.require(Permission.RECORD)
    return json_response(Started(await services().desk.start(caller.room.id, caller.user, caller.claims.name)), 201)


@recordings.delete("/recording")
@described(responses=DONE, refuses=(409,))
async def stop(room_text: str) -> Response:
    """[RC17] End it; it can be listed and played when this is answered."""
    caller = await authorized(room_text)
    caller.require(Permission.RECORD)
    await services().desk.stop(caller.room.id, caller.user)
    return Response(b"", status=204)


@recordings.get("/recordings/<recording>")
@document_response(RecordingInfo)
async def read_one(room_text: str, recording: str) -> Response:
    """[RC11] What one consists of."""
    caller = await authorized(room_text)
    return json_response(RecordingInfo.of(await services().stores.recordings.get(caller.room.id, recording)))


@recordings.delete("/recordings/<recording>")
@described(responses=DONE)
async def delete(room_text: str, recording: str) -> Response:
    """[RC12] Delete one with all its files."""
    caller = await authorized(room_text)
    caller.require(Permission.RECORD)
    caller.require(Permission.MODERATE)
    parts = services()
    kept = await parts.stores.recordings.get(caller.room.id, recording)
    await parts.audit.note("recording_deleted", caller.room.id, caller.user, recording=recording)
    await parts.stores.recordings.remove(kept)
    return Response(b"", status=204)


@recordings.get("/recordings/<recording>/<track_file>")
@document_headers(DownloadHeaders)
@document_querystring(TokenInQuery)
@described(
    responses={
        200: {"description": "The whole file.", **_FILE},
        206: {"description": "The range that was asked for; Content-Range names it.", **_FILE},
        416: {"description": "The range lies outside of the file; Content-Range tells the file's size."},
    }
)
async def download(room_text: str, recording: str, track_file: str) -> Response:
    """[RC13] A file, or one range of it: players seek by ranges."""
    caller = await _player(room_text)
    stores = services().stores
    kept = await stores.recordings.get(caller.room.id, recording)
    track = next((each for each in kept.tracks if each.file == track_file), None)
    if track is None:
        raise AssetMissing("The recording has no such file.")
    etag = f'"{kept.id}/{track.file}"'
    span = wanted_range(track.bytes, etag)
    if span is None:
        return _with_headers(Response(b"", status=416), track, etag, f"bytes */{track.bytes}")
    start, length = span
    body = b"" if request.method == "HEAD" else stores.recordings.read(kept, track, start=start, length=length)
    whole = length == track.bytes
    response = Response(body, status=200 if whole else 206)
    response.timeout = None
    response.headers["Content-Length"] = str(length)
    part = "" if whole else f"bytes {start}-{start + length - 1}/{track.bytes}"
    return _with_headers(response, track, etag, part)


async def _player(room_text: str) -> Caller:
    """Who plays; a media element sends no header, so it names its token as sockets do."""
    with failures_counted():
        return await authorize(services(), room_text, bearer() or request.args.get("token"))


def _with_headers(response: Response, track: RecordingTrack, etag: str, content_range: str) -> Response:
    response.headers.update(
        {
            "Content-Type": type_of(track),
            "Content-Disposition": f'attachment; filename="{track.file}"',
            "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
            "Cache-Control": "private, no-cache",
            "Referrer-Policy": "no-referrer",
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Vary": "Authorization",
        }
    )
    if content_range:
        response.headers["Content-Range"] = content_range
    return response
