"""Recorded calls in the replay, with files as the recorder writes them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import expect

from persistence.interfaces import Micros
from persistence.sqlite import DATABASE_NAME
from server.media.recording.manifest import Kind, Manifest
from server.media.recording.recorder import Recorder
from tests.browser.replay import Replay
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor
from tests.server.media.samples import Sent, packets_of, voice
from tests.server.media.test_recorder import Source

Enter = Callable[..., Visitor]
SECONDS = 12
STARTING = 30
"""Frames: what a sound tells of its time is not true before it is heard."""
ID = "a" * 16
LAGS = """async (frames) => {
  const all = () => [...document.querySelectorAll('[data-testid^=recorded-]')];
  const lag = (media) => (__thunderline.replay.position.get() - Number(media.dataset.start)) / 1e6 - media.currentTime;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const found = [];
  for (let i = 0; i < frames; i += 1) {
    await frame();
    for (const media of all()) found.push(Math.abs(lag(media)));
  }
  return found;
}"""
"""How far each sound and picture is from the replay's clock, in seconds, frame by frame."""
RUNNING = """() => {
  const all = [...document.querySelectorAll('[data-testid^=recorded-]')];
  const lag = (media) => (__thunderline.replay.position.get() - Number(media.dataset.start)) / 1e6 - media.currentTime;
  return all.length === 2 && all.every((media) => !media.paused && !media.seeking && Math.abs(lag(media)) < 0.15);
}"""


def _moment(server: RoomServer, room: Room) -> int:
    """The instant of the newest change on the board."""
    request = Request(
        f"{server.address}/api/rooms/{room.id}/history/whiteboard/moment",
        headers={"Authorization": f"Bearer {room.token}"},
    )
    with urlopen(request) as answer:
        at: int = json.load(answer)["at"]
    return at


def _record(data: Path, room: str, begin: int, user: str) -> None:
    """A voice and a face of 12 s, written and kept as a server does."""
    folder = data / "recordings" / room / ID
    folder.mkdir(parents=True)
    made = Recorder(folder, Manifest(ID, room, user, begin), 10**9)
    kinds: tuple[Kind, ...] = ("camera", "mic")
    camera, mic = (Source(user=user, kind=kind) for kind in kinds)
    for index, packets in enumerate(packets_of("VP8", frames=SECONDS * 30, gop=60)):
        for packet in packets:
            made.receive(camera, "VP8", packet, Micros(begin + index * 33_333))
    for n, sound in enumerate(voice(SECONDS * 50)):
        made.receive(mic, "opus", Sent(n, n * 960, 1, sound), Micros(begin + n * 20_000))
    told = made.stop(user, Micros(begin + SECONDS * 1_000_000))
    with closing(sqlite3.connect(data / DATABASE_NAME)) as database, database:
        row = (ID, room, user, begin, told.ended_at, user)
        database.execute("INSERT INTO recordings VALUES (?, ?, ?, ?, ?, ?)", row)
        database.executemany(
            "INSERT INTO recording_tracks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(ID, t.file, t.session, t.user, t.kind, t.codec, t.start, t.end, t.bytes) for t in told.tracks],
        )


def test_voices_and_faces_play_in_step_with_the_board(enter: Enter, tmp_path: Path) -> None:
    """[RE18] [RE19] [RC13] Within 80 ms of the canvas, also after a jump and at another speed; a story leads to it."""
    with RoomServer(tmp_path / "data") as server:
        room = server.create_room()
        ann = enter("Ann", room.link)
        shape = ann.board.draw([(350, 250), (480, 330)], tool="r")
        ann.settle()
        drawn = _moment(server, room)
        user = ann.page.evaluate("() => __thunderline.session?.me?.get?.().sub ?? 'somebody'")
        _record(tmp_path / "data", room.id, drawn - 3_000_000, user)

        replay = Replay(ann.page)
        replay.open()
        expect(ann.page.get_by_test_id("replay-recorded")).to_have_count(1)
        ann.page.wait_for_function("() => __thunderline.replay.speed.get() === 1")
        replay.seek(drawn - 2_000_000)
        ann.page.get_by_test_id("replay-play").click()
        ann.page.wait_for_function(RUNNING)
        ann.page.evaluate(LAGS, STARTING)
        assert max(ann.page.evaluate(LAGS, 60)) < 0.08

        replay.seek(drawn + 2_000_000)
        ann.page.wait_for_function(RUNNING)
        ann.page.evaluate(LAGS, STARTING)
        assert max(ann.page.evaluate(LAGS, 60)) < 0.08
        shown = (
            "() => document.querySelector('[data-testid=recorded-camera]').getVideoPlaybackQuality().totalVideoFrames"
        )
        assert ann.page.evaluate(shown) > 10

        ann.page.get_by_test_id("replay-play").click()
        ann.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-testid^=recorded-]')].every((media) => media.paused)"
        )
        replay.seek(drawn + 1_000_000)
        replay.pick(shape)
        ann.page.get_by_test_id("story-hear").first.click()
        ann.page.wait_for_function(RUNNING)
        assert abs(ann.page.evaluate("() => __thunderline.replay.position.get()") - drawn) < 3_000_000
        ann.page.get_by_test_id("replay-speed").select_option("8")
        ann.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-testid^=recorded-]')].every((media) => media.muted)"
        )
