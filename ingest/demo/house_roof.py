# SPDX-License-Identifier: Apache-2.0
"""What the demo house has outside: roof, gables, chimney, solar panels and the porch."""

from __future__ import annotations

import math

from ingest.demo.house_author import SECTION, Entity, HouseAuthor, box_points
from ingest.demo.house_plan import DEPTH, LENGTH, OUTER, OVERHANG, PITCH, ROOF, STOREY_HEIGHT, WALL_HEIGHT


def build_roof(author: HouseAuthor, storey: Entity, types: dict[str, Entity]) -> None:
    """A gable roof of two slopes, the gables under it, a chimney, and panels on the south side."""
    eave, half = STOREY_HEIGHT + WALL_HEIGHT, DEPTH / 2
    roof = author.create("IfcRoof", "坡屋顶", "GABLE_ROOF")
    author.contain(roof, storey)
    author.place(roof, (0.0, 0.0, eave))
    thick = ROOF * math.hypot(1.0, PITCH)
    reach, run = half + OVERHANG, LENGTH + 2 * OVERHANG
    for name, side in (("南坡", -1.0), ("北坡", 1.0)):
        low, high = -OVERHANG * PITCH, half * PITCH
        outline = [(side * reach, low), (side * reach, low + thick), (0.0, high + thick), (0.0, high)]
        slope = author.create("IfcSlab", f"屋面{name}", "ROOF")
        author.aggregate(roof, slope)
        author.assign_type(slope, types["roof"])
        author.place(slope, (0.0, 0.0, eave))
        ordered = outline[::-1] if side > 0 else outline
        author.shape(slope, (author.extrude(ordered, run, origin=(-run / 2, 0.0, 0.0), plane=SECTION), "tile"))
        area = run * reach * math.hypot(1.0, PITCH)
        author.describe(slope, "Pset_SlabCommon", {"IsExternal": True, "PitchAngle": math.atan(PITCH)})
        author.quantify(slope, "Qto_SlabBaseQuantities", {"GrossArea": area, "GrossVolume": area * ROOF})
    for name, x in (("西山墙", -LENGTH / 2), ("东山墙", LENGTH / 2 - OUTER)):
        gable = author.create("IfcWall", name)
        author.contain(gable, storey)
        author.assign_type(gable, types["outer"])
        author.place(gable, (x, 0.0, eave))
        triangle = ((-half, 0.0), (half, 0.0), (0.0, half * PITCH))
        author.shape(gable, (author.extrude(triangle, OUTER, plane=SECTION), "plaster"))
        author.describe(gable, "Pset_WallCommon", {"IsExternal": True, "LoadBearing": False})
    chimney = author.create("IfcChimney", "烟囱", "NOTDEFINED")
    author.contain(chimney, storey)
    author.place(chimney, (-2.6, 1.2, eave + 1.6))
    author.shape(chimney, (author.extrude(box_points(-0.35, -0.35, 0.35, 0.35), 2.3), "brick"))
    author.assign_one_material(chimney, "砖", "brick")
    for number in range(1, 5):
        panel = author.create("IfcSolarDevice", f"光伏板{number}", "SOLARPANEL")
        author.contain(panel, storey)
        author.place(panel, (-4.4 + 1.8 * number, 0.0, eave))
        start, end = -3.4, -1.5
        base = half * PITCH + thick + 0.05
        section = [(y, base + y * PITCH + lift) for y, lift in ((start, 0), (end, 0), (end, 0.06), (start, 0.06))]
        author.shape(panel, (author.extrude(section, 1.6, plane=SECTION), "panel"))


def build_porch(author: HouseAuthor, storey: Entity) -> None:
    """Steps, two posts and a canopy before the front door."""
    middle, front = 2.5, -DEPTH / 2
    step = author.create("IfcSlab", "入口平台", "LANDING")
    author.contain(step, storey)
    author.place(step, (middle, front, -0.3))
    author.shape(
        step,
        (author.extrude(box_points(-1.4, -1.6, 1.4, 0.0), 0.26), "concrete"),
        (author.extrude(box_points(-1.4, -1.95, 1.4, -1.6), 0.13), "concrete"),
    )
    author.assign_one_material(step, "钢筋混凝土", "concrete")
    for number, x in enumerate((-1.2, 1.2), start=1):
        post = author.create("IfcColumn", f"门廊柱{number}", "COLUMN")
        author.contain(post, storey)
        author.place(post, (middle + x, front - 1.4, -0.04))
        author.shape(post, (author.extrude(box_points(-0.08, -0.08, 0.08, 0.08), 2.5), "timber"))
        author.assign_one_material(post, "木材", "wood")
        author.describe(post, "Pset_ColumnCommon", {"IsExternal": True, "LoadBearing": True})
    canopy = author.create("IfcSlab", "雨棚", "ROOF")
    author.contain(canopy, storey)
    author.place(canopy, (middle, front, 2.46))
    author.shape(canopy, (author.extrude(box_points(-1.5, -1.7, 1.5, 0.0), 0.14), "tile"))
    author.assign_one_material(canopy, "木材", "wood")
