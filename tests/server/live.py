"""A real server in this process: Hypercorn on a free port, SQLite in a folder, everything wired as in production."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from crdt_docs.ids import UserId
from persistence.interfaces import Role
from server.app import Application, create_app
from server.auth.tokens import Claims
from server.commands.serve import hypercorn_config, listen, run
from server.config import Config, load_config
from server.transport import install

WAIT_SECONDS = 10.0


def configured(folder: Path, **settings: Any) -> Config:
    """The settings of a test's server."""
    return load_config({"data": folder, "port": 0, "tick_seconds": 0.005, **settings}, environ={})


def guest_key() -> str:
    """A key as a browser makes one."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


@dataclass(frozen=True)
class Live:
    """A server that runs."""

    app: Application
    port: int
    stop: asyncio.Event

    def token(self, room: str, user: str = "ann", role: Role = Role.MEMBER, seconds: int = 600) -> str:
        """A token as an integration would mint it."""
        return self.app.services.tokens.issue(Claims(UserId(user), user.title(), room, role), seconds)[0]

    async def room(self, name: str = "room") -> str:
        """Make a room as an integration would: by the first use of a token for any room."""
        answer = await self.app.quart.test_client().get(
            f"/api/rooms/{name}", headers={"Authorization": f"Bearer {self.token('*', 'maker', Role.OWNER)}"}
        )
        assert answer.status_code == 200
        return name

    async def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """A request; gives the status and the JSON of the answer, None where there is none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        given = {} if body is None else {"json": body}
        answer = await self.app.quart.test_client().open(path, method=method, headers=headers, **given)
        return answer.status_code, await answer.get_json(silent=True)

    async def guest(self, room: str, name: str = "Guest", key: str | None = None) -> tuple[str, str]:
        """Somebody who follows the room's link; gives his user id and token."""
        status, joined = await self.call(
            "POST", f"/api/rooms/{room}/join", {"name": name, "guest_key": key or guest_key()}
        )
        assert status == 200, joined
        return joined["me"]["sub"], joined["token"]

    @asynccontextmanager
    async def signal(
        self, room: str, token: str | None = None, session: str | None = None
    ) -> AsyncIterator[ClientConnection]:
        """A signal socket."""
        query = "&".join(f"{key}={value}" for key, value in (("token", token), ("session", session)) if value)
        url = f"ws://127.0.0.1:{self.port}/signal/{room}?{query}"
        async with connect(url, compression=None, max_size=None) as socket:
            yield socket


async def told(socket: ClientConnection) -> Any:
    """The next message of a signal socket."""
    async with asyncio.timeout(WAIT_SECONDS):
        return json.loads(await socket.recv())


async def told_of(socket: ClientConnection, kind: str) -> Any:
    """The next message of that type; what comes before it is passed over."""
    while True:
        message = await told(socket)
        if message["type"] == kind:
            return message


async def close_of(socket: ClientConnection) -> tuple[int | None, str | None]:
    """Read until the server closes; gives code and reason."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                await socket.recv()
    except ConnectionClosed:
        return socket.close_code, socket.close_reason


@asynccontextmanager
async def serving(config: Config, **parts: Any) -> AsyncIterator[Live]:
    """Run a server; at the end it drains and stops as the command does. `parts` are those of `create_app`."""
    install()
    app = create_app(config, **parts)
    hypercorn = hypercorn_config(config)
    sockets = listen(hypercorn)
    stop = asyncio.Event()
    task = asyncio.create_task(run(app, hypercorn, sockets, stop))
    try:
        await app.services.settled()
        listening = (*sockets.secure_sockets, *sockets.insecure_sockets)[0]
        yield Live(app, listening.getsockname()[1], stop)
    finally:
        stop.set()
        await task
