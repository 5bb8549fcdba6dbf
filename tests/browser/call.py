"""The call as a page has it: what it sends, and what it gets of the others."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

_RECEIVED = """async (session) => {
  const { carrier } = __thunderline.session.call;
  const isDirect = carrier?.others !== undefined;
  const peer = isDirect ? carrier.others.get(session)?.peer : carrier?.links.subscribe;
  const mids = isDirect
    ? { mic: '0', camera: '1', screen: '2' } : Object.fromEntries(carrier?.whose.get(session) ?? []);
  if (!peer) return null;
  const got = { audio: 0, energy: 0, frames: [0, 0], relayed: false };
  const stats = await peer.connection.getStats();
  for (const entry of stats.values()) {
    if (entry.type === 'candidate-pair' && entry.nominated)
      got.relayed = stats.get(entry.localCandidateId)?.candidateType === 'relay';
    if (entry.type !== 'inbound-rtp') continue;
    if (entry.mid === mids.mic) Object.assign(got, { audio: entry.packetsReceived, energy: entry.totalAudioEnergy });
    if (entry.mid === mids.camera) got.frames[0] = entry.framesDecoded ?? 0;
    if (entry.mid === mids.screen) got.frames[1] = entry.framesDecoded ?? 0;
  }
  return got;
}"""
_GETS_MORE = f"""async ([session, before, what]) => {{
  const got = await ({_RECEIVED})(session);
  if (!got) return false;
  if (what === 'voice') return got.audio > before.audio && got.energy > before.energy;
  return got.frames[what === 'camera' ? 0 : 1] > before.frames[what === 'camera' ? 0 : 1] + 5;
}}"""
_TILE = "(id) => __thunderline.session.call.tiles.get().find((tile) => tile.id === id) ?? null"
NOTHING: dict[str, Any] = {"audio": 0, "energy": 0, "frames": [0, 0]}


class Call:
    """The call of one page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def session(self) -> str:
        session: str = self.page.evaluate("() => __thunderline.session.me.get().session")
        return session

    @property
    def state(self) -> str:
        state: str = self.page.evaluate("() => __thunderline.session.call.state.get().kind")
        return state

    def join(self, *kinds: str) -> None:
        """With these on (mic, camera, screen)."""
        self.page.evaluate("() => __thunderline.session.call.join()")
        self.page.wait_for_function("() => __thunderline.session.call.state.get().kind === 'in'")
        for kind in kinds:
            self.turn(kind, on=True)

    def await_mode(self, mode: str) -> None:
        """Wait until the call goes this way (mesh, forwarder)."""
        self.page.wait_for_function("(mode) => __thunderline.session.call.mode.get() === mode", arg=mode)

    def leave(self) -> None:
        self.page.evaluate("() => __thunderline.session.call.leave()")

    def turn(self, kind: str, *, on: bool) -> None:
        self.page.evaluate("([kind, on]) => __thunderline.session.call.turn(kind, on)", [kind, on])
        wanted = "on" if on else "off"
        self.page.wait_for_function(
            "([kind, wanted]) => __thunderline.session.call.local.get()[kind].kind === wanted", arg=[kind, wanted]
        )

    def received(self, session: str) -> Any:
        """What has come from that page: audio packets, audio energy, frames decoded of camera and screen."""
        return self.page.evaluate(_RECEIVED, session)

    def await_more(self, session: str, *what: str) -> None:
        """Wait until more of a page's voice, camera or screen arrives than has."""
        before = self.received(session) or NOTHING
        for one in what:
            self.page.wait_for_function(_GETS_MORE, arg=[session, before, one], timeout=30_000)

    def await_tile(self, id_: str, **shown: object) -> None:
        """Wait until that tile is there and says all of this; with `there=False` until it is gone."""
        self.page.wait_for_function(
            f"([id, shown]) => {{ const tile = ({_TILE})(id); "
            "if (shown.there === false) return tile === null; "
            "return tile !== null && Object.entries(shown).every(([key, value]) => tile[key] === value); }",
            arg=[id_, shown],
        )

    def link_of(self, session: str) -> int:
        """How many connections to that page there were before this one."""
        link: int = self.page.evaluate("(s) => __thunderline.session.call.carrier.others.get(s).link", session)
        return link
