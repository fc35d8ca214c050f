# SPDX-License-Identifier: Apache-2.0
"""Storeys and units of the demo's more important buildings: footprints cut into flats, stacked by storey.

Each number is drawn for its building and unit, so the units of the small scale are those of the full one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ingest.demo.buildings import Traits
from ingest.demo.draws import draw_uniform
from ingest.demo.frame import STORAGE_CRS, FloatArray, GeometryArray, IntArray, to_storage
from ingest.demo.structures import Structures
from ingest.demo.zoning import ZONE_NAMES, zone_index

#: How likely a building is surveyed by storey and unit, by zone.
_SURVEYED: Final = {
    "nature": 0.02, "airfield": 0.2, "village": 0.12, "rows": 0.5, "estate": 0.3, "industrial": 0.9,
    "commercial": 0.9, "core": 1.6, "public": 0.5,
}  # fmt: skip

#: Size of a unit by use (m² of footprint), and in an urban village.
_UNIT_SIZE: Final = {
    "residential": 115.0, "mixed": 115.0, "office": 260.0, "commercial": 240.0, "industrial": 1300.0, "public": 600.0,
}  # fmt: skip
_VILLAGE_UNIT: Final = 55.0

#: No storey of the demo has more units than this.
_MOST_UNITS: Final = 10

#: A piece of a footprint smaller than this (m²) is no unit.
_LEAST_PIECE: Final = 8.0

_BASEMENT_HEIGHT: Final = 3.6
"""Of a storey below ground (m)."""


@dataclass(frozen=True)
class Plans:
    """One storey's units for each surveyed building: pieces in metres, the building's row, 1, 2, 3 … in it."""

    piece: GeometryArray
    building: IntArray
    number: IntArray


def choose_surveyed(structures: Structures, traits: Traits, house: shapely.Point, count: int, seed: int) -> IntArray:
    """`count` buildings of the full set, in order: high and central ones rather, and those around the house."""
    rows = np.arange(len(structures.grid))
    weight = np.array([_SURVEYED[name] for name in ZONE_NAMES])[structures.zone]
    weight = weight * np.where(traits.storeys_above >= 3, 1.0, 0.2)
    distance = shapely.distance(structures.footprint, house)
    score = np.log(weight) - np.log(-np.log(draw_uniform(seed, 1, rows))) + np.where(distance < 700, 6.0, 0.0)
    return np.sort(np.argsort(-score, kind="stable")[:count])


def keep_nearest(
    surveyed: IntArray, among: IntArray, structures: Structures, house: shapely.Point, count: int
) -> IntArray:
    """`count` of the surveyed buildings that are `among` others, the nearest to the house, in order."""
    both = np.intersect1d(surveyed, among)
    distance = shapely.distance(structures.footprint[both], house)
    return np.sort(both[np.argsort(distance, kind="stable")[:count]])


def cut_plans(structures: Structures, traits: Traits, surveyed: IntArray) -> Plans:
    """Cut each footprint along its long side, and across where it has many units; slivers are no units."""
    footprint = structures.footprint[surveyed]
    area = shapely.area(footprint)
    size = np.array([_UNIT_SIZE[use] for use in traits.use[surveyed].tolist()])
    size = np.where(structures.zone[surveyed] == zone_index("village"), _VILLAGE_UNIT, size)
    wanted = np.clip(np.round(0.9 * area / size), 1, _MOST_UNITS).astype(np.int64)
    across = np.where(wanted >= 4, 2, 1)
    along = -(-wanted // across)
    corner, side_along, side_across = _frames(footprint)
    cells = across * along
    building = np.repeat(np.arange(len(surveyed)), cells)
    cell = np.arange(len(building)) - np.repeat(np.cumsum(cells) - cells, cells)
    column, row = cell % along[building], cell // along[building]
    u, v = side_along[building] / along[building, None], side_across[building] / across[building, None]
    start = corner[building] + column[:, None] * u + row[:, None] * v
    boxes = shapely.polygons(np.stack([start, start + u, start + u + v, start + v, start], axis=1))
    piece = shapely.intersection(footprint[building], boxes)
    plain = np.isin(shapely.get_type_id(piece), (3, 6))
    piece[~plain] = shapely.buffer(piece[~plain], 0)
    kept = shapely.area(piece) >= np.minimum(_LEAST_PIECE, 0.9 * area[building])
    piece, building = piece[kept], building[kept]
    first = np.searchsorted(building, building)
    return Plans(piece, building, np.arange(len(building)) - first + 1)


def _frames(footprint: GeometryArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A corner (n, 2) of each smallest rectangle around, and its long and short sides as vectors (n, 2)."""
    rectangles = shapely.oriented_envelope(footprint)
    corners = shapely.get_coordinates(rectangles).reshape(len(footprint), 5, 2)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]
    longer = (np.hypot(*first.T) >= np.hypot(*second.T))[:, None]
    return corners[:, 0], np.where(longer, first, second), np.where(longer, second, first)


def build_storeys(structures: Structures, traits: Traits, codes: NDArray[Any], surveyed: IntArray) -> gpd.GeoDataFrame:
    """Every storey of the surveyed buildings, from the lowest up, with the building's own geometry.

    `codes` are the building codes of the surveyed rows; elevations are in m.
    """
    taken = traits.take(surveyed)
    counts = taken.storeys_above + taken.storeys_below
    building = np.repeat(np.arange(len(surveyed)), counts)
    step = np.arange(len(building)) - np.repeat(np.cumsum(counts) - counts, counts) - taken.storeys_below[building]
    number = np.where(step >= 0, step + 1, step)
    z_min, z_max = _elevations(taken, building, number)
    area = np.round(taken.gross_floor_area / taken.storeys_above, 1)
    columns: dict[str, Any] = {
        "local_id": _join("DEMO-S-", _pad(surveyed[building] + 1, 6), ":", number.astype(str)),
        "name": np.where(number > 0, _join(number.astype(str), "层"), _join("地下", np.abs(number).astype(str), "层")),
        "number": number,
        "building_code": np.asarray(codes, dtype=object)[building],
        "use": _uses(taken.use[building], number),
        "floor_area": area[building],
        "z_min": z_min,
        "z_max": z_max,
        "has_own_geometry": np.zeros(len(building), dtype=np.bool_),
    }
    return _frame(columns, to_storage(structures.footprint[surveyed])[building])


def build_units(
    structures: Structures, traits: Traits, codes: NDArray[Any], surveyed: IntArray, seed: int
) -> gpd.GeoDataFrame:
    """Every unit of the surveyed buildings above ground, with occupancy and residents, who are only counted."""
    taken = traits.take(surveyed)
    plans = cut_plans(structures, traits, surveyed)
    order = np.argsort(plans.building, kind="stable")
    counts = taken.storeys_above[plans.building]
    # By building, storey, number in the storey: the storeys of a building repeat its plan.
    plan = np.repeat(order, counts)
    storey = np.arange(len(plan)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    building = plans.building[plan]
    by_storey = np.lexsort((plans.number[plan], storey, building))
    plan, storey, building = plan[by_storey], storey[by_storey], building[by_storey]
    serial = np.arange(len(plan)) - np.searchsorted(building, building) + 1
    row = surveyed[building]
    z_min, z_max = _elevations(taken, building, storey)
    use = _uses(taken.use[building], storey)
    share = taken.gross_floor_area / taken.storeys_above / shapely.area(structures.footprint[surveyed])
    area = np.round(shapely.area(plans.piece)[plan] * share[building], 1)
    occupancy, residents = _draw_households(structures.zone[row], use, area, row, serial, seed)
    code = _join(np.asarray(codes, dtype=str)[building], _pad(serial, 6))
    columns: dict[str, Any] = {
        "local_id": _join("DEMO-U-", _pad(row + 1, 6), ":", serial.astype(str)),
        "code": code,
        "building_code": np.asarray(codes, dtype=object)[building],
        "storey_number": storey,
        "room": _join(storey.astype(str), _pad(plans.number[plan], 2)),
        "use": use,
        "floor_area": area,
        "z_min": z_min,
        "z_max": z_max,
        "occupancy": occupancy,
        "residents": residents,
        "has_own_geometry": np.ones(len(plan), dtype=np.bool_),
    }
    return _frame(columns, to_storage(plans.piece)[plan])


def _elevations(traits: Traits, building: IntArray, number: IntArray) -> tuple[FloatArray, FloatArray]:
    """Bottom and top (m) of storeys; the parapet stays above the highest."""
    each = np.floor((traits.height - 0.5) / traits.storeys_above * 100) / 100
    height = np.where(number > 0, each[building], _BASEMENT_HEIGHT)
    below = np.where(number > 0, number - 1, number)
    base = traits.base_elevation[building]
    return np.round(base + below * height, 2), np.round(base + (below + 1) * height, 2)


def _uses(use: NDArray[np.str_], number: IntArray) -> NDArray[Any]:
    """What a storey is used for: cars below ground, shops at the foot of a mixed building, its use elsewhere."""
    upper = np.where(use == "mixed", np.where(number <= 2, "commercial", "residential"), use)
    return np.where(number < 0, "parking", upper).astype(object)


def _draw_households(
    zone: IntArray, use: NDArray[Any], area: FloatArray, row: IntArray, serial: IntArray, seed: int
) -> tuple[NDArray[Any], IntArray]:
    """Occupancy of units, and how many live in each: nobody where nobody dwells."""
    state, people = draw_uniform(seed, 2, row, serial), draw_uniform(seed, 3, row, serial)
    rented = np.where(zone == zone_index("village"), 0.86, np.where(use == "residential", 0.42, 0.6))
    occupancy = np.where(state < 0.09, "vacant", np.where(state < 0.09 + 0.91 * rented, "rented", "self"))
    most = np.clip(1 + area / 24.0, 1.5, 7.0)
    residents = 1 + np.floor(people * most).astype(np.int64)
    residents[(use != "residential") | (occupancy == "vacant")] = 0
    return occupancy.astype(object), residents


def _pad(numbers: IntArray, digits: int) -> NDArray[np.str_]:
    return np.char.zfill(numbers.astype(str), digits)


def _join(*parts: str | NDArray[Any]) -> NDArray[Any]:
    joined: NDArray[Any] | str = ""
    for part in parts:
        joined = np.char.add(joined, part)
    return np.asarray(joined)


def _frame(columns: dict[str, Any], geometries: GeometryArray) -> gpd.GeoDataFrame:
    """A frame from geometries that are in the storage CRS already, marked as synthetic."""
    frame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=geometries, crs=STORAGE_CRS)
    frame.attrs["synthetic"] = True
    return frame
