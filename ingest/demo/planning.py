# SPDX-License-Identifier: Apache-2.0
"""Synthetic planning data over the generated city: parcels' conditions, and limits of height by the airfield."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import shapely

from ingest.demo.buildings import Traits
from ingest.demo.frame import IntArray, build_frame
from ingest.demo.parcels import Parcels
from ingest.demo.partition import Partition
from ingest.demo.structures import Structures
from ingest.demo.terrain import measure_airfield
from ingest.demo.zoning import ZONE_NAMES

#: By zone: land use, the demo's code for it, least plot ratio, least height limit (m), green ratio.
_CONDITIONS: Final[dict[str, tuple[str, str, float, float, float]]] = {
    "nature": ("green", "示例-G", 0.1, 12, 0.80),
    "airfield": ("transport", "示例-T", 0.5, 24, 0.20),
    "village": ("village", "示例-V", 2.0, 30, 0.10),
    "rows": ("residential", "示例-R1", 1.8, 30, 0.30),
    "estate": ("residential", "示例-R2", 3.2, 80, 0.35),
    "industrial": ("industrial", "示例-M", 2.0, 40, 0.20),
    "commercial": ("commercial", "示例-C1", 3.0, 60, 0.20),
    "core": ("commercial", "示例-C2", 6.0, 120, 0.20),
    "public": ("public", "示例-GIC", 1.2, 40, 0.35),
}

#: Surfaces around the airfield: to this distance (m), this elevation (m) unless something higher stands there.
_SURFACES: Final = ((4_000.0, 49.0), (5_000.0, 99.0), (6_000.0, 149.0), (15_000.0, 154.0))

_DATUM: Final = "EPSG:5737"


def build_parcels(
    parcels: Parcels, structures: Structures, traits: Traits, house: shapely.Point, count: int
) -> gpd.GeoDataFrame:
    """The `count` parcels nearest to the house, under conditions that what stands on them keeps; areas in m²."""
    rows = np.flatnonzero(shapely.area(parcels.boundary) > 100)
    distance = shapely.distance(parcels.boundary[rows], house)
    rows = np.sort(rows[np.argsort(distance, kind="stable")[:count]])
    # Spikes thinner than this would cross themselves when their degrees are rounded.
    boundary = shapely.orient_polygons(shapely.set_precision(parcels.boundary[rows], 0.1))
    area = shapely.area(boundary)
    points = shapely.point_on_surface(structures.footprint)
    parcel, building = shapely.STRtree(points).query(boundary, predicate="contains")
    floor = np.bincount(parcel, weights=traits.gross_floor_area[building], minlength=len(rows))
    built = np.bincount(parcel, weights=shapely.area(structures.footprint[building]), minlength=len(rows))
    highest = np.zeros(len(rows))
    np.maximum.at(highest, parcel, traits.height[building])
    conditions = [_CONDITIONS[ZONE_NAMES[zone]] for zone in parcels.zone[rows].tolist()]
    ratio, limit = (np.array([c[i] for c in conditions], dtype=np.float64) for i in (2, 3))
    columns: dict[str, object] = {
        "local_id": [f"DEMO-L-{row + 1:05d}" for row in rows.tolist()],
        "code": [f"DEMO-L-{row + 1:05d}" for row in rows.tolist()],
        "name": [f"示例地块{row + 1}号" for row in rows.tolist()],
        "land_use": [c[0] for c in conditions],
        "land_use_code": [c[1] for c in conditions],
        "land_area": np.round(area),
        "plot_ratio": np.maximum(ratio, np.ceil(floor / area * 10) / 10),
        "building_density": np.clip(np.ceil(built / area * 20 + 1) / 20, 0.05, 1.0),
        "green_ratio": [c[4] for c in conditions],
        "height_limit": np.maximum(limit, np.ceil(highest / 10) * 10),
        "plan_name": "合成示例规划",
    }
    return build_frame(columns, boundary)


def build_height_limits(partition: Partition, structures: Structures, traits: Traits) -> gpd.GeoDataFrame:
    """Rings around the middle of the airfield within the district; no building of the demo reaches above one."""
    centres = shapely.get_coordinates(shapely.centroid(partition.grids))
    weight = measure_airfield(centres) ** 4 * shapely.area(partition.grids)
    middle = shapely.Point(np.round((centres * weight[:, None]).sum(axis=0) / weight.sum(), 1))
    distance = shapely.distance(structures.footprint, middle)
    inner, before = shapely.Point(), 0.0
    rings: list[shapely.Geometry] = []
    limits: list[float] = []
    for radius, nominal in _SURFACES:
        disc = shapely.buffer(middle, radius, quad_segs=32)
        ring = shapely.intersection(shapely.difference(disc, inner), partition.district)
        standing: IntArray = np.flatnonzero((distance >= before - 300) & (distance < radius))
        highest = float((traits.height + traits.base_elevation)[standing].max(initial=0.0))
        rings.append(ring)
        limits.append(max(nominal, float(np.ceil(highest / 5) * 5)))
        inner, before = disc, radius
    columns: dict[str, object] = {
        "local_id": [f"DEMO-H-{number}" for number in range(1, len(rings) + 1)],
        "code": [f"DEMO-H-{number}" for number in range(1, len(rings) + 1)],
        "name": [f"示例净空限高区{number}" for number in range(1, len(rings) + 1)],
        "max_elevation": limits,
        "vertical_datum": _DATUM,
        "basis": "合成示例:机场净空面(非真实限高)",
    }
    return build_frame(columns, np.array(rings))
