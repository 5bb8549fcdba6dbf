"""What may lie on a whiteboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, merge_updates

from crdt_docs.effects import DocumentLimits, Verdict
from crdt_docs.errors import DocumentQuotaExceeded, SchemaViolation
from crdt_docs.ids import DocumentKind
from crdt_docs.whiteboard import WhiteboardView, check_whiteboard
from crdt_docs.whiteboard_rules import MAX_KEYS, MAX_TEXT, MAX_VALUE
from tests.crdt_docs.twins import BOX, HASH, Client, Judged, stroke

FILE: dict[str, Any] = {"sha256": HASH, "mimeType": "image/png", "width": 3, "height": 4}


@pytest.fixture
def ann() -> Client:
    """Drew a box, an arrow and a stroke."""
    ann = Client(300)
    ann.elements["box"] = Map(BOX)
    ann.elements["arrow"] = Map({**BOX, "type": "arrow", "lpts": [[0, 0], [3, 4]]})
    ann.elements["ink"] = stroke(8, 16, -16, 0)
    return ann


@pytest.fixture
def board(ann: Client) -> Judged:
    return Judged(DocumentKind.WHITEBOARD, ann.doc.get_update())


def put(client: Client, key: str, value: Any, element: str = "box") -> bytes:
    return client.write(lambda: client.elements[element].__setitem__(key, value))


def draw(client: Client, key: str, element: Any) -> bytes:
    return client.write(lambda: client.elements.__setitem__(key, element))


WHOLE: list[Callable[[], Any]] = [
    lambda: Map(BOX),
    lambda: Map({**BOX, "isDeleted": True, "link": None, "customData": {"asset": {"sha256": HASH}}, "new": [1, None]}),
    lambda: Map({**BOX, "type": "line", "lpts": [[0, 0], [1.5, 2]]}),
    lambda: Map({**BOX, "type": "text", "text": "x" * MAX_TEXT, "originalText": "x", "fontSize": 20}),
    lambda: Map({**BOX, "type": "image", "fileId": "f", "scale": [1, -1], "crop": None}),
    lambda: stroke(1, 2, simulatePressure=True),
    lambda: stroke(1, 2, 255, simulatePressure=False, q=16, sc=[2, 0.5]),
    stroke,
]

BROKEN: list[Any] = [
    3,
    None,
    [1],
    {"type": "rectangle", "xy": [0, 0], "wh": [1, 1]},
    Text("x"),
    Array([1]),
    Map({}),
    Map({**BOX, "type": "bomb"}),
    Map({**BOX, "type": ["rectangle"]}),
    Map({**BOX, "type": Map({})}),
    Map({"type": "rectangle", "wh": [1, 1]}),
    Map({"type": "rectangle", "xy": [1, 1]}),
    Map({**BOX, "type": "line"}),
    Map({**BOX, "type": "freedraw"}),
    Map({**BOX, "type": "freedraw", "pts": [1, 2]}),
]

VALUES: list[tuple[str, Any]] = [
    ("xy", [1]),
    ("xy", [1, float("nan")]),
    ("xy", [float("inf"), 1]),
    ("xy", [1, 1.1e9]),
    ("xy", [True, False]),
    ("xy", Array([1, 2])),
    ("wh", "12"),
    ("sc", [1]),
    ("q", 0),
    ("q", 4096),
    ("index", 5),
    ("index", "a" * 1_025),
    ("isDeleted", "no"),
    ("locked", 1),
    ("simulatePressure", None),
    ("angle", float("nan")),
    ("opacity", "full"),
    ("lpts", [[0, 0], [1]]),
    ("lpts", [[0, 0], [1, float("inf")]]),
    ("lpts", Array([[0, 0]])),
    ("text", "x" * (MAX_TEXT + 1)),
    ("text", "😀" * (MAX_TEXT // 2 + 1)),
    ("text", Text("x")),
    ("originalText", 5),
    ("fileId", "x" * 201),
    ("customData", {"x": "x" * MAX_VALUE}),
    ("customData", Map({})),
    ("boundElements", Array([])),
    ("unknown", Map({})),
    ("unknown", Array([1])),
    ("unknown", b"bytes"),
    ("unknown", {"deep": [float("nan")]}),
    ("x" * 101, 1),
    ("pts", [1, 2]),
    ("pts", Map({})),
    ("pts", Array([0.5, 1])),
    ("pts", Array([1, "2"])),
    ("pts", Array([1, None])),
    ("pts", Array([1, True])),
    ("pts", Array([1, 2**31])),
    ("pts", Array([1, 2**62])),
    ("pts", Array([1e300, 1])),
    ("pts", Array([float("nan"), 1])),
    ("pts", Array([1, Map({})])),
    ("pts", Array([[1], 2])),
]


class TestElements:
    @pytest.mark.parametrize("index", range(len(WHOLE)))
    def test_whole_ones_are_drawn(self, board: Judged, ann: Client, index: int) -> None:
        """[WB7, WB9, WB13]"""
        assert board.take(draw(ann, "new", WHOLE[index]())) == Verdict(elements=1)
        check_whiteboard(board.live)

    @pytest.mark.parametrize("index", range(len(BROKEN)))
    def test_broken_ones_are_not(self, board: Judged, ann: Client, index: int) -> None:
        """[WB7, TW4]"""
        with pytest.raises(SchemaViolation):
            board.take(draw(ann, "new", BROKEN[index]))

    @pytest.mark.parametrize("value", [Map({}), 5, Text("x")])
    def test_nor_do_they_replace_one(self, board: Judged, ann: Client, value: Any) -> None:
        """[WB7]"""
        with pytest.raises(SchemaViolation):
            board.take(draw(ann, "box", value))

    def test_one_is_replaced_by_another_whole_one(self, board: Judged, ann: Client) -> None:
        """[WB7]"""
        assert board.take(draw(ann, "box", Map({**BOX, "type": "ellipse"}))) == Verdict()

    def test_whoever_may_draw_may_remove(self, board: Judged, ann: Client) -> None:
        """[WB7]"""
        board.take(ann.write(lambda: ann.elements.pop("box")))

        assert [element.id for element in WhiteboardView(board.live).elements()] == ["ink", "arrow"]

    def test_an_id_has_an_end(self, board: Judged, ann: Client) -> None:
        """[WB9]"""
        with pytest.raises(SchemaViolation):
            board.take(draw(ann, "x" * 201, Map(BOX)))

    def test_a_board_is_full_at_some_point(self, ann: Client) -> None:
        """[WB13] Tombstones count, and what is there may still be changed."""
        board = Judged(DocumentKind.WHITEBOARD, ann.doc.get_update(), DocumentLimits(elements=4))
        board.take(draw(ann, "fourth", Map({**BOX, "isDeleted": True})))
        board.take(put(ann, "xy", [5, 5]))

        with pytest.raises(DocumentQuotaExceeded):
            board.take(draw(ann, "fifth", Map(BOX)))


class TestValues:
    @pytest.mark.parametrize("index", range(len(VALUES)))
    def test_a_changed_one_is_checked(self, board: Judged, ann: Client, index: int) -> None:
        """[WB8, WB9, WB10, TW4]"""
        key, value = VALUES[index]

        with pytest.raises(SchemaViolation):
            board.take(put(ann, key, value))

    @pytest.mark.parametrize(
        "index", [n for n, (_, value) in enumerate(VALUES) if not isinstance(value, Array | Map | Text)]
    )
    def test_and_so_is_each_of_a_new_element(self, board: Judged, ann: Client, index: int) -> None:
        """[WB7, WB9]"""
        key, value = VALUES[index]

        with pytest.raises(SchemaViolation):
            board.take(draw(ann, "new", Map({**BOX, key: value})))

    def test_a_key_we_do_not_know_may_come(self, board: Judged, ann: Client) -> None:
        """[WB9] Another version's; its readers skip it."""
        board.take(put(ann, "glow", {"radius": 3, "colors": ["red", None]}))

        assert WhiteboardView(board.live).elements()[2].properties["glow"] == {"radius": 3, "colors": ["red", None]}

    def test_but_not_without_end(self, board: Judged, ann: Client) -> None:
        """[WB9]"""

        def fill() -> None:
            for number in range(MAX_KEYS):
                ann.elements["box"][f"k{number}"] = number

        with pytest.raises(DocumentQuotaExceeded):
            board.take(ann.write(fill))

    @pytest.mark.parametrize(
        ("element", "key"), [("box", "type"), ("box", "xy"), ("box", "wh"), ("arrow", "lpts"), ("ink", "pts")]
    )
    def test_what_an_element_needs_is_not_dropped(self, board: Judged, ann: Client, element: str, key: str) -> None:
        """[WB8]"""
        with pytest.raises(SchemaViolation):
            board.take(ann.write(lambda: ann.elements[element].__delitem__(key)))

    def test_what_it_does_not_need_is(self, board: Judged, ann: Client) -> None:
        """[WB8]"""
        board.take(ann.write(lambda: ann.elements["box"].__delitem__("strokeColor")))

    def test_another_type_needs_what_it_needs(self, board: Judged, ann: Client) -> None:
        """[WB8]"""
        board.take(put(ann, "type", "ellipse"))

        with pytest.raises(SchemaViolation):
            board.take(put(ann, "type", "freedraw"))


class TestPoints:
    def test_steps_are_pushed_and_taken_back(self, board: Judged, ann: Client) -> None:
        """[WB10]"""
        points = ann.elements["ink"]["pts"]
        board.take(ann.write(lambda: points.extend([5, -6])))
        board.take(ann.write(lambda: points.__delitem__(slice(2, 6))))

        assert WhiteboardView(board.live).elements()[0].points == ((1, 2),)

    @pytest.mark.parametrize("step", [0.5, "1", None, True, 2**31, 2**62, float("nan"), float("inf"), [1], b"1"])
    def test_what_is_no_step_is_refused(self, board: Judged, ann: Client, step: Any) -> None:
        """[WB10]"""
        with pytest.raises(SchemaViolation):
            board.take(ann.write(lambda: ann.elements["ink"]["pts"].extend([1, step])))

    @pytest.mark.parametrize("value", [Map({}), Array([1]), Text("1"), Doc()])
    def test_nothing_shared_is_a_step(self, board: Judged, ann: Client, value: Any) -> None:
        """[WB10, TW4]"""
        with pytest.raises(SchemaViolation):
            board.take(ann.write(lambda: ann.elements["ink"]["pts"].append(value)))

    @pytest.mark.parametrize(("pen", "most"), [(False, 200), (True, 300)])
    def test_a_stroke_has_an_end(self, ann: Client, pen: bool, most: int) -> None:
        """[WB13] Pushed or whole."""
        ann.elements["ink"] = stroke(*range(most - 3), simulatePressure=not pen)
        board = Judged(DocumentKind.WHITEBOARD, ann.doc.get_update(), DocumentLimits(points=100))
        board.take(ann.write(lambda: ann.elements["ink"]["pts"].extend([1, 2, 3])))

        for sent in (
            ann.write(lambda: ann.elements["ink"]["pts"].extend([1])),
            draw(ann, "more", stroke(*range(most + 1), simulatePressure=not pen)),
            put(ann, "pts", Array(list(range(most + 1))), "ink"),
        ):
            again = Judged(DocumentKind.WHITEBOARD, board.state, DocumentLimits(points=100))
            with pytest.raises(DocumentQuotaExceeded):
                again.take(merge_updates(board.state, sent))
            board.live.apply_update(sent)

    def test_to_call_a_pen_no_pen_does_not_make_room(self, ann: Client) -> None:
        """[WB13]"""
        ann.elements["ink"] = stroke(*range(300), simulatePressure=False)
        board = Judged(DocumentKind.WHITEBOARD, ann.doc.get_update(), DocumentLimits(points=100))

        with pytest.raises(DocumentQuotaExceeded):
            board.take(put(ann, "simulatePressure", True, "ink"))

    def test_a_line_has_an_end(self, ann: Client) -> None:
        """[WB13]"""
        board = Judged(DocumentKind.WHITEBOARD, ann.doc.get_update(), DocumentLimits(points=100))
        board.take(put(ann, "lpts", [[0, 0]] * 100, "arrow"))

        with pytest.raises(DocumentQuotaExceeded):
            board.take(put(ann, "lpts", [[0, 0]] * 101, "arrow"))


class TestLinks:
    @pytest.mark.parametrize(
        "link",
        [
            None,
            "",
            "https://example.org/a?b#c",
            "HTTP://EXAMPLE.ORG",
            "mailto:a@example.org",
            "tel:+491234",
            "obsidian://open?vault=x",
            "/r/room#asset=" + HASH,
            "example.org",
            "example.org:8000/x",
            "localhost:8000",
            "#here",
            "//example.org/x",
            "?element=abc",
        ],
    )
    def test_lead_to_the_web_or_into_the_room(self, board: Judged, ann: Client, link: str | None) -> None:
        """[WB11]"""
        board.take(put(ann, "link", link))

    @pytest.mark.parametrize(
        "link",
        [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "java\tscript:alert(1)",
            "\x01javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://example.org/1",
            "view-source:https://example.org",
            5,
            ["https://example.org"],
            "https://example.org/" + "x" * 16_384,
        ],
    )
    def test_and_nowhere_else(self, board: Judged, ann: Client, link: Any) -> None:
        """[WB11]"""
        with pytest.raises(SchemaViolation):
            board.take(put(ann, "link", link))


class TestFiles:
    def test_entries_say_where_the_bytes_are(self, board: Judged, ann: Client) -> None:
        """[WB12]"""
        board.take(ann.write(lambda: ann.files.__setitem__("f", FILE)))
        board.take(
            ann.write(lambda: ann.files.__setitem__("g", {**FILE, "name": "a.png", "mimeType": "image/svg+xml"}))
        )
        board.take(ann.write(lambda: ann.files.pop("f")))

        assert list(WhiteboardView(board.live).files()) == ["g"]

    @pytest.mark.parametrize(
        "entry",
        [
            1,
            {},
            Map(FILE),
            "https://example.org/a.png",
            {**FILE, "sha256": HASH.upper()},
            {**FILE, "sha256": "https://example.org/a.png"},
            {**FILE, "mimeType": "text/html"},
            {**FILE, "mimeType": "image/png,x"},
            {**FILE, "width": float("nan")},
            {**FILE, "height": 1e10},
            {**FILE, "name": 5},
            {**FILE, "dataURL": "data:image/png;base64,AA=="},
            {"sha256": HASH, "mimeType": "image/png"},
        ],
    )
    def test_and_nothing_else(self, board: Judged, ann: Client, entry: Any) -> None:
        """[WB12]"""
        with pytest.raises(SchemaViolation):
            board.take(ann.write(lambda: ann.files.__setitem__("f", entry)))

    def test_there_are_so_many_and_no_more(self, ann: Client) -> None:
        """[WB13]"""
        board = Judged(DocumentKind.WHITEBOARD, ann.doc.get_update(), DocumentLimits(files=1))
        board.take(ann.write(lambda: ann.files.__setitem__("f", FILE)))
        board.take(ann.write(lambda: ann.files.__setitem__("f", {**FILE, "width": 5})))

        with pytest.raises(DocumentQuotaExceeded):
            board.take(ann.write(lambda: ann.files.__setitem__("g", FILE)))


class TestSeveralPeople:
    @pytest.mark.parametrize("client", [299, 301])
    def test_two_properties_both_win_and_of_one_either(self, board: Judged, client: int) -> None:
        """[WB8, TW5, TW9]"""
        ann, bob = Client(300, board.state), Client(client, board.state)
        mine = merge_updates(put(ann, "xy", [1, 1]), put(ann, "strokeColor", "#f00"))
        theirs = merge_updates(put(bob, "xy", [2, 2]), put(bob, "opacity", 50))
        board.take(mine)
        board.take(theirs)

        [_, box, _] = sorted(WhiteboardView(board.live).elements(), key=lambda element: element.id)
        assert box.xy == ((1, 1) if client == 299 else (2, 2))

    def test_points_pushed_to_what_was_removed_are_no_offence(self, board: Judged, ann: Client) -> None:
        """[WB10, TW5]"""
        bob = Client(400, board.state)
        pushed = bob.write(lambda: bob.elements["ink"]["pts"].extend([1, 2]))
        board.take(ann.write(lambda: ann.elements.pop("ink")))

        assert board.take(pushed) == Verdict()

    def test_what_was_drawn_and_rubbed_out_offline_has_no_effect(self, board: Judged, ann: Client) -> None:
        """[TW1, TW5]"""
        drawn = draw(ann, "new", Map(BOX))
        rubbed = ann.write(lambda: ann.elements.pop("new"))

        assert board.take(merge_updates(drawn, rubbed)) == Verdict()
