"""Telling another program of what happens: a real HTTP server receives, fails, is slow and goes away."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import random
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from crdt_docs.ids import RoomId
from server.clock import Clock, SystemClock
from server.config import InvalidSetting
from server.key_files import SecretUnusable
from server.metrics import Metrics
from server.webhooks.queue import Delivery, DeliveryQueue
from server.webhooks.sender import AT_ONCE, DRAIN_SECONDS, PAUSES, QUEUE_SIZE, Webhooks
from server.webhooks.target import Target, load_webhook_secret, read_target
from tests.server.clocks import StandingClock
from tests.server.live import WAIT_SECONDS, configured, serving
from tests.server.webhook_receiver import CUT, HANG, TRICKLE, Receiver, receiving

ROOM, OTHER = RoomId("room"), RoomId("other")
SECRET = "s" * 32
SHORT = (0.001,) * 5


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not true():
            await asyncio.sleep(0.001)


class Sent:
    """Webhooks that are being delivered, and what they count."""

    def __init__(
        self, receiver: Receiver, clock: Clock, pauses: tuple[float, ...], size: int, attempt_seconds: float
    ) -> None:
        self.metrics = Metrics()
        self.webhooks = Webhooks(
            Target(httpx2.URL(receiver.url), SECRET), clock, self.metrics,
            pauses=pauses, size=size, attempt_seconds=attempt_seconds,
        )  # fmt: skip

    def notify(self, n: int, room: RoomId | None = ROOM) -> None:
        self.webhooks.notify("session_joined", room, {"n": n})

    def count(self, outcome: str) -> float:
        return self.metrics.registry.get_sample_value("thunderline_webhooks_total", {"outcome": outcome}) or 0

    def failures(self) -> float:
        return self.metrics.registry.get_sample_value("thunderline_webhook_failures_total") or 0

    async def ended(self, outcome: str, count: int) -> None:
        """Wait until so many deliveries have ended so."""
        await until(lambda: self.count(outcome) >= count)

    async def failed(self, count: int) -> None:
        """Wait until so many attempts have failed."""
        await until(lambda: self.failures() >= count)


@asynccontextmanager
async def sending(
    receiver: Receiver,
    *,
    clock: Clock | None = None,
    pauses: tuple[float, ...] = SHORT,
    size: int = QUEUE_SIZE,
    attempt_seconds: float = 5.0,
) -> AsyncIterator[Sent]:
    sent = Sent(receiver, clock or SystemClock(), pauses, size, attempt_seconds)
    async with sent.webhooks.delivering():
        yield sent


async def test_a_delivery_says_what_happened_and_who_sent_it() -> None:
    """[WH3] A receiver that knows the secret can check body and time."""
    async with receiving() as receiver, sending(receiver, clock=StandingClock()) as sent:
        sent.webhooks.notify("kicked", ROOM, {"user": "ann", "by": "ünï"})
        sent.webhooks.notify("retention", None, {})
        first, second = sorted([await receiver.next(), await receiver.next()], key=lambda each: each.json["kind"])

    stamp = 1_800_000_000
    assert first.json == {
        "id": first.headers["thunderline-delivery"], "kind": "kicked", "at": stamp * 1_000_000, "room": "room",
        "payload": {"user": "ann", "by": "ünï"},
    }  # fmt: skip
    assert first.headers["content-type"] == "application/json"
    assert first.headers["thunderline-event"] == "kicked"
    digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + first.body, hashlib.sha256).hexdigest()
    assert first.headers["thunderline-signature"] == f"t={stamp},v1={digest}"
    assert second.json["room"] is None
    assert first.headers["thunderline-delivery"] != second.headers["thunderline-delivery"]


@pytest.mark.parametrize("failure", [500, 429, 404, 301, CUT])
async def test_a_failure_is_tried_again_until_it_succeeds(failure: int) -> None:
    """[WH4] [WH5] The same delivery with the same id; what comes after it in the room waits for it."""
    async with receiving(answers=[failure] * 5) as receiver, sending(receiver) as sent:
        sent.notify(1)
        sent.notify(2)
        requests = [await receiver.next() for _ in range(7)]
        await sent.ended("delivered", 2)

    assert [each.number for each in requests] == [1, 1, 1, 1, 1, 1, 2]
    assert len({each.headers["thunderline-delivery"] for each in requests}) == 2
    assert sent.count("failed") == 0


async def test_after_six_attempts_a_delivery_is_given_up_and_the_next_one_goes() -> None:
    """[WH5] The pauses grow: 1, 5, 25, 120 and 600 seconds."""
    assert PAUSES == (1, 5, 25, 120, 600)
    async with receiving(answers=[500] * 6) as receiver, sending(receiver) as sent:
        sent.notify(1)
        sent.notify(2)
        assert await receiver.next_numbers(7) == [1] * 6 + [2]
        await sent.ended("delivered", 1)

    assert sent.count("failed") == 1


async def test_each_pause_is_kept() -> None:
    """[WH5] Before its time nothing is tried again, though others go out; then it is, before what came later."""
    clock = StandingClock()
    async with receiving(by_room={"room": 500}) as receiver, sending(receiver, clock=clock, pauses=PAUSES) as sent:
        sent.notify(0)
        assert await receiver.next_numbers(1) == [0]
        for number, pause in enumerate(PAUSES, start=1):
            await sent.failed(number)
            clock.seconds += pause - 0.5
            sent.notify(number, OTHER)
            assert await receiver.next_numbers(1) == [number]
            await sent.ended("delivered", 2 * number - 1)
            clock.seconds += 0.6
            sent.notify(100, RoomId(f"wakes-{number}"))
            assert sorted(await receiver.next_numbers(2)) == [0, 100]
            await sent.ended("delivered", 2 * number)
        await sent.ended("failed", 1)


async def test_the_reference_tells_how_to_check_a_signature() -> None:
    """[WH3] Its lines run as they stand there, and they refuse what was changed or is old."""
    reference = (Path(__file__).parents[2] / "docs" / "reference.md").read_text()
    code = reference.split("## Webhooks", 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
    scope: dict[str, Any] = {"hmac": hmac, "hashlib": hashlib}
    exec(code, scope)
    is_genuine = scope["is_genuine"]
    body, now = b'{"id":"x"}', 1_800_000_000
    header = Target(httpx2.URL("http://localhost/"), SECRET).signature(now, body)

    assert is_genuine(SECRET, header, body, now + 10)
    assert not is_genuine(SECRET, header, body + b" ", now)
    assert not is_genuine("t" * 32, header, body, now)
    assert not is_genuine(SECRET, header, body, now + 301)


async def test_an_event_that_is_not_wanted_ends_at_once() -> None:
    """[WH4] 410 stops this delivery, and no other."""
    async with receiving(answers=[410]) as receiver, sending(receiver) as sent:
        sent.notify(1)
        sent.notify(2)
        assert await receiver.next_numbers(2) == [1, 2]
        await sent.ended("delivered", 1)

    assert (sent.count("gone"), sent.count("failed")) == (1, 0)


async def test_a_redirect_is_not_followed() -> None:
    """[WH4] Signed events go to the operator's address only."""
    async with receiving() as elsewhere:
        extra = f"Location: {elsewhere.url}\r\n"
        async with receiving(answers=[307], extra=extra) as receiver, sending(receiver) as sent:
            sent.notify(1)
            assert await receiver.next_numbers(2) == [1, 1]
            await sent.ended("delivered", 1)
        assert elsewhere.requests.empty()


async def test_rooms_do_not_wait_for_each_other() -> None:
    """[WH2] One room's event fails for ever; another room's arrive."""
    async with receiving(by_room={"room": HANG}) as receiver, sending(receiver) as sent:
        sent.notify(1)
        assert await receiver.next_numbers(1) == [1]
        for number in range(2, 30):
            sent.notify(number, OTHER)
        assert await receiver.next_numbers(28) == list(range(2, 30))
        await sent.ended("delivered", 28)
        await receiver.go_away()


async def test_order_holds_in_each_room_whatever_fails() -> None:
    """[WH2] [WH5] Random failures, many rooms: each event arrives at last, in its room's order."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    answers = [dice.choice([200, 204, 500, 503, CUT]) for _ in range(400)]
    async with receiving(answers=answers) as receiver, sending(receiver, pauses=(0.001,) * 50) as sent:
        rooms = [RoomId(f"room{number}") for number in range(AT_ONCE * 2)]
        for number in range(300):
            sent.notify(number, dice.choice(rooms))
        await sent.ended("delivered", 300)
    seen: dict[str, list[int]] = {room: [] for room in rooms}
    while not receiver.requests.empty():
        request = receiver.requests.get_nowait()
        numbers = seen[request.json["room"]]
        if request.number not in numbers:
            numbers.append(request.number)

    assert sorted(number for numbers in seen.values() for number in numbers) == list(range(300))
    assert all(numbers == sorted(numbers) for numbers in seen.values())


@pytest.mark.parametrize("slow", [HANG, TRICKLE])
async def test_a_slow_receiver_gets_its_time_and_no_more(slow: int) -> None:
    """[WH6] An attempt ends in time whether nothing or too little comes; the caller never waits."""
    async with receiving(answers=[slow]) as receiver, sending(receiver, attempt_seconds=0.1) as sent:
        sent.notify(1)
        assert await receiver.next_numbers(2) == [1, 1]
        await sent.ended("delivered", 1)


async def test_a_receiver_may_go_away_and_come_back(caplog: pytest.LogCaptureFixture) -> None:
    """[WH5] What happened meanwhile is delivered then; the log says so once each."""
    caplog.set_level(logging.INFO, "server.webhooks")
    async with receiving() as receiver, sending(receiver, pauses=(0.01,) * 500) as sent:
        sent.notify(1)
        assert await receiver.next_numbers(1) == [1]
        await receiver.go_away()
        sent.notify(2)
        sent.notify(3)
        await sent.failed(1)
        await receiver.listen()
        assert await receiver.next_numbers(2) == [2, 3]
        await sent.ended("delivered", 3)

    told = [record.getMessage() for record in caplog.records if record.name.startswith("server.webhooks")]
    assert told == ["webhooks cannot be delivered, and are tried again: ConnectError", "webhooks are delivered again"]


async def test_too_many_events_drop_the_oldest_and_say_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """[WH1] The one that is out stays, the newest stay, the others are counted."""
    async with receiving(answers=[HANG]) as receiver, sending(receiver, size=4) as sent:
        sent.notify(0)
        assert await receiver.next_numbers(1) == [0]
        for number in range(1, 11):
            sent.notify(number)
        assert sent.count("dropped") == 7
        assert sent.metrics.registry.get_sample_value("thunderline_webhooks_waiting") == 4
        await receiver.go_away()
        await receiver.listen()
        numbers = await receiver.next_numbers(4)
        await sent.ended("delivered", 4)

    assert numbers == [0, 8, 9, 10]
    assert [record.message for record in caplog.records if "dropped" in record.message] == [
        "webhooks are dropped, the oldest first: more than 4 wait"
    ]


async def test_at_the_end_what_waits_gets_one_more_attempt() -> None:
    """[WH7] Also what would have waited for an hour."""
    async with receiving(answers=[500]) as receiver:
        async with sending(receiver, pauses=(3600,)) as sent:
            sent.notify(1)
            sent.notify(2)
            assert await receiver.next_numbers(1) == [1]
            await sent.failed(1)
        assert await receiver.next_numbers(2) == [1, 2]
        assert sent.count("delivered") == 2


async def test_the_end_does_not_wait_for_a_receiver_that_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    """[WH7] Two seconds, then what is left is counted and gone."""
    loop = asyncio.get_running_loop()
    async with receiving(usual=HANG) as receiver:
        async with sending(receiver) as sent:
            sent.notify(1)
            sent.notify(2)
            await receiver.next()
            began = loop.time()
        took = loop.time() - began

    assert DRAIN_SECONDS <= took < DRAIN_SECONDS + 3
    assert sent.count("dropped") == 2
    assert "2 webhooks were not delivered before the end" in caplog.text


async def test_without_an_address_nobody_is_told() -> None:
    """[WH8] And nothing is kept."""
    metrics = Metrics()
    webhooks = Webhooks(None, SystemClock(), metrics)
    async with webhooks.delivering():
        webhooks.notify("kicked", ROOM, {})

    assert metrics.registry.get_sample_value("thunderline_webhooks_waiting") == 0


async def test_a_running_server_tells_of_rooms_and_pages(tmp_path: Path) -> None:
    """[WH3] [WH7] What happens in rooms, signed with the secret of the file; also what happens as the server stops."""
    async with receiving() as receiver:
        secret_file = tmp_path / "hook.secret"
        settings = configured(tmp_path / "data", webhook_url=receiver.url, webhook_secret_file=secret_file)
        async with serving(settings) as live:
            answer = await live.app.quart.test_client().post("/api/rooms", json={})
            room = (await answer.get_json())["room"]["id"]
            async with live.signal(room, live.token(room), "page-1"):
                requests = [await receiver.next() for _ in range(3)]
            requests.append(await receiver.next())
            async with live.signal(room, live.token(room), "page-2"):
                requests.append(await receiver.next())
                live.stop.set()
                requests.append(await receiver.next())

    kinds = ["room_created", "member_joined", "session_joined", "session_left", "session_joined", "session_left"]
    assert [each.json["kind"] for each in requests] == kinds
    assert {each.json["room"] for each in requests} == {room}
    payload = requests[2].json["payload"]
    assert payload == {"session": "page-1", "user": "ann", "name": "Ann", "role": "member"}
    target = Target(httpx2.URL(receiver.url), load_webhook_secret(secret_file))
    for each in requests:
        header = each.headers["thunderline-signature"]
        assert header == target.signature(int(header[2:].split(",", maxsplit=1)[0]), each.body)


@pytest.mark.parametrize(("mode", "code", "told"), [(None, 2, "webhook_secret_file"), (0o644, 4, "0600")])
def test_a_server_that_could_not_sign_does_not_start(tmp_path: Path, mode: int | None, code: int, told: str) -> None:
    """[WH8] One sentence: no secret (2), or one that others may read (4)."""
    secret = tmp_path / "hook.secret"
    options = ["--port", "0", "--data", str(tmp_path / "data"), "--webhook-url", "http://127.0.0.1:9/"]
    if mode is not None:
        secret.write_text("s" * 64)
        secret.chmod(mode)
        options += ["--webhook-secret-file", str(secret)]

    done = subprocess.run(
        [sys.executable, "-m", "server", "serve", *options], capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert told in done.stderr


def _delivery(number: int, lane: str) -> Delivery:
    return Delivery(number, str(number), "kind", lane, b"")


def test_the_queue_holds_the_newest() -> None:
    """[WH1] The oldest of all rooms goes first, never one that is out, and a room that rests is no exception."""
    queue = DeliveryQueue(3)
    one, two, three = _delivery(1, "a"), _delivery(2, "b"), _delivery(3, "a")
    assert [queue.put(each) for each in (one, two, three)] == [None] * 3
    assert queue.take(0.0) is one
    assert queue.take(0.0) is two
    queue.put_back(two, due=100.0)

    assert queue.put(_delivery(4, "b")) is two
    assert queue.put(_delivery(5, "c")) is three
    assert len(queue) == 3


def test_the_queue_says_when_something_may_go() -> None:
    """[WH2] The first of a lane alone, at its time."""
    queue = DeliveryQueue(10)
    assert queue.next_due() is None
    for number in (1, 2):
        queue.put(_delivery(number, "a"))
    first = queue.take(5.0)
    assert first is not None
    assert (queue.take(5.0), queue.next_due()) == (None, None)
    queue.put_back(first, due=7.5)
    assert (queue.take(7.4), queue.next_due()) == (None, 7.5)
    assert queue.take(7.5) is first
    queue.finish(first)
    second = queue.take(7.5)
    assert second is not None
    assert second.number == 2
    queue.finish(second)
    assert (len(queue), queue.next_due()) == (0, None)


def test_the_secret_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    """[WH8] 0600, and the same the next time."""
    path = tmp_path / "hook.secret"

    made = load_webhook_secret(path)

    assert len(made) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_webhook_secret(path) == made


@pytest.mark.parametrize(("mode", "content"), [(0o640, b"s" * 40), (0o604, b"s" * 40), (0o600, b"s" * 31),
                                               (0o600, b""), (0o600, b"\xff" * 40)])  # fmt: skip
def test_what_is_no_secret_is_refused(tmp_path: Path, mode: int, content: bytes) -> None:
    """[WH8] Readable by others, too short, or no text: a sentence that names the file."""
    path = tmp_path / "hook.secret"
    path.write_bytes(content)
    path.chmod(mode)

    with pytest.raises(SecretUnusable, match=str(path)):
        load_webhook_secret(path)
    with pytest.raises(SecretUnusable, match=str(tmp_path / "no" / "folder")):
        load_webhook_secret(tmp_path / "no" / "folder")


def test_an_address_without_a_secret_is_refused(tmp_path: Path) -> None:
    """[WH8] Unsigned events are never sent; so is what is no address."""
    assert read_target(configured(tmp_path)) is None
    with pytest.raises(InvalidSetting, match="webhook_secret_file"):
        read_target(configured(tmp_path, webhook_url="https://example.org/hook"))
    for url in ("http://:80/", "http://example.org:99999/", "http://a:b/"):
        with pytest.raises(InvalidSetting, match="webhook_url"):
            read_target(configured(tmp_path, webhook_url=url, webhook_secret_file=tmp_path / "s"))
    target = read_target(
        configured(tmp_path, webhook_url="https://example.org/hook", webhook_secret_file=tmp_path / "s")
    )
    assert target is not None
    assert target.secret not in repr(target)
