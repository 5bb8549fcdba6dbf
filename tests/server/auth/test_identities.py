"""Guests: ids, hashes, names and colours."""

from __future__ import annotations

import pytest

from crdt_docs.ids import UserId
from server.auth.identities import (
    PALETTE,
    clean_name,
    color_of,
    guest_hash,
    guest_user,
    invitation_hash,
    new_invitation_key,
    new_room_id,
    read_guest_key,
)
from server.errors import MalformedRequest

KEY = "A" * 43


def test_the_same_key_is_the_same_user_and_the_hash_tells_neither() -> None:
    """[ID1] [ID2] The id comes from the key alone; what is kept is another hash."""
    key = read_guest_key(KEY)

    assert guest_user(key) == "umpxnz2cbfnnouoagmgyid23q"  # must never change: it is the author of offline work
    assert guest_user(key) != guest_user(b"\x01" * 32)
    assert guest_hash(key) not in (key, guest_user(key).encode())


@pytest.mark.parametrize("text", ["", "A" * 42, "A" * 44, "A" * 42 + "!", "A" * 42 + "ä", "A" * 86])
def test_a_guest_key_of_another_form_is_refused(text: str) -> None:
    """[ID1] 32 bytes, base64url, no padding."""
    with pytest.raises(MalformedRequest):
        read_guest_key(text)


def test_keys_and_room_ids_cannot_be_guessed() -> None:
    """[ID3] At least 128 bits each, and only a hash of an invitation is kept."""
    assert len({new_room_id() for _ in range(100)}) == 100
    assert len(new_room_id()) >= 22
    assert len(new_invitation_key()) >= 22
    assert invitation_hash("k") != invitation_hash("l")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ann \n Lee ", "Ann Lee"),
        ("A\u202enn", "Ann"),
        ("Zoe\u0308", "Zoë"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("x" * 80, "x" * 80),
    ],
)
def test_a_name_is_one_line_of_what_can_be_seen(text: str, name: str) -> None:
    """[ID4] No control or direction characters, composed, single spaces."""
    assert clean_name(text) == name


@pytest.mark.parametrize("text", ["", " \t", "\u200b\u202e", "\u200d", "x" * 81])
def test_a_name_that_shows_nothing_or_too_much_is_refused(text: str) -> None:
    """[ID4] 1 to 80 visible characters."""
    with pytest.raises(MalformedRequest):
        clean_name(text)


def test_a_user_has_the_same_colour_everywhere() -> None:
    """[ID5] From the palette, by SHA-256 of the id."""
    assert color_of(UserId("ann")) == "#f08c00"
    assert {color_of(UserId(f"u{n}")) for n in range(200)} == set(PALETTE)
