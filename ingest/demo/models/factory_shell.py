# SPDX-License-Identifier: Apache-2.0
"""The demo factory's bays: purlins, girts, sandwich walls, roof and gables."""

from __future__ import annotations

from ingest.demo.models.elements import (
    OpeningPlan,
    add_wall,
    mark,
)
from ingest.demo.models.factory_hall import FLOOR, SHEET, SLOPE, Hall
from ingest.demo.models.plan import (
    SECTION,
    Extrusion,
    ModelPlan,
    Product,
)
from ingest.demo.models.steel import GIRT, PURLIN, ROD, add_member


def build_bay(plan: ModelPlan, hall: Hall, number: int) -> None:
    """Purlins, girts, walls, roof and bracing between two frames."""
    start, end = hall.frames[number - 1], hall.frames[number]
    name = f"跨{number:02d}"
    count = 6
    for side, sign in (("南", -1.0), ("北", 1.0)):
        for step in range(count):
            y = round(sign * (hall.half - 0.35) * (step + 0.5) / count, 4)
            z = round(hall.roof_at(y) - 0.11, 4)
            add_member(
                plan, FLOOR, f"{name}-{side}檩条{step + 1}", (start, y, z), (end, y, z), PURLIN, "IfcMember", "PURLIN"
            )
        edge = sign * (hall.half - 0.18)
        for step, z in enumerate((2.6, 5.2, 7.8), start=1):
            if z < hall.eaves - 1.0:
                add_member(
                    plan,
                    FLOOR,
                    f"{name}-{side}墙梁{step}",
                    (start, edge, z),
                    (end, edge, z),
                    GIRT,
                    "IfcMember",
                    "MEMBER",
                )
        _build_side_wall(plan, hall, name, side, sign, number, start, end)
        _build_roof_panels(plan, hall, name, side, sign, start)
    if number in (1, len(hall.frames) - 1):
        reach, top = hall.half - 0.35, round(hall.eaves - 1.0, 4)
        for side, y in (("南", -reach), ("北", reach)):
            for word, pair in (("撑一", (0.3, top)), ("撑二", (top, 0.3))):
                add_member(
                    plan,
                    FLOOR,
                    f"{name}-{side}柱间{word}",
                    (start, y, pair[0]),
                    (end, y, pair[1]),
                    ROD,
                    "IfcMember",
                    "BRACE",
                )


def _build_side_wall(
    plan: ModelPlan, hall: Hall, name: str, side: str, sign: float, number: int, start: float, end: float
) -> None:
    """A sandwich wall of one bay: windows below and above, a gate in every fourth."""
    west = hall.west if number == 1 else start
    east = hall.east - 0.2 if number == len(hall.frames) - 1 else end
    y = sign * (hall.half - SHEET / 2)
    length = east - west
    upper = OpeningPlan("window", round(length / 2 - 2.0, 4), 4.0, 1.2, round(hall.eaves - 2.6, 2))
    lower = OpeningPlan("window", round(length / 2 - 2.0, 4), 4.0, 1.5, 1.2)
    gate = OpeningPlan("gate", round(length / 2 - 2.0, 4), 4.0, 4.5)
    first, last = ((west, y), (east, y)) if sign < 0 else ((east, y), (west, y))
    add_wall(
        plan,
        FLOOR,
        f"{name}-{side}墙板",
        first,
        last,
        height=hall.eaves,
        wall_type="夹芯墙板 100",
        thickness=SHEET,
        style="sheet",
        is_external=True,
        openings=(gate if sign < 0 and number % 4 == 2 else lower, upper),
    )


def _build_roof_panels(plan: ModelPlan, hall: Hall, name: str, side: str, sign: float, start: float) -> None:
    if "屋盖" not in plan.products:
        plan.add(
            Product(
                "屋盖", "IfcRoof", FLOOR, predefined="GABLE_ROOF", code="14-10.20.04",
                sets={"Pset_RoofCommon": {"Reference": "WM-1", "IsExternal": True}, **mark("屋盖", FLOOR)},
            )
        )  # fmt: skip
    # An outline runs from the eave up to the ridge; it is moved along x by the sheet's width.
    y, area = sign * hall.half, hall.half * (1 + SLOPE**2) ** 0.5
    width = hall.bay - 1.2
    for word, kind, ifc_class, predefined, x, across in (
        ("屋面板", f"屋面板 {width:.2f}", "IfcSlab", "ROOF", start, width),
        ("采光带", "采光带 1.20", "IfcPlate", "SHEET", start + width, 1.2),
    ):
        key = f"{name}-{side}{word}"
        quantity = "Qto_SlabBaseQuantities" if ifc_class == "IfcSlab" else "Qto_PlateBaseQuantities"
        plan.add(
            Product(
                key, ifc_class, "屋盖", "aggregates", at=(round(x, 4), y, hall.eaves), predefined=predefined,
                type=f"{kind} {side}", code="14-10.20.04", sets=mark(key, FLOOR),
                quantities={quantity: {"GrossArea": area * across, "Width": 0.12}},
            )
        )  # fmt: skip


def build_gables(plan: ModelPlan, hall: Hall) -> None:
    """The west gable with its gate, and the wall towards the annex with a door; triangles above both."""
    for name, x, kind, thick, opening in (
        ("西", hall.west + SHEET / 2, "夹芯墙板 100", SHEET, OpeningPlan("gate", hall.half - 2.6, 5.0, 5.0)),
        ("东", hall.east - 0.1, "砌块墙 200", 0.2, OpeningPlan("door", hall.half + 3.0, 1.5, 2.2)),
    ):
        y = hall.half - (SHEET if name == "西" else 0.0)
        add_wall(
            plan, FLOOR, f"{name}山墙", (x, -y), (x, y), height=hall.eaves, wall_type=kind, thickness=thick,
            style="sheet" if name == "西" else "plaster", is_external=name == "西", openings=(opening,),
        )  # fmt: skip
        top = hall.half * SLOPE
        key = f"{name}山尖"
        plan.add(
            Product(
                key,
                "IfcWall",
                FLOOR,
                at=(x - thick / 2, 0.0, hall.eaves),
                predefined="SOLIDWALL",
                type=kind,
                code="14-10.20.01",
                shape=(Extrusion(((-hall.half, 0.0), (hall.half, 0.0), (0.0, top)), thick, "sheet", plane=SECTION),),
                sets={
                    "Pset_WallCommon": {"Reference": kind, "IsExternal": True, "LoadBearing": False},
                    **mark(key, FLOOR),
                },
                quantities={"Qto_WallBaseQuantities": {"GrossSideArea": hall.half * top}},
            )
        )
