"""Files up and down."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
from pathlib import Path
from typing import Any

import pytest

from persistence.interfaces import Role
from server.routes.file_types import HEAD_BYTES, INLINE_TYPES, sniff
from tests.server.live import WAIT_SECONDS, Live, configured, serving

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 100
SVG = b'<?xml version="1.0"?><!-- hi --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Files:
    """Uploads and downloads in one room."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.client = live.app.quart.test_client()

    async def put(
        self, content: bytes, *, sha256: str | None = None, role: Role = Role.MEMBER, name: str = "a.png"
    ) -> tuple[int, Any]:
        answer = await self.client.put(
            f"/api/rooms/room/assets/{sha256 or _hash(content)}", data=content,
            headers={**self._bearer(role), "X-File-Name": name, "Content-Type": "text/html",
                     "Content-Length": str(len(content))},
        )  # fmt: skip
        return answer.status_code, await answer.get_json()

    async def get(self, sha256: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        answer = await self.client.open(
            f"/api/rooms/room/assets/{sha256}", method=method, headers={**self._bearer(Role.VIEWER), **headers}
        )
        return answer.status_code, answer.headers, await answer.get_data()

    def _bearer(self, role: Role) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.live.token('room', role.value, role)}"}


@pytest.fixture
async def files(live: Live) -> Files:
    await live.room()
    return Files(live)


async def test_a_file_comes_back_as_it_was_with_headers_that_keep_it_still(files: Files) -> None:
    """[AS1] [AS4] 201, then 200; the bytes, cached for ever, sandboxed, and never sniffed."""
    first = await files.put(PNG, name="my%20%C3%A4.png")
    second = await files.put(PNG, name="other.png")
    status, headers, body = await files.get(_hash(PNG))

    info = {"sha256": _hash(PNG), "mime_type": "image/png", "size": len(PNG), "file_name": "my ä.png"}
    assert (first, second) == ((201, info), (200, info))
    assert (status, body) == (200, PNG)
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"] == "inline; filename*=UTF-8''my%20%C3%A4.png"
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["ETag"] == f'"{_hash(PNG)}"'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (SVG, "image/svg+xml"),
        (b"\xef\xbb\xbf  <SVG >", "image/svg+xml"),
        (b"<!DOCTYPE svg><!-- a - -- b --><svg>", "image/svg+xml"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<!DOCTYPE html><body><svg>", "text/plain"),
        (b"<!---->" * 1000 + b"<svg", "text/plain"),
        (b"<!-- <svg> -->", "text/plain"),
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"", "application/octet-stream"),
        ("ä".encode() * HEAD_BYTES, "text/plain"),
        (b"\xff\xfe\xfd", "application/octet-stream"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
async def test_only_pictures_are_shown_in_place(files: Files, content: bytes, kind: str) -> None:
    """[AS3] [AS5] The type is told by the bytes; SVG and HTML are downloads whatever the uploader says."""
    status, info = await files.put(content)
    assert (status, info["mime_type"]) == (201, kind)

    _, headers, body = await files.get(_hash(content))
    assert headers["Content-Type"].split(";")[0] == kind
    assert headers["Content-Disposition"].startswith("attachment;")
    assert body == content


def test_a_character_cut_in_two_is_still_text() -> None:
    """[AS3] The head may end within one."""
    assert sniff(b"a" + "ä".encode() * HEAD_BYTES)[:4] == "text"
    assert sniff((b"a" + "ä".encode() * HEAD_BYTES)[:HEAD_BYTES]) == "text/plain"


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=10-19", 206, 10, 20),
        ("bytes=25000-", 206, 25000, len(PNG)),
        ("bytes=-5", 206, len(PNG) - 5, len(PNG)),
        ("bytes=10-99999999", 206, 10, len(PNG)),
        ("bytes=0-1,5-6", 200, 0, len(PNG)),
        ("lines=1-2", 200, 0, len(PNG)),
        ("bytes=9-1", 200, 0, len(PNG)),
    ],
)
async def test_one_range_of_a_file_can_be_had(files: Files, wanted: str, status: int, start: int, end: int) -> None:
    """[AS4] RFC 9110 §14: a single range, else the whole."""
    await files.put(PNG)

    got, headers, body = await files.get(_hash(PNG), Range=wanted)

    assert (got, body == PNG[start:end], headers["Content-Length"]) == (status, True, str(end - start))
    if status == 206:
        assert headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(PNG)}"


async def test_what_need_not_be_sent_is_not(files: Files) -> None:
    """[AS4] 304 for a known ETag, 416 beyond the end, HEAD without a body, If-Range of another file."""
    await files.put(PNG)

    assert (await files.get(_hash(PNG), **{"If-None-Match": f'"{_hash(PNG)}"'}))[::2] == (304, b"")
    status, headers, _ = await files.get(_hash(PNG), Range="bytes=99999999-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(PNG)}")
    assert (await files.get(_hash(PNG), "HEAD"))[::2] == (200, b"")
    assert (await files.get(_hash(PNG), Range="bytes=0-1", **{"If-Range": '"x"'}))[0] == 200


async def test_bytes_of_another_hash_are_refused_and_not_kept(files: Files) -> None:
    """[AS2] 400 malformed_update."""
    status, answer = await files.put(PNG, sha256=_hash(b"other"))

    assert (status, answer["error"]["code"]) == (400, "malformed_update")
    assert (await files.get(_hash(b"other")))[0] == 404


HOSTILE_FILES = {
    "script in SVG": (SVG, "image/svg+xml", False),
    "SVG by entity": (b'<!DOCTYPE svg [<!ENTITY x "y">]><svg onload="alert(1)">&x;</svg>', "image/svg+xml", False),
    "SVG after a comment": (b"<!--" + b"x" * 4000 + b"--><svg><script>alert(1)</script></svg>", "image/svg+xml", False),
    "HTML named .png": (b"<!doctype html><script>alert(document.domain)</script>", "text/plain", False),
    "HTML with a picture's comment": (b"<!--\x89PNG--><body onload=alert(1)>", "application/octet-stream", False),
    "XHTML": (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script/></html>', "text/plain", False),
    "XML with a DTD": (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "text/plain",
        False,
    ),
    "XML that grows": (b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>', "text/plain", False),
    "XSLT": (b'<?xml-stylesheet type="text/xsl" href="#"?><xsl:stylesheet/>', "text/plain", False),
    "GIF that is JavaScript": (b"GIF89a=1;alert(document.domain);//" + b" " * 300, "image/gif", True),
    "GIF that is HTML": (b"GIF89a<script>alert(1)</script>", "image/gif", True),
    "PNG with a page behind it": (PNG + b"<html><script>alert(1)</script>", "image/png", True),
    "JPEG with a script in it": (b"\xff\xd8\xff\xe0\x00\x10JFIF*/=alert(1)/*", "image/jpeg", True),
    "PDF with a script": (
        b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>",
        "application/pdf",
        False,
    ),
    "JavaScript": (b"alert(document.domain)", "text/plain", False),
    "service worker": (b"self.addEventListener('fetch', () => {})", "text/plain", False),
    "style sheet": (b"body{background:url(//evil.example)}", "text/plain", False),
    "Flash": (b"CWS\x0a" + b"\x00" * 60, "application/x-shockwave-flash", False),
    "MIME archive": (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x",
        "text/plain",
        False,
    ),
    "text in UTF-7": (b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "text/plain", False),
    "text in UTF-16": ("<script>alert(1)</script>".encode("utf-16"), "application/octet-stream", False),
    "script for a shell": (b"#!/bin/sh\nrm -rf /", "text/plain", False),
    "program": (b"MZ" + bytes(range(200)), "application/x-msdownload", False),
}


@pytest.mark.parametrize("what", HOSTILE_FILES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "range", "unchanged"])
async def test_nothing_that_was_uploaded_is_active(files: Files, what: str, method: str) -> None:
    """[AS6] Whatever it is called and however it is asked for: its true type, never sniffed, in a sandbox that allows
    nothing, for our own pages only, and a download unless it is one of the five kinds of picture."""
    content, kind, shown = HOSTILE_FILES[what]
    assert (await files.put(content, name="holiday.png%22%3B%20filename=x.html%0d%0aX-Evil:%201"))[0] == 201

    headers_of = {"range": {"Range": "bytes=2-"}, "unchanged": {"If-None-Match": f'"{_hash(content)}"'}}
    status, headers, _ = await files.get(
        _hash(content), method if method in ("GET", "HEAD") else "GET", **headers_of.get(method, {})
    )

    assert status == {"range": 206, "unchanged": 304}.get(method, 200)
    assert headers["Content-Type"].split(";")[0] == kind
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    disposition, _, name = headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert disposition == ("inline" if shown else "attachment")
    assert name == "holiday.png%22%3B%20filename%3Dx.htmlX-Evil%3A%201"
    assert "X-Evil" not in headers


def test_only_pictures_without_programs_are_shown() -> None:
    """[AS5] [AS6] The five kinds."""
    assert {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"} == INLINE_TYPES


class Unfinished:
    """An upload over a connection of its own, of which only the first half has been sent."""

    def __init__(self, live: Live, user: str, content: bytes) -> None:
        self.live, self.user, self.content = live, user, content

    async def __aenter__(self) -> Unfinished:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.live.port)
        head = (
            f"PUT /api/rooms/room/assets/{_hash(self.content)} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {self.live.token('room', self.user)}\r\nContent-Length: {len(self.content)}\r\n\r\n"
        )
        self.writer.write(head.encode() + self.content[: len(self.content) // 2])
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.writer.close()

    async def finish(self) -> int:
        self.writer.write(self.content[len(self.content) // 2 :])
        return await self.status()

    async def status(self) -> int:
        async with asyncio.timeout(WAIT_SECONDS):
            return int((await self.reader.readline()).split(b" ")[1])


async def _running(live: Live, user: str, count: int) -> None:
    """Wait until so many uploads of a person are under way."""
    async with asyncio.timeout(WAIT_SECONDS):
        while live.app.services.limits.running_uploads.running(user) != count:
            await asyncio.sleep(0.001)


async def test_one_person_has_a_few_uploads_under_way(tmp_path: Path) -> None:
    """[AS7] `max_uploads`; one more is 429; others do not pay; what ends or breaks off makes room."""
    async with serving(configured(tmp_path, max_uploads=2)) as live:
        await live.room()
        big = [bytes([n]) * 100_000 for n in range(6)]
        async with Unfinished(live, "ann", big[0]) as first, Unfinished(live, "ann", big[1]) as second:
            await _running(live, "ann", 2)
            async with Unfinished(live, "ann", big[2]) as third:
                assert await third.status() == 429
                assert b"retry-after: 1\r\n" in await third.reader.readuntil(b"\r\n\r\n")
            async with Unfinished(live, "bob", big[3]) as other:
                assert await other.finish() == 201
            assert await first.finish() == 201
            await _running(live, "ann", 1)
            second.writer.transport.abort()
            await _running(live, "ann", 0)
        for content in big[4:]:
            async with Unfinished(live, "ann", content) as later:
                assert await later.finish() == 201
        await _running(live, "ann", 0)


async def test_who_loses_the_right_while_he_uploads_keeps_nothing(tmp_path: Path) -> None:
    """[AS9] 403, and the room has no such file; given back, the same file is taken."""
    async with serving(configured(tmp_path)) as live:
        await live.room()
        owner, content = live.token("room", "maker", Role.OWNER), b"x" * 100_000
        member = "/api/rooms/room/members/ann"
        async with Unfinished(live, "ann", content) as upload:
            await _running(live, "ann", 1)
            assert (await live.call("PATCH", member, {"overrides": {"upload": False}}, owner))[0] == 200
            assert await upload.finish() == 403
        asset = f"/api/rooms/room/assets/{_hash(content)}"
        assert (await live.call("GET", asset, token=owner))[0] == 404
        assert (await live.call("PATCH", member, {"overrides": {"upload": True}}, owner))[0] == 200
        async with Unfinished(live, "ann", content) as again:
            assert await again.finish() == 201


@pytest.mark.parametrize("sha256", ["abc", "A" * 64, "..%2f" * 3])
async def test_an_address_that_is_no_hash_is_refused(files: Files, sha256: str) -> None:
    """[AS2] Nothing but a hash becomes a path."""
    assert (await files.put(PNG, sha256=sha256))[0] in (400, 404, 405)
    assert (await files.get(sha256))[0] == 404


async def test_viewers_may_look_and_not_upload(files: Files) -> None:
    """[AS1] 403; and a missing file is 404 asset_missing."""
    status, answer = await files.put(PNG, role=Role.VIEWER)
    assert (status, answer["error"]["code"]) == (403, "permission_denied")
    assert (await files.get(_hash(PNG)))[0] == 404


async def test_without_a_token_nothing_is_handed_out(files: Files) -> None:
    """[AD1] 401 for any hash."""
    await files.put(PNG)
    for sha256 in (_hash(PNG), _hash(b"")):
        assert (await files.client.get(f"/api/rooms/room/assets/{sha256}")).status_code == 401
        assert (await files.client.put(f"/api/rooms/room/assets/{sha256}", data=b"")).status_code == 401


async def test_files_and_rooms_have_their_limits(tmp_path: Path) -> None:
    """[AS2] One file too large, and one too many for the room."""
    async with serving(configured(tmp_path, max_asset_bytes=1000, room_quota_bytes=1500)) as live:
        await live.room()
        files = Files(live)
        assert (await files.put(b"x" * 1000))[0] == 201
        for content, code in ((b"y" * 1001, "update_too_large"), (b"z" * 600, "quota_exceeded")):
            status, answer = await files.put(content)
            assert (status, answer["error"]["code"]) == (413, code)
        assert (await files.put(b"x" * 1000))[0] == 200


def _upload_over_a_socket(port: int, token: str, content: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {token}", "X-File-Name": "big.bin"}
    try:
        connection.request("PUT", f"/api/rooms/room/assets/{_hash(content)}", body=content, headers=headers)
        assert connection.getresponse().read()
        connection.request("HEAD", f"/api/rooms/room/assets/{_hash(content)}", headers=headers)
        head = connection.getresponse()
        assert (head.getheader("Content-Length"), head.read()) == (str(len(content)), b"")
        connection.request("GET", f"/api/rooms/room/assets/{_hash(content)}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


async def test_a_large_file_goes_through_the_real_server(live: Live) -> None:
    """[AS4] 20 MiB up and down over TCP."""
    await live.room()
    content = bytes(range(256)) * (80 * 1024)

    status, got = await asyncio.to_thread(_upload_over_a_socket, live.port, live.token("room"), content)

    assert (status, got == content) == (200, True)
