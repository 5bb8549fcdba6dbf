"""A call through Debian's coturn alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.call import Call
from tests.browser.room_server import RoomServer
from tests.browser.turn_server import SECRET, coturn
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]


@pytest.fixture
def relayed(tmp_path: Path) -> Iterator[RoomServer]:
    """A server whose calls go through coturn only."""
    secret = tmp_path / "turn-secret"
    secret.write_text(SECRET + "\n")
    config = tmp_path / "thunderline.toml"
    with coturn(tmp_path) as address:
        config.write_text(f'turn_urls = "{address}"\nturn_secret_file = "{secret}"\nrelay_only = true\n')
        with RoomServer(tmp_path / "data", config=config) as server:
            yield server


def test_a_call_goes_through_the_relay_alone(relayed: RoomServer, enter: Enter) -> None:
    """[CA8] With the credentials that the server made; the page says that it does."""
    room = relayed.create_room()
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    for visitor in (ann, bob):
        Call(visitor.page).join("mic", "camera")
    for one, other in ((ann, bob), (bob, ann)):
        session = Call(other.page).session
        Call(one.page).await_more(session, "voice", "camera")
        assert Call(one.page).received(session)["relayed"] is True
    ann.page.get_by_test_id("call-more").click()
    expect(ann.page.get_by_test_id("call-details")).to_contain_text("through a relay")
    ann.page.get_by_test_id("call-test").click()
    expect(ann.page.get_by_test_id("call-test-results")).to_contain_text("Relay: works")
