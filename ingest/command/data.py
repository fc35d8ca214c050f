# SPDX-License-Identifier: Apache-2.0
"""`twin ingest` and `twin check`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import typer

from ingest.command.options import (
    At,
    Crs,
    CrsForce,
    DeriveParents,
    Json,
    Kind,
    LayerName,
    LayerOption,
    MappingOption,
    Only,
    Paths,
    Reference,
    RejectsOption,
    SchemeOption,
    SourceOption,
    UpdateOption,
)
from ingest.command.reporting import progress_bar, run_and_report
from ingest.crs.reference import check_with_crs
from ingest.rejected import recall_options, tell_left_out, write_rejected
from ingest.report import LoadReport
from ingest.source import Options, Source, check_options, find_source
from twin.errors import Problem, TwinError
from twin.settings import Settings
from twin.text import Text


def ingest(  # noqa: D103 (its help is made below, in the reader's language)
    kind: Kind, paths: Paths, crs: Crs = None, crs_force: CrsForce = False, mapping: MappingOption = None,
    source: SourceOption = None, layer: LayerOption = None, at: At = None, scheme: SchemeOption = None,
    only: Only = None, derive_parents: DeriveParents = False, layer_name: LayerName = None,
    update: UpdateOption = "part", rejects: RejectsOption = None, as_json: Json = False,
) -> None:  # fmt: skip
    path, options = _options(
        kind, paths, crs, crs_force, mapping, source, layer, at, scheme, only, derives_parents=derive_parents
    )
    options = replace(options, layer_name=layer_name, update=update)
    with progress_bar(is_shown=not as_json) as on_progress:
        run_and_report(
            lambda: _with_rejects(
                path, options, rejects, lambda said: _find(kind, said).load(Settings(), path, said, on_progress)
            ),
            kind, as_json=as_json,
        )  # fmt: skip


def check(  # noqa: D103
    kind: Kind, paths: Paths, crs: Crs = None, crs_force: CrsForce = False, mapping: MappingOption = None,
    source: SourceOption = None, layer: LayerOption = None, at: At = None, scheme: SchemeOption = None,
    only: Only = None, derive_parents: DeriveParents = False, layer_name: LayerName = None,
    reference: Reference = None, update: UpdateOption = "part", rejects: RejectsOption = None, as_json: Json = False,
) -> None:  # fmt: skip
    path, options = _options(
        kind, paths, crs, crs_force, mapping, source, layer, at, scheme, only, derives_parents=derive_parents
    )
    options = replace(options, layer_name=layer_name, update=update)
    run_and_report(
        lambda: _with_rejects(
            path, options, rejects, lambda said: check_with_crs(_find(kind, said), Settings(), path, said, reference)
        ),
        kind, as_json=as_json,
    )  # fmt: skip


ingest.__doc__ = str(
    Text(
        "载入数据:检查、投影、修复、入块、更新、报告;一次事务。\n\n"
        "例:twin ingest incidents 311.csv --crs EPSG:4326 --mapping nyc311",
        "Load data: check, reproject, repair, put into blocks, upsert, report; in one transaction.\n\n"
        "Example: twin ingest incidents 311.csv --crs EPSG:4326 --mapping nyc311",
    )
)
check.__doc__ = str(Text("同样的报告,但什么都不写入(试运行)。", "The same report with nothing written (a dry run)."))


def _options(
    kind: str, paths: list[Path], crs: str | None, crs_force: bool, mapping: str | None, source: str | None,
    layer: str | None, at: str | None, scheme: str | None, only: list[str] | None, *, derives_parents: bool,
) -> tuple[Path, Options]:  # fmt: skip
    if kind != "blocks" and (len(paths) > 1 or scheme or only or derives_parents):
        told = Text(
            "几个文件、--scheme、--only 与 --derive-parents 只用于 blocks。",
            "Several files, --scheme, --only and --derive-parents are for blocks only.",
        )
        raise typer.BadParameter(str(told))
    return paths[0], Options(
        further=tuple(paths[1:]),
        scheme=scheme,
        only=tuple(only or ()),
        derives_parents=derives_parents,
        layer=layer,
        crs=crs,
        is_crs_forced=crs_force,
        mapping=mapping,
        source_id=source,
        at=at,
        time_zone=Settings().time_zone,
    )


def _with_rejects(
    path: Path, options: Options, rejects: Path | None, work: Callable[[Options], LoadReport]
) -> LoadReport:
    """The report of `work`, with what a list of rejects says of itself; the rows turned away go to a file."""
    if rejects is not None and (
        rejects.suffix.lower() not in {".xlsx", ".csv"} or not path.is_file() or rejects.resolve() == path.resolve()
    ):
        told = Text(
            "应为另一个 .xlsx 或 .csv 文件,且数据须来自文件。",
            "Another file, .xlsx or .csv, of data that is in a file.",
        )
        raise typer.BadParameter(str(told), param_hint="--rejects")
    report = work(recall_options(path, options))
    if rejects is not None and report.rejects:
        try:
            told = tell_left_out(write_rejected(path, recall_options(path, options), report, rejects), report)
        except TwinError as error:
            # What was loaded stays loaded.
            again = Text("按行号在原文件中修正", "mend them in the file itself, by their row numbers")
            told = Problem(rejects.name, error.text, again)
        report.problems.extend([told] if told else [])
    return report


def _find(kind: str, options: Options) -> Source:
    source = find_source(kind)
    check_options(source, options)
    return source
