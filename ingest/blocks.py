# SPDX-License-Identifier: Apache-2.0
"""Blocks in: codes that carry the tree, siblings that tile their parent, one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from psycopg.types.json import Jsonb

from ingest.load import finish_load, start_load
from ingest.report import LoadReport
from twin.blocks import Scheme
from twin.crs import geometries_to_metric
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.model.table import STORAGE_SRID
from twin.text import Text

_SLIVER_M2 = 1.0
"""A gap or overlap up to this area (m²) comes from rounded coordinates and is not reported."""


@dataclass(frozen=True, kw_only=True)
class SchemeDeclaration:
    """A block scheme as its owner declares it: digits of a code and names for each level, coarse to fine."""

    scheme: str = "governance"
    level_widths: tuple[int, ...] = (6, 9, 12, 14)
    level_names: tuple[Text, ...] = (
        Text("区", "District"),
        Text("街道", "Street"),
        Text("社区", "Community"),
        Text("基础网格", "Base grid"),
    )
    metric_srid: int
    is_synthetic: bool = False


def check_blocks(frame: gpd.GeoDataFrame, scheme: Scheme, report: LoadReport, known: frozenset[str]) -> None:
    """Hold the blocks (columns code, name, geometry in the storage CRS) to the rules of their tree.

    `known` are the codes that the database has already. Raises RefusedError listing every breach, since
    half a tree is no tree: code of no level, parent missing, duplicate, broken geometry, gap or overlap.
    """
    codes = frame["code"].astype("string")
    problems: list[Problem] = []
    for code in codes[codes.isna() | ~codes.str.len().isin(scheme.level_widths)].head(20):
        problems.append(
            Problem(
                f"code {code}",
                Text(f"编码“{code}”的位数不属于任何层级", f"the code '{code}' has the width of no level"),
                Text(f"层级位数:{scheme.level_widths}", f"levels have {scheme.level_widths} digits"),
            )
        )
    for code in codes[codes.duplicated()].head(20):
        problems.append(
            Problem(
                f"code {code}",
                Text("编码重复", "the code occurs twice"),
                Text("每个块只保留一行", "keep one row for each block"),
            )
        )
    all_codes = set(codes.dropna()) | known
    for code in codes.dropna():
        parent = scheme.parent(str(code))
        if parent and parent not in all_codes:
            problems.append(
                Problem(
                    f"code {code}",
                    Text(f"上级 {parent} 不存在", f"its parent {parent} does not exist"),
                    Text("先载入上级块,或放在同一文件里", "load the parent first, or in the same file"),
                )
            )
    if problems:
        report.problems.extend(problems[:50])
        raise RefusedError(
            Text(
                f"块编码有 {len(problems)} 处错误,未载入。",
                f"{len(problems)} block codes are wrong; nothing was loaded.",
            ),
            problems,
        )
    report.problems.extend(find_gaps_and_overlaps(frame, scheme))


def find_gaps_and_overlaps(frame: gpd.GeoDataFrame, scheme: Scheme) -> list[Problem]:
    """Where siblings do not tile their parent, by area (m²)."""
    problems: list[Problem] = []
    shapes = dict(zip(frame["code"].astype(str), np.asarray(frame.geometry.array), strict=True))
    children: dict[str, list[str]] = {}
    for code in shapes:
        parent = scheme.parent(code)
        if parent in shapes:
            children.setdefault(str(parent), []).append(code)
    for parent, codes in sorted(children.items()):
        siblings = np.array([shapes[code] for code in codes])
        if shapely.coverage_is_valid(siblings) and shapes[parent].equals(shapely.coverage_union_all(siblings)):
            continue
        metric = geometries_to_metric(np.append(siblings, shapes[parent]), scheme.metric_srid)
        union = shapely.union_all(metric[:-1])
        overlap = float(shapely.area(metric[:-1]).sum() - shapely.area(union))
        gap = float(shapely.area(shapely.difference(metric[-1], union)))
        beyond = float(shapely.area(shapely.difference(union, metric[-1])))
        if max(overlap, gap, beyond) > _SLIVER_M2:
            problems.append(
                Problem(
                    f"code {parent}",
                    Text(
                        f"下级没有铺满上级:缝隙 {gap:.0f} m²,重叠 {overlap:.0f} m²,越界 {beyond:.0f} m²",
                        f"its children do not tile it: gaps {gap:.0f} m², overlaps {overlap:.0f} m², "
                        f"beyond it {beyond:.0f} m²",
                    ),
                    Text("修正边界后再次载入", "mend the boundaries and load again"),
                )
            )
    return problems


def load_blocks(
    connection: Connection,
    frame: gpd.GeoDataFrame,
    declaration: SchemeDeclaration,
    report: LoadReport,
    *,
    actor: str,
) -> LoadReport:
    """Load blocks (columns code, name, optional name_en; geometry in the storage CRS) within the transaction.

    Raises RefusedError when the tree is wrong; gaps and overlaps are reported.
    """
    started = time.monotonic()
    scheme = Scheme(declaration.scheme, declaration.level_widths, declaration.metric_srid)
    _save_scheme(connection, declaration)
    known = frozenset(
        str(row[0]) for row in connection.execute("SELECT code FROM block WHERE scheme = %s", (scheme.scheme,))
    )
    check_blocks(frame, scheme, report, known)
    report.read = report.kept = len(frame)
    report.crs_declared = report.crs_declared or f"EPSG:{STORAGE_SRID}"
    report.include(frame.total_bounds.tolist())
    report.load_id = start_load(connection, report, actor)
    _upsert(connection, frame, scheme, report)
    report.seconds = time.monotonic() - started
    finish_load(connection, report)
    return report


def _save_scheme(connection: Connection, declaration: SchemeDeclaration) -> None:
    connection.execute(
        """
        INSERT INTO block_scheme (scheme, level_widths, level_names, metric_srid, is_governance, is_synthetic)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (scheme) DO UPDATE SET level_widths = EXCLUDED.level_widths,
            level_names = EXCLUDED.level_names, metric_srid = EXCLUDED.metric_srid,
            is_synthetic = EXCLUDED.is_synthetic
        """,
        (
            declaration.scheme,
            list(declaration.level_widths),
            Jsonb([name.as_dict() for name in declaration.level_names]),
            declaration.metric_srid,
            declaration.scheme == "governance",
            declaration.is_synthetic,
        ),
    )


def _upsert(connection: Connection, frame: gpd.GeoDataFrame, scheme: Scheme, report: LoadReport) -> None:
    geometry = np.asarray(frame.geometry.array)
    area = shapely.area(geometries_to_metric(geometry, scheme.metric_srid))
    wkb = shapely.to_wkb(shapely.set_srid(shapely.force_2d(geometry), STORAGE_SRID), include_srid=True)
    names_en: Sequence[object] = frame["name_en"].tolist() if "name_en" in frame else [None] * len(frame)
    connection.execute(
        'CREATE TEMP TABLE staging_tree (code text COLLATE "C", level int2, parent_code text COLLATE "C", name text, '
        "name_en text, area float8, geometry geometry) ON COMMIT DROP"
    )
    with connection.cursor() as cursor, cursor.copy("COPY staging_tree FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["text", "int2", "text", "text", "text", "float8", "bytea"])
        for position, code in enumerate(frame["code"].astype(str)):
            copy.write_row(
                (
                    code, scheme.level(code), scheme.parent(code), str(frame["name"].iloc[position]),
                    names_en[position], float(area[position]), wkb[position],
                )
            )  # fmt: skip
    row = connection.execute(
        """
        WITH merged AS (
            INSERT INTO block AS kept (scheme, code, level, parent_code, name, name_en, area, geometry, load_id)
            SELECT %s, code, level, parent_code, name, name_en, area, geometry, %s FROM staging_tree ORDER BY code
            ON CONFLICT (scheme, code) DO UPDATE SET name = EXCLUDED.name, name_en = EXCLUDED.name_en,
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
    report.inserted, report.updated = row
    report.unchanged = report.kept - report.inserted - report.updated
