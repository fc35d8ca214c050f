# SPDX-License-Identifier: Apache-2.0
"""The binary chunk of a glb and the buffer views into it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from twin.gltf import compression

ARRAY_BUFFER: Final = 34962
ELEMENT_ARRAY_BUFFER: Final = 34963
ALIGNMENT: Final = 8
"""64-bit property columns ask for it; for everything else it is enough too."""


class BufferWriter:
    """Collects bytes; compressed views name a second, absent buffer whose size a decoder allocates."""

    def __init__(self) -> None:
        self.chunk = bytearray()
        self.views: list[dict[str, Any]] = []
        self._decoded_size = 0

    def add_plain(self, data: bytes) -> int:
        """A buffer view over `data` as it is; returns its index."""
        self.views.append({"buffer": 0, "byteOffset": self._append(data), "byteLength": len(data)})
        return len(self.views) - 1

    def add_vertices(self, vertices: NDArray[Any]) -> int:
        """A compressed view over an attribute array (n, k), rows a multiple of 4 bytes."""
        return self._add_compressed(
            compression.encode_vertices(vertices),
            {
                "byteStride": vertices.itemsize * vertices.shape[1],
                "mode": "ATTRIBUTES",
                "count": len(vertices),
            },
            {"byteStride": vertices.itemsize * vertices.shape[1], "target": ARRAY_BUFFER},
        )

    def add_triangles(self, indices: NDArray[np.uint32], vertex_count: int, stride: int) -> int:
        """A compressed view over flat indices (3m,), `stride` bytes each when decoded (2 or 4)."""
        return self._add_compressed(
            compression.encode_triangles(indices, vertex_count),
            {"byteStride": stride, "mode": "TRIANGLES", "count": len(indices)},
            {"target": ELEMENT_ARRAY_BUFFER},
        )

    def describe_buffers(self) -> list[dict[str, Any]]:
        """The document's `buffers`: the chunk, and the room the decoded views take."""
        # The chunk ends where the file may end: 3D Tiles asks for contents in multiples of 8 bytes.
        self.chunk.extend(b"\0" * (-len(self.chunk) % ALIGNMENT))
        buffers: list[dict[str, Any]] = [{"byteLength": len(self.chunk)}]
        if self._decoded_size:
            buffers.append(
                {
                    "byteLength": self._decoded_size,
                    "extensions": {"EXT_meshopt_compression": {"fallback": True}},
                }
            )
        return buffers

    def _add_compressed(self, data: bytes, codec: dict[str, Any], view: dict[str, Any]) -> int:
        size = codec["byteStride"] * codec["count"]
        described = {"buffer": 0, "byteOffset": self._append(data), "byteLength": len(data), **codec}
        self.views.append(
            {
                "buffer": 1,
                "byteOffset": self._decoded_size,
                "byteLength": size,
                **view,
                "extensions": {"EXT_meshopt_compression": described},
            }
        )
        self._decoded_size += size + -size % ALIGNMENT
        return len(self.views) - 1

    def _append(self, data: bytes) -> int:
        self.chunk.extend(b"\0" * (-len(self.chunk) % ALIGNMENT))
        offset = len(self.chunk)
        self.chunk.extend(data)
        return offset
