"""Honest people in a Node program (tests/interop/witness.mjs): real Yjs behind unmodified y-websocket providers."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.programs import FOLDER, PATIENCE_SECONDS


@dataclass(frozen=True)
class Replica:
    """What somebody has: as one update, as values, and the close codes of his sockets so far."""

    update: bytes
    content: Any
    closes: list[int]


class Witness:
    """The program; one serves a whole run of tests, whatever their event loops are."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: Where what it complains of is kept.
        """
        self._errors = folder / "witness.err"
        self._process: subprocess.Popen[bytes] | None = None

    async def open(self, name: str, server: str, room: str, document: str, token: str) -> int:
        """Let somebody open a document; gives his client id once he is synced."""
        done = await self._do(op="open", name=name, server=server, room=room, document=document, token=token)
        return int(done["client"])

    async def write(self, name: str, key: str, author: str) -> None:
        """Let him write something that is called so."""
        await self._do(op="write", name=name, key=key, author=author)

    async def wait_for(self, name: str, key: str) -> None:
        """Wait until he sees what is called so."""
        await self._do(op="await", name=name, key=key)

    async def state(self, name: str, vector: bytes) -> Replica:
        """What he has, once that includes the state vector."""
        found = await self._do(op="state", name=name, vector=base64.b64encode(vector).decode())
        return Replica(**{**found, "update": base64.b64decode(found["update"])})

    async def presence(self, name: str, client: int, clock: int) -> dict[int, Any]:
        """Everybody's awareness as he sees it, once that of the client has reached the clock."""
        states = (await self._do(op="presence", name=name, client=client, clock=clock))["states"]
        return {int(each): state for each, state in states.items()}

    async def close(self, name: str) -> None:
        """Let him go."""
        await self._do(op="close", name=name)

    def stop(self) -> None:
        """End the program."""
        if self._process is not None and self._process.poll() is None:
            self._process.communicate(timeout=PATIENCE_SECONDS)

    async def _do(self, **order: object) -> dict[str, Any]:
        process = self._running()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await asyncio.to_thread(_ask, process, json.dumps(order).encode())
        except TimeoutError:
            process.kill()
            raise AssertionError(f"no answer to {order}") from None
        assert answer, f"the program ended at {order}: {self._errors.read_text()}"
        return dict(json.loads(answer))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = ["node", str(FOLDER / "witness.mjs")]
            with self._errors.open("wb") as errors:
                self._process = subprocess.Popen(
                    command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
                )
        return self._process


def _ask(process: subprocess.Popen[bytes], line: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()
    return process.stdout.readline()
