"""What may lie on a whiteboard, judged by what an update did to it: whoever may draw may change or remove anything.

Rules WB7 to WB13 of SPEC.md. Only what changed is looked at, so a push of points costs the same on a long stroke.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

from pycrdt import Array, Assoc, Doc, Map

from crdt_docs.effects import Actor, DocumentLimits, Effect, ListChange, MapChange, Verdict
from crdt_docs.errors import DocumentQuotaExceeded, SchemaViolation
from crdt_docs.placement import Id, Placement
from crdt_docs.shapes import fields, flag, number, pair, plain, text, values, whole
from crdt_docs.whiteboard import ELEMENT_TYPES, MAX_RESOLUTION, read_file

MAX_KEYS: Final = 100
"""Keys of one element; Excalidraw's have 40."""
MAX_KEY: Final = 100
"""Characters of such a key."""
MAX_ID: Final = 200
"""Characters of the id of an element or a file."""
MAX_TEXT: Final = 100_000
"""Characters of a text on the board; a browser shows no more."""
MAX_VALUE: Final = 65_536
"""Characters of JSON of any other value, of customData for instance."""
MAX_NUMBER: Final = 1e9
"""px, and the bound of what else is measured."""
MAX_LINK: Final = 16_384
MAX_BOUND_ELEMENTS: Final = 1_000_000
"""Characters of JSON: a shape may have 10,000 arrows."""
MAX_STEP: Final = 2**31 - 1
"""1/q px from one point of a stroke to the next."""

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_INVISIBLE: Final = re.compile(r"[\x00-\x20\x7f]")
_SCHEMES: Final = frozenset(
    {"http", "https", "mailto", "tel", "sms", "ftp", "sftp", "geo", "webcal", "xmpp", "matrix"}
    | {"figma", "msteams", "notion", "obsidian", "slack", "vscode", "zoommtg", "zoomus"}
)
"""The web, ways to reach people and places, and the programs of teams; none of them runs anything in a page."""
_IMAGE_TYPE: Final = re.compile(r"image/[\w.+-]{1,40}", re.ASCII)
_SHAPE: Final = frozenset({"type", "xy", "wh", "pts", "lpts"})
_FILE_KEYS: Final = frozenset({"sha256", "mimeType", "width", "height", "name"})


class WhiteboardRules:
    """Judges a whiteboard. What an element is can be looked up by its key, so it remembers next to nothing."""

    roots: ClassVar[Mapping[str, type[Map[Any] | Array[Any]]]] = {"elements": Map, "files": Map}

    def __init__(self, doc: Doc[Any], limits: DocumentLimits) -> None:
        self._elements: Map[Any] = doc.get("elements", type=Map)
        self._files: Map[Any] = doc.get("files", type=Map)
        self._limits = limits
        self._came_empty: set[Id] = set()
        """Arrays whose first entries will name them."""

    def check_placement(self, placement: Placement) -> None:
        """Elements and files are kept by key (TW4); the rest is known once it is applied."""
        if placement.listed_roots:
            raise SchemaViolation("Elements and files are kept by key.")

    def judge(self, effects: list[Effect], placement: Placement, by: Actor) -> Verdict:
        """See `Rules`. Who it was makes no difference."""
        self._check_hidden(effects, placement)
        elements = 0
        for effect in effects:
            match effect:
                case MapChange("elements", ()):
                    elements += self._judge_elements(effect)
                case MapChange("elements", (str(key),)):
                    self._judge_element(effect, self._elements[key])
                case ListChange("elements", (str(key), "pts")):
                    self._judge_points(effect, self._elements[key])
                case MapChange("files", ()):
                    self._judge_files(effect)
                case _:
                    raise SchemaViolation("Something on the board is neither an element nor its points.")
        return Verdict(elements=elements)

    def _check_hidden(self, effects: list[Effect], placement: Placement) -> None:
        """Refuse entries by place in what is no array, and by key in what is one (TW4).

        What is there and gets an entry has an event. Without one it was removed meanwhile, and holds nothing.
        """
        self._came_empty |= placement.empty
        if not placement.listed and not placement.keyed:
            return
        arrays = {_id_of(effect.target) for effect in effects if isinstance(effect, ListChange)}
        strange = placement.listed - arrays - self._came_empty
        if placement.keyed & arrays or (strange and any(isinstance(one, MapChange) and one.path for one in effects)):
            raise SchemaViolation("A map has entries by place, or an array entries by key.")

    def _judge_elements(self, change: MapChange) -> int:
        """Elements that came, went or were replaced; gives how many more keys there are now (WB7)."""
        added = 0
        for key, change_of_key in change.keys.items():
            if not change_of_key.deleted:
                text(key, "An element's id", MAX_ID)
                self._check_element(change_of_key.new)
                added += change_of_key.added
        if added and len(self._elements) > self._limits.elements:
            raise DocumentQuotaExceeded(f"A whiteboard has at most {self._limits.elements} elements.")
        return added

    def _judge_element(self, change: MapChange, element: Map[Any]) -> None:
        """Keys of an element that is there already (WB8)."""
        for key, change_of_key in change.keys.items():
            if not change_of_key.deleted:
                _check_value(key, change_of_key.new, self._limits)
        if any(one.added for one in change.keys.values()) and len(element) > MAX_KEYS:
            raise DocumentQuotaExceeded(f"An element has at most {MAX_KEYS} keys.")
        if any(key == "type" or (one.deleted and key in _SHAPE) for key, one in change.keys.items()):
            _check_shape(fields(element, "An element"))
        if "simulatePressure" in change.keys or "pts" in change.keys:
            self._check_length(element.get("pts"), element)

    def _judge_points(self, change: ListChange, element: Map[Any]) -> None:
        """Steps that were pushed; those before them were judged when they came (WB10)."""
        for step in change.delta:
            _check_steps(step.get("insert", ()))
        self._check_length(change.target, element)

    def _check_element(self, value: Any) -> None:
        if not isinstance(value, Map):
            raise SchemaViolation("An element is not a shared map.")
        if len(value) > MAX_KEYS:
            raise DocumentQuotaExceeded(f"An element has at most {MAX_KEYS} keys.")
        entries = fields(value, "An element")
        for key, entry in entries.items():
            _check_value(key, entry, self._limits)
        _check_shape(entries)
        self._check_length(entries.get("pts"), value)

    def _check_length(self, points: Any, element: Map[Any]) -> None:
        length = len(points) if isinstance(points, Array) else 0
        if length > 2 * self._limits.points and length > _stride(element) * self._limits.points:
            raise DocumentQuotaExceeded(f"A stroke has at most {self._limits.points} points.")

    def _judge_files(self, change: MapChange) -> None:
        for key, change_of_key in change.keys.items():
            if not change_of_key.deleted:
                text(key, "A file's id", MAX_ID)
                _check_file(change_of_key.new)
        if any(one.added for one in change.keys.values()) and len(self._files) > self._limits.files:
            raise DocumentQuotaExceeded(f"A whiteboard has at most {self._limits.files} files.")


def _id_of(array: Array[Any]) -> Id:
    """The struct that holds a nested array: what stands before its first value is relative to it."""
    found = array.sticky_index(0, Assoc.BEFORE).to_json()["type"]
    return found["client"], found["clock"]


# ---- values


def _check_value(key: str, value: Any, limits: DocumentLimits) -> None:
    """Check the value of one key of an element; a key that is not known may hold any JSON (WB9)."""
    if key == "pts":
        _check_points(value, limits)
    elif key == "lpts":
        _check_line(value, limits)
    elif key in _VALUES:
        _VALUES[key](value)
    else:
        text(key, "The key of an element", MAX_KEY)
        plain(value, "A value on the board", MAX_VALUE)


def _check_shape(entries: Mapping[str, Any]) -> None:
    """What an element of its type cannot be without (WB2)."""
    kind = entries.get("type")
    _check_type(kind)
    if "xy" not in entries:
        raise SchemaViolation("An element has no place.")
    if kind == "freedraw":
        if "pts" not in entries:
            raise SchemaViolation("A stroke has no points.")
    elif "wh" not in entries or (kind in ("line", "arrow") and "lpts" not in entries):
        raise SchemaViolation("An element has no extent or no points.")


def _check_points(value: Any, limits: DocumentLimits) -> None:
    """All points of a stroke, when their array is new (WB10)."""
    if not isinstance(value, Array):
        raise SchemaViolation("A stroke's points are not a shared array.")
    if len(value) > 3 * limits.points:
        raise DocumentQuotaExceeded(f"A stroke has at most {limits.points} points.")
    _check_steps(values(value, "A stroke's points"))


def _check_steps(steps: Iterable[Any]) -> None:
    for step in steps:
        if abs(whole(step, "A step of a stroke")) > MAX_STEP:
            raise SchemaViolation("A step of a stroke is too long.")


def _check_line(value: Any, limits: DocumentLimits) -> None:
    if not isinstance(value, list):
        raise SchemaViolation("A line's points are not a list.")
    if len(value) > limits.points:
        raise DocumentQuotaExceeded(f"A line has at most {limits.points} points.")
    for point in value:
        _check_pair(point)


def _stride(element: Map[Any]) -> int:
    return 3 if element.get("simulatePressure") is False else 2


def _check_number(value: Any) -> None:
    if abs(number(value, "A number on the board")) > MAX_NUMBER:
        raise SchemaViolation(f"A number on the board is beyond {MAX_NUMBER:.0f}.")


def _check_pair(value: Any) -> None:
    for one in pair(value, "A pair on the board"):
        _check_number(one)


def _check_type(value: Any) -> None:
    if not isinstance(value, str) or value not in ELEMENT_TYPES:
        raise SchemaViolation("An element has an unknown type.")


def _check_resolution(value: Any) -> None:
    if not 1 <= number(value, "A stroke's resolution") <= MAX_RESOLUTION:
        raise SchemaViolation("A stroke's resolution is out of range.")


def _check_link(value: Any) -> None:
    """To the web, to people, to a team's programs or into this room: never a script or a page of data (WB11).

    Browsers leave out control characters and spaces before they look for a scheme. `example.org:8000` is a host to
    whoever types it, and a scheme that nothing answers to for a browser.
    """
    if value is None:
        return
    found = _SCHEME.match(_INVISIBLE.sub("", text(value, "A link", MAX_LINK)))
    if found and (scheme := found[1].lower()) not in _SCHEMES and "." not in scheme and scheme != "localhost":
        raise SchemaViolation("A link leads to a place of an unknown kind.")


def _check_file(value: Any) -> None:
    """Exactly where the bytes of an image are (WB12)."""
    if not isinstance(value, dict) or not value.keys() <= _FILE_KEYS:
        raise SchemaViolation("A file is not what says where its bytes are.")
    entry = read_file(value)
    if not _IMAGE_TYPE.fullmatch(entry.mime_type):
        raise SchemaViolation("A file is no image.")
    _check_pair([entry.width, entry.height])


def _or_none(check: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda value: None if value is None else check(value)


_VALUES: Final[Mapping[str, Callable[[Any], object]]] = {
    "type": _check_type,
    "xy": _check_pair,
    "wh": _check_pair,
    "sc": _check_pair,
    "q": _check_resolution,
    "link": _check_link,
    "index": _or_none(partial(text, place="An element's index", limit=1_024)),
    "fileId": _or_none(partial(text, place="A file's id", limit=MAX_ID)),
    "text": partial(text, place="A text", limit=MAX_TEXT),
    "originalText": partial(text, place="A text", limit=MAX_TEXT),
    "boundElements": partial(plain, place="What is bound to an element", limit=MAX_BOUND_ELEMENTS),
    **dict.fromkeys(("isDeleted", "locked", "simulatePressure"), partial(flag, place="A flag of an element")),
    **dict.fromkeys(("angle", "opacity", "strokeWidth", "roughness", "fontSize", "lineHeight"), _check_number),
}
