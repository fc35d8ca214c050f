# SPDX-License-Identifier: Apache-2.0
"""`python -m bench.cached_tiles`: tiles that our cache has, and 304s, beside nginx with the same bytes from disk.

One process of ours (`twin serve`), which finds out for every request who asks and what he may see; one worker of nginx,
which does not. Beside them an ASGI application that gives out the same bytes and does nothing else, which is the most
that ASGI reaches, and a program that only parses and writes (`bench.constant_answer`), which is the most that Python
reaches over httptools and uvloop.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

from rich.console import Console

from bench.city import City, load_city_blocks, make_buildings
from bench.database import own_database
from bench.harness import Comparison, Contender, Metric, Sample, compare, print_comparison, write_json
from bench.load import load_buildings
from bench.load_client import Request, describe_client, put_under_load
from bench.machine import cpu_of_processes, cpu_since, read_machine
from bench.options import Options, parse_options
from bench.servers import HOST, Server, find_port, serve, twin_environment, wait_until_up
from bench.tiles import list_tiles
from layers.tile import Tile
from twin.access import create_token
from twin.database import connect, transaction
from twin.settings import Settings

METRICS: Final = (
    Metric("rate", "requests/s", is_rate=True),
    Metric("server CPU", "µs/request"),
    Metric("client CPU", "µs/request"),
)

OURS: Final = "twin, cached"
NGINX: Final = "nginx, from disk"
BARE: Final = "an ASGI application that gives out bytes"
CONSTANT: Final = "httptools and uvloop, constant answer"

_BUILDINGS: Final = 100_000
_TILES_A_ZOOM: Final = {"full": 64, "middle": 24, "small": 4}
_ZOOMS: Final = range(14, 18)
_SECONDS: Final = {"full": 5, "middle": 3, "small": 1}

_NGINX: Final = """
daemon off;
worker_processes 1;
user {user};
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    open_file_cache max=2000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    default_type application/vnd.mapbox-vector-tile;
    server {{ listen {host}:{port}; root {folder}/tiles; }}
}}
"""


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and keep the account."""
    options = parse_options("cached_tiles", "缓存瓦片与 nginx 并排 / cached tiles beside nginx", arguments)
    with own_database() as settings, tempfile.TemporaryDirectory() as folder:
        run(settings, Path(folder), options, Console())


def run(settings: Settings, folder: Path, options: Options, console: Console) -> None:
    """The benchmark within a migrated, empty database; `folder` is for files and logs."""
    city = City.for_buildings(min(options.buildings, _BUILDINGS), options.seed)
    with connect(settings) as connection:
        machine = read_machine(connection)
    tiles = [tile for tile in list_tiles(city, _TILES_A_ZOOM[options.scale]) if tile.z in _ZOOMS]
    load_city_blocks(settings, city)
    load_buildings(settings, make_buildings(city))
    with transaction(settings) as connection:
        token = create_token(connection, "wall")
    (folder / "tiles").mkdir()
    with ExitStack() as stack:
        environment = twin_environment(settings, folder, TILE_CACHE_MB="512") | {"BENCH_TILES": str(folder / "tiles")}
        ours = stack.enter_context(_serve_own(environment, folder / "own.log"))
        kept = _save_tiles(ours, tiles, token, folder / "tiles")
        files = [f"/{number}.mvt" for number in range(len(kept))]
        servers = [
            (BARE, stack.enter_context(serve("bytes_app", environment, "/0.mvt", folder / "bytes.log")), files),
            (CONSTANT, stack.enter_context(_serve_constant(folder / "tiles", folder / "constant.log")), files),
        ]
        program = shutil.which("nginx")
        if program is None:
            console.print("nginx 不在 PATH 上,不作比较。/ nginx is not on the PATH and is left out.")
        else:
            servers.insert(0, (NGINX, stack.enter_context(_serve_nginx(program, folder)), files))
        mean = sum((folder / "tiles" / f"{number}.mvt").stat().st_size for number in range(len(kept))) / len(kept)
        console.print(f"{machine}", soft_wrap=True)
        console.print(f"{len(kept)} tiles z14–z17, {mean:,.0f} bytes each; {describe_client()}")
        named = [(OURS, ours, [path for path, _ in kept]), *servers]
        seconds = _SECONDS[options.scale]
        comparisons = [
            _compare(named, token, seconds, options.rounds, folder, is_known=is_known) for is_known in (False, True)
        ]
    for comparison in comparisons:
        print_comparison(comparison, console)
    write_json(options.json, machine, comparisons, {"seed": city.seed, "tiles": len(kept), "bytes": round(mean)})
    console.print(f"JSON: {options.json}")


def _compare(
    named: Sequence[tuple[str, Server, Sequence[str]]], token: str, seconds: int, rounds: int, folder: Path, *,
    is_known: bool,
) -> Comparison:  # fmt: skip
    contenders: list[Contender] = []
    for name, server, paths in named:
        headers = {"Authorization": f"Bearer {token}"}
        requests = [
            Request(path, headers | ({"If-None-Match": _get(server, path, token)[1]} if is_known else {}))
            for path in paths
        ]

        def ask(server: Server = server, requests: Sequence[Request] = requests) -> Sample:
            return _measure(server, requests, seconds, 304 if is_known else 200, folder)

        ask()
        contenders.append(Contender(name, ask, is_ours=name == OURS))
    title = "304: the client has these bytes" if is_known else "200: the bytes"
    return compare(title, METRICS, contenders, rounds)


def _measure(server: Server, requests: Sequence[Request], seconds: int, status: int, folder: Path) -> Sample:
    before = cpu_of_processes([server.pid])
    load = put_under_load(server.port, requests, seconds, status, folder)
    return {
        "rate": load.rate,
        "server CPU": cpu_since(before, [server.pid]) * 1e6 / load.answers,
        "client CPU": load.client_cpu * 1e6 / load.answers,
    }


def _save_tiles(server: Server, tiles: Sequence[Tile], token: str, folder: Path) -> list[tuple[str, int]]:
    """Asks ours for every tile, so that it has them, and saves those that show anything: path and size."""
    kept: list[tuple[str, int]] = []
    for tile in tiles:
        path = f"/collections/buildings/tiles/WebMercatorQuad/{tile.z}/{tile.y}/{tile.x}"
        data = _get(server, path, token)[0]
        if data:
            (folder / f"{len(kept)}.mvt").write_bytes(data)
            kept.append((path, len(data)))
    return kept


def _get(server: Server, path: str, token: str) -> tuple[bytes, str]:
    """The bytes and the ETag."""
    asked = UrlRequest(f"http://{HOST}:{server.port}{path}", headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked, timeout=60) as answer:
        return answer.read(), str(answer.headers.get("etag", ""))


@contextmanager
def _serve_own(environment: Mapping[str, str], log: Path) -> Generator[Server]:
    """The command that serves, as an operator runs it: its protocol is a part of what is measured."""
    port = find_port()
    command = [str(Path(sys.executable).parent / "twin"), "serve", "--host", HOST, "--port", str(port)]
    with _running(command, f"http://{HOST}:{port}/health", log, environment) as process:
        yield Server(port, process.pid)


@contextmanager
def _serve_constant(tiles: Path, log: Path) -> Generator[Server]:
    port = find_port()
    command = [sys.executable, "-m", "bench.constant_answer", str(port), str(tiles)]
    with _running(command, f"http://{HOST}:{port}/0.mvt", log, {}) as process:
        yield Server(port, process.pid)


@contextmanager
def _running(
    command: Sequence[str], url: str, log: Path, environment: Mapping[str, str]
) -> Generator[subprocess.Popen[bytes]]:
    """A program that answers at `url`, until the end of the block."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        wait_until_up(process, url, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _serve_nginx(program: str, folder: Path) -> Generator[Server]:
    """The tiles of a folder; the process that is given is that of the only worker."""
    port = find_port()
    written = folder / "nginx.conf"
    written.write_text(_NGINX.format(folder=folder, host=HOST, port=port, user=getpass.getuser()), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(written)]
    with _running(command, f"http://{HOST}:{port}/0.mvt", folder / "nginx.log", {}) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Server(port, int(children[0]) if children else process.pid)


if __name__ == "__main__":
    main()
