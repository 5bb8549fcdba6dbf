"""THE table: every error of the program has one code, and every code its status and close code."""

from __future__ import annotations

import logging

import pytest

from crdt_docs.errors import DocumentError, MalformedFrame
from persistence.errors import StorageError, StorageUnavailable
from server.errors import ANSWERS, RateLimited, ServerError, SlowConsumer, for_client, named

DESIGN = """
malformed_frame, malformed_update, missing_dependencies, schema_violation, unsupported_schema | 400 | 4400
token_invalid, token_expired | 401 | 4401
permission_denied | 403 | 4403
authorship_violation | 403 | 4410
banned, removed, room_locked, not_admitted | 403 | 4403
unknown_room, unknown_document, asset_missing | 404 | 4404
room_deleted | 410 | 4404
update_too_large, quota_exceeded | 413 | 4413
range_invalid | 416 | 4400
slow_consumer | 503 | 4508
conflict, negotiation_failed | 409 | 4509
rate_limited, room_full | 429 | 4529
room_draining, storage_unavailable | 503 | 4503
corrupt_log, internal | 500 | 1011
unknown_path | 404 | 4404
method_not_allowed | 405 | 4400
"""


def _descendants(root: type) -> set[type]:
    return {kind for child in root.__subclasses__() for kind in (child, *_descendants(child))}


@pytest.mark.parametrize("root", [DocumentError, StorageError, ServerError])
def test_every_error_class_has_a_code_of_the_table(root: type) -> None:
    """[ER1] No error can be raised that a client would not be told by its own code."""
    classes = _descendants(root)

    assert classes
    assert {kind.__name__ for kind in classes if getattr(kind, "code", None) not in ANSWERS} == set()


def test_the_table_is_the_one_of_the_design() -> None:
    """[ER2] Codes, statuses and close codes are the wire's; they do not change by accident."""
    rows = [line.split("|") for line in DESIGN.strip().splitlines()]
    expected = {code.strip(): (int(http), int(close)) for codes, http, close in rows for code in codes.split(",")}

    assert {code: (answer.http, answer.close) for code, answer in ANSWERS.items()} == expected


def test_a_peers_mistake_keeps_its_code_and_sentence() -> None:
    """[ER3] What a peer did wrong is told to it."""
    told = for_client(MalformedFrame("The frame is empty."))

    assert (told.code, told.reason, told.http, told.close) == ("malformed_frame", "The frame is empty.", 400, 4400)


def test_what_is_unforeseen_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """[ER4] A fault of ours leaves no text of ours."""
    with caplog.at_level(logging.ERROR):
        told = for_client(ZeroDivisionError("secret path /srv/x"))

    assert (told.code, told.http, told.close) == ("internal", 500, 1011)
    assert "secret" not in told.reason
    assert "secret path /srv/x" in caplog.text


def test_the_storages_own_words_stay_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """[ER5] Storage errors may name files of the machine."""
    told = named(StorageUnavailable("The disk is full. (/srv/data)"))

    assert told["code"] == "storage_unavailable"
    assert "/srv" not in told["reason"]
    assert "/srv/data" in caplog.text


def test_a_delay_is_told_where_it_is_known() -> None:
    """[ER6] retry_after travels with the code."""
    assert for_client(RateLimited(2.5)).retry_after == 2.5
    assert for_client(SlowConsumer()).retry_after is None


def test_an_error_can_be_made_of_a_code_of_the_table_only() -> None:
    """[ER7] ServerError.of knows the table."""
    assert for_client(ServerError.of("room_draining")).close == 4503
    with pytest.raises(KeyError):
        ServerError.of("no_such_code")
