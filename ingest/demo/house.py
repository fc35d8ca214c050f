# SPDX-License-Identifier: Apache-2.0
"""The demo house: an IFC4 model with two storeys, authored with IfcOpenShell, the same bytes every time."""

from __future__ import annotations

import math
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, Final

import ifcopenshell.api.georeference
import ifcopenshell.guid

from ingest.demo.frame import HOUSE_LON_LAT, METRIC_CRS, to_metres
from ingest.demo.house_author import HouseAuthor
from ingest.demo.house_plan import DEPTH, LENGTH, STOREYS
from ingest.demo.house_roof import build_porch, build_roof
from ingest.demo.house_storeys import build_slabs, build_stair, build_storey
from ingest.demo.house_types import create_types

#: How the house is turned, counter-clockwise from east (degrees): with the streets around it.
ROTATION: Final = 29.0
_WRITTEN_AT: Final = "2026-01-01T00:00:00"
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "blocktwin/demo-house")
_SETS: Final = (
    "RelatedObjects",
    "RelatedElements",
    "RelatedDefinitions",
    "HasPropertySets",
    "HasProperties",
    "Quantities",
    "Units",
)


def write_house(path: Path, *, lon: float = HOUSE_LON_LAT[0], lat: float = HOUSE_LON_LAT[1]) -> None:
    """Write the house to `path`, its middle at a longitude and latitude (EPSG:4490, degrees)."""
    author = HouseAuthor("示例项目 Demo project")
    _georeference(author, lon, lat)
    site = author.create("IfcSite", "示例用地", LongName="Demo site (synthetic)")
    building = author.create("IfcBuilding", "示例住宅", LongName="Demo house (synthetic)")
    author.aggregate(author.project, site)
    author.aggregate(site, building)
    author.place(site)
    author.place(building)
    author.describe(
        building,
        "Pset_BuildingCommon",
        {"NumberOfStoreys": len(STOREYS), "YearOfConstruction": "2020"},
    )
    types = create_types(author)
    storeys = [build_storey(author, building, plan, types) for plan in STOREYS]
    build_slabs(author, storeys, types)
    build_stair(author, storeys[0])
    build_roof(author, storeys[1], types)
    build_porch(author, storeys[0])
    area = LENGTH * DEPTH
    author.quantify(building, "Qto_BuildingBaseQuantities", {"GrossFloorArea": 2 * area, "FootprintArea": area})
    _make_repeatable(author.file)
    author.file.write(str(path))


def _georeference(author: HouseAuthor, lon: float, lat: float) -> None:
    """Map conversion in the metric CRS: the model's origin is the middle of the house at the ground floor."""
    metres = to_metres([(lon, lat)])
    east, north = metres[0].tolist()
    ifcopenshell.api.georeference.add_georeferencing(author.file)
    ifcopenshell.api.georeference.edit_georeferencing(
        author.file,
        projected_crs={
            "Name": METRIC_CRS,
            "Description": "CGCS2000 / 3-degree Gauss-Kruger CM 114E",
            "GeodeticDatum": "EPSG:1043",
            "MapProjection": "Gauss-Kruger",
        },
        coordinate_operation={
            "Eastings": round(east, 4),
            "Northings": round(north, 4),
            "OrthogonalHeight": 0.3,
            "XAxisAbscissa": round(math.cos(math.radians(ROTATION)), 12),
            "XAxisOrdinate": round(math.sin(math.radians(ROTATION)), 12),
            "Scale": 1.0,
        },
    )


def _make_repeatable(file: Any) -> None:
    """GlobalIds from class and name, sets in the order of creation, and a fixed header."""
    seen: Counter[str] = Counter()
    for root in sorted(file.by_type("IfcRoot"), key=lambda entity: entity.id()):
        key = f"{root.is_a()}/{root.Name}"
        seen[key] += 1
        root.GlobalId = ifcopenshell.guid.compress(uuid.uuid5(_NAMESPACE, f"{key}/{seen[key]}").hex)
    for entity in file:
        for name in _SETS:
            members = getattr(entity, name, None)
            if isinstance(members, tuple) and len(members) > 1:
                setattr(entity, name, sorted(members, key=lambda member: member.id()))
    header = file.header
    header.file_name.time_stamp = _WRITTEN_AT
    header.file_name.name = "demo-house.ifc"
    header.file_name.author = ("Blocktwin demo",)
    header.file_name.organization = ("Blocktwin",)
    header.file_description.description = (
        "ViewDefinition [ReferenceView_V1.2]",
        "synthetic demonstration model",
    )
