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
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from twin.crs_candidates import Area, Candidate
from twin.crs_measures import (
    SCALE_M,
    Floats,
    Geometries,
    Side,
    find_near,
    find_overlap,
    make_local_metric,
    measure_all,
    measure_one,
    place_data,
    project,
    thin,
)

SEPARABLE: Final = 9.0
"""Three standard errors, squared: what fits worse than the best by less cannot be told apart from it."""

_LEAST_ERROR: Final = 0.02  # of a mean logarithm: 10 cm at small distances
_PARTS: Final = 16  # a side of the grid that noise is estimated on
_CONTROL_M: Final = 400.0
_PEAK: Final = 4.0  # two standard errors, squared


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
    metric = make_local_metric(reference)
    there = Side.of(project(reference, metric))
    data = thin(data)
    sides = [Side.of(project(place_data(candidate, data), metric)) for candidate in candidates]
    near = find_near(there, sides)
    measured = [measure_all(side, there, near) for side in sides]
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
        metres = SCALE_M * np.expm1(table)
        used.append((float(beyond.max()), name, np.median(metres, axis=1) if name == EDGES else metres.mean(axis=1)))
    misfit -= misfit.min()
    strength, measure, distance = max(used, key=lambda entry: entry[0], default=(0.0, EDGES, np.zeros(len(sides))))
    order = np.argsort(misfit, kind="stable")
    overlaps = {int(n): find_overlap(sides[n], there) for n in order[:_MOST_OVERLAPS]}
    fits = (Fit(candidates[n], float(distance[n]), measure, float(misfit[n]), overlaps.get(int(n))) for n in order)
    return Ranking(tuple(fits), is_telling=strength >= SEPARABLE)


_CONTROLS: Final = tuple(
    (_CONTROL_M * east, _CONTROL_M * north) for east in (-1, 0, 1) for north in (-1, 0, 1) if east or north
)
_MOST_OVERLAPS: Final = 6


def _is_peak(best: Side, there: Side, near: Floats, number: int, row: Floats, parts: npt.NDArray[np.intp]) -> bool:
    """Whether the best candidate is nearer than the same data moved, whichever way."""
    for east, north in _CONTROLS:
        moved = measure_one(best.moved(east, north), there, near, number)
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
