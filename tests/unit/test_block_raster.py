# SPDX-License-Identifier: Apache-2.0
"""The raster of homes gives the very answers that the polygons give, on borders and corners too."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toy import METRIC_SRID, ORIGIN, STEP, toy_blocks
from twin.block_raster import BlockRaster
from twin.blocks import BlockIndex, Scheme
from twin.home import OUTSIDE

_SCHEME = Scheme("governance", (6, 9, 12, 14), METRIC_SRID)


def make_index(codes: list[str], shapes: Any) -> BlockIndex:
    return BlockIndex(codes, np.asarray(shapes, dtype=object), _SCHEME)


def both(codes: list[str], shapes: Any, points: Any, most_cells: int) -> tuple[list[str], list[str]]:
    exact = make_index(codes, shapes)
    raster = BlockRaster(np.asarray(shapes, dtype=object), exact.home, most_cells)
    return raster.home(points, OUTSIDE).tolist(), exact.home(points).tolist()


@given(st.integers(0, 10_000), st.sampled_from([9, 100, 5_000, 60_000]))
@settings(deadline=None, max_examples=30)
def test_irregular_blocks_with_gaps_give_the_same_homes_as_their_polygons(seed: int, most_cells: int) -> None:
    random = np.random.default_rng(seed)
    whole = shapely.box(114, 22.5, 114.1, 22.6)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(random.uniform((114, 22.5), (114.1, 22.6), (25, 2))), extend_to=whole
        )
    )
    # Two base grids are missing, so that their district is the home of what lies there.
    grids = shapely.intersection(cells, whole)[:-2]
    codes = [f"999901001001{n:02d}" for n in range(len(grids))]
    shapes = np.array([*grids, whole])
    corners = shapely.get_coordinates(grids)
    middles = (corners[1:] + corners[:-1]) / 2
    anywhere = random.uniform((113.99, 22.49), (114.11, 22.61), (500, 2))
    near = corners + random.normal(0, 1e-7, corners.shape)
    points = np.asarray(shapely.points(np.concatenate([corners, middles, anywhere, near])))
    fast, exact = both([*codes, "999901"], shapes, points, most_cells)
    assert fast == exact


@given(st.integers(0, 10_000), st.sampled_from([100, 5_000, 60_000]))
@settings(deadline=None, max_examples=25)
def test_areas_and_lines_are_placed_as_their_polygons_place_them(seed: int, most_cells: int) -> None:
    random = np.random.default_rng(seed)
    blocks = toy_blocks()
    codes, shapes = list(blocks["code"]), np.asarray(blocks.geometry.array)
    exact, fast = make_index(codes, shapes), make_index(codes, shapes)
    fast.raster_features = 1
    fast._raster = BlockRaster(fast._polygons, fast._find_home, most_cells)  # pyright: ignore[reportPrivateUsage]
    at = ORIGIN + random.uniform(-STEP, 5 * STEP, (300, 2))
    size = STEP * random.choice([0.001, 0.05, 0.7], (300, 2))
    features = np.asarray(shapely.box(*at.T, *(at + size).T), dtype=object)
    features[::3] = shapely.linestrings(np.stack([at, at + size], axis=1)[::3])
    features[::50] = None
    homes = exact.home(shapely.point_on_surface(features))
    placed, meetings = fast.place(features)
    assert placed.tolist() == homes.tolist()
    assert meetings == exact.meetings(features, homes)


def test_a_point_on_a_border_of_squares_is_the_lowest_codes(
    most_cells: int = 1_000,
) -> None:
    blocks = toy_blocks()
    steps = np.arange(-1, 10) * STEP / 2
    east, north = np.meshgrid(ORIGIN[0] + steps, ORIGIN[1] + steps)
    points = np.asarray(shapely.points(east.ravel(), north.ravel()))
    fast, exact = both(list(blocks["code"]), np.asarray(blocks.geometry.array), points, most_cells)
    assert fast == exact and OUTSIDE in exact


def test_the_index_takes_the_raster_for_many_points_and_skips_missing_ones() -> None:
    blocks = toy_blocks()
    index = make_index(list(blocks["code"]), np.asarray(blocks.geometry.array))
    random = np.random.default_rng(2)
    points = np.asarray(shapely.points(ORIGIN + random.uniform(-0.01, 0.05, (2_000, 2))), dtype=object)
    points[::7] = None
    points[1::7] = shapely.Point()
    exact = index.home(points).tolist()
    index.raster_features = 1_000
    assert index.home(points).tolist() == exact
    assert exact[0] == OUTSIDE and exact[1] == OUTSIDE
