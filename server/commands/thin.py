"""`thunderline thin`: old history is thinned out, and files that nothing names are dropped, while no server runs."""

from __future__ import annotations

import argparse
import asyncio

from crdt_docs.ids import RoomId
from persistence.errors import StorageError
from persistence.sqlite import open_sqlite
from server.audit import Audit
from server.auth.tokens import ADMIN_USER, Tokens, load_secret
from server.clock import SystemClock
from server.commands.ending import EXIT_DATA, EXIT_USAGE, CannotBeDone
from server.commands.files import require_database
from server.commands.transfer import a_room
from server.config import Config
from server.data_lock import locked
from server.history.heads import load_signing_key
from server.history.thinning import Thinner, drop_files, thin_room
from server.retention import days_before


def thin(config: Config, given: argparse.Namespace) -> None:
    """Print, and unless it is a dry run remove, what goes of each room (CM15).

    Raises:
        CannotBeDone, FolderUnusable, SecretUnusable: What was not printed was not removed.
    """
    days = config.thin_days if given.older_than is None else given.older_than
    if not days and not given.files:
        raise CannotBeDone(EXIT_USAGE, "Nothing is asked for: give --older-than DAYS (or set thin_days), or --files.")
    room = None if given.room is None else a_room(given.room)
    require_database(config)
    with locked(config.data):
        try:
            asyncio.run(_thin(config, room, days, files=given.files, dry_run=given.dry_run))
        except StorageError as exc:
            raise CannotBeDone(EXIT_DATA, f"The database cannot be used: {exc.reason}") from exc


async def _thin(config: Config, room: RoomId | None, days: int, *, files: bool, dry_run: bool) -> None:
    clock, total = SystemClock(), 0
    before = days_before(clock.now_us(), days)
    async with open_sqlite(config.data, durability=config.durability, clock=clock.now_us) as stores:
        tokens = Tokens(load_secret(config.data), clock)
        parts = Thinner(stores, Audit(stores.events, clock), tokens, clock, load_signing_key(config.data))
        known = [each.id for each in await stores.rooms.all()]
        if room is not None and room not in known:
            raise CannotBeDone(EXIT_USAGE, f"There is no room {room!r}.")
        for each in known if room is None else [room]:
            if days:
                gone = await thin_room(parts, each, before, ADMIN_USER, dry_run=dry_run)
                print(f"{each}: {gone.rows} changes, {gone.bytes} bytes")
                total += gone.bytes
            if files:
                dropped = await drop_files(parts, each, ADMIN_USER, dry_run=dry_run)
                print(f"{each}: {dropped.rows} files, {dropped.bytes} bytes")
                total += dropped.bytes
        if not dry_run:
            await stores.thinning.give_back()
            await stores.erasures.scrub()
    print(f"{total} bytes {'would be removed: this was a dry run' if dry_run else 'were removed'}.")
