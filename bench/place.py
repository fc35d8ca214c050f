# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.place`: points into base grids, by our index, by STRtree and by SQL.

Ours gets a fresh index each round, so that making its raster is within the clock. The peers are the best of
their kind: a prepared polygon on the outer side of the search, and in SQL the polygon as the outer side of a
lateral join over indexed points. Everybody gives each point its code; all answers are compared once.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from rich.console import Console

from bench.city import City, load_city_blocks
from bench.database import own_database
from bench.harness import Contender, Metric, Sample, compare, print_comparison, write_json
from bench.machine import BACKEND_STAT, cpu_of_stat, read_machine
from bench.options import parse_options
from twin.blocks import BlockIndex
from twin.database import connect
from twin.home import OUTSIDE
from twin.settings import Settings

METRICS: Final = (
    Metric("rate", "points/s", is_rate=True),
    Metric("rate per CPU", "points per CPU second", is_rate=True),
)
OURS: Final = "twin BlockIndex.home (raster made anew)"
TREE: Final = "shapely STRtree(points).query(polygons)"
SQL: Final = "PostGIS, polygon outer, GiST on points"

_POINTS_A_BUILDING: Final = 2
_SQL: Final = (
    "CREATE TABLE place_done AS SELECT p.id, b.code FROM (SELECT code, geometry FROM block WHERE length(code) = "
    "(SELECT max(length(code)) FROM block)) AS b CROSS JOIN LATERAL (SELECT id FROM place_point AS p "
    "WHERE p.geometry && b.geometry AND ST_Covers(b.geometry, p.geometry) OFFSET 0) AS p"
)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("place", "点入基础网格 / points into base grids", arguments)
    console = Console()
    with own_database() as settings:
        city = City.for_buildings(options.buildings, options.seed)
        load_city_blocks(settings, city)
        with connect(settings) as connection:
            machine = read_machine(connection)
            index = BlockIndex.read(connection)
            extent = connection.execute(
                "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geometry) AS e "
                "FROM block) AS x"
            ).fetchone()
        assert extent is not None
        count = options.buildings * _POINTS_A_BUILDING
        random = np.random.default_rng(options.seed)
        points = np.asarray(shapely.points(random.uniform(extent[:2], extent[2:], (count, 2))))
        _load_points(settings, points)
        console.print(f"{machine}", soft_wrap=True)
        console.print(f"seed {options.seed}, {count:,} points, {city.side**2:,} base grids")
        index.raster_features = count + 1
        is_same = bool((_place_ours(settings, points)[0] == index.home(points)).all())
        console.print(f"identical to the exact answer for all points: {is_same}")
        contenders = [
            Contender(OURS, lambda: _place_ours(settings, points)[1], is_ours=True),
            Contender(TREE, lambda: _place_by_tree(settings, points)),
            Contender(SQL, lambda: _place_by_sql(settings, count), lambda: _drop(settings)),
        ]
        comparison = compare(f"{count:,} points into base grids", METRICS, contenders, options.rounds)
        print_comparison(comparison, console)
        write_json(options.json, machine, [comparison], {"seed": options.seed, "points": count, "identical": is_same})
        console.print(f"JSON: {options.json}")


def _place_ours(settings: Settings, points: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Sample]:
    with connect(settings) as connection:
        index = BlockIndex.read(connection)
    index.raster_features = 0  # at every scale, so that the smoke test runs what is measured
    cpu, started = time.process_time(), time.perf_counter()
    homes = index.home(points)
    return homes, _sample(len(points), time.perf_counter() - started, time.process_time() - cpu)


def _place_by_tree(settings: Settings, points: npt.NDArray[Any]) -> Sample:
    with connect(settings) as connection:
        rows = connection.execute(
            "SELECT code, ST_AsBinary(geometry) FROM block WHERE length(code) = (SELECT max(length(code)) FROM block)"
        ).fetchall()
    codes = np.array([row[0] for row in rows], dtype=object)
    polygons = shapely.from_wkb([row[1] for row in rows])
    shapely.prepare(polygons)
    cpu, started = time.process_time(), time.perf_counter()
    polygon, point = shapely.STRtree(points).query(polygons, predicate="intersects")
    homes = np.full(len(points), OUTSIDE, dtype=object)
    homes[point] = codes[polygon]
    return _sample(len(points), time.perf_counter() - started, time.process_time() - cpu)


def _place_by_sql(settings: Settings, count: int) -> Sample:
    with connect(settings) as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        before = connection.execute(BACKEND_STAT).fetchone()
        started = time.perf_counter()
        connection.execute(_SQL)
        connection.commit()
        seconds = time.perf_counter() - started
        after = connection.execute(BACKEND_STAT).fetchone()
    assert before is not None and after is not None
    return _sample(count, seconds, cpu_of_stat(after[0]) - cpu_of_stat(before[0]))


def _load_points(settings: Settings, points: npt.NDArray[Any]) -> None:
    with connect(settings) as connection:
        connection.execute("CREATE TABLE place_point (id int, geometry geometry(Point, 4490))")
        wkb = shapely.to_wkb(shapely.set_srid(points, 4490), include_srid=True)
        with connection.cursor() as cursor, cursor.copy("COPY place_point FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "bytea"])
            for number, point in enumerate(wkb):
                copy.write_row((number, point))
        connection.execute("CREATE INDEX ON place_point USING gist (geometry)")
        connection.commit()
    with connect(settings, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE place_point")


def _drop(settings: Settings) -> None:
    with connect(settings, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS place_done")


def _sample(points: int, seconds: float, cpu: float) -> Sample:
    return {"rate": points / seconds, "rate per CPU": points / max(cpu, 1e-3)}


if __name__ == "__main__":
    main()
