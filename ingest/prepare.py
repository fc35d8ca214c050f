# SPDX-License-Identifier: Apache-2.0
"""From a frame as it was read to rows that may enter: reprojected, repaired, validated, put into blocks."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import BigInteger, Boolean, Float, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import TIMESTAMP

from ingest.kind import Kind
from ingest.report import LoadReport
from twin.blocks import BlockIndex, Meeting
from twin.crs import DeclaredCrs, check_coordinates, geometries_to_storage
from twin.errors import Problem, RefusedError
from twin.model.table import OUTSIDE
from twin.text import Text

_PIPELINE_COLUMNS: Final = frozenset({"geometry", "block_code", "spans_blocks", "load_id", "attributes"})


def prepare(
    frame: gpd.GeoDataFrame, kind: Kind, declared: DeclaredCrs, report: LoadReport, index: BlockIndex | None
) -> tuple[gpd.GeoDataFrame, list[Meeting]]:
    """The rows of `frame` that may enter `kind`, in the storage CRS with `block_code`, and what they span.

    `frame` has `local_id`, the table's columns by name and a geometry column in the declared CRS; its index
    is the row number in the file. What is turned away is put down in `report`. Without an `index` nothing
    is put into blocks and `outside` stays unknown.

    Raises RefusedError when the coordinates are impossible in the declared CRS.
    """
    report.read += len(frame)
    frame = _reject_places(frame, kind, report)
    frame = _to_storage(frame, declared, report)
    frame = _repair(frame, kind, report)
    frame = _name_rows(frame, kind, report)
    frame = _cast(frame, kind, report)
    frame = _reject_duplicates(frame, report)
    report.kept += len(frame)
    return _put_into_blocks(frame, kind, report, index)


def _geometry(frame: gpd.GeoDataFrame) -> npt.NDArray[Any]:
    return np.asarray(frame.geometry.array)


def _reject_places(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    geometry = _geometry(frame)
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    finite = missing | np.isfinite(shapely.bounds(geometry)).all(axis=1)
    _turn_away(frame, ~finite, report, Text("坐标不是数", "a coordinate is not a number"), "geometry")
    wrong = ~missing & finite & (shapely.get_dimensions(geometry) != kind.dimension)
    kinds = (Text("点", "a point"), Text("线", "a line"), Text("面", "an area"))
    wanted = kinds[kind.dimension]
    _turn_away(
        frame, wrong, report,
        Text(f"几何类型不对,{kind.title.zh}应为{wanted.zh}",
             f"wrong geometry type: {kind.title.en} are {wanted.en} each"),
        "geometry",
    )  # fmt: skip
    keep = finite & ~wrong
    if kind.is_place_required:
        _turn_away(frame, missing, report, Text("没有几何", "no geometry"), "geometry")
        keep &= ~missing
    else:
        report.unplaced += int(missing.sum())
    return frame[keep]


def _turn_away(
    frame: gpd.GeoDataFrame, mask: npt.NDArray[np.bool_], report: LoadReport, reason: Text, column: str
) -> None:
    if mask.any():
        report.reject([int(row) for row in frame.index[mask]], reason, column)


def _to_storage(frame: gpd.GeoDataFrame, declared: DeclaredCrs, report: LoadReport) -> gpd.GeoDataFrame:
    geometry = _geometry(frame)
    placed = ~shapely.is_missing(geometry)
    if placed.any():
        bounds = shapely.total_bounds(geometry[placed])
        problems = check_coordinates(
            declared,
            (float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3])),
            report.file_name or "",
        )
        if problems:
            report.problems.extend(problems)
            raise RefusedError(
                Text(
                    f"坐标与声明的坐标系 {declared.name} 不符:{problems[0].what.zh}。{problems[0].fix.zh}。",
                    f"The coordinates do not fit the declared {declared.name}: {problems[0].what.en}. "
                    f"{problems[0].fix.en}.",
                ),
                problems,
            )
    stored = geometries_to_storage(declared, geometry)
    frame = frame.set_geometry(gpd.GeoSeries(stored, index=frame.index))
    reachable = ~placed | np.isfinite(shapely.bounds(stored)).all(axis=1)
    reason = Text(f"坐标不能从 {declared.name} 转换", f"the coordinates cannot be converted from {declared.name}")
    _turn_away(frame, ~reachable, report, reason, "geometry")
    return frame[reachable]


def _repair(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    geometry = _geometry(frame)
    placed = ~shapely.is_missing(geometry)
    broken = placed & ~shapely.is_valid(geometry)
    if broken.any():
        repaired = shapely.make_valid(geometry[broken], method="structure", keep_collapsed=False)
        geometry = geometry.copy()
        geometry[broken] = repaired
        lost = np.zeros(len(frame), dtype=bool)
        lost[broken] = shapely.is_empty(repaired) | (shapely.get_dimensions(repaired) != kind.dimension)
        _turn_away(
            frame, lost, report,
            Text("几何无效且无法修复", "the geometry is invalid and nothing of it can be kept"), "geometry",
        )  # fmt: skip
        report.repaired += int(broken.sum() - lost.sum())
        frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index))[~lost]
        geometry = _geometry(frame)
        placed = ~shapely.is_missing(geometry)
    if kind.dimension == 2:
        # Exterior rings counter-clockwise, as GeoJSON and the tile path want them.
        oriented = shapely.orient_polygons(geometry)
        frame = frame.set_geometry(gpd.GeoSeries(oriented, index=frame.index))
    if placed.any():
        report.include(shapely.total_bounds(_geometry(frame)[placed]).tolist())
    return frame


def _name_rows(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    """Give every row its `local_id`; where the file has none, the digest of its content."""
    frame = frame.copy()
    if "local_id" not in frame.columns:
        frame["local_id"] = _digest_rows(frame)
        report.problems.append(
            Problem(
                report.file_name or kind.name,
                Text(
                    "文件没有编号列,以内容摘要作为编号",
                    "the file has no id column; the digest of a row is its id",
                ),
                Text(
                    "在映射中指定 local_id 列,更新才能对上",
                    "map a column to local_id, so that updates meet their rows",
                ),
            )
        )
    ids = frame["local_id"].astype("string").str.strip()
    missing = np.asarray(ids.isna() | (ids == ""))
    _turn_away(frame, missing, report, Text("没有编号", "no id"), "local_id")
    frame["local_id"] = ids
    return frame[~missing]


def _digest_rows(frame: gpd.GeoDataFrame) -> list[str]:
    digests = [hashlib.sha256(wkb or b"") for wkb in shapely.to_wkb(_geometry(frame))]
    for name in frame.columns.drop("geometry"):
        for digest, value in zip(digests, frame[name], strict=True):
            digest.update(f"\x1f{value}".encode())
    return [digest.hexdigest()[:24] for digest in digests]


def _cast(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    """Bring every column to its table's type; a value that cannot be is a rejected row, not a NULL."""
    frame = frame.copy()
    known = {column.name: column for column in kind.columns}
    extra = [name for name in frame.columns if name not in known and name not in _PIPELINE_COLUMNS]
    frame["attributes"] = _attributes(frame, extra) if kind.keeps_attributes else "{}"
    if not kind.keeps_attributes:
        report.ignored_columns = sorted({*report.ignored_columns, *extra})
    frame = frame.drop(columns=extra)
    bad = np.zeros(len(frame), dtype=bool)
    for name, column in known.items():
        if name in _PIPELINE_COLUMNS or name not in frame.columns:
            continue
        given = frame[name]
        cast = _cast_column(given, column.type)
        broken = np.asarray(cast.isna() & given.notna())
        if broken.any():
            # What is empty or blank is no value, so nothing of it is lost.
            written = given.astype("string").str.strip()
            broken = broken & (written != "").to_numpy(bool, na_value=False)
        if broken.any():
            _turn_away(
                frame, broken & ~bad, report,
                Text(f"值不能读作{_type_name(column.type).zh}", f"the value is not {_type_name(column.type).en}"), name,
            )  # fmt: skip
            bad |= broken
        frame[name] = cast
    return frame[~bad]


def _attributes(frame: gpd.GeoDataFrame, columns: list[str]) -> list[str]:
    """A JSON object for each row, of the columns in which it has a value."""
    if not columns:
        return ["{}"] * len(frame)
    members = [_members(name, frame[name]) for name in columns]
    return ["{" + ", ".join(filter(None, row)) + "}" for row in zip(*members, strict=True)]


def _members(name: str, values: pd.Series[Any]) -> list[str]:
    """`"name": value` for each row, '' where there is no value. Each distinct value is written once."""
    key = json.dumps(name, ensure_ascii=False)

    def write(value: Any) -> str:
        plain = None if _is_missing(value) else _plain(value)
        return "" if _is_missing(plain) else f"{key}: {json.dumps(plain, ensure_ascii=False)}"

    if values.dtype == object:
        # 1, 1.0 and true are one distinct value, but not one text; and lists have no hash.
        return [write(value) for value in values]
    codes, distinct = pd.factorize(values)
    written = np.array([*(write(value) for value in distinct), ""], dtype=object)
    return written[codes].tolist()


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


def _reject_duplicates(frame: gpd.GeoDataFrame, report: LoadReport) -> gpd.GeoDataFrame:
    again = np.asarray(frame["local_id"].duplicated(keep="first"))
    _turn_away(
        frame,
        again,
        report,
        Text("编号与前面一行相同", "the id is that of an earlier row of this file"),
        "local_id",
    )
    return frame[~again]


def _put_into_blocks(
    frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport, index: BlockIndex | None
) -> tuple[gpd.GeoDataFrame, list[Meeting]]:
    frame = frame.copy()
    if index is None:
        report.outside = None
        return frame, []
    geometry = _geometry(frame)
    points = geometry if kind.dimension == 0 else shapely.point_on_surface(geometry)
    homes = index.home(points)
    meetings = index.meetings(geometry, homes) if kind.dimension else []
    frame["block_code"] = homes
    spanning = np.zeros(len(frame), dtype=bool)
    spanning[[meeting.row for meeting in meetings]] = True
    frame["spans_blocks"] = spanning
    report.spanning += int(spanning.sum())
    placed = ~shapely.is_missing(geometry)
    report.outside = (report.outside or 0) + int(((homes == OUTSIDE) & placed & ~spanning).sum())
    return frame, meetings
