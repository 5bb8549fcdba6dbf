"""`python -m persistence.snapshot_worker DATABASE`: builds snapshots and seals rows in a process of its own.

Encoding a large document, or packing its rows, holds the interpreter for tens of milliseconds, which the server does
not have. One JSON line on standard input asks, one JSON line on standard output answers:

- `{"room", "name", "until"}`: the state after the row `until` (null: the last one).
  `{"seq", "at", "rewrites", "size"}` and then `size` bytes, or `{"error"}`.
- `{"before", "from"}`: to seal rows from before the instant `before`, at most one segment of one of the documents with
  a number of at least `from`. `{"sealed", "next", "error"}`: how many rows were, with which document to go on (null:
  none is left), and what kept the one before it from being sealed (null: nothing).

The end of the input ends the process.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zlib import crc32

from pycrdt import Doc

from crdt_docs.applying import encode_state
from persistence.sqlite.documents import LAST
from persistence.sqlite.seal import NotSealable, seal_first
from persistence.sqlite.segments import one_view, plain_page
from persistence.sqlite.snapshots import newest_good

NICENESS = 10
LOOKED_AT = 100
"""How many documents are looked at for one request to seal."""

_KEPT = """
SELECT document, max(seq) FROM snapshots WHERE document >= ? GROUP BY document ORDER BY document LIMIT ?
"""
_DOCUMENT = "SELECT id, rewrites FROM documents WHERE room = ? AND name = ?"


class LogDamaged(Exception):
    """The rows cannot be turned into a document."""


class StateNotEncodable(Exception):
    """A snapshot would not be what the rows are."""


class Built(NamedTuple):
    """The state of a document after the row `seq`, the last one."""

    seq: int
    at: int
    rewrites: int
    """How often rows of the document had been replaced."""
    state: bytes


def build(connection: sqlite3.Connection, room: str, name: str, until: int | None = None) -> Built:
    """The state after the last row (up to `until`), all of it read as it is at one instant.

    Raises:
        LogDamaged: A row is missing or damaged, or there is none.
        StateNotEncodable: The state does not survive being written as one update.
        sqlite3.Error: The database cannot be read.
    """
    with one_view(connection):
        return _build(connection, room, name, LAST if until is None else until)


def _build(connection: sqlite3.Connection, room: str, name: str, last: int) -> Built:
    found = connection.execute(_DOCUMENT, (room, name)).fetchone()
    if found is None:
        raise LogDamaged("nothing was ever written to it")
    number, rewrites = found
    doc: Doc[Any] = Doc()
    seq, at, state = newest_good(connection, number, last)
    doc.apply_update(state)
    while page := plain_page(connection, number, seq, last):
        for place, instant, _, _, checksum, first, update in page:
            if (first or place) > seq + 1 or crc32(update) != checksum:
                raise LogDamaged(f"row {seq + 1} is missing or damaged")
            doc.apply_update(update)
            seq, at = place, instant
    encoded = encode_state(doc)
    if encoded is None:  # such a document goes on being loaded from its rows
        raise StateNotEncodable("its state does not survive being written as one update")
    return Built(seq, at, rewrites, encoded)


def seal_next(connection: sqlite3.Connection, before: int, start: int) -> dict[str, object]:
    """Seal at most one segment; gives the answer."""
    documents = connection.execute(_KEPT, (start, LOOKED_AT)).fetchall()
    for number, kept in documents:
        try:
            if sealed := seal_first(connection, number, kept, before):
                return {"sealed": sealed, "next": number, "error": None}
        except (NotSealable, sqlite3.Error) as exc:
            return {"sealed": 0, "next": number + 1, "error": f"document {number}: {exc}"}
    following = documents[-1][0] + 1 if len(documents) == LOOKED_AT else None
    return {"sealed": 0, "next": following, "error": None}


def answer(connection: sqlite3.Connection, request: bytes, output: BinaryIO) -> None:
    """Answer one request; whatever is wrong with one document is told, and the next one is served."""
    asked = json.loads(request)
    if "before" in asked:
        told, snapshot = seal_next(connection, asked["before"], asked["from"]), b""
    else:
        told, snapshot = _built(connection, asked)
    output.write(json.dumps(told).encode() + b"\n")
    output.write(snapshot)
    output.flush()


def _built(connection: sqlite3.Connection, asked: dict[str, Any]) -> tuple[dict[str, object], bytes]:
    try:
        built = build(connection, asked["room"], asked["name"], asked["until"])
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as exc:  # pycrdt's PanicException is no Exception
        return {"error": f"{type(exc).__name__}: {exc}"[:500]}, b""
    told: dict[str, object] = {"seq": built.seq, "at": built.at, "rewrites": built.rewrites, "size": len(built.state)}
    return told, built.state


def main() -> None:
    """Serve until the input ends."""
    os.nice(NICENESS)
    database = f"{Path(sys.argv[1]).absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(database, uri=True, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")  # sealing that a power cut undoes is done again
        connection.execute("PRAGMA secure_delete = ON")  # as the server's own: what lay open stays nowhere
        for request in sys.stdin.buffer:
            answer(connection, request, sys.stdout.buffer)


if __name__ == "__main__":
    main()
