# SPDX-License-Identifier: Apache-2.0
"""The registers of industrial parks and urban villages, with boundaries that follow the generated city."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import Polygon

from ingest.demo.buildings import Traits
from ingest.demo.frame import FloatArray, GeometryArray, IntArray, build_frame, to_metres
from ingest.demo.parcels import Parcels
from ingest.demo.partition import Partition
from ingest.demo.roads import Borders
from ingest.demo.structures import Structures
from ingest.demo.zoning import zone_index

PARKS: Final = 1403
_PARK_TYPES: Final = {"manufacturing": 0.56, "logistics": 0.14, "innovation": 0.12, "mixed": 0.18}
VILLAGES: Final = 430
#: So many villages fill two base grids of a kind.
PAIRED_VILLAGES: Final = 24

#: The village that lies in two streets: its code, the size of its rectangle (m, east × north), and about
#: where on the border between the first two streets its middle is (longitude, latitude).
CROSS_VILLAGE_CODE: Final = "DEMO-V-CROSS"
CROSS_VILLAGE_SIZE: Final = (400.0, 300.0)
CROSS_VILLAGE_NEAR: Final = (113.873, 22.572)


@dataclass(frozen=True)
class Contents:
    """What stands inside each boundary: number of buildings, gross floor area (m²), use by use."""

    buildings: IntArray
    floor_area: FloatArray
    residential_area: FloatArray


def count_contents(boundaries: GeometryArray, structures: Structures, traits: Traits) -> Contents:
    """Count the buildings whose point on surface lies inside each boundary."""
    points = shapely.point_on_surface(structures.footprint)
    boundary, building = shapely.STRtree(points).query(boundaries, predicate="contains")
    area = traits.gross_floor_area[building]
    lived_in = np.isin(traits.use[building], ["residential", "mixed"])
    count = len(boundaries)
    return Contents(
        np.bincount(boundary, minlength=count),
        np.bincount(boundary, weights=area, minlength=count).astype(np.float64),
        np.bincount(boundary, weights=area * lived_in, minlength=count).astype(np.float64),
    )


def draw_parks(parcels: Parcels, rng: np.random.Generator) -> GeometryArray:
    """Exactly PARKS boundaries in metres: industrial parcels, larger ones preferred."""
    parts = parcels.boundary[parcels.zone == zone_index("industrial")]
    return _choose_parts(parts, PARKS, "industrial parks", rng)


def _choose_parts(parts: GeometryArray, count: int, what: str, rng: np.random.Generator) -> GeometryArray:
    """`count` of the parts, larger ones preferred, in their order."""
    if len(parts) < count:
        raise ValueError(f"the demo has land for {len(parts)} {what}, not for {count}: use another seed")
    priority = shapely.area(parts) * rng.uniform(0.3, 1.0, len(parts))
    return shapely.orient_polygons(parts[np.sort(np.argsort(-priority, kind="stable")[:count])])


def find_cross_village(partition: Partition) -> shapely.Polygon:
    """The rectangle of the village in two streets, centred on their border, sides along the axes (m)."""
    border = shapely.intersection(partition.streets[0], partition.streets[1])
    near = shapely.Point(to_metres([CROSS_VILLAGE_NEAR])[0])
    x, y = np.round(shapely.get_coordinates(shapely.shortest_line(border, near))[0], 2).tolist()
    east, north = CROSS_VILLAGE_SIZE[0] / 2, CROSS_VILLAGE_SIZE[1] / 2
    return shapely.box(x - east, y - north, x + east, y + north)


def draw_villages(
    parcels: Parcels, borders: Borders, cross: shapely.Polygon, rng: np.random.Generator
) -> GeometryArray:
    """Exactly VILLAGES boundaries in metres, the one in two streets first; some fill two grids."""
    village = np.flatnonzero(parcels.zone == zone_index("village"))
    grids, first, copies = np.unique(parcels.grid[village], return_index=True, return_counts=True)
    whole = {grid: int(village[at]) for grid, at, n in zip(grids.tolist(), first, copies, strict=True) if n == 1}
    alone = np.zeros(int(parcels.grid.max()) + 2, dtype=np.bool_)
    alone[list(whole)] = True
    shared = (borders.road_class == 3) & alone[borders.left] & alone[borders.right]
    joined: dict[int, int] = {}
    for index in rng.permutation(np.flatnonzero(shared)).tolist():
        one, other = int(borders.left[index]), int(borders.right[index])
        if len(joined) < 2 * PAIRED_VILLAGES and one not in joined and other not in joined:
            joined[one], joined[other] = other, one
    parts: list[shapely.Geometry] = []
    for parcel in village.tolist():
        grid = int(parcels.grid[parcel])
        if grid not in joined:
            parts.append(parcels.boundary[parcel])
        elif grid < joined[grid]:
            both = shapely.union(parcels.boundary[parcel], parcels.boundary[whole[joined[grid]]])
            closed = shapely.buffer(shapely.buffer(both, 10.5, join_style="mitre"), -10.5, join_style="mitre")
            parts.append(closed)
    clear = [part for part in parts if isinstance(part, Polygon) and not part.intersects(cross)]
    rest = _choose_parts(np.array(clear), VILLAGES - 1, "urban villages", rng)
    return np.concatenate([np.array([cross]), rest])


def build_parks(
    parks: GeometryArray, contents: Contents, chosen: IntArray, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """The industrial parks frame of the chosen rows; areas in m². Numbers are drawn for the full register."""
    floor = np.round(contents.floor_area)
    vacant = np.round(floor * np.clip(rng.beta(1.4, 8.0, len(parks)), 0, 0.7))
    kinds = rng.choice(list(_PARK_TYPES), len(parks), p=list(_PARK_TYPES.values()))
    firms = np.maximum(rng.poisson((floor - vacant) / 2600.0), 1)
    columns: dict[str, object] = {
        "local_id": [f"DEMO-P-{number + 1:04d}" for number in chosen.tolist()],
        "code": [f"DEMO-P-{number + 1:04d}" for number in chosen.tolist()],
        "name": [f"示例工业园{number + 1}号" for number in chosen.tolist()],
        "park_type": kinds[chosen],
        # One company runs several parks.
        "operator": [f"示例园区运营公司{number % 60 + 1}" for number in chosen.tolist()],
        "land_area": np.round(shapely.area(parks[chosen])),
        "floor_area": floor[chosen],
        "vacant_area": vacant[chosen],
        "firms": firms[chosen],
    }
    return build_frame(columns, parks[chosen])


def build_villages(
    villages: GeometryArray, contents: Contents, chosen: IntArray, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """The urban villages frame of the chosen rows; rental units follow the floor area that is lived in."""
    units = np.round(contents.residential_area / rng.uniform(38, 60, len(villages))).astype(np.int64)
    hazards = rng.poisson(0.02 * contents.buildings + 0.5)
    completeness = np.round(np.clip(rng.beta(9, 1.6, len(villages)), 0, 1), 3)
    codes = [CROSS_VILLAGE_CODE if number == 0 else f"DEMO-V-{number:03d}" for number in chosen.tolist()]
    columns: dict[str, object] = {
        "local_id": codes,
        "code": codes,
        "name": ["示例跨街道村" if number == 0 else f"示例村{number}号" for number in chosen.tolist()],
        "company": [
            "示例跨街道村股份合作公司" if number == 0 else f"示例村{number}股份合作公司" for number in chosen.tolist()
        ],
        "buildings": contents.buildings[chosen],
        "rental_units": units[chosen],
        "hazards": hazards[chosen],
        "survey_completeness": completeness[chosen],
    }
    return build_frame(columns, villages[chosen])


def choose_register(boundaries: GeometryArray, near: shapely.Point, count: int) -> IntArray:
    """`count` rows: the first, the nearest to a point as half of them, the rest spread over the register."""
    if count >= len(boundaries):
        return np.arange(len(boundaries))
    distance = shapely.distance(boundaries, near)
    distance[0] = -1.0
    order = np.argsort(distance, kind="stable")
    nearest = order[: count // 2]
    rest = np.sort(order[count // 2 :])
    steps = np.linspace(0, len(rest) - 1, count - len(nearest)).astype(np.int64)
    return np.sort(np.concatenate([nearest, rest[steps]]))
