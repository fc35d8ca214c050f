# SPDX-License-Identifier: Apache-2.0
"""What each base grid is used for, and how its land is laid out in lots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from ingest.demo.frame import HOUSE_LON_LAT, GeometryArray, IntArray, to_metres
from ingest.demo.terrain import (
    measure_airfield,
    measure_core,
    measure_density,
    measure_noise,
    measure_wildness,
)


@dataclass(frozen=True)
class Zone:
    """A kind of grid: lot size (m, along and across), the gap between buildings (m), the share built on."""

    name: str
    lot: tuple[float, float]
    gap: float
    built: float


ZONES: Final = (
    Zone("nature", (48, 42), 20, 0.05),
    Zone("airfield", (190, 120), 40, 0.35),
    Zone("village", (16.6, 15.2), 2.4, 0.985),
    Zone("rows", (48, 23), 10, 0.94),
    Zone("estate", (44, 41), 14, 0.92),
    Zone("industrial", (70, 46), 13, 0.93),
    Zone("commercial", (46, 38), 11, 0.92),
    Zone("core", (66, 62), 14, 0.93),
    Zone("public", (92, 76), 22, 0.85),
)
ZONE_NAMES: Final = tuple(zone.name for zone in ZONES)


def zone_index(name: str) -> int:
    """The index of a zone in ZONES."""
    return ZONE_NAMES.index(name)


def assign_zones(grids: GeometryArray, rng: np.random.Generator) -> IntArray:
    """The zone of each grid (index into ZONES): coherent districts of industry and housing, villages between."""
    xy = shapely.get_coordinates(shapely.centroid(grids))
    density, wild, core = measure_density(xy), measure_wildness(xy), measure_core(xy)
    industry = measure_noise(xy, 3000.0, rng) - 1.5 * (density - 0.45)
    rural = measure_noise(xy, 1100.0, rng)
    draw, draw_minor = rng.random(len(xy)), rng.random(len(xy))
    zones = np.full(len(xy), zone_index("estate"))
    zones[draw < 0.26] = zone_index("rows")
    zones[(rural > 1.08) & (draw < 0.9)] = zone_index("village")
    zones[(industry > 0.10) & (rural < 1.08)] = zone_index("industrial")
    zones[(draw_minor < 0.085)] = zone_index("commercial")
    zones[(draw_minor > 0.945)] = zone_index("public")
    zones[(core > 0.40) & (draw_minor > 0.12) & (draw_minor < 0.93)] = zone_index("core")
    zones[(density < 0.085) | ((wild > 0.55) & (draw < 0.9))] = zone_index("nature")
    zones[measure_airfield(xy) > 0.6] = zone_index("airfield")
    house = shapely.Point(to_metres([HOUSE_LON_LAT])[0])
    zones[shapely.contains(grids, house)] = zone_index("rows")
    return zones
