# SPDX-License-Identifier: Apache-2.0
"""Colours, materials and classes that the demo models share."""

from __future__ import annotations

from typing import Final

#: Colours: red, green, blue, transparency, each 0..1.
STYLES: Final[dict[str, tuple[float, float, float, float]]] = {
    "concrete": (0.66, 0.66, 0.64, 0.0),
    "plaster": (0.93, 0.90, 0.84, 0.0),
    "inner": (0.97, 0.97, 0.95, 0.0),
    "stone": (0.52, 0.50, 0.48, 0.0),
    "ochre": (0.80, 0.62, 0.42, 0.0),
    "glass": (0.45, 0.66, 0.78, 0.55),
    "clear": (0.75, 0.88, 0.95, 0.70),
    "frame": (0.24, 0.27, 0.30, 0.0),
    "timber": (0.55, 0.36, 0.22, 0.0),
    "steel": (0.36, 0.42, 0.50, 0.0),
    "rail": (0.85, 0.65, 0.10, 0.0),
    "bolt": (0.78, 0.78, 0.80, 0.0),
    "sheet": (0.80, 0.84, 0.87, 0.0),
    "blue sheet": (0.20, 0.42, 0.66, 0.0),
    "ceramic": (0.96, 0.96, 0.96, 0.0),
    "cold water": (0.15, 0.55, 0.30, 0.0),
    "drainage": (0.55, 0.35, 0.15, 0.0),
    "fire": (0.85, 0.12, 0.10, 0.0),
    "air": (0.55, 0.75, 0.90, 0.0),
    "machine": (0.40, 0.58, 0.45, 0.0),
    "light": (1.0, 0.96, 0.80, 0.0),
    "room": (0.70, 0.82, 0.95, 0.85),
}

#: Materials with their category.
MATERIALS: Final[dict[str, str]] = {
    "钢筋混凝土 C30": "concrete",
    "加气混凝土砌块": "block",
    "抹灰": "plaster",
    "轻质隔墙板": "gypsum",
    "石材": "stone",
    "铝合金与玻璃": "aluminium",
    "木材": "wood",
    "钢 Q355B": "steel",
    "彩色钢板": "steel",
    "岩棉": "insulation",
    "高强螺栓 10.9": "steel",
    "镀锌钢管": "steel",
    "UPVC": "plastic",
    "陶瓷": "ceramic",
    "镀锌钢板": "steel",
}

#: Codes in the pattern of a faceted table; the demo's own, and the file says so.
CLASSES: Final[dict[str, str]] = {
    "14-10.10.01": "柱 Column",
    "14-10.10.02": "梁 Beam",
    "14-10.10.03": "板 Slab",
    "14-10.20.01": "墙 Wall",
    "14-10.20.02": "幕墙 Curtain wall",
    "14-10.20.03": "门窗 Doors and windows",
    "14-10.20.04": "屋面 Roof",
    "14-10.30.01": "楼梯 Stair",
    "14-20.10.01": "管道 Piping",
    "14-20.10.02": "末端设备 Terminals",
    "14-20.20.01": "通风 Ventilation",
    "14-30.10.01": "生产设备 Plant",
    "12-10.10.01": "办公空间 Office",
    "12-10.20.01": "居住空间 Dwelling",
    "12-10.30.01": "交通空间 Circulation",
    "12-10.40.01": "卫生间 Sanitary",
    "12-20.10.01": "生产空间 Production",
}
CLASSIFICATION: Final = "示例分类(编码为虚构,仅仿 GB/T 51269 的格式)Demo classification (invented codes)"
