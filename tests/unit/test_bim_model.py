# SPDX-License-Identifier: Apache-2.0
"""Authored models through the whole road: read, placed, meshed, tiled."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ifcopenshell.api
import numpy as np
import pytest
import shapely

from ingest.bim.read import read_model
from ingest.bim.records import Placement
from ingest.bim.unplaced import UnplacedError
from tests.unit.bim_authoring import Author, house
from tests.unit.gltf_reading import read_glb
from twin.errors import RefusedError
from twin.gltf.globe import locate
from twin.text import Text

HERE = Placement(113.9, 22.5, 5.0, 0.0)
run: Any = ifcopenshell.api.run


def test_a_house_comes_whole_with_its_tree_storeys_and_tiles(tmp_path: Path) -> None:
    content = read_model(house().write(tmp_path / "house.ifc"), override=HERE, tiles_dir=tmp_path / "tiles")
    assert [(storey.name, storey.number, storey.elements) for storey in content.storeys] == [
        ("Basement", 0, 4),
        ("Ground", 1, 4),
        ("Upper", 2, 4),
    ]
    assert {key: content.report[key] for key in ("products", "storeys", "spaces", "elements", "meshed")} == {
        "products": 20,
        "storeys": 3,
        "spaces": 3,
        "elements": 12,
        "meshed": 12,
    }
    by_id = {element.global_id: element for element in content.elements}
    wall = next(element for element in content.elements if element.name == "Upper 2")
    assert (wall.ifc_class, wall.relation, wall.storey_number, wall.is_spatial) == ("IfcWall", "contains", 2, False)
    assert wall.envelope == pytest.approx([0, 4, 3, 4, 4.2, 6])
    assert wall.area == pytest.approx(2 * (4 * 3 + 4 * 0.2 + 3 * 0.2))
    storey = by_id[wall.parent_global_id or ""]
    assert (storey.ifc_class, storey.relation) == ("IfcBuildingStorey", "aggregates")
    assert by_id[storey.parent_global_id or ""].ifc_class == "IfcBuilding"
    json.dumps([asdict(element) for element in content.elements])

    tileset = json.loads((tmp_path / "tiles" / "tileset.json").read_text())
    ids: list[str] = []
    for child in tileset["root"]["children"]:
        read = read_glb((tmp_path / "tiles" / child["content"]["uri"]).read_bytes())
        ids += read.table["global_id"]
        assert set(read.table["storey"]) <= {0, 1, 2}
    assert sorted(ids) == sorted(element.global_id for element in content.elements if element.is_meshed)


def test_a_house_without_georeference_is_refused_with_the_reason_and_leaves_nothing(tmp_path: Path) -> None:
    path = house().write(tmp_path / "house.ifc")
    with pytest.raises(UnplacedError, match=r"cannot be placed: .*no georeference.* --at lon,lat") as refusal:
        read_model(path, tiles_dir=tmp_path / "tiles")
    assert refusal.value.report["elements"] == 12
    assert "无法定位" in refusal.value.text.zh
    assert not (tmp_path / "tiles").exists()


def test_a_rotated_map_conversion_is_exact_at_every_corner(tmp_path: Path) -> None:
    from pyproj import Transformer

    author = house(prefix="MILLI")
    author.georeference(
        "EPSG:4547",
        Eastings=489000.0,
        Northings=2495000.0,
        OrthogonalHeight=12.0,
        XAxisAbscissa=float(np.cos(np.radians(30))),
        XAxisOrdinate=float(np.sin(np.radians(30))),
        Scale=0.001,
    )
    content = read_model(author.write(tmp_path / "house.ifc"), mesh=False)
    assert content.georeference.source == "map_conversion"
    assert content.georeference.heading_deg == pytest.approx(-30.04, abs=0.01)
    points = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 3.0], [4.0, 6.2, 6.0], [40.0, 60.0, 0.0]])
    turn = np.radians(30)
    east = 489000 + points[:, 0] * np.cos(turn) - points[:, 1] * np.sin(turn)
    north = 2495000 + points[:, 0] * np.sin(turn) + points[:, 1] * np.cos(turn)
    longitude, latitude = Transformer.from_crs(4547, 4326, always_xy=True).transform(east, north)
    matrix = np.array(content.georeference.matrix).reshape(4, 4).T
    got = locate(matrix, points)
    assert np.abs(got[0] - longitude).max() * 102_000 < 0.001
    assert np.abs(got[1] - latitude).max() * 111_000 < 0.001
    assert got[2] == pytest.approx(points[:, 2] + 12, abs=0.002)


@pytest.mark.parametrize(
    ("factor", "scale", "remark"),
    [
        (1e3, {}, "eastings and northings are written in the model's unit"),
        (1.0, {}, "has no scale"),
        (1.0, {"Scale": 1.0}, "its scale is 1 though the model is in 0.001 m"),
    ],
)
def test_millimetres_without_a_true_scale_are_settled_by_their_units_and_reported(
    tmp_path: Path, factor: float, scale: dict[str, float], remark: str
) -> None:
    author = house(prefix="MILLI")
    author.georeference(
        "EPSG:4547", Eastings=489000 * factor, Northings=2495000 * factor, OrthogonalHeight=0.0, **scale
    )
    content = read_model(author.write(tmp_path / "house.ifc"), mesh=False)
    assert content.georeference.longitude == pytest.approx(113.893, abs=0.001)
    assert content.georeference.latitude == pytest.approx(22.5526, abs=0.001)
    assert content.georeference.scale == pytest.approx(1.0, abs=1e-4)
    assert any(remark in problem.what.en for problem in content.problems)


def test_a_site_with_latitude_and_longitude_is_a_candidate_and_no_place(tmp_path: Path) -> None:
    author = house()
    author.site.RefLatitude = (22, 33, 0)
    author.site.RefLongitude = (113, 54, 0)
    path = author.write(tmp_path / "house.ifc")
    with pytest.raises(UnplacedError, match=r"the site says 113\.900000,22\.550000") as refusal:
        read_model(path)
    assert refusal.value.candidates[0].longitude == pytest.approx(113.9)
    content = read_model(path, accept_site=True, mesh=False)
    assert content.georeference.source == "site_lat_lon"
    assert content.georeference.latitude == pytest.approx(22.55)


@pytest.mark.parametrize(
    ("crs", "east", "north", "reason"),
    [
        ("4547", 489000.0, 2495000.0, "“4547” is no valid name"),
        ("Shenzhen", 489000.0, 2495000.0, "“Shenzhen” is no valid name"),
        ("EPSG:4547", 5.0, 9e6, "outside the area of use"),
        ("EPSG:3857", 10.0, 0.0, "the origin of EPSG:3857"),
        ("EPSG:4490", 113.9, 22.5, "not a projected system"),
    ],
)
def test_a_map_conversion_that_cannot_be_true_is_refused(
    tmp_path: Path, crs: str, east: float, north: float, reason: str
) -> None:
    author = house()
    author.georeference(crs, Eastings=east, Northings=north, OrthogonalHeight=0.0, Scale=1.0)
    with pytest.raises(UnplacedError, match=reason):
        read_model(author.write(tmp_path / "house.ifc"))


def test_a_declared_crs_stands_in_for_a_missing_name_and_never_against_a_stated_one(tmp_path: Path) -> None:
    author = house()
    author.georeference("local", Eastings=489000.0, Northings=2495000.0, OrthogonalHeight=0.0, Scale=1.0)
    path = author.write(tmp_path / "house.ifc")
    assert read_model(path, crs="EPSG:4547", mesh=False).georeference.crs == "EPSG:4547"
    author = house()
    author.georeference("EPSG:4547", Eastings=489000.0, Northings=2495000.0, OrthogonalHeight=0.0, Scale=1.0)
    with pytest.raises(RefusedError, match="contradicts"):
        read_model(author.write(path), crs="EPSG:4546")


def test_coordinates_that_already_are_the_maps_are_found_to_be_georeferenced_twice(tmp_path: Path) -> None:
    author = Author()
    author.move(author.site, (489000.0, 2495000.0, 0.0))
    author.move(author.building, (489000.0, 2495000.0, 0.0))
    storey = author.storey("Ground", 0.0)
    author.wall("Wall", storey, (489001.0, 2495002.0, 0.0))
    path = author.write(tmp_path / "large.ifc")
    with pytest.raises(UnplacedError, match="look projected"):
        read_model(path)
    placed = read_model(path, crs="EPSG:4547", tiles_dir=tmp_path / "tiles")
    assert placed.georeference.source == "site_placement"
    (wall,) = (element for element in placed.elements if element.is_meshed)
    assert wall.centroid is not None
    assert wall.centroid[0] == pytest.approx(113.893, abs=0.001)
    author.georeference("EPSG:4547", Eastings=489000.0, Northings=2495000.0, OrthogonalHeight=0.0, Scale=1.0)
    with pytest.raises(UnplacedError, match="georeferenced twice"):
        read_model(author.write(path))


def test_large_coordinates_lose_no_millimetre_in_the_tiles(tmp_path: Path) -> None:
    author = Author()
    author.move(author.building, (489000.0, 2495000.0, 0.0))
    storey = author.storey("Ground", 0.0)
    author.wall("Wall", storey, (489001.0, 2495002.0, 0.0))
    read_model(author.write(tmp_path / "m.ifc"), override=HERE, tiles_dir=tmp_path)
    (content,) = tmp_path.glob("*.glb")
    positions = read_glb(content.read_bytes()).positions
    assert positions.min(axis=0) == pytest.approx([1, 2, 0], abs=0.001)
    assert positions.max(axis=0) == pytest.approx([5, 2.2, 3], abs=0.001)


def test_true_north_turns_a_model_that_a_person_places_without_a_heading(tmp_path: Path) -> None:
    author = house()
    context = author.model.by_type("IfcGeometricRepresentationContext", include_subtypes=False)[0]
    context.TrueNorth = author.model.createIfcDirection((1.0, 1.0))
    path = author.write(tmp_path / "house.ifc")
    turned = read_model(path, override=Placement(113.9, 22.5), mesh=False).georeference
    assert turned.heading_deg == pytest.approx(-45.0)
    assert read_model(path, override=HERE, mesh=False).georeference.heading_deg == 0.0


def test_properties_stay_as_they_are_and_quantities_become_si(tmp_path: Path) -> None:
    author = house(prefix="MILLI")
    wall = author.model.by_type("IfcWall")[0]
    kind = run("root.create_entity", author.model, ifc_class="IfcWallType", name="Brick 200")
    pset = run("pset.add_pset", author.model, product=kind, name="Pset_WallCommon")
    run("pset.edit_pset", author.model, pset=pset, properties={"IsExternal": True, "FireRating": "2h"})
    run("type.assign_type", author.model, related_objects=[wall], relating_type=kind, should_map_representations=False)
    own = run("pset.add_pset", author.model, product=wall, name="Pset_WallCommon")
    run("pset.edit_pset", author.model, pset=own, properties={"FireRating": "3h"})
    odd = run("pset.add_pset", author.model, product=wall, name="编码")
    run("pset.edit_pset", author.model, pset=odd, properties={"楼栋": "A-01"})
    qto = run("pset.add_qto", author.model, product=wall, name="Qto_WallBaseQuantities")
    run("pset.edit_qto", author.model, qto=qto, properties={"Length": 4000.0, "NetSideArea": 12e6})
    material = run("material.add_material", author.model, name="砖")
    run("material.assign_material", author.model, products=[wall], material=material)
    content = read_model(author.write(tmp_path / "house.ifc"), override=HERE, mesh=False)
    record = next(element for element in content.elements if element.global_id == wall.GlobalId)
    common = record.property_sets["Pset_WallCommon"]
    assert (common["IsExternal"], common["FireRating"]) == (True, "3h")
    assert record.property_sets["编码"]["楼栋"] == "A-01"
    quantities = record.quantities["Qto_WallBaseQuantities"]
    assert quantities["Length"] == pytest.approx(4.0)
    assert quantities["NetSideArea"] == pytest.approx(12.0)
    assert (record.type_name, record.materials) == ("Brick 200", ["砖"])


def test_repeated_global_ids_are_kept_apart_and_reported(tmp_path: Path) -> None:
    author = house()
    first, second = author.model.by_type("IfcWall")[:2]
    second.GlobalId = first.GlobalId
    content = read_model(author.write(tmp_path / "house.ifc"), override=HERE, mesh=False)
    ids = [element.global_id for element in content.elements]
    assert len(ids) == len(set(ids)) == 21
    assert f"{first.GlobalId}~2" in ids
    assert any(problem.where == first.GlobalId for problem in content.problems)
    assert content.report["repaired"] == 1


def test_the_footprint_is_the_ground_the_walls_cover(tmp_path: Path) -> None:
    content = read_model(house().write(tmp_path / "house.ifc"), override=HERE)
    assert content.footprint is not None
    polygon = shapely.Polygon(content.footprint["coordinates"][0])
    assert polygon.contains(shapely.Point(113.9 + 2 / 102_900, 22.5 + 3 / 110_750))
    width, depth = (np.array(polygon.bounds[2:]) - polygon.bounds[:2]) * (102_900, 110_750)
    assert (width, depth) == (pytest.approx(4.0, abs=0.02), pytest.approx(6.2, abs=0.02))


def test_progress_rises_from_nothing_to_all(tmp_path: Path) -> None:
    heard: list[tuple[Text, float]] = []
    read_model(
        house().write(tmp_path / "house.ifc"),
        override=HERE,
        tiles_dir=tmp_path / "tiles",
        progress=lambda text, share: heard.append((text, share)),
    )
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
