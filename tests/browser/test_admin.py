"""The operator's page beside people who work: it shows them live, and what is done there takes effect at once."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
Shoot = Callable[[Visitor, str], None]

PHONE = {"width": 320, "height": 640}
VIEWS = ["rooms", "people", "sessions", "concurrency", "storage", "events", "tokens"]

_FOCUS = "() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.innerText ?? ''"
_UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, select')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .filter((e) => !(e.getAttribute('aria-label') || e.labels?.length || e.innerText?.trim()))
  .map((e) => e.outerHTML.slice(0, 120))"""


@pytest.fixture
def operator(new_visitor: Callable[..., Visitor], server: RoomServer) -> Callable[..., Visitor]:
    """`operator("?view=people")`: somebody with the admin link, at that view."""

    def open_admin(query: str = "", **options: object) -> Visitor:
        visitor = new_visitor("Operator", **options)
        visitor.page.goto(server.admin_link().replace("/admin#", f"/admin{query}#"))
        expect(visitor.page.locator(".admin-fresh[data-state=live]")).to_be_visible()
        return visitor

    return open_admin


def _row(page: Page, table: str, name: str) -> Locator:
    return page.get_by_test_id(table).get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def _cell(row: Locator, column: str) -> Locator:
    return row.locator(f"[data-column={column}]")


def test_the_numbers_follow_the_room_without_a_reload(operator: Enter, enter: Enter, server: RoomServer) -> None:
    room = server.create_room("Roadmap")
    admin = operator("?q=roadmap")
    row = _row(admin.page, "rooms", "Roadmap")
    expect(_cell(row, "people")).to_have_text("0")
    expect(_cell(row, "state")).to_have_text("Quiet")
    before = int(admin.page.get_by_test_id("now-people").locator("dd").inner_text())
    admin.page.evaluate("() => { window.marked = true; }")

    ann = enter("Ann", room.link)
    bob = enter("Bob", room.link)

    expect(_cell(row, "people")).to_have_text("2")
    expect(_cell(row, "state")).to_have_text("Live")
    expect(admin.page.get_by_test_id("now-people").locator("dd")).to_have_text(str(before + 2))
    bob.leave()
    expect(_cell(row, "people")).to_have_text("1")
    ann.leave()
    expect(_cell(row, "state")).to_have_text("Quiet")
    assert admin.page.evaluate("() => window.marked") is True


def test_who_is_sent_away_by_the_operator_is_out_at_once(
    operator: Enter, enter: Enter, room: Room, shoot: Shoot
) -> None:
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    admin = operator(f"?view=rooms&room={room.id}")
    row = _row(admin.page, "members", "Bob")
    expect(_cell(row, "state")).to_have_text("Here")

    row.get_by_role("button", name="Send Bob away").click()
    dialog = admin.page.get_by_role("dialog", name="Send Bob away?")
    dialog.get_by_test_id("reason").fill("The workshop is over")
    shoot(admin, "admin-kick")
    dialog.get_by_test_id("confirm-act").click()

    expect(dialog).to_be_hidden()
    expect(admin.page.get_by_test_id("said")).to_have_text("Bob was sent away.")
    expect(_cell(row, "state")).to_have_text("Sent away")
    expect(bob.page.get_by_test_id("stopped")).to_be_visible()
    shoot(bob, "admin-kicked")
    expect(ann.page.get_by_test_id("stopped")).to_be_hidden()
    admin.page.get_by_role("link", name="Audit trail").last.click()
    kicked = admin.page.get_by_test_id("events").get_by_role("row").filter(has_text="Sent away")
    expect(kicked).to_contain_text("Reason: The workshop is over")
    expect(kicked).to_contain_text("Operator")


def test_a_right_taken_by_the_operator_is_gone_at_once(operator: Enter, enter: Enter, room: Room) -> None:
    bob = enter("Bob", room.link)
    bob.await_saved()
    admin = operator(f"?view=rooms&room={room.id}")
    _row(admin.page, "members", "Bob").get_by_role("button", name="Rights of Bob").click()
    admin.page.get_by_test_id("right-draw").select_option("deny")
    admin.page.get_by_test_id("confirm-act").click()

    expect(_cell(_row(admin.page, "members", "Bob"), "rights")).to_have_text("may not: Draw")
    bob.await_status("View only")


def test_an_action_is_done_with_keys_alone(operator: Enter, enter: Enter, room: Room) -> None:
    bob = enter("Bob", room.link)
    admin = operator()
    keys = admin.page.keyboard
    _tab_to(admin.page, "Search")
    keys.type(room.id)
    _tab_to(admin.page, "Sprint planning")
    keys.press("Enter")
    expect(_row(admin.page, "members", "Bob")).to_be_visible()
    _tab_to(admin.page, "Send Bob away")
    keys.press("Enter")
    dialog = admin.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    expect(admin.page.get_by_role("button", name="Send Bob away")).to_be_focused()
    keys.press("Enter")
    _tab_to(admin.page, "Reason (the person can read it)")
    keys.type("Good night")
    keys.press("Enter")

    expect(bob.page.get_by_test_id("stopped")).to_be_visible()
    expect(_cell(_row(admin.page, "members", "Bob"), "state")).to_have_text("Sent away")


def _tab_to(page: Page, label: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        named = page.evaluate("() => document.activeElement?.labels?.[0]?.innerText") or page.evaluate(_FOCUS)
        if str(named).strip() == label:
            return
    raise AssertionError(f"{label} is not reached with the Tab key")


def test_nothing_moves_under_the_pointer_or_the_focus(operator: Enter, enter: Enter, server: RoomServer) -> None:
    """Rows keep their places while somebody points at them; new ones come last, ended ones stay until he lets go."""
    room = server.create_room("Quiet place")
    ann = enter("Ann", room.link)
    admin = operator(f"?view=sessions&in={room.id}&sort=-person")
    rows = admin.page.get_by_test_id("sessions").locator("tbody tr")
    expect(rows).to_have_count(1)
    away = admin.page.get_by_role("button", name="Send Ann away")
    away.focus()

    zoe = enter("Zoe", room.link)

    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Ann")
    expect(away).to_be_focused()
    zoe.leave()
    expect(rows.nth(1)).to_contain_text("gone")
    away.evaluate("(button) => button.blur()")
    expect(rows).to_have_count(1)
    cleo = enter("Cleo", room.link)
    expect(rows.nth(0)).to_contain_text("Cleo")
    for visitor in (ann, cleo):
        visitor.leave()


def test_marked_text_stays_marked(operator: Enter, enter: Enter, room: Room) -> None:
    enter("Ann", room.link)
    admin = operator(f"?view=sessions&in={room.id}")
    name = admin.page.get_by_test_id("sessions").get_by_role("rowheader").first
    expect(name).to_contain_text("Ann")
    name.locator("bdi").select_text()
    with admin.page.expect_response("**/api/admin/sessions"), admin.page.expect_response("**/api/admin/overview"):
        enter("Bob", room.link)
    expect(admin.page.get_by_test_id("sessions").locator("tbody tr")).to_have_count(2)
    assert admin.page.evaluate("() => getSelection().toString()") == "Ann"


def test_a_room_is_deleted_after_its_name_was_typed(operator: Enter, enter: Enter, server: RoomServer) -> None:
    room = server.create_room("Old plans")
    ann = enter("Ann", room.link)
    admin = operator(f"?view=rooms&room={room.id}&tab=settings")
    admin.page.get_by_test_id("delete-room").click()
    act = admin.page.get_by_test_id("confirm-act")
    admin.page.get_by_test_id("confirm-typed").press("Enter")
    admin.page.get_by_test_id("confirm-typed").fill("Old plan")
    expect(act).to_have_attribute("aria-disabled", "true")
    admin.page.get_by_test_id("confirm-typed").fill("Old plans")
    act.click()

    expect(ann.page.get_by_role("heading", name="This room was deleted")).to_be_visible()
    expect(admin.page.get_by_text("Its audit trail is kept.")).to_be_visible()
    expect(admin.page.get_by_test_id("events")).to_contain_text("Room deleted")


def test_a_room_is_set_and_the_door_takes_effect(operator: Enter, enter: Enter, server: RoomServer) -> None:
    room = server.create_room("Meeting")
    ann = enter("Ann", room.link)
    admin = operator(f"?view=rooms&room={room.id}&tab=settings")
    form = admin.page.get_by_test_id("room-settings")
    form.get_by_label("Name").fill("Board meeting")
    form.get_by_test_id("door").select_option("closed")
    expect(form).to_contain_text("Everybody who does not moderate is sent away at once.")
    form.get_by_role("button", name="Save").click()

    expect(admin.page.get_by_test_id("said")).to_have_text("The settings were saved.")
    expect(admin.page.get_by_role("heading", name="Board meeting")).to_be_visible()
    expect(ann.page.get_by_test_id("stopped")).to_be_visible()
    admin.page.get_by_test_id("recovery").click()
    expect(admin.page.get_by_text("Recovery is on").first).to_be_visible()


def test_a_token_is_made_used_and_revoked(operator: Enter, server: RoomServer, room: Room) -> None:
    admin = operator("?view=tokens")
    admin.page.get_by_test_id("token-room").select_option(room.id)
    admin.page.get_by_test_id("token-person").fill("build bot")
    admin.page.get_by_role("button", name="Make the token").click()
    expect(admin.page.get_by_role("alert")).to_contain_text("An id has")
    admin.page.get_by_test_id("token-person").fill("build-bot")
    admin.page.get_by_test_id("token-name").fill("Build bot")
    admin.page.get_by_role("button", name="Make the token").click()
    token = admin.page.get_by_test_id("token").input_value()
    assert _status(admin.page, room.link, token) == 200

    admin.page.get_by_test_id("revoke-token").fill(admin.page.get_by_test_id("token-id").input_value())
    admin.page.get_by_role("button", name="Revoke", exact=True).click()

    expect(admin.page.get_by_test_id("said")).to_have_text("The token was revoked.")
    assert _status(admin.page, room.link, token) == 401
    admin.page.reload()
    expect(admin.page.get_by_test_id("token-person")).to_have_value("")
    expect(admin.page.get_by_test_id("token")).to_have_count(0)


def _status(page: Page, link: str, token: str) -> int:
    path = link.replace("/r/", "/api/rooms/")
    answer = page.request.get(path, headers={"Authorization": f"Bearer {token}"})
    return int(answer.status)


def test_without_a_good_link_the_page_says_how_to_get_one(
    new_visitor: Callable[..., Visitor], server: RoomServer, shoot: Shoot
) -> None:
    stranger = new_visitor("Stranger")
    gate = stranger.page.get_by_test_id("admin-gate")
    stranger.page.goto(f"{server.address}/admin")
    expect(gate).to_contain_text("thunderline admin-link")
    shoot(stranger, "admin-gate")
    stranger.page.goto(f"{server.address}/admin#token=rubbish")
    expect(gate).to_have_attribute("data-why", "refused")
    stranger.page.goto(server.admin_link())
    expect(stranger.page.get_by_role("heading", name="Rooms")).to_be_visible()
    assert stranger.page.url == f"{server.address}/admin"
    stranger.page.reload()
    expect(stranger.page.get_by_role("heading", name="Rooms")).to_be_visible()
    stranger.page.get_by_role("button", name="Leave").click()
    expect(gate).to_have_attribute("data-why", "left")
    stranger.page.reload()
    expect(gate).to_have_attribute("data-why", "none")


def test_an_expired_link_is_called_expired(new_visitor: Callable[..., Visitor], server: RoomServer) -> None:
    """The server takes a token for 30 s longer than it says: the answer is awaited, not the clock."""
    stranger = new_visitor("Stranger")
    expired = '{"error": {"code": "token_expired", "reason": "The token has expired."}}'
    stranger.page.route(
        "**/api/admin/**", lambda route: route.fulfill(status=401, body=expired, content_type="application/json")
    )
    stranger.page.goto(server.admin_link())
    expect(stranger.page.get_by_role("heading", name="The admin link has expired")).to_be_visible()


def test_filters_and_order_are_in_the_address(operator: Enter, server: RoomServer) -> None:
    for name in ("Alpha scheme", "Beta scheme"):
        server.create_room(name)
    admin = operator("?q=scheme")
    names = admin.page.get_by_test_id("rooms").get_by_role("rowheader")
    admin.page.get_by_role("button", name="Room", exact=True).click()
    expect(names.first).to_have_text("Alpha scheme")
    admin.page.get_by_role("button", name="Room", exact=True).click()
    expect(names.first).to_have_text("Beta scheme")
    admin.page.get_by_test_id("search").fill("beta")
    expect(names).to_have_count(1)
    expect(admin.page).to_have_url(re.compile(r"q=beta&sort=-name$"))
    admin.page.reload()
    expect(names).to_have_text(["Beta scheme"])
    admin.page.get_by_role("link", name="People").click()
    admin.page.go_back()
    expect(names).to_have_text(["Beta scheme"])
    admin.page.get_by_test_id("search").fill("no such room")
    admin.page.get_by_role("button", name="Clear search and filters").click()
    expect(names.first).to_be_visible()


def test_a_list_is_downloaded_as_csv(operator: Enter, enter: Enter, room: Room, tmp_path: Path) -> None:
    enter("=SUM(A1)", room.link)
    admin = operator("?view=people&q=SUM")
    expect(_row(admin.page, "people", "=SUM(A1)")).to_be_visible()
    with admin.page.expect_download() as waiting:
        admin.page.get_by_role("button", name="Download CSV").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.name == "people.csv"
    with file.open(newline="", encoding="utf-8") as lines:
        assert "'=SUM(A1)" in {row["name"] for row in csv.DictReader(lines)}


def test_the_chart_is_read_with_keys_and_as_a_table(operator: Enter, enter: Enter, room: Room) -> None:
    enter("Ann", room.link)
    admin = operator(f"?view=concurrency&range=hour&in={room.id}")
    chart = admin.page.get_by_role("slider")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("1 person, 1 page"))
    chart.focus()
    admin.page.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("0 people, 0 pages"))
    expect(chart).to_have_attribute("aria-valuenow", "0")
    admin.page.get_by_role("button", name="Show as a table").click()
    expect(admin.page.get_by_test_id("concurrency-table").locator("tbody tr").first).to_contain_text("1")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("look", "options"),
    [
        ("light", {}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "locale": "de-DE"}),
    ],
)
def test_every_view_fits_and_names_its_controls(
    operator: Enter, room: Room, view: str, look: str, options: dict[str, object], shoot: Shoot
) -> None:
    admin = operator(f"?view={view}", **options)
    expect(admin.page.locator(".admin-content [role=status]").filter(has_text="…")).to_have_count(0)
    assert admin.page.evaluate(_UNNAMED) == []
    assert admin.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert admin.page.evaluate("() => document.querySelector('.admin').scrollWidth <= innerWidth")
    shoot(admin, f"admin-{view}-{look}")


def test_the_page_says_when_the_server_is_gone_and_goes_on_when_it_is_back(
    operator: Enter,
) -> None:
    admin = operator()
    admin.context.set_offline(True)
    expect(admin.page.get_by_role("alert")).to_contain_text("The server does not answer. What you see is from")
    admin.context.set_offline(False)
    expect(admin.page.locator(".admin-fresh[data-state=live]")).to_be_visible()
