# SPDX-License-Identifier: Apache-2.0
"""What the second version of the demo tower changes."""

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


def edit_tower(plan: ModelPlan) -> Edits:
    """The second version of the tower."""
    desk = ElementType(
        "接待台 Reception desk",
        "IfcFurnitureType",
        "DESK",
        (Extrusion(box_outline(0.0, 0.0, 3.0, 0.8), 1.1, "timber"),),
    )
    plan.add_type(desk)
    column, slab = plan.products["1F-柱01"], plan.products["3F-楼板"]
    big = column.quantities["Qto_ColumnBaseQuantities"]["Length"]
    floor = slab.shape[0]
    assert isinstance(floor, Extrusion)
    south = -plan.site.width / 2
    net = slab.quantities["Qto_SlabBaseQuantities"]["NetArea"]
    return Edits(
        added=(
            Product(
                "1F-接待台",
                "IfcFurniture",
                "1F",
                at=(-1.5, south + 6.0, 0.0),
                type=desk.key,
                predefined="DESK",
                sets=mark("1F-接待台", "1F"),
            ),
            Product(
                "3F-会议室隔断",
                "IfcWall",
                "3F",
                at=(0.0, south + 1.8, 0.0),
                x=(0.0, 1.0, 0.0),
                predefined="PARTITIONING",
                type="隔墙 100",
                code="14-10.20.01",
                shape=(Extrusion(box_outline(0.0, -0.05, 4.0, 0.05), 3.0, "clear"),),
                sets={"Pset_WallCommon": {"Reference": "隔墙 100", "IsExternal": False, "LoadBearing": False}},
            ),
        ),
        removed=("2F-西北隔墙", "3F-男-坐便器2"),
        moved={
            "2F-女-坐便器2": (0.25, 0.0, 0.0),
            "3F-东南隔墙-洞1": (1.2, 0.0, 0.0),
        },
        reshaped={
            "1F-柱01": (Extrusion(box_outline(-0.5, -0.5, 0.5, 0.5), big, "concrete"),),
            "3F-楼板": (replace(floor, depth=0.25),),
        },
        properties={
            "3F-南区办公": ("Pset_SpaceOccupancyRequirements", "OccupancyType", "会议"),
            "2F-核心筒南墙": ("Pset_WallCommon", "FireRating", "2h"),
            "2F-消火栓": ("示例_构件信息", "施工段", "2F 后期"),
        },
        quantities={
            "1F-柱01": ("Qto_ColumnBaseQuantities", {"GrossVolume": big}),
            "3F-楼板": ("Qto_SlabBaseQuantities", {"Depth": 0.25, "NetVolume": net * 0.25}),
        },
    )
