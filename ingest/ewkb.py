# SPDX-License-Identifier: Apache-2.0
"""Geometries as PostGIS reads them in a binary COPY: WKB with the SRID in its head.

GEOS writes the SRID as well, but only that of a geometry which has one, and giving it to each is a copy of each.
The four bytes are put into the finished WKB of all of them at once instead.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import shapely

_SRID_AT: Final = 5  # after the byte order (1) and the type (4)
_HAS_SRID: Final = 0x20  # in the type's highest byte

_FEW: Final = 64
"""Polygons of one shape are written together from so many on; fewer are left to GEOS."""


def write_ewkb(geometries: npt.NDArray[Any], srid: int, few: int = _FEW) -> pa.Array:
    """Little-endian EWKB of each geometry, whatever its dimension; null for a missing one.

    Flat polygons of one ring that have the same number of points (at least `few` of them) differ in nothing but their
    coordinates, which are put down for all of them in one go.
    """
    points = shapely.get_num_coordinates(geometries)
    is_ring = (shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON) & (points > 0)
    is_ring &= shapely.get_num_interior_rings(geometries) == 0
    is_ring &= ~(shapely.has_z(geometries) | shapely.has_m(geometries))
    sizes, count = np.unique(points[is_ring], return_counts=True)
    groups = [np.flatnonzero(is_ring & (points == size)) for size in sizes[count >= few]]
    others = np.ones(len(geometries), dtype=bool)
    for rows in groups:
        others[rows] = False
    if not groups:
        return _write_each(geometries, srid)
    written = [_write_rings(geometries[rows], srid) for rows in groups]
    groups.append(np.flatnonzero(others))
    written.append(_write_each(geometries[others], srid))
    place = np.empty(len(geometries), np.int64)
    place[np.concatenate(groups)] = np.arange(len(geometries))
    return pa.concat_arrays(written).take(pa.array(place))


def _write_rings(polygons: npt.NDArray[Any], srid: int) -> pa.Array:
    """EWKB of flat polygons that have one ring each and as many points as the others."""
    xy = shapely.get_coordinates(polygons).astype("<f8", copy=False).reshape(len(polygons), -1)
    head = np.array([3 | _HAS_SRID << 24, srid, 1, xy.shape[1] // 2], "<u4").tobytes()
    rows = np.empty((len(polygons), 1 + len(head) + 8 * xy.shape[1]), np.uint8)
    rows[:, 0] = 1
    rows[:, 1 : 1 + len(head)] = np.frombuffer(head, np.uint8)
    rows[:, 1 + len(head) :] = xy.view(np.uint8)
    ends = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(ends), pa.py_buffer(rows)])


def _write_each(geometries: npt.NDArray[Any], srid: int) -> pa.Array:
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
