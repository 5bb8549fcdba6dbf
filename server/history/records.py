"""The records of an export, in the order in which they come; docs/export-format.md tells their meaning."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta

from crdt_docs.access import Permission
from persistence.chain import ERASED_ROW_BYTES, LINK_BYTES, SALT_BYTES
from persistence.interfaces import Access, Door, Role

CHUNK_BYTES: Final = 128 * 1024
MAX_ERASED: Final = 3_000_000
"""Rows of one record of an erasure."""

_Int: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Seq: TypeAlias = Annotated[int, Meta(ge=1, le=2**63 - 1)]
_Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Seconds: TypeAlias = Annotated[float, Meta(ge=0)]
_Hash: TypeAlias = Annotated[bytes, Meta(min_length=LINK_BYTES, max_length=LINK_BYTES)]
_Signature: TypeAlias = Annotated[bytes, Meta(min_length=64, max_length=64)]
_Text: TypeAlias = Annotated[str, Meta(max_length=1024)]
_User: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    """Beside what an export says, names the columns of its table: both are the same."""


class Room(_Record, tag="room"):
    """First of all."""

    id: str
    name: _Text
    access: Access
    default_role: Role
    created_at: _Int
    permissions: list[Permission]
    door: Door
    door_at: _Int
    max_people: _Count
    recovery: bool
    origin: str | None
    origin_at: _Int | None


class Made(_Record, tag="made"):
    """Second: when the export was made, and the public key of the installation that made it."""

    at: _Int
    key: _Hash


class Member(_Record, tag="member"):
    """A person."""

    user: _User
    name: _Text
    role: Role
    guest_hash: bytes | None
    joined_at: _Int
    role_at: _Int
    overrides: dict[Permission, bool]
    tokens_from: _Int
    removed_at: _Int | None
    banned_at: _Int | None
    family: _Text


class Session(_Record, tag="session"):
    """An open page of a person."""

    id: Annotated[str, Meta(min_length=1, max_length=256)]
    user: _User
    name: _Text
    joined_at: _Int
    left_at: _Int | None
    device: _Text
    mic_seconds: _Seconds
    camera_seconds: _Seconds
    screen_seconds: _Seconds
    edits: _Count
    messages: _Count


class Mark(_Record, tag="mark"):
    """A named moment."""

    id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    at: _Int
    kind: _Text
    label: _Text
    user: _User | None
    made_at: _Int


class Document(_Record, tag="document"):
    """A document: the seq and the link of the last row. Its heads, other signed records, bindings and rows follow."""

    name: _Text
    origin: str
    rows: _Count
    link: _Hash


class Head(_Record, tag="head"):
    """A signed head of the document."""

    seq: _Seq
    link: _Hash
    at: _Int
    key: _Hash
    signature: _Signature


class Erasure(_Record, tag="erasure"):
    """A signed record of rows of the document that hold a person's content no longer."""

    at: _Int
    by: _User
    rows: Annotated[bytes, Meta(max_length=MAX_ERASED * ERASED_ROW_BYTES)]
    key: _Hash
    signature: _Signature


class Checkpoint(_Record, tag="checkpoint"):
    """A signed record of a span of rows of which one was kept."""

    first: _Seq
    last: _Seq
    before: _Hash
    after: _Hash
    kept: _Hash
    at: _Int
    key: _Hash
    signature: _Signature


class Binding(_Record, tag="binding"):
    """Whose a client id is in the document."""

    client: _Count
    user: _User | None
    at: _Int
    returned_by: _User | None


class Row(_Record, tag="row"):
    """A row of the document's log. One that was replaced has no salt; a signed record says what stands there."""

    seq: _Count
    at: _Int
    user: str
    session: str
    salt: Annotated[bytes, Meta(max_length=SALT_BYTES)]
    update: bytes
    commitment: _Hash | None = None


class Asset(_Record, tag="asset"):
    """A file; its bytes follow in chunks."""

    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    mime_type: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}\Z")]
    file_name: _Text
    size: _Count
    uploader: _User
    uploaded_at: _Int


class Chunk(_Record, tag="chunk"):
    """The next bytes of the file."""

    data: Annotated[bytes, Meta(min_length=1, max_length=CHUNK_BYTES)]


class End(_Record, tag="end"):
    """Last of all: how many came of what can be many."""

    members: _Count
    sessions: _Count
    marks: _Count
    documents: _Count
    rows: _Count
    bindings: _Count
    assets: _Count


Record: TypeAlias = (
    Room | Made | Member | Session | Mark | Document | Head | Erasure | Checkpoint | Binding | Row | Asset | Chunk | End
)

JSON_COLUMNS: Final = {"permissions": list[Permission], "overrides": dict[Permission, bool]}
"""Columns that hold a JSON text, and what it is."""


def columns(kind: type[_Record]) -> str:
    """The columns that a record of that kind has, as a list for SQL."""
    return ", ".join(kind.__struct_fields__)


def from_table(kind: type[Any], stored: tuple[Any, ...]) -> Any:
    """The record with the content of these `columns`.

    Raises:
        msgspec.ValidationError: The table holds what no record may say.
    """
    told = dict(zip(kind.__struct_fields__, stored, strict=True))
    for name, type_ in JSON_COLUMNS.items():
        if name in told:
            told[name] = msgspec.json.decode(told[name], type=type_)
    return msgspec.convert(told, kind, strict=False)


def to_table(record: _Record) -> dict[str, Any]:
    """The content of the columns for a record."""
    told = {name: getattr(record, name) for name in record.__struct_fields__}
    return {name: json.dumps(value) if name in JSON_COLUMNS else value for name, value in told.items()}
