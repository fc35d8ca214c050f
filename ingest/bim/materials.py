# SPDX-License-Identifier: Apache-2.0
"""Materials as sets: layers with their thickness, profiles, parts. Each set stands once and has a number."""

from __future__ import annotations

from typing import Any, Final

from ingest.bim.source_units import ContextUnits, tidy

_USAGES: Final = ("ForLayerSet", "ForProfileSet")
_PARTS: Final = (
    ("MaterialLayers", "layer"),
    ("MaterialProfiles", "profile"),
    ("MaterialConstituents", "constituent"),
    ("Materials", "list"),
)


class MaterialCollector:
    """The material sets of a model, by number from 1, and who has which."""

    def __init__(self, model: Any, units: ContextUnits) -> None:
        length = units.find("LENGTHUNIT")
        self._metres = length.factor if length else 1.0
        self._numbers: dict[int, int] = {}
        self._of: dict[int, int] = {}
        self.sets: list[list[dict[str, Any]]] = []
        for relation in model.by_type("IfcRelAssociatesMaterial"):
            number = self._read(relation.RelatingMaterial)
            if number is not None:
                for thing in relation.RelatedObjects or ():
                    self._of[thing.id()] = number

    def find(self, step_id: int, type_id: int | None = None) -> int | None:
        """The number of an object's set, its type's where it has none."""
        return self._of.get(step_id, self._of.get(type_id) if type_id is not None else None)

    def _read(self, material: Any) -> int | None:
        for name in _USAGES:
            inner = getattr(material, name, None)
            material = inner if inner is not None else material
        if material is None:
            return None
        if material.id() not in self._numbers:
            self.sets.append(self._list_parts(material))
            self._numbers[material.id()] = len(self.sets)
        return self._numbers[material.id()]

    def _list_parts(self, material: Any) -> list[dict[str, Any]]:
        set_name = getattr(material, "LayerSetName", None) or getattr(material, "Name", None)
        for attribute, kind in _PARTS:
            parts = getattr(material, attribute, None)
            if parts:
                return [self._describe(part, kind, set_name) for part in parts if part is not None]
        # A set's part that is named by itself is a set of one.
        for attribute, kind in (("LayerThickness", "layer"), ("Profile", "profile"), ("Fraction", "constituent")):
            if hasattr(material, attribute):
                return [self._describe(material, kind, None)]
        return [self._describe(material, "single", None)]

    def _describe(self, part: Any, kind: str, set_name: str | None) -> dict[str, Any]:
        material = part if part.is_a("IfcMaterial") else getattr(part, "Material", None)
        thickness = getattr(part, "LayerThickness", None)
        profile = getattr(part, "Profile", None)
        ventilated = getattr(part, "IsVentilated", None)
        return {
            "kind": kind,
            "set_name": set_name,
            "material": material.Name if material is not None else getattr(part, "Name", None),
            "category": getattr(part, "Category", None) or getattr(material, "Category", None),
            "thickness": tidy(thickness * self._metres) if isinstance(thickness, (int, float)) else None,
            "fraction": getattr(part, "Fraction", None),
            "profile": getattr(profile, "ProfileName", None),
            "is_ventilated": ventilated if isinstance(ventilated, bool) else None,
        }
