# SPDX-License-Identifier: Apache-2.0
"""`twin`: the commands of the city itself, and the door for those of other packages."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import entry_points
from typing import Annotated, cast, get_args

import psycopg
import typer
from psycopg import sql
from rich.console import Console
from rich.table import Table as RichTable

from twin.access import DUTIES, Role, create_token
from twin.cluster import find_cluster, start_cluster, stop_cluster
from twin.command.account import accounts
from twin.command.audit import audit
from twin.command.backup import backup, restore
from twin.database import (
    connect,
    ensure_database,
    is_database_up,
    read_state,
    transaction,
    upgrade_database,
)
from twin.errors import TwinError
from twin.settings import Settings
from twin.text import Text

OUT = Console()
ERR = Console(stderr=True)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=str(Text("Blocktwin:城区数字孪生后端。", "Blocktwin: the digital-twin backend of a city district.")),
)
database = typer.Typer(no_args_is_help=True, help=str(Text("数据库的维护。", "Keep the database.")))
tokens = typer.Typer(no_args_is_help=True, help=str(Text("访问令牌。", "Access tokens.")))
app.add_typer(database, name="db")
app.command("backup", help=str(Text("备份数据库与资产。", "Back up database and assets.")))(backup)
app.command("restore", help=str(Text("恢复备份。", "Bring a backup back.")))(restore)
app.add_typer(accounts, name="account")
app.add_typer(tokens, name="token")
app.add_typer(audit, name="audit")


@app.command(help=str(Text("启动内嵌的 PostGIS。", "Start the embedded PostGIS.")))
def up() -> None:
    """Start the cluster, or say that an operator's own is in use."""
    settings = Settings()
    if settings.database_url:
        OUT.print(str(Text("使用 TWIN_DATABASE_URL 的数据库。", "Using the database of TWIN_DATABASE_URL.")))
        return
    was_down = start_cluster(find_cluster(settings))
    ensure_database(settings)
    OUT.print(str(Text("数据库已启动。", "Database started.") if was_down else _RUNNING))


_RUNNING = Text("数据库在运行。", "The database is running.")


@app.command(help=str(Text("停止内嵌的 PostGIS。", "Stop the embedded PostGIS.")))
def down() -> None:
    """Stop the cluster of this checkout; never an operator's own."""
    settings = Settings()
    stopped = not settings.database_url and stop_cluster(find_cluster(settings))
    OUT.print(str(Text("数据库已停止。", "Database stopped.") if stopped else _NOT_RUNNING))


_NOT_RUNNING = Text("内嵌数据库没有在运行。", "The embedded database is not running.")


@app.command(help=str(Text("数据库、迁移与数据的状态。", "How database, migrations and data stand.")))
def status() -> None:
    """Print the state; exit 1 where something needs doing."""
    settings = Settings()
    if not is_database_up(settings):
        OUT.print(str(Text("内嵌数据库没有运行:twin up。", "The embedded database is down: `twin up`.")))
        raise typer.Exit(1)
    with connect(settings) as connection:
        state = read_state(connection)
        table = RichTable(show_header=False, box=None)
        table.add_row("PostgreSQL", state.server)
        table.add_row("PostGIS", state.postgis)
        table.add_row(str(Text("迁移", "Migration")), f"{state.revision or '–'} / {state.head}")
        table.add_row(
            str(Text("行级安全下可用空间索引", "Spatial index under RLS")), "✓" if state.is_leakproof else "✗"
        )
        if state.is_current:
            for name in ("block", "building", "industrial_park", "urban_village", "incident", "model"):
                row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
                table.add_row(name, f"{row[0]:,}" if row else "–")
        OUT.print(table)
    if not state.is_current:
        OUT.print(str(Text("需要迁移:twin db upgrade。", "Migrations are due: `twin db upgrade`.")))
        raise typer.Exit(1)


@database.command(help=str(Text("迁移到最新版本(需要超级用户)。", "Migrate to the newest version (as a superuser).")))
def upgrade() -> None:
    """Apply every migration that is due."""
    settings = Settings()
    ensure_database(settings)
    upgrade_database(settings)
    OUT.print(str(Text("数据库为最新。", "The database is current.")))


@tokens.command(
    "create", help=str(Text("为一个角色创建令牌,只显示这一次。", "Make a token for a role; shown this once."))
)
def token_create(
    role: Annotated[
        str,
        typer.Option(help=str(Text("角色:", "Role: ")) + ", ".join(r for r in get_args(Role) if r != "public")),
    ],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=str(
                Text(
                    "限于该编码的块,可多次给出;不给则不限。",
                    "Limit to the block of this code; repeatable; none means all.",
                )
            )
        ),
    ] = None,
    organisation: Annotated[
        list[str] | None,
        typer.Option(
            help=str(
                Text(
                    "代表该单位,可见派给它的任务(不论在哪里),可多次给出;只给单位不给 --scope,则别的都看不到。",
                    "Act for the organisation of this name: it sees what is assigned to that, wherever it lies; "
                    "repeatable. Without --scope it sees nothing else.",
                )
            )
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help=str(Text("备注。", "A note to know it by.")))] = None,
    purpose: Annotated[
        str, typer.Option(help=str(Text("读取 3 级数据的用途。", "What it reads data of class 3 for.")))
    ] = DUTIES,
) -> None:
    """Print the token alone, so that a script can keep it."""
    with transaction(Settings()) as connection:
        token = create_token(
            connection,
            cast(Role, role),
            scope=scope or (),
            organisations=organisation or (),
            label=label,
            purpose=purpose,
        )
    typer.echo(token)


@app.command(help=str(Text("运行作业(上传的载入与转换)。", "Run jobs: loading and conversion of uploads.")))
def worker(
    concurrency: Annotated[int, typer.Option(help=str(Text("同时运行的作业数。", "Jobs at the same time.")))] = 1,
) -> None:
    """Run until told to stop."""
    from twin import tracing
    from twin.jobs import run_worker  # only a worker needs the queue
    from twin.logs import set_up_logs

    settings = Settings()
    set_up_logs(settings)
    tracing.start_tracing(settings, "twin-worker")
    try:
        asyncio.run(run_worker(settings, concurrency=concurrency))
    finally:
        tracing.stop_tracing()


def main() -> None:
    """The entry point: one explained line for whatever we can explain, exit 2; a traceback never."""
    # Only what is asked for is imported: `twin status` should not wait for the readers of IFC.
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        for entry in sorted(entry_points(group="twin.commands"), key=lambda e: e.name):
            if asked in {None, entry.name}:
                command = entry.load()
                app.command(entry.name, help=command.__doc__)(command)
        app()
    except TwinError as error:
        ERR.print(str(error.text), style="red", markup=False, highlight=False)
        sys.exit(2)
    except psycopg.OperationalError as error:
        text = Text(f"数据库出错:{error}。请先运行 twin status。", f"The database failed: {error}. Try `twin status`.")
        ERR.print(str(text), style="red", markup=False)
        sys.exit(2)
    except Exception as error:
        if os.environ.get("TWIN_DEBUG"):
            raise
        text = Text(
            f"没有料到的错误:{type(error).__name__}: {error}。设 TWIN_DEBUG=1 可看到详情;请报告此问题。",
            f"An error nobody expected: {type(error).__name__}: {error}. TWIN_DEBUG=1 shows where; please report it.",
        )
        ERR.print(str(text), style="red", markup=False)
        sys.exit(3)
