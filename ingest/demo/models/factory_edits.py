# SPDX-License-Identifier: Apache-2.0
"""What the second version of the demo factory changes."""

from __future__ import annotations

from dataclasses import replace

from ingest.demo.models.edits import Edits
from ingest.demo.models.elements import (
    mark,
)
from ingest.demo.models.factory_hall import FLOOR
from ingest.demo.models.plan import (
    PLAN,
    Bar,
    ModelPlan,
    Product,
)
from ingest.demo.models.steel import ROD


def edit_factory(plan: ModelPlan) -> Edits:
    """The second version of the factory."""
    column = plan.products["轴02-南柱"]
    bar = plan.types[column.type or ""].shape[0]
    assert isinstance(bar, Bar)
    heavy = replace(bar.profile, name="HW500×500", sizes=(0.5, 0.5, 0.016, 0.025))
    crane = plan.products["行车1"]
    machine = plan.products["跨02-南加工中心"]
    return Edits(
        added=(
            replace(
                crane,
                key="行车2",
                at=(plan.products["轴01-南柱"].at[0] + 2.5, 0.0, crane.at[2]),
                sets=mark("行车2", FLOOR, 额定起重量="10 t"),
            ),
            Product(
                "车间-安全围栏",
                "IfcRailing",
                FLOOR,
                at=(machine.at[0] - 2.2, machine.at[1] + 2.0, 0.0),
                predefined="GUARDRAIL",
                shape=(
                    Bar(ROD, 4.4, "rail", (0.0, 0.0, 1.0)),
                    Bar(ROD, 1.0, "rail", plane=PLAN),
                    Bar(ROD, 1.0, "rail", (4.4, 0.0, 0.0), PLAN),
                ),
                sets=mark("车间-安全围栏", FLOOR),
            ),
        ),
        removed=("空压机2", "跨01-北柱间撑一", "附楼1F-隔墙2"),
        moved={"跨02-南加工中心": (0.0, 0.4, 0.0), "行车1": (3.0, 0.0, 0.0)},
        reshaped={"轴02-南柱": (replace(bar, profile=heavy),)},
        properties={
            "轴02-南柱": ("Pset_ColumnCommon", "Reference", "HW500×500"),
            "行车1": ("示例_构件信息", "额定起重量", "16 t"),
            "车间-生产区": ("Pset_SpaceOccupancyRequirements", "OccupancyType", "装配"),
        },
    )
