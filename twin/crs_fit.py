# SPDX-License-Identifier: Apache-2.0
"""How well data fits a reference under each candidate CRS: distances in metres, and whether they differ.

Each candidate is held against the reference by up to four measures: from points of the data to the
reference's edges, from points of the reference to the data's edges, and how far points of either lie
outside the areas of the other. All candidates are measured at the same points, so what is compared is a
difference at each point; its noise is estimated between parts of the city, since neighbours err together.
A distance counts by its logarithm: five metres against fifty weigh as much as fifty against five hundred,
and a few points that are far away (bus stops in the next town) decide nothing.

Nearness to edges is evidence only where something lies along them: the best candidate must be nearer than
the same data moved by 400 m in any direction. Being inside counts always.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from twin.crs import Coordinates
from twin.crs_candidates import Area, Candidate
from twin.model.table import STORAGE_SRID

Geometries = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

SEPARABLE: Final = 9.0
"""Three standard errors, squared: what fits worse than the best by less cannot be told apart from it."""

_MOST_POINTS: Final = 3000
_MOST_VERTICES: Final = 150_000
_SCALE_M: Final = 5.0  # differences below this are those of digitising
_LEAST_ERROR: Final = 0.02  # of a mean logarithm: 10 cm at small distances
_FARTHEST_M: Final = 20_000.0
_PARTS: Final = 16  # a side of the grid that noise is estimated on
_CONTROL_M: Final = 400.0
_PEAK: Final = 4.0  # two standard errors, squared
_NOWHERE: Final = 1e8  # degrees or metres: far from everything
_SEED: Final = 20_260_101


EDGES: Final = "edges"
OUTSIDE: Final = "outside"


@dataclass(frozen=True)
class Fit:
    """A candidate's fit.

    `distance_m` is the median distance to the other side's edges (`measure` edges) or the mean distance by
    which points lie outside its areas (`measure` outside), whichever separates more. `misfit` is in squared
    standard errors beyond the best candidate (0 = the best).
    """

    candidate: Candidate
    distance_m: float
    measure: str
    misfit: float
    overlap: float | None
    """Area of data and reference in common, as a share of what either covers (intersection over union)."""

    @property
    def score(self) -> float:
        """1 for the best, near 0 for what can be excluded."""
        return float(np.exp(-self.misfit / 2))

    @property
    def is_separable(self) -> bool:
        """Whether the best fits better beyond noise."""
        return self.misfit >= SEPARABLE


@dataclass(frozen=True)
class Ranking:
    """Fits, best first; `is_telling`: whether any measure could tell candidates apart."""

    fits: tuple[Fit, ...]
    is_telling: bool


def search_area(reference: Geometries) -> Area:
    """Where data that belongs to a reference (storage CRS) could lie: its extent and as much again around."""
    west, south, east, north = (float(side) for side in shapely.total_bounds(reference))
    across = max(east - west, north - south, 0.2)
    return (west - across, south - across, east + across, north + across)


def rank_candidates(data: Geometries, candidates: list[Candidate], reference: Geometries) -> Ranking:
    """The candidates by how well `data` (in its own numbers) fits `reference` (storage CRS)."""
    if not candidates:
        return Ranking((), is_telling=False)
    metric = _local_metric(reference)
    there = _Side.of(_project(reference, metric))
    data = _thin(data)
    sides = [_Side.of(_project(_place(candidate, data), metric)) for candidate in candidates]
    near = _near(there, sides)
    measured = [_measure(side, there, near) for side in sides]
    misfit = np.zeros(len(sides))
    used: list[tuple[float, str, Floats]] = []
    for number, (name, place) in enumerate(((EDGES, sides[0].points), (EDGES, near), (OUTSIDE, None), (OUTSIDE, near))):
        rows = [row for row in (measures[number] for measures in measured) if row is not None]
        if len(rows) != len(sides):
            continue
        parts = _parts_of_town(sides[0].points if place is None else place)
        table = np.stack(rows)
        best = int(np.argmin(table.mean(axis=1)))
        beyond = (_beyond if name == EDGES else _more_often)(table, table[best], parts)
        if name == EDGES and not _is_peak(sides[best], there, near, number, table[best], parts):
            beyond = np.zeros(len(sides))
        misfit += beyond
        metres = _SCALE_M * np.expm1(table)
        used.append((float(beyond.max()), name, np.median(metres, axis=1) if name == EDGES else metres.mean(axis=1)))
    misfit -= misfit.min()
    strength, measure, distance = max(used, key=lambda entry: entry[0], default=(0.0, EDGES, np.zeros(len(sides))))
    order = np.argsort(misfit, kind="stable")
    overlaps = {int(n): _overlap(sides[n], there) for n in order[:_MOST_OVERLAPS]}
    fits = (Fit(candidates[n], float(distance[n]), measure, float(misfit[n]), overlaps.get(int(n))) for n in order)
    return Ranking(tuple(fits), is_telling=strength >= SEPARABLE)


_CONTROLS: Final = tuple(
    (_CONTROL_M * east, _CONTROL_M * north) for east in (-1, 0, 1) for north in (-1, 0, 1) if east or north
)
_MOST_OVERLAPS: Final = 6
_MOST_AREAS: Final = 3000


@dataclass(frozen=True)
class _Side:
    """One side of a comparison in metres: points on it, its edges as single segments, its areas."""

    points: Coordinates
    edges: Geometries
    areas: Geometries

    @classmethod
    def of(cls, geometries: Geometries) -> _Side:
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

    def moved(self, east: float, north: float) -> _Side:
        """The same, moved by metres."""

        def move(xy: Coordinates) -> Coordinates:
            return xy + np.array([east, north])

        return _Side(move(self.points), shapely.transform(self.edges, move), shapely.transform(self.areas, move))


def _thin(data: Geometries) -> Geometries:
    """At most `_MOST_VERTICES` vertices of whole features, chosen evenly and always the same."""
    counts = shapely.get_num_coordinates(data)
    if counts.sum() <= _MOST_VERTICES:
        return data
    order = np.random.default_rng(_SEED).permutation(len(data))
    keep = np.cumsum(counts[order]) <= _MOST_VERTICES
    keep[0] = True
    return data[np.sort(order[keep])]


def _local_metric(reference: Geometries) -> Transformer:
    west, south, east, north = shapely.total_bounds(reference)
    centre = f"+proj=aeqd +lon_0={(west + east) / 2} +lat_0={(south + north) / 2} +ellps=GRS80 +units=m"
    return Transformer.from_crs(CRS.from_epsg(STORAGE_SRID), CRS.from_proj4(centre), always_xy=True)


def _place(candidate: Candidate, data: Geometries) -> Geometries:
    def convert(xy: Coordinates) -> Coordinates:
        # Rings stay closed where a candidate has no place for a corner.
        return np.nan_to_num(candidate.place(xy), nan=_NOWHERE, posinf=_NOWHERE, neginf=_NOWHERE)

    return shapely.transform(shapely.force_2d(data), convert)


def _project(geometries: Geometries, metric: Transformer) -> Geometries:
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


def _near(there: _Side, sides: list[_Side]) -> Floats:
    """The reference's points that lie where the data could: a reference larger than the data says nothing there."""
    reach = 1000.0
    low = np.min([side.points.min(axis=0) for side in sides if len(side.points)], axis=0) - reach
    high = np.max([side.points.max(axis=0) for side in sides if len(side.points)], axis=0) + reach
    inside = ((there.points >= low) & (there.points <= high)).all(axis=1)
    return there.points[inside]


def _measure(side: _Side, there: _Side, near: Floats) -> list[Floats | None]:
    """Logarithmic distances by each of the four measures, None where one does not apply."""
    return [_measure_one(side, there, near, number) for number in range(4)]


def _measure_one(side: _Side, there: _Side, near: Floats, number: int) -> Floats | None:
    if number < 2:
        return _distances(side.points, there) if number == 0 else _distances(near, side)
    return _outside(side.points, there) if number == 2 else _outside(near, side)


def _distances(xy: Floats, side: _Side) -> Floats | None:
    if not len(xy) or not len(side.edges):
        return None
    points: Geometries = np.asarray(shapely.points(xy))
    return _weigh(shapely.distance(points, side.edges[side.edge_tree.nearest(points)]))


def _outside(xy: Floats, side: _Side) -> Floats | None:
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
    return np.log1p(np.minimum(distance, _FARTHEST_M) / _SCALE_M)


def _is_peak(best: _Side, there: _Side, near: Floats, number: int, row: Floats, parts: npt.NDArray[np.intp]) -> bool:
    """Whether the best candidate is nearer than the same data moved, whichever way."""
    for east, north in _CONTROLS:
        moved = _measure_one(best.moved(east, north), there, near, number)
        if moved is None or moved.mean() <= row.mean() or _beyond(moved[None], row, parts)[0] < _PEAK:
            return False
    return True


def _beyond(table: Floats, best: Floats, parts: npt.NDArray[np.intp]) -> Floats:
    """By how many squared standard errors each row of `table` (candidates, points) is worse than `best`."""
    mean = table.mean(axis=1) - best.mean()
    errors = np.array([_error(row - best, parts) for row in table])
    return (np.maximum(mean, 0) / errors) ** 2


def _more_often(table: Floats, best: Floats, parts: npt.NDArray[np.intp]) -> Floats:
    """The same by signs: in how many parts of town a row lies farther outside than `best`, against how many less.

    Most points are inside under every candidate; those that are not lie on few borders, all in one direction.
    """
    beyond = np.zeros(len(table))
    for n, row in enumerate(table):
        sums = np.bincount(parts, weights=row - best)
        worse, better = int((sums > _LEAST_ERROR).sum()), int((sums < -_LEAST_ERROR).sum())
        beyond[n] = max(worse - better, 0) ** 2 / max(worse + better, 1)
    return beyond


def _parts_of_town(xy: Floats) -> npt.NDArray[np.intp]:
    steps = np.linspace(0, 1, _PARTS + 1)[1:-1]
    column = np.searchsorted(np.quantile(xy[:, 0], steps), xy[:, 0])
    row = np.searchsorted(np.quantile(xy[:, 1], steps), xy[:, 1])
    return column * _PARTS + row


def _error(difference: Floats, part: npt.NDArray[np.intp]) -> float:
    """The standard error of a mean difference, from how it varies between parts of town."""
    counts = np.bincount(part)
    sums = np.bincount(part, weights=difference)
    used = counts > 0
    if used.sum() < 2:
        return max(_LEAST_ERROR, float(difference.std()))
    share = counts[used] / counts.sum()
    off = sums[used] / counts[used] - difference.mean()
    return max(_LEAST_ERROR, float(np.sqrt((share**2 * off**2).sum() * used.sum() / (used.sum() - 1))))


def _overlap(side: _Side, there: _Side) -> float | None:
    """Intersection over union of the areas covered, where both sides have areas and not too many."""
    if not (0 < len(side.areas) <= _MOST_AREAS and 0 < len(there.areas) <= _MOST_AREAS):
        return None
    here, other = shapely.union_all(side.areas), shapely.union_all(there.areas)
    union = shapely.area(shapely.union(here, other))
    return float(shapely.area(shapely.intersection(here, other)) / union) if union > 0 else None
