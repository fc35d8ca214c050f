# SPDX-License-Identifier: Apache-2.0
"""The demo district as frames: every step of the generator, wired from top to bottom.

    district = generate("small")
    district.blocks, district.buildings, district.incidents …

The same scale, seed and `now` give the same frames. The small scale has the complete block tree and all
roads; its buildings, parks and villages are a part of the full set, with the same codes and ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.demo.buildings import Traits, build_buildings, draw_traits, name_buildings
from ingest.demo.components import build_components
from ingest.demo.entities import build_entities
from ingest.demo.event_types import build_event_types
from ingest.demo.frame import HOUSE_LON_LAT, FloatArray, IntArray, to_metres
from ingest.demo.incidents import LiveIncident, Places, build_incidents, draw_live_incidents
from ingest.demo.naming import build_blocks, name_blocks
from ingest.demo.outline import STREETS
from ingest.demo.parcels import cut_parcels
from ingest.demo.partition import Partition, build_partition
from ingest.demo.planning import build_height_limits, build_parcels
from ingest.demo.registers import (
    build_parks,
    build_villages,
    choose_register,
    count_contents,
    draw_parks,
    draw_villages,
    find_cross_village,
)
from ingest.demo.roads import Borders, build_roads, find_borders, inset_grids
from ingest.demo.structures import Structures, build_structures
from ingest.demo.terrain import measure_density, measure_noise
from ingest.demo.units import build_storeys, build_units, choose_surveyed, keep_nearest
from ingest.demo.zoning import assign_zones, zone_index

Scale = Literal["small", "district"]

DEFAULT_SEED: Final = 440306
#: The year of incidents ends here unless a caller says when it is.
DEFAULT_NOW: Final = datetime(2026, 11, 1, tzinfo=timezone(timedelta(hours=8)))
#: Buildings keep this distance from the edge of the road (m).
SETBACK: Final = 4.0


@dataclass(frozen=True)
class ScaleCounts:
    """How many features a scale has."""

    buildings: int
    industrial_parks: int
    urban_villages: int
    incidents: int
    #: Buildings with storeys and units.
    surveyed_buildings: int
    legal_entities: int
    components: int
    parcels: int


SCALES: Final[dict[Scale, ScaleCounts]] = {
    "small": ScaleCounts(12_000, 140, 43, 6_000, 160, 8_000, 6_000, 600),
    "district": ScaleCounts(170_000, 1_403, 430, 360_900, 9_600, 200_000, 60_000, 4_900),
}


@dataclass(frozen=True)
class DemoDistrict:
    """The frames of a generated district, in EPSG:4490 with x = longitude and y = latitude."""

    scale: Scale
    seed: int
    now: datetime
    blocks: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    industrial_parks: gpd.GeoDataFrame
    urban_villages: gpd.GeoDataFrame
    event_types: pd.DataFrame
    incidents: gpd.GeoDataFrame
    storeys: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    legal_entities: gpd.GeoDataFrame
    components: gpd.GeoDataFrame
    parcels: gpd.GeoDataFrame
    height_limits: gpd.GeoDataFrame
    #: All of it is invented; whatever shows it has to say so.
    synthetic: bool = True


def generate(scale: Scale, seed: int = DEFAULT_SEED, now: datetime = DEFAULT_NOW) -> DemoDistrict:
    """The demo district at a scale. Raises ValueError for a seed whose land cannot be divided as wanted.

    `now` (aware) ends the year of incidents; everything else depends on `scale` and `seed` alone.
    """

    def stream(step: int) -> np.random.Generator:
        """A generator of its own for each step, so that a change in one leaves the others as they are."""
        return np.random.default_rng([seed, step])

    counts = SCALES[scale]
    house = shapely.Point(to_metres([HOUSE_LON_LAT])[0])
    partition = build_partition(stream(1))
    borders = find_borders(partition)
    names = name_blocks(partition)
    inset = inset_grids(partition, borders, SETBACK)
    cross = find_cross_village(partition)
    zones = assign_zones(partition.grids, stream(2))
    zones[shapely.intersects(partition.grids, cross)] = zone_index("village")
    parcels = cut_parcels(inset, zones, partition.turn_of_grid)
    structures = build_structures(partition, borders, parcels, SCALES["district"].buildings, stream(3))
    traits = draw_traits(structures, partition.grids, stream(4))
    chosen = choose_buildings(structures, traits, partition, house, counts.buildings, stream(5))
    codes = name_buildings(structures, names.grid_codes)
    surveyed = choose_surveyed(structures, traits, house, SCALES["district"].surveyed_buildings, seed)
    surveyed = keep_nearest(surveyed, chosen, structures, house, counts.surveyed_buildings)
    parks = draw_parks(parcels, stream(6))
    villages = draw_villages(parcels, borders, cross, stream(7))
    return DemoDistrict(
        scale=scale,
        seed=seed,
        now=now,
        blocks=build_blocks(partition, names),
        roads=build_roads(partition, borders, [street.name.removesuffix("街道") for street in STREETS]),
        buildings=build_buildings(structures, traits, codes, chosen),
        industrial_parks=build_parks(
            parks,
            count_contents(parks, structures, traits),
            choose_register(parks, house, counts.industrial_parks),
            stream(8),
        ),
        urban_villages=build_villages(
            villages,
            count_contents(villages, structures, traits),
            choose_register(villages, house, counts.urban_villages),
            stream(9),
        ),
        event_types=build_event_types(),
        incidents=build_incidents(
            find_places(structures.take(chosen), traits.take(chosen), partition, borders, stream(10)),
            partition.communities,
            names.community_names,
            counts.incidents,
            now,
            stream(11),
        ),
        storeys=build_storeys(structures, traits, codes[surveyed], surveyed),
        units=build_units(structures, traits, codes[surveyed], surveyed, seed),
        legal_entities=build_entities(
            structures.take(chosen), traits.take(chosen), codes[chosen], counts.legal_entities, DEFAULT_NOW, stream(12)
        ),
        components=build_components(borders, partition.district, house, counts.components, seed),
        parcels=build_parcels(parcels, structures, traits, house, counts.parcels),
        height_limits=build_height_limits(partition, structures, traits),
    )


def live_incidents(district: DemoDistrict, n: int, rng: np.random.Generator, now: datetime) -> Iterator[LiveIncident]:
    """`n` fresh incidents accepted at `now` (aware), for a district that is watched live."""
    return draw_live_incidents(district.incidents, n, rng, now)


def choose_buildings(
    structures: Structures,
    traits: Traits,
    partition: Partition,
    house: shapely.Point,
    count: int,
    rng: np.random.Generator,
) -> IntArray:
    """`count` rows in order: all near the house; elsewhere the large and high ones, thinner out of town.

    Houses of urban villages are most of the full set; away from the house only a few villages keep theirs.
    """
    total = len(structures.grid)
    if count >= total:
        return np.arange(total)
    grids = shapely.get_coordinates(shapely.centroid(partition.grids))
    distance = shapely.distance(structures.footprint, house)
    near = 11.0 * np.exp(-((distance / 1500.0) ** 2)) + 3.0 * np.exp(-distance / 5000.0)
    town = 3.0 * measure_density(grids)[structures.grid]
    patch = (1.2 * measure_noise(grids, 900.0, rng) + rng.normal(0, 0.8, len(grids)))[structures.grid]
    bulk = 1.1 * np.log(shapely.area(structures.footprint) / 400.0) + np.clip(traits.height / 45.0, 0, 3)
    kept_village = rng.random(len(grids)) < 0.04
    small = (structures.zone == zone_index("village")) & ~kept_village[structures.grid] & (distance > 2300)
    score = near + town + patch + np.where(small, -4.0, bulk) + rng.gumbel(0, 0.7, total)
    score[structures.spans == 1] += 1.5
    score[np.argsort(distance, kind="stable")[: count // 4]] += 100.0
    return np.sort(np.argsort(-score, kind="stable")[:count])


def find_places(
    structures: Structures, traits: Traits, partition: Partition, borders: Borders, rng: np.random.Generator
) -> Places:
    """Places of incidents: beside the middle of roads between two grids, and at buildings; busier near hot spots."""
    shared = np.flatnonzero((borders.left >= 0) & (borders.right >= 0))
    grid_area = shapely.area(partition.grids)
    ends, home = borders.ends[shared], borders.left[shared]
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    # Long roads have several places, in town more of them than in the hills.
    repeat = np.clip(length * np.sqrt(20_000 / grid_area[home]) / 25.0, 1, 14).astype(np.int64)
    ends, home = np.repeat(ends, repeat, axis=0), np.repeat(home, repeat)
    along = rng.uniform(0.03, 0.97, len(home))[:, None]
    on_road = ends[:, 0] * (1 - along) + ends[:, 1] * along
    at_building = shapely.get_coordinates(shapely.point_on_surface(structures.footprint))
    kind = np.full(len(at_building), "building", dtype="<U10")
    kind[np.isin(traits.use, ["residential", "mixed"])] = "housing"
    kind[traits.use == "industrial"] = "industrial"
    xy = np.vstack([on_road, at_building])
    size = np.concatenate([np.full(len(on_road), 1.0), (traits.gross_floor_area / 3000.0) ** 0.85])
    return Places(
        xy=xy,
        community=partition.community_of_grid[np.concatenate([home, structures.grid])],
        kind=np.concatenate([np.full(len(on_road), "road"), kind]),
        weight=size * (1 + 9.0 * _measure_hot_spots(xy, at_building, rng)),
    )


def _measure_hot_spots(xy: FloatArray, buildings: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Closeness (0..1) to one of some places among the buildings where much happens."""
    heat = np.zeros(len(xy))
    for spot in buildings[rng.choice(len(buildings), size=36)]:
        squared = np.sum((xy - spot) ** 2, axis=1)
        heat = np.maximum(heat, rng.uniform(0.4, 1.0) * np.exp(-squared / (2 * 170.0**2)))
    return heat
