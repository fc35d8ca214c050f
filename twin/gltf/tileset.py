# SPDX-License-Identifier: Apache-2.0
"""tileset.json of 3D Tiles 1.1: explicit trees with box volumes under one root transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Tile:
    """A node of the tree.

    minimum, maximum: corners of the box in local metres (z up) of the tile's frame; it holds the content and
    all children. geometric_error: metres that are missing on the screen while the children are not loaded.
    transform: (4, 4) float64 from the tile's frame to its parent's (to ECEF at the root), or None.
    axes: (4, 4) float64, orthonormal, from the frame that the corners are told in to the tile's own, where that is
    another one: an external tileset that stands on the globe by itself, under a parent without a frame.
    """

    minimum: Point
    maximum: Point
    geometric_error: float
    content_uri: str | None = None
    children: Sequence[Tile] = ()
    transform: NDArray[np.float64] | None = None
    refine: Literal["ADD", "REPLACE"] | None = None
    axes: NDArray[np.float64] | None = None


def describe_tileset(
    root: Tile, *, geometric_error: float | None = None, extras: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The document of tileset.json. `geometric_error`: when to draw nothing at all (default: the box)."""
    document: dict[str, Any] = {"asset": {"version": "1.1", "generator": "Blocktwin"}}
    if extras:
        document["extras"] = extras
    diagonal = float(np.linalg.norm(np.subtract(root.maximum, root.minimum)))
    document["geometricError"] = diagonal if geometric_error is None else geometric_error
    document["root"] = _describe_tile(root) | {"refine": root.refine or "ADD"}
    return document


def enclose(boxes: Sequence[tuple[Point, Point]]) -> tuple[Point, Point]:
    """The box (minimum, maximum) around boxes."""
    low = np.min([box[0] for box in boxes], axis=0)
    high = np.max([box[1] for box in boxes], axis=0)
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def _describe_tile(tile: Tile) -> dict[str, Any]:
    low, high = np.asarray(tile.minimum), np.asarray(tile.maximum)
    centre, half = (low + high) / 2, np.diag((high - low) / 2)
    if tile.axes is not None:
        turn = tile.axes[:3, :3]
        centre, half = turn @ centre + tile.axes[:3, 3], half @ turn.T
    box = [*centre, *half.ravel()]
    described: dict[str, Any] = {}
    if tile.transform is not None:
        described["transform"] = [float(value) for value in tile.transform.T.ravel()]
    described["boundingVolume"] = {"box": [float(value) for value in box]}
    described["geometricError"] = float(tile.geometric_error)
    if tile.refine:
        described["refine"] = tile.refine
    if tile.content_uri is not None:
        described["content"] = {"uri": tile.content_uri}
    if tile.children:
        described["children"] = [_describe_tile(child) for child in tile.children]
    return described
