# SPDX-License-Identifier: Apache-2.0
"""The tiles of WebMercatorQuad: where each lies, and which a box touches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

EXTENT: Final = 4096
"""Units along a tile's side."""

MAX_ZOOM: Final = 24

HALF_WORLD: Final = 20037508.342789244
"""Metres from the centre of Web Mercator to its edge."""

_RADIUS: Final = HALF_WORLD / math.pi

_ROUNDING: Final = 1e-9
"""Degrees, a tenth of a millimetre: more than a coordinate loses on its way to Web Mercator and back."""

Box = tuple[float, float, float, float]
"""west, south, east, north."""


class Tile(NamedTuple):
    """A tile of zoom `z`, column `x` from the west and row `y` from the north."""

    z: int
    x: int
    y: int

    @property
    def exists(self) -> bool:
        """Whether the grid has this tile."""
        return 0 <= self.z <= MAX_ZOOM and 0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z

    @property
    def side(self) -> float:
        """The length of its side in Web Mercator metres."""
        return 2 * HALF_WORLD / (1 << self.z)

    def box(self, buffer: int = 0) -> Box:
        """Its box in Web Mercator metres, `buffer` tile units wider on every side."""
        side = self.side
        margin = side * buffer / EXTENT
        west, north = self.x * side - HALF_WORLD, HALF_WORLD - self.y * side
        return west - margin, north - side - margin, west + side + margin, north + margin

    def lonlat_box(self, buffer: int = 0) -> Box:
        """The same box in degrees, never smaller: Web Mercator keeps meridians and parallels straight."""
        west, south, east, north = self.box(buffer)
        return (
            math.degrees(west / _RADIUS) - _ROUNDING, _latitude(south) - _ROUNDING,
            math.degrees(east / _RADIUS) + _ROUNDING, _latitude(north) + _ROUNDING,
        )  # fmt: skip


@dataclass(frozen=True)
class World:
    """A box in fractions of the Web Mercator square, x to the east and y to the south, 0 to 1."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def touches(self, tile: Tile, buffer: int) -> bool:
        """Whether the box meets the tile with its buffer."""
        count = 1 << tile.z
        margin = buffer / EXTENT
        return (
            self.xmax * count >= tile.x - margin
            and self.xmin * count <= tile.x + 1 + margin
            and self.ymax * count >= tile.y - margin
            and self.ymin * count <= tile.y + 1 + margin
        )


def to_world(box: Box) -> World:
    """A box of longitudes and latitudes (degrees) in fractions of the Web Mercator square."""
    west, south, east, north = box
    return World((west + 180) / 360, _row_fraction(north), (east + 180) / 360, _row_fraction(south))


def _row_fraction(latitude: float) -> float:
    limited = max(-85.051129, min(85.051129, latitude))
    sine = math.sin(math.radians(limited))
    return 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)


def _latitude(y: float) -> float:
    return math.degrees(2 * math.atan(math.exp(y / _RADIUS)) - math.pi / 2)
