# SPDX-License-Identifier: Apache-2.0
"""The definition of a tile matrix set, as OGC 17-083r4 has it in JSON."""

from __future__ import annotations

import math
from typing import Any, Final

from layers.tile import HALF_WORLD, MAX_DETAIL, TileMatrixSet

_PIXEL_M: Final = 0.00028
"""The standard's pixel: what a scale is said of."""

_METRES_PER_DEGREE: Final = math.pi * 6378137 / 180

_TILE_SIDE: Final = 256


def describe_tile_matrix_set(matrix_set: TileMatrixSet) -> dict[str, Any]:
    """Every tile matrix with its scale, corner and size; the matrix ids are the zooms."""
    least = 0 if matrix_set.is_mercator else 1
    described = {
        "id": matrix_set.id,
        "title": matrix_set.title,
        "uri": matrix_set.uri,
        "crs": matrix_set.crs,
        "orderedAxes": list(matrix_set.axes),
        "wellKnownScaleSet": matrix_set.scale_set,
        "tileMatrices": [_describe_matrix(matrix_set, detail) for detail in range(least, MAX_DETAIL + 1)],
    }
    return {name: value for name, value in described.items() if value is not None}


def _describe_matrix(matrix_set: TileMatrixSet, detail: int) -> dict[str, Any]:
    world = 2 * HALF_WORLD if matrix_set.is_mercator else 360.0
    size = world / _TILE_SIDE / (1 << detail)
    metres = size if matrix_set.is_mercator else size * _METRES_PER_DEGREE
    corner = [-HALF_WORLD, HALF_WORLD] if matrix_set.is_mercator else [-180.0, 90.0]
    return {
        "id": str(detail + matrix_set.first),
        "scaleDenominator": metres / _PIXEL_M,
        "cellSize": size,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": corner if matrix_set.axes[0] in ("X", "Lon") else corner[::-1],
        "tileWidth": _TILE_SIDE,
        "tileHeight": _TILE_SIDE,
        "matrixWidth": 1 << detail,
        "matrixHeight": 1 << (detail if matrix_set.is_mercator else detail - 1),
    }
