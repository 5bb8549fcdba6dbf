"""What of a history can be taken along: its signed head."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from msgspec import Meta, Struct
from quart import Blueprint, Response
from quart_schema import document_response

from crdt_docs.ids import parse_document_id
from persistence.interfaces import SignedHead
from server.history.heads import key_id
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


def _told(found: SignedHead) -> HeadInfo:
    link, key, signature = (b64encode(part).decode() for part in (found.link, found.key, found.signature))
    return HeadInfo(
        found.origin, found.document.name, found.seq, link, found.at, key, key_id(found.key), signature
    )  # fmt: skip
