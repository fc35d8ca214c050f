# SPDX-License-Identifier: Apache-2.0
"""Factors from a file's units to SI."""

from __future__ import annotations

from typing import Any, Final

PREFIXES: Final = {
    "EXA": 1e18, "PETA": 1e15, "TERA": 1e12, "GIGA": 1e9, "MEGA": 1e6, "KILO": 1e3, "HECTO": 1e2,
    "DECA": 1e1, "DECI": 1e-1, "CENTI": 1e-2, "MILLI": 1e-3, "MICRO": 1e-6, "NANO": 1e-9, "PICO": 1e-12,
    "FEMTO": 1e-15, "ATTO": 1e-18,
}  # fmt: skip

_POWERS: Final = {"SQUARE_METRE": 2, "CUBIC_METRE": 3}


def find_unit_factor(unit: Any) -> float | None:
    """Factor of one IfcNamedUnit or IfcDerivedUnit to SI (mass in kg); None when it cannot be known."""
    if unit is None:
        return None
    if unit.is_a("IfcSIUnit"):
        factor = PREFIXES.get(unit.Prefix or "", 1.0) ** _POWERS.get(unit.Name, 1)
        return factor * 1e-3 if unit.Name == "GRAM" else factor
    if unit.is_a("IfcConversionBasedUnit"):
        measure = unit.ConversionFactor
        inner = find_unit_factor(measure.UnitComponent) if measure else None
        value = getattr(measure.ValueComponent, "wrappedValue", None) if measure else None
        return float(value) * inner if inner is not None and isinstance(value, (int, float)) else None
    if unit.is_a("IfcDerivedUnit"):
        product = 1.0
        for part in unit.Elements or ():
            factor = find_unit_factor(part.Unit)
            if factor is None:
                return None
            product *= factor**part.Exponent
        return product
    return None


class UnitFactors:
    """The project's own units, by kind: `LENGTHUNIT`, `AREAUNIT`, `VOLUMEUNIT`, `MASSUNIT`, …"""

    def __init__(self, project: Any) -> None:
        self._factors: dict[str, float] = {}
        assignment = getattr(project, "UnitsInContext", None)
        for unit in (assignment.Units if assignment else None) or ():
            kind = getattr(unit, "UnitType", None)
            factor = find_unit_factor(unit)
            if kind and factor:
                self._factors.setdefault(str(kind), factor)

    @property
    def length(self) -> float:
        """Metres in one length unit of the project."""
        return self._factors.get("LENGTHUNIT", 1.0)

    def factor(self, kind: str) -> float:
        """The factor to SI; areas and volumes without a unit of their own follow the length."""
        fallback = {"AREAUNIT": self.length**2, "VOLUMEUNIT": self.length**3}.get(kind, 1.0)
        return self._factors.get(kind, fallback)
