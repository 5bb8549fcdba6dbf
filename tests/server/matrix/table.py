"""The matrix of the README's section "Who may do what", read as a table of what everybody may do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crdt_docs.access import Permission, Permissions
from persistence.interfaces import Role

README: Final = Path(__file__).resolve().parents[3] / "README.md"
COLUMNS: Final = ("owner", "moderator", "member", "viewer", "operator", "knocks", "no token")
_YES, _NO = "✓", "–"  # noqa: RUF001


@dataclass(frozen=True)
class Row:
    """Something that people do.

    Attributes:
        needs: The permissions that decide it, all of them; empty where another thing does.
        roles: The roles that it takes beside them; empty for any.
        who: Column → whether they may.
    """

    what: str
    needs: Permissions
    roles: frozenset[Role]
    who: dict[str, bool]


def section() -> str:
    """The text of the section."""
    return README.read_text(encoding="utf-8").split("\n## Who may do what\n", 1)[1].split("\n## ", 1)[0]


def read_matrix() -> dict[str, Row]:
    """Its rows by what they say in the first column.

    Raises:
        ValueError: The table has another form.
    """
    lines = [_cells(line) for line in section().splitlines() if line.startswith("|")]
    head, rule, *rows = lines
    if head != ["what", "decided by", *COLUMNS] or set("".join(rule)) != {"-"}:
        raise ValueError(head)
    table = {what: _row(what, decided_by, marks) for what, decided_by, *marks in rows}
    if len(table) != len(rows):
        raise ValueError("Two rows say the same.")
    return table


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _row(what: str, decided_by: str, marks: list[str]) -> Row:
    if len(marks) != len(COLUMNS) or not set(marks) <= {_YES, _NO}:
        raise ValueError(what)
    permissions, _, roles = decided_by.partition("role")
    needs = frozenset(map(Permission, re.findall(r"`(\w+)`", permissions)))
    named = frozenset(Role(word) for word in roles.split() if word != "or")
    return Row(what, needs, named, {column: mark == _YES for column, mark in zip(COLUMNS, marks, strict=True)})
