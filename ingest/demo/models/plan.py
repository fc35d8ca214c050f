# SPDX-License-Identifier: Apache-2.0
"""What a model consists of, before it is a file: shapes, types, products, systems, zones.

Lengths in m, angles in degrees. A product's place is relative to what it is placed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Point = tuple[float, float, float]
Outline = tuple[tuple[float, float], ...]
Values = Mapping[str, Any]
Sets = Mapping[str, Values]
#: The normal of a plane and the direction of x in it.
Plane = tuple[Point, Point]

PLAN: Final[Plane] = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
#: Upright along a wall: x along, y up; what is moved along the normal goes to the right of the wall.
ELEVATION: Final[Plane] = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0))
#: Upright across: x to the north, y up, moved to the east.
SECTION: Final[Plane] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


@dataclass(frozen=True)
class Extrusion:
    """An outline in a plane at `origin`, moved `depth` along the plane's normal."""

    outline: Outline
    depth: float
    style: str | None
    origin: Point = (0.0, 0.0, 0.0)
    plane: Plane = PLAN
    holes: tuple[Outline, ...] = ()


@dataclass(frozen=True)
class Profile:
    """A named section: I (depth, width, web, flange), C (depth, width, wall, girth), L (depth, width, thickness),
    TUBE (radius, wall), ROUND (radius), HOLLOW (width, depth, wall).
    """

    kind: Literal["I", "C", "L", "TUBE", "ROUND", "HOLLOW"]
    name: str
    sizes: tuple[float, ...]


@dataclass(frozen=True)
class Bar:
    """A profile along the normal of a plane: a column with PLAN, a beam along x with SECTION."""

    profile: Profile
    length: float
    style: str | None
    origin: Point = (0.0, 0.0, 0.0)
    plane: Plane = SECTION


@dataclass(frozen=True)
class Tube:
    """A disk swept along points; with `is_arc` through three points of a circle."""

    path: tuple[Point, ...]
    radius: float
    style: str | None
    inner: float | None = None
    is_arc: bool = False


Part = Extrusion | Bar | Tube


@dataclass(frozen=True)
class ElementType:
    """A type; its occurrences without a shape of their own are mapped from its shape."""

    key: str
    ifc_class: str
    predefined: str
    shape: tuple[Part, ...] = ()
    material: str | None = None
    #: Name of material and thickness, outermost first.
    layers: tuple[tuple[str, float], ...] = ()
    attributes: Values = field(default_factory=dict[str, Any])
    sets: Sets = field(default_factory=dict[str, Values])


@dataclass(frozen=True)
class Port:
    """Where something flows in (SINK) or out (SOURCE)."""

    name: str
    at: Point
    flow: Literal["SOURCE", "SINK"]


@dataclass(frozen=True)
class Product:
    """A product; `key` is its name too and decides its GlobalId, so it stays the same from version to version.

    `parent` holds it: contained in a storey or space, part of a whole, or an opening in a host. What `fills` an
    opening is placed in the opening.
    """

    key: str
    ifc_class: str
    parent: str | None
    relation: Literal["contains", "aggregates", "voids"] = "contains"
    at: Point = (0.0, 0.0, 0.0)
    x: Point = (1.0, 0.0, 0.0)
    z: Point = (0.0, 0.0, 1.0)
    predefined: str | None = None
    type: str | None = None
    shape: tuple[Part, ...] = ()
    fills: str | None = None
    material: str | None = None
    code: str | None = None
    attributes: Values = field(default_factory=dict[str, Any])
    sets: Sets = field(default_factory=dict[str, Values])
    quantities: Sets = field(default_factory=dict[str, Values])
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True)
class Group:
    """A system or zone with its members' keys."""

    key: str
    ifc_class: Literal["IfcDistributionSystem", "IfcZone"]
    members: tuple[str, ...]
    predefined: str | None = None
    long_name: str | None = None
    sets: Sets = field(default_factory=dict[str, Values])
    object_type: str | None = None


@dataclass(frozen=True)
class Site:
    """Where a model stands: the middle of its footprint in a metric CRS, its turn and its size."""

    crs: str
    east: float
    north: float
    #: Counter-clockwise from east to the model's x axis.
    turn: float
    #: Along x and y.
    length: float
    width: float
    storeys: int
    height: float
    elevation: float = 0.0


@dataclass
class ModelPlan:
    """A whole model: everything in the order in which it is written."""

    code: str
    title: str
    site: Site
    types: dict[str, ElementType] = field(default_factory=dict[str, ElementType])
    products: dict[str, Product] = field(default_factory=dict[str, Product])
    groups: list[Group] = field(default_factory=list[Group])
    #: Pairs of (product, port).
    connections: list[tuple[tuple[str, str], tuple[str, str]]] = field(
        default_factory=list[tuple[tuple[str, str], tuple[str, str]]]
    )

    def add(self, product: Product) -> Product:
        """Take a product in; its key is its own."""
        if product.key in self.products:
            raise ValueError(f"{self.code}: two products are called {product.key}")
        self.products[product.key] = product
        return product

    def add_type(self, element_type: ElementType) -> str:
        """Take a type in once, and give its key."""
        return self.types.setdefault(element_type.key, element_type).key

    def connect(self, out: tuple[str, str], into: tuple[str, str]) -> None:
        """Join two ports, each a product's key and a port's name."""
        self.connections.append((out, into))


def box_outline(west: float, south: float, east: float, north: float) -> Outline:
    """The corners of a rectangle, counter-clockwise."""
    return ((west, south), (east, south), (east, north), (west, north))
