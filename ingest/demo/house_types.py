# SPDX-License-Identifier: Apache-2.0
"""The demo house's types: walls and slabs in layers, windows and doors with their shape."""

from __future__ import annotations

from ingest.demo.house_author import ELEVATION, Entity, HouseAuthor, box_points
from ingest.demo.house_plan import INNER, ROOF, SLAB, STOREYS


def create_types(author: HouseAuthor) -> dict[str, Entity]:
    """Types by name, with their materials; those of windows and doors carry the shape."""
    types: dict[str, Entity] = {
        "outer": author.create("IfcWallType", "外墙 240", "STANDARD"),
        "inner": author.create("IfcWallType", "内墙 120", "PARTITIONING"),
        "floor": author.create("IfcSlabType", "楼板 200", "FLOOR"),
        "roof": author.create("IfcSlabType", "坡屋面 180", "ROOF"),
    }
    author.assign_layers(
        types["outer"], (("抹灰", "plaster", 0.02), ("砌块", "block", 0.20), ("抹灰", "plaster", 0.02))
    )
    author.assign_layers(types["inner"], (("轻质隔墙板", "gypsum", INNER),))
    author.assign_layers(types["floor"], (("钢筋混凝土", "concrete", SLAB),))
    author.assign_layers(types["roof"], (("陶瓦", "tile", 0.03), ("木望板", "wood", ROOF - 0.03)))
    openings = [opening for storey in STOREYS for wall in storey.walls for opening in wall.openings]
    for opening in sorted({(o.kind, o.width, o.height) for o in openings}):
        kind, width, height = opening
        made = _create_window_type if kind == "window" else _create_door_type
        types[type_key(kind, width)] = made(author, width, height)
    return types


def type_key(kind: str, width: float) -> str:
    """The key of a window or door type among the types."""
    return f"{kind} {width:.1f}"


def _create_window_type(author: HouseAuthor, width: float, height: float) -> Entity:
    """A casement of two panes in a frame; x along the wall from the opening's edge, z up from the sill."""
    made = author.create("IfcWindowType", f"窗 {width:.1f}×{height:.1f}", "WINDOW")
    made.PartitioningType = "DOUBLE_PANEL_VERTICAL"
    edge, half = 0.06, width / 2
    panes = [
        box_points(edge, edge, half - edge / 2, height - edge),
        box_points(half + edge / 2, edge, width - edge, height - edge),
    ]
    frame = author.extrude(box_points(0, 0, width, height), 0.08, origin=(0.0, 0.04, 0.0), holes=panes, plane=ELEVATION)
    glass = [(author.extrude(pane, 0.012, origin=(0.0, 0.006, 0.0), plane=ELEVATION), "glass") for pane in panes]
    author.shape(made, (frame, "frame"), *glass)
    author.assign_one_material(made, "铝合金与玻璃", "aluminium")
    return made


def _create_door_type(author: HouseAuthor, width: float, height: float) -> Entity:
    """A leaf in a frame that is open at the bottom."""
    made = author.create("IfcDoorType", f"门 {width:.1f}×{height:.1f}", "DOOR")
    made.OperationType = "SINGLE_SWING_LEFT"
    edge = 0.06
    arch = (
        (0, 0), (edge, 0), (edge, height - edge), (width - edge, height - edge),
        (width - edge, 0), (width, 0), (width, height), (0, height),
    )  # fmt: skip
    frame = author.extrude(arch, 0.12, origin=(0.0, 0.06, 0.0), plane=ELEVATION)
    leaf = author.extrude(
        box_points(edge, 0.01, width - edge, height - edge), 0.05, origin=(0.0, 0.025, 0.0), plane=ELEVATION
    )
    author.shape(made, (frame, "frame"), (leaf, "timber"))
    author.assign_one_material(made, "木材", "wood")
    return made
