# SPDX-License-Identifier: Apache-2.0
"""Small verbs over IfcOpenShell for the demo house: solids, elements, styles, types and quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import ifcopenshell
import ifcopenshell.api.aggregate
import ifcopenshell.api.context
import ifcopenshell.api.geometry
import ifcopenshell.api.material
import ifcopenshell.api.project
import ifcopenshell.api.pset
import ifcopenshell.api.root
import ifcopenshell.api.spatial
import ifcopenshell.api.style
import ifcopenshell.api.type
import ifcopenshell.api.unit
import numpy as np

Entity = ifcopenshell.entity_instance
Point = tuple[float, ...]
#: The normal of a plane and the direction of x in it.
Plane = tuple[Point, Point]

PLAN: Final[Plane] = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
#: Upright along a wall: x along, y up, moved to the right of the wall.
ELEVATION: Final[Plane] = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0))
#: Upright across: x to the north, y up, moved to the east.
SECTION: Final[Plane] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))

#: Colours: red, green, blue, transparency, each 0..1.
STYLES: Final[dict[str, tuple[float, float, float, float]]] = {
    "plaster": (0.93, 0.90, 0.84, 0.0),
    "inner": (0.97, 0.97, 0.95, 0.0),
    "concrete": (0.66, 0.66, 0.64, 0.0),
    "timber": (0.55, 0.36, 0.22, 0.0),
    "tile": (0.62, 0.25, 0.20, 0.0),
    "frame": (0.24, 0.27, 0.30, 0.0),
    "glass": (0.55, 0.75, 0.85, 0.65),
    "brick": (0.58, 0.32, 0.26, 0.0),
    "panel": (0.10, 0.14, 0.28, 0.0),
    "room": (0.70, 0.82, 0.95, 0.85),
}


def box_points(west: float, south: float, east: float, north: float) -> tuple[Point, ...]:
    """The corners of a rectangle, counter-clockwise."""
    return ((west, south), (east, south), (east, north), (west, north))


class HouseAuthor:
    """An IFC4 file in metres with a body context and named styles."""

    def __init__(self, name: str) -> None:
        self.file: Any = ifcopenshell.api.project.create_file(version="IFC4")
        self.project = self.create("IfcProject", name)
        metres = ifcopenshell.api.unit.add_si_unit(self.file, unit_type="LENGTHUNIT")
        area = ifcopenshell.api.unit.add_si_unit(self.file, unit_type="AREAUNIT")
        volume = ifcopenshell.api.unit.add_si_unit(self.file, unit_type="VOLUMEUNIT")
        angle = ifcopenshell.api.unit.add_si_unit(self.file, unit_type="PLANEANGLEUNIT")
        ifcopenshell.api.unit.assign_unit(self.file, units=[metres, area, volume, angle])
        model = ifcopenshell.api.context.add_context(self.file, context_type="Model")
        self.body = ifcopenshell.api.context.add_context(
            self.file,
            context_type="Model",
            context_identifier="Body",
            target_view="MODEL_VIEW",
            parent=model,
        )
        self._styles = {name: self._add_style(name, *colour) for name, colour in STYLES.items()}

    def _add_style(self, name: str, red: float, green: float, blue: float, transparency: float) -> Entity:
        style = ifcopenshell.api.style.add_style(self.file, name=name)
        colour = {"Name": None, "Red": red, "Green": green, "Blue": blue}
        ifcopenshell.api.style.add_surface_style(
            self.file,
            style=style,
            ifc_class="IfcSurfaceStyleShading",
            attributes={"SurfaceColour": colour, "Transparency": transparency},
        )
        return style

    def create(self, ifc_class: str, name: str, predefined_type: str | None = None, **attributes: object) -> Entity:
        """A rooted entity with a name."""
        made = ifcopenshell.api.root.create_entity(
            self.file, ifc_class=ifc_class, name=name, predefined_type=predefined_type
        )
        for key, value in attributes.items():
            setattr(made, key, value)
        return made

    def extrude(
        self,
        outline: Sequence[Point],
        depth: float,
        *,
        origin: Point = (0.0, 0.0, 0.0),
        plane: Plane = PLAN,
        holes: Sequence[Sequence[Point]] = (),
    ) -> Entity:
        """A solid: an outline in a plane at `origin`, moved `depth` m along the plane's normal."""
        axis, ref = plane
        curve = self._close(outline)
        if holes:
            inner = [self._close(hole) for hole in holes]
            profile = self.file.createIfcArbitraryProfileDefWithVoids("AREA", None, curve, inner)
        else:
            profile = self.file.createIfcArbitraryClosedProfileDef("AREA", None, curve)
        position = self.file.createIfcAxis2Placement3D(self._point(origin), self._direction(axis), self._direction(ref))
        up = self._direction((0.0, 0.0, 1.0))
        return self.file.createIfcExtrudedAreaSolid(profile, position, up, float(depth))

    def _point(self, xyz: Point) -> Entity:
        return self.file.createIfcCartesianPoint([round(float(value), 6) for value in xyz])

    def _direction(self, xyz: Point) -> Entity:
        return self.file.createIfcDirection([float(value) for value in xyz])

    def _close(self, outline: Sequence[Point]) -> Entity:
        points = [self._point(point) for point in outline]
        return self.file.createIfcPolyline([*points, points[0]])

    def shape(self, product: Entity, *parts: tuple[Entity, str | None]) -> None:
        """Give a product or type its body: solids, each with the name of its style (None without one)."""
        for solid, style in parts:
            if style is not None:
                self.file.createIfcStyledItem(solid, [self._styles[style]], None)
        body = self.file.createIfcShapeRepresentation(self.body, "Body", "SweptSolid", [solid for solid, _ in parts])
        ifcopenshell.api.geometry.assign_representation(self.file, product=product, representation=body)

    def place(self, product: Entity, at: Point = (0.0, 0.0, 0.0), along: tuple[float, float] = (1.0, 0.0)) -> None:
        """Put a product at a point of the model (m), its x axis turned to `along` in plan."""
        matrix = np.eye(4)
        length = float(np.hypot(*along))
        cos, sin = along[0] / length, along[1] / length
        matrix[:2, :2] = [[cos, -sin], [sin, cos]]
        matrix[:3, 3] = at
        ifcopenshell.api.geometry.edit_object_placement(self.file, product=product, matrix=matrix)

    def contain(self, element: Entity, storey: Entity) -> None:
        """Put an element into a storey's spatial structure."""
        ifcopenshell.api.spatial.assign_container(self.file, products=[element], relating_structure=storey)

    def aggregate(self, whole: Entity, *parts: Entity) -> None:
        """Make parts of a whole."""
        ifcopenshell.api.aggregate.assign_object(self.file, products=list(parts), relating_object=whole)

    def assign_type(self, element: Entity, element_type: Entity) -> None:
        """Give an element its type, and with it the type's shape and materials."""
        ifcopenshell.api.type.assign_type(self.file, related_objects=[element], relating_type=element_type)

    def assign_layers(self, element_type: Entity, layers: Sequence[tuple[str, str, float]]) -> None:
        """Material layers of a type: name, category, thickness (m)."""
        layer_set = ifcopenshell.api.material.add_material_set(
            self.file, name=str(element_type.Name), set_type="IfcMaterialLayerSet"
        )
        for name, category, thickness in layers:
            layer = ifcopenshell.api.material.add_layer(
                self.file, layer_set=layer_set, material=self.material(name, category)
            )
            ifcopenshell.api.material.edit_layer(self.file, layer=layer, attributes={"LayerThickness": thickness})
        ifcopenshell.api.material.assign_material(
            self.file, products=[element_type], type="IfcMaterialLayerSet", material=layer_set
        )

    def assign_one_material(self, element: Entity, name: str, category: str) -> None:
        """Give an element or type a single material."""
        ifcopenshell.api.material.assign_material(self.file, products=[element], material=self.material(name, category))

    def material(self, name: str, category: str) -> Entity:
        """The material of that name, made when it is new."""
        for known in self.file.by_type("IfcMaterial"):
            if known.Name == name:
                return known
        return ifcopenshell.api.material.add_material(self.file, name=name, category=category)

    def describe(self, product: Entity, name: str, properties: Mapping[str, object]) -> None:
        """Add a property set."""
        pset = ifcopenshell.api.pset.add_pset(self.file, product=product, name=name)
        ifcopenshell.api.pset.edit_pset(self.file, pset=pset, properties=dict(properties))

    def quantify(self, product: Entity, name: str, quantities: Mapping[str, float]) -> None:
        """Add a quantity set; lengths in m, areas in m², volumes in m³."""
        qto = ifcopenshell.api.pset.add_qto(self.file, product=product, name=name)
        rounded: dict[str, Any] = {key: round(value, 4) for key, value in quantities.items()}
        ifcopenshell.api.pset.edit_qto(self.file, qto=qto, properties=rounded)
