# SPDX-License-Identifier: Apache-2.0
"""Writes one binary glTF content: quantised, compressed, every vertex with its feature id."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from twin.gltf import compression, shading
from twin.gltf.buffers import BufferWriter
from twin.gltf.mesh import Colour, MeshPart, PropertyTable
from twin.gltf.metadata import describe_table

SHORT: Final = 5122
BYTE: Final = 5120
FLOAT: Final = 5126
UNSIGNED_SHORT: Final = 5123
UNSIGNED_INT: Final = 5125

EXTENSIONS_REQUIRED: Final = ("KHR_mesh_quantization", "EXT_meshopt_compression")
EXTENSIONS_USED: Final = (*EXTENSIONS_REQUIRED, "EXT_mesh_features", "EXT_structural_metadata")


@dataclass(frozen=True)
class GlbContent:
    """A written content and what a tile has to say about it.

    minimum, maximum: corners of the box in local metres (z up) that holds every vertex as it is drawn.
    """

    data: bytes
    minimum: tuple[float, float, float]
    maximum: tuple[float, float, float]
    triangles: int
    features: int


FINEST_M: Final = 0.01
"""The widest step of the 16-bit lattice; where a content is too large for it, positions are whole numbers in floats."""

_FLOAT_STEP_M: Final = 1 / 256
_LARGEST_SHORT: Final = 32767


@dataclass(frozen=True)
class _Grid:
    """The lattice that a content's vertices are put on: metres = centre + step * integer.

    is_wide: whether the integers take more than 16 bits; a float32 still holds them exactly.
    """

    centre: NDArray[np.float64]
    step: float
    is_wide: bool = False


@dataclass(frozen=True)
class _Primitive:
    """Finished vertices of one material; indices count from the primitive's own first vertex."""

    positions: NDArray[np.int16 | np.float32]
    normals: NDArray[np.int8]
    feature_ids: NDArray[np.uint16]
    indices: NDArray[np.uint32]
    colour: Colour
    is_double_sided: bool


def write_glb(parts: Sequence[MeshPart], table: PropertyTable) -> GlbContent:
    """A glb for 3D Tiles 1.1 out of `parts`, whose feature ids are rows of `table`.

    Parts of one colour become one primitive; degenerate triangles go; the mesh is turned to glTF's y-up by
    the node. Raises ValueError when no triangle is left or an id has no row.
    """
    grid = _fit_grid(parts)
    primitives = [
        primitive
        for group in _group_by_material(parts)
        if (primitive := _build_primitive(group, grid, table.count)) is not None
    ]
    if not primitives:
        raise ValueError("there is no triangle to write")
    buffers = BufferWriter()
    document = _describe_scene(primitives, grid, buffers)
    document["extensions"] = {"EXT_structural_metadata": describe_table(table, buffers)}
    document["bufferViews"] = buffers.views
    document["buffers"] = buffers.describe_buffers()
    used = np.concatenate([primitive.positions for primitive in primitives])
    low, high = (grid.centre + grid.step * corner.astype(float) for corner in (used.min(axis=0), used.max(axis=0)))
    return GlbContent(
        data=_pack(document, bytes(buffers.chunk)),
        minimum=(float(low[0]), float(low[1]), float(low[2])),
        maximum=(float(high[0]), float(high[1]), float(high[2])),
        triangles=sum(len(primitive.indices) for primitive in primitives) // 3,
        features=table.count,
    )


def _fit_grid(parts: Sequence[MeshPart]) -> _Grid:
    corners = [
        corner
        for part in parts
        if len(part.positions)
        for corner in (part.positions.min(axis=0), part.positions.max(axis=0))
    ]
    if not corners:
        raise ValueError("there is no triangle to write")
    low = np.min(corners, axis=0).astype(np.float64)
    high = np.max(corners, axis=0).astype(np.float64)
    # One step for all axes: normals stay what they are under a uniform scale.
    step = max(float((high - low).max()) / 2 / _LARGEST_SHORT, 1e-6)
    centre = (low + high) / 2
    return _Grid(centre, step) if step <= FINEST_M else _Grid(centre, _FLOAT_STEP_M, is_wide=True)


def _group_by_material(parts: Sequence[MeshPart]) -> list[list[MeshPart]]:
    groups: dict[tuple[Colour, bool], list[MeshPart]] = {}
    for part in parts:
        if len(part.indices):
            groups.setdefault((part.colour, part.double_sided or part.colour[3] < 1), []).append(part)
    # Opaque first: what shines through is drawn over what is there.
    return [groups[key] for key in sorted(groups, key=lambda key: (key[0][3] < 1, key))]


def _build_primitive(parts: Sequence[MeshPart], grid: _Grid, features: int) -> _Primitive | None:
    offsets = np.cumsum([0, *(len(part.positions) for part in parts[:-1])])
    corners = np.concatenate([part.indices.astype(np.int64) + base for part, base in zip(parts, offsets, strict=True)])
    metres = np.concatenate([part.positions for part in parts]).astype(np.float64)
    ids = np.concatenate([part.feature_ids for part in parts]).astype(np.int64)
    if int(ids.min()) < 0 or int(ids.max()) >= features:
        raise ValueError("a feature id has no row in the property table")
    reach = 2**24 if grid.is_wide else _LARGEST_SHORT
    lattice = np.clip(np.rint((metres - grid.centre) / grid.step), -reach, reach).astype(np.int64)

    flat, doubled_areas = shading.face_normals(metres[corners])
    cells = lattice[corners]
    on_grid = np.cross(cells[:, 1] - cells[:, 0], cells[:, 2] - cells[:, 0])
    solid = (doubled_areas > 0) & on_grid.any(axis=1)
    if not solid.any():
        return None
    corners, flat = corners[solid], flat[solid]
    at = corners.reshape(-1)
    welded = shading.weld_keys(lattice[at], ids[at])
    given = [np.full(part.positions.shape, np.nan) if part.normals is None else part.normals for part in parts]
    shaded = np.concatenate(given).astype(np.float64)[at]
    if not np.isfinite(shaded).all():
        computed = shading.crease_normals(flat, shading.corner_angles(metres[corners]), welded)
        shaded = np.where(np.isfinite(shaded), shaded, computed)
    bytes_of_normals = np.rint(np.clip(shaded, -1, 1) * 127).astype(np.int8)

    first, place = shading.index_corners(shading.normal_keys(bytes_of_normals), welded)
    indices, sequence = compression.order_for_cache(place.astype(np.uint32), len(first))
    kept = first[sequence]
    return _Primitive(
        positions=lattice[at[kept]].astype(np.float32 if grid.is_wide else np.int16),
        normals=bytes_of_normals[kept],
        feature_ids=ids[at[kept]].astype(np.uint16),
        indices=indices,
        colour=parts[0].colour,
        is_double_sided=parts[0].double_sided or parts[0].colour[3] < 1,
    )


def _describe_scene(primitives: Sequence[_Primitive], grid: _Grid, buffers: BufferWriter) -> dict[str, Any]:
    """The document without metadata and buffers: one node, one mesh, shared views for all primitives."""
    total = sum(len(primitive.positions) for primitive in primitives)
    # Four shorts, the last unused, or three floats: a vertex begins at a multiple of four bytes.
    positions = np.zeros((total, 3), dtype="<f4") if grid.is_wide else np.zeros((total, 4), dtype="<i2")
    stride = positions.itemsize * positions.shape[1]
    normals = np.zeros((total, 4), dtype=np.int8)
    ids = np.zeros((total, 2), dtype="<u2")
    positions[:, :3] = np.concatenate([primitive.positions for primitive in primitives])
    normals[:, :3] = np.concatenate([primitive.normals for primitive in primitives])
    ids[:, 0] = np.concatenate([primitive.feature_ids for primitive in primitives])
    largest = max(len(primitive.positions) for primitive in primitives)
    # 65535 itself restarts a primitive, so it is no index.
    index_type, index_size = (UNSIGNED_SHORT, 2) if largest <= 65535 else (UNSIGNED_INT, 4)
    position_view = buffers.add_vertices(positions)
    normal_view = buffers.add_vertices(normals)
    id_view = buffers.add_vertices(ids)
    index_view = buffers.add_triangles(
        np.concatenate([primitive.indices for primitive in primitives]), largest, index_size
    )

    accessors: list[dict[str, Any]] = []
    described: list[dict[str, Any]] = []
    first_vertex = first_index = 0
    for material, primitive in enumerate(primitives):
        count = len(primitive.positions)
        base = len(accessors)
        accessors += [
            {
                "bufferView": position_view,
                "byteOffset": first_vertex * stride,
                "componentType": FLOAT if grid.is_wide else SHORT,
                "count": count,
                "type": "VEC3",
                "min": primitive.positions.min(axis=0).tolist(),
                "max": primitive.positions.max(axis=0).tolist(),
            },
            {
                "bufferView": normal_view,
                "byteOffset": first_vertex * 4,
                "componentType": BYTE,
                "normalized": True,
                "count": count,
                "type": "VEC3",
            },
            {
                "bufferView": id_view,
                "byteOffset": first_vertex * 4,
                "componentType": UNSIGNED_SHORT,
                "count": count,
                "type": "SCALAR",
            },
            {
                "bufferView": index_view,
                "byteOffset": first_index * index_size,
                "componentType": index_type,
                "count": len(primitive.indices),
                "type": "SCALAR",
            },
        ]
        feature_set = {
            "featureCount": len(np.unique(primitive.feature_ids)),
            "attribute": 0,
            "propertyTable": 0,
        }
        described.append(
            {
                "attributes": {"POSITION": base, "NORMAL": base + 1, "_FEATURE_ID_0": base + 2},
                "indices": base + 3,
                "material": material,
                "extensions": {"EXT_mesh_features": {"featureIds": [feature_set]}},
            }
        )
        first_vertex += count
        first_index += len(primitive.indices)
    return {
        "asset": {"version": "2.0", "generator": "Blocktwin"},
        "extensionsUsed": list(EXTENSIONS_USED),
        "extensionsRequired": list(EXTENSIONS_REQUIRED),
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "matrix": _node_matrix(grid)}],
        "meshes": [{"primitives": described}],
        "materials": [_describe_material(primitive) for primitive in primitives],
        "accessors": accessors,
    }


def _node_matrix(grid: _Grid) -> list[float]:
    """Column-major: lattice to metres, then z-up to y-up (x, y, z) -> (x, z, -y)."""
    step = grid.step
    east, north, up = (float(value) for value in grid.centre)
    return [step, 0.0, 0.0, 0.0, 0.0, 0.0, -step, 0.0, 0.0, step, 0.0, 0.0, east, up, -north, 1.0]


def _describe_material(primitive: _Primitive) -> dict[str, Any]:
    red, green, blue, alpha = primitive.colour
    material: dict[str, Any] = {
        "pbrMetallicRoughness": {
            "baseColorFactor": [*(_linear(value) for value in (red, green, blue)), round(alpha, 4)],
            "metallicFactor": 0.0,
            "roughnessFactor": 0.9,
        }
    }
    if alpha < 1:
        material["alphaMode"] = "BLEND"
    if primitive.is_double_sided:
        material["doubleSided"] = True
    return material


def _linear(value: float) -> float:
    """A channel from sRGB to linear light, as glTF's factors are."""
    clamped = min(max(value, 0.0), 1.0)
    return round(clamped / 12.92 if clamped <= 0.04045 else ((clamped + 0.055) / 1.055) ** 2.4, 5)


def _pack(document: dict[str, Any], chunk: bytes) -> bytes:
    # The JSON is padded with spaces so that the chunk after it, itself a multiple of 8, begins on one.
    text = orjson.dumps(document)
    text += b" " * (-(len(text) + 20) % 8)
    size = 12 + 8 + len(text) + 8 + len(chunk)
    return b"".join(
        (
            struct.pack("<4sII", b"glTF", 2, size),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(chunk), b"BIN\0"),
            chunk,
        )
    )
