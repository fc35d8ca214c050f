# SPDX-License-Identifier: Apache-2.0
"""The toy city: one district, two streets, four communities, sixteen square grids of 0.01 degrees.

Codes are those of no real place (999901), so that nothing can depend on the reference district. Grids
stand in a 4 x 4 square from 120.00 E, 30.00 N; street 999901001 is the western half, 002 the eastern.
"""

from __future__ import annotations

import geopandas as gpd
import shapely

from ingest.blocks.load import SchemeDeclaration, load_blocks
from ingest.report import LoadReport
from twin.database import transaction
from twin.settings import Settings

DISTRICT = "999901"
WEST, EAST = "999901001", "999901002"
ORIGIN = (120.0, 30.0)
STEP = 0.01
METRIC_SRID = 4549  # CGCS2000 / 3-degree, central meridian 120 E


def grid_code(column: int, row: int) -> str:
    """The base grid at a column (0 to 3, from the west) and a row (0 to 3, from the south)."""
    street = WEST if column < 2 else EAST
    community = f"{street}{1 if row < 2 else 2:03d}"
    return f"{community}{(row % 2) * 2 + column % 2 + 1:02d}"


def grid_box(column: int, row: int) -> shapely.Polygon:
    """Its square, in degrees."""
    west, south = ORIGIN[0] + column * STEP, ORIGIN[1] + row * STEP
    return shapely.box(west, south, ORIGIN[0] + (column + 1) * STEP, ORIGIN[1] + (row + 1) * STEP)


def point_in(column: float, row: float) -> shapely.Point:
    """A point by column and row, which may be fractions."""
    return shapely.Point(ORIGIN[0] + column * STEP, ORIGIN[1] + row * STEP)


def toy_blocks() -> gpd.GeoDataFrame:
    """All 23 blocks: code, name, geometry (EPSG:4490)."""
    grids = {grid_code(c, r): grid_box(c, r) for c in range(4) for r in range(4)}
    shapes = dict(grids)
    for width in (12, 9, 6):
        parents: dict[str, list[shapely.Polygon]] = {}
        for code, shape in grids.items():
            parents.setdefault(code[:width], []).append(shape)
        shapes |= {code: shapely.coverage_union_all(parts) for code, parts in parents.items() if code not in shapes}
    codes = sorted(shapes)
    frame = {
        "code": codes,
        "name": [f"块{code}" for code in codes],
        "name_en": [f"Block {code}" for code in codes],
    }
    return gpd.GeoDataFrame(frame, geometry=[shapes[code] for code in codes], crs=4490)


def load_toy(settings: Settings) -> None:
    """The toy city's blocks in the database."""
    declaration = SchemeDeclaration(metric_srid=METRIC_SRID)
    with transaction(settings) as connection:
        load_blocks(connection, toy_blocks(), declaration, LoadReport("blocks", "toy"), actor="test")
