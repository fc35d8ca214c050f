# SPDX-License-Identifier: Apache-2.0
"""A product that no kernel gets done is shown as its box, and that is said."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import ifcopenshell
import numpy as np
import pytest

from ingest.bim import disposable, meshing, wire
from ingest.bim.disposable import MeshingLimits, mesh_model
from ingest.bim.lifeline import read_memory
from ingest.bim.read import read_model
from ingest.bim.records import Placement
from ingest.bim.stand_in import find_box
from tests.unit.bim_authoring import Author, house
from tests.unit.bim_tower import write_tower

HERE = Placement(113.9, 22.5, 5.0, 0.0)


def mesh(model: Any, limits: MeshingLimits, path: Path) -> dict[int, dict[str, Any]]:
    """The messages of a meshing, by product."""
    with path.open("wb") as file:
        products = [product.id() for product in model.by_type("IfcWall")]
        mesh_model(model, products, limits, file.fileno())
    heads = [head for head, _ in wire.Inbox().feed(path.read_bytes())]
    assert sorted(head["step_id"] for head in heads) == sorted(products)
    return {head["step_id"]: head for head in heads}


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def eat(*_: Any, **__: Any) -> None:
    blocks = [bytearray(b"x" * (1 << 20)) for _ in range(4000)]
    raise AssertionError(len(blocks))


def test_walls_whose_kernels_crash_stand_as_boxes_of_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = house()
    whole = mesh(author.model, MeshingLimits(), tmp_path / "whole")
    monkeypatch.setattr(meshing.ifcopenshell.geom, "create_shape", die)
    monkeypatch.setattr(disposable, "mesh_batch", die)
    boxes = mesh(author.model, MeshingLimits(workers=1), tmp_path / "boxes")
    for step_id, head in boxes.items():
        assert head["stand_in"] == "the kernel crashed"
        assert head["envelope"] == pytest.approx(whole[step_id]["envelope"], abs=0.001)
        assert "stand_in" not in whole[step_id]


def test_a_kernel_that_takes_all_memory_is_ended_and_costs_its_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = Author()
    author.wall("Wall", author.storey("Ground", 0.0))
    monkeypatch.setattr(meshing.ifcopenshell.geom, "create_shape", eat)
    monkeypatch.setattr(disposable, "mesh_batch", eat)
    # What it shares counts too: all that the tests before have left in this process.
    limit = MeshingLimits(workers=1, memory_bytes=read_memory()[0] + 400_000_000)
    (head,) = mesh(author.model, limit, tmp_path / "boxes").values()
    assert head["stand_in"] == "the kernel ran out of memory"


def test_a_stand_in_is_in_the_tiles_and_in_the_report(tmp_path: Path) -> None:
    author = house()
    wall = author.model.by_type("IfcWall")[0]
    line = [author.model.createIfcCartesianPoint(at) for at in ((0.0, 0.0, 0.0), (3.0, 0.0, 0.0), (3.0, 2.0, 1.0))]
    # A pipe without a thickness: both kernels die of it, in native code.
    pipe = author.model.create_entity("IfcSweptDiskSolid", author.model.createIfcPolyline(line), 0.0)
    wall.Representation.Representations[0].Items = [pipe]
    content = read_model(author.write(tmp_path / "house.ifc"), override=HERE, tiles_dir=tmp_path / "tiles")
    (problem,) = (problem for problem in content.problems if problem.where == wall.GlobalId)
    assert "could not be made (the kernel crashed); its box is shown in its place" in problem.what.en
    record = next(element for element in content.elements if element.global_id == wall.GlobalId)
    assert record.is_meshed and record.envelope is not None
    assert record.envelope[5] - record.envelope[2] == pytest.approx(1.0)
    assert json.loads((tmp_path / "tiles" / "tileset.json").read_text())["root"]["children"]


def test_the_box_of_every_kind_of_shape_is_the_kernels_own(tmp_path: Path) -> None:
    model: Any = ifcopenshell.open(write_tower(tmp_path / "tower.ifc", 1))
    kinds = {name: model.by_type(name)[:3] for name in ("IfcWall", "IfcFurniture", "IfcPipeSegment")}
    for name, products in kinds.items():
        for product in products:
            corners = find_box(product, 1.0)
            shape = meshing.ifcopenshell.geom.create_shape(
                meshing.make_settings(with_openings=False), product, geometry_library=meshing.KERNELS[0]
            )
            head, _ = meshing.describe_shape(shape, product.id())
            assert corners is not None
            box = [*corners.min(axis=0), *corners.max(axis=0)]
            assert np.abs(np.array(box) - head["envelope"]).max() < 0.06, name


def test_a_shape_that_leads_round_in_circles_has_no_box(tmp_path: Path) -> None:
    author = house()
    wall = author.model.by_type("IfcWall")[0]
    result = author.model.create_entity("IfcBooleanResult", Operator="UNION")
    result.FirstOperand = result
    result.SecondOperand = result
    wall.Representation.Representations[0].Items = [result]
    assert find_box(wall, 1.0) is None
    content = read_model(author.write(tmp_path / "house.ifc"), override=HERE)
    assert content.report["meshed"] == 11
    assert any(problem.where == wall.GlobalId for problem in content.problems)
