# SPDX-License-Identifier: Apache-2.0
"""From a frame as it was read to rows that may enter: reprojected, repaired, validated, put into blocks."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from ingest.cast import cast_columns, turn_away
from ingest.kind import Kind
from ingest.report import LoadReport
from twin.blocks import BlockIndex, Meeting
from twin.crs import DeclaredCrs, check_coordinates, geometries_to_storage
from twin.errors import Problem, RefusedError
from twin.model.table import OUTSIDE
from twin.text import Text

_NO_ID: Final = (
    Text("文件没有编号列,以内容摘要作为编号", "the file has no id column; the digest of a row is its id"),
    Text("在映射中指定 local_id 列,更新才能对上", "map a column to local_id, so that updates meet their rows"),
)


def prepare(
    frame: gpd.GeoDataFrame,
    kind: Kind,
    declared: DeclaredCrs,
    report: LoadReport,
    index: BlockIndex | None,
    seen: set[str] | None = None,
) -> tuple[gpd.GeoDataFrame, list[Meeting]]:
    """The rows of `frame` that may enter `kind`, in the storage CRS with `block_code`, and what they span.

    `frame` has `local_id`, the table's columns by name and a geometry column in the declared CRS; its index
    is the row number in the file. What is turned away is put down in `report`. Without an `index` nothing
    is put into blocks and `outside` stays unknown. A file that comes in portions brings the ids of the earlier
    ones along in `seen`, which this one's are added to.

    Raises RefusedError when the coordinates are impossible in the declared CRS.
    """
    report.read += len(frame)
    frame = _reject_places(frame, kind, report)
    frame = _to_storage(frame, declared, report)
    frame = _repair(frame, kind, report)
    frame = _name_rows(frame, kind, report)
    frame = cast_columns(frame, kind, report)
    frame = _reject_duplicates(frame, report, seen)
    report.kept += len(frame)
    return _put_into_blocks(frame, kind, report, index)


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
    return frame[keep]


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
        turn_away(
            frame, lost, report,
            Text("几何无效且无法修复", "the geometry is invalid and nothing of it can be kept"), "geometry",
        )  # fmt: skip
        report.repaired += int(broken.sum() - lost.sum())
        frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index))[~lost]
        geometry = _geometry(frame)
        placed = ~shapely.is_missing(geometry)
    if kind.dimension == 2:
        turned = _find_turned(geometry)
        if turned.any():
            geometry = geometry.copy()
            geometry[turned] = shapely.orient_polygons(geometry[turned])
            frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index))
    if placed.any():
        report.include(shapely.total_bounds(_geometry(frame)[placed]).tolist())
    return frame


def _find_turned(geometry: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which areas may have a ring the wrong way: exteriors go counter-clockwise, as GeoJSON and the tiles want them.

    An area of several rings is not looked into; whoever turns it finds out.
    """
    turned = ~shapely.is_missing(geometry)
    rings = shapely.get_num_interior_rings(geometry)
    simple = np.flatnonzero((shapely.get_type_id(geometry) == shapely.GeometryType.POLYGON) & (rings == 0))
    xy, owner = shapely.get_coordinates(geometry[simple], return_index=True)
    if len(xy):
        # Twice the signed area of each, from its own first point; the step from one to the next is none of either.
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        xy = xy - xy[first][owner]
        cross = np.where(owner[1:] == owner[:-1], xy[:-1, 0] * xy[1:, 1] - xy[1:, 0] * xy[:-1, 1], 0.0)
        turned[simple] = np.bincount(owner[:-1], cross, len(simple)) <= 0
    return turned


def _name_rows(frame: gpd.GeoDataFrame, kind: Kind, report: LoadReport) -> gpd.GeoDataFrame:
    """Give every row its `local_id`; where the file has none, the digest of its content."""
    frame = frame.copy()
    if "local_id" not in frame.columns:
        frame["local_id"] = _digest_rows(frame)
        problem = Problem(report.file_name or kind.name, *_NO_ID)
        if problem not in report.problems:
            report.problems.append(problem)
    ids = frame["local_id"].astype("string").str.strip()
    missing = np.asarray(ids.isna() | (ids == ""))
    turn_away(frame, missing, report, Text("没有编号", "no id"), "local_id")
    frame["local_id"] = ids
    return frame[~missing]


def _digest_rows(frame: gpd.GeoDataFrame) -> list[str]:
    digests = [hashlib.sha256(wkb or b"") for wkb in shapely.to_wkb(_geometry(frame))]
    for name in frame.columns.drop("geometry"):
        for digest, value in zip(digests, frame[name], strict=True):
            digest.update(f"\x1f{value}".encode())
    return [digest.hexdigest()[:24] for digest in digests]


def _reject_duplicates(frame: gpd.GeoDataFrame, report: LoadReport, seen: set[str] | None) -> gpd.GeoDataFrame:
    again = np.array(frame["local_id"].duplicated(keep="first"), dtype=bool)
    if seen is not None:
        ids = frame["local_id"].to_numpy(object)
        again |= np.fromiter((local_id in seen for local_id in ids), bool, len(ids))
        seen.update(ids)
    turn_away(
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
    homes, meetings = index.place(geometry) if kind.dimension else (index.home(geometry), [])
    frame["block_code"] = homes
    spanning = np.zeros(len(frame), dtype=bool)
    spanning[[meeting.row for meeting in meetings]] = True
    frame["spans_blocks"] = spanning
    report.spanning += int(spanning.sum())
    placed = ~shapely.is_missing(geometry)
    report.outside = (report.outside or 0) + int(((homes == OUTSIDE) & placed & ~spanning).sum())
    return frame, meetings
