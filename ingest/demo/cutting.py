# SPDX-License-Identifier: Apache-2.0
"""Cutting land into blocks: a polygon is halved by roads, again and again, until there are enough pieces.

A cut runs along the road grid's turn and divides the *weight* of the land (how many blocks it should
hold), so dense land gets small blocks and hills get large ones. Every cut is kept: it is a road.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.ops import split

from ingest.demo.frame import FloatArray, IntArray
from ingest.demo.outline import RoadClass
from ingest.demo.terrain import TurnField

#: No cut passes closer to the house than this (m).
HOUSE_DISTANCE = 78.0


@dataclass(frozen=True)
class Cut:
    """One road that divided land, in metres."""

    line: LineString
    road_class: RoadClass


@dataclass(frozen=True)
class Piece:
    """A polygon in metres and the indices of the sample points in it."""

    polygon: Polygon
    samples: IntArray


@dataclass(frozen=True)
class Samples:
    """Points all over the district: position (n, 2), m; weight (n,), blocks; wildness (n,), 0..1."""

    xy: FloatArray
    weight: FloatArray
    wildness: FloatArray
    turns: TurnField


class Cutter:
    """Cuts pieces of land and remembers the roads that it made."""

    def __init__(self, samples: Samples, house: FloatArray, rng: np.random.Generator) -> None:
        self.samples = samples
        self.house = house
        self.rng = rng
        self.cuts: list[Cut] = []

    def divide(
        self, piece: Piece, count: int, classes: tuple[RoadClass, ...], turn: float | None = None
    ) -> list[Piece]:
        """The piece in `count` pieces of about equal weight; `classes` by depth of the cut, the last for the rest.

        With `turn` all cuts follow it (radians); without, each follows the land under it.
        """
        if count == 1:
            return [piece]
        half = count // 2 if count < 5 else round(count * float(self.rng.uniform(0.40, 0.60)))
        low, high = self._halve(piece, half / count, classes[0], turn)
        deeper = classes[1:] or classes
        return self.divide(low, half, deeper, turn) + self.divide(high, count - half, deeper, turn)

    def _halve(self, piece: Piece, share: float, road_class: RoadClass, turn: float | None) -> tuple[Piece, Piece]:
        inside = piece.samples
        angle = self.turn_of(piece) if turn is None else turn
        axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners = shapely.get_coordinates(piece.polygon) @ axes.T
        low, high = corners.min(axis=0), corners.max(axis=0)
        extent = high - low
        across = int(np.argmax(extent * self.rng.uniform(0.85, 1.15, 2)))
        normal, along = axes[across], axes[1 - across]
        at = self._place_cut(piece, normal, share, float(low[across]), float(extent[across]))
        reach = np.linspace(low[1 - across] - 50, high[1 - across] + 50, 13)
        bow = self._bow(inside, float(extent[1 - across]), turn is not None)
        offset = at + bow * np.sin(np.linspace(0, np.pi * self.rng.choice([1.0, 2.0]), 13))
        line = LineString((reach[:, None] * along + offset[:, None] * normal)[:: 1 if bow else 12])
        first, second = _split_in_two(piece.polygon, line, normal, at)
        self.cuts.append(Cut(line, road_class))
        below = self.samples.xy[inside] @ normal < at
        return Piece(first, inside[below]), Piece(second, inside[~below])

    def turn_of(self, piece: Piece) -> float:
        """The turn of the road grid in the middle of a piece (radians)."""
        some = self.samples.xy[piece.samples[:: max(1, len(piece.samples) // 24)]]
        if not len(some):
            some = shapely.get_coordinates(piece.polygon.centroid)
        return float(np.angle(np.exp(4j * self.samples.turns.measure(some)).mean()) / 4)

    def _place_cut(self, piece: Piece, normal: FloatArray, share: float, low: float, extent: float) -> float:
        """The offset along `normal` that leaves `share` of the weight below, away from the edges and the house."""
        inside = piece.samples
        position = self.samples.xy[inside] @ normal
        at = low + share * extent
        if len(inside) > 12:
            order = np.argsort(position, kind="stable")
            total = np.cumsum(self.samples.weight[inside][order])
            at = float(position[order][int(np.searchsorted(total, share * total[-1]))])
        least = min(share, 1 - share)
        at = float(np.clip(at, low + 0.62 * least * extent, low + (1 - 0.62 * least) * extent))
        if piece.polygon.contains(shapely.Point(self.house)):
            house = float(self.house @ normal)
            if abs(at - house) < HOUSE_DISTANCE:
                sign = 1.0 if at >= house else -1.0
                at = house + sign * HOUSE_DISTANCE
        return at

    def _bow(self, inside: IntArray, length: float, fine: bool) -> float:
        """How far a cut swings (m): straight in town, winding in the wild."""
        wild = float(self.samples.wildness[inside].mean()) if len(inside) else 1.0
        if fine and wild < 0.35:
            return 0.0
        most = 0.05 if fine else 0.025 + 0.05 * wild
        return float(self.rng.uniform(-1, 1) * most * length)


def _split_in_two(polygon: Polygon, line: LineString, normal: FloatArray, at: float) -> tuple[Polygon, Polygon]:
    """Both sides of a cut, each in one part: what the line cuts off besides joins the other side."""
    sides: tuple[list[Polygon], list[Polygon]] = ([], [])
    parts = [part for part in shapely.get_parts(split(polygon, line)) if isinstance(part, Polygon)]
    is_straight = len(line.coords) == 2
    for part in parts:
        if is_straight:
            above = float(shapely.get_coordinates(part.centroid)[0] @ normal) > at
        else:
            middle = part.representative_point()
            nearest = shapely.get_coordinates(shapely.shortest_line(line, middle))
            above = float((nearest[1] - nearest[0]) @ normal) > 0
        sides[int(above)].append(part)
    if not sides[0] or not sides[1]:
        raise ValueError(f"the demo's cut at {at:.1f} m does not divide its piece: use another seed")
    largest = [max(side, key=lambda part: part.area) for side in sides]
    mains = list(largest)
    for index, side in enumerate(sides):
        for part in side:
            if part is not largest[index]:
                mains[1 - index] = _join(mains[1 - index], part)
    return mains[0], mains[1]


def _join(first: Polygon, second: Polygon) -> Polygon:
    joined = shapely.union(first, second)
    if not isinstance(joined, Polygon):
        raise ValueError("the demo's cut leaves a piece in two parts: use another seed")
    return joined


def cut_by_trunks(piece: Piece, trunks: tuple[LineString, ...], samples: Samples, least: float) -> list[Piece]:
    """A street cut by the through roads; parts lighter than `least` (blocks) join their longest neighbour."""
    parts = [piece.polygon]
    for trunk in trunks:
        parts = [
            part
            for whole in parts
            for part in (shapely.get_parts(split(whole, trunk)) if whole.crosses(trunk) else [whole])
            if isinstance(part, Polygon)
        ]
    points = shapely.points(samples.xy[piece.samples])

    def weigh(part: Polygon) -> float:
        shapely.prepare(part)
        return float(samples.weight[piece.samples][shapely.contains(part, points)].sum())

    parts.sort(key=weigh)
    while len(parts) > 1 and weigh(parts[0]) < least:
        light = parts.pop(0)
        touching = [shapely.length(shapely.intersection(light, other)) for other in parts]
        neighbour = int(np.argmax(touching))
        parts[neighbour] = _join(parts[neighbour], light)
        parts.sort(key=weigh)
    return [Piece(part, piece.samples[shapely.contains(part, points)]) for part in parts]
