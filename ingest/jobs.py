# SPDX-License-Identifier: Apache-2.0
"""The jobs that data comes in by. Each runs in a process of its own: a crash costs the job, not the worker."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import procrastinate

from ingest.spooled import forget_upload_rejects
from ingest.upkeep import run_upkeep
from ingest.withdraw import preview_withdrawal, withdraw_load
from twin import tracing
from twin.database import transaction
from twin.datasets import note_overdue, refresh_datasets
from twin.errors import RefusedError, TwinError
from twin.jobs import LOAD_UPLOAD, QUEUE, REFRESH_DATASETS, UPKEEP, WITHDRAW_LOAD, Progress, finish_progress
from twin.settings import Settings
from twin.text import Text

log = logging.getLogger("twin.jobs")

TASKS = procrastinate.Blueprint()

_LONGEST_S = 3600 * 3


@TASKS.task(name=LOAD_UPLOAD.partition(":")[2])
async def load_upload(upload_id: str, progress_id: int) -> None:
    """Load a complete upload; whatever happens, its progress says how it ended."""
    traceparent = tracing.write_traceparent()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ingest.upload_process", str(os.getpid()), upload_id, str(progress_id),
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, tracing.TRACEPARENT.upper(): traceparent or ""},
    )  # fmt: skip
    try:
        code = await asyncio.wait_for(process.wait(), _LONGEST_S)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    if code:
        log.error("the process of upload %s ended with %s", upload_id, code)
        problem = {
            "where": "job",
            "what_i18n": {"zh": "处理进程意外结束", "en": "the process that did the work ended unexpectedly"},
            "fix_i18n": {
                "zh": "请重试;若再次失败请联系管理员",
                "en": "try again; should it fail again, ask the operator",
            },
        }
        await asyncio.to_thread(
            Progress(Settings(), progress_id).finish, "failed", report={"problems": [problem]}, result=None
        )


@TASKS.task(name=WITHDRAW_LOAD.partition(":")[2])
async def withdraw(load_id: int, progress_id: int, *, preview: bool) -> None:
    """Take a load back, or say what that would do; whatever happens, its progress says how it ended."""
    await asyncio.to_thread(run_withdrawal, Settings(), load_id, progress_id, is_preview=preview)


@TASKS.periodic(cron="*/5 * * * *")
@TASKS.task(name=REFRESH_DATASETS.partition(":")[2], queue=QUEUE, queueing_lock="datasets")
async def keep_datasets(timestamp: int) -> None:
    """Count the datasets that changed, and put down which are overdue."""
    await asyncio.to_thread(refresh_datasets, Settings())
    await asyncio.to_thread(note_overdue, Settings())


@TASKS.periodic(cron="*/10 * * * *")
@TASKS.task(name=UPKEEP.partition(":")[2], queue=QUEUE, queueing_lock="upkeep")
async def keep_up(timestamp: int) -> None:
    """Remove what has outlived its time."""
    await asyncio.to_thread(run_upkeep, Settings())


def run_withdrawal(settings: Settings, load_id: int, progress_id: int, *, is_preview: bool) -> None:
    """The work itself, in one transaction."""
    progress = Progress(settings, progress_id)
    progress.note(Text("撤回载入", "taking the load back"), 0.1)
    try:
        with transaction(settings) as connection:
            row = connection.execute(
                "SELECT state, token_id FROM job_progress WHERE id = %s", (progress_id,)
            ).fetchone()
            if row is None or row[0] not in {"queued", "running"}:
                return  # done by an earlier run of the same job
            done = (
                preview_withdrawal(connection, load_id)
                if is_preview
                else withdraw_load(connection, load_id, f"token {row[1]}")
            )
            finish_progress(connection, progress_id, "done", report=done.as_dict(), result=None)
        if not is_preview:
            forget_upload_rejects(settings, load_id)
    except TwinError as error:
        problems = [problem.as_dict() for problem in error.problems] if isinstance(error, RefusedError) else []
        progress.finish("refused", report={"refused": error.text.as_dict(), "problems": problems}, result=None)
