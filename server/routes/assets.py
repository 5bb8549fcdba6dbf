"""`/api/rooms/<room>/assets/<sha256>`: files by content, streamed in and out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

from msgspec import UNSET, Meta, Struct, UnsetType
from quart import Blueprint, Response, request
from quart_schema import document_headers, document_response

from crdt_docs.access import Permission
from persistence.errors import AssetMissing
from persistence.interfaces import Asset
from server.auth.admission import Caller
from server.errors import BodyTooLarge, HashMismatch, MalformedRequest
from server.routes.described import described
from server.routes.file_types import HEAD_BYTES, INLINE_TYPES, sniff
from server.routes.http import authorized, json_response, services
from server.routes.ranges import wanted_range

assets = Blueprint("assets", __name__, url_prefix="/api/rooms/<room_text>/assets/<sha256>")

MAX_FILE_NAME_LENGTH: Final = 200
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_KEPT_BY_BROWSERS: Final = "private, max-age=31536000, immutable"


_BYTES: Final[dict[str, Any]] = {"content": {"application/octet-stream": {}}}
"""A body of any bytes, as OpenAPI 3.1 has it: no schema."""
_FILE: Final[dict[str, Any]] = {"content": {"*/*": {}}}
"""Likewise, under the type that the file has."""


class AssetInfo(Struct):
    """What is kept of a file beside its bytes."""

    sha256: str
    mime_type: str
    size: int
    file_name: str


class UploadHeaders(Struct):
    """What is told beside the bytes."""

    x_file_name: Annotated[str, Meta(description="The file's name, URI-encoded.")] | UnsetType = UNSET


class DownloadHeaders(Struct):
    """What a browser has already, and what it wants (RFC 9110)."""

    if_none_match: Annotated[str, Meta(description="ETags of what is there already.")] | UnsetType = UNSET
    range: Annotated[str, Meta(description="One range of bytes; several get the whole.")] | UnsetType = UNSET
    if_range: Annotated[str, Meta(description="The ETag to which the range belongs.")] | UnsetType = UNSET


@assets.put("")
@document_headers(UploadHeaders)
@document_response(AssetInfo)
@document_response(AssetInfo, 201)
@described(body={"required": True, **_BYTES})
async def upload(room_text: str, sha256: str) -> Response:
    """[AS1] Keep a file: 201 when it is new in the room, 200 when the room had it. Viewers may not.

    [AS2] The bytes must have the hash that the address names. Size, room and uploads at once are limited. [AS9] Who may
    not upload any more once all bytes are here keeps nothing: a file may take minutes.
    """
    caller = await authorized(room_text)
    caller.require(Permission.UPLOAD)
    limits = services().limits
    limits.uploads.take(f"{caller.room.id}/{caller.user}")
    if not _SHA256.fullmatch(sha256):
        raise MalformedRequest("The address must end with the SHA-256 of the file in lower-case hexadecimal.")
    with limits.running_uploads.one(caller.user):
        return await _receive(caller, sha256)


async def _receive(caller: Caller, sha256: str) -> Response:
    parts, room = services(), caller.room
    size = _announced_size(parts.config.max_asset_bytes)
    body = aiter(request.body)
    head = await _read_head(body)
    asset = Asset(
        room.id, sha256, sniff(head[:HEAD_BYTES]), _file_name(), size, caller.user, parts.clock.now_us()
    )  # fmt: skip
    try:
        content = _if_still_permitted(room.id, _chain(head, body))
        kept = await parts.stores.assets.put(asset, content, room_quota=parts.config.room_quota_bytes)
    except ValueError as exc:
        raise HashMismatch from exc
    if kept == asset:
        await parts.audit.note("upload", room.id, caller.user, sha256=sha256, size=size, mime_type=asset.mime_type)
    info = AssetInfo(kept.sha256, kept.mime_type, kept.size, kept.file_name)
    return json_response(info, 201 if kept == asset else 200)


async def _if_still_permitted(room_text: str, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in body:
        yield chunk
    (await authorized(room_text)).require(Permission.UPLOAD)


@assets.get("")
@document_headers(DownloadHeaders)
@described(
    responses={
        200: {"description": "The whole file.", **_FILE},
        206: {"description": "The range that was asked for; Content-Range names it.", **_FILE},
        304: {"description": "What If-None-Match names is the file."},
        416: {"description": "The range lies outside of the file; Content-Range tells the file's size."},
    }
)
async def download(room_text: str, sha256: str) -> Response:
    """[AS4] Hand a file out, or one range of it, with headers that keep browsers from running anything in it."""
    room = (await authorized(room_text)).room
    if not _SHA256.fullmatch(sha256):
        raise AssetMissing("The room has no such file.")
    asset = await services().stores.assets.get(room.id, sha256)
    etag = f'"{asset.sha256}"'
    if asset.sha256 in request.if_none_match or "*" in request.headers.get("If-None-Match", ""):
        return _with_headers(Response(b"", status=304), asset, etag)
    span = wanted_range(asset.size, etag)
    if span is None:
        unsatisfiable = Response(b"", status=416)
        unsatisfiable.headers["Content-Range"] = f"bytes */{asset.size}"
        return _with_headers(unsatisfiable, asset, etag)
    start, length = span
    stores = services().stores
    body = b"" if request.method == "HEAD" else stores.assets.read(asset, start=start, length=length)
    response = Response(body, status=200 if length == asset.size else 206)
    response.timeout = None
    response.headers["Content-Length"] = str(length)
    if response.status_code == 206:
        response.headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{asset.size}"
    return _with_headers(response, asset, etag)


def _with_headers(response: Response, asset: Asset, etag: str) -> Response:
    """[AS5] Pictures may be shown in place, everything else is a download."""
    kind = "inline" if asset.mime_type in INLINE_TYPES else "attachment"
    response.headers.update(
        {
            "Content-Type": asset.mime_type,
            "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(asset.file_name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
            "Cache-Control": _KEPT_BY_BROWSERS,
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Vary": "Authorization",
        }
    )
    return response


def _announced_size(limit: int) -> int:
    size = request.content_length
    if size is None:
        raise MalformedRequest("A Content-Length is needed.")
    if size > limit:
        raise BodyTooLarge(limit)
    return size


def _file_name() -> str:
    """The name that the uploader gives the file: no folders, nothing invisible."""
    given = unquote(request.headers.get("X-File-Name", ""), errors="replace")
    last = re.split(r"[\\/]", given)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[:MAX_FILE_NAME_LENGTH] or "file"


async def _read_head(body: AsyncIterator[bytes]) -> bytes:
    head = b""
    async for chunk in body:
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    return head


async def _chain(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for chunk in rest:
        yield chunk
