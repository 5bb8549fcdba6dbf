"""What all blueprints share: the running parts, bearer tokens, JSON bodies and JSON errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from quart import Response, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod

from server.auth.admission import Caller, authorize
from server.auth.failures import AUTHENTICATION_FAILURES, count_failure, network_of
from server.errors import (
    BodyTooLarge,
    ClientError,
    MalformedRequest,
    MethodNotAllowed,
    ServerError,
    UnknownPath,
    for_client,
)
from server.services import Services

EXTENSION = "thunderline"
MAX_BODY_BYTES = 64 * 1024
"""Largest JSON body."""

T = TypeVar("T")


def services() -> Services:
    """The running parts of the server that answers."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def json_response(body: object, status: int = 200) -> Response:
    """A JSON answer that nobody may keep."""
    response = Response(msgspec.json.encode(body), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


async def read_body(kind: type[T]) -> T:
    """Parse the request's JSON body.

    [HA3] What is there must say that it is JSON: any page can make a browser send other types (CORS safelist).

    Raises:
        BodyTooLarge: It exceeds `MAX_BODY_BYTES`.
        MalformedRequest: It is not called JSON, or does not have the shape of `kind`.
    """
    chunks, size = [], 0
    async for chunk in request.body:
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge(MAX_BODY_BYTES)
    if size and request.mimetype != "application/json":
        raise MalformedRequest("The Content-Type of the body must be application/json.")
    try:
        return msgspec.json.decode(b"".join(chunks) or b"{}", type=kind)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise MalformedRequest(f"The body is not what is expected here: {exc}.") from exc


def bearer() -> str | None:
    """The token of the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def address() -> str:
    """Where the request comes from, as limits count it."""
    return network_of(request.remote_addr or "unknown")


@contextmanager
def failures_counted() -> Iterator[None]:
    """[HA6] Count an authentication that fails meanwhile against the address that it comes from.

    Raises:
        RateLimited: Instead of the failure, when too many came from there.
    """
    try:
        yield
    except AUTHENTICATION_FAILURES as exc:
        count_failure(services().limits, address(), exc)
        raise


async def authorized(room_text: str) -> Caller:
    """Who asks, in which room, and what he may; failures are counted.

    Raises:
        RateLimited: Too many failures came from there.
        TokenInvalid, TokenExpired, DocumentError, ServerError, StorageError: As `authorize`.
    """
    with failures_counted():
        return await authorize(services(), room_text, bearer())


async def authorized_with(room_text: str, kind: type[T]) -> tuple[Caller, T]:
    """Who asks and what he sent, with the rights that he has now that all of it is here: a body may take minutes.

    Raises:
        MalformedRequest, BodyTooLarge: As `read_body`.
        RateLimited, TokenInvalid, TokenExpired, DocumentError, ServerError, StorageError: As `authorized`.
    """
    await authorized(room_text)
    wanted = await read_body(kind)
    return await authorized(room_text), wanted


async def answer_error(error: Exception) -> Response:
    """[RT1] Every error leaves as `{"error": {code, reason}}` with its status of the table; 405 names good methods."""
    told = for_client(_ours(error) if isinstance(error, HTTPException) else error)
    services().metrics.refusals.labels(told.code).inc()
    response = error_response(told)
    if isinstance(error, WrongMethod) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def error_response(told: ClientError, **more: Any) -> Response:
    """The JSON of an error."""
    response = json_response({"error": {"code": told.code, "reason": told.reason}, **more}, told.http)
    if told.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(told.retry_after)))
    if told.http == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _ours(error: HTTPException) -> ServerError | HTTPException:
    match error.code:
        case 404:
            return UnknownPath()
        case 405:
            return MethodNotAllowed()
        case 413:
            return BodyTooLarge(current_app.config["MAX_CONTENT_LENGTH"])
        case code if code is not None and 400 <= code < 500:
            return MalformedRequest()
        case _:
            return error
