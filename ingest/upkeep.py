# SPDX-License-Identifier: Apache-2.0
"""What has outlived its time goes, by one task for every rule; what it removed is told at `/jobs`.

Each rule is a step of its own: one that fails is told and keeps no other from its work.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from ingest.spooled import forget_rejects, forget_undecided
from twin.change_log import forget_changes
from twin.database import transaction
from twin.logs import name_error
from twin.settings import Settings
from twin.text import Text

KIND: Final = "upkeep"

_DAY_S: Final = 86_400
_STARTED: Final = Text("清理到期的数据", "removing what has outlived its time")

_PURGE_LAYERS: LiteralString = """
    SELECT array(SELECT layer_uploads(code) FROM business_layer WHERE retention_until < local_day(now()))
"""
_FORGET_UPLOADS: LiteralString = """
    DELETE FROM upload WHERE job_id IS NULL AND created_at < now() - %(days)s * interval '1 day' AND id <> ALL(%(busy)s)
    RETURNING id
"""
_FORGET_JOBS: LiteralString = """
    WITH gone AS (
        DELETE FROM job_progress WHERE state NOT IN ('queued', 'running')
            AND updated_at < now() - %(days)s * interval '1 day'
        RETURNING id
    ), uploads AS (DELETE FROM upload USING gone WHERE upload.job_id = gone.id)
    SELECT count(*) FROM gone
"""
_FORGET_QUEUE: LiteralString = """
    DELETE FROM procrastinate_jobs WHERE status IN ('succeeded', 'failed', 'cancelled', 'aborted') AND NOT EXISTS (
        SELECT FROM procrastinate_events WHERE job_id = procrastinate_jobs.id
            AND at >= now() - %(days)s * interval '1 day')
"""
_FORGET_TOKENS: LiteralString = """
    DELETE FROM access_token WHERE kind = 'token'
        AND least(expires_at, revoked_at) < now() - %(days)s * interval '1 day'
"""
_FORGET_SESSIONS: LiteralString = """
    DELETE FROM account_session WHERE least(ended_at, expires_at, seen_at + idle_s * interval '1 second')
        < now() - interval '30 days'
"""
_FORGET_FLOWS: LiteralString = "DELETE FROM oidc_flow WHERE created_at < now() - interval '1 day'"
_KNOWN_UPLOADS: LiteralString = """
    SELECT upload.id FROM upload LEFT JOIN job_progress AS job ON job.id = upload.job_id
    WHERE upload.id = ANY(%s) AND (job.id IS NULL OR job.state IN ('queued', 'running') OR upload.options ? 'check')
"""
_IS_DUE: LiteralString = """
    SELECT NOT EXISTS (SELECT FROM job_progress WHERE kind = %s AND created_at > now() - interval '1 day')
"""
_TELL: LiteralString = """
    INSERT INTO job_progress (kind, state, step, progress, report) VALUES (%s, %s, %s, 1, %s) RETURNING id
"""

log = logging.getLogger("twin.jobs")


@dataclass(frozen=True)
class Rule:
    """One kind of thing that has a time: `forget` removes what is over it and says how many."""

    name: str
    title: Text
    forget: Callable[[Settings], int]


def run_upkeep(settings: Settings) -> int | None:
    """Apply every rule; the number of the job that tells of it, None where nothing was to be done or told.

    Once a day it is told even so, so that people see that it runs.
    """
    told: dict[str, dict[str, Any]] = {}
    for rule in RULES:
        try:
            told[rule.name] = {"title": rule.title.as_dict(), "removed": rule.forget(settings)}
        except Exception as error:
            log.exception("the rule %s failed", rule.name)
            told[rule.name] = {"title": rule.title.as_dict(), "removed": 0, "failed": name_error(error)}
    has_failed = any("failed" in one for one in told.values())
    removed = sum(one["removed"] for one in told.values())
    with transaction(settings) as connection:
        due = connection.execute(_IS_DUE, (KIND,)).fetchone()
        if not (removed or has_failed or (due and due[0])):
            return None
        report = Jsonb({"removed": removed, "rules": told})
        state = "failed" if has_failed else "done"
        row = connection.execute(_TELL, (KIND, state, Jsonb(_STARTED.as_dict()), report)).fetchone()
    return row[0] if row else None


def _purge_layers(settings: Settings) -> int:
    with transaction(settings) as connection:
        uploads = connection.execute(_PURGE_LAYERS).fetchone()
        purged = connection.execute("SELECT purge_expired_layers()").fetchone()
    for upload in uploads[0] if uploads else ():
        for name in (upload, f"{upload}.part"):
            (settings.spool_dir / name).unlink(missing_ok=True)
    return int(purged[0]) if purged else 0


def _forget_uploads(settings: Settings) -> int:
    """Uploads that were never finished; one that still receives bytes is not given up."""
    oldest = time.time() - settings.uploads_days * _DAY_S
    busy = [path.stem for path in settings.spool_dir.glob("*.part") if _changed_at(path) > oldest]
    with transaction(settings) as connection:
        rows = connection.execute(_FORGET_UPLOADS, {"days": settings.uploads_days, "busy": busy}).fetchall()
    for (upload_id,) in rows:
        (settings.spool_dir / f"{upload_id}.part").unlink(missing_ok=True)
    return len(rows)


def _forget_leftovers(settings: Settings) -> int:
    """Files that a killed process left: in the spool without a job that waits for them, half-made assets, exports."""
    oldest = time.time() - max(_DAY_S, settings.uploads_days * _DAY_S)
    spooled = [path for path in settings.spool_dir.glob("*") if path.is_file() and _changed_at(path) < oldest]
    with transaction(settings) as connection:
        rows = connection.execute(_KNOWN_UPLOADS, ([path.name.removesuffix(".part") for path in spooled],)).fetchall()
    known = {row[0] for row in rows}
    left = [path for path in spooled if path.name.removesuffix(".part") not in known]
    folders = [*settings.assets_dir.glob(".new-*"), *Path(tempfile.gettempdir()).glob("twin-export-*")]
    left += [folder for folder in folders if _changed_at(folder) < oldest]
    return _remove(left)


def _forget_jobs(settings: Settings) -> int:
    # Whose rejected rows can still be fetched is still known.
    days = {"days": max(settings.jobs_days, settings.rejects_days)}
    with transaction(settings) as connection:
        row = connection.execute(_FORGET_JOBS, days).fetchone()
    with transaction(settings) as connection:
        connection.execute(_FORGET_QUEUE, days)
    return int(row[0]) if row else 0


def _forget_tokens(settings: Settings) -> int:
    with transaction(settings) as connection:
        return connection.execute(_FORGET_TOKENS, {"days": settings.tokens_days}).rowcount


def _forget_sessions(settings: Settings) -> int:
    """Sessions that ended, and sign-ins that were begun at the identity provider and never came back."""
    with transaction(settings) as connection:
        return connection.execute(_FORGET_SESSIONS).rowcount + connection.execute(_FORGET_FLOWS).rowcount


def _remove(paths: Iterable[Path]) -> int:
    removed = 0
    for path in paths:
        with suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed += 1
    return removed


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()


RULES: Final = (
    Rule("changes", Text("变更日志", "the change log"), forget_changes),
    Rule("layers", Text("到期的业务图层", "business layers whose retention has ended"), _purge_layers),
    Rule("checked", Text("检查后无人决定的文件", "checked files that nobody decided on"), forget_undecided),
    Rule("rejects", Text("被拒的行", "rejected rows"), forget_rejects),
    Rule("uploads", Text("未完成的上传", "unfinished uploads"), _forget_uploads),
    Rule("leftovers", Text("中断的进程留下的文件", "files that killed processes left"), _forget_leftovers),
    Rule("jobs", Text("已结束的作业", "finished jobs"), _forget_jobs),
    Rule("tokens", Text("已失效的令牌", "tokens that ended"), _forget_tokens),
    Rule("sessions", Text("已结束的会话", "sessions that ended"), _forget_sessions),
)
