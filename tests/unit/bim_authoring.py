# SPDX-License-Identifier: Apache-2.0
"""Small models for tests, made with IfcOpenShell's own authoring calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.api
import numpy as np

run: Any = ifcopenshell.api.run


class Author:
    """A project with one site, one building and its storeys; walls are boxes of 4 x 0.2 x 3 m."""

    def __init__(self, *, schema: str = "IFC4", unit: str | None = "METRE", prefix: str | None = None) -> None:
        self.model = run("project.create_file", version=schema)
        self.project = run("root.create_entity", self.model, ifc_class="IfcProject", name="Test")
        length = run("unit.add_si_unit", self.model, unit_type="LENGTHUNIT", prefix=prefix)
        run("unit.assign_unit", self.model, units=[length])
        self.metres = {"MILLI": 0.001, "CENTI": 0.01, None: 1.0}[prefix]
        context = run("context.add_context", self.model, context_type="Model")
        self.body = run(
            "context.add_context",
            self.model,
            context_type="Model",
            context_identifier="Body",
            target_view="MODEL_VIEW",
            parent=context,
        )
        self.site = self._spatial("IfcSite", "Site", self.project)
        self.building = self._spatial("IfcBuilding", "Building", self.site)

    def _spatial(self, ifc_class: str, name: str, parent: Any) -> Any:
        thing = run("root.create_entity", self.model, ifc_class=ifc_class, name=name)
        run("aggregate.assign_object", self.model, products=[thing], relating_object=parent)
        run("geometry.edit_object_placement", self.model, product=thing)
        return thing

    def storey(self, name: str, elevation: float) -> Any:
        storey = self._spatial("IfcBuildingStorey", name, self.building)
        storey.Elevation = elevation / self.metres
        self.move(storey, (0.0, 0.0, elevation))
        return storey

    def move(self, thing: Any, to: tuple[float, float, float]) -> None:
        matrix = np.eye(4)
        matrix[:3, 3] = to
        run("geometry.edit_object_placement", self.model, product=thing, matrix=matrix)

    def wall(self, name: str, storey: Any, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Any:
        wall = run("root.create_entity", self.model, ifc_class="IfcWall", name=name)
        run("spatial.assign_container", self.model, products=[wall], relating_structure=storey)
        shape = run(
            "geometry.add_wall_representation", self.model, context=self.body, length=4, height=3, thickness=0.2
        )
        run("geometry.assign_representation", self.model, product=wall, representation=shape)
        self.move(wall, at)
        return wall

    def space(self, name: str, storey: Any) -> Any:
        space = run("root.create_entity", self.model, ifc_class="IfcSpace", name=name)
        run("aggregate.assign_object", self.model, products=[space], relating_object=storey)
        return space

    def georeference(self, crs: str, **conversion: Any) -> None:
        run("georeference.add_georeferencing", self.model)
        run(
            "georeference.edit_georeferencing",
            self.model,
            projected_crs={"Name": crs},
            coordinate_operation=conversion,
        )

    def write(self, path: Path) -> Path:
        self.model.write(str(path))
        return path


def house(**options: Any) -> Author:
    """Two storeys and a basement, four walls on each, a room."""
    author = Author(**options)
    for name, elevation in (("Basement", -3.0), ("Ground", 0.0), ("Upper", 3.0)):
        storey = author.storey(name, elevation)
        for number in range(4):
            author.wall(f"{name} {number}", storey, (0.0, number * 2.0, elevation))
        author.space(f"{name} room", storey)
    return author
