"""Tables as CSV: for people who open them in a spreadsheet, which must not run what others wrote into a cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from quart import Response, request

Cell = str | int | float | bool | None

_RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins with one of these is a formula to spreadsheets (OWASP, "CSV Injection")."""
_TYPE: Final = "text/csv"


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """[ST5] A table as RFC 4180: UTF-8, lines end with CRLF, the first names the columns.

    [ST6] Texts that a spreadsheet would run get an apostrophe in front. None is an empty cell; numbers stay numbers.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def wants_csv() -> bool:
    """Whether the request asks for CSV: `?format=csv`, or an Accept header that likes it better than JSON."""
    named = request.args.get("format")
    if named is not None:
        return named == "csv"
    return request.accept_mimetypes.best_match(["application/json", _TYPE]) == _TYPE


def csv_response(file_name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """A CSV file to keep. `file_name` is ours: letters, digits, dots and dashes."""
    response = Response(write_csv(columns, rows), content_type=f"{_TYPE}; charset=utf-8; header=present")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _cell(value: Cell) -> str | int | float | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_RUN_BY_SPREADSHEETS):
        return "'" + value
    return value
