"""Switches the calls of rooms between mesh and forwarder, and keeps the media process told of who may send what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId, SessionId
from server.media.messages import AllowSending, Command, JoinCall, LeaveCall, RenewLeases, SentKind
from server.presence.page import Page

MediaMode: TypeAlias = Literal["mesh", "forwarder"]
Sends: TypeAlias = frozenset[SentKind]
SMALL_SECONDS: Final = 60.0
"""How long a call has to be small before it goes back to mesh."""
RENEW_SECONDS: Final = 3.0
_ORDER: Final[tuple[SentKind, ...]] = ("mic", "camera", "screen", "sound")


def callers(pages: list[Page]) -> dict[SessionId, Sends]:
    """[CS4] Who is in the call, and what each may send: what the roster says is on and the rights allow."""
    return {page.author.session: _sends(page) for page in pages if page.call}


def _sends(page: Page) -> Sends:
    may, media = page.author.permissions, page.media
    kinds: set[SentKind] = set()
    if media.mic and Permission.VOICE in may:
        kinds.add("mic")
    if media.camera and Permission.VIDEO in may:
        kinds.add("camera")
    if media.screen and Permission.SCREEN_SHARE in may:
        kinds |= {"screen", "sound"}
    return frozenset(kinds)


@dataclass(slots=True)
class _Call:
    callers: Mapping[SessionId, Sends] = field(default_factory=dict)
    mode: MediaMode = "mesh"
    asked: bool = False
    """Somebody wants the forwarder, or could not be reached directly."""
    small_since: float | None = None
    told: dict[SessionId, Sends] = field(default_factory=dict)
    """What the media process was told."""


class CallSwitch:
    """The modes of all rooms. It decides on plain values; `say` reaches the media process, `tell` a room's pages."""

    def __init__(
        self, mesh_limit: int, *, say: Callable[[Command], bool], tell: Callable[[RoomId, MediaMode], None]
    ) -> None:
        """
        Args:
            mesh_limit: So many people with a track on talk directly.
            say: Tell the media process; False if it does not listen, then `came_up` is called when it does.
            tell: Tell a room that its mode is another one, or that its calls begin anew.
        """
        self._mesh_limit = mesh_limit
        self._say = say
        self._tell = tell
        self._calls: dict[RoomId, _Call] = {}
        self._renewed = float("-inf")

    def mode(self, room: RoomId) -> MediaMode:
        """How the call of a room goes now."""
        return self._calls[room].mode if room in self._calls else "mesh"

    def update(self, room: RoomId, now_callers: Mapping[SessionId, Sends], now: float) -> None:
        """Take over who is in a call now; `now` in seconds of a clock that never goes back."""
        if not now_callers:
            if (ended := self._calls.pop(room, None)) is not None:
                self._leave(room, ended)
                if ended.mode != "mesh":
                    self._tell(room, "mesh")
            return
        call = self._calls.setdefault(room, _Call())
        call.callers = dict(now_callers)
        self._decide(room, call, now)

    def ask(self, room: RoomId, now: float) -> None:
        """[CS2] Somebody in the call wants the forwarder: it stays until the call ends."""
        if (call := self._calls.get(room)) is not None:
            call.asked = True
            self._decide(room, call, now)

    def tick(self, now: float) -> None:
        """Go back to mesh where a call has been small for long; renew the leases of who is here."""
        for room, call in self._calls.items():
            self._decide(room, call, now)
        if now - self._renewed >= RENEW_SECONDS:
            self._renewed = now
            for room, call in self._calls.items():
                if call.told:
                    self._say(RenewLeases(room, sorted(call.told)))

    def came_up(self) -> None:
        """[CS5] The media process listens, and knows nothing: say every call anew, and have the pages begin anew."""
        for room, call in self._calls.items():
            if call.told:
                self._tell(room, call.mode)
            call.told.clear()
            self._reconcile(room, call)

    def _decide(self, room: RoomId, call: _Call, now: float) -> None:
        """[CS1] At once to the forwarder; [CS3] back only when the call has been small for SMALL_SECONDS."""
        mode = call.mode
        if call.asked or sum(bool(sends) for sends in call.callers.values()) > self._mesh_limit:
            mode, call.small_since = "forwarder", None
        elif mode == "forwarder":
            call.small_since = now if call.small_since is None else call.small_since
            if now - call.small_since >= SMALL_SECONDS:
                mode, call.small_since = "mesh", None
        if mode != call.mode:
            call.mode = mode
            self._tell(room, mode)
        self._reconcile(room, call)

    def _reconcile(self, room: RoomId, call: _Call) -> None:
        if call.mode == "mesh":
            self._leave(room, call)
            return
        for session in [session for session in call.told if session not in call.callers]:
            self._say(LeaveCall(room, session))
            del call.told[session]
        for session, sends in call.callers.items():
            if call.told.get(session) == sends:
                continue
            kinds = [kind for kind in _ORDER if kind in sends]
            known = session in call.told
            if not self._say(AllowSending(room, session, kinds) if known else JoinCall(room, session, kinds)):
                return
            call.told[session] = sends

    def _leave(self, room: RoomId, call: _Call) -> None:
        for session in call.told:
            self._say(LeaveCall(room, session))
        call.told.clear()

    def gone(self, room: RoomId, session: SessionId) -> None:
        """The media process let go of a page; if it is in the call still, it is said again at the next change."""
        if (call := self._calls.get(room)) is not None:
            call.told.pop(session, None)
