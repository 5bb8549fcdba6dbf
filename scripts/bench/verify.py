"""`python scripts/bench/verify.py [ROWS]`: how fast logs are verified, beside bare hashing of the same rows.

Prints rows a second of both and their ratio. Both run in turn in one process, three times; the best of each counts.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId
from persistence.interfaces import Micros, UpdateRow
from persistence.sqlite import DATABASE_NAME, open_sqlite
from persistence.sqlite.reading import reading
from server.history.verification import verify_all

BYTES = 200
BATCH = 1000
DOCUMENT = DocumentId(RoomId("bench"), "whiteboard")


async def fill(folder: Path, count: int) -> list[bytes]:
    """Write the log; gives the bytes of its rows."""
    updates = [os.urandom(BYTES) for _ in range(count)]
    rows = [
        UpdateRow(DOCUMENT, Seq(seq), Micros(seq), UserId("user-1234"), SessionId("session-12345678"), update)
        for seq, update in enumerate(updates, 1)
    ]
    async with open_sqlite(folder, durability="process", clock=lambda: Micros(0)) as stores:
        for first in range(0, count, BATCH):
            await stores.updates.append(rows[first : first + BATCH])
    return updates


def hash_barely(updates: list[bytes]) -> None:
    """What a chain takes at least: two hashes a row."""
    link = salt = bytes(32)
    for update in updates:
        link = sha256(link + sha256(salt + update).digest()).digest()


def verify(folder: Path) -> None:
    """Verify the log as the command does."""
    with reading(folder / DATABASE_NAME) as connection:
        for verdict in verify_all(connection, None, None):
            if verdict.fault is not None:
                raise SystemExit(str(verdict))


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    bare, verified = [], []
    with TemporaryDirectory() as folder:
        updates = asyncio.run(fill(Path(folder), count))
        for _ in range(3):
            start = time.perf_counter()
            hash_barely(updates)
            middle = time.perf_counter()
            verify(Path(folder))
            bare.append(middle - start)
            verified.append(time.perf_counter() - middle)
    print(f"bare hashing: {count / min(bare):,.0f} rows/s")
    print(f"verify:       {count / min(verified):,.0f} rows/s, {min(bare) / min(verified):.2f} of bare hashing")


if __name__ == "__main__":
    main()
