"""What the `thunderline` command is told on the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from crdt_docs.access import Permission, Permissions
from persistence.interfaces import Role
from server.config import CONFIG_VARIABLE, Config, settings

_Commands: TypeAlias = Any
"""What argparse adds commands to; its type has no public name."""

Run: TypeAlias = Callable[[Config, argparse.Namespace], None]


def command_line() -> argparse.ArgumentParser:
    """The parser; what it gives has `run`, the function of the command."""
    parser = argparse.ArgumentParser(prog="thunderline", description="A collaboration room that a team runs itself.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serving = commands.add_parser("serve", help="run the server", description="Run the server.")
    serving.set_defaults(run=_function("serve", "serve"))
    _add_settings(serving, {setting.name for setting in settings()})
    _add_tokens(commands)
    _add_recovery(commands)
    _add_archives(commands)
    _add_thinning(commands)
    return parser


def _add_tokens(commands: _Commands) -> None:
    minting = commands.add_parser("token", help="print a room token", description="Print a room token.")
    minting.set_defaults(run=_function("short", "token"))
    minting.add_argument("--room", required=True, help="id of the room; '*' opens any, creating it at first use")
    minting.add_argument("--user", required=True, help="id of the user")
    minting.add_argument("--name", help="name that others see; the user's id by default")
    minting.add_argument("--role", choices=[role.value for role in Role], default=Role.MEMBER.value)
    minting.add_argument("--ttl", type=_seconds, default=3600, help="how many seconds it is good (default: 3600)")
    minting.add_argument("--permissions", type=_permissions, help="comma list of all that is allowed; else by role")
    _add_settings(minting, {"data"})
    linking = commands.add_parser(
        "admin-link", help="print the operator's link", description="Print the link to /admin."
    )
    linking.set_defaults(run=_function("short", "admin_link"))
    linking.add_argument("--ttl", type=_seconds, help="how many seconds it is good (default: 12 hours)")
    linking.add_argument("--url", help="where browsers find the server; by default as host and port say")
    _add_settings(linking, {"data", "host", "port"})


def _add_recovery(commands: _Commands) -> None:
    recovering = commands.add_parser(
        "recovery", help="switch a room's recovery", description="Switch a room's recovery while no server runs."
    )
    recovering.set_defaults(run=_function("short", "recovery"))
    recovering.add_argument("--room", required=True, help="id of the room")
    switch = recovering.add_mutually_exclusive_group(required=True)
    switch.add_argument("--on", action="store_true", help="moderators may return others' work")
    switch.add_argument("--off", dest="on", action="store_false", help="back to normal")
    _add_settings(recovering, {"data"})


def _add_archives(commands: _Commands) -> None:
    verifying = commands.add_parser(
        "verify", help="check the logs", description="Check that the logs, or an export, are what they were."
    )
    verifying.set_defaults(run=_function("verify", "verify"))
    verifying.add_argument("what", nargs="?", metavar="ROOM|FILE", help="id of a room, or an export; else all logs")
    _add_settings(verifying, {"data"})
    exporting = commands.add_parser(
        "export", help="write a room to a file", description="Write a room to a file; a server may run."
    )
    exporting.set_defaults(run=_function("transfer", "export"))
    exporting.add_argument("room", metavar="ROOM", help="id of the room")
    exporting.add_argument("file", metavar="FILE", help="where to; a file that is there is replaced")
    _add_settings(exporting, {"data"})
    importing = commands.add_parser(
        "import", help="read a room from a file", description="Read a room from an export while no server runs."
    )
    importing.set_defaults(run=_function("transfer", "import_"))
    importing.add_argument("file", metavar="FILE", help="what `thunderline export` wrote")
    importing.add_argument("--as", dest="as_room", metavar="ROOM", help="id of the new room; by default the old one")
    _add_settings(importing, {"data"})
    backing = commands.add_parser(
        "backup", help="write everything to a file", description="Write the data folder to a file; a server may run."
    )
    backing.set_defaults(run=_function("backup", "backup"))
    backing.add_argument("file", metavar="FILE", help="where to; a file that is there is replaced")
    _add_settings(backing, {"data"})
    restoring = commands.add_parser(
        "restore", help="read everything from a file", description="Fill an empty data folder from a backup."
    )
    restoring.set_defaults(run=_function("backup", "restore_"))
    restoring.add_argument("file", metavar="FILE", help="what `thunderline backup` wrote")
    _add_settings(restoring, {"data"})


def _add_thinning(commands: _Commands) -> None:
    thinning = commands.add_parser(
        "thin", help="thin out old history", description="Thin out old history while no server runs."
    )
    thinning.set_defaults(run=_function("thin", "thin"))
    thinning.add_argument("--dry-run", action="store_true", help="print what would go, and change nothing")
    thinning.add_argument("--older-than", type=_days, metavar="DAYS", help="keep what is younger (default: thin_days)")
    thinning.add_argument("--room", help="id of the only room that is looked at")
    thinning.add_argument("--files", action="store_true", help="drop files that nothing names, too")
    _add_settings(thinning, {"data"})


def _function(module: str, name: str) -> Run:
    """A command's function, imported when it is run: none waits for what the others need."""

    def run(config: Config, given: argparse.Namespace) -> None:
        function: Run = getattr(import_module(f"server.commands.{module}"), name)
        function(config, given)

    return run


def _add_settings(parser: argparse.ArgumentParser, names: set[str]) -> None:
    parser.add_argument("--config", type=Path, default=_configured_file(), help="TOML file with settings")
    for setting in settings():
        if setting.name in names:
            text = f"{setting.description} (default: {setting.default})".replace("%", "%%")
            if setting.is_flag:
                parser.add_argument(setting.option, action=argparse.BooleanOptionalAction, default=None, help=text)
            else:
                parser.add_argument(setting.option, choices=setting.choices or None, default=None, help=text)


def _configured_file() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else None


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 0 < seconds < 2**31:
        raise ValueError
    return seconds


def _days(text: str) -> int:
    days = int(text)
    if not 0 < days <= 36_500:
        raise ValueError
    return days


def _permissions(text: str) -> Permissions:
    try:
        return frozenset(Permission(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{exc}; there are {', '.join(Permission)}") from exc
