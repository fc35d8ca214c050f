# SPDX-License-Identifier: Apache-2.0
"""The tiles of a tile matrix set: where each lies, and which a box touches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

EXTENT: Final = 4096
"""Units along a tile's side."""

MAX_DETAIL: Final = 24
"""The finest tiles that are cut: by the width that Web Mercator's have at this zoom."""

HALF_WORLD: Final = 20037508.342789244
"""Metres from the centre of Web Mercator to its edge."""

MERCATOR_LIMIT: Final = 85.06
"""Degrees of latitude: a little beyond where Web Mercator's square ends."""

_RADIUS: Final = HALF_WORLD / math.pi

_ROUNDING: Final = 1e-9
"""Degrees, a tenth of a millimetre: more than a coordinate loses on its way to Web Mercator and back."""

_STRAIGHT: Final = 1.0
"""Tile units by which a row may be off where latitudes are spaced evenly: a sixteenth of a pixel."""

Box = tuple[float, float, float, float]
"""west, south, east, north."""


@dataclass(frozen=True)
class TileMatrixSet:
    """A tile matrix set (OGC 17-083r4): the whole world, halved from zoom to zoom.

    `first` is the number of the zoom at which one tile is as wide as the world; where latitudes are spaced evenly
    (not `is_mercator`) the first matrix is the one after it, of two tiles side by side.
    """

    id: str
    title: str
    is_mercator: bool
    first: int
    crs: str
    axes: tuple[str, str]
    uri: str | None
    scale_set: str | None


TILE_MATRIX_SETS: Final = {
    one.id: one
    for one in (
        TileMatrixSet(
            "WebMercatorQuad", "Google Maps Compatible for the World", True, 0,
            "http://www.opengis.net/def/crs/EPSG/0/3857", ("X", "Y"),
            "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
            "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        ),
        TileMatrixSet(
            "WorldCRS84Quad", "CRS84 for the World", False, -1,
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84", ("Lon", "Lat"),
            "http://www.opengis.net/def/tilematrixset/OGC/1.0/WorldCRS84Quad",
            "http://www.opengis.net/def/wkss/OGC/1.0/GoogleCRS84Quad",
        ),
        # The grid of China's national map service, whose zooms are numbered from 1.
        TileMatrixSet(
            "CGCS2000Quad", "CGCS2000 for the World", False, 0,
            "http://www.opengis.net/def/crs/EPSG/0/4490", ("Lat", "Lon"), None, None,
        ),
    )
}  # fmt: skip
"""The tile matrix sets that tiles are served in. Degrees are those of CGCS2000 in all of them (decision 012)."""

WEB_MERCATOR: Final = "WebMercatorQuad"


class Tile(NamedTuple):
    """A tile of zoom `z`, column `x` from the west and row `y` from the north."""

    z: int
    x: int
    y: int
    matrix_set: str = WEB_MERCATOR

    @property
    def detail(self) -> int:
        """The zoom at which Web Mercator's tiles are as wide: what zoom rules go by."""
        return self.z - TILE_MATRIX_SETS[self.matrix_set].first

    @property
    def is_mercator(self) -> bool:
        """Whether its rows are those of Web Mercator; else latitudes are spaced evenly."""
        return TILE_MATRIX_SETS[self.matrix_set].is_mercator

    @property
    def exists(self) -> bool:
        """Whether the tile matrix set has this tile."""
        detail = self.detail
        least = 0 if self.is_mercator else 1
        return self.z >= 0 and least <= detail <= MAX_DETAIL and 0 <= self.x < 1 << detail and 0 <= self.y < self.rows

    @property
    def side(self) -> float:
        """The length of its side in Web Mercator metres."""
        return 2 * HALF_WORLD / (1 << self.detail)

    @property
    def is_straight(self) -> bool:
        """Whether degrees may be scaled to its units as they are.

        Always where latitudes are spaced evenly; of Web Mercator's tiles, those so small that the middle row lies
        no further than a unit from where it belongs.
        """
        if not self.is_mercator:
            return True
        if self.detail == 0:
            # It bends to both sides of the equator, which is the middle row.
            return False
        _, south, _, north = self.degrees()
        bend = _mercator_y((south + north) / 2) - (_mercator_y(south) + _mercator_y(north)) / 2
        return abs(bend) <= _STRAIGHT * self.side / EXTENT

    def box(self, buffer: int = 0) -> Box:
        """Of Web Mercator: its box in metres, `buffer` tile units wider on every side."""
        side = self.side
        margin = side * buffer / EXTENT
        west, east = (self.x + step for step in (0, 1))
        return (
            west * side - HALF_WORLD - margin, HALF_WORLD - (self.y + 1) * side - margin,
            east * side - HALF_WORLD + margin, HALF_WORLD - self.y * side + margin,
        )  # fmt: skip

    def degrees(self) -> Box:
        """Its box in degrees. Two tiles with a common edge have the same number for it, bit by bit."""
        return (
            360 * self.x / (1 << self.detail) - 180, self._latitude(self.y + 1),
            360 * (self.x + 1) / (1 << self.detail) - 180, self._latitude(self.y),
        )  # fmt: skip

    def lonlat_box(self, buffer: int = 0) -> Box:
        """The box in degrees of the tile with its buffer, never smaller: meridians and parallels are straight in it."""
        margin = buffer / EXTENT
        span = 360 / (1 << self.detail)
        return (
            span * (self.x - margin) - 180 - _ROUNDING, self._latitude(self.y + 1 + margin) - _ROUNDING,
            span * (self.x + 1 + margin) - 180 + _ROUNDING, self._latitude(self.y - margin) + _ROUNDING,
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """How many rows its zoom has."""
        return 1 << (self.detail if self.is_mercator else self.detail - 1)

    def _latitude(self, row: float) -> float:
        if self.is_mercator:
            return math.degrees(2 * math.atan(math.exp(math.pi * (1 - 2 * row / (1 << self.detail)))) - math.pi / 2)
        return 90 - 360 * row / (1 << self.detail)


@dataclass(frozen=True)
class World:
    """A box in fractions of the world's width, x to the east and y to the south: of Web Mercator, and of degrees."""

    xmin: float
    xmax: float
    mercator: tuple[float, float]
    degrees: tuple[float, float]

    def touches(self, tile: Tile, buffer: int) -> bool:
        """Whether the box meets the tile with its buffer."""
        count = 1 << tile.detail
        margin = buffer / EXTENT
        ymin, ymax = self.mercator if tile.is_mercator else self.degrees
        return (
            self.xmax * count >= tile.x - margin
            and self.xmin * count <= tile.x + 1 + margin
            and ymax * count >= tile.y - margin
            and ymin * count <= tile.y + 1 + margin
        )


def to_world(box: Box) -> World:
    """A box of longitudes and latitudes (degrees) in fractions of the world's width."""
    west, south, east, north = box
    return World(
        (west + 180) / 360, (east + 180) / 360, (_row_fraction(north), _row_fraction(south)),
        ((90 - north) / 360, (90 - south) / 360),
    )  # fmt: skip


def find_span(matrix_set: TileMatrixSet, zoom: int, box: Box) -> tuple[range, range]:
    """The columns and the rows of a zoom's tiles that a box of degrees lies in; at least one of each."""
    world = to_world(box)
    one = Tile(zoom, 0, 0, matrix_set.id)
    count = 1 << one.detail
    ymin, ymax = world.mercator if matrix_set.is_mercator else world.degrees
    return _span(world.xmin * count, world.xmax * count, count), _span(ymin * count, ymax * count, one.rows)


def _span(low: float, high: float, count: int) -> range:
    first = min(max(math.floor(low), 0), count - 1)
    return range(first, max(min(math.ceil(high), count), first + 1))


def _row_fraction(latitude: float) -> float:
    limited = max(-85.051129, min(85.051129, latitude))
    return 0.5 - _mercator_y(limited) / (2 * HALF_WORLD)


def _mercator_y(latitude: float) -> float:
    sine = math.sin(math.radians(latitude))
    return _RADIUS * math.log((1 + sine) / (1 - sine)) / 2
