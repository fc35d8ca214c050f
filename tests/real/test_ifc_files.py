# SPDX-License-Identifier: Apache-2.0
"""Every real IFC file loads with its counts, or is refused with the reason; none takes the process down."""

from __future__ import annotations

import json
import os
import re
import select
import threading
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import ifcopenshell
import numpy as np
import pytest
import shapely

from ingest.bim import meshing, wire
from ingest.bim.container import read_container
from ingest.bim.disposable import MeshingLimits, mesh_model
from ingest.bim.georeference import resolve
from ingest.bim.read import read_model
from ingest.bim.records import ModelContent, Placement
from ingest.bim.schema import prepare_text
from ingest.bim.session import ModelSession, SessionLimits
from ingest.bim.unplaced import UnplacedError
from tests.unit.gltf_reading import read_glb
from twin.errors import RefusedError
from twin.gltf.globe import locate

DATA = os.environ.get("TWIN_REAL_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="TWIN_REAL_DATA is not set")
FOLDER = Path(DATA or ".") / "ifc"
HERE = Placement(113.883, 22.555)

BROKEN = {
    "bs_Allplan-Smiley-West_IFC2X_FINAL.ifc": "IFC2X_FINAL cannot be read",
    "bs_EmptyTest.ifc": "no IfcProject",
    "grf_fail002_invalid_epsg.ifc": "no product",
    "grf_pass001_rigid_operation.ifc": "no product",
    "grf_pass005_scaled_foot_to_metre.ifc": "no product",
    "grf_pass008_correct_coordinates.ifc": "no product",
    "lfs_pointer_dental_clinic.ifc": "Git-LFS",
    "xbim_FormallyIllegalFile.ifc": "STEP syntax.*INF",
    "xg_zh_CompoundBooleanUnion_no_project.ifc": "no IfcProject",
}

SELF_PLACED = {
    "grf_fail005_ifc4_blank_map_conversion.ifc": (5.3, 51.7),
    "pcert_Building-Architecture.ifc": (179.08, -8.462),
    "pcert_Building-Landscaping.ifc": (179.08, -8.462),
    "pcert_Infra-Plumbing.ifc": (179.08, -8.462),
    "pcert_Infra-Road.ifc": (179.08, -8.462),
    "xbim_TUM_terrain-and-alignment_IFC4X1.ifc": (9.18, 49.78),
}

# Without a word from a person: the reason why each other file waits for one.
UNPLACED = {
    "gr_fail_2sites_2buildings.ifc": "no georeference",
    "grf_fail002_invalid_epsg.ifc": "“3857” is no valid name",
    "grf_pass006_wkt_crs.ifc": "the origin of",
    "ios_geoloc_mapconversion_angle.ifc": "names no CRS",
    "ios_geoloc_unit3_cm_EPSG3857.ifc": "the origin of EPSG:3857",
    "ios_manual-geolocation-coords_latlong0.ifc": "no georeference",
    "kit_AC20-FZK-Haus.ifc": "Candidate: the site says 8.436539,49.100435",
    "web_duplex.ifc": "an exporter's default, Chicago",
    "whale_SimpleWall.ifc": "an exporter's default, Boston",
    "xbim_ORD_road_mapconv_small.ifc": "“NC83” is no valid name",
}


def read_register() -> list[tuple[str, dict[str, str]]]:
    """The rows of the data's own README: file name and its columns."""
    if not DATA:
        return []
    lines = (FOLDER / "README.md").read_text().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("| file |"))
    names = [cell.strip() for cell in lines[start].strip("|").split("|")]
    rows: list[tuple[str, dict[str, str]]] = []
    for line in lines[start + 2 :]:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == len(names):
            row = dict(zip(names, cells, strict=True))
            rows.append((row["file"], row))
    return rows


@cache
def describe(name: str) -> dict[str, Any]:
    """The facts of a file, opened once for all tests that ask."""
    text = prepare_text(read_container(FOLDER / name, max_bytes=1 << 30).data)
    with ModelSession(text.data, SessionLimits()) as session:
        return session.describe()[0]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("name", "row"), read_register(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_file_loads_with_its_counts_or_is_refused_with_a_reason(
    name: str, row: dict[str, str], tmp_path: Path
) -> None:
    if name in BROKEN:
        with pytest.raises(RefusedError, match=BROKEN[name]):
            read_model(FOLDER / name, override=HERE, tiles_dir=tmp_path / "tiles")
        assert not (tmp_path / "tiles").exists()
        return
    content = read_model(FOLDER / name, override=HERE, tiles_dir=tmp_path / "tiles")
    assert content.schema == row["FILE_SCHEMA"]
    for column, key in (("IfcProduct", "products"), ("storeys", "storeys"), ("spaces", "spaces")):
        if row[column]:
            assert content.report[key] == int(row[column]), key
    assert len(content.elements) == content.report["products"] + 1
    assert len({element.global_id for element in content.elements}) == len(content.elements)
    assert content.report["meshed"] == content.report["meshable"]
    json.dumps([asdict(element) for element in content.elements])
    if content.report["meshed"]:
        check_tiles(tmp_path / "tiles", content)
        assert content.footprint is not None
        polygon = shapely.Polygon(content.footprint["coordinates"][0])
        assert polygon.is_valid
        assert polygon.distance(shapely.Point(HERE.longitude, HERE.latitude)) < 0.02


def check_tiles(folder: Path, content: ModelContent) -> None:
    """Boxes hold what is in them, ids have rows, and every meshed element is in exactly one content."""
    document = json.loads((folder / "tileset.json").read_text())
    assert document["asset"]["version"] == "1.1"
    seen: list[str] = []

    def visit(tile: dict[str, Any], around: tuple[Any, Any] | None, error: float) -> None:
        box = np.array(tile["boundingVolume"]["box"])
        half = np.array([box[3], box[7], box[11]])
        low, high = box[:3] - half, box[:3] + half
        assert tile["geometricError"] <= error
        if around is not None:
            assert (low >= around[0] - 1e-6).all() and (high <= around[1] + 1e-6).all()
        if "content" in tile:
            data = (folder / tile["content"]["uri"]).read_bytes()
            read = read_glb(data)
            table = read.table
            seen.extend(table["global_id"])
            assert len(table["global_id"]) <= 4000
            assert len(data) <= 1_500_000 or len(table["global_id"]) == 1
            for primitive in read.primitives:
                assert 0 <= primitive.feature_ids.min() <= primitive.feature_ids.max() < len(table["global_id"])
                assert (primitive.positions >= low - 1e-6).all() and (primitive.positions <= high + 1e-6).all()
                assert np.allclose(np.linalg.norm(primitive.normals, axis=1), 1, atol=0.02)
        for child in tile.get("children", ()):
            visit(child, (low, high), tile["geometricError"])

    visit(document["root"], None, document["geometricError"])
    meshed = {element.global_id for element in content.elements if element.is_meshed}
    assert len(seen) == len(set(seen))
    assert set(seen) == meshed
    transform = np.array(document["root"]["transform"]).reshape(4, 4).T
    longitude, latitude, _ = locate(transform, np.zeros((1, 3)))
    assert (longitude[0], latitude[0]) == pytest.approx((HERE.longitude, HERE.latitude), abs=1e-9)


@pytest.mark.parametrize("name", sorted(SELF_PLACED))
def test_a_file_with_a_true_map_conversion_stands_where_it_says(name: str) -> None:
    place, _, _ = resolve(describe(name)["georeference"])
    assert place.source == "map_conversion"
    assert (place.longitude, place.latitude) == pytest.approx(SELF_PLACED[name], abs=0.1)
    assert abs(place.scale - 1) < 0.01


@pytest.mark.parametrize("name", sorted(UNPLACED))
def test_a_file_that_does_not_know_its_place_waits_for_a_person(name: str) -> None:
    with pytest.raises(UnplacedError, match=UNPLACED[name]) as refusal:
        resolve(describe(name)["georeference"])
    assert refusal.value.problems


def test_what_cannot_be_placed_leaves_its_counts_and_no_tiles(tmp_path: Path) -> None:
    with pytest.raises(UnplacedError) as refusal:
        read_model(FOLDER / "web_duplex.ifc", tiles_dir=tmp_path / "tiles")
    assert refusal.value.report["products"] == 295
    assert not (tmp_path / "tiles").exists()


def test_a_declared_crs_places_a_road_whose_file_misnames_it() -> None:
    facts = describe("xbim_ORD_road_mapconv_small.ifc")["georeference"]
    place, _, _ = resolve(facts, crs="EPSG:32119")
    assert (place.longitude, place.latitude) == pytest.approx((-80.9, 35.3), abs=1.0)


def test_the_scene_of_two_files_fits_together() -> None:
    """The house and the road of one sample scene, each with its own conversion, stand metres apart."""
    house, _, _ = resolve(describe("pcert_Building-Architecture.ifc")["georeference"])
    road, _, _ = resolve(describe("pcert_Infra-Road.ifc")["georeference"])
    apart = np.hypot((house.longitude - road.longitude) * 110_100, (house.latitude - road.latitude) * 110_600)
    assert apart < 60


def test_the_gable_walls_are_cut_as_they_should_be() -> None:
    """A faster kernel silently leaves these clippings out: the walls' areas are known."""
    content = read_model(FOLDER / "kit_AC20-FZK-Haus.ifc", override=HERE)
    walls = [element.area for element in content.elements if element.ifc_class.startswith("IfcWall")]
    assert any(area == pytest.approx(21.735, abs=0.01) for area in walls)


def test_a_kernel_that_crashes_costs_its_products_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    # This kernel dies on some cabinets of this file: a real crash in native code.
    monkeypatch.setattr(meshing, "KERNELS", ("hybrid-manifold-opencascade", "hybrid-manifold-opencascade"))
    model = ifcopenshell.open(FOLDER / "web_duplex.ifc")
    furniture = [product.id() for product in model.by_type("IfcFurnishingElement")]
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    inbox = wire.Inbox()
    messages: list[dict[str, Any]] = []

    done = threading.Event()

    def drain() -> None:
        # Reads along while the mesher writes, so that the pipe never fills.
        while not done.is_set():
            if select.select([reading], [], [], 0.1)[0] and (piece := os.read(reading, 1 << 20)):
                messages.extend(head for head, _ in inbox.feed(piece))

    reader = threading.Thread(target=drain)
    reader.start()
    mesh_model(model, furniture, MeshingLimits(workers=1), writing)
    os.close(writing)
    done.set()
    reader.join()
    answered = [head["step_id"] for head in messages]
    assert sorted(answered) == sorted(furniture)
    assert all(head["kind"] == "mesh" for head in messages)
    assert any(head.get("is_stand_in") or "stand_in" in head for head in messages)
    assert any(not head.get("is_stand_in") and "stand_in" not in head for head in messages)


def test_spaces_keep_their_properties_and_ids() -> None:
    facts = describe("web_duplex.ifc")
    assert facts["spaces"] == 21
    room = next(element for element in facts["elements"] if element["ifc_class"] == "IfcSpace")
    assert room["property_sets"]
    assert re.fullmatch(r"[0-9A-Za-z_$]{22}", room["global_id"])
