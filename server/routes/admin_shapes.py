"""What `/api/admin` is told and tells, beside what a room tells as well."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from crdt_docs.access import Permission
from persistence.interfaces import Role
from server.auth.tokens import ADMIN_USER
from server.routes.rooms import Name
from server.routes.statistics_shapes import OpenSessionInfo, PersonInfo, PointInfo
from server.signaling.messages import RoomInfo

MAX_TOKEN_SECONDS: Final = 366 * 24 * 3600


class StorageInfo(Struct):
    """What is stored."""

    database_bytes: int
    update_rows: int
    update_bytes: int
    assets: int
    asset_bytes: int


class Overview(Struct):
    """The installation at one moment."""

    name: str
    version: str
    now: int
    rooms: int
    rooms_live: int
    people_now: int
    sessions_now: int
    storage: StorageInfo


class AdminRoom(Struct):
    """A room, deleted ones too."""

    room: RoomInfo
    created_at: int
    deleted_at: int | None
    people_now: int
    sessions_now: int
    members: int
    update_rows: int
    update_bytes: int
    asset_bytes: int
    last_activity: int | None


class RoomList(Struct):
    """Every room."""

    rooms: list[AdminRoom]


class OpenSessionList(Struct):
    """The pages that are open now."""

    sessions: list[OpenSessionInfo]


class PersonList(Struct):
    """Everybody."""

    people: list[PersonInfo]


class PointList(Struct):
    """Steps of time, one after the other."""

    points: list[PointInfo]


class NewToken(Struct):
    """A token to be made."""

    room: Annotated[str, Meta(max_length=64, extra_json_schema={"pattern": r"^(\*|[A-Za-z0-9_-]{1,64})$"})]
    sub: Annotated[
        str, Meta(pattern=r"\A[A-Za-z0-9._@:+=-]{1,128}\Z", extra_json_schema={"not": {"const": ADMIN_USER}})
    ]
    name: Name
    role: Role
    seconds: Annotated[int, Meta(ge=1, le=MAX_TOKEN_SECONDS)]
    permissions: Annotated[list[Permission], Meta(max_length=len(Permission))] | None = None


class RevokedToken(Struct):
    """A token that is to open nothing any more: itself or its id."""

    token: Annotated[str, Meta(max_length=4096)] | None = None
    jti: Annotated[str, Meta(pattern=r"\A[!-~]{1,128}\Z")] | None = None


class MintedToken(Struct):
    """A new token; it is told here, and kept nowhere."""

    token: str
    expires_at: int
    jti: str
