"""Tokens and the secret that signs them."""

from __future__ import annotations

import random
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import jwt
import pytest

from crdt_docs.access import Permission
from crdt_docs.ids import UserId
from persistence.interfaces import Micros, Role
from server.auth.tokens import (
    ANY_ROOM,
    LEEWAY_SECONDS,
    SECRET_NAME,
    Claims,
    Tokens,
    admin_claims,
    load_secret,
)
from server.errors import TokenExpired, TokenInvalid
from server.key_files import SecretUnusable
from tests.server.clocks import StandingClock

SECRET = "s" * 64
CLAIMS = Claims(UserId("ann"), "Ann", "room", Role.MEMBER)
GOOD = {"sub": "ann", "name": "Ann", "room": "room", "role": "member", "exp": 1_900_000_000}


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        replace(CLAIMS, permissions=frozenset()),
        replace(CLAIMS, permissions=frozenset({Permission.CHAT, Permission.RECORD}), family="f-1_"),
        replace(CLAIMS, permissions=frozenset(Permission), room=ANY_ROOM, jti="n-1"),
        replace(CLAIMS, knock=True),
        admin_claims(),
    ],
    ids=["plain", "nothing", "some", "all", "knock", "admin"],
)
def test_a_token_says_what_it_was_issued_for(claims: Claims) -> None:
    """[TK1] Round trip, with the instants of its making and its end to the microsecond."""
    clock = StandingClock(1_799_999_999.123457)
    token, expires_at = Tokens(SECRET, clock).issue(claims, 60)

    read = Tokens(SECRET, clock).read(token)
    assert read == replace(claims, issued_at=clock.now_us(), expires_at=expires_at, jti=claims.jti or read.jti)
    assert expires_at == clock.now_us() + 60_000_000


def test_every_token_has_a_name_of_its_own() -> None:
    """[TK1] By which it can be revoked."""
    tokens = Tokens(SECRET, StandingClock())
    names = {tokens.read(tokens.issue(CLAIMS, 60)[0]).jti for _ in range(100)}

    assert len(names) == 100
    assert min(map(len, names)) >= 16


def test_instants_keep_their_microseconds() -> None:
    """[TK1] A moderator's change and the token that follows it may be a microsecond apart."""
    seed = random.randrange(2**32)
    instants = random.Random(seed)
    for _ in range(2000):
        clock = _ExactClock(Micros(instants.randrange(4_000_000_000_000_000)))
        token, expires_at = Tokens(SECRET, clock).issue(CLAIMS, 60)
        read = Tokens(SECRET, clock).read(token)
        assert (read.issued_at, read.expires_at) == (clock.now, expires_at), f"seed {seed}"


@dataclass
class _ExactClock:
    now: Micros

    def now_us(self) -> Micros:
        return self.now

    def monotonic(self) -> float:
        return 0.0


def test_a_token_of_an_older_version_is_read() -> None:
    """[TK7] Without iat, jti, family and permissions."""
    read = Tokens(SECRET, StandingClock()).read(jwt.encode(GOOD, SECRET, algorithm="HS256"))

    assert read == replace(CLAIMS, expires_at=Micros(1_900_000_000_000_000))


def test_permissions_are_those_that_exist() -> None:
    """[TK8] A name that is not known is no permission left out, but a token that is not understood."""
    tokens = Tokens(SECRET, StandingClock())

    with pytest.raises(TokenInvalid, match="fly"):
        tokens.read(jwt.encode({**GOOD, "permissions": ["draw", "fly"]}, SECRET, algorithm="HS256"))
    for wrong in ("draw", ["draw"] * 9, [1], {"draw": True}):
        with pytest.raises(TokenInvalid):
            tokens.read(jwt.encode({**GOOD, "permissions": wrong}, SECRET, algorithm="HS256"))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_is_not_good_yet(claim: str) -> None:
    """[TK2] Beyond the leeway for clocks that differ; it is good when its time has come."""
    clock = StandingClock()
    tokens = Tokens(SECRET, clock)
    token = jwt.encode({**GOOD, claim: clock.seconds + LEEWAY_SECONDS + 1}, SECRET, algorithm="HS256")

    with pytest.raises(TokenInvalid, match="not good yet"):
        tokens.read(token)
    clock.seconds += 1
    assert tokens.read(token).user == "ann"


@pytest.mark.parametrize(
    "said", [{"admin": True}, {"sub": "admin"}, {"sub": "admin", "admin": False}, {"sub": "admin", "admin": 1}], ids=str
)
def test_the_operator_is_nobody_else(said: dict[str, object]) -> None:
    """[TK10] The claim and the user id go together: no person can act under the operator's name."""
    tokens = Tokens(SECRET, StandingClock())
    assert tokens.read(jwt.encode({**GOOD, "sub": "admin", "admin": True}, SECRET, algorithm="HS256")).admin

    with pytest.raises(TokenInvalid):
        tokens.read(jwt.encode({**GOOD, **said}, SECRET, algorithm="HS256"))


def test_a_name_from_elsewhere_is_cleaned_like_any_other() -> None:
    """[ID4] Line breaks and direction marks do not come in by token."""
    token = jwt.encode({**GOOD, "name": " Ann\n\u202eLee "}, SECRET, algorithm="HS256")

    assert Tokens(SECRET, StandingClock()).read(token).name == "Ann Lee"


def test_a_token_expires_by_the_servers_clock_with_some_leeway() -> None:
    """[TK2] exp, and 30 s for clocks that differ."""
    clock = StandingClock()
    tokens = Tokens(SECRET, clock)
    token, _ = tokens.issue(CLAIMS, 60)

    clock.seconds += 60 + LEEWAY_SECONDS - 1
    assert tokens.read(token).user == CLAIMS.user
    clock.seconds += 1
    with pytest.raises(TokenExpired):
        tokens.read(token)


@pytest.mark.parametrize(
    "change",
    [
        {"role": "king"}, {"role": None}, {"sub": ""}, {"sub": "a b"}, {"sub": 7}, {"name": ""}, {"name": "x" * 81},
        {"name": "\u200b"}, {"name": "\ud800"}, {"jti": "a b"}, {"jti": "x" * 129}, {"jti": 7}, {"family": "a/b"},
        {"admin": "true"}, {"exp": 2**41}, {"exp": -1}, {"iat": "now"}, {"iat": -1}, {"iat": 2**41}, {"nbf": "now"},
        {"room": "../x"}, {"room": "**"}, {"room": "room\n"}, {"exp": "soon"}, {"exp": None}, {"exp": float("nan")},
    ],
    ids=str,
)  # fmt: skip
def test_a_signed_token_that_does_not_say_what_it_must_is_invalid(change: dict[str, object]) -> None:
    """[TK3] The signature is not enough."""
    payload = {name: value for name, value in (GOOD | change).items() if value is not None}

    with pytest.raises(TokenInvalid):
        Tokens(SECRET, StandingClock()).read(jwt.encode(payload, SECRET, algorithm="HS256"))


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "x",
        "a.b.c",
        "x" * 5000,
        jwt.encode(GOOD, "t" * 64, algorithm="HS256"),
        jwt.encode(GOOD, None, algorithm="none"),
        jwt.encode(GOOD, SECRET, algorithm="HS512"),
        jwt.encode(GOOD, SECRET, algorithm="HS256")[:-3],
    ],
    ids=["none", "empty", "word", "dots", "long", "foreign", "unsigned", "other algorithm", "cut"],
)
def test_what_we_did_not_sign_is_invalid(token: str | None) -> None:
    """[TK4] Only HS256 with our secret."""
    with pytest.raises(TokenInvalid):
        Tokens(SECRET, StandingClock()).read(token)


def test_the_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    """[TK5] secret.key, mode 0600, the same at every start; no draft of it stays behind."""
    folder = tmp_path / "new" / "data"

    first = load_secret(folder)

    assert load_secret(folder) == first
    assert len(first) >= 64
    assert stat.S_IMODE((folder / SECRET_NAME).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [SECRET_NAME]


def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path) -> None:
    """[TK6] An empty secret would let everybody sign."""
    (tmp_path / SECRET_NAME).write_text("short\n")

    with pytest.raises(SecretUnusable, match="at least 32"):
        load_secret(tmp_path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """[TK6] The sentence says which folder."""
    (tmp_path / "file").write_text("")

    with pytest.raises(SecretUnusable, match="file"):
        load_secret(tmp_path / "file" / "data")
