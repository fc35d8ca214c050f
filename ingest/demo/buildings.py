# SPDX-License-Identifier: Apache-2.0
"""What the demo's buildings are: use, structure, storeys, heights, areas and years, by zone and shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ingest.demo.footprints import shape_index
from ingest.demo.frame import FloatArray, GeometryArray, IntArray, build_frame
from ingest.demo.structures import Structures
from ingest.demo.terrain import measure_core, measure_density
from ingest.demo.zoning import ZONES, zone_index

#: No demo building is higher than this (m).
HIGHEST: Final = 250.0

#: Shares of use by zone.
_USES: Final[dict[str, dict[str, float]]] = {
    "nature": {"residential": 0.6, "public": 0.25, "industrial": 0.15},
    "airfield": {"public": 0.7, "industrial": 0.3},
    "village": {"residential": 0.86, "mixed": 0.12, "commercial": 0.02},
    "rows": {"residential": 0.92, "mixed": 0.06, "public": 0.02},
    "estate": {"residential": 0.90, "mixed": 0.07, "public": 0.03},
    "industrial": {"industrial": 0.86, "residential": 0.08, "office": 0.06},
    "commercial": {"commercial": 0.56, "office": 0.26, "mixed": 0.18},
    "core": {"office": 0.55, "commercial": 0.20, "mixed": 0.25},
    "public": {"public": 0.92, "office": 0.08},
}

#: Storeys by zone: middle and spread of a log-normal, least, most.
_STOREYS: Final[dict[str, tuple[float, float, int, int]]] = {
    "nature": (2.4, 0.4, 1, 6),
    "airfield": (2.2, 0.4, 1, 5),
    "village": (6.6, 0.20, 3, 10),
    "rows": (6.8, 0.16, 4, 9),
    "estate": (19.0, 0.38, 7, 38),
    "industrial": (4.2, 0.34, 1, 8),
    "commercial": (8.0, 0.55, 2, 28),
    "core": (24.0, 0.42, 4, 58),
    "public": (4.6, 0.35, 1, 12),
}

#: Height of a storey by use (m).
_STOREY_HEIGHT: Final = {
    "residential": 3.0,
    "industrial": 5.2,
    "commercial": 4.5,
    "office": 4.1,
    "public": 3.9,
    "mixed": 3.3,
}

#: Years of building by zone: first, last.
_YEARS: Final = {
    "nature": (1978, 2015),
    "airfield": (1991, 2022),
    "village": (1986, 2012),
    "rows": (1984, 2003),
    "estate": (1998, 2025),
    "industrial": (1988, 2020),
    "commercial": (1992, 2024),
    "core": (2004, 2025),
    "public": (1985, 2024),
}


@dataclass(frozen=True)
class Traits:
    """The attributes of structures, each shape (n,); heights in m, areas in m²."""

    use: NDArray[np.str_]
    structure: NDArray[np.str_]
    storeys_above: IntArray
    storeys_below: IntArray
    height: FloatArray
    base_elevation: FloatArray
    gross_floor_area: FloatArray
    year_built: IntArray

    def take(self, chosen: IntArray) -> Traits:
        """The chosen rows, in that order."""
        return Traits(
            self.use[chosen],
            self.structure[chosen],
            self.storeys_above[chosen],
            self.storeys_below[chosen],
            self.height[chosen],
            self.base_elevation[chosen],
            self.gross_floor_area[chosen],
            self.year_built[chosen],
        )


def draw_traits(structures: Structures, grids: GeometryArray, rng: np.random.Generator) -> Traits:
    """Traits by zone; neighbours in a grid resemble each other, towers stand on low podiums."""
    count = len(structures.grid)
    xy = shapely.get_coordinates(shapely.centroid(structures.footprint))
    middle = shapely.get_coordinates(shapely.centroid(grids))
    use = np.empty(count, dtype="<U12")
    years = np.zeros(count, dtype=np.int64)
    parameters = np.zeros((count, 4))
    age_of_grid = rng.beta(2.0, 2.0, len(grids))
    for index, zone in enumerate(ZONES):
        chosen = np.flatnonzero(structures.zone == index)
        shares = _USES[zone.name]
        use[chosen] = rng.choice(list(shares), size=len(chosen), p=list(shares.values()))
        first, last = _YEARS[zone.name]
        spread = np.clip(age_of_grid[structures.grid[chosen]] + rng.normal(0, 0.09, len(chosen)), 0, 1)
        years[chosen] = np.round(first + spread * (last - first)).astype(np.int64)
        parameters[chosen] = _STOREYS[zone.name]
    storeys = _draw_storeys(structures, parameters, measure_core(middle), measure_density(middle), xy, rng)
    each = np.zeros(count)
    for name, storey_height in _STOREY_HEIGHT.items():
        each[use == name] = storey_height
    each = np.round(each + rng.uniform(-0.1, 0.25, count), 2)
    storeys = np.minimum(storeys, np.floor((HIGHEST - 2.0) / each)).astype(np.int64)
    height = np.round(storeys * each + rng.uniform(0.6, 1.8, count), 1)
    area = np.round(shapely.area(structures.footprint) * storeys * rng.uniform(0.93, 1.0, count), 1)
    below = np.where(storeys > 10, 1 + rng.binomial(3, 0.3, count), rng.random(count) < 0.08)
    return Traits(
        use,
        _choose_structure(storeys, use, structures.zone, rng),
        storeys,
        below.astype(np.int64),
        height,
        # The demo stands on plain ground: without a terrain layer, hills would only make buildings float.
        np.zeros(count),
        area,
        years,
    )


def _draw_storeys(
    structures: Structures,
    parameters: FloatArray,
    core: FloatArray,
    density: FloatArray,
    xy: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Storeys above ground: log-normal by zone, with a common part in each grid, higher towards a core."""
    grid = structures.grid
    centre, spread, least, most = parameters.T
    common = rng.normal(0, 1, len(core))[grid]
    own = rng.normal(0, 1, len(grid))
    storeys = centre * np.exp(spread * (0.75 * common + 0.65 * own))
    storeys *= np.where(structures.zone == zone_index("estate"), 0.70 + 0.55 * density[grid], 1.0)
    rising = (structures.zone == zone_index("core")) | (structures.zone == zone_index("commercial"))
    storeys *= np.where(rising, 0.75 + 0.75 * measure_core(xy), 1.0)
    storeys = np.clip(np.round(storeys), least, most)
    tower = np.isin(structures.shape, [shape_index("tower"), shape_index("round_tower")])
    storeys[tower] = np.maximum(storeys[tower], 14)
    podium = structures.shape == shape_index("podium")
    storeys[podium] = rng.integers(2, 6, int(podium.sum()))
    low = structures.spans == 1
    storeys[low] = rng.integers(2, 7, int(low.sum()))
    # A shed with a large footprint has few storeys.
    shed = (structures.zone == zone_index("industrial")) & (shapely.area(structures.footprint) > 2200)
    storeys[shed] = np.minimum(storeys[shed], 4)
    return storeys


def _choose_structure(
    storeys: IntArray, use: NDArray[np.str_], zone: IntArray, rng: np.random.Generator
) -> NDArray[np.str_]:
    """The load-bearing structure: shear walls high up, masonry in old low housing, some steel in industry."""
    draw = rng.random(len(storeys))
    chosen = np.full(len(storeys), "frame", dtype="<U12")
    old = (zone == zone_index("village")) | (zone == zone_index("rows")) | (zone == zone_index("nature"))
    chosen[old & (storeys <= 7) & (draw < 0.72)] = "masonry"
    chosen[(use == "industrial") & (storeys <= 3) & (draw < 0.55)] = "steel"
    chosen[storeys >= 12] = "shear_wall"
    return chosen


def number_in_grid(grid: IntArray) -> IntArray:
    """1, 2, 3 … within each run of equal values of a sorted array."""
    first = np.concatenate([[0], np.flatnonzero(np.diff(grid)) + 1])
    return np.arange(len(grid)) - np.repeat(first, np.diff(np.concatenate([first, [len(grid)]]))) + 1


def name_buildings(structures: Structures, grid_codes: Sequence[str]) -> NDArray[Any]:
    """The building code of each structure of the full set: its grid's code and its number there."""
    serial = np.char.zfill(number_in_grid(structures.grid).astype(str), 5)
    return np.char.add(np.asarray(grid_codes)[structures.grid], serial).astype(object)


def build_buildings(structures: Structures, traits: Traits, codes: NDArray[Any], chosen: IntArray) -> gpd.GeoDataFrame:
    """The buildings frame of the chosen rows; `codes` and ids are those of the full set."""
    taken = traits.take(chosen)
    columns: dict[str, object] = {
        "local_id": [f"DEMO-B-{number + 1:06d}" for number in chosen.tolist()],
        "code": codes[chosen],
        "name": pd.Series(_name_landmarks(taken, chosen), dtype=object),
        "use": taken.use,
        "structure": taken.structure,
        "storeys_above": taken.storeys_above,
        "storeys_below": taken.storeys_below,
        "height": taken.height,
        "base_elevation": taken.base_elevation,
        "gross_floor_area": taken.gross_floor_area,
        "year_built": taken.year_built,
    }
    return build_frame(columns, structures.footprint[chosen])


def _name_landmarks(traits: Traits, chosen: IntArray) -> list[str | None]:
    """Names for high offices and public buildings, numbered; None for all others."""
    named: list[str | None] = []
    for use, storeys, number in zip(traits.use.tolist(), traits.storeys_above.tolist(), chosen.tolist(), strict=True):
        if storeys >= 30 and use in ("office", "mixed", "commercial"):
            named.append(f"示例大厦{number + 1}")
        elif use == "public":
            named.append(f"示例公共建筑{number + 1}")
        else:
            named.append(None)
    return named
