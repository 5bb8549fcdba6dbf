"""Keys of others who mint tokens: public keys from a JSON Web Key Set file (RFC 7517), each for one algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Meta

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
"""To verify with a larger key would take milliseconds of every socket that is opened."""
MAX_FILE_BYTES: Final = 1024 * 1024
_PRIVATE_MEMBERS: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
"""What private and symmetric keys have and public ones lack (RFC 7518 §6)."""

PublicKey = Ed25519PublicKey | RSAPublicKey
Algorithm = Literal["EdDSA", "RS256"]


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key, the name by which tokens choose it, and the one algorithm that its type allows."""

    kid: str
    algorithm: Algorithm
    key: PublicKey


class KeysUnusable(Exception):
    """The file of keys cannot be used; the message is a sentence for the operator."""


class _Jwk(msgspec.Struct):
    kty: str
    kid: Annotated[str, Meta(min_length=1, max_length=256)]
    crv: str | None = None
    alg: str | None = None
    use: str | None = None


class _KeySet(msgspec.Struct):
    keys: Annotated[list[dict[str, object]], Meta(min_length=1, max_length=100)]


def load_keys(path: Path | None) -> tuple[VerificationKey, ...]:
    """[TK12] The keys of the file, in its order; none where no file is named.

    Raises:
        KeysUnusable: The file cannot be read, or one of its keys may not be used.
    """
    if path is None:
        return ()
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise KeysUnusable(f"The file of token keys {path} cannot be read: {exc.strerror or exc}.") from exc
    try:
        return read_keys(content)
    except KeysUnusable as exc:
        raise KeysUnusable(f"The file of token keys {path} cannot be used: {exc}") from exc


def read_keys(content: bytes) -> tuple[VerificationKey, ...]:
    """Parse a JSON Web Key Set with Ed25519 and RSA keys.

    Raises:
        KeysUnusable: It is none, or holds a key without a name, of another kind, too weak, or not public.
    """
    if len(content) > MAX_FILE_BYTES:
        raise KeysUnusable(f"it has more than {MAX_FILE_BYTES} bytes.")
    try:
        found = msgspec.json.decode(content, type=_KeySet).keys
    except (msgspec.DecodeError, RecursionError) as exc:
        raise KeysUnusable(f"it is no JSON Web Key Set: {exc}.") from exc
    keys = tuple(_read_key(members, place) for place, members in enumerate(found, 1))
    _check_names([key.kid for key in keys])
    return keys


def _read_key(members: dict[str, object], place: int) -> VerificationKey:
    if any(name in members for name in _PRIVATE_MEMBERS):
        # The value is not named: it is a secret that stands in the wrong file.
        raise KeysUnusable(f"key {place} holds a private or secret key; only public keys belong there.")
    try:
        jwk = msgspec.convert(members, _Jwk)
    except msgspec.ValidationError as exc:
        raise KeysUnusable(f"key {place} is not valid: {exc}.") from exc
    algorithm = _algorithm(jwk, place)
    try:
        key = jwt.PyJWK(members, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as exc:
        raise KeysUnusable(f"key {place} ({jwk.kid!r}) is not valid: {exc}.") from exc
    if isinstance(key, RSAPublicKey) and not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise KeysUnusable(
            f"key {place} ({jwk.kid!r}) has {key.key_size} bits; an RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS}."
        )
    if not isinstance(key, Ed25519PublicKey | RSAPublicKey):
        raise KeysUnusable(f"key {place} ({jwk.kid!r}) is no public key.")
    return VerificationKey(jwk.kid, algorithm, key)


def _algorithm(jwk: _Jwk, place: int) -> Algorithm:
    """The type of a key alone says what it verifies; what the file says besides may only agree."""
    algorithm: Algorithm
    if (jwk.kty, jwk.crv) == ("OKP", "Ed25519"):
        algorithm = "EdDSA"
    elif jwk.kty == "RSA":
        algorithm = "RS256"
    else:
        raise KeysUnusable(f"key {place} ({jwk.kid!r}) is neither an Ed25519 key (OKP) nor an RSA key.")
    if jwk.alg not in (None, algorithm) and (jwk.alg, algorithm) != ("Ed25519", "EdDSA"):
        raise KeysUnusable(
            f"key {place} ({jwk.kid!r}) is for {jwk.alg}, and keys of its type are used for {algorithm}."
        )
    if jwk.use not in (None, "sig"):
        raise KeysUnusable(f"key {place} ({jwk.kid!r}) is not for signatures.")
    return algorithm


def _check_names(names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise KeysUnusable(f"more than one key is called {twice!r}.")
