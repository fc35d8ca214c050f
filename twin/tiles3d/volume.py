# SPDX-License-Identifier: Apache-2.0
"""Bounding volumes: what one holds of points and of other volumes, in metres."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.gltf.globe import locate

Floats = NDArray[np.float64]

_LENGTHS: Final = {"box": 12, "region": 6, "sphere": 4}
_STEPS: Final = 5
_RADIUS: Final = 6_378_137.0

_DIRECTIONS: Final = np.array([d for d in itertools.product((-1, 0, 1), repeat=3) if any(d)], dtype=np.float64)


class Volume(Protocol):
    """A bounding volume in the coordinates of the tileset's root."""

    @property
    def surface(self) -> Floats:
        """Points (n, 3) on it whose hull is as good as it."""
        ...

    def excess(self, points: Floats) -> float:
        """How far (m) the farthest of these points (n, 3) lies outside; 0 where none does."""
        ...


@dataclass(frozen=True)
class Box:
    """An oriented box: centre (3,), half axes (3, 3) as rows."""

    centre: Floats
    axes: Floats

    @property
    def surface(self) -> Floats:
        """Its corners."""
        signs = np.array(list(itertools.product((-1, 1), repeat=3)), dtype=np.float64)
        return self.centre + signs @ self.axes

    def excess(self, points: Floats) -> float:
        """How far (m) the farthest of these points lies outside."""
        length = np.linalg.norm(self.axes, axis=1)
        unit = self.axes / np.where(length > 0, length, 1)[:, None]
        beyond = np.abs((points - self.centre) @ unit.T) - length
        return float(max(beyond.max(), 0.0))


@dataclass(frozen=True)
class Sphere:
    """A sphere: centre (3,), radius (m)."""

    centre: Floats
    radius: float

    @property
    def surface(self) -> Floats:
        """Points around it."""
        return self.centre + self.radius * _DIRECTIONS / np.linalg.norm(_DIRECTIONS, axis=1)[:, None]

    def excess(self, points: Floats) -> float:
        """How far (m) the farthest of these points lies outside."""
        return float(max(np.linalg.norm(points - self.centre, axis=1).max() - self.radius, 0.0))


@dataclass(frozen=True)
class Region:
    """West, south, east, north (radians), lowest and highest (m above the ellipsoid); it heeds no transform."""

    bounds: Floats

    @property
    def surface(self) -> Floats:
        """Points all over its bottom and top."""
        west, south, east, north, low, high = self.bounds.tolist()
        east += 2 * np.pi if east < west else 0
        at = np.meshgrid(np.linspace(west, east, _STEPS), np.linspace(south, north, _STEPS), [low, high])
        return to_ecef(*(axis.ravel() for axis in at))

    def excess(self, points: Floats) -> float:
        """How far (m) the farthest of these points lies outside."""
        longitude, latitude, height = locate(np.eye(4), points)
        lam, phi = np.radians(longitude), np.radians(latitude)
        west, south, east, north, low, high = self.bounds.tolist()
        # Where the region crosses the antimeridian, longitudes are counted from its western edge on.
        width = (east - west) % (2 * np.pi) if east != west else 0.0
        past = (lam - west + np.pi) % (2 * np.pi) - np.pi
        past = np.where(past < -1e-3, past + 2 * np.pi, past)
        across = np.maximum(-past, past - width) * _RADIUS * np.cos(phi)
        along = np.maximum(south - phi, phi - north) * _RADIUS
        return float(max(across.max(), along.max(), np.max(low - height), np.max(height - high), 0.0))


def to_ecef(lam: Floats, phi: Floats, height: Floats) -> Floats:
    """Points (n, 3) from longitudes and latitudes (radians) and heights (m) on WGS 84."""
    eccentricity2 = 0.006_694_379_990_14
    normal = _RADIUS / np.sqrt(1 - eccentricity2 * np.sin(phi) ** 2)
    return np.column_stack([
        (normal + height) * np.cos(phi) * np.cos(lam),
        (normal + height) * np.cos(phi) * np.sin(lam),
        (normal * (1 - eccentricity2) + height) * np.sin(phi),
    ])  # fmt: skip


def explain_volume(described: Any) -> str | None:
    """What is wrong with a `boundingVolume`; None where nothing is. Extensions make a volume of their own."""
    if not isinstance(described, Mapping):
        return "it is no object"
    kinds = [kind for kind in _LENGTHS if kind in described]
    if not kinds:
        return None if described.get("extensions") else "it has neither box nor region nor sphere"
    for kind in kinds:
        values = described[kind]
        if not isinstance(values, list) or len(values) != _LENGTHS[kind]:
            return f"{kind} is no list of {_LENGTHS[kind]} numbers"
        if not all(is_number(value) for value in values):
            return f"{kind} holds what is no finite number"
        problem = _explain_values(kind, [float(value) for value in values])
        if problem:
            return problem
    return None


def _explain_values(kind: str, values: list[float]) -> str | None:
    if kind == "sphere" and values[3] < 0:
        return "the sphere's radius is negative"
    if kind == "region":
        west, south, east, north, low, high = values
        if max(abs(west), abs(east)) > np.pi + 1e-9 or max(abs(south), abs(north)) > np.pi / 2 + 1e-9:
            return "the region is not in radians on the globe"
        if south > north or low > high:
            return "the region's bounds are in the wrong order"
    return None


def read_volume(described: Mapping[str, Any], transform: Floats) -> Volume | None:
    """A volume that `explain_volume` found nothing wrong with, under the tile's transform; None for extensions."""
    if "box" in described:
        values = np.array(described["box"], dtype=np.float64)
        turn = transform[:3, :3]
        return Box(turn @ values[:3] + transform[:3, 3], values[3:].reshape(3, 3) @ turn.T)
    if "sphere" in described:
        values = np.array(described["sphere"], dtype=np.float64)
        scale = float(np.linalg.norm(transform[:3, :3], axis=0).max())
        return Sphere(transform[:3, :3] @ values[:3] + transform[:3, 3], float(values[3]) * scale)
    if "region" in described:
        return Region(np.array(described["region"], dtype=np.float64))
    return None


def reach_beyond(outer: Volume, inner: Volume) -> float:
    """How far (m) `inner` reaches out of `outer`; 0 where it is held."""
    if isinstance(inner, Sphere):
        if isinstance(outer, Sphere):
            return max(float(np.linalg.norm(inner.centre - outer.centre)) + inner.radius - outer.radius, 0.0)
        if isinstance(outer, Box):
            length = np.linalg.norm(outer.axes, axis=1)
            unit = outer.axes / np.where(length > 0, length, 1)[:, None]
            return float(max((np.abs(unit @ (inner.centre - outer.centre)) + inner.radius - length).max(), 0.0))
    return outer.excess(inner.surface)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
