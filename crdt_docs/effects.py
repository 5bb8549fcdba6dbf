"""What an update did to a document, as pycrdt's deep observers tell it, and the terms in which it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from pycrdt import Array, Doc, Map
from pycrdt._pycrdt import Array as _BareArray
from pycrdt._pycrdt import Map as _BareMap

from crdt_docs.errors import SchemaViolation
from crdt_docs.ids import UserId
from crdt_docs.placement import Placement


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sent an update."""

    user: UserId
    moderates: bool
    recovers: bool = False
    """He brings back what others wrote, in a room in recovery: who wrote it is not compared with him."""


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How much one document may hold."""

    elements: int = 20_000
    """Entries of a whiteboard's `elements`, tombstones included."""
    points: int = 20_000
    """Points of one stroke, line or arrow."""
    files: int = 10_000
    messages: int = 100_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an update that was accepted added."""

    messages: int = 0
    elements: int = 0


class KeyChange(NamedTuple):
    """What became of a key of a map."""

    old: Any
    """None when it was absent; a shared type that was replaced can no longer be read."""
    new: Any
    """None when `deleted`."""
    added: bool
    deleted: bool


class MapChange(NamedTuple):
    """Keys of one map changed. `keys` is empty for a change that had no effect: it lost against another, or was taken
    back in the same update."""

    root: str
    path: tuple[str | int, ...]
    """Keys and places from the root to the target, as they are after the update."""
    target: Map[Any]
    keys: Mapping[str, KeyChange]


class ListChange(NamedTuple):
    """An array changed; `delta` lists `{"retain": n}`, `{"insert": [...]}` and `{"delete": n}`."""

    root: str
    path: tuple[str | int, ...]
    target: Array[Any]
    delta: list[dict[str, Any]]


Effect: TypeAlias = MapChange | ListChange


class Rules(Protocol):
    """What one kind of document allows; remembers of the document what judging needs."""

    roots: ClassVar[Mapping[str, type[Map[Any] | Array[Any]]]]
    """Name → type of all its root types."""

    def check_placement(self, placement: Placement) -> None:
        """Judge where the update's structs go, before anything is applied.

        Raises:
            SchemaViolation: One would be where no reader looks.
        """

    def judge(self, effects: list[Effect], placement: Placement, by: Actor) -> Verdict:
        """Judge what the update did. After it raised, these rules are not used again.

        Raises:
            SchemaViolation: The document would have another shape than its kind prescribes.
            PermissionDenied: He may not do that to what others wrote.
            AuthorshipViolation: It is written in somebody else's name.
            DocumentQuotaExceeded: The document would hold too much.
        """


def note_event(noted: list[Any], root: str, events: list[Any]) -> None:
    """Copy events into `noted` for `read_notes`; to be called by the observer, because events end with it.

    What is raised here is noted too: raised into the library it might be lost.
    """
    try:
        for event in events:
            keys, delta = getattr(event, "keys", None), getattr(event, "delta", None)
            noted.append((root, event.path, event.target, keys, delta))
    except BaseException as error:
        noted.append(error)


def read_notes(noted: list[Any], doc: Doc[Any]) -> list[Effect]:
    """The effects that were noted, in the order of the events.

    Raises:
        SchemaViolation: Something changed that is neither a map nor an array.
        BaseException: What an observer raised.
    """
    for note in noted:
        if isinstance(note, BaseException):
            raise note
    return [_read_note(doc, *note) for note in noted]


def _read_note(doc: Doc[Any], root: str, path: list[str | int], target: Any, keys: Any, delta: Any) -> Effect:
    target = _wrap(target, doc)
    if isinstance(target, Map) and isinstance(keys, dict):
        return MapChange(root, tuple(path), target, {key: _read_key(change, doc) for key, change in keys.items()})
    if isinstance(target, Array) and isinstance(delta, list):
        for step in delta:
            if "insert" in step:
                step["insert"] = [_wrap(value, doc) for value in step["insert"]]
        return ListChange(root, tuple(path), target, delta)
    raise SchemaViolation("A shared text or XML has no place in this document.")


def _read_key(change: Mapping[str, Any], doc: Doc[Any]) -> KeyChange:
    action = change["action"]
    new = _wrap(change.get("newValue"), doc)
    return KeyChange(change.get("oldValue"), new, added=action == "add", deleted=action == "delete")


def _wrap(value: Any, doc: Doc[Any]) -> Any:
    """Events hold shared types bare; other shared types than these two stay so, and are no plain values then."""
    if isinstance(value, _BareMap):
        return Map(_doc=doc, _integrated=value)
    if isinstance(value, _BareArray):
        return Array(_doc=doc, _integrated=value)
    return value
