# SPDX-License-Identifier: Apache-2.0
"""The demo factory's lines: what its parts are laid out by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingest.demo.models.plan import (
    ModelPlan,
    Product,
)
from ingest.demo.models.step import Enum

BUILDING: Final = "示例厂房"
HALL: Final = "车间"
ANNEX: Final = "办公附楼"
FLOOR: Final = "车间一层"
ANNEX_LENGTH: Final = 9.0
SLOPE: Final = 0.08
TRUSS: Final = 1.8
CRANE: Final = 7.0
SHEET: Final = 0.1


@dataclass(frozen=True)
class Hall:
    """The hall's lines: from west to east, half its width, its frames, the height of its eaves."""

    west: float
    east: float
    half: float
    frames: tuple[float, ...]
    eaves: float

    @property
    def bay(self) -> float:
        """From frame to frame (m)."""
        return round(self.frames[1] - self.frames[0], 4)

    @property
    def ridge(self) -> float:
        """Height of the ridge (m)."""
        return round(self.eaves + self.half * SLOPE, 4)

    def roof_at(self, y: float) -> float:
        """Height of the roof's underside."""
        return round(self.ridge - abs(y) * SLOPE, 4)

    @property
    def rails(self) -> tuple[float, float]:
        """y of both crane rails."""
        return (-self.half + 1.1, self.half - 1.1)


def add_part(plan: ModelPlan, key: str, english: str, area: float, height: float, storeys: int) -> None:
    """A part of the factory, with the floor area of its own."""
    plan.add(
        Product(
            key, "IfcBuilding", BUILDING, "aggregates",
            attributes={"LongName": f"{english} (synthetic)", "CompositionType": Enum("PARTIAL")},
            sets={"Pset_BuildingCommon": {"Reference": key, "NumberOfStoreys": storeys}},
            quantities={
                "Qto_BuildingBaseQuantities": {
                    "Height": height, "FootprintArea": round(area / storeys, 4), "GrossFloorArea": round(area, 4),
                }
            },
        )
    )  # fmt: skip
