# SPDX-License-Identifier: Apache-2.0
"""Blocks in: codes that carry the tree, siblings that tile their parent, one transaction."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.blocks.checks import KINDS, check_codes, find_coverage_issues, find_same_names, summarise, where
from ingest.blocks.compare import refuse_replacements
from ingest.blocks.links import link_schemes
from ingest.blocks.names import fill_names, keep_names, tell_without_boundary
from ingest.blocks.parents import derive_parents
from ingest.blocks.placing import Rehomed
from ingest.blocks.rehome import rehome_arrivals
from ingest.blocks.scheme import SchemeDeclaration, save_scheme
from ingest.load_record import finish_load, start_load
from ingest.report import MOST_PROBLEMS, LoadReport
from twin.blocks import Scheme
from twin.crs import geometries_to_metric
from twin.database import Connection
from twin.errors import Problem
from twin.model.table import STORAGE_SRID
from twin.quality import Issue, keep_issues
from twin.text import Text

__all__ = ["SchemeDeclaration", "check_blocks", "load_blocks", "read_valid"]


def read_valid(connection: Connection, scheme: str) -> gpd.GeoDataFrame:
    """The blocks of a scheme that live now: code, name, name_en, valid_from and geometry (storage CRS)."""
    rows = connection.execute(
        "SELECT code, name, name_en, valid_from, ST_AsBinary(geometry) FROM valid_block WHERE scheme = %s "
        "ORDER BY code",
        (scheme,),
    ).fetchall()
    columns = {name: [row[n] for row in rows] for n, name in enumerate(("code", "name", "name_en", "valid_from"))}
    geometry = shapely.from_wkb(np.array([row[4] for row in rows], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=STORAGE_SRID)


def check_blocks(
    frame: gpd.GeoDataFrame, scheme: Scheme, report: LoadReport, known: gpd.GeoDataFrame | None = None
) -> list[Issue]:
    """Hold the blocks (columns code, name, geometry in the storage CRS) to the rules of their tree.

    `known` are the blocks that live now (see `read_valid`). Raises RefusedError listing every breach of the codes,
    and where blocks would take the place of others that the load does not name; gaps, overlaps and equal names
    go to the report, and come back with their geometry.
    """
    known_codes = frozenset[str]() if known is None else frozenset(known["code"].astype(str))
    check_codes(frame, scheme, report, known_codes)
    if known is not None and len(known):
        refuse_replacements(frame, known, scheme, report)
    frames = [frame] if known is None else [known, frame]
    shapes: dict[str, Any] = {}
    names: dict[str, str] = {}
    for part in frames:
        shapes |= dict(zip(part["code"].astype(str), np.asarray(part.geometry.array), strict=True))
        if "name" in part:
            names |= {
                str(code): str(name)
                for code, name in zip(part["code"], part["name"], strict=True)
                if isinstance(name, str) and name
            }
    parents = find_affected(frame["code"].astype(str), shapes, scheme)
    issues = find_coverage_issues(shapes, scheme, parents) + find_same_names(names, scheme, parents)
    report.problems.extend(summarise(issues, scheme)[:MOST_PROBLEMS])
    report.details["issues"] = {
        "type": "FeatureCollection",
        "numberMatched": len(issues),
        "features": [issue.as_feature() for issue in issues[:MOST_PROBLEMS]],
    }
    roots = sorted(code for code in shapes if scheme.level(code) == 1)
    if len(roots) > 1:
        what = Text(
            f"有 {len(roots)} 个顶级块({', '.join(roots[:5])}…),以 {roots[0]} 为城区",
            f"there are {len(roots)} blocks of the first level ({', '.join(roots[:5])} …); {roots[0]} is the district",
        )
        fix = Text("一个城区请用 --only 编码;换城区用 twin init", "name one with --only; `twin init` changes districts")
        report.problems.append(Problem(f"scheme {scheme.scheme}", what, fix))
    return issues


def find_affected(codes: Collection[str], shapes: Collection[str], scheme: Scheme) -> set[str | None]:
    """The blocks whose children are to be looked at when `codes` come: theirs and their parents; None: roots."""
    parents = {scheme.parent(code) for code in codes}
    return parents | {code for code in codes if code in shapes}


def load_blocks(
    connection: Connection,
    frame: gpd.GeoDataFrame,
    declaration: SchemeDeclaration,
    report: LoadReport,
    *,
    actor: str,
    names: pd.DataFrame | None = None,
    derives_parents: bool = False,
) -> LoadReport:
    """Load blocks (columns code, name, optional name_en; geometry in the storage CRS) within the transaction.

    `names` are rows of code, name and name_en that have no boundary. What lay in no block, or lies in these ones
    now, is put into blocks again. Raises RefusedError when the tree is wrong; gaps and overlaps are reported.
    """
    started = time.monotonic()
    scheme = declaration.as_scheme()
    save_scheme(connection, declaration)
    known = read_valid(connection, scheme.scheme)
    report.kept = len(frame) + (0 if names is None else len(names))
    report.read = report.kept + report.rejected
    report.crs_declared = report.crs_declared or f"EPSG:{STORAGE_SRID}"
    report.load_id = start_load(connection, report, actor)
    if names is not None:
        keep_names(connection, names, scheme, report)
    if derives_parents:
        frame = derive_parents(frame, scheme, report, frozenset(known["code"].astype(str)))
    if len(frame):
        frame = fill_names(connection, frame, scheme, known, report)
        issues = check_blocks(frame, scheme, report, known)
        report.include(frame.total_bounds.tolist())
        _upsert(connection, frame, scheme, report)
        codes = set(frame["code"].astype(str))
        places = [where(scheme, code) for code in find_affected(codes, codes | set(known["code"]), scheme)]
        keep_issues(connection, issues, checked=places, kinds=KINDS, load_id=report.load_id)
        changed = find_changed(frame, known)
        if declaration.is_governance:
            tell_rehomed(rehome_arrivals(connection, changed), report)
        link_schemes(connection, scheme.scheme, changed, report)
    if names is not None:
        codes = set(known["code"].astype(str)) | set(frame["code"].astype(str))
        tell_without_boundary(codes, names, scheme, report)
    report.seconds = time.monotonic() - started
    finish_load(connection, report)
    return report


def find_changed(frame: gpd.GeoDataFrame, known: gpd.GeoDataFrame) -> set[str]:
    """The codes of `frame` that `known` has not, or has with another boundary."""
    before = dict(zip(known["code"], shapely.to_wkb(np.asarray(known.geometry.array)), strict=True))
    after = zip(frame["code"], shapely.to_wkb(shapely.force_2d(np.asarray(frame.geometry.array))), strict=True)
    return {str(code) for code, wkb in after if before.get(code) != wkb}


def tell_rehomed(rehomed: Rehomed, report: LoadReport) -> None:
    """Say how many features lie in other blocks than before."""
    report.details["rehomed"] = rehomed.by_kind
    if rehomed.total:
        told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(rehomed.by_kind.items()))
        what = Text(f"{rehomed.total} 个要素换了所属块({told})", f"{rehomed.total} features have another home ({told})")
        report.problems.append(Problem("blocks", what, Text("无需处理", "nothing to do")))
    if rehomed.unplaced:
        what = Text(
            f"{rehomed.unplaced} 个要素没有坐标,原块拆分后只能归到上级块",
            f"{rehomed.unplaced} features have no place; their block was split, so a block above is their home",
        )
        report.problems.append(Problem("blocks", what, Text("补充坐标或地址", "add coordinates or addresses")))


def copy_blocks(connection: Connection, frame: gpd.GeoDataFrame, scheme: Scheme) -> None:
    """The blocks of `frame` in a temporary table `staging_tree`."""
    geometry = np.asarray(frame.geometry.array)
    area = shapely.area(geometries_to_metric(geometry, scheme.metric_srid))
    wkb = shapely.to_wkb(shapely.set_srid(shapely.force_2d(geometry), STORAGE_SRID), include_srid=True)
    names: list[Any] = frame["name"].tolist()
    names_en: list[Any] = frame["name_en"].tolist() if "name_en" in frame else [None] * len(frame)
    connection.execute(
        'CREATE TEMP TABLE staging_tree (code text COLLATE "C", level int2, parent_code text COLLATE "C", name text, '
        "name_en text, area float8, geometry geometry) ON COMMIT DROP"
    )
    with connection.cursor() as cursor, cursor.copy("COPY staging_tree FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["text", "int2", "text", "text", "text", "float8", "bytea"])
        for position, code in enumerate(frame["code"].astype(str)):
            english = names_en[position]
            copy.write_row(
                (
                    code, scheme.level(code), scheme.parent(code), str(names[position]),
                    english if isinstance(english, str) else None, float(area[position]), wkb[position],
                )
            )  # fmt: skip


def _upsert(connection: Connection, frame: gpd.GeoDataFrame, scheme: Scheme, report: LoadReport) -> None:
    copy_blocks(connection, frame, scheme)
    row = connection.execute(
        """
        WITH merged AS (
            INSERT INTO block AS kept (scheme, code, level, parent_code, name, name_en, area, geometry, load_id)
            SELECT %s, code, level, parent_code, name, name_en, area, geometry, %s FROM staging_tree ORDER BY code
            ON CONFLICT (scheme, code) WHERE valid_to = 'infinity' DO UPDATE SET
                name = EXCLUDED.name, name_en = EXCLUDED.name_en,
                area = EXCLUDED.area, geometry = EXCLUDED.geometry, load_id = EXCLUDED.load_id
            WHERE ROW(kept.name, kept.name_en, kept.geometry)
                IS DISTINCT FROM ROW(EXCLUDED.name, EXCLUDED.name_en, EXCLUDED.geometry)
            RETURNING xmax = 0 AS is_new
        )
        SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
        """,
        (scheme.scheme, report.load_id),
    ).fetchone()
    assert row is not None
    report.inserted += row[0]
    report.updated += row[1]
    report.unchanged += len(frame) - row[0] - row[1]
    connection.execute("DROP TABLE staging_tree")
