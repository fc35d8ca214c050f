# SPDX-License-Identifier: Apache-2.0
"""Processes come and go under load, and nobody notices."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from ingest.demo.house import write_house
from tests.api.district import build_district
from tests.api.server import serve
from tests.api.test_uploads import BYTES, TUS, begin, send
from tests.fault.processes import Running, free_port, is_ready, running, serving, wait_until
from twin.database import connect, database_url, transaction
from twin.settings import Settings

TILE = "/collections/blocks/tiles/WebMercatorQuad/10/446/836"
PATHS = (TILE, "/blocks/990101001", "/collections/buildings/items?limit=5", "/collections/buildings/export?f=csv", "/")
GRACE_S = 3.0


@dataclass
class Balancer:
    """Sends every request to a process that said that it is ready, as it said it last; and never repeats one."""

    urls: list[str]
    token: str
    ready: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])
    answered: int = 0
    is_over: bool = False

    def probe(self) -> None:
        while not self.is_over:
            self.ready = [url for url in self.urls if is_ready(url)] or self.ready
            time.sleep(0.05)

    def hammer(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(timeout=60, headers=headers) as client:
            while not self.is_over:
                time.sleep(0.03)  # the cores are for those who start
                path = random.choice(PATHS)
                try:
                    answer = client.get(random.choice(self.ready) + path)
                except httpx.TransportError as error:
                    self.failed.append(f"{path}: {error!r}")
                else:
                    self.answered += 1
                    if answer.status_code >= 500:
                        self.failed.append(f"{path}: {answer.status_code}")

    @contextmanager
    def hammered(self, clients: int) -> Generator[None]:
        threads = [threading.Thread(target=self.probe), *(threading.Thread(target=self.hammer) for _ in range(clients))]
        self.ready = list(self.urls)
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.is_over = True
            for thread in threads:
                thread.join(60)


@pytest.fixture
def tokens(database: Settings) -> dict[str, str]:
    return build_district(database)


def test_a_rolling_restart_loses_no_request(database: Settings, tokens: dict[str, str], tmp_path: Path) -> None:
    ports = (free_port(), free_port())
    options = {"TWIN_STOP_GRACE_S": str(GRACE_S), "TWIN_STOP_WAIT_S": "60"}
    balancer = Balancer([f"http://127.0.0.1:{port}" for port in ports], tokens["admin"])
    with ExitStack() as stack:
        served = [stack.enter_context(serving(database, tmp_path / "serve.log", port, **options)) for port in ports]
        with balancer.hammered(3):
            for at, port in enumerate(ports):
                slow, follower = Slow(served[at].url, tokens["admin"]), Follower(served[at].url, tokens["admin"])
                served[at].process.send_signal(signal.SIGTERM)
                wait_until(lambda at=at: served[at].url not in balancer.ready)
                assert served[at].process.wait(60) == 0, "it stopped by itself"
                assert slow.join() == 204, "what ran when it was told to stop was finished"
                assert follower.join(), "the stream was ended whole, so that its client comes back"
                later = options | {"TWIN_STOP_GRACE_S": "120"}
                served[at] = stack.enter_context(serving(database, tmp_path / "serve.log", port, **later))
                wait_until(lambda at=at: served[at].url in balancer.ready)
        check_stopping(served[0])
    assert balancer.failed == []
    assert balancer.answered > 20


def check_stopping(served: Running) -> None:
    """Told to stop, a server is alive and not ready; told by SIGINT as well, it stops at once."""
    served.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not is_ready(served.url))
    answer = httpx.get(f"{served.url}/health/ready")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["stopping"])
    live = httpx.get(f"{served.url}/health/live")
    assert (live.status_code, live.headers["connection"]) == (200, "close")
    assert served.stop(signal.SIGINT) == 0


class Slow:
    """An upload whose bytes take longer than the server goes on listening."""

    def __init__(self, url: str, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}", **TUS}
        with httpx.Client(base_url=url, headers=self._headers, timeout=60) as client:
            self._url = url + begin(client, 60).headers["location"]
        self._status = 0
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        def drip() -> Iterator[bytes]:
            for _ in range(60):
                yield b"x"
                time.sleep((GRACE_S + 2) / 60)

        headers = self._headers | BYTES | {"Upload-Offset": "0"}
        self._status = httpx.patch(self._url, headers=headers, content=drip(), timeout=60).status_code

    def join(self) -> int:
        self._thread.join(60)
        return self._status


class Follower:
    """A page that follows the stream."""

    def __init__(self, url: str, token: str) -> None:
        self._is_whole = False
        self._began = threading.Event()
        self._url, self._token = url, token
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        assert self._began.wait(60)

    def _follow(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.stream("GET", f"{self._url}/stream", headers=headers, timeout=60) as stream:
            for line in stream.iter_lines():
                if line:
                    self._began.set()
        self._is_whole = True

    def join(self) -> bool:
        self._thread.join(60)
        return self._is_whole


def test_a_job_survives_its_worker_and_nothing_of_it_shows_before_it_is_done(
    database: Settings, tokens: dict[str, str], tmp_path: Path
) -> None:
    house = tmp_path / "house.ifc"
    write_house(house, lon=114.01, lat=22.505)
    with serve(database, tokens) as served, served.client("planner") as client:
        content = house.read_bytes()
        url = begin(client, len(content), at="114.01,22.505").headers["location"]
        assert send(client, url, 0, content).status_code == 204
        job = client.get(url).json()["job_id"]
        before = read_shown(database)

        def state() -> str:
            return str(client.get(f"/jobs/{job}").json()["state"])

        # Told to stop without time to finish, a worker hands its job back at once.
        with running(database, tmp_path / "worker.log", "worker", TWIN_STOP_WAIT_S="0") as worker:
            wait_until(lambda: state() == "running", worker)
            assert worker.stop() == 0
        assert queue_state(database) == ["todo"]
        assert read_shown(database) == before
        # Killed, it leaves the job to whoever finds that its heart has stopped; its children end with it.
        with running(database, tmp_path / "worker.log", "worker") as worker:
            wait_until(lambda: bool(children_of(worker)), worker)
            children = children_of(worker)
            worker.stop(signal.SIGKILL)
        wait_until(lambda: not [child for child in children if is_running(child)])
        assert queue_state(database) == ["doing"] and read_shown(database) == before
        with transaction(database) as connection:
            connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
        with running(database, tmp_path / "worker.log", "worker") as worker:
            wait_until(lambda: state() not in {"queued", "running"}, worker)
            assert state() == "done"
            assert worker.stop() == 0
    models, tilesets = read_shown(database)
    assert (models, tilesets) == (before[0] + 1, before[1] + 1), "once, however often it was begun"
    assert not list(database.assets_dir.glob(".new-*"))


def read_shown(settings: Settings) -> tuple[int, int]:
    with connect(settings) as connection:
        row = connection.execute("SELECT (SELECT count(*) FROM model), (SELECT count(*) FROM tileset)").fetchone()
    assert row is not None
    return row[0], row[1]


def queue_state(settings: Settings) -> list[str]:
    with psycopg.connect(database_url(settings)) as connection:
        rows = connection.execute(
            "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'ingest:load_upload'"
        ).fetchall()
    return [row[0] for row in rows]


def children_of(process: Running) -> list[int]:
    """The processes that do its work."""
    text = Path(f"/proc/{process.process.pid}/task/{process.process.pid}/children")
    return [int(number) for number in text.read_text().split()] if text.exists() else []


def is_running(process: int) -> bool:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX"
