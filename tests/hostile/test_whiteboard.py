"""[P5] [P6] TH5: putting on the whiteboard what harms those who look at it, or what no reader looks at."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest_asyncio
from pycrdt import Array, Doc, Map, Text

from crdt_docs.applying import apply_update
from crdt_docs.errors import MalformedUpdate
from tests.crdt_docs.nested import nested
from tests.crdt_docs.wire import ANY, STRING, TYPE, after, anything, deletes, inside, rooted, run, text, update
from tests.hostile.attacker import entry_of, hand, page, said, written
from tests.hostile.room import BOARD, BOX, HonestRoom
from tests.hostile.witness import Witness
from tests.server.live import configured, serving

MINE = 77_777
HASH = "ab" * 32
MAP_TYPE, ARRAY_TYPE, TEXT_TYPE = b"\x01", b"\x00", b"\x02"
PICTURE = {"sha256": HASH, "mimeType": "image/png", "width": 10, "height": 10}
Act = Callable[[Doc[Any]], Any]


def elements(doc: Doc[Any]) -> Map[Any]:
    """The elements of a board."""
    found: Map[Any] = doc.get("elements", type=Map)
    return found


def box(**others: Any) -> Act:
    """Adds a rectangle with some other values."""
    return lambda doc: elements(doc).update({"e": Map({**BOX, **others})})


def stroke(*steps: Any, **others: Any) -> Act:
    """Adds a freehand stroke of such steps."""
    fields = {"type": "freedraw", "xy": [0, 0], "index": "a0", "pts": Array(list(steps)), **others}
    return lambda doc: elements(doc).update({"e": Map(fields)})


def file(**others: Any) -> Act:
    """Adds a picture's entry."""
    return lambda doc: doc.get("files", type=Map).update({"f": {**PICTURE, **others}})


async def each_refused(room: HonestRoom, tried: dict[str, Act], code: str) -> None:
    """Mallory does each on a fresh page, twice: as an update and as a step 2."""
    limits = room.live.app.services.limits
    async with room.at_work(BOARD) as work:
        for what, act in tried.items():
            limits.refused_updates._buckets.clear()
            sent = written(page(work.server.ydoc), act)
            for as_step2 in (False, True):
                async with hand(room, BOARD) as mallory:
                    await (mallory.step2 if as_step2 else mallory.update)(sent)
                    assert await mallory.refusal() == code, what


async def test_an_element_is_of_a_known_type_and_shape(room: HonestRoom) -> None:
    """[P5] TH5: unknown types, a shape that lacks what its type needs, shapes that are no shared maps."""
    tried: dict[str, Act] = {
        "an unknown type": box(type="iframe"),
        "a type that is a list": box(type=["rectangle"]),
        "no type": lambda doc: elements(doc).update({"e": Map({"xy": [0, 0], "wh": [1, 1]})}),
        "no place": lambda doc: elements(doc).update({"e": Map({"type": "rectangle", "wh": [1, 1]})}),
        "no extent": lambda doc: elements(doc).update({"e": Map({"type": "rectangle", "xy": [1, 1]})}),
        "a line without points": box(type="line"),
        "a stroke without points": lambda doc: elements(doc).update({"e": Map({"type": "freedraw", "xy": [0, 0]})}),
        "a plain object": lambda doc: elements(doc).update({"e": dict(BOX)}),
        "a text instead of an element": lambda doc: elements(doc).update({"e": "box"}),
        "a list instead of an element": lambda doc: elements(doc).update({"e": Array([1])}),
        "points in a plain list": stroke(pts=[1, 2]),
        "a line's points in a shared list": box(type="line", lpts=Array([[0, 0]])),
        "Ann's box as another type": lambda doc: next(iter(elements(doc).values())).update({"type": "script"}),
        "Ann's box without a place": lambda doc: next(iter(elements(doc).values())).pop("xy"),
    }
    await each_refused(room, tried, "schema_violation")


async def test_numbers_are_numbers(room: HonestRoom) -> None:
    """[P6] TH5: NaN, infinity, huge ones, texts and more or fewer than there should be: they break whoever draws."""
    nan, endless = float("nan"), float("inf")
    tried: dict[str, Act] = {
        "NaN": box(xy=[nan, 0]), "infinity": box(wh=[endless, 1]), "minus infinity": box(angle=-endless),
        "beyond bounds": box(xy=[1e300, 0]), "a text": box(xy=["1", 0]), "true": box(xy=[True, 0]),
        "one": box(xy=[1]), "three": box(xy=[1, 2, 3]), "an object": box(wh={"0": 1, "1": 2}),
        "NaN in a stroke": stroke(nan, 0), "half a step": stroke(0.5, 1), "a huge step": stroke(2**40, 1),
        "a text in a stroke": stroke("1", "2"), "a map in a stroke": stroke(1, {"x": 1}),
        "NaN in a line": box(type="line", lpts=[[nan, 0]]), "a resolution of nothing": stroke(1, 1, q=0),
        "a resolution without end": stroke(1, 1, q=endless), "NaN deep inside": box(customData={"a": [{"b": nan}]}),
        "opacity of a text": box(opacity="x"), "bytes": box(customData=b"\x00\x01"),
    }  # fmt: skip
    await each_refused(room, tried, "schema_violation")


async def test_values_that_javascript_has_no_json_for_are_refused(room: HonestRoom) -> None:
    """[P6] TH5: a bigint ends the page of whoever makes JSON of it; bytes, and NaN in 32 bits; by hand."""
    values = {
        "a bigint": b"\x7a" + struct.pack(">q", 2**60), "bytes": b"\x74\x01\x00",
        "NaN in 32 bits": b"\x7c" + struct.pack(">f", float("nan")),
        "a bigint in a list": b"\x75\x01\x7a" + struct.pack(">q", 1),
    }  # fmt: skip
    async with room.at_work(BOARD) as work:
        await _draw(room, page(None, MINE))
        for what, value in values.items():
            async with hand(room, BOARD) as mallory:
                entry = entry_of((MINE, 0), f"custom {what}", ANY, anything(value))
                await mallory.update(update(run(MINE, work.clock(MINE), entry)))
                assert await mallory.refusal() in ("schema_violation", "malformed_update"), what


async def _draw(room: HonestRoom, doc: Doc[Any]) -> None:
    """Mallory draws a box as he may; its map is struct 0 of that page."""
    async with hand(room, BOARD) as mallory:
        await mallory.update(written(doc, lambda doc: elements(doc).update({"his": Map(dict(BOX))})))
        await mallory.settle()


LINKS = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
    "java\nscript:alert(1)", "\x01javascript:alert(1)", "javascript\r:alert(1)", "data:text/html,<script>",
    "DATA:text/html;base64,PHNjcmlwdD4=", "vbscript:msgbox(1)", "blob:https://x/1", "file:///etc/passwd",
    "filesystem:http://x/", "about:blank", "view-source:http://x", "ms-settings:x", "x-javascript:1",
)  # fmt: skip


async def test_a_link_leads_to_the_web_or_nowhere(room: HonestRoom) -> None:
    """[P5] TH5: scripts, pages of data and programs, in every spelling that a browser takes for the same."""
    tried: dict[str, Act] = {repr(link): box(link=link) for link in LINKS}
    tried |= {"no text": box(link=7), "an object": box(link={"href": "x"}), "endless": box(link="x" * 20_000)}
    tried["on Ann's box"] = lambda doc: next(iter(elements(doc).values())).update({"link": LINKS[0]})
    await each_refused(room, tried, "schema_violation")


async def test_a_picture_is_a_file_of_the_room(room: HonestRoom) -> None:
    """[P5] TH5: by hash alone: no address that would tell another site who looks, no data, no other kind of file."""
    tried: dict[str, Act] = {
        "an address": file(sha256="https://evil.example/x.png"), "a path": file(sha256="../../secret.key"),
        "upper case": file(sha256="AB" * 32), "a short hash": file(sha256="ab"), "no text": file(sha256=7),
        "an address beside it": file(dataURL="https://evil.example/x.png"), "data": file(dataURL="data:text/html,x"),
        "another key": file(url="https://evil.example"), "a page": file(mimeType="text/html"),
        "two types": file(mimeType="image/png, text/html"), "a line break": file(mimeType="image/png\r\nx: y"),
        "a width of NaN": file(width=float("nan")), "a text as height": file(height="10"),
        "nothing": lambda doc: doc.get("files", type=Map).update({"f": {}}),
        "a shared map": lambda doc: doc.get("files", type=Map).update({"f": Map(dict(PICTURE))}),
        "a text": lambda doc: doc.get("files", type=Map).update({"f": "https://evil.example/x.png"}),
    }  # fmt: skip
    await each_refused(room, tried, "schema_violation")


async def test_a_board_has_elements_and_files_and_nothing_else(room: HonestRoom) -> None:
    """[P5] TH5: other roots, other types under the right names, entries by place, types inside elements."""
    tried: dict[str, Act] = {
        "another root": lambda doc: doc.get("evil", type=Map).update({"x": 1}),
        "a text": lambda doc: doc.get("elements", type=Text).insert(0, "x"),
        "a list": lambda doc: doc.get("elements", type=Array).append(1),
        "a list of files": lambda doc: doc.get("files", type=Array).append(1),
        "a map in an element": box(hidden=Map({"x": 1})),
        "a list in an element": box(hidden=Array([1])),
        "a text in an element": box(hidden=Text("x")),
        "a document in an element": box(hidden=Doc()),
        "a map in a stroke": stroke(Map({"x": 1})),
    }
    await each_refused(room, tried, "schema_violation")


async def test_nothing_is_hidden_where_no_reader_looks(room: HonestRoom) -> None:
    """[P5] TH5: entries by key in a list of points and by place in a map, by hand; they would cost and never show."""
    limits = room.live.app.services.limits
    async with room.at_work(BOARD) as work:
        his = page(None, MINE)
        async with hand(room, BOARD) as mallory:
            await mallory.update(written(his, stroke(1, 1)))
            await mallory.settle()
        end = work.clock(MINE)
        points = next(each for each in range(1, end) if _is_list(work.server.ydoc, end, each))
        for what, hidden in {
            "by key in the points": entry_of((MINE, points), "k", ANY, said("x")),
            "by place in the element": inside((MINE, 0), ANY, said("x")),
            "by place in the elements": rooted(ANY, said("x"), root="elements"),
            "letters in the elements": rooted(STRING, text("x"), root="elements"),
            "a root of no type": rooted(TYPE, TEXT_TYPE, root="elements", key="t"),
            "inside a number": inside((MINE, end - 1), ANY, said("x")),
        }.items():
            limits.refused_updates._buckets.clear()
            async with hand(room, BOARD) as mallory:
                await mallory.update(update(run(MINE, end, hidden)))
                assert await mallory.refusal() in ("schema_violation", "malformed_update"), what


def _is_list(board: Doc[Any], end: int, each: int) -> bool:
    """Whether that struct of Mallory's is the list of points: whether a number pushed into it, in a copy, is one."""
    trial = page(board)
    before = len(elements(trial)["e"]["pts"])
    try:
        apply_update(trial, update(run(MINE, end, inside((MINE, each), ANY, anything(b"\x7d\x01")))))
    except MalformedUpdate:
        return False
    return len(elements(trial)["e"]["pts"]) > before


async def test_elements_are_not_nested_and_then_torn_down(room: HonestRoom) -> None:
    """[P6] TH5: types inside types under a root, and the outermost deleted, in one update and in two; the process
    would end."""
    async with room.at_work(BOARD):
        deep = nested(50_000).replace(rooted(TYPE, MAP_TYPE), rooted(TYPE, MAP_TYPE, root="elements", key="deep"))
        for sent in ((deep[:-1] + deletes((11, [(0, 1)])),), (deep, update(deletes=deletes((11, [(0, 1)]))))):
            async with hand(room, BOARD) as mallory:
                await mallory.update(*sent)
                assert await mallory.refusal() == "schema_violation"
        tried = [b"\x75\x01" * 100_000 + b"\x7e", b"\x76\x01" + text("k") + b"\x75\x01" * 100_000 + b"\x7e"]
        for value in tried:
            async with hand(room, BOARD) as mallory:
                await mallory.update(update(run(MINE, 0, rooted(ANY, anything(value), root="elements", key="deep"))))
                assert await mallory.refusal() == "malformed_update"


@pytest_asyncio.fixture(loop_scope="session")
async def small(tmp_path: Path, witness: Witness) -> AsyncIterator[HonestRoom]:
    """A room whose board holds 40 elements."""
    async with serving(configured(tmp_path / "data", max_elements=40)) as live:
        yield await HonestRoom.open(live, witness)


async def test_a_board_does_not_grow_without_end(small: HonestRoom) -> None:
    """[P6] [P8] TH5: at once, one after the other, and tombstones count; others then draw on."""
    async with small.at_work(BOARD) as work:
        his = page()
        async with hand(small, BOARD) as mallory:
            await mallory.update(written(his, lambda doc: elements(doc).update(_boxes(0, 50))))
            assert await mallory.refusal() == "quota_exceeded"
        his = page()
        async with hand(small, BOARD) as mallory:
            for number in range(50):
                more = _boxes(number, number + 1)
                await mallory.update(written(his, partial(_add, more=more)))
            assert await mallory.refusal() == "quota_exceeded"
        assert len(elements(work.server.ydoc)) == 40
        await _make_room(work.server.ydoc, small)


def _add(doc: Doc[Any], more: dict[str, Map[Any]]) -> None:
    elements(doc).update(more)


def _boxes(first: int, end: int) -> dict[str, Map[Any]]:
    return {f"his-{number}": Map(dict(BOX)) for number in range(first, end)}


async def _make_room(board: Doc[Any], room: HonestRoom) -> None:
    """Olga clears away what Mallory drew, as anybody may who draws."""
    async with hand(room, BOARD, room.olga) as olga:
        keys = [key for key in elements(board).keys() if key.startswith("his-")]  # noqa: SIM118
        await olga.update(written(page(board), lambda doc: [elements(doc).pop(key) for key in keys]))
        await olga.settle()


async def test_an_element_has_a_size(room: HonestRoom) -> None:
    """[P6] [P8] TH5: keys, texts, values, links and points."""
    too_long: dict[str, Act] = {
        "a long text": box(type="text", text="x" * 100_001), "a long value": box(customData="x" * 70_000),
        "a long key": box(**{"x" * 101: 1}), "an index that is long": box(index="x" * 1025),
        "a long id": lambda doc: elements(doc).update({"x" * 201: Map(dict(BOX))}),
    }  # fmt: skip
    too_many: dict[str, Act] = {
        "many keys": box(**{f"k{number}": 1 for number in range(100)}),
        "a line of many points": box(type="line", lpts=[[0, 0]] * 20_001),
    }
    await each_refused(room, too_long, "schema_violation")
    await each_refused(room, too_many, "quota_exceeded")


STROKE = (
    rooted(TYPE, MAP_TYPE, root="elements", key="e"),
    entry_of((MINE, 0), "type", ANY, said("freedraw")),
    entry_of((MINE, 0), "index", ANY, said("a0")),
    entry_of((MINE, 0), "xy", ANY, anything(b"\x75\x02\x7d\x00\x7d\x00")),
    entry_of((MINE, 0), "pts", TYPE, ARRAY_TYPE),
)
"""A freehand stroke without points, as `MINE` writes it first; the list of its points is the last struct."""


def steps(count: int) -> bytes:
    """The content of a struct with so many numbers."""
    return anything(*[b"\x7d\x01"] * count)


async def test_a_stroke_does_not_grow_without_end(room: HonestRoom) -> None:
    """[P6] [P8] TH5: with all its points at once; and pushed little by little, where each push is small."""
    at = len(STROKE)
    async with room.at_work(BOARD) as work:
        async with hand(room, BOARD) as mallory:
            await mallory.update(update(run(MINE, 0, *STROKE, inside((MINE, at - 1), ANY, steps(60_002)))))
            assert await mallory.refusal() == "quota_exceeded"
        async with hand(room, BOARD) as mallory:
            await mallory.update(update(run(MINE, 0, *STROKE, inside((MINE, at - 1), ANY, steps(5_000)))))
            for pushed in range(5_000, 50_000, 5_000):
                more = after((MINE, at + pushed - 1), ANY, steps(5_000))
                await mallory.update(update(run(MINE, at + pushed, more)))
            assert await mallory.refusal() == "quota_exceeded"
        assert len(elements(work.server.ydoc)["e"]["pts"]) == 40_000


def named(key: str, inside_element: bool) -> Act:
    """Draws an element that is called so, or that has a key that is."""
    if inside_element:
        return lambda doc: elements(doc).update({f"e-{key}": Map({**BOX, key: {"link": LINKS[0]}})})
    return lambda doc: elements(doc).update({key: Map(dict(BOX))})


async def test_names_that_mean_something_to_javascript_mean_nothing(room: HonestRoom) -> None:
    """[P6] TH5: ids and keys like `__proto__` are names like others, and all replicas have the same under them."""
    async with room.at_work(BOARD):
        for key in ("__proto__", "constructor", "toString", "hasOwnProperty"):
            for inside_element in (False, True):
                async with hand(room, BOARD) as mallory:
                    await mallory.update(written(page(), named(key, inside_element)))
                    await mallory.settle()
