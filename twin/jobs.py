# SPDX-License-Identifier: Apache-2.0
"""Jobs: enqueued by name in the caller's own transaction, run by `twin worker`, told to people as they go.

The queue is Procrastinate, in the same database. A job's body belongs to the package that can do it;
packages announce theirs by the entry point group `twin.jobs`, so nothing here imports them. What runs beside the jobs
for as long as the worker does, called with the settings, is announced by the group `twin.residents`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Literal, LiteralString, cast

import procrastinate
from procrastinate import jobs, retry
from procrastinate.job_context import JobContext
from procrastinate.worker import Worker
from psycopg.types.json import Jsonb

from twin import tracing
from twin.database import Connection, database_url, transaction
from twin.settings import Settings
from twin.text import Text

QUEUE: Final = "twin"

LOAD_UPLOAD: Final = "ingest:load_upload"
"""The task that loads a complete upload; its arguments are `upload_id` and `progress_id`."""

WITHDRAW_LOAD: Final = "ingest:withdraw_load"
"""The task that takes a load back; its arguments are `load_id`, `progress_id` and `preview`."""

REFRESH_DATASETS: Final = "ingest:refresh_datasets"
"""The task that counts changed datasets anew and puts down which are overdue; the worker runs it now and then."""

UPKEEP: Final = "ingest:upkeep"
"""The task that removes whatever has outlived its time, by every rule there is; the queue itself enqueues it."""

HEARTBEAT_S: Final = 5.0
STALLED_AFTER_S: Final = 20.0
REAP_EVERY_S: Final = 5.0

JobState = Literal["queued", "running", "done", "refused", "failed"]

log = logging.getLogger("twin.jobs")

ENQUEUE: LiteralString = """
    SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[
        ROW(%s, %s, 0, NULL, NULL, %s::jsonb, NULL)::procrastinate_job_to_defer_v1
    ]))
"""
"""Enqueue a task inside the caller's transaction; bind `enqueue_values(task, …)`."""

START_PROGRESS: LiteralString = "INSERT INTO job_progress (kind, token_id) VALUES (%s, %s) RETURNING id"
"""The row that a person follows while the job runs."""


def enqueue_values(task: str, arguments: Mapping[str, Any]) -> tuple[str, str, str]:
    """What `ENQUEUE` binds."""
    return (QUEUE, task, json.dumps(dict(arguments)))


class Progress:
    """Writes one job's progress, each note in a transaction of its own, so that others see it."""

    def __init__(self, settings: Settings, progress_id: int) -> None:
        self._settings = settings
        self.progress_id = progress_id

    def note(self, step: Text, fraction: float) -> None:
        """Say which step runs and how far the whole job is (0 to 1)."""
        with transaction(self._settings) as connection:
            connection.execute(
                "UPDATE job_progress SET state = 'running', step = %s, progress = %s, updated_at = now() "
                "WHERE id = %s AND state IN ('queued', 'running')",
                (Jsonb(step.as_dict()), round(min(max(fraction, 0.0), 1.0), 4), self.progress_id),
            )

    def finish(self, state: JobState, *, report: Mapping[str, Any] | None, result: Mapping[str, Any] | None) -> None:
        """Close the job: how it ended, its report and what it made."""
        with transaction(self._settings) as connection:
            finish_progress(connection, self.progress_id, state, report=report, result=result)


def finish_progress(
    connection: Connection, progress_id: int, state: JobState, *,
    report: Mapping[str, Any] | None, result: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    """Close a job's progress within the caller's transaction."""
    connection.execute(
        "UPDATE job_progress SET state = %s, progress = CASE WHEN %s = 'done' THEN 1 ELSE progress END, "
        "report = %s, result = %s, updated_at = now() WHERE id = %s",
        (
            state, state,
            None if report is None else Jsonb(dict(report)),
            None if result is None else Jsonb(dict(result)),
            progress_id,
        ),
    )  # fmt: skip


def make_queue(settings: Settings) -> procrastinate.App:
    """The queue with every task that an installed package announces."""
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url(settings)))
    for entry in entry_points(group="twin.jobs"):
        queue.add_tasks_from(entry.load(), namespace=entry.name)
    for task in queue.tasks.values():
        task.retry_strategy = task.retry_strategy or _HandBack()
    return queue


async def run_worker(settings: Settings, *, concurrency: int = 1) -> None:
    """Run jobs until told to stop, and take over the jobs of workers that died.

    Told to stop, it takes no new job and waits for those that run; what is not done by the end of `stop_wait_s` is
    ended and goes back to the queue, for the next worker to begin anew.
    """
    queue = make_queue(settings)

    async def follow(call_next: Callable[[], Awaitable[Any]], context: JobContext, _worker: Worker) -> Any:
        return await _run_traced(settings, call_next, context.job)

    async with queue.open_async():
        worker = Worker(
            queue,
            queues=[QUEUE],
            concurrency=concurrency,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_AFTER_S,
            shutdown_graceful_timeout=settings.stop_wait_s,
            worker_middleware=[follow],
        )
        beside = [asyncio.create_task(_reap(queue)), asyncio.create_task(_beat(queue, worker))]
        beside += [asyncio.create_task(_keep(entry, settings)) for entry in entry_points(group="twin.residents")]
        try:
            await worker.run()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def _keep(entry: EntryPoint, settings: Settings) -> None:
    """What a package announces to run as long as the worker does; should it break, it begins again."""
    while True:
        try:
            await entry.load()(settings)
        except Exception:
            log.exception("%s broke and begins again", entry.name)
        await asyncio.sleep(REAP_EVERY_S)


class _HandBack(retry.BaseRetryStrategy):
    """A job that was ended because its worker stops goes back to the queue; one that failed does not."""

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> retry.RetryDecision | None:
        """At once, or not at all."""
        if not isinstance(exception, asyncio.CancelledError):
            return None
        log.warning("job %s (%s) goes back to the queue", job.id, job.task_name)
        return retry.RetryDecision(retry_in={"seconds": 0})


async def _beat(queue: procrastinate.App, worker: Worker) -> None:
    """The queue's own heart stops with the order to stop, and then another would take over what still runs."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        if worker.worker_id is not None:
            await queue.job_manager.update_heartbeat(worker.worker_id)


async def _run_traced(settings: Settings, call_next: Callable[[], Awaitable[Any]], job: jobs.Job) -> Any:
    """Run a job within a span of the trace of the request that enqueued it."""
    if not tracing.is_tracing():
        return await call_next()
    parent = await asyncio.to_thread(_read_parent, settings, job.task_kwargs.get("progress_id"))
    facts = {"messaging.system": "procrastinate", "messaging.operation.type": "process"}
    with tracing.open_span(f"job {job.task_name}", "consumer", parent=parent, facts=facts):
        return await call_next()


def _read_parent(settings: Settings, progress_id: object) -> str | None:
    if not isinstance(progress_id, int):
        return None
    with transaction(settings) as connection:
        row = connection.execute("SELECT traceparent FROM job_progress WHERE id = %s", (progress_id,)).fetchone()
    return cast(str | None, row[0]) if row else None


async def _reap(queue: procrastinate.App) -> None:
    """A killed worker's job stays `doing` for ever unless somebody puts it back."""
    while True:
        for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            log.warning("taking over stalled job %s (%s)", job.id, job.task_name)
            await queue.job_manager.retry_job(job)
        await asyncio.sleep(REAP_EVERY_S)
