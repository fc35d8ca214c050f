# SPDX-License-Identifier: Apache-2.0
"""What a model says in words: its tree, storeys, types, materials, properties; JSON-able."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from ingest.bim.georeference_facts import read_georeference_facts
from ingest.bim.placements import PlacementReader
from ingest.bim.properties import PropertyCollector
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
MAX_TREE_DEPTH: Final = 64


def describe_model(model: Any) -> dict[str, Any]:
    """Everything but geometry. `elements` are in STEP order; each has `step_id` and `is_meshable`."""
    project = next(iter(model.by_type("IfcProject")), None)
    if project is None:
        # In IFC4 a library file has an IfcContext that is no project: it shows types, nothing built.
        return {"project": None, "products": len(model.by_type("IfcProduct")), "elements": []}
    units = UnitFactors(project)
    placements = PlacementReader(units.length)
    properties = PropertyCollector(model, units)
    products = sorted(model.by_type("IfcProduct"), key=lambda product: product.id())
    relations = _read_relations(model)
    type_names = _read_type_names(model)
    materials = _read_materials(model)
    keys, repeated = _settle_keys([project, *products])
    storeys = _number_storeys(model, placements, units.length, relations, keys)

    elements: list[dict[str, Any]] = []
    for thing in [project, *products]:
        step_id = thing.id()
        parent, relation = relations.get(step_id, (None, None))
        ancestors = _climb(thing, relations)
        storey = next((up for up in ancestors if up.id() in storeys), None)
        space = next((up for up in ancestors[1:] if up.is_a("IfcSpace")), None)
        type_id, type_name = type_names.get(step_id, (None, None))
        elements.append(
            {
                "step_id": step_id,
                "global_id": keys[step_id],
                "ifc_class": thing.is_a(),
                "name": getattr(thing, "Name", None),
                "parent_global_id": keys.get(parent.id()) if parent is not None else None,
                "relation": relation,
                "storey_global_id": keys[storey.id()] if storey is not None else None,
                "storey_number": storeys[storey.id()]["number"] if storey is not None else None,
                "space_global_id": keys[space.id()] if space is not None else None,
                "type_name": type_name or getattr(thing, "ObjectType", None),
                "materials": materials.get(step_id) or materials.get(type_id or -1) or [],
                "property_sets": properties.property_sets.get(step_id, {}),
                "quantities": properties.quantities.get(step_id, {}),
                "is_spatial": any(_is_a(thing, name) for name in SPATIAL),
                "is_element": _is_a(thing, "IfcElement") and not _is_a(thing, "IfcFeatureElement"),
                "is_meshable": is_meshable(thing),
            }
        )
    counts = Counter(element["storey_global_id"] for element in elements if element["is_element"])
    for storey in storeys.values():
        storey["elements"] = counts[storey["global_id"]]
    return {
        "project": {
            "global_id": keys[project.id()],
            "name": project.LongName or project.Name,
            "description": project.Description,
            "phase": project.Phase,
            "metres_per_unit": units.length,
        },
        "sites": [_describe_spatial(site, keys) for site in model.by_type("IfcSite")],
        "buildings": [_describe_spatial(building, keys) for building in model.by_type("IfcBuilding")],
        "storeys": sorted(storeys.values(), key=lambda storey: (storey["number"], storey["name"])),
        "elements": elements,
        "products": len(products),
        "spaces": len(model.by_type("IfcSpace")),
        "repeated_global_ids": repeated,
        "georeference": read_georeference_facts(
            model,
            project,
            [product for product in products if is_meshable(product)] or products,
            properties,
            placements,
            units,
        ),
    }


def is_meshable(thing: Any) -> bool:
    """Whether a product's shape is to be seen: it has a body, and is no space, opening or axis."""
    representation = getattr(thing, "Representation", None)
    if representation is None or any(_is_a(thing, name) for name in UNMESHED):
        return False
    return any(shape.RepresentationIdentifier in MESHED_SHAPES for shape in representation.Representations or ())


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


def _read_relations(model: Any) -> dict[int, tuple[Any, str]]:
    """Child's STEP number to (parent, verb); containment before aggregation before what fills a host."""
    relations: dict[int, tuple[Any, str]] = {}
    hosts: dict[int, Any] = {}
    for relation in model.by_type("IfcRelContainedInSpatialStructure"):
        for child in relation.RelatedElements or ():
            relations.setdefault(child.id(), (relation.RelatingStructure, "contains"))
    for kind, verb in (("IfcRelAggregates", "aggregates"), ("IfcRelNests", "nests")):
        for relation in model.by_type(kind):
            for child in relation.RelatedObjects or ():
                relations.setdefault(child.id(), (relation.RelatingObject, verb))
    for relation in model.by_type("IfcRelVoidsElement"):
        opening = relation.RelatedOpeningElement
        hosts[opening.id()] = relation.RelatingBuildingElement
        relations.setdefault(opening.id(), (relation.RelatingBuildingElement, "voids"))
    for relation in model.by_type("IfcRelFillsElement"):
        host = hosts.get(relation.RelatingOpeningElement.id())
        if host is not None:
            relations.setdefault(relation.RelatedBuildingElement.id(), (host, "fills"))
    return {child: (parent, verb) for child, (parent, verb) in relations.items() if parent is not None}


def _climb(thing: Any, relations: dict[int, tuple[Any, str]]) -> list[Any]:
    """The thing and its ancestors, nearest first; a file whose tree is a ring is left after a while."""
    path = [thing]
    while len(path) < MAX_TREE_DEPTH and (up := relations.get(path[-1].id())) is not None:
        path.append(up[0])
    return path


def _number_storeys(
    model: Any,
    placements: PlacementReader,
    metres_per_unit: float,
    relations: dict[int, tuple[Any, str]],
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
        building = next((up for up in _climb(storey, relations) if up.is_a("IfcBuilding")), None)
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
                "number": rank - below + 1,
                "elevation": metres,
                "building_global_id": keys.get(building_id) if building_id is not None else None,
                "elements": 0,
            }
    return described


def _read_type_names(model: Any) -> dict[int, tuple[int, str | None]]:
    """Object's STEP number to its type's number and name."""
    names: dict[int, tuple[int, str | None]] = {}
    for relation in model.by_type("IfcRelDefinesByType"):
        kind = relation.RelatingType
        if kind is None:
            continue
        for thing in relation.RelatedObjects or ():
            names[thing.id()] = (kind.id(), kind.Name)
    return names


def _read_materials(model: Any) -> dict[int, list[str]]:
    """Object's or type's STEP number to the names of its materials, outermost layer first."""
    materials: dict[int, list[str]] = {}
    for relation in model.by_type("IfcRelAssociatesMaterial"):
        names = list(dict.fromkeys(_name_materials(relation.RelatingMaterial)))
        for thing in relation.RelatedObjects or ():
            materials[thing.id()] = names
    return materials


def _name_materials(material: Any) -> list[str]:
    if material is None:
        return []
    if material.is_a("IfcMaterial"):
        return [material.Name or ""]
    for attribute in ("ForLayerSet", "ForProfileSet", "Material"):
        inner = getattr(material, attribute, None)
        if inner is not None:
            return _name_materials(inner)
    for attribute in ("MaterialLayers", "MaterialProfiles", "MaterialConstituents", "Materials"):
        parts = getattr(material, attribute, None)
        if parts:
            return [name for part in parts for name in _name_materials(part)]
    return []


def _describe_spatial(thing: Any, keys: dict[int, str]) -> dict[str, Any]:
    return {
        "global_id": keys[thing.id()],
        "name": thing.Name or thing.LongName,
        "description": thing.Description,
    }
