# SPDX-License-Identifier: Apache-2.0
"""Which columns of somebody's table say where a row is: by what they are called, or by a mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from ingest.mapping import check_mapping, read_mapping
from twin.address.parts import PARTS
from twin.errors import DeclarationError, RefusedError
from twin.text import Text

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "local_id": ("local_id", "id", "编号", "统一编号", "唯一编号", "主键", "unique_key", "station_id", "objectid",
                 "case_enquiry_id", "incidntnum", "统一社会信用代码"),
    "x": ("x", "lon", "lng", "long", "longitude", "经度", "x坐标", "东经", "point_x"),
    "y": ("y", "lat", "la", "latitude", "纬度", "y坐标", "北纬", "point_y"),
    "address": ("address", "addr", "地址", "详细地址", "标准地址", "统一地址", "经营地址", "注册地址", "单位地址",
                "门牌地址", "坐落", "住所", "位置", "地点", "所在地", "incident_address",
                "location_street_name", "location"),
    "code": ("code", "编码", "地址编码", "房屋编码", "楼栋编码", "建筑编码", "网格编码", "网格代码", "块编码", 
             "社区编码", "block_code", "house_code", "building_code", "address_code", "grid_code"),
    "building_code": ("building_code", "楼栋编码", "建筑编码"),
    "name": ("name", "名称", "企业名称", "单位名称", "店名", "店铺名称", "站点名称", "场所名称", "站名", "title"),
    "province": ("province", "省", "省份"),
    "city": ("city", "市", "城市"),
    "county": ("county", "区", "区县", "县区", "行政区"),
    "town": ("town", "street_town", "街道", "镇街", "街镇", "所属街道", "街道名称"),
    "community": ("community", "社区", "所属社区", "社区名称"),
    "grid": ("grid", "网格", "所属网格", "网格名称"),
    "road": ("road", "路", "路名", "道路", "路街巷"),
    "number": ("number", "门牌", "门牌号", "门楼牌号"),
    "residential_quarters": ("residential_quarters", "小区", "小区名称", "村", "园区"),
    "building": ("building", "楼栋", "楼栋号", "栋", "楼号"),
    "unit": ("unit", "单元", "单元号"),
    "storey": ("storey", "floor", "楼层", "层"),
    "room": ("room", "房号", "室号", "房间号", "室"),
}  # fmt: skip
"""What people call our fields, in order of trust, compared in lower case without what stands in brackets."""

_PERSONAL: Final = re.compile(
    r"姓名|联系人|负责人|法人代表|法定代表|电话|手机|身份证|证件|邮箱|微信|phone|mobile|\btel|contact|e_?mail|id_?card|passport"
    r"|caller|first_?name|last_?name|resident"
)
_NUMBERED: Final = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Columns:
    """`fields` says which of their columns each of ours is; `kept` are the others that are not about persons."""

    fields: Mapping[str, str]
    kept: tuple[str, ...]
    left: tuple[str, ...]
    source: str | None = None
    crs: str | None = None

    @property
    def has_coordinates(self) -> bool:
        """Whether there are columns of x and y."""
        return "x" in self.fields and "y" in self.fields

    @property
    def has_address(self) -> bool:
        """Whether there is an address, whole or in parts."""
        return "address" in self.fields or any(part in self.fields for part in PARTS)


def find_columns(
    table: pd.DataFrame, mapping: str | None, file_name: str, needed: tuple[str, ...], *, has_geometry: bool,
    has_stated_geometry: bool = False,
) -> Columns:  # fmt: skip
    """The columns of a table, by mapping or by name. `needed`: one of these must be there, beside a geometry.

    Raises RefusedError where nothing says where its rows are, DeclarationError for a mapping that names
    fields that are not ours.
    """
    names = [str(name) for name in table.columns]
    source = crs = None
    if mapping:
        declared = read_mapping(mapping)
        unknown = sorted(set(declared.fields) - set(_NAMES))
        if unknown:
            raise DeclarationError(
                Text(
                    f"映射 {mapping} 的 [fields] 有不认识的字段:{', '.join(unknown)}。可用:{', '.join(_NAMES)}。",
                    f"[fields] of the mapping {mapping} has unknown fields: {', '.join(unknown)}. "
                    f"Known: {', '.join(_NAMES)}.",
                )
            )
        check_mapping(declared, names, (), file_name)
        fields, source, crs = dict(declared.fields), declared.source, declared.crs
    else:
        fields = _detect([name for name in names if _fold(name) not in _NAMES["local_id"] or _has_values(table, name)])
        if has_stated_geometry:
            # Columns called x and y beside a geometry of a known CRS are about something else: a centre, another CRS.
            fields.pop("x", None)
            fields.pop("y", None)
    found = Columns(fields, (), (), source, crs)
    kinds = {
        "coordinates": found.has_coordinates or has_geometry,
        "address": found.has_address,
        "code": "code" in fields,
    }
    if not any(kinds[kind] for kind in needed):
        raise _nowhere(names, file_name)
    used = set(fields.values()) - {fields.get("address", ""), fields.get("code", "")}
    others = [name for name in names if name not in used]
    personal = tuple(name for name in others if _PERSONAL.search(name.lower()))
    return Columns(fields, tuple(name for name in others if name not in personal), personal, source, crs)


def _has_values(table: pd.DataFrame, name: str) -> bool:
    """Whether a column could name rows: converters leave an `id` behind that no row has."""
    return table.empty or bool((table.loc[:, [name]].fillna("").to_numpy() != "").any())


def _detect(names: list[str]) -> dict[str, str]:
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(_fold(name), name)
    fields: dict[str, str] = {}
    for ours, theirs in _NAMES.items():
        known = next((by_name[name] for name in theirs if name in by_name), None)
        if known is not None and (known not in fields.values() or ours == "building_code"):
            fields[ours] = known
    if "x" not in fields or "y" not in fields:
        # One of the two alone is something else.
        fields.pop("x", None)
        fields.pop("y", None)
    return fields


def _fold(name: str) -> str:
    name = re.sub(r"[((【\[].*?[))】\]]", "", name.strip().lower())
    return re.sub(r"[\s\-]+", "_", name.strip())


def _nowhere(names: list[str], file_name: str) -> RefusedError:
    shown = ", ".join(names[:30])
    if sum(bool(_NUMBERED.fullmatch(name)) for name in names) >= 2 or any(n.startswith("Unnamed:") for n in names):
        return RefusedError(
            Text(
                f"{file_name} 的第一行像是数据而不是标题行:{shown}。请加上标题行。",
                f"The first line of {file_name} looks like data and not like a heading: {shown}. Add a heading.",
            )
        )
    return RefusedError(
        Text(
            f"{file_name}:没有一列看得出是坐标、编码或地址。请用 --mapping 指定。文件的列:{shown}。",
            f"{file_name}: no column could be told to be a coordinate, a code or an address. Say so with --mapping. "
            f"It has: {shown}.",
        )
    )


def join_parts(table: pd.DataFrame, columns: Columns) -> list[str]:
    """The address of each row in one text: its own column, preceded by what the columns of divisions add to it."""
    suffix = {"number": "号", "building": "栋", "unit": "单元", "storey": "层", "room": "室"}
    whole = columns.fields.get("address")
    parts = [part for part in PARTS if part in columns.fields]
    if whole:
        # Divisions in columns of their own complete an address that begins below them.
        parts = [part for part in parts if part in {"province", "city", "county", "town", "community"}]
    texts = [""] * len(table)
    for part in parts:
        values = table[columns.fields[part]].fillna("").str.strip()
        ending = suffix.get(part, "")
        for n, value in enumerate(values):
            if value and not (whole and value in str(table[whole].iat[n])):
                texts[n] += value + (ending if ending and value[-1:].isalnum() and value.isascii() else "")
    if whole:
        given = table[whole].fillna("").str.strip()
        texts = [before + text if text else "" for before, text in zip(texts, given, strict=True)]
    return texts
