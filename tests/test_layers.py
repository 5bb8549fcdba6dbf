"""Who may import whom (DESIGN §2), read from the syntax trees."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for folder in ("crdt_docs", "persistence", "server") for path in (ROOT / folder).rglob("*.py"))
LEAVES = {"server.config", "server.errors", "server.metrics", "server.clock"}
RANKS = {
    "server.data_lock": 0,
    "server.key_files": 0,
    "server.logs": 0,
    "server.transport": 0,
    "server.origins": 0,
    "server.audit": 0,
    "server.rooms": 1,
    "server.auth": 2,
    "server.retention": 3,
    "server.presence": 3,
    "server.webhooks": 3,
    "server.history": 3,
    "server.sync": 4,
    "server.signaling": 4,
    "server.media": 4,
    "server.recording": 4.2,
    "server.moderation": 4.2,
    "server.calls": 4.2,
    "server.routes": 5,
    "server.app": 6,
    "server.commands": 6,
    "server.__main__": 7,
}
"""Data flows one way: nobody imports what has a higher rank. Endpoints and services stand between sync and routes."""
BETWEEN = 4.5


def _imports(path: Path) -> set[str]:
    """The modules that a file names, also those inside functions; `from a import b` gives a.b as well as a."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _foreign(path: Path) -> Iterator[str]:
    """The top-level packages that are neither Python's nor the file's own."""
    for name in sorted({name.split(".")[0] for name in _imports(path)}):
        if name not in sys.stdlib_module_names and name != _module(path).split(".", maxsplit=1)[0]:
            yield name


def _rank(module: str) -> float | None:
    if module.endswith(".endpoint") or module == "server.services" or ".endpoint." in module:
        return BETWEEN
    return next((rank for name, rank in RANKS.items() if module == name or module.startswith(name + ".")), None)


ALLOWED = {
    "crdt_docs": {"pycrdt"},
    "persistence": {"crdt_docs", "aiosqlite", "pycrdt", "zstandard"},
}


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_lower_packages_import_only_what_they_may(path: Path) -> None:
    """[LA1] crdt_docs → pycrdt; persistence → crdt_docs, aiosqlite, pycrdt, zstandard; neither knows the server."""
    package = _module(path).split(".")[0]
    if package in ALLOWED:
        assert set(_foreign(path)) <= ALLOWED[package]


@pytest.mark.parametrize("path", [path for path in FILES if _module(path) in LEAVES], ids=_module)
def test_leaves_import_nobody_of_the_server(path: Path) -> None:
    """[LA2] config, errors, metrics and clock may be imported by anyone, so they import nobody here."""
    assert not {name for name in _imports(path) if name.split(".")[0] == "server"}


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_only_the_edge_imports_quart(path: Path) -> None:
    """[LA3] Endpoints, routes and app.py speak HTTP; nobody else does."""
    module = _module(path)
    at_the_edge = module.endswith(".endpoint") or module.startswith("server.routes") or module == "server.app"
    assert at_the_edge or not {"quart", "werkzeug"} & {name.split(".")[0] for name in _imports(path)}


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_nobody_imports_an_upper_layer(path: Path) -> None:
    """[LA4] Lower layers tell upper ones only through callbacks they were given."""
    module = _module(path)
    own = _rank(module)
    if own is None:
        return
    upper = {name for name in _imports(path) if (rank := _rank(name)) is not None and rank > own}
    assert not upper


@pytest.mark.parametrize("path", FILES, ids=_module)
def test_media_sync_and_signaling_do_not_import_each_other(path: Path) -> None:
    """[LA5] They stand side by side."""
    sides = ("server.media", "server.sync", "server.signaling")
    mine = [side for side in sides if _module(path).startswith(side)]
    others = [side for side in sides if mine and side not in mine]
    assert not {name for name in _imports(path) if name.startswith(tuple(others))} or not others


def test_every_part_of_the_server_has_its_place() -> None:
    """[LA6] A new part must be given a rank before it may exist."""
    modules = {_module(path) for path in FILES if _module(path).startswith("server.")}
    assert {name for name in modules if _rank(name) is None} == LEAVES
