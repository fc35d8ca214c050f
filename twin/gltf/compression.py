# SPDX-License-Identifier: Apache-2.0
"""The meshopt codec, typed: the byte streams of EXT_meshopt_compression."""

from __future__ import annotations

from typing import Any, cast

import meshoptimizer  # pyright: ignore[reportMissingTypeStubs]
import numpy as np
from numpy.typing import NDArray

_codec: Any = cast(Any, meshoptimizer)


def encode_vertices(vertices: NDArray[Any]) -> bytes:
    """Mode ATTRIBUTES for an array (n, k) whose row is a multiple of 4 bytes."""
    # The extension names version 0 of the stream; the library writes 1 unless told, and forgets no one.
    _codec.encode_vertex_version(0)
    return bytes(
        _codec.encode_vertex_buffer(
            np.ascontiguousarray(vertices), len(vertices), vertices.itemsize * vertices.shape[1]
        )
    )


def encode_triangles(indices: NDArray[np.uint32], vertex_count: int) -> bytes:
    """Mode TRIANGLES for flat indices (3m,)."""
    return bytes(_codec.encode_index_buffer(np.ascontiguousarray(indices), len(indices), vertex_count))


def order_for_cache(indices: NDArray[np.uint32], vertex_count: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Triangles and vertices in the order in which they compress and draw best.

    Returns the new flat indices and, for each new vertex, the old one it was.
    """
    cached = np.empty_like(indices)
    _codec.optimize_vertex_cache(cached, indices, len(indices), vertex_count)
    used, first = np.unique(cached, return_index=True)
    sequence = used[np.argsort(first)].astype(np.int64)
    place = np.zeros(vertex_count, dtype=np.uint32)
    place[sequence] = np.arange(len(sequence), dtype=np.uint32)
    return place[cached], sequence
