# SPDX-License-Identifier: Apache-2.0
"""The rows that a load or a check turned away, as they stood in the file: a workbook to mend and send back.

The database keeps row, field and reason of a reject and never a value; so the file is read once more for them, and
the workbook is a file of its own that goes when its time is over. What reading takes out of texts about persons is
taken out of the workbook too.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pyogrio
import shapely
from numpy.typing import NDArray

from ingest.kind import KINDS
from ingest.readers import returned
from ingest.readers.names import SPREADSHEETS, TABLES
from ingest.readers.table import iterate_table, read_cells, read_heading, read_whole
from ingest.readers.vector import choose_layer, find_encoding
from ingest.readers.wkt import WRITTEN, find_wkt, split_wkt, write_wkt
from ingest.report import LoadReport
from ingest.source import Options
from twin.errors import InvalidRequestError, Problem, RefusedError
from twin.personal import scrub_text
from twin.text import Text

MOST_ROWS: Final = 10_000
"""The most rows of one workbook: nobody mends more by hand, and it is made in memory."""

_BATCH_ROWS: Final = 20_000

_LAYERS: Final = frozenset({"business", "points"})
"""Kinds whose source is within a layer."""

_READ_OTHERWISE: Final = _LAYERS | {"addresses", "rental_spaces", "survey_answers"}
"""Kinds besides those that leave columns behind whose every text is scrubbed as it is read."""

_IDENTIFIER: Final = re.compile(r"(^|_)(id|code|number|room|uscc)$")
"""Fields of digits: a code of eighteen looks like an identity number, and scrubbed it would be nobody's."""

_DECIMAL: Final = re.compile(r"\s*-?\d+\.\d+(?:[eE][+-]?\d+)?\s*")
"""A coordinate or measure, whose digits may look like a telephone's."""


@dataclass(frozen=True)
class RejectedRows:
    """Text cells by column, the rows' numbers in the file, and how many more rows were turned away."""

    cells: pd.DataFrame
    left_out: int


def recall_options(path: Path, options: Options) -> Options:
    """What the workbook says of itself, for whatever the sender does not say: CRS, source and layer.

    Raises RefusedError where rows of different files have been put together, or where it is to be the whole list.
    """
    if path.suffix.lower() not in TABLES or not path.is_file():
        return options
    sheet = options.layer
    if path.suffix.lower() in SPREADSHEETS:
        names = [str(name) for name in _list_sheets(path)]
        # The sheet that the rows first came from has another name here.
        sheet = names[0] if len(names) == 1 else sheet
        if sheet not in names:
            return options
    if not returned.is_returned(read_heading(path, sheet)):
        return options
    if options.update == "whole":
        raise RefusedError(
            Text(
                f"{path.name} 是被拒行的清单,不是完整的名单:按完整名单载入会终止其余的行。请用 part。",
                f"{path.name} is a list of rejected rows and not the whole list, by which all other rows would end. "
                "Load it as a part.",
            )
        )
    whole = read_whole(path, sheet)
    crs, source, layer = (
        returned.read_declared(whole, column, path.name)
        for column in (returned.CRS, returned.SOURCE, returned.LAYER)
    )  # fmt: skip
    return replace(
        options, layer=sheet if path.suffix.lower() in SPREADSHEETS else None, crs=options.crs or crs,
        source_id=options.source_id or source, layer_name=options.layer_name or layer,
    )  # fmt: skip


def write_rejected(path: Path, options: Options, report: LoadReport, *targets: Path) -> RejectedRows:
    """Write the rows of `path` that the report turned away to `targets` (.xlsx, .csv).

    Raises InvalidRequestError for another ending, or for rows that are in no file; RefusedError for a file that is
    no longer what it was.
    """
    rows = collect_rejected(path, options, report)
    for target in targets:
        # GDAL takes the first .xlsx in a path for the end of the file's name.
        making = target.with_name(f"{target.stem}.part{target.suffix}")
        _touch_private(making)
        if target.suffix.lower() == ".xlsx":
            _write_xlsx(rows, making, len({reject.row for reject in report.rejects}))
        elif target.suffix.lower() == ".csv":
            _write_csv(rows, making)
        else:
            making.unlink()
            raise InvalidRequestError(
                Text(f"{target.name} 应为 .xlsx 或 .csv。", f"{target.name} ends in .xlsx or .csv."), "rejects"
            )
        making.replace(target)
    return rows


def collect_rejected(path: Path, options: Options, report: LoadReport) -> RejectedRows:
    """The rows of the file that the report turned away, with where they stood and why, at most `MOST_ROWS`."""
    if not path.is_file():
        raise InvalidRequestError(
            Text(f"{path} 不是文件,被拒的行写不出来。", f"{path} is no file, so its rejected rows cannot be written."),
            "rejects",
        )
    every = sorted({reject.row for reject in report.rejects})
    wanted = np.array(every[:MOST_ROWS], dtype=np.int64)
    try:
        found = [part for part in _read_again(path, options, wanted) if len(part)]
    except (RuntimeError, ValueError) as error:  # what GDAL, its drivers and its texts may raise
        raise RefusedError(Text(f"读不了 {path.name}:{error}", f"{path.name} cannot be read: {error}")) from error
    cells = pd.concat(found) if found else pd.DataFrame(index=pd.Index([], dtype="int64"))
    cells = _scrub(cells.astype("string"), report, is_table=path.suffix.lower() in TABLES)
    why = _explain(report, set(cells.index))
    leading = pd.DataFrame(
        {
            returned.ROW: [str(row) for row in cells.index],
            returned.FIELD: [why[row][0] for row in cells.index],
            returned.REASON: [why[row][1] for row in cells.index],
            returned.CRS: report.crs_declared,
            returned.SOURCE: _source(report, options),
            returned.LAYER: _layer(report, options),
        },
        index=cells.index, dtype="string",
    )  # fmt: skip
    return RejectedRows(pd.concat([leading, cells], axis="columns"), len(every) - len(cells))


def tell_left_out(rows: RejectedRows, report: LoadReport) -> Problem | None:
    """What a report says of a workbook that does not hold every row."""
    if not rows.left_out:
        return None
    held = len(rows.cells)
    return Problem(
        report.file_name or report.kind,
        Text(
            f"被拒的行太多,工作簿只有前 {held} 行,另有 {rows.left_out} 行不在其中",
            f"too many rows were rejected: the workbook has the first {held}, and {rows.left_out} more are not in it",
        ),
        Text("在原文件中修正后整个重新载入", "mend the file itself and load it again"),
    )


def _source(report: LoadReport, options: Options) -> str:
    """Whose ids they are; of business points the layer comes before it, and is said on its own."""
    return (options.source_id or "") if report.kind in _LAYERS else report.source_id


def _layer(report: LoadReport, options: Options) -> str | None:
    if report.kind not in _LAYERS:
        return None
    return options.layer_name or report.source_id.partition("/")[0]


def _explain(report: LoadReport, rows: set[int]) -> dict[int, tuple[str, str]]:
    fields: dict[int, dict[str, None]] = {row: {} for row in rows}
    reasons: dict[int, dict[str, None]] = {row: {} for row in rows}
    for reject in report.rejects:
        if reject.row in rows:
            fields[reject.row][reject.field or ""] = None
            reasons[reject.row][f"{reject.reason.zh} / {reject.reason.en}"] = None
    return {row: ("\n".join(filter(None, fields[row])), "\n".join(reasons[row])) for row in rows}


def _read_again(path: Path, options: Options, wanted: NDArray[np.int64]) -> Iterator[pd.DataFrame]:
    """Those rows as text, a part of the file at a time, numbered as their readers number them."""
    if path.suffix.lower() in SPREADSHEETS:
        whole = read_cells(path, options.layer)
        yield whole.loc[whole.index.isin(wanted)]
    elif path.suffix.lower() in TABLES:
        for part in iterate_table(path, _BATCH_ROWS):
            yield part.loc[part.index.isin(wanted)]
    else:
        # Blocks are numbered on from file to file and from layer to layer.
        first = 1
        for file in (path, *options.further):
            for layer in options.layer.split(",") if options.layer else [None]:
                for batch, shape in _iterate_vector(file, layer):
                    at = np.flatnonzero(np.isin(np.arange(first, first + len(batch)), wanted))
                    yield _as_text(batch.take(pa.array(at)), shape, at + first)
                    first += len(batch)


def _iterate_vector(path: Path, layer: str | None) -> Iterator[tuple[pa.RecordBatch, str]]:
    """Batches of a layer as it is stored, without the guesses of a data frame, and the name of their geometry."""
    name = choose_layer(path, layer.strip() if layer else None)
    with pyogrio.open_arrow(
        path, layer=name, encoding=find_encoding(path), batch_size=_BATCH_ROWS, use_pyarrow=True
    ) as (described, batches):  # fmt: skip
        for batch in batches:
            yield batch, str(described["geometry_name"] or "wkb_geometry")


def _as_text(batch: pa.RecordBatch, shape: str, rows: NDArray[np.int64]) -> pd.DataFrame:
    columns = {
        field: [_write(value) for value in values.to_pylist()]
        for field, values in zip(batch.schema.names, batch.columns, strict=True)
        if field != shape
    }
    if shape in batch.schema.names:
        wkb = np.array([*batch.column(shape).to_pylist(), None], dtype=object)[:-1]
        columns[WRITTEN] = write_wkt(shapely.from_wkb(wkb, on_invalid="ignore"))
    return pd.DataFrame(columns, index=pd.Index(rows), dtype="string")


def _write(value: Any) -> str | None:
    """A value as people write it: long numbers with all their digits, times as ISO 8601, lists as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return np.format_float_positional(value, trim="-") if np.isfinite(value) else str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False, default=str)


def _scrub(cells: pd.DataFrame, report: LoadReport, *, is_table: bool) -> pd.DataFrame:
    """The cells without what reading takes out of them, or leaves behind, since it may be about persons."""
    kind = KINDS.get(report.kind)
    ours = {theirs: name for name, theirs in (report.mapping or {}).items()}
    is_personal = report.kind in _READ_OTHERWISE or (kind is not None and not kind.keeps_attributes)
    shapes = (WRITTEN, *find_wkt(cells.columns))
    if is_personal:
        cells = cells.drop(columns=[n for n in report.ignored_columns if n in cells.columns and n not in shapes])
    for column in cells.columns:
        name = ours.get(column, column)
        # A row that slipped by a column has its telephone where the time belongs, so every field but these is read.
        is_open = is_personal and column not in shapes and not _IDENTIFIER.search(name)
        if is_open or (is_table and name in {"name", "summary"}):
            cells[column] = cells[column].map(_scrub_cell, na_action="ignore").astype("string")
    return cells


def _scrub_cell(text: str) -> str:
    return text if _DECIMAL.fullmatch(text) else scrub_text(text)


def _write_xlsx(rows: RejectedRows, target: Path, count: int) -> None:
    """One sheet of text cells: codes keep their zeros, and nothing is a formula."""
    cells = rows.cells.astype(object).where(rows.cells.notna(), None)
    if WRITTEN in cells.columns:
        for name, values in split_wkt(list(cells[WRITTEN])).items():
            cells[name] = values
    held = len(cells)
    title = f"被拒 {held} rejected" if not rows.left_out else f"前 {held} 行,共 {count} 行被拒 first of"
    # Without a row there is nothing that says the cells are text.
    target.unlink()
    pyogrio.write_dataframe(cells.reset_index(drop=True), target, layer=title[:31], driver="XLSX")
    target.chmod(0o600)


def _write_csv(rows: RejectedRows, target: Path) -> None:
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows.cells.columns)
        for row in rows.cells.itertuples(index=False):
            writer.writerow(["" if cell is pd.NA else returned.quote_formula(str(cell)) for cell in row])


def _touch_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))


def _list_sheets(path: Path) -> list[str]:
    try:
        return [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except (RuntimeError, ValueError):
        return []
