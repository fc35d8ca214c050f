# SPDX-License-Identifier: Apache-2.0
"""Which feature is drawn in which node of the tree, and where nodes lie.

A tileset is cut by blocks: its document leads to one external tileset a part (a street, and where that holds too many
features to plan row by row, a community, …). A part's own tree follows the blocks below it as far down as its
district has levels, and below those a quadtree. A node that holds more than a content may draws its largest features
itself and leaves the others to its children; refinement adds, so nothing is drawn twice and nothing is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from layers.solids.declaration import SolidLayer
from layers.solids.place import Floats, bound_box, enclose_boxes, make_frame, pick_center, to_local_boxes, turn_box
from twin.gltf.tileset import Point, Tile, describe_tileset, enclose

MOST_FEATURES: Final = 2_000
"""Features of one content."""

MOST_POINTS: Final = 14_000
"""Vertices of footprints in one content: what its bytes grow with."""

MOST_PLANNED: Final = 40_000
"""Features of a part that are planned row by row; one with more is cut into its blocks."""

_LEAST_CELL: Final = 1e-7
"""Degrees: what lies closer together is not told apart by place."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class SolidBoxes:
    """Features as boxes. codes: homes (n,); boxes (n, 6): west, south, low, east, north, high (degrees, m).

    parts_of (n,): features with the same number stay together. points (n,): vertices of their footprints.
    """

    ids: Rows
    codes: Sequence[str]
    boxes: Floats
    parts_of: Rows
    points: Rows


@dataclass(frozen=True)
class Part:
    """A part of a tileset: the name of its document, its box (6,), and where its frame stands."""

    name: str
    box: Floats
    center: tuple[float, float]


@dataclass(frozen=True)
class PartPlan:
    """A part's own document, and the ids that each of its nodes draws."""

    tileset: dict[str, Any]
    nodes: dict[str, list[int]]


def describe_parts(solid: SolidLayer, parts: Sequence[Part]) -> dict[str, Any]:
    """tileset.json of what is cut into parts: one external tileset each.

    Every part's document stands on the globe by itself, so this one has no frame: its boxes are turned instead.
    """
    if not parts:
        nothing = Tile((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0), 0.0, transform=make_frame((0.0, 0.0)).matrix, refine="ADD")
        return describe_tileset(nothing, geometric_error=0.0)
    frame = make_frame(pick_center(np.array([part.box for part in parts]))).matrix
    inverse = np.linalg.inv(frame)
    children: list[Tile] = []
    around: list[tuple[Point, Point]] = []
    for part in parts:
        own = make_frame(part.center)
        low, high = bound_box(own, part.box)
        around.append(turn_box(inverse @ own.matrix, (low, high)))
        error = _limit(float(np.linalg.norm(np.subtract(high, low))), solid)
        children.append(Tile(low, high, error, f"{part.name}.json", refine="ADD", axes=own.matrix))
    low, high = enclose(around)
    error = max(_limit(float(np.linalg.norm(np.subtract(high, low))), solid), *(c.geometric_error for c in children), 0)
    return describe_tileset(Tile(low, high, error, children=children, refine="ADD", axes=frame), geometric_error=error)


def plan_part(
    solid: SolidLayer, name: str, boxes: SolidBoxes, center: tuple[float, float], widths: Sequence[int]
) -> PartPlan:
    """Share a part's features out among its nodes.

    center: where the part's frame stands, and with it the contents of its nodes.
    widths: digits of the codes of the blocks below the part, level by level; none where there are no finer blocks.
    """
    frame = make_frame(center)
    planner = _Planner(solid, name, boxes, to_local_boxes(frame, boxes.boxes))
    root = planner.plan_node(name, planner.by_size, tuple(widths))
    placed = Tile(
        root.minimum, root.maximum, root.geometric_error, root.content_uri, root.children,
        transform=frame.matrix, refine="ADD",
    )  # fmt: skip
    diagonal = float(np.linalg.norm(np.subtract(root.maximum, root.minimum)))
    error = max(_limit(diagonal, solid), root.geometric_error)
    return PartPlan(describe_tileset(placed, geometric_error=error), planner.nodes)


def _limit(error: float, solid: SolidLayer) -> float:
    return error if solid.most_error is None else min(error, solid.most_error)


class _Planner:
    """Groups of features that stay together, from the largest down; rows below are groups' numbers."""

    def __init__(self, solid: SolidLayer, name: str, boxes: SolidBoxes, local: Floats) -> None:
        self.nodes: dict[str, list[int]] = {}
        self._solid = solid
        self._name = name
        self._boxes = boxes
        self._local = local
        _, group = np.unique(boxes.parts_of, return_inverse=True)
        self._members = np.lexsort((boxes.ids, group))
        counts = np.bincount(group)
        self._ends = np.cumsum(counts)
        starts = self._ends - counts
        self._starts = starts
        self._counts = counts
        self._points = np.add.reduceat(boxes.points[self._members], starts)
        west_south = np.minimum.reduceat(boxes.boxes[self._members, :2], starts)
        east_north = np.maximum.reduceat(boxes.boxes[self._members, 3:5], starts)
        self._middle = (west_south + east_north) / 2
        self._codes = [boxes.codes[row] for row in self._members[starts].tolist()]
        metres = np.maximum.reduceat(local[self._members, 3:], starts) - np.minimum.reduceat(
            local[self._members, :3], starts
        )
        self._sizes = metres.max(axis=1)
        first = boxes.ids[self._members[starts]]
        self.by_size: Rows = np.lexsort((first, -metres.prod(axis=1)))

    def plan_node(self, name: str, groups: Rows, widths: tuple[int, ...]) -> Tile:
        """The tile of these groups (in order of size), with all below it."""
        if self._fits(groups):
            return self._draw(name, self._features(groups), 0.0, [])
        own = self._share(groups)
        rest = groups[len(own) :]
        children: list[Tile] = []
        pieces: list[tuple[str, Rows]] = []
        while widths and len(pieces) < 2:
            pieces, widths = self._cut_by_block(name, rest, widths[0]), widths[1:]
        if len(pieces) < 2:
            pieces = self._cut_by_place(name, rest)
        if len(pieces) < 2:
            children = self._cut_by_order(name, rest)
        for piece, members in pieces if len(pieces) > 1 else []:
            # What has no finer block has none further down either.
            finer = () if piece.endswith("-rest") else widths
            children.append(self.plan_node(piece, members, finer))
        missing = _limit(float(self._sizes[rest].max()), self._solid)
        return self._draw(name, self._features(own), missing, children)

    def _fits(self, groups: Rows) -> bool:
        return int(self._counts[groups].sum()) <= MOST_FEATURES and int(self._points[groups].sum()) <= MOST_POINTS

    def _share(self, groups: Rows) -> Rows:
        features, points = np.cumsum(self._counts[groups]), np.cumsum(self._points[groups])
        taken = int(((features <= self._solid.share) & (points <= MOST_POINTS)).sum())
        return groups[: min(taken, len(groups) - 1)]

    def _cut_by_block(self, name: str, groups: Rows, width: int) -> list[tuple[str, Rows]]:
        pieces: dict[str, list[int]] = {}
        for group in groups.tolist():
            code = self._codes[group]
            pieces.setdefault(code[:width] if len(code) >= width else f"{name}-rest", []).append(group)
        return [(piece, np.array(members)) for piece, members in sorted(pieces.items())]

    def _cut_by_place(self, name: str, groups: Rows) -> list[tuple[str, Rows]]:
        """Quarters of the cell around the groups' middles, as far as there is somebody in them."""
        at = self._middle[groups]
        low, high = at.min(axis=0), at.max(axis=0)
        if (high - low).max() < _LEAST_CELL:
            return []
        quarter = (at > (low + high) / 2) @ np.array([1, 2])
        stem = name if _is_quarter(name) else f"{name}-q"
        found = [(f"{stem}{number}", groups[quarter == number]) for number in range(4)]
        return [(piece, members) for piece, members in found if len(members)]

    def _cut_by_order(self, name: str, groups: Rows) -> list[Tile]:
        """Where neither blocks nor places divide, order does: a content may not grow without bound."""
        features = self._features(groups)
        points = np.cumsum(self._boxes.points[features])
        number = np.maximum(np.arange(len(features)) // MOST_FEATURES, (points - 1) // MOST_POINTS)
        return [
            self._draw(f"{name}-{i}", features[number == part], 0.0, [])
            for i, part in enumerate(np.unique(number).tolist())
        ]

    def _features(self, groups: Rows) -> Rows:
        """The rows of the features of groups."""
        if not len(groups):
            return np.zeros(0, dtype=np.int64)
        counts = self._counts[groups]
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return self._members[np.repeat(self._starts[groups], counts) + within]

    def _draw(self, name: str, features: Rows, error: float, children: list[Tile]) -> Tile:
        around = [(child.minimum, child.maximum) for child in children]
        uri = None
        if len(features):
            around.append(enclose_boxes(self._local[features]))
            self.nodes[name] = self._boxes.ids[features].tolist()
            uri = f"{self._name}/{name}.glb"
        low, high = enclose(around)
        return Tile(low, high, error, uri, children)


def _is_quarter(name: str) -> bool:
    _, dash, tail = name.rpartition("-q")
    return bool(dash) and tail.isdigit()
