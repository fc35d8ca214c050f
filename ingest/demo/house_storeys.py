# SPDX-License-Identifier: Apache-2.0
"""The demo house's storeys: walls with windows and doors, rooms, slabs and the stair."""

from __future__ import annotations

import math

import ifcopenshell.api.feature

from ingest.demo.house_author import SECTION, Entity, HouseAuthor, box_points
from ingest.demo.house_plan import (
    DEPTH,
    LENGTH,
    SLAB,
    STAIR_HOLE,
    STAIR_RISERS,
    STAIR_TREAD,
    STOREY_HEIGHT,
    WALL_HEIGHT,
    OpeningPlan,
    StoreyPlan,
    WallPlan,
)
from ingest.demo.house_types import type_key


def build_storey(author: HouseAuthor, building: Entity, plan: StoreyPlan, types: dict[str, Entity]) -> Entity:
    """A storey with its walls, openings and spaces."""
    storey = author.create("IfcBuildingStorey", plan.name, LongName=plan.name_en, Elevation=plan.elevation)
    author.aggregate(building, storey)
    author.place(storey, (0.0, 0.0, plan.elevation))
    author.describe(storey, "Pset_BuildingStoreyCommon", {"EntranceLevel": plan.elevation == 0.0})
    for wall in plan.walls:
        _build_wall(author, storey, plan, wall, types)
    for room in plan.rooms:
        west, south, east, north = room.box
        space = author.create("IfcSpace", room.name, "SPACE", LongName=room.name_en)
        author.aggregate(storey, space)
        author.place(space, (0.0, 0.0, plan.elevation))
        author.shape(space, (author.extrude(box_points(*room.box), WALL_HEIGHT), "room"))
        area = (east - west) * (north - south)
        author.describe(space, "Pset_SpaceCommon", {"IsExternal": False, "Reference": room.name_en})
        author.quantify(
            space,
            "Qto_SpaceBaseQuantities",
            {"Height": WALL_HEIGHT, "NetFloorArea": area, "NetVolume": area * WALL_HEIGHT},
        )
    return storey


def _build_wall(
    author: HouseAuthor, storey: Entity, plan: StoreyPlan, wall: WallPlan, types: dict[str, Entity]
) -> None:
    """A wall along its centre line, with its windows and doors in openings."""
    along = (wall.end[0] - wall.start[0], wall.end[1] - wall.start[1])
    length, half = math.hypot(*along), wall.thickness / 2
    made = author.create("IfcWall", f"{plan.name}{wall.name}")
    author.contain(made, storey)
    author.assign_type(made, types["outer" if wall.is_external else "inner"])
    author.place(made, (*wall.start, plan.elevation), along)
    solid = author.extrude(box_points(0.0, -half, length, half), WALL_HEIGHT)
    author.shape(made, (solid, "plaster" if wall.is_external else "inner"))
    author.describe(
        made,
        "Pset_WallCommon",
        {
            "IsExternal": wall.is_external,
            "LoadBearing": wall.is_external,
            "FireRating": "2h" if wall.is_external else "1h",
            "ThermalTransmittance": 0.8 if wall.is_external else 1.9,
        },
    )
    cut = sum(opening.width * opening.height for opening in wall.openings)
    side = length * WALL_HEIGHT
    author.quantify(
        made,
        "Qto_WallBaseQuantities",
        {
            "Length": length,
            "Width": wall.thickness,
            "Height": WALL_HEIGHT,
            "GrossSideArea": side,
            "NetSideArea": side - cut,
            "GrossVolume": side * wall.thickness,
            "NetVolume": (side - cut) * wall.thickness,
        },
    )
    unit = (along[0] / length, along[1] / length)
    for number, opening in enumerate(wall.openings, start=1):
        corner = opening.at - opening.width / 2
        at = (
            wall.start[0] + unit[0] * corner,
            wall.start[1] + unit[1] * corner,
            plan.elevation + opening.sill,
        )
        _build_opening(author, storey, made, opening, f"{plan.name}{wall.name}", number, at, unit, types)


def _build_opening(
    author: HouseAuthor,
    storey: Entity,
    wall: Entity,
    plan: OpeningPlan,
    where: str,
    number: int,
    at: tuple[float, float, float],
    along: tuple[float, float],
    types: dict[str, Entity],
) -> None:
    """A hole in a wall and the window or door that fills it; `at` is its lower corner on the centre line."""
    hole = author.create("IfcOpeningElement", f"{where}洞口{number}", "OPENING")
    ifcopenshell.api.feature.add_feature(author.file, feature=hole, element=wall)
    author.place(hole, at, along)
    author.shape(hole, (author.extrude(box_points(0.0, -0.3, plan.width, 0.3), plan.height), None))
    is_window = plan.kind == "window"
    ifc_class, word, predefined = ("IfcWindow", "窗", "WINDOW") if is_window else ("IfcDoor", "门", "DOOR")
    filling = author.create(
        ifc_class,
        f"{where}{word}{number}",
        predefined,
        OverallHeight=plan.height,
        OverallWidth=plan.width,
    )
    author.contain(filling, storey)
    author.assign_type(filling, types[type_key(plan.kind, plan.width)])
    author.place(filling, at, along)
    ifcopenshell.api.feature.add_filling(author.file, opening=hole, element=filling)
    external = "内墙" not in where
    common: dict[str, object] = {"IsExternal": external}
    common |= {"ThermalTransmittance": 2.4} if is_window else {"FireExit": external}
    author.describe(filling, "Pset_WindowCommon" if is_window else "Pset_DoorCommon", common)
    author.quantify(
        filling,
        "Qto_WindowBaseQuantities" if is_window else "Qto_DoorBaseQuantities",
        {"Width": plan.width, "Height": plan.height, "Area": plan.width * plan.height},
    )


def build_slabs(author: HouseAuthor, storeys: list[Entity], types: dict[str, Entity]) -> None:
    """The ground slab on its plinth and the upper slab with the hole for the stair."""
    plan = box_points(-LENGTH / 2, -DEPTH / 2, LENGTH / 2, DEPTH / 2)
    west, south, east, north = STAIR_HOLE
    hole = (east - west) * (north - south)
    for index, storey in enumerate(storeys):
        depth = SLAB if index else 0.3
        slab = author.create("IfcSlab", f"{storey.Name}楼板", "FLOOR" if index else "BASESLAB")
        author.contain(slab, storey)
        if index:
            author.assign_type(slab, types["floor"])
        else:
            author.assign_one_material(slab, "钢筋混凝土", "concrete")
        elevation = float(storey.Elevation)
        author.place(slab, (0.0, 0.0, elevation - depth))
        holes = [box_points(*STAIR_HOLE)] if index else []
        author.shape(slab, (author.extrude(plan, depth, holes=holes), "concrete"))
        area = LENGTH * DEPTH - (hole if index else 0.0)
        author.describe(slab, "Pset_SlabCommon", {"IsExternal": index == 0, "LoadBearing": True})
        author.quantify(
            slab,
            "Qto_SlabBaseQuantities",
            {"Depth": depth, "GrossArea": LENGTH * DEPTH, "NetArea": area, "NetVolume": area * depth},
        )


def build_stair(author: HouseAuthor, storey: Entity) -> None:
    """One straight flight from the hall to the landing: a stepped profile as wide as the flight."""
    west, south, east, _ = STAIR_HOLE
    rise = STOREY_HEIGHT / STAIR_RISERS
    profile: list[tuple[float, ...]] = [(0.0, 0.0)]
    for step in range(STAIR_RISERS - 1):
        profile += [(step * STAIR_TREAD, (step + 1) * rise), ((step + 1) * STAIR_TREAD, (step + 1) * rise)]
    run = (STAIR_RISERS - 1) * STAIR_TREAD
    profile += [(run, STOREY_HEIGHT - rise - 0.28), (0.34, 0.0)]
    stair = author.create("IfcStair", "楼梯", "STRAIGHT_RUN_STAIR")
    author.contain(stair, storey)
    author.place(stair, (west, south, 0.0))
    flight = author.create("IfcStairFlight", "梯段", "STRAIGHT")
    flight.NumberOfRisers, flight.NumberOfTreads = STAIR_RISERS, STAIR_RISERS - 1
    flight.RiserHeight, flight.TreadLength = rise, STAIR_TREAD
    author.aggregate(stair, flight)
    author.place(flight, (west, south, 0.0))
    # The profile stands in the y-z plane and is moved along x.
    solid = author.extrude(profile, east - west - 0.06, plane=SECTION)
    author.shape(flight, (solid, "timber"))
    author.assign_one_material(flight, "木材", "wood")
    author.describe(stair, "Pset_StairCommon", {"NumberOfRiser": STAIR_RISERS, "RiserHeight": rise})
