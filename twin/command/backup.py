# SPDX-License-Identifier: Apache-2.0
"""`twin backup` and `twin restore`."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from twin.audit import NOTE
from twin.backup import Manifest, Note, make_backup, verify_backup
from twin.database import transaction
from twin.restore import restore_backup
from twin.settings import Settings
from twin.text import Text

_OUT = Console()
_ERR = Console(stderr=True)

Folder = Annotated[Path, typer.Argument(help=str(Text("备份所在的目录。", "The backup's folder.")))]


def backup(
    folder: Folder,
    is_verifying: Annotated[
        bool,
        typer.Option(
            "--verify",
            help=str(Text("只核对已有的备份,不新建。", "Hold a backup that is there to its manifest; make none.")),
        ),
    ] = False,
) -> None:
    """Write a backup of database and assets, or verify one."""
    with _shown_progress() as note:
        manifest = verify_backup(folder, note) if is_verifying else make_backup(Settings(), folder, note)
    _describe(manifest)
    if is_verifying:
        _OUT.print(str(Text("备份完好。", "The backup is whole.")))
    else:
        _put_on_record("backup.make", manifest)
        _OUT.print(str(Text(f"备份已写入 {folder}。", f"The backup is in {folder}.")), markup=False)


def restore(
    folder: Folder,
    is_replacing: Annotated[
        bool,
        typer.Option(
            "--replace",
            help=str(
                Text(
                    "数据库不为空也恢复;原有数据库改名保留。",
                    "Even where the database is not empty; the one that is there is kept under another name.",
                )
            ),
        ),
    ] = False,
) -> None:
    """Bring a backup back, and its database to the newest revision."""
    settings = Settings()
    with _shown_progress() as note:
        done = restore_backup(settings, folder, note, is_replacing=is_replacing)
    _put_on_record("backup.restore", done.manifest)
    _describe(done.manifest)
    text = Text(
        f"已恢复到版本 {done.revision},新放入 {done.assets} 份资产。",
        f"Restored, at revision {done.revision}; {done.assets} assets are new here.",
    )
    _OUT.print(str(text), markup=False)
    if done.former:
        kept = Text(
            f"原有数据库改名为 {done.former},确认无误后可删除。",
            f"What was there is now the database {done.former}; drop it once all is well.",
        )
        _OUT.print(str(kept), markup=False)


def _put_on_record(verb: str, manifest: Manifest) -> None:
    with transaction(Settings()) as connection:
        # What was restored may be of a time before there was an audit log.
        row = connection.execute("SELECT to_regproc('note_audit') IS NOT NULL").fetchone()
        if row is not None and row[0]:
            details = {"made_at": manifest.made_at, "revision": manifest.revision, "rows": manifest.rows}
            connection.execute(NOTE, (verb, "backup", "done", None, json.dumps(details)))


def _describe(manifest: Manifest) -> None:
    size = (manifest.dump_bytes + sum(manifest.assets.values())) / 1_000_000
    text = Text(
        f"{manifest.made_at},版本 {manifest.revision},{manifest.rows:,} 行,{len(manifest.assets)} 份资产,"
        f"{size:,.1f} MB",
        f"{manifest.made_at}, revision {manifest.revision}, {manifest.rows:,} rows, {len(manifest.assets)} assets, "
        f"{size:,.1f} MB",
    )
    _OUT.print(str(text), markup=False, highlight=False)
    if manifest.missing_assets:
        lacking = Text(
            f"警告:数据库提到的 {len(manifest.missing_assets)} 份资产在备份时已不在磁盘上。",
            f"Warning: {len(manifest.missing_assets)} assets that the database names were not on the disk.",
        )
        _ERR.print(str(lacking), style="yellow", markup=False)


@contextmanager
def _shown_progress() -> Generator[Note]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_ERR) as progress:
        task = progress.add_task("", total=1.0)

        def note(step: Text, part: float) -> None:
            progress.update(task, description=str(step), completed=part)

        yield note
