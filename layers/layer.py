# SPDX-License-Identifier: Apache-2.0
"""What a layer declares: which rows it shows, at which zooms, with which properties, and how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, LiteralString

from twin.text import Text

Geometry = Literal["polygon", "line", "point", "solid"]
PropertyType = Literal["string", "integer", "number", "boolean", "datetime"]
Aggregate = Literal["min", "max", "sum", "avg"]
SecrecyLabel = Literal["none", "internal", "secret"]

RESERVED: Final = (
    "id", "geometry", "block_code", "spans_blocks", "access_class", "valid_from", "valid_to",
)  # fmt: skip
"""The columns that every layer's SELECT gives beside its properties."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Property:
    """A column that people may see.

    `values` names the codes it holds; `access_class` is the lowest class of actor who is shown it;
    `aggregate` is what becomes of it where many features are drawn as one; a property that is not
    `in_tiles` comes with items only.
    """

    name: LiteralString
    title: Text
    type: PropertyType = "string"
    unit: str | None = None
    values: Mapping[str, Text] | None = None
    access_class: int = 1
    aggregate: Aggregate | None = None
    in_tiles: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Root:
    """A column of JSON, asked for by path in filters: `"root.name.name"`; it comes with no item.

    name: the column of the SELECT.
    """

    name: LiteralString
    title: Text


@dataclass(frozen=True, kw_only=True, eq=False)
class Zoom:
    """What a layer shows from `minzoom` to `maxzoom`, both included, so that no zoom is ever huge.

    where: further condition over the SELECT's columns.
    simplify: tolerance in pixels (a tile is 256 wide); 0 leaves geometry as it is.
    cell: features are drawn as counted cells of this many pixels instead of one by one.
    smallest: only those whose box is smaller than this many pixels are; the others are drawn.
    stands_for: how many features one stands for, itself among them, where `where` leaves the others out.

    However it is drawn, `count` over a zoom (1 where it is not said, each id once) comes to all features.
    """

    minzoom: int
    maxzoom: int
    where: LiteralString | None = None
    simplify: float = 0
    smallest: float = 0
    cell: int = 0
    stands_for: LiteralString | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Style:
    """How a layer looks: plain values, or a colour by the value of one property.

    opacity 0..1; width and radius in pixels; `extrude` names the property with the height in metres.
    """

    fill: str | None = None
    stroke: str | None = None
    opacity: float = 1.0
    width: float = 1.0
    radius: float | None = None
    by: tuple[str, Mapping[str, str]] | None = None
    extrude: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Kpi:
    """A number about the layer's features in a block: the measure `<layer>.<name>` of the database."""

    name: LiteralString
    title: Text
    unit: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer; its id is the stem of its file in `layers/catalog/`.

    sql: SELECT of the `RESERVED` columns and the properties.
    kind: the table of the features, as `feature_block` and the change log know it.
    geometry: what its features are; where they differ, the highest of area, line and point, and `also` the others.
    order: place in lists, lowest first. newest_first: page by `time_column`, latest first.
    secrecy_label: 密级, which every exported file says of itself; beside the access class, not instead of it.
    is_topographic: of the large-scale topographic class, of which one export covers no more than
    TWIN_TOPOGRAPHIC_EXPORT_KM2.
    """

    title: Text
    description: Text
    kind: LiteralString
    geometry: Geometry
    sql: LiteralString
    properties: tuple[Property, ...]
    style: Style
    zooms: tuple[Zoom, ...]
    order: int
    complete_from_zoom: int
    kpis: tuple[Kpi, ...] = ()
    roots: tuple[Root, ...] = ()
    time_column: LiteralString | None = None
    newest_first: bool = False
    is_visible: bool = True
    secrecy_label: SecrecyLabel = "none"
    is_topographic: bool = False
    also: tuple[Geometry, ...] = ()
    id: str = field(default="")

    @property
    def minzoom(self) -> int:
        """The lowest zoom with tiles."""
        return min(zoom.minzoom for zoom in self.zooms)

    @property
    def maxzoom(self) -> int:
        """The highest zoom with tiles; clients enlarge it beyond."""
        return max(zoom.maxzoom for zoom in self.zooms)

    @property
    def spans_blocks(self) -> bool:
        """Whether its features may lie in several blocks: areas and lines may, points and blocks do not."""
        return self.geometry != "point" and self.kind != "block"

    def find_zoom(self, zoom: int) -> Zoom | None:
        """The rule for a zoom, None where the layer has no tiles."""
        return next((rule for rule in self.zooms if rule.minzoom <= zoom <= rule.maxzoom), None)

    def properties_for(self, access_class: int) -> tuple[Property, ...]:
        """The properties that an actor of this class is shown."""
        return tuple(p for p in self.properties if p.access_class <= access_class)
