# SPDX-License-Identifier: Apache-2.0
"""What a building model becomes: records without a database."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from twin.errors import InvalidRequestError, Problem
from twin.text import Text

NO_STOREY: Final = -32768
"""The property table's "in no storey"."""

GeoreferenceSource = Literal[
    "override", "map_conversion", "rigid_operation", "epset_map_conversion", "site_placement", "site_lat_lon"
]


@dataclass(frozen=True)
class Placement:
    """A person's word on where the model's anchor stands.

    longitude, latitude: degrees (EPSG:4490); height: metres above the ellipsoid; heading_deg: clockwise from
    north to the model's y axis, None for what the model's own true north says.
    """

    longitude: float
    latitude: float
    height: float = 0.0
    heading_deg: float | None = None


def parse_placement(text: str) -> Placement:
    """`lon,lat[,height[,heading]]` as a Placement. Raises InvalidRequestError."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not 2 <= len(values) <= 4 or not all(math.isfinite(value) for value in values):
        raise InvalidRequestError(
            Text(
                zh=f"位置“{text}”无法理解:请写 经度,纬度[,高程[,朝向]]。",
                en=f"The position “{text}” cannot be understood: write lon,lat[,height[,heading]].",
            ),
            parameter="at",
        )
    if abs(values[0]) > 180 or abs(values[1]) > 90:
        raise InvalidRequestError(
            Text(
                zh=f"位置“{text}”不在地球上:先经度(±180)后纬度(±90)。",
                en=f"The position “{text}” is not on Earth: longitude (±180) first, then latitude (±90).",
            ),
            parameter="at",
        )
    return Placement(*values)


@dataclass(frozen=True)
class StoreyRecord:
    """A storey. number: 1 is the lowest at or above the ground, 0 and -1 … are below; elevation in metres.

    height: metres to the next storey above, None for the topmost.
    """

    global_id: str
    name: str
    number: int
    elevation: float
    building_global_id: str | None
    elements: int
    long_name: str | None = None
    height: float | None = None


@dataclass(frozen=True, slots=True)
class ElementRecord:
    """One IfcProduct (or the project) and all that is known of it.

    envelope: xmin, ymin, zmin, xmax, ymax, zmax in the model's own metres; centroid: lon, lat, height of the
    envelope's middle; area: surface in m²; is_meshed: it has triangles in the tiles. Numbers in property_sets and
    quantities are in SI; source_units has, by set and name, the file's unit of those that were converted; inherited,
    by set, what the type gives (True, or the names). material_set: from 1, of `ModelSemantics.material_sets`.
    outline: a space's, as `space_outline` reads it. space_from: tree, or place where the envelope's middle is inside.
    """

    global_id: str
    ifc_class: str
    name: str | None
    parent_global_id: str | None
    relation: str | None
    storey_global_id: str | None
    storey_number: int | None
    space_global_id: str | None
    type_name: str | None
    materials: list[str]
    property_sets: dict[str, dict[str, Any]]
    quantities: dict[str, dict[str, Any]]
    is_spatial: bool
    building_global_id: str | None = None
    type_global_id: str | None = None
    predefined_type: str | None = None
    object_type: str | None = None
    long_name: str | None = None
    tag: str | None = None
    material_set: int | None = None
    inherited: dict[str, Any] | None = None
    source_units: dict[str, dict[str, str]] | None = None
    classifications: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    outline: dict[str, Any] | None = None
    space_from: str | None = None
    envelope: list[float] | None = None
    centroid: tuple[float, float, float] | None = None
    area: float | None = None
    is_meshed: bool = False


@dataclass(frozen=True)
class ZoneRecord:
    """A zone with its spaces (global_ids)."""

    global_id: str
    ifc_class: str
    name: str | None
    long_name: str | None
    object_type: str | None
    predefined_type: str | None
    members: list[str]
    property_sets: dict[str, dict[str, Any]]
    quantities: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class ModelSemantics:
    """What a model says beside its elements; systems, ports and types as `groups` and `semantics` describe them."""

    zones: list[ZoneRecord] = field(default_factory=list[ZoneRecord])
    systems: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ports: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    types: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    material_sets: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])


@dataclass(frozen=True)
class Georeference:
    """Where the model stands and why we believe it.

    matrix: 16 numbers, column-major, the model's own metres to ECEF (EPSG:4978). anchor: the point in the
    model's metres that stands at longitude, latitude, height. scale: grid metres to ground metres.
    """

    source: GeoreferenceSource
    longitude: float
    latitude: float
    height: float
    heading_deg: float
    scale: float
    crs: str
    accuracy_m: float | None
    anchor: tuple[float, float, float]
    matrix: tuple[float, ...]
    reason: Text

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, with the reason in both languages."""
        return asdict(self) | {"reason": self.reason.as_dict()}


@dataclass(frozen=True)
class Candidate:
    """A place the file hints at without being believed: what a person may confirm with `--at`."""

    longitude: float
    latitude: float
    height: float
    what: Text

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, with the hint in both languages."""
        return asdict(self) | {"what": self.what.as_dict()}


@dataclass(frozen=True)
class ModelContent:
    """A whole model, ready for the database. `footprint` is GeoJSON in EPSG:4490 (lon, lat) or None."""

    file_name: str
    sha256: str
    schema: str
    schema_read: str
    project: dict[str, Any]
    sites: list[dict[str, Any]]
    buildings: list[dict[str, Any]]
    storeys: list[StoreyRecord]
    elements: list[ElementRecord]
    georeference: Georeference
    candidates: list[Candidate]
    footprint: dict[str, Any] | None
    report: dict[str, Any]
    problems: list[Problem] = field(default_factory=list[Problem])
    semantics: ModelSemantics = field(default_factory=ModelSemantics)
