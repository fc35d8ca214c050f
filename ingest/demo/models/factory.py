# SPDX-License-Identifier: Apache-2.0
"""The demo factory: a steel hall with trusses, crane and process pipes, and an office annex, as two building parts."""

from __future__ import annotations

from typing import Final

from ingest.demo.models.elements import (
    add_slab,
    add_space,
    add_storey,
    mark,
    start_plan,
)
from ingest.demo.models.factory_annex import build_annex
from ingest.demo.models.factory_hall import ANNEX_LENGTH, BUILDING, FLOOR, HALL, SHEET, SLOPE, TRUSS, Hall, add_part
from ingest.demo.models.factory_plant import build_crane, build_process
from ingest.demo.models.factory_shell import build_bay, build_gables
from ingest.demo.models.factory_types import add_types
from ingest.demo.models.plan import (
    ModelPlan,
    Product,
    Site,
    box_outline,
)
from ingest.demo.models.steel import CHORD, COLUMN, WEB, add_base, add_member

_BAY: Final = 7.5
_PANELS: Final = 10


def build_factory(site: Site) -> ModelPlan:
    """The factory on a site; its height is the ridge's."""
    plan = start_plan("demo-factory", "示例项目:厂房 Demo project: factory", BUILDING, "Demo factory", site)
    hall = _lay_out(site)
    add_types(plan, hall)
    length, width = hall.east - hall.west, site.width
    add_part(plan, HALL, "Hall", length * width, hall.ridge, 1)
    add_storey(plan, FLOOR, HALL, "Hall floor", 0.0, hall.eaves, round(length * width, 4))
    _build_ground(plan, hall)
    for number, x in enumerate(hall.frames, start=1):
        build_frame(plan, hall, number, x)
    for number in range(1, len(hall.frames)):
        build_bay(plan, hall, number)
    build_gables(plan, hall)
    build_crane(plan, hall)
    build_process(plan, hall)
    build_annex(plan, site, hall)
    return plan


def _lay_out(site: Site) -> Hall:
    west, east = -site.length / 2, site.length / 2 - ANNEX_LENGTH
    bays = max(round((east - west) / _BAY), 2)
    inset = 0.35
    step = (east - west - 2 * inset) / bays
    frames = tuple(round(west + inset + step * number, 4) for number in range(bays + 1))
    half = site.width / 2
    return Hall(west, east, half, frames, round(site.height - 0.3 - half * SLOPE, 2))


def _build_ground(plan: ModelPlan, hall: Hall) -> None:
    outline = box_outline(hall.west, -hall.half, hall.east, hall.half)
    area = (hall.east - hall.west) * hall.half * 2
    add_slab(plan, FLOOR, "车间-地坪", outline, 0.25, area=area, slab_type="地坪 250", predefined="BASESLAB")
    box = (hall.west + SHEET, -hall.half + SHEET, hall.east - 0.2, hall.half - SHEET)
    add_space(
        plan, FLOOR, "车间-生产区", "Production", box, round(hall.eaves - TRUSS, 4), code="12-20.10.01", use="生产"
    )


def build_frame(plan: ModelPlan, hall: Hall, number: int, x: float) -> None:
    """Two columns on their base plates, and the truss between them."""
    reach = hall.half - 0.35
    low = round(hall.eaves - TRUSS, 4)
    for side, y in (("南", -reach), ("北", reach)):
        key = f"轴{number:02d}-{side}柱"
        add_base(plan, FLOOR, key, (x, y))
        height = round(hall.roof_at(y) - 0.25, 4)
        add_member(plan, FLOOR, key, (x, y, 0.03), (x, y, height), COLUMN, "IfcColumn", "COLUMN")
    truss = f"轴{number:02d}-屋架"
    plan.add(
        Product(
            truss,
            "IfcElementAssembly",
            FLOOR,
            predefined="TRUSS",
            code="14-10.10.02",
            sets={"Pset_ElementAssemblyCommon": {"Reference": "WJ-1"}, **mark(truss, FLOOR)},
        )
    )
    panel = 2 * reach / _PANELS
    nodes = [round(-reach + panel * step, 4) for step in range(_PANELS + 1)]
    upper = [(x, y, round(hall.roof_at(y) - 0.25, 4)) for y in nodes]
    lower = [(x, y, low) for y in nodes]
    half = _PANELS // 2
    for name, start, end in (
        ("上弦南", upper[0], upper[half]),
        ("上弦北", upper[half], upper[-1]),
        ("下弦", lower[0], lower[-1]),
    ):
        add_member(plan, truss, f"{truss}-{name}", start, end, CHORD, "IfcMember", "CHORD", is_part=True)
    for step in range(1, _PANELS):
        add_member(
            plan, truss, f"{truss}-竖杆{step:02d}", lower[step], upper[step], WEB, "IfcMember", "POST", is_part=True
        )
    for step in range(_PANELS):
        pair = (upper[step], lower[step + 1]) if step < half else (lower[step], upper[step + 1])
        add_member(plan, truss, f"{truss}-斜杆{step + 1:02d}", *pair, WEB, "IfcMember", "BRACE", is_part=True)
