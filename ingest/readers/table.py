# SPDX-License-Identifier: Apache-2.0
"""Tables (CSV, spreadsheets): every cell as the text it is; nothing is guessed before a mapping says what it means."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyogrio

from ingest.readers.names import SPREADSHEETS
from ingest.readers.returned import drop_leading, is_returned, unquote_formulas
from twin.errors import RefusedError
from twin.text import Text

_ENCODINGS = ("utf-8-sig", "gb18030")
_LONGEST_HEADING = 100_000


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file as text columns; its index is the row number (1 = the first row below the heading).

    Raises RefusedError for a file that is empty, is not text, or has rows of unequal width.
    """
    return drop_leading(read_whole(path))


def read_cells(path: Path, layer: str | None = None) -> pd.DataFrame:
    """A CSV file or one sheet of a spreadsheet, as `read_table` gives it. Raises RefusedError."""
    return drop_leading(read_whole(path, layer))


def read_whole(path: Path, layer: str | None = None) -> pd.DataFrame:
    """As `read_cells`, with the columns too that a list of rejected rows has before its own."""
    if path.suffix.lower() in SPREADSHEETS:
        return _read_sheet(path, layer)
    encoding, separator = _inspect(path)
    try:
        frame = pd.read_csv(
            path, sep=separator, dtype="string", encoding=encoding, keep_default_na=False, na_values=[""],
            skip_blank_lines=True,
        )  # fmt: skip
    except (csv.Error, ValueError) as error:
        raise _unreadable(path, error) from error
    return _number(frame, 1)


def read_heading(path: Path, layer: str | None = None) -> list[str]:
    """The names of a table's columns, without reading its rows. Raises RefusedError for a file that is no table."""
    if path.suffix.lower() in SPREADSHEETS:
        return [str(name).strip() for name in _read_sheet(path, layer, 0).columns]
    with path.open("rb") as file:
        line = next((line for line in file if line.strip()), b"")
    for encoding in _ENCODINGS:
        with suppress(UnicodeDecodeError):
            text = line.decode(encoding)
            return [name.strip() for name in next(csv.reader([text], delimiter=_separator(text, path.name)), [])]
    return []


def iterate_table(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """The rows of a CSV file as `read_table` numbers them, so many at a time. Raises RefusedError."""
    encoding, separator = _inspect(path)
    first = 1
    with pd.read_csv(
        path, sep=separator, dtype="string", encoding=encoding, keep_default_na=False, na_values=[""],
        skip_blank_lines=True, chunksize=rows,
    ) as parts:  # fmt: skip
        for part in parts:
            yield drop_leading(_number(part, first))
            first += len(part)


def _number(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    frame.columns = [str(column).strip() for column in frame.columns]
    frame.index = pd.RangeIndex(first, first + len(frame))
    if is_returned(list(frame.columns)):
        return frame.apply(unquote_formulas)
    return frame


def _read_sheet(path: Path, layer: str | None, most: int | None = None) -> pd.DataFrame:
    try:
        sheets = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        if layer is None and len(sheets) != 1:
            raise RefusedError(
                Text(
                    f"{path.name} 有 {len(sheets)} 个工作表,请用 --layer 指定:{', '.join(sheets)}。",
                    f"{path.name} has {len(sheets)} sheets; name one with --layer: {', '.join(sheets)}.",
                )
            )
        # Cells stay the text they are: codes keep their leading zeros.
        frame = pyogrio.read_dataframe(
            path, layer=layer or sheets[0], read_geometry=False, max_features=most, HEADERS="FORCE",
            FIELD_TYPES="STRING",
        )  # fmt: skip
    except (RuntimeError, ValueError) as error:
        raise RefusedError(Text(f"读不了 {path.name}:{error}", f"{path.name} cannot be read: {error}")) from error
    if not len(frame.columns):
        raise RefusedError(Text(f"{path.name} 是空表。", f"{path.name} is empty."))
    frame.columns = [str(column).strip() for column in frame.columns]
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame.astype("string")


def _unreadable(path: Path, error: Exception) -> RefusedError:
    return RefusedError(Text(f"{path.name} 读不成表格:{error}", f"{path.name} cannot be read as a table: {error}"))


def _inspect(path: Path) -> tuple[str, str]:
    """The encoding and the separator of a CSV file. Raises RefusedError for what is none."""
    raw = path.read_bytes()
    if not raw.strip():
        raise RefusedError(Text(f"{path.name} 是空文件。", f"{path.name} is empty."))
    for encoding in _ENCODINGS:
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise RefusedError(
            Text(f"{path.name} 不是 UTF-8 或 GBK 文本。", f"{path.name} is text neither in UTF-8 nor in GBK.")
        )
    if text.lstrip()[:1] in {"{", "[", "<"}:
        raise RefusedError(
            Text(f"{path.name} 是 JSON 或 XML,不是表格(CSV)。", f"{path.name} is JSON or XML, not a table (CSV).")
        )
    separator = _separator(text, path.name)
    try:
        _check_widths(text, separator, path.name)
    except (csv.Error, ValueError) as error:
        raise _unreadable(path, error) from error
    return encoding, separator


def _separator(text: str, file_name: str) -> str:
    heading = text.lstrip().split("\n", 1)[0]
    if len(heading) > _LONGEST_HEADING:
        raise RefusedError(
            Text(
                f"{file_name} 的第一行有 {len(heading)} 个字符,不像表格的标题行。",
                f"The first line of {file_name} has {len(heading)} characters; that is no table's heading.",
            )
        )
    return max((",", ";", "\t", "|"), key=heading.count)


def _check_widths(text: str, separator: str, file_name: str) -> None:
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    width = len(next(rows, []))
    wrong = [number for number, row in enumerate(rows, start=1) if row and len(row) != width]
    if wrong:
        shown = ", ".join(str(n) for n in wrong[:10])
        raise RefusedError(
            Text(
                f"{file_name}:第 {shown} 行的列数与标题行({width} 列)不同。请检查引号与分隔符。",
                f"{file_name}: rows {shown} do not have the heading's {width} columns. Check quotes and separators.",
            )
        )
