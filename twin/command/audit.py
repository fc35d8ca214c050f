# SPDX-License-Identifier: Apache-2.0
"""`twin audit`: the audit log checked, written to a file, and its old part archived."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from twin.audit import (
    NOTE,
    Head,
    Verdict,
    archive_prefix,
    find_last_before,
    read_lines,
    verify_database,
    verify_lines,
)
from twin.database import Connection, transaction
from twin.errors import InvalidRequestError, RefusedError
from twin.settings import Settings
from twin.text import Text

OUT = Console()

audit = typer.Typer(no_args_is_help=True, help=str(Text("审计日志。", "The audit log.")))

_FILE = Text("审计文件(JSON Lines)。", "A file of the log (JSON Lines).")


@audit.command(help=str(Text("沿链校验数据库或导出文件,指出第一条不符的记录。", "Walk along the chain.")))
def verify(
    file: Annotated[Path | None, typer.Argument(help=str(_FILE), exists=True, dir_okay=False)] = None,
    head: Annotated[
        str | None,
        typer.Option(
            help=str(
                Text(
                    "另行记下的链尾 序号:哈希,链中必须有它。",
                    "A head noted elsewhere, SEQ:HASH, which the chain has to hold.",
                )
            )
        ),
    ] = None,
) -> None:
    """Exit 1 at the first entry that does not fit."""
    expected = None if head is None else _read_head(head)
    if file is None:
        with transaction(Settings()) as connection:
            verdict = verify_database(connection, expected)
    else:
        with file.open(encoding="utf-8", newline="\n") as lines:
            verdict = verify_lines(lines, expected)
    _tell(verdict)
    if not verdict.is_whole:
        raise typer.Exit(1)


@audit.command(help=str(Text("把整条链写入文件。", "Write the whole chain to a file.")))
def export(file: Annotated[Path, typer.Argument(help=str(_FILE), dir_okay=False)]) -> None:
    """The file is there whole or not at all."""
    with transaction(Settings()) as connection:
        connection.execute(NOTE, ("audit.export", "audit", "done", None, "{}"))
    with transaction(Settings()) as connection:
        verdict = _write(connection, file, None)
    _tell(verdict)


@audit.command(
    help=str(
        Text(
            "把某日之前的记录写入文件并从数据库移出;库中保留其末尾的哈希。",
            "Move the entries of before a day into a file; the database keeps the hash of the last one.",
        )
    )
)
def archive(
    file: Annotated[Path, typer.Argument(help=str(_FILE), dir_okay=False)],
    before: Annotated[str, typer.Option(help=str(Text("年-月-日,至少六个月前。", "YYYY-MM-DD, six months ago.")))],
) -> None:
    """Nothing leaves the database before the file was written and verified."""
    settings = Settings()
    try:
        moment = datetime.strptime(before, "%Y-%m-%d").replace(tzinfo=ZoneInfo(settings.time_zone))
    except ValueError:
        raise InvalidRequestError(Text("--before 应为年-月-日。", "--before is a day, YYYY-MM-DD."), "before") from None
    with transaction(settings) as connection:
        last = find_last_before(connection, moment)
        if last is None:
            OUT.print(str(Text("没有更早的记录。", "There are no earlier entries.")))
            return
        verdict = _write(connection, file, last)
        gone = archive_prefix(connection, verdict.head)
    OUT.print(str(Text(f"已归档 {gone} 条,至第 {last} 条。", f"{gone} entries archived, up to entry {last}.")))


def _write(connection: Connection, file: Path, through: int | None) -> Verdict:
    """Write and verify. Raises RefusedError for a file that is there already."""
    if file.exists():
        raise RefusedError(Text(f"文件 {file} 已存在。", f"The file {file} is there already."))
    part = file.with_name(file.name + ".part")
    with part.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(line + "\n" for line in read_lines(connection, through))
        out.flush()
        os.fsync(out.fileno())
    with part.open(encoding="utf-8", newline="\n") as lines:
        verdict = verify_lines(lines)
    if verdict.problem is not None and through is not None:
        part.unlink()
        raise RefusedError(Text(f"链不完整:{verdict.problem.zh}。", f"The chain is broken: {verdict.problem.en}."))
    part.replace(file)
    return verdict


def _tell(verdict: Verdict) -> None:
    head, base = verdict.head, verdict.base
    if verdict.problem is not None:
        problem = verdict.problem
        text = Text(f"第 {verdict.broken_at} 条处断开:{problem.zh}。", f"Broken at {verdict.broken_at}: {problem.en}.")
        OUT.print(str(text), style="red", markup=False)
        return
    text = Text(
        f"完整:{verdict.entries} 条,接第 {base.seq} 条之后;未封存 {verdict.unsealed} 条。",
        f"Whole: {verdict.entries} entries after entry {base.seq}; {verdict.unsealed} not sealed yet.",
    )
    OUT.print(str(text), markup=False)
    typer.echo(f"{head.seq}:{head.hash}")


def _read_head(text: str) -> Head:
    seq, _, digest = text.partition(":")
    if not seq.isdigit() or len(digest) != 64:
        raise InvalidRequestError(
            Text("--head 应为 序号:哈希(64 位十六进制)。", "--head is SEQ:HASH with 64 hex digits."), "head"
        )
    return Head(int(seq), digest.lower())
