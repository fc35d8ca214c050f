# SPDX-License-Identifier: Apache-2.0
"""The floor area that a model states: of its buildings, else of their storeys, else of their spaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

_SOURCES: Final = (
    ("IfcBuilding", ("GrossFloorArea",)),
    ("IfcBuildingStorey", ("GrossFloorArea",)),
    ("IfcSpace", ("GrossFloorArea", "NetFloorArea")),
)
"""From the surest statement to the least sure; the first that a model makes counts, and is named."""


class Measured(Protocol):
    """An element with its quantity sets (SI units)."""

    @property
    def ifc_class(self) -> str: ...  # noqa: D102

    @property
    def quantities(self) -> Mapping[str, Any]: ...  # noqa: D102


def find_floor_area(elements: Iterable[Measured]) -> dict[str, Any]:
    """`gross_floor_area` (m²) and `gross_floor_area_from` (the IFC class that states it); empty where none does."""
    stated: dict[str, float] = {}
    names = dict(_SOURCES)
    for element in elements:
        wanted = names.get(element.ifc_class)
        if wanted and (area := _read(element.quantities, wanted)):
            stated[element.ifc_class] = stated.get(element.ifc_class, 0.0) + area
    for ifc_class, _ in _SOURCES:
        if stated.get(ifc_class):
            return {"gross_floor_area": round(stated[ifc_class], 3), "gross_floor_area_from": ifc_class}
    return {}


def _read(sets: Mapping[str, Any], wanted: tuple[str, ...]) -> float | None:
    for name in wanted:
        for quantities in sets.values():
            value = quantities.get(name) if isinstance(quantities, Mapping) else None
            if isinstance(value, int | float) and value > 0:
                return float(value)
    return None
