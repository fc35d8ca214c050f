# SPDX-License-Identifier: Apache-2.0
"""A change of blocks in one transaction: old ones ended, new ones in, lineage told, and everything that names them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.blocks.checks import KINDS, find_coverage_issues, where
from ingest.blocks.compare import Succession
from ingest.blocks.links import link_schemes
from ingest.blocks.load import check_blocks, copy_blocks, find_affected, read_valid, tell_rehomed
from ingest.blocks.names import fill_names
from ingest.blocks.rehome import rehome_changed
from ingest.blocks.scheme import SchemeDeclaration
from ingest.load_record import finish_load, start_load
from ingest.report import MOST_PROBLEMS, LoadReport
from twin.blocks import BlockIndex, Scheme
from twin.crs import geometries_to_metric
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.quality import Issue, keep_issues
from twin.text import Text

_MOST_UNTILED: Final = 0.01
"""The part of the area of the blocks that begin which may be a gap, an overlap or beyond the parent."""


@dataclass(frozen=True, kw_only=True)
class BlockChange:
    """Blocks that end, blocks that begin (code, name, name_en, geometry in the storage CRS), and who follows whom."""

    ended: frozenset[str]
    begun: gpd.GeoDataFrame
    successions: tuple[Succession, ...]
    effective_at: datetime | None = None


def change_blocks(
    connection: Connection, change: BlockChange, declaration: SchemeDeclaration, report: LoadReport, *, actor: str
) -> LoadReport:
    """Make the change within the transaction, and have features, grants and history follow it.

    Raises RefusedError where a block that ends does not live, a code would live twice, a child would lose its
    parent, the moment is in the future or before a block began, or the tree would break its rules.
    """
    started = time.monotonic()
    scheme = declaration.as_scheme()
    known = read_valid(connection, scheme.scheme)
    moment = change.effective_at or _now(connection)
    report.kept = len(change.begun)
    report.read = report.kept + report.rejected
    remaining = known[~known["code"].isin(change.ended)]
    refuse_impossible(change, known, remaining, declaration, moment, _now(connection))
    begun = fill_names(connection, change.begun, scheme, known, report)
    check = LoadReport(report.kind, report.source_id)
    issues = check_blocks(_with_remaining(begun, remaining, change.ended, declaration), scheme, check, remaining)
    report.problems.extend(check.problems)
    report.details |= check.details
    _refuse_untiled(issues, begun, known, scheme)
    report.load_id = start_load(connection, report, actor)
    connection.execute(
        "UPDATE block SET valid_to = %s WHERE scheme = %s AND code = ANY(%s) AND valid_to > %s",
        (moment, scheme.scheme, sorted(change.ended), moment),
    )
    copy_blocks(connection, begun, scheme)
    report.inserted = connection.execute(
        """
        INSERT INTO block (scheme, code, level, parent_code, name, name_en, area, geometry, load_id, valid_from)
        SELECT %s, code, level, parent_code, name, name_en, area, geometry, %s, %s FROM staging_tree ORDER BY code
        """,
        (scheme.scheme, report.load_id, moment),
    ).rowcount
    connection.execute("DROP TABLE staging_tree")
    report.updated = len(change.ended)
    keep_lineage(connection, change.successions, scheme.scheme, moment, report.load_id)
    codes = set(begun["code"].astype(str))
    places = [where(scheme, code) for code in find_affected(codes | change.ended, codes | set(known["code"]), scheme)]
    keep_issues(connection, issues, checked=places, kinds=KINDS, load_id=report.load_id)
    if declaration.is_governance:
        _follow(connection, change, report)
    link_schemes(connection, scheme.scheme, codes | change.ended, report)
    report.details["successions"] = [pair.as_dict() for pair in change.successions]
    report.seconds = time.monotonic() - started
    finish_load(connection, report)
    return report


def refuse_impossible(
    change: BlockChange, known: gpd.GeoDataFrame, remaining: gpd.GeoDataFrame, declaration: SchemeDeclaration,
    moment: datetime, now: datetime,
) -> None:  # fmt: skip
    """Raises RefusedError listing whatever speaks against a change at `moment`."""
    scheme = declaration.as_scheme()
    problems: list[Problem] = []

    def wrong(code: str, zh: str, en: str, fix: Text) -> None:
        problems.append(Problem(f"code {code}", Text(zh, en), fix))

    living = set(known["code"].astype(str))
    begun = set(change.begun["code"].astype(str))
    for code in sorted(change.ended - living):
        wrong(code, "没有这个现行块", "no such block lives now", Text("核对编码", "check the code"))
    for code in sorted(begun & (living - change.ended)):
        wrong(
            code, "这个编码已属于另一个现行块", "another living block has this code",
            Text("换一个编码,或让旧块也参与变更", "take another code, or have the old block take part"),
        )  # fmt: skip
    if moment > now:
        wrong("*", f"生效时间 {moment} 在将来", f"{moment} is in the future", Text("到时再执行", "do it then"))
    since = dict(zip(known["code"].astype(str), known["valid_from"], strict=True))
    for code in sorted(change.ended & living):
        if since[code] >= moment:
            wrong(
                code, f"它从 {since[code]} 才开始,不能在 {moment} 结束",
                f"it began at {since[code]} only and cannot end at {moment}",
                Text("给出更晚的生效时间", "give a later moment"),
            )  # fmt: skip
    stay = set(remaining["code"].astype(str)) | begun
    for code in sorted(set(remaining["code"].astype(str))):
        parent = scheme.parent(code)
        if parent is not None and parent not in stay:
            wrong(
                code, f"上级 {parent} 将不存在", f"its parent {parent} would be gone",
                Text("在变更里也写明它改为什么", "say in the same change what becomes of it"),
            )  # fmt: skip
    followed = {pair.old for pair in change.successions}
    renamed = {pair.new for pair in change.successions if pair.kind == "renumber"}
    split = {pair.old for pair in change.successions if pair.kind != "renumber"}
    for code in sorted(renamed & split):
        wrong(
            code, "同一次变更里既是改码的新编码,又被拆分或合并",
            "it is renumbered to and split or merged in one change", Text("分两次执行", "do it in two steps"),
        )  # fmt: skip
    for code in sorted(change.ended - followed):
        wrong(code, "没有写明由谁接续", "nothing is said to follow it", Text("写明接续的块", "name what follows it"))
    if problems:
        raise RefusedError(
            Text(
                f"变更有 {len(problems)} 处不成立,未执行。",
                f"{len(problems)} things speak against the change; nothing was done.",
            ),
            problems[:MOST_PROBLEMS],
        )


def keep_lineage(
    connection: Connection, successions: Sequence[Succession], scheme: str, moment: datetime, load_id: int | None
) -> None:  # fmt: skip
    """Put down who follows whom."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO block_lineage (scheme, old_code, new_code, kind, share, effective_at, load_id) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [(scheme, p.old, p.new, p.kind, p.share, moment, load_id) for p in successions if p.share > 0],
        )


def _refuse_untiled(issues: list[Issue], begun: gpd.GeoDataFrame, known: gpd.GeoDataFrame, scheme: Scheme) -> None:
    """Raises RefusedError where the change itself leaves more than a hundredth of its area untiled."""
    shapes = dict(zip(known["code"].astype(str), np.asarray(known.geometry.array), strict=True))
    places = {issue.where for issue in issues}
    parents = {scheme.parent(code) for code in shapes}
    before = {
        (issue.kind, issue.where, issue.message.en)
        for issue in find_coverage_issues(shapes, scheme, [code for code in parents if where(scheme, code) in places])
    }
    fresh = [
        issue for issue in issues
        if issue.geometry is not None and (issue.kind, issue.where, issue.message.en) not in before
    ]  # fmt: skip
    if not fresh:
        return
    untiled = shapely.area(geometries_to_metric(np.array([issue.geometry for issue in fresh]), scheme.metric_srid))
    finest = begun[begun["code"].astype(str).str.len() == begun["code"].astype(str).str.len().max()]
    whole = shapely.area(geometries_to_metric(np.asarray(finest.geometry.array), scheme.metric_srid)).sum()
    if untiled.sum() > whole * _MOST_UNTILED:
        problems = [
            Problem(issue.where, issue.message, Text("修正边界", "mend the boundaries"))
            for issue in fresh[:MOST_PROBLEMS]
        ]
        raise RefusedError(
            Text(
                f"变更后的块没有铺满上级(合计 {untiled.sum():.0f} m²),未执行。",
                f"The blocks that follow do not tile their parents ({untiled.sum():.0f} m² in all); nothing was done.",
            ),
            problems,
        )


def _with_remaining(
    begun: gpd.GeoDataFrame, remaining: gpd.GeoDataFrame, ended: frozenset[str], declaration: SchemeDeclaration
) -> gpd.GeoDataFrame:  # fmt: skip
    """The new blocks, and the parents of ended ones, whose children must be looked at too."""
    scheme = declaration.as_scheme()
    parents = {scheme.parent(code) for code in ended}
    above = remaining[remaining["code"].isin([code for code in parents if code is not None])]
    columns = ["code", "name", "name_en", "geometry"]
    return gpd.GeoDataFrame(pd.concat([begun[columns], above[columns]]), geometry="geometry", crs=begun.crs)


def _follow(connection: Connection, change: BlockChange, report: LoadReport) -> None:
    index = BlockIndex.read(connection)
    renamed = {p.old: p.new for p in change.successions if p.kind == "renumber" and p.old != p.new}
    ended: dict[str, list[str]] = {}
    for pair in change.successions:
        if pair.kind != "renumber":
            ended.setdefault(pair.old, []).append(pair.new)
    tell_rehomed(rehome_changed(connection, renamed, ended, index), report)
    _move_grants(connection, {**{old: [new] for old, new in renamed.items()}, **ended}, change, index, report)


def _move_grants(
    connection: Connection, heirs: dict[str, list[str]], change: BlockChange, index: BlockIndex, report: LoadReport
) -> None:  # fmt: skip
    """A grant of an ended block becomes one of each block that follows it; where that is more, say so."""
    rows = connection.execute(
        "DELETE FROM role_grant WHERE block_code = ANY(%s) RETURNING token_id, block_code", (list(heirs),)
    ).fetchall()
    granted = sorted({(token, new) for token, old in rows for new in heirs[old]})
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO role_grant (token_id, block_code) SELECT %(token)s, %(code)s WHERE NOT EXISTS "
            "(SELECT FROM role_grant WHERE token_id = %(token)s AND block_code = %(code)s)",
            [{"token": token, "code": code} for token, code in granted],
        )
    report.details["grants_moved"] = len(rows)
    merged = {pair.new for pair in change.successions if pair.kind == "merge"}
    wider = sorted({token for token, new in granted if new in merged})
    if wider:
        what = Text(
            f"{len(wider)} 个令牌的范围因合并而变大(令牌 {', '.join(map(str, wider[:10]))})",
            f"{len(wider)} tokens reach further after the merge (tokens {', '.join(map(str, wider[:10]))})",
        )
        report.problems.append(Problem("role_grant", what, Text("核对这些令牌", "see whether they still should")))


def _now(connection: Connection) -> datetime:
    row = connection.execute("SELECT now()").fetchone()
    assert row is not None
    return row[0].astimezone(UTC)
