# SPDX-License-Identifier: Apache-2.0
"""A content: a glb whose every part is where it says, and where its vertices stand."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from twin.tiles3d.glb import BrokenGlbError, Glb
from twin.tiles3d.metadata import check_features, check_tables

Floats = NDArray[np.float64]

_UNIT: Final = 0.0125
"""How far a normal's length may be from 1: three components in 8 bits."""

_TRIANGLES: Final = 4
_MAX_DEPTH: Final = 64
_Y_UP_TO_Z_UP: Final = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
_SCALES: Final = {"int8": 127, "uint8": 255, "int16": 32767, "uint16": 65535}
_B3DM_HEADER: Final = 28


@dataclass(frozen=True)
class ContentFacts:
    """What a sound content holds: where its vertices stand (n, 3) in the tile's frame, and how much there is."""

    points: Floats
    triangles: int
    features: int


def open_b3dm(data: bytes) -> bytes:
    """The glb in a b3dm. Raises BrokenGlbError for one whose lengths do not add up."""
    if len(data) < _B3DM_HEADER:
        raise BrokenGlbError("b3dm", "header", "it is too short for a header")
    _, version, size, *lengths = struct.unpack_from("<4s6I", data)
    start = _B3DM_HEADER + sum(lengths)
    if version != 1 or size != len(data) or start > size or size % 8:
        raise BrokenGlbError("b3dm", "header", "its lengths do not add up")
    (length,) = struct.unpack_from("<I", data, start + 8) if start + 12 <= size else (size,)
    if start + length > size:
        raise BrokenGlbError("b3dm", "glb", "the glb ends behind the file")
    return data[start : start + length]


def check_content(data: bytes) -> ContentFacts:
    """Read a glb through. Raises BrokenGlbError for the first thing that is wrong."""
    glb = Glb(data)
    _check_extensions(glb.document)
    if glb.document.get("asset", {}).get("version") != "2.0":
        raise BrokenGlbError("asset", "asset", "its version is not 2.0")
    tables = check_tables(glb)
    points: list[Floats] = []
    triangles = features = 0
    meshes: dict[int, tuple[list[Floats], int]] = {}
    for node, matrix in _walk_nodes(glb):
        mesh = node.get("mesh")
        if mesh is None:
            continue
        if mesh not in meshes:
            positions, count, featured = _check_mesh(glb, mesh, tables)
            meshes[mesh] = positions, count
            features += featured
        positions, count = meshes[mesh]
        triangles += count
        points += [p @ matrix[:3, :3].T + matrix[:3, 3] for p in positions]
    stand = np.concatenate(points) if points else np.zeros((0, 3))
    return ContentFacts(stand @ _Y_UP_TO_Z_UP[:3, :3].T, triangles, max(tables, default=features))


def _check_extensions(document: Mapping[str, Any]) -> None:
    used, required = (document.get(name, []) for name in ("extensionsUsed", "extensionsRequired"))
    if not set(required) <= set(used):
        raise BrokenGlbError("extensions", "extensionsRequired", "it requires an extension that it does not use")
    undeclared = set(document.get("extensions", {})) - set(used)
    if undeclared:
        raise BrokenGlbError("extensions", "extensionsUsed", f"{sorted(undeclared)[0]} is used and not declared")


def _walk_nodes(glb: Glb) -> list[tuple[Mapping[str, Any], Floats]]:
    """Every node of the scene with its transform to the glb's own frame."""
    scene = glb.item("scenes", glb.document.get("scene", 0), "scene")
    waiting = [(index, np.eye(4), 0) for index in scene.get("nodes", [])]
    found: list[tuple[Mapping[str, Any], Floats]] = []
    while waiting:
        index, parent, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise BrokenGlbError("nodes", f"nodes/{index}", "it is deeper down than nodes may be, or its own child")
        node = glb.item("nodes", index, "nodes")
        matrix = parent @ _node_matrix(node, f"nodes/{index}")
        found.append((node, matrix))
        waiting += [(child, matrix, depth + 1) for child in node.get("children", [])]
    return found


def _node_matrix(node: Mapping[str, Any], where: str) -> Floats:
    if "matrix" in node:
        matrix = np.array(node["matrix"], dtype=np.float64)
        if matrix.shape != (16,) or not np.isfinite(matrix).all():
            raise BrokenGlbError("nodes", where, "its matrix is no list of 16 numbers")
        return matrix.reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)))
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _check_mesh(glb: Glb, index: int, tables: list[int]) -> tuple[list[Floats], int, int]:
    mesh = glb.item("meshes", index, "nodes")
    positions: list[Floats] = []
    triangles = features = 0
    for number, primitive in enumerate(mesh.get("primitives", [])):
        where = f"meshes/{index}/primitives/{number}"
        points, count = _check_primitive(glb, primitive, where)
        positions.append(points)
        triangles += count
        features += check_features(glb, primitive, tables, where)
    if not positions:
        raise BrokenGlbError("mesh", f"meshes/{index}", "it has no primitives")
    return positions, triangles, features


def _check_primitive(glb: Glb, primitive: Mapping[str, Any], where: str) -> tuple[Floats, int]:
    """Its vertices as numbers, and how many triangles it has."""
    attributes = primitive.get("attributes", {})
    if "POSITION" not in attributes:
        raise BrokenGlbError("primitive", where, "it has no POSITION")
    for bound in ("min", "max"):
        if bound not in glb.item("accessors", attributes["POSITION"], where):
            raise BrokenGlbError("accessor-range", where, f"POSITION has no {bound}")
    if "material" in primitive:
        glb.item("materials", primitive["material"], where)
    points = _read_numbers(glb, attributes["POSITION"], where)
    for name, accessor in attributes.items():
        if len(glb.read_accessor(accessor, where)) != len(points):
            raise BrokenGlbError("primitive", f"{where}/{name}", "it has another count than POSITION")
    if "NORMAL" in attributes:
        length = np.linalg.norm(_read_numbers(glb, attributes["NORMAL"], where), axis=1)
        if np.abs(length - 1).max() > _UNIT:
            raise BrokenGlbError("normal", where, f"a normal has the length {length[np.abs(length - 1).argmax()]:.3f}")
    corners = len(points)
    if "indices" in primitive:
        indices = glb.read_accessor(primitive["indices"], where)
        if indices.shape[1] != 1 or indices.dtype.kind != "u":
            raise BrokenGlbError("index", where, "its indices are no unsigned numbers")
        if int(indices.max()) >= len(points):
            raise BrokenGlbError("index", where, f"the index {int(indices.max())} is behind the last vertex")
        if int(indices.max()) == np.iinfo(indices.dtype).max:
            raise BrokenGlbError("index", where, "an index is the value that restarts a primitive")
        corners = len(indices)
    if primitive.get("mode", _TRIANGLES) != _TRIANGLES:
        return points, 0
    if corners % 3:
        raise BrokenGlbError("index", where, f"{corners} corners are no triangles")
    return points, corners // 3


def _read_numbers(glb: Glb, index: Any, where: str) -> Floats:
    values = glb.read_accessor(index, where)
    scale = _SCALES.get(values.dtype.name, 1) if glb.item("accessors", index, where).get("normalized") else 1
    return np.maximum(values.astype(np.float64) / scale, -1.0 if scale > 1 else -np.inf)
