"""Room tokens: JSON Web Tokens (RFC 7519), signed with the installation's secret or with a key that it trusts."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import jwt
import msgspec
from msgspec import Meta

from crdt_docs.access import Permission, Permissions
from crdt_docs.ids import UserId
from persistence.interfaces import Micros, Role
from server.auth.identities import MAX_NAME_LENGTH, clean_name
from server.auth.keys import VerificationKey
from server.clock import Clock
from server.errors import MalformedRequest, TokenExpired, TokenInvalid
from server.key_files import SecretUnusable, make_key_file

SECRET_NAME: Final = "secret.key"  # noqa: S105
ANY_ROOM: Final = "*"
ADMIN_USER: Final = UserId("admin")
"""The operator: the user of every admin token, and of no other one."""
ADMIN_NAME: Final = "Administrator"
LEEWAY_SECONDS: Final = 30
"""How far the clocks of those who mint tokens may be off."""
MAX_TOKEN_LENGTH: Final = 4096
_MIN_SECRET_LENGTH: Final = 32
_TRACE_DOMAIN: Final = b"thunderline trace\x00"
_OWN_ALGORITHM: Final = "HS256"
_LAST_SECOND: Final = 2**40
"""Of the instants that a token may name: microseconds of it still fit a database's integer."""

_UNSAID: Final = Micros(0)
_Instant = Annotated[float, Meta(ge=0, le=_LAST_SECOND)]


class _Payload(msgspec.Struct):
    sub: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._@:+=-]{1,128}\Z")]
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    room: Annotated[str, Meta(pattern=r"\A(\*|[A-Za-z0-9_-]{1,64})\Z")]
    role: Role
    exp: _Instant
    iat: _Instant = 0.0
    nbf: _Instant = 0.0
    jti: Annotated[str, Meta(pattern=r"\A[!-~]{0,128}\Z")] = ""
    family: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{0,64}\Z")] = ""
    permissions: Annotated[list[Permission], Meta(max_length=len(Permission))] | None = None
    admin: bool = False
    knock: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, checked. `room` is a room id or `*` for any.

    `permissions` replaces what the role gives, None stands for "as the role says". `issued_at` and `expires_at` are 0
    where the token does not say them; `jti` names this token and `family` the line of tokens that it renews, "" where
    it has none. `admin` tokens are the operator's; a `knock` token is good for asking to be let in, nothing else.
    """

    user: UserId
    name: str
    room: str
    role: Role
    permissions: Permissions | None = None
    issued_at: Micros = _UNSAID
    expires_at: Micros = _UNSAID
    jti: str = ""
    family: str = ""
    admin: bool = False
    knock: bool = False


def admin_claims() -> Claims:
    """What the operator's tokens say."""
    return Claims(ADMIN_USER, ADMIN_NAME, ANY_ROOM, Role.OWNER, admin=True)


class Tokens:
    """Issues and reads tokens. `keys` are those of others whose tokens are read, too."""

    def __init__(self, secret: str, clock: Clock, keys: Sequence[VerificationKey] = ()) -> None:
        self._secret = secret
        self._clock = clock
        self._keys = {key.kid: key for key in keys}

    def issue(self, claims: Claims, seconds: int) -> tuple[str, Micros]:
        """Sign a token that is good from now on; gives it and the instant at which it expires.

        A `jti` is made up where the claims have none; what they say of times is not looked at.
        """
        issued = self._clock.now_us()
        expires = Micros(issued + seconds * 1_000_000)
        payload: dict[str, Any] = {
            "sub": claims.user, "name": claims.name, "room": claims.room, "role": claims.role.value,
            "iat": issued / 1_000_000, "exp": expires / 1_000_000, "jti": claims.jti or secrets.token_urlsafe(12),
        }  # fmt: skip
        if claims.permissions is not None:
            payload["permissions"] = [each.value for each in Permission if each in claims.permissions]
        if claims.family:
            payload["family"] = claims.family
        if claims.admin:
            payload["admin"] = True
        if claims.knock:
            payload["knock"] = True
        return jwt.encode(payload, self._secret, algorithm=_OWN_ALGORITHM), expires

    def read(self, token: str | None) -> Claims:
        """[TK1] Check a token: its signature first, then its shape, then its time.

        Raises:
            TokenInvalid: It is missing, not signed by us or by a known key, not good yet, or does not say what it must.
            TokenExpired: It was good once.
        """
        if not token or len(token) > MAX_TOKEN_LENGTH:
            raise TokenInvalid
        payload, own = self._verified(token)
        try:
            said = msgspec.convert(payload, _Payload)
        except msgspec.ValidationError as exc:
            raise TokenInvalid(f"The token does not say what it must: {exc}.") from exc
        _check_user(said, own=own)
        self._check_time(said)
        return _claims(said)

    def sign_trace(self, trace: bytes) -> str:
        """[TK20] HMAC-SHA-256 in hex: only who has the secret could have written this. No token can be made of it."""
        return hmac.new(self._secret.encode(), _TRACE_DOMAIN + trace, hashlib.sha256).hexdigest()

    def _verified(self, token: str) -> tuple[dict[str, Any], bool]:
        """The payload, and whether our own secret signed it. A token that names a key is checked with that one alone,
        by the one algorithm of its type, whatever else its header says (RFC 8725 §3.1)."""
        try:
            header = jwt.get_unverified_header(token)
            if "crit" in header:
                raise TokenInvalid("The token demands what this server does not know.")
            if "kid" not in header:
                return _decode(token, self._secret, _OWN_ALGORITHM), True
            key = self._keys.get(header["kid"])
            if key is None:
                raise TokenInvalid("The token is signed with a key that this server does not know.")
            return _decode(token, key.key, key.algorithm), False
        except (jwt.InvalidTokenError, ValueError, RecursionError) as exc:
            raise TokenInvalid from exc

    def _check_time(self, said: _Payload) -> None:
        now = self._clock.now_us() / 1_000_000
        if said.exp + LEEWAY_SECONDS <= now:
            raise TokenExpired
        if max(said.iat, said.nbf) > now + LEEWAY_SECONDS:
            raise TokenInvalid("The token is not good yet.")


def _decode(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    # The time is checked against our own clock, not PyJWT's.
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
    return jwt.decode(token, key, algorithms=[algorithm], options=options)


def _check_user(said: _Payload, *, own: bool) -> None:
    """[TK10] The operator is nobody else, and nobody else's key makes one the operator."""
    if said.admin and not own:
        raise TokenInvalid("Only this server's own secret signs tokens of its operator.")
    if said.admin is not (said.sub == ADMIN_USER):
        raise TokenInvalid(f"The user id {ADMIN_USER} is that of the operator, and of nobody else.")


def _claims(said: _Payload) -> Claims:
    permissions = None if said.permissions is None else frozenset(said.permissions)
    try:
        name = clean_name(said.name)
    except MalformedRequest as exc:
        raise TokenInvalid(f"The token does not say what it must: {exc.reason}") from exc
    return Claims(
        UserId(said.sub), name, said.room, said.role, permissions, _micros(said.iat), _micros(said.exp),
        said.jti, said.family, said.admin, said.knock,
    )  # fmt: skip


def _micros(seconds: float) -> Micros:
    return Micros(round(seconds * 1_000_000))


def load_secret(folder: Path) -> str:
    """[TK2] The installation's secret: read from `secret.key` in the data folder, made there (mode 0600) if missing.

    Raises:
        SecretUnusable: The folder cannot be written, or the file holds no secret.
    """
    path = folder / SECRET_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            make_key_file(path, secrets.token_hex(32) + "\n")
        secret = path.read_text(encoding="ascii").strip()
    except OSError as exc:
        raise SecretUnusable(f"The data folder {folder} cannot be used: {exc.strerror or exc}.") from exc
    except UnicodeDecodeError as exc:
        raise SecretUnusable(f"{path} does not hold a secret.") from exc
    if len(secret) < _MIN_SECRET_LENGTH:
        raise SecretUnusable(f"{path} does not hold a secret of at least {_MIN_SECRET_LENGTH} characters.")
    return secret
