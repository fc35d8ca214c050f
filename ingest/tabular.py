# SPDX-License-Identifier: Apache-2.0
"""From a table of text and a mapping to a frame of points for the load pipeline."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.dialects.postgresql import TIMESTAMP

from ingest.kind import Kind
from ingest.mapping import Mapping
from ingest.report import LoadReport
from ingest.scrub import scrub
from twin.errors import RefusedError
from twin.text import Text

_FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%Y/%m/%d", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%y %H:%M", "%m/%d/%y %H:%M", "%d/%m/%Y", "%m/%d/%Y",
)  # fmt: skip


def frame_from_table(
    table: pd.DataFrame, mapping: Mapping, kind: Kind, time_zone: str, report: LoadReport
) -> gpd.GeoDataFrame:
    """The rows of `table` under our names, with points of the table's x and y; the index stays.

    Rows whose coordinates are no numbers, or whose times cannot be read, are turned away. Free text is scrubbed of
    personal data here, before anything else sees it. Times without a zone are taken in `time_zone`.
    """
    fields = mapping.fields
    columns: dict[str, Any] = {}
    is_kept = pd.Series(True, index=table.index)
    for ours, theirs in fields.items():
        if ours in {"x", "y"}:
            continue
        values = table[theirs].str.strip()
        if ours in mapping.values:
            values, unknown = _translate(values, mapping.values[ours], ours, report)
            is_kept[unknown] = False
        if isinstance(kind.table.columns[ours].type, TIMESTAMP):
            values, unread = _times(values, mapping.formats.get(ours), mapping.time_zone or time_zone, theirs, report)
            is_kept[unread] = False
        elif ours in {"summary", "name"}:
            values = scrub(values)
        columns[ours] = values
    for ours, constant in mapping.constants.items():
        columns[ours] = pd.Series(constant, index=table.index, dtype="string")
    report.mapping = dict(fields)
    report.ignored_columns = sorted(set(table.columns) - set(fields.values()))
    frame = pd.DataFrame(columns, index=table.index)
    points, is_number = _points(table, fields)
    if not is_number.all():
        report.reject(
            [int(row) for row in table.index[~is_number]],
            Text("坐标不是数", "a coordinate is not a number"),
            f"{fields['x']}, {fields['y']}",
        )
    is_kept &= is_number
    report.read += int((~is_kept).sum())
    return gpd.GeoDataFrame(frame, geometry=points)[is_kept.to_numpy()]


def _points(table: pd.DataFrame, fields: Any) -> tuple[Any, Any]:
    if "x" not in fields or "y" not in fields:
        return np.full(len(table), None, dtype=object), np.ones(len(table), dtype=bool)
    x, y = (table[fields[axis]].str.strip() for axis in ("x", "y"))
    given = np.asarray(x.notna() & (x != "") & y.notna() & (y != ""))
    lon = pd.to_numeric(x, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    lat = pd.to_numeric(y, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    is_number = ~given | (np.isfinite(lon) & np.isfinite(lat))
    # 0, 0 is how many exporters write "no place"; nothing we serve lies in the Gulf of Guinea.
    placed = given & is_number & ~((lon == 0) & (lat == 0))
    points = np.full(len(table), None, dtype=object)
    points[placed] = shapely.points(lon[placed], lat[placed])
    return points, is_number


def _translate(
    values: pd.Series[Any], words: Any, ours: str, report: LoadReport
) -> tuple[pd.Series[Any], pd.Index[Any]]:
    """The values in our words, and the rows that have a word without a meaning, which are turned away."""
    words = {str(theirs).casefold(): word for theirs, word in words.items()}
    values = values.str.casefold()
    unknown = (values.notna() & (values != "") & ~values.isin(list(words))).fillna(value=False).astype(bool)
    if unknown.any():
        report.reject(
            [int(row) for row in values.index[unknown]],
            Text("映射里没有这个值", "the mapping has no word for this value"),
            ours,
        )
    return values.map(words, na_action="ignore").astype("string"), values.index[unknown]


def _times(
    values: pd.Series[Any], time_format: str | None, time_zone: str, theirs: str, report: LoadReport
) -> tuple[pd.Series[Any], pd.Index[Any]]:
    """The times, and the rows whose time cannot be read, which are turned away."""
    given = values[values.notna() & (values != "")]
    zoned = given.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True)
    if len(given) and zoned.all() and not time_format:
        parsed = pd.to_datetime(given, errors="coerce", utc=True, format="ISO8601")
    else:
        parsed = pd.to_datetime(given, errors="coerce", format=time_format or _detect_format(given, theirs))
        parsed = parsed.dt.tz_localize(time_zone, ambiguous=True, nonexistent="shift_forward").dt.tz_convert("UTC")
    broken = parsed.isna()
    if broken.any():
        report.reject(
            [int(row) for row in parsed.index[broken]],
            Text("时间读不懂", "the time cannot be read"),
            theirs,
        )
    return parsed.reindex(values.index), parsed.index[broken]


def _detect_format(given: pd.Series[Any], theirs: str) -> str:
    """The one format that reads every value; day-month and month-day that both would are not guessed between."""
    fitting = [f for f in _FORMATS if pd.to_datetime(given, errors="coerce", format=f).notna().all()]
    readings = {tuple(pd.to_datetime(given, format=f)): f for f in fitting}
    if len(readings) == 1 or not len(given):
        return fitting[0]
    if readings:
        raise RefusedError(
            Text(
                f"列“{theirs}”的日期有两种读法({' 或 '.join(readings.values())})。请在映射的 [formats] 中写明。",
                f"The dates of '{theirs}' can be read in two ways ({' or '.join(readings.values())}). "
                "Say which in the mapping's [formats].",
            )
        )
    return max(_FORMATS, key=lambda f: int(pd.to_datetime(given, errors="coerce", format=f).notna().sum()))
