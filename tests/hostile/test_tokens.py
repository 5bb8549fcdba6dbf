"""[P5] TH6: getting in with a token that was not given, not for that, or not any more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from tests.hostile.attacker import hand
from tests.hostile.room import NOTES, HonestRoom
from tests.hostile.witness import Witness
from tests.server.api import operator
from tests.server.live import close_of, configured, serving, told, told_of

FRIEND = "friend"
"""The `kid` of the key that the operator trusts."""
Claims = dict[str, Any]


def encoded(value: bytes | Claims) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: Claims, payload: Claims, secret: bytes) -> str:
    """A token with any header, signed with HMAC by any secret."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def payload_of(token: str) -> Claims:
    """What a token says, unchecked."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def with_payload(token: str, **changed: Any) -> str:
    """The token with another payload and its old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{encoded({**payload_of(token), **changed})}.{signature}"


async def shut_out(room: HonestRoom, token: str, *codes: str) -> None:
    """A token opens nothing: no socket of either kind, no request, and no frame is given before the refusal."""
    room.live.app.services.limits.failures._buckets.clear()  # each attack comes from another address
    expected = codes or ("token_invalid",)
    for document in (NOTES, "chat", "whiteboard"):
        async with hand(room, document, token) as mallory:
            assert await mallory.refusal() in expected
            assert mallory.heard == []
    async with room.live.signal(room.id, token) as socket:
        assert (await close_of(socket))[1] in expected
    for method, path in (("GET", ""), ("PATCH", ""), ("GET", "/invitations"), ("GET", "/assets/" + "0" * 64)):
        assert await room.refused(method, path, by=token) in expected
    for path in ("overview", "rooms", "people"):
        assert (await room.live.call("GET", f"/api/admin/{path}", None, token))[0] in (401, 403)


@pytest.fixture(scope="session")
def key() -> RSAPrivateKey:
    """Whose public half the operator trusts."""
    return generate_private_key(65537, 2048)


@pytest_asyncio.fixture(loop_scope="session")
async def room(tmp_path: Path, witness: Witness, key: RSAPrivateKey) -> AsyncIterator[HonestRoom]:
    """A room of a server that trusts another application's key, too."""
    jwk = {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": FRIEND}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk]}))
    config = configured(tmp_path / "data", gap_seconds=0.3, token_keys=tmp_path / "keys.json")
    async with serving(config) as live:
        yield await HonestRoom.open(live, witness)


async def test_nothing_and_garbage_open_nothing(room: HonestRoom) -> None:
    """[P5] TH6: no token, no token at all, and what only looks like one."""
    good = room.mallory.token
    garbage = ["", "none", "null", "a.b.c", "..", good[:-2], good + "AA", good.replace(".", ""), "A" * 5000, "{}"]
    async with room.at_work():
        for token in garbage:
            await shut_out(room, token)


async def test_a_token_is_not_good_at_another_time_or_place(room: HonestRoom) -> None:
    """[P5] TH6: expired, not yet valid, issued in the future, and for another room."""
    secret = room.live.app.services.tokens._secret.encode()
    mine = payload_of(room.mallory.token)
    soon = mine["iat"] + 3600

    def own(**changed: Any) -> str:
        return signed({"alg": "HS256", "typ": "JWT"}, {**mine, **changed}, secret)

    async with room.at_work():
        await shut_out(room, own(exp=mine["iat"] - 3600), "token_expired")
        await shut_out(room, own(nbf=soon, exp=soon + 60))
        await shut_out(room, own(iat=soon, exp=soon + 60))
        await shut_out(room, own(room="another"))
        await shut_out(room, own(room=room.id.swapcase()))


async def test_a_changed_payload_breaks_the_signature(room: HonestRoom) -> None:
    """[P5] TH6: a viewer who calls himself owner, another user, or the operator."""
    await room.change(room.mallory, role="viewer")
    token = room.mallory.token
    async with room.at_work():
        for changed in ({"role": "owner"}, {"sub": room.ann.user}, {"admin": True, "sub": "admin"}, {"room": "*"}):
            await shut_out(room, with_payload(token, **changed))


async def test_what_is_not_signed_is_no_token(room: HonestRoom) -> None:
    """[P5] TH6: `alg` none in all its spellings, with and without a signature."""
    mine = {**payload_of(room.mallory.token), "role": "owner"}
    async with room.at_work():
        for algorithm in ("none", "None", "NONE", "nOnE", ""):
            for signature in ("", room.mallory.token.rpartition(".")[2]):
                await shut_out(room, f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(mine)}.{signature}")


async def test_a_public_key_is_no_secret(room: HonestRoom, key: RSAPrivateKey) -> None:
    """[P5] TH6: HS256 with the bytes of the trusted public key, which everybody may know (RFC 8725 §2.1)."""
    mine = {**payload_of(room.mallory.token), "role": "owner"}
    public = key.public_key()
    spellings = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        b"",
    ]
    async with room.at_work():
        for secret in spellings:
            for header in ({"alg": "HS256", "kid": FRIEND}, {"alg": "HS256"}):
                await shut_out(room, signed(header, mine, secret))


async def test_a_kid_leads_nowhere(room: HonestRoom) -> None:
    """[P5] TH6: a key's name is looked up among those trusted, and never a path, an address or a query."""
    mine = payload_of(room.mallory.token)
    secret = room.live.app.services.tokens._secret.encode()
    names = ("../../dev/null", "/dev/null", "unknown", "", "' OR 1=1 --", None, 7, [FRIEND], {"a": 1}, "secret.key")
    async with room.at_work():
        for kid in names:
            for signing in (b"", secret):
                await shut_out(room, signed({"alg": "HS256", "kid": kid}, mine, signing))


async def test_a_token_brings_no_key_of_its_own(room: HonestRoom) -> None:
    """[P5] TH6: keys in the header, addresses of keys, extensions nobody asked for, a trusted name on another key."""
    mine = payload_of(room.mallory.token)
    stranger = Ed25519PrivateKey.generate()
    headers: tuple[Claims, ...] = (
        {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/"}, {"crit": ["b64"], "b64": False},
        {"jwk": {"kty": "oct", "k": "AAAA"}}, {"kid": FRIEND},
    )  # fmt: skip
    async with room.at_work():
        for header in headers:
            await shut_out(room, jwt.encode(mine, stranger, algorithm="EdDSA", headers=header))


async def test_another_applications_key_makes_nobody_the_operator(room: HonestRoom, key: RSAPrivateKey) -> None:
    """[P5] TH6: it may mint people, and neither the claim `admin` nor the user id `admin` is one of them."""
    mine = payload_of(room.mallory.token)
    async with room.at_work():
        good = jwt.encode({**mine, "sub": "visitor"}, key, algorithm="RS256", headers={"kid": FRIEND})
        async with room.live.signal(room.id, good) as socket:
            assert (await told(socket))["you"]["sub"] == "visitor"
        for changed in ({"admin": True, "sub": "admin"}, {"sub": "admin"}, {"admin": True}, {"admin": "true"}):
            await shut_out(room, jwt.encode({**mine, **changed}, key, algorithm="RS256", headers={"kid": FRIEND}))


async def test_nobody_is_called_admin_by_the_way(room: HonestRoom) -> None:
    """[P5] TH6: our own secret signs the operator's tokens only with both the claim and the id."""
    secret = room.live.app.services.tokens._secret.encode()
    mine = {**payload_of(room.mallory.token), "room": "*"}
    async with room.at_work():
        for changed in ({"sub": "admin"}, {"admin": True}, {"sub": "admin\n", "admin": True}):
            await shut_out(room, signed({"alg": "HS256"}, {**mine, **changed}, secret))


async def test_a_kick_voids_every_token_so_far(room: HonestRoom) -> None:
    """[P5] TH6: replayed after the kick, on every way in, also one that a page had fetched in reserve."""
    reserve = await room.guest("Mallory", room.mallory.key)
    async with room.at_work():
        assert (await room.call("POST", f"/members/{room.mallory.user}/kick", {}, room.olga))[0] == 204
        for token in (room.mallory.token, reserve.token):
            await shut_out(room, token, "token_invalid", "removed")


async def test_a_ban_holds_against_old_tokens_and_new_joins(room: HonestRoom) -> None:
    """[P5] TH6: with the old token, with the old guest key, with an invitation, by the link."""
    async with room.at_work():
        assert (await room.call("POST", f"/members/{room.mallory.user}/ban", {}, room.olga))[0] == 204
        await shut_out(room, room.mallory.token, "banned")
        for link in (None, room.links["member"].partition("#k=")[2], room.links["moderator"].partition("#k=")[2]):
            body = {"name": "Mallory", "guest_key": room.mallory.key, "key": link}
            assert await room.refused("POST", "/join", body) == "banned"


async def test_a_revoked_token_opens_nothing(room: HonestRoom) -> None:
    """[P5] TH6: signed out by the operator, by the token itself."""
    admin = operator(room.live)
    async with room.at_work():
        body = {"token": room.mallory.token}
        assert (await room.live.call("POST", "/api/admin/tokens/revoke", body, admin))[0] == 204
        await shut_out(room, room.mallory.token)


async def test_an_old_token_does_not_bring_an_old_role_back(room: HonestRoom) -> None:
    """[P5] TH6: a moderator's token from before, after Olga made him a viewer; and once more over the open socket."""
    await room.change(room.mallory, role="moderator")
    was = await room.guest("Mallory", room.mallory.key)
    assert payload_of(was.token)["role"] == "moderator"
    await room.change(room.mallory, role="viewer")
    async with room.at_work() as work:
        assert await room.refused("PATCH", "", {"name": "Mine"}, was) == "permission_denied"
        assert await room.refused("POST", f"/members/{room.ann.user}/kick", {}, was) == "permission_denied"
        async with room.live.signal(room.id, was.token) as socket:
            assert (await told(socket))["permissions"] == []
            await socket.send(json.dumps({"type": "renew", "token": was.token}))
            await told_of(socket, "renewed")
            await socket.send(json.dumps({"type": "media", "mic": True}))
            assert (await told_of(socket, "error"))["code"] == "permission_denied"
        async with hand(room, NOTES, was) as mallory:
            await mallory.update(b"\x01\x01\x07\x00\x28\x01\x01m\x01k\x01\x77\x01v\x00")
            assert await mallory.refusal() == "permission_denied"
        assert "k" not in work.names()


async def test_nobody_renews_with_a_token_of_another(room: HonestRoom) -> None:
    """[P3] [P5] TH6: Mallory's socket shows Ann's token, a stolen one of another room, and a knock token."""
    elsewhere = await HonestRoom.open(room.live, room.witness)
    async with room.at_work(), room.live.signal(room.id, room.mallory.token) as socket:
        await told(socket)
        for token in (room.ann.token, elsewhere.olga.token, room.olga.token, "none"):
            await socket.send(json.dumps({"type": "renew", "token": token}))
            assert (await told_of(socket, "error"))["code"] == "token_invalid"
        await socket.send(json.dumps({"type": "hand", "up": True}))
        assert (await told_of(socket, "updated"))["person"]["sub"] == room.mallory.user


async def test_a_token_for_knocking_only_knocks(room: HonestRoom) -> None:
    """[P5] TH6: not for documents, not for requests, not as a renewal; and before the door one hears nothing."""
    assert (await room.call("PATCH", "", {"access": "lobby"}, room.olga))[0] == 200
    status, door = await room.call("POST", "/join", {"name": "Eve", "guest_key": "E" * 43})
    assert (status, door["lobby"]) == (202, True)
    async with room.at_work():
        for document in (NOTES, "chat", "whiteboard"):
            async with hand(room, document, door["token"]) as mallory:
                assert await mallory.refusal() == "not_admitted"
                assert mallory.heard == []
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/assets/" + "0" * 64)):
            assert await room.refused(method, path, by=door["token"]) == "not_admitted"
        async with room.live.signal(room.id, room.mallory.token) as inside:
            await told(inside)
            await inside.send(json.dumps({"type": "renew", "token": door["token"]}))
            assert (await told_of(inside, "error"))["code"] == "not_admitted"
        async with room.live.signal(room.id, door["token"]) as outside:
            assert (await told(outside))["type"] == "waiting"
            for message in (
                {"type": "roster"},
                {"type": "admit", "sub": door["me"]["sub"]},
                {"type": "hand", "up": True},
            ):
                await outside.send(json.dumps(message))
                assert (await told_of(outside, "error"))["code"] == "permission_denied"
