# SPDX-License-Identifier: Apache-2.0
"""The demo tower at any size, for benchmarks: ceilings full of small parts."""

from __future__ import annotations

from ingest.demo.models.elements import (
    mark,
)
from ingest.demo.models.plan import (
    ElementType,
    Extrusion,
    ModelPlan,
    Product,
    Site,
    Tube,
    box_outline,
)
from ingest.demo.models.tower_frame import Frame


def count_elements(plan: ModelPlan) -> int:
    """Elements of a plan: no spatial structure, no openings."""
    return sum(
        product.ifc_class not in {"IfcSite", "IfcBuilding", "IfcBuildingStorey", "IfcSpace", "IfcOpeningElement"}
        for product in plan.products.values()
    )


def fill_up(plan: ModelPlan, frame: Frame, site: Site, elements: int) -> None:
    """Sprinkler pipes (each of its own length), heads, valves and lights on all ceilings, up to a number."""
    missing = elements - count_elements(plan)
    if missing < 0:
        raise ValueError(f"the tower has {elements - missing} elements already: ask for more, or for fewer storeys")
    for made in (
        ElementType(
            "喷头 Sprinkler",
            "IfcFireSuppressionTerminalType",
            "SPRINKLER",
            (Tube(((0.0, 0.0, 0.0), (0.0, 0.0, 0.12)), 0.03, "bolt"),),
        ),
        ElementType(
            "支管阀 Valve", "IfcValveType", "ISOLATING", (Extrusion(box_outline(-0.1, -0.06, 0.1, 0.06), 0.15, "fire"),)
        ),
        ElementType(
            "灯盘 Light",
            "IfcLightFixtureType",
            "DIRECTIONSOURCE",
            (Extrusion(box_outline(-0.3, -0.3, 0.3, 0.3), 0.08, "light"),),
        ),
    ):
        plan.add_type(made)
    kinds = (
        ("喷淋支管", "IfcPipeSegment", "RIGIDSEGMENT", None),
        ("喷头", "IfcFireSuppressionTerminal", "SPRINKLER", "喷头 Sprinkler"),
        ("支管阀", "IfcValve", "ISOLATING", "支管阀 Valve"),
        ("灯", "IfcLightFixture", "DIRECTIONSOURCE", "灯盘 Light"),
    )
    columns = max(int((2 * frame.half_x - 2.0) / 1.2), 1)
    rows = max(int((frame.half_y - frame.core_y - 1.0) / 0.6), 1)
    for number in range(missing):
        name, ifc_class, predefined, type_key = kinds[number % 4]
        storey = f"{number % site.storeys + 1}F"
        place = number // site.storeys
        x = round(-frame.half_x + 1.0 + 1.2 * (place % columns), 3)
        y = round(frame.core_y + 0.5 + 0.6 * (place // columns % rows), 3)
        if place // columns >= rows:
            y = -y
        key = f"{storey}-{name}{number:05d}"
        tube = Tube(((0.0, 0.0, 0.0), (0.6 + 0.0001 * (number % 5000), 0.0, 0.0)), 0.016, "fire", 0.013)
        plan.add(
            Product(
                key,
                ifc_class,
                storey,
                at=(x, y, frame.clear - 0.4),
                predefined=predefined,
                type=type_key,
                shape=() if type_key else (tube,),
                code="14-20.10.02",
                sets=mark(key, storey),
            )
        )
