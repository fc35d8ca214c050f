# SPDX-License-Identifier: Apache-2.0
"""The block tree of the demo district: district, 10 streets, 124 communities, 4,866 base grids.

Base grids are the faces of one planar arrangement of all cuts; every level above is the union of its
children. So siblings share their vertices, and a parent is exactly the sum of what lies below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from ingest.demo.cutting import Cut, Cutter, Piece, Samples, cut_by_trunks
from ingest.demo.frame import HOUSE_LON_LAT, PRECISION, FloatArray, GeometryArray, IntArray, to_metres
from ingest.demo.outline import STREET_ARCS, TRUNKS, Outline, draw_outline
from ingest.demo.terrain import build_turn_field, measure_density, measure_wildness

COMMUNITIES: Final = 124
GRIDS: Final = 4866
#: Two digits of the code number the base grids of a community.
MOST_GRIDS: Final = 99
_SAMPLE_SPACING: Final = 50.0


@dataclass(frozen=True)
class Partition:
    """The tree in metres. Index arrays lead upwards: grid → community → street (order of STREETS)."""

    grids: GeometryArray
    communities: GeometryArray
    streets: GeometryArray
    district: shapely.Geometry
    community_of_grid: IntArray
    street_of_community: IntArray
    turn_of_grid: FloatArray
    cuts: tuple[Cut, ...]
    outline: Outline


def apportion(total: int, weights: FloatArray, least: int = 1) -> IntArray:
    """`total` shared out by weight in whole numbers (largest remainder), each at least `least`."""
    spare = total - least * len(weights)
    exact = spare * weights / weights.sum()
    shares = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - shares), kind="stable")
    shares[order[: spare - int(shares.sum())]] += 1
    return shares + least


def build_partition(rng: np.random.Generator) -> Partition:
    """Draw and cut the district; deterministic in the generator's state."""
    outline = draw_outline(rng)
    samples = _sample(outline, rng)
    cutter = Cutter(samples, to_metres([HOUSE_LON_LAT])[0], rng)
    communities, street_of_community = _cut_communities(cutter, outline)
    weights = np.array([samples.weight[piece.samples].sum() for piece in communities])
    counts = np.minimum(apportion(GRIDS, weights, least=8), MOST_GRIDS)
    while counts.sum() < GRIDS:
        counts[int(np.argmax(np.where(counts < MOST_GRIDS, weights / counts, 0)))] += 1
    leaves: list[shapely.Geometry] = []
    community_of_leaf: list[int] = []
    turn_of_leaf: list[float] = []
    for index, (piece, count) in enumerate(zip(communities, counts.tolist(), strict=True)):
        turn = cutter.turn_of(piece) + float(rng.normal(0, 0.03))
        grids = [grid.polygon for grid in cutter.divide(piece, count, ("secondary", "local", "local"), turn)]
        leaves += _sort_by_rows(grids)
        community_of_leaf += [index] * count
        turn_of_leaf += [turn] * count
    grids = _node(leaves)
    community_of_grid = np.array(community_of_leaf)
    community_polygons = _unite(grids, community_of_grid)
    street_polygons = _unite(community_polygons, street_of_community)
    drawn = [Cut(line, arc.road_class) for line, arc in zip(outline.arcs, STREET_ARCS, strict=True)]
    through = [Cut(line, arc.road_class) for line, arc in zip(outline.trunks, TRUNKS, strict=True)]
    return Partition(
        grids=grids,
        communities=community_polygons,
        streets=street_polygons,
        district=shapely.coverage_union_all(street_polygons),
        community_of_grid=community_of_grid,
        street_of_community=street_of_community,
        turn_of_grid=np.array(turn_of_leaf),
        cuts=(*through, *drawn, *cutter.cuts),
        outline=outline,
    )


def _sample(outline: Outline, rng: np.random.Generator) -> Samples:
    """Jittered points over the district, each with the number of base grids that it stands for."""
    west, south, east, north = shapely.total_bounds(np.array(outline.streets))
    x, y = np.meshgrid(np.arange(west, east, _SAMPLE_SPACING), np.arange(south, north, _SAMPLE_SPACING))
    xy = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-20, 20, (x.size, 2))
    whole = shapely.union_all(outline.streets)
    shapely.prepare(whole)
    xy = xy[shapely.contains_xy(whole, xy)]
    density = measure_density(xy)
    return Samples(xy, 1.3 + 38.0 * density**1.35, measure_wildness(xy), build_turn_field(outline))


def _cut_communities(cutter: Cutter, outline: Outline) -> tuple[list[Piece], IntArray]:
    """The communities of all streets, and the street of each."""
    samples = cutter.samples
    points = shapely.points(samples.xy)
    streets: list[Piece] = []
    for polygon in outline.streets:
        shapely.prepare(polygon)
        streets.append(Piece(polygon, np.flatnonzero(shapely.contains(polygon, points))))
    weights = np.array([samples.weight[street.samples].sum() for street in streets])
    mean = float(weights.sum()) / COMMUNITIES
    communities: list[Piece] = []
    owners: list[int] = []
    for owner, (street, count) in enumerate(zip(streets, apportion(COMMUNITIES, weights, 6).tolist(), strict=True)):
        pieces = cut_by_trunks(street, outline.trunks, samples, 0.55 * mean)
        shares = apportion(count, np.array([samples.weight[piece.samples].sum() for piece in pieces]))
        for piece, share in zip(pieces, shares.tolist(), strict=True):
            communities += cutter.divide(piece, share, ("arterial", "secondary"))
            owners += [owner] * share
    order = _row_order([piece.polygon for piece in communities], np.array(owners))
    return [communities[i] for i in order], np.array(owners)[order]


def _row_order(polygons: Sequence[shapely.Geometry], groups: IntArray) -> IntArray:
    """Order by group, then from north to south in bands, then from west to east."""
    xy = shapely.get_coordinates(shapely.centroid(np.array(polygons)))
    height = float(np.sqrt(np.mean(shapely.area(np.array(polygons)))))
    return np.lexsort((xy[:, 0], -np.floor(xy[:, 1] / height), groups))


def _sort_by_rows(polygons: Sequence[shapely.Geometry]) -> list[shapely.Geometry]:
    return [polygons[i] for i in _row_order(polygons, np.zeros(len(polygons), dtype=np.int64))]


def _node(leaves: Sequence[shapely.Geometry]) -> GeometryArray:
    """The leaves as faces of one arrangement: all borders noded on a grid of 1 cm, then polygonized."""
    polygons = np.array(leaves)
    lines = shapely.union_all(shapely.boundary(polygons), grid_size=PRECISION)
    faces = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(lines))))
    face, leaf = shapely.STRtree(polygons).query(shapely.point_on_surface(faces), predicate="within")
    if len(face) != len(faces) or not np.array_equal(np.sort(leaf), np.arange(len(polygons))):
        raise ValueError("the demo's base grids do not tile their communities: use another seed")
    noded = np.empty(len(polygons), dtype=object)
    noded[leaf] = faces[face]
    return shapely.orient_polygons(noded)


def _unite(children: GeometryArray, parent_of_child: IntArray) -> GeometryArray:
    """The parents of a coverage, in the order of their index."""
    order = np.argsort(parent_of_child, kind="stable")
    groups = np.split(children[order], np.flatnonzero(np.diff(parent_of_child[order])) + 1)
    return np.array([shapely.coverage_union_all(group) for group in groups])
