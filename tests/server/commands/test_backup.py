"""`thunderline backup` and `restore`: a server's whole content in one file, and back."""

from __future__ import annotations

import asyncio
import hashlib
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as with_other
from pycrdt import Doc

from persistence.interfaces import Role
from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.reading import reading
from server.auth.tokens import ADMIN_USER
from server.history.archive import ArchiveRefused, pack, unpack
from server.history.backup import BACKUP, File, Lost, Manifest, Part, back_up, checked
from server.history.restore import restore
from server.history.verification import verify_all
from tests.server.history.test_archive import NOW, ROOM, a_folder, content, everything
from tests.server.live import Live, configured, serving
from tests.server.test_command import _run as run
from tests.wire_client import WireClient, sync_url, wire_client

PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture" * 40_000


def page(live: Live, user: str, role: Role = Role.MEMBER) -> str:
    """Where somebody's page finds the document."""
    return sync_url(live, "room", "doc-notes", live.token("room", user, role), session=user, ext="1")


async def write(client: WireClient, first: int, count: int, name: str) -> None:
    """Write keys, each saved before the next one."""
    saved = client.last("saved").get("through", 2) - 2
    for number in range(count):
        await client.put(f"{name}{first + number}", number)
        await client.saved(saved + number + 1)


async def test_a_backup_of_a_live_server_and_browsers_make_everything_whole(tmp_path: Path) -> None:
    """[BK1] [RS1] [RS2] Somebody writes before, while and after the backup is taken. All of it is there again once a
    moderator's browser has been back, attributed to those who wrote it."""
    file = str(tmp_path / "backup")
    anns: Doc[Any] = Doc()
    bobs: Doc[Any] = Doc()
    async with serving(configured(tmp_path / "old")) as live:
        await live.room()
        bearer = {"Authorization": f"Bearer {live.token('room', 'ann')}"}
        digest = hashlib.sha256(PICTURE).hexdigest()
        answer = await live.app.quart.test_client().put(
            f"/api/rooms/room/assets/{digest}",
            data=PICTURE,
            headers={**bearer, "X-File-Name": "a.png", "Content-Length": str(len(PICTURE))},
        )
        assert answer.status_code == 201, await answer.get_data()
        async with (
            wire_client(page(live, "ann", Role.MODERATOR), anns) as ann,
            wire_client(page(live, "bob"), bobs) as bob,
        ):
            await write(bob, 0, 5, "before")
            await write(ann, 0, 1, "early")
            backup = asyncio.create_task(asyncio.to_thread(run, "backup", file, "--data", str(tmp_path / "old")))
            number = 0
            while not backup.done():
                await write(bob, number, 1, "while")
                number += 1
            assert backup.result().returncode == 0, backup.result().stderr
            await write(bob, 0, 5, "after")
            await write(ann, 0, 5, "anns")
            await ann.until(lambda: "after4" in ann.content())
            everybodys = ann.content()

    assert number > 0
    assert Path(file).stat().st_mode & 0o777 == 0o600
    assert run("verify", file).returncode == 0
    done = run("restore", file, "--data", str(tmp_path / "new"))
    assert done.returncode == 0, done.stderr
    assert "1 rooms, all in recovery" in done.stdout
    async with serving(configured(tmp_path / "new")) as live:
        async with wire_client(page(live, "eve")) as eve:
            kept = eve.content()
            assert {f"before{number}" for number in range(5)} <= set(kept) < set(everybodys)
            async with wire_client(page(live, "ann", Role.MODERATOR), anns):
                await eve.until(lambda: eve.content() == everybodys)
        answer = await live.app.quart.test_client().get(
            f"/api/rooms/room/assets/{digest}", headers={"Authorization": f"Bearer {live.token('room')}"}
        )
        assert await answer.get_data() == PICTURE
    with reading(tmp_path / "new" / DATABASE_NAME) as connection:
        assert [verdict.fault for verdict in verify_all(connection, None, None)] == [None]
        writers = dict(connection.execute("SELECT client, user FROM document_clients").fetchall())
    assert writers == {anns.client_id: "ann", bobs.client_id: "bob"}


async def backed_up(folder: Path, scratch: Path) -> bytes:
    """A backup of that folder as bytes."""
    lost: list[Lost] = []
    data = b"".join(pack(back_up(folder, scratch, NOW, lost), BACKUP))
    assert lost == []
    return data


async def test_a_restored_folder_is_the_one_that_was_backed_up(tmp_path: Path) -> None:
    """[RS1] Every table and file, but for recovery; nothing else is left in the way."""
    old, new = await a_folder(tmp_path / "old"), tmp_path / "new"
    new.mkdir()
    (old / "secret.key").write_text("s" * 64)

    assert restore(io.BytesIO(await backed_up(old, tmp_path)), new, ADMIN_USER, NOW) == 1

    with closing(sqlite3.connect(new / DATABASE_NAME, isolation_level=None)) as connection:
        query = "DELETE FROM events WHERE kind = 'recovery_changed' AND user = 'admin'"
        assert connection.execute(query).rowcount == 1
        assert connection.execute("UPDATE rooms SET recovery = 0 WHERE recovery").rowcount == 1
        connection.execute("DELETE FROM sqlite_sequence")
    assert content(new) == content(old)
    assert everything(new)["files"] == everything(old)["files"]
    assert {path.stat().st_mode & 0o077 for path in new.rglob("*") if path.is_file()} == {0}


def _forge(what: str, records: list[Any]) -> list[Any]:
    files = [place for place, each in enumerate(records) if isinstance(each, File)]
    manifest: Manifest = records[-1]
    match what:
        case "path":
            return [
                with_other(each, path="../evil") if place == files[-1] else each for place, each in enumerate(records)
            ]
        case "twice":
            return [*records[:-1], records[files[0]], records[-1]]
        case "bytes":
            return [Part(b"other") if isinstance(each, Part) else each for each in records]
        case "no database":
            return [records[0], *records[files[1] : -1], Manifest(manifest.files[1:])]
        case "manifest":
            return [*records[:-1], Manifest(manifest.files[:-1])]
        case _:
            return {"no end": records[:-1], "no beginning": records[1:], "nothing": [], "more": [*records, records[0]]}[
                what
            ]


FORGERIES = ["path", "twice", "bytes", "no database", "manifest", "no end", "no beginning", "nothing", "more"]


@pytest.mark.parametrize("what", FORGERIES)
async def test_a_backup_that_does_not_fit_is_refused_though_its_digest_is_right(tmp_path: Path, what: str) -> None:
    """[BK2] [RS1] And the folder is as empty as it was."""
    records = list(unpack(io.BytesIO(await backed_up(await a_folder(tmp_path / "old"), tmp_path)), BACKUP))
    forged = b"".join(pack(_forge(what, records), BACKUP))
    new = tmp_path / "new"
    new.mkdir()

    with pytest.raises(ArchiveRefused):
        restore(io.BytesIO(forged), new, ADMIN_USER, NOW)

    assert list(new.iterdir()) == []
    assert not (tmp_path / "evil").exists()


async def test_a_backup_that_was_changed_or_cut_off_is_refused(tmp_path: Path) -> None:
    """[BK2] At any of many places."""
    data = await backed_up(await a_folder(tmp_path / "old"), tmp_path)
    for place in range(0, len(data), max(1, len(data) // 200)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        for broken in (bytes(flipped), data[:place]):
            with pytest.raises(ArchiveRefused):
                list(checked(unpack(io.BytesIO(broken), BACKUP)))


async def test_what_cannot_be_backed_up_or_restored_is_told(tmp_path: Path) -> None:
    """[CM13] [CM14] In a sentence, with an exit code; lost files are warned of."""
    folder = await a_folder(tmp_path / "data")
    file, target = tmp_path / "backup", ("--data", str(tmp_path / "new"))
    gone = next(path for path in (folder / "assets" / ROOM).rglob("*") if path.is_file())
    gone.unlink()
    done = run("backup", str(file), "--data", str(folder))
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert gone.name in done.stderr
    (tmp_path / "damaged").write_bytes(file.read_bytes()[:-1])
    for arguments, code, told in (
        (("backup", str(tmp_path / "none"), *target), 4, "no database"),
        (("backup", str(tmp_path / "no" / "folder"), "--data", str(folder)), 2, "cannot be written"),
        (("restore", str(file), "--data", str(folder)), 2, "not empty"),
        (("restore", str(tmp_path / "damaged"), *target), 1, "damaged"),
        (("restore", str(tmp_path / "none"), *target), 2, "cannot be restored"),
        (("verify", str(tmp_path / "damaged")), 1, "damaged"),
        (("import", str(file), *target), 2, "no export"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), (arguments, done.stderr)
        assert told in done.stderr
    assert run("restore", str(file), "--data", str(tmp_path / "newer")).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "damaged", "data", "new", "newer"]
