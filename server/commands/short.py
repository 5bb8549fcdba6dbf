"""The short commands: they print a token or the operator's link, or change a room while no server runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shlex
from dataclasses import replace
from typing import Final

from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import UserId, parse_room_id
from persistence.errors import StorageError
from persistence.interfaces import Event, Role
from persistence.sqlite import open_sqlite
from server.auth.identities import clean_name
from server.auth.tokens import ADMIN_USER, Claims, Tokens, admin_claims, load_secret
from server.clock import SystemClock
from server.commands.ending import EXIT_DATA, EXIT_USAGE, CannotBeDone
from server.commands.files import require_database
from server.config import Config
from server.data_lock import locked
from server.errors import ServerError

ADMIN_SECONDS: Final = 12 * 3600
"""How long the operator's link is good unless he says otherwise."""
_WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?", re.IGNORECASE)
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
"""To listen on all addresses of a machine is no place to go to."""


def token(config: Config, given: argparse.Namespace) -> None:
    """`thunderline token`: prints one room token. [CM4] Only one that would be accepted.

    Raises:
        CannotBeDone, SecretUnusable: No token could be made.
    """
    tokens = Tokens(load_secret(config.data), SystemClock())
    try:
        name, role = clean_name(given.name or given.user), Role(given.role)
        claims = Claims(UserId(given.user), name, given.room, role, given.permissions)
        text, _ = tokens.issue(claims, given.ttl)
        tokens.read(text)
    except ServerError as exc:
        raise CannotBeDone(EXIT_USAGE, exc.reason) from exc
    print(text)


def admin_link(config: Config, given: argparse.Namespace) -> None:
    """`thunderline admin-link`: prints the address of the administration with a token of the operator (CM5).

    Raises:
        CannotBeDone, SecretUnusable: No link could be made.
    """
    base = given.url if given.url is not None else address(config, config.port)
    if config.port == 0 and given.url is None:
        raise CannotBeDone(EXIT_USAGE, "The port is a free one (0): say with --url where the server is.")
    if not _WEB_ADDRESS.fullmatch(base):
        raise CannotBeDone(EXIT_USAGE, f"--url cannot be {base!r}: it must be like https://rooms.example.org.")
    seconds = ADMIN_SECONDS if given.ttl is None else given.ttl
    print(link(base, Tokens(load_secret(config.data), SystemClock()), seconds))


def recovery(config: Config, given: argparse.Namespace) -> None:
    """`thunderline recovery`: switches the recovery of a room on or off while no server runs (CM7).

    Raises:
        CannotBeDone, FolderUnusable: Nothing was changed.
    """
    require_database(config)
    with locked(config.data):
        try:
            asyncio.run(_set_recovery(config, given.room, on=given.on))
        except StorageError as exc:
            raise CannotBeDone(EXIT_DATA, f"The database cannot be used: {exc.reason}") from exc
    print(f"Recovery of room {given.room} is {'on' if given.on else 'off'}.")


async def _set_recovery(config: Config, room_text: str, *, on: bool) -> None:
    clock = SystemClock()
    async with open_sqlite(config.data, durability=config.durability, clock=clock.now_us) as stores:
        try:
            room = await stores.rooms.get(parse_room_id(room_text))
        except InvalidRoomId:
            room = None
        if room is None or room.deleted_at is not None:
            raise CannotBeDone(EXIT_USAGE, f"There is no room {room_text!r}.")
        if room.recovery is not on:
            await stores.rooms.change(replace(room, recovery=on))
            details = json.dumps({"recovery": on})
            await stores.events.add(Event(room.id, clock.now_us(), "recovery_changed", ADMIN_USER, details))


def address(config: Config, port: int) -> str:
    """Where a browser of this machine finds the server, without a slash at the end."""
    host = _EVERY_ADDRESS.get(config.host, config.host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{'https' if config.serves_tls else 'http'}://{host}:{port}"


def link(base: str, tokens: Tokens, seconds: int) -> str:
    """The administration's address. The token stands behind `#`, which browsers send to nobody."""
    return f"{base.rstrip('/')}/admin#token={tokens.issue(admin_claims(), seconds)[0]}"


def way_to_link(config: Config, base: str) -> str:
    """The command that prints the link, for those who read along where the link itself must not stand."""
    return shlex.join(["thunderline", "admin-link", "--data", str(config.data.absolute()), "--url", base])
