# SPDX-License-Identifier: Apache-2.0
"""Rows of any geometry through a pipeline that takes one kind at a time, and collections made one kind each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from ingest.kind import Kind
from ingest.prepare import prepare
from ingest.report import LoadReport
from twin.blocks import BlockIndex, Meeting
from twin.crs import DeclaredCrs
from twin.errors import Problem
from twin.text import Text

Geometries = npt.NDArray[Any]

_JOIN: Final[dict[int, Callable[[Any], Any]]] = {
    0: shapely.multipoints,
    1: shapely.multilinestrings,
    2: shapely.multipolygons,
}
_AGAIN: Final = Text("编号与前面一行相同", "the id is that of an earlier row of this file")


def unfold_collections(geometry: Geometries, report: LoadReport) -> Geometries:
    """Geometry collections as what they hold of the highest dimension: areas, or else lines, or else points.

    How many lost something by that is put down as a problem.
    """
    is_collection = shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION
    if not is_collection.any():
        return geometry
    geometry = geometry.copy()
    reduced = 0
    for row in np.flatnonzero(is_collection & ~shapely.is_empty(geometry)):
        parts = _flatten(geometry[row])
        dimensions = shapely.get_dimensions(parts)
        highest = int(dimensions.max())
        kept = parts[dimensions == highest]
        reduced += len(kept) < len(parts)
        geometry[row] = kept[0] if len(kept) == 1 else _JOIN[highest](kept)
    if reduced:
        report.problems.append(
            Problem(
                report.file_name or report.kind,
                Text(
                    f"{reduced} 行的几何集合里点、线、面混在一起,只取了其中维数最高的部分",
                    f"{reduced} rows have points, lines and areas in one; of each only the parts of the highest "
                    "dimension are kept",
                ),
                Text("需要其余部分时,把它们写成单独的行", "give the other parts rows of their own if they matter"),
            )
        )
    return geometry


def _flatten(geometry: Any) -> Geometries:
    parts = np.array([geometry], dtype=object)
    while len(nested := shapely.get_parts(parts)) != len(parts):
        parts = nested
    return parts[~shapely.is_empty(parts)]


def transform_alike(geometry: Geometries, change: Callable[[Geometries], Geometries]) -> Geometries:
    """`change` of geometries with a height and of those without, each apart: together the latter would get one."""
    has_z = shapely.has_z(geometry)
    if has_z.all() or not has_z.any():
        return change(geometry)
    changed = geometry.copy()
    for mask in (has_z, ~has_z):
        changed[mask] = change(geometry[mask])
    return changed


def prepare_any(
    frame: gpd.GeoDataFrame, kind: Kind, declared: DeclaredCrs, report: LoadReport, index: BlockIndex | None
) -> tuple[gpd.GeoDataFrame, list[Meeting]]:
    """As `prepare`, of rows that may be points, lines and areas, with and without a height."""
    geometry = np.asarray(frame.geometry.array)
    # What has no geometry goes with the points, which need no place either.
    dimension = np.maximum(shapely.get_dimensions(geometry), 0) if kind.dimensions else np.full(len(frame), -1)
    group = dimension * 2 + shapely.has_z(geometry)
    found = [
        prepare(
            frame[group == number],
            replace(kind, dimensions=(int(number) // 2,)) if kind.dimensions else kind,
            declared, report, index,
        )
        for number in np.unique(group)
    ]  # fmt: skip
    if len(found) < 2:
        return found[0] if found else prepare(frame, kind, declared, report, index)
    kept = gpd.GeoDataFrame(pd.concat([part for part, _ in found]))
    offsets = np.cumsum([0, *(len(part) for part, _ in found)])
    order = np.argsort(kept.index.to_numpy(), kind="stable")
    kept = kept.iloc[order]
    again = np.asarray(kept["local_id"].duplicated(keep="first"))
    report.reject([int(row) for row in kept.index[again]], _AGAIN, "local_id")
    report.kept -= int(again.sum())
    place = np.full(len(kept), -1)
    place[order[~again]] = np.arange(int((~again).sum()))
    meetings = [
        replace(meeting, row=int(place[offset + meeting.row]))
        for (_, met), offset in zip(found, offsets, strict=False)
        for meeting in met
        if place[offset + meeting.row] >= 0
    ]
    return kept[~again], meetings
