"""The browser client's files."""

from __future__ import annotations

from pathlib import Path

import pytest
from quart.typing import TestClientProtocol as Browser

from server.app import create_app
from server.routes.client import PAGE_POLICY
from tests.server.live import configured


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built client, in small."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "sw.js").write_text("self")
    (folder / "assets" / "index-BdZPr-r_.js").write_text("plain")
    (folder / "assets" / "index-BdZPr-r_.js.br").write_bytes(b"packed")
    (folder / "assets" / "subset-worker-abcdefgh.js").write_text("worker")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def client(tmp_path: Path, dist: Path) -> Browser:
    return create_app(configured(tmp_path / "data"), client_folder=dist).quart.test_client()


@pytest.mark.parametrize("path", ["/", "/r/some-room", "/r/no such room/replay", "/admin"])
async def test_every_page_is_the_one_page_under_a_strict_policy(client: Browser, path: str) -> None:
    """[CL1] [CL4] [RT10] The same for rooms that are and that are not; asked for again each time."""
    answer = await client.get(path)

    assert (answer.status_code, await answer.get_data(as_text=True)) == (200, "<!doctype html>")
    assert answer.headers["Content-Security-Policy"] == PAGE_POLICY
    assert "unsafe-eval" not in PAGE_POLICY
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_hashed_files_are_kept_for_ever_and_sent_packed(client: Browser) -> None:
    """[CL2] [CL3] immutable; br where the browser takes it; 304 when it has it."""
    path = "/assets/index-BdZPr-r_.js"

    plain = await client.get(path)
    packed = await client.get(path, headers={"Accept-Encoding": "gzip, br"})
    refused = await client.get(path, headers={"Accept-Encoding": "br;q=0"})
    known = await client.get(path, headers={"If-None-Match": plain.headers["ETag"]})

    assert (await plain.get_data(), await packed.get_data(), await refused.get_data()) == (
        b"plain",
        b"packed",
        b"plain",
    )
    assert (packed.headers["Content-Encoding"], packed.headers["Content-Type"]) == (
        "br",
        "text/javascript; charset=utf-8",
    )
    assert "immutable" in plain.headers["Cache-Control"]
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert (known.status_code, await known.get_data()) == (304, b"")
    assert (await client.get("/sw.js")).headers["Cache-Control"] == "no-cache"


async def test_only_the_font_worker_may_compile_code(client: Browser) -> None:
    """[CL4] 'unsafe-eval' for subset-worker*.js alone."""
    worker = await client.get("/assets/subset-worker-abcdefgh.js")

    assert "script-src 'self' 'unsafe-eval'" in worker.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets", "/x.js", "/assets/a\0b",
             "/assets/index-BdZPr-r_.js.br"]
)  # fmt: skip
async def test_nothing_but_the_clients_files_is_served(client: Browser, path: str) -> None:
    """[CL2] No way out of the folder."""
    answer = await client.get(path)

    assert answer.status_code == 404
    assert b"secret" not in await answer.get_data()


async def test_a_client_that_is_not_built_says_what_to_do(tmp_path: Path) -> None:
    """[CL1] 503 and a sentence."""
    client = create_app(configured(tmp_path / "data"), client_folder=tmp_path / "none").quart.test_client()

    answer = await client.get("/r/room")

    assert answer.status_code == 503
    assert "./scripts/setup" in await answer.get_data(as_text=True)
