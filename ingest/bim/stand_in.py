# SPDX-License-Identifier: Apache-2.0
"""The box around a product, read out of its representation's numbers: for shapes that no kernel gets done."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.bim.placements import PlacementReader

MAX_ENTITIES: Final = 50_000
MAX_DEPTH: Final = 24
SHAPES: Final = ("Body", "Facetation", "Body-FallBack", "Surface", "Terrain", "Box", None, "")

BOX_TRIANGLES: Final = np.array(
    [
        [0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
        [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5],
    ]
)  # fmt: skip
"""Over corners whose number has the bits x, y, z."""

_CORNERS: Final = np.array([[number & 1, number >> 1 & 1, number >> 2 & 1] for number in range(8)], dtype=np.float64)

Points = NDArray[np.float64]


def find_box(product: Any, metres_per_unit: float) -> Points | None:
    """Its eight corners (8, 3) in the model's metres, turned as the product is; None when no extent can be told."""
    walker = _Walker()
    shapes = (product.Representation.Representations or ()) if product.Representation is not None else ()
    found = [
        points
        for shape in shapes
        if shape.RepresentationIdentifier in SHAPES
        for item in shape.Items or ()
        if (points := walker.walk(item, 0)) is not None
    ]
    finite = [points[np.isfinite(points).all(axis=1)] for points in found]
    local = np.concatenate(finite) if finite else np.zeros((0, 3))
    if len(local) < 2:
        return None
    low, high = local.min(axis=0), local.max(axis=0)
    if not float((high - low).max()) > 0:
        return None
    matrix = PlacementReader(metres_per_unit).read(product.ObjectPlacement)
    corners = (low + _CORNERS * (high - low)) * metres_per_unit
    return corners @ matrix[:3, :3].T + matrix[:3, 3]


class _Walker:
    """Points of representation items (n, 3), in the units and axes of the item's owner."""

    def __init__(self) -> None:
        self._left = MAX_ENTITIES
        self._known: dict[str, Callable[[Any, int], Points | None]] = {
            "IfcMappedItem": self._map,
            "IfcBooleanResult": lambda item, depth: self.walk(item.FirstOperand, depth + 1),
            "IfcCsgSolid": lambda item, depth: self.walk(item.TreeRootExpression, depth + 1),
            "IfcExtrudedAreaSolid": self._extrude,
            "IfcSweptDiskSolid": self._sweep_disk,
            "IfcBoundingBox": self._read_box,
            "IfcSphere": lambda item, _: _place(_cube(item.Radius, item.Radius, item.Radius), item.Position),
            "IfcBlock": lambda item, _: _place(_span(item.XLength, item.YLength, item.ZLength), item.Position),
        }

    def walk(self, item: Any, depth: int) -> Points | None:
        """None where nothing is found, and where a file leads round in circles."""
        self._left -= 1
        if item is None or depth > MAX_DEPTH or self._left < 0:
            return None
        for name, read in self._known.items():
            if item.is_a(name):
                try:
                    return read(item, depth)
                except (AttributeError, TypeError, ValueError, RuntimeError):
                    return None
        return self._collect(item, depth)

    def _collect(self, item: Any, depth: int) -> Points | None:
        """All 3D points below an entity that has none of the shapes above."""
        if item.is_a("IfcCartesianPoint"):
            values = item.Coordinates
            return np.array([values], dtype=np.float64) if values is not None and len(values) == 3 else None
        if item.is_a("IfcCartesianPointList3D"):
            return np.array(item.CoordList or (), dtype=np.float64).reshape(-1, 3)
        if item.is_a("IfcPlacement") or item.is_a("IfcDirection"):
            return None
        found: list[Points] = []
        for value in item:
            for part in value if isinstance(value, tuple) else (value,):
                if hasattr(part, "is_a") and part.id() and (points := self.walk(part, depth + 1)) is not None:
                    found.append(points)
        return np.concatenate(found) if found else None

    def _map(self, item: Any, depth: int) -> Points | None:
        source = item.MappingSource
        found = [
            points
            for inner in source.MappedRepresentation.Items or ()
            if (points := self.walk(inner, depth + 1)) is not None
        ]
        if not found:
            return None
        points = np.concatenate(found)
        origin = _read_axes(source.MappingOrigin)
        # The map's own origin is where its target puts it.
        points = (points - origin[:3, 3]) @ origin[:3, :3]
        return _transform(points, _read_operator(item.MappingTarget))

    def _extrude(self, item: Any, depth: int) -> Points | None:
        profile = self._outline(item.SweptArea, depth)
        if profile is None:
            return None
        direction = np.array(item.ExtrudedDirection.DirectionRatios, dtype=np.float64)
        direction *= float(item.Depth) / (float(np.linalg.norm(direction)) or 1.0)
        flat = np.column_stack([profile, np.zeros(len(profile))])
        return _place(np.concatenate([flat, flat + direction]), item.Position)

    def _outline(self, profile: Any, depth: int) -> Points | None:
        """Points (n, 2) around a profile."""
        if profile.is_a("IfcArbitraryClosedProfileDef") or profile.is_a("IfcArbitraryOpenProfileDef"):
            curve = profile.OuterCurve if profile.is_a("IfcArbitraryClosedProfileDef") else profile.Curve
            return self._collect_flat(curve, depth + 1)
        if profile.is_a("IfcDerivedProfileDef"):
            return self._outline(profile.ParentProfile, depth + 1) if depth < MAX_DEPTH else None
        width = next((float(v) for n in ("XDim", "OverallWidth", "FlangeWidth", "Width") if (v := _get(profile, n))), 0)
        height = next((float(v) for n in ("YDim", "OverallDepth", "Depth") if (v := _get(profile, n))), 0.0)
        radius = next((float(v) for n in ("Radius", "SemiAxis1") if (v := _get(profile, n))), 0.0)
        width, height = width or height or 2 * radius, height or width or 2 * radius
        if not width:
            return None
        corners = (_CORNERS[:4, :2] - 0.5) * (width, height)
        position = _get(profile, "Position")
        if position is None:
            return corners
        turned = position.RefDirection.DirectionRatios if position.RefDirection is not None else (1.0, 0.0)
        x, y = np.array(turned[:2], dtype=np.float64) / (math.hypot(*turned[:2]) or 1.0)
        return corners @ np.array([[x, y], [-y, x]]) + np.array(position.Location.Coordinates[:2], dtype=np.float64)

    def _collect_flat(self, curve: Any, depth: int) -> Points | None:
        self._left -= 1
        if curve is None or depth > MAX_DEPTH or self._left < 0:
            return None
        if curve.is_a("IfcCartesianPoint"):
            return np.array([curve.Coordinates[:2]], dtype=np.float64)
        if curve.is_a("IfcCartesianPointList2D"):
            return np.array(curve.CoordList or (), dtype=np.float64).reshape(-1, 2)
        if curve.is_a("IfcTrimmedCurve"):
            # A small arc of a large circle: its ends tell more than the circle.
            ends = [end for end in (*curve.Trim1, *curve.Trim2) if end.is_a("IfcCartesianPoint")]
            if ends:
                return np.array([end.Coordinates[:2] for end in ends], dtype=np.float64)
            return self._collect_flat(curve.BasisCurve, depth + 1)
        if curve.is_a("IfcConic"):
            centre = np.array(curve.Position.Location.Coordinates[:2], dtype=np.float64)
            radius = float(_get(curve, "Radius") or max(curve.SemiAxis1, curve.SemiAxis2))
            return centre + (_CORNERS[:4, :2] * 2 - 1) * radius
        found: list[Points] = []
        for value in curve:
            for part in value if isinstance(value, tuple) else (value,):
                if hasattr(part, "is_a") and part.id() and not part.is_a("IfcDirection"):
                    points = self._collect_flat(part, depth + 1)
                    if points is not None:
                        found.append(points)
        return np.concatenate(found) if found else None

    def _sweep_disk(self, item: Any, depth: int) -> Points | None:
        points = self.walk(item.Directrix, depth + 1)
        if points is None:
            return None
        radius = float(item.Radius)
        return np.concatenate([points - radius, points + radius])

    def _read_box(self, item: Any, depth: int) -> Points | None:
        corner = self.walk(item.Corner, depth + 1)
        return None if corner is None else corner + _span(item.XDim, item.YDim, item.ZDim)


def _get(entity: Any, name: str) -> Any:
    return getattr(entity, name, None)


def _span(x: float, y: float, z: float) -> Points:
    return _CORNERS * (float(x), float(y), float(z))


def _cube(x: float, y: float, z: float) -> Points:
    return _span(2 * x, 2 * y, 2 * z) - (float(x), float(y), float(z))


def _transform(points: Points, matrix: Points) -> Points:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _place(points: Points, position: Any) -> Points:
    return _transform(points, _read_axes(position))


def _read_axes(position: Any) -> Points:
    """IfcAxis2Placement3D as (4, 4), in the file's units."""
    matrix = np.eye(4)
    if position is None:
        return matrix
    matrix[: len(position.Location.Coordinates), 3] = position.Location.Coordinates
    z = _direction(_get(position, "Axis"), (0.0, 0.0, 1.0))
    x = _direction(_get(position, "RefDirection"), (1.0, 0.0, 0.0))
    return _frame(matrix, x, z)


def _read_operator(operator: Any) -> Points:
    matrix = np.eye(4)
    if operator is None:
        return matrix
    matrix[:3, 3] = operator.LocalOrigin.Coordinates
    z = _direction(_get(operator, "Axis3"), (0.0, 0.0, 1.0))
    matrix = _frame(matrix, _direction(operator.Axis1, (1.0, 0.0, 0.0)), z)
    scale = float(_get(operator, "Scale") or 1.0)
    scales = [float(_get(operator, name) or scale) for name in ("Scale", "Scale2", "Scale3")]
    matrix[:3, :3] *= scales
    return matrix


def _direction(entity: Any, default: tuple[float, float, float]) -> Points:
    values = np.array((*entity.DirectionRatios, 0.0)[:3] if entity is not None else default, dtype=np.float64)
    length = float(np.linalg.norm(values))
    return values / length if length > 0 else np.array(default)


def _frame(matrix: Points, x: Points, z: Points) -> Points:
    y = np.cross(z, x)
    length = float(np.linalg.norm(y))
    if length < 1e-9:
        return matrix
    y /= length
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = np.cross(y, z), y, z
    return matrix
