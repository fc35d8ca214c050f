# SPDX-License-Identifier: Apache-2.0
"""`twin demo` and `twin simulate`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Literal

import typer

from ingest.command.reporting import progress_bar
from twin.settings import Settings
from twin.text import Text


def demo(  # noqa: D103
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="[models]",
            help=str(
                Text(
                    "models:把示范模型的 IFC 文件写入 FOLDER,供在 /plan 上传。",
                    "models: write the demo models' IFC files to FOLDER, to upload them on /plan.",
                )
            ),
        ),
    ] = None,
    folder: Annotated[Path | None, typer.Argument(help=str(Text("目标文件夹。", "Where to write them.")))] = None,
    scale: Annotated[
        str,
        typer.Option(help=str(Text("small:约一分钟;district:全量。", "small: about a minute; district: full size."))),
    ] = "small",
) -> None:
    if scale not in {"small", "district"}:
        raise typer.BadParameter(str(Text("只能是 small 或 district。", "small or district.")), param_hint="--scale")
    if action is not None:
        _write_models(action, folder, "district" if scale == "district" else "small")
        return
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
    typer.echo(f"  {Text('网格员', 'grid manager')}       {address}/grid?token={tokens['grid_manager']}")
    typer.echo(f"  {Text('数据管理员', 'steward')}   {address}/admin?token={tokens['steward']}")


def _write_models(action: str, folder: Path | None, scale: Literal["small", "district"]) -> None:
    """The models' files on the buildings of the loaded demo. Raises RefusedError when no demo is loaded."""
    if action != "models" or folder is None:
        usage = Text("用法:twin demo models 文件夹", "Usage: twin demo models FOLDER")
        raise typer.BadParameter(str(usage), param_hint="models FOLDER")
    from ingest.demo.load import SOURCE_ID
    from ingest.demo.models.catalogue import write_demo_files
    from twin.database import transaction

    settings = Settings()
    with transaction(settings) as connection:
        for path in write_demo_files(connection, folder, scale, settings.metric_srid, SOURCE_ID):
            typer.echo(str(path))


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


simulate.__doc__ = str(
    Text("让合成事件不断到达,以便观看大屏。", "Let synthetic incidents keep arriving, to watch a wall by.")
)
demo.__doc__ = str(
    Text(
        "载入合成的示范区(数据是生成的,并处处注明)。",
        "Load the synthetic demo district (generated, and it says so).",
    )
)
