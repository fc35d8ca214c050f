# SPDX-License-Identifier: Apache-2.0
"""What an operator reads of a running server: metrics, probes, ids of requests; and nothing of anybody's data."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.server import City, serve
from twin.access import create_token
from twin.database import transaction

TILE = "/collections/blocks/tiles/WebMercatorQuad/10/446/836"
TEMPLATE = "/collections/{layer_id}/tiles/{matrix_set_id}/{z}/{row}/{col}"


def read_metrics(client: httpx.Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def named(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


@pytest.fixture
def local_city(city: City) -> Iterator[City]:
    """The same district, its metrics open to this machine."""
    with serve(city.settings.model_copy(update={"metrics_access": "loopback"}), city.tokens) as served:
        yield served


def test_metrics_count_requests_by_route_method_and_class_of_status(live_city: City) -> None:
    with live_city.client("admin") as admin, live_city.client("wall") as wall:
        for _ in range(3):
            assert wall.get(TILE).status_code == 200
        wall.head(TILE)
        wall.get(f"{TILE}x")
        wall.get("/collections/blocks/items?limit=1")
        wall.get("/no/such/path")
        wall.request("MAKEUP", "/collections")
        found = read_metrics(admin)
    count = "blocktwin_requests_total"
    assert found[count, named(route=TEMPLATE, method="GET", status="2xx")] == 3
    assert found[count, named(route=TEMPLATE, method="HEAD", status="2xx")] == 1
    assert found[count, named(route=TEMPLATE, method="GET", status="4xx")] == 1
    assert found[count, named(route="/collections/{layer_id}/items", method="GET", status="2xx")] == 1
    assert found[count, named(route="other", method="GET", status="4xx")] == 1
    durations = "blocktwin_request_duration_seconds"
    assert found[f"{durations}_count", named(route=TEMPLATE, method="GET")] == 4
    assert found[f"{durations}_bucket", named(route=TEMPLATE, method="GET", le="+Inf")] == 4
    assert found["blocktwin_cache_hits_total", named(cache="tiles")] >= 3
    assert found["blocktwin_cache_misses_total", named(cache="tiles")] == 1
    assert found["blocktwin_cache_bytes", named(cache="tiles")] > 0


def test_metrics_tell_of_the_stream_the_pool_the_change_feed_jobs_and_the_process(live_city: City) -> None:
    live_city.execute("INSERT INTO job_progress (kind) VALUES ('model'), ('model')")
    with live_city.client("admin") as admin, live_city.client("wall") as wall, wall.stream("GET", "/stream") as stream:
        assert stream.status_code == 200, stream.read()
        lines = stream.iter_lines()  # forgotten, it would close the stream
        next(lines)
        found = read_metrics(admin)
    nothing = named()
    assert found["blocktwin_stream_clients", nothing] == 1
    assert found["blocktwin_jobs", named(state="queued")] == 2
    assert found["blocktwin_jobs", named(state="failed")] == 0
    assert found["blocktwin_change_feed_live", nothing] == 1
    assert found["blocktwin_database_up", nothing] == 1
    assert found["blocktwin_workers_alive", nothing] == 0
    assert found["blocktwin_pool_connections", named(state="used")] >= 0
    assert found["blocktwin_pool_waiting", nothing] == 0
    assert found["blocktwin_change_log_bytes", nothing] > 0
    assert found["blocktwin_disk_free_bytes", nothing] > 0
    assert found["process_resident_memory_bytes", nothing] > 0
    assert ("blocktwin_change_feed_lag_changes", nothing) in found


def test_no_label_holds_an_id_a_code_or_a_token(live_city: City) -> None:
    asked = ["/blocks/990101001", "/blocks/990101001/profile", "/jobs/1", "/collections/buildings/items/1",
             f"/wall?token={live_city.tokens['wall']}", "/tilesets/1/tileset.json", "/viewer/assets/x.js", 
             TILE, "/collections/990101/items", "/blocks/990101001?token=secret", "/990101"]  # fmt: skip
    with live_city.client("admin") as admin:
        for path in asked:
            admin.get(path, follow_redirects=False)
        labels = {value for (_, labels) in read_metrics(admin) for name, value in labels if name != "le"}
    assert not [value for value in labels if re.search(r"9901|token|secret|twin_|/\d", value)]
    assert "/blocks/{code}" in labels


def test_metrics_are_for_nodes_and_administrators(city: City) -> None:
    with transaction(city.settings) as connection:
        city.tokens["node"] = create_token(connection, "node")
    for name, status in (("admin", 200), ("node", 200), ("wall", 403), ("planner", 403), (None, 403)):
        with city.client(name) as client:
            assert client.get("/metrics").status_code == status, name


def test_metrics_for_this_machine_alone_are_for_nobody_behind_a_proxy(local_city: City) -> None:
    with local_city.client() as client:
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
        assert client.get("/metrics", headers={"Forwarded": "for=127.0.0.1"}).status_code == 403


def test_every_answer_has_an_id_of_its_own(city: City) -> None:
    with city.client("wall") as client:
        answers = [
            client.get(path, headers={"X-Request-Id": "mine"}) for path in (TILE, TILE, "/", "/nothing", "/blocks")
        ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{18,}", one) for one in ids)


def test_a_process_is_alive_and_ready_and_says_what_it_looked_at(city: City) -> None:
    with city.client() as client:
        assert client.get("/health/live").json() == {"status": "alive"}
        answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {
        "process": "serving", "database": "ok", "migrations": "ok", "leakproof": "ok", "workers": "failed",
        "disk": "ok", "change feed": "ok",
    }  # fmt: skip


def test_a_process_whose_database_needs_migrating_is_alive_and_not_ready(live_city: City) -> None:
    live_city.execute("UPDATE alembic_version SET version_num = '0019'")
    with live_city.client() as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["reasons"][0]) == (503, "migrations")


def test_too_little_free_disk_is_told_before_it_is_full_and_takes_no_uploads(city: City) -> None:
    short = city.settings.model_copy(update={"min_free_mb": 1 << 40})
    with serve(short, city.tokens) as served, served.client("planner") as client:
        assert "disk" in client.get("/health").json()["reasons"]
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["disk"]) == (200, "failed")
        metadata = "filename aG91c2UuaWZj,kind bW9kZWw="
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000", "Upload-Metadata": metadata}
        refused = client.post("/uploads", headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json")
    assert not [path for path in Path(city.settings.spool_dir).glob("*") if path.is_file()]


def test_a_kept_tile_leaves_with_the_headers_of_one_that_is_made(live_city: City) -> None:
    with live_city.client("wall") as wall, live_city.client("admin") as admin, live_city.client() as stranger:
        made = wall.get(TILE)
        kept = wall.get(TILE)
        own = {"date", "x-request-id"}
        assert kept.content == made.content
        assert {n: v for n, v in kept.headers.items() if n not in own} == {
            n: v for n, v in made.headers.items() if n not in own
        }
        again = wall.get(TILE, headers={"If-None-Match": f'W/"other", {made.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["x-content-type-options"] == "nosniff"
        cookie = {"Cookie": f'odd={{"a":1}}; twin_session={live_city.tokens["wall"]}; more=x'}
        assert stranger.get(TILE, headers=cookie).content == made.content
        # What is restricted is on record before it leaves, once an hour, kept or not.
        assert [admin.get(TILE).status_code for _ in range(3)] == [200, 200, 200]
        found = read_metrics(admin)
    assert found["blocktwin_cache_hits_total", named(cache="tiles")] >= 5
    assert found["blocktwin_requests_total", named(route=TEMPLATE, method="GET", status="3xx")] == 1
    read = "SELECT count(*) FROM audit_entry WHERE verb = 'data.read' AND object = 'layer:blocks'"
    assert live_city.execute(read) == [(1,)]
    live_city.execute("UPDATE access_token SET revoked_at = now() WHERE role = 'wall'")
    with live_city.client("wall") as wall:
        wait_for(lambda: wall.get(TILE).status_code == 401)


def wait_for(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
