# SPDX-License-Identifier: Apache-2.0
"""What a file says about its place on Earth, collected without judging it; JSON-able."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from ingest.bim.placements import PlacementReader, find_middle
from ingest.bim.properties import PropertyCollector, plain
from ingest.bim.units import UnitFactors, find_unit_factor

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
        "operations": _read_operations(model) or _read_epsets(project, model, properties),
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


def _read_operations(model: Any) -> list[dict[str, Any]]:
    try:
        operations = model.by_type("IfcCoordinateOperation")
    except RuntimeError:
        return []
    described: list[dict[str, Any]] = []
    for operation in operations:
        facts = {"kind": operation.is_a(), **_read_target(model, operation.TargetCRS)}
        if operation.is_a("IfcMapConversion"):
            facts |= {
                "eastings": operation.Eastings,
                "northings": operation.Northings,
                "height": operation.OrthogonalHeight,
                "abscissa": operation.XAxisAbscissa,
                "ordinate": operation.XAxisOrdinate,
                "scale": operation.Scale,
                "factors": [getattr(operation, name, None) or 1.0 for name in ("FactorX", "FactorY", "FactorZ")],
            }
        elif operation.is_a("IfcRigidOperation"):
            first = operation.FirstCoordinate
            facts |= {
                "eastings": plain(first),
                "northings": plain(operation.SecondCoordinate),
                "height": operation.Height,
                "is_angular": bool(first is not None and first.is_a("IfcPlaneAngleMeasure")),
            }
        described.append(facts)
    return described


def _read_target(model: Any, target: Any) -> dict[str, Any]:
    if target is None:
        return {"crs_name": None, "crs_wkt": None, "map_unit": None}
    wkt = None
    if "ADD2" in model.schema_identifier:
        for text in model.by_type("IfcWellKnownText"):
            if text.CoordinateReferenceSystem is not None and text.CoordinateReferenceSystem == target:
                wkt = text.WellKnownText
    return {
        "crs_name": target.Name,
        "crs_wkt": wkt,
        "map_unit": find_unit_factor(getattr(target, "MapUnit", None)),
        "vertical_datum": target.VerticalDatum,
    }


def _read_epsets(project: Any, model: Any, properties: PropertyCollector) -> list[dict[str, Any]]:
    """ePset_MapConversion and ePset_ProjectedCRS: the agreed way to say it in IFC2X3, in any spelling."""
    for thing in (*model.by_type("IfcSite"), project):
        sets = {name.lower(): values for name, values in properties.property_sets.get(thing.id(), {}).items()}
        conversion = sets.get("epset_mapconversion")
        if not conversion:
            continue
        crs = sets.get("epset_projectedcrs", {})
        return [
            {
                "kind": "ePset_MapConversion",
                "eastings": _number(conversion.get("Eastings")),
                "northings": _number(conversion.get("Northings")),
                "height": _number(conversion.get("OrthogonalHeight")),
                "abscissa": _number(conversion.get("XAxisAbscissa")),
                "ordinate": _number(conversion.get("XAxisOrdinate")),
                "scale": _number(conversion.get("Scale")),
                "crs_name": crs.get("Name") or conversion.get("TargetCRS"),
                "crs_wkt": None,
                "map_unit": None,
                "vertical_datum": crs.get("VerticalDatum"),
            }
        ]
    return []


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
