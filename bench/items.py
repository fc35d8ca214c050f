# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.items`: our pages of features beside tipg's, and beside their SQL alone in pgbench.

One uvicorn worker each, as many connections each, the same pages. Ours checks a token and reads under row-level
security; tipg does neither. tipg reads a table of its own with the columns that ours shows, in the CRS that it
writes, with its index; it counts all that matches for every page, which ours does only when asked. pgbench sends
the statements of our pages, values written in, on connections that are the actor's already: it need not say who asks
in each transaction, as ours does, and it has each statement planned, which ours has only where the values matter.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
from rich.console import Console

from api.http.parameters import encode_cursor
from bench.city import City, load_city_blocks, make_buildings
from bench.client import fetch_all
from bench.database import own_database
from bench.harness import Comparison, Contender, Metric, Sample, compare, print_comparison, write_json
from bench.load import load_buildings
from bench.machine import cpu_of_processes, cpu_since, find_backends, read_machine
from bench.options import Options, parse_options
from bench.servers import HOST, Server, serve, tipg_environment, twin_environment
from layers.conditions import Statement
from layers.filter import NO_FILTER, Filter
from layers.layer import Layer
from layers.query import select_item, select_page
from layers.registry import find_layer
from twin.access import ROLE_CLASS, Actor, create_token
from twin.cluster import find_cluster
from twin.database import Connection, connect, database_url, transaction
from twin.settings import Settings

METRICS: Final = (
    Metric("rate", "requests/s", is_rate=True),
    Metric("p50", "ms"),
    Metric("p99", "ms"),
    Metric("server CPU", "ms/request"),
    Metric("PostgreSQL CPU", "ms/request"),
)

OURS: Final = "twin"
TIPG: Final = "tipg"
PGBENCH: Final = "the SQL alone, pgbench"
FIRST: Final = "twin, the first page"

_CONNECTIONS: Final = 8
_ACTOR: Final = Actor(role="wall", block_codes=(), access_class=ROLE_CLASS["wall"])
_QUERIES: Final = 100
"""Different boxes or ids of a case; pgbench takes up to 128 scripts."""
_REQUESTS: Final = {"full": 1.0, "middle": 0.5, "small": 0.004}
_BOX_DEGREES: Final = 0.002


@dataclass(frozen=True)
class Case:
    """A sort of request: so many of it, by path for both servers, and as SQL; repeated until there are `count`."""

    name: str
    count: int
    ours: Sequence[str]
    theirs: Sequence[str]
    statements: Sequence[Statement]
    keeps_order: bool = False


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("items", "要素分页与 tipg 并排 / pages of features beside tipg", arguments)
    with own_database() as settings, tempfile.TemporaryDirectory() as folder:
        run(settings, Path(folder), options, Console())


def run(settings: Settings, folder: Path, options: Options, console: Console) -> None:
    """The benchmark within a migrated, empty database; `folder` is for logs and scripts."""
    city = City.for_buildings(options.buildings, options.seed)
    with connect(settings) as connection:
        machine = read_machine(connection)
    console.print(f"{machine}", soft_wrap=True)
    console.print(f"seed {city.seed}, {city.buildings:,} buildings, {_CONNECTIONS} connections")
    load_city_blocks(settings, city)
    load_buildings(settings, make_buildings(city))
    layer = find_layer("buildings")
    token = prepare_database(settings, layer)
    cases, deep = list_cases(settings, layer, city, _REQUESTS[options.scale])
    comparisons: list[Comparison] = []
    with ExitStack() as stack:
        environment = twin_environment(settings, folder, POOL_SIZE=str(_CONNECTIONS))
        ours = stack.enter_context(serve("twin_app", environment, "/health", folder / "own"))
        environment = tipg_environment(settings, _CONNECTIONS)
        tipg = stack.enter_context(serve("tipg_app", environment, "/healthz", folder / "tipg"))
        watcher = stack.enter_context(connect(settings, autocommit=True))
        headers = {"Authorization": f"Bearer {token}"}

        def ask(server: Server, paths: Sequence[str], count: int) -> Sample:
            return _measure(watcher, server, (list(paths) * (count // len(paths) + 1))[:count], headers)

        for case in cases:
            contenders = [
                Contender(OURS, lambda case=case: ask(ours, case.ours, case.count), is_ours=True),
                # A tenth of it takes tipg as long.
                Contender(TIPG, lambda case=case: ask(tipg, case.theirs, max(8, case.count // 10))),
                *_list_pgbench(settings, folder, case),
            ]
            _warm_up(contenders)
            comparisons.append(compare(case.name, METRICS, contenders, options.rounds))
            print_comparison(comparisons[-1], console)
        first = cases[0]
        contenders = [
            Contender("twin, the last page", lambda: ask(ours, deep.ours, deep.count), is_ours=True),
            Contender(FIRST, lambda: ask(ours, first.ours, first.count)),
        ]
        _warm_up(contenders)
        comparisons.append(compare(deep.name, METRICS, contenders, options.rounds))
        print_comparison(comparisons[-1], console)
    facts = {"seed": city.seed, "buildings": city.buildings, "connections": _CONNECTIONS}
    write_json(options.json, machine, comparisons, facts)
    console.print(f"JSON: {options.json}")


def list_cases(settings: Settings, layer: Layer, city: City, part: float) -> tuple[list[Case], Case]:
    """The cases that are compared, pages of 1,000 first; and the last page of 1,000."""
    random = np.random.default_rng(city.seed)
    with connect(settings) as connection:
        ids = [int(row[0]) for row in connection.execute("SELECT id FROM building ORDER BY id").fetchall()]
    west, south, east, north = city.bounds
    corners = random.uniform((west, south), (east - _BOX_DEGREES, north - _BOX_DEGREES), (_QUERIES, 2))
    boxes = [(float(x), float(y), float(x) + _BOX_DEGREES, float(y) + _BOX_DEGREES) for x, y in np.round(corners, 6)]
    chosen = [ids[int(index)] for index in random.integers(0, len(ids), _QUERIES)]
    after = str(ids[-min(1001, len(ids) // 2)])

    def page(limit: int, narrowed: Filter = NO_FILTER, last: str | None = None) -> Statement:
        return select_page(layer, narrowed, _ACTOR.access_class, limit=limit, after=[last] if last else None)

    def count(number: int) -> int:
        return max(8, round(number * part))

    cases = [
        Case(f"limit={limit}", count(requests), [_our_path(f"limit={limit}")], [_tipg_path(f"limit={limit}")],
             [page(limit)], keeps_order=True)
        for limit, requests in ((1000, 400), (100, 2000))
    ]  # fmt: skip
    for limit in (10, 100):
        written = [f"limit={limit}&bbox=" + ",".join(f"{side:.6f}" for side in box) for box in boxes]
        narrowed = [Filter(boxes=(box,), keeps_unknown=True) for box in boxes]
        cases.append(Case(
            f"a small box anywhere, limit={limit}", count(2000), [_our_path(one) for one in written],
            [_tipg_path(one) for one in written], [page(limit, one) for one in narrowed],
        ))  # fmt: skip
    cases.append(Case(
        "one feature by its id", count(2000), [f"/collections/buildings/items/{one}" for one in chosen],
        [f"/collections/bench.building/items/{one}?f=geojson" for one in chosen],
        [select_item(layer, one, _ACTOR.access_class) for one in chosen],
    ))  # fmt: skip
    last = _our_path(f"limit=1000&cursor={encode_cursor(after)}")
    return cases, Case("the last page beside the first, limit=1000", count(400), [last], [], [page(1000, last=after)])


def prepare_database(settings: Settings, layer: Layer) -> str:
    """The table for tipg, as it likes it best; gives a token for us."""
    shown = ", ".join(p.name for p in layer.properties_for(_ACTOR.access_class))
    with connect(settings, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute(
            f"CREATE TABLE bench.building AS SELECT id, {shown}, "
            "ST_SetSRID(geometry, 4326)::geometry(Geometry, 4326) AS geom FROM building ORDER BY id".encode()
        )
        connection.execute("ALTER TABLE bench.building ADD PRIMARY KEY (id)")
        connection.execute("CREATE INDEX ON bench.building USING gist (geom)")
        connection.execute("VACUUM ANALYZE")
    with transaction(settings) as connection:
        return create_token(connection, "wall")


def _measure(watcher: Connection, server: Server, paths: Sequence[str], headers: dict[str, str]) -> Sample:
    """One run over HTTP. Raises RuntimeError where a request failed: a wrong answer is no fast answer."""
    server_before, backends_before = cpu_of_processes([server.pid]), cpu_of_processes(find_backends(watcher))
    done = fetch_all(HOST, server.port, paths, _CONNECTIONS, headers)
    if set(done.statuses) != {200}:
        raise RuntimeError(f"requests failed: {dict(done.statuses)}")
    return {
        "rate": done.rate,
        "p50": done.quantile_ms(0.5),
        "p99": done.quantile_ms(0.99),
        "server CPU": cpu_since(server_before, [server.pid]) * 1000 / len(paths),
        "PostgreSQL CPU": cpu_since(backends_before, find_backends(watcher)) * 1000 / len(paths),
    }


def _list_pgbench(settings: Settings, folder: Path, case: Case) -> list[Contender]:
    """pgbench on the statements of a case, where PostgreSQL came with it."""
    program = find_cluster(settings).bin_dir / "pgbench"
    if not program.exists():
        return []
    scripts: list[str] = []
    with connect(settings) as connection:
        cursor = psycopg.ClientCursor(connection)
        for number, statement in enumerate(case.statements):
            script = folder / f"{re.sub('[^a-z0-9]', '-', case.name)}-{number}.sql"
            script.write_text(cursor.mogrify(statement.text, statement.values) + ";\n", encoding="utf-8")
            scripts += ["-f", str(script)]
    url = database_url(settings)
    command: list[str | Path] = [
        program, "-n", "-c", str(_CONNECTIONS), "-j", "1", "-t", str(max(1, case.count // _CONNECTIONS)), *scripts, url,
    ]  # fmt: skip
    return [
        Contender(PGBENCH, lambda: _run_pgbench(command, case), note="the statements as the actor, and nothing else")
    ]


def _run_pgbench(command: Sequence[str | Path], case: Case) -> Sample:
    """Raises RuntimeError with what pgbench said where it did not finish."""
    told = {
        "role": "twin_reader", "twin.scope": _ACTOR.scope, "twin.access_class": str(_ACTOR.access_class),
        "twin.organisations": "{}", "max_parallel_workers_per_gather": "0",
        "enable_sort": "off" if case.keeps_order else "on",
    }  # fmt: skip
    options = " ".join(f"-c {name}={value}" for name, value in told.items())
    environment = {**os.environ, "PGOPTIONS": options}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or rate is None:
        raise RuntimeError(f"pgbench failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return {"rate": float(rate[1])}


def _warm_up(contenders: Sequence[Contender]) -> None:
    for contender in contenders:
        contender.run()


def _our_path(query: str) -> str:
    return f"/collections/buildings/items?{query}"


def _tipg_path(query: str) -> str:
    return f"/collections/bench.building/items?{query}&f=geojson"


if __name__ == "__main__":
    main()
