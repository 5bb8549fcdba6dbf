"""`thunderline verify`, as a process of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from pycrdt import Map

from persistence.sqlite import DATABASE_NAME
from tests.server.api import writer
from tests.server.live import configured, serving
from tests.server.test_command import _run as run


async def test_a_running_server_is_verified(tmp_path: Path) -> None:
    """[CM9] Exit code 0 and a line for each document, while it runs and after; of one room only where it is named."""
    async with serving(configured(tmp_path)) as live:
        for room in ("blue", "red"):
            await live.room(room)
            async with writer(live, room, session=room) as bob:
                await bob.write(lambda doc: doc.get("m", type=Map).update({"a": 1}))
                await bob.saved(1)
        done = run("verify", "--data", str(tmp_path))
        assert (done.returncode, done.stdout.splitlines()) == (
            0,
            ["blue/doc-notes: 1 rows, ok, not signed", "red/doc-notes: 1 rows, ok, not signed",
             "2 documents, 2 rows: ok."],
        )  # fmt: skip

    before = (tmp_path / DATABASE_NAME).read_bytes()
    done = run("verify", "red", "--data", str(tmp_path))
    told = done.stdout.splitlines()
    assert (done.returncode, len(told), told[-1]) == (0, 2, "1 documents, 1 rows: ok.")
    assert told[0].startswith("red/doc-notes: 1 rows, ok, signed up to row 1 by key ")
    assert (tmp_path / DATABASE_NAME).read_bytes() == before

    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        connection.execute("UPDATE updates SET user = 'eve' WHERE rowid = 2")
    done = run("verify", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "red/doc-notes: row 1: changed metadata" in done.stdout
    assert done.stderr == "thunderline: 1 of 2 documents are not what they were.\n"


@pytest.mark.parametrize(("what", "code"), [("none", 2), ("a/b", 2), (None, 4)])
async def test_what_is_not_there_is_not_verified(tmp_path: Path, what: str | None, code: int) -> None:
    """[CM9] A sentence; no data folder is made."""
    folder = tmp_path / "data"
    if what is not None:
        async with serving(configured(folder)):
            pass

    done = run("verify", *([what] if what else []), "--data", str(folder))

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert folder.exists() is (what is not None)
