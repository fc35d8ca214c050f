# SPDX-License-Identifier: Apache-2.0
"""A made-up district for benchmarks: a seamless tree of blocks and any number of buildings, from one seed.

It lies in no real place (codes 999901, around 120° E). A base grid measures 312.5 m with borders that
wander by a few metres, about as finely drawn as surveyed ones; it has room for 256 buildings. Some of
them stand across a border and one in a thousand is a bow tie, so that placing and repair have work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Transformer

from ingest.blocks.load import SchemeDeclaration, load_blocks
from ingest.report import LoadReport
from twin.database import transaction
from twin.settings import Settings

SEED: Final = 20_240_601

METRIC_SRID: Final = 4549
"""CGCS2000 / 3-degree Gauss-Kruger, central meridian 120° E."""

_ORIGIN: Final = (495_000.0, 3_320_000.0)
_GRID_M: Final = 312.5
_SLOTS: Final = 16
"""Along a grid's side; each holds one building."""

_TOP: Final = 4
"""Streets along the district's side, and communities along a street's."""

_BORDER_POINTS: Final = 16
_USES: Final = ("residential", "village", "industrial", "commercial", "office", "public")
_STRUCTURES: Final = ("frame", "masonry", "steel", "shear wall")

Numbers = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class City:
    """How large the district is: `side` base grids along each side."""

    buildings: int
    side: int
    seed: int = SEED

    @classmethod
    def for_buildings(cls, buildings: int, seed: int = SEED) -> City:
        """The smallest district with room for them."""
        streets = _TOP * _TOP
        grids = math.sqrt(buildings / _SLOTS**2)
        return cls(buildings, streets * max(1, math.ceil(grids / streets)), seed)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """west, south, east, north in degrees, without what wanders."""
        east, north = (value + self.side * _GRID_M for value in _ORIGIN)
        lon, lat = _lonlat(np.array([[_ORIGIN[0], _ORIGIN[1]], [east, north]])).T
        return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def load_city_blocks(settings: Settings, city: City) -> None:
    """The tree of blocks in the database: 1 district, 16 streets, 256 communities, `side`² base grids."""
    declaration = SchemeDeclaration(metric_srid=METRIC_SRID, is_synthetic=True)
    with transaction(settings) as connection:
        load_blocks(connection, make_blocks(city), declaration, LoadReport("blocks", "bench"), actor="bench")


def make_blocks(city: City) -> gpd.GeoDataFrame:
    """All blocks: code, name, geometry (EPSG:4490)."""
    rings = _lonlat(_grid_rings(city))
    shapes: dict[str, Any] = dict(zip(_grid_codes(city), np.asarray(shapely.polygons(rings)), strict=True))
    finer = dict(shapes)
    for width in (12, 9, 6):
        parents: dict[str, list[Any]] = {}
        for code, shape in finer.items():
            parents.setdefault(code[:width], []).append(shape)
        finer = {code: shapely.coverage_union_all(parts) for code, parts in parents.items()}
        shapes |= finer
    codes = sorted(shapes)
    names = {"code": codes, "name": [f"块{code}" for code in codes], "name_en": [f"Block {code}" for code in codes]}
    return gpd.GeoDataFrame(names, geometry=[shapes[code] for code in codes], crs=4490)


def make_buildings(city: City) -> gpd.GeoDataFrame:
    """`city.buildings` rows as a reader would give them: the columns of `building` and one more, EPSG:4490."""
    random = np.random.default_rng(city.seed)
    count, across = city.buildings, city.side * _SLOTS
    slots = np.sort(random.choice(across * across, count, replace=False))
    slot_m = _GRID_M / _SLOTS
    centres = np.column_stack([slots % across, slots // across]) * slot_m + slot_m / 2 + np.array(_ORIGIN)
    centres += random.uniform(-1.5, 1.5, (count, 2))
    sizes = random.uniform(8, 15, (count, 2))
    angles = np.radians(random.uniform(-12, 12, count))
    is_angled = random.random(count) < 0.4
    is_broken = ~is_angled & (random.random(count) < 0.001)
    geometry = np.empty(count, dtype=object)
    geometry[is_angled] = _polygons(_ANGLED, centres[is_angled], sizes[is_angled], angles[is_angled])
    geometry[~is_angled] = _polygons(_OBLONG, centres[~is_angled], sizes[~is_angled], angles[~is_angled])
    geometry[is_broken] = _polygons(_BOW_TIE, centres[is_broken], sizes[is_broken], angles[is_broken])
    storeys = random.geometric(0.12, count).clip(1, 60)
    named = random.random(count) < 0.3
    numbers = pd.Series(np.arange(count)).astype(str)
    columns = {
        "local_id": "B" + numbers.str.zfill(8),
        "name": ("建筑 " + numbers).where(named),
        "code": (pd.Series(slots % 1000)).astype(str).str.zfill(3),
        "use": np.array(_USES, dtype=object)[random.integers(0, len(_USES), count)],
        "structure": np.array(_STRUCTURES, dtype=object)[random.integers(0, len(_STRUCTURES), count)],
        "storeys_above": storeys,
        "storeys_below": random.integers(0, 4, count),
        "height": np.round(storeys * 3.1 + random.uniform(0, 2, count), 1),
        "base_elevation": np.round(random.uniform(2, 40, count), 2),
        "gross_floor_area": np.round(storeys * sizes.prod(axis=1), 1),
        "year_built": random.integers(1985, 2024, count),
        "surveyed": pd.Series(random.integers(2015, 2024, count)).astype(str).where(random.random(count) < 0.5),
    }
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=4490)
    return frame.set_index(pd.RangeIndex(1, count + 1))


_OBLONG: Final = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) / 2
_ANGLED: Final = np.array([[-1, -1], [1, -1], [1, 0], [0, 0], [0, 1], [-1, 1], [-1, -1]]) / 2
_BOW_TIE: Final = np.array([[-1, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]]) / 2


def _polygons(plan: Numbers, centres: Numbers, sizes: Numbers, angles: Numbers) -> npt.NDArray[Any]:
    """One polygon for each centre (m): the plan, stretched to its size (m) and turned by its angle (radians)."""
    local = plan[None, :, :] * sizes[:, None, :]
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    x = local[:, :, 0] * cosine - local[:, :, 1] * sine
    y = local[:, :, 0] * sine + local[:, :, 1] * cosine
    return np.asarray(shapely.polygons(_lonlat(np.stack([x, y], axis=-1) + centres[:, None, :])))


def _grid_rings(city: City) -> Numbers:
    """The rings of the base grids row by row from the south-west: (grids, points, 2), metres."""
    random = np.random.default_rng(city.seed + 1)
    side, points = city.side, _BORDER_POINTS
    corners = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), axis=-1) * _GRID_M
    corners += random.uniform(-6, 6, corners.shape)
    part = np.linspace(0, 1, points, endpoint=False)[:, None]

    def wander(start: Numbers, end: Numbers) -> Numbers:
        line = start[..., None, :] * (1 - part) + end[..., None, :] * part
        line[..., 1:, :] += random.uniform(-2, 2, line[..., 1:, :].shape)
        return line

    flat = wander(corners[:, :-1], corners[:, 1:])
    upright = wander(corners[:-1, :], corners[1:, :])
    south, north = flat[:-1], flat[1:]
    west, east = upright[:, :-1], upright[:, 1:]
    # North and west are walked backwards: their own first point belongs to the next side.
    backwards_north = np.concatenate([corners[1:, 1:, None, :], north[:, :, :0:-1]], axis=2)
    backwards_west = np.concatenate([corners[1:, :-1, None, :], west[:, :, :0:-1]], axis=2)
    rings = np.concatenate([south, east, backwards_north, backwards_west, corners[:-1, :-1, None, :]], axis=2)
    return rings.reshape(side * side, -1, 2) + np.array(_ORIGIN)


def _grid_codes(city: City) -> list[str]:
    """The codes in the order of `_grid_rings`: street, community and grid count from the south-west."""
    row, column = np.divmod(np.arange(city.side**2), city.side)
    inner = city.side // (_TOP * _TOP)

    def number(unit: int, within: int) -> npt.NDArray[np.int64]:
        return (row // unit % within) * within + column // unit % within + 1

    streets, communities, grids = number(inner * _TOP, _TOP), number(inner, _TOP), number(1, inner)
    return [f"999901{s:03d}{c:03d}{g:02d}" for s, c, g in zip(streets, communities, grids, strict=True)]


def _lonlat(metric: Numbers) -> Numbers:
    lon, lat = Transformer.from_crs(METRIC_SRID, 4490, always_xy=True).transform(metric[..., 0], metric[..., 1])
    return np.stack([lon, lat], axis=-1)
