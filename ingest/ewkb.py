# SPDX-License-Identifier: Apache-2.0
"""Geometries as PostGIS reads them in a binary COPY: WKB with the SRID in its head.

GEOS writes the SRID as well, but only that of a geometry which has one, and giving it to each is a copy of each.
The four bytes are put into the finished WKB of all of them at once instead.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

_SRID_AT: Final = 5  # after the byte order (1) and the type (4)
_HAS_SRID: Final = 0x20  # in the type's highest byte


def write_ewkb(geometries: npt.NDArray[Any], srid: int) -> pa.Array:
    """Little-endian EWKB of each geometry, whatever its dimension; null for a missing one."""
    plain = pa.array(shapely.to_wkb(geometries, byte_order=1, flavor="extended"), pa.binary())
    if plain.null_count == len(plain):
        return plain
    _, offsets, data = plain.buffers()
    begin = np.frombuffer(offsets, np.int32)[: len(plain) + 1].astype(np.int64)
    is_there = np.diff(begin) > 0
    end = begin.copy()
    end[1:] += 4 * np.cumsum(is_there)
    first = end[:-1][is_there]
    written = np.empty(end[-1], np.uint8)
    is_kept = np.ones(end[-1], dtype=bool)
    srid_at = first[:, None] + np.arange(_SRID_AT, _SRID_AT + 4)
    is_kept[srid_at] = False
    written[is_kept] = np.frombuffer(data, np.uint8)[: begin[-1]]
    written[srid_at] = np.frombuffer(np.array([srid], "<u4").tobytes(), np.uint8)
    written[first + _SRID_AT - 1] |= _HAS_SRID
    buffers = [plain.buffers()[0], pa.py_buffer(end.astype(np.int32)), pa.py_buffer(written)]
    return pa.Array.from_buffers(pa.binary(), len(plain), buffers, plain.null_count)
