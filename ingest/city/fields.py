# SPDX-License-Identifier: Apache-2.0
"""What people call the columns and values of units, storeys, components, entities and planning data.

Names are compared in lower case with `_` for blanks, in order of trust; a mapping file overrules them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from typing import Final

from ingest.mapping import Mapping

_PLACE: Final = {
    "x": ("longitude", "lon", "lng", "x", "经度"),
    "y": ("latitude", "lat", "y", "纬度"),
}

_WITHIN: Final = {
    "building_code": ("building_code", "bldg_code", "楼栋编码", "建筑编码", "楼栋编号"),
    "building_local_id": ("building_local_id", "building_id", "楼栋标识", "建筑物id"),
    "use": ("use", "usage", "用途", "房屋用途", "使用性质"),
    "floor_area": ("floor_area", "area", "建筑面积", "面积"),
    "z_min": ("z_min", "底标高", "底部标高", "底部高程"),
    "z_max": ("z_max", "顶标高", "顶部标高", "顶部高程"),
}

NAMES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    # Not a unit's name: in such a column stands its owner's.
    "units": _WITHIN | _PLACE | {
        "local_id": ("local_id", "id", "编号", "房屋编号"),
        "code": ("code", "house_code", "unit_code", "房屋编码", "户编码"),
        "estate_code": ("estate_code", "不动产单元代码", "不动产单元号"),
        "storey_number": ("storey_number", "storey", "floor", "楼层", "所在层", "层号"),
        "room": ("room", "room_no", "房号", "室号", "房间号"),
        "occupancy": ("occupancy", "使用状态", "入住状态", "居住状态"),
        "residents": ("residents", "居住人数", "人数"),
    },
    "storeys": _WITHIN | _PLACE | {
        "local_id": ("local_id", "id", "编号"),
        "name": ("name", "名称"),
        "number": ("number", "storey", "storey_number", "floor", "楼层", "层号"),
    },
    "components": _PLACE | {
        "local_id": ("local_id", "id", "编号"),
        "code": ("code", "component_code", "部件编码", "部件代码", "部件标识码"),
        "name": ("name", "部件名称", "名称"),
        "type_code": ("type_code", "部件类型代码", "类型代码", "小类代码"),
        "type_name": ("type_name", "部件类型", "小类名称", "类型"),
        "owner_department": ("owner_department", "权属单位", "权属单位名称", "主管部门", "主管部门名称"),
        "accuracy_class": ("accuracy_class", "精度等级", "定位精度"),
        "condition": ("condition", "部件状态", "状态"),
    },
    "entities": _PLACE | {
        "local_id": ("local_id",),
        "uscc": ("uscc", "统一社会信用代码", "社会信用代码"),
        "name": ("name", "名称", "企业名称", "单位名称", "机构名称"),
        "entity_type": ("entity_type", "机构类型", "主体类型", "企业类型"),
        "industry_code": ("industry_code", "行业代码"),
        "status": ("status", "登记状态", "经营状态", "状态"),
        "registered_at": ("registered_at", "成立日期", "注册日期", "登记日期"),
        "address": ("address", "住所", "注册地址", "地址"),
        "building_code": ("building_code", "楼栋编码", "建筑编码"),
    },
    "parcels": _PLACE | {
        "local_id": ("local_id", "id", "编号"),
        "code": ("code", "parcel_code", "地块编号", "地块编码", "宗地号", "宗地代码"),
        "name": ("name", "地块名称", "名称"),
        "land_use": ("land_use", "用地性质", "地类名称"),
        "land_use_code": ("land_use_code", "用地代码", "地类编码", "用地性质代码"),
        "land_area": ("land_area", "用地面积", "地块面积"),
        "plot_ratio": ("plot_ratio", "far", "容积率"),
        "building_density": ("building_density", "建筑密度", "建筑覆盖率"),
        "green_ratio": ("green_ratio", "绿地率"),
        "height_limit": ("height_limit", "建筑限高", "限高", "建筑高度"),
        "plan_name": ("plan_name", "规划名称", "法定图则"),
    },
    "height_limits": _PLACE | {
        "local_id": ("local_id", "id", "编号"),
        "code": ("code", "限高区编号", "编码"),
        "name": ("name", "名称"),
        "max_elevation": ("max_elevation", "限制高程", "限高高程", "最大高程"),
        "vertical_datum": ("vertical_datum", "高程基准"),
        "basis": ("basis", "依据", "限高依据"),
    },
}  # fmt: skip

WORDS: Final[dict[str, dict[str, str]]] = {
    "occupancy": {
        "vacant": "vacant", "空置": "vacant", "self": "self", "自用": "self", "自住": "self",
        "rented": "rented", "出租": "rented", "租赁": "rented",
    },
    "use": {
        "residential": "residential", "住宅": "residential", "居住": "residential", "宿舍": "residential",
        "industrial": "industrial", "工业": "industrial", "厂房": "industrial",
        "commercial": "commercial", "商业": "commercial", "商铺": "commercial",
        "office": "office", "办公": "office", "public": "public", "公共服务": "public",
        "storage": "storage", "仓储": "storage", "parking": "parking", "车库": "parking", "停车": "parking",
        "mixed": "mixed", "综合": "mixed",
    },
    "condition": {
        "intact": "intact", "完好": "intact", "damaged": "damaged", "破损": "damaged",
        "missing": "missing", "丢失": "missing", "removed": "removed", "废弃": "removed",
    },
    "accuracy_class": {"a": "A", "b": "B", "c": "C"},
    "status": {
        "active": "active", "存续": "active", "在业": "active", "开业": "active", "在营": "active",
        "moved_out": "moved_out", "迁出": "moved_out", "revoked": "revoked", "吊销": "revoked",
        "deregistered": "deregistered", "注销": "deregistered",
    },
}  # fmt: skip
"""What other people's words mean; a word that is not here rejects its row, unless a mapping names it."""

OPEN: Final = frozenset({"use"})
"""Of these an unknown word is kept as it is: no list of uses is complete."""


def detect_fields(kind: str, columns: list[str]) -> Mapping:
    """A mapping of a file's columns by what they are called; of two that fit, the more trusted name wins."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(re.sub(r"[\s\-]+", "_", column.strip().lower()), column)
    found = {
        ours: next((by_name[name] for name in names if name in by_name), None) for ours, names in NAMES[kind].items()
    }
    fields: MappingType[str, str] = {ours: theirs for ours, theirs in found.items() if theirs is not None}
    return Mapping(fields, values={ours: words for ours, words in WORDS.items() if ours in fields})
