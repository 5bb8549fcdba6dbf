"""The whiteboard document, read as what it means: `elements` (Y.Map of Y.Maps) and `files` (Y.Map of objects).

Rules WB1 to WB6 of SPEC.md. A view never fails on what somebody's client wrote: it leaves out what has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Array, Doc, Map

from crdt_docs.errors import SchemaViolation
from crdt_docs.shapes import Pair, fields, flag, number, pair, sha256, text, values, whole

ELEMENT_TYPES = frozenset(
    {"rectangle", "diamond", "ellipse", "text", "line", "arrow", "freedraw", "image", "frame", "embeddable"}
)
BASE_RESOLUTION = 8
MAX_RESOLUTION = 8 * 2**8
_OWN_FIELDS = frozenset({"type", "xy", "wh", "index", "isDeleted", "pts", "lpts", "q", "sc"})


@dataclass(frozen=True, slots=True)
class Element:
    """One Excalidraw element; lengths in px, the origin of `points` at `xy`."""

    id: str
    type: str
    index: str | None
    """Fractional key: elements are stacked by (index, id)."""
    is_deleted: bool
    xy: Pair
    wh: Pair
    points: tuple[Pair, ...]
    """Of a stroke, a line or an arrow; empty otherwise."""
    pressures: tuple[float, ...]
    """0 to 1, one for each point of a pen's stroke; empty otherwise."""
    properties: Mapping[str, Any]
    """Every other key that holds a plain value."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Where the bytes of an image are; they are not in the document."""

    sha256: str
    mime_type: str
    width: float
    height: float
    name: str | None


class WhiteboardView:
    """What a whiteboard shows now; reads the document anew at each call and changes nothing."""

    def __init__(self, doc: Doc[Any]) -> None:
        self._elements: Map[Any] = doc.get("elements", type=Map)
        self._files: Map[Any] = doc.get("files", type=Map)

    def elements(self, *, deleted: bool = False) -> list[Element]:
        """The elements from the bottom to the top, tombstones only when asked for (WB3, WB5)."""
        readable = (found for found in self._read_elements() if isinstance(found, Element))
        shown = [element for element in readable if deleted or not element.is_deleted]
        return sorted(shown, key=lambda element: (element.index or "", element.id))

    def files(self) -> dict[str, FileEntry]:
        """File id → where its bytes are."""
        return {key: found for key, found in self._read_files() if isinstance(found, FileEntry)}

    def problems(self) -> list[SchemaViolation]:
        """Why entries were left out, one for each."""
        found = [*self._read_elements(), *(entry for _, entry in self._read_files())]
        return [entry for entry in found if isinstance(entry, SchemaViolation)]

    def _read_elements(self) -> Iterator[Element | SchemaViolation]:
        for key, value in self._elements.items():
            try:
                yield read_element(key, value)
            except SchemaViolation as problem:
                yield problem

    def _read_files(self) -> Iterator[tuple[str, FileEntry | SchemaViolation]]:
        for key, value in self._files.items():
            try:
                yield key, read_file(value)
            except SchemaViolation as problem:
                yield key, problem


def check_whiteboard(doc: Doc[Any]) -> None:
    """Check the whole document against its schema.

    Raises:
        SchemaViolation: The first entry found that a view would leave out.
    """
    for problem in WhiteboardView(doc).problems():
        raise problem


def read_element(key: str, value: Any) -> Element:
    """One element out of the map.

    Raises:
        SchemaViolation: It is none.
    """
    if not isinstance(value, Map):
        raise SchemaViolation("An element is not a shared map.")
    entries = fields(value, "An element")
    kind = text(entries.get("type"), "An element's type")
    if kind not in ELEMENT_TYPES:
        raise SchemaViolation("An element has an unknown type.")
    points, pressures = _read_points(kind, entries)
    index = entries.get("index")
    return Element(
        id=key,
        type=kind,
        index=None if index is None else text(index, "An element's index", 1024),
        is_deleted=flag(entries.get("isDeleted", False), "An element's isDeleted"),
        xy=pair(entries.get("xy"), "An element's xy"),
        wh=_extent(points) if kind == "freedraw" else pair(entries.get("wh"), "An element's wh"),
        points=points,
        pressures=pressures,
        properties={name: entry for name, entry in entries.items() if name not in _OWN_FIELDS and _is_plain(entry)},
    )


def _read_points(kind: str, entries: Mapping[str, Any]) -> tuple[tuple[Pair, ...], tuple[float, ...]]:
    if kind == "freedraw":
        return _read_stroke(entries)
    if kind in ("line", "arrow"):
        points = values(entries.get("lpts"), "A line's points")
        return tuple(pair(point, "A line's point") for point in points), ()
    return (), ()


def _read_stroke(entries: Mapping[str, Any]) -> tuple[tuple[Pair, ...], tuple[float, ...]]:
    """Integers, delta-coded in 1/q px; three a point with a pen's pressure (0 to 255), else two (WB4)."""
    coded = entries.get("pts")
    if not isinstance(coded, Array):
        raise SchemaViolation("A stroke's points are not a shared array.")
    steps = [whole(step, "A step of a stroke") for step in values(coded, "A stroke's points")]
    stride = 3 if entries.get("simulatePressure") is False else 2
    resolution = number(entries.get("q", BASE_RESOLUTION), "A stroke's resolution")
    if not 1 <= resolution <= MAX_RESOLUTION:
        raise SchemaViolation("A stroke's resolution is out of range.")
    scale_x, scale_y = pair(entries.get("sc", [1, 1]), "A stroke's scale")
    points: list[Pair] = []
    x = y = 0
    for at in range(0, len(steps) - stride + 1, stride):
        x += steps[at]
        y += steps[at + 1]
        points.append((x / resolution * scale_x, y / resolution * scale_y))
    pressures = [min(255, max(0, step)) / 255 for step in steps[2::3]] if stride == 3 else []
    return tuple(points), tuple(pressures)


def _extent(points: tuple[Pair, ...]) -> Pair:
    xs = [0.0, *(x for x, _ in points)]
    ys = [0.0, *(y for _, y in points)]
    return max(xs) - min(xs), max(ys) - min(ys)


def read_file(value: Any) -> FileEntry:
    """One entry of the files.

    Raises:
        SchemaViolation: It is none.
    """
    entries = fields(value, "A file")
    name = entries.get("name")
    return FileEntry(
        sha256=sha256(entries.get("sha256"), "A file's sha256"),
        mime_type=text(entries.get("mimeType"), "A file's type", 255),
        width=number(entries.get("width"), "A file's width"),
        height=number(entries.get("height"), "A file's height"),
        name=None if name is None else text(name, "A file's name", 1024),
    )


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | float | int | str | list | dict)
