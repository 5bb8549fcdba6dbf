"""`/healthz`, `/readyz`, `/metrics` and `/api/config`: what operators and pages ask first."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CONTENT_TYPE_LATEST
from quart import Blueprint, Response

from persistence.errors import StorageError
from server.errors import RoomDraining, for_client
from server.routes.http import error_response, json_response, services
from server.services import Ready

health = Blueprint("health", __name__)

try:
    VERSION = version("thunderline")
except PackageNotFoundError:  # run from a source tree that is not installed
    VERSION = "0"


@health.get("/healthz")
async def healthz() -> Response:
    """[RT6] 200 while the process lives, whatever its storage does."""
    return json_response({"status": "alive"})


@health.get("/readyz")
async def readyz() -> Response:
    """[RT7] 200 when rooms can be served; else 503 with the code and the reason.

    Documents that failed are counted and not named: who knows a room's id has its link.
    """
    parts = services()
    try:
        await parts.check()
    except (StorageError, RoomDraining) as exc:
        return json_response({"status": "unready", "error": {"code": exc.code, "reason": exc.reason}}, 503)
    except Exception as exc:
        return error_response(for_client(exc))
    failed = parts.registry.failures()
    status = "degraded" if failed else "ready"
    return json_response({"status": status, "failed_documents": len(failed)})


@health.get("/metrics")
async def metrics() -> Response:
    """[RT8] Prometheus text."""
    parts = services()
    state = parts.state
    parts.metrics.observe_documents(state.running.registry.lives() if isinstance(state, Ready) else {})
    return Response(parts.metrics.text(), content_type=CONTENT_TYPE_LATEST)


@health.get("/api/config")
async def config() -> Response:
    """[RT9] What a page must know before anybody has a token."""
    parts = services()
    return json_response({"name": parts.config.name, "version": VERSION, "create_rooms": parts.config.create_rooms})
