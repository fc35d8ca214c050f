# SPDX-License-Identifier: Apache-2.0
"""What the demo factory works with: crane, machines, compressed air and cooling water."""

from __future__ import annotations

from ingest.demo.models.elements import (
    mark,
)
from ingest.demo.models.factory_hall import CRANE, FLOOR, TRUSS, Hall
from ingest.demo.models.piping import DOWN, EAST, TEE, VALVE, PipeSystem
from ingest.demo.models.plan import (
    SECTION,
    ElementType,
    Extrusion,
    ModelPlan,
    Product,
    box_outline,
)
from ingest.demo.models.steel import RUNWAY, add_member


def build_crane(plan: ModelPlan, hall: Hall) -> None:
    """Brackets, runway beams and rails on both sides, and a bridge crane on them."""
    rail = ElementType(
        f"轨道 43kg L={hall.bay:.2f}",
        "IfcMemberType",
        "NOTDEFINED",
        (
            Extrusion(
                (
                    (-0.057, 0.0),
                    (0.057, 0.0),
                    (0.057, 0.02),
                    (0.035, 0.1),
                    (0.035, 0.14),
                    (-0.035, 0.14),
                    (-0.035, 0.1),
                    (-0.057, 0.02),
                ),
                hall.bay,
                "rail",
                plane=SECTION,
            ),
        ),
        "钢 Q355B",
    )
    plan.add_type(rail)
    top = round(min(CRANE, hall.eaves - TRUSS - 2.5), 2)
    for side, y in zip(("南", "北"), hall.rails, strict=True):
        reach = hall.half - 0.35
        for number, x in enumerate(hall.frames, start=1):
            first, last = (y + (0.2 if y > 0 else -0.2) * -1, top - 0.2), (reach if y > 0 else -reach, top - 0.2)
            add_member(
                plan, FLOOR, f"轴{number:02d}-{side}牛腿", (x, first[0], first[1]), (x, last[0], last[1]), RUNWAY,
                "IfcMember", "STUD",
            )  # fmt: skip
        for number, x in enumerate(hall.frames[:-1], start=1):
            z = round(top + 0.2, 4)
            add_member(
                plan, FLOOR, f"跨{number:02d}-{side}吊车梁", (x, y, z), (x + hall.bay, y, z), RUNWAY, "IfcBeam", "BEAM"
            )
            key = f"跨{number:02d}-{side}轨道"
            plan.add(
                Product(
                    key, "IfcMember", FLOOR, at=(x, y, round(top + 0.4, 4)), predefined="NOTDEFINED",
                    type=rail.key, code="14-10.10.02", sets=mark(key, FLOOR),
                )
            )  # fmt: skip
    south, north = hall.rails
    bridge = ElementType(
        "桥式起重机 10t", "IfcTransportElementType", "CRANEWAY",
        (
            Extrusion(box_outline(-1.1, south, -0.6, north), 0.9, "rail", (0.0, 0.0, 0.25)),
            Extrusion(box_outline(0.6, south, 1.1, north), 0.9, "rail", (0.0, 0.0, 0.25)),
            Extrusion(box_outline(-1.8, south - 0.12, 1.8, south + 0.12), 0.4, "frame"),
            Extrusion(box_outline(-1.8, north - 0.12, 1.8, north + 0.12), 0.4, "frame"),
            Extrusion(box_outline(-1.2, -1.0, 1.2, 1.0), 0.7, "frame", (0.0, 0.0, 1.15)),
        ),
    )  # fmt: skip
    plan.add_type(bridge)
    middle = round(hall.frames[len(hall.frames) // 2] + 2.0, 4)
    plan.add(
        Product(
            "行车1", "IfcTransportElement", FLOOR, at=(middle, 0.0, round(top + 0.54, 4)), predefined="CRANEWAY",
            type=bridge.key, code="14-30.10.01", sets=mark("行车1", FLOOR, 额定起重量="10 t"),
        )
    )  # fmt: skip


def build_process(plan: ModelPlan, hall: Hall) -> None:
    """Machines on their footings in two rows, and compressed air and cooling water to each."""
    air = PipeSystem(plan, "压缩空气系统", "Compressed air", "COMPRESSEDAIR", 80, "air", "镀锌钢管")
    cooling = PipeSystem(plan, "冷却水系统", "Cooling water", "CHILLEDWATER", 100, "cold water", "镀锌钢管")
    level = round(min(CRANE, hall.eaves - TRUSS - 2.5) - 1.2, 2)
    for system, word, y in ((air, "南", -hall.half + 2.2), (cooling, "北", hall.half - 2.2)):
        before: str | None = None
        x = hall.frames[0] + 1.0
        inward = (0.0, 1.0 if y < 0 else -1.0, 0.0)
        for number in range(1, len(hall.frames)):
            name = f"跨{number:02d}-{word}"
            middle = round(hall.frames[number - 1] + hall.bay / 2, 4)
            main = system.add_segment(FLOOR, f"{name}干管", (x, y, level), EAST, round(middle - TEE - x, 4))
            tee = system.add_tee(FLOOR, f"{name}三通", (middle - TEE, y, level), EAST, DOWN)
            drop = system.add_segment(FLOOR, f"{name}立管", (middle, y, level - TEE), DOWN, round(level - TEE - 1.5, 4))
            valve = system.add_valve(FLOOR, f"{name}阀", (middle, y, 1.5), DOWN)
            tail = system.add_segment(FLOOR, f"{name}支管", (middle, y, 1.5 - VALVE), DOWN, 0.3)
            bend = system.add_bend(FLOOR, f"{name}弯头", (middle, y, 1.2 - VALVE), DOWN, inward)
            feed = system.add_segment(FLOOR, f"{name}进机管", (middle, y + 0.15 * inward[1], 1.05 - VALVE), inward, 0.9)
            if before:
                system.join(before, main)
            system.join(main, tee)
            plan.connect((tee, "c"), (drop, "a"))
            system.join(drop, valve, tail, bend, feed)
            before, x = tee, middle + TEE
            place = round(y + inward[1] * (0.15 + 0.9 + 1.0), 4)
            for kind, ifc_class, z, predefined in (
                ("设备基础", "IfcFooting", 0.0, "PAD_FOOTING"),
                ("加工中心 Machine", "IfcBuildingElementProxy", 0.3, None),
            ):
                key = f"{name}{kind.split()[0]}"
                plan.add(
                    Product(
                        key, ifc_class, FLOOR, at=(middle, place, z), predefined=predefined, type=kind,
                        code="14-30.10.01", sets=mark(key, FLOOR),
                    )
                )  # fmt: skip
    x = hall.frames[0] + 1.0
    for key, ifc_class, kind, at in (
        ("空压机1", "IfcCompressor", "空压机 Compressor", (x + 0.6, -hall.half + 4.5, 0.0)),
        ("空压机2", "IfcCompressor", "空压机 Compressor", (x + 0.6, -hall.half + 6.5, 0.0)),
        ("储气罐1", "IfcTank", "储气罐 Tank", (x + 0.2, -hall.half + 8.5, 0.0)),
    ):
        plan.add(
            Product(
                key, ifc_class, FLOOR, at=at, predefined=plan.types[kind].predefined, type=kind, code="14-30.10.01",
                sets=mark(key, FLOOR),
            )
        )  # fmt: skip
        air.members.append(key)
    air.close()
    cooling.close()
