"""The running server does what `/api/openapi.json` says: Schemathesis makes requests from it, good and bad ones."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import RejectedPositiveData

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Mark, Micros, Role
from server.auth.limits import KeyedLimit
from tests.contracts.recordings import ONE, TWO, recorded, recording
from tests.server.api import call, operator
from tests.server.live import Live, configured, serving

EXAMPLES: Final = 5
"""Right ones and wrong ones of each operation; the coverage of its schema comes on top."""
UPLOAD: Final = "PUT /api/rooms/{room}/assets/{sha256}"
FILE: Final = b"\x89PNG\r\n\x1a\n" + b"some bytes of a picture"
DIGEST: Final = hashlib.sha256(FILE).hexdigest()
MARK: Final = "0" * 16
UNSAYABLE: Final = (
    "A name must have 1 to 80 visible characters.",
    "since must lie before until, with at most 2000 steps between them.",
    "at stands for after and until: ask for it, or for them.",
    "This is not a token of this server.",
    "The bytes do not have the SHA-256 that the address names.",
    "The body is not what is expected here: Expected `int`, got `float`",
)
"""How refusals begin that no schema can foretell: what two fields have to do with each other, what they mean, and that
1.0 is an integer to JSON Schema and none to us."""
REFUSED: Final = ["400", "401", "403", "404", "405", "410"]
"""How a request that is wrong may be refused. A server that fails is never a right answer."""
TAKEN: Final = ["2xx", "304", "416", "403", "404", "409", "410"]
"""How a request that is right may be answered: what it asks for may not be there, or not be that person's to do."""
FOR_ALL: Final = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /api/config", "POST /api/rooms"}
JOIN: Final = "POST /api/rooms/{room}/join"
HANDOVER: Final = "POST /api/rooms/{room}/members/{user}/handover"


@dataclass
class Outcome:
    """What came of the requests of one run."""

    statuses: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """How often which operation answered what."""
    failures: list[str] = field(default_factory=list)


async def _furnish(live: Live) -> None:
    """A room with people, a link and a file; another one to delete, another one to hand over."""
    parts = live.app.services
    parts.limits.failures = KeyedLimit(1e9, 1e9, parts.clock)  # wrong tokens are the point here
    owner = live.token("*", "maker", Role.OWNER)
    for room in (await live.room("room"), await live.room("doomed"), await live.room("handed")):
        path = f"/api/rooms/{room}"
        for user in ("ann", "bob"):
            assert (await call(live, "GET", path, token=live.token(room, user)))[0] == 200
        assert (await call(live, "PATCH", path, {"access": "link"}, owner))[0] == 200
        assert (await call(live, "POST", f"{path}/invitations", {"role": "member"}, owner))[0] == 201
    mark = Mark(MARK, RoomId("room"), Micros(1), "person", "Here", UserId("maker"), Micros(1))
    assert await parts.stores.marks.add(mark, most=1)
    for id_ in (ONE, TWO):
        await recorded(parts.stores, recording(id_, 10, UserId("maker"), in_room=RoomId("room")))
    headers = {"Authorization": f"Bearer {owner}", "Content-Length": str(len(FILE))}
    answer = await live.app.quart.test_client().put(f"/api/rooms/room/assets/{DIGEST}", headers=headers, data=FILE)
    assert answer.status_code == 201


def _settings(url: str, token: str | None, seed: int, *, coverage: bool) -> schemathesis.Config:
    def of(operation: str, **parameters: str) -> dict[str, Any]:
        return {
            "include-operation-id": operation,
            "parameters": {f"path.{name}": value for name, value in parameters.items()},
        }

    return schemathesis.Config.from_dict(
        {
            "seed": seed,
            "base-url": url,
            "headers": {"Authorization": f"Bearer {token}"} if token else {},
            "continue-on-failure": True,
            "generation": {"max-examples": EXAMPLES, "database": "none", "no-shrink": True},
            "phases": {
                "examples": {"enabled": False},
                "coverage": {"enabled": coverage},
                "stateful": {"enabled": False},
            },
            "parameters": {"path.room": "room", "path.user": "ann"},
            "operations": [
                of("rooms_delete", room="doomed"),
                of("members_handover", room="handed", user="bob"),
                of("assets_download", sha256=DIGEST),
                of("marks_remove", mark=MARK),
                of("recordings_read_one", recording=ONE),
                of("recordings_download", recording=ONE, file="0-mic.webm"),
                of("recordings_delete", recording=TWO),
            ],
            "checks": {
                "negative_data_rejection": {"expected-statuses": REFUSED},
                "positive_data_acceptance": {"expected-statuses": TAKEN if token else [*TAKEN, "401"]},
            },
        }
    )


def _exercise(url: str, token: str | None, seed: int, *, coverage: bool) -> Outcome:
    """Send what the description allows and what it does not; every check that Schemathesis knows is made."""
    config = _settings(url, token, seed, coverage=coverage)
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json", config=config)
    schema.hook("map_case")(_name_the_body)
    schema.hook("filter_failure")(_can_be_said)
    outcome = Outcome()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(outcome, event)
        elif isinstance(event, events.NonFatalError):
            outcome.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return outcome


def _name_the_body(context: schemathesis.HookContext, case: Any) -> Any:
    """Let the address of a right upload name the hash of its bytes, which no schema can say."""
    if case.operation.label == UPLOAD and case.meta.generation.mode.is_positive:
        content = case.as_transport_kwargs().get("data") or b""
        case.path_parameters = {**case.path_parameters, "sha256": hashlib.sha256(content).hexdigest()}
    return case


def _can_be_said(context: schemathesis.HookContext, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure counts: a schema could have told what was wrong with the request."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    return not response.json()["error"]["reason"].startswith(UNSAYABLE)


def _note(outcome: Outcome, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for case, checks in recorder.checks.items():
        interaction = recorder.interactions[case]
        if interaction.response is not None and recorder.label.startswith(interaction.request.method):
            outcome.statuses[recorder.label][interaction.response.status_code] += 1
        for check in checks:
            if check.failure_info is not None:
                told = check.failure_info
                outcome.failures.append(f"{recorder.label}: {check.name}: {told.failure}\n{told.code_sample}")


@pytest.mark.parametrize("who", ["owner", "operator", "nobody"])
async def test_the_server_does_what_its_description_says(tmp_path: Path, who: str) -> None:
    """[OA5] No failure of the server, no status, type or body that is not described; what fits is taken, the rest is
    refused, whoever asks. What each may do has worked at least once."""
    seed = int(os.environ.get("SEED", "1"))
    print(f"SEED={seed}")
    async with serving(configured(tmp_path / "data")) as live:
        await _furnish(live)
        token = {"owner": live.token("*", "maker", Role.OWNER), "operator": operator(live), "nobody": None}[who]
        url, thorough = f"http://127.0.0.1:{live.port}", who == "operator"
        outcome = await asyncio.to_thread(_exercise, url, token, seed, coverage=thorough)

    assert outcome.failures == [], "\n\n".join(outcome.failures[:5])
    worked = {label for label, statuses in outcome.statuses.items() if any(200 <= each < 300 for each in statuses)}
    may = {
        "owner": {each for each in outcome.statuses if not each.partition(" ")[2].startswith("/api/admin")},
        "operator": set(outcome.statuses) - {HANDOVER},
        "nobody": {*FOR_ALL, JOIN},
    }
    assert worked == may[who]
    assert len(outcome.statuses) > 30
