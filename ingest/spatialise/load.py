# SPDX-License-Identifier: Apache-2.0
"""A table into a business layer: placed rows as features, the others into the review queue, in one transaction."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
from psycopg.types.json import Jsonb
from pypinyin import lazy_pinyin

from ingest.ending import Listing, check_missing, settle_missing
from ingest.kind import KINDS, Kind
from ingest.load_record import finish_load, start_load
from ingest.progress import OnProgress
from ingest.readers.vector import settle_crs
from ingest.report import LoadReport
from ingest.source import Options
from ingest.spatialise.attributes import check_attributes
from ingest.spatialise.columns import Columns, find_columns
from ingest.spatialise.frame import common_block, keep_decisions, make_frame, set_homes
from ingest.spatialise.place import Placements, place_rows
from ingest.spatialise.read import AnyTable, Points, read_any_table, read_points
from ingest.spatialise.shapes import prepare_any
from ingest.spatialise.versions import note_version
from ingest.stage import copy_rows, create_staging, merge
from twin.blocks import BlockIndex
from twin.crs import DeclaredCrs, parse_crs
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.text import Text

_STORED = parse_crs("EPSG:4326")
"""What the rows are in by then: degrees as they are stored, of anywhere on Earth (4490 is bounded by China)."""


def check_table(
    connection: Connection | None, kind: Kind, path: Path, options: Options, report: LoadReport,
    misread: frozenset[int] = frozenset(),
) -> LoadReport:  # fmt: skip
    """What a load would say, with nothing written. Of the rows `misread` the geometry could not be read."""
    started = time.monotonic()
    table, columns, declared = _read(path, options, report)
    placements = place_rows(connection, table, columns, _places(table, columns, misread), declared, report)
    if connection is not None:
        keep_decisions(connection, report.source_id, table, columns, placements)
    index = BlockIndex.read(connection) if connection is not None else None
    layer_code = _layer_code(options, report)
    frame = make_frame(table, columns, placements, layer_code, report)
    listing = _list_ids(table, columns, frame)
    if connection is not None:
        frame = _hold_to_layer(connection, frame, layer_code, report)
    kept, _ = prepare_any(frame, kind, _STORED, report, index)
    _explain(report, placements.keep(kept.index))
    if connection is not None:
        check_missing(connection, kind, listing, report, options.update)
    report.seconds = time.monotonic() - started
    return report


def load_table(
    connection: Connection, kind: Kind, path: Path, options: Options, report: LoadReport, on_progress: OnProgress,
    misread: frozenset[int] = frozenset(),
) -> LoadReport:  # fmt: skip
    """Load within the caller's transaction. Raises RefusedError when the table is refused whole."""
    started = time.monotonic()
    on_progress(Text("读取", "reading"), 0.1)
    table, columns, declared = _read(path, options, report)
    index = BlockIndex.read(connection)
    on_progress(Text(f"匹配 {len(table.text):,} 行", f"matching {len(table.text):,} rows"), 0.3)
    placements = place_rows(connection, table, columns, _places(table, columns, misread), declared, report)
    keep_decisions(connection, report.source_id, table, columns, placements)
    layer_code = _layer_code(options, report)
    report.load_id = start_load(connection, report, options.actor)
    _register_layer(connection, layer_code, options, report)
    staging = create_staging(connection, KINDS["business"])
    on_progress(Text("检查并入块", "checking and putting into blocks"), 0.6)
    frame = make_frame(table, columns, placements, layer_code, report)
    listing = _list_ids(table, columns, frame)
    frame = _hold_to_layer(connection, frame, layer_code, report)
    kept, meetings = prepare_any(frame, kind, _STORED, report, index)
    if len(kept):
        copy_rows(connection, staging, set_homes(kept, placements), meetings, report.source_id, report.load_id)
    on_progress(Text("合并", "merging"), 0.8)
    # Whatever a layer is loaded as, it may hold lines and areas whose blocks have to follow.
    merge(connection, staging, report.source_id, report)
    _queue(
        connection, placements, {int(row): str(kept["local_id"][row]) for row in kept.index}, layer_code, report, index
    )
    settle_missing(connection, kind, listing, report, options.update)
    connection.execute("SELECT fold_facts()")
    _explain(report, placements.keep(kept.index))
    report.result = {"layer": layer_code}
    report.seconds = time.monotonic() - started
    finish_load(connection, report)
    # The last that is written: from its commit on the version can be asked for.
    note_version(connection, layer_code, load_id=report.load_id)
    return report


def _places(table: AnyTable, columns: Columns, misread: frozenset[int]) -> Points:
    points = read_points(table, columns)
    return replace(points, is_broken=points.is_broken | table.text.index.isin(list(misread)))


def _list_ids(table: AnyTable, columns: Columns, frame: gpd.GeoDataFrame) -> Listing:
    """The ids of all rows: of those that could not be placed too, unless only their content names them."""
    listing = Listing()
    local = columns.fields.get("local_id")
    if local is not None:
        listing.add(table.text[local], table.text.index)
    else:
        listing.add(frame["local_id"], frame.index)
    return listing


def _read(path: Path, options: Options, report: LoadReport) -> tuple[AnyTable, Columns, DeclaredCrs | None]:
    table = read_any_table(path, options.layer)
    columns = find_columns(
        table.text, options.mapping, path.name, ("coordinates", "address", "code"), has_geometry=table.has_geometry,
        has_stated_geometry=table.has_geometry and table.stated is not None,
    )  # fmt: skip
    declared = None
    if columns.has_coordinates or table.has_geometry:
        # Coordinates without a CRS are refused even where an address would do: they would contradict it unseen.
        declared = settle_crs(table.stated, options.crs or columns.crs, path.name, is_forced=options.is_crs_forced)
        report.crs_declared = declared.name
        report.crs_detected = [{"crs": table.stated.name, "reason": "stated by the file"}] if table.stated else []
    source = options.source_id or columns.source
    layer_code = _layer_code(options, report)
    report.source_id = f"{layer_code}/{source}" if source else layer_code
    return table, columns, declared


def _layer_code(options: Options, report: LoadReport) -> str:
    """The layer's code: its name in letters that an address bar takes."""
    name = options.layer_name or re.sub(r"\.[^.]*$", "", report.file_name or "points")
    code = re.sub(r"[^a-z0-9]+", "_", "_".join(lazy_pinyin(name)).lower()).strip("_")
    return code or "points"


def _register_layer(connection: Connection, code: str, options: Options, report: LoadReport) -> None:
    title = options.layer_name or code
    row = connection.execute("SELECT title, withdrawn_at FROM business_layer WHERE code = %s", (code,)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO business_layer (code, title, created_by) VALUES (%s, %s, %s)", (code, title, options.actor)
        )
    elif row[1] is not None or (options.layer_name and row[0] != title):
        raise RefusedError(
            Text(
                f"图层编码 {code} 已属于“{row[0]}”{'(已撤下)' if row[1] else ''}。请换一个 --layer-name。",
                f"The layer code {code} is taken by '{row[0]}'{' (withdrawn)' if row[1] else ''}. "
                "Choose another --layer-name.",
            )
        )


def _hold_to_layer(
    connection: Connection, frame: gpd.GeoDataFrame, layer_code: str, report: LoadReport
) -> gpd.GeoDataFrame:
    """The rows that are as the layer wants them, in the layer's access class."""
    row = connection.execute(
        "SELECT access_class, attribute_schema FROM business_layer WHERE code = %s", (layer_code,)
    ).fetchone()
    if row is None:
        return frame
    return check_attributes(frame, row[1], report).assign(access_class=row[0])


def _queue(
    connection: Connection, placements: Placements, local_ids: dict[int, str], layer_code: str, report: LoadReport,
    index: BlockIndex,
) -> None:  # fmt: skip
    """Open a review for each row that waits; close those that the load has settled."""
    widths = index.scheme.level_widths
    entries = [
        {
            "source": report.source_id, "local": local_ids[row], "layer": layer_code, "row": row, "given": p.given,
            "alias": p.match.parsed.key or None if p.match else None,
            "parts": Jsonb(p.match.parsed.parts.as_dict() if p.match else {}),
            "reason": Jsonb(p.reason.as_dict() if p.reason else {}),
            "level": p.match.match_level if p.match else "failed", "confidence": p.confidence,
            "candidates": Jsonb([candidate.as_dict() for candidate in p.candidates]),
            "block": common_block(p.candidates, widths), "load": report.load_id,
        }
        for row, p in placements.by_row.items()
        if p.is_queued and row in local_ids
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO placement_review AS old (feature_id, layer_code, row, given, alias, parts, reason, match_level,
                                                 confidence, candidates, block_code, load_id)
            SELECT id, %(layer)s, %(row)s, %(given)s, %(alias)s, %(parts)s, %(reason)s, %(level)s, %(confidence)s,
                   %(candidates)s, %(block)s, %(load)s
            FROM business_feature WHERE source_id = %(source)s AND local_id = %(local)s
            ON CONFLICT (feature_id) DO UPDATE
            SET row = EXCLUDED.row, given = EXCLUDED.given, alias = EXCLUDED.alias, parts = EXCLUDED.parts,
                reason = EXCLUDED.reason, match_level = EXCLUDED.match_level, confidence = EXCLUDED.confidence,
                candidates = EXCLUDED.candidates, block_code = EXCLUDED.block_code, load_id = EXCLUDED.load_id,
                status = 'open', decision = NULL, decided_by = NULL, decided_at = NULL
            -- what was decided stays decided for as long as the row says the same
            WHERE old.given <> EXCLUDED.given OR old.status = 'open'
            """,
            entries,
        )
    connection.execute(
        """
        UPDATE placement_review AS review
        SET status = 'confirmed', decided_by = 'load', decided_at = now(),
            decision = jsonb_build_object('match_level', feature.match_level, 'address_id', feature.address_id,
                                          'block_code', feature.block_code)
        FROM business_feature AS feature, staging
        WHERE review.feature_id = feature.id AND review.status = 'open'
          AND feature.source_id = %s AND feature.local_id = staging.local_id AND staging.match_level <> 'failed'
        """,
        (report.source_id,),
    )


def _explain(report: LoadReport, placements: Placements) -> None:
    report.details |= placements.describe()
    where = report.file_name or report.kind
    queued = report.details["queued"]
    if queued:
        report.problems.append(
            Problem(
                where,
                Text(f"{queued} 行未落图,进入待审队列", f"{queued} rows are not placed and wait for review"),
                Text("在待审队列中确认或否决候选(/placements)", "confirm or reject the candidates at /placements"),
            )
        )
    if report.outside:
        report.problems.append(
            Problem(
                where,
                Text(f"{report.outside} 行不在任何块内(已载入)", f"{report.outside} rows lie in no block (loaded)"),
                Text(
                    "核对坐标系与范围;它们只对不限范围的角色可见,不计入任何块",
                    "check CRS and extent; only unscoped roles see them, and no block counts them",
                ),
            )
        )
