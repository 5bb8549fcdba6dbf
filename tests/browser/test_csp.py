"""Nothing loads from another host, and nothing runs that the policy forbids."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.pictures import png
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

_COLLECT = """
  window.__violations = [];
  document.addEventListener('securitypolicyviolation', (e) => window.__violations.push(
    `${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
"""
OF_THE_PAGE_ITSELF = ("blob", "data")


def test_a_whole_visit_stays_on_this_host_and_within_the_policy(
    server: RoomServer, room: Room, new_visitor: Callable[..., Visitor]
) -> None:
    """Landing page, board with shapes, texts in all fonts, picture, chat, file, people, share, dark mode, reload."""
    ann = new_visitor("Ann")
    ann.context.add_init_script(_COLLECT)
    requested: list[str] = []
    complaints: list[str] = []
    ann.context.on("request", lambda request: requested.append(request.url))
    ann.page.on("websocket", lambda socket: requested.append(socket.url))
    ann.page.on("console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None)

    response = ann.page.goto(server.address)
    assert response is not None
    assert "default-src 'none'" in response.headers["content-security-policy"]
    expect(ann.page.get_by_test_id("new-room")).to_be_visible()
    violations = ann.page.evaluate("() => __violations")
    ann.enter(room.link)
    ann.board.draw([(400, 250), (500, 330)], tool="r")
    for font in range(1, 9):
        ann.page.evaluate("(f) => __thunderline.api.updateScene({ appState: { currentItemFontFamily: f } })", font)
        ann.board.write((300 + 200 * (font % 2), 340 + 50 * (font // 2)), f"Font {font} äöü 漢字")
    ann.board.drop("blue.png", "image/png", base64.b64encode(png(64, 48)).decode(), (700, 400))
    ann.board.await_picture()
    ann.chat.open()
    ann.page.get_by_test_id("chat-file-input").set_input_files(
        {"name": "pixel.png", "mimeType": "image/png", "buffer": png(200, 100)}
    )
    ann.chat.input.fill("A picture, and https://example.org/ which is only a link")
    ann.chat.input.press("Enter")
    expect(ann.page.get_by_test_id("chat-picture").locator("img")).to_be_visible()
    ann.chat.react("A picture", "Party")
    ann.open_people()
    ann.page.get_by_test_id("share").click()
    expect(ann.page.get_by_test_id("share-link")).to_be_visible()
    ann.page.keyboard.press("Escape")
    ann.await_saved()
    violations += ann.page.evaluate("() => __violations")
    ann.await_worker()
    ann.reload()
    ann.await_saved()
    violations += ann.page.evaluate("() => __violations")

    assert violations == []
    assert complaints == []
    loaded = [urlsplit(url) for url in requested]
    assert [url.geturl() for url in loaded if url.scheme not in OF_THE_PAGE_ITSELF and url.netloc != server.host] == []
