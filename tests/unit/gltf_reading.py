# SPDX-License-Identifier: Apache-2.0
"""A glb read back the way a viewer does: decompressed, dequantised, turned to z-up, with its table."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import meshoptimizer
import numpy as np
from numpy.typing import NDArray

DTYPES = {5120: np.int8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
WIDTHS = {"SCALAR": 1, "VEC3": 3}


@dataclass(frozen=True)
class ReadPrimitive:
    positions: NDArray[np.float64]
    normals: NDArray[np.float64]
    feature_ids: NDArray[np.int64]
    triangles: NDArray[np.int64]
    material: dict[str, Any]


@dataclass(frozen=True)
class ReadGlb:
    document: dict[str, Any]
    primitives: list[ReadPrimitive]
    table: dict[str, list[Any]]

    @property
    def positions(self) -> NDArray[np.float64]:
        return np.concatenate([primitive.positions for primitive in self.primitives])


def read_glb(data: bytes) -> ReadGlb:
    magic, version, size = struct.unpack_from("<4sII", data)
    assert (magic, version, size) == (b"glTF", 2, len(data))
    assert len(data) % 8 == 0
    text_size, _ = struct.unpack_from("<I4s", data, 12)
    document = json.loads(data[20 : 20 + text_size])
    chunk = data[28 + text_size :]
    views = [_read_view(view, chunk) for view in document["bufferViews"]]
    (node,) = document["nodes"]
    matrix = np.array(node["matrix"]).reshape(4, 4).T
    primitives: list[ReadPrimitive] = []
    for described in document["meshes"][0]["primitives"]:
        attributes = described["attributes"]
        y_up = _read_accessor(document, views, attributes["POSITION"]) @ matrix[:3, :3].T + matrix[:3, 3]
        normals = _read_accessor(document, views, attributes["NORMAL"]) / 127.0
        indices = _read_accessor(document, views, described["indices"]).astype(np.int64)
        primitives.append(
            ReadPrimitive(
                # A tile's content is y-up; the runtime turns it back.
                positions=np.column_stack([y_up[:, 0], -y_up[:, 2], y_up[:, 1]]),
                normals=normals,
                feature_ids=_read_accessor(document, views, attributes["_FEATURE_ID_0"]).astype(np.int64).ravel(),
                triangles=indices.reshape(-1, 3),
                material=document["materials"][described["material"]],
            )
        )
    return ReadGlb(document, primitives, _read_table(document, views))


def _read_view(view: dict[str, Any], chunk: bytes) -> bytes:
    codec = view.get("extensions", {}).get("EXT_meshopt_compression")
    if codec is None:
        return chunk[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    packed = np.frombuffer(chunk, np.uint8, codec["byteLength"], codec["byteOffset"])
    if codec["mode"] == "TRIANGLES":
        assert packed[0] == 0xE1
        wide = meshoptimizer.decode_index_buffer(codec["count"], 4, packed.tobytes())
        raw = np.asarray(wide, np.uint16 if codec["byteStride"] == 2 else np.uint32)
    else:
        assert packed[0] == 0xA0, "version 0 of the vertex stream, as the extension says"
        raw = meshoptimizer.decode_vertex_buffer(codec["count"], codec["byteStride"], packed.tobytes())
    data = np.ascontiguousarray(raw).tobytes()
    assert len(data) == view["byteLength"]
    return data


def _read_accessor(document: dict[str, Any], views: list[bytes], index: int) -> NDArray[np.float64]:
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    dtype = np.dtype(DTYPES[accessor["componentType"]])
    width = WIDTHS[accessor["type"]]
    stride = view.get("byteStride", dtype.itemsize * width)
    values = np.ndarray(
        (accessor["count"], width),
        dtype,
        views[accessor["bufferView"]],
        accessor["byteOffset"],
        (stride, dtype.itemsize),
    )
    if "min" in accessor:
        assert values.min(axis=0).tolist() == accessor["min"]
        assert values.max(axis=0).tolist() == accessor["max"]
    return values.astype(np.float64)


def _read_table(document: dict[str, Any], views: list[bytes]) -> dict[str, list[Any]]:
    metadata = document["extensions"]["EXT_structural_metadata"]
    (table,) = metadata["propertyTables"]
    schema = metadata["schema"]["classes"][table["class"]]["properties"]
    columns: dict[str, list[Any]] = {}
    for name, described in table["properties"].items():
        data = views[described["values"]]
        if schema[name]["type"] == "STRING":
            offsets = np.frombuffer(views[described["stringOffsets"]], "<u4")
            columns[name] = [data[start:end].decode() for start, end in pairwise(offsets)]
        else:
            dtype = schema[name]["componentType"].lower()
            columns[name] = np.frombuffer(data, dtype)[: table["count"]].tolist()
        assert len(columns[name]) == table["count"]
    return columns
