# SPDX-License-Identifier: Apache-2.0
"""The spatial tree: what everything is part of, and the storey, space and building that it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

BUILDINGS: Final = ("IfcBuilding", "IfcFacility", "IfcFacilityPart")
"""Classes of what a storey belongs to; a schema that does not know one has none of it."""

MAX_TREE_DEPTH: Final = 64


@dataclass(frozen=True)
class SpatialPlace:
    """The nearest of each above a thing, the storey and the building itself included; entities or None."""

    storey: Any = None
    space: Any = None
    building: Any = None


class SpatialTree:
    """Parents by the file's relations: containment before aggregation before what fills a host."""

    def __init__(self, model: Any) -> None:
        self._parents = _read_parents(model)
        self._places: dict[int, SpatialPlace] = {}

    def find_parent(self, step_id: int) -> tuple[Any, str | None]:
        """The parent and the verb that joins them; both None at the root."""
        return self._parents.get(step_id, (None, None))

    def find_place(self, thing: Any) -> SpatialPlace:
        """Where a thing stands. A space is in no space of its own; a ring of parents is left after a while."""
        above = self._place_below(self.find_parent(thing.id())[0])
        return _step(thing, above, is_self=True)

    def _place_below(self, parent: Any) -> SpatialPlace:
        """The place of the children of `parent`."""
        path: list[Any] = []
        while parent is not None and parent.id() not in self._places and len(path) < MAX_TREE_DEPTH:
            path.append(parent)
            parent = self.find_parent(parent.id())[0]
        place = self._places.get(parent.id(), SpatialPlace()) if parent is not None else SpatialPlace()
        for one in reversed(path):
            place = self._places[one.id()] = _step(one, place, is_self=False)
        return place


def _step(thing: Any, above: SpatialPlace, *, is_self: bool) -> SpatialPlace:
    if thing.is_a("IfcBuildingStorey"):
        return SpatialPlace(thing, above.space, above.building)
    if thing.is_a("IfcSpace") and not is_self:
        return SpatialPlace(above.storey, thing, above.building)
    if thing.is_a("IfcBuilding") or _is_facility(thing):
        return SpatialPlace(above.storey, above.space, thing)
    return above


def _is_facility(thing: Any) -> bool:
    try:
        return bool(thing.is_a("IfcFacility"))
    except RuntimeError:
        return False


def _read_parents(model: Any) -> dict[int, tuple[Any, str]]:
    parents: dict[int, tuple[Any, str]] = {}
    hosts: dict[int, Any] = {}
    for relation in model.by_type("IfcRelContainedInSpatialStructure"):
        for child in relation.RelatedElements or ():
            parents.setdefault(child.id(), (relation.RelatingStructure, "contains"))
    for kind, verb in (("IfcRelAggregates", "aggregates"), ("IfcRelNests", "nests")):
        for relation in model.by_type(kind):
            for child in relation.RelatedObjects or ():
                parents.setdefault(child.id(), (relation.RelatingObject, verb))
    for relation in model.by_type("IfcRelVoidsElement"):
        opening = relation.RelatedOpeningElement
        hosts[opening.id()] = relation.RelatingBuildingElement
        parents.setdefault(opening.id(), (relation.RelatingBuildingElement, "voids"))
    for relation in model.by_type("IfcRelFillsElement"):
        host = hosts.get(relation.RelatingOpeningElement.id())
        if host is not None:
            parents.setdefault(relation.RelatedBuildingElement.id(), (host, "fills"))
    return {child: (parent, verb) for child, (parent, verb) in parents.items() if parent is not None}
