# SPDX-License-Identifier: Apache-2.0
"""Footprints extruded to the bytes of one 3D tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import mapbox_earcut
import numpy as np
import shapely
from numpy.typing import NDArray

from layers.layer import Style
from layers.solids.declaration import Column, ColumnType, SolidLayer
from layers.solids.place import Floats, Frame
from twin.gltf.glb import write_glb
from twin.gltf.mesh import Colour, MeshPart, PropertyTable

UNKNOWN: Final = -32768
"""What a whole number that is not known is written as: the property table's "no data"."""

_PLAIN: Final = "#9fb4cc"
_POLYGON: Final = 3
_LARGEST_KEY: Final = 2**32

Rings = NDArray[np.int64]


def extrude(
    solid: SolidLayer, rows: Sequence[Sequence[Any]], columns: Sequence[Column], frame: Frame, style: Style
) -> bytes:
    """A glb of rows (id, footprint as WKB in degrees, low and high in m, class, then the columns).

    Coloured as the layer's style says, by a property that the actor is shown. Raises ValueError where nothing has
    an area.
    """
    footprints: NDArray[Any] = shapely.force_2d(shapely.from_wkb([row[1] for row in rows]))
    low, high = (np.array([row[i] for row in rows], dtype=np.float64) for i in (2, 3))
    values = {column.name: [row[5 + i] for row in rows] for i, column in enumerate(columns)}
    table = PropertyTable(
        solid.class_name,
        len(rows),
        {column.name: _write_column(column.type, values[column.name]) for column in columns},
        {c.name: 0 if c.type == "key" else UNKNOWN for c in columns if c.type in ("key", "short") and c.name != "id"},
    )
    groups: dict[str, list[int]] = {}
    for row, colour in enumerate(_colour_rows(style, values, len(rows))):
        groups.setdefault(colour, []).append(row)
    parts = [
        _extrude_group(footprints, np.array(members), low, high, frame, parse_colour(colour), solid.is_closed)
        for colour, members in groups.items()
    ]
    return write_glb([part for part in parts if part is not None], table).data


def parse_colour(text: str) -> Colour:
    """`#rrggbb` as a colour without transparency."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, 1.0


def _write_column(kind: ColumnType, values: Sequence[Any]) -> NDArray[Any] | Sequence[str]:
    if kind == "key":
        keys = np.array([value or 0 for value in values], dtype=np.uint64)
        # A 64-bit number is no number to JavaScript, so ids are short for as long as they can be.
        return keys if int(keys.max()) >= _LARGEST_KEY else keys.astype(np.uint32)
    if kind == "short":
        numbers = np.array([UNKNOWN if value is None else value for value in values], dtype=np.int64)
        return np.clip(numbers, UNKNOWN, -UNKNOWN - 1).astype(np.int16)
    if kind == "number":
        return np.array(values, dtype=np.float32)
    if kind == "flag":
        return np.array(values, dtype=np.uint8)
    return ["" if value is None else str(value) for value in values]


def _colour_rows(style: Style, values: dict[str, list[Any]], count: int) -> list[str]:
    plain = style.fill or _PLAIN
    if style.by is None or style.by[0] not in values:
        return [plain] * count
    return [style.by[1].get(value or "", plain) for value in values[style.by[0]]]


def _extrude_group(
    footprints: NDArray[Any], rows: NDArray[np.int64], low: Floats, high: Floats, frame: Frame, colour: Colour,
    is_closed: bool,
) -> MeshPart | None:  # fmt: skip
    """Walls and roofs (and floors) of rows of one colour; every face with vertices and a normal of its own."""
    polygons, owner = shapely.get_parts(footprints[rows], return_index=True)
    is_area = (shapely.get_type_id(polygons) == _POLYGON) & ~shapely.is_empty(polygons)
    if not is_area.any():
        return None
    # Rings run counter-clockwise outside and clockwise around holes: outward is always to the right.
    polygons, feature = shapely.orient_polygons(polygons[is_area]), rows[owner[is_area]]
    _, coordinates, offsets = shapely.to_ragged_array(polygons)
    ring_ends, polygon_ends = (ends.astype(np.int64) for ends in offsets)
    at, first, last, of_polygon = _open_rings(coordinates, ring_ends, polygon_ends)
    feature_of_point = feature[of_polygon]
    bottom = frame.to_local(at[:, 0], at[:, 1], low[feature_of_point])
    top = frame.to_local(at[:, 0], at[:, 1], high[feature_of_point])

    total = len(at)
    following = np.arange(1, total + 1)
    following[last] = first
    along = bottom[following, :2] - bottom[:, :2]
    length = np.hypot(along[:, 0], along[:, 1])
    outward = np.column_stack([along[:, 1], -along[:, 0], np.zeros(total)]) / np.where(length > 0, length, 1)[:, None]
    # Four corners a wall: here below, there below, there above, here above.
    corners = np.stack([bottom, bottom[following], top[following], top], axis=1).reshape(-1, 3)
    base = 4 * np.arange(total)[:, None]
    walls = np.concatenate([base + np.array(half) for half in ([0, 1, 2], [0, 2, 3])])

    covers = _triangulate_all(bottom[:, :2], last + 1, polygon_ends)
    positions, normals = [corners, top], [np.repeat(outward, 4, axis=0), np.tile([0.0, 0.0, 1.0], (total, 1))]
    indices, features = [walls, covers + 4 * total], [np.repeat(feature_of_point, 4), feature_of_point]
    if is_closed:
        positions.append(bottom)
        normals.append(np.tile([0.0, 0.0, -1.0], (total, 1)))
        indices.append(covers[:, ::-1] + 5 * total)
        features.append(feature_of_point)
    return MeshPart(
        positions=np.concatenate(positions),
        indices=np.concatenate(indices).astype(np.uint32),
        feature_ids=np.concatenate(features).astype(np.uint32),
        colour=colour,
        normals=np.concatenate(normals),
    )


def _open_rings(coordinates: Floats, ring_ends: Rings, polygon_ends: Rings) -> tuple[Floats, Rings, Rings, Rings]:
    """Points without each ring's last one, which repeats its first; each ring's first and last; points' polygons."""
    keep = np.ones(len(coordinates), dtype=bool)
    keep[ring_ends[1:] - 1] = False
    sizes = np.diff(ring_ends) - 1
    ends = np.cumsum(sizes)
    of_ring = np.repeat(np.arange(len(polygon_ends) - 1), np.diff(polygon_ends))
    return coordinates[keep], ends - sizes, ends - 1, np.repeat(of_ring, sizes)


def _triangulate_all(outline: Floats, ring_ends: Rings, polygon_ends: Rings) -> Rings:
    """Triangles (m, 3) over polygons' points (n, 2), all counter-clockwise."""
    found: list[Rings] = []
    start = 0
    for first, end in zip(polygon_ends[:-1].tolist(), polygon_ends[1:].tolist(), strict=True):
        ends = ring_ends[first:end]
        points = np.ascontiguousarray(outline[start : ends[-1]])
        indices = mapbox_earcut.triangulate_float64(points, (ends - start).astype(np.uint32))
        found.append(indices.astype(np.int64) + start)
        start = int(ends[-1])
    triangles = np.concatenate(found).reshape(-1, 3)
    a, b, c = (outline[triangles[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.where((area < 0)[:, None], triangles[:, ::-1], triangles)
