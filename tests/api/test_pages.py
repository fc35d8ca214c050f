# SPDX-License-Identifier: Apache-2.0
"""The pages, their policy, health, and connections that no request has spoken for."""

from __future__ import annotations

import psycopg

from tests.api.server import City
from twin.access import PUBLIC, SET_ACTOR
from twin.database import database_url


def build_viewer(city: City) -> None:
    folder = city.settings.viewer_dir
    for path, text in {
        "wall/index.html": "<!doctype html><title>wall</title>",
        "assets/main-Dk3nq_1x.js": "export {}",
        "cesium/Workers/worker.js": "self",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_the_pages_name_no_other_host_and_hashed_files_keep(city: City) -> None:
    build_viewer(city)
    with city.client() as client:
        page = client.get("/wall")
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "http" not in policy
        assert page.headers["cache-control"] == "no-cache"
        script = client.get("/viewer/assets/main-Dk3nq_1x.js")
        assert "immutable" in script.headers["cache-control"]
        assert "javascript" in script.headers["content-type"]
        worker = client.get("/viewer/cesium/Workers/worker.js")
        assert worker.headers["cache-control"] == "no-cache"
        again = client.get("/viewer/cesium/Workers/worker.js", headers={"If-None-Match": worker.headers["etag"]})
        assert again.status_code == 304
        for path in ("/viewer/..%2f..%2ftokens.json", "/viewer/nothing.js", "/viewer/"):
            assert client.get(path).status_code == 404


def test_a_file_of_the_build_goes_out_compressed_and_is_known_again(city: City) -> None:
    build_viewer(city)
    file = city.settings.viewer_dir / "assets" / "long-Dk3nq_1x.js"
    file.write_text("const answer = 42;\n" * 1_000)
    with city.client() as client:
        tags: set[str] = set()
        for coding in ("identity", "gzip", "br"):
            answer = client.get("/viewer/assets/long-Dk3nq_1x.js", headers={"Accept-Encoding": coding})
            assert answer.headers.get("content-encoding", "identity") == coding and answer.text == file.read_text()
            assert answer.headers["vary"] == "Accept-Encoding" and "javascript" in answer.headers["content-type"]
            assert (int(answer.headers["content-length"]) < 1_000) == (coding != "identity")
            headers = {"Accept-Encoding": coding, "If-None-Match": answer.headers["etag"]}
            assert client.get("/viewer/assets/long-Dk3nq_1x.js", headers=headers).status_code == 304
            tags.add(answer.headers["etag"])
        assert len(tags) == 3
        file.write_text("const answer = 43;\n" * 1_000)
        assert "43" in client.get("/viewer/assets/long-Dk3nq_1x.js", headers={"Accept-Encoding": "br"}).text


def test_a_page_that_is_not_built_says_what_to_do(city: City) -> None:
    with city.client() as client:
        answer = client.get("/plan")
    assert answer.status_code == 503 and "make" in answer.text


def test_health_tells_how_things_are_and_no_secret(city: City) -> None:
    with city.client() as client:
        answer = client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["database"]["leakproof"] is True and body["migrations"]["state"] == "current"
    assert body["workers"]["alive"] == 0 and body["reasons"] == ["workers"]
    assert "postgresql://" not in answer.text and str(city.settings.data_dir) not in answer.text


def test_a_worker_that_lives_makes_health_ok(live_city: City) -> None:
    live_city.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    with live_city.client() as client:
        assert client.get("/health").json()["status"] == "ok"


def test_every_answer_carries_the_security_headers(city: City) -> None:
    with city.client() as client:
        for path in ("/", "/collections/blocks/tiles/WebMercatorQuad/10/446/836", "/nowhere"):
            assert client.get(path).headers["x-content-type-options"] == "nosniff"


def test_a_connection_that_nobody_spoke_for_yields_no_row(city: City) -> None:
    count = "SELECT count(*) FROM building"
    with psycopg.connect(database_url(city.settings), autocommit=True) as fresh:
        fresh.execute("SET ROLE twin_reader")
        assert fresh.execute(count).fetchone() == (0,)
        fresh.execute("SET twin.scope = ''")
        fresh.execute("SET twin.access_class = ''")
        assert fresh.execute(count).fetchone() == (0,)
    with psycopg.connect(database_url(city.settings), autocommit=True) as pooled:
        with pooled.transaction():
            pooled.execute(SET_ACTOR, PUBLIC.settings(1000))
            assert pooled.execute(count).fetchone() == (1,)
        pooled.execute("SET ROLE twin_reader")
        assert pooled.execute(count).fetchone() == (0,)
