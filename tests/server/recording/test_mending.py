"""What a crash cut off is there after the next start."""

from __future__ import annotations

import shutil
from pathlib import Path

from persistence.interfaces import Role
from tests.server.api import call, eventually, get
from tests.server.live import configured, serving
from tests.server.media.samples import probe
from tests.server.media.test_recorder import BEGIN, Source, recorder, say

ID = "d" * 16


async def test_what_was_cut_off_is_mended_and_kept(tmp_path: Path) -> None:
    """[RC9] By the server itself, beside its start; a second start changes nothing."""
    data, cut = tmp_path / "data", tmp_path / "cut"
    async with serving(configured(data)) as live:
        await live.room("room")
    cut.mkdir()
    made = recorder(cut)
    made.manifest.id = ID
    made.manifest.room = "room"
    say(made, Source(kind="mic"), 0, 0, 150)
    folder = data / "recordings" / "room" / ID
    shutil.copytree(cut, folder)  # as it lies there while it is being written
    made.stop("nobody", made.manifest.started_at)
    for _ in range(2):
        async with serving(configured(data)) as live:
            token = live.token("room", "ann", Role.OWNER)

            async def listed(live=live, token=token) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
                found: list[dict[str, object]] = (await get(live, "/api/rooms/room/recordings", token))["recordings"]
                return found

            [told] = await eventually(listed)
            assert (told["id"], told["stopped_by"], told["started_at"]) == (ID, "crash", BEGIN)
            assert (await call(live, "POST", "/api/rooms/room/recording", token=token))[0] == 201
            assert (await call(live, "DELETE", "/api/rooms/room/recording", token=token))[0] == 204
    assert probe(folder / "1-mic.webm")["duration"] > 2
    assert [path.name for path in folder.iterdir()] == ["1-mic.webm"]
