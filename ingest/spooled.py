# SPDX-License-Identifier: Apache-2.0
"""Uploaded bytes as the file they were: under its own name, which readers and sources go by, and unpacked.

And their end: raw bytes go with their job, what was turned away of them after a set time or with its load.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final

from ingest.report import LoadReport
from ingest.source import Options
from twin.database import transaction
from twin.errors import Problem, RefusedError, TwinError
from twin.settings import Settings
from twin.text import Text

UNDECIDED: Final = "1 day"
"""How long the bytes of a checked file wait for the decision to load them."""

REJECT_FORMS: Final = ("xlsx", "csv")

_MOST_FILES: Final = 100
_FOLDER: Final = "file-"
_LEFT_BEHIND_S: Final = 86_400
_LONGEST_STEM: Final = 200

_UNWRITTEN: Final = Text("被拒的行没能写成工作簿", "the rejected rows could not be written as a workbook")
_SEE_LIST: Final = Text("按行号在原文件中修正", "mend them in the file itself, by their row numbers")

log = logging.getLogger("twin.jobs")


@contextmanager
def spooled_file(settings: Settings, upload_id: str, filename: str) -> Generator[Path]:
    """The file of an upload by the name that it was sent under, in a private folder that goes at the end.

    A zip that holds one shapefile or one other file is given unpacked. Raises RefusedError for any other zip.
    """
    with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=settings.spool_dir) as made:
        folder = Path(made)
        file = folder / _short(filename)
        os.link(settings.spool_dir / upload_id, file)
        yield _unpack(file, folder / "unpacked", settings.max_file_mb * 1_000_000) if _is_zip(file) else file


def forget_undecided(settings: Settings) -> int:
    """Files that were checked and that nobody decided to load go, as their job is long over; how many went."""
    removed = 0
    with transaction(settings) as connection:
        rows = connection.execute(
            "SELECT upload.id FROM upload JOIN job_progress AS job ON job.id = upload.job_id WHERE "
            "upload.options ? 'check' AND job.state NOT IN ('queued', 'running') "
            "AND job.updated_at < now() - %s::interval FOR UPDATE OF upload SKIP LOCKED",
            (UNDECIDED,),
        ).fetchall()
        for (upload_id,) in rows:
            path = settings.spool_dir / upload_id
            removed += path.exists()
            path.unlink(missing_ok=True)
        # Whose rejected rows can still be fetched is still known.
        gone = [upload_id for (upload_id,) in rows if not settings.rejects_path(upload_id, "xlsx").exists()]
        connection.execute("DELETE FROM upload WHERE id = ANY(%s)", (gone,))
    # What a process that was killed could not tidy up.
    for folder in settings.spool_dir.glob(f"{_FOLDER}*"):
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - _LEFT_BEHIND_S:
                shutil.rmtree(folder)
                removed += 1
    return removed


def forget_rejects(settings: Settings) -> int:
    """Rejected rows go when their time is over, and when their load is withdrawn by whatever way; how many files went.

    What is on the disk is gone through, not what the database remembers: so a crash leaves nothing behind.
    """
    files = [path for path in settings.rejects_dir.glob("*") if path.is_file()]
    if not files:
        return 0
    removed = 0
    oldest = time.time() - settings.rejects_days * 86_400
    with transaction(settings) as connection:
        rows = connection.execute(
            "SELECT upload.id FROM upload JOIN job_progress AS job ON job.id = upload.job_id "
            "JOIN load ON load.id = (job.report ->> 'load_id')::bigint "
            "WHERE upload.id = ANY(%s) AND load.withdrawn_at IS NOT NULL",
            ([path.name.partition(".")[0] for path in files],),
        ).fetchall()
    withdrawn = {row[0] for row in rows}
    for path in files:
        with suppress(OSError):
            if path.name.partition(".")[0] in withdrawn or path.stat().st_mtime <= oldest:
                path.unlink()
                removed += 1
    return removed


def keep_rejects(settings: Settings, upload_id: str, file: Path, options: Options, report: LoadReport) -> None:
    """Put what was turned away of an upload where it can be fetched, and say so in the report.

    The load is done by then: what cannot be written is told, and undoes nothing.
    """
    targets = [settings.rejects_path(upload_id, form) for form in REJECT_FORMS]
    for target in targets:
        target.unlink(missing_ok=True)  # what an earlier check of the same bytes left
    if not report.rejects or not settings.rejects_days:
        return
    # What reads tables takes half of the memory that a model is read in.
    from ingest.rejected import tell_left_out, write_rejected

    try:
        rows = write_rejected(file, options, report, *targets)
    except (OSError, RuntimeError, ValueError, TwinError) as error:
        log.warning("the rejected rows of upload %s could not be written: %s", upload_id, type(error).__name__)
        for target in targets:
            target.unlink(missing_ok=True)
        report.problems.append(Problem(report.file_name or report.kind, _UNWRITTEN, _SEE_LIST))
        return
    report.details["rejects_file"] = {"rows": len(rows.cells), "left_out": rows.left_out}
    left_out = tell_left_out(rows, report)
    if left_out:
        report.problems.append(left_out)


def forget_upload_rejects(settings: Settings, load_id: int) -> None:
    """The rejected rows of a load that was withdrawn go at once."""
    with transaction(settings) as connection:
        rows = connection.execute(
            "SELECT upload.id FROM upload JOIN job_progress AS job ON job.id = upload.job_id "
            "WHERE (job.report ->> 'load_id')::bigint = %s",
            (load_id,),
        ).fetchall()
    for (upload_id,) in rows:
        for form in REJECT_FORMS:
            settings.rejects_path(upload_id, form).unlink(missing_ok=True)


def _short(filename: str) -> str:
    """A file system counts bytes, and a Chinese character is three of them."""
    name = PurePosixPath(filename)
    stem = name.stem.encode()[: _LONGEST_STEM - len(name.suffix.encode())].decode(errors="ignore")
    return (stem or "file") + name.suffix if len(name.suffix.encode()) < _LONGEST_STEM else "file"


def _is_zip(file: Path) -> bool:
    return file.suffix.lower() == ".zip"


def _unpack(file: Path, folder: Path, most_bytes: int) -> Path:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [info for info in archive.infolist() if _is_wanted(info)]
            if len(members) > _MOST_FILES or sum(info.file_size for info in members) > most_bytes:
                raise RefusedError(
                    Text(
                        f"{file.name} 解开后太大或文件太多。请拆开上传。",
                        f"{file.name} holds too many files or bytes. Send it in parts.",
                    )
                )
            folder.mkdir()
            for info in members:
                # Only the last part of a member's name: none may say where it goes.
                with archive.open(info) as packed, (folder / PurePosixPath(info.filename).name).open("xb") as target:
                    shutil.copyfileobj(packed, target, 1 << 20)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, FileExistsError, EOFError) as error:
        raise RefusedError(Text(f"{file.name} 解不开:{error}", f"{file.name} cannot be unpacked: {error}")) from error
    files = sorted(folder.iterdir())
    shapes = [path for path in files if path.suffix.lower() == ".shp"]
    if len(shapes or files) != 1:
        raise RefusedError(
            Text(
                f"{file.name} 里应当只有一个 Shapefile(.shp .dbf .shx .prj)或一个其他文件,"
                f"而它有 {len(shapes or files)} 个。",
                f"{file.name} should hold one shapefile (.shp .dbf .shx .prj) or one other file; "
                f"it holds {len(shapes or files)}.",
            )
        )
    return (shapes or files)[0]


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    return not (info.is_dir() or path.name.startswith(".") or "__MACOSX" in path.parts)
