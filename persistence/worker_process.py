"""The server's end of the snapshot worker: starts it when it is needed, speaks to it, ends it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crdt_docs.ids import DocumentId, Seq
from persistence.errors import CorruptStorage, StorageUnavailable
from persistence.interfaces import Micros, Snapshot

BUILD_SECONDS = 300.0
"""A worker that has not answered by then is killed."""
GOODBYE_SECONDS = 2.0
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class SealStep:
    """What came of one request to seal."""

    rows: int
    """How many were sealed."""
    next: int | None
    """Where to look on; None when all documents were looked at."""
    error: str | None
    """What is wrong with a document that was passed over."""


class WorkerProcess:
    """At most one worker process, for one request at a time."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process id; None while there is none."""
        return self._process.pid if self._process is not None else None

    async def build(self, document: DocumentId, until: Seq | None = None) -> Snapshot:
        """Have the state after the row `until` (None: the last one) built from the committed rows.

        Raises:
            StorageUnavailable: The worker could not be started, died, or did not answer in time.
            CorruptStorage: The document cannot be built from its rows.
        """
        head, update = await self._ask({"room": document.room, "name": document.name, "until": until})
        if "error" in head:
            raise CorruptStorage(f"No snapshot of {document} can be built: {head['error']}")
        return Snapshot(document, Seq(head["seq"]), Micros(head["at"]), update, head["rewrites"])

    async def seal(self, before: Micros, start: int) -> SealStep:
        """Have at most one segment sealed, of rows from before an instant; `start` is where to look, from 0 on.

        Raises:
            StorageUnavailable: The worker could not be started, died, or did not answer in time.
        """
        told, _ = await self._ask({"before": before, "from": start})
        return SealStep(told["sealed"], told["next"], told["error"])

    async def _ask(self, asked: dict[str, object]) -> tuple[dict[str, Any], bytes]:
        try:
            process = await self._started()
            async with asyncio.timeout(BUILD_SECONDS):
                return await _exchange(process, asked)
        except (OSError, EOFError, TimeoutError, ValueError) as exc:
            code = await self.kill()
            raise StorageUnavailable(f"The snapshot worker failed: {type(exc).__name__}, exit code {code}.") from exc
        except asyncio.CancelledError:
            await self.kill()
            raise

    async def stop(self) -> None:
        """End the worker in peace: the end of its input tells it to go. May be called again when it was cancelled."""
        process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await process.wait()
        except TimeoutError:
            await self.kill()
        self._process = None

    async def kill(self) -> int | None:
        """End the worker at once; gives its exit code."""
        process = self._process
        if process is None:
            return None
        with suppress(ProcessLookupError):
            process.kill()
        code = await process.wait()
        self._process = None
        return code

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "persistence.snapshot_worker",
                str(self._database),
                stdin=PIPE,
                stdout=PIPE,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # a Ctrl-C is the server's to handle
            )
        return self._process


async def _exchange(process: Process, asked: dict[str, object]) -> tuple[dict[str, Any], bytes]:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise EOFError
    stdin.write(json.dumps(asked).encode() + b"\n")
    await stdin.drain()
    head = json.loads(await stdout.readline() or b"null")
    if head is None:
        raise EOFError
    return head, await stdout.readexactly(head.get("size", 0))
