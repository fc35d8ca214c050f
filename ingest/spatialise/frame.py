# SPDX-License-Identifier: Apache-2.0
"""Placed rows as features of their layer: the frame that the pipeline takes, and what decisions and homes do to it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.report import LoadReport
from ingest.scrub import scrub
from ingest.spatialise.columns import Columns
from ingest.spatialise.place import Placements
from ingest.spatialise.read import AnyTable
from twin.address.match import Candidate
from twin.database import Connection
from twin.errors import Problem
from twin.home import OUTSIDE
from twin.text import Text


def make_frame(
    table: AnyTable, columns: Columns, placements: Placements, layer_code: str, report: LoadReport
) -> gpd.GeoDataFrame:
    """The placed and the waiting rows as features of the layer, in the storage CRS; free text is scrubbed."""
    rows = list(placements.by_row)
    text = table.text.loc[rows]
    local = columns.fields.get("local_id")
    if local is None:
        report.problems.append(
            Problem(
                report.file_name or report.kind,
                Text("文件没有编号列,以内容摘要作为编号", "the file has no id column; the digest of a row is its id"),
                Text(
                    "在映射中指定 local_id 列,更新才能对上", "map a column to local_id, so that updates meet their rows"
                ),
            )
        )
    own = {"local_id", "name", "layer_code", "match_level", "confidence", "address_id", "geometry", "block_code"}
    data: dict[str, Any] = {
        # A kept column that is called as one of ours would take its place.
        (f"{name}_" if name in own else name): scrub(text[name])
        for name in columns.kept
    }
    data["local_id"] = text[local] if local else _digest(table, rows)
    if "name" in columns.fields:
        data["name"] = scrub(text[columns.fields["name"]])
    chosen = [placements.by_row[row] for row in rows]
    data["layer_code"] = layer_code
    data["match_level"] = [p.match_level for p in chosen]
    data["confidence"] = [0.0 if p.is_queued else p.confidence for p in chosen]
    data["address_id"] = pd.array([p.address_id for p in chosen], dtype="Int64")
    frame = pd.DataFrame(data, index=text.index)
    geometry = np.array([p.geometry for p in chosen] + [None], dtype=object)[:-1]
    report.mapping = dict(columns.fields)
    report.ignored_columns = sorted(columns.left)
    return gpd.GeoDataFrame(frame, geometry=geometry)


def _digest(table: AnyTable, rows: list[int]) -> list[str]:
    geometry = table.geometry if table.geometry is not None else np.full(len(table.text), None, dtype=object)
    wkb = dict(zip((int(row) for row in table.text.index), shapely.to_wkb(geometry), strict=True))
    digests: list[str] = []
    for row, values in zip(rows, table.text.loc[rows].fillna("").itertuples(index=False), strict=True):
        digest = hashlib.sha256(wkb[row] or b"")
        digest.update("\x1f".join(values).encode())
        digests.append(digest.hexdigest()[:24])
    return digests


def set_homes(frame: gpd.GeoDataFrame, placements: Placements) -> gpd.GeoDataFrame:
    """The home of rows that are known to a block alone; those with a point have theirs already."""
    frame = frame.copy()
    homes = frame["block_code"].to_numpy(dtype=object, copy=True)
    for n, row in enumerate(frame.index):
        placement = placements.by_row[int(row)]
        if placement.geometry is None and placement.home and not placement.is_queued:
            homes[n] = placement.home
    frame["block_code"] = homes
    return frame


def keep_decisions(
    connection: Connection, source_id: str, table: AnyTable, columns: Columns, placements: Placements
) -> None:
    """A row whose text a steward has decided on keeps the place that the decision gave it."""
    rows = connection.execute(
        "SELECT local_id, given, ST_AsBinary(geometry), feature.block_code, feature.match_level, address_id "
        "FROM placement_review AS review JOIN business_feature AS feature ON feature.id = review.feature_id "
        "WHERE review.status = 'confirmed' AND feature.source_id = %s",
        (source_id,),
    ).fetchall()
    if not rows:
        return
    decided = {(row[0], row[1]): row[2:] for row in rows}
    local = columns.fields.get("local_id")
    numbers = list(placements.by_row)
    ids = list(table.text.loc[numbers][local].fillna("").str.strip()) if local else _digest(table, numbers)
    for row, local_id in zip(numbers, ids, strict=True):
        placement = placements.by_row[row]
        known = decided.get((local_id, placement.given))
        if known is None or not placement.is_queued:
            continue
        placements.by_row[row] = replace(
            placement, reason=None, match_level=known[2], confidence=1.0, home=known[1], address_id=known[3],
            geometry=None if known[0] is None else shapely.from_wkb(known[0]),
        )  # fmt: skip


def common_block(candidates: tuple[Candidate, ...], widths: tuple[int, ...]) -> str:
    """The finest block that holds all candidates; `~` where there is none, which only unscoped stewards see."""
    codes = [candidate.block_code for candidate in candidates]
    for width in sorted(widths, reverse=True):
        cut = {code[:width] for code in codes if len(code) >= width}
        if len(cut) == 1 and all(len(code) >= width for code in codes):
            return cut.pop()
    return OUTSIDE
