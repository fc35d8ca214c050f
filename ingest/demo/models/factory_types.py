# SPDX-License-Identifier: Apache-2.0
"""The demo factory's types: walls and slabs in layers, roof sheets, machines."""

from __future__ import annotations

from ingest.demo.models.factory_hall import SLOPE, Hall
from ingest.demo.models.plan import (
    SECTION,
    ElementType,
    Extrusion,
    ModelPlan,
    box_outline,
)


def add_types(plan: ModelPlan, hall: Hall) -> None:
    """All types but those of steel members and pipes."""
    slope = (1 + SLOPE**2) ** 0.5
    thick = 0.12 * slope
    bay, half = hall.bay, hall.half
    panel = ((0.0, 0.0), (half, half * SLOPE), (half, half * SLOPE + thick), (0.0, thick))
    sheets = (
        (f"屋面板 {bay - 1.2:.2f}", "IfcSlabType", "ROOF", bay - 1.2, "blue sheet"),
        ("采光带 1.20", "IfcPlateType", "SHEET", 1.2, "clear"),
    )
    for made in (
        ElementType(
            "夹芯墙板 100",
            "IfcWallType",
            "SOLIDWALL",
            layers=(("彩色钢板", 0.001), ("岩棉", 0.098), ("彩色钢板", 0.001)),
        ),
        ElementType(
            "砌块墙 200", "IfcWallType", "SOLIDWALL", layers=(("抹灰", 0.01), ("加气混凝土砌块", 0.18), ("抹灰", 0.01))
        ),
        ElementType("隔墙 100", "IfcWallType", "PARTITIONING", layers=(("轻质隔墙板", 0.1),)),
        ElementType("楼板 150", "IfcSlabType", "FLOOR", layers=(("钢筋混凝土 C30", 0.15),)),
        ElementType("地坪 250", "IfcSlabType", "BASESLAB", layers=(("钢筋混凝土 C30", 0.25),)),
        ElementType(
            "设备基础",
            "IfcFootingType",
            "PAD_FOOTING",
            (Extrusion(box_outline(-1.8, -1.2, 1.8, 1.2), 0.3, "concrete"),),
            "钢筋混凝土 C30",
        ),
        ElementType(
            "加工中心 Machine",
            "IfcBuildingElementProxyType",
            "NOTDEFINED",
            (
                Extrusion(box_outline(-1.6, -1.0, 1.6, 1.0), 1.0, "machine"),
                Extrusion(box_outline(-0.6, -1.0, 1.6, 0.3), 1.4, "sheet", (0.0, 0.0, 1.0)),
                Extrusion(box_outline(-1.5, -0.8, -0.7, -0.7), 0.6, "glass", (0.0, 0.0, 1.0)),
            ),
        ),
        ElementType(
            "空压机 Compressor",
            "IfcCompressorType",
            "ROTARY",
            (Extrusion(box_outline(-1.0, -0.7, 1.0, 0.7), 1.6, "machine"),),
        ),
        ElementType(
            "储气罐 Tank",
            "IfcTankType",
            "PRESSUREVESSEL",
            (Extrusion(_octagon(0.7), 3.0, "sheet", (0.0, 0.0, 0.3)), Extrusion(_octagon(0.2), 0.3, "frame")),
        ),
        *(
            ElementType(
                f"{name} {side}",
                ifc_class,
                predefined,
                (Extrusion(panel if side == "南" else _mirror(panel), depth, style, plane=SECTION),),
                "彩色钢板",
            )
            for name, ifc_class, predefined, depth, style in sheets
            for side in ("南", "北")
        ),
    ):
        plan.add_type(made)


def _octagon(radius: float) -> tuple[tuple[float, float], ...]:
    side = round(radius * 0.4142, 4)
    return (
        (radius, -side),
        (radius, side),
        (side, radius),
        (-side, radius),
        (-radius, side),
        (-radius, -side),
        (-side, -radius),
        (side, -radius),
    )


def _mirror(outline: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return tuple((-x, y) for x, y in reversed(outline))
