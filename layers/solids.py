# SPDX-License-Identifier: Apache-2.0
"""Footprints extruded to the bytes of one 3D tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import mapbox_earcut
import numpy as np
import shapely
from numpy.typing import NDArray

from layers.layer import Style
from layers.tiles3d import Floats, Frame
from twin.gltf.glb import write_glb
from twin.gltf.mesh import Colour, MeshPart, PropertyTable

NO_STOREYS: Final = -32768
"""The property table's "not known"."""

_PLAIN: Final = "#9fb4cc"


@dataclass(frozen=True)
class Solids:
    """Buildings to draw: footprints (lon/lat degrees), base and top (m), and what the property table says."""

    ids: Sequence[int]
    footprints: Sequence[bytes]
    bases: Sequence[float]
    tops: Sequence[float]
    storeys: Sequence[int | None]
    uses: Sequence[str | None]


def extrude(solids: Solids, frame: Frame, style: Style) -> bytes:
    """A glb with class `building` (id, storeys, height, use), coloured as the layer's style says."""
    shapes: NDArray[Any] = shapely.orient_polygons(shapely.force_2d(shapely.from_wkb(list(solids.footprints))))
    colours = style.by[1] if style.by else {}
    table = PropertyTable(
        "building",
        len(solids.ids),
        {
            "id": np.array(solids.ids, dtype=np.uint32),
            "storeys": np.array([NO_STOREYS if s is None else s for s in solids.storeys], dtype=np.int16),
            "height": (np.array(solids.tops) - np.array(solids.bases)).astype(np.float32),
            "use": [use or "" for use in solids.uses],
        },
        {"storeys": NO_STOREYS},
    )
    groups: dict[str, list[int]] = {}
    for row, use in enumerate(solids.uses):
        groups.setdefault(colours.get(use or "", style.fill or _PLAIN), []).append(row)
    parts = [
        _extrude_group(shapes, rows, np.array(solids.bases), np.array(solids.tops), frame, parse_colour(colour))
        for colour, rows in groups.items()
    ]
    return write_glb(parts, table).data


def _extrude_group(
    shapes: NDArray[Any], rows: list[int], bases: Floats, tops: Floats, frame: Frame, colour: Colour
) -> MeshPart:
    polygons, owner = shapely.get_parts(shapes[rows], return_index=True)
    outlines: list[Floats] = []
    ring_ends: list[NDArray[np.uint32]] = []
    for polygon in polygons:
        rings = [polygon.exterior, *polygon.interiors]
        # The last coordinate repeats the first.
        parts = [shapely.get_coordinates(ring)[:-1] for ring in rings]
        outlines.append(np.concatenate(parts))
        ring_ends.append(np.cumsum([len(part) for part in parts]).astype(np.uint32))
    counts = np.array([len(outline) for outline in outlines])
    at = np.concatenate(outlines)
    feature = np.repeat(np.array(rows)[owner], counts)
    low = frame.to_local(at[:, 0], at[:, 1], bases[feature])
    high = frame.to_local(at[:, 0], at[:, 1], tops[feature])
    total = len(at)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    following = np.arange(1, total + 1)
    for start, ends in zip(starts.tolist(), ring_ends, strict=True):
        first = start
        for end in ends.tolist():
            following[start + end - 1] = first
            first = start + end
    here = np.arange(total)
    # Rings run counter-clockwise outside and clockwise around holes: outward is always to the right.
    walls = np.concatenate([
        np.column_stack([here, following, following + total]),
        np.column_stack([here, following + total, here + total]),
    ])  # fmt: skip
    roofs = [
        _triangulate(low[start : start + count, :2], ends) + start + total
        for start, count, ends in zip(starts.tolist(), counts.tolist(), ring_ends, strict=True)
    ]
    return MeshPart(
        positions=np.concatenate([low, high]),
        indices=np.concatenate([walls, *roofs]).astype(np.uint32),
        feature_ids=np.concatenate([feature, feature]).astype(np.uint32),
        colour=colour,
    )


def _triangulate(outline: Floats, ring_ends: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Triangles (m, 3) over a polygon's vertices, all facing up."""
    indices = mapbox_earcut.triangulate_float64(np.ascontiguousarray(outline), ring_ends)
    triangles = indices.astype(np.int64).reshape(-1, 3)
    a, b, c = (outline[triangles[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    return triangles


def parse_colour(text: str) -> Colour:
    """`#rrggbb` as a colour without transparency."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, 1.0


def solids_from_rows(rows: Sequence[Sequence[Any]]) -> Solids:
    """Rows of (id, footprint as WKB, base, top, storeys, use)."""
    columns: Mapping[int, list[Any]] = {i: [row[i] for row in rows] for i in range(6)}
    return Solids(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5])
