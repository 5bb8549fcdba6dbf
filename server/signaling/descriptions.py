"""What a description (SDP, RFC 8866) may hold: the sections of our calls, and only what its sender may send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crdt_docs.access import Permission, Permissions
from server.errors import MalformedRequest, PermissionRefused

SECTIONS: Final = (
    ("audio", Permission.VOICE),
    ("video", Permission.VIDEO),
    ("video", Permission.SCREEN_SHARE),
    ("audio", Permission.SCREEN_SHARE),
)
"""Microphone, camera, screen, and the screen's sound: the kind of each section, and what it takes to send it."""

_DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_SENDING: Final = frozenset({"sendrecv", "sendonly"})
_DEFAULT: Final = "sendrecv"


@dataclass(slots=True)
class _Section:
    kind: str
    direction: str


def check_description(sdp: str, permissions: Permissions) -> None:
    """[CA5] [CA6] Let a description pass, or not.

    Raises:
        MalformedRequest: It cannot be read, or has other sections than a call has.
        PermissionRefused: It says that something will be sent that its sender may not send.
    """
    sections = _read(sdp)
    if not 0 < len(sections) <= len(SECTIONS):
        raise MalformedRequest("A description has one to four sections.")
    for section, (kind, need) in zip(sections, SECTIONS, strict=False):
        if section.kind != kind:
            raise MalformedRequest("The sections of a description are microphone, camera, screen and its sound.")
        if section.direction in _SENDING and need not in permissions:
            raise PermissionRefused("You may not send this in this room.")


def _read(sdp: str) -> list[_Section]:
    """The sections in their order. A direction before them holds for those that have none (RFC 8866, 6.7)."""
    sections: list[_Section] = []
    common = _DEFAULT
    told: set[int] = set()
    for number, (type_, value) in enumerate(_lines(sdp)):
        if number == 0 and (type_, value) != ("v", "0"):
            raise MalformedRequest("A description begins with its version.")
        if type_ == "m":
            sections.append(_Section(value.partition(" ")[0], common))
        elif type_ == "a" and value.strip() in _DIRECTIONS:
            if len(sections) in told:
                raise MalformedRequest("A section of a description has one direction.")
            told.add(len(sections))
            if sections:
                sections[-1].direction = value.strip()
            else:
                common = value.strip()
    return sections


def _lines(sdp: str) -> Iterator[tuple[str, str]]:
    """Type and value of each line.

    Raises:
        MalformedRequest: One has another form.
    """
    if not sdp.endswith("\n"):
        raise MalformedRequest("The last line of a description does not end.")
    for line in sdp[:-1].split("\n"):
        text = line.removesuffix("\r")
        if len(text) < 2 or text[1] != "=" or not "a" <= text[0] <= "z" or not text.isprintable():
            raise MalformedRequest("A description has lines like a=value.")
        yield text[0], text[2:]
