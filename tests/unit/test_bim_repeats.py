# SPDX-License-Identifier: Apache-2.0
"""A shape that many products have is made once and stands wherever they do, as if each had been made alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ifcopenshell
import numpy as np
import pytest

from ingest.bim import wire
from ingest.bim.disposable import MeshingLimits, mesh_model
from ingest.bim.placements import is_local
from ingest.bim.repeats import RepeatSearch, find_repeats
from ingest.demo.models.catalogue import MODELS
from ingest.demo.models.writer import write_plan

MEMORY = 1 << 30


@pytest.fixture(scope="module")
def housing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("housing") / "housing.ifc"
    write_plan(MODELS["housing"].plan(MODELS["housing"].usual_site(storeys=2)), path)
    return path


def mesh(model: Any, alike: dict[int, int], path: Path) -> dict[int, tuple[dict[str, Any], bytes]]:
    """The messages of all products with a shape."""
    products = [
        one.id() for one in model.by_type("IfcElement") if one.Representation and not one.is_a("IfcOpeningElement")
    ]
    with path.open("wb") as out:
        mesh_model(model, products, MeshingLimits(workers=1), out.fileno(), alike)
    inbox = wire.Inbox()
    return {head["step_id"]: (head, block) for head, block in inbox.feed(path.read_bytes())}


def assert_same(model: Any, path: Path, tmp_path: Path, *, spared: float) -> None:
    groups = find_repeats(path.read_bytes())
    alike = {product: number for number, group in enumerate(groups) for product in group}
    alone, copied = mesh(model, {}, tmp_path / "alone"), mesh(model, alike, tmp_path / "copied")
    assert alone.keys() == copied.keys()
    shared = [number for step_id, number in alike.items() if step_id in alone]
    assert len(shared) - len(set(shared)) > spared * len(alone)
    for step_id, (head, block) in alone.items():
        other, bytes_of_other = copied[step_id]
        assert other["kind"] == head["kind"] and other.get("parts") == head.get("parts"), step_id
        if head["kind"] == "mesh":
            assert other["envelope"] == pytest.approx(head["envelope"], abs=1e-6)
            assert other["area"] == pytest.approx(head["area"], rel=1e-9)
            at = 0
            for part in head["parts"]:
                points, others = (
                    np.frombuffer(data, "<f4", 3 * part["points"], at) for data in (block, bytes_of_other)
                )
                at += points.nbytes + 12 * part["triangles"]
                assert np.allclose(points, others, atol=1e-5)


def test_a_block_of_flats_is_the_same_with_a_fifth_of_its_shapes_spared(housing: Path, tmp_path: Path) -> None:
    assert_same(ifcopenshell.open(str(housing)), housing, tmp_path, spared=0.2)


def test_real_models_are_the_same_with_repeats_copied(real_data: Path, tmp_path: Path) -> None:
    for name, spared in (
        ("web_duplex.ifc", 0.2),
        ("kit_AC20-FZK-Haus.ifc", 0.3),
        ("whale_TallBuilding.ifc", 0.3),
    ):
        path = real_data / "ifc" / name
        assert_same(ifcopenshell.open(str(path)), path, tmp_path, spared=spared)


def test_a_copy_that_stands_in_a_way_we_do_not_read_is_made_by_the_kernel(housing: Path, tmp_path: Path) -> None:
    model = ifcopenshell.open(str(housing))
    door = next(one for one in model.by_type("IfcDoor") if one.Representation)
    twin = model.create_entity(
        "IfcDoor", GlobalId=ifcopenshell.guid.new(), Representation=door.Representation,
        ObjectPlacement=model.createIfcGridPlacement(None, None),
    )  # fmt: skip
    assert is_local(door.ObjectPlacement) and not is_local(twin.ObjectPlacement) and is_local(None)
    found = mesh(model, {door.id(): 0, twin.id(): 0}, tmp_path / "meshes")
    alone = mesh(model, {}, tmp_path / "alone")
    assert found[twin.id()][0].get("envelope") == alone[twin.id()][0].get("envelope")


def test_a_search_that_fails_finds_nothing_and_ends(housing: Path, tmp_path: Path) -> None:
    found = RepeatSearch(str(housing), MEMORY).read()
    assert len(found) > 50 and len(set(found.values())) < len(found) / 2
    assert RepeatSearch(str(tmp_path / "gone.ifc"), MEMORY).read() == {}
