# SPDX-License-Identifier: Apache-2.0
"""How a geometry leaves: as it is stored, or in another CRS, in the order of axes that this one has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from psycopg.sql import SQL, Composable, Literal

DEGREE_DECIMALS: Final = 7
"""Of longitudes and latitudes: a centimetre."""

METRE_DECIMALS: Final = 3


@dataclass(frozen=True)
class Shape:
    """The CRS of an answer.

    srid: what PostGIS transforms to; None: the longitudes and latitudes as they are stored. is_flipped: the registry
    has the latitude or the northing first; files have x, y all the same, texts follow the registry.
    """

    srid: int | None = None
    is_flipped: bool = False
    decimals: int = DEGREE_DECIMALS

    def as_xy(self, geometry: Composable) -> Composable:
        """The geometry with longitude or easting first."""
        return geometry if self.srid is None else SQL("ST_Transform({}, {})").format(geometry, Literal(self.srid))

    def as_geojson(self, geometry: Composable) -> Composable:
        """Its text in the registry's order of axes; NULL for none."""
        moved = self.as_xy(geometry)
        ordered = SQL("ST_FlipCoordinates({})").format(moved) if self.is_flipped else moved
        return SQL("ST_AsGeoJSON({}, {}, 0)").format(ordered, Literal(self.decimals))


AS_STORED: Final = Shape()
