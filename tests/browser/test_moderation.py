"""What those who moderate do to people and to the room, and how each page says what has happened to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.browser.call import Call
from tests.browser.replay import Replay
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
NewVisitor = Callable[..., Visitor]

RETRY_MS = 10_000
"""After so long a page that was not let in tries again."""
TOOL = ".App-toolbar [data-testid=toolbar-rectangle]"
IMAGE_TOOL = ".App-toolbar [data-testid=toolbar-image]"
HAND_OVER_PICTURE = """(kind) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array([137, 80, 78, 71])], 'picture.png', { type: 'image/png' }));
  const at = { bubbles: true, cancelable: true, clientX: 500, clientY: 400 };
  if (kind === 'drop') {
    document.querySelector('canvas.interactive').dispatchEvent(new DragEvent('drop', { ...at, dataTransfer: data }));
  } else {
    document.body.dispatchEvent(new ClipboardEvent('paste', { ...at, clipboardData: data }));
  }
}"""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Olga owns the room, Bob is a member of it; both are there."""

    room: Room
    olga: Visitor
    bob: Visitor


@pytest.fixture
def meeting(new_visitor: NewVisitor, enter: Enter, server: RoomServer) -> Meeting:
    olga = new_visitor("Olga")
    room = olga.own(server)
    return Meeting(room, olga, enter("Bob", room.link))


def test_a_role_that_changes_changes_the_page_at_once(meeting: Meeting) -> None:
    """[PE1] Tools go and come without a reload, and a sentence says what one may do now."""
    olga, bob = meeting.olga, meeting.bob
    bob.page.evaluate("() => { window.marked = true; }")
    expect(bob.page.locator(TOOL)).to_be_visible()

    olga.people.set_role("Bob", "viewer")

    bob.await_status("View only")
    expect(bob.notices).to_have_text("Your role here is now: Only looks. You can look.")
    expect(bob.page.locator(TOOL)).to_be_hidden()
    bob.chat.open()
    expect(bob.chat.input).to_be_disabled()
    expect(olga.people.row("Bob")).to_contain_text("View only")

    olga.people.set_role("Bob", "member")

    bob.await_saved()
    expect(bob.notices.last).to_contain_text("Your role here is now: Member. You can look, draw, chat")
    shape = bob.board.draw([(400, 300), (500, 350)], tool="r")
    olga.board.await_element(shape)
    assert bob.page.evaluate("() => window.marked") is True


def test_a_single_right_is_taken_and_left_to_the_room_again(meeting: Meeting) -> None:
    """[PE2] Who may not chat still draws; the right says where it comes from."""
    olga, bob = meeting.olga, meeting.bob
    bob.chat.open()
    dialog = olga.people.act("Bob", "rights")
    dialog.get_by_test_id("right-chat").click()
    expect(bob.chat.input).to_be_disabled()
    expect(bob.notices).to_contain_text("What you may do here has changed. You can look, draw, speak")
    right = dialog.locator(".toggle").filter(has=olga.page.get_by_test_id("right-chat"))
    expect(right).to_contain_text("set for this person")
    bob.await_saved()

    dialog.get_by_role("button", name="Write in the chat: as the room has it").click()
    expect(right).to_contain_text("from the room")
    expect(bob.chat.input).to_be_enabled()


def test_who_only_looks_may_still_be_given_the_chat(meeting: Meeting) -> None:
    """[PE2] What was set for a person counts, not what the role usually gives."""
    olga, bob = meeting.olga, meeting.bob
    olga.people.set_role("Bob", "viewer")
    bob.chat.open()
    expect(bob.chat.input).to_be_disabled()
    olga.people.act("Bob", "rights").get_by_test_id("right-chat").click()
    expect(bob.chat.input).to_be_enabled()
    bob.chat.say("Thank you")
    olga.page.keyboard.press("Escape")
    olga.chat.open()
    expect(olga.chat.message("Thank you")).to_be_visible()
    bob.await_status("View only")


def test_who_may_not_add_files_reads_why_wherever_he_tries(meeting: Meeting) -> None:
    """The chat's button, a file dropped on the board and a picture pasted there say the same."""
    olga, bob = meeting.olga, meeting.bob
    expect(bob.page.locator(IMAGE_TOOL)).to_have_count(1)
    olga.people.act("Bob", "rights").get_by_test_id("right-upload").click()
    expect(bob.page.locator(IMAGE_TOOL)).to_have_count(0)
    why = bob.page.get_by_text("A moderator has not allowed you to add files here.", exact=True)
    for kind in ("drop", "paste"):
        bob.page.evaluate(HAND_OVER_PICTURE, kind)
        toast = bob.page.locator(".Toast").filter(has=why)
        expect(toast).to_be_visible()
        toast.get_by_role("button").click()
    assert bob.board.ids() == []
    bob.chat.open()
    attach = bob.page.get_by_test_id("chat-attach")
    expect(attach).to_have_attribute("aria-disabled", "true")
    attach.click(force=True)
    expect(bob.page.get_by_role("alert").filter(has=why)).to_be_visible()
    bob.chat.say("Words are still mine")
    bob.board.draw([(400, 300), (500, 350)], tool="r")
    bob.await_saved()


def test_who_was_removed_reads_why_and_may_come_back_by_the_link(meeting: Meeting) -> None:
    """[EN1]"""
    olga, bob = meeting.olga, meeting.bob
    shape = bob.board.draw([(400, 300), (500, 350)], tool="r")
    bob.await_saved()
    bob.page.get_by_test_id("share").click()
    share = bob.page.get_by_role("dialog", name="Share this room")
    expect(share).to_be_visible()
    olga.people.send_away("Bob", "kick", "We speak of you")
    bob.stopped.says("You were removed from this room", "The reason given: We speak of you", "stays in it")
    expect(share).to_have_count(0)
    expect(olga.notices).to_have_text("Bob was removed.")
    expect(olga.people.row("Bob")).to_have_count(0)
    expect(olga.people.former("Bob")).to_contain_text("Was removed")

    bob.stopped.card.get_by_role("button", name="Try to come back").click()
    bob.await_saved()
    bob.board.await_element(shape)
    expect(olga.people.row("Bob")).to_contain_text("Member")


def test_who_was_banned_reads_why_and_does_not_come_back_until_it_is_lifted(meeting: Meeting) -> None:
    """[EN1][EN3]"""
    olga, bob = meeting.olga, meeting.bob
    olga.people.send_away("Bob", "ban", "Enough")
    title = "You cannot enter this room any more"
    bob.stopped.says(title, "The reason given: Enough")
    with bob.page.expect_response("**/join") as answer:
        bob.stopped.try_again()
    assert answer.value.status == 403
    bob.stopped.says(title)
    bob.page.goto(meeting.room.member)
    bob.stopped.says(title)
    assert bob.page.locator("canvas.interactive").is_hidden()

    expect(olga.people.former("Bob")).to_contain_text("Banned")
    olga.people.former("Bob").get_by_test_id("unban").click()
    expect(olga.notices.last).to_have_text("Bob may come back.")
    bob.page.reload()
    bob.await_board()
    bob.await_saved()


def test_nobody_is_offered_what_the_server_would_refuse(meeting: Meeting, enter: Enter) -> None:
    """Moderators act on members; the owner and each other are out of their reach, and the menu says so."""
    mia = enter("Mia", meeting.room.moderator)
    menu = mia.people.menu("Olga")
    kick = menu.get_by_test_id("menu-kick")
    expect(kick).to_have_attribute("aria-disabled", "true")
    expect(kick).to_contain_text("The owner cannot be removed.")
    kick.click(force=True)
    expect(mia.page.locator("dialog")).to_have_count(0)
    mia.page.keyboard.press("Escape")
    meeting.bob.people.open()
    expect(meeting.bob.page.get_by_test_id("person-menu")).to_have_count(0)


def test_a_locked_door_keeps_those_out_who_are_not_in(meeting: Meeting, new_visitor: NewVisitor) -> None:
    """Who is in stays, also when his line breaks; who waits comes in by himself once it is open."""
    olga, bob, cleo = meeting.olga, meeting.bob, new_visitor("Cleo")
    cleo.page.clock.install()
    olga.settings.choose("access", "Locked")
    olga.settings.await_saved()
    expect(bob.notices).to_have_text("The door was locked: nobody new enters.")
    cleo.ask(meeting.room.link)
    cleo.stopped.says("This room is locked", "Nobody new can enter at the moment.", "Trying again by itself")
    bob.go_offline()
    bob.go_online()
    bob.await_saved()

    olga.settings.choose("access", "Open")
    expect(bob.notices.last).to_have_text("The door is open again.")
    cleo.page.clock.fast_forward(RETRY_MS)
    cleo.await_board()


def test_a_closed_room_sends_everybody_away_who_does_not_moderate(meeting: Meeting) -> None:
    """[EN1] It opens again where it was."""
    olga, bob = meeting.olga, meeting.bob
    shape = bob.board.draw([(400, 300), (500, 350)], tool="r")
    bob.await_saved()
    olga.settings.choose("access", "Closed")
    olga.page.get_by_role("dialog", name="Close the room for everybody?").get_by_test_id("confirm").click()
    olga.settings.await_saved()
    bob.stopped.says("This room is closed", "Nothing was lost.", "Trying again by itself")
    bob.page.reload()
    bob.stopped.says("This room is closed")

    olga.settings.choose("access", "Open")
    olga.settings.await_saved()
    bob.stopped.try_again()
    bob.await_saved()
    bob.board.await_element(shape)
    olga.settings.close()
    olga.await_saved()


def test_a_full_room_lets_in_by_itself_as_soon_as_there_is_space(new_visitor: NewVisitor, server: RoomServer) -> None:
    """[EN2] Who moderates finds a place at any time."""
    olga, bob, mia = (new_visitor(name) for name in ("Olga", "Bob", "Mia"))
    bob.page.clock.install()
    room = olga.own(server)
    most = olga.settings.open("room").get_by_test_id("settings-most")
    most.fill("1")
    most.press("Enter")
    olga.settings.await_saved()
    bob.ask(room.link)
    bob.stopped.says("This room is full", "As many people as it may hold are in it.", "Trying again by itself")
    mia.enter(room.moderator)
    most.fill("")
    with olga.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        most.press("Enter")
    bob.page.clock.fast_forward(RETRY_MS)
    bob.await_board()


def test_a_room_is_deleted_once_its_name_was_typed_and_leaves_a_copy_to_look_at(
    meeting: Meeting, new_visitor: NewVisitor
) -> None:
    """[EN1][EN4]"""
    olga, bob = meeting.olga, meeting.bob
    shape = bob.board.draw([(400, 300), (500, 350)], tool="r")
    bob.await_saved()
    olga.settings.open("danger").get_by_test_id("delete-room").click()
    dialog = olga.page.get_by_role("dialog", name="Delete “Sprint planning” for everybody?")
    dialog.get_by_test_id("typed").fill("sprint planning")
    expect(dialog.get_by_test_id("confirm")).to_be_disabled()
    dialog.get_by_test_id("typed").fill("Sprint planning")
    dialog.get_by_test_id("confirm").click()

    title = "This room was deleted"
    olga.stopped.says(title)
    bob.stopped.says(title, "You can still look at the copy on this device and download it.")
    cleo = new_visitor("Cleo")
    cleo.ask(meeting.room.link)
    cleo.stopped.says(title)
    expect(cleo.stopped.card).not_to_contain_text("copy on this device")
    bob.page.reload()
    bob.stopped.says(title)
    with bob.page.expect_download() as download:
        bob.stopped.card.get_by_test_id("download-copy").click()
    assert [one["id"] for one in json.loads(download.value.path().read_text())["elements"]] == [shape]
    bob.stopped.card.get_by_test_id("look").click()
    expect(bob.stopped.card).to_be_hidden()
    bob.board.await_element(shape)
    expect(bob.page.locator(TOOL)).to_be_hidden()
    bob.await_status("Disconnected")
    pill = bob.status.bounding_box()
    assert pill is not None
    assert pill["width"] < 200


def test_an_invitation_is_made_copied_used_and_revoked(
    new_visitor: NewVisitor, enter: Enter, server: RoomServer
) -> None:
    olga = new_visitor("Olga", permissions=["clipboard-read", "clipboard-write"])
    olga.own(server, access="invite")
    panel = olga.settings.open("invitations")
    panel.get_by_test_id("invitation-role").select_option("viewer")
    panel.get_by_test_id("invitation-label").fill("For the board")
    panel.get_by_test_id("invitation-create").click()
    link = panel.get_by_test_id("invitation-link").input_value()
    panel.get_by_role("button", name="Copy: New invitation link").click()
    expect(panel.get_by_role("button", name="Copy: New invitation link")).to_have_text("Copied")
    assert olga.page.evaluate("() => navigator.clipboard.readText()") == link
    panel.get_by_role("button", name="Done").click()
    assert link not in panel.inner_text()

    vic = enter("Vic", link)
    vic.await_status("View only")
    panel.get_by_test_id("tab-room").click()
    panel.get_by_test_id("tab-invitations").click()
    made = panel.get_by_test_id("invitation").filter(has_text="For the board")
    expect(made).to_contain_text("Only looks · used once")
    made.get_by_role("button", name="Revoke: For the board").click()
    olga.page.get_by_role("dialog", name="Revoke this invitation?").get_by_test_id("confirm").click()
    expect(panel.locator("details")).to_contain_text("1 revoked link")

    panel.get_by_test_id("invitation-label").fill("By mistake")
    panel.get_by_test_id("invitation-create").click()
    expect(panel.get_by_test_id("invitation-link")).to_be_visible()
    panel.get_by_role("button", name="Revoke: By mistake").click()
    olga.page.get_by_role("dialog", name="Revoke this invitation?").get_by_test_id("confirm").click()
    expect(panel.get_by_test_id("invitation-link")).to_have_count(0)

    late = new_visitor("Late")
    late.ask(link)
    late.stopped.says("This room is by invitation", "the invitation is no longer valid")
    vic.reload()
    vic.await_status("View only")


def test_who_hands_the_room_over_moderates_it_from_then_on(meeting: Meeting) -> None:
    olga, bob = meeting.olga, meeting.bob
    dialog = olga.people.act("Bob", "handover")
    expect(dialog).to_contain_text("Bob becomes the owner")
    dialog.get_by_test_id("confirm").click()
    expect(bob.notices).to_have_text("Your role here is now: Owner. You can do everything here.")
    expect(olga.people.row("Bob")).to_contain_text("Owner")
    expect(olga.people.row("Olga")).to_contain_text("Moderator")
    expect(bob.settings.open("danger").get_by_test_id("delete-room")).to_be_enabled()
    expect(olga.settings.open("danger").get_by_test_id("delete-room")).to_be_disabled()


def test_somebody_is_asked_to_mute_and_told_by_whom(meeting: Meeting) -> None:
    olga, bob = meeting.olga, meeting.bob
    Call(bob.page).join("mic")
    olga.people.open()
    expect(olga.people.row("Bob").get_by_test_id("media-mic")).to_be_visible()
    expect(olga.people.menu("Bob").get_by_test_id("menu-mute-camera")).to_have_count(0)
    olga.page.keyboard.press("Escape")
    olga.people.act("Bob", "mute-mic")
    request = bob.page.get_by_test_id("mute-request")
    expect(request).to_contain_text("Olga asks you to mute your microphone.")
    request.get_by_role("button", name="Dismiss").click()
    expect(request).to_be_hidden()


def test_a_raised_hand_is_seen_by_all_and_told_to_those_who_moderate(meeting: Meeting, enter: Enter) -> None:
    olga, bob = meeting.olga, meeting.bob
    cleo = enter("Cleo", meeting.room.link)
    for visitor in (olga, bob, cleo):
        visitor.people.open()
    raise_hand = bob.page.get_by_test_id("raise-hand")
    raise_hand.click()
    expect(raise_hand).to_have_attribute("aria-pressed", "true")
    for visitor in (olga, cleo):
        expect(visitor.people.row("Bob").get_by_test_id("hand")).to_have_text("Hand up")
        expect(visitor.page.get_by_test_id("avatar-hand")).to_have_count(1)
    expect(olga.notices).to_have_text("Bob has a hand up.")
    expect(cleo.notices).to_have_count(0)
    raise_hand.click()
    expect(cleo.page.get_by_test_id("hand")).to_have_count(0)


def test_what_a_person_drew_and_wrote_leaves_boards_chat_and_history(meeting: Meeting, enter: Enter) -> None:
    """[EA8] At once on open pages; what he did to others' elements stays, and nothing of his is in the replay."""
    olga, bob, cleo = meeting.olga, meeting.bob, enter("Cleo", meeting.room.link)
    hers = olga.board.draw([(400, 300), (500, 350)], tool="r")
    olga.meet(bob)
    his = bob.board.draw([(600, 300), (650, 380), (700, 310)])
    bob.page.keyboard.press("v")
    bob.page.mouse.click(400, 325)
    bob.page.keyboard.press("ArrowUp")
    bob.board.write((650, 450), "what Bob wrote")
    bob.await_saved()
    bob.chat.open()
    bob.chat.say("what Bob said")
    for other in (olga, cleo):
        other.board.await_element(his)
    cleo.chat.open()
    expect(cleo.chat.message("what Bob said")).to_be_visible()
    moved = cleo.board.stored()[hers]["xy"]

    danger = olga.settings.open("danger")
    danger.get_by_test_id("erase-who").select_option(label="Bob")
    danger.get_by_test_id("erase").click()
    dialog = olga.page.get_by_role("dialog", name="Erase the data of Bob?")
    expect(dialog).to_contain_text("What Bob drew and wrote stays")
    dialog.get_by_test_id("erase-content").click()
    expect(dialog).to_contain_text("from the whole history")
    dialog.get_by_test_id("confirm").click()

    cleo.board.await_count(1)
    expect(cleo.chat.messages).to_have_count(0)
    assert cleo.board.ids() == [hers]
    assert cleo.board.stored()[hers]["xy"] == moved
    bob.stopped.says("You were removed from this room")
    replay = Replay(cleo.page)
    replay.open()
    for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
        replay.scrub(share)
        assert {element[0] for element in replay.elements()} <= {hers}
    assert [element[0] for element in replay.elements()] == [hers]
