# SPDX-License-Identifier: Apache-2.0
"""A model with everything that means something: units, types, layers, a classification, zones, a system with ports.

Synthetic, in millimetres, with two flats on one storey, made with IfcOpenShell's own authoring calls.
"""

from __future__ import annotations

from typing import Any

import ifcopenshell.guid
import numpy as np

from tests.unit.bim_authoring import Author, run


class MeaningfulHouse(Author):
    """One storey of 10 x 6 m with two flats of two rooms each; every value is known to the tests."""

    def __init__(self) -> None:
        super().__init__(prefix="MILLI")
        self.ground = self.storey("Ground", 0.0)
        self.upper = self.storey("Upper", 3.0)
        self.flat = run("root.create_entity", self.model, ifc_class="IfcWallType", name="W200")
        self.walls = [self.wall(f"Wall {number}", self.ground, (0.0, number * 2.0, 0.0)) for number in range(2)]
        for wall in self.walls:
            run("type.assign_type", self.model, related_objects=[wall], relating_type=self.flat)
        self.rooms = [self.room(f"R{number}", number * 2500.0) for number in range(4)]

    def room(self, name: str, west: float) -> Any:
        """2.5 x 6 m, 2.8 m high."""
        space = self.space(name, self.ground)
        file = self.model
        points = [[west, 0.0], [west + 2500, 0.0], [west + 2500, 6000.0], [west, 6000.0], [west, 0.0]]
        curve = file.createIfcPolyline([file.createIfcCartesianPoint(point) for point in points])
        profile = file.createIfcArbitraryClosedProfileDef("AREA", None, curve)
        solid = file.createIfcExtrudedAreaSolid(profile, None, file.createIfcDirection([0.0, 0.0, 1.0]), 2800.0)
        body = file.createIfcShapeRepresentation(self.body, "Body", "SweptSolid", [solid])
        run("geometry.assign_representation", file, product=space, representation=body)
        run("geometry.edit_object_placement", file, product=space, matrix=np.eye(4))
        return space

    def describe(self, thing: Any, name: str, **properties: Any) -> Any:
        pset = run("pset.add_pset", self.model, product=thing, name=name)
        run("pset.edit_pset", self.model, pset=pset, properties=properties)
        return pset

    def quantify(self, thing: Any, name: str, **quantities: float) -> None:
        """Areas in the file's unit of areas: square metres unless it says otherwise."""
        file = self.model
        made = [file.createIfcQuantityArea(key, None, None, value) for key, value in quantities.items()]
        definition = file.createIfcElementQuantity(ifcopenshell.guid.new(), None, name, None, None, made)
        file.createIfcRelDefinesByProperties(ifcopenshell.guid.new(), None, None, None, [thing], definition)

    def declare_units(self) -> None:
        """Degrees, square metres and litres a second, as exporters write them."""
        run("unit.assign_unit", self.model, units=[
            run("unit.add_si_unit", self.model, unit_type="AREAUNIT"),
            run("unit.add_conversion_based_unit", self.model, name="degree"),
        ])  # fmt: skip

    def layer(self, thing: Any, *layers: tuple[str, float]) -> None:
        """Material layers: name, thickness in mm."""
        made = run("material.add_material_set", self.model, name="Outer wall", set_type="IfcMaterialLayerSet")
        for name, thickness in layers:
            material = run("material.add_material", self.model, name=name, category="mineral")
            one = run("material.add_layer", self.model, layer_set=made, material=material)
            run("material.edit_layer", self.model, layer=one, attributes={"LayerThickness": thickness})
        run("material.assign_material", self.model, products=[thing], type="IfcMaterialLayerSet", material=made)

    def classify(self, thing: Any, system: str, code: str, title: str) -> None:
        file = self.model
        known = next((one for one in file.by_type("IfcClassification") if one.Name == system), None)
        known = known or file.create_entity("IfcClassification", Name=system, Edition="2017")
        reference = file.create_entity(
            "IfcClassificationReference", Identification=code, Name=title, ReferencedSource=known
        )
        file.createIfcRelAssociatesClassification(ifcopenshell.guid.new(), None, None, None, [thing], reference)

    def zone(self, name: str, spaces: list[Any], object_type: str | None = None) -> Any:
        zone = run("root.create_entity", self.model, ifc_class="IfcZone", name=name)
        zone.ObjectType = object_type
        run("group.assign_group", self.model, products=spaces, group=zone)
        return zone

    def pipes(self) -> Any:
        """Two pipes of a cold-water system, end to end."""
        file = self.model
        system = run("root.create_entity", file, ifc_class="IfcDistributionSystem", name="Cold water")
        system.PredefinedType = "DOMESTICCOLDWATER"
        pipes = [run("root.create_entity", file, ifc_class="IfcPipeSegment", name=f"P{n}") for n in range(2)]
        run("spatial.assign_container", file, products=pipes, relating_structure=self.ground)
        run("system.assign_system", file, products=pipes, system=system)
        ports = [run("system.add_port", file, element=pipe) for pipe in pipes]
        run("system.connect_port", file, port1=ports[0], port2=ports[1], direction="SOURCE")
        return system
