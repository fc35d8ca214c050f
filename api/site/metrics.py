# SPDX-License-Identifier: Apache-2.0
"""`/metrics` for Prometheus: of this process, and what the database says of jobs, workers and the change log.

Labels are routes, methods and classes of statuses: few, and the same in every district. Never an id, code or token.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import psycopg
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout
from starlette.concurrency import run_in_threadpool

from api.http.parameters import refuse_unknown
from api.observe.counts import BUCKETS_S, CLASSES
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from api.version import VERSION
from twin.access import Actor, Role
from twin.disk import measure_free
from twin.errors import AccessDeniedError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], include_in_schema=False)

READERS: Final[frozenset[Role]] = frozenset({"node", "admin"})

STATES: Final = ("queued", "running", "done", "refused", "failed")

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_PREFIX: Final = "blocktwin_"
_TIMEOUT: Final = "SET LOCAL statement_timeout = '2s'"

_REFUSED: Final = Text(
    "指标只供角色为 node 或 admin 的令牌读取(或按设置只在本机读取)。",
    "Metrics are for tokens of the roles node and admin (or, as the settings say, for this machine alone).",
)

log = logging.getLogger("twin.api")


@dataclass(frozen=True)
class DatabaseFigures:
    """What the database said at a scrape; `lag_s` in seconds, `log_bytes` with indexes."""

    jobs: Mapping[str, int]
    log_bytes: int
    log_rows: int
    lag: int
    lag_s: float
    workers: int
    waiting_s: float


@router.get("/metrics", summary="Metrics for Prometheus")
async def get_metrics(
    request: Request,
    actor: Annotated[Actor, Depends(get_actor)],
    services: Annotated[Services, Depends(get_services)],
) -> Response:
    """Prometheus' text format."""
    if not _may_read(request, actor, services):
        raise AccessDeniedError(_REFUSED)
    registry = CollectorRegistry()
    registry.register(_Figures(services, await _ask_database(services)))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    text = await run_in_threadpool(generate_latest, registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _may_read(request: Request, actor: Actor, services: Services) -> bool:
    if services.settings.metrics_access == "role":
        return actor.role in READERS
    # What a proxy of this machine hands on comes from elsewhere.
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _ask_database(services: Services) -> DatabaseFigures | None:
    """None where it does not answer: its figures are left out then, and `database_up` is 0."""
    try:
        async with as_owner(services.pool) as connection:
            await connection.execute(_TIMEOUT)
            row = await (await connection.execute(read_sql("metrics"), {"head": services.feed.head})).fetchone()
    except (psycopg.Error, PoolTimeout) as error:
        log.warning("the database gave no figures: %s", error)
        return None
    assert row is not None
    return DatabaseFigures(*row)


class _Figures(Collector):
    """Everything of one scrape."""

    def __init__(self, services: Services, database: DatabaseFigures | None) -> None:
        self._services = services
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Make the families."""
        yield from self._collect_requests()
        yield from self._collect_caches()
        yield from self._collect_process()
        if self._database is not None:
            yield from _collect_database(self._database)

    def _collect_requests(self) -> Iterator[Metric]:
        labels = ["route", "method"]
        counter = CounterMetricFamily(f"{_PREFIX}requests", "Requests answered", labels=[*labels, "status"])
        histogram = HistogramMetricFamily(f"{_PREFIX}request_duration_seconds", "Until the last byte", labels=labels)
        for route, method, cell in self._services.counts.items():
            for name, count in zip(CLASSES, cell.classes, strict=True):
                if count:
                    counter.add_metric([route, method, name], count)
            histogram.add_metric([route, method], _cumulate(cell.buckets), cell.seconds)
        yield counter
        yield histogram
        yield _gauge("requests_active", "Requests that are being answered", self._services.counts.active)
        yield _gauge("stream_clients", "Clients that follow the stream", self._services.counts.streams)

    def _collect_caches(self) -> Iterator[Metric]:
        caches = {"tiles": self._services.tiles, "solids": self._services.solids}
        found = CounterMetricFamily(f"{_PREFIX}cache_hits", "Entries found", labels=["cache"])
        missed = CounterMetricFamily(f"{_PREFIX}cache_misses", "Entries that had to be made", labels=["cache"])
        size = GaugeMetricFamily(f"{_PREFIX}cache_bytes", "Bytes that are kept", labels=["cache"])
        for name, cache in caches.items():
            found.add_metric([name], cache.hits)
            missed.add_metric([name], cache.misses)
            size.add_metric([name], cache.size)
        yield from (found, missed, size)

    def _collect_process(self) -> Iterator[Metric]:
        services = self._services
        pool = services.pool.get_stats()
        size, free = pool.get("pool_size", 0), pool.get("pool_available", 0)
        connections = GaugeMetricFamily(f"{_PREFIX}pool_connections", "Database connections", labels=["state"])
        connections.add_metric(["used"], size - free)
        connections.add_metric(["free"], free)
        yield connections
        yield _gauge("pool_waiting", "Requests that wait for a connection", pool.get("requests_waiting", 0))
        yield _gauge("change_feed_live", "Whether changes are heard of", int(services.tiles.is_live))
        yield _gauge("database_up", "Whether the database answered this scrape", int(self._database is not None))
        yield _gauge("disk_free_bytes", "Free where data is kept", measure_free(services.settings.data_dir))
        about = GaugeMetricFamily(f"{_PREFIX}build_info", "What runs", labels=["version"])
        about.add_metric([VERSION], 1)
        yield about


def _collect_database(figures: DatabaseFigures) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(f"{_PREFIX}jobs", "Jobs by state", labels=["state"])
    for state in STATES:
        jobs.add_metric([state], figures.jobs.get(state, 0))
    yield jobs
    yield _gauge("jobs_oldest_queued_seconds", "How long the job that waits longest has", figures.waiting_s)
    yield _gauge("workers_alive", "Workers whose heart beats", figures.workers)
    yield _gauge("change_log_bytes", "Size of the change log with its indexes", figures.log_bytes)
    yield _gauge("change_log_rows", "Rows of the change log, estimated", figures.log_rows)
    yield _gauge("change_feed_lag_changes", "Changes that this process has not read yet", figures.lag)
    yield _gauge("change_feed_lag_seconds", "How long the oldest of them is there", figures.lag_s)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, about, value=value)


def _cumulate(buckets: Iterable[int]) -> list[Any]:
    """Bounds and counts as Prometheus has them: each counts all below."""
    bounds = [*map(str, BUCKETS_S), "+Inf"]
    total = 0
    listed: list[tuple[str, int]] = []
    for bound, count in zip(bounds, buckets, strict=True):
        total += count
        listed.append((bound, total))
    return listed
