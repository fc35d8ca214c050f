# SPDX-License-Identifier: Apache-2.0
"""On which buildings of the demo district the models stand: by their use, height and footprint, the nearest first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import shapely

from ingest.demo.frame import HOUSE_LON_LAT
from ingest.demo.models.plan import Site
from twin.database import Connection
from twin.errors import RefusedError
from twin.model.table import STORAGE_SRID
from twin.text import Text

#: A footprint fills its own rectangle by this share at least: the models are rectangles.
_FILLED: Final = 0.97
#: A storey more or less than wished weighs as much as so many metres of distance.
_STOREY_M: Final = 60.0


@dataclass(frozen=True)
class Wish:
    """What a model wants of a building: its use, its length and width (least, most; m)."""

    uses: tuple[str, ...]
    length: tuple[float, float]
    width: tuple[float, float]


@dataclass(frozen=True)
class Candidate:
    """A building: its footprint in the metric CRS, heights in m, and its distance from the demo's middle."""

    footprint: shapely.Polygon
    storeys: int
    height: float
    elevation: float
    distance: float


def find_site(connection: Connection, wish: Wish, storeys: tuple[int, int, int], srid: int, source_id: str) -> Site:
    """The place of a model in the metric CRS `srid`, on a building of about as many `storeys` (least, best, most).

    Raises RefusedError where no building is like that.
    """
    rows = connection.execute(
        """
        SELECT ST_AsBinary(ST_Transform(geometry, %(srid)s)), storeys_above, height, coalesce(base_elevation, 0),
               ST_Distance(ST_Transform(geometry, %(srid)s),
                           ST_Transform(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(stored)s), %(srid)s))
        FROM building
        WHERE source_id = %(source)s AND use = ANY(%(uses)s) AND storeys_above BETWEEN %(least)s AND %(most)s
          AND height IS NOT NULL
        ORDER BY code
        """,
        {
            "srid": srid, "lon": HOUSE_LON_LAT[0], "lat": HOUSE_LON_LAT[1], "stored": STORAGE_SRID,
            "source": source_id, "uses": list(wish.uses), "least": storeys[0], "most": storeys[2],
        },
    ).fetchall()  # fmt: skip
    candidates = (
        Candidate(polygon, int(above), float(height), float(elevation), float(distance))
        for wkb, above, height, elevation, distance in rows
        if isinstance(polygon := _only_polygon(bytes(wkb)), shapely.Polygon)
    )
    site = choose_site(candidates, wish, storeys[1], f"EPSG:{srid}")
    if site is None:
        raise RefusedError(
            Text(
                "演示街区里没有适合该模型的建筑;请先运行 twin demo。",
                "No building of the demo district suits the model; run `twin demo` first.",
            )
        )
    return site


def _only_polygon(wkb: bytes) -> shapely.Geometry:
    geometry = shapely.from_wkb(wkb)
    parts = shapely.get_parts(geometry)
    return parts[0] if len(parts) == 1 else geometry


def choose_site(candidates: Iterable[Candidate], wish: Wish, storeys: int, crs: str) -> Site | None:
    """The best of the candidates: near, and with about as many storeys as wished. None where none fits."""
    best: tuple[float, Site] | None = None
    for candidate in candidates:
        site = _fit(candidate, wish, crs)
        cost = candidate.distance + _STOREY_M * abs(candidate.storeys - storeys)
        if site is not None and (best is None or cost < best[0] - 1e-3):
            best = (cost, site)
    return best[1] if best else None


def _fit(candidate: Candidate, wish: Wish, crs: str) -> Site | None:
    box = shapely.minimum_rotated_rectangle(candidate.footprint)
    if not isinstance(box, shapely.Polygon) or candidate.footprint.area < _FILLED * box.area:
        return None
    corners = shapely.get_coordinates(box)
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    along, across = (first, second) if math.hypot(*first) >= math.hypot(*second) else (second, first)
    length, width = math.hypot(*along), math.hypot(*across)
    if not (wish.length[0] <= length <= wish.length[1] and wish.width[0] <= width <= wish.width[1]):
        return None
    # The same line whichever corner the rectangle begins with: eastwards.
    turn = math.degrees(math.atan2(along[1], along[0]))
    turn = (turn + 90.0) % 180.0 - 90.0
    middle = box.centroid
    return Site(
        crs, round(middle.x, 2), round(middle.y, 2), round(turn, 3), round(length, 2), round(width, 2),
        candidate.storeys, candidate.height, candidate.elevation,
    )  # fmt: skip
