# SPDX-License-Identifier: Apache-2.0
"""`twin load`: the loads there were, one of them, and taking one back."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from ingest.withdraw import Withdrawal, preview_withdrawal, withdraw_load
from twin.database import Connection, connect, transaction
from twin.errors import InvalidRequestError, NotFoundError
from twin.settings import Settings
from twin.text import Text

_OUT = Console()


class Action(StrEnum):
    """What is asked about loads."""

    LIST = "list"
    SHOW = "show"
    WITHDRAW = "withdraw"


def load(
    action: Annotated[Action, typer.Argument(help=str(Text("列出、查看或撤回。", "List, show or withdraw.")))],
    load_id: Annotated[int | None, typer.Argument(metavar="ID", help=str(Text("载入编号。", "The load's id.")))] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help=str(Text("预览后不再询问。", "Do not ask after the preview.")))
    ] = False,
) -> None:
    """Do what is asked."""
    settings = Settings()
    if action is Action.LIST:
        with connect(settings) as connection:
            _list(connection)
        return
    if load_id is None:
        raise InvalidRequestError(
            Text("请给出载入编号(twin load list)。", "Name a load's id (`twin load list`)."), "ID"
        )
    if action is Action.SHOW:
        with connect(settings) as connection:
            _show(connection, load_id)
        return
    with connect(settings) as connection:
        _tell(preview_withdrawal(connection, load_id))
    if not yes and not typer.confirm(str(Text("撤回这次载入?", "Withdraw this load?"))):
        raise typer.Exit(1)
    with transaction(settings) as connection:
        withdraw_load(connection, load_id, os.environ.get("USER", "command"))
    _OUT.print(str(Text("已撤回。", "Withdrawn.")))


load.__doc__ = str(Text("列出、查看或撤回载入。", "List loads, show one, or take one back."))


def _list(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT id, kind, source_id, file_name, started_at, report ->> 'read', report ->> 'kept', "
        "report ->> 'rejected', withdrawn_at FROM load ORDER BY id DESC LIMIT 50"
    ).fetchall()
    table = Table(box=None)
    for title in (
        "ID",
        "种类 kind",
        "来源 source",
        "文件 file",
        "时间 at",
        "读 read",
        "收 kept",
        "拒 rejected",
        "撤回 withdrawn",
    ):
        table.add_column(title)
    for row in rows:
        at = f"{row[4]:%Y-%m-%d %H:%M}"
        table.add_row(
            *(str(cell or "") for cell in (*row[:4], at, *row[5:8])), f"{row[8]:%Y-%m-%d %H:%M}" if row[8] else ""
        )
    _OUT.print(table)


def _show(connection: Connection, load_id: int) -> None:
    row = connection.execute("SELECT report FROM load WHERE id = %s", (load_id,)).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有编号为 {load_id} 的载入。", f"There is no load {load_id}."))
    typer.echo(orjson.dumps(row[0], option=orjson.OPT_INDENT_2).decode())


def _tell(plan: Withdrawal) -> None:
    if plan.kind == "blocks":
        _tell_blocks(plan)
        return
    _OUT.print(
        str(
            Text(
                f"载入 {plan.load_id}({plan.kind},{plan.file_name or '—'},{plan.loaded_at:%Y-%m-%d %H:%M}):"
                f"将删除 {plan.removed} 行,恢复 {plan.restored} 行(其中 {plan.edited} 行此后被人改过);"
                f"{plan.superseded} 行已被后来的载入覆盖,保持不变。",
                f"Load {plan.load_id} ({plan.kind}, {plan.file_name or '-'}, {plan.loaded_at:%Y-%m-%d %H:%M}): "
                f"{plan.removed} rows will go, {plan.restored} come back as they were ({plan.edited} of them edited "
                f"since); {plan.superseded} belong to later loads by now and stay.",
            )
        )
    )


def _tell_blocks(plan: Withdrawal) -> None:
    _OUT.print(
        str(
            Text(
                f"载入 {plan.load_id}(块,{plan.file_name or '—'},{plan.loaded_at:%Y-%m-%d %H:%M}):"
                f"将删除 {plan.removed} 个块或名称,恢复 {plan.restored} 个为原样(合计 {plan.edited} 个此后被人改过),"
                f"{plan.returned} 个已终止的块重新生效;{plan.rehomed} 个要素将换所属块;"
                f"{plan.superseded} 个块已属于后来的载入,保持不变。",
                f"Load {plan.load_id} (blocks, {plan.file_name or '-'}, {plan.loaded_at:%Y-%m-%d %H:%M}): "
                f"{plan.removed} blocks or names will go, {plan.restored} come back as they were ({plan.edited} of all "
                f"edited since), {plan.returned} that it ended live again; {plan.rehomed} features get another home; "
                f"{plan.superseded} blocks belong to later loads by now and stay.",
            )
        )
    )
