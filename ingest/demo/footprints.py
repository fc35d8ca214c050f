# SPDX-License-Identifier: Apache-2.0
"""Footprint shapes: unit outlines, counter-clockwise, that are scaled, turned and placed in lots.

A unit outline lives in the square from −1 to 1; x runs along the building, y across.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

from ingest.demo.frame import FloatArray, GeometryArray, IntArray

_RECTANGLE = ((-1, -1), (1, -1), (1, 1), (-1, 1))
_L_SHAPE = ((-1, -1), (1, -1), (1, -0.25), (-0.2, -0.25), (-0.2, 1), (-1, 1))
_U_SHAPE = ((-1, -1), (1, -1), (1, 1), (0.48, 1), (0.48, -0.3), (-0.48, -0.3), (-0.48, 1), (-1, 1))
_T_SHAPE = ((-0.4, -1), (0.4, -1), (0.4, 0.2), (1, 0.2), (1, 1), (-1, 1), (-1, 0.2), (-0.4, 0.2))
_CROSS = (
    (-0.42, -1), (0.42, -1), (0.42, -0.42), (1, -0.42), (1, 0.42), (0.42, 0.42),
    (0.42, 1), (-0.42, 1), (-0.42, 0.42), (-1, 0.42), (-1, -0.42), (-0.42, -0.42),
)  # fmt: skip
_CHAMFERED = ((-0.6, -1), (0.6, -1), (1, -0.6), (1, 0.6), (0.6, 1), (-0.6, 1), (-1, 0.6), (-1, -0.6))
#: A podium leaves its north-east corner to the tower that stands in it, with a joint between.
_PODIUM = ((-1, -1), (1, -1), (1, -0.24), (-0.24, -0.24), (-0.24, 1), (-1, 1))
_TOWER = ((-0.2, -0.2), (1, -0.2), (1, 1), (-0.2, 1))
_ROUND_TOWER = tuple(
    (0.4 + 0.6 * float(np.cos(angle)), 0.4 + 0.6 * float(np.sin(angle)))
    for angle in np.arange(16) * np.pi / 8
)  # fmt: skip

SHAPES: Final = {
    "rectangle": _RECTANGLE,
    "l": _L_SHAPE,
    "u": _U_SHAPE,
    "t": _T_SHAPE,
    "cross": _CROSS,
    "chamfered": _CHAMFERED,
    "podium": _PODIUM,
    "tower": _TOWER,
    "round_tower": _ROUND_TOWER,
}
SHAPE_NAMES: Final = tuple(SHAPES)


def shape_index(name: str) -> int:
    """The index of a shape in SHAPE_NAMES."""
    return SHAPE_NAMES.index(name)


def draw_footprints(shape: IntArray, centre: FloatArray, half: FloatArray, turn: FloatArray) -> GeometryArray:
    """Polygons in metres: `shape` index (n,), `centre` (n, 2), `half` sizes (n, 2), `turn` (n,) radians.

    Vertices are rounded to 1 cm; rings run counter-clockwise and are closed.
    """
    drawn = np.empty(len(shape), dtype=object)
    for index, name in enumerate(SHAPE_NAMES):
        chosen = np.flatnonzero(shape == index)
        if not len(chosen):
            continue
        unit = np.asarray((*SHAPES[name], SHAPES[name][0]), dtype=np.float64)
        local = unit[None, :, :] * half[chosen, None, :]
        cos, sin = np.cos(turn[chosen])[:, None], np.sin(turn[chosen])[:, None]
        x = local[..., 0] * cos - local[..., 1] * sin + centre[chosen, 0:1]
        y = local[..., 0] * sin + local[..., 1] * cos + centre[chosen, 1:2]
        drawn[chosen] = shapely.polygons(np.round(np.stack([x, y], axis=2), 2))
    return drawn
