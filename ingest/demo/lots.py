# SPDX-License-Identifier: Apache-2.0
"""Lots: each parcel in rows of equal rectangles, with lanes between, turned with the road grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ingest.demo.frame import FloatArray, IntArray
from ingest.demo.parcels import Parcels
from ingest.demo.zoning import ZONES


@dataclass(frozen=True)
class Lots:
    """Rectangular lots: centre (n, 2), size (n, 2) and turn (n,), m and radians; parcel and zone index (n,)."""

    centre: FloatArray
    size: FloatArray
    turn: FloatArray
    parcel: IntArray
    zone: IntArray

    def take(self, chosen: IntArray) -> Lots:
        """The chosen lots, in that order."""
        return Lots(self.centre[chosen], self.size[chosen], self.turn[chosen], self.parcel[chosen], self.zone[chosen])


def _divide_side(low: float, high: float, size: float, lane_every: int, lane: float) -> tuple[FloatArray, float]:
    """Centres of equal lots that fill a side (m) and their length, with a lane after every few lots."""
    length = high - low
    count = max(1, int(length / (size + lane / lane_every)))
    lanes = (count - 1) // lane_every
    each = (length - lanes * lane) / count
    index = np.arange(count)
    return low + (index + 0.5) * each + (index // lane_every) * lane, each


def lay_out_lots(parcels: Parcels, shrink: float, rng: np.random.Generator) -> Lots:
    """A lattice of lots over the box of every parcel, turned with its grid; some lie partly outside.

    `shrink` scales the zones' lots: below 1 there are more and smaller ones.
    """
    parts: list[tuple[FloatArray, FloatArray, int]] = []
    stretch = shrink * rng.uniform(0.92, 1.12, (len(parcels.grid), 2))
    flip = rng.random(len(parcels.grid)) < 0.5
    for index, (polygon, turn) in enumerate(zip(parcels.boundary, parcels.turn.tolist(), strict=True)):
        zone = ZONES[parcels.zone[index]]
        axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        local = shapely.get_coordinates(polygon) @ axes.T
        if not len(local):
            continue
        (west, south), (east, north) = local.min(axis=0), local.max(axis=0)
        along, across = (zone.lot if not flip[index] else zone.lot[::-1]) * stretch[index]
        village = zone.name == "village"
        x, wide = _divide_side(west, east, along, 7 if village else 4, 4.5 if village else 7.0)
        y, deep = _divide_side(south, north, across, 5 if village else 2, 3.5 if village else 6.0)
        if wide < 8 or deep < 8:
            continue
        grid_x, grid_y = np.meshgrid(x, y)
        centre = np.column_stack([grid_x.ravel(), grid_y.ravel()]) @ axes
        parts.append((centre, np.array([wide, deep]), index))
    counts = np.array([len(part[0]) for part in parts])
    parcel = np.repeat(np.array([part[2] for part in parts]), counts)
    return Lots(
        centre=np.vstack([part[0] for part in parts]),
        size=np.repeat(np.array([part[1] for part in parts]), counts, axis=0),
        turn=parcels.turn[parcel],
        parcel=parcel,
        zone=parcels.zone[parcel],
    )
