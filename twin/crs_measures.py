# SPDX-License-Identifier: Apache-2.0
"""Data and a reference side by side in metres: their points, edges and areas, and how far one lies from the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from twin.crs import Coordinates
from twin.crs_candidates import Candidate
from twin.model.table import STORAGE_SRID

Geometries = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

SCALE_M: Final = 5.0
"""Differences below this are those of digitising."""

_MOST_POINTS: Final = 3000
_MOST_VERTICES: Final = 150_000
_MOST_AREAS: Final = 3000
_FARTHEST_M: Final = 20_000.0
_NOWHERE: Final = 1e8  # degrees or metres: far from everything
_SEED: Final = 20_260_101


@dataclass(frozen=True)
class Side:
    """One side of a comparison in metres: points on it, its edges as single segments, its areas."""

    points: Coordinates
    edges: Geometries
    areas: Geometries

    @classmethod
    def of(cls, geometries: Geometries) -> Side:
        """What can be measured of geometries in metres."""
        areas = geometries[shapely.get_dimensions(geometries) == 2]
        lines = shapely.get_parts(
            np.concatenate([shapely.boundary(areas), geometries[shapely.get_dimensions(geometries) == 1]])
        )
        dots = shapely.get_parts(geometries[shapely.get_dimensions(geometries) == 0])
        return cls(_sample(lines, dots), np.concatenate([_segments(lines), dots]), shapely.make_valid(areas))

    @cached_property
    def edge_tree(self) -> shapely.STRtree:
        """The edges, to be asked for the nearest."""
        return shapely.STRtree(self.edges)

    @cached_property
    def area_tree(self) -> shapely.STRtree:
        """The areas, to be asked for the nearest."""
        return shapely.STRtree(self.areas)

    def moved(self, east: float, north: float) -> Side:
        """The same, moved by metres."""

        def move(xy: Coordinates) -> Coordinates:
            return xy + np.array([east, north])

        return Side(move(self.points), shapely.transform(self.edges, move), shapely.transform(self.areas, move))


def thin(data: Geometries) -> Geometries:
    """At most `_MOST_VERTICES` vertices of whole features, chosen evenly and always the same."""
    counts = shapely.get_num_coordinates(data)
    if counts.sum() <= _MOST_VERTICES:
        return data
    order = np.random.default_rng(_SEED).permutation(len(data))
    keep = np.cumsum(counts[order]) <= _MOST_VERTICES
    keep[0] = True
    return data[np.sort(order[keep])]


def make_local_metric(reference: Geometries) -> Transformer:
    """From degrees (storage CRS) to metres around the middle of a reference."""
    west, south, east, north = shapely.total_bounds(reference)
    centre = f"+proj=aeqd +lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +ellps=GRS80 +units=m"
    return Transformer.from_crs(CRS.from_epsg(STORAGE_SRID), CRS.from_proj4(centre), always_xy=True)


def place_data(candidate: Candidate, data: Geometries) -> Geometries:
    """Data in its own numbers, in degrees (storage CRS) as a candidate would have it."""

    def convert(xy: Coordinates) -> Coordinates:
        # Rings stay closed where a candidate has no place for a corner.
        return np.nan_to_num(candidate.place(xy), nan=_NOWHERE, posinf=_NOWHERE, neginf=_NOWHERE)

    return shapely.transform(shapely.force_2d(data), convert)


def project(geometries: Geometries, metric: Transformer) -> Geometries:
    """Degrees in metres; what has no place there is far from everything."""

    def convert(lonlat: Coordinates) -> Coordinates:
        x, y = metric.transform(lonlat[:, 0], lonlat[:, 1])
        far = np.nan_to_num(np.column_stack([x, y]), nan=_NOWHERE, posinf=_NOWHERE, neginf=_NOWHERE)
        return np.clip(far, -_NOWHERE, _NOWHERE)

    return shapely.transform(geometries, convert)


def _sample(lines: Geometries, dots: Geometries) -> Coordinates:
    """Points (n, 2): the vertices of lines and the dots, at most `_MOST_POINTS`, always the same ones."""
    xy = np.concatenate([shapely.get_coordinates(lines), shapely.get_coordinates(dots)])
    if len(xy) > _MOST_POINTS:
        xy = xy[np.sort(np.random.default_rng(_SEED).choice(len(xy), _MOST_POINTS, replace=False))]
    return xy


def _segments(lines: Geometries) -> Geometries:
    xy, line = shapely.get_coordinates(lines, return_index=True)
    if not len(xy):
        return np.empty(0, dtype=object)
    together = line[1:] == line[:-1]
    return np.asarray(shapely.linestrings(np.stack([xy[:-1][together], xy[1:][together]], axis=1)))


def find_near(there: Side, sides: list[Side]) -> Floats:
    """The reference's points that lie where the data could: a reference larger than the data says nothing there."""
    reach = 1000.0
    low = np.min([side.points.min(axis=0) for side in sides if len(side.points)], axis=0) - reach
    high = np.max([side.points.max(axis=0) for side in sides if len(side.points)], axis=0) + reach
    inside = ((there.points >= low) & (there.points <= high)).all(axis=1)
    return there.points[inside]


def measure_all(side: Side, there: Side, near: Floats) -> list[Floats | None]:
    """Logarithmic distances by each of the four measures, None where one does not apply."""
    return [measure_one(side, there, near, number) for number in range(4)]


def measure_one(side: Side, there: Side, near: Floats, number: int) -> Floats | None:
    """Logarithmic distances by the measure of this number, at each of its points."""
    if number < 2:
        return _distances(side.points, there) if number == 0 else _distances(near, side)
    return _outside(side.points, there) if number == 2 else _outside(near, side)


def _distances(xy: Floats, side: Side) -> Floats | None:
    if not len(xy) or not len(side.edges):
        return None
    points: Geometries = np.asarray(shapely.points(xy))
    return _weigh(shapely.distance(points, side.edges[side.edge_tree.nearest(points)]))


def _outside(xy: Floats, side: Side) -> Floats | None:
    areas = side.areas
    if not len(xy) or not len(areas):
        return None
    points: Geometries = np.asarray(shapely.points(xy))
    distance = np.zeros(len(points))
    shapely.prepare(areas)
    _, inside = shapely.STRtree(points).query(areas, predicate="intersects")
    beyond = np.ones(len(points), dtype=bool)
    beyond[inside] = False
    if beyond.any():
        nearest = side.area_tree.nearest(points[beyond])
        distance[beyond] = shapely.distance(points[beyond], areas[nearest])
    return _weigh(distance)


def _weigh(distance: Floats) -> Floats:
    return np.log1p(np.minimum(distance, _FARTHEST_M) / SCALE_M)


def find_overlap(side: Side, there: Side) -> float | None:
    """Intersection over union of the areas covered, where both sides have areas and not too many."""
    if not (0 < len(side.areas) <= _MOST_AREAS and 0 < len(there.areas) <= _MOST_AREAS):
        return None
    here, other = shapely.union_all(side.areas), shapely.union_all(there.areas)
    union = shapely.area(shapely.union(here, other))
    return float(shapely.area(shapely.intersection(here, other)) / union) if union > 0 else None
