# SPDX-License-Identifier: Apache-2.0
"""The outline of a space on the ground, read from its profile or its faces: no kernel, so no crash and no wait.

What a half-space cuts off a space is left in its outline: roofs are cut, plans hardly ever.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, cast

import numpy as np
import shapely
from ifcopenshell.util.placement import get_axis2placement
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

MAX_FACES: Final = 20_000
MAX_DEPTH: Final = 8
CIRCLE_STEPS: Final = 32
IDENTIFIERS: Final = ("FootPrint", "Body", "Facetation", "Profile", None, "")
"""Representations in which a space's ground is looked for, the plainest first."""


def read_outline(space: Any, placement: Matrix, metres_per_unit: float) -> dict[str, Any] | None:
    """`rings` (the shell first; x, y in the model's metres), `z_min`, `z_max` and `area` (m²); None: not readable.

    placement: the space's, (4, 4) in metres.
    """
    representation = getattr(space, "Representation", None)
    shapes: list[Any] = list(representation.Representations or ()) if representation is not None else []
    scale: Matrix = np.diag([metres_per_unit, metres_per_unit, metres_per_unit, 1.0])
    for wanted in IDENTIFIERS:
        for shape in shapes:
            if (shape.RepresentationIdentifier or None) != (wanted or None):
                continue
            pieces: list[Any] = []
            heights: list[float] = []
            try:
                for item in shape.Items or ():
                    for polygon, points in _read_item(item, placement @ scale, 0):
                        pieces.append(polygon)
                        heights += [float(points[:, 2].min()), float(points[:, 2].max())]
            except (ValueError, RuntimeError, TypeError, AttributeError, IndexError, shapely.GEOSException):
                continue
            outline = _join(pieces)
            if outline:
                return {
                    "rings": [np.round(np.array(ring.coords), 4).tolist() for part in outline for ring in
                              (part.exterior, *part.interiors)],
                    "shells": [1 + len(part.interiors) for part in outline],
                    "z_min": round(min(heights), 4), "z_max": round(max(heights), 4),
                    "area": round(sum(float(part.area) for part in outline), 4),
                }  # fmt: skip
    return None


def _join(pieces: list[Any]) -> list[shapely.Polygon]:
    solid = [shapely.make_valid(piece) for piece in pieces if piece.area > 1e-6]
    joined: Any = shapely.union_all(solid, grid_size=0.0005)
    parts: list[Any] = list(shapely.get_parts(joined))
    return [part for part in parts if isinstance(part, shapely.Polygon) and part.area > 1e-4]


def _read_item(item: Any, matrix: Matrix, depth: int) -> Iterator[tuple[shapely.Geometry, Matrix]]:
    """Polygons in plan with the points (n, 3) that tell their heights."""
    if depth > MAX_DEPTH:
        return
    if item.is_a("IfcMappedItem"):
        origin = np.array(get_axis2placement(item.MappingSource.MappingOrigin), dtype=np.float64)
        target = _read_operator(item.MappingTarget)
        for inner in item.MappingSource.MappedRepresentation.Items or ():
            yield from _read_item(inner, matrix @ target @ origin, depth + 1)
    elif item.is_a("IfcBooleanResult"):
        yield from _read_item(item.FirstOperand, matrix, depth + 1)
    elif item.is_a("IfcExtrudedAreaSolid"):
        place = matrix if item.Position is None else matrix @ np.array(get_axis2placement(item.Position))
        direction = np.array(item.ExtrudedDirection.DirectionRatios, dtype=np.float64)
        lift = direction / np.linalg.norm(direction) * item.Depth
        for shell, holes in _read_profile(item.SweptArea):
            yield _extrude(shell, holes, place, lift)
    elif item.is_a("IfcGeometricSet"):
        for inner in item.Elements or ():
            points = _read_curve(inner) if inner.is_a("IfcCurve") else None
            if points is not None and len(points) > 3:
                world = _apply(matrix, points)
                yield shapely.Polygon(world[:, :2]), world
    elif item.is_a("IfcCurve"):
        world = _apply(matrix, _read_curve(item))
        yield shapely.Polygon(world[:, :2]), world
    else:
        for count, face in enumerate(_read_faces(item)):
            if count > MAX_FACES:
                return
            world = _apply(matrix, face)
            yield shapely.make_valid(shapely.Polygon(world[:, :2])), world


def _extrude(shell: Matrix, holes: list[Matrix], place: Matrix, lift: Matrix) -> tuple[shapely.Geometry, Matrix]:
    low = _apply(place, shell)
    high = _apply(place, _pad(shell) + lift)
    both = np.vstack([low, high])
    rings = [_apply(place, hole)[:, :2] for hole in holes]
    base = shapely.make_valid(shapely.Polygon(low[:, :2], rings))
    up = place[:3, :3] @ lift
    if np.hypot(up[0], up[1]) <= 1e-6 * max(1e-9, abs(up[2])):
        return base, both
    # Not upright: the ground under a prism is what its sides pass over.
    sides = [
        shapely.MultiPoint(np.vstack([low[i : i + 2, :2], high[i : i + 2, :2]])).convex_hull
        for i in range(len(low) - 1)
    ]
    top = shapely.make_valid(shapely.Polygon(high[:, :2]))
    return shapely.union_all([base, top, *sides]), both


def _read_profile(profile: Any) -> Iterator[tuple[Matrix, list[Matrix]]]:
    if profile.is_a("IfcCompositeProfileDef"):
        for one in profile.Profiles or ():
            yield from _read_profile(one)
        return
    if profile.is_a("IfcArbitraryClosedProfileDef"):
        yield (
            _close(_read_curve(profile.OuterCurve)),
            [_close(_read_curve(curve)) for curve in getattr(profile, "InnerCurves", None) or ()],
        )
        return
    if profile.is_a("IfcDerivedProfileDef"):
        operator = _read_operator(profile.Operator)
        for shell, holes in _read_profile(profile.ParentProfile):
            yield _apply(operator, shell), [_apply(operator, hole) for hole in holes]
        return
    position = getattr(profile, "Position", None)
    place = np.eye(4) if position is None else np.array(get_axis2placement(position), dtype=np.float64)
    if profile.is_a("IfcRectangleProfileDef"):
        x, y = profile.XDim / 2, profile.YDim / 2
        ring = np.array([[-x, -y], [x, -y], [x, y], [-x, y], [-x, -y]])
    elif profile.is_a("IfcCircleProfileDef"):
        ring = _circle(profile.Radius, profile.Radius)
    elif profile.is_a("IfcEllipseProfileDef"):
        ring = _circle(profile.SemiAxis1, profile.SemiAxis2)
    else:
        raise ValueError(profile.is_a())
    yield _apply(place, ring), []


def _read_curve(curve: Any) -> Matrix:
    if curve.is_a("IfcPolyline"):
        return _pad(np.array([point.Coordinates for point in curve.Points], dtype=np.float64))
    if curve.is_a("IfcIndexedPolyCurve"):
        points = _pad(np.array(curve.Points.CoordList, dtype=np.float64))
        if not curve.Segments:
            return points
        runs: list[Matrix] = []
        for segment in curve.Segments:
            picked = points[np.array(segment[0]) - 1]
            runs.append(_bend(picked) if segment.is_a("IfcArcIndex") else picked)
        return np.vstack(runs)
    if curve.is_a("IfcCompositeCurve"):
        runs = [
            part if segment.SameSense else part[::-1]
            for segment in curve.Segments
            if len(part := _read_curve(segment.ParentCurve))
        ]
        return np.vstack(runs)
    if curve.is_a("IfcTrimmedCurve") and curve.BasisCurve.is_a("IfcConic"):
        return _trim(curve)
    if curve.is_a("IfcTrimmedCurve"):
        ends = [
            next(one for one in trim if hasattr(one, "is_a") and one.is_a("IfcCartesianPoint"))
            for trim in (curve.Trim1, curve.Trim2)
        ]
        return _pad(np.array([end.Coordinates for end in ends], dtype=np.float64))
    if curve.is_a("IfcCircle") or curve.is_a("IfcEllipse"):
        place = np.array(get_axis2placement(curve.Position), dtype=np.float64)
        radii = (curve.Radius, curve.Radius) if curve.is_a("IfcCircle") else (curve.SemiAxis1, curve.SemiAxis2)
        return _apply(place, _circle(*radii))
    raise ValueError(curve.is_a())


def _trim(curve: Any) -> Matrix:
    """An arc whose trims are points, where its maker gave them: angles depend on the file's angle unit."""
    ends = [next((one for one in trim if one.is_a("IfcCartesianPoint")), None) for trim in (curve.Trim1, curve.Trim2)]
    if None in ends or not curve.BasisCurve.is_a("IfcCircle"):
        raise ValueError("trims are no points")
    place = np.array(get_axis2placement(curve.BasisCurve.Position), dtype=np.float64)
    first, last = (
        (np.linalg.inv(place) @ np.append(_pad(np.array([end.Coordinates]))[0], 1.0))[:2] for end in cast(Any, ends)
    )
    if not curve.SenseAgreement:
        first, last = last, first
    start, end = math.atan2(first[1], first[0]), math.atan2(last[1], last[0])
    angles = np.linspace(start, end if end > start else end + 2 * math.pi, CIRCLE_STEPS // 2)
    radius = curve.BasisCurve.Radius
    run = _apply(place, np.column_stack([radius * np.cos(angles), radius * np.sin(angles)]))
    return run if curve.SenseAgreement else run[::-1]


def _bend(points: Matrix) -> Matrix:
    """An arc through three points, in plan."""
    (ax, ay), (bx, by), (cx, cy) = points[:3, :2]
    twice = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
    if abs(twice) < 1e-12:
        return points
    a, b, c = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    x = (a * (by - cy) + b * (cy - ay) + c * (ay - by)) / twice
    y = (a * (cx - bx) + b * (ax - cx) + c * (bx - ax)) / twice
    start, middle, end = (math.atan2(py - y, px - x) for px, py in points[:3, :2])
    full = 2 * math.pi
    sweep, way = (end - start) % full, (middle - start) % full
    sweep = sweep if way <= sweep else sweep - full
    angles = start + np.linspace(0.0, sweep, CIRCLE_STEPS // 2)
    radius = math.hypot(ax - x, ay - y)
    return np.column_stack(
        [x + radius * np.cos(angles), y + radius * np.sin(angles), np.full(len(angles), points[0, 2])]
    )


def _read_faces(item: Any) -> Iterator[Matrix]:
    """Outer bounds (n, 3) of the faces of a brep or a face set."""
    if item.is_a("IfcManifoldSolidBrep"):
        yield from _read_shell(item.Outer)
    elif item.is_a("IfcFaceBasedSurfaceModel"):
        for shell in item.FbsmFaces or ():
            yield from _read_shell(shell)
    elif item.is_a("IfcShellBasedSurfaceModel"):
        for shell in item.SbsmBoundary or ():
            yield from _read_shell(shell)
    elif item.is_a("IfcTriangulatedFaceSet"):
        points = np.array(item.Coordinates.CoordList, dtype=np.float64)
        for index in item.CoordIndex:
            yield points[np.array(index) - 1]
    elif item.is_a("IfcPolygonalFaceSet"):
        points = np.array(item.Coordinates.CoordList, dtype=np.float64)
        for face in item.Faces:
            yield points[np.array(face.CoordIndex) - 1]
    else:
        raise ValueError(item.is_a())


def _read_shell(shell: Any) -> Iterator[Matrix]:
    for face in shell.CfsFaces or ():
        for bound in face.Bounds or ():
            if bound.is_a("IfcFaceOuterBound") or len(face.Bounds) == 1:
                loop = bound.Bound
                if loop.is_a("IfcPolyLoop"):
                    points = [point.Coordinates for point in loop.Polygon]
                elif loop.is_a("IfcEdgeLoop"):
                    points = [
                        (edge.EdgeStart if edge.Orientation else edge.EdgeEnd).VertexGeometry.Coordinates
                        for edge in loop.EdgeList
                    ]
                else:
                    continue
                if len(points) > 2:
                    yield np.array(points, dtype=np.float64)


def _read_operator(operator: Any) -> Matrix:
    """An IfcCartesianTransformationOperator as a matrix."""
    x = operator.Axis1.DirectionRatios if operator.Axis1 is not None else None
    scale = operator.Scale if operator.Scale is not None else 1.0
    matrix = np.eye(4)
    first = _unit(_three(x) if x is not None else np.array([1.0, 0.0, 0.0]))
    axis3 = getattr(operator, "Axis3", None)
    third = _unit(_three(axis3.DirectionRatios) if axis3 is not None else np.array([0.0, 0.0, 1.0]))
    second = np.cross(third, first)
    if operator.Axis2 is not None and float(np.dot(second, _three(operator.Axis2.DirectionRatios))) < 0:
        second = -second
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = first * scale, second * scale, third * scale
    matrix[:3, 3] = _three(operator.LocalOrigin.Coordinates)
    return matrix


def _three(values: Any) -> Matrix:
    return np.array([*values, 0.0, 0.0][:3], dtype=np.float64)


def _unit(vector: Matrix) -> Matrix:
    return vector / np.linalg.norm(vector)


def _circle(x: float, y: float) -> Matrix:
    angles = np.linspace(0.0, 2 * math.pi, CIRCLE_STEPS + 1)
    return np.column_stack([x * np.cos(angles), y * np.sin(angles)])


def _pad(points: Matrix) -> Matrix:
    return points if points.shape[1] == 3 else np.column_stack([points, np.zeros(len(points))])


def _close(ring: Matrix) -> Matrix:
    return ring if np.allclose(ring[0], ring[-1]) else np.vstack([ring, ring[:1]])


def _apply(matrix: Matrix, points: Matrix) -> Matrix:
    padded = _pad(points)
    return padded @ matrix[:3, :3].T + matrix[:3, 3]
