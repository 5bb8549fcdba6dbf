"""Letting in who knocks, or not; and asking somebody to be quiet."""

from __future__ import annotations

from dataclasses import replace

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.interfaces import Member
from server.auth.admission import existing
from server.errors import Banned, NotAdmitted, PermissionRefused, UnknownPerson
from server.moderation.parts import ModerationParts
from server.presence.page import Page
from server.signaling.messages import By, Declined, Knocker, LetIn, MediaKind, Muted

DECLINED = "You were not let in."


async def let_in(parts: ModerationParts, page: Page, user: UserId) -> None:
    """[MO10] Open to a person who knocks: he is a member from then on.

    Raises:
        PermissionRefused: The page's person does not moderate.
        UnknownPerson: Nobody of that name waits.
        Banned: He was banned meanwhile.
        StorageError: It could not be kept.
    """
    rooms, now = parts.stores.rooms, parts.clock.now_us()
    async with parts.turns.of(page.room):
        knocker = _knocker(parts, page, user)
        room = existing(await rooms.get(page.room))
        known = await rooms.member(room.id, user)
        if known is not None and known.banned_at is not None:
            raise Banned("This person is banned.")
        newcomer = Member(room.id, user, knocker.name, room.default_role, None, now)
        await rooms.put_members(newcomer if known is None else replace(known, removed_at=None))
    parts.hub.answer_knock(room.id, user, LetIn())
    await parts.audit.note("knock_admitted", room.id, page.author.user, user=user)


async def decline(parts: ModerationParts, page: Page, user: UserId, reason: str) -> None:
    """[MO11] Tell a person who knocks that he is not let in, and why.

    Raises:
        PermissionRefused, UnknownPerson, StorageError: As `let_in`.
    """
    _knocker(parts, page, user)
    await parts.audit.note("knock_declined", page.room, page.author.user, user=user, reason=reason)
    parts.hub.answer_knock(page.room, user, Declined(reason or DECLINED), NotAdmitted(reason or DECLINED))


async def request_mute(parts: ModerationParts, page: Page, session: SessionId, what: MediaKind) -> None:
    """[MO12] Ask a page to stop sending; what it sends is its person's own doing.

    Raises:
        PermissionRefused, StorageError: As `let_in`.
        UnknownPerson: That page is not here.
    """
    _require_moderate(page)
    by = By(page.author.user, page.author.name)
    if not parts.hub.tell_session(page.room, session, Muted(what, by)):
        raise UnknownPerson
    await parts.audit.note("muted", page.room, page.author.user, session=session, what=what)


def _knocker(parts: ModerationParts, page: Page, user: UserId) -> Knocker:
    _require_moderate(page)
    knocker = parts.hub.find_knocker(RoomId(page.room), user)
    if knocker is None:
        raise UnknownPerson("This person does not wait any more.")
    return knocker


def _require_moderate(page: Page) -> None:
    if Permission.MODERATE not in page.author.permissions:
        raise PermissionRefused
