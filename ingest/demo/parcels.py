# SPDX-License-Identifier: Apache-2.0
"""Parcels: the land inside a base grid's roads, in strips where it is shared by several parks or villages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from shapely.geometry import Polygon

from ingest.demo.frame import FloatArray, GeometryArray, IntArray
from ingest.demo.zoning import zone_index

#: A zone's parcels are halved and halved again until there are so many of them.
_LEAST_PARCELS: Final = {"industrial": 1430, "village": 475}


@dataclass(frozen=True)
class Parcels:
    """Boundaries in metres; grid and zone index (n,); turn (n,), radians."""

    boundary: GeometryArray
    grid: IntArray
    zone: IntArray
    turn: FloatArray


def cut_parcels(inset: GeometryArray, zones: IntArray, turns: FloatArray) -> Parcels:
    """One parcel per inset grid, and several in the largest grids of zones that need more."""
    area = shapely.area(inset)
    counts = np.ones(len(inset), dtype=np.int64)
    for name, least in _LEAST_PARCELS.items():
        chosen = np.flatnonzero((zones == zone_index(name)) & (area > 4000))
        for _ in range(max(0, least - len(chosen))):
            if not len(chosen):
                break
            counts[chosen[np.argmax(area[chosen] / counts[chosen])]] += 1
    boundaries: list[shapely.Geometry] = []
    grids: list[int] = []
    for grid, count in enumerate(counts.tolist()):
        strips = [inset[grid]] if count == 1 else _slice_polygon(inset[grid], float(turns[grid]), count)
        boundaries += strips
        grids += [grid] * len(strips)
    grid_of_parcel = np.array(grids)
    return Parcels(np.array(boundaries), grid_of_parcel, zones[grid_of_parcel], turns[grid_of_parcel])


def _slice_polygon(polygon: shapely.Geometry, turn: float, count: int) -> list[shapely.Geometry]:
    """A polygon in `count` strips across its longer side, with a lane of 6 m between them."""
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    local = shapely.get_coordinates(polygon) @ axes.T
    low, high = local.min(axis=0), local.max(axis=0)
    side = int(np.argmax(high - low))
    marks = np.linspace(low[side], high[side], count + 1)
    strips: list[shapely.Geometry] = []
    for start, end in pairwise(marks.tolist()):
        box_low, box_high = low.copy(), high.copy()
        box_low[side], box_high[side] = start + 3.0, end - 3.0
        corners = np.array([box_low, (box_high[0], box_low[1]), box_high, (box_low[0], box_high[1])]) @ axes
        parts = shapely.get_parts(shapely.intersection(polygon, shapely.Polygon(corners)))
        strips.append(max(parts, key=shapely.area, default=shapely.Polygon()))
    return [strip for strip in strips if isinstance(strip, Polygon) and strip.area > 2500]
