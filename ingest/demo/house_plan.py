# SPDX-License-Identifier: Apache-2.0
"""The plan of the demo house: walls, openings and rooms of two storeys, in metres about its middle.

x runs along the ridge (length 11 m), y across (9 m), z up from the ground floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LENGTH: Final = 11.0
DEPTH: Final = 9.0
OUTER: Final = 0.24
INNER: Final = 0.12
STOREY_HEIGHT: Final = 3.0
SLAB: Final = 0.2
WALL_HEIGHT: Final = STOREY_HEIGHT - SLAB
#: Rise of the roof over half the depth.
PITCH: Final = 0.70
OVERHANG: Final = 0.6
ROOF: Final = 0.18

#: The hole for the stair in the upper slab: west, south, east, north.
STAIR_HOLE: Final = (4.15, -3.95, 5.24, 0.26)
STAIR_RISERS: Final = 17
STAIR_TREAD: Final = 0.26


@dataclass(frozen=True)
class OpeningPlan:
    """A window or door: kind, distance of its middle along the wall, width, height and sill (m)."""

    kind: str
    at: float
    width: float
    height: float
    sill: float = 0.0


def _window(at: float) -> OpeningPlan:
    return OpeningPlan("window", at, 1.6, 1.5, 0.9)


def _small(at: float) -> OpeningPlan:
    return OpeningPlan("window", at, 0.9, 0.9, 1.4)


def _door(at: float) -> OpeningPlan:
    return OpeningPlan("door", at, 0.9, 2.1)


@dataclass(frozen=True)
class WallPlan:
    """A wall: name, start and end of its centre line, thickness (m), openings."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    thickness: float
    openings: tuple[OpeningPlan, ...] = ()

    @property
    def is_external(self) -> bool:
        """Whether the wall has weather on one side."""
        return self.thickness == OUTER


@dataclass(frozen=True)
class RoomPlan:
    """A space: names, and its rectangle (west, south, east, north)."""

    name: str
    name_en: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class StoreyPlan:
    """A storey: names, elevation of its floor (m), walls and rooms."""

    name: str
    name_en: str
    elevation: float
    walls: tuple[WallPlan, ...]
    rooms: tuple[RoomPlan, ...]


_X = LENGTH / 2 - OUTER / 2
_Y = DEPTH / 2 - OUTER / 2
_IX = LENGTH / 2 - OUTER
_IY = DEPTH / 2 - OUTER
_WEST, _EAST = -LENGTH / 2, LENGTH / 2
_HALF = INNER / 2

STOREYS: Final = (
    StoreyPlan(
        "一层",
        "Ground storey",
        0.0,
        (
            WallPlan(
                "南墙",
                (_WEST, -_Y),
                (_EAST, -_Y),
                OUTER,
                (_window(1.7), _window(4.1), OpeningPlan("door", 8.0, 1.1, 2.2)),
            ),
            WallPlan("北墙", (_WEST, _Y), (_EAST, _Y), OUTER, (_window(1.9), _window(4.6), _window(8.7))),
            WallPlan("西墙", (-_X, -_IY), (-_X, _IY), OUTER, (_window(2.1), _window(6.4))),
            WallPlan("东墙", (_X, -_IY), (_X, _IY), OUTER, (_window(6.6),)),
            WallPlan("内墙1", (1.2, -_IY), (1.2, _IY), INNER, (_door(2.2),)),
            WallPlan("内墙2", (1.2 + _HALF, 0.6), (_IX, 0.6), INNER, (_door(1.0),)),
        ),
        (
            RoomPlan("客厅", "Living room", (-_IX, -_IY, 1.2 - _HALF, _IY)),
            RoomPlan("门厅", "Hall", (1.2 + _HALF, -_IY, _IX, 0.6 - _HALF)),
            RoomPlan("厨房", "Kitchen", (1.2 + _HALF, 0.6 + _HALF, _IX, _IY)),
        ),
    ),
    StoreyPlan(
        "二层",
        "Upper storey",
        STOREY_HEIGHT,
        (
            WallPlan("南墙", (_WEST, -_Y), (_EAST, -_Y), OUTER, (_window(1.7), _window(4.1), _window(8.0))),
            WallPlan("北墙", (_WEST, _Y), (_EAST, _Y), OUTER, (_window(1.9), _window(4.6), _small(8.7))),
            WallPlan("西墙", (-_X, -_IY), (-_X, _IY), OUTER, (_window(2.1), _window(6.4))),
            WallPlan("东墙", (_X, -_IY), (_X, _IY), OUTER, (_small(2.2),)),
            WallPlan("内墙1", (1.2, -_IY), (1.2, _IY), INNER, (_door(2.2), _door(5.3))),
            WallPlan("内墙2", (1.2 + _HALF, 1.6), (_IX, 1.6), INNER, (_door(1.0),)),
            WallPlan("内墙3", (-_IX, 0.0), (1.2 - _HALF, 0.0), INNER),
        ),
        (
            RoomPlan("主卧", "Main bedroom", (-_IX, -_IY, 1.2 - _HALF, -_HALF)),
            RoomPlan("次卧", "Second bedroom", (-_IX, _HALF, 1.2 - _HALF, _IY)),
            RoomPlan("过厅", "Landing", (1.2 + _HALF, -_IY, _IX, 1.6 - _HALF)),
            RoomPlan("卫生间", "Bathroom", (1.2 + _HALF, 1.6 + _HALF, _IX, _IY)),
        ),
    ),
)
