# SPDX-License-Identifier: Apache-2.0
"""The demo housing block: two staircases, two flats a landing at each, every flat a zone with its unit number."""

from __future__ import annotations

from typing import Final

from ingest.demo.models.elements import (
    OpeningPlan,
    add_slab,
    add_space,
    add_stair,
    add_storey,
    add_wall,
    mark,
    start_plan,
)
from ingest.demo.models.housing_flat import OUTER, Flat, build_flat
from ingest.demo.models.piping import PipeSystem
from ingest.demo.models.plan import (
    ElementType,
    Extrusion,
    Group,
    ModelPlan,
    Product,
    Site,
    box_outline,
)

BUILDING: Final = "示例住宅楼"
SLAB: Final = 0.12
#: Width of a stair bay between the middles of its walls (m).
_BAY: Final = 3.2
SECTIONS: Final = (1, 2)
_LIFT: Final = (1.9, 2.1)


def build_housing(site: Site) -> ModelPlan:
    """The block on a site; the site's length is shared by two sections of two flats a storey."""
    area = site.length * site.width
    plan = start_plan(
        "demo-housing", "示例项目:住宅楼 Demo project: housing block", BUILDING, "Demo housing block", site,
        round(area * site.storeys, 4),
    )  # fmt: skip
    height = round((site.height - 1.0) / site.storeys, 2)
    _add_types(plan)
    waste = PipeSystem(plan, "生活排水系统", "Waste water", "WASTEWATER", 110, "drainage", "UPVC")
    water = PipeSystem(plan, "生活给水系统", "Domestic cold water", "DOMESTICCOLDWATER", 50, "cold water", "镀锌钢管")
    ends: dict[str, str] = {}
    for number in range(1, site.storeys + 1):
        elevation = round((number - 1) * height, 4)
        storey = add_storey(plan, f"{number}F", BUILDING, f"Level {number}", elevation, height, area)
        _build_floor(plan, site, storey, number)
        for section in SECTIONS:
            middle = _find_bay(site, section)
            _build_landing(plan, site, storey, section, middle, height, ends)
            for place, side in ((1, -1), (2, 1)):
                flat = Flat(
                    storey, f"{section}-{number}{place:02d}", middle + side * _BAY / 2, side,
                    round(site.length / 4 - _BAY / 2 - (OUTER / 2 if side * (section * 2 - 3) > 0 else 0.0), 4),
                    -site.width / 2, site.width / 2, round(height - SLAB, 4),
                )  # fmt: skip
                build_flat(plan, flat, number, place, section, waste, ends, height)
        _gather_common(plan, storey)
    _build_top(plan, site, height)
    waste.close()
    _build_water(plan, site, water, height)
    return plan


def _find_bay(site: Site, section: int) -> float:
    return round((section * 2 - 3) * site.length / 4, 4)


def _add_types(plan: ModelPlan) -> None:
    for made in (
        ElementType(
            "外墙 200", "IfcWallType", "SOLIDWALL", layers=(("抹灰", 0.02), ("加气混凝土砌块", 0.16), ("抹灰", 0.02))
        ),
        ElementType("剪力墙 200", "IfcWallType", "SOLIDWALL", layers=(("钢筋混凝土 C30", 0.2),)),
        ElementType("内墙 100", "IfcWallType", "PARTITIONING", layers=(("轻质隔墙板", 0.1),)),
        ElementType("楼板 120", "IfcSlabType", "FLOOR", layers=(("钢筋混凝土 C30", SLAB),)),
        ElementType(
            "电梯 1000kg",
            "IfcTransportElementType",
            "ELEVATOR",
            (Extrusion(box_outline(-0.75, -0.8, 0.75, 0.8), 2.3, "sheet"),),
        ),
        ElementType(
            "橱柜 Kitchen unit",
            "IfcFurnitureType",
            "TABLE",
            (
                Extrusion(box_outline(0.0, 0.0, 2.4, 0.6), 0.8, "timber"),
                Extrusion(box_outline(0.0, 0.0, 2.4, 0.62), 0.04, "stone", (0.0, 0.0, 0.8)),
            ),
        ),
    ):
        plan.add_type(made)


def _stair_corner(site: Site, middle: float) -> tuple[float, float]:
    """The south-east corner of a staircase that runs north to the outer wall."""
    return (middle + 1.3, site.width / 2 - OUTER - 4.9)


def _lift_box(site: Site, middle: float) -> tuple[float, float, float, float]:
    south = -site.width / 2 + OUTER
    return (middle - _LIFT[0] / 2, south, middle + _LIFT[0] / 2, south + _LIFT[1])


def _build_floor(plan: ModelPlan, site: Site, storey: str, number: int) -> None:
    holes = []
    for section in SECTIONS if number > 1 else ():
        middle = _find_bay(site, section)
        east, south = _stair_corner(site, middle)
        holes += [box_outline(east - 2.6, south, east, south + 4.8), box_outline(*_lift_box(site, middle))]
    outline = box_outline(-site.length / 2, -site.width / 2, site.length / 2, site.width / 2)
    add_slab(
        plan,
        storey,
        f"{storey}-楼板",
        outline,
        SLAB,
        area=site.length * site.width,
        slab_type="楼板 120",
        holes=tuple(holes),
        predefined="FLOOR" if number > 1 else "BASESLAB",
    )


def _build_landing(
    plan: ModelPlan, site: Site, storey: str, section: int, middle: float, height: float, ends: dict[str, str]
) -> None:
    """Stair, lift and landing of a section; the flats' party walls stand to both sides."""
    name, clear = f"{storey}-{section}单元", round(height - SLAB, 4)
    east, south = _stair_corner(site, middle)
    add_stair(plan, storey, f"{name}-楼梯", (east, south, 0.0), (0.0, 1.0, 0.0), height, 4.8, 2.6)
    west_x, east_x = middle - _BAY / 2 + OUTER / 2, middle + _BAY / 2 - OUTER / 2
    y, width = site.width / 2 - OUTER / 2, east_x - west_x
    is_ground = storey == "1F"
    opening = (
        OpeningPlan("door", width / 2 - 0.75, 1.5, 2.2)
        if is_ground
        else OpeningPlan("window", width / 2 - 0.6, 1.2, 1.2, 1.0)
    )
    for side, start, end, openings in (
        ("北", (east_x, y), (west_x, y), (opening,)),
        ("南", (west_x, -y), (east_x, -y), ()),
    ):
        add_wall(
            plan,
            storey,
            f"{name}-梯间{side}墙",
            start,
            end,
            height=clear,
            wall_type="外墙 200",
            thickness=OUTER,
            style="ochre",
            is_external=True,
            openings=openings,
        )
    lift = _lift_box(site, middle)
    add_wall(
        plan, storey, f"{name}-电梯门墙", (west_x, lift[3] + 0.1), (east_x, lift[3] + 0.1), height=clear,
        wall_type="剪力墙 200", thickness=OUTER, style="concrete", is_bearing=True,
        openings=(OpeningPlan("door", width / 2 - 0.45, 0.9, 2.1),),
    )  # fmt: skip
    box = (west_x, lift[3] + 0.2, east_x, site.width / 2 - OUTER)
    add_space(plan, storey, f"{name}-楼梯间", "Stairwell and landing", box, clear, code="12-10.30.01", use="公共交通")
    if is_ground:
        key = f"{section}单元电梯"
        at = (middle, (lift[1] + lift[3]) / 2, 0.05)
        plan.add(
            Product(
                key, "IfcTransportElement", storey, at=at, predefined="ELEVATOR", type="电梯 1000kg",
                sets=mark(key, "全楼"),
            )
        )  # fmt: skip


def _gather_common(plan: ModelPlan, storey: str) -> None:
    landings = tuple(f"{storey}-{section}单元-楼梯间" for section in SECTIONS)
    plan.groups.append(
        Group(
            f"{storey}-公共部位", "IfcZone", landings, long_name=f"{storey} 公共部位 Common parts",
            sets={"Pset_ZoneCommon": {"Reference": "公共部位", "IsExternal": False}},
        )
    )  # fmt: skip


def _build_top(plan: ModelPlan, site: Site, height: float) -> None:
    """The roof and its parapet."""
    roof = add_storey(plan, "屋面", BUILDING, "Roof", round(site.storeys * height, 4), 1.0, None)
    hx, hy = site.length / 2, site.width / 2
    add_slab(
        plan, roof, "屋面板", box_outline(-hx, -hy, hx, hy), SLAB, area=4 * hx * hy, slab_type="楼板 120",
        predefined="ROOF",
    )  # fmt: skip
    x, y = hx - 0.1, hy - 0.1
    for side, start, end in (
        ("南", (-hx, -y), (hx, -y)),
        ("东", (x, -y + 0.1), (x, y - 0.1)),
        ("北", (hx, y), (-hx, y)),
        ("西", (-x, y - 0.1), (-x, -y + 0.1)),
    ):
        add_wall(
            plan, roof, f"屋面-{side}女儿墙", start, end, height=1.0, wall_type="外墙 200", thickness=OUTER,
            style="ochre", is_external=True,
        )  # fmt: skip


def _build_water(plan: ModelPlan, site: Site, water: PipeSystem, height: float) -> None:
    """A water riser on each landing, from the ground to the top."""
    for section in SECTIONS:
        middle = _find_bay(site, section)
        before: str | None = None
        at = (middle + _BAY / 2 - 0.25, -site.width / 2 + OUTER + _LIFT[1] + 0.4)
        for number in range(1, site.storeys + 1):
            storey = f"{number}F"
            first, _, last = water.add_riser(
                storey, f"{storey}-{section}单元-给水立管", at, height, 1.2, is_down=False, out=(0.0, 1.0, 0.0)
            )
            if before:
                water.join(before, first)
            before = last
    water.close()
