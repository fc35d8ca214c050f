# SPDX-License-Identifier: Apache-2.0
"""The demo factory's office annex, a building part of its own."""

from __future__ import annotations

from ingest.demo.models.elements import (
    OpeningPlan,
    add_slab,
    add_space,
    add_stair,
    add_storey,
    add_wall,
)
from ingest.demo.models.factory_hall import ANNEX, Hall, add_part
from ingest.demo.models.plan import (
    ModelPlan,
    Site,
    box_outline,
)


def build_annex(plan: ModelPlan, site: Site, hall: Hall) -> None:
    """Offices over as many storeys as stay below the hall's eaves."""
    west, east, half = hall.east, site.length / 2, hall.half
    storeys = max(min(int((hall.eaves - 0.8) // 3.9), 3), 1)
    area = (east - west) * 2 * half
    add_part(plan, ANNEX, "Office annex", area * storeys, 3.9 * storeys, storeys)
    outline = box_outline(west, -half, east, half)
    stair = (east - 0.4, -half + 0.5)
    hole = box_outline(stair[0] - 2.6, stair[1], stair[0], stair[1] + 5.2)
    count = max(int((2 * half - 8.0) // 6.0), 1)
    room = (2 * half - 6.4) / count
    clear = 3.75
    for number in range(1, storeys + 1):
        storey = add_storey(
            plan, f"附楼{number}F", ANNEX, f"Annex level {number}", 3.9 * (number - 1), 3.9, round(area, 4)
        )
        add_slab(
            plan, storey, f"{storey}-楼板", outline, 0.15, area=area, slab_type="楼板 150",
            holes=(hole,) if number > 1 else (), predefined="FLOOR" if number > 1 else "BASESLAB",
        )  # fmt: skip
        corridor = west + 2.2
        windows = [OpeningPlan("window", round(6.2 + room * (n + 0.5) - 1.2, 4), 2.4, 1.6, 0.9) for n in range(count)]
        doors = [OpeningPlan("door", round(6.2 + room * (n + 0.5) - 0.45, 4), 0.9, 2.1) for n in range(count)]
        entrance = (
            (OpeningPlan("door", 0.7, 1.5, 2.2),) if number == 1 else (OpeningPlan("window", 0.7, 1.5, 1.6, 0.9),)
        )
        for name, start, end, kind, thick, openings in (
            ("东外墙", (east - 0.1, -half), (east - 0.1, half), "砌块墙 200", 0.2, windows),
            ("南外墙", (west, -half + 0.1), (east - 0.2, -half + 0.1), "砌块墙 200", 0.2, entrance),
            ("北外墙", (east - 0.2, half - 0.1), (west, half - 0.1), "砌块墙 200", 0.2, ()),
            ("走廊墙", (corridor, -half + 0.2), (corridor, half - 0.2), "隔墙 100", 0.1, doors),
        ):
            add_wall(
                plan, storey, f"{storey}-{name}", start, end, height=clear, wall_type=kind, thickness=thick,
                style="plaster" if thick > 0.1 else "inner", is_external=thick > 0.1, openings=openings,
            )  # fmt: skip
        add_space(
            plan, storey, f"{storey}-走廊", "Corridor", (west, -half + 0.2, corridor - 0.05, half - 0.2), clear,
            code="12-10.30.01", use="交通",
        )  # fmt: skip
        add_stair(plan, storey, f"{storey}-楼梯", (*stair, 0.0), (0.0, 1.0, 0.0), 3.9, 5.2, 2.6)
        for n in range(count):
            south = round(-half + 6.4 + room * n, 4)
            add_wall(
                plan, storey, f"{storey}-隔墙{n + 1}", (corridor + 0.05, south - 0.05), (east - 0.2, south - 0.05),
                height=clear, wall_type="隔墙 100", thickness=0.1, style="inner",
            )  # fmt: skip
            box = (corridor + 0.05, south, east - 0.2, round(south + room - (0.2 if n == count - 1 else 0.1), 4))
            add_space(
                plan, storey, f"{storey}-办公室{n + 1}", f"Office {n + 1}", box, clear, code="12-10.10.01", use="办公"
            )
    roof = add_storey(plan, "附楼屋面", ANNEX, "Annex roof", round(3.9 * storeys, 4), 0.5, None)
    add_slab(plan, roof, "附楼-屋面板", outline, 0.15, area=area, slab_type="楼板 150", predefined="ROOF", top=0.15)
