# SPDX-License-Identifier: Apache-2.0
"""`twin ingest`, `twin check` and `twin demo`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ingest.crs.reference import check_with_crs
from ingest.load import OnProgress
from ingest.report import LoadReport
from ingest.show import show_report
from ingest.source import Options, RefusedLoadError, find_source, list_kinds
from twin.errors import TwinError
from twin.settings import Settings
from twin.text import Text

_ERR = Console(stderr=True)

Kind = Annotated[str, typer.Argument(help=str(Text("种类:", "Kind: ")) + ", ".join(list_kinds()))]
Crs = Annotated[
    str | None,
    typer.Option(
        help=str(
            Text(
                "坐标系:EPSG 代码、WKT、PROJ 字符串、GCJ-02 或 BD-09。文件未写明时必须给出。",
                "The CRS: EPSG code, WKT, PROJ string, GCJ-02 or BD-09. Needed where the file states none.",
            )
        )
    ),
]
CrsForce = Annotated[
    bool,
    typer.Option(
        "--crs-force",
        help=str(Text("即使与文件自述矛盾也采用 --crs。", "Use --crs even where the file says otherwise.")),
    ),
]
MappingOption = Annotated[
    str | None,
    typer.Option(help=str(Text("列映射:自带名称或 .toml 路径。", "Column mapping: a shipped name or a .toml path."))),
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        help=str(Text("来源标识;同一来源内按编号更新。", "Source id; rows update by id within one source.")),
    ),
]
LayerOption = Annotated[
    str | None,
    typer.Option("--layer", help=str(Text("文件有多个图层时取哪一个。", "Which layer of a file with several."))),
]
Paths = Annotated[
    list[Path],
    typer.Argument(help=str(Text("文件;块可一次给出几个,各为一级。", "The file; of blocks several, one a level."))),
]
LayerName = Annotated[
    str | None,
    typer.Option(
        "--layer-name",
        help=str(Text("业务图层的名称;只用于 points。", "The name of the business layer; for points only.")),
    ),
]
SchemeOption = Annotated[
    str | None,
    typer.Option(
        "--scheme",
        help=str(
            Text(
                "块体系:声明文件(.toml、.json)或其标识。只用于 blocks。",
                "The block scheme: a declaration (.toml, .json) or the id of one. For blocks only.",
            )
        ),
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help=str(
            Text("只取该编码的块及其下级,可多次给出。", "Only the block of this code and those below; repeatable.")
        ),
    ),
]
DeriveParents = Annotated[
    bool,
    typer.Option(
        "--derive-parents",
        help=str(Text("没有边界的上级块由下级合成。", "Make coarser blocks without a boundary of those below.")),
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        help=str(Text("模型位置:经度,纬度[,高程[,朝向]]。", "Where a model stands: lon,lat[,height[,heading]]."))
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        help=str(
            Text(
                "参照:坐标系已知的文件(未写明时用 文件@坐标系)或图层(blocks、roads …);据此实测数据的坐标系。",
                "A reference: a file of known CRS (FILE@CRS where it states none) or a layer (blocks, roads …); "
                "the data's CRS is measured against it.",
            )
        ),
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help=str(Text("在标准输出打印 JSON 报告。", "Print the JSON report on standard output."))),
]


def ingest(  # noqa: D103 (its help is made below, in the reader's language)
    kind: Kind, paths: Paths, crs: Crs = None, crs_force: CrsForce = False, mapping: MappingOption = None,
    source: SourceOption = None, layer: LayerOption = None, at: At = None, scheme: SchemeOption = None,
    only: Only = None, derive_parents: DeriveParents = False, layer_name: LayerName = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    path, options = _options(
        kind, paths, crs, crs_force, mapping, source, layer, at, scheme, only, derives_parents=derive_parents
    )
    options = replace(options, layer_name=layer_name)
    with progress_bar(is_shown=not as_json) as on_progress:
        run_and_report(lambda: find_source(kind).load(Settings(), path, options, on_progress), kind, as_json=as_json)


def check(  # noqa: D103
    kind: Kind, paths: Paths, crs: Crs = None, crs_force: CrsForce = False, mapping: MappingOption = None,
    source: SourceOption = None, layer: LayerOption = None, at: At = None, scheme: SchemeOption = None,
    only: Only = None, derive_parents: DeriveParents = False, layer_name: LayerName = None,
    reference: Reference = None, as_json: Json = False,
) -> None:  # fmt: skip
    path, options = _options(
        kind, paths, crs, crs_force, mapping, source, layer, at, scheme, only, derives_parents=derive_parents
    )
    options = replace(options, layer_name=layer_name)
    run_and_report(
        lambda: check_with_crs(find_source(kind), Settings(), path, options, reference), kind, as_json=as_json
    )


def demo(  # noqa: D103
    scale: Annotated[
        str,
        typer.Option(help=str(Text("small:约一分钟;district:全量。", "small: about a minute; district: full size."))),
    ] = "small",
) -> None:
    if scale not in {"small", "district"}:
        raise typer.BadParameter(str(Text("只能是 small 或 district。", "small or district.")), param_hint="--scale")
    from ingest.demo.load import load_demo  # only the demo needs its generator

    settings = Settings()
    with progress_bar(is_shown=True) as on_progress:
        tokens = load_demo(settings, "district" if scale == "district" else "small", on_progress)
    if not tokens:
        typer.echo(str(Text("令牌:twin token create --role …", "Tokens: `twin token create --role …`")))
        return
    address = f"http://127.0.0.1:{settings.port}"
    typer.echo(str(Text("令牌(全部在 tokens.json):", "Tokens (all of them in tokens.json):")))
    typer.echo(f"  {Text('大屏', 'wall')}          {address}/wall?token={tokens['wall']}")
    typer.echo(f"  {Text('规划员', 'planner')}       {address}/plan?token={tokens['planner']}")
    typer.echo(f"  {Text('网格员,限一个街道', 'grid manager of one street')}  Bearer {tokens['grid_manager']}")


def simulate(  # noqa: D103
    every: Annotated[
        float, typer.Option(min=0.1, max=3600, help=str(Text("间隔秒数。", "Seconds between two arrivals.")))
    ] = 3.0,
    count: Annotated[
        int | None, typer.Option(min=1, help=str(Text("到达几件后停止;不给则一直运行。", "Stop after so many.")))
    ] = None,
) -> None:
    from ingest.demo.incidents import LiveIncident
    from ingest.demo.live import simulate as simulate_incidents

    def tell(incident: LiveIncident) -> None:
        typer.echo(f"{incident.accepted_at:%H:%M:%S}  {incident.local_id}  {incident.event_type}")

    with contextlib.suppress(KeyboardInterrupt):
        simulate_incidents(Settings(), every_s=every, count=count, on_arrival=tell)


ingest.__doc__ = str(
    Text(
        "载入数据:检查、投影、修复、入块、更新、报告;一次事务。\n\n"
        "例:twin ingest incidents 311.csv --crs EPSG:4326 --mapping nyc311",
        "Load data: check, reproject, repair, put into blocks, upsert, report; in one transaction.\n\n"
        "Example: twin ingest incidents 311.csv --crs EPSG:4326 --mapping nyc311",
    )
)
check.__doc__ = str(Text("同样的报告,但什么都不写入(试运行)。", "The same report with nothing written (a dry run)."))
simulate.__doc__ = str(
    Text("让合成事件不断到达,以便观看大屏。", "Let synthetic incidents keep arriving, to watch a wall by.")
)
demo.__doc__ = str(
    Text(
        "载入合成的示范区(数据是生成的,并处处注明)。",
        "Load the synthetic demo district (generated, and it says so).",
    )
)


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


def run_and_report(work: Callable[[], LoadReport], kind: str, *, as_json: bool) -> None:
    """Exit 0 with the report, or 2 with the reason; as JSON the report goes to standard output either way."""
    try:
        report = work()
    except TwinError as error:
        report = error.report if isinstance(error, RefusedLoadError) else LoadReport(kind, "")
        if as_json:
            _print_json(report.as_dict() | {"refused": str(error.text), "refused_i18n": error.text.as_dict()})
        elif isinstance(error, RefusedLoadError):
            show_report(report)
        raise
    if as_json:
        _print_json(report.as_dict())
    else:
        show_report(report)


def _print_json(report: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())


class progress_bar:  # noqa: N801 (reads as the context it is)
    """A progress bar on standard error; silent where nobody looks."""

    def __init__(self, *, is_shown: bool) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
            console=_ERR, disable=not is_shown, transient=_ERR.is_terminal,
        )  # fmt: skip
        self._last = ""

    def __enter__(self) -> OnProgress:
        self._progress.__enter__()
        task = self._progress.add_task("…", total=1.0)

        def note(step: Text, fraction: float) -> None:
            self._progress.update(task, description=str(step), completed=fraction)
            if not _ERR.is_terminal and str(step) != self._last:
                self._last = str(step)
                self._progress.console.print(f"  {step}", highlight=False)

        return note

    def __exit__(self, *error: Any) -> None:
        self._progress.__exit__(*error)
