"""Tabs of real Chromium in a call through the forwarder. No room page: only connections, as the contract has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from server.media.forwarder.peer import Ice
from server.media.forwarder.private import ForwardingFabric
from server.media.forwarder.room import CallRoom
from server.media.messages import Event, Offered, Sections
from tests.browser.conftest import FLAGS, chromium

MEDIA_FLAGS = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns",
]  # fmt: skip
ADDRESS = "http://localhost/call"
SCRIPT = """<!doctype html><script>
const peers = {}, kinds = ['mic', 'camera', 'screen', 'sound'], players = [];
async function answer(peer, link, sdp, sends) {
  let pc = peers[peer];
  if (!pc || pc.link !== link) {
    pc?.close(); pc = peers[peer] = new RTCPeerConnection({bundlePolicy: 'max-bundle'}); pc.link = link;
    pc.ontrack = (e) => { const v = document.createElement('video'); v.srcObject = new MediaStream([e.track]);
      players.push(v); v.play().catch(() => {}); };
  }
  await pc.setRemoteDescription({type: 'offer', sdp});
  if (peer === 'publish') {
    const media = sends.length ? await navigator.mediaDevices.getUserMedia(
      {audio: true, video: {width: 320, height: 180}}) : new MediaStream();
    for (const [i, t] of pc.getTransceivers().entries()) {
      const track = media.getTracks().find((m) => m.kind === t.receiver.track.kind);
      t.direction = track && sends.includes(kinds[i]) ? 'sendonly' : 'inactive';
      if (t.direction === 'sendonly') await t.sender.replaceTrack(track);
    }
  }
  await pc.setLocalDescription();
  if (pc.iceGatheringState !== 'complete')
    await new Promise((r) => { pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && r(); });
  return pc.localDescription.sdp;
}
async function arrived(mid) {
  for (const s of (await peers.subscribe.getStats()).values())
    if (s.type === 'inbound-rtp' && s.mid === mid)
      return s.kind === 'video' ? s.framesDecoded : s.totalAudioEnergy * 1e6;
  return 0;
}
</script>"""


class Tabs:
    """Tabs in one call."""

    def __init__(self, browser: Browser) -> None:
        self.room = CallRoom("room", ForwardingFabric(), Ice(), self._tell)
        self._browser = browser
        self._pages: dict[str, tuple[Page, list[str]]] = {}
        self.sections: dict[str, dict[tuple[str, str], str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    def _tell(self, event: Event) -> None:
        if isinstance(event, Sections):
            self.sections[event.session] = {(s.session, s.kind): s.mid for s in event.sections}
        elif isinstance(event, Offered):
            task = asyncio.ensure_future(self._answer(event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._news.set()

    async def _answer(self, offer: Offered) -> None:
        page, sends = self._pages[offer.session]
        sdp = await page.evaluate("(a) => answer(...a)", [offer.peer, offer.link, offer.sdp, sends])
        self.room.answer(offer.session, offer.peer, offer.link, sdp)

    async def open(self, session: str, *sends: Any) -> None:
        """Another tab joins."""
        context = await self._browser.new_context()
        page = await context.new_page()
        await page.route(ADDRESS, lambda route: route.fulfill(body=SCRIPT, content_type="text/html"))
        await page.goto(ADDRESS)
        self._pages[session] = (page, list(sends))
        self.room.join(session, sends)

    async def until_arrives(self, reader: str, session: str, kind: str, more_than: float) -> None:
        """Frames that were decoded, or a sound's energy."""
        async with asyncio.timeout(60):
            while (session, kind) not in self.sections.get(reader, {}):
                self._news.clear()
                await self._news.wait()
        mid = self.sections[reader][session, kind]
        page, _ = self._pages[reader]
        await page.wait_for_function("async ([m, n]) => await arrived(m) > n", arg=[mid, more_than], timeout=60_000)

    async def run(self) -> None:
        """The room's clock."""
        while True:
            self.room.renew(self._pages)
            self.room.tick()
            await asyncio.sleep(0.05)


@asynccontextmanager
async def open_tabs() -> AsyncIterator[Tabs]:
    """A call of tabs."""
    if chromium() is None:
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=[*FLAGS, *MEDIA_FLAGS])
        tabs = Tabs(browser)
        ticking = asyncio.ensure_future(tabs.run())
        try:
            yield tabs
        finally:
            ticking.cancel()
            await tabs.room.close()
            await browser.close()
            await asyncio.gather(ticking, *tabs._tasks, return_exceptions=True)


@pytest.mark.parametrize("count", [3, 6])
async def test_every_tab_sees_and_hears_every_other(count: int) -> None:
    """[FW2] [FW7] [FW11] Chromium decodes what the forwarder hands on, on every pair."""
    names = [f"tab-{number}" for number in range(count)]
    async with open_tabs() as tabs:
        for name in names:
            await tabs.open(name, "mic", "camera")
        for reader in names:
            for other in names:
                if other != reader:
                    await tabs.until_arrives(reader, other, "camera", 5)
                    await tabs.until_arrives(reader, other, "mic", 0)


async def test_a_newcomer_sees_within_the_reused_section() -> None:
    """[FW8] [FW11] Chromium goes on decoding in a section whose source was switched."""
    async with open_tabs() as tabs:
        await tabs.open("bob")
        await tabs.open("ada", "mic", "camera")
        await tabs.until_arrives("bob", "ada", "camera", 10)
        mid = tabs.sections["bob"]["ada", "camera"]
        page, _ = tabs._pages["bob"]
        tabs.room.leave("ada")
        seen = await page.evaluate("(m) => arrived(m)", mid)
        await tabs.open("cy", "mic", "camera")
        await tabs.until_arrives("bob", "cy", "camera", seen + 20)
        assert tabs.sections["bob"]["cy", "camera"] == mid
