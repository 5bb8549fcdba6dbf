"""The REST API of a live server as a program uses it, with the operator's token or anybody's."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from server.auth.tokens import admin_claims
from tests.server.live import WAIT_SECONDS, Live
from tests.wire_client import WireClient, sync_url, wire_client


def operator(live: Live, seconds: int = 600) -> str:
    """A token as `thunderline admin-link` makes it."""
    return live.app.services.tokens.issue(admin_claims(), seconds)[0]


async def call(live: Live, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    """Status and JSON of an answer; None for an empty one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    options = {} if body is None else {"json": body}
    answer = await live.app.quart.test_client().open(path, method=method, headers=headers, **options)
    content = await answer.get_data()
    return answer.status_code, await answer.get_json() if content else None


async def get(live: Live, path: str, token: str) -> Any:
    """The JSON of an answer that is good."""
    status, answer = await call(live, "GET", path, token=token)
    assert status == 200, answer
    return answer


async def get_csv(live: Live, path: str, token: str, **headers: str) -> tuple[str, list[dict[str, str]]]:
    """The name of the file, and its rows by column."""
    given = {"Authorization": f"Bearer {token}", **headers}
    answer = await live.app.quart.test_client().get(path, headers=given)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    text = (await answer.get_data()).decode()
    return answer.headers["Content-Disposition"], list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@asynccontextmanager
async def writer(live: Live, room: str, user: str = "bob", session: str = "page") -> AsyncIterator[WireClient]:
    """A client on a document without a schema, in a session of its own."""
    url = sync_url(live, room, "doc-notes", live.token(room, user), session=session, ext="1")
    async with wire_client(url) as made:
        yield made


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """Look until there is something to see; gives it."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not (seen := await look()):
            await asyncio.sleep(0.01)
    return seen
