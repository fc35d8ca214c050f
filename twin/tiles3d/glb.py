# SPDX-License-Identifier: Apache-2.0
"""Reads a binary glTF as strictly as a viewer must: chunks, buffer views, accessors, all within their bounds."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final, cast

import meshoptimizer  # pyright: ignore[reportMissingTypeStubs]
import numpy as np
import orjson
from numpy.typing import NDArray

_codec: Any = cast(Any, meshoptimizer)

DTYPES: Final[Mapping[int, str]] = {
    5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4",
}  # fmt: skip
WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}

_MESHOPT: Final = "EXT_meshopt_compression"
_HEADER: Final = 12
_CHUNK: Final = 8


class BrokenGlbError(Exception):
    """A content that cannot be read. code: for machines; where: the way to it within the document."""

    def __init__(self, code: str, where: str, what: str) -> None:
        self.code = code
        self.where = where
        super().__init__(what)


class Glb:
    """A glb's document and what its accessors hold. Raises BrokenGlbError wherever something points nowhere."""

    def __init__(self, data: bytes) -> None:
        self.document, self._chunk = _split(data)
        self._decoded: dict[int, bytes] = {}

    def item(self, kind: str, index: Any, where: str) -> Mapping[str, Any]:
        """An item of one of the document's lists."""
        listed = self.document.get(kind)
        if not isinstance(listed, list) or not isinstance(index, int) or not 0 <= index < len(listed):
            raise BrokenGlbError("reference", where, f"{kind} {index} is not there")
        found = listed[index]
        if not isinstance(found, Mapping):
            raise BrokenGlbError("structure", f"{kind}/{index}", "it is no object")
        return found

    def read_view(self, index: Any, where: str) -> bytes:
        """The bytes of a buffer view, decompressed."""
        view = self.item("bufferViews", index, where)
        if index not in self._decoded:
            codec = view.get("extensions", {}).get(_MESHOPT)
            at = f"bufferViews/{index}"
            self._decoded[index] = self._decode(codec, view, at) if codec else self._cut(view, at)
        return self._decoded[index]

    def read_accessor(self, index: Any, where: str) -> NDArray[Any]:
        """An accessor's values (n, width) as they are stored, within their buffer view and as min and max say."""
        accessor = self.item("accessors", index, where)
        at = f"accessors/{index}"
        count, component, kind = (accessor.get(name) for name in ("count", "componentType", "type"))
        if not isinstance(count, int) or count < 1 or component not in DTYPES or kind not in WIDTHS:
            raise BrokenGlbError("accessor", at, "count, componentType or type is impossible")
        dtype, width = np.dtype(DTYPES[component]), WIDTHS[str(kind)]
        if "bufferView" not in accessor or "sparse" in accessor:
            raise BrokenGlbError("accessor", at, "sparse accessors and accessors without bytes are not read")
        view = self.item("bufferViews", accessor["bufferView"], at)
        data = self.read_view(accessor["bufferView"], at)
        start, stride = accessor.get("byteOffset", 0), view.get("byteStride", dtype.itemsize * width)
        if start % dtype.itemsize or stride % dtype.itemsize or stride < dtype.itemsize * width:
            raise BrokenGlbError("accessor", at, "its values are not aligned")
        if start < 0 or start + stride * (count - 1) + dtype.itemsize * width > len(data):
            raise BrokenGlbError("accessor-bounds", at, "it ends behind its buffer view")
        values = np.ndarray((count, width), dtype, data, start, (stride, dtype.itemsize))
        if dtype.kind == "f" and not np.isfinite(values).all():
            raise BrokenGlbError("not-finite", at, "it holds what is no finite number")
        for name, bound in (("min", values.min(axis=0)), ("max", values.max(axis=0))):
            if name in accessor and not np.array_equal(np.array(accessor[name]).astype(dtype), bound):
                raise BrokenGlbError("accessor-range", at, f"its {name} is not that of its values")
        return values

    def _cut(self, described: Mapping[str, Any], where: str) -> bytes:
        buffer = self.item("buffers", described.get("buffer"), where)
        start, length = described.get("byteOffset", 0), described.get("byteLength")
        if described.get("buffer") != 0 or "uri" in buffer:
            raise BrokenGlbError("buffer", where, "it is not in the glb's own chunk")
        if not isinstance(length, int) or length < 1 or not isinstance(start, int) or start < 0:
            raise BrokenGlbError("view-bounds", where, "its offset or length is impossible")
        if start + length > min(int(buffer.get("byteLength", 0)), len(self._chunk)):
            raise BrokenGlbError("view-bounds", where, "it ends behind its buffer")
        return self._chunk[start : start + length]

    def _decode(self, codec: Mapping[str, Any], view: Mapping[str, Any], where: str) -> bytes:
        packed = self._cut(codec, where)
        count, stride, mode = codec.get("count"), codec.get("byteStride"), codec.get("mode")
        if not isinstance(count, int) or not isinstance(stride, int) or count * stride != view.get("byteLength"):
            raise BrokenGlbError("compression", where, "count and byteStride do not come to byteLength")
        try:
            if mode == "ATTRIBUTES" and packed[0] == 0xA0 and stride % 4 == 0 and 0 < stride <= 256:
                raw = np.asarray(_codec.decode_vertex_buffer(count, stride, packed))
            elif mode == "TRIANGLES" and packed[0] & 0xF0 == 0xE0 and stride in (2, 4) and count % 3 == 0:
                wide = np.asarray(_codec.decode_index_buffer(count, 4, packed))
                raw = wide.astype("<u2" if stride == 2 else "<u4")
            else:
                raise BrokenGlbError("compression", where, f"a stream {mode} with a stride of {stride} is not read")
        except (RuntimeError, ValueError) as error:
            raise BrokenGlbError("compression", where, f"the stream does not decode: {error}") from error
        return np.ascontiguousarray(raw).tobytes()[: count * stride]


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    if len(data) < _HEADER + _CHUNK:
        raise BrokenGlbError("glb-header", "glb", "it is too short for a header")
    magic, version, size = struct.unpack_from("<4sII", data)
    if magic != b"glTF" or version != 2:
        raise BrokenGlbError("glb-header", "glb", "it is no binary glTF 2.0")
    if size != len(data):
        raise BrokenGlbError("glb-header", "glb", f"it says that it has {size} bytes and has {len(data)}")
    chunks: list[tuple[bytes, bytes]] = []
    at = _HEADER
    while at + _CHUNK <= size:
        length, kind = struct.unpack_from("<I4s", data, at)
        if length % 4 or at + _CHUNK + length > size:
            raise BrokenGlbError("glb-chunk", f"chunk {len(chunks)}", "it ends behind the file, or is not aligned")
        chunks.append((kind, data[at + _CHUNK : at + _CHUNK + length]))
        at += _CHUNK + length
    if not chunks or chunks[0][0] != b"JSON":
        raise BrokenGlbError("glb-chunk", "chunk 0", "the first chunk is not JSON")
    try:
        document = orjson.loads(chunks[0][1])
    except orjson.JSONDecodeError as error:
        raise BrokenGlbError("json", "chunk 0", f"it is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BrokenGlbError("json", "chunk 0", "it is no object")
    return document, chunks[1][1] if len(chunks) > 1 and chunks[1][0] == b"BIN\0" else b""
