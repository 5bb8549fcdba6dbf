"""What an operator or an integrator can meet is in `docs/reference.md`, and what the README promises is there."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import get_args

import pytest

from server.app import create_app
from server.commands.parser import command_line
from server.config import load_config, settings
from server.errors import ANSWERS
from server.presence.roster import Diff
from server.signaling.messages import ClientMessage, ServerMessage

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return REFERENCE.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("setting", settings(), ids=lambda setting: setting.name)
def test_every_setting_is_described_with_its_default(setting: object) -> None:
    """Name, default and description are those of the table in the code."""
    name, default, description = setting.name, setting.default, setting.description  # type: ignore[attr-defined]
    told = str(default).lower() if isinstance(default, bool) else str(default) or '""'
    assert f"| `{name}` | `{told}` | {description} |" in _section("Settings")


def test_every_command_is_described() -> None:
    """With its own options; `--config` and the settings of `serve` are described for all at once."""
    told = _section("The command")
    commands = next(
        action.choices for action in command_line()._actions if isinstance(action, argparse._SubParsersAction)
    )
    for name, command in commands.items():
        assert f"`thunderline {name} " in told
        for option in {option for action in command._actions for option in action.option_strings} - {"-h", "--help"}:
            assert option in told or name == "serve"


@pytest.mark.parametrize(("code", "answer"), ANSWERS.items(), ids=list(ANSWERS))
def test_every_error_code_is_described(code: str, answer: object) -> None:
    """With the status and the close code of the one table."""
    assert f"| `{code}` | {answer.http} | {answer.close} |" in _section("Error codes")  # type: ignore[attr-defined]


async def test_every_route_is_described(tmp_path: Path) -> None:
    """With its method."""
    app = create_app(load_config({"data": tmp_path}, environ={}))
    told = _section("HTTP")
    for rule in app.quart.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert f"`{method} {rule.rule}`" in told


def test_every_signal_message_is_described() -> None:
    """In both directions."""
    told = _section("`WS /signal")
    for message in (*get_args(ServerMessage), *get_args(ClientMessage), *get_args(Diff)):
        if hasattr(message, "__struct_config__"):
            assert f"`{message.__struct_config__.tag}`" in told


def test_every_extension_message_is_described() -> None:
    """Those that `server/sync/channel.py` sends."""
    source = (ROOT / "server" / "sync" / "channel.py").read_text(encoding="utf-8")
    types = re.findall(r'"type": "(\w+)"', source)
    assert types
    for type_ in types:
        assert f'"type":"{type_}"' in _section("`WS /sync")


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "THREATS.md", "docs/reference.md"])
def test_what_a_page_links_to_is_there(page: str) -> None:
    """Files that are named in links exist."""
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        assert (folder / target).exists(), target


def test_the_two_commands_of_the_readme_are_there() -> None:
    """[P10] `.ci/run` runs the second one on a fresh clone, and the browser tests what the first one prepares."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("./scripts/serve", "./scripts/test"):
        assert f"\n{command} " in readme
        assert (ROOT / command).stat().st_mode & 0o111
    assert "./scripts/test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
