"""A program: shared types nested so deep in a document, and the outermost deleted, in a thread with so small a stack.

python -m tests.crdt_docs.nested DEPTH STACK_BYTES
"""

from __future__ import annotations

import resource
import sys
import threading
from typing import Any

from pycrdt import Doc, Map

from tests.crdt_docs.wire import ANN, TYPE, deletes, inside, rooted, run, update

MAP = b"\x01"


def nested(depth: int, *, first: int = 0) -> bytes:
    """Maps inside each other, the first under a root or, when it is not the document's first, inside of the last."""
    structs = [
        inside((ANN, clock - 1), TYPE, MAP) if clock else rooted(TYPE, MAP) for clock in range(first, first + depth)
    ]
    return update(run(ANN, first, *structs))


def _live(depth: int) -> None:
    doc: Doc[Any] = Doc()
    doc.apply_update(nested(depth))
    loaded: Doc[Any] = Doc()
    loaded.apply_update(doc.get_update())
    doc.apply_update(update(deletes=deletes((ANN, [(0, 1)]))))
    again: Doc[Any] = Doc()
    again.get("r", type=Map)
    again.apply_update(doc.get_update())
    del doc, loaded, again
    print("survived", flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.stack_size(int(sys.argv[2]))
    thread = threading.Thread(target=_live, args=(int(sys.argv[1]),))
    thread.start()
    thread.join()
