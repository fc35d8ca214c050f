# SPDX-License-Identifier: Apache-2.0
"""From a frame as it was read to rows that may enter: reprojected, repaired, validated, put into blocks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from ingest.cast import cast_columns, turn_away
from ingest.kind import Kind
from ingest.report import LoadReport
from ingest.rings import are_valid, find_turned
from twin.blocks import BlockIndex, Meeting
from twin.crs import DeclaredCrs, check_coordinates, geometries_to_storage
from twin.errors import Problem, RefusedError
from twin.home import OUTSIDE
from twin.text import Text

_NO_ID: Final = (
    Text("文件没有编号列,以内容摘要作为编号", "the file has no id column; the digest of a row is its id"),
    Text("在映射中指定 local_id 列,更新才能对上", "map a column to local_id, so that updates meet their rows"),
)


@dataclass(frozen=True)
class Placed:
    """Rows that may enter unless an earlier row has their id: `homes` and `is_spanning` go with `frame`, the
    `meetings` count its rows. Without an index of blocks nothing is placed (`homes` is None)."""

    frame: gpd.GeoDataFrame
    homes: npt.NDArray[Any] | None
    is_spanning: npt.NDArray[np.bool_]
    meetings: list[Meeting]


class SeenIds:
    """The ids of a file's earlier rows.

    A file in the order of its ids needs no more than the first and last of each portion; another has them all kept.
    """

    def __init__(self) -> None:
        """None so far."""
        self._portions: list[tuple[str, str, pd.Series[Any]]] = []
        self._ids = set[str]()

    def add(self, ids: pd.Series[Any]) -> npt.NDArray[np.bool_]:
        """Take the next portion's ids (none missing) in and say which of them earlier portions have."""
        again = np.zeros(len(ids), dtype=bool)
        if ids.empty:
            return again
        first, last = str(ids.min()), str(ids.max())
        if self._ids or any(first <= high and low <= last for low, high, _ in self._portions):
            for _, _, earlier in self._portions:
                self._ids.update(earlier)
            self._portions.clear()
            again = np.fromiter((local_id in self._ids for local_id in ids), bool, len(ids))
            self._ids.update(ids)
        else:
            self._portions.append((first, last, ids))
        return again


def prepare(
    frame: gpd.GeoDataFrame, kind: Kind, declared: DeclaredCrs, report: LoadReport, index: BlockIndex | None
) -> tuple[gpd.GeoDataFrame, list[Meeting]]:
    """The rows of `frame` that may enter `kind`, in the storage CRS with `block_code`, and what they span.

    `frame` has `local_id`, the table's columns by name and a geometry column in the declared CRS; its index
    is the row number in the file. What is turned away is put down in `report`. Without an `index` nothing
    is put into blocks and `outside` stays unknown. A file in portions is examined portion by portion, which may
    happen at once, and settled in their order.

    Raises RefusedError when the coordinates are impossible in the declared CRS.
    """
    return settle(examine(frame, kind, declared, report, index), report, SeenIds())


def examine(
    frame: gpd.GeoDataFrame, kind: Kind, declared: DeclaredCrs, report: LoadReport, index: BlockIndex | None
) -> Placed:
    """What can be said of rows without those before them: see `prepare`."""
    report.read += len(frame)
    frame = _reject_places(frame, kind, report)
    frame = _to_storage(frame, declared, report)
    frame = _repair(frame, kind, report)
    frame = _name_rows(frame, kind, report)
    frame = cast_columns(frame, kind, report)
    geometry, is_spanning = _geometry(frame), np.zeros(len(frame), dtype=bool)
    if index is None:
        report.outside = None
        return Placed(frame, None, is_spanning, [])
    homes, meetings = index.place(geometry) if kind.dimension else (index.home(geometry), [])
    is_spanning[[meeting.row for meeting in meetings]] = True
    return Placed(frame, homes, is_spanning, meetings)


def settle(placed: Placed, report: LoadReport, seen: SeenIds) -> tuple[gpd.GeoDataFrame, list[Meeting]]:
    """The examined rows whose id no earlier row has, and what they span; `report` counts them."""
    frame, homes, is_spanning, meetings = placed.frame, placed.homes, placed.is_spanning, placed.meetings
    ids = frame["local_id"]
    again = np.array(ids.duplicated(keep="first"), dtype=bool) | seen.add(ids)
    if again.any():
        turn_away(
            frame,
            again,
            report,
            Text("编号与前面一行相同", "the id is that of an earlier row of this file"),
            "local_id",
        )
        place = np.cumsum(~again) - 1
        meetings = [replace(meeting, row=int(place[meeting.row])) for meeting in meetings if not again[meeting.row]]
        frame, is_spanning = frame[~again], is_spanning[~again]
        homes = None if homes is None else homes[~again]
    report.kept += len(frame)
    frame = frame.copy(deep=False)
    if homes is not None:
        frame["block_code"] = homes
        frame["spans_blocks"] = is_spanning
        report.spanning += int(is_spanning.sum())
        is_outside = (homes == OUTSIDE) & ~is_spanning & ~shapely.is_missing(_geometry(frame))
        report.outside = (report.outside or 0) + int(is_outside.sum())
    return frame, meetings


def _geometry(frame: gpd.GeoDataFrame) -> npt.NDArray[Any]:
    return np.asarray(frame.geometry.array)


def _reject_places(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    geometry = _geometry(frame)
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    finite = missing | np.isfinite(shapely.bounds(geometry)).all(axis=1)
    turn_away(frame, ~finite, report, Text("坐标不是数", "a coordinate is not a number"), "geometry")
    wrong = ~missing & finite & (shapely.get_dimensions(geometry) != kind.dimension)
    kinds = (Text("点", "a point"), Text("线", "a line"), Text("面", "an area"))
    wanted = kinds[kind.dimension]
    turn_away(
        frame, wrong, report,
        Text(f"几何类型不对,{kind.title.zh}应为{wanted.zh}",
             f"wrong geometry type: {kind.title.en} are {wanted.en} each"),
        "geometry",
    )  # fmt: skip
    keep = finite & ~wrong
    if kind.is_place_required:
        turn_away(frame, missing, report, Text("没有几何", "no geometry"), "geometry")
        keep &= ~missing
    else:
        report.unplaced += int(missing.sum())
    return frame if keep.all() else frame[keep]


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
    turn_away(frame, ~reachable, report, reason, "geometry")
    return frame if reachable.all() else frame[reachable]


def _repair(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    geometry = _geometry(frame)
    placed = ~shapely.is_missing(geometry)
    broken = placed & ~are_valid(geometry)
    if broken.any():
        repaired = shapely.make_valid(geometry[broken], method="structure", keep_collapsed=False)
        geometry = geometry.copy()
        geometry[broken] = repaired
        lost = np.zeros(len(frame), dtype=bool)
        lost[broken] = shapely.is_empty(repaired) | (shapely.get_dimensions(repaired) != kind.dimension)
        turn_away(
            frame, lost, report,
            Text("几何无效且无法修复", "the geometry is invalid and nothing of it can be kept"), "geometry",
        )  # fmt: skip
        report.repaired += int(broken.sum() - lost.sum())
        frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index))[~lost]
        geometry = _geometry(frame)
        placed = ~shapely.is_missing(geometry)
    if kind.dimension == 2:
        turned = find_turned(geometry)
        if turned.any():
            geometry = geometry.copy()
            geometry[turned] = shapely.orient_polygons(geometry[turned])
            frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index))
    if placed.any():
        report.include(shapely.total_bounds(_geometry(frame)[placed]).tolist())
    return frame


def _name_rows(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    """Give every row its `local_id`; where the file has none, the digest of its content."""
    frame = frame.copy(deep=False)
    if "local_id" not in frame.columns:
        frame["local_id"] = _digest_rows(frame)
        problem = Problem(report.file_name or kind.name, *_NO_ID)
        if problem not in report.problems:
            report.problems.append(problem)
    ids = frame["local_id"].astype("string").str.strip()
    missing = np.asarray(ids.isna() | (ids == ""))
    turn_away(frame, missing, report, Text("没有编号", "no id"), "local_id")
    frame["local_id"] = ids
    return frame[~missing] if missing.any() else frame


def _digest_rows(frame: gpd.GeoDataFrame) -> list[str]:
    digests = [hashlib.sha256(wkb or b"") for wkb in shapely.to_wkb(_geometry(frame))]
    for name in frame.columns.drop("geometry"):
        for digest, value in zip(digests, frame[name], strict=True):
            digest.update(f"\x1f{value}".encode())
    return [digest.hexdigest()[:24] for digest in digests]
