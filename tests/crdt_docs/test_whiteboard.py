"""The typed view of the whiteboard."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from crdt_docs.errors import SchemaViolation
from crdt_docs.whiteboard import FileEntry, WhiteboardView, check_whiteboard

BOX: dict[str, Any] = {"type": "rectangle", "xy": [1, 2.5], "wh": [30, 40], "index": "a1", "strokeColor": "#000"}
HASH = "ab" * 32


def board(**elements: Any) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    shared = doc.get("elements", type=Map)
    for key, element in elements.items():
        shared[key] = Map(element) if isinstance(element, dict) else element
    return doc


def stroke(*steps: float, **others: Any) -> dict[str, Any]:
    return {"type": "freedraw", "xy": [0, 0], "index": "a0", "pts": Array(list(steps)), **others}


class TestReading:
    def test_an_element_has_its_properties(self) -> None:
        """[WB1, WB2]"""
        [box] = WhiteboardView(board(one=BOX)).elements()

        assert (box.id, box.type, box.xy, box.wh, box.is_deleted) == ("one", "rectangle", (1, 2.5), (30, 40), False)
        assert box.properties == {"strokeColor": "#000"}

    def test_elements_are_stacked_by_index_then_id(self) -> None:
        """[WB3]"""
        doc = board(d={**BOX, "index": "a2"}, c={**BOX, "index": "Zz"}, b=BOX, a=BOX)

        assert [element.id for element in WhiteboardView(doc).elements()] == ["c", "a", "b", "d"]

    def test_a_stroke_is_the_sum_of_its_steps(self) -> None:
        """[WB4] In 1/8 px; half a point at the end is ignored."""
        [ink] = WhiteboardView(board(s=stroke(8, 16, -16, 0, 5))).elements()

        assert ink.points == ((1, 2), (-1, 2))
        assert ink.wh == (2, 2)
        assert ink.pressures == ()

    def test_a_pen_has_pressures_and_a_resized_stroke_a_scale(self) -> None:
        """[WB4]"""
        coded = stroke(16, 0, 255, 16, 32, 51, simulatePressure=False, q=16, sc=[2, 0.5])
        [ink] = WhiteboardView(board(s=coded)).elements()

        assert ink.points == ((2, 0), (4, 1))
        assert ink.pressures == (1, 0.2)

    def test_tombstones_show_only_when_asked_for(self) -> None:
        """[WB5]"""
        view = WhiteboardView(board(gone={**BOX, "isDeleted": True}))

        assert view.elements() == []
        assert [element.id for element in view.elements(deleted=True)] == ["gone"]

    def test_files_say_where_their_bytes_are(self) -> None:
        """[WB1]"""
        doc = board()
        entry = {"sha256": HASH, "mimeType": "image/png", "width": 3, "height": 4, "name": "a.png"}
        doc.get("files", type=Map)["f"] = entry

        assert WhiteboardView(doc).files() == {"f": FileEntry(HASH, "image/png", 3, 4, "a.png")}
        check_whiteboard(doc)

    def test_a_view_sees_later_changes(self) -> None:
        """[WB1]"""
        doc = board(one=BOX)
        view = WhiteboardView(doc)

        doc.get("elements", type=Map)["one"]["xy"] = [7, 7]

        assert [element.xy for element in view.elements()] == [(7, 7)]


HOSTILE: list[Any] = [
    3,
    None,
    [1],
    Text("x"),
    Array([1]),
    {},
    {**BOX, "type": "bomb"},
    {**BOX, "type": Map({})},
    {**BOX, "xy": [1]},
    {**BOX, "xy": [1, float("nan")]},
    {**BOX, "xy": [float("inf"), 1]},
    {**BOX, "xy": "12"},
    {**BOX, "xy": [True, False]},
    {**BOX, "wh": Array([1, 2])},
    {**BOX, "index": 5},
    {**BOX, "isDeleted": "no"},
    {**BOX, "type": "line"},
    {**BOX, "type": "arrow", "lpts": [[0, 0], [1]]},
    {**BOX, "type": "freedraw"},
    {**BOX, "type": "freedraw", "pts": [1, 2]},
    {"type": "freedraw", "xy": [0, 0], "pts": Array([0.5, 1])},
    {"type": "freedraw", "xy": [0, 0], "pts": Array([1, 2]), "q": 0},
    {"type": "freedraw", "xy": [0, 0], "pts": Array([1, "2"])},
    {"type": "freedraw", "xy": [0, 0], "pts": Array([1, 2]), "sc": [1]},
]


class TestHostileContent:
    @pytest.mark.parametrize("index", range(len(HOSTILE)))
    def test_is_left_out_and_reported(self, index: int) -> None:
        """[WB2, WB4, WB6]"""
        doc = board(good=BOX)
        value = HOSTILE[index]
        doc.get("elements", type=Map)["bad"] = Map(value) if isinstance(value, dict) else value
        view = WhiteboardView(doc)

        assert [element.id for element in view.elements(deleted=True)] == ["good"]
        assert len(view.problems()) == 1
        with pytest.raises(SchemaViolation):
            check_whiteboard(doc)

    @pytest.mark.parametrize(
        "entry", [1, {}, {"sha256": HASH.upper()}, {"sha256": HASH, "mimeType": "x", "width": "1"}]
    )
    def test_files_without_meaning_are_left_out(self, entry: Any) -> None:
        """[WB1, WB6]"""
        doc = board()
        doc.get("files", type=Map)["f"] = entry

        assert WhiteboardView(doc).files() == {}
        assert len(WhiteboardView(doc).problems()) == 1

    def test_roots_of_another_kind_are_an_empty_board(self) -> None:
        """[WB6]"""
        other: Doc[Any] = Doc()
        other.get("elements", type=Array).extend([1, 2])
        other.get("files", type=Text).insert(0, "x")
        doc: Doc[Any] = Doc()
        doc.apply_update(other.get_update())

        assert WhiteboardView(doc).elements() == []
        assert WhiteboardView(doc).files() == {}
