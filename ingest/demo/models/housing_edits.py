# SPDX-License-Identifier: Apache-2.0
"""What the second version of the demo housing block changes."""

from __future__ import annotations

from dataclasses import replace

from ingest.demo.models.edits import Edits
from ingest.demo.models.elements import (
    mark,
)
from ingest.demo.models.plan import (
    ElementType,
    Extrusion,
    ModelPlan,
    Product,
    box_outline,
)


def edit_housing(plan: ModelPlan) -> Edits:
    """The second version of the block."""
    slab, railing = plan.products["3F-楼板"], plan.products["1-201-阳台栏杆"]
    floor = slab.shape[0]
    assert isinstance(floor, Extrusion)
    parts = plan.types[railing.type or ""].shape
    rail, pane = parts[0], parts[1]
    assert isinstance(rail, Extrusion) and isinstance(pane, Extrusion)
    width = rail.outline[1][0]
    net = slab.quantities["Qto_SlabBaseQuantities"]["NetArea"]
    shelf = ElementType(
        "空调搁板 AC shelf", "IfcSlabType", "NOTDEFINED", (Extrusion(box_outline(0.0, 0.0, 1.2, 0.6), 0.1, "concrete"),)
    )
    plan.add_type(shelf)
    south = -plan.site.width / 2
    new = tuple(
        Product(
            f"{unit}-空调搁板", "IfcSlab", storey, at=(x, south - 0.6, 0.3), predefined="NOTDEFINED", type=shelf.key,
            sets=mark(f"{unit}-空调搁板", storey),
        )
        for unit, storey, x in (
            ("1-201", "2F", -plan.site.length / 2 + 1.0),
            ("2-302", "3F", plan.site.length / 2 - 2.2),
        )
    )  # fmt: skip
    return Edits(
        added=new,
        removed=("1-302-内墙南二", "2-201-橱柜"),
        moved={"1-201-洗手盆": (0.0, -0.3, 0.0), "2-301-厨房墙-洞1": (0.5, 0.0, 0.0)},
        reshaped={
            "1-201-阳台栏杆": (
                replace(rail, outline=box_outline(0.0, 1.12, width, 1.2)),
                replace(pane, outline=box_outline(0.0, 0.08, width, 1.1)),
            ),
            "3F-楼板": (replace(floor, depth=0.15, origin=(0.0, 0.0, -0.03)),),
        },
        properties={
            "1-201-阳台栏杆": ("Pset_RailingCommon", "Height", 1.2),
            "2-202-书房": ("Pset_SpaceOccupancyRequirements", "OccupancyType", "卧室"),
            "1-301-分户墙": ("Pset_WallCommon", "FireRating", "2h"),
        },
        quantities={"3F-楼板": ("Qto_SlabBaseQuantities", {"Depth": 0.15, "NetVolume": net * 0.15})},
    )  # fmt: skip
