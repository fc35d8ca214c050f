# SPDX-License-Identifier: Apache-2.0
"""A raster of homes: for each small cell the block that holds all of it, so that most features need no geometry.

A cell that any border touches says nothing and its points are asked exactly; the answer is the same as
without the raster, borders and all. Between two borders a row of cells lies in one block, so only one cell
of each such run is asked for when the raster is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

Geometries = npt.NDArray[Any]
Codes = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

MOST_CELLS: Final = 8_000_000
_STEP: Final = 0.5  # of a cell, along a border
_REACH: Final = 0.26  # of a cell: more than half a step, so that no part of a border is missed
_CHUNK: Final = 2_000_000

_ASK: Final = -1


class BlockRaster:
    """Homes by cell, in degrees of the storage CRS; `most_cells` bounds memory (8 bytes a cell) and time."""

    def __init__(
        self, polygons: Geometries, find_home: Callable[[Geometries], Codes], most_cells: int = MOST_CELLS
    ) -> None:
        """`polygons` are all blocks of all levels; `find_home` answers exactly."""
        west, south, east, north = (float(side) for side in shapely.total_bounds(polygons))
        area = max((east - west) * (north - south), 1e-12)
        self._cell = float(np.sqrt(area / most_cells))
        # One row and column of margin: what lies beyond is outside without being asked.
        self._west, self._south = west - self._cell, south - self._cell
        self._columns = int(np.ceil((east - self._west) / self._cell)) + 1
        self._rows = int(np.ceil((north - self._south) / self._cell)) + 1
        self._find_home = find_home
        is_border = self._mark_borders(polygons)
        self._labels, self._codes = self._label_runs(is_border)
        # [row, column]: how many border cells lie before both, so that any box of cells is counted by four of them.
        self._borders = np.zeros((self._rows + 1, self._columns + 1), dtype=np.int32)
        cells = is_border.reshape(self._rows, self._columns)
        np.cumsum(np.cumsum(cells, axis=0, dtype=np.int32), axis=1, out=self._borders[1:, 1:])

    @property
    def asked_share(self) -> float:
        """The share of cells whose points must be asked exactly."""
        return float((self._labels == _ASK).mean())

    def home(self, points: Geometries, outside: str) -> Codes:
        """The home of each point, none of them missing or empty; `outside` beyond the raster."""
        x, y = shapely.get_x(points), shapely.get_y(points)
        column = np.floor((x - self._west) / self._cell)
        row = np.floor((y - self._south) / self._cell)
        within = (column >= 0) & (column < self._columns) & (row >= 0) & (row < self._rows)
        homes = np.full(len(points), outside, dtype=object)
        cell = row[within].astype(np.int64) * self._columns + column[within].astype(np.int64)
        label = self._labels[cell]
        homes[within] = self._codes[label]
        asked = np.flatnonzero(within)[label == _ASK]
        homes[asked] = self._find_home(points[asked])
        return homes

    def home_of_boxes(self, boxes: Floats, unknown: str) -> Codes:
        """The one home of all that lies within each box (n, 4: west, south, east, north).

        `unknown` where a border may cross it, or where it reaches beyond the raster.
        """
        place = (boxes - (self._west, self._south, self._west, self._south)) / self._cell
        homes = np.full(len(boxes), unknown, dtype=object)
        # A comparison with a number that is none is false: a missing geometry has no home.
        within = (place[:, :2] >= 0).all(axis=1) & (place[:, 2] < self._columns) & (place[:, 3] < self._rows)
        west, south, east, north = place[within].astype(np.int64).T
        borders = self._borders
        crossed = (
            borders[north + 1, east + 1] - borders[south, east + 1] - borders[north + 1, west] + borders[south, west]
        )
        plain = np.flatnonzero(within)[crossed == 0]
        homes[plain] = self._codes[self._labels[(south * self._columns + west)[crossed == 0]]]
        return homes

    def _mark_borders(self, polygons: Geometries) -> npt.NDArray[np.bool_]:
        is_border = np.zeros(self._rows * self._columns, dtype=bool)
        start, end = _segments(shapely.get_parts(shapely.boundary(polygons)))
        count = np.ceil(np.hypot(*(end - start).T) / (self._cell * _STEP)).astype(np.int64) + 1
        # Borders in portions, so that memory stays bounded whatever their length.
        portion = np.cumsum(count) // _CHUNK
        for number in range(int(portion[-1]) + 1 if len(portion) else 0):
            chosen = portion == number
            xy = _walk(start[chosen], end[chosen], count[chosen])
            place = (xy - (self._west, self._south)) / self._cell
            for east in (-_REACH, _REACH):
                for north in (-_REACH, _REACH):
                    column = np.clip(np.floor(place[:, 0] + east), 0, self._columns - 1).astype(np.int64)
                    row = np.clip(np.floor(place[:, 1] + north), 0, self._rows - 1).astype(np.int64)
                    is_border[row * self._columns + column] = True
        return is_border

    def _label_runs(self, is_border: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], Codes]:
        begins = ~is_border
        begins[1:] &= is_border[:-1]
        begins[:: self._columns] = ~is_border[:: self._columns]
        first = np.flatnonzero(begins)
        row, column = np.divmod(first, self._columns)
        x = self._west + (column + 0.5) * self._cell
        y = self._south + (row + 0.5) * self._cell
        homes = self._find_home(np.asarray(shapely.points(x, y)))
        codes, label = np.unique(homes.astype(str), return_inverse=True)
        run = np.cumsum(begins) - 1
        labels = np.where(is_border, _ASK, label.astype(np.int32)[np.maximum(run, 0)] if len(first) else _ASK)
        # The last entry is what `_ASK` points at; it is always replaced.
        return labels.astype(np.int32), np.array([*codes.tolist(), ""], dtype=object)


def _segments(lines: Geometries) -> tuple[Floats, Floats]:
    xy, line = shapely.get_coordinates(lines, return_index=True)
    together = line[1:] == line[:-1]
    return xy[:-1][together], xy[1:][together]


def _walk(start: Floats, end: Floats, count: npt.NDArray[np.int64]) -> Floats:
    """Points along segments, `count` on each with both ends."""
    segment = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    share = step / np.maximum(count[segment] - 1, 1)
    return start[segment] + (end - start)[segment] * share[:, None]
