# SPDX-License-Identifier: Apache-2.0
"""What a model puts together beside its tree: zones, systems, ports and their connections, classifications."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

Keys = dict[int, str]
"""STEP number to the key of a product."""

MAX_CHAIN = 32


def describe_zones(model: Any, keys: Keys) -> list[dict[str, Any]]:
    """IfcZone and IfcSpatialZone with the keys of their spaces; a zone of zones has all of theirs."""
    members = _read_members(model)
    zones = _by_type(model, "IfcZone")
    named = _name(zones) | {zone.id(): keys[zone.id()] for zone in _by_type(model, "IfcSpatialZone")}
    for kind, whole, parts in (
        ("IfcRelReferencedInSpatialStructure", "RelatingStructure", "RelatedElements"),
        ("IfcRelContainedInSpatialStructure", "RelatingStructure", "RelatedElements"),
        ("IfcRelAggregates", "RelatingObject", "RelatedObjects"),
    ):
        for relation in _by_type(model, kind):
            zone = getattr(relation, whole)
            if zone is not None and zone.id() in named and not zone.is_a("IfcZone"):
                members.setdefault(zone.id(), []).extend(getattr(relation, parts) or ())
    return [
        {
            "global_id": named[zone.id()],
            "ifc_class": zone.is_a(),
            "name": zone.Name,
            "long_name": getattr(zone, "LongName", None),
            "object_type": getattr(zone, "ObjectType", None),
            "predefined_type": getattr(zone, "PredefinedType", None),
            "step_id": zone.id(),
            "members": list(dict.fromkeys(keys[one.id()] for one in _expand(zone, members) if one.is_a("IfcSpace"))),
        }
        for zone in [*zones, *_by_type(model, "IfcSpatialZone")]
    ]


def describe_systems(model: Any, keys: Keys) -> list[dict[str, Any]]:
    """IfcSystem and its kinds, but zones, with the keys of their products."""
    members = _read_members(model)
    systems = [
        one for one in _by_type(model, "IfcSystem")
        if not one.is_a("IfcZone") and not one.is_a("IfcStructuralAnalysisModel")
    ]  # fmt: skip
    named = _name(systems)
    return [
        {
            "global_id": named[system.id()],
            "ifc_class": system.is_a(),
            "name": system.Name,
            "long_name": getattr(system, "LongName", None),
            "object_type": getattr(system, "ObjectType", None),
            "predefined_type": getattr(system, "PredefinedType", None),
            "members": list(dict.fromkeys(
                keys[one.id()] for one in _expand(system, members) if one.id() in keys and not one.is_a("IfcPort"))),
        }
        for system in systems
    ]  # fmt: skip


def describe_ports(model: Any, keys: Keys) -> list[dict[str, Any]]:
    """Ports with the element they are of, and what they are joined to."""
    owners: dict[int, Any] = {}
    for relation in _by_type(model, "IfcRelNests"):
        for part in relation.RelatedObjects or ():
            if part.is_a("IfcPort"):
                owners[part.id()] = relation.RelatingObject
    for relation in _by_type(model, "IfcRelConnectsPortToElement"):
        owners.setdefault(relation.RelatingPort.id(), relation.RelatedElement)
    joined: dict[int, Any] = {}
    for relation in _by_type(model, "IfcRelConnectsPorts"):
        joined[relation.RelatingPort.id()] = relation.RelatedPort
        joined[relation.RelatedPort.id()] = relation.RelatingPort
    ports: list[dict[str, Any]] = []
    for port in _by_type(model, "IfcPort"):
        other = joined.get(port.id())
        owner, far = owners.get(port.id()), owners.get(other.id()) if other is not None else None
        ports.append(
            {
                "global_id": keys[port.id()],
                "name": port.Name,
                "element_global_id": keys.get(owner.id()) if owner is not None else None,
                "flow_direction": getattr(port, "FlowDirection", None),
                "predefined_type": getattr(port, "PredefinedType", None),
                "system_type": getattr(port, "SystemType", None),
                "connected_port_global_id": keys.get(other.id()) if other is not None else None,
                "connected_element_global_id": keys.get(far.id()) if far is not None else None,
            }
        )
    return ports


def read_classifications(model: Any) -> dict[int, list[dict[str, Any]]]:
    """An object's or type's STEP number to the classes it bears, of whatever system."""
    found: dict[int, list[dict[str, Any]]] = {}
    for relation in _by_type(model, "IfcRelAssociatesClassification"):
        chosen = relation.RelatingClassification
        if chosen is None:
            continue
        described = _describe_class(chosen)
        for thing in relation.RelatedObjects or ():
            known = found.setdefault(thing.id(), [])
            if described not in known:
                known.append(described)
    return found


def _describe_class(chosen: Any) -> dict[str, Any]:
    system, edition = None, None
    up, steps = chosen, 0
    while up is not None and steps < MAX_CHAIN:
        if up.is_a("IfcClassification"):
            system, edition = up.Name, getattr(up, "Edition", None)
            break
        up, steps = getattr(up, "ReferencedSource", None), steps + 1
    if chosen.is_a("IfcClassification"):
        return {"system": system or "-", "edition": edition, "code": None, "title": None}
    if chosen.is_a("IfcClassificationNotation"):
        code = ".".join(facet.NotationValue for facet in chosen.NotationFacets or ())
        return {"system": "-", "edition": None, "code": code or None, "title": None}
    code = getattr(chosen, "Identification", None) or getattr(chosen, "ItemReference", None)
    return {
        # Who leaves the system out often gives its address.
        "system": system or getattr(chosen, "Location", None) or "-",
        "edition": edition,
        "code": code,
        "title": chosen.Name,
    }


def _read_members(model: Any) -> dict[int, list[Any]]:
    members: dict[int, list[Any]] = {}
    for relation in _by_type(model, "IfcRelAssignsToGroup"):
        if relation.RelatingGroup is not None:
            members.setdefault(relation.RelatingGroup.id(), []).extend(relation.RelatedObjects or ())
    return members


def _expand(group: Any, members: dict[int, list[Any]]) -> Iterator[Any]:
    """The members, and those of members that are groups; a ring of groups ends."""
    seen = {group.id()}
    waiting = list(reversed(members.get(group.id(), ())))
    while waiting:
        one = waiting.pop()
        if one.id() in members and one.id() not in seen:
            seen.add(one.id())
            waiting.extend(reversed(members[one.id()]))
        yield one


def _name(groups: list[Any]) -> Keys:
    seen: Counter[str] = Counter()
    named: Keys = {}
    for group in groups:
        global_id = group.GlobalId or "-"
        seen[global_id] += 1
        named[group.id()] = global_id if seen[global_id] == 1 else f"{global_id}~{seen[global_id]}"
    return named


def _by_type(model: Any, name: str) -> list[Any]:
    """In STEP order; none where the file's schema does not know the class."""
    try:
        return sorted(model.by_type(name), key=lambda one: one.id())
    except RuntimeError:
        return []
