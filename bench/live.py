# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.live`: from a committed edit to the right tile at every worker, and to every stream client.

Four uvicorn workers over one database, and so many stream clients spread over them, all in one process with raw
sockets: it notes when each heard of an edit and does nothing else with what comes. One edit after the other is
committed as any program might; each worker is asked for the touched tile until that shows the edit. There is no
peer: nobody else tells clients of edited rows. What counts are the goals.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import socket
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import psycopg
from rich.console import Console

from bench.city import City, load_city_blocks, make_buildings
from bench.database import own_database
from bench.harness import Comparison, Line, Metric, Spread, print_comparison, write_json
from bench.load import load_buildings
from bench.machine import read_machine
from bench.options import Options, parse_options
from bench.servers import HOST, Server, serve, twin_environment
from twin.access import create_token
from twin.database import connect, database_url, transaction
from twin.settings import Settings

METRICS: Final = (
    Metric("tile p50", "ms"), Metric("tile p99", "ms"), Metric("stream p50", "ms"), Metric("stream p99", "ms"),
)  # fmt: skip

_WORKERS: Final = 4
_CLIENTS: Final = {"full": 1_000, "middle": 1_000, "small": 100}
_EDITS: Final = {"full": 100, "middle": 100, "small": 10}
"""Edits of one round."""

_PAUSE_S: Final = 0.25
_PATIENCE_S: Final = 30.0
_ZOOM: Final = 16
_BUILDINGS: Final = 20_000
"""More do not make an edit slower to tell; loading them would be all that takes long."""

_EDIT: Final = "UPDATE building SET name = %s WHERE id = %s"


@dataclass
class Audience:
    """Stream clients; `heard` is when each of them got bytes with the number of the edit that is awaited."""

    heard: list[float] = field(default_factory=list)
    ready: int = 0
    awaited: bytes = b"\0"


class _Client(asyncio.Protocol):
    """Looks for one number in what comes, and keeps the end of it only."""

    def __init__(self, audience: Audience, request: bytes) -> None:
        self._audience = audience
        self._request = request
        self._tail = b""
        self._is_ready = False
        self._last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note the moment where the awaited edit is in it."""
        now = time.perf_counter()
        text = self._tail + data
        if not self._is_ready and b"event: hello" in text:
            self._is_ready = True
            self._audience.ready += 1
        awaited = self._audience.awaited
        if self._last != awaited and awaited in text:
            self._last = awaited
            self._audience.heard.append(now)
        self._tail = text[-64:]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("live", "改动到瓦片与变更流 / from an edit to tiles and streams", arguments)
    with own_database() as settings, tempfile.TemporaryDirectory() as folder:
        run(settings, Path(folder), options, Console())


def run(settings: Settings, folder: Path, options: Options, console: Console) -> None:
    """The benchmark within a migrated, empty database; `folder` is for logs."""
    city = City.for_buildings(min(options.buildings, _BUILDINGS), options.seed)
    clients, edits = _CLIENTS[options.scale], _EDITS[options.scale]
    with connect(settings) as connection:
        machine = read_machine(connection)
    console.print(f"{machine}", soft_wrap=True)
    console.print(f"seed {city.seed}, {_WORKERS} workers, {clients:,} stream clients, {edits} edits a round")
    load_city_blocks(settings, city)
    load_buildings(settings, make_buildings(city))
    with transaction(settings) as connection:
        token = create_token(connection, "wall")
        places = connection.execute(
            "SELECT id, ST_X(ST_PointOnSurface(geometry)), ST_Y(ST_PointOnSurface(geometry)) FROM building "
            "WHERE access_class <= 2 AND geometry IS NOT NULL ORDER BY id LIMIT 5000"
        ).fetchall()
    environment = twin_environment(settings, folder, POOL_SIZE="4", STREAMS_PER_TOKEN=str(clients))
    samples: list[dict[str, float]] = []
    with ExitStack() as stack:
        workers = [
            stack.enter_context(serve("twin_app", environment, "/health", folder / f"worker-{number}.log"))
            for number in range(_WORKERS)
        ]
        random = np.random.default_rng(city.seed)
        for number in range(options.rounds):
            chosen = [places[index] for index in random.choice(len(places), edits, replace=False)]
            sample = asyncio.run(_measure(settings, workers, token, clients, chosen))
            console.print(f"round {number + 1}: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in sample.items()))
            samples.append(sample)
    spreads = {metric.name: Spread.of([sample[metric.name] for sample in samples]) for metric in METRICS}
    note = f"goals: tile p99 under 1,000 ms at each of {_WORKERS} workers, stream p99 under 100 ms"
    title = f"{clients:,} stream clients, {edits} edits"
    comparison = Comparison(title, options.rounds, METRICS, (Line("twin", True, note, spreads, {}),))
    print_comparison(comparison, console)
    facts = {"seed": city.seed, "workers": _WORKERS, "clients": clients, "edits": edits}
    write_json(options.json, machine, [comparison], facts)
    console.print(f"JSON: {options.json}")


async def _measure(
    settings: Settings, workers: Sequence[Server], token: str, clients: int, places: Sequence[tuple[int, float, float]]
) -> dict[str, float]:
    """One round: its edits one after the other. Raises RuntimeError where one never arrives somewhere."""
    audience = Audience()
    transports = await _gather_audience(workers, token, clients, audience)
    tiles: list[float] = []
    streams: list[float] = []
    try:
        async with await psycopg.AsyncConnection.connect(database_url(settings), autocommit=True) as writer:
            for building, lon, lat in places:
                # The tile is kept by each worker before the edit, or there would be nothing to drop.
                mark = f"bench {secrets.token_hex(6)}"
                path = _tile_path(lon, lat)
                await asyncio.gather(*(_fetch(worker, path, token) for worker in workers))
                audience.heard, audience.awaited = [], b'"ids":[%d]' % building
                committed = time.perf_counter()
                await writer.execute(_EDIT, (mark, building))
                # When the server said so, everybody could have known for a while: the clock starts before.
                tiles += await asyncio.gather(*(
                    _wait_for_tile(worker, path, token, mark.encode(), committed) for worker in workers))  # fmt: skip
                await _wait_for_audience(audience, clients)
                streams += [moment - committed for moment in audience.heard]
                await asyncio.sleep(_PAUSE_S)
    finally:
        for transport in transports:
            transport.abort()
    return {
        "tile p50": median(tiles) * 1000, "tile p99": float(np.quantile(tiles, 0.99)) * 1000,
        "stream p50": median(streams) * 1000, "stream p99": float(np.quantile(streams, 0.99)) * 1000,
    }  # fmt: skip


async def _gather_audience(
    workers: Sequence[Server], token: str, clients: int, audience: Audience
) -> list[asyncio.Transport]:
    loop = asyncio.get_running_loop()
    transports: list[asyncio.Transport] = []
    for number in range(clients):
        worker = workers[number % len(workers)]
        request = _request(worker, "/stream?layers=buildings", token)
        transport, _ = await loop.create_connection(
            lambda request=request: _Client(audience, request), HOST, worker.port, family=socket.AF_INET
        )
        transports.append(transport)
    deadline = loop.time() + _PATIENCE_S
    while audience.ready < clients:
        if loop.time() > deadline:
            raise RuntimeError(f"only {audience.ready} of {clients} streams were opened")
        await asyncio.sleep(0.05)
    return transports


async def _wait_for_audience(audience: Audience, clients: int) -> None:
    deadline = time.perf_counter() + _PATIENCE_S
    while len(audience.heard) < clients:
        if time.perf_counter() > deadline:
            raise RuntimeError(f"only {len(audience.heard)} of {clients} clients heard of an edit")
        await asyncio.sleep(0.01)


async def _wait_for_tile(worker: Server, path: str, token: str, mark: bytes, since: float) -> float:
    """Seconds until the worker's tile showed the edit."""
    while True:
        body = await _fetch(worker, path, token)
        now = time.perf_counter()
        if mark in body:
            return now - since
        if now - since > _PATIENCE_S:
            raise RuntimeError("a tile never showed its edit")
        await asyncio.sleep(0.005)


async def _fetch(worker: Server, path: str, token: str) -> bytes:
    """The bytes of an answer, head and all."""
    reader, writer = await asyncio.open_connection(HOST, worker.port)
    try:
        writer.write(_request(worker, path, token, "Connection: close\r\n"))
        return await asyncio.wait_for(reader.read(), _PATIENCE_S)
    finally:
        writer.close()


def _request(worker: Server, path: str, token: str, more: str = "") -> bytes:
    host = f"Host: {HOST}:{worker.port}\r\n"
    return f"GET {path} HTTP/1.1\r\n{host}Authorization: Bearer {token}\r\n{more}\r\n".encode()


def _tile_path(lon: float, lat: float) -> str:
    count = 1 << _ZOOM
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return f"/collections/buildings/tiles/WebMercatorQuad/{_ZOOM}/{int(row * count)}/{int((lon + 180) / 360 * count)}"


if __name__ == "__main__":
    main()
