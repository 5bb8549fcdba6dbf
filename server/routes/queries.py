"""What the queries of lists may say, for their description. `listing.py` reads them, one by one."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from server.routes.listing import DEFAULT_LIMIT, DEFAULT_STEP, LARGEST, MAX_LIMIT, MAX_POINTS

_Instant: TypeAlias = Annotated[int, Meta(ge=0, le=LARGEST)]


class AsCsv(Struct, kw_only=True):
    """A list that can be had as a spreadsheet."""

    format: Annotated[str, Meta(description="`csv` gives CSV; without it Accept decides.")] | UnsetType = UNSET


class WithContent(Struct, kw_only=True):
    """Whether what a person drew, wrote and uploaded goes too."""

    content: Annotated[
        Literal["true", "false"], Meta(description="`true` erases what the person drew, wrote and uploaded as well.")
    ] = "false"


class Pieces(AsCsv, kw_only=True):
    """A list that is told in pieces."""

    before: Annotated[_Instant, Meta(description="`next` of the piece before.")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many at most.")] = DEFAULT_LIMIT


class Steps(AsCsv, kw_only=True):
    """A span of time in steps."""

    since: Annotated[_Instant, Meta(description="A day before `until` by default.")] | UnsetType = UNSET
    until: Annotated[_Instant, Meta(description="Now by default.")] | UnsetType = UNSET
    step: Annotated[
        int, Meta(ge=1, le=LARGEST, description=f"Microseconds; at most {MAX_POINTS} steps fit in one answer.")
    ] = DEFAULT_STEP


_Room: TypeAlias = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{0,64}$", description="Of this room only.")]


class StepsOfRoom(Steps, kw_only=True):
    """A span of time, in all rooms or in one."""

    room: _Room | UnsetType = UNSET


class PiecesOfRoom(Pieces, kw_only=True):
    """Pieces of all rooms or of one, of all kinds or of one."""

    room: _Room | UnsetType = UNSET
    kind: Annotated[str, Meta(description="Of this kind only.")] | UnsetType = UNSET
