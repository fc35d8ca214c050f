# SPDX-License-Identifier: Apache-2.0
"""How the installation is: database, migrations, index use under row-level security, workers."""

from __future__ import annotations

from typing import Annotated, Any, LiteralString

import orjson
import psycopg
from fastapi import APIRouter, Depends, Response
from starlette.concurrency import run_in_threadpool

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.services import Services, get_services
from api.version import VERSION
from twin.database import DatabaseState, connect, read_state
from twin.errors import SetupError
from twin.settings import Settings

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["health"])

_COUNT_WORKERS: LiteralString = (
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'"
)
_COUNT_JOBS: LiteralString = (
    "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running') FROM job_progress"
)


@router.get("/health", summary="How the installation is")
async def get_health(services: Annotated[Services, Depends(get_services)]) -> Response:
    """200 when requests can be served (`ok`, or `degraded` with the reason), 503 when not."""
    status, body = await run_in_threadpool(_examine, services.settings)
    body["live"] = services.tiles.is_live
    if body["status"] == "ok" and not services.tiles.is_live:
        body |= {"status": "degraded", "reasons": ["change feed"]}
    return Response(orjson.dumps(body), status, media_type=JSON, headers={"Cache-Control": "no-store"})


def _examine(settings: Settings) -> tuple[int, dict[str, Any]]:
    body: dict[str, Any] = {"status": "down", "version": VERSION, "reasons": ["database"]}
    try:
        with connect(settings, autocommit=True) as connection:
            state = read_state(connection)
            body |= {"database": _describe_database(state), "migrations": _describe_migrations(state)}
            if not state.is_current:
                return 503, body | {"reasons": ["migrations"]}
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
        )
        if is_bad
    ]
    body |= {
        "status": "degraded" if reasons else "ok",
        "reasons": reasons,
        "workers": {"alive": alive, "queued": jobs[0] if jobs else 0, "running": jobs[1] if jobs else 0},
    }
    return 200, body


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
