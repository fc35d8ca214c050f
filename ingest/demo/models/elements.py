# SPDX-License-Identifier: Apache-2.0
"""Parts of buildings that the demo models share: the spatial tree, walls with openings, spaces, doors, windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ingest.demo.models.plan import (
    ELEVATION,
    ElementType,
    Extrusion,
    ModelPlan,
    Outline,
    Part,
    Point,
    Product,
    Sets,
    Site,
    Values,
    box_outline,
)
from ingest.demo.models.step import Enum

SITE: Final = "用地 Site"
#: A hole that reaches the edge of its host goes on beyond it, so that no film of no thickness stays.
_BEYOND: Final = 0.05


@dataclass(frozen=True)
class OpeningPlan:
    """A door or window in a wall: the distance of its nearer edge from the wall's start, its size and sill."""

    kind: str
    at: float
    width: float
    height: float
    sill: float = 0.0


def start_plan(
    code: str, title: str, building: str, english: str, site: Site, gross_area: float | None = None
) -> ModelPlan:
    """A plan with site and building; the building's key is its name. A whole of parts leaves its area to them."""
    plan = ModelPlan(code, title, site)
    plan.add(Product(SITE, "IfcSite", None, "aggregates", attributes={"LongName": "演示用地 Demo site (synthetic)"}))
    footprint = site.length * site.width
    plan.add(
        Product(
            building, "IfcBuilding", SITE, "aggregates",
            attributes={"LongName": f"{english} (synthetic)", "ElevationOfRefHeight": 0.0},
            sets={
                "Pset_BuildingCommon": {"Reference": code, "NumberOfStoreys": site.storeys, "IsLandmarked": False},
                "示例_说明": {"数据性质": "合成 synthetic", "用途": title},
            },
            quantities={
                "Qto_BuildingBaseQuantities": {"Height": site.height, "FootprintArea": footprint}
                | ({"GrossFloorArea": gross_area} if gross_area else {})
            },
        )
    )  # fmt: skip
    return plan


def add_storey(
    plan: ModelPlan,
    key: str,
    within: str,
    english: str,
    elevation: float,
    height: float,
    area: float | None,
    base: float = 0.0,
) -> str:
    """A storey at `elevation` (above the model's zero) in what starts at `base`; `area` is its gross floor area."""
    quantities = {"GrossHeight": height} | ({"GrossFloorArea": area} if area else {})
    plan.add(
        Product(
            key, "IfcBuildingStorey", within, "aggregates", at=(0.0, 0.0, elevation - base),
            attributes={"LongName": english, "Elevation": elevation},
            sets={"Pset_BuildingStoreyCommon": {"EntranceLevel": elevation == 0.0, "AboveGround": True}},
            quantities={"Qto_BuildingStoreyBaseQuantities": quantities},
        )
    )  # fmt: skip
    return key


def declare_net_areas(plan: ModelPlan) -> None:
    """Each storey's net floor area: the sum of its spaces, as they are declared."""
    nets: dict[str, float] = {}
    for product in plan.products.values():
        if product.ifc_class == "IfcSpace" and product.parent:
            area = float(product.quantities["Qto_SpaceBaseQuantities"]["NetFloorArea"])
            nets[product.parent] = nets.get(product.parent, 0.0) + area
    for key, area in nets.items():
        storey, name = plan.products[key], "Qto_BuildingStoreyBaseQuantities"
        quantities = {**storey.quantities, name: {**storey.quantities[name], "NetFloorArea": area}}
        plan.products[key] = replace(storey, quantities=quantities)


def mark(key: str, batch: str, **more: object) -> Sets:
    """The demo's own set, as builders keep one: the element's number and the section it is built in."""
    return {"示例_构件信息": {"构件编号": key, "施工段": batch, **more}}


def add_wall(
    plan: ModelPlan,
    storey: str,
    key: str,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    height: float,
    wall_type: str,
    thickness: float,
    style: str,
    is_external: bool = False,
    is_bearing: bool = False,
    base: float = 0.0,
    openings: Sequence[OpeningPlan] = (),
) -> str:
    """A wall along its centre line with its doors and windows."""
    along = (end[0] - start[0], end[1] - start[1])
    length, half = math.hypot(*along), thickness / 2
    side, cut = length * height, sum(opening.width * opening.height for opening in openings)
    plan.add(
        Product(
            key, "IfcWall", storey, at=(*start, base), x=(along[0] / length, along[1] / length, 0.0),
            predefined="SOLIDWALL" if is_bearing else "PARTITIONING", type=wall_type, code="14-10.20.01",
            shape=(Extrusion(box_outline(0.0, -half, length, half), height, style),),
            sets={
                "Pset_WallCommon": {
                    "Reference": wall_type, "IsExternal": is_external, "LoadBearing": is_bearing,
                    "FireRating": "3h" if is_bearing else "1h", "ThermalTransmittance": 0.8 if is_external else 1.9,
                },
                **mark(key, storey),
            },
            quantities={
                "Qto_WallBaseQuantities": {
                    "Length": length, "Width": thickness, "Height": height, "GrossSideArea": side,
                    "NetSideArea": side - cut, "GrossVolume": side * thickness,
                    "NetVolume": (side - cut) * thickness,
                }
            },
        )
    )  # fmt: skip
    for number, opening in enumerate(openings, start=1):
        _add_opening(plan, storey, key, opening, number, thickness, is_external=is_external)
    return key


def _add_opening(
    plan: ModelPlan, storey: str, wall: str, opening: OpeningPlan, number: int, thickness: float, *, is_external: bool
) -> None:
    """A hole in a wall and what fills it."""
    low = -_BEYOND if opening.sill == 0.0 else 0.0
    depth = thickness / 2 + 0.1
    word, ifc_class, predefined = {
        "door": ("门", "IfcDoor", "DOOR"),
        "gate": ("大门", "IfcDoor", "GATE"),
        "window": ("窗", "IfcWindow", "WINDOW"),
    }[opening.kind]
    hole = f"{wall}-洞{number}"
    solid = Extrusion(
        box_outline(0.0, -depth, opening.width, depth), opening.height - low, None, origin=(0.0, 0.0, low)
    )
    plan.add(
        Product(
            hole, "IfcOpeningElement", wall, "voids", at=(opening.at, 0.0, opening.sill), predefined="OPENING",
            shape=(solid,),
        )
    )  # fmt: skip
    is_window = opening.kind == "window"
    common: Values = (
        {"IsExternal": is_external, "ThermalTransmittance": 2.4}
        if is_window
        else {"IsExternal": is_external, "FireExit": is_external}
    )
    sets = {"Pset_WindowCommon" if is_window else "Pset_DoorCommon": common}
    name = "Qto_WindowBaseQuantities" if is_window else "Qto_DoorBaseQuantities"
    make = add_window_type if is_window else add_door_type
    plan.add(
        Product(
            f"{wall}-{word}{number}", ifc_class, storey, fills=hole, predefined=predefined, code="14-10.20.03",
            type=make(plan, opening.width, opening.height),
            attributes={"OverallHeight": opening.height, "OverallWidth": opening.width},
            sets={**sets, **mark(f"{wall}-{word}{number}", storey)},
            quantities={
                name: {"Width": opening.width, "Height": opening.height, "Area": opening.width * opening.height}
            },
        )
    )  # fmt: skip


def add_window_type(plan: ModelPlan, width: float, height: float) -> str:
    """A casement in a frame; x along the wall from the opening's edge, z up from the sill."""
    edge, half = 0.05, width / 2
    outlines = (
        [
            box_outline(edge, edge, half - edge / 2, height - edge),
            box_outline(half + edge / 2, edge, width - edge, height - edge),
        ]
        if width > 0.8
        else [box_outline(edge, edge, width - edge, height - edge)]
    )
    frame = Extrusion(box_outline(0.0, 0.0, width, height), 0.08, "frame", (0.0, 0.04, 0.0), ELEVATION, tuple(outlines))
    panes = [Extrusion(outline, 0.012, "glass", (0.0, 0.006, 0.0), ELEVATION) for outline in outlines]
    made = ElementType(
        f"窗 {width:.2f}×{height:.2f}", "IfcWindowType", "WINDOW", (frame, *panes), "铝合金与玻璃",
        attributes={"PartitioningType": Enum("DOUBLE_PANEL_VERTICAL" if len(outlines) > 1 else "SINGLE_PANEL")},
    )  # fmt: skip
    return plan.add_type(made)


def add_door_type(plan: ModelPlan, width: float, height: float) -> str:
    """A leaf or two in a frame that is open at the bottom; very wide ones are sectional gates of steel."""
    edge = 0.05
    arch: Outline = (
        (0.0, 0.0), (edge, 0.0), (edge, height - edge), (width - edge, height - edge),
        (width - edge, 0.0), (width, 0.0), (width, height), (0.0, height),
    )  # fmt: skip
    parts: list[Part] = [Extrusion(arch, 0.12, "frame", (0.0, 0.06, 0.0), ELEVATION)]
    is_gate, leaves = width > 2.4, 2 if width > 1.2 else 1
    across = (width - 2 * edge) / leaves
    for leaf in range(leaves):
        left = edge + leaf * across
        outline = box_outline(left + 0.005, 0.01, left + across - 0.005, height - edge)
        parts.append(Extrusion(outline, 0.05, "blue sheet" if is_gate else "timber", (0.0, 0.025, 0.0), ELEVATION))
    operation = "ROLLINGUP" if is_gate else "DOUBLE_DOOR_SINGLE_SWING" if leaves > 1 else "SINGLE_SWING_LEFT"
    made = ElementType(
        f"门 {width:.2f}×{height:.2f}", "IfcDoorType", "GATE" if is_gate else "DOOR", tuple(parts),
        "彩色钢板" if is_gate else "木材", attributes={"OperationType": Enum(operation)},
    )  # fmt: skip
    return plan.add_type(made)


def add_space(
    plan: ModelPlan,
    storey: str,
    key: str,
    english: str,
    box: tuple[float, float, float, float],
    height: float,
    *,
    code: str,
    use: str,
    predefined: str = "INTERNAL",
) -> str:
    """A room as a box on the storey's floor, with its areas."""
    west, south, east, north = box
    area = (east - west) * (north - south)
    plan.add(
        Product(
            key, "IfcSpace", storey, "aggregates", at=(west, south, 0.0), predefined=predefined, code=code,
            shape=(Extrusion(box_outline(0.0, 0.0, east - west, north - south), height, "room"),),
            attributes={"LongName": english},
            sets={
                "Pset_SpaceCommon": {"Reference": use, "IsExternal": predefined == "EXTERNAL"},
                "Pset_SpaceOccupancyRequirements": {"OccupancyType": use},
            },
            quantities={
                "Qto_SpaceBaseQuantities": {
                    "Height": height, "GrossPerimeter": 2 * (east - west + north - south),
                    "GrossFloorArea": area, "NetFloorArea": area, "NetVolume": area * height,
                }
            },
        )
    )  # fmt: skip
    return key


def add_slab(
    plan: ModelPlan,
    storey: str,
    key: str,
    outline: Outline,
    depth: float,
    *,
    area: float,
    slab_type: str,
    holes: tuple[Outline, ...] = (),
    predefined: str = "FLOOR",
    top: float = 0.0,
    style: str = "concrete",
) -> str:
    """A slab under its top; `area` is what it covers without the holes."""
    cut = sum((hole[2][0] - hole[0][0]) * (hole[2][1] - hole[0][1]) for hole in holes)
    plan.add(
        Product(
            key, "IfcSlab", storey, at=(0.0, 0.0, top - depth), predefined=predefined, type=slab_type,
            code="14-10.20.04" if predefined == "ROOF" else "14-10.10.03",
            shape=(Extrusion(outline, depth, style, holes=holes),),
            sets={
                "Pset_SlabCommon": {"Reference": slab_type, "IsExternal": predefined == "ROOF", "LoadBearing": True},
                **mark(key, storey),
            },
            quantities={
                "Qto_SlabBaseQuantities": {
                    "Depth": depth, "GrossArea": area, "NetArea": area - cut, "NetVolume": (area - cut) * depth,
                }
            },
        )
    )  # fmt: skip
    return key


def add_stair(
    plan: ModelPlan,
    storey: str,
    key: str,
    at: Point,
    along: Point,
    rise: float,
    run: float,
    width: float,
) -> str:
    """Two flights and their landing, up by `rise` within `run` along a direction; `width` is that of both."""
    treads = max(round(rise / 2 / 0.165), 2)
    step, each = rise / 2 / treads, width / 2 - 0.05
    landing = 1.2
    tread = (run - landing) / treads
    plan.add(
        Product(
            key, "IfcStair", storey, at=at, x=along, predefined="HALF_TURN_STAIR", code="14-10.30.01",
            material="钢筋混凝土 C30",
            sets={
                "Pset_StairCommon": {"NumberOfRiser": 2 * treads, "RiserHeight": step, "TreadLength": tread},
                **mark(key, storey),
            },
        )
    )  # fmt: skip
    zigzag: list[tuple[float, float]] = [(0.0, 0.0)]
    for number in range(treads):
        zigzag += [(number * tread, (number + 1) * step), ((number + 1) * tread, (number + 1) * step)]
    profile = (*zigzag, (treads * tread, treads * step - 0.25), (0.35, 0.0))
    flight = plan.add_type(
        ElementType(
            f"梯段 {treads}×{step:.3f}×{tread:.3f}×{each:.2f}", "IfcStairFlightType", "STRAIGHT",
            (Extrusion(profile, each, "concrete", (0.0, each, 0.0), ELEVATION),),
        )
    )  # fmt: skip
    counts = {
        "NumberOfRisers": treads, "NumberOfTreads": treads, "RiserHeight": step, "TreadLength": tread,
    }  # fmt: skip
    plan.add(
        Product(
            f"{key}-上行", "IfcStairFlight", key, "aggregates", predefined="STRAIGHT", type=flight,
            attributes=counts, sets=mark(f"{key}-上行", storey),
        )
    )  # fmt: skip
    plan.add(
        Product(
            f"{key}-回转", "IfcStairFlight", key, "aggregates", at=(treads * tread, width, rise / 2),
            x=(-1.0, 0.0, 0.0), predefined="STRAIGHT", type=flight, attributes=counts,
            sets=mark(f"{key}-回转", storey),
        )
    )  # fmt: skip
    plan.add(
        Product(
            f"{key}-平台", "IfcSlab", key, "aggregates", at=(treads * tread, 0.0, rise / 2 - 0.15),
            predefined="LANDING", code="14-10.10.03",
            shape=(Extrusion(box_outline(0.0, 0.0, landing, width), 0.15, "concrete"),),
            sets=mark(f"{key}-平台", storey),
        )
    )  # fmt: skip
    return key
