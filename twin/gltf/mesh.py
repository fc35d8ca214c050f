# SPDX-License-Identifier: Apache-2.0
"""What goes into one glTF content: triangles with feature ids, and the table those ids lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float, float]
"""Red, green, blue, alpha, each 0..1; sRGB as a person names a colour, alpha linear."""

MAX_FEATURES: Final = 65_535
"""Feature ids are 16-bit vertex attributes: glTF knows no 32-bit integer attribute."""


@dataclass(frozen=True)
class MeshPart:
    """Triangles of one colour.

    positions: (n, 3) float, local metres, x east, y north, z up.
    indices: (m, 3) unsigned integer, counter-clockwise seen from outside.
    feature_ids: (n,) unsigned integer, row of the property table for each vertex.
    normals: (n, 3) float unit vectors, or None to have them computed with creases.
    double_sided: True where the faces' orientation cannot be trusted.
    """

    positions: NDArray[Any]
    indices: NDArray[Any]
    feature_ids: NDArray[Any]
    colour: Colour
    normals: NDArray[Any] | None = None
    double_sided: bool = False

    def __post_init__(self) -> None:
        count = len(self.positions)
        if self.positions.shape != (count, 3) or self.indices.shape != (len(self.indices), 3):
            raise ValueError("positions and indices are (n, 3) and (m, 3)")
        if self.feature_ids.shape != (count,):
            raise ValueError("there is one feature id for each vertex")
        if self.normals is not None and self.normals.shape != (count, 3):
            raise ValueError("there is one normal for each vertex")
        if len(self.indices) and int(self.indices.max()) >= count:
            raise ValueError("an index points behind the last vertex")
        if not np.isfinite(self.positions).all():
            raise ValueError("a position is not finite")


@dataclass(frozen=True)
class PropertyTable:
    """The features' attributes: row i belongs to feature id i.

    columns: name to a numeric array (count,) or a sequence of strings.
    no_data: name to the value that means "none" in a numeric column.
    """

    class_name: str
    count: int
    columns: Mapping[str, NDArray[Any] | Sequence[str]]
    no_data: Mapping[str, int | float] = field(default_factory=dict[str, int | float])

    def __post_init__(self) -> None:
        if not 0 < self.count <= MAX_FEATURES:
            raise ValueError(f"a content holds 1 to {MAX_FEATURES} features, not {self.count}")
        for name, values in self.columns.items():
            if len(values) != self.count:
                raise ValueError(f"column {name} has {len(values)} rows, not {self.count}")
