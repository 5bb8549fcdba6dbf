"""`thunderline serve`: how the server is started, says where it is, and ends."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import logging
import signal
import sys
from typing import Any

import uvloop
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Sockets
from hypercorn.middleware import ProxyFixMiddleware
from hypercorn.utils import wrap_app

from server.app import Application, create_app
from server.auth.keys import KeysUnusable
from server.commands.ending import EXIT_ADDRESS, EXIT_DATA, EXIT_USAGE, CannotBeDone
from server.commands.short import ADMIN_SECONDS, address, link, way_to_link
from server.config import Config
from server.data_lock import locked
from server.logs import configure_logging
from server.services import Failed
from server.transport import ServerConfig, install


def serve(config: Config, _given: argparse.Namespace) -> None:
    """Run the server until a signal stops it.

    Raises:
        CannotBeDone, FolderUnusable, SecretUnusable: The server could not be started.
    """
    configure_logging(config.log_level)
    install()
    with locked(config.data):
        try:
            app = create_app(config)
        except KeysUnusable as exc:
            raise CannotBeDone(EXIT_DATA, str(exc)) from exc
        hypercorn = hypercorn_config(config)
        try:
            sockets = listen(hypercorn)
        except OSError as exc:
            why = exc.strerror or exc
            raise CannotBeDone(EXIT_ADDRESS, f"Cannot listen on {config.host} port {config.port}: {why}.") from exc
        if config.tls_certificate is not None:
            _check_tls(hypercorn)
        uvloop.run(_serve(app, hypercorn, sockets))


def hypercorn_config(config: Config) -> ServerConfig:
    """What Hypercorn is told: the settings that are its business."""
    hypercorn = ServerConfig()
    hypercorn.bind = [f"[{config.host}]:{config.port}" if ":" in config.host else f"{config.host}:{config.port}"]
    hypercorn.websocket_max_message_size = config.max_frame_bytes
    hypercorn.websocket_ping_interval = config.ping_interval
    hypercorn.graceful_timeout = config.graceful_timeout
    hypercorn.include_server_header = False
    hypercorn.certfile = str(config.tls_certificate) if config.tls_certificate else None
    hypercorn.keyfile = str(config.tls_key) if config.tls_key else None
    hypercorn.accesslog = None
    hypercorn.errorlog = logging.getLogger("hypercorn.error")
    return hypercorn


def listen(hypercorn: ServerConfig) -> Sockets:
    """Bind and listen, so that who comes while the server still starts waits and is not refused.

    Raises:
        OSError: The address cannot be had.
    """
    sockets: Sockets = hypercorn.create_sockets()
    for each in (*sockets.secure_sockets, *sockets.insecure_sockets):
        each.listen(hypercorn.backlog)
    return sockets


async def run(app: Application, hypercorn: ServerConfig, sockets: Sockets, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; then drain, so that nothing accepted is lost, and end."""

    async def stopped() -> None:
        await stop.wait()
        await app.services.drain()

    served: Any = app
    if app.services.config.trusted_proxy:
        served = ProxyFixMiddleware(served, mode="legacy", trusted_hops=1)
    wrapped = wrap_app(served, hypercorn.wsgi_max_body_size, None)
    await worker_serve(wrapped, hypercorn, sockets=sockets, shutdown_trigger=stopped)


async def _serve(app: Application, hypercorn: ServerConfig, sockets: Sockets) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    announcer = asyncio.create_task(_announce(app, sockets))
    try:
        await run(app, hypercorn, sockets, stop)
    finally:
        announcer.cancel()


async def _announce(app: Application, sockets: Sockets) -> None:
    """Say how it stands and, last, where to go."""
    config = app.services.config
    await app.services.settled()
    state = app.services.state
    if isinstance(state, Failed):
        print(f"Rooms cannot be served yet: {state.error.reason}", file=sys.stderr)
    if not _is_loopback(config.host) and not config.serves_tls and not config.trusted_proxy:
        print(
            f"WARNING: {config.host} is reachable from other machines, and without TLS everybody on the way can read "
            "and change what is sent. Put a proxy with TLS in front and set trusted_proxy, or set tls_certificate and "
            "tls_key.",
            file=sys.stderr,
        )
    sys.stderr.flush()
    base = address(config, (*sockets.secure_sockets, *sockets.insecure_sockets)[0].getsockname()[1])
    print(f"Thunderline is open at {base}/")
    print(_administration(app, base, on_terminal=sys.stdout.isatty()), flush=True)


def _administration(app: Application, base: str, *, on_terminal: bool) -> str:
    """[CM6] The operator's link, or how to get it where the output may be kept: it is a secret."""
    services = app.services
    if on_terminal:
        return f"Administration, for {ADMIN_SECONDS // 3600} hours: {link(base, services.tokens, ADMIN_SECONDS)}"
    return f"Administration: its link is printed by: {way_to_link(services.config, base)}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_tls(hypercorn: ServerConfig) -> None:
    try:
        hypercorn.create_ssl_context()
    except OSError as exc:  # ssl.SSLError is one
        why = exc.strerror or exc
        raise CannotBeDone(EXIT_USAGE, f"The TLS certificate or its key cannot be used: {why}.") from exc
