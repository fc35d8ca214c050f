# SPDX-License-Identifier: Apache-2.0
"""Roads: the borders of the base grids, gathered into the cuts that made them.

A grid's border knows which road it lies on, so buildings can keep their distance from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ingest.demo.frame import FloatArray, GeometryArray, IntArray, build_frame
from ingest.demo.outline import STREET_ARCS, TRUNKS, RoadClass
from ingest.demo.partition import Partition

ROAD_CLASSES: Final[tuple[RoadClass, ...]] = ("expressway", "arterial", "secondary", "local")

#: Width of a road by class (m).
ROAD_WIDTHS: Final = np.array([54.0, 40.0, 24.0, 11.0])

#: A border lies on a cut when its middle is this near to it (m).
_NEAR: Final = 0.5

_NAMES: Final = (
    ("示例快速路", "Demo Expressway"),
    ("示例大道", "Demo Avenue"),
    ("示例路", "Demo Road"),
    ("示例街", "Demo Lane"),
)


@dataclass(frozen=True)
class Borders:
    """Every segment between two vertices of the arrangement, once.

    `ends` (n, 2, 2) in m; `left` and `right` grid index (−1 outside); `cut` index into the partition's
    cuts; `road_class` index into ROAD_CLASSES.
    """

    ends: FloatArray
    left: IntArray
    right: IntArray
    cut: IntArray
    road_class: IntArray


def find_borders(partition: Partition) -> Borders:
    """The unique segments of the grids' rings, with the grids beside them and the road they belong to."""
    xy, ring = shapely.get_coordinates(shapely.get_exterior_ring(partition.grids), return_index=True)
    same = ring[:-1] == ring[1:]
    start, end, grid = xy[:-1][same], xy[1:][same], ring[:-1][same]
    forward = (start[:, 0] < end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] < end[:, 1]))
    low, high = np.where(forward[:, None], start, end), np.where(forward[:, None], end, start)
    _, first, inverse = np.unique(np.hstack([low, high]), axis=0, return_index=True, return_inverse=True)
    inverse = inverse.ravel()
    left, right = np.full(len(first), -1), np.full(len(first), -1)
    # Rings run counter-clockwise, so a grid lies to the left of its own segments.
    left[inverse[forward]] = grid[forward]
    right[inverse[~forward]] = grid[~forward]
    ends = np.stack([low[first], high[first]], axis=1)
    cut, road_class = _match_cuts(partition, ends)
    return Borders(ends, left, right, cut, road_class)


def _match_cuts(partition: Partition, ends: FloatArray) -> tuple[IntArray, IntArray]:
    """The widest road under the middle of each segment, as index of the cut and of the class."""
    classes = np.array([ROAD_CLASSES.index(cut.road_class) for cut in partition.cuts])
    tree = shapely.STRtree([cut.line for cut in partition.cuts])
    middle = shapely.points(ends.mean(axis=1))
    segment, cut = tree.query(middle, predicate="dwithin", distance=_NEAR)
    order = np.lexsort((cut, classes[cut], segment))
    segment, cut = segment[order], cut[order]
    known, first = np.unique(segment, return_index=True)
    matched = np.full(len(ends), -1)
    matched[known] = cut[first]
    strays = np.flatnonzero(matched < 0)
    matched[strays] = tree.nearest(middle[strays])
    return matched, classes[matched]


def _number_roads(classes: IntArray, districtwide: NDArray[np.bool_], streets: IntArray, names: list[str]) -> list[str]:
    """Names by class, numbered within the district for drawn roads and within the street for the others."""
    counters: dict[tuple[int, int], int] = {}
    named: list[str] = []
    for road_class, wide, street in zip(classes.tolist(), districtwide.tolist(), streets.tolist(), strict=True):
        place = -1 if wide else street
        number = counters[road_class, place] = counters.get((road_class, place), 0) + 1
        zh, en = _NAMES[road_class]
        where = "宝安" if wide else names[street]
        named.append(f"{where}{zh}{number}号 / {en} {number}")
    return named


def build_roads(partition: Partition, borders: Borders, street_names: list[str]) -> gpd.GeoDataFrame:
    """The roads frame: local_id, name, road_class, width (m), LineString. Names are numbers, not real ones."""
    lines = np.asarray(shapely.linestrings(borders.ends))
    order = np.argsort(borders.cut, kind="stable")
    cuts, first = np.unique(borders.cut[order], return_index=True)
    merged = [shapely.line_merge(shapely.union_all(group)) for group in np.split(lines[order], first[1:])]
    parts, owner = shapely.get_parts(np.array(merged), return_index=True)
    cut = cuts[owner]
    classes = np.array([ROAD_CLASSES.index(item.road_class) for item in partition.cuts])[cut]
    street = partition.street_of_community[partition.community_of_grid]
    inside = np.maximum(borders.left, borders.right)[order][first][owner]
    drawn = len(TRUNKS) + len(STREET_ARCS)
    columns: dict[str, object] = {
        "local_id": [f"DEMO-R-{number:05d}" for number in range(1, len(parts) + 1)],
        "name": _number_roads(classes, cut < drawn, street[inside], street_names),
        "road_class": [ROAD_CLASSES[index] for index in classes],
        "width": ROAD_WIDTHS[classes],
    }
    return build_frame(columns, parts)


def inset_grids(partition: Partition, borders: Borders, setback: float) -> GeometryArray:
    """Each grid without half the width of its roads and `setback` (m) on every side."""
    inset = shapely.buffer(partition.grids, -(ROAD_WIDTHS[3] / 2 + setback), join_style="mitre")
    wide = np.flatnonzero(borders.road_class < 3)
    for road_class in range(3):
        chosen = wide[borders.road_class[wide] == road_class]
        lines = np.asarray(shapely.linestrings(borders.ends[chosen]))
        for beside in (borders.left[chosen], borders.right[chosen]):
            order = np.argsort(beside, kind="stable")
            grids, first = np.unique(beside[order], return_index=True)
            groups = [shapely.multilinestrings(list(group)) for group in np.split(lines[order], first[1:])]
            bands = shapely.buffer(np.array(groups), ROAD_WIDTHS[road_class] / 2 + setback, quad_segs=2)
            kept = grids >= 0
            inset[grids[kept]] = shapely.difference(inset[grids[kept]], bands[kept])
    return np.array([_largest(geometry) for geometry in inset])


def _largest(geometry: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(geometry)
    return max(parts, key=shapely.area) if len(parts) > 1 else geometry
