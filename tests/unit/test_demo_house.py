# SPDX-License-Identifier: Apache-2.0
"""The demo house: opens, holds what its plan says, stands at its place, and is the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import ifcopenshell
import ifcopenshell.util.element
import pytest

from ingest.demo.frame import HOUSE_LON_LAT, to_metres
from ingest.demo.house import write_house
from ingest.demo.house_plan import STOREYS


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("house") / "house.ifc"
    write_house(path)
    return path


def test_the_house_opens_with_the_storeys_rooms_and_openings_of_its_plan(path: Path) -> None:
    house = ifcopenshell.open(path)
    assert house.schema == "IFC4"
    openings = [opening for storey in STOREYS for wall in storey.walls for opening in wall.openings]
    assert len(house.by_type("IfcBuildingStorey")) == 2
    assert {space.Name for space in house.by_type("IfcSpace")} == {r.name for s in STOREYS for r in s.rooms}
    assert len(house.by_type("IfcWindow")) == sum(opening.kind == "window" for opening in openings)
    assert len(house.by_type("IfcDoor")) == sum(opening.kind == "door" for opening in openings)
    assert len(house.by_type("IfcRelFillsElement")) == len(house.by_type("IfcRelVoidsElement")) == len(openings)
    assert len(house.by_type("IfcWall")) == sum(len(storey.walls) for storey in STOREYS) + 2


def test_walls_have_types_materials_properties_and_quantities(path: Path) -> None:
    house = ifcopenshell.open(path)
    for wall in house.by_type("IfcWall"):
        sets = ifcopenshell.util.element.get_psets(wall)
        assert "IsExternal" in sets["Pset_WallCommon"]
        assert ifcopenshell.util.element.get_type(wall) is not None
        assert ifcopenshell.util.element.get_material(wall) is not None
        if "山墙" not in wall.Name:
            assert sets["Qto_WallBaseQuantities"]["NetSideArea"] > 0


def test_the_house_stands_where_it_is_asked_to(path: Path, tmp_path: Path) -> None:
    house = ifcopenshell.open(path)
    conversion = house.by_type("IfcMapConversion")[0]
    east, north = to_metres([HOUSE_LON_LAT])[0]
    assert conversion.Eastings == pytest.approx(east, abs=0.001)
    assert conversion.Northings == pytest.approx(north, abs=0.001)
    assert conversion.XAxisAbscissa**2 + conversion.XAxisOrdinate**2 == pytest.approx(1)
    assert conversion.TargetCRS.Name == "EPSG:4547"
    write_house(tmp_path / "moved.ifc", lon=113.9, lat=22.6)
    other = ifcopenshell.open(tmp_path / "moved.ifc")
    moved = other.by_type("IfcMapConversion")[0]
    assert moved.Eastings > conversion.Eastings
    assert moved.Northings > conversion.Northings


def test_the_house_is_written_the_same_twice(path: Path, tmp_path: Path) -> None:
    write_house(tmp_path / "again.ifc")
    assert (tmp_path / "again.ifc").read_bytes() == path.read_bytes()
    house = ifcopenshell.open(path)
    identifiers = [root.GlobalId for root in house.by_type("IfcRoot")]
    assert len(set(identifiers)) == len(identifiers)
