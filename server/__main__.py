"""The `thunderline` command: how it begins and ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from server.commands.ending import EXIT_DATA, EXIT_USAGE, CannotBeDone
from server.commands.parser import command_line
from server.config import InvalidSetting, load_config, settings
from server.data_lock import FolderUnusable
from server.key_files import SecretUnusable


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with a sentence and a code when it cannot be done."""
    given = command_line().parse_args(arguments)
    options = {setting.name: getattr(given, setting.name, None) for setting in settings()}
    try:
        config = load_config(options, file=given.config)
        given.run(config, given)
    except InvalidSetting as exc:
        _exit(EXIT_USAGE, str(exc))
    except (SecretUnusable, FolderUnusable) as exc:
        _exit(EXIT_DATA, str(exc))
    except CannotBeDone as exc:
        _exit(exc.code, str(exc))


def _exit(code: int, sentence: str) -> NoReturn:
    print(f"thunderline: {sentence}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
