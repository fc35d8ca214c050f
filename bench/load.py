# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.load`: our whole load pipeline beside bulk loaders that check nothing.

Everybody fills the same empty `building` table with its columns, constraints and indexes. Ours begins
with a frame in memory as a reader gives it and ends with the commit: validation, repair, blocks, COPY,
change log, facts, report. The peers get the finished rows, ready before the clock starts, and no triggers.
`ogr2ogr` makes a plain table of its own, since it fills an existing one of this shape row by row;
`geopandas.to_postgis` is shown both ways.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import geopandas as gpd
from psycopg import sql
from psycopg.conninfo import make_conninfo
from rich.console import Console

from bench.city import City, load_city_blocks, make_buildings
from bench.database import own_database
from bench.harness import Contender, Metric, Sample, compare, print_comparison, write_json
from bench.machine import BACKEND_STAT, cpu_of_children, cpu_of_stat, read_machine
from bench.options import Options, parse_options
from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from twin.cluster import find_cluster
from twin.crs import parse_crs
from twin.database import Connection, connect, database_url, make_engine, transaction
from twin.settings import Settings

METRICS: Final = (
    Metric("rate", "rows/s", is_rate=True),
    Metric("seconds", "s"),
    Metric("client CPU", "s per 1M rows"),
    Metric("server CPU", "s per 1M rows"),
)

OURS: Final = "twin load_frames"
COPY: Final = r"psql \copy text"
OGR2OGR: Final = "ogr2ogr"
TO_POSTGIS: Final = "geopandas.to_postgis"
TO_POSTGIS_OWN: Final = f"{TO_POSTGIS}, a table of its own"

_KIND: Final = KINDS["buildings"]
_COLUMNS: Final = ", ".join(column.name for column in _KIND.columns)
_OWN_TABLE: Final = "into a table of its own with one spatial index and no constraints"

_TO_POSTGIS_ROWS: Final = 100_000
"""It is slow; its rate does not depend on the number of rows."""


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("load", "整条载入流程与 psql \\copy 并排 / the whole load pipeline beside \\copy",
                            arguments, peers=("ogr2ogr", "to-postgis"))  # fmt: skip
    console = Console()
    with own_database() as settings, tempfile.TemporaryDirectory() as folder:
        run(settings, Path(folder), options, console)


def run(settings: Settings, folder: Path, options: Options, console: Console) -> None:
    """The benchmark within a migrated, empty database; `folder` is for the peers' files."""
    city = City.for_buildings(options.buildings, options.seed)
    with connect(settings) as connection:
        machine = read_machine(connection)
    console.print(f"{machine}", soft_wrap=True)
    console.print(f"seed {city.seed}, {city.buildings:,} buildings, {city.side**2:,} base grids")
    load_city_blocks(settings, city)
    frame = make_buildings(city)
    report = load_buildings(settings, frame)
    console.print(
        f"read {report.read:,}, kept {report.kept:,}, repaired {report.repaired:,}, outside {report.outside:,}, "
        f"across borders {report.spanning:,}"
    )
    rows = folder / "building.txt"
    _write_rows(settings, rows)
    contenders = [
        Contender(OURS, lambda: _load_ours(settings, frame), lambda: _empty(settings), is_ours=True),
        Contender(COPY, lambda: _copy(settings, rows, report.kept), lambda: _empty(settings)),
    ]
    if "ogr2ogr" in options.peers and shutil.which("ogr2ogr"):
        contenders.append(_ogr2ogr(settings, folder))
    if "to-postgis" in options.peers:
        contenders += [_to_postgis(settings, is_own) for is_own in (False, True)]
    title = f"{city.buildings:,} buildings into PostGIS"
    comparison = compare(title, METRICS, contenders, options.rounds, on_run=_teller(console))
    print_comparison(comparison, console)
    facts = {"seed": city.seed, "buildings": city.buildings, "report": report.as_dict()}
    write_json(options.json, machine, [comparison], facts)
    console.print(f"JSON: {options.json}")


def load_buildings(settings: Settings, frame: gpd.GeoDataFrame) -> LoadReport:
    """Our load, once."""
    with transaction(settings) as connection:
        return _load(connection, frame)


def _load(connection: Connection, frame: gpd.GeoDataFrame) -> LoadReport:
    report = LoadReport("buildings", "bench")
    return load_frames(connection, [frame], _KIND, parse_crs("EPSG:4490"), report, actor="bench")


def _load_ours(settings: Settings, frame: gpd.GeoDataFrame) -> Sample:
    cpu, started = time.process_time(), time.perf_counter()
    with connect(settings) as connection:
        report = _load(connection, frame)
        connection.commit()
        seconds = time.perf_counter() - started
        client = time.process_time() - cpu
        row = connection.execute(BACKEND_STAT).fetchone()
    assert row is not None
    return _sample(report.kept, seconds, client, cpu_of_stat(row[0]))


def _copy(settings: Settings, rows: Path, count: int) -> Sample:
    copy = f"\\copy building ({_COLUMNS}) FROM '{rows}'"
    psql = [str(find_cluster(settings).bin_dir / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", database_url(settings)]
    statements = ["SET session_replication_role = replica", copy, BACKEND_STAT]
    cpu, started = cpu_of_children(), time.perf_counter()
    done = subprocess.run(
        [*psql, *(part for statement in statements for part in ("-c", statement))],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    return _sample(count, seconds, cpu_of_children() - cpu, cpu_of_stat(done.stdout))


def _ogr2ogr(settings: Settings, folder: Path) -> Contender:
    finished = _read_finished(settings)
    path = folder / "building.gpkg"
    finished.to_file(path, engine="pyogrio", layer="building")
    command = [
        "ogr2ogr", "--config", "PG_USE_COPY", "YES", "-overwrite", "-gt", "unlimited", "-f", "PostgreSQL",
        "PG:" + make_conninfo(database_url(settings)), str(path), "-nln", "building_ogr2ogr",
    ]  # fmt: skip

    def run() -> Sample:
        cpu, started = cpu_of_children(), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return _sample(len(finished), time.perf_counter() - started, cpu_of_children() - cpu, None)

    return Contender(OGR2OGR, run, lambda: _empty(settings), note=f"from a GeoPackage, {_OWN_TABLE}")


def _to_postgis(settings: Settings, is_own: bool) -> Contender:
    """Into the same table, or into one that it makes itself."""
    finished = _read_finished(settings, _TO_POSTGIS_ROWS)
    table, if_exists = ("building_to_postgis", "replace") if is_own else ("building", "append")

    def run() -> Sample:
        cpu, started = time.process_time(), time.perf_counter()
        with make_engine(database_url(settings)).begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            finished.to_postgis(table, connection, if_exists=if_exists)
            seconds, client = time.perf_counter() - started, time.process_time() - cpu
            stat = str(connection.exec_driver_sql(BACKEND_STAT).scalar_one())
        return _sample(len(finished), seconds, client, cpu_of_stat(stat))

    name = TO_POSTGIS_OWN if is_own else TO_POSTGIS
    note = f"{len(finished):,} of the rows{', ' + _OWN_TABLE if is_own else ''}"
    return Contender(name, run, lambda: _empty(settings), note=note)


def _read_finished(settings: Settings, limit: int | None = None) -> gpd.GeoDataFrame:
    """The finished rows, as the peers that want a frame get them."""
    query = f"SELECT {_COLUMNS} FROM building ORDER BY id LIMIT {limit or 'ALL'}"
    frame = gpd.read_postgis(query, make_engine(database_url(settings)), geom_col="geometry", crs=4490)
    return frame.assign(attributes=frame["attributes"].map(json.dumps))


def _write_rows(settings: Settings, path: Path) -> None:
    query = sql.SQL("COPY (SELECT {} FROM building ORDER BY id) TO STDOUT").format(
        sql.SQL(", ").join(sql.Identifier(column.name) for column in _KIND.columns)
    )
    with (
        connect(settings) as connection,
        connection.cursor() as cursor,
        cursor.copy(query) as copy,
        path.open("wb") as file,
    ):
        for chunk in copy:
            file.write(chunk)


def _empty(settings: Settings) -> None:
    """An empty table, and a server with nothing left to write from before."""
    with connect(settings, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("TRUNCATE building, feature_block, load, change, block_fact, block_fact_delta "
                           "RESTART IDENTITY CASCADE")  # fmt: skip
        connection.execute("CHECKPOINT")


def _sample(rows: int, seconds: float, client: float, server: float | None) -> Sample:
    million = rows / 1_000_000
    sample = {"rate": rows / seconds, "seconds": seconds, "client CPU": client / million}
    return sample if server is None else sample | {"server CPU": server / million}


def _teller(console: Console) -> Callable[[int, Contender, Sample], None]:
    def tell(number: int, contender: Contender, sample: Sample) -> None:
        console.print(f"  round {number + 1}: {contender.name} {sample['rate']:,.0f} rows/s", style="dim")

    return tell


if __name__ == "__main__":
    main()
