# SPDX-License-Identifier: Apache-2.0
"""What a model says in words: its tree, storeys, types, materials, properties; JSON-able."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from ingest.bim.georeference_facts import read_georeference_facts
from ingest.bim.groups import describe_ports, describe_systems, describe_zones, read_classifications
from ingest.bim.materials import MaterialCollector
from ingest.bim.placements import PlacementReader
from ingest.bim.properties import PropertyCollector
from ingest.bim.source_units import ContextUnits
from ingest.bim.space_outline import read_outline
from ingest.bim.tree import BUILDINGS, SpatialTree
from ingest.bim.units import UnitFactors

SPATIAL: Final = ("IfcSpatialStructureElement", "IfcSpatialElement", "IfcProject")
UNMESHED: Final = (
    "IfcSpace",
    "IfcSpatialZone",
    "IfcExternalSpatialElement",
    "IfcExternalSpatialStructureElement",
    "IfcFeatureElement",
    "IfcVirtualElement",
    "IfcAnnotation",
    "IfcGrid",
    "IfcPort",
    "IfcStructuralActivity",
    "IfcStructuralItem",
    "IfcAlignment",
    "IfcLinearPositioningElement",
    "IfcPositioningElement",
    "IfcReferent",
)
MESHED_SHAPES: Final = ("Body", "Facetation", "Body-FallBack", "Surface", "Terrain", None, "")

GROUND_TOLERANCE: Final = 0.6
"""Metres: a storey this little below ±0.00 is still at the ground (the structural slab under the finish)."""
SAME_STOREY: Final = 0.05


def describe_model(model: Any) -> dict[str, Any]:
    """Everything but geometry. `elements` are in STEP order; each has `step_id` and `is_meshable`.

    What many elements share is told once and named by number: `sets` (contents of property and quantity sets, with
    `set_units` beside them), `material_sets`.
    """
    project = next(iter(model.by_type("IfcProject")), None)
    if project is None:
        # In IFC4 a library file has an IfcContext that is no project: it shows types, nothing built.
        return {"project": None, "products": len(model.by_type("IfcProduct")), "elements": []}
    units = UnitFactors(project)
    context = ContextUnits(project)
    placements = PlacementReader(units.length)
    properties = PropertyCollector(model, context)
    products = sorted(model.by_type("IfcProduct"), key=lambda product: product.id())
    keys, repeated = _settle_keys([project, *products])
    tree = SpatialTree(model)
    storeys = _number_storeys(model, placements, units.length, tree, keys)
    materials = MaterialCollector(model, context)
    classes = read_classifications(model)
    types = _describe_types(model, properties, materials, classes)
    kinds: dict[str, _Kind] = {}

    elements: list[dict[str, Any]] = []
    for thing in [project, *products]:
        step_id = thing.id()
        kind = kinds.get(thing.is_a()) or kinds.setdefault(thing.is_a(), _judge_class(thing))
        parent, relation = tree.find_parent(step_id)
        place = tree.find_place(thing)
        element_type = properties.find_type(step_id)
        own_type = types.get(element_type.id()) if element_type is not None else None
        predefined = getattr(thing, "PredefinedType", None)
        storey = storeys.get(place.storey.id()) if place.storey is not None else None
        element: dict[str, Any] = {
            "step_id": step_id,
            "global_id": keys[step_id],
            "ifc_class": thing.is_a(),
            "name": getattr(thing, "Name", None),
            "parent_global_id": keys.get(parent.id()) if parent is not None else None,
            "relation": relation,
            "storey_global_id": storey["global_id"] if storey is not None else None,
            "storey_number": storey["number"] if storey is not None else None,
            "space_global_id": keys.get(place.space.id()) if place.space is not None else None,
            "building_global_id": keys.get(place.building.id()) if place.building is not None else None,
            "type_global_id": own_type["global_id"] if own_type is not None else None,
            "type_name": (own_type["name"] if own_type is not None else None) or getattr(thing, "ObjectType", None),
            "predefined_type": predefined,
            "object_type": getattr(thing, "ObjectType", None),
            "tag": getattr(thing, "Tag", None),
            "material_set": materials.find(step_id, element_type.id() if element_type is not None else None),
            **properties.describe(step_id),
            "classifications": _list_classes(classes.get(step_id), own_type),
            "is_spatial": kind.is_spatial,
            "is_element": kind.is_element,
            "is_meshable": not kind.is_unmeshed and _has_body(thing),
        }
        if kind.is_spatial:
            element["long_name"] = getattr(thing, "LongName", None)
        if kind.is_space:
            element["outline"] = read_outline(thing, placements.read(thing.ObjectPlacement), units.length)
        if own_type is not None:
            own_type["elements"] += 1
        elements.append(element)
    meshable = {element["step_id"] for element in elements if element["is_meshable"]}
    counts = Counter(element["storey_global_id"] for element in elements if element["is_element"])
    for storey in storeys.values():
        storey["elements"] = counts[storey["global_id"]]
    zones = describe_zones(model, keys)
    for zone in zones:
        sets = properties.describe(zone["step_id"])
        zone |= {"property_sets": sets["property_sets"], "quantities": sets["quantities"]}
    return {
        "project": {
            "global_id": keys[project.id()],
            "name": project.LongName or project.Name,
            "description": project.Description,
            "phase": project.Phase,
            "metres_per_unit": units.length,
        },
        "sites": [_describe_spatial(site, keys) for site in model.by_type("IfcSite")],
        "buildings": [_describe_building(building, keys, tree) for building in _list_buildings(model)],
        "storeys": sorted(storeys.values(), key=lambda storey: (storey["number"], storey["name"])),
        "elements": elements,
        "sets": properties.contents,
        "set_units": properties.converted,
        "material_sets": materials.sets,
        "types": list(types.values()),
        "zones": zones,
        "systems": describe_systems(model, keys),
        "ports": describe_ports(model, keys),
        "products": len(products),
        "spaces": len(model.by_type("IfcSpace")),
        "repeated_global_ids": repeated,
        "georeference": read_georeference_facts(
            model,
            project,
            [product for product in products if product.id() in meshable] or products,
            properties,
            placements,
            units,
        ),
    }


@dataclass(frozen=True)
class _Kind:
    """What a class is, asked once for all of its instances."""

    is_spatial: bool
    is_space: bool
    is_element: bool
    is_unmeshed: bool


def _judge_class(thing: Any) -> _Kind:
    return _Kind(
        is_spatial=any(_is_a(thing, name) for name in SPATIAL),
        is_space=thing.is_a("IfcSpace"),
        is_element=_is_a(thing, "IfcElement") and not _is_a(thing, "IfcFeatureElement"),
        is_unmeshed=any(_is_a(thing, name) for name in UNMESHED),
    )


def _has_body(thing: Any) -> bool:
    """Whether a product has a shape that is to be seen."""
    representation = getattr(thing, "Representation", None)
    return representation is not None and any(
        shape.RepresentationIdentifier in MESHED_SHAPES for shape in representation.Representations or ()
    )


def _is_a(thing: Any, name: str) -> bool:
    # A class that the file's schema does not know is no error here: nothing can be one.
    try:
        return bool(thing.is_a(name))
    except RuntimeError:
        return False


def _settle_keys(things: list[Any]) -> tuple[dict[int, str], list[str]]:
    """A key for each entity: its GlobalId; a repeated one gets `~2`, `~3` in STEP order, so none is lost.

    The suffix counts occurrences and not STEP numbers, which change with every export.
    """
    seen: Counter[str] = Counter()
    keys: dict[int, str] = {}
    for thing in things:
        global_id = getattr(thing, "GlobalId", None) or "-"
        seen[global_id] += 1
        keys[thing.id()] = global_id if seen[global_id] == 1 else f"{global_id}~{seen[global_id]}"
    return keys, [global_id for global_id, count in seen.items() if count > 1]


def _number_storeys(
    model: Any,
    placements: PlacementReader,
    metres_per_unit: float,
    tree: SpatialTree,
    keys: dict[int, str],
) -> dict[int, dict[str, Any]]:
    """STEP number to storey, numbered by elevation within each building."""
    by_building: dict[int | None, list[tuple[float, Any]]] = {}
    for storey in model.by_type("IfcBuildingStorey"):
        elevation = storey.Elevation
        metres = (
            float(elevation) * metres_per_unit
            if isinstance(elevation, (int, float))
            else float(placements.read_origin(storey)[2])
        )
        building = tree.find_place(storey).building
        by_building.setdefault(building.id() if building is not None else None, []).append((metres, storey))
    described: dict[int, dict[str, Any]] = {}
    for building_id, ranked in by_building.items():
        ranked.sort(key=lambda pair: (pair[0], pair[1].id()))
        levels: list[float] = []
        for metres, _ in ranked:
            if not levels or metres - levels[-1] > SAME_STOREY:
                levels.append(metres)
        below = sum(level < -GROUND_TOLERANCE for level in levels)
        for metres, storey in ranked:
            rank = max(place for place, level in enumerate(levels) if level <= metres + SAME_STOREY)
            described[storey.id()] = {
                "global_id": keys[storey.id()],
                "name": storey.Name or storey.LongName or "",
                "long_name": storey.LongName,
                "number": rank - below + 1,
                "elevation": metres,
                "height": next((round(level - metres, 4) for level in levels if level > metres + SAME_STOREY), None),
                "building_global_id": keys.get(building_id) if building_id is not None else None,
                "elements": 0,
            }
    return described


def _describe_types(
    model: Any, properties: PropertyCollector, materials: MaterialCollector, classes: dict[int, list[dict[str, Any]]]
) -> dict[int, dict[str, Any]]:
    """STEP number to what a type says."""
    found = sorted(model.by_type("IfcTypeObject"), key=lambda one: one.id())
    keys, _ = _settle_keys(found)
    return {
        one.id(): {
            "global_id": keys[one.id()],
            "ifc_class": one.is_a(),
            "name": one.Name,
            "predefined_type": getattr(one, "PredefinedType", None),
            "description": one.Description,
            "tag": getattr(one, "Tag", None),
            "material_set": materials.find(one.id()),
            "classifications": classes.get(one.id(), []),
            "elements": 0,
            **properties.describe_type(one),
        }
        for one in found
    }


def _list_classes(own: list[dict[str, Any]] | None, own_type: dict[str, Any] | None) -> list[dict[str, Any]]:
    """A thing's own classes, and those of its type in systems in which it has none."""
    listed = [{**one, "is_inherited": False} for one in own or ()]
    systems = {one["system"] for one in listed}
    inherited = own_type["classifications"] if own_type is not None else ()
    return listed + [{**one, "is_inherited": True} for one in inherited if one["system"] not in systems]


def _list_buildings(model: Any) -> list[Any]:
    """Buildings first, then facilities of other kinds and their parts, each in STEP order."""
    found: dict[int, Any] = {}
    for name in BUILDINGS:
        try:
            for one in sorted(model.by_type(name), key=lambda one: one.id()):
                found.setdefault(one.id(), one)
        except RuntimeError:  # a class that the file's schema does not know
            continue
    return list(found.values())


def _describe_building(thing: Any, keys: dict[int, str], tree: SpatialTree) -> dict[str, Any]:
    parent, _ = tree.find_parent(thing.id())
    return {
        **_describe_spatial(thing, keys),
        "ifc_class": thing.is_a(),
        "long_name": getattr(thing, "LongName", None),
        "composition": getattr(thing, "CompositionType", None),
        "parent_global_id": keys.get(parent.id()) if parent is not None else None,
    }


def _describe_spatial(thing: Any, keys: dict[int, str]) -> dict[str, Any]:
    return {
        "global_id": keys[thing.id()],
        "name": thing.Name or thing.LongName,
        "description": thing.Description,
    }
