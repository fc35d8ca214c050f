# SPDX-License-Identifier: Apache-2.0
"""Business layers (入块业务): a department's list, described in the database, as a layer like any other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, cast

from psycopg.sql import SQL, Identifier, Literal

from layers.layer import Geometry, Layer, Property, PropertyType, Style, Zoom
from twin.text import Text

KIND: Final = "business_feature"
LAYER: Final = "business_features"
"""What the change log calls all of them."""

_ORDER: Final = 200
_TYPES: Final[Mapping[str, PropertyType]] = {
    "string": "string", "integer": "integer", "number": "number", "boolean": "boolean",
}  # fmt: skip
_NUMBER: Final = r"^-?[0-9]+(\.[0-9]+)?$"
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_ZOOMS: Final[Mapping[Geometry, tuple[Zoom, ...]]] = {
    "point": (Zoom(minzoom=6, maxzoom=12, cell=4), Zoom(minzoom=13, maxzoom=17)),
    "line": (Zoom(minzoom=10, maxzoom=17, simplify=0.5),),
    "polygon": (Zoom(minzoom=10, maxzoom=13, simplify=1, smallest=2), Zoom(minzoom=14, maxzoom=17, smallest=1)),
}


@dataclass(frozen=True, kw_only=True)
class BusinessLayer:
    """A row of `business_layer`; `dimension` is that of its features, `keys` the attributes that they have."""

    code: str
    title: str
    title_en: str | None = None
    owner: str | None = None
    access_class: int = 2
    attribute_schema: Mapping[str, Any] = field(default_factory=dict[str, Any])
    legend: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dimension: int = 0
    keys: Sequence[str] = ()


def make_layer(declared: BusinessLayer) -> Layer:
    """The layer; its properties are those of the JSON Schema, or every attribute there is where it names none."""
    fields = declared.attribute_schema.get("properties") or {key: {} for key in declared.keys}
    properties = [_property(name, described) for name, described in fields.items() if name not in _OWN]
    columns = [_column(p) for p in properties]
    text = SQL(
        "SELECT id, geometry, geometry_3857, block_code, spans_blocks, access_class, valid_from, valid_to, name, "
        "local_id, match_level, confidence{} FROM business_feature WHERE layer_code = {}"
    ).format(SQL("").join(SQL(", {} AS {}").format(*column) for column in columns), Literal(declared.code))
    geometry: Geometry = ("point", "line", "polygon")[declared.dimension]
    title = Text(declared.title, declared.title_en or declared.title)
    names = {p.name for p in properties} | set(_OWN)
    return Layer(
        id=declared.code,
        title=title,
        description=Text(
            f"{declared.owner or '业务部门'}的业务图层。", f"A business layer of {declared.owner or 'a department'}."
        ),
        kind=KIND,
        geometry=geometry,
        # The statement is composed of quoted names and values; a percent sign would be taken for one that is bound.
        sql=cast("LiteralString", text.as_string().replace("%", "%%")),
        properties=(*_OWN.values(), *properties),
        style=_style(declared.legend, geometry, names),
        zooms=_ZOOMS[geometry],
        order=_ORDER,
        complete_from_zoom=13,
        is_visible=declared.legend.get("visible") is True,
    )


_OWN: Final[Mapping[str, Property]] = {
    p.name: p
    for p in (
        Property(name="name", title=Text("名称", "Name")),
        Property(name="local_id", title=Text("编号", "Number"), in_tiles=False),
        Property(name="match_level", title=Text("匹配级别", "Match level"), in_tiles=False),
        Property(name="confidence", title=Text("置信度", "Confidence"), type="number", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    )
}


def _property(name: str, described: Any) -> Property:
    told: Mapping[str, Any] = described if isinstance(described, Mapping) else {}
    title = str(told.get("title") or name)
    access_class = told.get("x-access-class")
    return Property(
        name=cast("LiteralString", name),
        title=Text(title, str(told.get("x-title-en") or title)),
        type=_TYPES.get(str(told.get("type")), "string"),
        unit=str(told["x-unit"]) if told.get("x-unit") else None,
        access_class=access_class if isinstance(access_class, int) and 1 <= access_class <= 4 else 1,
    )


def _column(declared: Property) -> tuple[SQL | Any, Identifier]:
    value = SQL("attributes ->> {}").format(Literal(declared.name))
    if declared.type in ("number", "integer"):
        # What is no number in one row must not fail all of them.
        value = SQL("CASE WHEN {0} ~ {1} THEN ({0})::float8 END").format(value, Literal(_NUMBER))
    elif declared.type == "boolean":
        value = SQL("lower({}) IN ('true', '1', 'yes', '是')").format(value)
    return value, Identifier(declared.name)


def _style(legend: Mapping[str, Any], geometry: Geometry, names: set[str]) -> Style:
    fill = _colour(legend.get("fill")) or "#4c9aff"
    by = legend.get("by")
    values: dict[str, str] = {}
    if isinstance(by, Mapping) and by.get("property") in names:
        values = {str(value): c for value, colour in dict(by.get("values") or {}).items() if (c := _colour(colour))}
    return Style(
        fill=fill, stroke=_colour(legend.get("stroke")) or "#1b1f2a", radius=4 if geometry == "point" else None,
        opacity=0.9 if geometry == "point" else 0.6, by=(str(by["property"]), values) if by and values else None,
    )  # fmt: skip


def _colour(value: object) -> str | None:
    return value if isinstance(value, str) and _COLOUR.fullmatch(value) else None
