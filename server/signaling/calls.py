"""What the pages of a call say to each other: passed on from page to page, under the sender's name."""

from __future__ import annotations

from typing import Protocol

from crdt_docs.ids import SessionId
from server.errors import PermissionRefused, UnknownPerson
from server.metrics import Metrics
from server.presence.page import Page
from server.presence.sessions import SessionBook
from server.signaling.descriptions import check_description
from server.signaling.hub import Hub
from server.signaling.messages import (
    Answer,
    AnswerOf,
    Candidate,
    CandidateOf,
    HangUp,
    HangUpOf,
    Offer,
    OfferOf,
    Quality,
    ServerMessage,
)

ToPeer = Offer | Answer | Candidate | HangUp


class CallParts(Protocol):
    """What passing on takes."""

    @property
    def hub(self) -> Hub: ...
    @property
    def sessions(self) -> SessionBook: ...
    @property
    def metrics(self) -> Metrics: ...


def pass_on(parts: CallParts, page: Page, message: ToPeer) -> None:
    """[CA2] Tell it to the page that it is for, and to no other. [CA3] Who sends it is written here.

    Raises:
        PermissionRefused: The sender is not in the call, or describes what he may not send.
        MalformedRequest: The description is none of a call.
        UnknownPerson: That page is not in the call under that id, or cannot be reached now.
    """
    _require_call(page)
    if isinstance(message, Offer | Answer):
        check_description(message.sdp, page.author.permissions)
    to = SessionId(message.to)
    if not any(other.author.session == to and other.call == message.peer for other in parts.sessions.pages(page.room)):
        raise UnknownPerson("That page is not in the call.")
    if to == page.author.session or not parts.hub.tell_session(page.room, to, _signed(page, message)):
        raise UnknownPerson("That page cannot be reached now.")


def note_quality(parts: CallParts, page: Page, quality: Quality) -> None:
    """[CA9] Count how good a page's connections are.

    Raises:
        PermissionRefused: The page is not in the call.
    """
    _require_call(page)
    metrics = parts.metrics
    for value, histogram, unit in (
        (quality.rtt_ms, metrics.call_round_trip, 1e-3),
        (quality.jitter_ms, metrics.call_jitter, 1e-3),
        (quality.loss, metrics.call_loss, 1.0),
        (quality.up_kbps, metrics.call_up, 1e3),
        (quality.down_kbps, metrics.call_down, 1e3),
    ):
        if value is not None:
            histogram.observe(value * unit)


def _require_call(page: Page) -> None:
    if not page.call:
        raise PermissionRefused("You are not in the call.")


def _signed(page: Page, message: ToPeer) -> ServerMessage:
    sender, peer = page.author.session, page.call
    match message:
        case Offer():
            return OfferOf(sender, peer, message.link, message.sdp)
        case Answer():
            return AnswerOf(sender, peer, message.link, message.sdp)
        case Candidate():
            return CandidateOf(sender, peer, message.link, message.candidate)
        case HangUp():
            return HangUpOf(sender, peer, message.link)
