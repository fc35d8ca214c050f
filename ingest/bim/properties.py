# SPDX-License-Identifier: Apache-2.0
"""Property sets and quantities, in one pass over the relations that give them; numbers in SI.

A set stands once, however many have it: elements name their sets by number. What a type gives its elements is marked,
and gives way, value by value, to what an element says itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

from ifcopenshell import ifcopenshell_wrapper

from ingest.bim.source_units import ContextUnits, SourceUnit

QUANTITY_UNITS: Final = {
    "IfcQuantityLength": "LENGTHUNIT",
    "IfcQuantityArea": "AREAUNIT",
    "IfcQuantityVolume": "VOLUMEUNIT",
    "IfcQuantityWeight": "MASSUNIT",
    "IfcQuantityTime": "TIMEUNIT",
}

_MEASURE: Final = re.compile(r"Ifc\w+Measure")

MAX_DEPTH: Final = 8
"""Complex properties hold properties; a file that nests them for ever is not followed for ever."""

Numbers = dict[str, int]
"""Set name to the number of its content in `PropertyCollector.contents`."""


class PropertyCollector:
    """The sets of every object and type. Contents are read once each, and told of by number."""

    def __init__(self, model: Any, units: ContextUnits) -> None:
        self._units = units
        self._schema: str = model.schema_identifier
        self._measures: dict[str, dict[str, str]] = {}
        self._numbers: dict[int, tuple[str, bool, int] | None] = {}
        self._merged: dict[tuple[int, int], int] = {}
        self._known: dict[bytes, int] = {}
        self.contents: list[dict[str, Any]] = []
        self.converted: list[dict[str, str] | None] = []
        """Beside each content: by name, the file's unit of what was converted."""
        self._own: dict[int, list[Any]] = {}
        self._types: dict[int, Any] = {}
        for relation in model.by_type("IfcRelDefinesByType"):
            if relation.RelatingType is not None:
                for thing in relation.RelatedObjects or ():
                    self._types[thing.id()] = relation.RelatingType
        for relation in model.by_type("IfcRelDefinesByProperties"):
            definition = relation.RelatingPropertyDefinition
            if definition is None:
                continue
            members = definition[0] if definition.is_a("IfcPropertySetDefinitionSet") else (definition,)
            for thing in relation.RelatedObjects or ():
                self._own.setdefault(thing.id(), []).extend(one for one in members or () if one is not None)

    @property
    def property_sets(self) -> Mapping[int, dict[str, dict[str, Any]]]:
        """An object's own property sets as they stand in the file, in the file's units."""
        return _VerbatimSets(self._own)

    def find_type(self, step_id: int) -> Any:
        """An object's type, None without one."""
        return self._types.get(step_id)

    def describe_type(self, element_type: Any) -> dict[str, Any]:
        """`property_sets` and `quantities` of a type."""
        sets: tuple[Numbers, Numbers] = ({}, {})
        self._gather(getattr(element_type, "HasPropertySets", None) or (), sets)
        return {"property_sets": sets[0], "quantities": sets[1]}

    def describe(self, step_id: int) -> dict[str, Any]:
        """`property_sets`, `quantities`, and what of them is the type's: `inherited`, by set, true or names."""
        own: tuple[Numbers, Numbers] = ({}, {})
        self._gather(self._own.get(step_id, ()), own)
        element_type = self._types.get(step_id)
        if element_type is None:
            return {"property_sets": own[0], "quantities": own[1], "inherited": None}
        given: tuple[Numbers, Numbers] = ({}, {})
        self._gather(getattr(element_type, "HasPropertySets", None) or (), given)
        inherited: dict[str, Any] = {}
        for mine, types in zip(own, given, strict=True):
            for name, number in types.items():
                if name not in mine:
                    mine[name] = number
                    inherited[name] = True
                    continue
                kept = [key for key in self.contents[number] if key not in self.contents[mine[name]]]
                if kept:
                    inherited[name] = kept
                    mine[name] = self._merge(number, mine[name])
        return {"property_sets": own[0], "quantities": own[1], "inherited": inherited or None}

    def _gather(self, definitions: Iterable[Any], sets: tuple[Numbers, Numbers]) -> None:
        for definition in definitions:
            read = self._read_once(definition) if definition is not None else None
            if read is None:
                continue
            name, is_quantity, number = read
            target = sets[is_quantity]
            target[name] = self._merge(target[name], number) if name in target else number

    def _merge(self, below: int, above: int) -> int:
        """The content in which `above` wins over `below`."""
        if below == above:
            return above
        key = (below, above)
        if key not in self._merged:
            units = {
                name: symbol for name, symbol in (self.converted[below] or {}).items()
                if name not in self.contents[above]
            } | (self.converted[above] or {})  # fmt: skip
            self._merged[key] = self._add({**self.contents[below], **self.contents[above]}, units)
        return self._merged[key]

    def _add(self, content: dict[str, Any], units: dict[str, str]) -> int:
        # Exporters write the same set once for each element that has it.
        digest = blake2b(repr((content, units)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        number = self._known.setdefault(digest, len(self.contents))
        if number == len(self.contents):
            self.contents.append(content)
            self.converted.append(units or None)
        return number

    def _read_once(self, definition: Any) -> tuple[str, bool, int] | None:
        key = definition.id()
        if key not in self._numbers:
            name = definition.Name or definition.is_a()
            units: dict[str, str] = {}
            is_quantity = definition.is_a("IfcElementQuantity")
            if is_quantity:
                content = self._read_quantities(definition.Quantities, units)
            elif definition.is_a("IfcPropertySet"):
                content = read_properties(definition.HasProperties, self._units, units)
            else:
                kind = definition.is_a()
                if kind not in self._measures:
                    self._measures[kind] = _list_measures(self._schema, kind)
                content = _read_fixed_set(definition, self._measures[kind], self._units, units)
            self._numbers[key] = (name, is_quantity, self._add(content, units)) if content else None
        return self._numbers[key]

    def _read_quantities(self, quantities: Any, units: dict[str, str], depth: int = 0) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for quantity in quantities or ():
            kind = quantity.is_a()
            name = quantity.Name or kind
            if kind == "IfcPhysicalComplexQuantity":
                if depth < MAX_DEPTH:
                    content[name] = self._read_quantities(quantity.HasQuantities, {}, depth + 1)
                continue
            value = quantity[3]
            if not isinstance(value, (int, float)) or not math.isfinite(value):
                continue
            unit = self._units.find(QUANTITY_UNITS.get(kind), quantity.Unit)
            content[name], symbol = self._units.convert(value, unit)
            if symbol:
                units[name] = symbol
        return content


class _VerbatimSets(Mapping[int, dict[str, dict[str, Any]]]):
    """Read when asked for, and of few: what places a model is written in units of its own."""

    def __init__(self, own: dict[int, list[Any]]) -> None:
        self._own = own

    def __getitem__(self, key: int) -> dict[str, dict[str, Any]]:
        return {
            definition.Name or definition.is_a(): read_properties(definition.HasProperties)
            for definition in self._own[key]
            if definition.is_a("IfcPropertySet")
        }

    def __iter__(self) -> Any:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)


def read_properties(
    properties: Any, context: ContextUnits | None = None, units: dict[str, str] | None = None, depth: int = 0
) -> dict[str, Any]:
    """Name to value for IfcProperty entities, JSON-able; in SI where a context of units is given.

    units: is told, by name, the file's unit of what was converted.
    """
    content: dict[str, Any] = {}
    for entry in properties or ():
        name = entry.Name or entry.is_a()
        told: list[str | None] = []

        def read(value: Any, own: Any = None, told: list[str | None] = told) -> Any:
            return _read_value(value, context, own, told)

        if entry.is_a("IfcPropertySingleValue"):
            content[name] = read(entry.NominalValue, entry.Unit)
        elif entry.is_a("IfcPropertyEnumeratedValue"):
            content[name] = [plain(value) for value in entry.EnumerationValues or ()]
        elif entry.is_a("IfcPropertyListValue"):
            content[name] = [read(value, entry.Unit) for value in entry.ListValues or ()]
        elif entry.is_a("IfcPropertyBoundedValue"):
            content[name] = {
                "lower": read(entry.LowerBoundValue, entry.Unit),
                "upper": read(entry.UpperBoundValue, entry.Unit),
            }
            if getattr(entry, "SetPointValue", None) is not None:
                content[name]["set_point"] = read(entry.SetPointValue, entry.Unit)
        elif entry.is_a("IfcPropertyTableValue"):
            content[name] = {
                "defining": [read(value, entry.DefiningUnit) for value in entry.DefiningValues or ()],
                "defined": [read(value, entry.DefinedUnit) for value in entry.DefinedValues or ()],
            }
        elif entry.is_a("IfcComplexProperty"):
            if depth < MAX_DEPTH:
                inner: dict[str, str] = {}
                content[name] = read_properties(entry.HasProperties, context, inner, depth + 1)
                if units is not None:
                    units.update({f"{name}.{key}": symbol for key, symbol in inner.items()})
        elif entry.is_a("IfcPropertyReferenceValue"):
            reference = entry.PropertyReference
            content[name] = None if reference is None else getattr(reference, "Name", None) or reference.is_a()
        symbols = [symbol for symbol in told if symbol]
        if units is not None and symbols:
            units[name] = symbols[0]
    return content


def _read_value(value: Any, context: ContextUnits | None, own: Any, told: list[str | None]) -> Any:
    if context is None or value is None:
        return plain(value)
    inner = getattr(value, "wrappedValue", None)
    if isinstance(inner, bool) or not isinstance(inner, (int, float)):
        return plain(value)
    unit: SourceUnit | None = context.find(context.find_kind(value.is_a()), own)
    converted, symbol = context.convert(inner, unit)
    told.append(symbol)
    return plain(converted)


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


def _read_fixed_set(
    definition: Any, kinds: Mapping[str, str], context: ContextUnits, units: dict[str, str]
) -> dict[str, Any]:
    """Sets that the schema itself spells out (a door's lining, …): their own attributes."""
    content: dict[str, Any] = {}
    skipped = {"id", "type", "GlobalId", "OwnerHistory", "Name", "Description"}
    for name, value in definition.get_info(recursive=False).items():
        if name in skipped or not isinstance(value, (str, int, float, bool)):
            continue
        kind = context.find_kind(kinds[name]) if name in kinds else None
        content[name], symbol = context.convert(plain(value), context.find(kind))
        if symbol:
            units[name] = symbol
    return content


def _list_measures(schema: str, ifc_class: str) -> dict[str, str]:
    """Attribute of a class to the measure that it is."""
    declared: Any = ifcopenshell_wrapper.schema_by_name(schema).declaration_by_name(ifc_class).as_entity()
    found = {one.name(): _MEASURE.search(str(one.type_of_attribute())) for one in declared.all_attributes()}
    return {name: measure[0] for name, measure in found.items() if measure}
