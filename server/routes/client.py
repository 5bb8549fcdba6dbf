"""The browser client: the built files of `web/dist`, and its one page under every address that is a page."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import re
from pathlib import Path
from typing import Final

from quart import Blueprint, Response, current_app, request
from werkzeug.routing import PathConverter

from server.errors import UnknownPath

client = Blueprint("client", __name__)

CLIENT_FOLDER: Final = "THUNDERLINE_CLIENT"
"""Key of Quart's configuration: the folder that holds the built client."""
BUILT_CLIENT: Final = Path(__file__).resolve().parents[2] / "web" / "dist"

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
WORKER_POLICY: Final = PAGE_POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'")
"""For `subset-worker*.js` alone: it subsets fonts for SVG export in WebAssembly."""
NOT_BUILT: Final = (
    "The browser client is not built yet. Run ./scripts/setup in the project's folder (./scripts/serve does so by "
    "itself), then load this page again.\n"
)

MAX_PATH_BYTES: Final = 255
"""Longer than any of ours; file systems fail on longer names."""

_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_ALWAYS_ASK: Final = "no-cache"
_HASHED: Final = re.compile(r"\A(?:assets|excalidraw)/.+-[A-Za-z0-9_-]{8,}\.\w+\Z")
_WORKER: Final = re.compile(r"(?:\A|/)subset-worker[^/]*\.js\Z")
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
}


class ClientFile(PathConverter):
    """[CL5] Paths that may be files of the client: none below /api, where a wrong method is 405 and not 404."""

    regex = "(?!api/)[^/].*?"


@client.get("/")
@client.get("/r/<room_text>")
@client.get("/r/<room_text>/replay")
@client.get("/admin")
async def page(room_text: str = "") -> Response:
    """[CL1] The page itself; without a built client a sentence that says what to do.

    It is the same for every room, whether there is one or not.
    """
    if not (_folder() / "index.html").is_file():
        return Response(NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    return await _file("index.html")


@client.get("/<client_file:path>")
async def file(path: str) -> Response:
    """[CL2] A file of the client; hashed ones may be kept for ever, all others are asked for again."""
    return await _file(path)


def _folder() -> Path:
    folder: Path = current_app.config[CLIENT_FOLDER]
    return folder


async def _file(path: str) -> Response:
    folder = _folder()
    if "\0" in path or len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise UnknownPath
    plain = (folder / path).resolve()
    if not plain.is_relative_to(folder.resolve()) or not plain.is_file() or plain.suffix in (".br", ".gz"):
        raise UnknownPath
    chosen, encoding = _precompressed(plain)
    content = await asyncio.to_thread(chosen.read_bytes)
    etag = hashlib.sha256(content).hexdigest()[:32]
    unchanged = etag in request.if_none_match
    response = Response(b"" if unchanged else content, status=304 if unchanged else 200)
    _describe(response, path, plain, encoding)
    response.headers["ETag"] = f'"{etag}"'
    return response


def _precompressed(plain: Path) -> tuple[Path, str | None]:
    """[CL3] The smallest form that the browser takes."""
    for suffix, encoding in ((".br", "br"), (".gz", "gzip")):
        packed = plain.with_name(plain.name + suffix)
        if request.accept_encodings.quality(encoding) > 0 and packed.is_file():
            return packed, encoding
    return plain, None


def _describe(response: Response, path: str, plain: Path, encoding: str | None) -> None:
    """[CL4] Every file carries the page's policy; only the font worker may compile code."""
    kind = _TYPES.get(plain.suffix) or mimetypes.guess_type(plain.name)[0] or "application/octet-stream"
    response.headers["Content-Type"] = kind
    response.headers["Content-Security-Policy"] = WORKER_POLICY if _WORKER.search(path) else PAGE_POLICY
    response.headers["Cache-Control"] = _IMMUTABLE if _HASHED.match(path) else _ALWAYS_ASK
    response.headers["Vary"] = "Accept-Encoding"
    if encoding is not None:
        response.headers["Content-Encoding"] = encoding
