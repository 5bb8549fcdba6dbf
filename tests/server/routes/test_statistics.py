"""What happened in a room, over a real server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import Event, Micros, Role, SessionCounts, SessionRecord
from tests.server.api import call, eventually, get, get_csv, operator, writer
from tests.server.live import Live, close_of, told

SECOND = 1_000_000
HOUR = 3600 * SECOND


async def _kept(live: Live, room: str, spans: Sequence[tuple[str, int, int]]) -> None:
    """Sessions of the past: (user, from, until)."""
    sessions = live.app.services.stores.sessions
    for place, (user, since, until) in enumerate(spans):
        session = SessionRecord(SessionId(f"s{place}"), RoomId(room), UserId(user), user.title(), Micros(since))
        await sessions.open(session)
        await sessions.close(session.id, Micros(until))


def _moderator(live: Live, room: str) -> str:
    return live.token(room, "mo", Role.MODERATOR)


async def test_sessions_are_told_the_newest_first_and_piece_by_piece(live: Live) -> None:
    """[ST1] [ST2] `next` leads from piece to piece until it is null."""
    room = await live.room()
    await _kept(live, room, [(f"u{n}", n * SECOND, (n + 2) * SECOND) for n in range(1, 6)])
    token, seen, before = _moderator(live, room), [], ""

    for size in (2, 2, 1):
        piece = await get(live, f"/api/rooms/{room}/sessions?limit=2{before}", token)
        assert len(piece["sessions"]) == size
        seen += [session["user"] for session in piece["sessions"]]
        before = f"&before={piece['next']}"

    assert seen == ["u5", "u4", "u3", "u2", "u1"]
    assert piece["next"] is None
    assert piece["sessions"][0] == {
        "id": "s0", "user": "u1", "name": "U1", "device": "", "joined_at": SECOND, "left_at": 3 * SECOND,
        "duration_seconds": 2.0, "mic_seconds": 0.0, "camera_seconds": 0.0, "screen_seconds": 0.0, "edits": 0,
        "messages": 0,
    }  # fmt: skip


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_sessions_of_one_instant_are_never_parted(live: Live, limit: int) -> None:
    """[ST2] Whatever the limit is, all are told, each once."""
    room = await live.room()
    await _kept(live, room, [(f"u{n}", at * SECOND, 9 * SECOND) for n, at in enumerate((1, 2, 2, 2, 3))])
    token, seen, before = _moderator(live, room), [], ""

    while True:
        piece = await get(live, f"/api/rooms/{room}/sessions?limit={limit}{before}", token)
        seen += [session["id"] for session in piece["sessions"]]
        if piece["next"] is None:
            break
        before = f"&before={piece['next']}"

    assert sorted(seen) == ["s0", "s1", "s2", "s3", "s4"]


@pytest.mark.parametrize("path", ["sessions", "events"])
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=", "before=x", "before=-1", "before=1e3",
              "limit=" + "9" * 5000, "limit=%C2%B2", "before=" + "9" * 19],
    ids=lambda query: query[:20],
)  # fmt: skip
async def test_a_query_that_says_nothing_is_refused(live: Live, path: str, query: str) -> None:
    """[ST1] 400 malformed_frame."""
    room = await live.room()

    status, answer = await call(live, "GET", f"/api/rooms/{room}/{path}?{query}", token=_moderator(live, room))

    assert (status, answer["error"]["code"]) == (400, "malformed_frame")


@pytest.mark.parametrize("path", ["sessions", "events", "stats"])
async def test_only_those_who_moderate_are_told(live: Live, path: str) -> None:
    """[ST9] 401 without a token, 403 for members and viewers; the operator may."""
    room = await live.room()
    url = f"/api/rooms/{room}/{path}"

    for token, wanted in (
        (None, (401, "token_invalid")),
        (live.token("other"), (401, "token_invalid")),
        (live.token(room, seconds=-60), (401, "token_expired")),
        (live.token(room, "bob", Role.MEMBER), (403, "permission_denied")),
        (live.token(room, "eve", Role.VIEWER), (403, "permission_denied")),
    ):
        status, answer = await call(live, "GET", url, token=token)
        assert (status, answer["error"]["code"]) == wanted
    for token in (_moderator(live, room), operator(live)):
        assert (await call(live, "GET", url, token=token))[0] == 200


async def test_the_audit_trail_is_told_the_newest_first_and_piece_by_piece(live: Live) -> None:
    """[ST3] Of this room only; `details` is an object."""
    room, other = await live.room(), await live.room("other")
    store, now = live.app.services.stores.events, live.app.services.clock.now_us()
    for place, where in enumerate((room, other, None, room, room)):
        await store.add(Event(where and RoomId(where), Micros(now + place), "upload", None, f'{{"n": {place}}}'))
    token = operator(live)

    first = await get(live, f"/api/rooms/{room}/events?limit=2", token)
    rest = await get(live, f"/api/rooms/{room}/events?before={first['next']}", token)

    assert [event["details"] for event in first["events"]] == [{"n": 4}, {"n": 3}]
    assert rest["events"][0]["details"] == {"n": 0}
    assert {event["room"] for event in first["events"] + rest["events"]} == {room}
    assert rest["next"] is None


@pytest.mark.parametrize("how", ["?format=csv", "text/csv"])
async def test_a_list_as_csv_is_whole(live: Live, how: str) -> None:
    """[ST4] [ST5] Every row, also beyond the largest piece; instants as ISO 8601."""
    room = await live.room()
    await _kept(live, room, [(f"u{n}", n * SECOND, (n + 2) * SECOND) for n in range(1, 1202)])
    query, headers = (how, {}) if how.startswith("?") else ("", {"Accept": how})

    disposition, rows = await get_csv(live, f"/api/rooms/{room}/sessions{query}", operator(live), **headers)

    assert disposition == 'attachment; filename="sessions.csv"'
    assert [row["user"] for row in rows] == [f"u{n}" for n in range(1201, 0, -1)]
    assert rows[-1]["joined_at"] == "1970-01-01T00:00:01.000Z"
    assert rows[-1]["duration_seconds"] == "2.0"


async def test_a_name_in_csv_is_no_formula(live: Live) -> None:
    """[ST6] Whoever calls himself =1+1 is called so, not 2."""
    room = await live.room()
    session = SessionRecord(SessionId("s"), RoomId(room), UserId("eve"), "=1+1", Micros(1), device="@SUM(A1)")
    await live.app.services.stores.sessions.open(session)

    for path, name in (("sessions", "name"), ("sessions", "device"), ("stats", "name")):
        _, rows = await get_csv(live, f"/api/rooms/{room}/{path}?format=csv", operator(live))
        assert [row[name] for row in rows] in (["'=1+1"], ["'@SUM(A1)"])


async def test_only_the_piece_that_is_asked_for_is_told_as_csv_too(live: Live) -> None:
    """[ST4] With `before` or `limit`."""
    room = await live.room()
    await _kept(live, room, [(f"u{n}", n * SECOND, (n + 2) * SECOND) for n in range(1, 6)])

    _, rows = await get_csv(live, f"/api/rooms/{room}/sessions?format=csv&before={4 * SECOND}&limit=2", operator(live))

    assert [row["user"] for row in rows] == ["u3", "u2"]


async def test_what_a_page_does_is_counted_at_once(live: Live) -> None:
    """[ST2] [ST8] An open session is told with what it did until now, written or not, and lasts until now."""
    room = await live.room()
    token = operator(live)
    async with writer(live, room) as bob:
        await bob.put("a", 1)
        await bob.put("b", 2)
        await bob.saved(2)

        (session,) = (await get(live, f"/api/rooms/{room}/sessions", token))["sessions"]
        stats = await get(live, f"/api/rooms/{room}/stats", token)

    assert (session["id"], session["user"], session["left_at"], session["edits"]) == ("page", "bob", None, 2)
    assert session["duration_seconds"] > 0
    assert stats["concurrent"] == {"people": 1, "sessions": 1, "peak_people": 1}
    (person,) = [person for person in stats["people"] if person["user"] == "bob"]
    assert (person["present"], person["last_seen_at"], person["sessions"]) == (True, None, 1)


async def test_people_are_counted_by_heads_and_pages(live: Live) -> None:
    """[ST8] Two pages of one person are one person; who went is not here any more."""
    room = await live.room()
    token = operator(live)
    bob = live.token(room, "bob")
    async with live.signal(room, bob, "one") as one, live.signal(room, bob, "two") as two:
        assert (await told(one))["type"] == (await told(two))["type"] == "welcome"
        stats = await get(live, f"/api/rooms/{room}/stats", token)
        assert stats["concurrent"] == {"people": 1, "sessions": 2, "peak_people": 1}
        for socket in (one, two):
            await socket.send('{"type": "leave"}')
            await close_of(socket)

    async def gone() -> bool:
        now = (await get(live, f"/api/rooms/{room}/stats", token))["concurrent"]
        return bool(now == {"people": 0, "sessions": 0, "peak_people": 1})

    assert await eventually(gone)


async def test_concurrency_is_told_in_the_steps_that_are_asked_for(live: Live) -> None:
    """[ST7] The most at once within each step."""
    room = await live.room()
    await _kept(live, room, [("ann", 0, 5 * SECOND), ("bob", 2 * SECOND, 4 * SECOND), ("bob", 3 * SECOND, 4 * SECOND)])

    stats = await get(live, f"/api/rooms/{room}/stats?since=0&until={6 * SECOND}&step={2 * SECOND}", operator(live))

    assert [(p["at"], p["people"], p["sessions"]) for p in stats["concurrency"]] == [
        (0, 1, 1), (2 * SECOND, 2, 3), (4 * SECOND, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query", ["since=5&until=5", "since=6&until=5", "step=0", "step=-1", "since=0&until=2001&step=1", "since=x",
              "until=9223372036854775807", "step=1"],
)  # fmt: skip
async def test_steps_that_are_none_or_too_many_are_refused(live: Live, query: str) -> None:
    """[ST7] 400 malformed_frame."""
    room = await live.room()

    status, answer = await call(live, "GET", f"/api/rooms/{room}/stats?{query}", token=operator(live))

    assert (status, answer["error"]["code"]) == (400, "malformed_frame")


async def test_what_was_counted_in_calls_is_told(live: Live) -> None:
    """[ST2] [ST8] Seconds of microphone, camera and screen."""
    room = await live.room()
    await _kept(live, room, [("ann", 0, HOUR)])
    counts = SessionCounts(mic_seconds=60.0004, camera_seconds=30.5, screen_seconds=2, edits=7, messages=3)
    await live.app.services.stores.sessions.count(SessionId("s0"), counts)

    (session,) = (await get(live, f"/api/rooms/{room}/sessions", operator(live)))["sessions"]
    (person,) = (await get(live, f"/api/rooms/{room}/stats", operator(live)))["people"]

    wanted = {"mic_seconds": 60.0, "camera_seconds": 30.5, "screen_seconds": 2.0, "edits": 7, "messages": 3}
    assert wanted.items() <= session.items()
    assert wanted.items() <= person.items()
    assert person["present_seconds"] == 3600.0
