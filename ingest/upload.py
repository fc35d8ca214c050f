# SPDX-License-Identifier: Apache-2.0
"""One upload, from the spool to the database."""

from __future__ import annotations

import logging

from ingest.readers.names import TABLES
from ingest.source import Options, RefusedLoadError, check_options, find_source
from ingest.spooled import keep_rejects, spooled_file
from twin.database import transaction
from twin.disk import FULL, is_full
from twin.errors import TwinError
from twin.jobs import Progress
from twin.settings import Settings
from twin.text import Text

log = logging.getLogger("twin.jobs")


def run_upload(settings: Settings, upload_id: str, progress_id: int) -> None:
    """The work itself: spool to database, with every refusal told and the spooled bytes gone at the end."""
    progress = Progress(settings, progress_id)
    with transaction(settings) as connection:
        row = connection.execute(
            "SELECT upload.filename, upload.kind, upload.options, upload.token_id, job.state FROM upload, "
            "job_progress AS job WHERE upload.id = %s AND job.id = %s",
            (upload_id, progress_id),
        ).fetchone()
    if row is None or row[4] not in {"queued", "running"}:
        return  # done by an earlier run of the same job
    filename, kind, given, token_id, _state = row
    path = settings.spool_dir / upload_id
    is_check = bool(given.get("check"))
    options = Options(
        crs=given.get("crs"), is_crs_forced=bool(given.get("crs_force")), at=given.get("at"),
        mapping=given.get("mapping"), source_id=given.get("source"),
        layer=given.get("layer"), layer_name=given.get("layer_name"), scheme=given.get("scheme"),
        actor=f"token {token_id}", file_name=filename, time_zone=settings.time_zone,
        update=given.get("update", "part"),
    )  # fmt: skip
    progress.note(Text("检查", "checking") if is_check else Text("开始", "starting"), 0.0)
    try:
        with spooled_file(settings, upload_id, filename) as file:
            source = find_source(kind)
            if file.suffix.lower() in TABLES:
                # What reads tables takes half of the memory that a model is read in.
                from ingest.rejected import recall_options

                options = recall_options(file, options)
            check_options(source, options)
            report = (
                source.check(settings, file, options)
                if is_check
                else source.load(settings, file, options, progress.note)
            )
            keep_rejects(settings, upload_id, file, options, report)
    except RefusedLoadError as error:
        progress.finish("refused", report=error.report.as_dict() | {"refused": error.text.as_dict()}, result=None)
    except TwinError as error:
        progress.finish("refused", report={"refused": error.text.as_dict(), "problems": []}, result=None)
    except Exception as error:
        if not is_full(error):
            raise
        log.error("upload %s met a full disk", progress_id)
        progress.finish("failed", report={"refused": FULL.as_dict(), "problems": []}, result=None)
    else:
        progress.finish("done", report=report.as_dict(), result=report.result)
        if is_check:
            return  # what was checked waits for a decision
    path.unlink(missing_ok=True)
