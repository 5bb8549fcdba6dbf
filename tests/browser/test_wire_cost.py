"""What drawing costs on the wire, counted at the socket of a real page."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import WebSocket

from tests.browser.room_server import Room
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
POINTS = 300
MAX_STROKE_BYTES = 5 * 1024

# A hand: one pointer event an animation frame. Pressure 0 would count as a pen.
_DRAW = """async (points) => {
  const canvas = document.querySelector('canvas.interactive');
  const frame = () => new Promise(requestAnimationFrame);
  const at = (i) => ({ clientX: 300 + i * 2, clientY: 400 + 120 * Math.sin(i / 18), pointerId: 1, button: 0,
    buttons: 1, pressure: 0.5, pointerType: 'mouse', isPrimary: true, bubbles: true, cancelable: true });
  canvas.dispatchEvent(new PointerEvent('pointerdown', at(0)));
  for (let i = 1; i < points; i++) {
    await frame();
    canvas.dispatchEvent(new PointerEvent('pointermove', at(i)));
  }
  window.dispatchEvent(new PointerEvent('pointerup', { ...at(points - 1), buttons: 0 }));
}"""


def test_a_stroke_of_300_points_costs_at_most_5_kb_of_document(enter: Enter, room: Room) -> None:
    """Update frames (type 0, subtype 2) that leave on the whiteboard's socket, frame headers left out."""
    ann = enter("Ann", room.link)
    sent: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        if "/whiteboard" in socket.url:
            socket.on("framesent", lambda payload: sent.append(payload if isinstance(payload, bytes) else b""))

    ann.page.on("websocket", listen)
    ann.page.reload()
    ann.await_board()
    ann.await_saved()
    sent.clear()

    ann.page.keyboard.press("p")
    ann.page.evaluate(_DRAW, POINTS)
    ann.board.await_count(1)
    ann.await_saved()

    (points,) = ann.board.point_counts().values()
    updates = [frame for frame in sent if frame[:2] == b"\x00\x02"]
    print(f"{points} points, {len(updates)} update frames, {sum(map(len, updates))} bytes")
    assert points >= POINTS - 5
    assert updates
    assert sum(map(len, updates)) <= MAX_STROKE_BYTES
