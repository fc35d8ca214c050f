# SPDX-License-Identifier: Apache-2.0
"""What the demo tower has outside: stone walls at the ground, curtain walls above, the roof."""

from __future__ import annotations

import itertools
from typing import Final

from ingest.demo.models.elements import (
    OpeningPlan,
    add_slab,
    add_storey,
    add_wall,
    mark,
)
from ingest.demo.models.plan import (
    ELEVATION,
    ElementType,
    Extrusion,
    ModelPlan,
    Product,
    Site,
    box_outline,
)
from ingest.demo.models.tower_frame import BUILDING, CORE_WALL, SLAB, Frame

_PANEL: Final = 3.0


def build_ground_walls(plan: ModelPlan, frame: Frame, storey: str) -> None:
    """Stone walls with shop windows and entrances."""
    x, y = frame.half_x - 0.15, frame.half_y - 0.15
    for name, start, end, has_entrance in (
        ("南", (-x - 0.15, -y), (x + 0.15, -y), True),
        ("东", (x, -y + 0.15), (x, y - 0.15), False),
        ("北", (x + 0.15, y), (-x - 0.15, y), True),
        ("西", (-x, y - 0.15), (-x, -y + 0.15), False),
    ):
        length = abs(end[0] - start[0]) + abs(end[1] - start[1])
        middle = length / 2
        openings = [OpeningPlan("door", middle - 1.1, 2.2, 2.6)] if has_entrance else []
        count = max(int((middle - 3.0) // 5.0), 1)
        for side, number in itertools.product((-1, 1), range(count)):
            openings.append(OpeningPlan("window", middle + side * (5.0 + 5.0 * number) - 1.5, 3.0, 2.2, 0.6))
        add_wall(
            plan, storey, f"{storey}-{name}外墙", start, end, height=frame.clear, wall_type="外墙 300 石材",
            thickness=0.3, style="stone", is_external=True, openings=openings,
        )  # fmt: skip


def build_curtain_walls(plan: ModelPlan, frame: Frame, storey: str) -> None:
    """Four curtain walls of panels as wide as each other."""
    x, y = frame.half_x - 0.08, frame.half_y - 0.08
    for name, start, along, length in (
        ("南", (-x, -y), (1.0, 0.0), 2 * x),
        ("东", (x, -y), (0.0, 1.0), 2 * y),
        ("北", (x, y), (-1.0, 0.0), 2 * x),
        ("西", (-x, y), (0.0, -1.0), 2 * y),
    ):
        whole = f"{storey}-{name}幕墙"
        plan.add(
            Product(
                whole,
                "IfcCurtainWall",
                storey,
                at=(*start, 0.0),
                x=(*along, 0.0),
                code="14-10.20.02",
                sets={"Pset_CurtainWallCommon": {"Reference": "MQ-1", "IsExternal": True, "ThermalTransmittance": 1.8}},
                quantities={
                    "Qto_CurtainWallQuantities": {
                        "Length": length,
                        "Height": frame.height,
                        "GrossSideArea": length * frame.height,
                    }
                },
            )
        )
        count = round(length / _PANEL)
        panel = _add_panel_type(plan, length / count, frame.height)
        for number in range(count):
            key = f"{whole}-板{number + 1:02d}"
            plan.add(
                Product(
                    key, "IfcPlate", whole, "aggregates", at=(number * length / count, 0.0, 0.0),
                    predefined="CURTAIN_PANEL", type=panel, code="14-10.20.02", sets=mark(key, storey),
                    quantities={"Qto_PlateBaseQuantities": {"Width": 0.15, "GrossArea": length / count * frame.height}},
                )
            )  # fmt: skip


def _add_panel_type(plan: ModelPlan, width: float, height: float) -> str:
    edge, sill = 0.06, 0.7
    pane = box_outline(edge, sill, width - edge, height - edge)
    spandrel = box_outline(edge, edge, width - edge, sill - edge)
    return plan.add_type(
        ElementType(
            f"幕墙板 {width:.3f}×{height:.2f}",
            "IfcPlateType",
            "CURTAIN_PANEL",
            (
                Extrusion(
                    box_outline(0.0, 0.0, width, height), 0.15, "frame", (0.0, 0.07, 0.0), ELEVATION, (pane, spandrel)
                ),
                Extrusion(pane, 0.024, "glass", (0.0, 0.012, 0.0), ELEVATION),
                Extrusion(spandrel, 0.05, "blue sheet", (0.0, 0.025, 0.0), ELEVATION),
            ),
            "铝合金与玻璃",
        )
    )


def build_top(plan: ModelPlan, frame: Frame, site: Site) -> None:
    """The roof with its parapet, the machine room over the core and the lifts' cars."""
    top = round(site.storeys * frame.height, 4)
    roof = add_storey(plan, "屋面", BUILDING, "Roof", top, 4.0, None)
    outline = box_outline(-frame.half_x, -frame.half_y, frame.half_x, frame.half_y)
    area = 4 * frame.half_x * frame.half_y
    add_slab(plan, roof, "屋面板", outline, SLAB, area=area, slab_type="楼板 200", predefined="ROOF")
    x, y = frame.half_x - 0.1, frame.half_y - 0.1
    a, b = frame.core_x - 0.1, frame.core_y - 0.1
    for name, (hx, hy), height, style in (("女儿墙", (x, y), 1.2, "stone"), ("机房墙", (a, b), 3.4, "plaster")):
        openings = [OpeningPlan("door", 1.0, 1.2, 2.1), OpeningPlan("window", 4.0, 1.5, 1.2, 1.2)]
        for side, start, end in (
            ("南", (-hx - 0.1, -hy), (hx + 0.1, -hy)),
            ("东", (hx, -hy + 0.1), (hx, hy - 0.1)),
            ("北", (hx + 0.1, hy), (-hx - 0.1, hy)),
            ("西", (-hx, hy - 0.1), (-hx, -hy + 0.1)),
        ):
            add_wall(
                plan, roof, f"屋面-{side}{name}", start, end, height=height, wall_type="隔墙 200", thickness=0.2,
                style=style, is_external=True, openings=openings if name == "机房墙" else (),
            )  # fmt: skip
    outline = box_outline(-frame.core_x, -frame.core_y, frame.core_x, frame.core_y)
    add_slab(
        plan, roof, "机房屋面板", outline, SLAB, area=4 * frame.core_x * frame.core_y, slab_type="楼板 200",
        predefined="ROOF", top=3.4 + SLAB,
    )  # fmt: skip
    middle = (frame.bays[0] + frame.bays[1]) / 2
    for number, place in enumerate((-0.62, 0.0, 0.62), start=1):
        key = f"电梯{number}"
        plan.add(
            Product(
                key, "IfcTransportElement", "1F", at=(middle, place * (frame.core_y - CORE_WALL), 0.05),
                predefined="ELEVATOR", type="电梯 1350kg", sets=mark(key, "全楼"),
            )
        )  # fmt: skip
