# SPDX-License-Identifier: Apache-2.0
"""Tables (CSV): every cell as the text it is, so that nothing is guessed before a mapping says what it means."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from twin.errors import RefusedError
from twin.text import Text

_ENCODINGS = ("utf-8-sig", "gb18030")
_LONGEST_HEADING = 100_000


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file as text columns; its index is the row number (1 = the first row below the heading).

    Raises RefusedError for a file that is empty, is not text, or has rows of unequal width.
    """
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
        frame = pd.read_csv(
            path, sep=separator, dtype="string", encoding=encoding, keep_default_na=False, na_values=[""],
            skip_blank_lines=True,
        )  # fmt: skip
    except (csv.Error, ValueError) as error:
        raise RefusedError(
            Text(f"{path.name} 读不成表格:{error}", f"{path.name} cannot be read as a table: {error}")
        ) from error
    frame.columns = [str(column).strip() for column in frame.columns]
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


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
