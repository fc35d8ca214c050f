# SPDX-License-Identifier: Apache-2.0
"""Smooth fields over the district: how dense the city is, how wild the land, how high, how it is turned.

Every field is a pure function of points in metres, shape (n, 2), and returns shape (n,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from ingest.demo.frame import FloatArray, to_metres
from ingest.demo.outline import STREET_ARCS, Outline

#: Town centres: longitude, latitude, reach (m), strength 0..1.
_CENTRES: Final = (
    (113.884, 22.556, 2700, 1.00),
    (113.862, 22.584, 2300, 0.93),
    (113.846, 22.622, 1900, 0.74),
    (113.820, 22.676, 2300, 0.78),
    (113.793, 22.700, 1900, 0.66),
    (113.795, 22.735, 2400, 0.86),
    (113.838, 22.733, 1700, 0.66),
    (113.836, 22.775, 2200, 0.80),
    (113.856, 22.812, 1900, 0.58),
    (113.933, 22.684, 2200, 0.78),
    (113.906, 22.570, 1500, 0.70),
    (113.962, 22.684, 1500, 0.50),
)

#: Hills and reservoirs: longitude, latitude, half axes (m) east and north, height of the top (m; 0 = water).
_WILDS: Final = (
    (113.897, 22.609, 1500, 1500, 0),
    (113.893, 22.704, 1500, 1100, 0),
    (113.866, 22.684, 1300, 3000, 300),
    (113.985, 22.668, 1300, 2100, 420),
    (113.888, 22.832, 1500, 1300, 180),
    (113.899, 22.645, 1700, 1500, 240),
    (113.868, 22.742, 800, 1300, 150),
    (113.957, 22.713, 1500, 900, 160),
)

#: The airfield on the coast: longitude, latitude, half axes (m) across and along, turn (radians).
_AIRFIELD: Final = (113.801, 22.631, 1500.0, 2600.0, -0.30)

#: Cores with the tallest towers: longitude, latitude, radius (m).
_CORES: Final = (
    (113.8868, 22.5595, 900),
    (113.876, 22.5485, 650),
    (113.860, 22.584, 420),
    (113.797, 22.736, 480),
    (113.836, 22.777, 380),
    (113.820, 22.676, 350),
    (113.932, 22.684, 350),
)


def _bumps(points: FloatArray, lon_lat: FloatArray, reach: FloatArray) -> FloatArray:
    """exp(-(distance / reach)²) of every point to every centre, shape (n, centres)."""
    delta = (points[:, None, :] - to_metres(lon_lat)[None, :, :]) / reach[None, :, :]
    return np.exp(-np.sum(delta**2, axis=2))


def measure_wildness(points: FloatArray) -> FloatArray:
    """How much a point belongs to a hill, a reservoir or the airfield, 0..1."""
    wild = np.asarray(_WILDS, dtype=np.float64)
    hills = _bumps(points, wild[:, :2], wild[:, 2:4]) ** 2
    clear = np.prod(1 - np.minimum(1.0, 1.6 * hills), axis=1)
    return 1 - clear * (1 - measure_airfield(points))


def measure_airfield(points: FloatArray) -> FloatArray:
    """1 on the airfield, falling to 0 around it."""
    lon, lat, across, along, turn = _AIRFIELD
    delta = points - to_metres([(lon, lat)])[0]
    east = delta[:, 0] * np.cos(turn) - delta[:, 1] * np.sin(turn)
    north = delta[:, 0] * np.sin(turn) + delta[:, 1] * np.cos(turn)
    reach = np.maximum(np.abs(east) / across, np.abs(north) / along)
    return 1 / (1 + np.exp(np.clip(12 * (reach - 0.9), -50, 50)))


def measure_density(points: FloatArray) -> FloatArray:
    """How urban a point is, 0..1."""
    centres = np.asarray(_CENTRES, dtype=np.float64)
    near = _bumps(points, centres[:, :2], np.repeat(centres[:, 2:3], 2, axis=1)) * centres[:, 3]
    urban = 1 - np.prod(1 - 0.97 * near, axis=1)
    return np.clip((0.10 + 0.90 * urban) * (1 - 0.97 * measure_wildness(points)), 0.01, 1)


def measure_core(points: FloatArray) -> FloatArray:
    """Closeness to a core of towers, 0..1 (1 at its centre, 0.37 at its radius)."""
    cores = np.asarray(_CORES, dtype=np.float64)
    return np.max(_bumps(points, cores[:, :2], np.repeat(cores[:, 2:3], 2, axis=1)), axis=1)


def measure_noise(points: FloatArray, wavelength: float, rng: np.random.Generator) -> FloatArray:
    """Coherent noise, roughly normal with variance 1: a sum of plane waves around `wavelength` m."""
    waves = 24
    direction = rng.random(waves) * 2 * np.pi
    number = 2 * np.pi / (wavelength * rng.uniform(0.7, 1.5, waves))
    phase = rng.random(waves) * 2 * np.pi
    total = np.zeros(len(points))
    for angle, k, start in zip(direction, number, phase, strict=True):
        total += np.sin(k * (points[:, 0] * np.cos(angle) + points[:, 1] * np.sin(angle)) + start)
    return total / np.sqrt(waves / 2)


@dataclass(frozen=True)
class TurnField:
    """How the road grid is turned: by the trunks and main roads nearby. Segments: middle (n, 2), weight (n,)."""

    middle: FloatArray
    vector: NDArray[np.complex128]

    def measure(self, points: FloatArray) -> FloatArray:
        """The turn at each point (radians, within ±45°)."""
        squared = np.sum((points[:, None, :] - self.middle[None, :, :]) ** 2, axis=2)
        # A sum, not a matrix product: threads for so small a one cost more than they bring.
        return np.angle(np.sum(self.vector / (squared + 500.0**2) ** 1.5, axis=1)) / 4


def build_turn_field(outline: Outline) -> TurnField:
    """The field of an outline, from its trunks and the lines between streets."""
    inner = [line for arc, line in zip(STREET_ARCS, outline.arcs, strict=True) if not arc.outer]
    lines = [shapely.get_coordinates(shapely.segmentize(line, 400.0)) for line in (*outline.trunks, *inner)]
    start = np.vstack([xy[:-1] for xy in lines])
    delta = np.vstack([np.diff(xy, axis=0) for xy in lines])
    # Four-fold symmetry: directions that differ by a right angle belong to one grid.
    vector = np.hypot(*delta.T) * np.exp(4j * np.arctan2(delta[:, 1], delta[:, 0]))
    return TurnField(start + delta / 2, vector)
