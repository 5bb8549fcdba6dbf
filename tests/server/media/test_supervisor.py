"""The media process and who keeps it running."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

from server.media.messages import Configure, Event, JoinCall, Offered
from server.media.supervisor import MediaProcess


class Heard:
    """What a supervisor told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ready = self.lost = 0
        self.news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def process(self, **given: object) -> MediaProcess:
        """A supervisor that tells here."""
        return MediaProcess(
            Configure, on_event=self._event, on_ready=self._ready, on_lost=self._lost, first_pause=0.01, **given
        )  # type: ignore[arg-type]

    def _event(self, event: Event) -> None:
        self.events.append(event)
        self._tell()

    def _ready(self) -> None:
        self.ready += 1
        self._tell()

    def _lost(self) -> None:
        self.lost += 1
        self._tell()

    def _tell(self) -> None:
        async def tell() -> None:
            async with self.news:
                self.news.notify_all()

        task = asyncio.ensure_future(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until(self, true: object) -> None:
        """Wait until something was told."""
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(true)  # type: ignore[arg-type]


def _offers(heard: Heard) -> list[Offered]:
    return [event for event in heard.events if isinstance(event, Offered)]


async def test_nothing_runs_before_it_is_needed() -> None:
    """[MP1] No process without a call."""
    async with Heard().process() as media:
        assert media.starts == 0
        assert not media.is_listening


async def test_a_killed_process_comes_back_and_takes_calls_again() -> None:
    """[MP2] Who holds calls is told of the loss, and when to say them anew."""
    heard = Heard()
    async with heard.process() as media:
        assert not media.send(JoinCall("room", "ada", ["mic"]))
        await heard.until(lambda: heard.ready == 1)
        assert media.send(JoinCall("room", "ada", ["mic"]))
        await heard.until(lambda: len(_offers(heard)) == 1)

        assert media.pid is not None
        os.kill(media.pid, signal.SIGKILL)
        await heard.until(lambda: heard.ready == 2)
        assert heard.lost == 1
        assert media.send(JoinCall("room", "ada", ["mic"]))
        await heard.until(lambda: len(_offers(heard)) == 2)
        assert [offer.peer for offer in _offers(heard)] == ["publish", "publish"]


async def test_the_process_ends_when_its_input_closes() -> None:
    """[MP3] It never outlives its server, however that ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.media", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert b"ready" in await process.stdout.readline()
    process.stdin.close()
    async with asyncio.timeout(30):
        assert await process.wait() == 0


async def test_the_server_does_not_load_the_media_libraries() -> None:
    """[MP4] They take 36 MB, and belong to the media process."""
    libraries = "{'aiortc', 'aioice', 'av'}"
    code = f"import sys, server.app, server.media.supervisor; print(sorted({libraries} & set(sys.modules)))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().strip() == "[]"
