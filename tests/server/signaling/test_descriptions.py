"""Which descriptions pass."""

from __future__ import annotations

import random

import pytest

from crdt_docs.access import Permission
from server.errors import MalformedRequest, PermissionRefused
from server.signaling.descriptions import SECTIONS, check_description
from tests.interop.programs import seed

ALL = frozenset(need for _, need in SECTIONS)
KINDS = [kind for kind, _ in SECTIONS]
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


def _sdp(*directions: str, end: str = "\r\n", common: str = "") -> str:
    """A description with that direction in each of the sections of a call; "" for a section that has none."""
    lines = [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        *([f"a={common}"] if common else []),
    ]
    for kind, direction in zip(KINDS, directions, strict=False):
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=rtpmap:96 VP8/90000"]
        lines += [f"a={direction}"] if direction else []
    return end.join(lines) + end


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("end", ["\r\n", "\n"], ids=["crlf", "lf"])
def test_the_sections_of_a_call_pass_with_all_rights(count: int, end: str) -> None:
    """[CA5] All of them, or the first ones."""
    for direction in DIRECTIONS:
        check_description(_sdp(*[direction] * count, end=end), ALL)


def test_each_section_needs_its_permission_to_send() -> None:
    """[CA6] In every combination of rights and directions."""
    print(f"seed {seed()}")
    chance = random.Random(seed())
    for _ in range(2000):
        may = frozenset(need for need in ALL if chance.random() < 0.5)
        directions = [chance.choice(DIRECTIONS) for _ in range(chance.randint(1, 4))]
        sends = {
            need for direction, (_, need) in zip(directions, SECTIONS, strict=False) if direction.startswith("send")
        }
        if sends <= may:
            check_description(_sdp(*directions), may)
        else:
            with pytest.raises(PermissionRefused):
                check_description(_sdp(*directions), may)


@pytest.mark.parametrize(
    ("sdp", "needed"),
    [
        (_sdp(""), {Permission.VOICE}),
        (_sdp("", common="recvonly"), set()),
        (_sdp("sendonly", common="recvonly"), {Permission.VOICE}),
        (_sdp("recvonly", common="sendrecv"), set()),
        (_sdp("sendrecv ", "inactive"), {Permission.VOICE}),
    ],
    ids=["none means both ways", "that of all", "its own before that of all", "its own not to send", "with a blank"],
)
def test_a_section_without_a_direction_has_that_of_all(sdp: str, needed: set[Permission]) -> None:
    """[CA6] RFC 8866: `sendrecv` where nothing is said."""
    check_description(sdp, ALL)
    if needed:
        with pytest.raises(PermissionRefused):
            check_description(sdp, ALL - needed)
    else:
        check_description(sdp, frozenset())


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "\r\n",
        "v=0",
        "v=0\r\n",
        "v=1\r\nm=audio 9 RTP 1\r\n",
        "m=audio 9 RTP 1\r\n",
        _sdp("recvonly") + "a=sendonly\r\n",
        _sdp("recvonly")[:-2],
        _sdp("recvonly") + "\r\n",
        _sdp("recvonly") + "M=audio 9 RTP 1\r\n",
        _sdp("recvonly") + "a\r\n",
        _sdp("recvonly") + "a=x\0y\r\n",
        _sdp("recvonly") + "a=x\ra=sendonly\r\n",
        _sdp("recvonly") + "a=x\u2028a=sendonly\r\n",
        _sdp("inactive", "inactive", "inactive", "inactive") + "m=video 9 RTP 1\r\n",
        "v=0\r\nm=video 9 RTP 1\r\n",
        "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        _sdp("inactive") + "m=audio 9 RTP 1\r\n",
    ],
    ids=[
        "empty", "a blank line", "unfinished", "no sections", "another version", "no version", "two directions",
        "cut off", "a blank line at the end", "a capital type", "no value", "a null", "a lone return",
        "a line separator", "five sections", "a camera first", "data", "two microphones",
    ],
)  # fmt: skip
def test_anything_else_is_refused(sdp: str) -> None:
    """[CA5]"""
    with pytest.raises(MalformedRequest):
        check_description(sdp, ALL)


def test_what_is_cut_and_mixed_up_is_judged_and_nothing_else_happens() -> None:
    """[CA5] Whatever the text: it passes or is refused, and never sends what it may not."""
    print(f"seed {seed()}")
    chance = random.Random(seed())
    whole = _sdp("sendrecv", "sendonly", "recvonly", "inactive")
    for _ in range(3000):
        text = list(whole)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(text))
            text[at : at + chance.randint(0, 20)] = chance.choice(
                ["", "\r\n", "a=sendrecv\r\n", "m=", "\x00", "é", "="]
            )
        try:
            check_description("".join(text), frozenset())
        except (MalformedRequest, PermissionRefused):
            continue
        assert "a=sendrecv\r\n" not in "".join(text).split("m=", 1)[-1].split("a=recvonly")[0]
