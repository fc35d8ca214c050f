# SPDX-License-Identifier: Apache-2.0
"""Property sets as they stand and quantities in SI, in one pass over the relations that give them."""

from __future__ import annotations

import math
from typing import Any, Final

from ingest.bim.units import UnitFactors, find_unit_factor

QUANTITY_UNITS: Final = {
    "IfcQuantityLength": "LENGTHUNIT",
    "IfcQuantityArea": "AREAUNIT",
    "IfcQuantityVolume": "VOLUMEUNIT",
    "IfcQuantityWeight": "MASSUNIT",
    "IfcQuantityTime": "TIMEUNIT",
}

MAX_DEPTH: Final = 8
"""Complex properties hold properties; a file that nests them for ever is not followed for ever."""

Sets = dict[str, dict[str, Any]]


class PropertyCollector:
    """Property sets and quantities of every object, the type's below the object's own."""

    def __init__(self, model: Any, units: UnitFactors) -> None:
        self._units = units
        self._read: dict[int, tuple[str, bool, dict[str, Any]]] = {}
        self.property_sets: dict[int, Sets] = {}
        self.quantities: dict[int, Sets] = {}
        for relation in model.by_type("IfcRelDefinesByType"):
            definitions = getattr(relation.RelatingType, "HasPropertySets", None) or ()
            self._assign(definitions, relation.RelatedObjects)
        for relation in model.by_type("IfcRelDefinesByProperties"):
            definition = relation.RelatingPropertyDefinition
            if definition is None:
                continue
            members = definition[0] if definition.is_a("IfcPropertySetDefinitionSet") else (definition,)
            self._assign(members, relation.RelatedObjects)

    def _assign(self, definitions: Any, objects: Any) -> None:
        for definition in definitions or ():
            if definition is None:
                continue
            name, is_quantity, values = self._read_once(definition)
            if not values:
                continue
            target = self.quantities if is_quantity else self.property_sets
            for thing in objects or ():
                sets = target.setdefault(thing.id(), {})
                # What the object says itself comes later and wins, value by value.
                sets[name] = {**sets[name], **values} if name in sets else values

    def _read_once(self, definition: Any) -> tuple[str, bool, dict[str, Any]]:
        key = definition.id()
        if key not in self._read:
            name = definition.Name or definition.is_a()
            if definition.is_a("IfcElementQuantity"):
                content = self._read_quantities(definition.Quantities)
                self._read[key] = (name, True, content)
            elif definition.is_a("IfcPropertySet"):
                self._read[key] = (name, False, read_properties(definition.HasProperties))
            else:
                self._read[key] = (name, False, _read_fixed_set(definition))
        return self._read[key]

    def _read_quantities(self, quantities: Any, depth: int = 0) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for quantity in quantities or ():
            kind = quantity.is_a()
            if kind == "IfcPhysicalComplexQuantity":
                if depth < MAX_DEPTH:
                    content[quantity.Name or kind] = self._read_quantities(quantity.HasQuantities, depth + 1)
                continue
            value = quantity[3]
            if not isinstance(value, (int, float)) or not math.isfinite(value):
                continue
            unit_kind = QUANTITY_UNITS.get(kind)
            own = find_unit_factor(quantity.Unit)
            factor = own if own is not None else self._units.factor(unit_kind) if unit_kind else 1.0
            content[quantity.Name or kind] = value * factor
        return content


def read_properties(properties: Any, depth: int = 0) -> dict[str, Any]:
    """Name to value for IfcProperty entities, JSON-able."""
    content: dict[str, Any] = {}
    for entry in properties or ():
        name = entry.Name or entry.is_a()
        if entry.is_a("IfcPropertySingleValue"):
            content[name] = plain(entry.NominalValue)
        elif entry.is_a("IfcPropertyEnumeratedValue"):
            content[name] = [plain(value) for value in entry.EnumerationValues or ()]
        elif entry.is_a("IfcPropertyListValue"):
            content[name] = [plain(value) for value in entry.ListValues or ()]
        elif entry.is_a("IfcPropertyBoundedValue"):
            content[name] = {
                "lower": plain(entry.LowerBoundValue),
                "upper": plain(entry.UpperBoundValue),
            }
        elif entry.is_a("IfcPropertyTableValue"):
            content[name] = {
                "defining": [plain(value) for value in entry.DefiningValues or ()],
                "defined": [plain(value) for value in entry.DefinedValues or ()],
            }
        elif entry.is_a("IfcComplexProperty"):
            if depth < MAX_DEPTH:
                content[name] = read_properties(entry.HasProperties, depth + 1)
        elif entry.is_a("IfcPropertyReferenceValue"):
            reference = entry.PropertyReference
            content[name] = None if reference is None else getattr(reference, "Name", None) or reference.is_a()
    return content


def plain(value: Any) -> Any:
    """A measure, select or list as JSON can say it; infinities and NaN are None."""
    inner = getattr(value, "wrappedValue", value)
    if isinstance(inner, float):
        return inner if math.isfinite(inner) else None
    if isinstance(inner, (str, int, bool)) or inner is None:
        return inner
    if isinstance(inner, (tuple, list)):
        return [plain(part) for part in inner]
    return str(inner)


def _read_fixed_set(definition: Any) -> dict[str, Any]:
    """Sets that the schema itself spells out (a door's lining, …): their own attributes."""
    attributes = definition.get_info(recursive=False)
    skipped = {"id", "type", "GlobalId", "OwnerHistory", "Name", "Description"}
    return {
        name: plain(value)
        for name, value in attributes.items()
        if name not in skipped and isinstance(value, (str, int, float, bool))
    }
