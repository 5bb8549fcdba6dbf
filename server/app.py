"""The only file that wires everything: storage, rooms, sockets and routes become one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from quart import Quart

from crdt_docs.ids import DocumentId, RoomId
from persistence.compaction import Compactor
from persistence.sqlite import DATABASE_NAME, open_sqlite
from persistence.writer import Writer
from server.audit import Audit
from server.auth.admission import readmit
from server.auth.keys import load_keys
from server.auth.tokens import Tokens, load_secret
from server.calls.forwarding import Forwarding
from server.clock import Clock, SystemClock
from server.config import Config
from server.history.cursors import CursorRecorder
from server.history.heads import load_signing_key
from server.history.sealing import Sealer
from server.history.thinning import Thinner, keep_thinning
from server.metrics import Metrics
from server.presence.roster import Person
from server.presence.sessions import SessionBook
from server.retention import keep_forgetting
from server.rooms.registry import Registry
from server.routes.admin import admin
from server.routes.assets import assets
from server.routes.branches import branches
from server.routes.client import BUILT_CLIENT, CLIENT_FOLDER, ClientFile, client
from server.routes.cross_origin import check_page, say_who_may_read
from server.routes.export import export
from server.routes.headers import harden
from server.routes.health import health
from server.routes.history import history
from server.routes.http import EXTENSION, answer_error
from server.routes.invitations import invitations
from server.routes.marks import marks
from server.routes.members import members
from server.routes.openapi import openapi
from server.routes.recordings import recordings
from server.routes.rooms import rooms
from server.routes.statistics import statistics
from server.services import Running, Services
from server.signaling import endpoint as signaling
from server.signaling.endpoint import SignalEndpoint
from server.signaling.hub import Hub
from server.signaling.ice import IceServers
from server.sync import endpoint as sync
from server.sync.endpoint import SyncEndpoint
from server.transport import Receive, Scope, Send
from server.webhooks.sender import Webhooks
from server.webhooks.target import read_target

BODY_SECONDS = 600
"""How long a request's body may take."""
OpenStorage = Callable[[Services], AbstractAsyncContextManager[Running]]


class Application:
    """The ASGI application: /sync and /signal go to their endpoints, everything else to Quart."""

    def __init__(self, services: Services, quart: Quart) -> None:
        self.services = services
        self.quart = quart
        self._sync = SyncEndpoint(lambda: services)
        self._signal = SignalEndpoint(lambda: services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, request or life."""
        if scope["type"] == "websocket" and scope["path"].startswith(sync.PREFIX):
            await self._sync(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"].startswith(signaling.PREFIX):
            await self._signal(scope, receive, send)
        else:
            quart: Any = self.quart
            await quart(scope, receive, send)


def create_app(
    config: Config,
    *,
    clock: Clock | None = None,
    open_storage: OpenStorage | None = None,
    client_folder: Path = BUILT_CLIENT,
) -> Application:
    """Wire a server. Its storage opens when the ASGI server says that life begins, and closes when it ends.

    Args:
        open_storage: Opens what needs the storage; SQLite in the data folder by default.

    Raises:
        SecretUnusable, KeysUnusable: The data folder, the file of token keys or of the TURN secret cannot be used.
    """
    clock = clock or SystemClock()
    metrics, hub = Metrics(), Hub()
    tokens = Tokens(load_secret(config.data), clock, load_keys(config.token_keys))
    signing_key = load_signing_key(config.data)
    webhooks = Webhooks(read_target(config), clock, metrics)
    ice = IceServers(config, clock)
    forwarding = Forwarding(config.mesh_limit, ice, hub, clock)
    services = Services(config, clock, metrics, tokens, signing_key, hub, ice, forwarding, webhooks)
    quart = _create_quart(services, client_folder)
    opener = open_storage or open_in_data_folder

    @quart.while_serving
    async def _life() -> AsyncGenerator[None, None]:
        async with webhooks.delivering(), services.kept_open(lambda: opener(services)):
            yield

    return Application(services, quart)


@asynccontextmanager
async def open_in_data_folder(services: Services) -> AsyncIterator[Running]:
    """Open SQLite in the data folder and everything that lives on it, in this order; close it in the reverse one.

    Raises:
        StorageError: It cannot be opened.
    """
    config, clock, metrics = services.config, services.clock, services.metrics

    def on_degraded(degraded: bool) -> None:
        metrics.storage_ready.set(not degraded)
        registry.tick.degrade(degraded)

    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(
            open_sqlite(config.data, durability=config.durability, clock=clock.now_us)
        )
        writer = await stack.enter_async_context(Writer(stores.updates, on_degraded=on_degraded))
        compactor = await stack.enter_async_context(Compactor(stores, config.data / DATABASE_NAME, clock=clock.now_us))
        sealer = await stack.enter_async_context(Sealer(stores.heads, services.signing_key, clock))
        cursors = await stack.enter_async_context(CursorRecorder(stores.cursors, clock, metrics))
        registry = Registry(stores, writer, compactor, config, clock, metrics)
        _keep_heads(registry, compactor, sealer)
        if config.cursor_days:
            registry.on_state = cursors.note
        audit = Audit(stores.events, clock, services.webhooks.notify)
        sessions = SessionBook(stores.sessions, clock, metrics)
        _listen(sessions, services)
        await sessions.close_left_over()
        await stack.enter_async_context(registry)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(tasks.create_task(sessions.keep(), name="sessions").cancel)
        stack.callback(tasks.create_task(services.forwarding.keep(), name="calls").cancel)
        days = config.retention_days
        thinner = Thinner(stores, audit, services.tokens, clock, services.signing_key)
        forgetting = keep_forgetting(thinner, days, config.cursor_days, config.recording_days)
        stack.callback(tasks.create_task(forgetting, name="retention").cancel)
        stack.callback(tasks.create_task(keep_thinning(thinner, config.thin_days), name="thinning").cancel)
        running = Running(stores, writer, registry, sessions, cursors, audit)
        tasks.create_task(services.desk.mend(), name="recordings")
        stack.push_async_callback(services.desk.close)
        yield running


def _keep_heads(registry: Registry, compactor: Compactor, sealer: Sealer) -> None:
    """[SH3] Logs that have grown get a snapshot and a signed head, those that rest a signed head."""

    def grown(document: DocumentId) -> None:
        compactor.request(document)
        sealer.request(document)

    registry.on_grown, registry.on_rest = grown, sealer.request


def _listen(sessions: SessionBook, services: Services) -> None:
    """Tell rooms and the outside who comes and goes."""

    def joined(room: RoomId, person: Person) -> None:
        services.hub.joined(room, person)
        services.webhooks.notify("session_joined", room, told(person))

    def left(room: RoomId, person: Person) -> None:
        services.hub.left(room, person)
        services.forwarding.pages_changed(room, sessions.pages(room))
        services.webhooks.notify("session_left", room, told(person))

    def changed(room: RoomId, person: Person) -> None:
        services.hub.joined(room, person)
        services.forwarding.pages_changed(room, sessions.pages(room))

    def told(person: Person) -> dict[str, object]:
        return {"session": person.session, "user": person.sub, "name": person.name, "role": person.role}

    sessions.on_joined, sessions.on_changed, sessions.on_left = joined, changed, left
    sessions.readmit = partial(readmit, services)


def _create_quart(services: Services, client_folder: Path) -> Quart:
    quart = Quart("thunderline", static_folder=None)
    quart.config["MAX_CONTENT_LENGTH"] = services.config.max_asset_bytes
    quart.config["BODY_TIMEOUT"] = BODY_SECONDS
    quart.config[CLIENT_FOLDER] = client_folder
    quart.extensions[EXTENSION] = services
    quart.url_map.converters["client_file"] = ClientFile
    of_rooms = (rooms, members, invitations, statistics, assets, history, marks, recordings, branches, export)
    for blueprint in (*of_rooms, admin, health, openapi, client):
        quart.register_blueprint(blueprint)
    quart.register_error_handler(Exception, answer_error)
    quart.before_request(check_page)
    quart.after_request(say_who_may_read)
    quart.after_request(harden)
    return quart
