"""A line on which what the server says is late, while what the page says still arrives."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

_LATE = """
  window.lateLine = {
    held: null,
    hold() { this.held ??= []; },
    release() { const held = this.held ?? []; this.held = null; for (const tell of held) tell(); },
  };
  const late = (listener) => function (event) {
    const tell = () => listener.call(this, event);
    if (lateLine.held) lateLine.held.push(tell);
    else tell();
  };
  const { get, set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
  Object.defineProperty(WebSocket.prototype, 'onmessage', {
    get, set(listener) { set.call(this, listener && late(listener)); }, configurable: true,
  });
  WebSocket.prototype.addEventListener = function (type, listener, ...rest) {
    const heard = type === 'message' ? late(listener) : listener;
    return EventTarget.prototype.addEventListener.call(this, type, heard, ...rest);
  };
"""


class LateLine:
    """The sockets of one page. Install it in a context before its page opens the room."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @staticmethod
    def install(context: BrowserContext) -> None:
        context.add_init_script(_LATE)

    def hold(self) -> None:
        """From now on the page hears nothing of the server."""
        self._page.evaluate("() => lateLine.hold()")

    def release(self) -> None:
        """All that was said meanwhile arrives, in its order."""
        self._page.evaluate("() => lateLine.release()")
