"""`python -m persistence.snapshot_worker DATABASE`: builds snapshots in a process of its own.

Encoding a large document holds the interpreter for tens of milliseconds, which the server does not have. One JSON line
`{"room", "name", "until"}` on standard input asks for the state after the row `until` (null: the last one); the answer
on standard output is one JSON line `{"seq", "at", "size"}` and `size` bytes, or `{"error"}`. The end of the input ends
the process. It never writes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from pycrdt import Doc

from crdt_docs.ids import DocumentId, RoomId
from crdt_docs.updates import decode_state_vector
from persistence.sqlite.documents import LAST, number_of
from persistence.sqlite.segments import plain_page

NICENESS = 10


class LogDamaged(Exception):
    """The rows cannot be turned into a document."""


class StateNotEncodable(Exception):
    """A snapshot would not be what the rows are."""


def build(connection: sqlite3.Connection, room: str, name: str, until: int | None = None) -> tuple[int, int, bytes]:
    """Seq and instant of the last row (up to `until`), and the state of the document after it.

    Raises:
        LogDamaged: A row is missing or damaged, or there is none.
        StateNotEncodable: The state does not survive being written as one update.
        sqlite3.Error: The database cannot be read.
    """
    number = number_of(connection, DocumentId(RoomId(room), name))
    if number is None:
        raise LogDamaged("nothing was ever written to it")
    doc: Doc[Any] = Doc()
    last = LAST if until is None else until
    seq, at = _apply_newest_snapshot(connection, number, last, doc)
    while page := plain_page(connection, number, seq, last):
        for place, instant, _, _, checksum, update in page:
            if place != seq + 1 or crc32(update) != checksum:
                raise LogDamaged(f"row {seq + 1} is missing or damaged")
            doc.apply_update(update)
            seq, at = place, instant
    return seq, at, _encode(doc)


def _encode(doc: Doc[Any]) -> bytes:
    """Write the state as one update and read it back: where half of a surrogate pair was deleted from a text, yrs
    writes an update that restores another state. Such a document goes on being loaded from its rows."""
    update = doc.get_update()
    restored: Doc[Any] = Doc()
    restored.apply_update(update)
    if decode_state_vector(restored.get_state()) != decode_state_vector(doc.get_state()):
        raise StateNotEncodable("its state does not survive being written as one update")
    return update


def _apply_newest_snapshot(connection: sqlite3.Connection, number: int, last: int, doc: Doc[Any]) -> tuple[int, int]:
    snapshots = connection.execute(
        "SELECT seq, at, checksum, bytes FROM snapshots WHERE document = ? AND seq <= ? ORDER BY seq DESC",
        (number, last),
    )
    for seq, at, checksum, update in snapshots:
        if crc32(update) == checksum:
            doc.apply_update(update)
            return int(seq), int(at)
    return 0, 0


def answer(connection: sqlite3.Connection, request: bytes, output: BinaryIO) -> None:
    """Answer one request; whatever is wrong with one document is told, and the next one is served."""
    asked = json.loads(request)
    snapshot = b""
    try:
        seq, at, snapshot = build(connection, asked["room"], asked["name"], asked["until"])
        told: dict[str, object] = {"seq": seq, "at": at, "size": len(snapshot)}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as exc:  # pycrdt's PanicException is no Exception
        told = {"error": f"{type(exc).__name__}: {exc}"[:500]}
    output.write(json.dumps(told).encode() + b"\n")
    output.write(snapshot)
    output.flush()


def main() -> None:
    """Serve until the input ends."""
    os.nice(NICENESS)
    database = f"{Path(sys.argv[1]).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(database, uri=True, isolation_level=None)) as connection:
        for request in sys.stdin.buffer:
            answer(connection, request, sys.stdout.buffer)


if __name__ == "__main__":
    main()
