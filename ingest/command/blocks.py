# SPDX-License-Identifier: Apache-2.0
"""`twin blocks` (split, merge, renumber, compare, update) and `twin init`."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ingest.blocks.change_file import make_rewrites, make_split, make_update, read_rewrites
from ingest.blocks.compare import find_successions
from ingest.blocks.file import read_block_files
from ingest.blocks.init import init_district
from ingest.blocks.load import load_blocks, read_valid
from ingest.blocks.scheme import choose_declaration
from ingest.blocks.versions import change_blocks
from ingest.command.options import (
    Crs,
    CrsForce,
    DeriveParents,
    Json,
    LayerOption,
    MappingOption,
    Only,
    Paths,
    SchemeOption,
)
from ingest.command.reporting import progress_bar, run_and_report
from ingest.report import LoadReport
from ingest.source import Options, refusals_reported
from ingest.sources.blocks import new_report
from twin.database import transaction
from twin.errors import InvalidRequestError, Problem, RefusedError
from twin.settings import Settings
from twin.text import Text


class Action(StrEnum):
    """What is done with blocks."""

    SPLIT = "split"
    MERGE = "merge"
    RENUMBER = "renumber"
    COMPARE = "compare"
    UPDATE = "update"


Old = Annotated[
    list[str] | None,
    typer.Option("--old", help=str(Text("split:被拆分的块,可多次给出。", "split: the block that ends; repeatable."))),
]
EffectiveAt = Annotated[
    str | None,
    typer.Option("--effective-at", help=str(Text("生效时刻(RFC 3339),默认现在。", "When it holds from; now."))),
]
Confirmed = Annotated[
    bool,
    typer.Option(
        "--confirm", help=str(Text("update:已核对 compare 列出的变更。", "update: what compare lists is right."))
    ),
]
Blocks = Annotated[
    list[Path], typer.Option("--blocks", help=str(Text("边界文件,可多次给出。", "The boundaries; repeatable.")))
]
MetricCrs = Annotated[
    str | None,
    typer.Option(
        "--metric-crs",
        help=str(
            Text("面积与长度的坐标系;默认按范围选定。", "The CRS of areas and lengths; by the extent by default.")
        ),
    ),
]
Replace = Annotated[
    bool, typer.Option("--replace", help=str(Text("替换已有的真实城区。", "Put it in a real district's place.")))
]
Yes = Annotated[bool, typer.Option("--yes", help=str(Text("不再询问。", "Do not ask.")))]


def blocks(  # noqa: D103 (its help is made below, in the reader's language)
    action: Annotated[Action, typer.Argument(help=str(Text("做什么。", "What to do.")))],
    paths: Paths, old: Old = None, effective_at: EffectiveAt = None, confirm: Confirmed = False, crs: Crs = None,
    crs_force: CrsForce = False, mapping: MappingOption = None, layer: LayerOption = None,
    scheme: SchemeOption = None, only: Only = None, as_json: Json = False,
) -> None:  # fmt: skip
    settings = Settings()
    options = Options(
        crs=crs, is_crs_forced=crs_force, mapping=mapping, layer=layer, scheme=scheme, only=tuple(only or ()),
        further=tuple(paths[1:]), time_zone=settings.time_zone,
    )  # fmt: skip
    moment = None if effective_at is None else parse_effective(effective_at, settings.time_zone)
    run_and_report(
        lambda: run_action(
            settings, action, paths[0], options, olds=old or (), moment=moment, is_confirmed=confirm
        ),
        "blocks", as_json=as_json,
    )  # fmt: skip


def init(  # noqa: D103
    blocks: Blocks, crs: Crs = None, crs_force: CrsForce = False, scheme: SchemeOption = None,
    mapping: MappingOption = None, layer: LayerOption = None, only: Only = None,
    derive_parents: DeriveParents = False, metric_crs: MetricCrs = None, replace: Replace = False, yes: Yes = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    options = Options(
        crs=crs, is_crs_forced=crs_force, mapping=mapping, layer=layer, scheme=scheme, only=tuple(only or ()),
        further=tuple(blocks[1:]), derives_parents=derive_parents,
    )  # fmt: skip

    def confirm(what: Text) -> bool:
        if yes or not sys.stdin.isatty():
            return yes
        return typer.confirm(str(what), err=True)

    with progress_bar(is_shown=not as_json and yes) as on_progress:
        run_and_report(
            lambda: init_district(
                Settings(), blocks[0], options, metric_crs=metric_crs, replaces=replace, confirm=confirm,
                on_progress=on_progress,
            ),
            "blocks", as_json=as_json,
        )  # fmt: skip
    if not as_json:
        typer.echo(
            str(
                Text(
                    "城区已就绪。用 twin token create --role admin 创建令牌。",
                    "The district is ready. Make tokens with `twin token create --role admin`.",
                )
            )
        )


blocks.__doc__ = str(
    Text(
        "变更现有的块,留下沿革:\n\n"
        "split FILE --old 编码(新块的边界);merge FILE、renumber FILE(表:old,new,name);"
        "compare FILE 只列出新一版边界像是改了什么;update FILE --confirm 载入它。",
        "Change the blocks there are, and keep their lineage:\n\n"
        "split FILE --old CODE (boundaries of the new ones); merge FILE and renumber FILE (a table: old,new,name); "
        "compare FILE lists what a new version of the tree seems to change; update FILE --confirm loads it.",
    )
)
init.__doc__ = str(
    Text(
        "换成另一个城区:编码、块体系、坐标系,并移除演示数据。\n\n"
        "例:twin init --blocks towns.json --layer counties,towns",
        "Another district: codes, scheme and CRS, and the demo goes.\n\n"
        "Example: twin init --blocks towns.json --layer counties,towns",
    )
)


def run_action(
    settings: Settings, action: Action, path: Path, options: Options, *, olds: list[str] | tuple[str, ...] = (),
    moment: datetime | None = None, is_confirmed: bool = False,
) -> LoadReport:  # fmt: skip
    """One action, in one transaction; `compare` writes nothing. Raises RefusedError."""
    report = new_report(path, options)
    with refusals_reported(report), transaction(settings) as connection:
        declaration = choose_declaration(connection, options.scheme, settings.metric_srid)
        scheme = declaration.as_scheme()
        known = read_valid(connection, scheme.scheme)
        if action in (Action.MERGE, Action.RENUMBER):
            rewrites = read_rewrites(path)
            report.read = len(rewrites)
            change = make_rewrites(known, rewrites, scheme, moment)
            told = {pair.kind for pair in change.successions}
            if action.value not in told:
                raise RefusedError(
                    Text(f"文件里没有 {action.value}。", f"The file holds no {action.value}; it holds {sorted(told)}.")
                )
            return change_blocks(connection, change, declaration, report, actor=options.actor)
        frame = read_block_files([path, *options.further], options, declaration, report).polygons
        if action is Action.SPLIT:
            if not olds:
                raise RefusedError(Text("请用 --old 给出被拆分的块。", "Name the block that is split with --old."))
            change = make_split(known, frame, olds, scheme, moment)
            return change_blocks(connection, change, declaration, report, actor=options.actor)
        change = make_update(known, frame, scheme, moment)
        report.details["candidates"] = [pair.as_dict() for pair in find_successions(known, frame, scheme)]
        for pair in find_successions(known, frame, scheme):
            what = Text(f"像是 {pair}", f"looks like {pair}")
            report.problems.append(Problem(f"code {pair.old}", what, _CONFIRM))
        if action is Action.COMPARE:
            return report
        if change.successions and not is_confirmed:
            raise RefusedError(
                Text(
                    f"有 {len(change.successions)} 项像是拆分、合并或改码,请核对后加 --confirm。",
                    f"{len(change.successions)} blocks seem split, merged or renumbered; look and add --confirm.",
                )
            )
        if change.ended:
            change_blocks(connection, change, declaration, LoadReport("blocks", report.source_id), actor=options.actor)
            report.details["successions"] = [pair.as_dict() for pair in change.successions]
        return load_blocks(connection, frame, declaration, report, actor=options.actor)


_CONFIRM = Text("属实则 twin blocks update --confirm", "where it is so: `twin blocks update --confirm`")


def parse_effective(text: str, zone: str) -> datetime:
    """An RFC 3339 moment; one without an offset is of `zone`. Raises InvalidRequestError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(
            Text(f"“{text}”不是时刻(如 2026-01-01T00:00:00+08:00)。",
                 f"'{text}' is no moment (2026-01-01T00:00:00+08:00 is one)."),
            "effective_at",
        ) from error  # fmt: skip
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
