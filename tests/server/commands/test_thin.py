"""`thunderline thin`, as a process of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crdt_docs.ids import DocumentId, RoomId, Seq
from persistence.interfaces import Micros
from persistence.sqlite import open_sqlite
from server.data_lock import locked
from tests.contracts.rows import read
from tests.server.api import eventually, get, operator
from tests.server.history.test_archive import NOW, ROOM, content, texts
from tests.server.history.test_thinning import BOARD, a_folder
from tests.server.history.test_verification import verdicts
from tests.server.live import configured, serving
from tests.server.test_command import _run as run


async def test_a_dry_run_tells_what_the_real_one_removes(tmp_path: Path) -> None:
    """[CM15] [TH4] [TH5] Nothing is changed by it; afterwards the logs verify and say the same."""
    folder = await a_folder(tmp_path / "data", 3)
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        [home] = await stores.rooms.all()
        await stores.rooms.create(replace(home, id=RoomId("other")))
    said, before = await texts(folder, ROOM), content(folder)
    thin = ("thin", "--older-than", "1", "--files", "--data", str(folder))

    dry = run(*thin, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert content(folder) == before
    done = run(*thin)

    assert done.returncode == 0, done.stderr
    rooms, last = dry.stdout.splitlines()[:-1], done.stdout.splitlines()[-1]
    assert done.stdout.splitlines()[:-1] == rooms
    assert [line.split(" ", 1)[0] for line in rooms] == ["home:", "home:", "other:", "other:"]
    assert rooms[1].startswith("home: 3 files, ")
    assert rooms[2:] == ["other: 0 changes, 0 bytes", "other: 0 files, 0 bytes"]
    assert "dry run" in dry.stdout.splitlines()[-1]
    assert last.endswith(" bytes were removed.")
    assert await texts(folder, ROOM) == said
    assert [verdict.fault for verdict in verdicts(folder)] == [None] * 3
    assert sum(verdict.rows for verdict in verdicts(folder)) < 70
    assert run("verify", "--data", str(folder)).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "Nothing is asked for"),
        (("--older-than", "1", "--room", "none"), 2, "no room 'none'"),
        (("--older-than", "1", "--room", "a/b"), 2, "a/b"),
        (("--older-than", "0"), 2, "--older-than"),
        (("--files", "--data", "nowhere"), 4, "no database"),
    ],
)
async def test_what_cannot_be_thinned_out_is_told(
    tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """[CM15]"""
    folder = await a_folder(tmp_path / "data", 3, 5)
    done = run("thin", "--data", str(folder), *arguments)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr


async def test_nothing_is_thinned_out_under_a_server(tmp_path: Path) -> None:
    """[CM15] [CM8]"""
    folder = await a_folder(tmp_path / "data", 3, 60)
    before = content(folder)
    with locked(folder):
        done = run("thin", "--older-than", "1", "--files", "--data", str(folder))
    assert (done.returncode, done.stdout) == (4, "")
    assert content(folder) == before


async def test_a_server_thins_out_by_its_policy(tmp_path: Path) -> None:
    """[TH6] At its start; by default it keeps everything."""
    folder = await a_folder(tmp_path / "data", 4)
    async with serving(configured(folder)) as live:
        stores = live.app.services.stores
        rows = await read(stores, BOARD)
        [home] = await stores.rooms.all()
        await stores.rooms.create(replace(home, id=RoomId("a-broken-one"), created_at=Micros(1)))
        for seq in (1, 2):
            broken = DocumentId(RoomId("a-broken-one"), "chat")
            await stores.updates.append([replace(rows[0], document=broken, seq=Seq(seq), update=b"no update")])
    async with serving(configured(folder, thin_days=1)) as live:
        token = operator(live)

        async def trace() -> object:
            return (await get(live, "/api/admin/events?kind=thinned", token))["events"]

        [event] = await eventually(trace)  # and none of the broken one, which is looked at first
        left = await read(live.app.services.stores, BOARD)
        status, _ = await live.call("GET", "/api/rooms/home/history/whiteboard", token=token)
    assert (event["room"], event["user"], status) == ("home", None, 200)
    assert len(left) < len(rows)
    assert left[-1].seq == rows[-1].seq
    assert [verdict.fault for verdict in verdicts(folder)] == [None] * 4
