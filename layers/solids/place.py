# SPDX-License-Identifier: Apache-2.0
"""Where solids lie: local frames on the globe, and boxes that truly hold what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from twin.gltf.globe import place_on_globe
from twin.gltf.tileset import Point

Floats = NDArray[np.float64]

MARGIN: Final = 0.25
"""Metres around boxes, for the lattice that vertices are put on."""

_SEMI_MAJOR: Final = 6_378_137.0
_ECCENTRICITY2: Final = 0.006_694_380_022_90
"""Of CGCS2000's ellipsoid, to which heights refer."""

_STEPS: Final = 8
"""Into how many parts the sides of a large box are cut to follow the globe's curve."""

_METRES: Final = 111_700.0
"""In a degree, at most."""


@dataclass(frozen=True)
class Frame:
    """A local frame of metres (x east, y north, z up) at a place on the globe; `matrix` leads to ECEF."""

    matrix: Floats

    def to_local(self, longitude: Floats, latitude: Floats, height: Floats) -> Floats:
        """Positions (n, 3) in this frame; degrees and metres above the ellipsoid in."""
        lam, phi = np.radians(longitude), np.radians(latitude)
        normal = _SEMI_MAJOR / np.sqrt(1 - _ECCENTRICITY2 * np.sin(phi) ** 2)
        ecef = np.column_stack([
            (normal + height) * np.cos(phi) * np.cos(lam),
            (normal + height) * np.cos(phi) * np.sin(lam),
            (normal * (1 - _ECCENTRICITY2) + height) * np.sin(phi),
        ])  # fmt: skip
        return (ecef - self.matrix[:3, 3]) @ self.matrix[:3, :3]


def make_frame(center: tuple[float, float]) -> Frame:
    """The frame at a longitude and latitude, at height 0."""
    return Frame(place_on_globe(center[0], center[1], 0.0))


def pick_center(boxes: Floats) -> tuple[float, float]:
    """Where the frame of boxes (n, 6) stands that no block holds: it must not move when one of them does a little."""
    longitude = (boxes[:, 0].min() + boxes[:, 3].max()) / 2
    latitude = (boxes[:, 1].min() + boxes[:, 4].max()) / 2
    return round(float(longitude), 1), round(float(latitude), 1)


def to_local_boxes(frame: Frame, boxes: Floats) -> Floats:
    """Local boxes (n, 6) that each hold a feature's box (n, 6) of degrees and metres, with a margin."""
    corners = np.stack(
        [
            frame.to_local(boxes[:, x], boxes[:, y], boxes[:, z])
            for x in (0, 3) for y in (1, 4) for z in (2, 5)
        ]
    )  # fmt: skip
    # What lies between the corners bulges by the arrow of the arc over them.
    side = np.hypot(boxes[:, 3] - boxes[:, 0], boxes[:, 4] - boxes[:, 1]) * _METRES
    margin = (MARGIN + side**2 / _SEMI_MAJOR)[:, None]
    return np.hstack([corners.min(axis=0) - margin, corners.max(axis=0) + margin])


def bound_box(frame: Frame, box: Floats) -> tuple[Point, Point]:
    """The local box around everything within one box (6,) of degrees and metres, however large."""
    x, y = (np.linspace(box[i], box[i + 3], _STEPS + 1) for i in (0, 1))
    west, south = (grid.ravel() for grid in np.meshgrid(x[:-1], y[:-1], indexing="ij"))
    east, north = (grid.ravel() for grid in np.meshgrid(x[1:], y[1:], indexing="ij"))
    low, high = np.full_like(west, box[2]), np.full_like(west, box[5])
    return enclose_boxes(to_local_boxes(frame, np.column_stack([west, south, low, east, north, high])))


def enclose_boxes(boxes: Floats) -> tuple[Point, Point]:
    """The box around local boxes (n, 6)."""
    low, high = boxes[:, :3].min(axis=0), boxes[:, 3:].max(axis=0)
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def turn_box(matrix: Floats, box: tuple[Point, Point]) -> tuple[Point, Point]:
    """The box, along the axes of another frame, around a box; matrix (4, 4) leads from its frame to the other."""
    corners = np.array([[box[i][0], box[j][1], box[k][2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    turned = corners @ matrix[:3, :3].T + matrix[:3, 3]
    return enclose_boxes(np.hstack([turned, turned]))
