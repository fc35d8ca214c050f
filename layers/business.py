# SPDX-License-Identifier: Apache-2.0
"""Business layers (入块业务): a department's list, described in the database, as a layer like any other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, cast

from psycopg.sql import SQL, Composable, Identifier, Literal

from layers.layer import Geometry, Layer, Property, PropertyType, Style, Zoom
from twin.text import Text

KIND: Final = "business_feature"
LAYER: Final = "business_features"
"""What the change log calls all of them."""

_ORDER: Final = 200
_TYPES: Final[Mapping[str, PropertyType]] = {
    "string": "string", "integer": "integer", "number": "number", "boolean": "boolean",
}  # fmt: skip
_NUMBER: Final = "^-?[0-9]{1,99}([.][0-9]{1,255})?$"
"""What a double can hold: a longer text would be refused by the cast, and with it every other row."""
_MOMENT: Final = (
    "^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?)?$"
)
_YES: Final = ("true", "1", "yes", "是")
_NO: Final = ("false", "0", "no", "否")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_ZOOMS: Final[Mapping[Geometry, tuple[Zoom, ...]]] = {
    "point": (Zoom(minzoom=6, maxzoom=12, cell=4), Zoom(minzoom=13, maxzoom=17)),
    "line": (Zoom(minzoom=10, maxzoom=17, simplify=0.5),),
    "polygon": (Zoom(minzoom=10, maxzoom=12, simplify=1, smallest=2), Zoom(minzoom=13, maxzoom=17)),
}
_MIXED: Final = (Zoom(minzoom=6, maxzoom=12, cell=4), Zoom(minzoom=13, maxzoom=17))
"""Points have no size to be left out by, so from afar everything is counted in cells."""

_GEOMETRIES: Final[tuple[Geometry, ...]] = ("point", "line", "polygon")


@dataclass(frozen=True, kw_only=True)
class BusinessLayer:
    """A row of `business_layer`; `dimensions` are those of its features, `keys` the attributes that they have."""

    code: str
    title: str
    title_en: str | None = None
    owner: str | None = None
    access_class: int = 2
    attribute_schema: Mapping[str, Any] = field(default_factory=dict[str, Any])
    legend: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dimensions: Sequence[int] = ()
    keys: Sequence[str] = ()


def make_layer(declared: BusinessLayer) -> Layer:
    """The layer; its properties are those of the JSON Schema, or every attribute there is where it names none."""
    fields = declared.attribute_schema.get("properties") or {key: {} for key in declared.keys}
    properties = [_property(_name(key), described) for key, described in fields.items() if key not in _OWN]
    columns = [_column(p) for p in properties]
    text = SQL(
        "SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to, name, "
        "local_id, match_level, confidence{} FROM business_feature WHERE layer_code = {}"
    ).format(SQL("").join(SQL(", {} AS {}").format(*column) for column in columns), Literal(declared.code))
    held: list[Geometry] = [_GEOMETRIES[dimension] for dimension in sorted(declared.dimensions, reverse=True)]
    held = held or ["point"]
    geometry, also = held[0], tuple(held[1:])
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
        also=also,
        # The statement is composed of quoted names and values; a percent sign would be taken for one that is bound.
        sql=cast("LiteralString", text.as_string().replace("%", "%%")),
        properties=(*_OWN.values(), *properties),
        style=_style(declared.legend, held, names),
        zooms=_MIXED if also else _ZOOMS[geometry],
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


_TAKEN: Final = frozenset({
    "id", "geometry", "spans_blocks", "access_class", "valid_from", "valid_to", "count", "geom",
    "tile_box", "tile_lon", "tile_lat", "tile_across", "tile_down", "tile_column", "tile_row",
})  # fmt: skip
"""Names that a layer's own columns and a tile's computed ones have."""
_PREFIX: Final = "attribute_"


def _name(key: str) -> str:
    """What the attribute `key` is called as a property: by its own name, unless every feature has that."""
    return f"{_PREFIX}{key}" if key in _TAKEN else key


def attribute_key(name: str) -> str:
    """The attribute behind a property."""
    key = name.removeprefix(_PREFIX)
    return key if key in _TAKEN else name


def _property(name: str, described: Any) -> Property:
    told: Mapping[str, Any] = described if isinstance(described, Mapping) else {}
    title = str(told.get("title") or attribute_key(name))
    access_class = told.get("x-access-class")
    return Property(
        name=cast("LiteralString", name),
        title=Text(title, str(told.get("x-title-en") or title)),
        type=_type(told),
        unit=str(told["x-unit"]) if told.get("x-unit") else None,
        access_class=access_class if isinstance(access_class, int) and 1 <= access_class <= 4 else 1,
    )


def _type(told: Mapping[str, Any]) -> PropertyType:
    stated = told.get("type")
    if isinstance(stated, list):
        # "integer or nothing": what can be missing is of the other type.
        stated = next((one for one in cast("list[Any]", stated) if one != "null"), None)
    if stated == "string" and told.get("format") in ("date", "date-time"):
        return "datetime"
    return _TYPES.get(str(stated), "string")


def _column(declared: Property) -> tuple[Composable, Identifier]:
    value = express_property(declared)
    if declared.type in ("number", "integer"):
        value = SQL("({})::float8").format(value)
    return value, Identifier(declared.name)


def express_property(declared: Property) -> Composable:
    """SQL for a property over the columns of `business_feature`: text, numeric, boolean or timestamptz.

    What cannot be read as the declared type is NULL and never an error: it must fail neither the other rows of a
    list nor a write that is counted. A moment that names no zone is the district's.
    """
    if declared.name in _OWN:
        return Identifier(declared.name)
    text = SQL("(attributes ->> {})").format(Literal(attribute_key(declared.name)))
    if declared.type in ("number", "integer"):
        return SQL("CASE WHEN {0} ~ {1} THEN trim_scale({0}::numeric) END").format(text, Literal(_NUMBER))
    if declared.type == "boolean":
        return SQL("CASE WHEN lower({0}) IN ({1}) THEN true WHEN lower({0}) IN ({2}) THEN false END").format(
            text, SQL(", ").join(map(Literal, _YES)), SQL(", ").join(map(Literal, _NO))
        )
    if declared.type == "datetime":
        # The 31st of April has the looks of a day.
        return SQL(
            "CASE WHEN {0} ~ {1} THEN CASE WHEN substr({0}, 9, 2)::integer <= extract(day FROM "
            "(left({0}, 7) || '-01')::date + interval '1 month' - interval '1 day') THEN CASE "
            "WHEN {0} ~ '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$' AND length({0}) > 10 THEN {0}::timestamptz "
            "ELSE {0}::timestamp AT TIME ZONE (SELECT time_zone FROM public.calendar) END END END"
        ).format(text, Literal(_MOMENT))
    return text


def _style(legend: Mapping[str, Any], held: Sequence[Geometry], names: set[str]) -> Style:
    fill = _colour(legend.get("fill")) or "#4c9aff"
    by = legend.get("by")
    values: dict[str, str] = {}
    if isinstance(by, Mapping) and by.get("property") in names:
        values = {str(value): c for value, colour in dict(by.get("values") or {}).items() if (c := _colour(colour))}
    return Style(
        fill=fill, stroke=_colour(legend.get("stroke")) or (fill if held[0] == "line" else "#1b1f2a"),
        radius=4 if "point" in held else None, width=2 if held[0] == "line" else 1,
        opacity=0.6 if held[0] == "polygon" else 0.9, by=(str(by["property"]), values) if by and values else None,
    )  # fmt: skip


def _colour(value: object) -> str | None:
    return value if isinstance(value, str) and _COLOUR.fullmatch(value) else None
