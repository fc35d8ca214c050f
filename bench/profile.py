# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.profile`: a block's profile beside one block as a feature, over HTTP, and at a tenth of the data.

The measure of a profile is the cheapest thing that the same server gives of the same block: one row by its id.
The same district is filled twice, with all the incidents and with a tenth of them; the profiles of both are
asked for in turns. A profile reads facts, so what it costs should not grow with what they sum.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from bench.city import City, load_city_blocks
from bench.client import fetch_all
from bench.database import own_database
from bench.harness import Contender, Metric, Sample, compare, print_comparison, write_json
from bench.machine import cpu_of_processes, cpu_since, read_machine
from bench.options import parse_options
from bench.servers import HOST, Server, serve, twin_environment
from twin.access import create_token
from twin.database import connect, transaction
from twin.settings import Settings

METRICS: Final = (
    Metric("rate", "requests/s", is_rate=True),
    Metric("p50", "ms"),
    Metric("p99", "ms"),
    Metric("server CPU", "ms/request"),
)

PROFILE: Final = "profile"
TENTH: Final = "profile, a tenth of the data"
ITEM: Final = "one block as a feature"

_INCIDENTS: Final = {"full": 2_000_000, "middle": 200_000, "small": 4_000}
_CITY_BUILDINGS: Final = {"full": 1_000_000, "middle": 100_000, "small": 2_000}
"""How large the district is drawn: at full scale it has 4,096 base grids."""

_REQUESTS: Final = 600
_CONNECTIONS: Final = 4
_LEVELS: Final = (6, 9, 12, 14)

_PLACES: Final = """
    CREATE TEMP TABLE place ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY code) - 1 AS position, code, ST_PointOnSurface(geometry) AS point
    FROM valid_block WHERE length(code) = 14
"""

_FILL: Final = """
    INSERT INTO incident (source_id, local_id, event_scheme, event_type, severity, state, occurred_at, block_code,
                          geometry)
    SELECT 'bench', number, 'bench', 'type ' || number %% 30, 1 + number %% 4,
           CASE WHEN number %% 10 = 0 THEN 'handling' ELSE 'closed' END,
           now() - (number::bigint * 7919 %% 31536000) * interval '1 second', place.code, place.point
    FROM generate_series(1, %(last)s::int) AS number
    JOIN place ON place.position = number * 104729::bigint %% (SELECT count(*) FROM place)
"""


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("profile", "块概况 / profiles of blocks", arguments)
    console = Console()
    incidents = _INCIDENTS[options.scale]
    city = City.for_buildings(_CITY_BUILDINGS[options.scale], options.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        whole, tenth = stack.enter_context(own_database()), stack.enter_context(own_database())
        with connect(whole) as connection:
            machine = read_machine(connection)
        console.print(f"{machine}", soft_wrap=True)
        tokens: list[str] = []
        for settings, count in ((whole, incidents), (tenth, incidents // 10)):
            load_city_blocks(settings, city)
            tokens.append(_fill(settings, count))
        paths = _paths(whole, options.seed)
        large, small = (
            stack.enter_context(serve("twin_app", environment, "/health", folder / f"{name}.log"))
            for environment, name in (
                (twin_environment(settings, folder, POOL_SIZE=str(_CONNECTIONS)), name)
                for settings, name in ((whole, "large"), (tenth, "small"))
            )
        )
        contenders = [
            Contender(PROFILE, lambda: _measure(large, paths[0], tokens[0]), is_ours=True),
            Contender(TENTH, lambda: _measure(small, paths[0], tokens[1])),
            Contender(ITEM, lambda: _measure(large, paths[1], tokens[0])),
        ]
        for contender in contenders:
            contender.run()
        comparison = compare(
            f"{incidents:,} incidents, all levels, {_CONNECTIONS} connections", METRICS, contenders, options.rounds
        )
        print_comparison(comparison, console)
    write_json(options.json, machine, [comparison], {"seed": city.seed, "incidents": incidents})
    console.print(f"JSON: {options.json}")


def _fill(settings: Settings, count: int) -> str:
    """So many incidents over all base grids and a year; gives a token."""
    with transaction(settings) as connection:
        connection.execute("SELECT begin_bulk('incident')")
        connection.execute(_PLACES)
        connection.execute("ANALYZE place")
        connection.execute(_FILL, {"last": count})
        connection.execute("SELECT end_bulk('incident'), fold_facts()")
    with connect(settings, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    with transaction(settings) as connection:
        return create_token(connection, "leader")


def _paths(settings: Settings, seed: int) -> tuple[list[str], list[str]]:
    """As many blocks of each level, in one order: their profiles, and themselves as features."""
    random = np.random.default_rng(seed)
    with connect(settings) as connection:
        rows = connection.execute("SELECT code, id FROM valid_block ORDER BY code").fetchall()
    chosen: list[tuple[str, int]] = []
    for width in _LEVELS:
        level = [(str(code), int(number)) for code, number in rows if len(code) == width]
        chosen += [level[i] for i in random.integers(0, len(level), _REQUESTS // len(_LEVELS))]
    order = random.permutation(len(chosen))
    profiles = [f"/blocks/{chosen[i][0]}/profile" for i in order]
    return profiles, [f"/collections/blocks/items/{chosen[i][1]}" for i in order]


def _measure(server: Server, paths: Sequence[str], token: str) -> Sample:
    before = cpu_of_processes([server.pid])
    done = fetch_all(HOST, server.port, paths, _CONNECTIONS, {"Authorization": f"Bearer {token}"})
    if set(done.statuses) != {200}:
        raise RuntimeError(f"requests failed: {dict(done.statuses)}")
    return {
        "rate": done.rate,
        "p50": done.quantile_ms(0.5),
        "p99": done.quantile_ms(0.99),
        "server CPU": cpu_since(before, [server.pid]) * 1000 / len(paths),
    }


if __name__ == "__main__":
    main()
