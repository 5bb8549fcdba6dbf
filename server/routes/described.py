"""What a route says of itself for `/api/openapi.json` where quart-schema has no decorator. It changes nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

from msgspec import Struct
from quart import Response

View = TypeVar("View", bound=Callable[..., Awaitable[Response]])
_ATTRIBUTE: Final = "_thunderline_described"

DONE: Final[Mapping[int, Any]] = {204: {"description": "Done."}}
"""The answer that has no body."""


class Token(Enum):
    """Whether a route takes a bearer token."""

    NEEDED = 1
    OPTIONAL = 2
    NONE = 3


@dataclass(frozen=True, slots=True)
class Described:
    """Statuses and bodies that are no JSON, as OpenAPI 3.1 objects."""

    token: Token = Token.NEEDED
    refuses: frozenset[int] = frozenset()
    """Statuses of errors, beside those that follow from the path, the token and the body."""
    responses: Mapping[int, Any] = field(default_factory=dict)
    """Whole Response Objects by status."""
    body: Mapping[str, Any] | None = None
    """A Request Body Object."""
    csv: bool = False
    """Whether the good answer can be had as CSV too."""


class Error(Struct):
    """Why a request was refused."""

    code: str
    reason: str


class Refused(Struct):
    """Every error, whatever was asked."""

    error: Error


def described(
    *,
    token: Token = Token.NEEDED,
    refuses: tuple[int, ...] = (),
    responses: Mapping[int, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    csv: bool = False,
) -> Callable[[View], View]:
    """Give a route a description beyond its JSON bodies; the fields are those of `Described`."""
    said = Described(token, frozenset(refuses), responses or {}, body, csv)

    def decorate(view: View) -> View:
        setattr(view, _ATTRIBUTE, said)
        return view

    return decorate


def description_of(view: object) -> Described:
    """What a route said; without a word it takes a token and answers JSON."""
    found: Described = getattr(view, _ATTRIBUTE, Described())
    return found
