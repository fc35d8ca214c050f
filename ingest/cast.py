# SPDX-License-Identifier: Apache-2.0
"""The columns of a frame in their table's types; what the table does not name goes to `attributes`."""

from __future__ import annotations

import json
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.compute as pc  # pyright: ignore[reportMissingTypeStubs]
from sqlalchemy import BigInteger, Boolean, Float, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import TIMESTAMP

from ingest.kind import Kind
from ingest.report import LoadReport
from twin.text import Text

_COMMA: Final = ", "

PIPELINE_COLUMNS: Final = frozenset({"geometry", "block_code", "spans_blocks", "load_id", "attributes"})


def cast_columns(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    """Bring every column to its table's type; a value that cannot be is a rejected row, not a NULL."""
    frame = frame.copy(deep=False)
    known = {column.name: column for column in kind.columns}
    extra = [name for name in frame.columns if name not in known and name not in PIPELINE_COLUMNS]
    frame["attributes"] = _attributes(frame, extra) if kind.keeps_attributes else "{}"
    if not kind.keeps_attributes:
        report.ignored_columns = sorted({*report.ignored_columns, *extra})
    frame = frame.drop(columns=extra)
    bad = np.zeros(len(frame), dtype=bool)
    for name, column in known.items():
        if name in PIPELINE_COLUMNS or name not in frame.columns:
            continue
        given = frame[name]
        cast = _cast_column(given, column.type)
        broken = np.asarray(cast.isna() & given.notna())
        if broken.any():
            # What is empty or blank is no value, so nothing of it is lost.
            written = given.astype("string").str.strip()
            broken = broken & (written != "").to_numpy(bool, na_value=False)
        if broken.any():
            turn_away(
                frame, broken & ~bad, report,
                Text(f"值不能读作{_type_name(column.type).zh}", f"the value is not {_type_name(column.type).en}"), name,
            )  # fmt: skip
            bad |= broken
        frame[name] = cast
    return frame[~bad] if bad.any() else frame


def _attributes(frame: gpd.GeoDataFrame, columns: list[str]) -> pd.api.extensions.ExtensionArray:
    """A JSON object for each row, of the columns in which it has a value."""
    members = [_members(name, frame[name]) for name in columns]
    if not members:
        return pd.array(["{}"] * len(frame), dtype="string")
    join = pc.binary_join_element_wise  # pyright: ignore[reportAttributeAccessIssue]
    inner = join(*members, "")
    # The first one's comma gives way to the brace.
    opened = pc.binary_replace_slice(inner, 0, len(_COMMA), "{")  # pyright: ignore[reportAttributeAccessIssue]
    return pd.array(join(opened, "}", ""), dtype="string")


def _members(name: str, values: pd.Series[Any]) -> pa.Array:
    """`, "name": value` for each row, '' where there is no value. Each distinct value is written once."""
    key = json.dumps(name, ensure_ascii=False)

    def write(value: Any) -> str:
        plain = None if _is_missing(value) else _plain(value)
        return "" if _is_missing(plain) else f"{_COMMA}{key}: {json.dumps(plain, ensure_ascii=False)}"

    if values.dtype == object:
        # 1, 1.0 and true are one distinct value, but not one text; and lists have no hash.
        return pa.array([write(value) for value in values], pa.string())
    codes, distinct = pd.factorize(values)
    # What has no code is the last.
    written = pa.array([*(write(value) for value in distinct), ""], pa.string())
    return written.take(pa.array(np.where(codes < 0, len(distinct), codes)))


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not np.isfinite(value)) or value is pd.NaT or value is pd.NA


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | bool | list | dict) else str(value)


def _cast_column(values: pd.Series[Any], kind: object) -> pd.Series[Any]:
    if isinstance(kind, SmallInteger | BigInteger | Integer):
        number = pd.to_numeric(values, errors="coerce")
        return number.where(number == number.round()).astype("Int64")
    if isinstance(kind, Float):
        return pd.to_numeric(values, errors="coerce").astype("Float64")
    if isinstance(kind, Boolean):
        return values.astype("boolean")
    if isinstance(kind, TIMESTAMP):
        return pd.to_datetime(values, errors="coerce", utc=True)
    text = values.astype("string")
    return text.str.replace("\x00", "", regex=False)


def _type_name(kind: object) -> Text:
    if isinstance(kind, SmallInteger | BigInteger | Integer):
        return Text("整数", "a whole number")
    if isinstance(kind, Float):
        return Text("数", "a number")
    if isinstance(kind, TIMESTAMP):
        return Text("时间", "a time")
    return Text("文本", "text")


def turn_away(
    frame: gpd.GeoDataFrame, mask: npt.NDArray[np.bool_], report: LoadReport, reason: Text, column: str
) -> None:
    """Put down the rows that `mask` marks as rejected."""
    if mask.any():
        report.reject([int(row) for row in frame.index[mask]], reason, column)
