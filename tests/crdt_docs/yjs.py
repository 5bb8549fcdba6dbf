"""Real Yjs in Node: what it writes, and what it reads in given updates."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "interop"


def ask(program: str, question: dict[str, Any]) -> dict[str, Any]:
    """What a program of tests/interop answers."""
    done = subprocess.run(
        ["node", str(_FOLDER / program)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"Yjs in Node failed (./scripts/setup installs tests/interop):\n{done.stderr}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _ask(question: dict[str, Any]) -> dict[str, Any]:
    return ask("decode_update.mjs", question)


def generate(seed: int, rounds: int, *, astral: bool = True) -> list[bytes]:
    """Updates of three Yjs writers: incremental ones, answers to state vectors, merged ones with skips.

    With `astral`, texts hold surrogate pairs, and edits cut through them as careless editors do.
    """
    question = {"seed": seed, "rounds": rounds, "astral": astral}
    return [b64decode(update) for update in _ask(question)["generated"]]


def decode(updates: list[bytes]) -> list[dict[str, Any]]:
    """Per update {structs: [[kind, client, clock, length, ids]], deletes: [[client, ranges]], vector, roots,
    chain: {depth, deleted}} or {error}."""
    decoded: list[dict[str, Any]] = _ask({"decode": [b64encode(update).decode() for update in updates]})["decoded"]
    return decoded


def levels(updates: list[bytes], *, broken: bool = False) -> list[tuple[int, int, int, int]]:
    """(client, clock, length, how many shared types are around it) of each item once Yjs integrated the updates.

    With `broken`, an update that Yjs fails on, where pycrdt does not, is the last one.
    """
    question = {"integrate": [b64encode(update).decode() for update in updates]}
    answer = _ask(question)["integrated"]
    assert broken or not answer["failed"], answer["failed"]
    return [(client, clock, length, level) for client, clock, length, level in answer["levels"]]
