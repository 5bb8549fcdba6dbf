"""What can be taken along: signed heads by everybody in a room, all of the room by those who moderate it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from msgspec import Meta, Struct
from quart import Blueprint, Response
from quart_schema import document_response

from crdt_docs.access import Permission
from crdt_docs.ids import parse_document_id
from persistence.interfaces import SignedHead
from server.history.archive import pack
from server.history.exporting import export_room
from server.history.heads import key_id
from server.routes.described import described
from server.routes.http import authorized, json_response, services

export = Blueprint("export", __name__, url_prefix="/api/rooms/<room_text>")

_Bytes = Annotated[str, Meta(description="Base64.")]


class HeadInfo(Struct):
    """What the installation says of a log, and its signature."""

    origin: str
    document: str
    seq: int
    link: _Bytes
    at: int
    key: _Bytes
    key_id: str
    signature: _Bytes


class NewestHead(Struct):
    """The newest signed head of a document; null before the first."""

    head: HeadInfo | None


@export.get("/history/<document_text>/head")
@document_response(NewestHead)
async def head(room_text: str, document_text: str) -> Response:
    """[SH4] The newest signed head of a document, for everybody in the room to keep."""
    caller = await authorized(room_text)
    document = parse_document_id(caller.room.id, document_text)
    found = await services().stores.heads.newest(document)
    return json_response(NewestHead(None if found is None else _told(found)))


@export.get("/export")
@described(
    responses={
        200: {
            "description": "The room as one file, as docs/export-format.md says.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
)
async def whole_room(room_text: str) -> Response:
    """[EX5] The whole room as one file, made while it is read. What is broken off has no good end, so that nobody can
    take it for the whole."""
    caller = await authorized(room_text)
    caller.require(Permission.MODERATE)
    parts = services()
    pieces = pack(export_room(parts.config.data, caller.room.id, parts.signing_key, parts.clock.now_us()))
    first = await asyncio.to_thread(lambda: [next(pieces), next(pieces)])
    response = Response(_on_threads(first, pieces))
    response.timeout = None
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = f'attachment; filename="{caller.room.id}.thunderline"'
    response.headers["Cache-Control"] = "no-store"
    return response


async def _on_threads(first: list[bytes], pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Reading, hashing and packing block; they are done on a thread, a piece at a time."""
    for piece in first:
        yield piece
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece


def _told(found: SignedHead) -> HeadInfo:
    link, key, signature = (b64encode(part).decode() for part in (found.link, found.key, found.signature))
    return HeadInfo(
        found.origin, found.document.name, found.seq, link, found.at, key, key_id(found.key), signature
    )  # fmt: skip
