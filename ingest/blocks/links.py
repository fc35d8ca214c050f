# SPDX-License-Identifier: Apache-2.0
"""How other schemes lie over the governance scheme: the finest blocks of both, by share of area."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, LiteralString

import numpy as np
import shapely

from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.errors import Problem, SetupError
from twin.text import Text

_OWN: Final[LiteralString] = """
    SELECT block.scheme, block.code, ST_AsBinary(block.geometry)
    FROM valid_block AS block JOIN block_scheme USING (scheme)
    WHERE block.scheme = %(scheme)s AND code = ANY(%(codes)s) AND level = cardinality(level_widths)
"""

_NEAR: Final[LiteralString] = """
    WITH other AS MATERIALIZED (
        SELECT block.scheme, block.code, block.geometry
        FROM valid_block AS block JOIN block_scheme USING (scheme)
        WHERE NOT is_governance AND level = cardinality(level_widths)
    ), near AS MATERIALIZED (
        SELECT ST_Envelope(geometry) AS box FROM valid_block WHERE scheme = %(scheme)s AND code = ANY(%(codes)s)
          AND EXISTS (SELECT FROM other)
    )
    SELECT scheme, code, ST_AsBinary(geometry) FROM other
    WHERE EXISTS (SELECT FROM near WHERE near.box && other.geometry)
       OR (scheme, code) IN (SELECT scheme, code FROM block_link WHERE block_code = ANY(%(codes)s))
"""
"""Blocks of other schemes that lie near blocks of the governance scheme, or were linked to what these were."""


def link_schemes(connection: Connection, scheme: str, changed: Collection[str], report: LoadReport) -> None:
    """Bring `block_link` up to date after blocks of `scheme` (codes `changed`) came, changed or ended.

    Where they are the governance scheme's, the blocks of other schemes near them are linked anew.
    """
    try:
        index = BlockIndex.read(connection)
    except SetupError:
        what = Text("还没有管控网格,暂不能关联", "there is no governance grid yet to link these blocks with")
        fix = Text("载入管控网格后自动关联", "they are linked once it is loaded")
        report.problems.append(Problem(f"scheme {scheme}", what, fix))
        return
    is_governance = scheme == index.scheme.scheme
    if is_governance:
        rows = connection.execute(_NEAR, {"scheme": scheme, "codes": list(changed)}).fetchall()
    else:
        rows = connection.execute(_OWN, {"scheme": scheme, "codes": list(changed)}).fetchall()
    linked = [(str(row[0]), str(row[1])) for row in rows]
    with connection.cursor() as cursor:
        if not is_governance:
            cursor.execute("DELETE FROM block_link WHERE scheme = %s AND code = ANY(%s)", (scheme, list(changed)))
        if not rows:
            return
        cursor.execute(
            "DELETE FROM block_link USING unnest(%s::text[], %s::text[]) AS gone(scheme, code) "
            "WHERE block_link.scheme = gone.scheme AND block_link.code = gone.code",
            ([pair[0] for pair in linked], [pair[1] for pair in linked]),
        )
        shapes = shapely.from_wkb(np.array([row[2] for row in rows], dtype=object))
        # Every block is written, also one that lies wholly in one base grid.
        parts = index.shares(shapes)
        with cursor.copy("COPY block_link (scheme, code, block_code, share) FROM STDIN") as copy:
            for part in parts:
                copy.write_row((*linked[part.row], part.code, part.share))
    report.details["linked"] = len({linked[part.row] for part in parts})
    without = sorted(set(linked) - {linked[part.row] for part in parts})
    if without:
        what = Text(
            f"{len(without)} 个块不在任何基础网格内,没有关联",
            f"{len(without)} blocks lie in no base grid and have no link",
        )
        report.problems.append(Problem(f"scheme {scheme}", what, Text("核对范围与坐标系", "check extent and CRS")))
