"""What has to be said again when a person's content goes, so that what others made stays what it was (rule EA6).

He may have moved somebody else's element, painted it or taken it off the board. Without his values it would have no
place, or come back. Those that hold no content of his are written once more, by whoever erases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pycrdt import Array, Doc, Map

from crdt_docs.applying import apply_update
from crdt_docs.ids import DocumentKind
from crdt_docs.updates import EMPTY_UPDATE

_OF_ELEMENTS: Final = frozenset(
    {"type", "xy", "wh", "sc", "q", "lpts", "index", "isDeleted", "angle", "locked", "seed", "groupIds", "frameId"}
    | {"strokeColor", "backgroundColor", "fillStyle", "strokeWidth", "strokeStyle", "roughness", "opacity", "roundness"}
    | {"boundElements", "startBinding", "endBinding", "startArrowhead", "endArrowhead", "elbowed", "fixedSegments"}
    | {"startIsSpecial", "endIsSpecial", "simulatePressure", "scale", "crop", "fontSize", "fontFamily", "textAlign"}
    | {"verticalAlign", "containerId", "autoResize", "lineHeight"}
)
"""Where an element is and how it looks: not what it says, links to or shows."""


def deletion_and_mending(kind: DocumentKind, state: bytes, deletion: bytes) -> tuple[bytes, ...]:
    """The updates that delete, and then mend what others made, for a document in this state.

    What is mended is written under a new client id.

    Raises:
        MalformedUpdate: The state cannot be integrated.
    """
    doc: Doc[Any] = Doc()
    apply_update(doc, state)
    said = {key: dict(entries.items()) for key, entries in _entries(kind, doc)}
    apply_update(doc, deletion)
    before = doc.get_state()
    with doc.transaction():
        for key, entries in list(_entries(kind, doc)):
            left = set(entries.keys())
            for name, value in said[key].items():
                if name not in left and _is_mended(kind, name, value):
                    entries[name] = value
    mending = doc.get_update(before) if doc.get_state() != before else EMPTY_UPDATE
    return (deletion,) if mending == EMPTY_UPDATE else (deletion, mending)


def _entries(kind: DocumentKind, doc: Doc[Any]) -> Iterator[tuple[str, Map[Any]]]:
    """The maps that a document of this kind is made of, each under a name that stays its own."""
    if kind is DocumentKind.WHITEBOARD:
        for key, value in doc.get("elements", type=Map).items():
            if isinstance(value, Map):
                yield key, value
    elif kind is DocumentKind.CHAT:
        for value in doc.get("messages", type=Array):
            if isinstance(value, Map) and isinstance(value.get("id"), str):
                yield value["id"], value


def _is_mended(kind: DocumentKind, name: str, value: Any) -> bool:
    if kind is DocumentKind.CHAT:
        return name == "deleted" or (name == "text" and value == "")
    return name in _OF_ELEMENTS
