"""Applying an update and writing a state as one: the one place that knows how pycrdt fails at either."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc

from crdt_docs.errors import MalformedUpdate
from crdt_docs.updates import decode_state_vector


def apply_update(doc: Doc[Any], update: bytes) -> None:
    """Apply an update (v1). A document may have changed in part when this raises.

    Raises:
        MalformedUpdate: It cannot be integrated.
    """
    try:
        doc.apply_update(update)
    except BaseException as exc:
        # pycrdt panics with a BaseException of its own; anything else that is not an Exception is not ours.
        if not isinstance(exc, Exception) and type(exc).__name__ != "PanicException":
            raise
        raise MalformedUpdate("The update cannot be integrated.") from exc


def encode_state(doc: Doc[Any]) -> bytes | None:
    """The whole state as one update (v1), read back; None where that would not restore it.

    Where half of a surrogate pair was deleted from a text, yrs writes an update that restores another state.

    Raises:
        MalformedUpdate: What was written cannot be integrated.
    """
    state = doc.get_update()
    restored: Doc[Any] = Doc()
    apply_update(restored, state)
    same = decode_state_vector(restored.get_state()) == decode_state_vector(doc.get_state())
    return state if same else None
