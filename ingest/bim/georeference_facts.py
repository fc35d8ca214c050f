# SPDX-License-Identifier: Apache-2.0
"""What a file says about its place on Earth, collected without judging it; JSON-able."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ingest.bim.placements import PlacementReader, find_middle
from ingest.bim.properties import PropertyCollector, plain
from ingest.bim.units import UnitFactors, find_unit_factor

_MAP_UNITS: Final = {
    "metre": 1.0,
    "meter": 1.0,
    "m": 1.0,
    "millimetre": 0.001,
    "millimeter": 0.001,
    "mm": 0.001,
    "foot": 0.3048,
    "ussurveyfoot": 1200 / 3937,
}

ANCHOR_REACH: Final = 1000.0
"""Metres: a building's origin further than this from what is built is no anchor for it."""


def read_georeference_facts(
    model: Any,
    project: Any,
    products: list[Any],
    properties: PropertyCollector,
    placements: PlacementReader,
    units: UnitFactors,
) -> dict[str, Any]:
    """`metres_per_unit`, `true_north`, `operations`, `sites`, `middle` and `anchor` (metres).

    products: those whose middle is the model's, which are the ones to be seen.
    """
    middle = find_middle(products, placements, units.length)
    return {
        "metres_per_unit": units.length,
        "true_north": _read_true_north(model),
        "operations": _read_operations(model, project) or _read_epsets(project, model, properties),
        "sites": [_read_site(site, placements, units.length) for site in model.by_type("IfcSite")],
        "middle": middle.tolist(),
        "anchor": _choose_anchor(model, placements, middle),
    }


def _choose_anchor(model: Any, placements: PlacementReader, middle: Any) -> list[float]:
    """The building's origin, so that a next version with an annex stays in place; else the middle."""
    for kind in ("IfcBuilding", "IfcSite"):
        for thing in model.by_type(kind):
            origin = placements.read_origin(thing)
            if float(np.linalg.norm(origin[:2] - middle[:2])) <= ANCHOR_REACH:
                return origin.tolist()
    return np.round(middle).tolist()


def _read_true_north(model: Any) -> list[float] | None:
    for context in model.by_type("IfcGeometricRepresentationContext", include_subtypes=False):
        north = context.TrueNorth
        if north is not None and (context.ContextType or "Model") == "Model":
            ratios = [float(value) for value in north.DirectionRatios[:2]]
            if len(ratios) == 2 and math.hypot(*ratios) > 0:
                return ratios
    return None


def _read_operations(model: Any, project: Any) -> list[dict[str, Any]]:
    try:
        operations = model.by_type("IfcCoordinateOperation")
    except RuntimeError:
        return []
    angle = UnitFactors(project).factor("PLANEANGLEUNIT")
    described: list[dict[str, Any]] = []
    for operation in sorted(operations, key=lambda one: one.id()):
        facts = {"kind": operation.is_a(), **_read_target(model, getattr(operation, "TargetCRS", None))}
        if operation.is_a("IfcMapConversion"):
            facts |= {
                "eastings": operation.Eastings,
                "northings": operation.Northings,
                "height": operation.OrthogonalHeight,
                "abscissa": operation.XAxisAbscissa,
                "ordinate": operation.XAxisOrdinate,
                "scale": operation.Scale,
                "factors": [getattr(operation, name, None) for name in ("FactorX", "FactorY", "FactorZ")],
            }
        elif operation.is_a("IfcRigidOperation"):
            first, second = operation.FirstCoordinate, operation.SecondCoordinate
            kinds = [one.is_a() if one is not None else None for one in (first, second)]
            facts |= {
                "eastings": plain(first),
                "northings": plain(second),
                "height": operation.Height,
                "measures": kinds,
                "radians": [_times(plain(one), angle) for one in (first, second)],
            }
        described.append(facts)
    return described


def _times(value: Any, factor: float) -> float | None:
    return value * factor if isinstance(value, (int, float)) and math.isfinite(value) else None


def _read_target(model: Any, target: Any) -> dict[str, Any]:
    if target is None:
        return {"crs_name": None, "crs_wkt": None, "map_unit": None}
    wkt = None
    # Only the newest schema has it.
    if "ADD2" in model.schema_identifier:
        for text in model.by_type("IfcWellKnownText"):
            if text.CoordinateReferenceSystem is not None and text.CoordinateReferenceSystem == target:
                wkt = text.WellKnownText
    return {
        "crs_name": target.Name,
        "crs_wkt": wkt,
        "map_unit": find_unit_factor(getattr(target, "MapUnit", None)),
        "vertical_datum": getattr(target, "VerticalDatum", None),
        "is_geographic": target.is_a() == "IfcGeographicCRS",
    }


def _read_epsets(project: Any, model: Any, properties: PropertyCollector) -> list[dict[str, Any]]:
    """ePset_MapConversion and ePset_ProjectedCRS: the agreed way to say it in IFC2X3, in any spelling.

    One for every site, building or project that has it; the reader of these facts minds when they differ.
    """
    described: list[dict[str, Any]] = []
    for thing in (*model.by_type("IfcSite"), *model.by_type("IfcBuilding"), project):
        sets = {
            _fold(name): {_fold(key): value for key, value in values.items()}
            for name, values in properties.property_sets.get(thing.id(), {}).items()
        }
        conversion = sets.get("epsetmapconversion")
        if not conversion:
            continue
        crs = sets.get("epsetprojectedcrs", {})
        described.append(
            {
                "kind": "ePset_MapConversion",
                "eastings": _number(conversion.get("eastings")),
                "northings": _number(conversion.get("northings")),
                "height": _number(conversion.get("orthogonalheight")),
                "abscissa": _number(conversion.get("xaxisabscissa")),
                "ordinate": _number(conversion.get("xaxisordinate")),
                "scale": _number(conversion.get("scale")),
                "crs_name": crs.get("name") or conversion.get("targetcrs"),
                "crs_wkt": None,
                "map_unit": _MAP_UNITS.get(_fold(str(crs.get("mapunit") or ""))),
                "vertical_datum": crs.get("verticaldatum"),
                "is_geographic": False,
            }
        )
    return described


def _fold(name: str) -> str:
    """A name without its case and what stands between its words."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _read_site(site: Any, placements: PlacementReader, metres_per_unit: float) -> dict[str, Any]:
    elevation = site.RefElevation
    return {
        "latitude": _degrees(site.RefLatitude),
        "longitude": _degrees(site.RefLongitude),
        "elevation": elevation * metres_per_unit if isinstance(elevation, (int, float)) else None,
        "origin": placements.read_origin(site).tolist(),
    }


def _degrees(parts: Any) -> float | None:
    """IfcCompoundPlaneAngleMeasure: degrees, minutes, seconds, millionths, all of one sign."""
    if not isinstance(parts, tuple) or len(parts) < 3:
        return None
    numbers = [abs(float(part)) for part in parts]
    value = numbers[0] + numbers[1] / 60 + numbers[2] / 3600
    if len(numbers) > 3:
        value += numbers[3] / 3.6e9
    return -value if any(part < 0 for part in parts) else value


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
