# SPDX-License-Identifier: Apache-2.0
"""What a read model means under the rules: areas, uses, units, buildings. Still no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely

from ingest.bim.building_match import ModelledBuilding
from ingest.bim.finish import outline_polygon
from ingest.bim.floor_use import Areas, Comparison, compare_areas, measure, tell_differences
from ingest.bim.records import ElementRecord, ModelContent
from ingest.bim.rules import Rules
from ingest.bim.shapes import read_matrix
from ingest.bim.unit_tables import UnitRecord, list_units
from twin.errors import Problem
from twin.gltf.globe import locate
from twin.model.table import STORAGE_SRID

_PART: Final = "PARTIAL"


@dataclass(frozen=True)
class SpaceMeaning:
    """A space with its areas, its use and its ground (EWKB in EPSG:4490)."""

    element: ElementRecord
    areas: Areas
    use: str | None
    ground: bytes | None


@dataclass(frozen=True)
class BuildingMeaning:
    """A building with its areas, code, height (m) and ground (EWKB in EPSG:4490)."""

    described: dict[str, Any]
    areas: Areas
    code: str | None
    storeys: int
    height: float | None
    ground: bytes | None


@dataclass(frozen=True)
class Meaning:
    """All of it. areas: of storeys, by global_id."""

    buildings: list[BuildingMeaning]
    areas: dict[str, Areas]
    spaces: list[SpaceMeaning]
    units: list[UnitRecord]
    comparisons: list[Comparison]
    problems: list[Problem] = field(default_factory=list[Problem])

    def list_modelled(self, content: ModelContent, footprint: bytes) -> list[ModelledBuilding]:
        """The buildings to be matched: no parts of buildings; the whole model where it has no building."""
        whole = [one for one in self.buildings if one.described["composition"] != _PART]
        houses = [one for one in whole if one.described["ifc_class"] == "IfcBuilding"]
        if not self.buildings:
            project = content.project.get("global_id") or content.sha256
            return [ModelledBuilding(project, content.project.get("name"), None, footprint, None)]
        return [
            ModelledBuilding(
                one.described["global_id"], one.described["name"], one.code, one.ground or footprint, one.height
            )
            for one in houses
            if one.ground is not None or len(houses) == 1
        ]


def interpret(content: ModelContent, rules: Rules, footprint: bytes) -> Meaning:
    """footprint: the model's, as EWKB in EPSG:4490."""
    by_id = {one.global_id: one for one in content.elements if one.is_spatial}
    matrix = read_matrix(content.georeference)

    def place(points: Any) -> Any:
        heights = np.full(len(points), content.georeference.anchor[2])
        longitude, latitude, _ = locate(matrix, np.column_stack([points, heights]))
        return np.column_stack([longitude, latitude])

    spaces = [_read_space(one, rules, place) for one in content.elements if one.ifc_class == "IfcSpace"]
    storeys = [by_id[one.global_id] for one in content.storeys if one.global_id in by_id]
    houses = [by_id[one["global_id"]] for one in content.buildings if one["global_id"] in by_id]
    areas = {one.element.global_id: one.areas for one in spaces}
    areas |= {one.global_id: measure(one, rules) for one in [*storeys, *houses]}
    comparisons = compare_areas(houses, storeys, [one.element for one in spaces], areas)
    units, problems = list_units(content.semantics.zones, [one.element for one in spaces], rules)
    buildings = [
        _read_building(described, by_id[described["global_id"]], areas, content, rules, place, footprint)
        for described in content.buildings
        if described["global_id"] in by_id
    ]
    return Meaning(
        buildings, {one.global_id: areas[one.global_id] for one in storeys}, spaces, units, comparisons,
        tell_differences(comparisons) + problems,
    )  # fmt: skip


def _read_space(space: ElementRecord, rules: Rules, place: Callable[[Any], Any]) -> SpaceMeaning:
    use = rules.find_text("space_use", space)
    ground = None
    if space.outline:
        ground = to_ewkb(shapely.transform(outline_polygon(space.outline), place))
    return SpaceMeaning(space, measure(space, rules), use[0] if use else None, ground)


def _read_building(
    described: dict[str, Any], element: ElementRecord, areas: dict[str, Areas], content: ModelContent, rules: Rules,
    place: Callable[[Any], Any], footprint: bytes,
) -> BuildingMeaning:  # fmt: skip
    is_only = len(content.buildings) == 1
    global_id = described["global_id"]
    boxes = np.array([
        one.envelope for one in content.elements
        if one.envelope and one.is_meshed and not one.is_spatial and (is_only or one.building_global_id == global_id)
    ])  # fmt: skip
    own = [one for one in content.storeys if one.building_global_id == global_id]
    ground_level = next((one.elevation for one in own if one.number == 1), None)
    height, ground = None, footprint if is_only else None
    if len(boxes):
        base = float(boxes[:, 2].min()) if ground_level is None else ground_level
        height = round(float(boxes[:, 5].max()) - base, 3)
        if not is_only:
            corners = np.vstack([boxes[:, [0, 1]], boxes[:, [3, 1]], boxes[:, [3, 4]], boxes[:, [0, 4]]])
            hull = shapely.MultiPoint(corners).convex_hull
            ground = to_ewkb(shapely.transform(hull, place)) if isinstance(hull, shapely.Polygon) else None
    code = rules.find_text("building_code", element)
    return BuildingMeaning(
        described, areas[global_id], code[0] if code else None, len(own),
        height if height is not None and height > 0 else None, ground,
    )  # fmt: skip


def to_ewkb(geometry: Any) -> bytes:
    """2D, in the storage CRS."""
    return bytes(shapely.to_wkb(shapely.set_srid(shapely.force_2d(geometry), STORAGE_SRID), include_srid=True))
