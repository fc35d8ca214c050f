# SPDX-License-Identifier: Apache-2.0
"""How far 3D Tiles reach in degrees and metres: their bounding volumes, brought down to the globe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from layers.tile import Box
from twin.gltf.globe import locate

_DECIMALS: Final = 7
_METRE_DECIMALS: Final = 2
_CORNERS: Final = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)


class Volume(NamedTuple):
    """Degrees, and metres above the ellipsoid, in the order of a `bbox` of six numbers."""

    west: float
    south: float
    low: float
    east: float
    north: float
    high: float

    @property
    def ground(self) -> Box:
        """Without heights."""
        return self.west, self.south, self.east, self.north

    def meets(self, boxes: tuple[Box, ...], heights: tuple[float, float] | None) -> bool:
        """Whether any part of it lies in one of these boxes, and between these heights."""
        if heights is not None and (self.high < heights[0] or self.low > heights[1]):
            return False
        return any(
            self.west <= east and self.east >= west and self.south <= north and self.north >= south
            for west, south, east, north in boxes
        )


def enclose(volumes: list[Volume]) -> Volume:
    """The volume around all of these, of which there is one at least."""
    columns = list(zip(*volumes, strict=True))
    return Volume(*(min(columns[i]) for i in range(3)), *(max(columns[i]) for i in range(3, 6)))


def read_volume(tile: Mapping[str, Any], frame: npt.NDArray[np.float64] | None = None) -> Volume | None:
    """The volume of a tile, a little larger than it is; None where it has none that can be read.

    frame: what its coordinates are turned by to stand on the globe, 4x4; its own transform is applied before that.
    """
    volume = tile.get("boundingVolume")
    if not isinstance(volume, dict):
        return None
    try:
        if "region" in volume:
            west, south, east, north, low, high = (float(number) for number in volume["region"])
            west, south, east, north = np.degrees([west, south, east, north]).tolist()
            return _tidy(west, south, low, east, north, high)
        matrix = (np.eye(4) if frame is None else frame) @ _read_transform(tile)
        if "box" in volume:
            numbers = np.array(volume["box"], dtype=np.float64)
            points = numbers[:3] + _CORNERS @ numbers[3:].reshape(3, 3)
        else:
            x, y, z, radius = (float(number) for number in volume["sphere"])
            points = np.array([x, y, z]) + _CORNERS * radius
    except (KeyError, TypeError, ValueError):
        return None
    longitude, latitude, height = locate(matrix, points)
    if not np.isfinite([longitude, latitude, height]).all():
        return None
    return _tidy(
        longitude.min(), latitude.min(), height.min(), longitude.max(), latitude.max(), height.max()
    )  # fmt: skip


def read_document(data: bytes) -> Volume | None:
    """The volume of a whole tileset.json; None where it says nothing of it."""
    try:
        root: object = orjson.loads(data)["root"]
    except (KeyError, TypeError, orjson.JSONDecodeError):
        return None
    return read_volume(root) if isinstance(root, dict) else None  # pyright: ignore[reportUnknownArgumentType]


def _read_transform(tile: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    return np.array(tile.get("transform", np.eye(4).ravel()), dtype=np.float64).reshape(4, 4).T


def _tidy(west: float, south: float, low: float, east: float, north: float, high: float) -> Volume:
    return Volume(
        round(float(west), _DECIMALS), round(float(south), _DECIMALS), round(float(low), _METRE_DECIMALS),
        round(float(east), _DECIMALS), round(float(north), _DECIMALS), round(float(high), _METRE_DECIMALS),
    )  # fmt: skip
