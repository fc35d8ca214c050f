# SPDX-License-Identifier: Apache-2.0
"""The demo tower: an office tower of a core, columns, slabs and curtain walls, with risers through all storeys."""

from __future__ import annotations

from dataclasses import replace

from ingest.demo.models.elements import (
    OpeningPlan,
    add_slab,
    add_space,
    add_storey,
    add_wall,
    mark,
    start_plan,
)
from ingest.demo.models.piping import PipeSystem
from ingest.demo.models.plan import (
    ElementType,
    Extrusion,
    ModelPlan,
    Product,
    Site,
    box_outline,
)
from ingest.demo.models.tower_core import build_core, build_pipes
from ingest.demo.models.tower_frame import BUILDING, SLAB, STAIR, Frame
from ingest.demo.models.tower_shell import build_curtain_walls, build_ground_walls, build_top
from ingest.demo.models.tower_size import fill_up


def build_tower(site: Site, *, elements: int | None = None) -> ModelPlan:
    """The tower on a site; with `elements` as many more pipes, sprinklers, valves and lights as make that number.

    Raises ValueError when it has more than `elements` without them.
    """
    frame = _lay_out(site)
    area = site.length * site.width
    plan = start_plan(
        "demo-tower", "示例项目:办公塔楼 Demo project: office tower", BUILDING, "Demo office tower", site,
        round(area * site.storeys, 4),
    )  # fmt: skip
    _add_types(plan, frame)
    water = PipeSystem(plan, "给水系统", "Domestic cold water", "DOMESTICCOLDWATER", 80, "cold water", "镀锌钢管")
    waste = PipeSystem(plan, "排水系统", "Waste water", "WASTEWATER", 110, "drainage", "UPVC")
    fire = PipeSystem(plan, "消防系统", "Fire mains", "FIREPROTECTION", 150, "fire", "镀锌钢管")
    ends: dict[str, str] = {}
    for number in range(1, site.storeys + 1):
        elevation = round((number - 1) * frame.height, 4)
        storey = add_storey(plan, f"{number}F", BUILDING, f"Level {number}", elevation, frame.height, area)
        _build_floor(plan, frame, storey)
        _build_columns(plan, frame, storey)
        build_core(plan, frame, storey)
        if number == 1:
            build_ground_walls(plan, frame, storey)
        else:
            build_curtain_walls(plan, frame, storey)
        _build_offices(plan, frame, storey)
        build_pipes(plan, frame, storey, (water, waste, fire), ends)
    build_top(plan, frame, site)
    if elements is not None:
        fill_up(plan, frame, site, elements)
    for system in (water, waste, fire):
        system.close()
    return plan


def _lay_out(site: Site) -> Frame:
    return Frame(
        half_x=site.length / 2,
        half_y=site.width / 2,
        core_x=round(min(max(0.24 * site.length, 9.0), 11.0), 2),
        core_y=round(min(max(0.16 * site.width, 4.6), 6.0), 2),
        height=round((site.height - 1.2) / site.storeys, 2),
    )


def _add_types(plan: ModelPlan, frame: Frame) -> None:
    for made in (
        ElementType(
            "外墙 300 石材",
            "IfcWallType",
            "SOLIDWALL",
            layers=(("石材", 0.03), ("加气混凝土砌块", 0.25), ("抹灰", 0.02)),
        ),
        ElementType("核心筒墙 300", "IfcWallType", "SOLIDWALL", layers=(("钢筋混凝土 C30", 0.3),)),
        ElementType("隔墙 100", "IfcWallType", "PARTITIONING", layers=(("轻质隔墙板", 0.1),)),
        ElementType(
            "隔墙 200", "IfcWallType", "PARTITIONING", layers=(("抹灰", 0.01), ("加气混凝土砌块", 0.18), ("抹灰", 0.01))
        ),
        ElementType("楼板 200", "IfcSlabType", "FLOOR", layers=(("钢筋混凝土 C30", SLAB),)),
        ElementType(
            "柱 800×800",
            "IfcColumnType",
            "COLUMN",
            (Extrusion(box_outline(-0.4, -0.4, 0.4, 0.4), frame.clear, "concrete"),),
            "钢筋混凝土 C30",
        ),
        ElementType(
            "电梯 1350kg",
            "IfcTransportElementType",
            "ELEVATOR",
            (Extrusion(box_outline(-0.9, -0.9, 0.9, 0.9), 2.4, "sheet"),),
        ),
        ElementType(
            "室内消火栓",
            "IfcFireSuppressionTerminalType",
            "FIREHYDRANT",
            (Extrusion(box_outline(-0.35, 0.0, 0.35, 0.24), 0.8, "fire"),),
        ),
    ):
        plan.add_type(made)


def _build_floor(plan: ModelPlan, frame: Frame, storey: str) -> None:
    """The slab; above the ground with the holes of stairs and lifts, and an opening for the risers."""
    outline = box_outline(-frame.half_x, -frame.half_y, frame.half_x, frame.half_y)
    bays, run, width = frame.bays, *STAIR
    holes = [box_outline(x - width, y, x, y + run) for x, y in frame.stairs]
    holes.append(box_outline(bays[0] + 0.15, -frame.core_y + 0.2, bays[1] - 0.15, frame.core_y - 0.2))
    is_ground = storey == "1F"
    slab = add_slab(
        plan,
        storey,
        f"{storey}-楼板",
        outline,
        SLAB,
        area=4 * frame.half_x * frame.half_y,
        slab_type="楼板 200",
        holes=() if is_ground else tuple(holes),
        predefined="BASESLAB" if is_ground else "FLOOR",
    )
    if not is_ground:
        east = bays[3]
        solid = Extrusion(box_outline(east - 1.1, -0.6, east - 0.25, 0.6), SLAB + 0.1, None, (0.0, 0.0, -0.05))
        plan.add(Product(f"{slab}-管井洞", "IfcOpeningElement", slab, "voids", predefined="OPENING", shape=(solid,)))
        known = plan.products[slab]
        net = known.quantities["Qto_SlabBaseQuantities"]["NetArea"] - 0.85 * 1.2
        quantities = {**known.quantities["Qto_SlabBaseQuantities"], "NetArea": net, "NetVolume": net * SLAB}
        plan.products[slab] = replace(known, quantities={"Qto_SlabBaseQuantities": quantities})


def _spread(half: float, wanted: float) -> list[float]:
    """Places from -half to half, about `wanted` apart."""
    steps = max(round(2 * half / wanted), 1)
    return [round(-half + 2 * half * step / steps, 4) for step in range(steps + 1)]


def _build_columns(plan: ModelPlan, frame: Frame, storey: str) -> None:
    across, along = _spread(frame.half_x - 0.9, 8.4), _spread(frame.half_y - 0.9, 8.4)
    rim = [(x, y) for x in across for y in along if x in (across[0], across[-1]) or y in (along[0], along[-1])]
    for number, (x, y) in enumerate(rim, start=1):
        key = f"{storey}-柱{number:02d}"
        plan.add(
            Product(
                key,
                "IfcColumn",
                storey,
                at=(x, y, 0.0),
                predefined="COLUMN",
                type="柱 800×800",
                code="14-10.10.01",
                sets={
                    "Pset_ColumnCommon": {"Reference": "KZ-800", "LoadBearing": True, "FireRating": "3h"},
                    **mark(key, storey),
                },
                quantities={"Qto_ColumnBaseQuantities": {"Length": frame.clear, "GrossVolume": 0.64 * frame.clear}},
            )
        )


def _build_offices(plan: ModelPlan, frame: Frame, storey: str) -> None:
    """Four offices around the core and the partitions between them."""
    a, b = frame.core_x, frame.core_y
    edge = 0.3 if storey == "1F" else 0.16
    x, y = frame.half_x - edge, frame.half_y - edge
    door = (OpeningPlan("door", 0.6, 1.0, 2.1),)
    for name, start, end in (
        ("西南", (-a, -b + 0.05), (-x, -b + 0.05)),
        ("西北", (-a, b - 0.05), (-x, b - 0.05)),
        ("东南", (a, -b + 0.05), (x, -b + 0.05)),
        ("东北", (a, b - 0.05), (x, b - 0.05)),
    ):
        add_wall(
            plan, storey, f"{storey}-{name}隔墙", start, end, height=frame.clear, wall_type="隔墙 100",
            thickness=0.1, style="inner", openings=door,
        )  # fmt: skip
    for name, english, box in (
        ("南区办公", "South office", (-x, -y, x, -b)),
        ("北区办公", "North office", (-x, b, x, y)),
        ("西区办公", "West office", (-x, -b + 0.1, -a, b - 0.1)),
        ("东区办公", "East office", (a, -b + 0.1, x, b - 0.1)),
    ):
        use = "大堂" if storey == "1F" else "办公"
        add_space(plan, storey, f"{storey}-{name}", english, box, frame.clear, code="12-10.10.01", use=use)
