"""Keys of others: what a file of them may hold, and which tokens they sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from server.auth.keys import MAX_FILE_BYTES, KeysUnusable, load_keys, read_keys
from server.auth.tokens import ANY_ROOM, Tokens
from server.errors import TokenInvalid
from tests.server.clocks import StandingClock

SECRET = "s" * 64
GOOD = {"sub": "ann", "name": "Ann", "room": "room", "role": "member", "exp": 1_900_000_000}
ED25519 = Ed25519PrivateKey.generate()
RSA = generate_rsa(65537, 2048)
PrivateKey = Ed25519PrivateKey | RSAPrivateKey


def _jwk(key: Any, algorithm: Any, **more: object) -> dict[str, Any]:
    return {**algorithm.to_jwk(key, as_dict=True), **more}


ED25519_JWK = _jwk(ED25519.public_key(), OKPAlgorithm, kid="ed")
RSA_JWK = _jwk(RSA.public_key(), RSAAlgorithm, kid="rsa")


def _file(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def _tokens() -> Tokens:
    return Tokens(SECRET, StandingClock(), read_keys(_file(ED25519_JWK, RSA_JWK)))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _hmac_token(key: bytes, header: dict[str, object]) -> str:
    """Signed by hand: PyJWT itself refuses to sign with public keys."""
    signed = f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps(GOOD).encode())}"
    return f"{signed}.{_base64url(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(ED25519, "EdDSA", "ed"), (RSA, "RS256", "rsa")], ids=["Ed25519", "RSA"]
)
def test_a_token_of_a_known_key_is_read(key: PrivateKey, algorithm: str, kid: str) -> None:
    """[TK9] [TK11] For one room or, as an integration needs it, for any."""
    for room in ("room", ANY_ROOM):
        claims = _tokens().read(jwt.encode({**GOOD, "room": room}, key, algorithm, headers={"kid": kid}))

        assert (claims.user, claims.room, claims.admin) == ("ann", room, False)


@pytest.mark.parametrize(
    "said", [{"admin": True}, {"admin": True, "sub": "admin"}, {"sub": "admin"}], ids=["claim", "both", "user"]
)
def test_a_key_of_others_never_makes_an_operator(said: dict[str, object]) -> None:
    """[TK10] Neither by the claim nor by the name."""
    tokens = _tokens()
    assert tokens.read(jwt.encode(GOOD, ED25519, "EdDSA", headers={"kid": "ed"})).user == "ann"

    with pytest.raises(TokenInvalid):
        tokens.read(jwt.encode({**GOOD, **said}, ED25519, "EdDSA", headers={"kid": "ed"}))


def _public_bytes() -> dict[str, bytes]:
    """Everything that an attacker can know of the keys and may hope to be taken for an HMAC key."""
    encoding, form = serialization.Encoding, serialization.PublicFormat
    found = {"kid": b"rsa", "nothing": b""}
    for name, key, jwk in (("RSA", RSA.public_key(), RSA_JWK), ("Ed25519", ED25519.public_key(), ED25519_JWK)):
        pem = key.public_bytes(encoding.PEM, form.SubjectPublicKeyInfo)
        found |= {f"{name} PEM": pem, f"{name} PEM without its last line break": pem.strip()}
        found |= {f"{name} DER": key.public_bytes(encoding.DER, form.SubjectPublicKeyInfo)}
        found |= {f"{name} JWK": json.dumps(jwk).encode()}
    found["Ed25519 raw"] = ED25519.public_key().public_bytes(encoding.Raw, form.Raw)
    found["the file"] = _file(ED25519_JWK, RSA_JWK)
    return found


@pytest.mark.parametrize("header", [{}, {"kid": "rsa"}, {"kid": "ed"}], ids=["no kid", "RSA", "Ed25519"])
@pytest.mark.parametrize("key", _public_bytes().values(), ids=_public_bytes())
def test_a_public_key_is_no_secret_to_sign_with(key: bytes, header: dict[str, object]) -> None:
    """[TK9] Algorithm confusion (RFC 8725 §2.1): HS256 with what everybody knows."""
    with pytest.raises(TokenInvalid):
        _tokens().read(_hmac_token(key, {"alg": "HS256", "typ": "JWT", **header}))


def test_the_hand_that_signs_in_these_tests_signs_well() -> None:
    """[TK4] With the installation's secret the same token is good, so that the test above can fail."""
    assert _tokens().read(_hmac_token(SECRET.encode(), {"alg": "HS256"})).user == "ann"


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(GOOD, ED25519, "EdDSA"),
        jwt.encode(GOOD, ED25519, "EdDSA", headers={"kid": "who"}),
        jwt.encode(GOOD, ED25519, "EdDSA", headers={"kid": "rsa"}),
        jwt.encode(GOOD, RSA, "RS256", headers={"kid": "ed"}),
        jwt.encode(GOOD, RSA, "RS512", headers={"kid": "rsa"}),
        jwt.encode(GOOD, RSA, "PS256", headers={"kid": "rsa"}),
        jwt.encode(GOOD, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": "ed"}),
        jwt.encode(GOOD, SECRET, "HS256", headers={"kid": "ed"}),
        jwt.encode(GOOD, SECRET, "HS256", headers={"kid": "who"}),
        jwt.encode(GOOD, None, "none", headers={"kid": "ed"}),
        jwt.encode(GOOD, None, "none"),
        _hmac_token(SECRET.encode(), {"alg": "HS256", "kid": 7}),
        _hmac_token(SECRET.encode(), {"alg": "HS256", "kid": None}),
        _hmac_token(SECRET.encode(), {"alg": ["HS256"]}),
        _hmac_token(SECRET.encode(), {}),
    ],
    ids=[
        "no kid", "unknown kid", "kid of RSA", "kid of Ed25519", "RS512", "PS256", "another key", "our secret, a kid",
        "our secret, unknown kid", "unsigned, a kid", "unsigned", "kid a number", "kid null", "alg a list", "no alg",
    ],
)  # fmt: skip
def test_a_key_is_good_under_its_name_and_for_its_algorithm_only(token: str) -> None:
    """[TK9] The header chooses among what is configured, and nothing else."""
    with pytest.raises(TokenInvalid):
        _tokens().read(token)


@pytest.mark.parametrize("where", ["jwk", "jku", "x5u", "x5c"])
def test_keys_that_a_token_brings_along_are_not_looked_at(where: str) -> None:
    """[TK9] Neither to trust them nor to refuse an honest token that has them."""
    attacker = Ed25519PrivateKey.generate()
    brought = {
        "jwk": _jwk(attacker.public_key(), OKPAlgorithm, kid="ed"),
        "jku": "http://127.0.0.1:9/keys.json",
        "x5u": "http://127.0.0.1:9/chain.pem",
        "x5c": ["MIIB"],
    }[where]
    for kid in ({"kid": "ed"}, {"kid": "own"}, {}):
        with pytest.raises(TokenInvalid):
            _tokens().read(jwt.encode(GOOD, attacker, "EdDSA", headers={where: brought, **kid}))
    assert _tokens().read(jwt.encode(GOOD, ED25519, "EdDSA", headers={where: brought, "kid": "ed"})).user == "ann"


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], "exp", None], ids=str)
def test_a_token_that_demands_extensions_is_refused(crit: object) -> None:
    """[TK9] `crit`: we know none of them (RFC 7515 §4.1.11)."""
    with pytest.raises(TokenInvalid):
        _tokens().read(_hmac_token(SECRET.encode(), {"alg": "HS256", "crit": crit, "exp": 1, "b64": True}))


def test_without_a_file_there_are_no_keys() -> None:
    """[TK12] The setting's default."""
    assert load_keys(None) == ()


def test_a_file_gives_its_keys_bound_to_their_algorithms(tmp_path: Path) -> None:
    """[TK12] What else stands in it (use, key_ops, certificates, members of others) does no harm."""
    path = tmp_path / "keys.json"
    path.write_bytes(_file({**ED25519_JWK, "use": "sig", "x-note": 1}, {**RSA_JWK, "alg": "RS256"}))

    keys = load_keys(path)

    assert [(key.kid, key.algorithm) for key in keys] == [("ed", "EdDSA"), ("rsa", "RS256")]


_REFUSED: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"-----BEGIN PUBLIC KEY-----", "no JSON Web Key Set"),
    "no set": (json.dumps(ED25519_JWK).encode(), "no JSON Web Key Set"),
    "deep": (b"[" * 100_000, "no JSON Web Key Set"),
    "no keys": (_file(), "no JSON Web Key Set"),
    "large": (b" " * (MAX_FILE_BYTES + 1), "bytes"),
    "no kid": (_file({key: value for key, value in ED25519_JWK.items() if key != "kid"}), "key 1 .*kid"),
    "empty kid": (_file({**ED25519_JWK, "kid": ""}), "key 1 .*kid"),
    "one kid twice": (_file(ED25519_JWK, {**RSA_JWK, "kid": "ed"}), "'ed'"),
    "private Ed25519": (_file(_jwk(ED25519, OKPAlgorithm, kid="ed")), "key 1 holds a private"),
    "private RSA": (_file(ED25519_JWK, _jwk(RSA, RSAAlgorithm, kid="rsa")), "key 2 holds a private"),
    "symmetric": (_file({"kty": "oct", "k": _base64url(b"k" * 32), "kid": "k"}), "key 1 holds a private"),
    "EC": (_file(_jwk(generate_private_key(SECP256R1()).public_key(), ECAlgorithm, kid="ec")), "neither"),
    "X25519": (_file({**ED25519_JWK, "crv": "X25519"}), "neither"),
    "Ed448": (_file({**ED25519_JWK, "crv": "Ed448"}), "neither"),
    "short RSA": (_file(_jwk(generate_rsa(65537, 1024).public_key(), RSAAlgorithm, kid="rsa")), "1024 bits"),
    "long RSA": (_file({**RSA_JWK, "n": _base64url(b"\xff" * 2048)}), "16384 bits"),
    "even exponent": (_file({**RSA_JWK, "e": _base64url(b"\x04")}), "not valid"),
    "short Ed25519": (_file({**ED25519_JWK, "x": _base64url(b"x" * 31)}), "not valid"),
    "no x": (_file({"kty": "OKP", "crv": "Ed25519", "kid": "ed"}), "not valid"),
    "no n": (_file({"kty": "RSA", "e": "AQAB", "kid": "rsa"}), "not valid"),
    "x a number": (_file({**ED25519_JWK, "x": 7}), "not valid"),
    "other algorithm": (_file({**RSA_JWK, "alg": "HS256"}), "HS256"),
    "RS512": (_file({**RSA_JWK, "alg": "RS512"}), "RS512"),
    "for encryption": (_file({**RSA_JWK, "use": "enc"}), "not for signatures"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_a_key_that_may_not_be_used_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    """[TK12] The sentence names the file and which key is wrong, and no part of a private one."""
    content, told = _REFUSED[name]
    path = tmp_path / "keys.json"
    path.write_bytes(content)

    with pytest.raises(KeysUnusable, match=told) as refused:
        load_keys(path)

    assert str(path) in str(refused.value)
    assert str(refused.value).endswith(".")
    for member in ("d", "p", "q", "k"):
        assert _secret(content, member) not in str(refused.value)


def _secret(content: bytes, member: str) -> str:
    try:
        return str(json.loads(content)["keys"][-1][member])
    except (ValueError, LookupError, TypeError, RecursionError):
        return "no such secret in this file"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """[TK12] A missing file is no file without keys."""
    with pytest.raises(KeysUnusable, match=r"missing\.json cannot be read"):
        load_keys(tmp_path / "missing.json")
