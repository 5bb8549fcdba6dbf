"""[P5] TH12: files that are something else than they say, and what uploading them could break."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.hostile.room import HonestRoom, Person
from tests.server.live import WAIT_SECONDS

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def code(self) -> str:
        """That of an error."""
        return str(json.loads(self.body)["error"]["code"])


async def send(room: HonestRoom, head: str, body: bytes = b"", by: Person | None = None) -> Answer:
    """A request over a real connection, exactly as it is written."""
    reader, writer = await asyncio.open_connection("127.0.0.1", room.live.port)
    bearer = f"Authorization: Bearer {(by or room.mallory).token}"
    writer.write(f"{head}\r\nHost: x\r\nConnection: close\r\n{bearer}\r\n\r\n".encode("latin-1") + body)
    async with asyncio.timeout(WAIT_SECONDS):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    top, _, rest = answer.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(int(lines[0].split(" ")[1]), headers, rest)


def address(room: HonestRoom, content: bytes) -> str:
    """Where a file of that content lies."""
    return f"/api/rooms/{room.id}/assets/{hashlib.sha256(content).hexdigest()}"


async def put(room: HonestRoom, content: bytes, *more: str, at: bytes | None = None) -> Answer:
    """Upload; `more` are further header lines."""
    lines = [f"PUT {address(room, content if at is None else at)} HTTP/1.1", f"Content-Length: {len(content)}", *more]
    return await send(room, "\r\n".join(lines), content)


DISGUISED = {
    "SVG": (SVG, "image/png", "image/svg+xml"),
    "HTML as PNG": (HTML, "image/png", "text/plain"),
    "HTML": (HTML + b" ", "text/html", "text/plain"),
    "SVG behind a mark": (b"\xef\xbb\xbf<svg onload='alert(1)'/>", "image/jpeg", "image/svg+xml"),
    "XHTML": (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "image/gif", "text/plain"),
    "PDF": (b"%PDF-1.7\n/JS (app.alert(1))", "image/png", "application/pdf"),
    "a program": (b"MZ" + bytes(200), "image/png", "application/x-msdownload"),
    "nothing": (b"", "image/png", "application/octet-stream"),
}


async def test_a_file_that_could_run_is_never_shown_in_place(room: HonestRoom) -> None:
    """[P5] TH12: what it is called changes nothing: it is a download, sandboxed and never sniffed."""
    async with room.at_work():
        for what, (content, said, kind) in DISGUISED.items():
            sent = await put(room, content, f"Content-Type: {said}", "X-File-Name: holiday.png")
            assert sent.status == 201, what
            got = await send(room, f"GET {address(room, content)} HTTP/1.1", by=room.ann)
            assert (got.status, got.body, got.headers["content-type"].partition(";")[0]) == (200, content, kind), what
            assert got.headers["content-disposition"].startswith("attachment;"), what
            assert got.headers["x-content-type-options"] == "nosniff"
            assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


async def test_a_picture_that_is_a_page_as_well_stays_a_picture(room: HonestRoom) -> None:
    """[P5] TH12: the start of a PNG and then a script: shown as a picture in a sandbox, never sniffed."""
    content = PNG + b"\x00\x00\x00\rIHDR" + HTML
    async with room.at_work():
        assert (await put(room, content, "Content-Type: text/html")).status == 201
        got = await send(room, f"GET {address(room, content)} HTTP/1.1", by=room.ann)
        assert got.headers["content-type"] == "image/png"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert got.headers["cross-origin-resource-policy"] == "same-origin"


async def test_bytes_under_a_wrong_hash_are_not_kept(room: HonestRoom) -> None:
    """[P5] TH12: others would be shown another picture than the one that was drawn."""
    honest = PNG + b"honest"
    async with room.at_work():
        assert (await put(room, PNG + b"forged", at=honest)).code == "malformed_update"
        assert (await send(room, f"GET {address(room, honest)} HTTP/1.1")).status == 404
        assert (await put(room, honest)).status == 201
        again = await put(room, PNG + b"forged", at=honest)
        assert (again.status, json.loads(again.body)["size"]) == (200, len(honest))  # what the room has already
        assert (await send(room, f"GET {address(room, honest)} HTTP/1.1", by=room.ann)).body == honest


NAMES = (
    "../../../etc/passwd", "..%2f..%2fsecret.key", "%2e%2e%5c%2e%2e%5csecret.key", "C:%5CWindows%5Cwin.ini", "..",
    "/etc/passwd", "a%0d%0aSet-Cookie:%20x=1", "a%22;%20filename=%22evil.html", "%00.png", "%e2%80%aegnp.exe",
    "x" * 3000, "%ff%fe",
)  # fmt: skip


async def test_a_files_name_names_a_file(room: HonestRoom) -> None:
    """[P5] TH12: it has no folder, breaks no header, reads in one direction and stays short."""
    async with room.at_work():
        for name in NAMES:
            content = PNG + name.encode()
            told = await put(room, content, f"X-File-Name: {name}")
            assert told.status == 201, name
            kept = json.loads(told.body)["file_name"]
            assert not set(kept) & set("/\\\r\n\0\u202e"), name
            assert 0 < len(kept) <= 200, name
            got = await send(room, f"GET {address(room, content)} HTTP/1.1", by=room.ann)
            assert "set-cookie" not in got.headers, name
            assert got.headers["content-disposition"].count(";") == 1, name
            assert got.headers["content-disposition"].isascii(), name


async def test_an_upload_that_lies_about_its_length_is_not_kept(room: HonestRoom) -> None:
    """[P6] [P8] TH12: no length, another one, an impossible one, more than may be kept; and nothing is left over."""
    content = PNG + b"lies"
    folder = room.live.app.services.config.data
    async with room.at_work():
        before = [path for path in folder.rglob("*") if path.is_file()]
        top = f"PUT {address(room, content)} HTTP/1.1"
        for lines, status in (
            ("Transfer-Encoding: chunked", (400,)),
            (f"Content-Length: {len(content) - 1}", (400,)),
            (f"Content-Length: {2**40}", (413,)),
            ("Content-Length: -1", (400,)),
            ("Content-Length: 12abc", (400,)),
            (f"Content-Length: {len(content)}\r\nContent-Length: 3", (400,)),
        ):
            assert (await send(room, f"{top}\r\n{lines}", content)).status in status, lines
        await _cut_off(room, top, content)
        assert (await send(room, f"GET {address(room, content)} HTTP/1.1")).status == 404
        assert [path for path in folder.rglob("*") if path.is_file()] == before


async def _cut_off(room: HonestRoom, top: str, content: bytes) -> None:
    """An upload whose sender goes away in the middle; waits until the server has noticed."""
    slots = room.live.app.services.limits.running_uploads
    _, writer = await asyncio.open_connection("127.0.0.1", room.live.port)
    bearer = f"Authorization: Bearer {room.mallory.token}"
    writer.write(f"{top}\r\nHost: x\r\n{bearer}\r\nContent-Length: 100000\r\n\r\n".encode() + content)
    async with asyncio.timeout(WAIT_SECONDS):
        while not slots.running(room.mallory.user):
            await asyncio.sleep(0)
        writer.close()
        while slots.running(room.mallory.user):
            await asyncio.sleep(0)


async def test_nobody_takes_all_places_for_uploads(room: HonestRoom) -> None:
    """[P6] [P8] TH12: Mallory's uploads that never end hold up his own further ones, and nobody else's."""
    most = room.live.app.services.config.max_uploads
    slots = room.live.app.services.limits.running_uploads
    bearer = f"Authorization: Bearer {room.mallory.token}"
    open_ones = []
    async with room.at_work():
        for number in range(most):
            _, writer = await asyncio.open_connection("127.0.0.1", room.live.port)
            top = f"PUT {address(room, b'%d' % number)} HTTP/1.1"
            writer.write(f"{top}\r\nHost: x\r\n{bearer}\r\nContent-Length: 1000\r\n\r\n.".encode())
            open_ones.append(writer)
        async with asyncio.timeout(WAIT_SECONDS):
            while slots.running(room.mallory.user) < most:
                await asyncio.sleep(0)
        assert (await put(room, PNG + b"one more")).code == "rate_limited"
        content = PNG + b"anns"
        head = f"PUT {address(room, content)} HTTP/1.1\r\nContent-Length: {len(content)}"
        assert (await send(room, head, content, room.ann)).status == 201
        for writer in open_ones:
            writer.close()
