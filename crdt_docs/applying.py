"""Applying an update that a peer or the disk gave: the one place that knows how pycrdt fails."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc

from crdt_docs.errors import MalformedUpdate


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
