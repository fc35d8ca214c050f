# SPDX-License-Identifier: Apache-2.0
"""Buildings as 3D Tiles: which building is drawn in which node of the block tree, and where nodes lie.

A district's tileset has one external tileset a street. A street draws its biggest buildings itself, its
communities draw most of the rest, and base grids what is left where a community is dense; refinement adds,
so nothing is drawn twice. The bytes of a node are made by `layers.solids`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from twin.gltf.globe import place_on_globe
from twin.gltf.tileset import Point, Tile, describe_tileset, enclose

Floats = NDArray[np.float64]

STREET_SHARE: Final = 500
"""Buildings that a street draws itself, biggest first."""

COMMUNITY_SHARE: Final = 1_000
"""Buildings that a community draws itself before its base grids."""

COMMUNITY_WHOLE: Final = 2_000
"""A community with no more than this draws all of its own."""

MARGIN: Final = 0.25
"""Metres around boxes, for the lattice that vertices are put on."""

_SEMI_MAJOR: Final = 6_378_137.0
_ECCENTRICITY2: Final = 0.006_694_380_022_90
"""Of CGCS2000's ellipsoid, to which heights refer."""


@dataclass(frozen=True)
class SolidBoxes:
    """Buildings as boxes. codes: homes (n,); boxes (n, 6): west, south, base, east, north, top (degrees, m)."""

    ids: NDArray[np.int64]
    codes: Sequence[str]
    boxes: Floats


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


def bound_boxes(frame: Frame, boxes: Floats) -> tuple[Point, Point]:
    """The local box around boxes (n, 6) of degrees and metres."""
    corners = np.concatenate([boxes[:, [x, y, z]] for x in (0, 3) for y in (1, 4) for z in (2, 5)])
    local = frame.to_local(corners[:, 0], corners[:, 1], corners[:, 2])
    low, high = local.min(axis=0) - MARGIN, local.max(axis=0) + MARGIN
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


@dataclass(frozen=True)
class Street:
    """A street with buildings: its code, their box (6,), and where its frame stands."""

    code: str
    box: Floats
    center: tuple[float, float]


def describe_district(streets: Sequence[Street]) -> dict[str, Any]:
    """tileset.json of the district: one external tileset a street."""
    whole = np.array([street.box for street in streets]) if streets else np.zeros((1, 6))
    frame = make_frame(pick_center(whole))
    inverse = np.linalg.inv(frame.matrix)
    minimum, maximum = bound_boxes(frame, whole)
    error = float(np.linalg.norm(np.subtract(maximum, minimum)))
    children: list[Tile] = []
    for street in streets:
        own = make_frame(street.center)
        low, high = bound_boxes(own, street.box[None, :])
        transform = inverse @ own.matrix
        children.append(Tile(low, high, error / 2, f"{street.code}.json", transform=transform, refine="ADD"))
    root = Tile(minimum, maximum, error, children=children, transform=frame.matrix, refine="ADD")
    return describe_tileset(root, geometric_error=error * 2)


@dataclass(frozen=True)
class StreetPlan:
    """A street's external tileset, and the ids that each of its nodes draws."""

    tileset: dict[str, Any]
    nodes: dict[str, list[int]]


def plan_street(code: str, solids: SolidBoxes, center: tuple[float, float], widths: Sequence[int]) -> StreetPlan:
    """Share a street's buildings out among its nodes.

    center: the street's, as `describe_district` got it, since that frame is where the nodes stand.
    widths: digits of the codes of communities and of base grids.
    """
    frame = make_frame(center)
    metres = _sides(solids.boxes)
    order = np.lexsort((solids.ids, -metres.prod(axis=1)))
    nodes: dict[str, NDArray[np.int64]] = {code: order[:STREET_SHARE]}
    by_community: dict[str, list[int]] = {}
    rest: list[int] = order[STREET_SHARE:].tolist()
    for row in rest:
        by_community.setdefault(_cut(solids.codes[row], widths[0], code), []).append(row)
    sizes = metres.max(axis=1)
    communities: list[Tile] = []
    for community, rows in sorted(by_community.items()):
        name = f"{community}-rest" if community == code else community
        communities.append(_plan_community(code, name, rows, solids, sizes, frame, widths[1], nodes))
    own = bound_boxes(frame, solids.boxes[nodes[code]])
    minimum, maximum = enclose([own, *((tile.minimum, tile.maximum) for tile in communities)])
    missing = float(max((sizes[rows].max() for rows in by_community.values()), default=0.0))
    root = Tile(minimum, maximum, missing, f"{code}/{code}.glb", communities, refine="ADD")
    return StreetPlan(describe_tileset(root), {name: solids.ids[rows].tolist() for name, rows in nodes.items()})


def _plan_community(
    code: str, name: str, rows: list[int], solids: SolidBoxes, sizes: Floats, frame: Frame, width: int,
    nodes: dict[str, NDArray[np.int64]],
) -> Tile:  # fmt: skip
    kept = len(rows) if len(rows) <= COMMUNITY_WHOLE else COMMUNITY_SHARE
    nodes[name] = np.array(rows[:kept])
    by_grid: dict[str, list[int]] = {}
    for row in rows[kept:]:
        by_grid.setdefault(_cut(solids.codes[row], width, f"{name}-rest"), []).append(row)
    grids: list[Tile] = []
    for grid, members in sorted(by_grid.items()):
        # Where blocks do not divide what is left, its order does: a content may not grow without bound.
        for part, start in enumerate(range(0, len(members), COMMUNITY_WHOLE)):
            own_name = grid if part == 0 else f"{grid}-{part}"
            nodes[own_name] = np.array(members[start : start + COMMUNITY_WHOLE])
            low, high = bound_boxes(frame, solids.boxes[nodes[own_name]])
            grids.append(Tile(low, high, 0.0, f"{code}/{own_name}.glb"))
    own = bound_boxes(frame, solids.boxes[nodes[name]])
    minimum, maximum = enclose([own, *((tile.minimum, tile.maximum) for tile in grids)])
    missing = float(sizes[rows[kept:]].max()) if grids else 0.0
    return Tile(minimum, maximum, missing, f"{code}/{name}.glb", grids)


def _cut(code: str, width: int, otherwise: str) -> str:
    return code[:width] if len(code) >= width else otherwise


def _sides(boxes: Floats) -> Floats:
    """Width, depth and height (n, 3) in metres; near enough to sort by."""
    metre = 111_320.0
    east = (boxes[:, 3] - boxes[:, 0]) * metre * np.cos(np.radians(boxes[:, 1]))
    return np.maximum(np.column_stack([east, (boxes[:, 4] - boxes[:, 1]) * metre, boxes[:, 5] - boxes[:, 2]]), 0.1)
