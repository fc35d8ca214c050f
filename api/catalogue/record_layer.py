# SPDX-License-Identifier: Apache-2.0
"""What may be asked of records in a filter, and what they may be sorted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, LiteralString

from api.catalogue import CATALOGUE
from layers.layer import Layer, Property, Style, Zoom
from twin.text import Language, Text

TYPES: Final[Mapping[str, Text]] = {
    "dataset": Text("数据集", "Dataset"),
    "layer": Text("图层", "Layer"),
    "model": Text("模型", "Model"),
    "tileset": Text("三维瓦片", "3D Tiles"),
}
"""What there are records of."""

SECRECY: Final[Mapping[str, Text]] = {
    "none": Text("无", "none"), "internal": Text("内部", "internal"), "secret": Text("秘密", "secret"),
}  # fmt: skip

RECORDS: Final = Layer(
    id=CATALOGUE,
    title=Text("目录", "Catalogue"),
    description=Text(
        "本系统的数据集、图层、模型与三维瓦片,及其责任单位、密级、覆盖与更新情况。",
        "Datasets, layers, models and 3D Tiles of this system: who answers for them, who may see them, what they "
        "cover, how fresh they are.",
    ),
    kind="record",
    geometry="polygon",
    sql="",
    properties=(
        Property(name="id", title=Text("编号", "Id")),
        Property(name="type", title=Text("类型", "Type"), values=TYPES),
        Property(name="title", title=Text("标题", "Title")),
        Property(name="description", title=Text("说明", "Description")),
        Property(name="owner", title=Text("责任单位", "Owner")),
        Property(name="licence", title=Text("许可", "Licence")),
        Property(name="access_class", title=Text("安全级别", "Access class"), type="integer"),
        Property(name="secrecy_label", title=Text("密级标识", "Secrecy label"), values=SECRECY),
        Property(name="features", title=Text("要素数", "Features"), type="integer"),
        Property(name="completeness", title=Text("完整度", "Completeness"), type="number"),
        Property(name="coverage", title=Text("覆盖率", "Coverage"), type="number"),
        Property(name="crs", title=Text("坐标系", "CRS")),
        Property(name="created", title=Text("创建时间", "Created"), type="datetime"),
        Property(name="updated", title=Text("更新时间", "Updated"), type="datetime"),
        Property(name="refresh_days", title=Text("更新周期(天)", "Days between updates"), type="integer"),
        Property(name="is_overdue", title=Text("是否逾期", "Overdue"), type="boolean"),
    ),
    style=Style(),
    zooms=(Zoom(minzoom=0, maxzoom=0),),
    order=0,
    complete_from_zoom=0,
)
"""The records as the compiler of filters takes a layer; the columns are those of `catalogue_records.sql`."""

SORTABLE: Final[Mapping[str, LiteralString]] = {
    "id": "text", "type": "text", "title": "text", "owner": "text", "access_class": "smallint", "features": "bigint",
    "completeness": "float8", "coverage": "float8", "created": "timestamptz", "updated": "timestamptz",
}  # fmt: skip
"""The properties that records may be sorted by, with the type of their columns."""

_JSON: Final[Mapping[str, dict[str, str]]] = {"datetime": {"type": "string", "format": "date-time"}}


def describe_queryables(language: Language) -> dict[str, Any]:
    """JSON Schema properties of everything that a filter may name."""
    described: dict[str, Any] = {
        "geometry": {
            "title": Text("几何", "Geometry").in_language(language), "format": "geometry-polygon",
            "x-ogc-role": "primary-geometry",
        }
    }  # fmt: skip
    for declared in RECORDS.properties:
        described[declared.name] = _describe(declared, language)
    described["id"]["x-ogc-role"] = "id"
    return described


def describe_sortables(language: Language) -> dict[str, Any]:
    """JSON Schema properties of everything that `sortby` may name."""
    return {p.name: _describe(p, language) for p in RECORDS.properties if p.name in SORTABLE}


def _describe(declared: Property, language: Language) -> dict[str, Any]:
    described: dict[str, Any] = {
        "title": declared.title.in_language(language), **_JSON.get(declared.type, {"type": declared.type})
    }  # fmt: skip
    if declared.values:
        described["enum"] = list(declared.values)
    return described
