# SPDX-License-Identifier: Apache-2.0
"""`twin ingest`, `twin check` and `twin demo`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ingest.load import OnProgress
from ingest.report import LoadReport
from ingest.show import show_report
from ingest.source import Options, RefusedLoadError, find_source, list_kinds
from twin.errors import TwinError
from twin.settings import Settings
from twin.text import Text

_ERR = Console(stderr=True)

Kind = Annotated[str, typer.Argument(help=str(Text("种类:", "Kind: ")) + ", ".join(list_kinds()))]
Path_ = Annotated[Path, typer.Argument(help=str(Text("文件。", "The file.")))]
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
At = Annotated[
    str | None,
    typer.Option(
        help=str(Text("模型位置:经度,纬度[,高程[,朝向]]。", "Where a model stands: lon,lat[,height[,heading]]."))
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help=str(Text("在标准输出打印 JSON 报告。", "Print the JSON report on standard output."))),
]


def ingest(  # noqa: D103 (its help is made below, in the reader's language)
    kind: Kind, path: Path_, crs: Crs = None, crs_force: CrsForce = False, mapping: MappingOption = None,
    source: SourceOption = None, layer: LayerOption = None, at: At = None, as_json: Json = False,
) -> None:  # fmt: skip
    options = _options(crs, crs_force, mapping, source, layer, at)
    with _bar(is_shown=not as_json) as on_progress:
        _run(lambda: find_source(kind).load(Settings(), path, options, on_progress), kind, as_json=as_json)


def check(  # noqa: D103
    kind: Kind, path: Path_, crs: Crs = None, crs_force: CrsForce = False, mapping: MappingOption = None,
    source: SourceOption = None, layer: LayerOption = None, at: At = None, as_json: Json = False,
) -> None:  # fmt: skip
    options = _options(crs, crs_force, mapping, source, layer, at)
    _run(lambda: find_source(kind).check(Settings(), path, options), kind, as_json=as_json)


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
    with _bar(is_shown=True) as on_progress:
        tokens = load_demo(settings, "district" if scale == "district" else "small", on_progress)
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
    crs: str | None, crs_force: bool, mapping: str | None, source: str | None, layer: str | None, at: str | None
) -> Options:
    return Options(
        layer=layer,
        crs=crs,
        is_crs_forced=crs_force,
        mapping=mapping,
        source_id=source,
        at=at,
        time_zone=Settings().time_zone,
    )


def _run(work: Callable[[], LoadReport], kind: str, *, as_json: bool) -> None:
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


class _bar:  # noqa: N801 (reads as the context it is)
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
