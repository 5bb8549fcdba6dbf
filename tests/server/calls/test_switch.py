"""When a call goes through the forwarder, and what the media process hears of it."""

from __future__ import annotations

from crdt_docs.ids import RoomId, SessionId
from server.calls.switch import RENEW_SECONDS, SMALL_SECONDS, CallSwitch, MediaMode, Sends
from server.media.messages import AllowSending, Command, JoinCall, LeaveCall, RenewLeases

ROOM = RoomId("room")
ALL: Sends = frozenset({"mic", "camera"})
NONE: Sends = frozenset()


class Heard:
    """A switch with a limit of two, and what it says."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.modes: list[MediaMode] = []
        self.listens = True
        self.switch = CallSwitch(2, say=self._say, tell=lambda _room, mode: self.modes.append(mode))

    def _say(self, command: Command) -> bool:
        if self.listens:
            self.commands.append(command)
        return self.listens

    def be(self, now: float, **sends: Sends) -> None:
        self.switch.update(ROOM, {SessionId(name): kinds for name, kinds in sends.items()}, now)

    def take(self) -> list[Command]:
        said, self.commands = self.commands, []
        return said


def test_a_small_call_needs_no_media_process() -> None:
    """[CS1] Listeners do not count: what counts is who has a track on."""
    heard = Heard()
    heard.be(0, ada=ALL, bob=ALL, cy=NONE, dee=NONE)
    assert (heard.take(), heard.modes) == ([], [])
    assert heard.switch.mode(ROOM) == "mesh"


def test_the_third_who_speaks_takes_all_to_the_forwarder() -> None:
    """[CS1] [CS4] Everybody in the call is said with what he sends; later only what changes."""
    heard = Heard()
    heard.be(0, ada=ALL, bob=ALL, cy=frozenset({"mic"}), dee=NONE)
    assert heard.modes == ["forwarder"]
    assert heard.take() == [
        JoinCall(ROOM, "ada", ["mic", "camera"]), JoinCall(ROOM, "bob", ["mic", "camera"]),
        JoinCall(ROOM, "cy", ["mic"]), JoinCall(ROOM, "dee", []),
    ]  # fmt: skip
    heard.be(1, ada=frozenset({"mic"}), bob=ALL, cy=frozenset({"mic"}))
    assert heard.take() == [LeaveCall(ROOM, "dee"), AllowSending(ROOM, "ada", ["mic"])]
    heard.be(2, ada=frozenset({"mic"}), bob=ALL, cy=frozenset({"mic"}))
    assert heard.take() == []


def test_a_call_goes_back_only_when_it_has_been_small_for_long() -> None:
    """[CS3] Somebody who mutes for a moment does not make everybody reconnect."""
    heard = Heard()
    heard.be(0, ada=ALL, bob=ALL, cy=ALL)
    heard.be(10, ada=ALL, bob=ALL, cy=NONE)
    heard.switch.tick(10 + SMALL_SECONDS - 1)
    assert heard.modes == ["forwarder"]
    heard.take()
    heard.switch.tick(10 + SMALL_SECONDS)
    assert heard.modes == ["forwarder", "mesh"]
    assert [c.session for c in heard.take() if isinstance(c, LeaveCall)] == ["ada", "bob", "cy"]


def test_growing_again_meanwhile_counts_from_the_beginning() -> None:
    """[CS3] Small means small all the time."""
    heard = Heard()
    heard.be(0, ada=ALL, bob=ALL, cy=ALL)
    heard.be(10, ada=ALL, bob=ALL)
    heard.be(40, ada=ALL, bob=ALL, cy=ALL)
    heard.be(50, ada=ALL, bob=ALL)
    heard.switch.tick(10 + SMALL_SECONDS)
    assert heard.switch.mode(ROOM) == "forwarder"
    heard.switch.tick(50 + SMALL_SECONDS)
    assert heard.switch.mode(ROOM) == "mesh"


def test_who_asks_gets_the_forwarder_until_the_call_ends() -> None:
    """[CS2] Two people who cannot reach each other directly."""
    heard = Heard()
    heard.switch.ask(ROOM, 0)
    heard.be(0, ada=ALL, bob=ALL)
    assert heard.modes == []
    heard.switch.ask(ROOM, 1)
    heard.switch.tick(1000)
    assert heard.modes == ["forwarder"]
    heard.be(1001)
    assert heard.modes == ["forwarder", "mesh"]
    heard.be(1002, ada=ALL)
    assert heard.switch.mode(ROOM) == "mesh"


def test_leases_are_renewed_while_there_is_a_call() -> None:
    """[CS4] A page that left is not renewed."""
    heard = Heard()
    heard.be(0, ada=ALL, bob=ALL, cy=ALL)
    heard.take()
    heard.switch.tick(RENEW_SECONDS)
    assert heard.take() == [RenewLeases(ROOM, ["ada", "bob", "cy"])]
    heard.switch.tick(RENEW_SECONDS + 0.1)
    assert heard.take() == []


def test_a_process_that_comes_up_is_told_everything() -> None:
    """[CS5] Also the one that was asked to start only by this call."""
    heard = Heard()
    heard.listens = False
    heard.be(0, ada=ALL, bob=ALL, cy=ALL)
    assert heard.take() == []
    heard.listens = True
    heard.switch.came_up()
    assert [c.session for c in heard.take() if isinstance(c, JoinCall)] == ["ada", "bob", "cy"]
    heard.switch.came_up()
    assert [c.session for c in heard.take() if isinstance(c, JoinCall)] == ["ada", "bob", "cy"]
    assert heard.modes == ["forwarder"] * 2
