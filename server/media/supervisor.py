"""Starts the media process when a call first needs it, and again when it ended; it knows no media library."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import msgspec

from server.media.messages import MAX_LINE_BYTES, Command, Configure, Event, MediaReady, decode_event, encode_line

log = logging.getLogger(__name__)

READY_SECONDS: Final = 30.0
FIRST_PAUSE_SECONDS: Final = 0.25
LAST_PAUSE_SECONDS: Final = 10.0
STEADY_SECONDS: Final = 30.0
"""After so long without an end the pause is short again."""
MAX_WAITING_BYTES: Final = 8 * 1024 * 1024
STOP_SECONDS: Final = 5.0


class MediaProcess:
    """The one media process of a server. An async context manager; leaving it ends the process.

    [MP1] Nothing runs before the first `send`. [MP2] When the process ends `on_lost` is told, and it is started again
    after a pause that doubles; `on_ready` is told each time it listens: whoever holds calls says them anew.
    """

    def __init__(
        self,
        configure: Callable[[], Configure],
        *,
        on_event: Callable[[Event], None],
        on_ready: Callable[[], None],
        on_lost: Callable[[], None],
        program: Sequence[str] = (sys.executable, "-m", "server.media"),
        first_pause: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        """`configure` is asked for the settings at each start."""
        self._configure = configure
        self._on_event, self._on_ready, self._on_lost = on_event, on_ready, on_lost
        self._program = program
        self._first_pause = first_pause
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.starts = 0

    @property
    def is_listening(self) -> bool:
        """Whether what is sent now arrives."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Of the process that listens."""
        return self._process.pid if self._process is not None else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def start(self) -> None:
        """[MP1] Start the process unless it runs or is about to; `on_ready` tells when it listens."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name="media process")

    def send(self, command: Command) -> bool:
        """Tell the process something. False: it does not listen, and `on_ready` will tell when it does."""
        self.start()
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return False
        if process.stdin.transport.get_write_buffer_size() > MAX_WAITING_BYTES:
            log.error("the media process does not listen any more; it is ended")
            process.kill()
            return False
        process.stdin.write(encode_line(command))
        return True

    async def _keep(self) -> None:
        pause = self._first_pause
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            await self._serve()
            if loop.time() - started > STEADY_SECONDS:
                pause = self._first_pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE_SECONDS)

    async def _serve(self) -> None:
        """One life of the process."""
        process = await asyncio.create_subprocess_exec(
            *self._program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE_BYTES
        )
        self.starts += 1
        try:
            await self._listen(process)
        finally:
            was_listening, self._process = self._process is not None, None
            await _end(process)
            if was_listening:
                self._on_lost()
        log.warning("the media process ended with code %s; calls come back when it is up again", process.returncode)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            async with asyncio.timeout(READY_SECONDS):
                first = await process.stdout.readline()
        except TimeoutError:
            log.error("the media process did not come up")  # noqa: TRY400
            return
        if not first or not isinstance(_event(first), MediaReady):
            return
        process.stdin.write(encode_line(self._configure()))
        self._process = process
        self._on_ready()
        while line := await process.stdout.readline():
            if (event := _event(line)) is not None:
                self._on_event(event)


def _event(line: bytes) -> Event | None:
    try:
        return decode_event(line)
    except msgspec.DecodeError:
        log.exception("the media process said what is no event")
        return None


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, whereupon it ends; kill it if it does not."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
