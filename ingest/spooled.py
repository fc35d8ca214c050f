# SPDX-License-Identifier: Apache-2.0
"""Uploaded bytes as the file they were: under its own name, which readers and sources go by, and unpacked."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final

from twin.database import transaction
from twin.errors import RefusedError
from twin.settings import Settings
from twin.text import Text

UNDECIDED: Final = "1 day"
"""How long the bytes of a checked file wait for the decision to load them."""

_MOST_FILES: Final = 100
_FOLDER: Final = "file-"
_LEFT_BEHIND_S: Final = 86_400
_LONGEST_STEM: Final = 200


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


def forget_undecided(settings: Settings) -> None:
    """Files that were checked and that nobody decided to load go, as their job is long over."""
    with transaction(settings) as connection:
        rows = connection.execute(
            "DELETE FROM upload USING job_progress AS job WHERE job.id = upload.job_id AND upload.options ? 'check' "
            "AND job.state NOT IN ('queued', 'running') AND job.updated_at < now() - %s::interval RETURNING upload.id",
            (UNDECIDED,),
        ).fetchall()
    for row in rows:
        (settings.spool_dir / row[0]).unlink(missing_ok=True)
    # What a process that was killed could not tidy up.
    for folder in settings.spool_dir.glob(f"{_FOLDER}*"):
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - _LEFT_BEHIND_S:
                shutil.rmtree(folder)


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
