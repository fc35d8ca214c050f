# SPDX-License-Identifier: Apache-2.0
"""Another district: its blocks take the place of the demo's, and everything that names the district follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, LiteralString

from psycopg import sql

from ingest.blocks.crs import choose_metric
from ingest.blocks.file import BlockRows, read_block_files
from ingest.blocks.load import load_blocks
from ingest.blocks.parents import derive_parents
from ingest.blocks.rehome import list_kinds
from ingest.blocks.scheme import GOVERNANCE, SchemeDeclaration, check_metric, read_declaration
from ingest.progress import OnProgress, ignore_progress
from ingest.report import MOST_PROBLEMS, LoadReport
from ingest.source import Options, refusals_reported
from ingest.sources.blocks import new_report
from twin.database import Connection, transaction
from twin.errors import Problem, RefusedError
from twin.home import OUTSIDE
from twin.settings import Settings
from twin.text import Text

DEMO: Final = "demo"
"""The source id and the token label of the demo district."""

Confirm = Callable[[Text], bool]


@dataclass(frozen=True)
class Standing:
    """What there is before: the governance scheme, its root, whether it is synthetic, and how much of what."""

    scheme: str
    title: str
    is_synthetic: bool
    blocks: int
    demo_features: dict[str, int]


def init_district(
    settings: Settings, path: Path, options: Options, *, metric_crs: str | None, replaces: bool, confirm: Confirm,
    on_progress: OnProgress = ignore_progress,
) -> LoadReport:  # fmt: skip
    """Make the blocks of these files the district, in one transaction: codes, scheme and metric CRS.

    The demo goes, with its tokens, after `confirm`; a real district goes only where `replaces` says so, and its
    features stay. Raises RefusedError, also where there are several districts in the files.
    """
    report = new_report(path, options)
    with refusals_reported(report):
        on_progress(Text("读取边界", "reading boundaries"), 0.1)
        declaration = read_declaration(options.scheme or GOVERNANCE, 0)
        rows = read_block_files([path, *options.further], options, declaration, report)
        root = find_root(rows, declaration, report, derives=options.derives_parents)
        declaration = _with_metric(declaration, metric_crs, report)
        with transaction(settings) as connection:
            standing = read_standing(connection)
            if standing is not None:
                _refuse_real(standing, replaces=replaces)
                if not confirm(_what_goes(standing)):
                    raise RefusedError(
                        Text(
                            "未确认,什么都没有改。无人应答时请加 --yes。",
                            "Not confirmed; nothing was changed. Add --yes where nobody answers.",
                        )
                    )
                on_progress(Text("移除原有城区", "removing what was there"), 0.3)
                remove_district(connection, standing, report)
            on_progress(Text("载入块", "loading blocks"), 0.5)
            load_blocks(
                connection, rows.polygons, declaration, report, actor=options.actor,
                names=rows.names if len(rows.names) else None, derives_parents=options.derives_parents,
            )  # fmt: skip
            report.details["district"] = {
                "code": root, "scheme": declaration.scheme, "level_widths": list(declaration.level_widths),
                "metric_crs": f"EPSG:{declaration.metric_srid}",
            }  # fmt: skip
            _tell_lost_grants(connection, report)
        if standing is not None and standing.is_synthetic:
            settings.tokens_path.unlink(missing_ok=True)
    on_progress(Text("完成", "done"), 1.0)
    return report


def find_root(rows: BlockRows, declaration: SchemeDeclaration, report: LoadReport, *, derives: bool) -> str:
    """The one block of the first level. Raises RefusedError where there is none, or several."""
    scheme = declaration.as_scheme()
    frame = rows.polygons
    if derives and len(frame):
        frame = derive_parents(frame, scheme, LoadReport(report.kind, report.source_id), frozenset())
    roots = sorted(set(frame[frame["code"].astype(str).str.len() == scheme.level_widths[0]]["code"].astype(str)))
    if len(roots) == 1:
        return roots[0]
    if not roots:
        raise RefusedError(
            Text(
                f"文件里没有 {scheme.level_widths[0]} 位编码的顶级块。请一并载入,或用 --derive-parents 由下级合成,"
                "或用 --scheme 声明编码的各级位数。",
                f"The files have no block of the first level ({scheme.level_widths[0]} characters). Load it along, "
                "make it of its children with --derive-parents, or declare the widths of the levels with --scheme.",
            )
        )
    names = dict(zip(frame["code"].astype(str), frame["name"], strict=True))
    problems = [
        Problem(
            f"code {code}", Text(f"顶级块:{names.get(code)}", f"a block of the first level: {names.get(code)}"),
            Text(f"用 --only {code} 选它", f"choose it with --only {code}"),
        )
        for code in roots[:MOST_PROBLEMS]
    ]  # fmt: skip
    raise RefusedError(
        Text(
            f"文件里有 {len(roots)} 个城区({', '.join(roots[:5])} …),请用 --only 选定一个。",
            f"The files hold {len(roots)} districts ({', '.join(roots[:5])} …); choose one with --only.",
        ),
        problems,
    )


def read_standing(connection: Connection) -> Standing | None:
    """What is there; None where there are no blocks and no demo."""
    row = connection.execute(
        """
        SELECT scheme, is_synthetic, (SELECT count(*) FROM valid_block WHERE valid_block.scheme = listed.scheme),
               (SELECT name FROM valid_block WHERE valid_block.scheme = listed.scheme AND level = 1
                ORDER BY code LIMIT 1)
        FROM block_scheme AS listed WHERE is_governance
        """
    ).fetchone()
    if row is None:
        return None
    features: dict[str, int] = {}
    for kind in list_kinds(connection):
        found = connection.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE source_id = %s").format(sql.Identifier(kind)), (DEMO,)
        ).fetchone()
        if found and found[0]:
            features[kind] = found[0]
    return Standing(row[0], row[3] or "–", row[1], row[2], features)


def remove_district(connection: Connection, standing: Standing, report: LoadReport) -> None:
    """Take the governance scheme out, and of the demo everything: features, their past, loads and tokens.

    What is somebody's own stays; it lies in no block until the new ones are in.
    """
    kinds = list_kinds(connection)
    if standing.is_synthetic:
        for kind in kinds:
            connection.execute(sql.SQL("DELETE FROM {} WHERE source_id = %s").format(sql.Identifier(kind)), (DEMO,))
            # Not history but an example that never was: nothing of it is kept.
            history = sql.Identifier(f"{kind}_history")
            if _exists(connection, f"{kind}_history"):
                connection.execute(sql.SQL("DELETE FROM {} WHERE source_id = %s").format(history), (DEMO,))
        for statement in _FORGET_DEMO:
            connection.execute(statement, {"demo": DEMO})
    connection.execute("DELETE FROM feature_block")
    if standing.is_synthetic:
        connection.execute("DELETE FROM feature_block_history")
    for kind in kinds:
        connection.execute(
            sql.SQL(
                "UPDATE {} SET block_code = %s, spans_blocks = false WHERE block_code <> %s OR spans_blocks"
            ).format(sql.Identifier(kind)),
            (OUTSIDE, OUTSIDE),
        )
        if _exists(connection, f"{kind}_history"):
            connection.execute(
                sql.SQL("UPDATE {} SET scope_code = %s WHERE scope_code <> %s").format(
                    sql.Identifier(f"{kind}_history")
                ),
                (OUTSIDE, OUTSIDE),
            )
    for statement in _FORGET_BLOCKS:
        connection.execute(statement, {"scheme": standing.scheme})
    report.details["removed"] = {"blocks": standing.blocks, **standing.demo_features}


_FORGET_DEMO: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM event_type WHERE scheme = %(demo)s",
    "DELETE FROM load WHERE source_id = %(demo)s",
    "DELETE FROM access_token WHERE label = %(demo)s",
)

_FORGET_BLOCKS: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM block_link",
    "DELETE FROM block WHERE scheme = %(scheme)s",
    "DELETE FROM block_history WHERE scheme = %(scheme)s",
    "DELETE FROM block_scheme WHERE scheme = %(scheme)s",
    "DELETE FROM block_lineage_history WHERE scheme = %(scheme)s",
    "DELETE FROM quality_issue WHERE \"where\" LIKE 'block ' || %(scheme)s || '/%%'",
)


def _with_metric(declaration: SchemeDeclaration, metric_crs: str | None, report: LoadReport) -> SchemeDeclaration:
    if metric_crs is not None:
        srid, why = check_metric(metric_crs), Text("由 --metric-crs 指定", "named by --metric-crs")
    elif declaration.metric_srid:
        srid, why = declaration.metric_srid, Text("由块体系声明指定", "named by the scheme's declaration")
    else:
        assert report.extent is not None
        srid, why = choose_metric(report.extent)
    fix = Text("不合适时用 --metric-crs 指定", "name another with --metric-crs where it does not fit")
    what = Text(f"面积与长度用 EPSG:{srid}({why.zh})", f"areas and lengths are in EPSG:{srid} ({why.en})")
    report.problems.append(Problem("metric CRS", what, fix))
    return replace(declaration, metric_srid=srid, is_governance=True)


def _refuse_real(standing: Standing, *, replaces: bool) -> None:
    if standing.blocks and not standing.is_synthetic and not replaces:
        raise RefusedError(
            Text(
                f"已有城区“{standing.title}”({standing.blocks} 个块),不是演示数据。确要替换请加 --replace;"
                "新一版边界请用 twin blocks update。",
                f"There is a district, '{standing.title}' ({standing.blocks} blocks), and it is no demo. Add --replace "
                "to put another in its place; for new boundaries of it use `twin blocks update`.",
            )
        )


def _what_goes(standing: Standing) -> Text:
    counted = ", ".join(f"{kind} {count:,}" for kind, count in standing.demo_features.items())
    tail_zh = f"及其演示数据({counted})和演示令牌" if standing.is_synthetic and counted else ""
    tail_en = f", its demo data ({counted}) and the demo's tokens" if standing.is_synthetic and counted else ""
    return Text(
        f"将移除“{standing.title}”的 {standing.blocks} 个块{tail_zh}。继续?",
        f"This removes the {standing.blocks} blocks of '{standing.title}'{tail_en}. Go on?",
    )


def _tell_lost_grants(connection: Connection, report: LoadReport) -> None:
    rows = connection.execute(
        """
        SELECT DISTINCT token_id FROM role_grant
        WHERE NOT EXISTS (SELECT FROM valid_block JOIN block_scheme USING (scheme)
                          WHERE is_governance AND code = role_grant.block_code) ORDER BY 1
        """
    ).fetchall()
    if rows:
        listed = ", ".join(str(row[0]) for row in rows[:10])
        what = Text(
            f"{len(rows)} 个令牌的范围是已不存在的块(令牌 {listed}),它们什么也看不到",
            f"{len(rows)} tokens are limited to blocks that are no more (tokens {listed}), so they see nothing",
        )
        report.problems.append(Problem("role_grant", what, Text("重新创建令牌", "make new tokens")))


def _exists(connection: Connection, relation: str) -> bool:
    row = connection.execute("SELECT to_regclass('public.' || quote_ident(%s)) IS NOT NULL", (relation,)).fetchone()
    return bool(row and row[0])
