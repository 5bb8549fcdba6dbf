"""CSV as spreadsheets and programs read it."""

from __future__ import annotations

import csv
import io

import pytest

from server.routes.spreadsheet import write_csv


def _read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


def test_a_table_is_rfc_4180() -> None:
    """[ST5] CRLF, quotes doubled, no mark in front; what is read is what was written."""
    rows = [["Ann, the first", 'says "hi"'], ["two\nlines", "Größe 🟢"], ["", None]]

    content = write_csv(["name", "text"], rows)

    assert content.startswith(b"name,text\r\n")
    assert b'"Ann, the first","says ""hi"""\r\n' in content
    assert _read(content) == [["name", "text"], *(["" if cell is None else cell for cell in row] for row in rows)]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_run_by_a_spreadsheet(start: str) -> None:
    """[ST6] A name such as =HYPERLINK(…) stays a text, in every column."""
    text = start + 'HYPERLINK("http://elsewhere.invalid")'

    _, row = _read(write_csv(["a", "b"], [["harmless", text]]))

    assert row == ["harmless", "'" + text]


def test_numbers_stay_numbers() -> None:
    """[ST6] A number is not a text: no apostrophe before a minus that is ours; truth is a word."""
    content = write_csv(["a", "b", "c"], [[-5, 1.5, True]])

    assert content == b"a,b,c\r\n-5,1.5,true\r\n"


def test_a_text_that_is_no_unicode_does_not_end_the_table() -> None:
    """[ST5] A lone surrogate becomes a question mark."""
    assert write_csv(["a"], [["\udc80"]]) == b"a\r\n?\r\n"
