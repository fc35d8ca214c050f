# SPDX-License-Identifier: Apache-2.0
"""From what a model process tells to records: what it named by number gets its content, shared by all who have it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, cast

import numpy as np
import shapely

from ingest.bim.records import ElementRecord, Georeference, ModelSemantics, ZoneRecord
from ingest.bim.shapes import read_matrix
from twin.gltf.globe import locate

_PLAIN: Final = (
    "global_id", "ifc_class", "name", "parent_global_id", "relation", "storey_global_id", "storey_number",
    "space_global_id", "type_name", "is_spatial", "building_global_id", "type_global_id", "predefined_type",
    "object_type", "tag", "material_set", "inherited", "classifications",
)  # fmt: skip
_ZONE: Final = ("global_id", "ifc_class", "name", "long_name", "object_type", "predefined_type", "members")

Sets = dict[str, dict[str, Any]]


def finish_elements(
    facts: dict[str, Any],
    envelopes: Mapping[int, list[float]],
    areas: Mapping[int, float],
    meshed: Collection[int],
    georeference: Georeference,
) -> list[ElementRecord]:
    """The elements in STEP order. envelopes, areas, meshed: by STEP number, of what was meshed."""
    contents: list[dict[str, Any]] = facts["sets"]
    units: list[dict[str, str] | None] = facts["set_units"]
    names = [list(dict.fromkeys(part["material"] or "" for part in parts)) for parts in facts["material_sets"]]
    records: list[ElementRecord] = []
    rows: list[int] = []
    for element in facts["elements"]:
        number = element["material_set"]
        records.append(
            ElementRecord(
                **{name: element[name] for name in _PLAIN},
                materials=names[number - 1] if number else [],
                property_sets=_resolve(element["property_sets"], contents),
                quantities=_resolve(element["quantities"], contents),
                source_units=_list_units(element, units),
                long_name=element.get("long_name"),
                outline=element.get("outline"),
                space_from="tree" if element["space_global_id"] else None,
            )
        )
        if element["step_id"] in envelopes:
            rows.append(len(records) - 1)
    if not rows:
        return records
    step_ids = [facts["elements"][row]["step_id"] for row in rows]
    boxes = np.array([envelopes[step_id] for step_id in step_ids])
    middles = (boxes[:, :3] + boxes[:, 3:]) / 2
    longitude, latitude, height = locate(read_matrix(georeference), middles)
    around = _find_spaces(records, rows, middles)
    for place, (row, step_id) in enumerate(zip(rows, step_ids, strict=True)):
        space = around.get(row)
        records[row] = replace(
            records[row],
            envelope=[round(float(value), 4) for value in boxes[place]],
            centroid=(float(longitude[place]), float(latitude[place]), float(height[place])),
            area=round(areas[step_id], 4),
            is_meshed=step_id in meshed,
            **({"space_global_id": space, "space_from": "place"} if space else {}),
        )
    return records


def finish_semantics(facts: dict[str, Any]) -> ModelSemantics:
    """Zones, systems, ports, types and materials."""
    contents: list[dict[str, Any]] = facts["sets"]
    for kind in facts["types"]:
        kind["property_sets"] = _resolve(kind["property_sets"], contents)
        kind["quantities"] = _resolve(kind["quantities"], contents)
    zones = [
        ZoneRecord(
            **{name: zone[name] for name in _ZONE},
            property_sets=_resolve(zone["property_sets"], contents),
            quantities=_resolve(zone["quantities"], contents),
        )
        for zone in facts["zones"]
    ]
    return ModelSemantics(zones, facts["systems"], facts["ports"], facts["types"], facts["material_sets"])


def outline_polygon(outline: dict[str, Any]) -> shapely.MultiPolygon:
    """A space's outline in the model's metres."""
    parts: list[shapely.Polygon] = []
    at = 0
    for count in outline["shells"]:
        shell, *holes = outline["rings"][at : at + count]
        parts.append(shapely.Polygon(shell, holes))
        at += count
    return shapely.MultiPolygon(parts)


def _find_spaces(records: list[ElementRecord], rows: list[int], middles: np.ndarray[Any, Any]) -> dict[int, str]:
    """Row of an element that the file puts into no space, to the space around its middle; the smallest of several."""
    spaces = sorted((one for one in records if one.ifc_class == "IfcSpace" and one.outline), key=lambda one: _area(one))
    if not spaces:
        return {}
    free = [
        (row, middle) for row, middle in zip(rows, middles, strict=True)
        if records[row].space_global_id is None and not records[row].is_spatial
    ]  # fmt: skip
    if not free:
        return {}
    points = shapely.points(np.array([middle[:2] for _, middle in free]))
    tree = shapely.STRtree([outline_polygon(cast("dict[str, Any]", space.outline)) for space in spaces])
    found: dict[int, str] = {}
    for place, number in sorted(zip(*tree.query(points, predicate="within"), strict=True), key=lambda pair: pair[1]):
        row, middle = free[int(place)]
        space = spaces[int(number)]
        outline = cast("dict[str, Any]", space.outline)
        is_within = outline["z_min"] <= middle[2] <= outline["z_max"]
        on_storey = space.storey_global_id is None or records[row].storey_global_id in (None, space.storey_global_id)
        if is_within and on_storey:
            found.setdefault(row, space.global_id)
    return found


def _area(space: ElementRecord) -> float:
    return float(space.outline["area"]) if space.outline else 0.0


def _resolve(numbers: dict[str, int], contents: list[dict[str, Any]]) -> Sets:
    return {name: contents[number] for name, number in numbers.items()}


def _list_units(element: dict[str, Any], units: list[dict[str, str] | None]) -> dict[str, dict[str, str]] | None:
    listed: dict[str, dict[str, str]] = {}
    for sets in (element["property_sets"], element["quantities"]):
        for name, number in sets.items():
            converted = units[number]
            if converted:
                listed[name] = converted
    return listed or None
