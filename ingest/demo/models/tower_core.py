# SPDX-License-Identifier: Apache-2.0
"""The demo tower's core: walls, stairs, toilets, and the risers with a branch on each storey."""

from __future__ import annotations

from typing import Final

from ingest.demo.models.elements import (
    OpeningPlan,
    add_space,
    add_stair,
    add_wall,
    mark,
)
from ingest.demo.models.piping import BEND, DOWN, TEE, VALVE, PipeSystem, add_basin, add_pan
from ingest.demo.models.plan import (
    ModelPlan,
    Product,
)
from ingest.demo.models.tower_frame import CORE_WALL, SOUTHWARDS, STAIR, Frame

_WEST: Final = (-1.0, 0.0, 0.0)


def build_core(plan: ModelPlan, frame: Frame, storey: str) -> None:
    """The core: its four walls, the walls of its bays, stairs, lifts' doors, toilets and rooms."""
    a, b, half = frame.core_x, frame.core_y, CORE_WALL / 2
    x1, x2, x3, x4 = frame.bays
    lobby = OpeningPlan("door", a - half + 0.0 + (x2 + x3) / 2 - 0.8, 1.6, 2.4)
    escape = OpeningPlan("door", 2 * (b - half) - 1.6, 1.0, 2.1)
    for name, start, end, opening in (
        ("南", (-a + half, -b + half), (a - half, -b + half), lobby),
        ("北", (a - half, b - half), (-a + half, b - half), lobby),
        ("东", (a - half, -b + 2 * half), (a - half, b - 2 * half), escape),
        ("西", (-a + half, -b + 2 * half), (-a + half, b - 2 * half), escape),
    ):
        add_wall(
            plan,
            storey,
            f"{storey}-核心筒{name}墙",
            start,
            end,
            height=frame.clear,
            wall_type="核心筒墙 300",
            thickness=CORE_WALL,
            style="concrete",
            is_bearing=True,
            openings=(opening,),
        )
    inside = b - CORE_WALL
    lifts = [OpeningPlan("door", inside * (1 + 0.62 * place) - 0.55, 1.1, 2.2) for place in (-1, 0, 1)]
    rooms = [OpeningPlan("door", inside * (1 + 0.5 * place) - 0.45, 0.9, 2.1) for place in (-1, 1)]
    for name, x, openings in (("一", x1, []), ("二", x2, lifts), ("三", x3, rooms), ("四", x4, [])):
        add_wall(
            plan,
            storey,
            f"{storey}-筒内{name}墙",
            (x, -inside),
            (x, inside),
            height=frame.clear,
            wall_type="隔墙 200",
            thickness=0.2,
            style="inner",
            openings=openings,
        )
    add_wall(
        plan, storey, f"{storey}-卫生间隔墙", (x3 + 0.1, 0.0), (x4 - 1.1, 0.0), height=frame.clear,
        wall_type="隔墙 100", thickness=0.1, style="inner",
    )  # fmt: skip
    for name, (x, y) in zip(("西", "东"), frame.stairs, strict=True):
        add_stair(plan, storey, f"{storey}-{name}楼梯", (x, y, 0.0), (0.0, 1.0, 0.0), frame.height, STAIR[0], STAIR[1])
    for name, english, box, code, use in (
        ("电梯厅", "Lift lobby", (x2 + 0.1, -inside, x3 - 0.1, inside), "12-10.30.01", "交通"),
        ("女卫生间", "Toilet (women)", (x3 + 0.1, 0.05, x4 - 1.1, inside), "12-10.40.01", "卫生间"),
        ("男卫生间", "Toilet (men)", (x3 + 0.1, -inside, x4 - 1.1, -0.05), "12-10.40.01", "卫生间"),
        ("西楼梯间", "West stairwell", (-a + CORE_WALL, -inside, x1 - 0.1, inside), "12-10.30.01", "交通"),
        ("东楼梯间", "East stairwell", (x4 + 0.1, -inside, a - CORE_WALL, inside), "12-10.30.01", "交通"),
    ):
        add_space(plan, storey, f"{storey}-{name}", english, box, frame.clear, code=code, use=use)
    for number, x in enumerate((x3 + 0.8, x3 + 1.75), start=1):
        add_pan(plan, storey, f"{storey}-女-坐便器{number}", (x, inside, 0.0), SOUTHWARDS)
        add_pan(plan, storey, f"{storey}-男-坐便器{number}", (x, -inside, 0.0), (0.0, 1.0, 0.0))


def build_pipes(
    plan: ModelPlan,
    frame: Frame,
    storey: str,
    systems: tuple[PipeSystem, PipeSystem, PipeSystem],
    ends: dict[str, str],
) -> None:
    """A storey's piece of each riser, with a branch to a basin, from a toilet, and to a hydrant."""
    water, waste, fire = systems
    east, height = frame.bays[3], frame.height
    riser = east - 0.9
    # Water: up, a branch west along the wall, a valve, down to the basin.
    first, tee, last = water.add_riser(
        storey, f"{storey}-给水立管", (riser, 0.3), height, 2.4, is_down=False, out=_WEST
    )
    if "water" in ends:
        water.join(ends["water"], first)
    ends["water"] = last
    z, x = 2.4 + TEE, riser - TEE
    valve = water.add_valve(storey, f"{storey}-给水阀", (x, 0.3, z), _WEST)
    branch = water.add_segment(storey, f"{storey}-给水支管", (x - VALVE, 0.3, z), _WEST, 0.7)
    bend = water.add_bend(storey, f"{storey}-给水弯头", (x - VALVE - 0.7, 0.3, z), _WEST, DOWN)
    drop = water.add_segment(
        storey, f"{storey}-给水下管", (x - VALVE - 0.7 - BEND, 0.3, z - BEND), DOWN, z - BEND - 0.5
    )
    plan.connect((tee, "c"), (valve, "a"))
    water.join(valve, branch, bend, drop)
    basin = add_basin(plan, storey, f"{storey}-女-洗手盆", (x - VALVE - 0.7 - BEND, 0.1, 0.0), (0.0, 1.0, 0.0))
    plan.connect((drop, "b"), (basin, "in"))
    # Waste: down, from a toilet at the wall.
    first, tee, last = waste.add_riser(
        storey, f"{storey}-排水立管", (riser, -0.3), height, 0.1, is_down=True, out=_WEST
    )
    if "waste" in ends:
        waste.join(last, ends["waste"])
    ends["waste"] = first
    reach = 0.75
    branch = waste.add_segment(storey, f"{storey}-排水支管", (x - reach, -0.3, 0.1 + TEE), (1.0, 0.0, 0.0), reach)
    pan = add_pan(plan, storey, f"{storey}-男-坐便器3", (x - reach, -0.2, 0.0), SOUTHWARDS)
    plan.connect((pan, "out"), (branch, "a"))
    plan.connect((branch, "b"), (tee, "c"))
    # Fire: up, a hydrant at each storey.
    first, tee, last = fire.add_riser(
        storey, f"{storey}-消防立管", (east - 0.45, 0.0), height, 1.0, is_down=False, out=SOUTHWARDS
    )
    if "fire" in ends:
        fire.join(ends["fire"], first)
    ends["fire"] = last
    key = f"{storey}-消火栓"
    plan.add(
        Product(
            key, "IfcFireSuppressionTerminal", storey, at=(east - 0.45, -0.5, 0.8), predefined="FIREHYDRANT",
            type="室内消火栓", code="14-20.10.02", sets=mark(key, storey, 系统=fire.key),
        )
    )  # fmt: skip
    fire.members.append(key)
