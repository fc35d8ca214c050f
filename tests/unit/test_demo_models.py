# SPDX-License-Identifier: Apache-2.0
"""The demo's tower, factory and housing block: valid, whole, true to what they declare, different as they say."""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.element
import ifcopenshell.util.placement
import ifcopenshell.validate
import numpy as np
import pytest
import shapely

from ingest.bim.meshing import KERNELS
from ingest.demo.models.catalogue import MODELS, DemoModel
from ingest.demo.models.edits import apply_edits
from ingest.demo.models.plan import Product, Site
from ingest.demo.models.sites import Candidate, Wish, choose_site
from ingest.demo.models.tower import build_tower
from ingest.demo.models.tower_size import count_elements
from ingest.demo.models.writer import write_plan

STOREYS = 3


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> DemoModel:
    return MODELS[request.param]


@pytest.fixture(scope="module")
def files(model: DemoModel, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp(model.name)
    paths = [folder / model.file_name(version) for version in (1, 2)]
    for version, path in enumerate(paths, start=1):
        write_plan(model.plan(usual_site(model), version), path)
    return paths


@pytest.fixture(scope="module")
def opened(files: list[Path]) -> list[Any]:
    return [ifcopenshell.open(path) for path in files]


def usual_site(model: DemoModel) -> Site:
    if model.name == "factory":
        return replace(model.usual_site(), length=38.0, width=28.0)
    usual = model.usual_site(STOREYS)
    return replace(usual, length=36.0, width=28.0) if model.name == "tower" else usual


def test_a_model_is_valid_and_says_that_it_is_synthetic(files: list[Path], opened: list[Any]) -> None:
    logger = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(opened[1], logger)
    assert logger.statements == []
    for path, file in zip(files, opened, strict=True):
        assert "合成" in file.by_type("IfcProject")[0].Description
        assert "Synthetic" in path.read_text("ascii")[:600]
        identifiers = Counter(root.GlobalId for root in file.by_type("IfcRoot"))
        assert max(identifiers.values()) == 1


def test_a_model_is_written_the_same_twice(model: DemoModel, files: list[Path], tmp_path: Path) -> None:
    for version, path in enumerate(files, start=1):
        again = tmp_path / path.name
        write_plan(model.plan(usual_site(model), version), again)
        assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_product_has_a_mesh_and_rooms_and_slabs_have_the_areas_that_they_declare(
    opened: list[Any], kernel: str
) -> None:
    file = opened[0]
    shaped = [p for p in file.by_type("IfcProduct") if p.Representation and not p.is_a("IfcOpeningElement")]
    volumes = mesh_volumes(file, shaped, kernel)
    assert {product.GlobalId for product in shaped} == volumes.keys()
    for window in file.by_type("IfcWindow"):
        # Glass in a frame: a hole that a kernel has filled would show here.
        assert volumes[window.GlobalId] < 0.05 * window.OverallWidth * window.OverallHeight, window.Name
    compared = 0
    for product in shaped:
        quantities = ifcopenshell.util.element.get_psets(product, qtos_only=True)
        for name in ("Qto_SpaceBaseQuantities", "Qto_SlabBaseQuantities", "Qto_WallBaseQuantities"):
            if volume := quantities.get(name, {}).get("NetVolume"):
                assert volumes[product.GlobalId] == pytest.approx(volume, rel=2e-3), product.Name
                compared += 1
    assert compared > 30


def mesh_volumes(file: Any, products: list[Any], kernel: Any) -> dict[str, float]:
    """GlobalId to the volume (m³) of what a kernel makes of a product."""
    settings = ifcopenshell.geom.settings()
    iterator: Any = ifcopenshell.geom.iterator(settings, file, 1, include=products, geometry_library=kernel)
    volumes: dict[str, float] = {}
    assert iterator.initialize()
    while True:
        shape = iterator.get()
        points = np.frombuffer(shape.geometry.verts_buffer, dtype=np.float64).reshape(-1, 3)
        faces = np.frombuffer(shape.geometry.faces_buffer, dtype=np.int32).reshape(-1, 3)
        assert len(faces)
        first, second, third = points[faces[:, 0]], points[faces[:, 1]], points[faces[:, 2]]
        volumes[shape.guid] = abs(float(np.einsum("ij,ij->i", first, np.cross(second, third)).sum() / 6))
        if not iterator.next():
            return volumes


def test_floor_areas_of_storeys_add_up_to_the_building_and_cover_its_rooms(opened: list[Any]) -> None:
    for file in opened:
        storeys = sum(read(storey, "Qto_BuildingStoreyBaseQuantities") for storey in file.by_type("IfcBuildingStorey"))
        buildings = sum(read(building, "Qto_BuildingBaseQuantities") for building in file.by_type("IfcBuilding"))
        rooms = sum(read(space, "Qto_SpaceBaseQuantities") for space in file.by_type("IfcSpace"))
        assert storeys == pytest.approx(buildings, abs=0.01)
        assert 0.6 * storeys < rooms < storeys


def read(thing: Any, name: str) -> float:
    return float(ifcopenshell.util.element.get_psets(thing, qtos_only=True).get(name, {}).get("GrossFloorArea", 0.0))


def test_pipes_hang_together_by_ports_in_the_same_place_and_belong_to_systems(opened: list[Any]) -> None:
    for file in opened:
        joined = file.by_type("IfcRelConnectsPorts")
        assert len(joined) > 20
        for relation in joined:
            ends = [
                ifcopenshell.util.placement.get_local_placement(port.ObjectPlacement)[:3, 3]
                for port in (relation.RelatingPort, relation.RelatedPort)
            ]
            assert np.linalg.norm(ends[0] - ends[1]) < 0.002, relation.RelatingPort.Name
        for segment in file.by_type("IfcPipeSegment"):
            assert [r.RelatingGroup.is_a("IfcDistributionSystem") for r in segment.HasAssignments] == [True]


def test_doors_and_windows_stand_in_openings_of_their_size(opened: list[Any]) -> None:
    for file in opened:
        for filling in (*file.by_type("IfcDoor"), *file.by_type("IfcWindow")):
            (relation,) = filling.FillsVoids
            (host,) = relation.RelatingOpeningElement.VoidsElements
            assert host.RelatingBuildingElement.is_a("IfcWall")


def test_a_model_covers_its_building_and_stands_where_it_is_told(model: DemoModel, opened: list[Any]) -> None:
    site = usual_site(model)
    (conversion,) = opened[0].by_type("IfcMapConversion")
    assert (conversion.Eastings, conversion.Northings) == (site.east, site.north)
    assert conversion.TargetCRS.Name == site.crs
    slabs = [slab for slab in opened[0].by_type("IfcSlab") if slab.PredefinedType == "BASESLAB"]
    area = sum(
        ifcopenshell.util.element.get_psets(slab, qtos_only=True)["Qto_SlabBaseQuantities"]["GrossArea"]
        for slab in slabs
    )
    assert area == pytest.approx(site.length * site.width, rel=0.01)


def test_a_second_version_differs_in_what_it_says_and_in_nothing_else(model: DemoModel, opened: list[Any]) -> None:
    plan = model.build(usual_site(model))
    edits = model.edit(plan)
    found = compare(*opened)
    assert set(edits.removed) <= set(found["removed"])
    gone = set(plan.products) - set(apply_edits(plan, edits).products)
    # What stood in an opening of a wall that is gone is gone too, and ports with their pipes.
    assert {name for name in found["removed"] if ":" not in name} == gone
    assert found["added"] == sorted(product.key for product in edits.added)
    fillings = [key for key, product in plan.products.items() if product.fills in edits.moved]
    ports = {f"{key}:{port.name}" for key in edits.moved for port in plan.products[key].ports}
    assert set(found["moved"]) == {*edits.moved, *fillings} | ports
    hosts = {host_of(plan.products[key]) for key in edits.moved} - {None}
    assert set(found["reshaped"]) == set(edits.reshaped) | hosts
    assert set(found["changed"]) == {*edits.properties, *edits.quantities}
    assert all(found.values())


def host_of(product: Product) -> str | None:
    return product.parent if product.relation == "voids" else None


def compare(first: Any, second: Any) -> dict[str, list[str]]:
    """Names of products that differ, by how."""
    before, after = ({p.GlobalId: p for p in file.by_type("IfcProduct")} for file in (first, second))
    both = sorted(before.keys() & after.keys())
    return {
        "added": sorted(after[key].Name for key in after.keys() - before.keys()),
        "removed": sorted(before[key].Name for key in before.keys() - after.keys()),
        "moved": [before[key].Name for key in both if not np.allclose(place(before[key]), place(after[key]))],
        "reshaped": [before[key].Name for key in both if outline(before[key]) != outline(after[key])],
        "changed": [before[key].Name for key in both if told(before[key]) != told(after[key])],
    }


def place(product: Any) -> Any:
    return ifcopenshell.util.placement.get_local_placement(product.ObjectPlacement)


def outline(product: Any) -> tuple[str, ...]:
    """What a product's shape is made of, and where holes are cut into it."""
    shape = spell(product.Representation) if product.Representation else ""
    holes = [
        spell(r.RelatedOpeningElement.ObjectPlacement.RelativePlacement) for r in getattr(product, "HasOpenings", ())
    ]
    return (shape, *holes)


@functools.cache
def spell(entity: Any) -> str:
    """An entity with all that it refers to, without their numbers; colours and contexts are left out."""
    if isinstance(entity, tuple):
        return f"({','.join(map(spell, entity))})"
    if not isinstance(entity, ifcopenshell.entity_instance):
        return repr(entity)
    if entity.is_a("IfcRepresentationContext"):
        return "context"
    values: Any = entity
    return f"{entity.is_a()}{spell(tuple(values[place] for place in range(len(values))))}"


def told(product: Any) -> dict[str, Any]:
    sets = ifcopenshell.util.element.get_psets(product)
    return {name: {k: v for k, v in values.items() if k != "id"} for name, values in sets.items()}


def test_flats_are_zones_with_their_unit_numbers(tmp_path: Path) -> None:
    model = MODELS["housing"]
    write_plan(model.plan(usual_site(model)), tmp_path / "housing.ifc")
    file: Any = ifcopenshell.open(tmp_path / "housing.ifc")
    flats = [zone for zone in file.by_type("IfcZone") if re.fullmatch(r"[12]-\d0\d", zone.Name)]
    assert len(flats) == 4 * STOREYS
    seen: set[str] = set()
    for flat in flats:
        (group,) = flat.IsGroupedBy
        assert len(group.RelatedObjects) == 8 and not seen & {s.GlobalId for s in group.RelatedObjects}
        seen |= {space.GlobalId for space in group.RelatedObjects}
        said = ifcopenshell.util.element.get_psets(flat)["示例_分户信息"]
        rooms = sum(read(s, "Qto_SpaceBaseQuantities") for s in group.RelatedObjects)
        assert said["套内面积"] + said["阳台面积"] == pytest.approx(rooms, abs=0.02)
        staircase, number = flat.Name.split("-")
        assert said["户号"] == f"{staircase}{int(number):04d}" and said["单元"] == staircase and flat.ObjectType == "户"


def test_the_factory_has_two_building_parts(tmp_path: Path) -> None:
    model = MODELS["factory"]
    write_plan(model.plan(usual_site(model)), tmp_path / "factory.ifc")
    kinds = Counter(b.CompositionType for b in ifcopenshell.open(tmp_path / "factory.ifc").by_type("IfcBuilding"))
    assert kinds == {"ELEMENT": 1, "PARTIAL": 2}


def test_the_tower_grows_to_any_number_of_elements(tmp_path: Path) -> None:
    site = MODELS["tower"].usual_site(4)
    plan = build_tower(site, elements=1_000)
    assert count_elements(plan) == 1_000
    write_plan(plan, tmp_path / "tower.ifc")
    file = ifcopenshell.open(tmp_path / "tower.ifc")
    assert len(file.by_type("IfcElement")) - len(file.by_type("IfcFeatureElement")) == 1_000
    with pytest.raises(ValueError, match="elements already"):
        build_tower(site, elements=100)


def test_a_building_is_chosen_by_its_footprint_and_the_nearest_that_is_high_enough() -> None:
    wish = Wish(("office",), (36.0, 60.0), (28.0, 42.0))
    near_but_thin = Candidate(shapely.box(0, 0, 80, 10), 30, 120.0, 0.0, 50.0)
    bent = Candidate(shapely.Polygon([(0, 0), (40, 0), (40, 30), (20, 30), (20, 15), (0, 15)]), 30, 120.0, 0.0, 60.0)
    far = Candidate(shapely.box(900, 0, 940, 30), 30, 120.0, 0.0, 900.0)
    right = Candidate(shapely.box(300, 100, 330, 140), 29, 118.0, 2.0, 300.0)
    site = choose_site([near_but_thin, bent, far, right], wish, 30, "EPSG:4547")
    assert site is not None
    assert (site.east, site.north, site.length, site.width) == (315.0, 120.0, 40.0, 30.0)
    assert abs(site.turn) == 90.0 and site.storeys == 29 and site.elevation == 2.0
    assert choose_site([near_but_thin, bent], wish, 30, "EPSG:4547") is None
