# SPDX-License-Identifier: Apache-2.0
"""Steel of the demo factory: members between two points, and columns' base plates with holes and bolts."""

from __future__ import annotations

import math
from typing import Final

from ingest.demo.models.elements import mark
from ingest.demo.models.plan import PLAN, Bar, ElementType, Extrusion, ModelPlan, Point, Product, Profile, box_outline

COLUMN: Final = Profile("I", "HW400×400", (0.4, 0.4, 0.013, 0.021))
RUNWAY: Final = Profile("I", "HN400×200", (0.4, 0.2, 0.008, 0.013))
CHORD: Final = Profile("I", "HW200×200", (0.2, 0.2, 0.008, 0.012))
WEB: Final = Profile("HOLLOW", "□120×6", (0.12, 0.12, 0.006))
PURLIN: Final = Profile("C", "C220×75×20×2.5", (0.22, 0.075, 0.0025, 0.02))
GIRT: Final = Profile("C", "C180×70×20×2.5", (0.18, 0.07, 0.0025, 0.02))
ROD: Final = Profile("TUBE", "φ89×4", (0.0445, 0.004))
_STEEL: Final = "钢 Q355B"
_BOLT: Final = "地脚螺栓 M30"
_KG: Final = 7850.0


def add_member(
    plan: ModelPlan,
    parent: str,
    key: str,
    start: Point,
    end: Point,
    profile: Profile,
    ifc_class: str,
    predefined: str,
    *,
    is_part: bool = False,
) -> str:
    """A straight member between two points; those of one profile and length share a type and its shape."""
    along = tuple(b - a for a, b in zip(start, end, strict=True))
    length = round(math.hypot(*along), 4)
    x: Point = (along[0] / length, along[1] / length, along[2] / length)
    # The section's height stays in the upright plane; that of a column lies across the hall.
    if abs(x[2]) > 0.999:
        z: Point = (0.0, 1.0, 0.0)
    else:
        flat = math.hypot(x[0], x[1])
        z = (-x[0] * x[2] / flat, -x[1] * x[2] / flat, flat)
    kind = plan.add_type(
        ElementType(
            f"{profile.name} L={length:.3f} {predefined}", f"{ifc_class}Type", predefined,
            (Bar(profile, length, "steel"),), _STEEL,
        )
    )  # fmt: skip
    sets = {f"Pset_{ifc_class[3:]}Common": {"Reference": profile.name, "LoadBearing": predefined != "MEMBER"}}
    plan.add(
        Product(
            key, ifc_class, parent, "aggregates" if is_part else "contains", at=start, x=x, z=z,
            predefined=predefined, type=kind, code="14-10.10.01" if ifc_class == "IfcColumn" else "14-10.10.02",
            sets={**sets, **mark(key, "钢结构")},
            quantities={
                f"Qto_{ifc_class[3:]}BaseQuantities": {
                    "Length": length, "NetWeight": round(_measure_section(profile) * length * _KG, 2),
                }
            },
        )
    )  # fmt: skip
    return key


def _measure_section(profile: Profile) -> float:
    """The section's area (m²), without its corners' roundings."""
    s = profile.sizes
    if profile.kind == "I":
        return 2 * s[1] * s[3] + (s[0] - 2 * s[3]) * s[2]
    if profile.kind == "C":
        return (s[0] + 2 * s[1] + 2 * s[3]) * s[2]
    if profile.kind == "HOLLOW":
        return 2 * (s[0] + s[1]) * s[2]
    if profile.kind == "TUBE":
        return math.pi * (s[0] ** 2 - (s[0] - s[1]) ** 2)
    return math.pi * s[0] ** 2 if profile.kind == "ROUND" else (s[0] + s[1]) * s[2]


def add_base(plan: ModelPlan, storey: str, column: str, at: tuple[float, float]) -> None:
    """A column's base plate: four holes drilled as openings, an anchor bolt in each."""
    plan.add_type(
        ElementType(
            _BOLT, "IfcMechanicalFastenerType", "ANCHORBOLT",
            (
                Bar(Profile("ROUND", "M30", (0.015,)), 0.6, "bolt", (0.0, 0.0, -0.5), PLAN),
                Extrusion(_hexagon(0.026), 0.024, "bolt", (0.0, 0.0, 0.03)),
            ),
            "高强螺栓 10.9", attributes={"NominalDiameter": 0.03, "NominalLength": 0.6},
        )
    )  # fmt: skip
    plate = f"{column}-底板"
    plan.add(
        Product(
            plate,
            "IfcPlate",
            storey,
            at=(*at, 0.0),
            predefined="SHEET",
            material=_STEEL,
            code="14-10.10.01",
            shape=(Extrusion(box_outline(-0.3, -0.3, 0.3, 0.3), 0.03, "steel"),),
            sets={
                "Pset_PlateCommon": {"Reference": "DB-30", "IsExternal": False, "LoadBearing": True},
                **mark(plate, "钢结构"),
            },
            quantities={"Qto_PlateBaseQuantities": {"Width": 0.03, "GrossArea": 0.36}},
        )
    )
    drill = Bar(Profile("ROUND", "φ36", (0.018,)), 0.07, None, (0.0, 0.0, -0.02), PLAN)
    for number, (x, y) in enumerate(((-0.25, -0.25), (0.25, -0.25), (0.25, 0.25), (-0.25, 0.25)), start=1):
        plan.add(
            Product(
                f"{plate}-孔{number}", "IfcOpeningElement", plate, "voids", at=(x, y, 0.0), predefined="OPENING",
                shape=(drill,),
            )
        )  # fmt: skip
        key = f"{plate}-螺栓{number}"
        plan.add(
            Product(
                key, "IfcMechanicalFastener", storey, at=(at[0] + x, at[1] + y, 0.0), predefined="ANCHORBOLT",
                type=_BOLT, attributes={"NominalDiameter": 0.03, "NominalLength": 0.6}, sets=mark(key, "钢结构"),
            )
        )  # fmt: skip


def _hexagon(radius: float) -> tuple[tuple[float, float], ...]:
    return tuple(
        (round(radius * math.cos(math.radians(60 * n)), 4), round(radius * math.sin(math.radians(60 * n)), 4))
        for n in range(6)
    )
