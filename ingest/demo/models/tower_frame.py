# SPDX-License-Identifier: Apache-2.0
"""The demo tower's lines: what all its parts are laid out by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BUILDING: Final = "示例办公楼"
SLAB: Final = 0.2
CORE_WALL: Final = 0.3
STAIR: Final = (5.6, 2.6)
SOUTHWARDS: Final = (0.0, -1.0, 0.0)


@dataclass(frozen=True)
class Frame:
    """The tower's lines: half its size, half its core's, the core's bays, the height of a storey."""

    half_x: float
    half_y: float
    core_x: float
    core_y: float
    height: float

    @property
    def bays(self) -> tuple[float, float, float, float]:
        """x of the walls between the core's bays."""
        return (-0.6 * self.core_x, -0.2 * self.core_x, 0.2 * self.core_x, 0.6 * self.core_x)

    @property
    def clear(self) -> float:
        """From a floor to the slab above it."""
        return round(self.height - SLAB, 4)

    @property
    def stairs(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """South-east corners of both stairs, which run north."""
        south = -self.core_y + 0.6
        return ((self.bays[0] - 0.25, south), (self.core_x - 0.4, south))
