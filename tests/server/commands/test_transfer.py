"""`thunderline export`, `import` and `verify FILE`, and the export over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.interfaces import Role
from tests.server.api import writer
from tests.server.history.test_archive import ROOM, a_folder, content
from tests.server.live import configured, serving
from tests.server.test_command import _run as run
from tests.server.test_command import _serving


async def test_a_room_goes_from_a_running_server_to_another_one(tmp_path: Path) -> None:
    """[CM10] [CM11] [CM12] What was written before the command is in the file."""
    file, old, new = str(tmp_path / "room.thunderline"), str(tmp_path / "old"), str(tmp_path / "new")
    async with serving(configured(tmp_path / "old")) as live:
        await live.room()
        async with writer(live, "room") as bob:
            await bob.put("a", 1)
            await bob.saved(1)
            done = run("export", "room", file, "--data", old)
    assert (done.returncode, done.stdout) == (0, f"Exported room room to {file}.\n"), done.stderr
    assert Path(file).stat().st_mode & 0o777 == 0o600
    assert Path(file).read_bytes().startswith(b"thunderline-room 2\n")

    done = run("verify", file)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"{file}: ok.")
    assert done.stdout.startswith("room/doc-notes: 1 rows, ok, signed up to row 1 by key ")
    assert run("import", file, "--as", "copy", "--data", new).returncode == 0
    async with serving(configured(tmp_path / "new")) as live, writer(live, "copy") as bob:
        assert bob.content() == {"a": 1}


async def test_what_cannot_be_transferred_is_told_in_one_sentence(tmp_path: Path) -> None:
    """[CM10] [CM11] [CM12] With its exit code; nothing is left of it."""
    folder = await a_folder(tmp_path / "data")
    file, data = tmp_path / "room", ("--data", str(folder))
    assert run("export", ROOM, str(file), *data).returncode == 0
    damaged, newer = tmp_path / "damaged", tmp_path / "newer"
    damaged.write_bytes(file.read_bytes()[:-1] + bytes((file.read_bytes()[-1] ^ 1,)))
    newer.write_bytes(file.read_bytes().replace(b"room 2\n", b"room 3\n", 1))
    before = content(folder)
    for arguments, code, told in (
        (("export", "none", str(tmp_path / "none"), *data), 2, "no room 'none'"),
        (("export", "a/b", str(tmp_path / "none"), *data), 2, "a/b"),
        (("export", ROOM, str(tmp_path / "no" / "folder"), *data), 2, "cannot be written"),
        (("export", ROOM, str(tmp_path / "none"), "--data", str(tmp_path / "wrong")), 4, "no database"),
        (("import", str(file), *data), 2, "--as"),
        (("import", str(file), "--as", "a/b", *data), 2, "a/b"),
        (("import", str(damaged), "--as", "b", *data), 1, "SHA-256"),
        (("import", str(newer), "--as", "b", *data), 2, "version 3"),
        (("import", str(tmp_path / "none"), *data), 2, "cannot be imported"),
        (("verify", str(damaged)), 1, "SHA-256"),
        (("verify", str(newer)), 2, "version 3"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), (arguments, done.stderr)
        assert told in done.stderr
    assert content(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged", "data", "newer", "room"]


def test_nothing_is_imported_beside_a_server(tmp_path: Path) -> None:
    """[CM11] Exit code 4."""
    (tmp_path / "room").write_bytes(b"thunderline-room 2\n")
    with _serving("--port", "0", "--data", str(tmp_path / "data")) as (process, _):
        done = run("import", str(tmp_path / "room"), "--data", str(tmp_path / "data"))

    assert done.returncode == 4
    assert str(process.pid) in done.stderr


@pytest.mark.parametrize("role", list(Role))
async def test_who_moderates_gets_the_room_over_http(tmp_path: Path, role: Role) -> None:
    """[EX5] The same file as the command's; others are refused."""
    async with serving(configured(tmp_path)) as live:
        await live.room()
        async with writer(live, "room") as bob:
            await bob.put("a", 1)
            await bob.saved(1)
        headers = {"Authorization": f"Bearer {live.token('room', 'maker', role)}"}
        answer = await live.app.quart.test_client().get("/api/rooms/room/export", headers=headers)
        content = await answer.get_data()
    if role not in (Role.OWNER, Role.MODERATOR):
        assert answer.status_code == 403
        return
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="room.thunderline"'
    assert answer.headers["Cache-Control"] == "no-store"
    (tmp_path / "file").write_bytes(content)
    assert run("verify", str(tmp_path / "file")).stdout.splitlines()[-1].endswith("ok.")


async def test_an_export_that_fails_at_once_is_an_error(tmp_path: Path) -> None:
    """[EX5] With the code of the table."""
    async with serving(configured(tmp_path)) as live:
        token = live.token("*", "maker", Role.OWNER)
        status, answer = await live.call("GET", "/api/rooms/a.b/export", token=token)
        assert (status, answer["error"]["code"]) == (404, "unknown_room")
