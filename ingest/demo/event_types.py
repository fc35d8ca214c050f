# SPDX-License-Identifier: Apache-2.0
"""The demo's list of event types: six classes, forty items, invented; an operator loads the real one.

`share` is how often an item occurs, `hours` the daily rhythm it follows, `place` where it happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

#: The code list's name says what it is.
SCHEME: Final = "demo-invented"

Rhythm = Literal["day", "rush", "night", "flat"]
Place = Literal["road", "building", "industrial", "housing"]


@dataclass(frozen=True)
class EventItem:
    """One item of the list: code, names, default severity (1 gravest to 4), and how the demo draws it."""

    code: str
    name: str
    name_en: str
    severity: int
    share: float
    rhythm: Rhythm = "day"
    place: Place = "road"
    sensitive: bool = False


CLASSES: Final = (
    ("D01", "市容环境", "Street appearance"),
    ("D02", "交通出行", "Traffic and travel"),
    ("D03", "房屋与施工", "Buildings and works"),
    ("D04", "公共设施", "Public facilities"),
    ("D05", "公共安全", "Public safety"),
    ("D06", "民生服务", "Services for residents"),
)

ITEMS: Final = (
    EventItem("D0101", "暴露垃圾", "Exposed litter", 4, 9.0),
    EventItem("D0102", "乱堆杂物", "Dumped goods", 4, 6.0, place="housing"),
    EventItem("D0103", "占道经营", "Trading on the carriageway", 4, 7.0, "rush"),
    EventItem("D0104", "违规张贴", "Fly posting", 4, 2.5),
    EventItem("D0105", "道路不洁", "Dirty road", 4, 3.0),
    EventItem("D0106", "油烟扰民", "Cooking fumes", 4, 2.5, "rush", "building"),
    EventItem("D0107", "绿地破损", "Damaged green space", 4, 1.4),
    EventItem("D0201", "违章停车", "Illegal parking", 4, 10.0, "rush"),
    EventItem("D0202", "交通拥堵", "Congestion", 3, 5.0, "rush"),
    EventItem("D0203", "信号灯故障", "Traffic light fault", 3, 1.6, "flat"),
    EventItem("D0204", "路面坑洼", "Pothole", 4, 2.6),
    EventItem("D0205", "共享单车乱放", "Scattered shared bicycles", 4, 5.0, "rush"),
    EventItem("D0206", "公交站设施损坏", "Damaged bus stop", 4, 0.9),
    EventItem("D0207", "标志标线缺失", "Missing signs or markings", 4, 0.8),
    EventItem("D0301", "夜间施工噪声", "Works noise at night", 4, 5.0, "night", "building"),
    EventItem("D0302", "工地扬尘", "Dust from works", 3, 1.8, "day", "building"),
    EventItem("D0303", "疑似违法搭建", "Suspected unauthorised structure", 3, 2.2, "day", "housing"),
    EventItem("D0304", "外墙脱落隐患", "Loose facade", 2, 0.9, "flat", "building"),
    EventItem("D0305", "房屋渗漏", "Leaking building", 4, 1.6, "day", "housing"),
    EventItem("D0306", "电梯故障", "Lift fault", 3, 1.5, "flat", "building"),
    EventItem("D0401", "路灯不亮", "Street light out", 4, 2.6, "night"),
    EventItem("D0402", "井盖破损", "Broken manhole cover", 3, 1.5),
    EventItem("D0403", "供水管漏水", "Leaking water pipe", 3, 1.8, "flat"),
    EventItem("D0404", "下水道堵塞", "Blocked sewer", 4, 2.2),
    EventItem("D0405", "路面积水", "Standing water", 3, 1.5, "flat"),
    EventItem("D0406", "停电", "Power cut", 3, 1.0, "flat", "housing"),
    EventItem("D0407", "健身器材损坏", "Broken exercise equipment", 4, 0.6),
    EventItem("D0501", "消防通道堵塞", "Blocked fire lane", 2, 2.6, "night", "housing"),
    EventItem("D0502", "电动车违规充电", "Unsafe charging of electric bicycles", 2, 2.8, "night", "housing"),
    EventItem("D0503", "燃气异味", "Smell of gas", 2, 0.6, "flat", "housing"),
    EventItem("D0504", "企业安全隐患", "Safety defect in a firm", 3, 2.0, "day", "industrial"),
    EventItem("D0505", "危险化学品存放", "Storage of dangerous goods", 2, 0.3, "day", "industrial"),
    EventItem("D0506", "树木倒伏", "Fallen tree", 3, 0.5, "flat"),
    EventItem("D0507", "火情报告", "Report of fire", 1, 0.15, "flat", "building"),
    EventItem("D0601", "生活噪声", "Neighbourhood noise", 4, 4.2, "night", "housing"),
    EventItem("D0602", "物业服务", "Property management", 4, 3.0, "day", "housing"),
    EventItem("D0603", "工资支付咨询", "Question about wages", 3, 1.4, "day", "industrial", True),
    EventItem("D0604", "邻里纠纷", "Dispute between neighbours", 4, 0.9, "night", "housing", True),
    EventItem("D0605", "家庭纠纷", "Family dispute", 3, 0.5, "night", "housing", True),
    EventItem("D0606", "就医咨询", "Question about health care", 4, 0.8, "day", "housing", True),
)


def build_event_types() -> pd.DataFrame:
    """The event_types frame: scheme, code, parent_code, name, name_en, severity, sensitive."""
    rows: list[tuple[str, str, str | None, str, str, int, bool]] = []
    for code, name, name_en in CLASSES:
        rows.append((SCHEME, code, None, f"{name}（示例）", f"{name_en} (demo)", 4, False))
        for item in ITEMS:
            if item.code.startswith(code):
                rows.append((SCHEME, item.code, code, item.name, item.name_en, item.severity, item.sensitive))
    columns = ["scheme", "code", "parent_code", "name", "name_en", "severity", "sensitive"]
    # Object columns keep None; pandas' own strings would make it a number, NaN.
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    frame = frame.astype({"severity": "int64", "sensitive": "bool"})
    frame.attrs["synthetic"] = True
    return frame
