# SPDX-License-Identifier: Apache-2.0
"""Several processes over one database: each hears of every commit, and a stream goes on in another one."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import mapbox_vector_tile
import psycopg
import pytest
from psycopg import sql

from tests.api.district import build_district
from tests.api.follower import Follower, follow
from tests.api.server import City
from twin.cluster import Cluster
from twin.database import database_url
from twin.settings import Settings

HOST = "127.0.0.1"
NEW = (
    "INSERT INTO incident (source_id, local_id, severity, block_code, geometry) "
    "VALUES ('live', '{}', 2, '99010100100101', ST_SetSRID(ST_Point(114.002, 22.502), 4490))"
)
_TILES = "/collections/incidents/tiles/WebMercatorQuad/16"
NEAR, FAR = f"{_TILES}/28562/53521", f"{_TILES}/28561/53530"


@pytest.fixture(scope="module")
def district(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A district whose processes the tests start."""
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    folder = tmp_path_factory.mktemp("processes")
    settings = Settings(database_url=cluster.url(name), data_dir=folder, pool_size=3)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        named = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(named, sql.Identifier(template)))
        try:
            yield City("", build_district(settings), settings)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(named))


@pytest.fixture(scope="module")
def pair(district: City) -> Iterator[list[str]]:
    """The addresses of two processes."""
    with ExitStack() as stack:
        urls = [start(stack, district) for _ in range(2)]
        yield [wait_up(url) for url in urls]


@pytest.fixture(autouse=True)
def nothing_new(district: City) -> Iterator[None]:
    yield
    district.execute("DELETE FROM incident WHERE source_id = 'live'")


def start(stack: ExitStack, city: City) -> str:
    """One more process; its address, at which it may not answer yet."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    environment = {
        "TWIN_DATABASE_URL": database_url(city.settings), "TWIN_DATA_DIR": str(city.settings.data_dir),
        "TWIN_POOL_SIZE": "3", "TWIN_METRICS_ACCESS": "loopback",
    }  # fmt: skip
    command = [sys.executable, "-m", "uvicorn", "--factory", "bench.servers:twin_app", "--host", HOST, "--port"]
    process = subprocess.Popen(
        [*command, str(port), "--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "2"],
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    stack.callback(stop, process)
    return f"http://{HOST}:{port}"


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_up(url: str) -> str:
    """However long a busy machine takes to begin."""

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    eventually(answers, 240)
    return url


def client_of(city: City, url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {city.tokens['wall']}"}, timeout=20)


def psql(city: City, script: str) -> None:
    """As a person types it."""
    program = shutil.which("psql") or "/usr/lib/postgresql/15/bin/psql"
    subprocess.run([program, "-qXc", script, database_url(city.settings)], check=True, stdin=subprocess.DEVNULL)


def numbers_in(answer: httpx.Response) -> set[str]:
    features = mapbox_vector_tile.decode(answer.content)["incidents"]["features"] if answer.content else []
    return {feature["properties"]["incident_no"] for feature in features}


def made_tiles(client: httpx.Client) -> int:
    """How many tiles the process had to make so far."""
    found = re.search(r'cache_misses_total\{cache="tiles"\} (\d+)', client.get("/metrics").text)
    assert found is not None
    return int(found[1])


def ids_of(follower: Follower) -> list[int]:
    """The ids that were told, each as often as it was."""
    return [i for change in follower.changes for i in change["ids"]]


def eventually(holds: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def test_a_psql_commit_drops_the_touched_tile_in_every_process_and_no_other(district: City, pair: list[str]) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(client_of(district, url)) for url in pair]
        followers = [stack.enter_context(follow(url, district.tokens["wall"], "incidents")) for url in pair]
        before = [[client.get(path) for path in (NEAR, FAR)] for client in clients]
        assert all([near.status_code, far.status_code] == [204, 200] for near, far in before)
        made = [made_tiles(client) for client in clients]
        for number, path in enumerate((NEAR, FAR)):
            assert all(client.get(path).content == answers[number].content for client, answers in zip(
                clients, before, strict=True))  # fmt: skip
        assert [made_tiles(client) for client in clients] == made, "both tiles are kept by both processes"

        psql(district, NEW.format("typed"))
        for client, follower in zip(clients, followers, strict=True):
            assert len(follower.wait_for(1)) == 1
            eventually(lambda client=client: "typed" in numbers_in(client.get(NEAR)))
        for client, count, answers in zip(clients, made, before, strict=True):
            far = client.get(FAR)
            assert far.content == answers[1].content and far.headers["etag"] == answers[1].headers["etag"]
            assert made_tiles(client) == count + 1, "the touched tile alone was made again"


def test_a_stream_goes_on_in_another_process_and_after_a_restart(district: City, pair: list[str]) -> None:
    token = district.tokens["wall"]
    with ExitStack() as stack:
        with ExitStack() as first_life:
            url = wait_up(start(first_life, district))
            with follow(url, token, "incidents") as follower:
                psql(district, NEW.format("1"))
                told = list(follower.wait_for(1))
            psql(district, NEW.format("2"))
        psql(district, NEW.format("3"))
        # What the new process has in its memory begins here.
        urls = [wait_up(start(stack, district)), pair[0]]
        psql(district, NEW.format("4"))
        for count, url in enumerate(urls):
            with follow(url, token, "incidents", follower.last_id) as again:
                eventually(lambda again=again, count=count: len(ids_of(again)) == 3 + count)
                psql(district, NEW.format(f"more-{count}"))
                eventually(lambda again=again, count=count: len(ids_of(again)) == 4 + count)
                ids = ids_of(again)
                assert len(ids) == len(set(ids)) and not set(ids) & {i for c in told for i in c["ids"]}
                assert "reset" not in again.names
        # Back and forth: an id that one process gave is taken by the other at once.
        with follow(urls[0], token, "incidents") as one:
            for number in range(5):
                psql(district, NEW.format(f"hop-{number}"))
                one.wait_for(number + 1)
                with follow(urls[1], token, "incidents", one.last_id) as other:
                    assert other.names == ["hello"]


def test_what_was_committed_while_nobody_could_listen_is_not_lost(district: City, pair: list[str]) -> None:
    name = sql.Identifier(str(psycopg.conninfo.conninfo_to_dict(database_url(district.settings))["dbname"]))
    admin_url = re.sub(r"/twin_test_\w+", "/postgres", database_url(district.settings))
    with ExitStack() as stack:
        url = pair[0]
        client = stack.enter_context(client_of(district, url))
        writer = stack.enter_context(psycopg.connect(database_url(district.settings), autocommit=True))
        gate = stack.enter_context(psycopg.connect(admin_url, autocommit=True))
        follower = stack.enter_context(follow(url, district.tokens["wall"], "incidents"))
        assert "unheard" not in numbers_in(client.get(NEAR))
        gate.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            ended = writer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND query ~ 'LISTEN|notifies|FROM change|^SELECT 1$'"
            ).fetchall()
            assert ended
            writer.execute(NEW.format("unheard").encode())
        finally:
            gate.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        assert len(follower.wait_for(1, 60)) == 1
        eventually(lambda: "unheard" in numbers_in(client.get(NEAR)))


def test_two_interleaved_transactions_and_a_long_one_all_arrive_once(district: City, pair: list[str]) -> None:
    with ExitStack() as stack:
        follower = stack.enter_context(follow(pair[1], district.tokens["wall"], "incidents"))
        open_ones = [stack.enter_context(psycopg.connect(database_url(district.settings))) for _ in range(4)]
        for number, connection in enumerate(open_ones):
            connection.execute(NEW.format(f"open-{number}").encode())
        # The first to write is the last to commit.
        for number, connection in enumerate(reversed(open_ones)):
            connection.commit()
            follower.wait_for(number + 1)
        ids = [i for change in follower.changes for i in change["ids"]]
        assert len(ids) == 4 == len(set(ids))
        numbers = [change["change_id"] for change in follower.changes]
        assert numbers == sorted(numbers)
