"""`/healthz`, `/readyz`, `/metrics` and `/api/config`: what operators and pages ask first."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST
from quart import Blueprint, Response
from quart_schema import document_response

from persistence.errors import StorageError
from server.errors import RoomDraining, for_client
from server.routes.described import Error, Token, described
from server.routes.http import error_response, json_response, services
from server.services import Ready

health = Blueprint("health", __name__)

try:
    VERSION = version("thunderline")
except PackageNotFoundError:  # run from a source tree that is not installed
    VERSION = "0"


class Alive(Struct):
    """The process lives."""

    status: Literal["alive"]


class Readiness(Struct):
    """Rooms can be served; `degraded`: so many documents cannot be."""

    status: Literal["ready", "degraded"]
    failed_documents: int


class Unready(Struct):
    """Rooms cannot be served, and why."""

    status: Literal["unready"]
    error: Error


class Installation(Struct):
    """What a server calls itself, and who may make rooms there."""

    name: str
    version: str
    create_rooms: Literal["anyone", "token", "admin"]


@health.get("/healthz")
@document_response(Alive)
@described(token=Token.NONE)
async def healthz() -> Response:
    """[RT6] 200 while the process lives, whatever its storage does."""
    return json_response(Alive("alive"))


@health.get("/readyz")
@document_response(Readiness)
@document_response(Unready, 503)
@described(token=Token.NONE)
async def readyz() -> Response:
    """[RT7] 200 when rooms can be served; else 503 with the code and the reason.

    Documents that failed are counted and not named: who knows a room's id has its link.
    """
    parts = services()
    try:
        await parts.check()
    except (StorageError, RoomDraining) as exc:
        return json_response(Unready("unready", Error(exc.code, exc.reason)), 503)
    except Exception as exc:
        return error_response(for_client(exc))
    failed = parts.registry.failures()
    return json_response(Readiness("degraded" if failed else "ready", len(failed)))


@health.get("/metrics")
@described(
    token=Token.NONE,
    responses={200: {"description": "Prometheus text.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics() -> Response:
    """[RT8] Prometheus text."""
    parts = services()
    state = parts.state
    parts.metrics.observe_documents(state.running.registry.lives() if isinstance(state, Ready) else {})
    return Response(parts.metrics.text(), content_type=CONTENT_TYPE_LATEST)


@health.get("/api/config")
@document_response(Installation)
@described(token=Token.NONE)
async def config() -> Response:
    """[RT9] What a page must know before anybody has a token."""
    parts = services()
    return json_response(Installation(parts.config.name, VERSION, parts.config.create_rooms))
