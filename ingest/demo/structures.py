# SPDX-License-Identifier: Apache-2.0
"""Where buildings stand: from lots to footprints, some across two grids, none on another.

The full set is always made; a smaller scale takes a part of it, so a building keeps its code and id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from ingest.demo.footprints import draw_footprints, shape_index
from ingest.demo.frame import (
    HOUSE_CLEARANCE,
    HOUSE_LON_LAT,
    FloatArray,
    GeometryArray,
    IntArray,
    to_metres,
)
from ingest.demo.lots import Lots, lay_out_lots
from ingest.demo.parcels import Parcels
from ingest.demo.partition import Partition
from ingest.demo.roads import Borders
from ingest.demo.zoning import ZONES, zone_index

#: One building in this many stands across the border of two grids.
SPANNING_SHARE: Final = 400


@dataclass(frozen=True)
class Structures:
    """Footprints in metres with grid, zone and shape index; `spans` is 1 where one stands in two grids."""

    footprint: GeometryArray
    grid: IntArray
    zone: IntArray
    shape: IntArray
    spans: IntArray

    def take(self, chosen: IntArray) -> Structures:
        """The chosen structures, in that order."""
        return Structures(
            self.footprint[chosen],
            self.grid[chosen],
            self.zone[chosen],
            self.shape[chosen],
            self.spans[chosen],
        )


def _choose(options: dict[str, float], count: int, rng: np.random.Generator) -> IntArray:
    """`count` shape indices drawn by weight."""
    indices = np.array([shape_index(name) for name in options])
    return rng.choice(indices, size=count, p=np.array(list(options.values())) / sum(options.values()))


_SHAPES_BY_ZONE: Final = {
    "nature": {"rectangle": 0.8, "l": 0.2},
    "airfield": {"rectangle": 0.6, "l": 0.2, "t": 0.2},
    "village": {"rectangle": 0.93, "l": 0.07},
    "rows": {"rectangle": 0.88, "l": 0.12},
    "estate": {"cross": 0.34, "t": 0.22, "rectangle": 0.30, "chamfered": 0.08, "l": 0.06},
    "industrial": {"rectangle": 0.66, "l": 0.16, "u": 0.12, "t": 0.06},
    "commercial": {"rectangle": 0.55, "l": 0.25, "u": 0.12, "chamfered": 0.08},
    "core": {"podium": 0.62, "chamfered": 0.12, "rectangle": 0.16, "u": 0.10},
    "public": {"u": 0.45, "rectangle": 0.25, "l": 0.20, "t": 0.10},
}


def _fill_lots(lots: Lots, rng: np.random.Generator) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Shape, centre, half size and turn of the building in each lot; the long side is local x."""
    count = len(lots.zone)
    shape = np.zeros(count, dtype=np.int64)
    gap = np.array([zone.gap for zone in ZONES])[lots.zone]
    fill = rng.uniform(0.80, 1.0, (count, 2))
    for index, zone in enumerate(ZONES):
        chosen = np.flatnonzero(lots.zone == index)
        shape[chosen] = _choose(_SHAPES_BY_ZONE[zone.name], len(chosen), rng)
        if zone.name in ("village", "rows"):
            fill[chosen] = rng.uniform(0.92, 1.0, (len(chosen), 2))
    half = np.maximum((lots.size - gap[:, None]) * fill, 5.0) / 2
    point_like = (shape == shape_index("cross")) | (shape == shape_index("chamfered"))
    half[point_like] = half[point_like].min(axis=1, keepdims=True)
    # A thin lot takes a plain slab; a core's tower leaves a forecourt.
    shape[(half.min(axis=1) < 11) & (shape != shape_index("cross"))] = shape_index("rectangle")
    solid = (shape == shape_index("rectangle")) | (shape == shape_index("chamfered"))
    half[solid & (lots.zone == zone_index("core"))] *= 0.66
    # A quarter turn keeps the footprint in its lot when both half sizes swap with it.
    quarter = rng.integers(0, 4, count)
    odd = quarter % 2 == 1
    half[odd] = half[odd][:, ::-1]
    slack = np.maximum((lots.size - gap[:, None]) / 2 - np.where(odd[:, None], half[:, ::-1], half), 0)
    shift = rng.uniform(-0.6, 0.6, (count, 2)) * slack
    cos, sin = np.cos(lots.turn), np.sin(lots.turn)
    moved = np.column_stack([shift[:, 0] * cos - shift[:, 1] * sin, shift[:, 0] * sin + shift[:, 1] * cos])
    return shape, lots.centre + moved, half, lots.turn + quarter * np.pi / 2


def build_structures(
    partition: Partition,
    borders: Borders,
    parcels: Parcels,
    total: int,
    rng: np.random.Generator,
) -> Structures:
    """Exactly `total` structures in grid order. Raises ValueError when the land has room for fewer."""
    house = shapely.Point(to_metres([HOUSE_LON_LAT])[0])
    spanning = _span_borders(partition, borders, total // SPANNING_SHARE, house, rng)
    room = 0
    for shrink in (1.0, 0.93, 0.86, 0.80, 0.74):
        lots = lay_out_lots(parcels, shrink, rng)
        made = _build_on_lots(lots, parcels, house, rng)
        near = shapely.STRtree(made.footprint).query(spanning.footprint, predicate="dwithin", distance=2.0)[1]
        made = made.take(np.setdiff1d(np.arange(len(made.grid)), near))
        room = len(made.grid) + len(spanning.grid)
        if room >= total:
            return _choose_total(made, spanning, total, rng)
    raise ValueError(f"the demo has room for {room} buildings, not for {total}: use another seed")


def _build_on_lots(lots: Lots, parcels: Parcels, house: shapely.Point, rng: np.random.Generator) -> Structures:
    """What fits on the lots, inside their parcels and away from the house."""
    keep = rng.random(len(lots.zone)) < np.array([zone.built for zone in ZONES])[lots.zone]
    lots = lots.take(np.flatnonzero(keep))
    shape, centre, half, turn = _fill_lots(lots, rng)
    footprint = draw_footprints(shape, centre, half, turn)
    shapely.prepare(parcels.boundary)
    fits = shapely.contains_properly(parcels.boundary[lots.parcel], footprint)
    # What sticks out over a slanted side may still fit when it is smaller and plain.
    rest = np.flatnonzero(~fits & (shape != shape_index("podium")))
    shape[rest] = shape_index("rectangle")
    half[rest] *= 0.66
    footprint[rest] = draw_footprints(shape[rest], centre[rest], half[rest], turn[rest])
    fits[rest] = shapely.contains_properly(parcels.boundary[lots.parcel[rest]], footprint[rest])
    fits &= half.min(axis=1) > 3.5
    podium = np.flatnonzero(fits & (shape == shape_index("podium")))
    tower_shape = _choose({"tower": 0.7, "round_tower": 0.3}, len(podium), rng)
    towers = draw_footprints(tower_shape, centre[podium], half[podium], turn[podium])
    low = np.flatnonzero(fits)
    made = Structures(
        footprint=np.concatenate([footprint[low], towers]),
        grid=parcels.grid[np.concatenate([lots.parcel[low], lots.parcel[podium]])],
        zone=np.concatenate([lots.zone[low], lots.zone[podium]]),
        shape=np.concatenate([shape[low], tower_shape]),
        spans=np.zeros(len(low) + len(podium), dtype=np.int64),
    )
    return made.take(np.flatnonzero(shapely.distance(made.footprint, house) > HOUSE_CLEARANCE))


def _span_borders(
    partition: Partition, borders: Borders, count: int, house: shapely.Point, rng: np.random.Generator
) -> Structures:
    """Buildings over a local road between two grids, mostly in one of them."""
    length = np.hypot(*(borders.ends[:, 1] - borders.ends[:, 0]).T)
    wild = shapely.area(partition.grids) > 150_000
    local = (borders.road_class == 3) & (borders.left >= 0) & (borders.right >= 0) & (length > 70)
    local &= ~wild[borders.left] & ~wild[borders.right]
    chosen = rng.permutation(np.flatnonzero(local))
    delta = (borders.ends[chosen, 1] - borders.ends[chosen, 0]) / length[chosen, None]
    side = 7.0 * np.column_stack([-delta[:, 1], delta[:, 0]])
    centre = borders.ends[chosen].mean(axis=1) + side
    half = np.column_stack([rng.uniform(16, 24, len(chosen)), rng.uniform(14, 17, len(chosen))])
    shape = np.full(len(chosen), shape_index("rectangle"))
    footprint = draw_footprints(shape, centre, half, np.arctan2(delta[:, 1], delta[:, 0]))
    home, other = borders.left[chosen], borders.right[chosen]
    inside = shapely.area(shapely.intersection(footprint, partition.grids[home]))
    beyond = shapely.area(shapely.intersection(footprint, partition.grids[other]))
    fits = np.abs(inside + beyond - shapely.area(footprint)) < 0.5
    fits &= (inside > beyond) & (shapely.distance(footprint, house) > HOUSE_CLEARANCE)
    fits &= shapely.within(shapely.point_on_surface(footprint), partition.grids[home])
    # Two of them must not meet at a crossing: keep the first of each pair.
    first, second = shapely.STRtree(footprint).query(footprint, predicate="dwithin", distance=4.0)
    fits[np.maximum(first, second)[first != second]] = False
    kept = np.flatnonzero(fits)[:count]
    if len(kept) < count:
        raise ValueError("the demo has too few local roads for its spanning buildings: use another seed")
    return Structures(
        footprint[kept],
        home[kept],
        np.full(count, zone_index("commercial")),
        shape[kept],
        np.ones(count, np.int64),
    )


def _choose_total(made: Structures, spanning: Structures, total: int, rng: np.random.Generator) -> Structures:
    """Spanning structures and as many of the others as are wanted; villages keep all theirs."""
    priority = rng.random(len(made.grid)) + (made.zone == zone_index("village"))
    wanted = total - len(spanning.grid)
    kept = np.sort(np.argsort(-priority, kind="stable")[:wanted])
    both = Structures(
        np.concatenate([made.footprint[kept], spanning.footprint]),
        np.concatenate([made.grid[kept], spanning.grid]),
        np.concatenate([made.zone[kept], spanning.zone]),
        np.concatenate([made.shape[kept], spanning.shape]),
        np.concatenate([made.spans[kept], spanning.spans]),
    )
    return both.take(np.argsort(both.grid, kind="stable"))
