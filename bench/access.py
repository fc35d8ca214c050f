# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.access`: what row-level security costs, query by query, and whether the spatial index is used.

The statements of the other benchmarks on one connection: as an actor, whom the policies of the tables judge row by
row, and as the owner, whom they do not concern. Both get the same rows. An actor reaches everything, or one street
and is asked about what lies in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, LiteralString, cast

import numpy as np
import orjson
from psycopg.sql import SQL
from rich.console import Console

from api.sql import read_sql
from bench.city import City, load_city_blocks, make_buildings
from bench.database import own_database
from bench.harness import Comparison, Contender, Metric, Sample, compare, print_comparison, write_json
from bench.load import load_buildings
from bench.machine import BACKEND_STAT, cpu_of_stat, read_machine
from bench.options import Options, parse_options
from layers.conditions import Statement
from layers.filter import NO_FILTER, Filter
from layers.layer import Layer
from layers.query import KEEP_ORDER, is_read_in_order, select_page
from layers.registry import find_layer
from layers.tile import Box, Tile, to_world
from layers.tile_query import select_tile
from twin.access import ROLE_CLASS, SET_ACTOR, Actor
from twin.database import Connection, connect
from twin.settings import Settings

METRICS: Final = (Metric("time", "ms/query"), Metric("PostgreSQL CPU", "ms/query"))

OWNER: Final = "without row-level security"
GOAL: Final = 1.2
"""How many times as long a query may take with it."""

_PLACES: Final = 20
"""Boxes and tiles of a query that has a place."""
_SECONDS: Final = {"full": 2.0, "middle": 1.0, "small": 0.05}
_BOX_DEGREES: Final = 0.002
_TILE_ZOOM: Final = 16
_STREET_WIDTH: Final = 9


@dataclass(frozen=True)
class Query:
    """Statements of a sort. `keeps_order`: they are sent after KEEP_ORDER, as the server does."""

    name: str
    statements: Sequence[Statement]
    keeps_order: bool = False


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("access", "行级权限的代价 / what row-level security costs", arguments)
    with own_database() as settings:
        run(settings, options, Console())


def run(settings: Settings, options: Options, console: Console) -> None:
    """The benchmark within a migrated, empty database."""
    city = City.for_buildings(options.buildings, options.seed)
    load_city_blocks(settings, city)
    load_buildings(settings, make_buildings(city))
    layer = find_layer("buildings")
    comparisons: list[Comparison] = []
    plans: dict[str, list[str]] = {}
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(connect(settings, autocommit=True)) for _ in range(2))
        ours.execute("VACUUM ANALYZE")
        machine = read_machine(ours)
        console.print(f"{machine}", soft_wrap=True)
        for connection in (ours, theirs):
            connection.execute("SET plan_cache_mode = force_custom_plan")
            connection.execute("SET max_parallel_workers_per_gather = 0")
        for actor, name in _list_actors(theirs):
            for query in _list_queries(theirs, layer, actor, city):
                title = f"{query.name}, {name}"
                contenders = [
                    Contender("as the actor", _repeat(ours, query, options, actor), is_ours=True),
                    Contender(OWNER, _repeat(theirs, query, options)),
                ]
                for contender in contenders:
                    contender.run()
                comparisons.append(compare(title, METRICS, contenders, options.rounds))
                plans[title] = _read_plan(ours, query, actor)
                print_comparison(comparisons[-1], console)
                console.print(f"  {' · '.join(plans[title])}", soft_wrap=True)
    for comparison in comparisons:
        # The clock tells of everybody on the machine, the CPU of the query alone, if too coarsely for a short run.
        wall, cpu = (
            {line.name: line.ratios.get(metric.name) for line in comparison.lines}[OWNER] for metric in METRICS
        )
        ratios = [1 / spread.median for spread in (wall, cpu) if spread is not None]
        verdict = "" if ratios[-1] <= GOAL else f", over {GOAL}"
        told = " and ".join(f"{ratio:.2f}" for ratio in ratios)
        console.print(f"{comparison.title}: time and CPU are {told} times those without{verdict}", soft_wrap=True)
    write_json(options.json, machine, comparisons, {"seed": city.seed, "buildings": city.buildings, "plans": plans})
    console.print(f"JSON: {options.json}")


def _list_actors(connection: Connection) -> list[tuple[Actor, str]]:
    """One who reaches everything, and one who reaches a street."""
    row = connection.execute(
        "SELECT min(code) FROM block WHERE length(code) = %s", (_STREET_WIDTH,)
    ).fetchone()  # fmt: skip
    assert row is not None
    access_class = ROLE_CLASS["wall"]
    return [
        (Actor(role="wall", block_codes=(), access_class=access_class), "everything in reach"),
        (Actor(role="wall", block_codes=(str(row[0]),), access_class=access_class), "one street in reach"),
    ]


def _list_queries(connection: Connection, layer: Layer, actor: Actor, city: City) -> list[Query]:
    """Pages, one in a box, a tile, a profile."""
    street = actor.block_codes[0] if actor.block_codes else None
    west, south, east, north = city.bounds if street is None else _find_bounds(connection, street)
    # What lies well within: the owner must find the same as who reaches the street only.
    random = np.random.default_rng(city.seed)
    margin = 0.2 * min(east - west, north - south)
    low, high = (west + margin, south + margin), (east - margin - _BOX_DEGREES, north - margin - _BOX_DEGREES)
    corners = [(float(x), float(y)) for x, y in random.uniform(low, np.maximum(low, high), (_PLACES, 2))]
    boxes = [(x, y, x + _BOX_DEGREES, y + _BOX_DEGREES) for x, y in corners]
    within = NO_FILTER if street is None else Filter(block=street)
    tiles = [_find_tile((x, y, x, y)) for x, y in corners]
    tiled = [select_tile(layer, tile, NO_FILTER, actor.access_class, 64) for tile in tiles]
    codes = [str(row[0]) for row in connection.execute(
        "SELECT code FROM valid_block WHERE starts_with(code, %s) ORDER BY md5(code) LIMIT %s", (street or "", _PLACES)
    ).fetchall()]  # fmt: skip
    pages = [
        Query(
            f"items{' in the street' if street else ''}, limit={limit}",
            [select_page(layer, within, actor.access_class, limit=limit)], keeps_order=is_read_in_order(within),
        )
        for limit in (1000, 100)
    ]  # fmt: skip
    boxed = [
        select_page(layer, Filter(boxes=(box,), keeps_unknown=True), actor.access_class, limit=100) for box in boxes
    ]  # fmt: skip
    return [
        *pages,
        Query("a small box, limit=100", boxed),
        Query(f"a tile of zoom {_TILE_ZOOM}", [statement for statement in tiled if statement is not None]),
        Query("a profile", [_profile(code) for code in codes]),
    ]


def _profile(code: str) -> Statement:
    # A file of ours, as literal as the code: only the type cannot tell.
    text = SQL(cast("LiteralString", read_sql("profile").decode())) + SQL("")
    return Statement(text, {"code": code, "codes": [code], "ranked": code, "days": 30, "since": 364})


def _find_bounds(connection: Connection, code: str) -> Box:
    row = connection.execute(
        "SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM "
        "(SELECT ST_Extent(geometry) FROM block WHERE code = %s) AS whole(box)", (code,)
    ).fetchone()  # fmt: skip
    assert row is not None
    return float(row[0]), float(row[1]), float(row[2]), float(row[3])


def _find_tile(point: Box) -> Tile:
    world = to_world(point)
    count = 1 << _TILE_ZOOM
    return Tile(_TILE_ZOOM, int(world.xmin * count), int(world.mercator[0] * count))


def _repeat(connection: Connection, query: Query, options: Options, actor: Actor | None = None) -> Callable[[], Sample]:
    """A run: the statements in turns for a while, in one transaction."""

    def run_for_a_while() -> Sample:
        with connection.transaction():
            before = _read_cpu(connection)
            if actor is not None:
                connection.execute(SET_ACTOR, actor.settings(0))
            if query.keeps_order:
                connection.execute(KEEP_ORDER.text)
            began, count = time.perf_counter(), 0
            while (seconds := time.perf_counter() - began) < _SECONDS[options.scale] or count < len(query.statements):
                one = query.statements[count % len(query.statements)]
                connection.execute(one.text, one.values, binary=False).fetchall()
                count += 1
            connection.execute("RESET role")
            spent = _read_cpu(connection) - before
        return {"time": seconds * 1000 / count, "PostgreSQL CPU": spent * 1000 / count}

    return run_for_a_while


def _read_cpu(connection: Connection) -> float:
    row = connection.execute(BACKEND_STAT).fetchone()
    assert row is not None
    return cpu_of_stat(row[0])


def _read_plan(connection: Connection, query: Query, actor: Actor) -> list[str]:
    """The sorts of a plan's nodes as the actor has it, from the top, with the index that each reads."""
    with connection.transaction():
        connection.execute(SET_ACTOR, actor.settings(0))
        if query.keeps_order:
            connection.execute(KEEP_ORDER.text)
        statement = query.statements[0]
        row = connection.execute(SQL("EXPLAIN (FORMAT JSON) ") + statement.text, statement.values).fetchone()
    assert row is not None
    told = row[0] if isinstance(row[0], list) else orjson.loads(row[0])
    return list(dict.fromkeys(_name_nodes(told[0]["Plan"])))


def _name_nodes(node: dict[str, Any]) -> list[str]:
    read = node.get("Index Name") or node.get("Relation Name")
    own = f"{node['Node Type']} ({read})" if read else str(node["Node Type"])
    return [own, *(name for part in node.get("Plans", ()) for name in _name_nodes(part))]


if __name__ == "__main__":
    main()
