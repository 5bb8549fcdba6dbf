"""Measures the replay: writes rooms of two hours, opens them in Chromium, jumps about, plays, looks at the memory.

    python -m scripts.bench.replay [--rows 50000 1000000] [--elements 2000] [--data DIR] [--cursors]

With `--cursors` all five people point all the time, as often as is kept of it.
Needs the built client and Chromium. Prints milliseconds, frames per second, and megabytes of the page's heap with what
hangs on it. To write a million rows takes minutes; in `--data` they stay for the next time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from pycrdt import Array, Doc, Map

from crdt_docs.ids import RoomId, SessionId, UserId, parse_document_id
from persistence.compaction import Compactor
from persistence.interfaces import Micros, Trail, UpdateRow
from persistence.sqlite import DATABASE_NAME, open_sqlite
from server.history.cursors import SAMPLE_MICROS, TRAIL_MICROS
from server.history.trails import TrailDraft
from tests.browser.conftest import FLAGS, chromium
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

PEOPLE = [UserId(f"person-{n}") for n in range(5)]
HOURS_US = 2 * 3600 * 1_000_000
SNAPSHOT_EVERY = 500
SEEKS = 100
LONGEST = 160
"""Numbers of a stroke, so that a longer history is one of the same board."""
STYLE = {"strokeColor": "#1e1e1e", "backgroundColor": "transparent", "fillStyle": "solid", "strokeStyle": "solid"}
JUMP = """async (at) => {
  const begin = performance.now();
  await __thunderline.replay.seek(at);
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
  return performance.now() - begin;
}"""
"""Until the moment is drawn."""
FRAMES = """(ms) => new Promise((resolve) => {
  const start = performance.now(); let count = 0;
  requestAnimationFrame(function next(now) {
    count += 1;
    if (now - start < ms) requestAnimationFrame(next); else resolve(1000 * count / (now - start));
  });
})"""


def element(chance: random.Random, n: int) -> Map[Any]:
    """A stroke, a rectangle or an ellipse somewhere on a wide board."""
    kind = chance.choice(["freedraw", "rectangle", "ellipse"])
    plain = {"xy": [chance.random() * 4000, chance.random() * 2500], "index": f"a{n:05d}V", "strokeWidth": 2.0}
    numbers = {"roughness": 1.0, "opacity": 100.0, "seed": float(chance.randrange(2**30)), "angle": 0.0}
    rest = {"groupIds": [], "boundElements": [], "isDeleted": False, "locked": False, "type": kind}
    shape: dict[str, Any] = {**plain, **numbers, **STYLE, **rest}
    if kind == "freedraw":
        shape |= {"pts": Array([0.0, 0.0]), "q": 8.0, "simulatePressure": True}
    else:
        shape |= {"wh": [60.0, 40.0], "roundness": None}
    return Map(shape)


def change(chance: random.Random, shape: Map[Any]) -> None:
    if shape["type"] == "freedraw" and chance.random() < 0.8 and len(shape["pts"]) < LONGEST:
        shape["pts"].extend([float(chance.randrange(-40, 40)) for _ in range(6)])
    else:
        x, y = shape["xy"]
        shape["xy"] = [x + chance.random() * 8, y + chance.random() * 8]


def updates(rows: int, elements: int) -> list[tuple[UserId, bytes]]:
    """Five people, each drawing one element after the other in bursts."""
    chance = random.Random(1)
    docs: dict[UserId, Doc[Any]] = {person: Doc() for person in PEOPLE}
    boards = {person: doc.get("elements", type=Map) for person, doc in docs.items()}
    per = rows // elements
    out: list[tuple[UserId, bytes]] = []
    for person, doc in docs.items():
        # what a change adds, and no more: get_update would repeat all deletions
        doc.observe(lambda event, person=person: out.append((person, event.update)))
    for n in range(elements):
        person = chance.choice(PEOPLE)
        board = boards[person]
        for step in range(per):
            if step == 0:
                board[f"element-{n}"] = element(chance, n)
            else:
                change(chance, board[f"element-{n}"])
    return out


async def write(data: Path, room: str, made: list[tuple[UserId, bytes]]) -> None:
    document = parse_document_id(room, "whiteboard")
    start = time.time_ns() // 1000 - HOURS_US
    async with (
        open_sqlite(data, durability="process", clock=lambda: Micros(start)) as stores,
        Compactor(stores, data / DATABASE_NAME) as compactor,
    ):
        kept = await stores.rooms.get(document.room)
        assert kept is not None
        await stores.rooms.change(replace(kept, created_at=start))
        head = await stores.updates.head(document)
        for first in range(0, len(made), SNAPSHOT_EVERY):
            batch = [
                UpdateRow(
                    document=document,
                    seq=type(head)(head + first + n + 1),
                    at=Micros(start + (first + n) * HOURS_US // len(made)),
                    user=user,
                    session=SessionId(f"session-of-{user}"),
                    update=update,
                )
                for n, (user, update) in enumerate(made[first : first + SNAPSHOT_EVERY])
            ]
            await stores.updates.append(batch)
            compactor.request(document)
            await compactor.settled()


async def point(data: Path, room: RoomId) -> None:
    """Everybody's pointer walks about on the board during the whole time."""
    chance = random.Random(3)
    async with open_sqlite(data, durability="process", clock=lambda: Micros(0)) as stores:
        kept = await stores.rooms.get(room)
        assert kept is not None
        for person in PEOPLE:
            page, trails = SessionId(f"session-of-{person}"), []
            for since in range(kept.created_at, kept.created_at + HOURS_US, TRAIL_MICROS):
                draft, x, y = TrailDraft(Micros(since)), 2000, 1200
                for at in range(since, since + TRAIL_MICROS, SAMPLE_MICROS):
                    x, y = x + chance.randrange(-60, 61), y + chance.randrange(-60, 61)
                    draft.add(Micros(at), (x, y))
                trails.append(Trail(room, page, person, draft.since, draft.until, bytes(draft.bytes)))
            await stores.cursors.add(trails)


def measure(page: Page) -> None:
    chance = random.Random(2)
    span = page.evaluate("() => __thunderline.replay.span.get()")
    start, end = span["begin"], span["end"]
    took = sorted(page.evaluate(JUMP, start + chance.random() * (end - start)) for _ in range(SEEKS))
    print(
        f"seek: median {statistics.median(took):.0f} ms, p95 {took[int(SEEKS * 0.95)]:.0f} ms, most {took[-1]:.0f} ms"
    )
    for speed in (1, 8, 32):
        page.evaluate(JUMP, start + 0.9 * (end - start))
        page.evaluate(f"() => {{ __thunderline.replay.speed.set({speed}); __thunderline.replay.play(); }}")
        print(f"play at {speed}x: {page.evaluate(FRAMES, 4000):.1f} fps")
        page.evaluate("() => __thunderline.replay.pause()")


def megabytes(visitor: Visitor) -> float:
    """What the page holds after all garbage has gone: objects, and the buffers that hang on them."""
    devtools = visitor.context.new_cdp_session(visitor.page)
    devtools.send("HeapProfiler.collectGarbage")
    used = devtools.send("Runtime.getHeapUsage")
    devtools.detach()
    return float(used["usedSize"] + used.get("backingStorageSize", 0)) / 1e6


def open_replay(visitor: Visitor, room: Room) -> float:
    visitor.page.goto(room.link + "/replay")
    visitor.page.get_by_test_id("name-input").fill("Ann")
    began = time.monotonic()
    visitor.page.get_by_test_id("enter").click()
    visitor.page.wait_for_function("() => window.__thunderline?.stage && __thunderline.api.getSceneElements().length")
    return time.monotonic() - began


def prepared(folder: Path, rows: int, elements: int, cursors: bool) -> tuple[Path, Room]:
    """A data folder with such a room, written now or before."""
    data, kept = folder / "data", folder / "room.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        with RoomServer(data) as server:
            room = server.create_room()
        made = updates(rows, elements)
        print(f"{len(made)} rows, {sum(len(update) for _, update in made) / 1e6:.1f} MB")
        asyncio.run(write(data, room.id, made))
        if cursors:
            asyncio.run(point(data, RoomId(room.id)))
        kept.write_text(json.dumps(asdict(room)))
    return data, Room(**json.loads(kept.read_text()))


def visit(browser: Browser, data: Path, room: Room) -> None:
    """Open the replay of this room, and measure it."""
    with RoomServer(data) as server:
        visitor = Visitor(browser, "Ann")
        ready = open_replay(visitor, replace(room, link=f"{server.address}/r/{room.id}"))
        print(f"ready after {ready * 1000:.0f} ms, holds {megabytes(visitor):.0f} MB")
        measure(visitor.page)
        print(f"holds {megabytes(visitor):.0f} MB")
        if visitor.errors:
            raise SystemExit("\n".join(visitor.errors))
        visitor.context.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000])
    parser.add_argument("--elements", type=int, default=2_000)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--cursors", action="store_true")
    options = parser.parse_args()
    folder = options.data or Path(tempfile.mkdtemp())
    name = "{} with cursors" if options.cursors else "{}"
    rooms = [
        (rows, *prepared(folder / name.format(rows), rows, options.elements, options.cursors)) for rows in options.rows
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for rows, data, room in rooms:
            print(f"== {rows} rows")
            visit(browser, data, room)
        browser.close()


if __name__ == "__main__":
    main()
