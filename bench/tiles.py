# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.tiles`: our vector tiles beside tipg's and Martin's, over HTTP, from the same rows of one database.

One worker each, as many database connections each, the same list of tiles over as many HTTP connections. Ours
checks a token and reads under row-level security; the others do neither. They read a table of their own with the
tiles' properties and the geometry in Web Mercator, so they need not transform. Martin takes part where its program
is on the PATH.
"""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
from rich.console import Console

from bench.city import City, load_city_blocks, make_buildings
from bench.client import Run, fetch_all
from bench.database import own_database
from bench.harness import Comparison, Contender, Metric, Sample, compare, print_comparison, write_json
from bench.load import load_buildings
from bench.machine import cpu_of_processes, cpu_since, find_backends, read_machine
from bench.options import Options, parse_options
from bench.servers import HOST, Server, find_port, serve, tipg_environment, twin_environment, wait_until_up
from layers.conditions import Statement
from layers.filter import NO_FILTER
from layers.pyramid import select_kept
from layers.registry import find_layer
from layers.tile import EXTENT, Tile, to_world
from layers.tile_query import select_tile
from twin.access import ROLE_CLASS, SET_ACTOR, Actor, create_token
from twin.database import Connection, connect, database_url, transaction
from twin.settings import Settings

METRICS: Final = (
    Metric("rate", "requests/s", is_rate=True),
    Metric("p50", "ms"),
    Metric("p99", "ms"),
    Metric("server CPU", "ms/request"),
    Metric("PostgreSQL CPU", "ms/request"),
)

OURS: Final = "twin, no cache"
CACHED: Final = "twin, cached"
TIPG: Final = "tipg"
MARTIN: Final = "Martin"
SQL_ALONE: Final = "the SQL alone"

_ZOOMS: Final = range(10, 18)
_WHOLE_FROM: Final = 14
"""From this zoom on both draw every feature; below it ours draws counted cells and tipg the first ones."""

_TILES_A_ZOOM: Final = {"full": 112, "middle": 24, "small": 1}
"""112 of each zoom that has as many are about 500."""
_CONNECTIONS: Final = 8
_BUFFER: Final = 64
_TIPG_FEATURES: Final = 20_000
"""Enough for every tile from `_WHOLE_FROM` on; the 10,000 that tipg comes with are not."""

_REPEATS: Final = 5
"""How often the list is asked for where the cache answers, so that a run is long enough to measure."""


Peer = tuple[str, Server, Callable[[Tile], str], str]
"""Name, server, the path of a tile, a note."""


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("tiles", "矢量瓦片与 tipg 并排 / vector tiles beside tipg", arguments)
    with own_database() as settings, tempfile.TemporaryDirectory() as folder:
        run(settings, Path(folder), options, Console())


def run(settings: Settings, folder: Path, options: Options, console: Console) -> None:
    """The benchmark within a migrated, empty database; `folder` is for logs."""
    city = City.for_buildings(options.buildings, options.seed)
    with connect(settings) as connection:
        machine = read_machine(connection)
    tiles = list_tiles(city, _TILES_A_ZOOM[options.scale])
    console.print(f"{machine}", soft_wrap=True)
    console.print(f"seed {city.seed}, {city.buildings:,} buildings, {len(tiles)} tiles z10–z17")
    load_city_blocks(settings, city)
    load_buildings(settings, make_buildings(city))
    token = _prepare_database(settings)
    with ExitStack() as stack:
        environment = twin_environment(settings, folder, POOL_SIZE=str(_CONNECTIONS))
        own, cached = (
            stack.enter_context(serve("twin_app", environment | {"TWIN_TILE_CACHE_MB": cache}, "/health", log))
            for cache, log in (("0", folder / "own.log"), ("512", folder / "cached.log"))
        )
        tipg = stack.enter_context(serve("tipg_app", _describe_tipg(settings), "/healthz", folder / "tipg.log"))
        peers = [(TIPG, tipg, _tipg_path, "keeps no tiles")]
        program = shutil.which("martin")
        if program is None:
            console.print("Martin is not on the PATH and takes no part")
        else:
            martin = stack.enter_context(_serve_martin(program, settings, folder))
            peers.append((MARTIN, martin, _martin_path, "its cache off"))
        watcher = stack.enter_context(connect(settings, autocommit=True))
        comparisons = _compare_all(settings, watcher, tiles, token, own, cached, peers, options.rounds, console)
    facts = {"seed": city.seed, "buildings": city.buildings, "tiles": len(tiles), "connections": _CONNECTIONS}
    write_json(options.json, machine, comparisons, facts)
    console.print(f"JSON: {options.json}")


def list_tiles(city: City, most: int) -> list[Tile]:
    """At most so many tiles of each zoom that meet the district, shuffled by the city's seed."""
    random = np.random.default_rng(city.seed)
    world = to_world(city.bounds)
    tiles: list[Tile] = []
    for zoom in _ZOOMS:
        count = 1 << zoom
        columns = range(math.floor(world.xmin * count), math.ceil(world.xmax * count))
        rows = range(math.floor(world.mercator[0] * count), math.ceil(world.mercator[1] * count))
        met = [Tile(zoom, column, row) for row in rows for column in columns]
        chosen = random.permutation(len(met))[:most]
        tiles += [met[index] for index in chosen]
    return [tiles[index] for index in random.permutation(len(tiles))]


def _compare_all(
    settings: Settings, watcher: Connection, tiles: Sequence[Tile], token: str, own: Server, cached: Server,
    peers: Sequence[Peer], rounds: int, console: Console,
) -> list[Comparison]:  # fmt: skip
    headers = {"Authorization": f"Bearer {token}"}
    whole = [tile for tile in tiles if tile.z >= _WHOLE_FROM]
    coarse = [tile for tile in tiles if tile.z < _WHOLE_FROM]

    def ask(server: Server, path: Callable[[Tile], str], part: Sequence[Tile], times: int = 1) -> Sample:
        return _measure(watcher, server, [path(tile) for tile in part] * times, headers)

    def list_peers(part: Sequence[Tile]) -> list[Contender]:
        return [
            Contender(name, lambda server=server, path=path: ask(server, path, part), note=note)
            for name, server, path, note in peers
        ]

    for server, path in ((own, _our_path), (cached, _our_path), *((server, path) for _, server, path, _ in peers)):
        ask(server, path, tiles)
    comparisons: list[Comparison] = []
    for title, part in (
        ("z10–z17: all", tiles), ("z14–z17: the same features", whole),
        ("z10–z13: cells beside the first features", coarse),
    ):  # fmt: skip
        contenders = [
            Contender(OURS, lambda part=part: ask(own, _our_path, part), is_ours=True, note="TWIN_TILE_CACHE_MB=0"),
            *list_peers(part),
            Contender(SQL_ALONE, lambda part=part: _run_sql(settings, part), note="psycopg, binary, as the actor"),
        ]
        comparisons.append(compare(f"{len(part)} tiles {title}", METRICS, contenders, rounds))
    contenders = [
        Contender(CACHED, lambda: ask(cached, _our_path, tiles, _REPEATS), is_ours=True,
                  note="the client is the limit; read the CPU"),
        Contender(OURS, lambda: ask(own, _our_path, tiles)),
        *list_peers(tiles),
    ]  # fmt: skip
    comparisons.append(compare(f"{len(tiles)} tiles z10–z17, asked for before", METRICS, contenders, rounds))
    for comparison in comparisons:
        print_comparison(comparison, console)
    return comparisons


def _measure(watcher: Connection, server: Server, paths: Sequence[str], headers: dict[str, str]) -> Sample:
    """One run over HTTP. Raises RuntimeError where a request failed: a wrong answer is no fast answer."""
    server_before, backends_before = cpu_of_processes([server.pid]), cpu_of_processes(find_backends(watcher))
    done = fetch_all(HOST, server.port, paths, _CONNECTIONS, headers)
    if not set(done.statuses) <= {200, 204}:
        raise RuntimeError(f"requests failed: {dict(done.statuses)}")
    sample = _sample(done, cpu_since(backends_before, find_backends(watcher)))
    return sample | {"server CPU": cpu_since(server_before, [server.pid]) * 1000 / len(paths)}


def _run_sql(settings: Settings, tiles: Sequence[Tile]) -> Sample:
    """The statements that our server sends, without a server: the limit of what it can reach."""
    actor = Actor(role="wall", block_codes=(), access_class=ROLE_CLASS["wall"])
    layer = find_layer("buildings")
    statements = [
        select_kept(layer, tile, actor.access_class) or select_tile(layer, tile, NO_FILTER, actor.access_class, _BUFFER)
        for tile in tiles
    ]
    done, postgres_cpu = asyncio.run(
        _execute_all(database_url(settings), actor, [one for one in statements if one is not None])
    )
    return _sample(done, postgres_cpu)


async def _execute_all(url: str, actor: Actor, statements: Sequence[Statement]) -> tuple[Run, float]:
    waiting = iter(statements)
    latencies: list[float] = []
    received = 0

    async def work(connection: psycopg.AsyncConnection) -> None:
        nonlocal received
        for statement in waiting:
            asked = time.perf_counter()
            cursor = await connection.execute(statement.text, statement.values, binary=True)
            row = await cursor.fetchone()
            latencies.append(time.perf_counter() - asked)
            received += len(row[0] or b"") if row else 0
            if row is None or row[2:] == (False,):
                raise RuntimeError("the cells that are kept are not current")

    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(
                await psycopg.AsyncConnection.connect(url, options="-c plan_cache_mode=force_custom_plan")
            )
            for _ in range(_CONNECTIONS)
        ]
        for connection in connections:
            await connection.execute(SET_ACTOR, actor.settings(0))
            await connection.execute("SELECT ST_AsMVTGeom(ST_Point(0, 0), ST_MakeEnvelope(-1, -1, 1, 1))")
        backends = [connection.info.backend_pid for connection in connections]
        before, started = cpu_of_processes(backends), time.perf_counter()
        await asyncio.gather(*(work(connection) for connection in connections))
        seconds = time.perf_counter() - started
        return Run(seconds, tuple(latencies), {200: len(latencies)}, received), cpu_since(before, backends)


def _sample(done: Run, postgres_cpu: float) -> dict[str, float]:
    return {
        "rate": done.rate,
        "p50": done.quantile_ms(0.5),
        "p99": done.quantile_ms(0.99),
        "PostgreSQL CPU": postgres_cpu * 1000 / len(done.latencies),
    }


def _our_path(tile: Tile) -> str:
    return f"/collections/buildings/tiles/WebMercatorQuad/{tile.z}/{tile.y}/{tile.x}"


def _tipg_path(tile: Tile) -> str:
    return f"/collections/bench.building/tiles/WebMercatorQuad/{tile.z}/{tile.x}/{tile.y}"


def _martin_path(tile: Tile) -> str:
    return f"/building/{tile.z}/{tile.x}/{tile.y}"


@contextmanager
def _serve_martin(program: str, settings: Settings, folder: Path) -> Generator[Server]:
    """Martin over the peers' table, until the end of the block. Raises RuntimeError where it does not come up."""
    port = find_port()
    with connect(settings) as connection:
        types = connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = 'bench.building'::regclass AND attnum > 0 AND NOT attname = ANY ('{id,geom}')"
        ).fetchall()
    table = {
        "schema": "bench", "table": "building", "srid": 3857, "geometry_column": "geom", "id_column": "id",
        "geometry_type": "GEOMETRY", "extent": EXTENT, "buffer": _BUFFER, "clip_geom": True,
        "properties": {str(name): str(kind) for name, kind in types},
    }  # fmt: skip
    config = folder / "martin.yaml"
    # JSON is YAML.
    config.write_text(json.dumps({
        "listen_addresses": f"{HOST}:{port}", "worker_processes": 1, "cache": {"size_mb": 0},
        "postgres": {
            "connection_string": tipg_environment(settings, _CONNECTIONS)["DATABASE_URL"], "pool_size": _CONNECTIONS,
            "auto_publish": False, "tables": {"building": table},
        },
    }), encoding="utf-8")  # fmt: skip
    log = folder / "martin.log"
    with log.open("w") as out:
        process = subprocess.Popen([program, "--config", str(config)], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_until_up(process, f"http://{HOST}:{port}/health", log)
        yield Server(port, process.pid)
    finally:
        process.kill()
        process.wait()


def _describe_tipg(settings: Settings) -> dict[str, str]:
    return tipg_environment(
        settings, _CONNECTIONS, TILE_RESOLUTION=str(EXTENT), TILE_BUFFER=str(_BUFFER),
        MAX_FEATURES_PER_TILE=str(_TIPG_FEATURES),
    )  # fmt: skip


def _prepare_database(settings: Settings) -> str:
    """The table for tipg; gives a token for us."""
    shown = [p.name for p in find_layer("buildings").properties if p.in_tiles]
    with connect(settings, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench")
        # Ours are cut from degrees; the peer gets what it cuts from in Web Mercator, and the index that it looks for.
        connection.execute(
            f"CREATE TABLE bench.building AS SELECT id, {', '.join(shown)}, "
            "ST_Transform(geometry, 3857)::geometry(Geometry, 3857) AS geom FROM building".encode()
        )
        connection.execute("ALTER TABLE bench.building ADD PRIMARY KEY (id)")
        connection.execute("CREATE INDEX ON bench.building USING gist (geom)")
        connection.execute("VACUUM ANALYZE building")
        connection.execute("VACUUM ANALYZE bench.building")
    with transaction(settings) as connection:
        return create_token(connection, "wall")


if __name__ == "__main__":
    main()
