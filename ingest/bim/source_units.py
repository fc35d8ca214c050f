# SPDX-License-Identifier: Apache-2.0
"""Values of properties in SI, with the unit they had in the file.

Angles become radians, shares 0 to 1, temperatures in degrees Fahrenheit kelvin; degrees Celsius, an SI unit too, stay.
A measure for which the file names no unit stays as it is: nothing says what it would be converted from.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

from ifcopenshell.util.unit import get_unit_symbol

from ingest.bim.units import find_unit_factor

_QUALIFIERS: Final = re.compile("^(?:NonNegative|Positive|Negative|Normalised)")
_SHARES: Final = frozenset({"RATIO", "COUNT", "NUMERIC"})
_PERCENT: Final = re.compile(r"(?i)^\s*(%|percent(age)?|per ?cent|百分比|百分之)\s*$")
_POWERS: Final = {"AREAUNIT": 2, "VOLUMEUNIT": 3}


@dataclass(frozen=True)
class SourceUnit:
    """A file's unit: SI value = value * factor + offset."""

    symbol: str
    factor: float
    offset: float = 0.0

    @property
    def is_si(self) -> bool:
        """Whether a value in it stays as it is."""
        return self.factor == 1.0 and self.offset == 0.0


class ContextUnits:
    """The units that a project declares, by kind, and what a measure is in."""

    def __init__(self, project: Any) -> None:
        self._units: dict[str, SourceUnit] = {}
        self._own: dict[int, SourceUnit | None] = {}
        self._kinds: dict[str, str | None] = {}
        assignment = getattr(project, "UnitsInContext", None)
        for unit in (assignment.Units if assignment else None) or ():
            kind = getattr(unit, "UnitType", None)
            if kind and (read := read_unit(unit)) is not None:
                self._units.setdefault(str(kind), read)
        length = self._units.get("LENGTHUNIT")
        for kind, power in _POWERS.items():
            if length is not None:
                self._units.setdefault(kind, SourceUnit(f"{length.symbol}{power}", length.factor**power))

    def find(self, kind: str | None, own: Any = None) -> SourceUnit | None:
        """The unit of a value: its own, else the project's for its kind; None where there is none."""
        if own is not None:
            key = own.id()
            if key not in self._own:
                self._own[key] = read_unit(own)
            return self._own[key]
        return self._units.get(kind) if kind else None

    def find_kind(self, measure_class: str) -> str | None:
        """`LENGTHUNIT` for `IfcPositiveLengthMeasure`, and so on; None for what has no unit."""
        if measure_class not in self._kinds:
            stem = measure_class.removeprefix("Ifc")
            is_measure = stem.endswith("Measure")
            stem = _QUALIFIERS.sub("", stem.removesuffix("Measure")).upper()
            self._kinds[measure_class] = f"{stem}UNIT" if is_measure and stem not in _SHARES else None
        return self._kinds[measure_class]

    def convert(self, value: Any, unit: SourceUnit | None) -> tuple[Any, str | None]:
        """A number in SI and the symbol of its unit in the file, None where that was SI; anything else as it is."""
        if unit is None or unit.is_si or isinstance(value, bool) or not isinstance(value, (int, float)):
            return value, None
        return tidy(value * unit.factor + unit.offset), unit.symbol


def read_unit(unit: Any) -> SourceUnit | None:
    """One IfcUnit; None when it cannot be known."""
    if unit.is_a("IfcContextDependentUnit"):
        return SourceUnit(unit.Name, 0.01) if _PERCENT.match(unit.Name or "") else None
    if unit.is_a("IfcMonetaryUnit"):
        return None
    factor = find_unit_factor(unit)
    if factor is None or not math.isfinite(factor) or factor == 0:
        return None
    offset = getattr(unit, "ConversionOffset", None)
    return SourceUnit(_name_unit(unit), factor, float(offset) if isinstance(offset, (int, float)) else 0.0)


def tidy(value: float) -> float:
    """Without the noise of the last digits that a conversion adds: 2400 mm are 2.4 m."""
    return float(f"{value:.14g}") if math.isfinite(value) else value


def _name_unit(unit: Any) -> str:
    if unit.is_a("IfcConversionBasedUnit"):
        return str(unit.Name or "?")
    try:
        return str(get_unit_symbol(unit))
    except Exception:
        return str(getattr(unit, "Name", None) or unit.is_a())
