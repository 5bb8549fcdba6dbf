"""Guests and the keys that let people in: pure functions from what a browser sends to what is kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
import unicodedata
from typing import Final

from crdt_docs.ids import RoomId, SessionId, UserId
from server.errors import MalformedRequest

MAX_NAME_LENGTH: Final = 80
PALETTE: Final = (
    "#d6336c", "#ae3ec9", "#7048e8", "#4263eb", "#1c7ed6", "#1098ad",
    "#0ca678", "#37b24d", "#74b816", "#f08c00", "#e8590c", "#c92a2a",
)  # fmt: skip
"""The colours of people: the same everywhere (cursor, avatar, chat)."""

_GUEST_DOMAIN: Final = b"thunderline guest\x00"
_GUEST_KEY_BYTES: Final = 32
_JOINER: Final = "\u200d"


def read_guest_key(text: str) -> bytes:
    """Check a guest key: 32 bytes in base64url without padding, made and kept by a browser.

    Raises:
        MalformedRequest: It has another form.
    """
    try:
        key = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if len(key) != _GUEST_KEY_BYTES:
        raise MalformedRequest("guest_key must be 32 random bytes in base64url.")
    return key


def guest_hash(guest_key: bytes) -> bytes:
    """[ID1] What is kept of a guest key."""
    return hashlib.sha256(guest_key).digest()


def guest_user(guest_key: bytes) -> UserId:
    """[ID2] The user id of a guest: the same for the same key, whatever happened to the server in between."""
    digest = hashlib.sha256(_GUEST_DOMAIN + guest_key).digest()
    return UserId("u" + base64.b32encode(digest[:15]).decode("ascii").lower())


def new_user() -> UserId:
    """A user id for somebody who brings no key."""
    return UserId("u" + base64.b32encode(secrets.token_bytes(15)).decode("ascii").lower())


def new_room_id() -> RoomId:
    """An id that nobody can guess: whoever knows it has the link."""
    return RoomId(secrets.token_urlsafe(16))


def new_session_id() -> SessionId:
    """A session id for a socket that names none."""
    return SessionId("s" + secrets.token_urlsafe(16))


def new_invitation_key() -> str:
    """A key for an invitation link."""
    return secrets.token_urlsafe(18)


def invitation_hash(key: str) -> bytes:
    """[ID3] What is kept of an invitation key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def clean_name(text: str) -> str:
    """[ID4] A name as others see it: one line, no control or direction characters, at most 80 characters.

    Raises:
        MalformedRequest: Nothing visible is left, or it is too long.
    """
    normal = unicodedata.normalize("NFC", text)
    visible = (c for c in normal if c.isspace() or c == _JOINER or not unicodedata.category(c).startswith("C"))
    name = " ".join("".join(visible).split())
    if not name.strip(_JOINER) or len(name) > MAX_NAME_LENGTH:
        raise MalformedRequest(f"A name must have 1 to {MAX_NAME_LENGTH} visible characters.")
    return name


def color_of(user: UserId) -> str:
    """[ID5] The colour of a user, as `#rrggbb`."""
    return PALETTE[int(hashlib.sha256(user.encode()).hexdigest(), 16) % len(PALETTE)]
