"""Room tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256 and the installation's secret."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import jwt
import msgspec
from msgspec import Meta

from crdt_docs.ids import UserId
from persistence.interfaces import Micros, Role
from server.auth.identities import MAX_NAME_LENGTH
from server.clock import Clock
from server.errors import TokenExpired, TokenInvalid

SECRET_NAME: Final = "secret.key"  # noqa: S105
ANY_ROOM: Final = "*"
LEEWAY_SECONDS: Final = 30
"""How far the clocks of those who mint tokens may be off."""
MAX_TOKEN_LENGTH: Final = 4096
_MIN_SECRET_LENGTH: Final = 32
_ALGORITHM: Final = "HS256"


class _Payload(msgspec.Struct):
    sub: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._@:+=-]{1,128}\Z")]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    room: Annotated[str, Meta(pattern=r"\A(\*|[A-Za-z0-9_-]{1,64})\Z")]
    role: Role
    exp: Annotated[float, Meta(ge=0, le=2**53)]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, checked. `room` is a room id or `*` for any."""

    user: UserId
    name: str
    room: str
    role: Role


class Tokens:
    """Issues and reads tokens."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def issue(self, claims: Claims, seconds: int) -> tuple[str, Micros]:
        """Sign a token; gives it and the instant at which it expires."""
        issued = self._clock.now_us() // 1_000_000
        expires = issued + seconds
        payload = {"sub": claims.user, "name": claims.name, "room": claims.room, "role": claims.role.value}
        token = jwt.encode({**payload, "iat": issued, "exp": expires}, self._secret, algorithm=_ALGORITHM)
        return token, Micros(expires * 1_000_000)

    def read(self, token: str | None) -> Claims:
        """[TK1] Check a token: its signature first, then its time, then its shape.

        Raises:
            TokenInvalid: It is missing, not signed by us, or does not say what it must.
            TokenExpired: It was good once.
        """
        if not token or len(token) > MAX_TOKEN_LENGTH:
            raise TokenInvalid
        payload = self._verified(token)
        try:
            said = msgspec.convert(payload, _Payload)
        except msgspec.ValidationError as exc:
            raise TokenInvalid(f"The token does not say what it must: {exc}.") from exc
        if said.exp + LEEWAY_SECONDS <= self._clock.now_us() / 1_000_000:
            raise TokenExpired
        return Claims(UserId(said.sub), said.name, said.room, said.role)

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            # The time is checked against our own clock, not PyJWT's.
            return jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as exc:
            raise TokenInvalid from exc


class SecretUnusable(Exception):
    """The secret cannot be read or made; the message is a sentence for the operator."""


def load_secret(folder: Path) -> str:
    """[TK2] The installation's secret: read from `secret.key` in the data folder, made there (mode 0600) if missing.

    Raises:
        SecretUnusable: The folder cannot be written, or the file holds no secret.
    """
    path = folder / SECRET_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_secret(path)
        secret = path.read_text(encoding="ascii").strip()
    except OSError as exc:
        raise SecretUnusable(f"The data folder {folder} cannot be used: {exc.strerror or exc}.") from exc
    except UnicodeDecodeError as exc:
        raise SecretUnusable(f"{path} does not hold a secret.") from exc
    if len(secret) < _MIN_SECRET_LENGTH:
        raise SecretUnusable(f"{path} does not hold a secret of at least {_MIN_SECRET_LENGTH} characters.")
    return secret


def _make_secret(path: Path) -> None:
    """Put a whole file in place or none: another program may start at the same moment."""
    temporary = path.with_name(f".{SECRET_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
