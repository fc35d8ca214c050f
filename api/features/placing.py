# SPDX-License-Identifier: Apache-2.0
"""Where written features lie: the blocks that a load would find for them, and whether they have moved at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import numpy as np
import shapely
from starlette.concurrency import run_in_threadpool

from api.registers.editing import Connection
from layers import business
from layers.layer import Layer
from layers.shape import DEGREE_DECIMALS
from twin.blocks import BlockIndex, Scheme
from twin.home import OUTSIDE

_NEAR: Final[LiteralString] = """
    SELECT code, ST_AsBinary(geometry), scheme, level_widths, metric_srid,
           (SELECT max(length(code)) FROM valid_block AS any_block WHERE any_block.scheme = block_scheme.scheme)
    FROM valid_block JOIN block_scheme USING (scheme)
    WHERE is_governance AND geometry && ST_MakeEnvelope(%s, %s, %s, %s, 4490)
"""


@dataclass(frozen=True)
class Place:
    """The home, and the base grids that are met with the share in each; none where the home holds it all."""

    home: str
    meets: Sequence[tuple[str, float]]


async def find_places(connection: Connection, layer: Layer, shapes: Sequence[Any]) -> list[Place]:
    """Home and spans of each, found by what finds them for a load, among the blocks near by."""
    array = np.asarray(shapes, dtype=object)
    west, south, east, north = shapely.total_bounds(array).tolist()
    rows = await (await connection.execute(_NEAR, (west, south, east, north))).fetchall()
    if not rows:
        return [Place(OUTSIDE, ())] * len(shapes)
    return await run_in_threadpool(_search, rows, array, layer.geometry == "point" and layer.kind != business.KIND)


def _search(rows: Sequence[Any], array: Any, are_points: bool) -> list[Place]:
    first = rows[0]
    shapes: Any = shapely.from_wkb([bytes(row[1]) for row in rows])
    index = BlockIndex([row[0] for row in rows], shapes, Scheme(first[2], tuple(first[3]), first[4]))
    if are_points or max(len(row[0]) for row in rows) < first[5]:
        # Where no block of the finest level is near, nothing is met.
        points = array if are_points else shapely.point_on_surface(array)
        return [Place(home, ()) for home in index.home(points)]
    homes, meetings = index.place(array)
    met: list[list[tuple[str, float]]] = [[] for _ in homes]
    for meeting in meetings:
        met[meeting.row].append((meeting.code, meeting.share))
    return [Place(home, meets) for home, meets in zip(homes, met, strict=True)]


async def write_blocks(connection: Connection, kind: str, feature_id: int, place: Place) -> None:
    """What the feature meets from now on."""
    codes, shares = [code for code, _ in place.meets], [share for _, share in place.meets]
    await connection.execute(
        "DELETE FROM feature_block WHERE kind = %s AND feature_id = %s AND NOT block_code = ANY (%s)",
        (kind, feature_id, codes),
    )
    if codes:
        await connection.execute(
            "INSERT INTO feature_block AS kept (kind, feature_id, block_code, share) "
            "SELECT %s, %s, code, share FROM unnest(%s::text[], %s::float8[]) AS meets(code, share) "
            "ON CONFLICT (kind, feature_id, block_code) DO UPDATE SET share = EXCLUDED.share "
            "WHERE kept.share IS DISTINCT FROM EXCLUDED.share",
            (kind, feature_id, codes, shares),
        )


def is_shown_as(stored: Any, received: Any) -> bool:
    """Whether a writer sent back what he was shown: that is rounded, and to store it would move the feature."""
    if stored is None or shapely.get_type_id(stored) != shapely.get_type_id(received):
        return False
    if shapely.to_wkb(stored) == shapely.to_wkb(received):
        return True
    has_z = bool(shapely.has_z(stored))
    if has_z != bool(shapely.has_z(received)):
        return False
    shown = shapely.transform(stored, lambda xy: np.round(xy, DEGREE_DECIMALS), include_z=has_z)
    if shapely.get_dimensions(shown) == 2:
        shown = shapely.orient_polygons(shown)
    return bool(shapely.equals_identical(shown, received))
