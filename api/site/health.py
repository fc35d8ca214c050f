# SPDX-License-Identifier: Apache-2.0
"""How the installation is: for people at `/health`, and for whatever starts, stops and balances processes."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Final, LiteralString
from weakref import WeakKeyDictionary

import orjson
import psycopg
from fastapi import APIRouter, Depends, Response
from starlette.concurrency import run_in_threadpool

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.services import Services, get_services
from api.version import VERSION
from twin.database import DatabaseState, connect, read_state
from twin.disk import MB, is_short, measure_free
from twin.errors import SetupError
from twin.settings import Settings

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["health"])

With = Annotated[Services, Depends(get_services)]

_COUNT_WORKERS: LiteralString = (
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"
)
_COUNT_JOBS: LiteralString = (
    "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running') FROM job_progress"
)

_REMEMBERED_S: Final = 1.0
"""Probes come from several places at once; the database is asked no more often than this."""

_answers: WeakKeyDictionary[Services, _Remembered] = WeakKeyDictionary()


@router.get("/health", summary="How the installation is")
async def get_health(services: With) -> Response:
    """200 when requests can be served (`ok`, or `degraded` with the reasons), 503 when not."""
    status, body = await run_in_threadpool(_examine, services.settings)
    body["live"] = services.tiles.is_live
    if status == 200 and not services.tiles.is_live:
        body |= {"status": "degraded", "reasons": [*body["reasons"], "change feed"]}
    return _answer(status, body)


@router.get("/health/live", summary="Whether the process is alive")
async def get_live() -> Response:
    """200 while the process answers at all; where it does not, start it anew."""
    return _answer(200, {"status": "alive"})


@router.get("/health/ready", summary="Whether the process should be sent requests")
async def get_ready(services: With) -> Response:
    """200, or 503 while it starts or stops, without its database, and with migrations due.

    What only makes it slow or stops uploads (`leakproof`, `workers`, `disk`, `change feed`) is named and costs no
    readiness: it is the same for every process, and none would be left.
    """
    state = services.lifecycle.state
    if state == "stopping":
        return _answer(503, {"status": "not ready", "reasons": [state], "checks": {"process": state}})
    status, body = await _answers.setdefault(services, _Remembered(services.settings)).read()
    reasons = [*body["reasons"], *([] if services.tiles.is_live else ["change feed"])]
    if state == "starting":
        status, reasons = 503, [state, *reasons]
    checks = {
        "process": state,
        "database": "failed" if "database" in reasons else "ok",
        "migrations": "unknown" if "database" in reasons else "failed" if "migrations" in reasons else "ok",
        **{name: "failed" if name in reasons else "ok" for name in ("leakproof", "workers", "disk", "change feed")},
    }
    if status != 200:
        # What comes after the first failure was not asked.
        checks |= dict.fromkeys(("leakproof", "workers"), "unknown")
    return _answer(status, {"status": "ready" if status == 200 else "not ready", "reasons": reasons, "checks": checks})


class _Remembered:
    """The last examination, for a moment; who asks meanwhile waits for the same one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._at = float("-inf")
        self._found: tuple[int, dict[str, Any]] = (503, {"reasons": []})

    async def read(self) -> tuple[int, dict[str, Any]]:
        """Status and body as `/health` has them."""
        async with self._lock:
            if time.monotonic() - self._at >= _REMEMBERED_S:
                self._found = await run_in_threadpool(_examine, self._settings)
                self._at = time.monotonic()
        return self._found


def _examine(settings: Settings) -> tuple[int, dict[str, Any]]:
    is_disk_short = is_short(settings)
    body: dict[str, Any] = {
        "status": "down", "version": VERSION, "reasons": ["database", *(["disk"] if is_disk_short else [])],
        "disk": {"state": "short" if is_disk_short else "ok", "free_mb": measure_free(settings.data_dir) // MB},
    }  # fmt: skip
    try:
        with connect(settings, autocommit=True) as connection:
            state = read_state(connection)
            body |= {"database": _describe_database(state), "migrations": _describe_migrations(state)}
            if not state.is_current:
                return 503, body | {"reasons": ["migrations", *body["reasons"][1:]]}
            workers = connection.execute(_COUNT_WORKERS).fetchone()
            jobs = connection.execute(_COUNT_JOBS).fetchone()
    except (SetupError, psycopg.Error):
        # The reason is in the log; a connection string has no business in an open answer.
        return 503, body | {"database": {"state": "unreachable"}}
    alive = workers[0] if workers else 0
    reasons = [
        reason
        for reason, is_bad in (
            ("leakproof", not state.is_leakproof),
            ("encoding", not state.is_utf8),
            ("workers", alive == 0),
            ("disk", is_disk_short),
        )
        if is_bad
    ]
    body |= {
        "status": "degraded" if reasons else "ok",
        "reasons": reasons,
        "workers": {"alive": alive, "queued": jobs[0] if jobs else 0, "running": jobs[1] if jobs else 0},
    }
    return 200, body


def _answer(status: int, body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), status, media_type=JSON, headers={"Cache-Control": "no-store"})


def _describe_database(state: DatabaseState) -> dict[str, Any]:
    return {
        "state": "ok",
        "server": state.server,
        "postgis": state.postgis,
        "leakproof": state.is_leakproof,
        "utf8": state.is_utf8,
    }


def _describe_migrations(state: DatabaseState) -> dict[str, Any]:
    return {
        "state": "current" if state.is_current else "behind",
        "revision": state.revision,
        "head": state.head,
    }
