"""Tokens and the secret that signs them."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from crdt_docs.ids import UserId
from persistence.interfaces import Role
from server.auth.tokens import LEEWAY_SECONDS, SECRET_NAME, Claims, SecretUnusable, Tokens, load_secret
from server.errors import TokenExpired, TokenInvalid
from tests.server.clocks import StandingClock

SECRET = "s" * 64
CLAIMS = Claims(UserId("ann"), "Ann", "room", Role.MEMBER)
GOOD = {"sub": "ann", "name": "Ann", "room": "room", "role": "member", "exp": 1_900_000_000}


def test_a_token_says_what_it_was_issued_for() -> None:
    """[TK1] Round trip, with the instant at which it expires."""
    clock = StandingClock()
    token, expires_at = Tokens(SECRET, clock).issue(CLAIMS, 60)

    read = Tokens(SECRET, clock).read(token)
    assert read == replace(CLAIMS, issued_at=clock.now_us(), expires_at=expires_at, jti=read.jti)
    assert expires_at == clock.now_us() + 60_000_000


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
