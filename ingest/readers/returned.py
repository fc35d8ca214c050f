# SPDX-License-Identifier: Apache-2.0
"""Lists of rejected rows that come back mended: the columns we put before theirs, known by name and set aside.

Every such heading is in both languages with a slash between them, which no column of anybody's own is.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

from twin.errors import RefusedError
from twin.text import Text

ROW: Final = "行/row"
FIELD: Final = "字段/field"
REASON: Final = "原因/reason"
CRS: Final = "坐标系/crs"
SOURCE: Final = "来源/source"
LAYER: Final = "图层/layer"

LEADING: Final = (ROW, FIELD, REASON, CRS, SOURCE, LAYER)
"""What precedes the rows' own columns: where each stood, why it was turned away, and what was declared of it."""

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


def is_returned(columns: list[str]) -> bool:
    """Whether a table is one of our lists of rejected rows."""
    return REASON in columns


def drop_leading(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without the columns that we put before its own."""
    return frame.drop(columns=[name for name in LEADING if name in frame.columns])


def quote_formula(text: str) -> str:
    """A cell for CSV: what a spreadsheet would run as a formula begins with a quote, and so does what looks quoted.

    >>> quote_formula("=1+1"), quote_formula("-73.98"), quote_formula("0012"), quote_formula("'=x")
    ("'=1+1", '-73.98', '0012', "''=x")
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unquote_formulas(values: pd.Series[Any]) -> pd.Series[Any]:
    """A text column as it was before `quote_formula`."""
    return values.str.replace(r"^'(?='*[=+\-@\t\r])", "", regex=True)


def read_declared(frame: pd.DataFrame, column: str, file_name: str) -> str | None:
    """What one of our columns says for all rows; rows that were added below may leave it blank.

    Raises RefusedError where rows of different files have been put together.
    """
    if column not in frame.columns:
        return None
    said = {str(value).strip() for value in frame[column].dropna()} - {""}
    if len(said) > 1:
        shown = ", ".join(sorted(said)[:5])
        raise RefusedError(
            Text(
                f"{file_name} 的“{column}”列有几种说法:{shown}。来自不同文件的行请分开送回。",
                f"'{column}' of {file_name} says several things: {shown}. Send rows of different files back apart.",
            )
        )
    return said.pop() if said else None
