# SPDX-License-Identifier: Apache-2.0
"""A content is written, read back as a viewer would, and is still the same thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.gltf_reading import read_glb
from twin.gltf.glb import write_glb
from twin.gltf.mesh import MeshPart, PropertyTable

GREY = (0.8, 0.8, 0.8, 1.0)
GLASS = (0.3, 0.6, 0.9, 0.4)

CUBE = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=np.float64)
FACES = np.array(
    [
        [0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
        [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5],
    ]
)  # fmt: skip


def cube(feature: int, corner: tuple[float, float, float], colour: Any = GREY, size: float = 1.0) -> MeshPart:
    return MeshPart(CUBE * size + corner, FACES, np.full(8, feature), colour)


def table(count: int) -> PropertyTable:
    return PropertyTable(
        "element",
        count,
        {
            "global_id": [f"id-{row}" for row in range(count)],
            "name": ["墙" if row % 2 else "" for row in range(count)],
            "storey": np.arange(count, dtype=np.int16),
        },
        {"storey": -32768},
    )


def test_positions_come_back_where_they_were_to_the_quantisation_step() -> None:
    content = write_glb([cube(0, (100.0, -40.0, 7.0)), cube(1, (180.0, 20.0, 30.0))], table(2))
    read = read_glb(content.data)
    step = (180 + 1 - 100) / 2 / 32767
    assert np.allclose(read.positions.min(axis=0), [100, -40, 7], atol=step)
    assert np.allclose(read.positions.max(axis=0), [181, 21, 31], atol=step)
    assert np.allclose(content.minimum, read.positions.min(axis=0), atol=1e-9)
    assert np.allclose(content.maximum, read.positions.max(axis=0), atol=1e-9)


def test_each_vertex_leads_to_its_row() -> None:
    content = write_glb([cube(0, (0, 0, 0)), cube(2, (10, 0, 0)), cube(1, (20, 0, 0))], table(3))
    read = read_glb(content.data)
    (primitive,) = read.primitives
    by_feature = {
        feature: primitive.positions[primitive.feature_ids == feature, 0].min().round() for feature in range(3)
    }
    assert by_feature == {0: 0, 2: 10, 1: 20}
    assert read.table == {"global_id": ["id-0", "id-1", "id-2"], "name": ["", "墙", ""], "storey": [0, 1, 2]}


def test_parts_of_one_colour_are_one_primitive_and_glass_is_drawn_last_from_both_sides() -> None:
    parts = [cube(0, (0, 0, 0), GLASS), cube(1, (3, 0, 0)), cube(2, (6, 0, 0))]
    read = read_glb(write_glb(parts, table(3)).data)
    grey, glass = read.primitives
    assert set(grey.feature_ids.tolist()) == {1, 2}
    assert glass.material["alphaMode"] == "BLEND"
    assert glass.material["doubleSided"] is True
    assert "doubleSided" not in grey.material
    assert glass.material["pbrMetallicRoughness"]["baseColorFactor"][3] == 0.4


def test_a_cube_has_flat_sides_that_look_outwards() -> None:
    (primitive,) = read_glb(write_glb([cube(0, (5, 5, 5))], table(1)).data).primitives
    assert len(primitive.positions) == 24
    assert len(primitive.triangles) == 12
    corners = primitive.positions[primitive.triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", cross, corners.mean(axis=1) - 5.5) > 0).all()
    # Normals are stored in the lattice's z-up frame; the node turns them with the mesh.
    stored = primitive.normals[primitive.triangles[:, 0]]
    assert np.allclose(stored, cross / np.linalg.norm(cross, axis=1)[:, None], atol=0.01)


def test_a_round_column_is_smooth_and_its_ends_are_not() -> None:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.vstack([np.column_stack([ring, np.full(24, z)]) for z in (0.0, 3.0)])
    side = [[i, (i + 1) % 24, 24 + i] for i in range(24)] + [
        [(i + 1) % 24, 24 + (i + 1) % 24, 24 + i] for i in range(24)
    ]
    top = [[24, 24 + i, 25 + i] for i in range(1, 23)]
    part = MeshPart(points, np.array(side + top), np.zeros(48, dtype=int), GREY)
    (primitive,) = read_glb(write_glb([part], table(1)).data).primitives
    upright = np.abs(primitive.normals[:, 2]) < 0.1
    radial = primitive.positions[upright, :2]
    assert np.allclose(primitive.normals[upright, :2], radial, atol=0.02)
    assert upright.sum() == 48
    assert (~upright).sum() == 24


def test_degenerate_triangles_are_dropped() -> None:
    faces = np.vstack([FACES, [[0, 0, 1], [1, 1, 1]]])
    line = MeshPart(np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]]), np.array([[0, 1, 2]]), np.zeros(3, int), GREY)
    part = MeshPart(CUBE, faces, np.zeros(8, dtype=int), GREY)
    assert write_glb([part, line], table(1)).triangles == 12
    with pytest.raises(ValueError, match="no triangle"):
        write_glb([line], table(1))


def test_given_normals_are_kept() -> None:
    normals = np.tile([0.0, 0.0, 1.0], (8, 1))
    part = MeshPart(CUBE, FACES, np.zeros(8, dtype=int), GREY, normals)
    (primitive,) = read_glb(write_glb([part], table(1)).data).primitives
    assert np.allclose(primitive.normals, [0, 0, 1])


def test_many_vertices_take_wide_indices() -> None:
    parts = [cube(row, (row % 60 * 2.0, row // 60 * 2.0, 0.0)) for row in range(3000)]
    content = write_glb(parts, table(3000))
    read = read_glb(content.data)
    assert len(read.primitives[0].positions) == 72000
    assert int(read.primitives[0].triangles.max()) == 71999
    assert content.triangles == 36000


@pytest.mark.parametrize(("feature", "count"), [(3, 3), (-1, 3)], ids=["behind the table", "before the table"])
def test_an_id_without_a_row_is_an_error(feature: int, count: int) -> None:
    with pytest.raises(ValueError, match="no row"):
        write_glb([cube(feature, (0, 0, 0))], table(count))


def test_a_column_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 rows"):
        PropertyTable("element", 3, {"name": ["a", "b"]})


def test_broken_text_is_written_as_text() -> None:
    written = PropertyTable("element", 1, {"name": ["a\ud800b"]})
    assert read_glb(write_glb([cube(0, (0, 0, 0))], written).data).table["name"] == ["a?b"]


def test_the_same_parts_give_the_same_bytes() -> None:
    parts = [cube(row, (row * 3.0, 0, 0), GLASS if row % 2 else GREY) for row in range(20)]
    assert write_glb(parts, table(20)).data == write_glb(list(parts), table(20)).data
