# SPDX-License-Identifier: Apache-2.0
"""Shapes of a plan as IFC's solids; points, directions and profiles are written once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ingest.demo.models.materials import STYLES
from ingest.demo.models.plan import Bar, Extrusion, Outline, Part, Plane, Point, Profile, Tube
from ingest.demo.models.step import Enum, Ref, StepFile, Typed

_UP: Final[Point] = (0.0, 0.0, 1.0)


class GeometryWriter:
    """Solids of a file, in one body context."""

    def __init__(self, file: StepFile, body: Ref) -> None:
        self._file = file
        self._body = body
        self._styles: dict[str, Ref] = {}
        self._operator: Ref | None = None

    def write_axes(self, at: Point, z: Point, x: Point) -> Ref:
        """A placement."""
        once = self._file.once
        return once("IfcAxis2Placement3D", self._point(at), self._direction(z), self._direction(x))

    def write_body(self, parts: Iterable[Part]) -> Ref:
        """A body of solids, each with its colour."""
        solids = [self._write_part(part) for part in parts]
        kinds = {type(part) for part in parts}
        kind = "AdvancedSweptSolid" if Tube in kinds else "SweptSolid"
        return self._file.add("IfcShapeRepresentation", self._body, "Body", kind, solids)

    def write_mapped(self, shape_map: Ref) -> Ref:
        """A body that is a type's."""
        if self._operator is None:
            self._operator = self._file.add(
                "IfcCartesianTransformationOperator3D", None, None, self._point((0.0, 0.0, 0.0)), 1.0
            )
        item = self._file.add("IfcMappedItem", shape_map, self._operator)
        return self._file.add("IfcShapeRepresentation", self._body, "Body", "MappedRepresentation", [item])

    def _write_part(self, part: Part) -> Ref:
        if isinstance(part, Extrusion):
            solid = self._extrude(self._area(part.outline, part.holes), part.origin, part.plane, part.depth)
        elif isinstance(part, Bar):
            solid = self._extrude(self._section(part.profile), part.origin, part.plane, part.length)
        else:
            solid = self._sweep(part)
        if part.style is not None:
            self._file.add("IfcStyledItem", solid, [self._style(part.style)], None)
        return solid

    def _extrude(self, profile: Ref, origin: Point, plane: Plane, depth: float) -> Ref:
        axes = self.write_axes(origin, *plane)
        return self._file.add("IfcExtrudedAreaSolid", profile, axes, self._direction(_UP), float(depth))

    def _sweep(self, tube: Tube) -> Ref:
        if tube.is_arc:
            points = self._file.once("IfcCartesianPointList3D", [_settle(point) for point in tube.path])
            segment = Typed("IfcArcIndex", (1, 2, 3))
            path = self._file.add("IfcIndexedPolyCurve", points, [segment], False)
        else:
            path = self._file.once("IfcPolyline", [self._point(point) for point in tube.path])
        return self._file.add("IfcSweptDiskSolid", path, tube.radius, tube.inner)

    def _area(self, outline: Outline, holes: tuple[Outline, ...]) -> Ref:
        curve = self._close(outline)
        if not holes:
            return self._file.once("IfcArbitraryClosedProfileDef", Enum("AREA"), None, curve)
        # A curve of its own for each hole: a kernel that has met the same curve as an outline fills the hole.
        inner = [self._file.add("IfcPolyline", self._ring(hole)) for hole in holes]
        return self._file.once("IfcArbitraryProfileDefWithVoids", Enum("AREA"), None, curve, inner)

    def _section(self, profile: Profile) -> Ref:
        area, name, sizes, once = Enum("AREA"), profile.name, profile.sizes, self._file.once
        if profile.kind == "I":
            depth, width, web, flange = sizes
            return once("IfcIShapeProfileDef", area, name, None, width, depth, web, flange)
        if profile.kind == "C":
            depth, width, wall, girth = sizes
            return once("IfcCShapeProfileDef", area, name, None, depth, width, wall, girth)
        if profile.kind == "L":
            return once("IfcLShapeProfileDef", area, name, None, *sizes)
        if profile.kind == "TUBE":
            return once("IfcCircleHollowProfileDef", area, name, None, *sizes)
        if profile.kind == "HOLLOW":
            return once("IfcRectangleHollowProfileDef", area, name, None, *sizes)
        return once("IfcCircleProfileDef", area, name, None, *sizes)

    def _close(self, outline: Outline) -> Ref:
        return self._file.once("IfcPolyline", self._ring(outline))

    def _ring(self, outline: Outline) -> list[Ref]:
        points = [self._file.once("IfcCartesianPoint", _settle(point)) for point in outline]
        return [*points, points[0]]

    def _style(self, name: str) -> Ref:
        if name not in self._styles:
            red, green, blue, transparency = STYLES[name]
            colour = self._file.add("IfcColourRgb", None, red, green, blue)
            shading = self._file.add("IfcSurfaceStyleShading", colour, transparency)
            self._styles[name] = self._file.add("IfcSurfaceStyle", name, Enum("BOTH"), [shading])
        return self._styles[name]

    def _point(self, xyz: Point) -> Ref:
        return self._file.once("IfcCartesianPoint", _settle(xyz))

    def _direction(self, xyz: Point) -> Ref:
        return self._file.once("IfcDirection", tuple(float(value) for value in xyz))


def _settle(point: tuple[float, ...]) -> tuple[float, ...]:
    """A tenth of a millimetre is finer than anything here is built."""
    return tuple(round(float(value), 4) + 0.0 for value in point)
