"""Pages of other sites against a room server: what a real browser lets them try, and what comes of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

_TRY_SOCKET = """
  ([url]) => new Promise((done) => {
    const socket = new WebSocket(url);
    socket.onmessage = () => done('a message');
    socket.onclose = (event) => done(`${event.code} ${event.reason}`);
  })
"""
_TRY_REQUEST = """
  ([url, method, headers, mode]) => fetch(url, {method, headers, mode, body: method === 'GET' ? undefined : '{}'})
    .then(async (answer) => `${answer.status} ${(await answer.json()).error?.code ?? ''}`)
    .catch((error) => error.name)
"""
_POLICIES = """
  () => ['camera', 'microphone', 'display-capture', 'autoplay', 'fullscreen', 'clipboard-write', 'geolocation', 'usb']
    .filter((feature) => document.featurePolicy.allowsFeature(feature))
"""


class _BlankPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *_arguments: Any) -> None:
        return


@contextmanager
def _site() -> Iterator[str]:
    """A site of its own; gives its origin."""
    server = HTTPServer(("127.0.0.1", 0), _BlankPage)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    with _site() as origin:
        yield origin


@pytest.fixture
def page(browser: Browser, elsewhere: str) -> Iterator[Page]:
    """A page of the other site."""
    page = browser.new_page()
    page.goto(elsewhere)
    yield page
    page.close()


def _rooms(server: RoomServer) -> str:
    return server.address + "/api/rooms"


def _token(server: RoomServer, room: Room) -> str:
    answer = server.post(f"/api/rooms/{room.id}/join", {"name": "Eve", "guest_key": "A" * 43})
    token: str = answer["token"]
    return token


def _refusals(server: RoomServer) -> float:
    """How often something was not permitted."""
    with urlopen(server.address + "/metrics") as answer:
        found = re.search(r'thunderline_refusals_total\{code="permission_denied"\} (\S+)', answer.read().decode())
    assert found is not None
    return float(found[1])


def test_another_page_opens_no_socket_and_changes_nothing(server: RoomServer, room: Room, page: Page) -> None:
    """[HA1] [HA2] [HA4] Even with a good token: sockets are closed, answers cannot be read, changes are not made."""
    token = _token(server, room)
    socket = f"ws://{server.host}/signal/{room.id}?token={token}"
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    assert page.evaluate(_TRY_SOCKET, [socket]) == "4403 permission_denied"
    assert page.evaluate(_TRY_REQUEST, [_rooms(server), "POST", {}, "cors"]) == "TypeError"
    assert page.evaluate(_TRY_REQUEST, [f"{_rooms(server)}/{room.id}", "GET", bearer, "cors"]) == "TypeError"
    before = _refusals(server)
    page.evaluate(_TRY_REQUEST, [_rooms(server), "POST", {"Content-Type": "text/plain"}, "no-cors"])
    assert _refusals(server) == before + 1


def test_a_page_that_is_allowed_may(browser: Browser, elsewhere: str, tmp_path: Path) -> None:
    """[HA1] [HA4] Another site's page that `allowed_origins` names uses sockets and the API."""
    with RoomServer(tmp_path / "data", allowed_origins=elsewhere) as server:
        room = server.create_room()
        token = _token(server, room)
        bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        page = browser.new_page()
        page.goto(elsewhere)
        socket = f"ws://{server.host}/signal/{room.id}?token={token}"

        assert page.evaluate(_TRY_SOCKET, [socket]) == "a message"
        assert page.evaluate(_TRY_REQUEST, [f"{_rooms(server)}/{room.id}", "GET", bearer, "cors"]) == "200 "
        upload = f"{_rooms(server)}/{room.id}/assets/" + "0" * 64
        with_name = {**bearer, "X-File-Name": "a.txt"}
        assert page.evaluate(_TRY_REQUEST, [upload, "PUT", with_name, "cors"]) == "400 malformed_update"
        page.close()


def test_a_page_in_a_sandbox_is_nobody(server: RoomServer, room: Room, page: Page) -> None:
    """[HA1] Its origin is `null`, and so is that of many others."""
    token = _token(server, room)
    socket = f"ws://{server.host}/signal/{room.id}?token={token}"
    page.set_content('<iframe sandbox="allow-scripts" srcdoc="<p>x</p>"></iframe>')
    frame = next(each for each in page.frames if each is not page.main_frame)

    assert frame.evaluate("() => origin") == "null"
    assert frame.evaluate(_TRY_SOCKET, [socket]) == "4403 permission_denied"


def test_our_own_page_keeps_what_calls_need(room: Room, new_visitor: Callable[..., Visitor]) -> None:
    """[HA5] Devices for calls and nothing else; the browser knows every name in the policy."""
    ann = new_visitor("Ann")
    said: list[str] = []
    ann.page.on("console", lambda message: said.append(message.text))
    ann.enter(room.link)

    allowed = ann.page.evaluate(_POLICIES)

    assert allowed == ["camera", "microphone", "display-capture", "autoplay", "fullscreen", "clipboard-write"]
    assert [text for text in said if "ermissions" in text or "Opener" in text] == []
