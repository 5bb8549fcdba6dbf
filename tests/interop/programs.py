"""Node programs with real Yjs clients, as the Python tests start them and hear of them."""

from __future__ import annotations

import asyncio
import json
import os
import random
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PATIENCE_SECONDS = 60.0


def seed() -> int:
    """`SEED` of the environment, else a new one; printed, so that a failure can be run again."""
    chosen = int(os.environ.get("SEED") or random.randrange(2**31))
    print(f"SEED={chosen}")
    return chosen


async def start(program: str, *arguments: object) -> Process:
    """Start `tests/interop/<program>`."""
    return await asyncio.create_subprocess_exec(
        "node", str(FOLDER / program), *map(str, arguments), cwd=FOLDER, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


async def result(process: Process) -> Any:
    """The JSON of a program's last line, once it has ended well."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(f"the program did not end:\n{out.decode()}\n{err.decode()}") from None
    assert process.returncode == 0, err.decode()
    return json.loads(out.splitlines()[-1])


async def run(program: str, *arguments: object) -> Any:
    """Start a program and wait for what it reports."""
    return await result(await start(program, *arguments))
